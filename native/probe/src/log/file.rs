//! A log file, read in chunks from where it was left, also when it was emptied or exchanged meanwhile.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use stallscope_core::log::{LogProgress, MessageLog, MessageRules};
use stallscope_core::rule_file::RuleError;

const CHUNK_BYTES: usize = 1 << 20;
/// So much of what was read last is compared before a log is read on: a file that was emptied may have grown again.
const REMEMBERED_BYTES: usize = 64;

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file itself.
    #[error("cannot read {}: {source}: check the path", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Its content.
    #[error(
        "{} has no message of gopls in it: make a log with `gopls -rpc.trace -logfile=FILE`, or save what the output channel \"gopls\" shows with \"go.trace.server\": \"verbose\"",
        path.display()
    )]
    NotALog {
        /// Which file.
        path: PathBuf,
    },
    /// Somebody gave it up.
    #[error("reading {} was cancelled", path.display())]
    Cancelled {
        /// Which file.
        path: PathBuf,
    },
    /// Asked about before one was opened.
    #[error("no log is open: open one first")]
    NoneOpen,
    /// A mistake of ours.
    #[error(transparent)]
    Rules(#[from] RuleError),
}

impl LogError {
    /// Kebab-case name for the user interface.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "log-unreadable",
            Self::NotALog { .. } => "not-a-log",
            Self::Cancelled { .. } => "log-cancelled",
            Self::NoneOpen => "no-log-open",
            Self::Rules(_) => "internal-error",
        }
    }
}

/// A log file and what was read of it.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: File,
    identity: Identity,
    read_bytes: u64,
    /// The last bytes that were read.
    remembered: Vec<u8>,
    log: MessageLog,
}

impl LogFile {
    /// Opens a file; nothing is read yet.
    ///
    /// # Errors
    /// Not there, not a file, not readable.
    pub fn open(path: &Path) -> Result<Self, LogError> {
        let (file, identity) = open(path).map_err(|source| unreadable(path, source))?;
        let log = MessageLog::new(MessageRules::built_in()?);
        Ok(Self { path: path.to_owned(), file, identity, read_bytes: 0, remembered: Vec::new(), log })
    }

