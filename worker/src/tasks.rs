//! What a mod's robots do once they are in: weighted tasks, sequences of them, and loops beside them, with waits between.

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use proto::class::TaskChoice;
use proto::tags::Tags;

use crate::robot::Robot;
use crate::wait::Wait;

/// What a task's code returns.
pub type TaskResult = anyhow::Result<()>;

pub(crate) type Code<M> = Rc<dyn for<'a> Fn(&'a M, &'a Robot) -> LocalBoxFuture<'a, TaskResult>>;

/// Something to do: a piece of work with a name, whose runs are the series (task, name), or several in a fixed order.
pub struct Step<M> {
    pub(crate) name: Rc<str>,
    tags: Vec<String>,
    pub(crate) work: Work<M>,
}

pub(crate) enum Work<M> {
    /// One piece.
    Code(Code<M>),
    /// One after the other.
    Sequence(Vec<Step<M>>),
    /// One of them, by weight.
    Choice(Vec<(u32, Step<M>)>),
}

impl<M> Clone for Step<M> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), tags: self.tags.clone(), work: self.work.clone() }
    }
}

impl<M> Clone for Work<M> {
    fn clone(&self) -> Self {
        match self {
            Self::Code(code) => Self::Code(code.clone()),
            Self::Sequence(steps) => Self::Sequence(steps.clone()),
            Self::Choice(steps) => Self::Choice(steps.clone()),
        }
    }
}

/// One piece of work: an async method of the mod.
pub fn step<M: 'static>(
    name: impl Into<Rc<str>>,
    code: impl for<'a> AsyncFn(&'a M, &'a Robot) -> TaskResult + Clone + 'static,
) -> Step<M> {
    let code = erased(move |me, robot| {
        let code = code.clone();
        Box::pin(async move { code(me, robot).await })
    });
    Step::new(name.into(), Work::Code(code))
}

/// Steps that are always run one after the other, with a wait after each.
pub fn sequence<M>(name: impl Into<Rc<str>>, steps: impl IntoIterator<Item = Step<M>>) -> Step<M> {
    Step::new(name.into(), Work::Sequence(steps.into_iter().collect()))
}

/// One of several steps, drawn by weight each time.
pub fn choice<M>(name: impl Into<Rc<str>>, steps: impl IntoIterator<Item = (u32, Step<M>)>) -> Step<M> {
    Step::new(name.into(), Work::Choice(steps.into_iter().collect()))
}

/// Tells the compiler that a closure is good for every lifetime, which it does not find out by itself.
pub(crate) fn erased<M, F>(code: F) -> Code<M>
where
    F: for<'a> Fn(&'a M, &'a Robot) -> LocalBoxFuture<'a, TaskResult> + 'static,
{
    Rc::new(code)
}

impl<M> Step<M> {
    pub(crate) fn new(name: Rc<str>, work: Work<M>) -> Self {
        Self { name, tags: Vec::new(), work }
    }

    /// Marks it, so that `--tags` and `--exclude-tags` find it. What a sequence is marked with holds for its parts.
    #[must_use]
    pub fn tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.tags.extend(tags.into_iter().map(Into::into));
        self
    }

    /// What is left of it when only steps of some tags run. `above` is what it is marked with by being part of something.
    fn selected(&self, tags: &Tags, above: &[String]) -> Option<Self> {
        let mine: Vec<_> = above.iter().chain(&self.tags).cloned().collect();
        let work = match &self.work {
            Work::Code(code) => tags.selects(&mine).then(|| Work::Code(code.clone()))?,
            Work::Sequence(steps) => {
                let steps: Vec<_> = steps.iter().filter_map(|step| step.selected(tags, &mine)).collect();
                (!steps.is_empty()).then_some(Work::Sequence(steps))?
            }
            Work::Choice(steps) => Work::Choice(selected(steps, tags, &mine)?),
        };
        Some(Self { name: self.name.clone(), tags: self.tags.clone(), work })
    }
}

fn selected<M>(steps: &[(u32, Step<M>)], tags: &Tags, above: &[String]) -> Option<Vec<(u32, Step<M>)>> {
    let left = steps.iter().filter_map(|(weight, step)| Some((*weight, step.selected(tags, above)?)));
    Some(left.collect::<Vec<_>>()).filter(|left| !left.is_empty())
}

/// A loop that runs beside the others.
pub(crate) struct Background<M> {
    pub(crate) wait: Wait,
    pub(crate) step: Step<M>,
}

/// The tasks of a mod. A robot takes one by weight, runs it, waits, and takes the next, for as long as it plays; loops in
/// the background run beside that. While the run is paused no task begins; its wait goes on after that where it stopped.
pub struct Tasks<M> {
    pub(crate) wait: Wait,
    choices: Vec<(u32, Step<M>)>,
    background: Vec<Background<M>>,
}

