//! Counts as packed pairs: two or three bytes for each bucket that holds anything, however far from the next.

use std::iter::Peekable;

use proto::packed;

/// Index delta, count, index delta, count, ...; packed.
#[derive(Debug, Clone, Default)]
pub(super) struct Pairs(Box<[u8]>);

impl Pairs {
    pub(super) fn bytes(&self) -> usize {
        self.0.len()
    }

    pub(super) fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let mut numbers = packed::unpack(&self.0);
        let mut index = 0u64;
        std::iter::from_fn(move || {
            let (delta, count) = numbers.next().zip(numbers.next())?;
            index = index.saturating_add(delta);
            Some((index, count))
        })
    }

    /// With further buckets, ascending.
    pub(super) fn with(&self, more: impl Iterator<Item = (u64, u64)>) -> Self {
        let (mut mine, mut more) = (self.buckets().peekable(), more.peekable());
        let (mut bytes, mut last) = (Vec::with_capacity(self.0.len() + 16), 0);
        while let Some(index) = mine.peek().into_iter().chain(more.peek()).map(|(index, _)| *index).min() {
            packed::push(&mut bytes, index - last);
            packed::push(&mut bytes, all_of(&mut mine, index).saturating_add(all_of(&mut more, index)));
            last = index;
        }
        Self(bytes.into())
    }
}

/// What is counted in the next buckets, as long as they are that one.
fn all_of(buckets: &mut Peekable<impl Iterator<Item = (u64, u64)>>, index: u64) -> u64 {
    let here = std::iter::from_fn(|| buckets.next_if(|(at, _)| *at == index));
    here.fold(0, |sum, (_, count)| sum.saturating_add(count))
}
