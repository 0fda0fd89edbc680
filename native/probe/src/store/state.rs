//! The little state that outlives a window and is shared by several: limits, and what earlier loads took.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use stallscope_core::limits::{Limits, UnixMs};
use stallscope_core::model::PastLoad;

use super::{Store, StoreError, write_atomic};

/// A state file larger than this is not ours.
const MOST_STATE_BYTES: u64 = 1 << 20;
const MOST_LOADS: usize = 10;
const MOST_WORKSPACES: usize = 200;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Loads {
    /// Workspace folders, joined by newlines → its loads, latest last.
    workspaces: BTreeMap<String, Vec<PastLoad>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Removed {
    /// Incidents that had to make room for later ones, since the folder was made.
    incidents: u64,
}

impl Store {
    /// The limits that all windows share; broken or missing ones start afresh.
    pub fn read_limits(&self) -> Limits {
        read_state(&self.root().join("limits.json"))
    }

    /// Joins `limits` with what other windows wrote and writes the result, under a lock. Returns the result.
    ///
    /// # Errors
    /// Disk full, read-only, ….
    pub fn write_limits(&self, mut limits: Limits, now: UnixMs) -> Result<Limits, StoreError> {
        self.locked(|| {
            limits.merge(&self.read_limits(), now);
            self.write_state("limits.json", &limits)
        })?;
        Ok(limits)
    }

    /// Earlier loads of this workspace, latest last.
    pub fn earlier_loads(&self, workspace: &[String]) -> Vec<PastLoad> {
        let loads: Loads = read_state(&self.root().join("loads.json"));
        loads.workspaces.get(&workspace.join("\n")).cloned().unwrap_or_default()
    }

    /// Remembers a load.
    ///
    /// # Errors
    /// Disk full, read-only, ….
    pub fn remember_load(&self, workspace: &[String], load: PastLoad) -> Result<(), StoreError> {
        self.locked(|| {
            let mut loads: Loads = read_state(&self.root().join("loads.json"));
            let key = workspace.join("\n");
            if loads.workspaces.len() >= MOST_WORKSPACES && !loads.workspaces.contains_key(&key) {
                loads.workspaces.pop_first();
            }
            let known = loads.workspaces.entry(key).or_default();
            known.push(load);
            let surplus = known.len().saturating_sub(MOST_LOADS);
            known.drain(..surplus);
            self.write_state("loads.json", &loads)
        })
    }

    /// How many incidents had to make room for later ones so far.
    pub fn removed_incidents(&self) -> u64 {
        read_state::<Removed>(&self.root().join("removed.json")).incidents
    }

    /// Counts incidents that had to make room.
    ///
    /// # Errors
    /// Disk full, read-only, ….
    pub fn count_removed(&self, incidents: usize) -> Result<(), StoreError> {
        self.locked(|| {
            let incidents = self.removed_incidents().saturating_add(incidents as u64);
            self.write_state("removed.json", &Removed { incidents })
        })
    }

    /// Runs `write` while no other window writes state.
    fn locked(&self, write: impl FnOnce() -> Result<(), StoreError>) -> Result<(), StoreError> {
        fs::create_dir_all(self.root()).map_err(|e| StoreError::io(self.root(), e))?;
        let path = self.root().join(".state-lock");
        let lock = File::create(&path).map_err(|e| StoreError::io(&path, e))?;
        // Held for the milliseconds of one small write; without locks (some network filesystems) the last one wins.
        let _ = lock.lock();
        write()
    }

    fn write_state(&self, name: &str, state: &impl Serialize) -> Result<(), StoreError> {
        let path = self.root().join(name);
        let text = serde_json::to_vec(state).map_err(|e| StoreError::io(&path, e.into()))?;
        write_atomic(&path, &text)
    }
}

fn read_state<T: DeserializeOwned + Default>(path: &Path) -> T {
    let Ok(file) = File::open(path) else { return T::default() };
    let mut text = Vec::new();
    if file.take(MOST_STATE_BYTES).read_to_end(&mut text).is_err() {
        return T::default();
    }
    serde_json::from_slice(&text).unwrap_or_default()
}
