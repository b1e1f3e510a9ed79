//! Schema text: what parses into what, and what each fault is told as.

use sproto::{Error, Kind, Schema, Shape};

/// text, error
const FAULTS: &[(&str, &str)] = &[
    // Grammar: the first place that does not fit.
    ("{", "=text:1:1: syntax error: expected a type, a protocol or the end, found `{`"),
    (".", "=text:1:2: syntax error: expected a type name, found the end of the text"),
    (".A", "=text:1:3: syntax error: expected `{`, found the end of the text"),
    (".A {", "=text:1:5: syntax error: expected a field, a nested type or `}`, found the end of the text"),
    (".A { a 0 ; }", "=text:1:10: syntax error: expected `:` and the field's type, found `;`"),
    (".A { a : integer }", "=text:1:8: syntax error: expected the field's tag, found `:`"),
    (
        ".A { a\u{a0}0 : integer }",
        "=text:1:7: syntax error: expected a blank between the field's name and its tag, found `\\u{a0}`",
    ),
    (".A { a 0 : * integer }", "=text:1:13: syntax error: expected a type, found ` `"),
    (".A { a 0 : }", "=text:1:12: syntax error: expected a type, found `}`"),
    (".A { a 0 : B. }", "=text:1:14: syntax error: expected the rest of a type name, found ` `"),
    (".A { a 0 : integer(2 }", "=text:1:22: syntax error: expected `)`, found `}`"),
    (".A {}\np 1 { request{} }", "=text:2:14: syntax error: expected a blank and a type, found `{`"),
    (
        ".A {}\np 1 { answer A }",
        "=text:2:7: syntax error: expected `request`, `response` or `}`, found `answer`",
    ),
    (".A {}\n\tprotocol { }", "=text:2:11: syntax error: expected the protocol's tag, found `{`"),
    (
        "\u{feff}.A {}",
        "=text:1:1: syntax error: expected a type, a protocol or the end, found a byte order mark",
    ),
    (".A {}\0", "=text:1:6: syntax error: expected a type, a protocol or the end, found `\\0`"),
    (
        ".A {\r\n\ra 0 : integer }",
        "=text:2:1: syntax error: expected a field, a nested type or `}`, found `\\r`",
    ),
    // Only the last declarations may touch each other.
    (".A{} .B{}.C{} .D{}", "=text:1:15: syntax error: expected a type, a protocol or the end, found `.`"),
    // Declarations that contradict each other name both places.
    (".A { a 0 : integer\n a 1 : string }", "=text:2: redefine a in type A (first defined at =text:1)"),
    (".A { a 1 : integer\n b 01 : string }", "=text:2: redefine tag 1 in type A (first defined at =text:1)"),
    (".A {}\n.A {}", "=text:2: redefined A (first defined at =text:1)"),
    (".A { .B {}\n .B {} }", "=text:2: redefined A.B (first defined at =text:1)"),
    (".A {}\np 1 {}\np 2 {}", "=text:3: redefined p (first defined at =text:2)"),
    (".A {}\np 1 {}\nq 1 {}", "=text:3: redefined protocol tag 1 at q (first defined at =text:2)"),
    (".A {}\np 1 { request A\n request A }", "=text:3: redefine request in protocol p"),
    // References.
    (".A {\n b 0 : B }", "=text:2: Undefined type B in type A; declare it, or use a builtin type"),
    (
        ".A { .B {} }\np 1 { request B }",
        "=text:2: Undefined request type B in protocol p; a protocol names its types in full and takes no builtin",
    ),
    (
        ".A {}\np 1 { response string }",
        "=text:2: Undefined response type string in protocol p; a protocol names its types in full and takes no builtin",
    ),
    // Brackets.
    (
        ".A { a 0 : *A(x) }",
        "=text:1: Invalid map index :x; the key must be a field of the type, and of a builtin type",
    ),
    (
        ".A { a 0 : *A(2) }",
        "=text:1: Invalid map index :2; the key must be a field of the type, and of a builtin type",
    ),
    (".A { a 0 : *A() }", "=text:1: Invalid map definition: a, must only have two fields"),
    (
        ".A { a 0 : string(2) }",
        "=text:1: brackets of no meaning after the type of field a; write integer(digits), *Type(key field) or *Type()",
    ),
    // Numbers.
    (
        ".A { a 32767 : string }",
        "=text:1: tag 32767 of field a in type A is too large; tags go from 0 to 32766",
    ),
    (
        ".A {}\np 99999999999999999999 {}",
        "=text:2: the tag of protocol p is too large; tags go from 0 to 32766",
    ),
    ("p 1 {}", "=text:1: protocol p in a schema without types; declare one type at least, `.package {}`"),
];

#[test]
fn every_fault_is_told_with_its_place_and_what_was_expected() {
    for (text, wanted) in FAULTS {
        let got = Schema::parse(text).map(|_| "parses".to_owned()).unwrap_or_else(|error| error.to_string());
        assert_eq!(got, *wanted, "in {text:?}");
    }
}

#[test]
fn a_type_in_two_files_is_told_with_both_places() {
    let error = Schema::from_texts([("msg.sproto", "\n.Msg {}"), ("login.sproto", ".Login {}\n.Msg {}")]);
    assert_eq!(
        error.unwrap_err().to_string(),
        "login.sproto:2: redefined Msg (first defined at msg.sproto:2)"
    );
}

