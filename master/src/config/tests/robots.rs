//! What is said about robots: classes, mods, data, speech, network and arrivals. Faults as sentences, and plans as meant.

use std::path::PathBuf;

use proto::arrivals::Arrivals;
use proto::class::{Share, TaskChoice};
use proto::data::{DataPolicy, DataSet};
use proto::ending::OnEnd;
use proto::reconnect::Reconnect;
use proto::speech::{Dialect, Envelope};

use super::*;

/// A folder with files.
pub(super) struct Folder(tempfile::TempDir);

impl Folder {
    pub(super) fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            fs::create_dir_all(folder.path(path).parent().unwrap()).unwrap();
            fs::write(folder.path(path), text).unwrap();
        }
        folder
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(super) fn text(&self, path: &str) -> String {
        self.path(path).to_str().unwrap().into()
    }
}

/// What is wrong with a file of that text, beside a good host.
pub(super) fn told(toml: &str, args: &[&str]) -> Vec<String> {
    let folder = Folder::with(&[("horde.toml", toml)]);
    let path = folder.text("horde.toml");
    let faults = faults(&[&HOST[..], &["--config", &path], args].concat(), &[]);
    faults.into_iter().map(|fault| fault.replace(&path, "horde.toml")).collect()
}

pub(super) fn config(toml: &str, args: &[&str]) -> Config {
    let folder = Folder::with(&[("horde.toml", toml)]);
    check(&[&HOST[..], &["--config", &folder.text("horde.toml")], args].concat(), &[])
        .unwrap_or_else(|faults| panic!("{faults}"))
}

#[test]
fn classes_come_from_the_file_with_shares_mods_tasks_and_hosts() {
    let toml = r#"
        users = 100
        [[class]]
        name = "admin"
        count = 10
        host = "tcp://127.0.0.1:9000"
        [[class]]
        name = "fighter"
        weight = 3
        mods = ["role", "hero"]
        tasks = ["echo", { name = "walk", weight = 2 }, { name = "fight" }]
        [[class]]
        name = "trader"
    "#;
    let plan = config(toml, &["--mod", "market"]).plan;
    let [admin, fighter, trader] = plan.classes.list() else { panic!("{:?}", plan.classes) };
    assert_eq!((admin.share, admin.host.as_deref()), (Share::Fixed(10), Some("tcp://127.0.0.1:9000")));
    assert_eq!(
        (fighter.share, &fighter.mods[..]),
        (Share::Weight(3.try_into().unwrap()), &["role".into(), "hero".into()][..])
    );
    let task = |name: &str, weight| TaskChoice { name: name.into(), weight };
    assert_eq!(fighter.tasks, [task("echo", None), task("walk", Some(2)), task("fight", None)]);
    assert_eq!(
        (trader.share, &trader.mods[..]),
        (Share::Weight(1.try_into().unwrap()), &["market".into()][..])
    );
    assert_eq!(plan.classes.counts(100), [10, 68, 22]);
}

