//! One of two lists that are in the same order: what is in both is added up.

use std::cmp::Ordering;

use proto::report::{FailureDelta, MessageDelta, Report};

use super::series::PackedSeries;

/// Makes one of two reports that follow each other, as far as it is not of series.
pub(super) fn join(report: &mut Report, later: Report) {
    (report.to, report.robots) = (later.to, later.robots);
    (report.last, report.more) = (later.last, later.more);
    let by_sort = |a: &FailureDelta, b: &FailureDelta| (&a.series, a.class).cmp(&(&b.series, b.class));
    unite(&mut report.failures, later.failures, by_sort, add_failures);
    unite(&mut report.messages, later.messages, |a, b| a.name.cmp(&b.name), add_message);
    report.kept.extend(later.kept);
    report.kept.shrink_to_fit();
}

/// Makes one of the series of two reports. One after the other is unpacked, never all.
pub(super) fn join_series(series: &mut Vec<PackedSeries>, later: Vec<PackedSeries>) {
    unite(series, later, |a, b| a.series.cmp(&b.series), |sum, more| sum.add(&more));
}

/// Adds a list in order to another in the same order.
fn unite<T>(list: &mut Vec<T>, more: Vec<T>, order: impl Fn(&T, &T) -> Ordering, add: impl Fn(&mut T, T)) {
    let mut united = Vec::with_capacity(list.len().max(more.len()));
    let (mut list_rest, mut more_rest) =
        (std::mem::take(list).into_iter().peekable(), more.into_iter().peekable());
    while let (Some(a), Some(b)) = (list_rest.peek(), more_rest.peek()) {
        let order = order(a, b);
        let mut next = if order.is_gt() { more_rest.next() } else { list_rest.next() };
        if order.is_eq() {
            next.iter_mut().zip(more_rest.next()).for_each(|(a, b)| add(a, b));
        }
        united.extend(next);
    }
    united.extend(list_rest.chain(more_rest));
    *list = united;
}

fn add_failures(sum: &mut FailureDelta, more: FailureDelta) {
    sum.count += more.count;
    sum.first = sum.first.min(more.first);
    sum.last = sum.last.max(more.last);
}

fn add_message(sum: &mut MessageDelta, more: MessageDelta) {
    sum.sent += more.sent;
    sum.bytes_sent += more.bytes_sent;
    sum.received += more.received;
    sum.bytes_received += more.bytes_received;
}
