//! The files of verifications: small, and kept until the user deletes them.

use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;

use stallscope_core::verify::{VERIFICATION_FORMAT, Verification};

use super::VerifyError;
use crate::store::{Store, StoreError, write_atomic};

/// A file larger than this is not ours: forty runs with all their settings are less.
const MOST_BYTES: u64 = 16 << 20;
/// More than these are not listed.
const MOST_LISTED: usize = 100;

/// The folder of a store.
#[derive(Debug, Clone)]
pub(super) struct Files {
    dir: PathBuf,
}

impl Files {
    pub fn of(store: &Store) -> Self {
        Self { dir: store.root().join("verifications") }
    }

    /// Ids come from the user interface: only the names that we give pass.
    fn path(&self, id: &str) -> Result<PathBuf, VerifyError> {
        let plain = id.len() <= 64 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if plain && !id.is_empty() {
            Ok(self.dir.join(format!("{id}.json")))
        } else {
            Err(VerifyError::NotFound { id: id.to_owned() })
        }
    }

    /// One of them.
    pub fn read(&self, id: &str) -> Result<Verification, VerifyError> {
        let path = self.path(id)?;
        let mut text = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut text));
        match read {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(VerifyError::NotFound { id: id.to_owned() });
            }
            Err(error) => return Err(StoreError::io(&path, error).into()),
            Ok(_) => {}
        }
        let unreadable = |why: String| VerifyError::Broken { path: path.clone(), why };
        let read: Verification = serde_json::from_slice(&text).map_err(|e| unreadable(e.to_string()))?;
        if read.format > VERIFICATION_FORMAT || read.id != id {
            return Err(unreadable("it is of a newer version of Stallscope, or was renamed".to_owned()));
        }
        Ok(read)
    }

    /// All that can be read, the newest first.
    pub fn all(&self) -> Result<Vec<Verification>, VerifyError> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::io(&self.dir, error).into()),
        };
        let ids = entries
            .flatten()
            .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".json")?.to_owned()));
        let mut all: Vec<_> = ids.filter_map(|id| self.read(&id).ok()).collect();
        all.sort_by(|a, b| b.created_unix_ms.total_cmp(&a.created_unix_ms));
        all.truncate(MOST_LISTED);
        Ok(all)
    }

    /// Writes one of them.
    pub fn write(&self, verification: &Verification) -> Result<(), VerifyError> {
        let path = self.path(&verification.id)?;
        fs::create_dir_all(&self.dir).map_err(|e| StoreError::io(&self.dir, e))?;
        let text = serde_json::to_vec_pretty(verification).map_err(|e| StoreError::io(&path, e.into()))?;
        Ok(write_atomic(&path, &text)?)
    }

    /// Deletes one of them.
    pub fn delete(&self, id: &str) -> Result<(), VerifyError> {
        let path = self.path(id)?;
        fs::remove_file(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => VerifyError::NotFound { id: id.to_owned() },
            _ => StoreError::io(&path, error).into(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use stallscope_core::verify::{Goal, VerificationStart};

    use super::*;

    fn new(id: &str, created_unix_ms: f64) -> Verification {
        let start = VerificationStart { title: "less staticcheck".into(), goal: Goal::Memory, change: None };
        Verification::new(&start, id.into(), created_unix_ms, vec!["/w".into()])
    }

    #[test]
    fn what_was_written_is_read_again_the_newest_first() {
        let dir = tempfile::tempdir().unwrap();
        let store = Files::of(&Store::new(dir.path().into()));
        assert_eq!(store.all().unwrap(), []);
        let (old, young) = (new("verify-1", 1.0), new("verify-2", 2.0));
        store.write(&old).unwrap();
        store.write(&young).unwrap();
        // What is no verification is left alone and out of the list.
        fs::write(dir.path().join("verifications/other.json"), "{}").unwrap();
        assert_eq!(store.all().unwrap(), [young, old.clone()]);
        store.delete("verify-2").unwrap();
        assert_eq!(store.all().unwrap(), [old]);
        assert!(matches!(store.read("verify-2"), Err(VerifyError::NotFound { .. })));
        let broken = store.read("other").unwrap_err();
        assert_eq!(broken.code(), "verification-unreadable");
    }

    #[test]
    fn an_id_leads_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        let store = Files::of(&Store::new(dir.path().join("storage")));
        fs::write(dir.path().join("x.json"), "{}").unwrap();
        for id in ["../../x", "..", "", "a/b", "a\\b", &"x".repeat(65)] {
            let refused = store.read(id).unwrap_err();
            assert!(matches!(refused, VerifyError::NotFound { .. }), "{id}: {refused}");
            assert!(store.delete(id).is_err(), "{id}");
        }
        assert!(dir.path().join("x.json").exists());
    }
}
