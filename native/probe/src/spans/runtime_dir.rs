//! The folder in which the windows of one user meet. Whoever could put a socket there would be given file names.

use std::path::{Path, PathBuf};

/// Where it is: the same for all windows of a user, whatever editor and environment they have.
pub fn runtime_dir() -> PathBuf {
    #[cfg(unix)]
    {
        let user = rustix::process::getuid().as_raw();
        // What XDG_RUNTIME_DIR names where it is set; an editor that was started over ssh may lack the variable.
        let session = PathBuf::from(format!("/run/user/{user}"));
        let above = if session.is_dir() { session } else { std::env::temp_dir() };
        above.join(format!("stallscope-{user}"))
    }
    #[cfg(not(unix))]
    std::env::temp_dir().join("stallscope")
}

/// Makes it when it is not there, and makes sure that only this user can enter it. `Err` says why that is not so.
#[cfg(unix)]
pub(super) fn checked(folder: &Path) -> Result<&Path, String> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};

    let fail = |why: &dyn std::fmt::Display| format!("{}: {why}", folder.display());
    match std::fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(fail(&error)),
        _ => {}
    }
    // Not followed: a link would lead to somebody else's folder.
    let found = std::fs::symlink_metadata(folder).map_err(|error| fail(&error))?;
    let ours = found.is_dir() && found.uid() == rustix::process::getuid().as_raw();
    if !ours || found.mode() & 0o077 != 0 {
        return Err(fail(&"not a folder that only this user can enter; remove it"));
    }
    Ok(folder)
}

/// There are no sockets in folders elsewhere: one window receives, the others do not.
#[cfg(not(unix))]
pub(super) fn checked(_folder: &Path) -> Result<&Path, String> {
    Err("windows cannot share the port on this system".to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn only_a_folder_of_ours_will_do() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("stallscope");
        assert_eq!(checked(&folder), Ok(&*folder));
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(checked(&folder), Ok(&*folder), "a second time");
        let link = above.path().join("link");
        symlink(&folder, &link).unwrap();
        assert!(checked(&link).unwrap_err().contains("remove it"));
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o750)).unwrap();
        assert!(checked(&folder).unwrap_err().contains("only this user"));
        assert!(checked(&above.path().join("no/such")).unwrap_err().contains("no/such"));
    }
}
