//! Removes directories from a cache.
//!
//! Each is judged once more at the last moment, moved aside within the folder so that no gopls meets half of it, and then
//! emptied of what is named as gopls names it; anything else stays. Stopped at any point, what is left has a name that is
//! recognised, and the next removal finishes it.

use std::io;
use std::time::Duration;

use cap_fs_ext::DirExt;
use cap_std::fs::Dir;
use stallscope_doctor::cache::layout::{self, EXECUTABLE_FILE};
use stallscope_doctor::cache::{Cache, Cleaned, Owned, Owner, Progress, Removed, Skipped};

use super::{CacheAsked, Refused, list, open};
use crate::executables::Executables;

/// Counting sizes before is a courtesy.
const COUNT_WITHIN: Duration = Duration::from_secs(60);
/// Files between two reports, and two questions whether to go on.
const FILES_PER_REPORT: u64 = 200;

/// What is to be removed. Leftovers of an interrupted removal are always removed with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Directories that are nobody's any more.
    Orphans,
    /// Nothing else.
    Leftovers,
    /// One directory by its name, whoever's it is, as long as no process runs its executable.
    Named(String),
}

/// Removes directories. `goes_on` is told how far it is, and stops it by `false`.
///
/// # Errors
/// The folder cannot be read, or what was named cannot be removed.
pub fn clean(
    asked: &CacheAsked,
    which: &Which,
    dry_run: bool,
    goes_on: &mut dyn FnMut(&Progress) -> bool,
) -> Result<Cleaned, Refused> {
    let cache = list(asked, COUNT_WITHIN)?;
    let mut chosen: Vec<&Owned> = cache.of_owner(Owner::Leftover).collect();
    match which {
        Which::Orphans => chosen.extend(cache.of_owner(Owner::Orphan)),
        Which::Leftovers => {}
        Which::Named(name) => chosen.push(named(&cache, name)?),
    }
    let files = |owned: &Owned| owned.size.as_ref().map_or(0, |size| size.files);
    let of_files = chosen.iter().map(|owned| files(owned)).sum();
    let mut cleaned = Cleaned::default();
    if dry_run {
        cleaned.removed = chosen.iter().map(|owned| would_be_removed(owned)).collect();
        return Ok(cleaned);
    }
    let Some(folder) = open(&asked.folder)? else { return Ok(cleaned) };
    let progress = Progress { directory: String::new(), files: 0, bytes: 0, of_files };
    let mut removal = Removal { folder, progress, goes_on, stopped: false, odd: None };
    for owned in chosen {
        if removal.stopped {
            break;
        }
        match removal.remove(asked, owned) {
            Ok(removed) if !removal.stopped => cleaned.removed.push(removed),
            Ok(_) => {}
            Err(skipped) => cleaned.skipped.push(skipped),
        }
    }
    cleaned.cancelled = removal.stopped;
    Ok(cleaned)
}

fn named<'cache>(cache: &'cache Cache, name: &str) -> Result<&'cache Owned, Refused> {
    let found = cache.directories.iter().find(|directory| directory.name == name);
    let found = found.ok_or_else(|| Refused::Unknown { name: name.to_owned() })?;
    match found.owner {
        Owner::Running => {
            let pids = found.executables.iter().flat_map(|executable| executable.pids.clone()).collect();
            Err(Refused::Running { name: name.to_owned(), pids })
        }
        Owner::Unrecognised => {
            let why = found.why.clone().unwrap_or_default();
            Err(Refused::Unrecognised { name: name.to_owned(), why })
        }
        _ => Ok(found),
    }
}

fn would_be_removed(owned: &Owned) -> Removed {
    let size = owned.size.clone().unwrap_or_default();
    Removed { name: owned.name.clone(), files: size.files, bytes: size.bytes }
}

struct Removal<'goes_on> {
    folder: Dir,
    progress: Progress,
    goes_on: &'goes_on mut dyn FnMut(&Progress) -> bool,
    stopped: bool,
    /// The first thing that stays because it is not gopls's.
    odd: Option<String>,
}