#[test]
fn what_is_wrong_with_a_table_is_told_with_its_place() {
    let class = |rest: &str| format!("[[class]]\nname = \"a\"\n{rest}");
    let table = [
        (class("weight = 1\ncount = 2"), "[[class]] `a`: count and weight; give one of the two"),
        (class("count = 0"), "[[class]] `a`: count is 0; give at least 1, or leave the class out"),
        (class("weight = 0"), "[[class]] `a`: weight is 0; give at least 1, or leave the class out"),
        (class("mod = \"x\""), "[[class]] 1: unknown key `mod`; did you mean `mods`?"),
        (class("host = \"x\""), "[[class]] `a`: host: no scheme; write ws://x"),
        (
            class("tasks = [{ name = \"t\", weight = 0 }]"),
            "tasks of class `a`: `t` has weight 0; leave it out, or give it more",
        ),
        (
            class("tasks = [\"t\", \"t\"]"),
            "class `a` names task `t` twice; name it once, with the weight that it shall have",
        ),
        (format!("{0}\n{0}", class("")), "class `a` is there twice; give each its own name"),
        (
            format!("users = 9\n{}", class("count = 2")),
            "the classes have fixed counts of 2 robots in all, the profile wants 9; give a class a weight",
        ),
        ("class = 5".into(), "`class` is no list of tables; write [[class]]"),
        ("[speech]\ndialekt = \"rpc\"".into(), "[speech]: unknown key `dialekt`; did you mean `dialect`?"),
        ("speech = 5".into(), "`speech` is no table; write [speech]"),
        (
            "[network]\nproxy = \"x\"".into(),
            "[network]: unknown key `proxy`; the keys are source-ip, ca, insecure, subprotocol, headers",
        ),
        ("ca = \"x\"\n[network]\nca = \"y\"".into(), "`ca` stands in [network] and outside it; say it once"),
        (
            "[network.headers]\n\"a b\" = \"c\"".into(),
            "header: `a b` is no token; give letters, digits and `-`",
        ),
        ("[klass]".into(), "unknown key `klass`; the keys are "),
        ("[clas]".into(), "unknown key `clas`; did you mean `class`?"),
        ("tags = [[1]]".into(), "`tags` is no list of texts; give one"),
        ("tags = { a = 1 }".into(), "`tags` is a table or a list; give one value, or a list of some"),
        ("[[data]]\nname = \"a\"".into(), "[[data]] 1: "),
        (
            "[[data]]\nname = \"a\"\nfile = \"no.csv\"\npolicy = \"own\"".into(),
            "[[data]] `a`: policy: no such policy; give cycle or unique",
        ),
        (
            "[[data]]\nname = \"a\"\nfile = \"no.csv\"".into(),
            "[[data]] `a`: no.csv can't be read (No such file or directory (os error 2)); check name and rights",
        ),
    ];
    for (toml, sentence) in table {
        let told = told(&toml, &[]);
        assert_eq!(told.len(), 1, "{toml}: {told:?}");
        assert!(told[0].starts_with(&format!("horde.toml: {sentence}")), "{toml}: {told:?}");
    }
}

#[test]
fn a_missing_or_mistyped_value_in_a_table_names_the_table_and_its_keys() {
    for toml in [
        "[[class]]\nweight = 2",
        "[[class]]\nname = \"a\"\nweight = \"heavy\"",
        "[[class]]\nname = \"a\"\ntasks = 5",
        "class = [1]",
    ] {
        let told = told(toml, &[]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("horde.toml: [[class]] 1: "), "{told:?}");
        assert!(told[0].ends_with("; it has name, weight, count, mods, tasks, host"), "{told:?}");
    }
}

#[test]
fn a_setting_in_a_group_is_told_as_one_of_the_file() {
    let toml = "[speech]\ndialect = \"x\"\n[network]\nsource-ip = [\"y\"]\nsubprotocol = \"a b\"\n";
    let wrong = [
        "dialect = x (in horde.toml): no such dialect; give msg or rpc",
        "source-ip = y (in horde.toml): `y` is no IP address; write 10.0.0.5,10.0.0.6",
        "subprotocol = a b (in horde.toml): no token; give letters, digits and `-`",
    ];
    assert_eq!(told(toml, &[]), wrong);
}

#[test]
fn a_file_without_an_end_is_not_read_to_it() {
    let folder = Folder::with(&[("mods/a/a_mod.lua", "")]);
    std::os::unix::fs::symlink("/dev/zero", folder.path("mods/a/zero.txt")).unwrap();
    let told = fault(&["--mods", &folder.text("mods")]);
    assert!(told.ends_with("more than 16 MiB of files for the workers; leave some out"), "{told}");
    let told = fault(&["--ca", "/dev/zero"]);
    assert!(told.ends_with("larger than 1024 KiB; keep only the certificates to trust"), "{told}");
}

