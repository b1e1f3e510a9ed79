//! Fuzzes `dispatch`: see `../src/lib.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sproto_fuzz::dispatch(data));
