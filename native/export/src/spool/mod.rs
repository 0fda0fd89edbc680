//! What is still to be sent, on disk, and what has been counted. All windows of an editor share it.
//!
//! ```text
//! <spool>/
//!   state.json                       which incidents were taken, and what was counted of them
//!   queue/<incident>.traces          one request, encoded, behind its SHA-256
//!        /<incident>.logs
//!        /<incident>.profile-<n>
//!   .lock                            held for the milliseconds of a change
//!   .sending                         held by the process that sends
//! ```
//!
//! An incident is taken once: its requests are written first, and then, in one write of `state.json`, it is counted and noted
//! as taken. What a crash leaves of the first without the second is not sent, and is written again when it is taken again.

mod entry;
mod state;
#[cfg(test)]
mod tests;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use stallscope_core::model::Bytes;
use stallscope_probe::store::{StoreError, write_atomic};

pub use entry::{Entry, EntryError, Kind};
pub use state::State;

const QUEUE: &str = "queue";
const STATE_FILE: &str = "state.json";

/// What the spool may come to; the oldest goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Requests.
    pub entries: usize,
    /// All of them together.
    pub bytes: Bytes,
    /// What is older is nobody's news.
    pub age: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { entries: 2_000, bytes: 64 << 20, age: Duration::from_secs(7 * 24 * 3_600) }
    }
}

/// See the module's text.
#[derive(Debug, Clone)]
pub struct Spool {
    root: PathBuf,
    bounds: Bounds,
}

/// What is found in the spool.
#[derive(Debug)]
pub struct Waiting {
    /// What is to be sent.
    pub entries: Vec<Entry>,
    /// What fell out of the bounds just now, and out of which.
    pub dropped: Vec<(Entry, &'static str)>,
}

/// While it lives no other process sends from this spool.
#[derive(Debug)]
pub struct Sending {
    _lock: File,
}

/// What is written of an incident.
#[derive(Debug)]
pub struct Request {
    /// What it is.
    pub kind: Kind,
    /// As it goes over the wire.
    pub body: Vec<u8>,
}

impl Spool {
    /// A spool in `root`. Nothing is touched until something is taken.
    pub fn new(root: PathBuf, bounds: Bounds) -> Self {
        Self { root, bounds }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What was counted and taken so far.
    ///
    /// # Errors
    /// It is there and is not ours to read: nothing is counted anew over it.
    pub fn state(&self) -> Result<State, StoreError> {
        State::read(&self.root.join(STATE_FILE))
    }

    /// Changes the state while no other process does.
    ///
    /// # Errors
    /// Disk full, read-only, ….
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> Result<T, StoreError> {
        let queue = self.root.join(QUEUE);
        fs::create_dir_all(&queue).map_err(|error| StoreError::io(&queue, error))?;
        let lock = self.lock_file(".lock")?;
        // Without locks (some network file systems) the last one wins.
        let _ = lock.lock();
        let mut state = self.state()?;
        let before = state.clone();
        let answer = change(&mut state);
        if state != before {
            write_atomic(&self.root.join(STATE_FILE), &state.to_json())?;
        }
        Ok(answer)
    }

    /// Writes the requests of an incident, counts it with `count` and notes it as taken; `false` when it was taken before.
    ///
    /// # Errors
    /// Disk full, read-only, …: it is not taken then.
    pub fn take(
        &self,
        incident: &str,
        requests: &[Request],
        count: impl FnOnce(&mut State),
    ) -> Result<bool, StoreError> {
        self.change(|state| {
            if state.is_taken(incident) {
                return Ok(false);
            }
            for request in requests {
                let entry = Entry { incident: incident.to_owned(), kind: request.kind };
                entry.write(&self.root.join(QUEUE), &request.body)?;
            }
            state.note_taken(incident);
            count(state);
            Ok(true)
        })?
    }

    /// What is to be sent, oldest incident first. What falls out of the bounds is removed and counted.
    ///
    /// # Errors
    /// The folder cannot be read, or the count not be written.
    pub fn waiting(&self, now: SystemTime) -> Result<Waiting, StoreError> {
        let state = self.state()?;
        let (mut kept, mut bytes) = (Vec::new(), 0);
        let mut dropped = Vec::new();
        // From the newest on: what is beyond the bounds is the oldest.
        let mut found = self.found()?;
        found.sort_by(|a, b| b.0.cmp(&a.0));
        for (entry, size, written) in found {
            let age = now.duration_since(written).unwrap_or_default();
            // What is not noted as taken is a leftover: not to be sent, and not to be kept for ever.
            if !state.is_taken(&entry.incident) {
                if age > self.bounds.age {
                    self.done(&entry)?;
                }
                continue;
            }
            bytes += size;
            let reason = if size > entry::MOST_BYTES {
                bytes -= size;
                Some("too-large")
            } else if age > self.bounds.age {
                Some("too-old")
            } else if kept.len() >= self.bounds.entries || bytes > self.bounds.bytes {
                Some("spool-full")
            } else {
                None
            };
            match reason {
                Some(reason) => dropped.push((entry, reason)),
                None => kept.push(entry),
            }
        }
        self.drop_all(&dropped)?;
        kept.reverse();
        Ok(Waiting { entries: kept, dropped })
    }

    /// The body of a request.
    ///
    /// # Errors
    /// It is gone, damaged, or none of ours.
    pub fn body(&self, entry: &Entry) -> Result<Vec<u8>, EntryError> {
        entry.read(&self.root.join(QUEUE))
    }

    /// Removes what was sent.
    ///
    /// # Errors
    /// It cannot be removed: it would be sent again.
    pub fn done(&self, entry: &Entry) -> Result<(), StoreError> {
        entry.remove(&self.root.join(QUEUE))
    }

    /// Removes what will not be sent, and counts it.
    ///
    /// # Errors
    /// It cannot be removed, or the count not be written.
    pub fn drop_all(&self, dropped: &[(Entry, &'static str)]) -> Result<(), StoreError> {
        if dropped.is_empty() {
            return Ok(());
        }
        for (entry, _) in dropped {
            self.done(entry)?;
        }
        self.change(|state| {
            for (entry, reason) in dropped {
                state.tally.drop(entry.kind.signal(), reason, 1);
            }
            state.metrics_due = true;
        })
    }

    /// The right to send; `None` while another process has it.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn start_sending(&self) -> Result<Option<Sending>, StoreError> {
        fs::create_dir_all(&self.root).map_err(|error| StoreError::io(&self.root, error))?;
        let lock = self.lock_file(".sending")?;
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => Ok(None),
            // Without locks two windows may send the same: with the same ids.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Some(Sending { _lock: lock })),
        }
    }

    fn lock_file(&self, name: &str) -> Result<File, StoreError> {
        let path = self.root.join(name);
        File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| StoreError::io(&path, error))
    }

    /// Every file that is named as we name them, with its size and when it was written. Links and folders are not.
    fn found(&self) -> Result<Vec<(Entry, Bytes, SystemTime)>, StoreError> {
        let queue = self.root.join(QUEUE);
        let entries = match fs::read_dir(&queue) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::io(&queue, error)),
        };
        let ours = entries.flatten().filter_map(|file| {
            let entry = Entry::named(file.file_name().to_str()?)?;
            // Not followed: what a link leads to is not ours.
            let metadata = file.metadata().ok().filter(fs::Metadata::is_file)?;
            Some((entry, metadata.len(), metadata.modified().ok()?))
        });
        Ok(ours.collect())
    }
}
