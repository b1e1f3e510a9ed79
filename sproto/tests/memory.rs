//! Peak memory: under 10 times the input plus 1 MiB, on inputs of 1 MiB made to take the most.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Mutex;

use peak_alloc::PeakAlloc;
use sproto::{Schema, Type};

#[global_allocator]
static PEAK: PeakAlloc = PeakAlloc;

/// The peak is one for the whole process: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

const MIB: usize = 1 << 20;

const TEXT: &str = "
.T { n 0 : integer  b 1 : boolean  d 2 : integer(2)  s 3 : *string  bins 4 : *binary  flags 5 : *boolean  numbers 6 : *integer
     doubles 7 : *double  list 8 : *T  by_n 9 : *T(n)  pairs 10 : *P()  me 11 : T  text 12 : string }
.P { k 0 : integer  v 1 : integer }
";

fn ty() -> Type {
    Schema::parse(TEXT).unwrap().require_type("T").unwrap()
}

/// A message of one field, `tag`, whose data is `unit` over and over, after `head`.
fn message(tag: u16, head: &[u8], unit: &[u8]) -> Vec<u8> {
    let mut data = head.to_vec();
    while data.len() + unit.len() + 16 < MIB {
        data.extend_from_slice(unit);
    }
    let mut out = if tag == 0 { vec![1, 0] } else { [[2, 0], (tag * 2 - 1).to_le_bytes()].concat() };
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&(data.len() as u32).to_le_bytes());
    out.extend_from_slice(&data);
    out
}

fn peak_of<T>(input: &[u8], work: impl FnOnce(&[u8]) -> T) -> usize {
    let before = PEAK.current_usage();
    PEAK.reset_peak_usage();
    let result = work(input);
    let peak = PEAK.peak_usage().saturating_sub(before);
    drop(result);
    peak
}

#[test]
fn a_decoded_value_takes_less_than_ten_times_its_bytes() {
    let _alone = ALONE.lock().unwrap();
    let ty = ty();
    let cases: &[(&str, Vec<u8>)] = &[
        ("empty strings", message(3, b"", b"\0\0\0\0")),
        ("strings of one byte", message(3, b"", b"\x01\0\0\0x")),
        (
            "strings just too long to be held inline",
            message(3, b"", &[&[25, 0, 0, 0][..], &[b'x'; 25]].concat()),
        ),
        ("binaries of one byte", message(4, b"", b"\x01\0\0\0x")),
        ("booleans", message(5, b"", b"\x01")),
        ("integers", message(6, b"\x04", b"\x01\0\0\0")),
        ("doubles", message(7, b"\x08", &1.5_f64.to_le_bytes())),
        ("empty structs", message(8, b"", b"\x02\0\0\0\0\0")),
        ("structs of an integer", message(8, b"", b"\x04\0\0\0\x01\0\x04\0")),
        ("structs of inline fields", message(8, b"", b"\x08\0\0\0\x03\0\x04\0\x04\0\x04\0")),
        ("structs of empty arrays", message(8, b"", b"\x0a\0\0\0\x02\0\x0f\0\0\0\0\0\0\0")),
        ("keyed by an integer", message(9, b"", b"\x04\0\0\0\x01\0\x04\0")),
        ("pairs", message(10, b"", b"\x06\0\0\0\x02\0\x04\0\x04\0")),
    ];
    for (what, input) in cases {
        let peak = peak_of(input, |input| ty.decode(input).unwrap());
        assert!(peak < 10 * input.len() + MIB, "{what}: {peak} bytes for {}", input.len());
    }
}

#[test]
fn unpacking_takes_what_its_limit_allows() {
    let _alone = ALONE.lock().unwrap();
    let zeros = vec![0; MIB];
    let peak = peak_of(&zeros, |input| sproto::unpack(input, 2 * MIB, &mut Vec::new()));
    assert!(peak < 10 * MIB, "{peak}");
}

#[test]
fn a_refused_schema_takes_less_than_ten_times_its_text() {
    let _alone = ALONE.lock().unwrap();
    let cases =
        [".".repeat(MIB), format!(".{} {{", "x".repeat(MIB)), "# ".repeat(MIB / 2), ".A{".repeat(MIB / 3)];
    for text in cases {
        let peak = peak_of(text.as_bytes(), |_| Schema::parse(&text));
        assert!(peak < 11 * MIB, "{peak} for {:?}", &text[..10]);
    }
}

/// What a hostile schema may make us take is 32 MiB.
#[test]
fn a_schema_of_100_000_small_things_takes_less_than_32_mib() {
    let _alone = ALONE.lock().unwrap();
    let many = |count: usize, each: fn(usize) -> String| (0..count).map(each).collect::<String>();
    let cases = [
        ("types of one field", many(100_000, |i| format!(".T{i} {{ x 0 : integer }}\n"))),
        ("types of two", many(70_000, |i| format!(".T{i} {{ x 0 : *T7(x)  y 1 : T7 }}\n"))),
        ("types without fields", many(100_000, |i| format!(".T{i}{{}} "))),
        ("documented types", many(100_000, |i| format!("#a\n.T{i} {{\n#b\nx 0 : integer }}\n"))),
        ("nested types", format!(".A {{ {} }}", many(100_000, |i| format!(".T{i} {{ x 0 : integer }} ")))),
        ("fields of one type", format!(".A {{ {} }}", many(100_000, |i| format!("f{i} {i}:A ")))),
        ("protocols", many(100_000, |i| format!("p{i} {i} {{}} "))),
        ("protocols with types", many(70_000, |i| format!("p{i} {i} {{request {{}}}} "))),
    ];
    for (what, text) in cases {
        let peak = peak_of(text.as_bytes(), |_| Schema::parse(&text));
        assert!(peak < 32 * MIB, "{what}: {peak}");
    }
}
