//! One setting each: its text as written -> what it means, or what is wrong and what to write instead.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use proto::arrivals::{Arrivals, MOST_PER_SECOND, Rate};
use proto::bounds::{LONGEST_TEXT, MOST_ENTRIES};
use proto::data::DataPolicy;
use proto::ending::OnEnd;
use proto::folder::read_up_to;
use proto::network::{LARGEST_CA, is_token};
use proto::plan::LossPolicy;
use proto::profile::Edge;
use proto::reconnect::{LONGEST_PAUSE, Reconnect};
use proto::series::LONGEST_NAME;
use proto::speech::{Dialect, Envelope};
use url::Url;

use super::duration::{self, show};
use crate::threshold::{self, MOST_THRESHOLDS, Threshold};

/// What each certificate in a PEM file begins with.
pub(super) const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

pub(super) fn whole(text: &str, least: u64, most: u64) -> Result<u64, String> {
    let range = format!("give a whole number from {least} to {most}");
    match text.parse::<u64>() {
        Ok(n) if (least..=most).contains(&n) => Ok(n),
        Ok(0) => Err(format!("0 is too few; {range}")),
        Ok(n) if n > most => Err(format!("too many; {range}")),
        _ => Err(format!("not such a number; {range}")),
    }
}

pub(super) fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| "not a rate; give robots per second as a number above 0, such as 10 or 0.5".into())
}

pub(super) fn time(text: &str, least: Duration, most: Duration) -> Result<Duration, String> {
    match duration::parse(text) {
        None => Err("not a time; write 20, 20s, 3m, 1h30m or 500ms".into()),
        Some(time) if time < least => Err(format!("too short; give at least {}", show(least))),
        Some(time) if time > most => Err(format!("too long; give at most {}", show(most))),
        Some(time) => Ok(time),
    }
}

/// Separated by semicolons: there are commas within some.
pub(super) fn thresholds(text: &str) -> Result<Vec<Threshold>, String> {
    let texts = text.split(';').filter(|text| !text.trim().is_empty());
    let read: Vec<_> =
        texts.map(threshold::parse).collect::<Result<_, _>>().map_err(|wrong| wrong.to_string())?;
    if read.len() > MOST_THRESHOLDS { Err(format!("give at most {MOST_THRESHOLDS}")) } else { Ok(read) }
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "true" | "1" | "on" => Ok(true),
        "false" | "0" | "off" => Ok(false),
        _ => Err("neither on nor off; give true or false".into()),
    }
}

pub(super) fn policy(text: &str) -> Result<LossPolicy, String> {
    match text {
        "rebalance" => Ok(LossPolicy::Rebalance),
        "continue" => Ok(LossPolicy::Continue),
        "fail" => Ok(LossPolicy::Fail),
        _ => Err("no such policy; give rebalance, continue or fail".into()),
    }
}

/// `name:port`, with brackets around an IPv6 address.
pub(super) fn address(text: &str) -> Result<String, String> {
    let wrong = "not an address with a port; write 127.0.0.1:5557, or 0.0.0.0:5557 for all networks";
    let (name, port) = text.rsplit_once(':').ok_or(wrong)?;
    let bare_v6 = name.contains(':') && !name.starts_with('[');
    if name.is_empty() || bare_v6 || port.parse::<u16>().is_err() {
        return Err(wrong.into());
    }
    Ok(text.into())
}

pub(super) fn host(text: &str) -> Result<String, String> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(format!("no scheme; write ws://{text}"));
    };
    if !["ws", "wss", "tcp"].contains(&scheme) {
        return Err(format!("robots do not speak {scheme}; write ws://{rest}"));
    }
    if text.len() > LONGEST_TEXT {
        return Err(format!("longer than {LONGEST_TEXT} bytes; give a shorter address"));
    }
    let url = Url::parse(text).map_err(|e| format!("{e}; write it like ws://127.0.0.1:8765"))?;
    let has_port = if scheme == "tcp" { url.port().is_some() } else { true };
    match url.host_str() {
        Some(name) if !name.is_empty() && has_port && url.port() != Some(0) => Ok(text.into()),
        _ => Err(format!("no host and port; write it like {scheme}://127.0.0.1:8765")),
    }
}

