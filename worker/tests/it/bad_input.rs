//! The binary, wrongly used: one line a fault, exit code 2, or 1 where there is no master.

use std::process::Command;

fn worker(args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_worker")).args(args).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn each_fault_is_one_line_with_the_remedy() {
    let table = [
        (
            vec!["--masters", "x:1"],
            "Error: unexpected argument '--masters' found; tip: a similar argument exists: '--master'; see worker --help\n",
        ),
        (
            vec!["--master", "nowhere"],
            "Error: --master `nowhere` is not an address; write host:port, such as 10.0.0.7:5557\n",
        ),
        (
            vec!["--name", "../x", "--master", "x"],
            "Error: --master `x` is not an address; write host:port, such as 10.0.0.7:5557\n\
             Error: --name `../x` can't be shown everywhere; write 1 to 64 letters, digits, `.`, `_` or `-`, not beginning with a dot\n",
        ),
    ];
    for (args, told) in table {
        assert_eq!(worker(&args), (Some(2), told.to_owned()), "{args:?}");
    }
    for args in [["--threads", "0"], ["--threads", "-1"], ["--master-max-wait", "soon"], ["--log", "loud"]] {
        let (code, told) = worker(&args);
        assert_eq!((code, told.lines().count()), (Some(2), 1), "{told}");
        assert!(told.contains(args[0]) && told.contains(args[1]), "{told}");
    }
}

#[test]
fn no_master_is_told_with_what_to_look_at() {
    let (code, told) = worker(&["--master", "127.0.0.1:1", "--master-max-wait", "0s", "--log", "error"]);
    let line = "Error: no master at 127.0.0.1:1 within 0ns: Connection refused (os error 111); is it running there?\n";
    assert_eq!((code, told.as_str()), (Some(1), line));
}

#[test]
fn help_goes_to_standard_output() {
    let output = Command::new(env!("CARGO_BIN_EXE_worker")).arg("--help").output().unwrap();
    assert!(output.status.success() && String::from_utf8(output.stdout).unwrap().contains("--master"));
}