#[test]
fn all_faults_of_the_tables_come_at_once() {
    let toml = "[[class]]\nname = \"a\"\ncount = 0\n[[class]]\nname = \"b\"\nhost = \"x\"\n[[data]]\nname = \"c\"\nfile = \"c\"\n";
    assert_eq!(told(toml, &["--dialect", "x"]).len(), 4);
    assert_eq!(told("[[class]]\nnam = 1\n[speech]\nx = 1\n[network]\ny = 1\n", &[]).len(), 3);
}

#[test]
fn what_is_wrong_with_an_option_is_told() {
    let table = [
        (["--dialect", "json"], "no such dialect; give msg or rpc"),
        (
            ["--envelope", "Msg.Name"],
            "not an envelope; give its type and its fields for name and bytes, such as Msg.Name.Bin",
        ),
        (["--packing", "maybe"], "neither on nor off; give true or false"),
        (["--package", ""], "empty; give a name"),
        (["--source-ip", "10.0.0.1,localhost"], "`localhost` is no IP address; write 10.0.0.5,10.0.0.6"),
        (["--source-ip", "::1,::1"], "::1 is there twice; give each address once"),
        (
            ["--ca", "/no/such.pem"],
            "can't be read (No such file or directory (os error 2)); check name and rights",
        ),
        (["--ca", "/dev/null"], "no certificate in it; give a PEM file with -----BEGIN CERTIFICATE-----"),
        (
            ["--reconnect", "never"],
            "not a way to try again; give off, backoff, or the first pause and the longest, such as 500ms..30s",
        ),
        (["--reconnect", "5s..1s"], "pauses grow; give a first one above 0 and a longest up to 1h"),
        (["--on-robot-end", "cry"], "no such policy; give replace or leave"),
        (["--keep-failures", "1001"], "too many; give a whole number from 0 to 1000"),
        (
            ["--arrivals", "often"],
            "not a rate; give sessions per second as a number above 0, such as 10 or 0.5",
        ),
        (
            ["--arrivals", "nan"],
            "an arrival rate of NaN per second is not possible; give a number above 0 and up to 100000",
        ),
        (
            ["--arrivals", "-1"],
            "an arrival rate of -1 per second is not possible; give a number above 0 and up to 100000",
        ),
        (["--arrivals-model", "poisson"], "there are no arrivals; give --arrivals RATE too, or leave it out"),
        (["--mods", "/no/such"], "no such folder; name one with mods"),
        (["--data", "accounts.csv"], "not NAME=FILE; write accounts=accounts.csv"),
        (["--data", "a=/dev/null"], "neither .csv nor .jsonl; give a CSV file with a header, or JSON lines"),
        (["--tags", ","], "no tag in it; give at least one, or leave it out"),
    ];
    for ([option, value], wrong) in table {
        let value_shown = if value.is_empty() { ": ".into() } else { format!(" {value} (command line): ") };
        assert_eq!(fault(&[option, value]), format!("{option}{value_shown}{wrong}"));
    }
}

#[test]
fn speech_and_network_are_said_in_tables_or_as_options_which_win() {
    let toml = r#"
        [speech]
        dialect = "rpc"
        envelope = "Box.Label.Content"
        package = "header"
        packing = false
        [speech.replies]
        EnterScene = "Scene"
        LoginReuest = "LoginRespone"
        [network]
        source-ip = ["127.0.0.2", "127.0.0.3"]
        insecure = true
        subprotocol = "sproto"
        [network.headers]
        X-Realm = "eu 1"
    "#;
    let plan = config(toml, &["--package", "head"]).plan;
    let (speech, network) = (&plan.speech, &plan.network);
    assert_eq!((speech.dialect, speech.package.as_str(), speech.packed), (Dialect::Rpc, "head", false));
    let envelope =
        Envelope { type_name: "Box".into(), name_field: "Label".into(), body_field: "Content".into() };
    assert_eq!(speech.envelope, envelope);
    assert_eq!(
        (speech.reply_of("EnterScene"), speech.reply_of("LoginReuest")),
        ("Scene".into(), "LoginRespone".into())
    );
    assert_eq!(network.source_ips.len(), 2);
    assert!(network.insecure && network.subprotocol.as_deref() == Some("sproto"));
    assert_eq!(network.headers, [("X-Realm".into(), "eu 1".into())]);
    let plan = config(toml, &["--source-ip", "127.0.0.9", "--dialect", "msg"]).plan;
    assert_eq!((plan.network.source_ips.len(), plan.speech.dialect), (1, Dialect::Msg));
}

