//! What each fuzz target does with its input. No input may panic, hang, or break what is asserted here.

use std::sync::OnceLock;

use sproto::rpc::{Dispatch, Host};
use sproto::{Schema, Type};

/// Every kind of field, recursive, with maps.
const TEXT: &str = "
.T { n 0 : integer  s 1 : string  b 2 : boolean  d 3 : double  st 4 : T  ia 5 : *integer  sa 6 : *string  ba 7 : *boolean
     da 8 : *double  ta 9 : *T  bin 10 : binary  dec 11 : integer(2)  deca 12 : *integer(1)  m 13 : *T(n)  kv 14 : *KV() }
.KV { k 0 : string  v 1 : T }
.package { type 0 : integer  session 1 : integer  ud 2 : T }
foobar 1 { request { what 0 : string }  response { ok 0 : boolean } }
foo 2 { response { ok 0 : boolean } }
bar 3 { response nil }
blackhole 4 {}
deep 5 { request T  response T }
";

fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| Schema::parse(TEXT).unwrap())
}

fn ty() -> Type {
    schema().require_type("T").unwrap()
}

/// Any text is a schema or an error; a schema survives its own bundle.
pub fn parse(data: &[u8]) {
    let Ok(schema) = Schema::parse(&String::from_utf8_lossy(data)) else { return };
    let bundle = schema.to_bundle();
    if let Ok(loaded) = Schema::from_bundle(&bundle) {
        assert_eq!(loaded.to_bundle(), bundle);
    }
}

/// What decodes encodes again, to bytes that decode and encode to themselves.
pub fn decode(data: &[u8]) {
    let Ok((value, used)) = ty().decode_prefix(data) else { return };
    assert!(used <= data.len());
    let mut bytes = Vec::new();
    ty().encode(&value, &mut bytes).unwrap();
    let mut again = Vec::new();
    ty().encode(&ty().decode(&bytes).unwrap(), &mut again).unwrap();
    assert_eq!(again, bytes);
}

/// What unpacks packs again, to bytes that unpack to the same, and never grows beyond its limit.
pub fn unpack(data: &[u8]) {
    const LIMIT: usize = 1 << 16;
    let mut bytes = Vec::new();
    if sproto::unpack(data, LIMIT, &mut bytes).is_err() {
        return;
    }
    assert!(bytes.len() <= LIMIT && bytes.len() % 8 == 0);
    let (mut packed, mut again) = (Vec::new(), Vec::new());
    sproto::pack(&bytes, &mut packed);
    sproto::unpack(&packed, LIMIT, &mut again).unwrap();
    assert_eq!(again, bytes);
}

/// Any frame is a request, a response or an error; a request can be answered and the answer is taken once.
pub fn dispatch(data: &[u8]) {
    let host = Host::new(schema()).unwrap().limit(1 << 16);
    host.attach(schema()).request("bar", &(), Some(1)).unwrap();
    if let Ok(Dispatch::Request(request)) = host.dispatch(data)
        && let Some(responder) = request.responder
    {
        let _ = responder.respond(&());
    }
    assert!(host.pending() <= 1);
}

/// Any bytes are a bundle or an error; a loaded schema can be used and written.
pub fn bundle(data: &[u8]) {
    let Ok(schema) = Schema::from_bundle(data) else { return };
    let _ = schema.to_bundle();
    for ty in schema.types() {
        let _ = ty.decode(data);
        let _ = ty.default_value();
    }
}
