//! Filling a bundle: a folder of .sproto files, mods with what belongs to them, and data. Folders and files come in; paths inside
//! the bundle with their contents go out.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::message::Bundle;

/// The most bytes of all files together: with its frame the bundle must fit one control message.
const LARGEST: u64 = 16 << 20;

/// The deepest that folders may be nested; a link that leads back up ends here.
const DEEPEST: usize = 16;

/// What is shipped of a folder of mods.
const OF_MODS: [&str; 6] = ["lua", "sproto", "csv", "jsonl", "json", "txt"];

/// Files for the workers.
#[derive(Debug, Default)]
pub struct Files {
    files: Vec<(String, Vec<u8>)>,
    bytes: u64,
}

impl Files {
    /// Takes all .sproto files of a folder and those inside it, at the bundle's root.
    ///
    /// # Errors
    /// When there is no such folder or file, or they can't be read or are too large; with what to do.
    pub fn take_schema(&mut self, folder: &str) -> Result<(), String> {
        let root = folder_of(folder, ".sproto files")?;
        let before = self.files.len();
        self.walk(root, "", &["sproto"], 0)?;
        if self.files.len() == before {
            return Err("no .sproto file in it; name the folder that they are in".into());
        }
        Ok(())
    }

    /// Takes a folder of mods, under `mods/`; the mods' names.
    ///
    /// # Errors
    /// As [`Files::take_schema`], and when there is no mod.
    pub fn take_mods(&mut self, folder: &str) -> Result<Vec<String>, String> {
        let root = folder_of(folder, "mods")?;
        let before = self.files.len();
        self.walk(root, "mods/", &OF_MODS, 0)?;
        let mut names: Vec<_> = self.files[before..].iter().filter_map(|(path, _)| mod_of(path)).collect();
        names.sort();
        if names.is_empty() {
            return Err("no mod in it; a mod is a folder NAME with a file NAME_mod.lua".into());
        }
        Ok(names)
    }

    /// Takes one file, under that path.
    ///
    /// # Errors
    /// When it can't be read, is too large, or another has that path.
    pub fn take(&mut self, path: &Path, name: String) -> Result<&[u8], String> {
        if self.files.iter().any(|(other, _)| *other == name) {
            return Err(format!("{name} is in the bundle already; rename the file"));
        }
        let unreadable = |e| format!("{} can't be read ({e}); check name and rights", path.display());
        let left = LARGEST - self.bytes;
        let content = read_up_to(path, left).map_err(unreadable)?;
        let content = content.ok_or_else(|| {
            self.bytes = LARGEST; // what comes after it would not help
            format!("more than {} MiB of files for the workers; leave some out", LARGEST >> 20)
        })?;
        self.bytes += content.len() as u64;
        self.files.push((name, content));
        Ok(self.files.last().map_or(&[], |(_, content)| content))
    }

    /// The bundle of all that was taken.
    pub fn into_bundle(self) -> Bundle {
        Bundle::new(self.files)
    }

    fn walk(&mut self, folder: &Path, inside: &str, endings: &[&str], depth: usize) -> Result<(), String> {
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
            let ending = path.extension().and_then(|ending| ending.to_str());
            if path.is_dir() {
                let name = name.ok_or_else(|| not_utf8(&path))?;
                self.walk(&path, &format!("{name}/"), endings, depth + 1)?;
            } else if ending.is_some_and(|ending| endings.contains(&ending)) {
                self.take(&path, name.ok_or_else(|| not_utf8(&path))?)?;
            }
        }
        Ok(())
    }
}

/// The content of a file; none if it is larger. A huge file, or one without an end, costs no more memory than allowed.
///
/// # Errors
/// When it can't be read.
pub fn read_up_to(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut content = Vec::new();
    fs::File::open(path)?.take(most + 1).read_to_end(&mut content)?;
    Ok(Some(content).filter(|content| content.len() as u64 <= most))
}

fn folder_of<'a>(folder: &'a str, what: &str) -> Result<&'a Path, String> {
    let root = Path::new(folder);
    if !root.exists() {
        return Err(format!("no such folder; name one with {what}"));
    }
    if !root.is_dir() {
        return Err(format!("not a folder; name the one that the {what} are in"));
    }
    Ok(root)
}

/// The name of the mod whose first file this is: `mods/NAME/NAME_mod.lua`.
fn mod_of(path: &str) -> Option<String> {
    let (name, file) = path.strip_prefix("mods/")?.split_once('/')?;
    (file.strip_suffix("_mod.lua")? == name).then(|| name.to_owned())
}

fn not_utf8(path: &Path) -> String {
    format!("the name {} is not UTF-8; rename it", path.to_string_lossy())
}
