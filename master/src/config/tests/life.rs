//! What a master does beside its run, as it is asked for.

use super::*;

#[test]
fn a_headless_master_is_reached_only_where_it_is_said() {
    let web = |address: &str| Some(address.to_owned());
    // (options, where people reach it, whether it stays, whether it begins by itself)
    let table: [(&[&str], _, bool, bool); 6] = [
        (&[], web("127.0.0.1:8089"), true, false),
        (&["--autostart"], web("127.0.0.1:8089"), true, true),
        (&["--headless"], None, false, false),
        (&["--headless", "--web-port", "8089"], web("127.0.0.1:8089"), false, false),
        (&["--web-port", "0", "--web-bind", "::1"], web("[::1]:0"), true, false),
        (&["--headless", "--web-bind", "0.0.0.0"], None, false, false),
    ];
    for (args, web, stays, autostart) in table {
        let life = check(&[&HOST, args].concat(), &[]).unwrap().life;
        assert_eq!(life, Life { web, names: Vec::new(), stays, autostart, autoquit: None }, "{args:?}");
    }
    let life = check(&[&HOST[..], &["--autostart", "--autoquit", "5"]].concat(), &[]).unwrap().life;
    assert_eq!(life.autoquit, Some(Duration::from_secs(5)));
    let life = check(&[&HOST[..], &["--web-host", "a.example", "--web-host", "b.example"]].concat(), &[])
        .unwrap()
        .life;
    assert_eq!(life.names, ["a.example", "b.example"]);
}

#[test]
fn what_can_t_be_is_told() {
    let table: [(&[&str], &str); 6] = [
        (
            &["--web-port", "65536"],
            "--web-port 65536 (command line): too many; give a whole number from 0 to 65535",
        ),
        (
            &["--web-host", "horde.example:8089"],
            "--web-host horde.example:8089 (command line): `horde.example:8089` is no name; write horde.example",
        ),
        (
            &["--web-bind", "localhost"],
            "--web-bind localhost (command line): no IP address; give 127.0.0.1 for people on this machine, or 0.0.0.0 \
             for all who can reach it",
        ),
        (
            &["--autoquit", "5"],
            "--autoquit 5 (command line): it counts from the end of a run that begins by itself; give --autostart too, \
             or leave it out",
        ),
        (
            &["--headless", "--autostart", "--autoquit", "1m"],
            "--autoquit 1m (command line): with --headless the master ends with its run anyway; leave one of the two out",
        ),
        (
            &["--autostart", "--autoquit", "x"],
            "--autoquit x (command line): not a time; write 20, 20s, 3m, 1h30m or 500ms",
        ),
    ];
    for (args, sentence) in table {
        assert_eq!(fault(args), sentence);
    }
}