#[test]
fn tags_are_lists_as_in_locust_and_the_rest_says_what_it_means() {
    let plan =
        config("exclude-tags = [\"slow\"]", &["--tags", "chat", "lobby,shop", "--reconnect", "1s..5s"]).plan;
    assert_eq!(plan.tags.only, ["chat", "lobby", "shop"]);
    assert_eq!(plan.tags.without, ["slow"]);
    let pauses = Reconnect::Backoff { first: Duration::from_secs(1), most: Duration::from_secs(5) };
    assert_eq!(plan.reconnect, pauses);
    let plan = config("on-robot-end = \"leave\"\nkeep-failures = 7\nreconnect = \"off\"", &[]).plan;
    assert_eq!((plan.on_end, plan.keep_failures, plan.reconnect), (OnEnd::Leave, 7, Reconnect::Off));
    let plan = config("", &[]).plan;
    assert_eq!((plan.on_end, plan.keep_failures, plan.reconnect), Default::default());
    assert_eq!((plan.speech, plan.network, plan.tags), Default::default());
}

#[test]
fn arrivals_make_an_open_profile_and_do_not_go_with_users() {
    let plan =
        config("", &["--arrivals", "12.5", "--arrivals-model", "poisson", "-t", "1m", "--seed", "4"]).plan;
    let flow = plan.profile.flow().unwrap();
    assert_eq!((flow.rate(), flow.model(), flow.seed()), (12.5, Arrivals::Poisson, 4));
    assert_eq!(plan.profile.end(), Duration::from_secs(60));
    let told = told("users = 5\narrivals = 1", &["-r", "2"]);
    let wrong = "does not go with --arrivals; leave one of the two out";
    assert_eq!(
        told,
        [format!("users = 5 (in horde.toml): {wrong}"), format!("--spawn-rate 2 (command line): {wrong}")]
    );
    let long = fault(&["--arrivals", "20000"]);
    assert!(
        long.starts_with(
            "--arrivals 20000 (command line): 1727999999 arrivals are more than a plan can hold"
        ),
        "{long}"
    );
}

#[test]
fn mods_are_shipped_with_what_lies_beside_them_and_the_only_one_is_played() {
    let folder = Folder::with(&[
        ("mods/hero/hero_mod.lua", "return {}"),
        ("mods/hero/names.txt", "ann"),
        ("mods/hero/proto/hero.sproto", ".Hero {}"),
        ("mods/hero/readme.md", "no"),
        ("mods/lib/util.lua", "return {}"),
        ("accounts.csv", "name\nann\n"),
    ]);
    let (mods, accounts) = (folder.text("mods"), format!("accounts={}", folder.text("accounts.csv")));
    let config = config("", &["--mods", &mods, "--data", &accounts]);
    let paths: Vec<_> = config.bundle.files.iter().map(|(path, _)| path.as_str()).collect();
    let all = [
        "data/accounts.csv",
        "mods/hero/hero_mod.lua",
        "mods/hero/names.txt",
        "mods/hero/proto/hero.sproto",
        "mods/lib/util.lua",
    ];
    assert_eq!(paths, all);
    assert_eq!(config.plan.classes.list()[0].mods, ["hero"]);
    let set =
        DataSet { name: "accounts".into(), path: "data/accounts.csv".into(), policy: DataPolicy::Cycle };
    assert_eq!(config.plan.data, [set]);

    fs::create_dir(folder.path("mods/role")).unwrap();
    fs::write(folder.path("mods/role/role_mod.lua"), "").unwrap();
    assert_eq!(self::config("", &["--mods", &mods]).plan.classes.list()[0].mods, ["role"]);
    assert_eq!(self::config("", &["--mods", &mods, "--mod", "hero"]).plan.classes.list()[0].mods, ["hero"]);
    let none = fault(&["--mods", &folder.text("mods/lib")]);
    assert!(none.ends_with("no mod in it; a mod is a folder NAME with a file NAME_mod.lua"), "{none}");
}

