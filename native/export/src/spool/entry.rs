//! One request in the queue: its name, and its body behind its SHA-256. A file is outside input when it is read back.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};
use stallscope_core::model::Bytes;
use stallscope_probe::store::{StoreError, write_atomic};

use crate::config::Signal;

/// A larger one is not sent: collectors take 4 to 20 MiB, and a profile has a few.
pub(super) const MOST_BYTES: Bytes = 16 << 20;
const DIGEST_BYTES: usize = 32;

/// What a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Spans.
    Traces,
    /// A log record.
    Logs,
    /// A heap profile, with the number of its capture.
    Profile(u32),
}

impl Kind {
    /// The signal it belongs to, as it is counted.
    pub fn signal(self) -> &'static str {
        match self {
            Self::Traces => Signal::Traces.key(),
            Self::Logs => Signal::Logs.key(),
            Self::Profile(_) => "profiles",
        }
    }

    fn suffix(self) -> String {
        match self {
            Self::Traces | Self::Logs => self.signal().to_owned(),
            Self::Profile(number) => format!("profile-{number}"),
        }
    }

    fn of_suffix(suffix: &str) -> Option<Self> {
        match suffix {
            "traces" => Some(Self::Traces),
            "logs" => Some(Self::Logs),
            _ => suffix.strip_prefix("profile-")?.parse().ok().map(Self::Profile),
        }
    }
}

/// A request in the queue. They sort by incident, and so by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The incident's id.
    pub incident: String,
    /// What it is.
    pub kind: Kind,
}

/// Why a file is no request.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// Another process was faster.
    #[error("it is gone")]
    Gone,
    /// Not what we wrote.
    #[error("it is damaged")]
    Damaged,
    /// Larger than any we write.
    #[error("it has more than {MOST_BYTES} bytes")]
    TooLarge,
    /// Anything else.
    #[error("{0}")]
    Io(std::io::Error),
}

impl Entry {
    /// By the name of a file.
    pub(super) fn named(name: &str) -> Option<Self> {
        let (incident, suffix) = name.rsplit_once('.')?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        let plain = !incident.is_empty() && !incident.starts_with('.') && incident.bytes().all(is_plain);
        let entry = Self { incident: incident.to_owned(), kind: Kind::of_suffix(suffix)? };
        // `profile-01` is not what we call it.
        (plain && entry.name() == name).then_some(entry)
    }

    fn name(&self) -> String {
        format!("{}.{}", self.incident, self.kind.suffix())
    }

    pub(super) fn write(&self, queue: &Path, body: &[u8]) -> Result<(), StoreError> {
        let mut bytes = Sha256::digest(body).to_vec();
        bytes.extend_from_slice(body);
        write_atomic(&queue.join(self.name()), &bytes)
    }

    pub(super) fn read(&self, queue: &Path) -> Result<Vec<u8>, EntryError> {
        let path = queue.join(self.name());
        let fail = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => EntryError::Gone,
            _ => EntryError::Io(error),
        };
        if !fs::symlink_metadata(&path).map_err(fail)?.is_file() {
            return Err(EntryError::Damaged);
        }
        let mut bytes = Vec::new();
        File::open(&path).map_err(fail)?.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(fail)?;
        if bytes.len() as Bytes > MOST_BYTES {
            return Err(EntryError::TooLarge);
        }
        if bytes.len() < DIGEST_BYTES {
            return Err(EntryError::Damaged);
        }
        let body = bytes.split_off(DIGEST_BYTES);
        if Sha256::digest(&body)[..] == bytes { Ok(body) } else { Err(EntryError::Damaged) }
    }

    pub(super) fn remove(&self, queue: &Path) -> Result<(), StoreError> {
        let path = queue.join(self.name());
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::io(&path, error)),
            _ => Ok(()),
        }
    }
}