    /// Reads what is there now and was not read yet. `goes_on` is told after every megabyte how far it is, and ends it with
    /// `false`.
    ///
    /// # Errors
    /// Not readable any more, or ended by `goes_on`.
    pub fn read_on(&mut self, goes_on: &mut dyn FnMut(LogProgress) -> bool) -> Result<(), LogError> {
        let path = self.path.clone();
        self.find_place().map_err(|source| unreadable(&path, source))?;
        // What is written while we read is for the next time: a log that grows faster than it is read would never end.
        let size_bytes = self.file.metadata().map_err(|source| unreadable(&path, source))?.len();
        let mut chunk = vec![0; CHUNK_BYTES];
        while self.read_bytes < size_bytes {
            if !goes_on(LogProgress { read_bytes: self.read_bytes, size_bytes }) {
                return Err(LogError::Cancelled { path });
            }
            let wanted =
                usize::try_from(size_bytes - self.read_bytes).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
            match self.file.read(&mut chunk[..wanted]) {
                Ok(0) => break,
                Ok(count) => self.take(&chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(unreadable(&path, source)),
            }
        }
        goes_on(LogProgress { read_bytes: self.read_bytes, size_bytes });
        Ok(())
    }

    /// The log is not expected to grow: a last line without an end is read as well. Should it grow all the same, the rest of
    /// that line is one of its own.
    pub fn end(&mut self) {
        self.log.end();
    }

    /// What was read.
    pub fn log(&self) -> &MessageLog {
        &self.log
    }

    /// The same, for what is taken from it.
    pub fn log_mut(&mut self) -> &mut MessageLog {
        &mut self.log
    }

    /// Fails when there was nothing in the file that a log of gopls has.
    ///
    /// # Errors
    /// That.
    pub fn check(&self) -> Result<(), LogError> {
        if self.log.is_log() { Ok(()) } else { Err(LogError::NotALog { path: self.path.clone() }) }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.read_bytes += bytes.len() as u64;
        self.log.push(bytes);
        self.remembered.extend_from_slice(&bytes[bytes.len().saturating_sub(REMEMBERED_BYTES)..]);
        self.remembered.drain(..self.remembered.len().saturating_sub(REMEMBERED_BYTES));
    }

    /// Makes sure that what is read next continues what was read last.
    fn find_place(&mut self) -> io::Result<()> {
        match std::fs::metadata(&self.path) {
            // Moved away, and the new one is not there yet: what the old one still gets is read.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
            Ok(metadata) if Identity::of(&metadata) != self.identity => {
                self.read_rest()?;
                (self.file, self.identity) = open(&self.path)?;
                return self.begin_anew();
            }
            Ok(_) => {}
        }
        if self.file.metadata()?.len() < self.read_bytes || !self.is_where_it_was()? {
            return self.begin_anew();
        }
        Ok(())
    }

    /// The end of a file that has another name by now.
    fn read_rest(&mut self) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK_BYTES];
        let size_bytes = self.file.metadata()?.len();
        while self.read_bytes < size_bytes {
            match self.file.read(&mut chunk)? {
                0 => break,
                count => self.take(&chunk[..count]),
            }
        }
        Ok(())
    }

    fn begin_anew(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.remembered.clear();
        if self.read_bytes > 0 {
            self.read_bytes = 0;
            self.log.cut();
        }
        Ok(())
    }

    fn is_where_it_was(&mut self) -> io::Result<bool> {
        let mut there = vec![0; self.remembered.len()];
        self.file.seek(SeekFrom::Start(self.read_bytes - self.remembered.len() as u64))?;
        match self.file.read_exact(&mut there) {
            Ok(()) => Ok(there == self.remembered),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Which file a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity(u64, u64);

impl Identity {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(metadata.dev(), metadata.ino())
    }

    /// Elsewhere only what the file begins and ends with tells.
    #[cfg(not(unix))]
    fn of(_metadata: &Metadata) -> Self {
        Self(0, 0)
    }
}

fn open(path: &Path) -> io::Result<(File, Identity)> {
    let metadata = std::fs::metadata(path)?;
    // A pipe or a device would be waited for.
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let file = File::open(path)?;
    let identity = Identity::of(&file.metadata()?);
    Ok((file, identity))
}

fn unreadable(path: &Path, source: io::Error) -> LogError {
    LogError::Unreadable { path: path.to_owned(), source }
}

/// What a file is called, for a person.
pub(crate) fn title(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use stallscope_core::log::LogRequestState;

    use super::*;

    fn asked(id: u32) -> String {
        format!(
            "[Trace - 09:00:0{id}.000 AM] Sending request 'textDocument/hover - ({id})'.\nParams: {{}}\r\n\r\n\r\n"
        )
    }

    fn read_on(file: &mut LogFile) -> Vec<(String, LogRequestState)> {
        file.read_on(&mut |_| true).unwrap();
        file.log().all_requests().map(|row| (row.id, row.state)).collect()
    }

    fn told(rows: &[(&str, LogRequestState)]) -> Vec<(String, LogRequestState)> {
        rows.iter().map(|(id, state)| ((*id).to_owned(), *state)).collect()
    }

    #[test]
    fn a_growing_log_is_read_from_where_it_was_left() {
        use LogRequestState::Pending;
        let mut written = tempfile::NamedTempFile::new().unwrap();
        let mut file = LogFile::open(written.path()).unwrap();
        assert_eq!(read_on(&mut file), []);
        let text = asked(1);
        written.write_all(&text.as_bytes()[..30]).unwrap();
        assert_eq!(read_on(&mut file), []);
        written.write_all(&text.as_bytes()[30..]).unwrap();
        assert_eq!(read_on(&mut file), told(&[("1", Pending)]));
        written.write_all(asked(2).as_bytes()).unwrap();
        assert_eq!(read_on(&mut file), told(&[("1", Pending), ("2", Pending)]));
        assert_eq!(file.log().overview("en").cuts, 0);
    }

    #[test]
    fn an_emptied_log_begins_anew_even_when_it_has_grown_past_the_place() {
        use LogRequestState::{Pending, Unanswered};
        let written = tempfile::NamedTempFile::new().unwrap();
        let mut file = LogFile::open(written.path()).unwrap();
        std::fs::write(written.path(), asked(1)).unwrap();
        read_on(&mut file);
        // As gopls does at its start: the same file, without its content.
        std::fs::write(written.path(), "").unwrap();
        read_on(&mut file);
        std::fs::write(written.path(), asked(2)).unwrap();
        assert_eq!(read_on(&mut file), told(&[("1", Unanswered), ("2", Pending)]));
        std::fs::write(written.path(), asked(3) + &asked(4)).unwrap();
        let rows = told(&[("1", Unanswered), ("2", Unanswered), ("3", Pending), ("4", Pending)]);
        assert_eq!(read_on(&mut file), rows);
        assert_eq!(file.log().overview("en").cuts, 2);
    }

    #[cfg(unix)]
    #[test]
    fn a_rotated_log_is_read_to_its_end_and_then_the_new_one() {
        use LogRequestState::{Pending, Unanswered};
        let folder = tempfile::tempdir().unwrap();
        let (path, old) = (folder.path().join("gopls.log"), folder.path().join("gopls.log.1"));
        std::fs::write(&path, asked(1)).unwrap();
        let mut file = LogFile::open(&path).unwrap();
        read_on(&mut file);
        std::fs::rename(&path, &old).unwrap();
        let mut end = File::options().append(true).open(&old).unwrap();
        end.write_all(asked(2).as_bytes()).unwrap();
        assert_eq!(read_on(&mut file), told(&[("1", Pending), ("2", Pending)]), "no new one yet");
        end.write_all(asked(3).as_bytes()).unwrap();
        std::fs::write(&path, asked(4)).unwrap();
        let rows = told(&[("1", Unanswered), ("2", Unanswered), ("3", Unanswered), ("4", Pending)]);
        assert_eq!(read_on(&mut file), rows);
    }

    #[test]
    fn what_is_no_log_and_what_was_given_up_is_said() {
        let written = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(written.path(), "hello\n").unwrap();
        let mut file = LogFile::open(written.path()).unwrap();
        read_on(&mut file);
        let error = file.check().unwrap_err();
        assert_eq!(error.code(), "not-a-log");
        assert!(error.to_string().contains("-rpc.trace"), "{error}");
        std::fs::write(written.path(), asked(1)).unwrap();
        assert_eq!(file.read_on(&mut |_| false).unwrap_err().code(), "log-cancelled");
        assert_eq!(LogFile::open(std::env::temp_dir().as_path()).unwrap_err().code(), "log-unreadable");
    }
}
