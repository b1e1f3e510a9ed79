//! Whether the sessions that an open plan wants did begin. They are counted, not looked at: how many are there at a time
//! is up to the target.

use std::time::Duration;

use proto::profile::Profile;
use proto::series::Kind;

use crate::totals::Totals;

/// How long after its arrival a session may begin: those of the last moments are not missed.
const SLACK: Duration = Duration::from_secs(2);

/// For how long nobody bears what a lost worker should: until it is known to be lost, and what it did not report.
const BLIND: f64 = 5.0;

/// What is wrong with the arrivals of a run that lasted so long and lost so many workers.
pub(super) fn shortfall(profile: &Profile, ran: Duration, totals: &Totals, losses: usize) -> Option<String> {
    let planned = profile.arrived(ran.checked_sub(SLACK)?);
    let begun = begun(totals);
    let missing = planned.saturating_sub(begun);
    let excused = losses as f64 * BLIND * profile.flow()?.rate();
    (missing > (planned / 100).max(1) + excused.ceil() as u64).then(|| {
        format!("arrivals not kept up: {begun} sessions began of {planned} that were due 2 s before the end")
    })
}

/// Sessions that got in, or failed to.
pub(super) fn begun(totals: &Totals) -> u64 {
    let (ok, failed) = totals.of_kind(Kind::Login);
    ok.saturating_add(failed)
}
