//! The folder of .sproto files that goes to the workers as the bundle.

use std::fs;
use std::path::Path;

use proto::message::Bundle;

/// The most bytes of all files together: with its frame it must fit one control message.
const LARGEST: u64 = 16 << 20;

/// The deepest that folders may be nested; a link that leads back up ends here.
const DEEPEST: usize = 16;

/// Loads all .sproto files of a folder and those inside it.
///
/// # Errors
/// When there is no such folder or file, or they can't be read or are too large; with what to do.
pub(crate) fn load(folder: &str) -> Result<Bundle, String> {
    let root = Path::new(folder);
    if !root.exists() {
        return Err("no such folder; name one with .sproto files".into());
    }
    if !root.is_dir() {
        return Err("not a folder; name the one that the .sproto files are in".into());
    }
    let mut found = Found::default();
    found.walk(root, "", 0)?;
    if found.files.is_empty() {
        return Err("no .sproto file in it; name the folder that they are in".into());
    }
    Ok(Bundle::new(found.files))
}

#[derive(Default)]
struct Found {
    files: Vec<(String, Vec<u8>)>,
    bytes: u64,
}

impl Found {
    fn walk(&mut self, folder: &Path, inside: &str, depth: usize) -> Result<(), String> {
        if depth > DEEPEST {
            return Err(format!(
                "folders nested deeper than {DEEPEST} at {}; flatten them",
                folder.display()
            ));
        }
        let unreadable = |e| format!("{} can't be read ({e}); check its rights", folder.display());
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).map(|name| format!("{inside}{name}"));
            if path.is_dir() {
                let name = name.ok_or_else(|| not_utf8(&path))?;
                self.walk(&path, &format!("{name}/"), depth + 1)?;
            } else if path.extension().is_some_and(|ending| ending == "sproto") {
                self.take(&path, name.ok_or_else(|| not_utf8(&path))?)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, path: &Path, name: String) -> Result<(), String> {
        let unreadable = |e| format!("{} can't be read ({e}); check its rights", path.display());
        // Its size is asked before it is read, so that a huge file costs no memory.
        self.bytes = self.bytes.saturating_add(fs::metadata(path).map_err(unreadable)?.len());
        if self.bytes > LARGEST {
            return Err(format!("more than {} MiB of .sproto files; leave some out", LARGEST >> 20));
        }
        self.files.push((name, fs::read(path).map_err(unreadable)?));
        Ok(())
    }
}

fn not_utf8(path: &Path) -> String {
    format!("the name {} is not UTF-8; rename it", path.to_string_lossy())
}
