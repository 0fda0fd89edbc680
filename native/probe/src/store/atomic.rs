//! Whole or not at all: a reader never sees half a file, whatever happens to us while we write.

use std::fs::{File, Permissions};
use std::io::Write;
use std::path::Path;

use tempfile::NamedTempFile;

use super::StoreError;

/// Writes `bytes` to `path` through a temporary file beside it. Only the user can read it: for what we keep ourselves.
///
/// # Errors
/// Disk full, not writable, …; `path` is then what it was before.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write(path, bytes, None)
}

/// The same for a file that the user has named: with the permissions of any file they make (0666 less their umask), or
/// those of the file that was there.
///
/// # Errors
/// As above.
pub fn write_for_user(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let there = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file);
    write(path, bytes, Some(there.map(|file| file.permissions())))
}

/// `shared`: not for the user alone, and with these permissions if there are any.
fn write(path: &Path, bytes: &[u8], shared: Option<Option<Permissions>>) -> Result<(), StoreError> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let fail = |error| StoreError::io(path, error);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".tmp-");
    #[cfg(unix)]
    if shared.is_some() {
        // The umask is taken off it, as off any new file.
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    }
    let mut temporary = builder.tempfile_in(dir).map_err(fail)?;
    if let Some(Some(permissions)) = shared {
        temporary.as_file().set_permissions(permissions).map_err(fail)?;
    }
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

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn ours_are_for_the_user_alone_and_what_they_save_is_like_any_file_of_theirs() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| dir.path().join(name);
        let mode = |name: &str| fs::metadata(file(name)).unwrap().permissions().mode() & 0o777;
        write_atomic(&file("ours"), b"1").unwrap();
        assert_eq!(mode("ours"), 0o600);
        fs::write(file("any"), b"made by anything else").unwrap();
        write_for_user(&file("theirs"), b"2").unwrap();
        assert_eq!(mode("theirs"), mode("any"));
        // A file that somebody has closed to others, or opened to them, stays so.
        for permissions in [0o600, 0o664] {
            fs::set_permissions(file("theirs"), Permissions::from_mode(permissions)).unwrap();
            write_for_user(&file("theirs"), b"3").unwrap();
            assert_eq!((mode("theirs"), fs::read(file("theirs")).unwrap()), (permissions, b"3".to_vec()));
        }
    }
}
