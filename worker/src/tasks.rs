//! What a mod's robots do once they are in: weighted tasks and sequences, with waits between them.

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;

use crate::robot::Robot;
use crate::wait::Wait;

/// What a task's code returns.
pub type TaskResult = anyhow::Result<()>;

type Code<M> = Rc<dyn for<'a> Fn(&'a M, &'a Robot) -> LocalBoxFuture<'a, TaskResult>>;

/// One piece of work with a name; its runs are the series (task, name).
pub struct Step<M> {
    pub(crate) name: &'static str,
    pub(crate) code: Code<M>,
}

/// A step of a [`Tasks::sequence`]: an async method of the mod.
pub fn step<M: 'static>(
    name: &'static str,
    code: impl for<'a> AsyncFn(&'a M, &'a Robot) -> TaskResult + Clone + 'static,
) -> Step<M> {
    let code = erased(move |me, robot| {
        let code = code.clone();
        Box::pin(async move { code(me, robot).await })
    });
    Step { name, code }
}

/// Tells the compiler that a closure is good for every lifetime, which it does not find out by itself.
fn erased<M, F>(code: F) -> Code<M>
where
    F: for<'a> Fn(&'a M, &'a Robot) -> LocalBoxFuture<'a, TaskResult> + 'static,
{
    Rc::new(code)
}

/// A choice that a robot can make: the steps of one task or sequence.
pub(crate) struct Choice<M> {
    weight: u32,
    pub(crate) steps: Vec<Step<M>>,
}

/// The tasks of a mod. A robot takes one by weight, runs it, waits, and takes the next, for as long as it lives.
pub struct Tasks<M> {
    wait: Wait,
    choices: Vec<Choice<M>>,
}

impl<M: 'static> Tasks<M> {
    /// No tasks yet; `wait` comes after each that will be added.
    pub fn new(wait: Wait) -> Self {
        Self { wait, choices: Vec::new() }
    }

    /// Adds a task: an async method of the mod, chosen in proportion to its weight.
    #[must_use]
    pub fn task(
        self,
        name: &'static str,
        weight: u32,
        code: impl for<'a> AsyncFn(&'a M, &'a Robot) -> TaskResult + Clone + 'static,
    ) -> Self {
        self.sequence(weight, [step(name, code)])
    }

    /// Adds steps that are always run one after the other, with a wait after each, chosen as one by weight.
    #[must_use]
    pub fn sequence(mut self, weight: u32, steps: impl IntoIterator<Item = Step<M>>) -> Self {
        self.choices.push(Choice { weight, steps: steps.into_iter().collect() });
        self
    }

    /// The wait between two steps.
    pub(crate) fn wait(&self) -> Wait {
        self.wait
    }

    /// The choice at a point of the weights laid side by side; `draw` gives a number below their sum.
    pub(crate) fn choose(&self, draw: impl FnOnce(u64) -> u64) -> Option<&Choice<M>> {
        let total: u64 = self.choices.iter().map(|choice| u64::from(choice.weight)).sum();
        let mut point = if total == 0 { return None } else { draw(total) };
        self.choices.iter().find(|choice| {
            let here = point < u64::from(choice.weight);
            point = point.saturating_sub(u64::from(choice.weight));
            here
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_have_their_part_of_the_weights() {
        struct Nothing;
        let idle = |name| step(name, async |_: &Nothing, _: &Robot| Ok(()));
        let tasks = Tasks::new(Wait::none())
            .sequence(3, [idle("a")])
            .sequence(0, [idle("b")])
            .sequence(1, [idle("c")]);
        let names: Vec<_> = (0..4).map(|point| tasks.choose(|_| point).unwrap().steps[0].name).collect();
        assert_eq!(names, ["a", "a", "a", "c"]);
        assert!(Tasks::<Nothing>::new(Wait::none()).choose(|_| 0).is_none());
    }
}
