//! gopls's own words in an editor's log: `debug server listening at http://localhost:43211`.
//!
//! Only where the sockets of a process cannot be listed. A line in a file proves nothing: the caller verifies.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const PHRASE: &str = "debug server listening at http://localhost:";
/// Newest first; an editor keeps a handful.
const MAX_FILES: usize = 16;
/// The end of a log: with `-rpc.trace` it grows without bound.
const MAX_TAIL_BYTES: u64 = 256 * 1024;
/// A folder with more entries is not a log folder.
const MAX_ENTRIES: usize = 2_000;

/// Ports that the logs in `folders` name, latest first.
pub(super) fn ports(folders: &[PathBuf]) -> Vec<u16> {
    let mut files: Vec<(SystemTime, PathBuf)> = folders.iter().flat_map(|folder| logs(folder)).collect();
    files.sort_by(|a, b| b.cmp(a));
    let mut seen = HashSet::new();
    files
        .iter()
        .take(MAX_FILES)
        .filter_map(|(_, file)| tail(file))
        .flat_map(|text| ports_in(&text))
        .filter(|port| seen.insert(*port))
        .collect()
}

fn logs(folder: &Path) -> Vec<(SystemTime, PathBuf)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries
        .take(MAX_ENTRIES)
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "log"))
        .filter_map(|entry| {
            let metadata = entry.metadata().ok()?;
            // Not a pipe, whose reading would wait for ever.
            metadata.is_file().then(|| Some((metadata.modified().ok()?, entry.path())))?
        })
        .collect()
}

fn tail(file: &Path) -> Option<String> {
    let mut file = File::open(file).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(MAX_TAIL_BYTES))).ok()?;
    let mut bytes = Vec::new();
    file.take(MAX_TAIL_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn ports_in(text: &str) -> Vec<u16> {
    let mut ports: Vec<u16> = text
        .split(PHRASE)
        .skip(1)
        .filter_map(|rest| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).take(5).collect();
            digits.parse().ok().filter(|port| *port != 0)
        })
        .collect();
    ports.reverse();
    ports
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_latest_first_and_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let log = format!(
            "2026/11/24 serve.go:215: {PHRASE}40001\n{PHRASE}40002\nnoise {PHRASE}x\n{PHRASE}99999\n{PHRASE}40001"
        );
        fs::write(folder.path().join("gopls (server).log"), log).unwrap();
        fs::write(folder.path().join("other.txt"), format!("{PHRASE}40003")).unwrap();
        assert_eq!(ports(&[folder.path().into(), "/nowhere".into()]), [40001, 40002]);
    }

    #[test]
    fn only_the_end_of_a_large_log_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let noise = "x".repeat(MAX_TAIL_BYTES as usize);
        fs::write(folder.path().join("a.log"), format!("{PHRASE}40001\n{noise}\n{PHRASE}40002")).unwrap();
        assert_eq!(ports(&[folder.path().into()]), [40002]);
    }
}