#[test]
fn files_refer_to_each_other_in_any_order() {
    let schema = Schema::from_texts([("a", ".A { b 0 : B }"), ("b", ".B {}")]).unwrap();
    let a = schema.type_by_name("A").unwrap();
    assert_eq!(a.type_of(&a.fields()[0]).unwrap().name(), "B");
}

#[test]
fn names_are_looked_up_from_the_inside_out() {
    let text = ".A { .B { .C {} c 0 : C d 1 : D a 2 : A }  .D {}  bc 0 : B.C }  .C {}  .D {}";
    let schema = Schema::parse(text).unwrap();
    let target = |owner: &str, field: &str| {
        let ty = schema.type_by_name(owner).unwrap();
        ty.type_of(ty.field(field).unwrap()).unwrap().name().to_owned()
    };
    assert_eq!(target("A.B", "c"), "A.B.C");
    assert_eq!(target("A.B", "d"), "A.D");
    assert_eq!(target("A.B", "a"), "A");
    assert_eq!(target("A", "bc"), "A.B.C");
}

#[test]
fn kinds_and_shapes_are_what_the_text_says() {
    let text = ".A { a 0 : integer(2)  b 1 : *integer  c 2 : *P(id)  d 3 : *P()  e 4 : P(id)  f 5 : binary }
        .P { id 0 : integer  name 1 : string }";
    let schema = Schema::parse(text).unwrap();
    let a = schema.type_by_name("A").unwrap();
    let p = schema.type_by_name("P").unwrap().id();
    let parts: Vec<_> = a.fields().iter().map(|field| (field.kind(), field.shape())).collect();
    assert_eq!(
        parts,
        [
            (Kind::Decimal { scale: 100 }, Shape::Single),
            (Kind::Integer, Shape::Array),
            (Kind::Struct(p), Shape::Keyed { key: 0 }),
            (Kind::Struct(p), Shape::Map { key: 0, value: 1 }),
            (Kind::Struct(p), Shape::Single),
            (Kind::Binary, Shape::Single),
        ]
    );
}

#[test]
fn protocols_are_found_by_name_and_by_tag() {
    let text = ".A {}  p 7 { request A  response { ok 0 : boolean } }  q 3 { response nil }";
    let schema = Schema::parse(text).unwrap();
    let p = schema.protocol_by_tag(7).unwrap();
    assert_eq!((p.name(), p.tag(), p.confirm()), ("p", 7, false));
    assert_eq!(p.request().unwrap().name(), "A");
    assert_eq!(p.response().unwrap().name(), "p.response");
    let q = schema.protocol_by_name("q").unwrap();
    assert!(q.confirm() && q.request().is_none() && q.response().is_none());
    assert!(schema.protocol_by_tag(4).is_none());
}

#[test]
fn comments_above_a_declaration_are_its_docs() {
    let text = "# the file\n\n# A role.\n#   Two lines.\n.Role { # not this\n  # Its name.\n  name 0 : string # nor this\n  level 1 : integer }";
    let schema = Schema::parse(text).unwrap();
    let role = schema.type_by_name("Role").unwrap();
    assert_eq!(role.doc(), "A role.\n  Two lines.\n");
    assert_eq!(role.field("name").unwrap().doc(), "Its name.\n");
    assert_eq!(role.field("level").unwrap().doc(), "");
}

#[test]
fn a_directory_is_read_with_all_below_it() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("deep")).unwrap();
    std::fs::write(root.path().join("b.sproto"), ".B { a 0 : A }").unwrap();
    std::fs::write(root.path().join("deep/a.sproto"), b".A {} # \xff").unwrap();
    std::fs::write(root.path().join("notes.txt"), "no schema").unwrap();
    assert_eq!(Schema::from_dir(root.path()).unwrap().types().len(), 2);

    std::fs::write(root.path().join("c.sproto"), "\n.B {}").unwrap();
    let root_name = root.path().display();
    assert_eq!(
        Schema::from_dir(root.path()).unwrap_err().to_string(),
        format!("{root_name}/c.sproto:2: redefined B (first defined at {root_name}/b.sproto:1)")
    );
}

#[test]
fn a_directory_without_schemas_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let error = Schema::from_dir(root.path()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot read {}: it holds no *.sproto file", root.path().display())
    );
    assert!(matches!(Schema::from_dir("/nowhere/at/all"), Err(Error::Read(_))));
}

#[test]
fn hostile_texts_are_parsed_or_refused_in_linear_time() {
    let touching = ".A{".repeat(40) + &"}".repeat(40);
    assert_eq!(Schema::parse(&touching).unwrap().types().len(), 40);
    let error = Schema::parse(&".A{".repeat(100_000)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "=text:1:196: syntax error: expected types nested at most 64 deep, found `.`"
    );
    let many: String = (0..100_000).map(|i| format!(".T{i} {{ x 0 : integer }}\n")).collect();
    assert_eq!(Schema::parse(&many).unwrap().types().len(), 100_000);
    let long = "x".repeat(1 << 20);
    assert_eq!(Schema::parse(&format!(".{long} {{ {long} 0 : {long} }}")).unwrap().types().len(), 1);
    assert!(Schema::parse(&format!(".A {{ {long}")).unwrap_err().to_string().len() < 200);
}
