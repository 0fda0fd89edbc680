//! The watcher beside a run, set up as in an editor.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use stallscope_core::model::{Bytes, ObservedRequest, WatchEvent, WatchSettings};
use stallscope_core::verify::{HeapPoint, RunFigures};
use stallscope_probe::store::Store;
use stallscope_probe::verify::{HeapAt, VerifyError, heap_point};
use stallscope_probe::watcher::{Record, Target, WatchError, Watcher, WatcherOptions};
use tokio::runtime::Runtime;

use crate::client::Client;

/// A gopls that was just started is found by its process, at the next look.
const FIND: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(25);
/// A run of a second may be over before the watcher has found the debug server of its gopls, or seen that the last answer has
/// come: a collection is not forced while somebody waits.
const HEAP_WITHIN: Duration = Duration::from_secs(5);
const HEAP_AGAIN: Duration = Duration::from_millis(100);
/// An incident is closed when the captures of its wait have come.
const CLOSING: Duration = Duration::from_millis(1_500);

/// Watches the gopls that this process starts.
pub struct Watch {
    watcher: Watcher,
    store: Store,
    runtime: Runtime,
    incidents: Arc<Mutex<Vec<String>>>,
}

impl Watch {
    /// Begins; incidents go to `storage`.
    pub fn start(storage: &Path, workspace: &Path) -> std::io::Result<Self> {
        let options = WatcherOptions {
            storage_dir: storage.to_owned(),
            workspace: vec![workspace.display().to_string()],
            target: Target::Host { pid: std::process::id() },
            go_extension: None,
            log_dirs: Vec::new(),
            // What an experiment does is nobody's history.
            settings: WatchSettings { history_days: 0.0, ..WatchSettings::default() },
        };
        let incidents = Arc::new(Mutex::new(Vec::new()));
        let closed = Arc::clone(&incidents);
        let watcher = Watcher::start(
            options,
            Box::new(move |event| {
                if let WatchEvent::IncidentClosed { summary, .. } = event {
                    closed.lock().unwrap_or_else(PoisonError::into_inner).push(summary.id);
                }
            }),
        )?;
        Ok(Self {
            watcher,
            store: Store::new(storage.to_owned()),
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
            incidents,
        })
    }

    /// Records from now on, as soon as gopls has been found: what we have started, or what that has started. Nothing is recorded
    /// of one that has ended before.
    pub fn record(&self, client: &Client) {
        let until = Instant::now() + FIND;
        while self.watcher.status().gopls.is_none() {
            if client.has_ended() || Instant::now() > until {
                return;
            }
            std::thread::sleep(LOOK);
        }
        self.ask(Record::Begin);
    }

    /// Ends the recording, and begins another one.
    pub fn next(&self) -> Option<RunFigures> {
        let figures = self.ask(Record::End);
        self.ask(Record::Begin);
        figures
    }

    fn ask(&self, what: Record) -> Option<RunFigures> {
        self.runtime.block_on(self.watcher.record(what)).unwrap_or_default().figures
    }

    /// Somebody is about to ask for this.
    pub fn observed(&self, method: &str, uri: &str, line: u32) {
        let request =
            ObservedRequest { method: method.to_owned(), uri: Some(uri.to_owned()), line: Some(line) };
        self.watcher.observed(request);
    }

    /// A save of this file begins.
    pub fn save_began(&self, uri: &str) {
        self.watcher.save_began(uri.to_owned());
    }

    /// It has ended.
    pub fn save_ended(&self, uri: &str) {
        self.watcher.save_ended(uri.to_owned());
    }

    /// RSS as last read.
    pub fn rss_bytes(&self) -> Option<Bytes> {
        self.watcher.status().gopls.map(|gopls| gopls.rss_bytes)
    }

    /// Captures the heap.
    pub fn heap(&self, at: HeapAt) -> Result<HeapPoint, VerifyError> {
        let until = Instant::now() + HEAP_WITHIN;
        loop {
            match self.runtime.block_on(heap_point(&self.watcher, &self.store, at)) {
                Err(VerifyError::Watch(WatchError::NoDebugServer | WatchError::CaptureFailed(_)))
                    if Instant::now() < until =>
                {
                    std::thread::sleep(HEAP_AGAIN);
                }
                done => return done,
            }
        }
    }

    /// Ends; the incidents, in their order. One that is being closed has a moment for that.
    pub fn stop(self) -> Vec<String> {
        if self.watcher.status().stall.is_some() {
            std::thread::sleep(CLOSING);
        }
        self.runtime.block_on(self.watcher.stop());
        let mut incidents = self.incidents.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut incidents)
    }
}
