//! Sessions that arrive at a rate: workers that never speak to each other bear each of them once.

use std::time::Duration;

use proto::arrivals::Arrivals;
use proto::profile::Profile;

use crate::cluster::Cluster;

#[test]
fn two_workers_bear_each_poisson_arrival_once() {
    let options =
        ["--arrivals", "60", "--arrivals-model", "poisson", "--run-time", "5s", "--seed", "3", "--headless"];
    let outcome = Cluster::start(2, &options).end();
    assert_eq!(outcome.code, Some(0), "{}", outcome.reasons());
    let planned = Profile::arrivals(60.0, Arrivals::Poisson, Duration::from_secs(5), 3).unwrap().peak();
    let arrivals = &outcome.summary["plan"]["arrivals"];
    assert_eq!((arrivals["model"].as_str(), arrivals["planned"].as_u64()), (Some("poisson"), Some(planned)));
    assert_eq!(outcome.shares().iter().sum::<u64>(), planned);
    // Who arrives in the last moment may be told to leave before it is in.
    let logins = outcome.server["logins"].as_u64().unwrap();
    assert!(logins <= planned && logins + 5 >= planned, "{logins} logins of {planned} planned");
    outcome.assert_equal_requests();
}
