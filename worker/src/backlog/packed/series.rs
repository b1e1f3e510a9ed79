//! What was added to one series, in some tens of bytes: most latencies take two in the place of sixteen.

use proto::histogram::Sparse;
use proto::packed;
use proto::report::SeriesDelta;
use proto::series::Series;

/// A series' delta with all its figures packed.
#[derive(Debug)]
pub(super) struct PackedSeries {
    pub(super) series: Series,
    /// Bytes sent and received; then of what succeeded, what failed and response times: how many numbers the buckets are,
    /// sum, least, greatest and the buckets.
    pub(super) figures: Box<[u8]>,
}

impl PackedSeries {
    pub(super) fn new(delta: SeriesDelta) -> Self {
        let SeriesDelta { mut series, ok, failed, response, bytes_sent, bytes_received } = delta;
        series.name.shrink_to_fit();
        let mut figures = packed::pack([bytes_sent, bytes_received]);
        for Sparse { buckets, sum_us, min_us, max_us } in [ok, failed, response] {
            let heading = [buckets.len() as u64, sum_us, min_us, max_us];
            heading.into_iter().chain(buckets).for_each(|number| packed::push(&mut figures, number));
        }
        Self { series, figures: figures.into() }
    }

    pub(super) fn unpacked(&self) -> SeriesDelta {
        let mut figures = packed::unpack(&self.figures);
        let mut next = || figures.next().unwrap_or_default();
        let (bytes_sent, bytes_received) = (next(), next());
        let [ok, failed, response] = [(); 3].map(|()| {
            let [length, sum_us, min_us, max_us] = [(); 4].map(|()| next());
            let buckets = (0..length).map(|_| next()).collect();
            Sparse { buckets, sum_us, min_us, max_us }
        });
        SeriesDelta { series: self.series.clone(), ok, failed, response, bytes_sent, bytes_received }
    }

    /// Adds what another counted of the same series.
    pub(super) fn add(&mut self, more: &Self) {
        let (mut sum, more) = (self.unpacked(), more.unpacked());
        sum.ok.merge(&more.ok);
        sum.failed.merge(&more.failed);
        sum.response.merge(&more.response);
        sum.bytes_sent += more.bytes_sent;
        sum.bytes_received += more.bytes_received;
        *self = Self::new(sum);
    }

    /// Takes out the upper half of its latencies; none if there is only one of each sort.
    pub(super) fn split_off(&mut self) -> Option<Self> {
        let mut lower = self.unpacked();
        let [ok, failed, response] =
            [&mut lower.ok, &mut lower.failed, &mut lower.response].map(Sparse::split_off);
        let is_empty = [&ok, &failed, &response].into_iter().all(|sparse| sparse.buckets.is_empty());
        let upper = SeriesDelta {
            series: self.series.clone(),
            ok,
            failed,
            response,
            bytes_sent: 0,
            bytes_received: 0,
        };
        (!is_empty).then(|| {
            *self = Self::new(lower);
            Self::new(upper)
        })
    }
}
