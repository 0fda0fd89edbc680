//! What the tests of the command line share.
#![allow(dead_code, clippy::unwrap_used)]

pub mod tool;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs `stallscope` with arguments.
pub fn stallscope<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stallscope")).args(arguments).output().unwrap()
}

/// Where the real profiles are.
pub fn fixture_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/fixtures/profiles")
}

/// All real profiles, by name. Fewer than the three which must exist is an error, not a reason to pass.
pub fn fixtures() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(fixture_folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut profiles: Vec<_> = entries.filter(|path| path.to_string_lossy().ends_with(".pb.gz")).collect();
    profiles.sort();
    assert!(profiles.len() >= 3, "only {} real profiles in {}", profiles.len(), fixture_folder().display());
    profiles
}
