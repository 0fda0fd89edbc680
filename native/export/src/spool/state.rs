//! `state.json` of a spool.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};
use stallscope_probe::store::StoreError;

use crate::tally::Tally;

/// Version of the layout. A later one is refused by name.
const FORMAT: u32 = 1;
/// Incidents remembered as taken. An editor keeps some hundreds of them on its disk.
const MOST_TAKEN: usize = 10_000;
const MOST_STATE_BYTES: u64 = 4 << 20;

/// See the module's text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    format: u32,
    /// Tells this spool from all others; random. Empty until the first incident is taken.
    pub instance: String,
    /// When counting began, Unix nanoseconds.
    pub since_unix_ns: u64,
    /// When the latest metrics were sent: a clock that is set back must not make figures go back in time.
    pub metrics_sent_unix_ns: u64,
    /// Whether there are figures which nobody has yet.
    pub metrics_due: bool,
    /// Since when incidents are exported as they end, in Unix milliseconds; absent while that is off.
    pub live_since_unix_ms: Option<u64>,
    /// What was counted.
    pub tally: Tally,
    taken: BTreeSet<String>,
}

impl State {
    pub(super) fn read(path: &Path) -> Result<Self, StoreError> {
        let unreadable = |why: String| StoreError::Unreadable { path: path.to_path_buf(), why };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self { format: FORMAT, ..Self::default() });
            }
            Err(error) => return Err(StoreError::io(path, error)),
        };
        let mut text = Vec::new();
        file.take(MOST_STATE_BYTES + 1)
            .read_to_end(&mut text)
            .map_err(|error| StoreError::io(path, error))?;
        if text.len() as u64 > MOST_STATE_BYTES {
            return Err(unreadable(format!(
                "it has more than {MOST_STATE_BYTES} bytes: delete it to count anew"
            )));
        }
        let state: Self = serde_json::from_slice(&text)
            .map_err(|error| unreadable(format!("{error}: delete it to count anew")))?;
        if state.format > FORMAT {
            return Err(unreadable(format!("written by a later Stallscope (format {})", state.format)));
        }
        Ok(state)
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        // Our own types always convert.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Whether an incident was taken, as far as is remembered: one that is older than all of those may have been, and would be
    /// counted again and again.
    pub fn is_taken(&self, incident: &str) -> bool {
        let is_full = self.taken.len() >= MOST_TAKEN;
        self.taken.contains(incident)
            || is_full && self.taken.first().is_some_and(|first| incident < first.as_str())
    }

    pub(super) fn note_taken(&mut self, incident: &str) {
        self.taken.insert(incident.to_owned());
        // They sort by time.
        while self.taken.len() > MOST_TAKEN {
            self.taken.pop_first();
        }
        self.metrics_due = true;
    }
}
