//! The fuzz targets without a fuzzer: every input of the corpus, as it is and with bytes changed, cut and doubled.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[allow(dead_code, clippy::unwrap_used, reason = "only the numbers are needed here")]
mod random;
#[path = "../fuzz/src/lib.rs"]
#[allow(clippy::unwrap_used, unreachable_pub, reason = "a target stops at the first fault")]
mod targets;

use std::path::Path;

use random::Random;

/// How many changed inputs come from each one of the corpus.
const CHANGED: usize = 40;

fn run(target: &str, take: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut inputs = 0;
    for entry in std::fs::read_dir(corpus).unwrap() {
        let input = std::fs::read(entry.unwrap().path()).unwrap();
        take(&input);
        let random = &mut Random(input.len() as u64);
        for _ in 0..CHANGED {
            take(&changed(random, &input));
        }
        inputs += 1;
    }
    assert!(inputs > 20, "the corpus of {target} is there");
}

fn changed(random: &mut Random, input: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        match random.below(5) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, random.next() as u8),
            2 => bytes.extend_from_slice(&input[at.min(input.len())..]),
            3 => bytes.iter_mut().skip(at).take(4).for_each(|byte| *byte = 0xff),
            _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << random.below(8)),
        }
    }
    bytes
}

#[test]
fn parse_takes_the_corpus() {
    run("parse", targets::parse);
}

#[test]
fn decode_takes_the_corpus() {
    run("decode", targets::decode);
}

#[test]
fn unpack_takes_the_corpus() {
    run("unpack", targets::unpack);
}

#[test]
fn dispatch_takes_the_corpus() {
    run("dispatch", targets::dispatch);
}

#[test]
fn bundle_takes_the_corpus() {
    run("bundle", targets::bundle);
}
