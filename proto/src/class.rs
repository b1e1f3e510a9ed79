//! Which class a robot belongs to: a pure function of its number.
//! Classes with a fixed count come first, the rest share by weight at every prefix.

use std::num::NonZeroU32;

use crate::bounds::{self, LONGEST_TEXT, MOST_ENTRIES, OutOfBounds};

/// The largest sum of weights, after dividing by what they have in common.
const LONGEST_PERIOD: u64 = 100_000;

/// The most bytes that the names of all classes may have together: a worker tells them in each beat and report.
pub const LONGEST_NAMES: usize = 32 << 10;

/// How many of the robots are of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// Exactly so many, the first ones to be born.
    Fixed(u64),
    /// A part of the others, in proportion.
    Weight(NonZeroU32),
}

/// A kind of robot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Its name, unique in the plan.
    pub name: String,
    /// How many robots are of it.
    pub share: Share,
    /// The mods that its robots play, by name.
    pub mods: Vec<String>,
    /// The tasks that they run; none named means all of its mods, with their own weights.
    pub tasks: Vec<TaskChoice>,
    /// The address that its robots begin with, if it is not the plan's.
    pub host: Option<String>,
}

/// A task that robots of a class run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskChoice {
    /// Its name.
    pub name: String,
    /// Its weight, if it is not what its mod says.
    pub weight: Option<u32>,
}

impl Class {
    /// A class that runs all tasks of its mods, at the plan's host.
    pub fn new(name: impl Into<String>, share: Share, mods: Vec<String>) -> Self {
        Self { name: name.into(), share, mods, tasks: Vec::new(), host: None }
    }

    fn task_named_twice(&self) -> Option<&str> {
        let names = || self.tasks.iter().map(|task| task.name.as_str());
        let mut twice = names().enumerate().filter(|(i, name)| names().take(*i).any(|other| other == *name));
        twice.next().map(|(_, name)| name)
    }

    fn check(&self) -> Result<(), OutOfBounds> {
        bounds::name("class", &self.name)?;
        let part = |part: &str| format!("{part} of class `{}`", self.name);
        bounds::names(&part("mods"), self.mods.iter().map(String::as_str))?;
        bounds::names(&part("tasks"), self.tasks.iter().map(|task| task.name.as_str()))?;
        if let Some(task) = self.tasks.iter().find(|task| task.weight == Some(0)) {
            let wrong = format!("`{}` has weight 0; leave it out, or give it more", task.name);
            return Err(OutOfBounds::new(part("tasks"), wrong));
        }
        self.host.as_ref().map_or(Ok(()), |host| bounds::text(&part("host"), host, LONGEST_TEXT))
    }
}

/// Why a list of classes can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClassError {
    /// No class at all.
    #[error("the plan has no class; give at least one")]
    None,
    /// Two of one name.
    #[error("class `{0}` is there twice; give each its own name")]
    Twice(String),
    /// A class that would do nothing.
    #[error("class `{0}` has no mod; name at least one")]
    NoMods(String),
    /// A task that is named twice.
    #[error("class `{0}` names task `{1}` twice; name it once, with the weight that it shall have")]
    TaskTwice(String, String),
    /// A part of a class that is too long, or a list of too many.
    #[error(transparent)]
    Bounds(#[from] OutOfBounds),
    /// Weights without a small common measure.
    #[error("the weights add up to {0} after shortening; use smaller numbers (at most {LONGEST_PERIOD})")]
    Weights(u64),
    /// More robots than the fixed counts allow.
    #[error(
        "the classes have fixed counts of {fixed} robots in all, the profile wants {wanted}; give a class a weight"
    )]
    TooFew {
        /// Robots that the classes have.
        fixed: u64,
        /// Robots at the profile's peak.
        wanted: u64,
    },
}

/// The classes of a plan, with the order in which robots take them.
///
/// ```
/// use proto::class::{Class, Classes, Share};
///
/// let class = |name: &str, share| Class::new(name, share, vec!["role".into()]);
/// let classes = Classes::new(vec![
///     class("admin", Share::Fixed(1)),
///     class("fighter", Share::Weight(2.try_into()?)),
///     class("trader", Share::Weight(1.try_into()?)),
/// ])?;
/// let names: Vec<_> = (0..7).map(|i| classes.class_of(i).unwrap().name.as_str()).collect();
/// assert_eq!(names, ["admin", "fighter", "fighter", "trader", "fighter", "fighter", "trader"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classes {
    list: Vec<Class>,
    /// Robots of all fixed counts together.
    fixed: u64,
    /// Indices into `list`, repeated for ever after the fixed ones.
    period: Vec<u32>,
}

