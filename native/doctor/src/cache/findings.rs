//! What is wrong with gopls's cache.

use super::facts::{Blind, CacheFacts};
use super::owner::{Cache, Owned, Owner};
use crate::finding::{Confidence, Finding};
use crate::place::Place;

/// Less than this that nobody uses is not worth a word.
const WORTH_CLEANING_BYTES: u64 = 50_000_000;
/// gopls's cache alone may grow to 1 GB, and a build needs room beside it.
const LOW_DISK_BYTES: u64 = 1_000_000_000;

/// Judges the cache.
pub fn findings(facts: &CacheFacts) -> Vec<Finding> {
    let cache = Cache::of(facts);
    let place = || Place::Folder { path: facts.folder.clone() };
    let clean = ["stallscope", "cache", "--clean"].into_iter();
    let command: Vec<&str> = clean.chain(facts.arguments.iter().map(String::as_str)).collect();
    let mut found = Vec::new();
    if let Some(why) = &facts.not_writable {
        found.push(Finding::new("cache-not-writable", Confidence::Certain, place()).seen(why.clone()));
    }
    if let Some(disk) = facts.disk.as_ref().filter(|disk| disk.free_bytes < LOW_DISK_BYTES) {
        let finding = Finding::new("cache-disk-low", Confidence::Certain, place());
        found.push(finding.with("free", megabytes(disk.free_bytes)));
    }
    if let Some(remote) = facts.disk.as_ref().and_then(|disk| disk.remote.as_ref()) {
        let finding = Finding::new("cache-on-network", Confidence::Likely, place());
        found.push(finding.with("filesystem", remote));
    }
    let orphans: Vec<&Owned> = cache.of_owner(Owner::Orphan).collect();
    if sum(&orphans) >= WORTH_CLEANING_BYTES {
        let sure = if facts.blind.is_empty() { Confidence::Certain } else { Confidence::Likely };
        let finding = Finding::new("cache-orphans", sure, place())
            .with("count", orphans.len())
            .with("size", megabytes(sum(&orphans)))
            .command("clean", &command);
        found.push(orphans.iter().map(|orphan| line(orphan)).fold(finding, Finding::seen));
    }
    let leftovers: Vec<&Owned> = cache.of_owner(Owner::Leftover).collect();
    if !leftovers.is_empty() {
        let finding = Finding::new("cache-leftovers", Confidence::Certain, place())
            .with("count", leftovers.len())
            .with("size", megabytes(sum(&leftovers)))
            .command("clean", &command);
        found.push(leftovers.iter().map(|leftover| line(leftover)).fold(finding, Finding::seen));
    }
    found
}

/// A directory as evidence.
fn line(directory: &Owned) -> String {
    let size = directory.size.clone().unwrap_or_default();
    let least = if size.complete { "" } else { "at least " };
    format!("{}: {least}{}, {} files", directory.name, megabytes(size.bytes), size.files)
}

fn sum(directories: &[&Owned]) -> u64 {
    directories.iter().filter_map(|owned| owned.size.as_ref()).map(|size| size.bytes).sum()
}

/// As people say it.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

impl Blind {
    /// Why, in a few words; for a list, not for a page.
    pub fn words(&self) -> String {
        match self {
            Self::Remote { file_system } => {
                format!("the cache is on {file_system}, where other machines may use it")
            }
            Self::Script { path } => {
                format!("{path} is a script: which executable it starts is not known")
            }
            Self::Process { pid } => format!("the executable of process {pid} cannot be read"),
        }
    }
}