impl<M: 'static> Tasks<M> {
    /// No tasks yet; `wait` comes after each that will be added. With [`Wait::Pacing`] or [`Wait::Rate`] they have a schedule.
    pub fn new(wait: Wait) -> Self {
        Self { wait, choices: Vec::new(), background: Vec::new() }
    }

    /// Adds a task: an async method of the mod, chosen in proportion to its weight.
    #[must_use]
    pub fn task(
        self,
        name: &'static str,
        weight: u32,
        code: impl for<'a> AsyncFn(&'a M, &'a Robot) -> TaskResult + Clone + 'static,
    ) -> Self {
        self.add(weight, step(name, code))
    }

    /// Adds steps that are always run one after the other, with a wait after each, chosen as one by weight.
    #[must_use]
    pub fn sequence(self, weight: u32, steps: impl IntoIterator<Item = Step<M>>) -> Self {
        self.add(weight, sequence("", steps))
    }

    /// Adds anything that can be done, chosen in proportion to its weight.
    #[must_use]
    pub fn add(mut self, weight: u32, step: Step<M>) -> Self {
        self.choices.push((weight, step));
        self
    }

    /// Adds a loop that runs beside the others, such as a heartbeat: `wait`, then the code, and again.
    #[must_use]
    pub fn background(
        self,
        name: &'static str,
        wait: Wait,
        code: impl for<'a> AsyncFn(&'a M, &'a Robot) -> TaskResult + Clone + 'static,
    ) -> Self {
        self.add_background(wait, step(name, code))
    }

    /// As [`Tasks::background`], for any step.
    #[must_use]
    pub fn add_background(mut self, wait: Wait, step: Step<M>) -> Self {
        self.background.push(Background { wait, step });
        self
    }

    /// What is left when only some tags run and a class names its tasks.
    pub(crate) fn select(&self, tags: &Tags, wanted: &[TaskChoice]) -> Self {
        let choices = selected(&self.choices, tags, &[]).unwrap_or_default();
        let choices = choices.into_iter().filter_map(|(weight, step)| {
            let Some(choice) = wanted.iter().find(|choice| *choice.name == *step.name) else {
                return wanted.is_empty().then_some((weight, step));
            };
            Some((choice.weight.unwrap_or(weight), step))
        });
        let background = self
            .background
            .iter()
            .filter_map(|one| Some(Background { wait: one.wait, step: one.step.selected(tags, &[])? }));
        Self { wait: self.wait, choices: choices.collect(), background: background.collect() }
    }

    /// The names that a class can choose from.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.choices.iter().map(|(_, step)| &*step.name).filter(|name| !name.is_empty())
    }

    pub(crate) fn in_background(&self) -> &[Background<M>] {
        &self.background
    }

    /// The step to do next; `draw` gives a number below the one that it is given.
    pub(crate) fn choose(&self, draw: impl FnOnce(u64) -> u64) -> Option<&Step<M>> {
        choose(&self.choices, draw)
    }
}

/// The step at a point of the weights laid side by side; `draw` gives a number below their sum.
pub(crate) fn choose<M>(steps: &[(u32, Step<M>)], draw: impl FnOnce(u64) -> u64) -> Option<&Step<M>> {
    let total: u64 = steps.iter().map(|(weight, _)| u64::from(*weight)).sum();
    let mut point = if total == 0 { return None } else { draw(total) };
    let (_, step) = steps.iter().find(|(weight, _)| {
        let here = point < u64::from(*weight);
        point = point.saturating_sub(u64::from(*weight));
        here
    })?;
    Some(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    fn idle(name: &'static str) -> Step<Nothing> {
        step(name, async |_: &Nothing, _: &Robot| Ok(()))
    }

    fn names(tasks: &Tasks<Nothing>) -> Vec<String> {
        (0..)
            .map_while(|point| tasks.choose(|sum| point.min(sum)).map(|step| step.name.to_string()))
            .collect()
    }

    #[test]
    fn choices_have_their_part_of_the_weights() {
        let tasks = Tasks::new(Wait::none()).add(3, idle("a")).add(0, idle("b")).add(1, idle("c"));
        assert_eq!(names(&tasks), ["a", "a", "a", "c"]);
        assert!(Tasks::<Nothing>::new(Wait::none()).choose(|_| 0).is_none());
    }

    #[test]
    fn tags_select_as_in_locust() {
        let walk = sequence("walk", [idle("there"), idle("back").tags(["slow"])]).tags(["move"]);
        let tasks = Tasks::new(Wait::none()).add(1, idle("echo").tags(["chat"])).add(1, walk);
        let left = |only: &[&str], without: &[&str]| {
            let list = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect();
            names(&tasks.select(&Tags { only: list(only), without: list(without) }, &[]))
        };
        assert_eq!(left(&[], &[]), ["echo", "walk"]);
        assert_eq!(left(&["chat"], &[]), ["echo"]);
        assert_eq!(left(&["slow"], &[]), ["walk"]);
        assert_eq!(left(&["move", "chat"], &["slow"]), ["echo", "walk"]);
        assert_eq!(left(&["move"], &["move"]), [""; 0]);
    }

    #[test]
    fn a_class_can_name_its_tasks_and_their_weights() {
        let tasks = Tasks::new(Wait::none()).add(1, idle("a")).add(1, idle("b")).add(1, idle("c"));
        let choice = |name: &str, weight| TaskChoice { name: name.into(), weight };
        let chosen = tasks.select(&Tags::default(), &[choice("c", Some(3)), choice("a", None)]);
        assert_eq!(names(&chosen), ["a", "c", "c", "c"]);
    }
}
