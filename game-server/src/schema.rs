//! Holds the schema files of a directory against the role protocol that this server was built with.

use std::path::Path;

use sproto::{Field, Kind, Schema, Shape, Type};

use crate::error::Error;

/// Reads the directory, and makes sure that it says of the role protocol's types what this server speaks.
/// Other types may be there too.
///
/// # Errors
/// Files that can't be read or don't hold together, and types that are missing or differ.
pub fn check(directory: &Path) -> Result<(), Error> {
    let given = Schema::from_dir(directory)?;
    let ours = Schema::from_texts(proto::game::FILES)?;
    let faults: Vec<_> = ours.types().filter_map(|ty| fault(&ty, &given)).collect();
    if faults.is_empty() {
        return Ok(());
    }
    Err(Error::OtherProtocol { directory: directory.display().to_string(), faults: faults.join("; ") })
}

/// What is wrong with the given schema's idea of one type.
fn fault(ours: &Type, given: &Schema) -> Option<String> {
    let name = ours.name();
    let Some(theirs) = given.type_by_name(name) else {
        return Some(format!("type `{name}` is missing"));
    };
    let (ours, theirs) = (lines(ours), lines(&theirs));
    (ours != theirs)
        .then(|| format!("type `{name}` has {{{}}} instead of {{{}}}", theirs.join(", "), ours.join(", ")))
}

/// The fields as schema text has them.
fn lines(ty: &Type) -> Vec<String> {
    let line = |field: &Field| {
        let star = if field.shape() == Shape::Single { "" } else { "*" };
        format!("{} {}:{star}{}", field.name(), field.tag(), kind_name(ty, field))
    };
    ty.fields().iter().map(line).collect()
}

fn kind_name(ty: &Type, field: &Field) -> String {
    match field.kind() {
        Kind::Integer => "integer".into(),
        Kind::Boolean => "boolean".into(),
        Kind::Double => "double".into(),
        Kind::String => "string".into(),
        Kind::Binary => "binary".into(),
        // Kinds that the role protocol has none of; any name that is not one of the above sets them apart.
        Kind::Struct(_) => ty.type_of(field).map_or_else(String::new, |of| of.name().to_owned()),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: [(&str, &str); 3] = proto::game::FILES;

    fn checked(files: &[(&str, &str)]) -> Result<(), String> {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        let said = check(directory.path()).map_err(|error| error.to_string());
        said.map_err(|text| text.replace(&directory.path().display().to_string(), "DIR"))
    }

    #[test]
    fn the_role_protocol_passes_with_other_types_beside_it() {
        assert_eq!(checked(&[ROLE[0], ROLE[1], ROLE[2], ("z.sproto", ".Other { n 0 : integer }")]), Ok(()));
    }

    #[test]
    fn a_type_that_is_missing_or_differs_is_named() {
        let other = ".LoginReuest {}\n.LoginRespone { MyValue 1 : string }\n.ServerListRequest {}";
        assert_eq!(
            checked(&[ROLE[0], ("login.sproto", other), ROLE[2]]).unwrap_err(),
            "--schema DIR: type `LoginRespone` has {MyValue 1:string} instead of {MyValue 0:integer}; \
             type `ServerListResponse` is missing; \
             take the types of the role protocol as they are, or leave --schema out"
        );
    }

    #[test]
    fn a_type_defined_twice_names_both_files() {
        let said =
            checked(&[ROLE[0], ROLE[1], ROLE[2], ("twice.sproto", ".Msg { Name 0 : string }")]).unwrap_err();
        assert!(said.contains("DIR/msg.sproto") && said.contains("DIR/twice.sproto"), "{said}");
        assert_eq!(said.lines().count(), 1);
    }
}
