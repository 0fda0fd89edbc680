//! Paths as the go command joins them: by their names alone, without looking where links lead.

use std::path::{Component, Path, PathBuf};

/// A path of a `use` or `replace`, from the folder of its file; `..` takes a name away.
pub fn joined(folder: &Path, path: &str) -> PathBuf {
    let mut out = PathBuf::new();
    for component in folder.join(path).components() {
        match component {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}

/// A path from a folder, as `use` and `replace` write it: `./a`, `../b`.
pub fn relative(folder: &Path, path: &Path) -> String {
    let common = folder.components().zip(path.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().count() - common;
    let mut parts: Vec<String> = vec!["..".into(); up];
    if up == 0 {
        parts.push(".".into());
    }
    parts.extend(path.components().skip(common).map(|part| part.as_os_str().to_string_lossy().into_owned()));
    parts.join("/")
}

/// Of something below a folder, its path from there, with `/`; empty for the folder itself.
pub(super) fn below(folder: &Path, path: &Path) -> Option<String> {
    let rest = path.strip_prefix(folder).ok()?;
    let parts = rest.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
    Some(parts.collect::<Vec<_>>().join("/"))
}
