//! Why files are left out: their constraints stand in their names and at their beginnings.

use std::path::PathBuf;

use stallscope_doctor::workspace::{Excluded, constraint};

use crate::doctor::read::beginning;

/// A licence may stand before the constraint.
const MOST_HEAD_BYTES: usize = 16 << 10;
const MOST_FILES: usize = 3_000;

/// Reads the beginnings of these files.
pub(super) fn read(files: impl Iterator<Item = PathBuf>, go_version: &str) -> Vec<Excluded> {
    let minor = go_version.split('.').nth(1).unwrap_or_default();
    let minor = minor.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok());
    let excluded = files.take(MOST_FILES).filter_map(|path| {
        let head = beginning(&path, MOST_HEAD_BYTES).ok()?;
        let name = path.file_name()?.to_string_lossy().into_owned();
        let by = constraint(&name, &String::from_utf8_lossy(&head), minor.unwrap_or(u32::MAX));
        Some(Excluded { path, by })
    });
    excluded.collect()
}
