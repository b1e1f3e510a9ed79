//! The role mod exists twice, in Rust and in Lua; both do the same.

use std::collections::BTreeMap;

use proto::message::Bundle;
use proto::report::Report;
use proto::series::Kind;
use sproto::Schema;

use super::{play, shipped};
use crate::common::{Server, plan};

/// Samples by series: those that succeeded and those that failed.
fn series(reports: &[Report]) -> BTreeMap<(Kind, String), (u64, u64)> {
    let mut all = BTreeMap::new();
    for delta in reports.iter().flat_map(|report| &report.series) {
        let sum: &mut (u64, u64) = all.entry((delta.series.kind, delta.series.name.clone())).or_default();
        *sum = (sum.0 + delta.ok.count(), sum.1 + delta.failed.count());
    }
    all
}

async fn run(bundle: Bundle) -> BTreeMap<(Kind, String), (u64, u64)> {
    let server = Server::start();
    let reports = play(plan(&server.host, "role", 60, 1000.0, 6.0), bundle).await.unwrap();
    let totals = server.totals().await;
    assert_eq!((totals.logins, totals.live_sessions, totals.dropped_connections), (60, 0, 0));
    series(&reports)
}

/// The draws come from the same seeds, but the value that decides whether a robot echoes comes from the server: what begins
/// and ends once a robot is equal exactly, what depends on luck and on where the run is cut within a bound.
#[tokio::test(flavor = "multi_thread")]
async fn the_role_mods_in_rust_and_lua_count_the_same_series() {
    let (lua, rust) = (run(shipped("role")).await, run(Bundle::new(Vec::new())).await);
    assert_eq!(lua.keys().collect::<Vec<_>>(), rust.keys().collect::<Vec<_>>());
    for ((kind, name), (ok, failed)) in &lua {
        let (expected, no) = rust[&(*kind, name.clone())];
        assert_eq!((*failed, no), (0, 0), "{kind:?} {name}");
        let drawn = *kind == Kind::Task || name == "EchoRequest";
        let bound = if drawn { expected / 4 + 10 } else { 0 };
        assert!(ok.abs_diff(expected) <= bound, "{kind:?} {name}: {ok} in Lua, {expected} in Rust");
    }
}

#[test]
fn the_role_mods_schema_is_what_the_game_server_speaks() {
    let ours = include_str!("../../../../mods/role/role.sproto");
    let (ours, theirs) = (Schema::parse(ours).unwrap(), Schema::from_texts(proto::game::FILES).unwrap());
    let told = |schema: &Schema| {
        let fields = schema.types().map(|ty| (ty.name().to_owned(), ty.fields().to_vec()));
        format!("{:?}", fields.collect::<Vec<_>>())
    };
    assert_eq!(told(&ours), told(&theirs));
}

#[tokio::test(flavor = "multi_thread")]
async fn mods_of_different_games_live_in_one_bundle() {
    let files = [shipped("role").files, shipped("skynet_example").files].concat();
    let all = run(Bundle::new(files)).await;
    assert_eq!(all[&(Kind::Request, "LoginReuest".to_owned())], (60, 0));
}