#[test]
fn unique_data_must_have_a_row_for_each_robot() {
    let folder = Folder::with(&[("few.csv", "name\nann\nbob\n"), ("bad.csv", "a,b\n1,2\n3\n")]);
    let (few, bad) = (folder.text("few.csv"), folder.text("bad.csv"));
    let toml =
        |file: &str| format!("[[data]]\nname = \"accounts\"\nfile = \"{file}\"\npolicy = \"unique\"\n");
    assert_eq!(config(&toml(&few), &["-u", "2", "-t", "9s"]).plan.data[0].policy, DataPolicy::Unique);
    assert_eq!(
        told(&toml(&few), &["-u", "3", "-t", "9s"]),
        [format!(
            "horde.toml: data set `accounts` is unique, but {few} has 2 rows for 3 robots; add rows, take fewer robots, or give it policy = \"cycle\""
        )]
    );
    // Those that arrive are all different robots.
    assert_eq!(told(&toml(&few), &["--arrivals", "1", "-t", "1m"]).len(), 1);
    let line = format!("{bad}:3: 1 fields where the header has 2; make them as many");
    assert_eq!(told(&toml(&bad), &[]), [format!("horde.toml: [[data]] `accounts`: {line}")]);
    // The command line gives another file to the same set.
    let other = format!("accounts={bad}");
    assert_eq!(told(&toml(&few), &["--data", &other]), [format!("--data {other} (command line): {line}")]);
}

#[test]
fn more_robots_than_ports_are_refused_with_the_arithmetic() {
    let many = ["-u", "60000", "-r", "1000", "-t", "5m"];
    assert_eq!(
        fault(&many),
        "--users 60000 (command line): 60000 robots with one connection each to ws://127.0.0.1:8765 need as many ports, \
         but 1 x 1 x 28232 (workers x source addresses x ports) are 28232; give 3 source addresses to each worker, or \
         3 workers (with --source-ip and --expect-workers)"
    );
    for enough in [&["--expect-workers", "3"][..], &["--source-ip", "127.0.0.1,127.0.0.2,127.0.0.3"]] {
        config("", &[&many[..], enough].concat());
    }
    // Each target has all ports; and how many of an open run are there at a time nobody knows.
    let two = "[[class]]\nname = \"a\"\n[[class]]\nname = \"b\"\nhost = \"ws://127.0.0.1:1\"\n";
    config(two, &["-u", "56000", "-r", "1000", "-t", "5m"]);
    config("", &["--arrivals", "1000", "-t", "5m"]);
}

#[test]
fn a_bundle_over_16_mib_is_refused() {
    let folder = Folder::with(&[("mods/a/a_mod.lua", ""), ("rows.csv", "a\n1\n")]);
    let big = fs::File::create(folder.path("mods/a/big.txt")).unwrap();
    big.set_len((16 << 20) - 2).unwrap();
    let (mods, data) = (folder.text("mods"), format!("rows={}", folder.text("rows.csv")));
    let told = fault(&["--mods", &mods, "--data", &data]);
    assert_eq!(
        told,
        format!("--data {data} (command line): more than 16 MiB of files for the workers; leave some out")
    );
}
