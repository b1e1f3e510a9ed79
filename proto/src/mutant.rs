//! Faults that are planted on purpose, to show that the simulation of the control plane finds them. Only with the feature
//! `mutants` is there anything to plant; in every other build nothing ever is.

/// A fault in the control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// The master merges a report each time that it comes.
    NoDedup,
    /// A worker runs its robots however long it hears nothing.
    NoLease,
    /// The master tells a worker once what it shall run, and never looks whether it does.
    EdgeTriggered,
    /// A master that is started again knows nothing.
    NoJournal,
}

impl Mutant {
    /// The mutant of a name; none if there is no such one, or this build has none.
    pub fn named(name: &str) -> Option<Self> {
        let all = [
            ("no-dedup", Self::NoDedup),
            ("no-lease", Self::NoLease),
            ("edge-triggered", Self::EdgeTriggered),
            ("no-journal", Self::NoJournal),
        ];
        let found = all.into_iter().find(|(known, _)| *known == name).map(|(_, mutant)| mutant);
        found.filter(|_| cfg!(feature = "mutants"))
    }
}

#[cfg(feature = "mutants")]
thread_local! {
    static PLANTED: std::cell::Cell<Option<Mutant>> = const { std::cell::Cell::new(None) };
}

/// Plants a mutant in all that this thread does from now on.
pub fn plant(mutant: Option<Mutant>) {
    #[cfg(feature = "mutants")]
    PLANTED.set(mutant);
    #[cfg(not(feature = "mutants"))]
    debug_assert!(mutant.is_none(), "this build has no mutants");
}

/// Whether a mutant is planted here.
#[inline]
pub fn is_planted(mutant: Mutant) -> bool {
    #[cfg(feature = "mutants")]
    return PLANTED.get() == Some(mutant);
    #[cfg(not(feature = "mutants"))]
    {
        let _ = mutant;
        false
    }
}
