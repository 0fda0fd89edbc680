//! The SHA-256 of an executable, worked out once per state of its file.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::Read;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

/// gopls has 40 MB. What is larger is not read.
const MAX_BYTES: u64 = 1 << 30;
const CHUNK_BYTES: usize = 1 << 20;
/// Executables remembered. A person has a handful.
const MAX_REMEMBERED: usize = 64;

/// Which file, and in which state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    device: u64,
    inode: u64,
    modified: Option<SystemTime>,
    bytes: u64,
}

static REMEMBERED: Mutex<Option<HashMap<State, [u8; 32]>>> = Mutex::new(None);

/// The hash of an open file; none where it cannot be read or is no file.
pub(super) fn sha256(mut file: File) -> Option<[u8; 32]> {
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || metadata.len() > MAX_BYTES {
        return None;
    }
    let state = State::of(&metadata);
    let lock = || REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = state.as_ref().and_then(|state| lock().get_or_insert_default().get(state).copied()) {
        return Some(known);
    }
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => hasher.update(&chunk[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    let sha256: [u8; 32] = hasher.finalize().into();
    if let Some(state) = state {
        let mut guard = lock();
        let remembered = guard.get_or_insert_default();
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(state, sha256);
    }
    Some(sha256)
}

impl State {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let modified = metadata.modified().ok();
        Some(Self { device: metadata.dev(), inode: metadata.ino(), modified, bytes: metadata.len() })
    }

    /// Elsewhere nothing cheap tells one file from another: it is read each time.
    #[cfg(not(unix))]
    fn of(_metadata: &Metadata) -> Option<Self> {
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_content_it_has_now() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "abc").unwrap();
        let hash = || sha256(File::open(file.path()).unwrap()).unwrap()[..4].to_vec();
        // The first example of FIPS 180-2.
        assert_eq!(hash(), [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(hash(), [0xba, 0x78, 0x16, 0xbf]);
        std::fs::write(file.path(), "").unwrap();
        assert_eq!(hash(), [0xe3, 0xb0, 0xc4, 0x42]);
        assert_eq!(sha256(File::open(std::env::temp_dir()).unwrap()), None);
    }
}
