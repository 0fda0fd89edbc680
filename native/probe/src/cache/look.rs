//! Reads a cache: which directories there are, whether each is laid out as gopls does, and what it holds.
//!
//! One entry that is not gopls's (a link, another file, a folder) makes its whole directory one that we do not know.

use std::io::{self, Read};
use std::time::Instant;

use cap_fs_ext::DirExt;
use cap_std::fs::{Dir, DirEntry, Metadata};
use stallscope_doctor::cache::layout::{self, EXECUTABLE_FILE};
use stallscope_doctor::cache::{Content, Directory, Size};

use super::unix_ms;

/// A cache with more directories than this is no cache: gopls removes what is unused for days.
const MAX_DIRECTORIES: usize = 10_000;
/// 256 shards and one file; what is more is not gopls's.
const MAX_SHARDS: usize = 257;
/// The clock is looked at now and then only.
const FILES_PER_LOOK: u64 = 256;

/// All that is in the folder, by name. What there is no time to count is incomplete.
pub(super) fn directories(folder: &Dir, until: Instant) -> io::Result<Vec<Directory>> {
    let mut names = Vec::new();
    for entry in folder.entries()?.take(MAX_DIRECTORIES) {
        names.push(entry?.file_name());
    }
    names.sort();
    let look = |name: std::ffi::OsString| {
        let content = match name.to_str() {
            Some(name) => directory(folder, name, until),
            None => unrecognised("its name is not UTF-8"),
        };
        Directory { name: name.to_string_lossy().into_owned(), content }
    };
    Ok(names.into_iter().map(look).collect())
}

/// What is behind a name in the folder.
pub(super) fn directory(folder: &Dir, name: &str, until: Instant) -> Content {
    let is_leftover = layout::is_aside(name);
    if !is_leftover && layout::directory(name).is_none() {
        return unrecognised("its name is not one that gopls gives");
    }
    match read(folder, name, until) {
        Ok(Holds { size, .. }) if is_leftover => Content::Leftover { size },
        Ok(Holds { is_empty: true, .. }) => unrecognised("it is empty"),
        Ok(Holds { sha256: Some(sha256), .. }) if layout::directory_of(&sha256) != name => {
            unrecognised(&format!("{EXECUTABLE_FILE} is that of another directory"))
        }
        Ok(Holds { sha256, size, .. }) => Content::Cache { sha256, size },
        Err(Odd::Layout(why)) => unrecognised(&why),
        Err(Odd::System(error)) => unrecognised(&error.to_string()),
    }
}

/// What is in a directory.
struct Holds {
    size: Size,
    sha256: Option<[u8; 32]>,
    is_empty: bool,
}

/// Why a directory is not read on.
enum Odd {
    Layout(String),
    System(io::Error),
}

impl From<io::Error> for Odd {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

fn read(folder: &Dir, name: &str, until: Instant) -> Result<Holds, Odd> {
    if !folder.symlink_metadata(name)?.is_dir() {
        return Err(Odd::Layout("it is not a directory".into()));
    }
    let directory = folder.open_dir_nofollow(name)?;
    let (mut size, mut sha256, mut shards) = (complete(), None, Vec::new());
    for entry in directory.entries()? {
        let entry = entry?;
        let file_type = entry.file_type()?;
        let file_name = entry.file_name();
        match file_name.to_str() {
            Some(EXECUTABLE_FILE) if file_type.is_file() => {
                let (bytes, metadata) = executable_file(&entry)?;
                count(&mut size, None, &metadata);
                sha256 = Some(bytes);
            }
            Some(shard) if layout::is_shard(shard) && file_type.is_dir() => shards.push(shard.to_owned()),
            _ => return Err(strange(name, &entry)),
        }
        if shards.len() >= MAX_SHARDS {
            return Err(Odd::Layout("it has too many directories".into()));
        }
    }
    for shard in &shards {
        read_shard(&directory, shard, until, &mut size)?;
    }
    Ok(Holds { size, sha256, is_empty: shards.is_empty() && sha256.is_none() })
}

/// Every name is looked at, whatever the time is; only lengths and ages are left out when there is none.
fn read_shard(directory: &Dir, shard: &str, until: Instant, size: &mut Size) -> Result<(), Odd> {
    for entry in directory.open_dir_nofollow(shard)?.entries()? {
        let entry = entry?;
        let name = entry.file_name();
        let kind = name.to_str().and_then(|name| layout::kind(shard, name));
        let Some(kind) = kind.filter(|_| entry.file_type().is_ok_and(|it| it.is_file())) else {
            return Err(strange(shard, &entry));
        };
        if size.complete && size.files.is_multiple_of(FILES_PER_LOOK) && Instant::now() >= until {
            size.complete = false;
        }
        if size.complete {
            match entry.metadata() {
                Ok(metadata) => count(size, Some(kind), &metadata),
                // gopls, or another of us, removes files meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

fn executable_file(entry: &DirEntry) -> Result<([u8; 32], Metadata), Odd> {
    let metadata = entry.metadata()?;
    if metadata.len() != 32 {
        return Err(Odd::Layout(format!("{EXECUTABLE_FILE} does not have 32 bytes")));
    }
    let mut bytes = [0; 32];
    entry.open()?.read_exact(&mut bytes)?;
    Ok((bytes, metadata))
}

fn count(size: &mut Size, kind: Option<&str>, metadata: &Metadata) {
    let used = metadata.modified().ok().map(|time| unix_ms(time.into_std()));
    size.add(kind, metadata.len(), used);
}

fn strange(below: &str, entry: &DirEntry) -> Odd {
    let is_link = entry.file_type().is_ok_and(|file_type| file_type.is_symlink());
    let what = if is_link { "is a link" } else { "is not gopls's" };
    Odd::Layout(format!("{below}/{} {what}", entry.file_name().display()))
}

fn complete() -> Size {
    Size { complete: true, ..Size::default() }
}

fn unrecognised(why: &str) -> Content {
    Content::Unrecognised { why: why.to_owned() }
}