impl Classes {
    /// Classes in the order given.
    ///
    /// # Errors
    /// When there is none, a name is there twice, a class has no mod, or the weights or a list are too large.
    pub fn new(list: Vec<Class>) -> Result<Self, ClassError> {
        if list.is_empty() {
            return Err(ClassError::None);
        }
        bounds::count("classes", list.len(), MOST_ENTRIES)?;
        for (i, class) in list.iter().enumerate() {
            class.check()?;
            if let Some(task) = class.task_named_twice() {
                return Err(ClassError::TaskTwice(class.name.clone(), task.to_owned()));
            }
            if list[..i].iter().any(|other| other.name == class.name) {
                return Err(ClassError::Twice(class.name.clone()));
            }
            if class.mods.is_empty() {
                return Err(ClassError::NoMods(class.name.clone()));
            }
        }
        let names: usize = list.iter().map(|class| class.name.len()).sum();
        if names > LONGEST_NAMES {
            let wrong = format!("their names have {names} bytes in all; at most {LONGEST_NAMES} are taken");
            return Err(OutOfBounds::new("classes", wrong).into());
        }
        let fixed = list
            .iter()
            .filter_map(|c| if let Share::Fixed(n) = c.share { Some(n) } else { None })
            .fold(0, u64::saturating_add);
        let period = period(&weights(&list))?;
        Ok(Self { list, fixed, period })
    }

    /// The classes as given.
    pub fn list(&self) -> &[Class] {
        &self.list
    }

    /// The place in [`Classes::list`] of the class of robot `robot`; none if all fixed counts are used up and no class
    /// has a weight.
    pub fn index_of(&self, robot: u64) -> Option<usize> {
        let Some(rest) = robot.checked_sub(self.fixed) else {
            return self.fixed_index_of(robot);
        };
        let length = u64::try_from(self.period.len()).ok().filter(|n| *n > 0)?;
        self.period.get((rest % length) as usize).map(|index| *index as usize)
    }

    /// The class of robot `robot`, as [`Classes::index_of`].
    pub fn class_of(&self, robot: u64) -> Option<&Class> {
        self.list.get(self.index_of(robot)?)
    }

    /// How many of the first `robots` robots are of each class, in the order of [`Classes::list`].
    pub fn counts(&self, robots: u64) -> Vec<u64> {
        let mut before = 0u64;
        let fixed = self.list.iter().map(|class| match class.share {
            Share::Fixed(n) => {
                let count = n.min(robots.saturating_sub(before));
                before = before.saturating_add(n);
                count
            }
            Share::Weight(_) => 0,
        });
        let mut counts: Vec<_> = fixed.collect();
        let (length, rest) = (self.period.len().max(1) as u64, robots.saturating_sub(self.fixed));
        for (place, class) in (0..).zip(&self.period) {
            counts[*class as usize] += rest / length + u64::from(place < rest % length);
        }
        counts
    }

    /// Checks that there is a class for each of `robots` robots.
    ///
    /// # Errors
    /// [`ClassError::TooFew`] when the fixed counts are used up and no class has a weight.
    pub fn cover(&self, robots: u64) -> Result<(), ClassError> {
        match robots.checked_sub(1).map(|last| self.index_of(last)) {
            Some(None) => Err(ClassError::TooFew { fixed: self.fixed, wanted: robots }),
            _ => Ok(()),
        }
    }

    fn fixed_index_of(&self, robot: u64) -> Option<usize> {
        let mut before = 0;
        self.list.iter().position(|class| {
            if let Share::Fixed(n) = class.share {
                before = u64::saturating_add(before, n);
            }
            robot < before
        })
    }
}

/// (place in the list, weight) of the classes that have one.
fn weights(list: &[Class]) -> Vec<(u32, u64)> {
    let weighted = (0u32..).zip(list);
    weighted
        .filter_map(
            |(i, c)| if let Share::Weight(w) = c.share { Some((i, u64::from(w.get()))) } else { None },
        )
        .collect()
}

