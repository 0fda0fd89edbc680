//! Whole or not at all: a reader never sees half a file, whatever happens to us while we write.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use tempfile::NamedTempFile;

use super::StoreError;

/// Writes `bytes` to `path` through a temporary file beside it.
///
/// # Errors
/// Disk full, not writable, …; `path` is then what it was before.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let fail = |error| StoreError::io(path, error);
    let mut temporary = tempfile::Builder::new().prefix(".tmp-").tempfile_in(dir).map_err(fail)?;
    temporary.write_all(bytes).map_err(fail)?;
    temporary.as_file().sync_data().map_err(fail)?;
    temporary.persist(path).map_err(|e| fail(e.error))?;
    sync_dir(dir);
    Ok(())
}

/// A new file in `dir` for something on its way there: `<name>.<random>.part`. It goes with its handle, so that what is
/// given up leaves nothing behind, unless it is given its final name first.
pub(crate) fn part_file(dir: &Path, name: &str) -> Result<NamedTempFile, StoreError> {
    let prefix = format!("{name}.");
    let made = tempfile::Builder::new().prefix(&prefix).suffix(".part").tempfile_in(dir);
    made.map_err(|error| StoreError::io(&dir.join(name), error))
}

/// Makes a rename durable. Not all platforms can, and a failure loses at most the latest file on a power cut.
pub(super) fn sync_dir(dir: &Path) {
    if let Ok(dir) = File::open(dir) {
        let _ = dir.sync_all();
    }
}
