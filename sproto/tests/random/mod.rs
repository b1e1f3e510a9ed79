//! Random schemas and values, all of one seed.

use sproto::{Array, Field, Kind, Map, Schema, Shape, Struct, Type, Value};

/// A small generator (splitmix64); the same seed gives the same numbers.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// A schema of a few types `T0`, `T1`, ..., and `P`, which has a key and a value.
pub(crate) fn schema(random: &mut Random) -> Schema {
    let types = 1 + random.below(4);
    let mut text = String::from(".P { key 1 : string  value 4 : T0 }\n");
    for ty in 0..types {
        let mut tag = 0;
        // The first field is the key that maps go by.
        let mut fields =
            vec![format!("id {} : {}", random.below(3), random.one_of(&["integer", "string", "boolean"]))];
        for field in 0..random.below(8) {
            tag += 3 + random.one_of(&[0, 0, 0, 1, 2, 50, 2000]);
            fields.push(format!("f{field} {tag} : {}", field_type(random, types)));
        }
        text += &format!(".T{ty} {{ {} }}\n", fields.join("  "));
    }
    Schema::parse(&text).unwrap()
}

fn field_type(random: &mut Random, types: usize) -> String {
    let other = format!("T{}", random.below(types));
    let builtin = random.one_of(&["integer", "integer(2)", "boolean", "double", "string", "binary"]);
    match random.below(10) {
        0..=3 => builtin.to_owned(),
        4..=6 => format!("*{builtin}"),
        7 => other,
        8 => format!("*{other}"),
        _ => random.one_of(&["*T0(id)", "*P()"]).to_owned(),
    }
}

/// A struct of `ty`, with fewer fields the deeper it is.
pub(crate) fn structure(random: &mut Random, ty: &Type, depth: usize) -> Value {
    let mut fields = Struct::new();
    for field in ty.fields() {
        let wanted = field.name() == "id" || random.below(2 + 2 * depth) == 0;
        if wanted {
            fields.set(field.name(), value(random, ty, field, depth));
        }
    }
    fields.into()
}

fn value(random: &mut Random, ty: &Type, field: &Field, depth: usize) -> Value {
    let len = random.one_of(&[0, 1, 2, 5]);
    match (field.shape(), ty.type_of(field)) {
        (Shape::Map { key, value: at }, Some(item)) => {
            let (key, at) = (item.fields()[key].kind(), &item.fields()[at]);
            let entry = |i| (self::key(key, i), value(random, &item, at, depth + 1));
            (0..len).map(entry).collect::<Map>().into()
        }
        (Shape::Keyed { key }, Some(item)) => keyed(random, &item, &item.fields()[key], len, depth),
        (Shape::Single, _) => single(random, ty, field, depth),
        _ => (0..len).map(|_| single(random, ty, field, depth)).collect::<Array>().into(),
    }
}

/// Keys that differ: of two that are the same only one would come back.
fn key(kind: Kind, i: usize) -> Value {
    match kind {
        Kind::Integer => Value::from(i as i64 - 1),
        Kind::Boolean => (i == 1).into(),
        Kind::Double => (i as f64 / 2.0).into(),
        _ => format!("k{i}").into(),
    }
}

fn keyed(random: &mut Random, item: &Type, key_field: &Field, len: usize, depth: usize) -> Value {
    let len = if key_field.kind() == Kind::Boolean { len.min(2) } else { len };
    let entry = |i: usize| {
        let id = key(key_field.kind(), i);
        let Value::Struct(fields) = structure(random, item, depth + 1) else { return (id, Value::Nil) };
        (id.clone(), fields.with(key_field.name(), id).into())
    };
    (0..len).map(entry).collect::<Map>().into()
}

fn single(random: &mut Random, ty: &Type, field: &Field, depth: usize) -> Value {
    match field.kind() {
        Kind::Integer => integer(random).into(),
        Kind::Decimal { scale } => ((integer(random) >> 20) as f64 / f64::from(scale)).into(),
        Kind::Boolean => (random.below(2) == 1).into(),
        Kind::Double => f64::from_bits(random.next() >> 2).into(),
        Kind::String => "text ä\0".repeat(random.below(6)).into(),
        Kind::Binary => random.next().to_le_bytes()[..random.below(9)].into(),
        _ => ty.type_of(field).map_or(Value::Nil, |ty| structure(random, &ty, depth + 1)),
    }
}

/// All widths alike, and their edges.
fn integer(random: &mut Random) -> i64 {
    let edge =
        random.one_of(&[0, 32_766, 32_767, i64::from(i32::MAX), i64::from(i32::MIN), i64::MAX, i64::MIN]);
    match random.below(3) {
        0 => edge.wrapping_add(random.below(3) as i64 - 1),
        1 => random.below(40_000) as i64,
        _ => (random.next() as i64) >> random.below(64),
    }
}
