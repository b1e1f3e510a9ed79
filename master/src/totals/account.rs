//! What the reports of one worker make the totals keep. It is bounded for each, so that one that makes names and latencies up takes
//! nothing from the others. It depends on the reports alone: a master that is started again comes to the same totals.

/// The most bytes that are kept of what a worker's reports were the first to tell: series, buckets, failures, messages. 10,000
/// series with 100 different latencies each have room in it.
pub const MOST_OF_WORKER: usize = 7 << 20;

/// As much of that may be pages of histograms, which are fast and large; further ones stay packed.
const MOST_IN_PAGES: usize = 4 << 20;

/// The bytes that a worker may still make the totals keep.
#[derive(Debug)]
pub(super) struct Account {
    left: usize,
    in_pages: usize,
    is_over: bool,
}

impl Default for Account {
    fn default() -> Self {
        Self { left: MOST_OF_WORKER, in_pages: MOST_IN_PAGES, is_over: false }
    }
}

impl Account {
    #[cfg(test)]
    pub(super) fn of(left: usize, in_pages: usize) -> Self {
        Self { left, in_pages, is_over: false }
    }

    /// Takes so many bytes, if they are left.
    #[must_use]
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        let left = self.left.checked_sub(bytes);
        self.is_over |= left.is_none();
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }

    /// Takes so many bytes for pages in the place of some that are free then, if they are left.
    #[must_use]
    pub(super) fn take_for_pages(&mut self, bytes: usize, freed: usize) -> bool {
        let rest = (self.left + freed).checked_sub(bytes).zip(self.in_pages.checked_sub(bytes));
        (self.left, self.in_pages) = rest.unwrap_or((self.left, self.in_pages));
        rest.is_some()
    }

    /// Whether there was too little left for something.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }
}
