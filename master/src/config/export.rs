//! A plan as a file that makes it again. A plan, whom its run waited for and where its files came from go in; the text of a
//! horde.toml comes out, without secrets.

use std::collections::BTreeMap;
use std::time::Duration;

use proto::arrivals::{Flow, RateStage};
use proto::class::{Class, Share, TaskChoice};
use proto::data::{DataPolicy, DataSet};
use proto::ending::OnEnd;
use proto::network::Network;
use proto::plan::{LossPolicy, Plan};
use proto::profile::{Edge, Stage};
use proto::reconnect::Reconnect;
use proto::speech::{Dialect, Speech};
use uuid::Uuid;

use super::toml::{Toml, lines, quoted};
use super::{Muster, secret, show};

/// Where the files that the workers need were when the plan was made. The plan itself knows only the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sources {
    /// The folder of .sproto files.
    pub schema: Option<String>,
    /// The folder of mods.
    pub mods: Option<String>,
    /// The files of the data sets, by the sets' names; of one that is missing the path in the bundle is written.
    pub data: BTreeMap<String, String>,
    /// The thresholds as written.
    pub thresholds: Vec<String>,
}

/// The text of a `horde.toml` that makes the plan of that run again: the stages as they were run, to the microsecond, and
/// every other part of it. Changes and an early end are in it; of a run that was stopped at its first moment nothing can be
/// run again, and reading the text says so.
///
/// Headers, addresses, subprotocol and certificates lose what may be a secret; a comment at the top names what is left out.
pub fn export(run: Uuid, muster: Muster, plan: &Plan, sources: &Sources) -> String {
    let mut toml = Toml::default();
    toml.comment(&format!("The plan of run {run}, as it was run."));
    left_out(&mut toml, plan);
    settings(&mut toml, plan, muster);
    toml.list("threshold", &sources.thresholds, |text| quoted(text));
    // By name, so that no new part is forgotten: those without one here are settings.
    let Plan {
        profile,
        classes,
        speech,
        network,
        tags,
        data,
        host: _,
        seed: _,
        timeouts: _,
        on_worker_loss: _,
        reconnect: _,
        on_end: _,
        keep_failures: _,
        hold: _,
        // A run that is read from a file begins playing.
        paused: _,
    } = plan;
    toml.list("tags", &tags.only, |tag| quoted(tag));
    toml.list("exclude-tags", &tags.without, |tag| quoted(tag));
    for (key, folder) in [("schema", &sources.schema), ("mods", &sources.mods)] {
        folder.iter().for_each(|folder| toml.text(key, folder));
    }
    speech_of(&mut toml, speech);
    network_of(&mut toml, network);
    profile.stages().iter().for_each(|stage| robots(&mut toml, stage));
    profile.flow().map_or(&[][..], Flow::stages).iter().for_each(|stage| arrivals(&mut toml, stage));
    classes.list().iter().for_each(|each| class(&mut toml, each));
    data.iter().for_each(|set| rows(&mut toml, set, sources));
    toml.into_text()
}

/// Says what must be said again by whoever reads the file.
fn left_out(toml: &mut Toml, plan: &Plan) {
    let suspect = plan.network.headers.iter().filter(|(name, _)| secret::is_suspect(name));
    suspect.for_each(|(name, _)| toml.comment(&format!("Left out, as it may be secret: the header {name}.")));
    if plan.network.subprotocol.as_ref().is_some_and(|name| secret::is_suspect_protocol(name)) {
        toml.comment("Left out, as it may be secret: the subprotocol.");
    }
    let class_hosts = plan.classes.list().iter().filter_map(|class| class.host.as_ref());
    if std::iter::once(&plan.host).chain(class_hosts).any(|host| secret::open_address(host) != *host) {
        toml.comment(
            "Left out, as it may be secret: a user, a password, a fragment or a token of an address.",
        );
    }
    if plan.network.ca.as_ref().is_some_and(|ca| secret::open_certificates(ca) != *ca) {
        toml.comment("Left out: a private key beside the certificates.");
    }
}

