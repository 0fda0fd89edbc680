//! What has a trace: an incident, a message log, or a file of trace events.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use stallscope_core::model::Incident;
use stallscope_core::trace::{MOST_FILE_BYTES, NotATrace, ReadTrace, Skipped, Trace};
use stallscope_pprof::{Inflater, Limits};

use crate::log::{LogError, LogFile, title};
use crate::store::{Store, StoreError};

/// What a file begins with tells a trace from a log: more spaces than this no writer puts first.
const START_BYTES: u64 = 256;
/// A profile's and a browser's compressed files begin with it.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Why nothing can be compared.
#[derive(Debug, thiserror::Error)]
pub enum OpenTraceError {
    /// The incident.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A folder of something else.
    #[error("{} is not an incident's folder: it is STORAGE/incidents/ID, with incident.json in it", path.display())]
    NotAnIncident {
        /// Which.
        path: PathBuf,
    },
    /// The file itself.
    #[error("cannot read {}: {source}: check the path", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is compressed, and damaged or too large.
    #[error("{}: {source}", path.display())]
    Compressed {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: stallscope_pprof::Error,
    },
    /// Its content.
    #[error("{}: {source}", path.display())]
    NotATrace {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: NotATrace,
    },
}

impl OpenTraceError {
    /// Kebab-case name for the user interface.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Log(error) => error.code(),
            Self::NotAnIncident { .. } => "not-an-incident",
            Self::Unreadable { .. } => "trace-unreadable",
            Self::Compressed { .. } | Self::NotATrace { .. } => "not-a-trace",
        }
    }
}

/// What a path leads to, by what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceSource {
    /// An incident's folder, or the `incident.json` in it.
    Incident,
    /// A file of trace events.
    File,
    /// A message log, or whatever else is a file: its reader says so.
    Log,
}

impl TraceSource {
    /// Looks at a path.
    ///
    /// # Errors
    /// Nothing is there, or it cannot be read.
    pub fn of(path: &Path) -> Result<Self, OpenTraceError> {
        if path.is_dir() || path.file_name().is_some_and(|name| name == "incident.json") {
            return Ok(Self::Incident);
        }
        let mut start = Vec::new();
        let read = file(path).and_then(|file| file.take(START_BYTES).read_to_end(&mut start));
        read.map_err(|source| unreadable(path, source))?;
        let is_trace = start.starts_with(&GZIP) || ReadTrace::looks_like_one(&start);
        Ok(if is_trace { Self::File } else { Self::Log })
    }
}

/// The incident in a folder, wherever that was copied to; `incident.json` stands for the folder it lies in.
///
/// # Errors
/// It lies elsewhere than incidents do, or is none.
pub fn incident_at(path: &Path) -> Result<Incident, OpenTraceError> {
    let whole = path.canonicalize().map_err(|source| unreadable(path, source))?;
    let folder = if whole.is_dir() { Some(&*whole) } else { whole.parent() };
    let place = || {
        let id = folder?.file_name()?.to_str()?;
        let incidents = folder?.parent()?;
        (incidents.file_name()? == "incidents").then_some(())?;
        Some((id, incidents.parent()?))
    };
    let (id, storage) = place().ok_or_else(|| OpenTraceError::NotAnIncident { path: path.to_path_buf() })?;
    Ok(Store::new(storage.to_path_buf()).load(id)?)
}

/// Reads a file of trace events, compressed or not; it is called by its file's name where it does not name itself.
///
/// # Errors
/// Not readable, too large, or no trace.
pub fn read_file(path: &Path) -> Result<ReadTrace, OpenTraceError> {
    let bytes = content(path)?;
    let mut read = ReadTrace::parse(&bytes)
        .map_err(|source| OpenTraceError::NotATrace { path: path.to_path_buf(), source })?;
    if read.trace.title.is_empty() {
        read.trace.title = title(path);
    }
    Ok(read)
}

/// The trace of whatever a path leads to, and what of it was not read.
///
/// # Errors
/// It is none of the three.
pub fn trace_at(path: &Path) -> Result<(Trace, Option<Skipped>), OpenTraceError> {
    match TraceSource::of(path)? {
        TraceSource::Incident => Ok((Trace::of_incident(&incident_at(path)?), None)),
        TraceSource::File => {
            let ReadTrace { trace, skipped, .. } = read_file(path)?;
            Ok((trace, Some(skipped)))
        }
        TraceSource::Log => {
            let mut file = LogFile::open(path)?;
            file.read_on(&mut |_| true)?;
            file.end();
            file.check()?;
            Ok((Trace::of_log(file.log(), &title(path)), None))
        }
    }
}

