//! The messages that may come and go: the schema of a run, from its bundle.

use proto::message::Bundle;
use sproto::Schema;

/// The schema of a run.
#[derive(Debug, Clone)]
pub(crate) struct Protocol {
    schema: Schema,
}

impl Protocol {
    /// The schema of the `.sproto` files in a bundle; the role protocol if the bundle has none.
    ///
    /// # Errors
    /// What is wrong in the files, with file and line; one sentence each.
    pub(crate) fn from_bundle(bundle: &Bundle) -> Result<Self, Vec<String>> {
        let mut texts = Vec::new();
        let mut faults = Vec::new();
        for (path, content) in bundle.files.iter().filter(|(path, _)| path.ends_with(".sproto")) {
            match std::str::from_utf8(content) {
                Ok(text) => texts.push((path.as_str(), text)),
                Err(e) => faults.push(format!(
                    "{path}: not UTF-8 from byte {} on; save the file as UTF-8",
                    e.valid_up_to()
                )),
            }
        }
        if texts.is_empty() {
            texts.extend(proto::game::FILES);
        }
        let schema = Schema::from_texts(texts).map_err(|e| faults.push(e.to_string()));
        match schema {
            Ok(schema) if faults.is_empty() => Ok(Self { schema }),
            _ => Err(faults),
        }
    }

    /// Whether the schema has a message of this name.
    pub(crate) fn knows(&self, message: &str) -> bool {
        self.schema.type_by_name(message).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(files: &[(&str, &[u8])]) -> Result<Protocol, Vec<String>> {
        Protocol::from_bundle(&Bundle::new(
            files.iter().map(|(path, text)| ((*path).into(), text.to_vec())).collect(),
        ))
    }

    #[test]
    fn an_empty_bundle_means_the_role_protocol() {
        let protocol = load(&[]).unwrap();
        assert!(protocol.knows("LoginReuest") && !protocol.knows("LoginRequest"));
    }

    #[test]
    fn faults_come_with_their_files() {
        let faults =
            load(&[("a.sproto", b".A {}"), ("b.sproto", b"\n.A {}"), ("c.sproto", b"\xff")]).unwrap_err();
        assert_eq!(faults.len(), 2);
        assert_eq!(faults[0], "c.sproto: not UTF-8 from byte 0 on; save the file as UTF-8");
        assert!(faults[1].contains("a.sproto:1") && faults[1].contains("b.sproto:2"), "{}", faults[1]);
    }
}
