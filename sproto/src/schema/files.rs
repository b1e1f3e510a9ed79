//! Reads schema files from a directory: the one place of this crate that touches the file system.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, ReadError, Result};

/// Name and text of every `*.sproto` file below `directory`, by path.
pub(crate) fn read_dir(directory: &Path) -> Result<Vec<(String, String)>> {
    let paths = list_files(directory)?;
    if paths.is_empty() {
        let source = std::io::Error::new(std::io::ErrorKind::NotFound, "it holds no *.sproto file");
        return Err(unreadable(directory, source));
    }
    paths.iter().map(|path| Ok((path.display().to_string(), read_file(path)?))).collect()
}

/// The paths of every `*.sproto` file below `directory`, sorted. Linked directories are not entered.
pub(crate) fn list_files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut left = vec![directory.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(&directory).map_err(|source| unreadable(&directory, source))? {
            let entry = entry.map_err(|source| unreadable(&directory, source))?;
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                left.push(path);
            } else if path.extension().is_some_and(|extension| extension == "sproto") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Comments may hold any bytes; anywhere else the parser refuses what is not ASCII.
pub(crate) fn read_file(path: &Path) -> Result<String> {
    let bytes = fs::read(path).map_err(|source| unreadable(path, source))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn unreadable(path: &Path, source: std::io::Error) -> Error {
    Error::Read(Box::new(ReadError { path: path.to_owned(), source }))
}