pub(super) fn filter(text: &str) -> Result<String, String> {
    let known = ["off", "error", "warn", "info", "debug", "trace"];
    // A single word that is no level would name a module, and so silence everything.
    let word = text.chars().all(char::is_alphanumeric) && !known.contains(&text.to_lowercase().as_str());
    match tracing_subscriber::EnvFilter::try_new(text) {
        Ok(_) if !word => Ok(text.into()),
        _ => Err("no such level; give error, warn, info, debug or a filter such as info,master=debug".into()),
    }
}

/// Words between commas or spaces, as Locust writes tags.
pub(super) fn words(text: &str) -> Vec<String> {
    text.split([',', ' ', '\n']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A list of names that a plan takes.
pub(super) fn tags(text: &str) -> Result<Vec<String>, String> {
    let tags = words(text);
    match tags.len() {
        0 => Err("no tag in it; give at least one, or leave it out".into()),
        n if n > MOST_ENTRIES => Err(format!("{n} tags; give at most {MOST_ENTRIES}")),
        _ if tags.iter().any(|tag| tag.len() > LONGEST_NAME) => {
            Err(format!("a tag is longer than {LONGEST_NAME} bytes; give a shorter one"))
        }
        _ => Ok(tags),
    }
}

/// Names of a machine, without ports.
pub(super) fn hosts(text: &str) -> Result<Vec<String>, String> {
    let names = words(text);
    let is_name = |name: &&String| url::Host::parse(name).is_ok();
    match names.iter().find(|name| !is_name(name)) {
        _ if names.is_empty() => Err("no name in it; write horde.example".into()),
        Some(wrong) => Err(format!("`{}` is no name; write horde.example", crate::text::fit(wrong, 60))),
        None if names.len() > MOST_ENTRIES => {
            Err(format!("{} names; give at most {MOST_ENTRIES}", names.len()))
        }
        None => Ok(names),
    }
}

pub(super) fn addresses(text: &str) -> Result<Vec<IpAddr>, String> {
    let address = |word: &String| {
        let wrong = |_| format!("`{}` is no IP address; write 10.0.0.5,10.0.0.6", crate::text::fit(word, 60));
        word.parse::<IpAddr>().map_err(wrong)
    };
    let addresses = words(text).iter().map(address).collect::<Result<Vec<_>, _>>()?;
    match addresses.len() {
        0 => Err("no address in it; write 10.0.0.5,10.0.0.6".into()),
        n if n > MOST_ENTRIES => Err(format!("{n} addresses; give at most {MOST_ENTRIES}")),
        _ => match addresses.iter().enumerate().find(|(i, ip)| addresses[..*i].contains(ip)) {
            Some((_, twice)) => Err(format!("{twice} is there twice; give each address once")),
            None => Ok(addresses),
        },
    }
}

/// A file of certificates, or what stands in one.
pub(super) fn certificates(path: &str) -> Result<String, String> {
    if path.contains(CERTIFICATE) && path.len() <= LARGEST_CA {
        return Ok(path.into());
    }
    let content = read_up_to(Path::new(path), LARGEST_CA as u64);
    let content = content.map_err(|e| format!("can't be read ({e}); check name and rights"))?;
    let content = content.ok_or_else(|| {
        format!("larger than {} KiB; keep only the certificates to trust", LARGEST_CA >> 10)
    })?;
    let text = String::from_utf8(content).map_err(|_| "not text; give a PEM file")?;
    if text.contains(CERTIFICATE) {
        Ok(text)
    } else {
        Err("no certificate in it; give a PEM file with -----BEGIN CERTIFICATE-----".into())
    }
}

pub(super) fn dialect(text: &str) -> Result<Dialect, String> {
    match text {
        "msg" => Ok(Dialect::Msg),
        "rpc" => Ok(Dialect::Rpc),
        _ => Err("no such dialect; give msg or rpc".into()),
    }
}

pub(super) fn envelope(text: &str) -> Result<Envelope, String> {
    match text.split('.').collect::<Vec<_>>().as_slice() {
        [type_name, name_field, body_field] if text.split('.').all(|name| named(name).is_ok()) => {
            Ok(Envelope {
                type_name: (*type_name).into(),
                name_field: (*name_field).into(),
                body_field: (*body_field).into(),
            })
        }
        _ => {
            Err("not an envelope; give its type and its fields for name and bytes, such as Msg.Name.Bin"
                .into())
        }
    }
}

/// One name, as plans take it.
pub(super) fn named(text: &str) -> Result<String, String> {
    match text.len() {
        0 => Err("empty; give a name".into()),
        n if n > LONGEST_NAME => Err(format!("{n} bytes long; give at most {LONGEST_NAME}")),
        _ => Ok(text.into()),
    }
}

pub(super) fn token(text: &str) -> Result<String, String> {
    if is_token(text) { named(text) } else { Err("no token; give letters, digits and `-`".into()) }
}

pub(super) fn reconnect(text: &str) -> Result<Reconnect, String> {
    let wrong =
        "not a way to try again; give off, backoff, or the first pause and the longest, such as 500ms..30s";
    match text {
        "off" => Ok(Reconnect::Off),
        "backoff" => Ok(Reconnect::default()),
        _ => {
            let (first, most) = text.split_once("..").ok_or(wrong)?;
            let (first, most) = (duration::parse(first).ok_or(wrong)?, duration::parse(most).ok_or(wrong)?);
            if first.is_zero() || first > most || most > LONGEST_PAUSE {
                return Err(format!(
                    "pauses grow; give a first one above 0 and a longest up to {}",
                    show(LONGEST_PAUSE)
                ));
            }
            Ok(Reconnect::Backoff { first, most })
        }
    }
}

pub(super) fn on_end(text: &str) -> Result<OnEnd, String> {
    match text {
        "replace" => Ok(OnEnd::Replace),
        "leave" => Ok(OnEnd::Leave),
        _ => Err("no such policy; give replace or leave".into()),
    }
}

pub(super) fn arrivals(text: &str) -> Result<f64, String> {
    let wrong = "not a rate; give sessions per second as a number above 0, such as 10 or 0.5";
    text.parse().map_err(|_| wrong.into())
}

/// Whether a stage goes to its level at once.
pub(super) fn edge(text: &str) -> Result<Edge, String> {
    match text {
        "linear" => Ok(Edge::Linear),
        "step" => Ok(Edge::Step),
        _ => Err("no such edge; give linear or step".into()),
    }
}

/// The arrivals of a stage, which may be none.
pub(super) fn stage_arrivals(text: &str) -> Result<Rate, String> {
    let wrong = format!(
        "not a rate; give sessions per second as a number from 0 to {MOST_PER_SECOND}, such as 10 or 0.5"
    );
    text.parse().ok().and_then(Rate::new).ok_or(wrong)
}

pub(super) fn model(text: &str) -> Result<Arrivals, String> {
    match text {
        "constant" => Ok(Arrivals::Constant),
        "poisson" => Ok(Arrivals::Poisson),
        _ => Err("no such model; give constant or poisson".into()),
    }
}

pub(super) fn data_policy(text: &str) -> Result<DataPolicy, String> {
    match text {
        "cycle" => Ok(DataPolicy::Cycle),
        "unique" => Ok(DataPolicy::Unique),
        _ => Err("no such policy; give cycle or unique".into()),
    }
}