impl Removal<'_> {
    fn remove(&mut self, asked: &CacheAsked, owned: &Owned) -> Result<Removed, Skipped> {
        let (files_before, bytes_before) = (self.progress.files, self.progress.bytes);
        self.progress.directory.clone_from(&owned.name);
        self.odd = None;
        let skipped = |name: &str, why: String| Skipped { name: name.to_owned(), why };
        let aside = if owned.owner == Owner::Leftover {
            owned.name.clone()
        } else {
            if let Some(why) = in_use(asked, owned) {
                return Err(skipped(&owned.name, why));
            }
            move_aside(&self.folder, &owned.name).map_err(|error| skipped(&owned.name, error.to_string()))?
        };
        self.empty(&aside).map_err(|error| skipped(&aside, error.to_string()))?;
        if let Some(odd) = self.odd.take() {
            return Err(skipped(&aside, format!("{odd} is not gopls's and was left")));
        }
        Ok(Removed {
            name: owned.name.clone(),
            files: self.progress.files - files_before,
            bytes: self.progress.bytes - bytes_before,
        })
    }

    fn empty(&mut self, name: &str) -> io::Result<()> {
        let directory = self.folder.open_dir_nofollow(name)?;
        self.report();
        for (entry, is_file) in entries(&directory)? {
            if self.stopped {
                return Ok(());
            }
            match entry.to_str() {
                Some(shard) if layout::is_shard(shard) && !is_file => self.empty_shard(&directory, shard)?,
                Some(EXECUTABLE_FILE) if is_file => {}
                _ => self.stays(name, &entry.to_string_lossy()),
            }
        }
        if self.stopped || self.odd.is_some() {
            return Ok(());
        }
        // The last of it: until here it tells whose directory this was.
        self.remove_file(&directory, EXECUTABLE_FILE)?;
        drop(directory);
        let removed = self.folder.remove_dir(name);
        self.is_gone(removed, name)
    }

    fn empty_shard(&mut self, directory: &Dir, name: &str) -> io::Result<()> {
        let shard = match directory.open_dir_nofollow(name) {
            Ok(shard) => shard,
            // A link, exchanged for what was here.
            Err(_) if directory.symlink_metadata(name).is_ok_and(|it| !it.is_dir()) => {
                self.stays(name, "");
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let mut all = true;
        for (entry, is_file) in entries(&shard)? {
            if self.stopped {
                return Ok(());
            }
            match entry.to_str() {
                Some(file) if is_file && layout::kind(name, file).is_some() => {
                    self.remove_file(&shard, file)?;
                }
                _ => {
                    all = false;
                    self.stays(name, &entry.to_string_lossy());
                }
            }
        }
        drop(shard);
        if !all {
            return Ok(());
        }
        let removed = directory.remove_dir(name);
        self.is_gone(removed, name)
    }

    /// A directory with something in it by now stays, as one that had it before.
    fn is_gone(&mut self, removed: io::Result<()>, name: &str) -> io::Result<()> {
        match removed {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                self.stays(name, "(what came while it was emptied)");
                Ok(())
            }
            removed => done(removed),
        }
    }

    fn remove_file(&mut self, directory: &Dir, name: &str) -> io::Result<()> {
        let bytes = directory.symlink_metadata(name).map_or(0, |metadata| metadata.len());
        match directory.remove_file(name) {
            Ok(()) => {
                self.progress.files += 1;
                self.progress.bytes += bytes;
                if self.progress.files.is_multiple_of(FILES_PER_REPORT) {
                    self.report();
                }
                Ok(())
            }
            Err(error) => done(Err(error)),
        }
    }

    fn report(&mut self) {
        self.stopped |= !(self.goes_on)(&self.progress);
    }

    fn stays(&mut self, below: &str, name: &str) {
        self.odd.get_or_insert_with(|| format!("{below}/{name}"));
    }
}

/// Within the folder, so that it is one step of the file system. Returns what it is called then.
pub(super) fn move_aside(folder: &Dir, name: &str) -> io::Result<String> {
    let is_free = |aside: &String| {
        folder.symlink_metadata(aside).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    };
    let mut asides = (1..=layout::MAX_ASIDE).map(|number| layout::aside(name, number));
    let aside = asides.find(is_free);
    let aside = aside.ok_or_else(|| io::Error::other("what earlier removals left is in the way"))?;
    folder.rename(name, folder, &aside)?;
    Ok(aside)
}

/// Names, and whether each is a file. All at once: what is removed while a folder is read may hide what follows.
fn entries(directory: &Dir) -> io::Result<Vec<(std::ffi::OsString, bool)>> {
    let named = directory.entries()?.map(|entry| {
        let entry = entry?;
        Ok((entry.file_name(), entry.file_type()?.is_file()))
    });
    named.collect()
}

/// Somebody else may have removed it meanwhile: gopls removes old files of all caches.
fn done(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Why a directory must not be removed after all: a gopls may have been started, or installed, since it was judged.
fn in_use(asked: &CacheAsked, owned: &Owned) -> Option<String> {
    let executables = Executables::find(&asked.bins).all;
    let mut its = executables.iter().filter(|it| layout::directory_of(&it.sha256) == owned.name);
    its.find_map(|executable| match executable.pids.first() {
        Some(pid) => Some(format!("process {pid} runs its executable by now")),
        None if owned.owner == Owner::Installed => None,
        None => Some(format!("its executable is installed by now: {}", executable.path)),
    })
}
