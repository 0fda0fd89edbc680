//! What a folder is on: how much room there is, and whether the bytes are on this machine at all.

use std::path::Path;

use stallscope_doctor::cache::Disk;

/// The disk of a folder, or of the nearest one above that exists.
pub(crate) fn disk(folder: &Path) -> Option<Disk> {
    folder.ancestors().find_map(platform::disk)
}

/// Why a folder cannot be written in, as the system says it; it may still have to be made.
pub(crate) fn not_writable(folder: &Path) -> Option<String> {
    let there = folder.ancestors().find(|ancestor| ancestor.symlink_metadata().is_ok())?;
    let error = if there.is_dir() { platform::write_error(there)? } else { "it is not a folder".into() };
    Some(format!("{}: {error}", there.display()))
}

#[cfg(not(unix))]
use other as platform;
#[cfg(unix)]
use unix as platform;

#[cfg(unix)]
mod unix {
    use std::path::Path;

    use rustix::fs::{Access, access, statvfs};
    use stallscope_doctor::cache::Disk;

    pub(super) fn disk(folder: &Path) -> Option<Disk> {
        let room = statvfs(folder).ok()?;
        Some(Disk {
            free_bytes: room.f_bavail.saturating_mul(room.f_frsize),
            total_bytes: room.f_blocks.saturating_mul(room.f_frsize),
            remote: remote(folder),
        })
    }

    pub(super) fn write_error(folder: &Path) -> Option<String> {
        access(folder, Access::WRITE_OK | Access::EXEC_OK).err().map(|error| error.to_string())
    }

    /// By the numbers of statfs(2). FUSE is not among them: what is behind it may be a disk.
    #[cfg(target_os = "linux")]
    fn remote(folder: &Path) -> Option<String> {
        let kind = rustix::fs::statfs(folder).ok()?.f_type;
        // The type is signed on some platforms, and these numbers use all 32 bits.
        let name = match (kind as u64) & 0xffff_ffff {
            0x6969 => "NFS",
            0x517b | 0xff53_4d42 | 0xfe53_4d42 => "SMB",
            0x0102_1997 => "9P",
            0x5346_414f | 0x6b41_4653 => "AFS",
            0x00c3_6400 => "Ceph",
            0x0bd0_0bd0 => "Lustre",
            0x4750_4653 => "GPFS",
            0x786f_4256 => "VirtualBox shared folder",
            0x7375_7245 => "Coda",
            _ => return None,
        };
        Some(name.to_owned())
    }

    #[cfg(not(target_os = "linux"))]
    fn remote(_folder: &Path) -> Option<String> {
        None
    }
}

#[cfg(not(unix))]
mod other {
    use std::path::Path;

    use stallscope_doctor::cache::Disk;

    pub(super) fn disk(_folder: &Path) -> Option<Disk> {
        None
    }

    pub(super) fn write_error(folder: &Path) -> Option<String> {
        let read_only = folder.metadata().ok()?.permissions().readonly();
        read_only.then(|| "it is read-only".to_owned())
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn room_is_told_of_a_folder_that_is_still_to_be_made() {
        let folder = tempfile::tempdir().unwrap();
        let there = disk(folder.path()).unwrap();
        let to_be_made = disk(&folder.path().join("a/b")).unwrap();
        assert!(there.total_bytes >= there.free_bytes && there.total_bytes > 0);
        assert_eq!(there.total_bytes, to_be_made.total_bytes);
        assert_eq!(not_writable(&folder.path().join("a/b")), None);
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let why = not_writable(&file.path().join("gopls")).unwrap();
        assert!(why.ends_with("it is not a folder"), "{why}");
    }
}
