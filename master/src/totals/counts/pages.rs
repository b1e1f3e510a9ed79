//! Counts in pages of neighbouring buckets: adding costs no search per bucket, and no more for those that hold much.

/// Buckets of one page, as a power of two.
const PAGE_BITS: u32 = 6;
const PAGE: usize = 1 << PAGE_BITS;

/// The bytes that a page takes, with its place in the list.
const PAGE_BYTES: usize = 552;

/// A bucket and its count.
type Pair = (u64, u64);

/// Pages that hold anything, ascending.
#[derive(Debug, Clone, Default)]
pub(super) struct Pages(Vec<Page>);

/// The counts of neighbouring buckets.
#[derive(Debug, Clone)]
struct Page {
    number: u64,
    counts: Box<[u64; PAGE]>,
}

/// The bytes that pages take for such buckets, ascending, if there are none yet.
pub(super) fn bytes_for(pairs: impl Iterator<Item = Pair>) -> usize {
    let mut last = None;
    let pages = pairs.filter(|(index, _)| last.replace(index >> PAGE_BITS) != Some(index >> PAGE_BITS));
    pages.count() * PAGE_BYTES
}

impl Page {
    fn new(number: u64) -> Self {
        Self { number, counts: Box::new([0; PAGE]) }
    }

    /// Buckets that hold anything, with their counts.
    fn buckets(&self) -> impl Iterator<Item = Pair> + '_ {
        let first = self.number << PAGE_BITS;
        (first..).zip(self.counts.iter().copied()).filter(|(_, count)| *count > 0)
    }
}

impl Pages {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds buckets with their counts, ascending.
    pub(super) fn add(&mut self, pairs: impl Iterator<Item = Pair>) {
        let mut place = 0;
        for (index, count) in pairs {
            let number = index >> PAGE_BITS;
            place = self.place_from(place, number);
            if self.0.get(place).is_none_or(|page| page.number != number) {
                self.0.insert(place, Page::new(number));
            }
            let bucket = &mut self.0[place].counts[index as usize % PAGE];
            *bucket = bucket.saturating_add(count);
        }
    }

    /// Adds buckets that have a page, ascending; those that have none come back.
    pub(super) fn add_known(&mut self, pairs: impl Iterator<Item = Pair>) -> Vec<Pair> {
        let (mut place, mut others) = (0, Vec::new());
        for (index, count) in pairs {
            match self.bucket(&mut place, index) {
                Some(bucket) => *bucket = bucket.saturating_add(count),
                None => others.push((index, count)),
            }
        }
        others
    }

    /// Takes back what [`Pages::add_known`] added, while there are no further pages.
    pub(super) fn take_back(&mut self, pairs: impl Iterator<Item = Pair>) {
        let mut place = 0;
        for (index, count) in pairs {
            if let Some(bucket) = self.bucket(&mut place, index) {
                *bucket = bucket.saturating_sub(count);
            }
        }
    }

    /// A bucket that has a page. Those before `place` are of lower buckets.
    fn bucket(&mut self, place: &mut usize, index: u64) -> Option<&mut u64> {
        let number = index >> PAGE_BITS;
        *place = self.place_from(*place, number);
        let page = self.0.get_mut(*place).filter(|page| page.number == number)?;
        Some(&mut page.counts[index as usize % PAGE])
    }

    /// The place of a page, or where it would be. Both are ascending, so it only moves on.
    fn place_from(&self, mut place: usize, number: u64) -> usize {
        while self.0.get(place).is_some_and(|page| page.number < number) {
            place += 1;
        }
        place
    }

    pub(super) fn buckets(&self) -> impl Iterator<Item = Pair> + '_ {
        self.0.iter().flat_map(Page::buckets)
    }
}