/// All of a file, inflated; no more than is read.
fn content(path: &Path) -> Result<Vec<u8>, OpenTraceError> {
    let most = MOST_FILE_BYTES as u64;
    let opened = file(path).map_err(|source| unreadable(path, source))?;
    let size_bytes = opened.metadata().map_err(|source| unreadable(path, source))?.len();
    let too_large =
        |bytes| OpenTraceError::NotATrace { path: path.to_path_buf(), source: NotATrace::TooLarge { bytes } };
    if size_bytes > most {
        return Err(too_large(size_bytes));
    }
    if size_bytes == 0 {
        return Ok(Vec::new());
    }
    let limits = Limits { compressed_bytes: most, inflated_bytes: most, ..Limits::default() };
    let inflate = || -> Result<Vec<u8>, stallscope_pprof::Error> {
        let mut inflater = Inflater::new(BufReader::new(opened), &limits)?;
        let (mut whole, mut chunk) = (Vec::new(), Vec::new());
        while inflater.next_chunk(&mut chunk)? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole)
    };
    inflate().map_err(|source| match source {
        stallscope_pprof::Error::InflatedTooLarge { .. } => too_large(most + 1),
        source => OpenTraceError::Compressed { path: path.to_path_buf(), source },
    })
}

/// A pipe or a device would be waited for.
fn file(path: &Path) -> io::Result<File> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    File::open(path)
}

fn unreadable(path: &Path, source: io::Error) -> OpenTraceError {
    OpenTraceError::Unreadable { path: path.to_path_buf(), source }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use stallscope_core::trace::TraceComparison;

    use super::*;

    const EVENTS: &str = r#"{"traceEvents":[{"ph":"X","name":"hover","ts":1,"dur":1}]}"#;

    #[test]
    fn a_trace_may_be_compressed_and_is_called_by_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("foreign.json.gz");
        // As browsers save them. `zip` brings deflate for the reports; a stored block needs none.
        let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
        let length = u16::try_from(EVENTS.len()).unwrap();
        gzip.extend([length.to_le_bytes(), (!length).to_le_bytes()].concat());
        gzip.extend(EVENTS.bytes());
        let mut crc = u32::MAX;
        for byte in EVENTS.bytes() {
            crc ^= u32::from(byte);
            (0..8).for_each(|_| crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 });
        }
        gzip.extend([(!crc).to_le_bytes(), u32::from(length).to_le_bytes()].concat());
        std::fs::write(&path, &gzip).unwrap();
        let read = read_file(&path).unwrap();
        assert_eq!((&*read.trace.title, read.trace.slice_count()), ("foreign.json.gz", 1));
        std::fs::write(&path, &gzip[..gzip.len() - 20]).unwrap();
        let error = read_file(&path).unwrap_err();
        assert!(error.code() == "not-a-trace" && error.to_string().contains("foreign.json.gz"), "{error}");
    }

    #[test]
    fn whatever_has_a_trace_is_told_by_what_it_begins_with() {
        let folder = tempfile::tempdir().unwrap();
        let written = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
            path
        };
        let source = |path: &Path| TraceSource::of(path).unwrap();
        assert_eq!(source(&written("a.log", EVENTS)), TraceSource::File);
        assert_eq!(source(&written("b.json", "[Trace - 09:00:00.000 AM] Sending")), TraceSource::Log);
        assert_eq!(source(folder.path()), TraceSource::Incident);
        for (path, code) in [
            (written("c.json", "{}"), "not-a-trace"),
            (written("d.txt", "hello\n"), "not-a-log"),
            (written("incident.json", "{}"), "not-an-incident"),
            (folder.path().to_path_buf(), "not-an-incident"),
            (folder.path().join("nowhere.json"), "trace-unreadable"),
            (PathBuf::from("/dev/null"), "trace-unreadable"),
        ] {
            let error = trace_at(&path).unwrap_err();
            assert_eq!(error.code(), code, "{error}");
            assert!(error.to_string().contains(&*title(&path)), "{error}");
        }
    }

    #[test]
    fn a_log_is_what_its_own_trace_is() {
        let log = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/fixtures/logs/v0.23.0.log");
        let (trace, _) = trace_at(&log).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let saved = folder.path().join("saved.json");
        super::super::save(&trace, stallscope_core::trace::TraceFormat::Chrome, &saved).unwrap();
        let (read, skipped) = trace_at(&saved).unwrap();
        let compared = TraceComparison::of((&trace, None), (&read, skipped));
        assert_eq!((compared.this.slices, compared.other.slices), (15, 15));
        assert_eq!(compared.other.skipped, Some(Skipped::default()));
        assert!(
            compared.rows.iter().all(|row| row.difference_ns == 0 && row.this == row.other),
            "{compared:?}"
        );
    }
}