/// The order in which classes are taken, so that after any number of robots each has its share to less than one.
///
/// The c-th robot of weight w may come once k * w > c * total, and must have come by ceil((c + 1) * total / w).
/// Taking the most urgent of those that may always succeeds: it is one processor, fully and fairly loaded.
fn period(weights: &[(u32, u64)]) -> Result<Vec<u32>, ClassError> {
    let common = weights.iter().fold(0, |a, (_, w)| gcd(a, *w)).max(1);
    let weights: Vec<_> = weights.iter().map(|(i, w)| (*i, w / common)).collect();
    let total: u64 = weights.iter().map(|(_, w)| w).sum();
    if total > LONGEST_PERIOD {
        return Err(ClassError::Weights(total));
    }
    let mut counts = vec![0u64; weights.len()];
    let place = |k: u64| {
        let may = (0..weights.len()).filter(|j| k * weights[*j].1 > counts[*j] * total);
        let urgent = may.min_by_key(|j| ((counts[*j] + 1) * total).div_ceil(weights[*j].1))?;
        counts[urgent] += 1;
        Some(weights[urgent].0)
    };
    Ok((1..=total).filter_map(place).collect())
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn class(name: &str, share: Share) -> Class {
        Class::new(name, share, vec!["role".into()])
    }

    fn task(name: &str, weight: Option<u32>) -> TaskChoice {
        TaskChoice { name: name.into(), weight }
    }

    fn weight(w: u32) -> Share {
        Share::Weight(NonZeroU32::new(w).unwrap())
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        let a = || class("a", weight(1));
        let table = [
            (vec![], "the plan has no class; give at least one"),
            (vec![a(), a()], "class `a` is there twice; give each its own name"),
            (vec![Class { mods: vec![], ..a() }], "class `a` has no mod; name at least one"),
            (
                vec![Class { tasks: vec![task("walk", None), task("walk", Some(2))], ..a() }],
                "class `a` names task `walk` twice; name it once, with the weight that it shall have",
            ),
            (vec![Class { tasks: vec![task("", None)], ..a() }], "tasks of class `a`: empty"),
            (
                vec![Class { tasks: vec![task("walk", Some(0))], ..a() }],
                "tasks of class `a`: `walk` has weight 0; leave it out, or give it more",
            ),
            (
                vec![Class { mods: vec!["m".repeat(257)], ..a() }],
                "mods of class `a`: 257 bytes long; at most 256 are taken",
            ),
            (vec![Class { host: Some(String::new()), ..a() }], "host of class `a`: empty"),
            (vec![a(); 1_001], "classes: 1001 entries; at most 1000 are taken"),
            (
                (0..200).map(|n| class(&format!("{n:0>200}"), weight(1))).collect(),
                "classes: their names have 40000 bytes in all; at most 32768 are taken",
            ),
            (
                vec![class("a", weight(99_991)), class("b", weight(100_003))],
                "the weights add up to 199994 after shortening; use smaller numbers (at most 100000)",
            ),
        ];
        for (list, sentence) in table {
            assert_eq!(Classes::new(list).unwrap_err().to_string(), sentence);
        }
    }

    #[test]
    fn fixed_counts_alone_cover_only_themselves() {
        let classes = Classes::new(vec![class("a", Share::Fixed(2)), class("b", Share::Fixed(3))]).unwrap();
        assert_eq!(
            (0..6).map(|i| classes.index_of(i)).collect::<Vec<_>>(),
            [Some(0), Some(0), Some(1), Some(1), Some(1), None]
        );
        assert_eq!((classes.cover(0), classes.cover(5)), (Ok(()), Ok(())));
        assert_eq!(classes.cover(6), Err(ClassError::TooFew { fixed: 5, wanted: 6 }));
    }

    proptest! {
        #[test]
        fn counts_are_those_of_the_robots_one_by_one(
            shares in prop::collection::vec(prop_oneof![(0..9u64).prop_map(Share::Fixed), (1..9u32).prop_map(weight)], 1..6),
            robots in 0..60u64,
        ) {
            let names = ["a", "b", "c", "d", "e"];
            let classes = Classes::new(names.iter().zip(shares).map(|(name, share)| class(name, share)).collect()).unwrap();
            let mut counts = vec![0; classes.list().len()];
            (0..robots).filter_map(|robot| classes.index_of(robot)).for_each(|class| counts[class] += 1);
            prop_assert_eq!(classes.counts(robots), counts);
        }

        #[test]
        fn weights_hold_at_every_prefix(list in prop::collection::vec(1..40u32, 1..7), common in 1..1000u32) {
            let names = ["a", "b", "c", "d", "e", "f"];
            let classes = Classes::new(list.iter().zip(names).map(|(w, n)| class(n, weight(w * common))).collect()).unwrap();
            let total: u64 = list.iter().map(|w| u64::from(*w)).sum();
            let mut counts = vec![0u64; list.len()];
            for robot in 0..2 * total {
                counts[classes.index_of(robot).unwrap()] += 1;
                for (count, w) in counts.iter().zip(&list) {
                    // |count - share| < 1, without fractions
                    prop_assert!((count * total).abs_diff((robot + 1) * u64::from(*w)) < total);
                }
            }
        }
    }
}
