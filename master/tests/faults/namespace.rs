//! Two network namespaces with a cable between them: in one the master, the game-server and most workers, in the other the last
//! worker. What is dropped is dropped there; this machine's own network is not touched, and with a namespace all of it goes.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::scene::Place;

/// The addresses of the two.
const HUB: &str = "10.99.0.1";
const FAR: &str = "10.99.0.2";

/// What begins the name of each namespace; the number of the process that made it follows.
const PREFIX: &str = "horde-";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Both namespaces, until they are dropped.
pub(crate) struct Cable {
    hub: String,
    far: String,
}

/// Which way is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Both,
    ToWorker,
    ToMaster,
}

impl Cut {
    pub(crate) const ALL: [Self; 3] = [Self::Both, Self::ToWorker, Self::ToMaster];

    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::Both => "both ways",
            Self::ToWorker => "from master to worker",
            Self::ToMaster => "from worker to master",
        }
    }
}

/// Why there can be no namespaces here.
pub(crate) fn available() -> Result<(), String> {
    sweep(false);
    let tried = Cable::lay().and_then(|cable| cable.cut(Cut::Both, "9:1"));
    tried.map_err(|why| format!("they take root, `ip netns` and iptables: {why}"))
}

/// Removes what a run left that was killed itself, or what this one has.
pub(crate) fn sweep(own: bool) {
    let list = run("ip", &["netns", "list"]).unwrap_or_default();
    let this = std::process::id().to_string();
    for name in list.lines().filter_map(|line| line.split_whitespace().next()) {
        let id = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        let is_left = |id: &str| match own {
            true => id == this,
            false => !std::path::Path::new(&format!("/proc/{id}")).exists(),
        };
        if id.is_some_and(is_left) {
            _ = run("ip", &["netns", "del", name]);
        }
    }
}

impl Cable {
    pub(crate) fn lay() -> Result<Self, String> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = |end| format!("{PREFIX}{}-{number}-{end}", std::process::id());
        let cable = Self { hub: name("hub"), far: name("far") };
        let (hub, far) = (&*cable.hub, &*cable.far);
        run("ip", &["netns", "add", hub])?;
        run("ip", &["netns", "add", far])?;
        run(
            "ip",
            &["-n", hub, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", far],
        )?;
        for (end, address) in [(hub, HUB), (far, FAR)] {
            run("ip", &["-n", end, "address", "add", &format!("{address}/24"), "dev", "cable"])?;
            run("ip", &["-n", end, "link", "set", "cable", "up"])?;
            run("ip", &["-n", end, "link", "set", "lo", "up"])?;
        }
        Ok(cable)
    }

    pub(crate) fn place(&self) -> Place {
        let within = |end: &String| ["ip", "netns", "exec", end].map(str::to_owned).to_vec();
        Place {
            master: HUB,
            server: HUB,
            within: within(&self.hub),
            for_master: within(&self.hub),
            for_last_worker: within(&self.far),
        }
    }

    /// From here on what goes between the far worker and the master at `address` is dropped.
    pub(crate) fn cut(&self, cut: Cut, address: &str) -> Result<(), String> {
        let port = address.rsplit(':').next().unwrap_or_default();
        if cut != Cut::ToMaster {
            self.filter(&["-A", "INPUT", "-p", "tcp", "--sport", port, "-j", "DROP"])?;
        }
        if cut != Cut::ToWorker {
            self.filter(&["-A", "OUTPUT", "-p", "tcp", "--dport", port, "-j", "DROP"])?;
        }
        Ok(())
    }

    pub(crate) fn mend(&self) -> Result<(), String> {
        self.filter(&["-F"])
    }

    fn filter(&self, rule: &[&str]) -> Result<(), String> {
        let words = [&["netns", "exec", &self.far, "iptables", "-w"], rule].concat();
        run("ip", &words).map(drop)
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for name in [&self.far, &self.hub] {
            _ = run("ip", &["netns", "del", name]);
        }
    }
}

/// What a command prints; the error is what it complains of.
fn run(command: &str, args: &[&str]) -> Result<String, String> {
    let output = Command::new(command).args(args).output().map_err(|e| format!("{command}: {e}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
