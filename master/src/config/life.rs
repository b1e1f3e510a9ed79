//! What a master does beside its run: where people reach it, and whether it stays for another.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use proto::profile::LONGEST_RUN;

use super::{Reader, parse};

/// What a master does beside its run. By default nothing: it begins with it, and ends with it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Life {
    /// Where people reach it.
    pub web: Option<String>,
    /// Names by which they may ask for it, beside its addresses.
    pub names: Vec<String>,
    /// Whether it stays when its run has a verdict, so that people can start another.
    pub stays: bool,
    /// Whether the first run of one that stays begins by itself.
    pub autostart: bool,
    /// How long it stays when nobody starts another; none is until it is told to end.
    pub autoquit: Option<Duration>,
}

impl Reader<'_> {
    pub(super) fn life(&mut self) -> Option<Life> {
        let headless = self.read("headless", parse::switch);
        let autostart = self.read("autostart", parse::switch);
        let autoquit = self.optional("autoquit", |text| parse::time(text, Duration::ZERO, LONGEST_RUN));
        let port = self.read("web-port", |text| parse::whole(text, 0, u16::MAX.into()));
        let bind = self.read("web-bind", address);
        let names = self.optional("web-host", parse::hosts);
        let (headless, autostart) = (headless?, autostart?);
        if self.settings.get("autoquit").is_some() && !autostart {
            let wrong = "it counts from the end of a run that begins by itself; give --autostart too, or leave it out";
            self.fault("autoquit", wrong.into());
        } else if self.settings.get("autoquit").is_some() && headless {
            let wrong = "with --headless the master ends with its run anyway; leave one of the two out";
            self.fault("autoquit", wrong.into());
        }
        let address = SocketAddr::new(bind?, u16::try_from(port?).ok()?);
        let is_reachable = !headless || self.is_given("web-port");
        Some(Life {
            web: is_reachable.then(|| address.to_string()),
            names: names?.unwrap_or_default(),
            stays: !headless,
            autostart,
            autoquit: autoquit?,
        })
    }
}

fn address(text: &str) -> Result<IpAddr, String> {
    let wrong =
        "no IP address; give 127.0.0.1 for people on this machine, or 0.0.0.0 for all who can reach it";
    text.parse().map_err(|_| wrong.into())
}
