//! The log that the panel looks at. One at a time: opening another one gives the first up.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use stallscope_core::log::{LogOverview, LogProgress, LogQuery, LogRequestPage};
use stallscope_core::trace::{Trace, TraceFormat};

use super::file::{LogError, LogFile, title};
use crate::trace::{SaveTraceError, save};

/// A page larger than this is nobody's to look at.
const MOST_ROWS: usize = 1_000;

/// The open log, if there is one.
#[derive(Debug, Default)]
pub struct OpenLogs {
    latest: Mutex<Option<Arc<OpenLog>>>,
}

#[derive(Debug)]
struct OpenLog {
    file: Mutex<LogFile>,
    title: String,
    read_bytes: AtomicU64,
    size_bytes: AtomicU64,
    is_given_up: AtomicBool,
}

impl OpenLogs {
    /// Reads a whole log; the one before is given up. What messages mean is told in a language (`en`, `zh-cn`).
    ///
    /// # Errors
    /// Not readable, not a log, or given up meanwhile.
    pub fn open(&self, path: &Path, language: &str) -> Result<LogOverview, LogError> {
        let opened = Arc::new(OpenLog {
            file: Mutex::new(LogFile::open(path)?),
            title: title(path),
            read_bytes: AtomicU64::new(0),
            size_bytes: AtomicU64::new(0),
            is_given_up: AtomicBool::new(false),
        });
        // It is the open one from now on, so that its progress can be asked and it can be given up.
        let before = self.lock().replace(Arc::clone(&opened));
        if let Some(before) = before {
            before.is_given_up.store(true, Ordering::Relaxed);
        }
        let mut file = opened.lock();
        let read = opened.read_on(&mut file).and_then(|()| {
            file.end();
            file.check()
        });
        if read.is_err() {
            let mut latest = self.lock();
            if latest.as_ref().is_some_and(|latest| Arc::ptr_eq(latest, &opened)) {
                *latest = None;
            }
        }
        read.map(|()| file.log().overview(language))
    }

    /// The open log as it is; with `read_on` what was written meanwhile is read before.
    ///
    /// # Errors
    /// None is open, or it cannot be read any more.
    pub fn overview(&self, read_on: bool, language: &str) -> Result<LogOverview, LogError> {
        let opened = self.opened()?;
        let mut file = opened.lock();
        if read_on {
            opened.read_on(&mut file)?;
        }
        Ok(file.log().overview(language))
    }

    /// A page of its requests.
    ///
    /// # Errors
    /// None is open.
    pub fn requests(&self, query: &LogQuery) -> Result<LogRequestPage, LogError> {
        let opened = self.opened()?;
        let query = LogQuery { limit: query.limit.min(MOST_ROWS), ..query.clone() };
        Ok(opened.lock().log().requests(&query))
    }

    /// How far it was read; `None` when none is open.
    pub fn progress(&self) -> Option<LogProgress> {
        let opened = self.lock().clone()?;
        Some(LogProgress {
            read_bytes: opened.read_bytes.load(Ordering::Relaxed),
            size_bytes: opened.size_bytes.load(Ordering::Relaxed),
        })
    }

    /// Gives it up, also while it is read.
    pub fn close(&self) {
        if let Some(opened) = self.lock().take() {
            opened.is_given_up.store(true, Ordering::Relaxed);
        }
    }

    /// Saves its trace.
    ///
    /// # Errors
    /// None is open, or it cannot be written there.
    pub fn save_trace(&self, format: TraceFormat, destination: &Path) -> Result<(), SaveTraceError> {
        save(&self.trace()?, format, destination)
    }

    /// Its trace.
    ///
    /// # Errors
    /// None is open.
    pub fn trace(&self) -> Result<Trace, LogError> {
        let opened = self.opened()?;
        Ok(Trace::of_log(opened.lock().log(), &opened.title))
    }

    fn opened(&self) -> Result<Arc<OpenLog>, LogError> {
        self.lock().clone().ok_or(LogError::NoneOpen)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<OpenLog>>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenLog {
    fn lock(&self) -> std::sync::MutexGuard<'_, LogFile> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_on(&self, file: &mut LogFile) -> Result<(), LogError> {
        file.read_on(&mut |progress| {
            self.read_bytes.store(progress.read_bytes, Ordering::Relaxed);
            self.size_bytes.store(progress.size_bytes, Ordering::Relaxed);
            !self.is_given_up.load(Ordering::Relaxed)
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_log_is_open_at_a_time() {
        let fixture =
            |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/fixtures/logs").join(name);
        let logs = OpenLogs::default();
        assert_eq!(logs.requests(&LogQuery::default()).unwrap_err().code(), "no-log-open");
        let overview = logs.open(&fixture("v0.23.0.log"), "en").unwrap();
        assert_eq!(overview.pending_count, 1);
        let progress = logs.progress().unwrap();
        assert!(progress.read_bytes > 10_000 && progress.read_bytes == progress.size_bytes);
        logs.open(&fixture("v0.23.0-stderr.txt"), "en").unwrap();
        assert_eq!(logs.requests(&LogQuery::default()).unwrap().matched_rows, 0);
        assert_eq!(logs.open(&fixture("make.mjs"), "en").unwrap_err().code(), "not-a-log");
        assert!(logs.progress().is_none(), "what is no log is not the open one");
        logs.open(&fixture("v0.18.1.log"), "en").unwrap();
        logs.close();
        assert_eq!(logs.overview(true, "en").unwrap_err().code(), "no-log-open");
    }
}