fn settings(toml: &mut Toml, plan: &Plan, muster: Muster) {
    toml.text("host", &secret::open_address(&plan.host));
    toml.pair("seed", plan.seed);
    toml.pair("expect-workers", muster.workers);
    toml.text("expect-workers-max-wait", &show(muster.patience.unwrap_or_default()));
    toml.text("connect-timeout", &show(plan.timeouts.connect));
    toml.text("request-timeout", &show(plan.timeouts.request));
    toml.text("stop-timeout", &show(plan.timeouts.stop));
    let policy = match plan.on_worker_loss {
        LossPolicy::Rebalance => "rebalance",
        LossPolicy::Continue => "continue",
        LossPolicy::Fail => "fail",
    };
    toml.text("on-worker-loss", policy);
    let on_end = match plan.on_end {
        OnEnd::Replace => "replace",
        OnEnd::Leave => "leave",
    };
    toml.text("on-robot-end", on_end);
    let reconnect = match plan.reconnect {
        Reconnect::Off => "off".into(),
        Reconnect::Backoff { first, most } => format!("{}..{}", show(first), show(most)),
    };
    toml.text("reconnect", &reconnect);
    toml.pair("keep-failures", plan.keep_failures);
    toml.text("hold", &show(plan.hold));
    if let Some(flow) = plan.profile.flow() {
        toml.text("arrivals-model", flow.model().as_str());
    }
}

fn speech_of(toml: &mut Toml, speech: &Speech) {
    let dialect = match speech.dialect {
        Dialect::Msg => "msg",
        Dialect::Rpc => "rpc",
    };
    let envelope = &speech.envelope;
    toml.table("[speech]");
    toml.text("dialect", dialect);
    let names = [&envelope.type_name, &envelope.name_field, &envelope.body_field].map(String::as_str);
    toml.text("envelope", &names.join("."));
    toml.text("package", &speech.package);
    toml.pair("packing", speech.packed);
    if !speech.replies.is_empty() {
        toml.table("[speech.replies]");
        speech.replies.iter().for_each(|(request, reply)| toml.text(&quoted(request), reply));
    }
}

fn network_of(toml: &mut Toml, network: &Network) {
    toml.table("[network]");
    toml.list("source-ip", &network.source_ips, |ip| quoted(&ip.to_string()));
    toml.pair("insecure", network.insecure);
    if let Some(subprotocol) = network.subprotocol.as_ref().filter(|name| !secret::is_suspect_protocol(name))
    {
        toml.text("subprotocol", subprotocol);
    }
    if let Some(ca) = &network.ca {
        toml.pair("ca", lines(&secret::open_certificates(ca)));
    }
    let open = network.headers.iter().filter(|(name, _)| !secret::is_suspect(name)).collect::<Vec<_>>();
    if !open.is_empty() {
        toml.table("[network.headers]");
        open.iter().for_each(|(name, value)| toml.text(&quoted(name), value));
    }
}

fn robots(toml: &mut Toml, stage: &Stage) {
    toml.table("[[stage]]");
    toml.text("duration", &show(stage.duration));
    toml.pair("users", stage.robots);
    way(toml, stage.edge, stage.cut);
}

fn arrivals(toml: &mut Toml, stage: &RateStage) {
    toml.table("[[stage]]");
    toml.text("duration", &show(stage.duration));
    toml.pair("arrivals", stage.rate.per_second());
    way(toml, stage.edge, stage.cut);
}

fn way(toml: &mut Toml, edge: Edge, cut: Option<Duration>) {
    if edge == Edge::Step {
        toml.text("edge", "step");
    }
    if let Some(cut) = cut {
        toml.text("cut", &show(cut));
    }
}

fn class(toml: &mut Toml, class: &Class) {
    toml.table("[[class]]");
    toml.text("name", &class.name);
    match class.share {
        Share::Fixed(count) => toml.pair("count", count),
        Share::Weight(weight) => toml.pair("weight", weight),
    }
    toml.list("mods", &class.mods, |name| quoted(name));
    toml.list("tasks", &class.tasks, task);
    if let Some(host) = &class.host {
        toml.text("host", &secret::open_address(host));
    }
}

fn task(choice: &TaskChoice) -> String {
    let name = quoted(&choice.name);
    choice.weight.map_or(name.clone(), |weight| format!("{{ name = {name}, weight = {weight} }}"))
}

fn rows(toml: &mut Toml, set: &DataSet, sources: &Sources) {
    let policy = match set.policy {
        DataPolicy::Cycle => "cycle",
        DataPolicy::Unique => "unique",
    };
    toml.table("[[data]]");
    toml.text("name", &set.name);
    toml.text("file", sources.data.get(&set.name).unwrap_or(&set.path));
    toml.text("policy", policy);
}
