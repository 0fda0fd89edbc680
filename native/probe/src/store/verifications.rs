//! The files of verifications: small, and kept until the user deletes them.

use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;

use stallscope_core::verify::{VERIFICATION_FORMAT, Verification};

use super::{Store, StoreError, write_atomic};

/// A file larger than this is not ours: forty runs with all their settings are less.
const MOST_BYTES: u64 = 16 << 20;
/// More than these are not listed.
const MOST_LISTED: usize = 100;

impl Store {
    fn verifications_dir(&self) -> PathBuf {
        self.root().join("verifications")
    }

    /// Ids come from the user interface: only the names that we give pass.
    fn verification_path(&self, id: &str) -> Result<PathBuf, StoreError> {
        let plain = id.len() <= 64 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if plain && !id.is_empty() {
            Ok(self.verifications_dir().join(format!("{id}.json")))
        } else {
            Err(StoreError::NoVerification { id: id.to_owned() })
        }
    }

    /// One of them.
    ///
    /// # Errors
    /// Not there, or not readable.
    pub fn verification(&self, id: &str) -> Result<Verification, StoreError> {
        let path = self.verification_path(id)?;
        let mut text = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut text));
        match read {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(StoreError::NoVerification { id: id.to_owned() });
            }
            Err(error) => return Err(StoreError::io(&path, error)),
            Ok(_) => {}
        }
        let unreadable = |why: String| StoreError::BrokenVerification { path: path.clone(), why };
        let read: Verification = serde_json::from_slice(&text).map_err(|e| unreadable(e.to_string()))?;
        if read.format > VERIFICATION_FORMAT || read.id != id {
            return Err(unreadable("it is of a newer version of Stallscope, or was renamed".to_owned()));
        }
        Ok(read)
    }

    /// All that can be read, the newest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn verifications(&self) -> Result<Vec<Verification>, StoreError> {
        let dir = self.verifications_dir();
        let entries = match fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::io(&dir, error)),
        };
        let ids = entries
            .flatten()
            .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".json")?.to_owned()));
        let mut all: Vec<_> = ids.filter_map(|id| self.verification(&id).ok()).collect();
        all.sort_by(|a, b| b.created_unix_ms.total_cmp(&a.created_unix_ms));
        all.truncate(MOST_LISTED);
        Ok(all)
    }

    /// Writes one of them.
    ///
    /// # Errors
    /// Disk full, read-only, …; what was there before is still there.
    pub fn write_verification(&self, verification: &Verification) -> Result<(), StoreError> {
        let path = self.verification_path(&verification.id)?;
        let dir = self.verifications_dir();
        fs::create_dir_all(&dir).map_err(|e| StoreError::io(&dir, e))?;
        let text = serde_json::to_vec_pretty(verification).map_err(|e| StoreError::io(&path, e.into()))?;
        write_atomic(&path, &text)
    }

    /// Deletes one of them.
    ///
    /// # Errors
    /// Not there, or not allowed.
    pub fn delete_verification(&self, id: &str) -> Result<(), StoreError> {
        let path = self.verification_path(id)?;
        fs::remove_file(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => StoreError::NoVerification { id: id.to_owned() },
            _ => StoreError::io(&path, error),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use stallscope_core::verify::{Goal, VerificationStart};

    use super::*;

    fn new(id: &str, created_unix_ms: f64) -> Verification {
        let start = VerificationStart { title: "less staticcheck".into(), goal: Goal::Memory };
        Verification::new(&start, id.into(), created_unix_ms, vec!["/w".into()])
    }

    #[test]
    fn what_was_written_is_read_again_the_newest_first() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path().into());
        assert_eq!(store.verifications().unwrap(), []);
        let (old, young) = (new("verify-1", 1.0), new("verify-2", 2.0));
        store.write_verification(&old).unwrap();
        store.write_verification(&young).unwrap();
        // What is no verification is left alone and out of the list.
        fs::write(dir.path().join("verifications/other.json"), "{}").unwrap();
        assert_eq!(store.verifications().unwrap(), [young, old.clone()]);
        store.delete_verification("verify-2").unwrap();
        assert_eq!(store.verifications().unwrap(), [old]);
        assert!(matches!(store.verification("verify-2"), Err(StoreError::NoVerification { .. })));
        let broken = store.verification("other").unwrap_err();
        assert_eq!(broken.code(), "verification-unreadable");
    }

    #[test]
    fn an_id_leads_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path().join("storage"));
        fs::write(dir.path().join("x.json"), "{}").unwrap();
        for id in ["../../x", "..", "", "a/b", "a\\b", &"x".repeat(65)] {
            let refused = store.verification(id).unwrap_err();
            assert!(matches!(refused, StoreError::NoVerification { .. }), "{id}: {refused}");
            assert!(store.delete_verification(id).is_err(), "{id}");
        }
        assert!(dir.path().join("x.json").exists());
    }
}
