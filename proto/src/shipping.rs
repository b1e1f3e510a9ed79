//! A bundle on its way: cut into parts that fit between other messages, and put together again. Whoever puts it together
//! checks that it is what its hash names.

use std::sync::Arc;

use crate::message::{Bundle, BundleHash};

/// The most bytes of one part.
pub const PART: usize = 64 << 10;

/// The most bytes of a bundle on its way.
pub const LARGEST_BUNDLE: usize = 64 << 20;

/// A piece of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Of which bundle.
    pub bundle: BundleHash,
    /// How many bytes all its parts have together.
    pub length: u64,
    /// Where this one begins.
    pub offset: u64,
    /// What is there.
    pub bytes: Vec<u8>,
}

/// A bundle to be sent, encoded once for however many workers. Clones share it.
#[derive(Debug, Clone)]
pub struct Parcel {
    bundle: BundleHash,
    bytes: Arc<[u8]>,
}

impl Parcel {
    /// Packs a bundle.
    pub fn of(bundle: &Bundle) -> Self {
        Self { bundle: bundle.hash, bytes: bundle.to_bytes().into() }
    }

    /// The bundle's name.
    pub fn hash(&self) -> BundleHash {
        self.bundle
    }

    /// Its parts, in order. An empty bundle has one.
    ///
    /// ```
    /// use proto::message::Bundle;
    /// use proto::shipping::{Arrival, Parcel};
    ///
    /// let bundle = Bundle::new(vec![("data.csv".into(), vec![b'x'; 200_000])]);
    /// let mut arrival = Arrival::default();
    /// let arrived: Vec<_> = Parcel::of(&bundle).parts().filter_map(|part| arrival.take(part).unwrap()).collect();
    /// assert_eq!(arrived, [bundle]);
    /// ```
    pub fn parts(&self) -> impl Iterator<Item = Part> + '_ {
        let length = self.bytes.len();
        let part = move |offset: usize| Part {
            bundle: self.bundle,
            length: length as u64,
            offset: offset as u64,
            bytes: self.bytes[offset..length.min(offset + PART)].to_vec(),
        };
        (0..length.max(1)).step_by(PART).map(part)
    }
}

/// A bundle as far as it has arrived.
#[derive(Debug, Default)]
pub struct Arrival {
    of: Option<(BundleHash, u64)>,
    bytes: Vec<u8>,
}

impl Arrival {
    /// Takes the next part; the bundle, once it is whole. A part that begins a bundle begins anew.
    ///
    /// # Errors
    /// When parts don't fit together, or the whole is not what its hash names.
    pub fn take(&mut self, part: Part) -> Result<Option<Bundle>, String> {
        if part.offset == 0 {
            self.of = Some((part.bundle, part.length));
            self.bytes.clear();
        }
        if self.of != Some((part.bundle, part.length)) || part.offset != self.bytes.len() as u64 {
            return Err(format!(
                "a part of a bundle at byte {} does not fit to what came before",
                part.offset
            ));
        }
        if part.length > LARGEST_BUNDLE as u64 || self.bytes.len() + part.bytes.len() > LARGEST_BUNDLE {
            return Err(format!("a bundle of {} bytes; at most {LARGEST_BUNDLE} are taken", part.length));
        }
        self.bytes.extend_from_slice(&part.bytes);
        if (self.bytes.len() as u64) < part.length {
            return Ok(None);
        }
        self.of = None;
        let bundle = Bundle::from_bytes(&std::mem::take(&mut self.bytes))?;
        if bundle.hash == part.bundle {
            Ok(Some(bundle))
        } else {
            Err("the bundle is not what its hash names".into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(bytes: usize) -> Bundle {
        Bundle::new(vec![
            ("a.csv".into(), (0..bytes).map(|i| i as u8).collect()),
            ("b.lua".into(), Vec::new()),
        ])
    }

    #[test]
    fn bundles_of_all_sizes_arrive_whole() {
        let mut arrival = Arrival::default();
        for bundle in
            [Bundle::new(Vec::new()), bundle(0), bundle(PART - 60), bundle(PART), bundle(5 * PART + 1)]
        {
            let parcel = Parcel::of(&bundle);
            let parts: Vec<_> = parcel.parts().collect();
            assert!(parts.iter().all(|part| part.bytes.len() <= PART));
            let arrived: Vec<_> = parts.into_iter().filter_map(|part| arrival.take(part).unwrap()).collect();
            assert_eq!(arrived, [bundle]);
        }
    }

    #[test]
    fn a_bundle_that_begins_anew_in_the_middle_arrives() {
        let (mut arrival, parcel) = (Arrival::default(), Parcel::of(&bundle(3 * PART)));
        parcel.parts().take(2).for_each(|part| assert_eq!(arrival.take(part), Ok(None)));
        assert_eq!(parcel.parts().filter_map(|part| arrival.take(part).unwrap()).count(), 1);
    }

    #[test]
    fn parts_that_do_not_fit_are_named() {
        let parcel = Parcel::of(&bundle(3 * PART));
        let parts: Vec<_> = parcel.parts().collect();
        let take = |parts: &[&Part]| {
            let mut arrival = Arrival::default();
            parts.iter().map(|part| arrival.take((*part).clone())).find_map(Result::err)
        };
        let unfit =
            |offset| Some(format!("a part of a bundle at byte {offset} does not fit to what came before"));
        assert_eq!(take(&[&parts[1]]), unfit(PART));
        assert_eq!(take(&[&parts[0], &parts[2]]), unfit(2 * PART));
        let huge = Part { length: 1 << 40, ..parts[0].clone() };
        assert_eq!(
            take(&[&huge]),
            Some("a bundle of 1099511627776 bytes; at most 67108864 are taken".into())
        );
        let mut forged = parts.clone();
        forged[1].bytes[7] ^= 1;
        assert_eq!(
            take(&forged.iter().collect::<Vec<_>>()),
            Some("bundle: the content is not what its hash names".into())
        );
    }
}
