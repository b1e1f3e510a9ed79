//! What must hold for every schema, every value and every input.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[allow(dead_code, reason = "no test takes all of a generated file")]
mod everything {
    include!("generated/everything.rs");
}
mod random;

use proptest::prelude::*;
use random::Random;
use sproto::{Message, MessageRef, Schema, Type, Value};

fn encode(ty: &Type, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    ty.encode(value, &mut out).unwrap();
    out
}

/// A random type and a value of it.
fn message(seed: u64) -> (Type, Value) {
    let random = &mut Random(seed);
    let schema = random::schema(random);
    let ty = schema.require_type("T0").unwrap();
    let value = random::structure(random, &ty, 0);
    (ty, value)
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    sproto::pack(bytes, &mut out);
    out
}

/// The reference's packing, byte by byte as its documentation tells it.
fn packed_plainly(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut run: Vec<[u8; 8]> = Vec::new();
    let close = |run: &mut Vec<[u8; 8]>, out: &mut Vec<u8>| {
        if !run.is_empty() {
            out.extend([0xff, (run.len() - 1) as u8]);
            out.extend(run.drain(..).flatten());
        }
    };
    for chunk in bytes.chunks(8) {
        let word: [u8; 8] = std::array::from_fn(|i| chunk.get(i).copied().unwrap_or(0));
        let nonzero = word.iter().filter(|&&byte| byte != 0).count();
        if nonzero == 8 || (nonzero >= 6 && !run.is_empty()) {
            run.push(word);
            if run.len() == 256 {
                close(&mut run, &mut out);
            }
            continue;
        }
        close(&mut run, &mut out);
        out.push((0..8).filter(|&i| word[i] != 0).map(|i| 1 << i).sum());
        out.extend(word.iter().filter(|&&byte| byte != 0));
    }
    close(&mut run, &mut out);
    out
}

/// Bytes of the kind that packing is made for, and of other kinds.
fn sparse_bytes() -> impl Strategy<Value = Vec<u8>> {
    (0..=10_u8, proptest::collection::vec((any::<u8>(), 0..10_u8), 0..5000)).prop_map(|(density, bytes)| {
        bytes.into_iter().map(|(byte, roll)| if roll < density { byte | 1 } else { 0 }).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_encoded_decodes_to_the_same(seed in any::<u64>()) {
        let (ty, value) = message(seed);
        let bytes = encode(&ty, &value);
        let (back, used) = ty.decode_prefix(&bytes).unwrap();
        prop_assert_eq!(used, bytes.len());
        prop_assert_eq!(encode(&ty, &back), bytes.clone());
        prop_assert_eq!(&back, &value);
        prop_assert_eq!(ty.decode(&[&bytes[..], &[1, 2, 3]].concat()).unwrap(), value);
    }

    #[test]
    fn a_message_cut_anywhere_is_an_error(seed in any::<u64>(), cut in any::<prop::sample::Index>()) {
        let (ty, value) = message(seed);
        let bytes = encode(&ty, &value);
        prop_assert!(ty.decode(&bytes[..cut.index(bytes.len())]).is_err());
    }

    #[test]
    fn a_message_with_bytes_changed_decodes_or_is_an_error(
        seed in any::<u64>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let (ty, value) = message(seed);
        let mut bytes = encode(&ty, &value);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(value) = ty.decode(&bytes) {
            let again = encode(&ty, &value);
            prop_assert_eq!(encode(&ty, &ty.decode(&again).unwrap()), again);
        }
        let _ = sproto::from_bytes::<serde_json::Value>(&ty, &bytes);
    }

    #[test]
    fn a_bundle_holds_all_of_a_schema(seed in any::<u64>()) {
        let (ty, value) = message(seed);
        let bundle = ty.schema().to_bundle();
        let loaded = Schema::from_bundle(&bundle).unwrap();
        prop_assert_eq!(loaded.to_bundle(), bundle);
        let same = loaded.require_type(ty.name()).unwrap();
        prop_assert_eq!(encode(&same, &value), encode(&ty, &value));
    }

    #[test]
    fn any_bytes_are_a_bundle_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Schema::from_bundle(&bytes);
    }

    #[test]
    fn generated_structs_take_what_the_schema_takes(seed in any::<u64>(), cut in any::<bool>()) {
        let schema = Schema::parse(include_str!("generated/everything.sproto")).unwrap();
        let ty = schema.require_type("Role").unwrap();
        let random = &mut Random(seed);
        let role = random::structure(random, &ty, 0);
        let mut bytes = encode(&ty, &role);
        if cut {
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(8);
        }
        // Encoding reads the lists that decoding left alone.
        let mut b = Vec::new();
        let borrowed = everything::RoleRef::decode(&bytes).and_then(|borrowed| borrowed.encode(&mut b));
        match (everything::Role::decode(&bytes), borrowed, ty.decode(&bytes)) {
            (Ok(owned), Ok(()), Ok(value)) => {
                let mut a = Vec::new();
                owned.encode(&mut a).unwrap();
                prop_assert_eq!(&a, &b);
                prop_assert!(cut || a == encode(&ty, &value));
            }
            (Err(_), Err(_), Err(_)) => {}
            // Only a struct promises that its strings are UTF-8.
            (Err(a), Err(b), Ok(_)) => {
                prop_assert!(a.to_string().ends_with("invalid utf-8"), "{}", a);
                prop_assert!(b.to_string().ends_with("invalid utf-8"), "{}", b);
            }
            (owned, borrowed, value) => prop_assert!(false, "{:?}\n{:?}\n{:?}", owned, borrowed, value),
        }
    }

    #[test]
    fn packing_is_the_reference_s_and_comes_back(bytes in sparse_bytes()) {
        let packed = packed(&bytes);
        prop_assert_eq!(&packed, &packed_plainly(&bytes));
        prop_assert!(packed.len() <= bytes.len().next_multiple_of(8) + 2 + 2 * bytes.len().div_ceil(2048));
        let mut back = vec![7];
        sproto::unpack(&packed, bytes.len().next_multiple_of(8), &mut back).unwrap();
        prop_assert_eq!(&back[1..=bytes.len()], &bytes[..]);
        prop_assert!(back[1 + bytes.len()..].iter().all(|&byte| byte == 0));
        prop_assert_eq!(back.len() - 1, bytes.len().next_multiple_of(8));
    }

    #[test]
    fn unpacking_stays_within_its_limit(bytes in proptest::collection::vec(any::<u8>(), 0..400), limit in 0..2000_usize) {
        let mut out = Vec::new();
        match sproto::unpack(&bytes, limit, &mut out) {
            Ok(()) => prop_assert!(out.len() <= limit && out.len() % 8 == 0),
            Err(_) => prop_assert!(out.is_empty()),
        }
    }

    #[test]
    fn any_text_is_a_schema_or_an_error(text in "[.{}()*:#\\n a-c0-9T]{0,60}|\\PC{0,40}") {
        let _ = Schema::parse(&text);
    }
}
