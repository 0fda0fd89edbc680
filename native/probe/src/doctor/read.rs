//! Reads `go.mod`, `go.work` and settings: regular files of a bounded size, whatever bytes are in them.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use stallscope_doctor::gomod::{MAX_BYTES, parse_mod, parse_work};
use stallscope_doctor::workspace::{Module, Source, Work};

/// Whether there is a file, or a link to one. Nothing else is opened: a pipe would never answer.
pub(in crate::doctor) fn is_file(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// The beginning of a file.
pub(in crate::doctor) fn beginning(path: &Path, most: usize) -> std::io::Result<Vec<u8>> {
    if !is_file(path) {
        return Err(std::io::ErrorKind::NotFound.into());
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a text.
pub(in crate::doctor) fn source(path: &Path) -> Result<Source, String> {
    let bytes = beginning(path, MAX_BYTES + 1).map_err(|error| error.to_string())?;
    if bytes.len() > MAX_BYTES {
        return Err(format!("it has more than {} MB", MAX_BYTES >> 20));
    }
    Ok(Source { path: path.to_owned(), text: String::from_utf8_lossy(&bytes).into_owned() })
}

/// Reads a `go.work`.
pub(in crate::doctor) fn work(path: &Path) -> Result<Work, String> {
    let source = source(path)?;
    Ok(Work { file: parse_work(&source.text), source })
}

/// Reads a `go.mod`.
pub(in crate::doctor) fn module(path: &Path) -> Result<Module, String> {
    let source = source(path)?;
    let is_vendored = is_file(&source.folder().join("vendor").join("modules.txt"));
    Ok(Module { file: parse_mod(&source.text), source, is_vendored })
}
