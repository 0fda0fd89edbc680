//! What the writer's thread keeps of the history: opened when there is something to keep, closed right after it (who wants to
//! unmount that disk can), and never a reason to fail.

use std::collections::HashMap;

use stallscope_core::history::{Hour, Setup, Tally};
use stallscope_core::model::{Bytes, GoplsIdentity, Incident};

use super::schema::move_aside;
use super::{History, HistoryError};
use crate::process;
use crate::store::Store;

/// Incidents of before the history, at most.
const MOST_IMPORTED: usize = 500;
/// A person has a handful of gopls a day.
const MOST_REMEMBERED: usize = 64;

/// How long and how much of it is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retention {
    /// Days.
    pub days: f64,
    /// Bytes.
    pub most_bytes: Bytes,
}

/// The history, and what it needs to know of whoever writes.
pub(crate) struct Keeper {
    store: Store,
    workspace: String,
    go_extension: Option<String>,
    retention: Option<Retention>,
    forgot: Option<Hour>,
    /// The `go` of each gopls, by its pid and start.
    go_versions: HashMap<(u32, u64), Option<String>>,
    /// It has failed: that is told once, until it works again.
    has_failed: bool,
}

impl Keeper {
    pub fn new(store: Store, workspace: &[String], go_extension: Option<String>) -> Self {
        Self {
            store,
            workspace: workspace.join("\n"),
            go_extension,
            retention: None,
            forgot: None,
            go_versions: HashMap::new(),
            has_failed: false,
        }
    }

    /// Keeps the history, or no longer.
    pub fn set_retention(&mut self, retention: Option<Retention>) {
        (self.retention, self.forgot) = (retention, None);
    }

    /// Keeps what was seen.
    pub fn keep(
        &mut self,
        at_unix_ms: f64,
        gopls: &GoplsIdentity,
        tally: &Tally,
    ) -> Result<(), HistoryError> {
        let setup = self.setup(gopls);
        let hour = Hour::of_unix_ms(at_unix_ms);
        let retention = self.retention.filter(|_| self.forgot != Some(hour));
        self.with(|history, workspace| {
            history.keep(at_unix_ms, workspace, &setup, tally)?;
            retention.map_or(Ok(()), |retention| history.forget(at_unix_ms, retention))
        })?;
        self.forgot = Some(hour);
        Ok(())
    }

    /// Keeps a stall, or what more is known of it.
    pub fn keep_stall(&mut self, incident: &Incident) -> Result<(), HistoryError> {
        let setup = self.setup(&incident.gopls);
        self.with(|history, workspace| history.keep_stall(incident, workspace, &setup))
    }

    fn with(
        &mut self,
        work: impl Fn(&mut History, &str) -> Result<(), HistoryError>,
    ) -> Result<(), HistoryError> {
        if self.retention.is_none() {
            return Ok(());
        }
        let once = || self.opened().and_then(|mut history| work(&mut history, &self.workspace));
        let done = match once() {
            // It could be opened: what is damaged lies further inside.
            Err(HistoryError::Damaged { path }) => move_aside(&path).and_then(|()| once()),
            done => done,
        };
        let is_told = std::mem::replace(&mut self.has_failed, done.is_err());
        if is_told { Ok(()) } else { done }
    }

    fn opened(&self) -> Result<History, HistoryError> {
        let (mut history, is_new) = History::open(self.store.root())?;
        if is_new && let Ok(incidents) = self.store.newest() {
            for incident in incidents.take(MOST_IMPORTED) {
                let setup = Setup { gopls: incident.gopls.version.clone(), ..Setup::default() };
                history.keep_stall(&incident, &incident.workspace.join("\n"), &setup)?;
            }
        }
        Ok(history)
    }

    fn setup(&mut self, gopls: &GoplsIdentity) -> Setup {
        Setup {
            gopls: gopls.version.clone(),
            go: self.go_version(gopls),
            stallscope: Some(format!("v{}", env!("CARGO_PKG_VERSION"))),
            go_extension: self.go_extension.clone(),
        }
    }

    fn go_version(&mut self, gopls: &GoplsIdentity) -> Option<String> {
        let key = (gopls.pid, gopls.started_unix_ms.to_bits());
        if let Some(known) = self.go_versions.get(&key) {
            return known.clone();
        }
        if self.go_versions.len() >= MOST_REMEMBERED {
            self.go_versions.clear();
        }
        let version = go_of(gopls.pid);
        self.go_versions.insert(key, version.clone());
        version
    }
}

/// The version of the `go` that a process finds. `None` where its environment cannot be read, or where a script stands in for
/// `go`.
fn go_of(pid: u32) -> Option<String> {
    let path = process::variables(pid, &["PATH"]).remove("PATH")?;
    let name = if cfg!(windows) { "go.exe" } else { "go" };
    let folders = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    let go = folders.map(|folder| folder.join(name)).find(|file| file.is_file())?.canonicalize().ok()?;
    let built = process::version::of_file(&go)?;
    (built.package == "cmd/go").then_some(built.go_version)
}
