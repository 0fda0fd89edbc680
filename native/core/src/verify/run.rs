//! What is recorded of a run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{Bytes, GoplsIdentity, Ns, RequestRecord};

/// Waits of one run: an afternoon of typing.
const MOST_WAITS: usize = 20_000;
/// Methods that are counted by name.
const MOST_METHODS: usize = 50;

/// The longest wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct Longest {
    /// LSP method, or `save`.
    pub method: String,
    /// How long.
    pub duration_ns: Ns,
}

/// What was seen of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct RunFigures {
    /// The gopls it began with.
    pub gopls: GoplsIdentity,
    /// How long it took.
    pub duration_ns: Ns,
    /// Requests that somebody waited for, by method; those still unanswered at its end are with them.
    pub waits: BTreeMap<String, u32>,
    /// How many of them took longer than the limit for a stall.
    pub stalls: u32,
    /// The middle of their lengths.
    pub median_wait_ns: Option<Ns>,
    /// The longest of them.
    pub longest: Option<Longest>,
    /// The most RSS.
    pub peak_rss_bytes: Bytes,
    /// Documents open in gopls at its end, where that is known.
    pub open_documents: Option<u64>,
    /// gopls ended, or was another one at the end.
    pub gopls_ended: bool,
    /// A workspace was being loaded at its beginning or end.
    pub loading: bool,
}

/// A run that goes on.
#[derive(Debug)]
pub struct Recording {
    gopls: GoplsIdentity,
    began_ns: Ns,
    waits: Vec<(String, Ns)>,
    peak_rss_bytes: Bytes,
    gopls_ended: bool,
    loading: bool,
}

impl Recording {
    /// Of this gopls, from now on.
    pub fn begin(gopls: GoplsIdentity, now: Ns, rss_bytes: Bytes, loading: bool) -> Self {
        Self {
            gopls,
            began_ns: now,
            waits: Vec::new(),
            peak_rss_bytes: rss_bytes,
            gopls_ended: false,
            loading,
        }
    }

    /// RSS was read.
    pub fn sample(&mut self, rss_bytes: Bytes) {
        self.peak_rss_bytes = self.peak_rss_bytes.max(rss_bytes);
    }

    /// A request has ended at `now`. What began before the run is none of it.
    pub fn ended(&mut self, record: &RequestRecord, now: Ns) {
        if record.interactive && record.start_ns >= self.began_ns && self.waits.len() < MOST_WAITS {
            let so_far = now.saturating_sub(record.start_ns);
            self.waits.push((record.method.clone(), record.duration_ns.unwrap_or(so_far)));
        }
    }

    /// gopls is gone.
    pub fn gopls_ended(&mut self) {
        self.gopls_ended = true;
    }

    /// Ends it. `unanswered` are the requests in flight; `stall_ns` is the limit for a stall.
    pub fn end<'a>(
        mut self,
        now: Ns,
        stall_ns: Ns,
        unanswered: impl Iterator<Item = &'a RequestRecord>,
        open_documents: Option<u64>,
        loading: bool,
    ) -> RunFigures {
        for record in unanswered {
            self.ended(record, now);
        }
        let mut waits = BTreeMap::new();
        for (method, _) in &self.waits {
            if waits.len() < MOST_METHODS || waits.contains_key(method) {
                *waits.entry(method.clone()).or_insert(0) += 1;
            }
        }
        self.waits.sort_by_key(|(_, duration_ns)| *duration_ns);
        let longest = self.waits.last();
        RunFigures {
            gopls: self.gopls,
            duration_ns: now.saturating_sub(self.began_ns),
            waits,
            stalls: self.waits.iter().filter(|(_, duration_ns)| *duration_ns > stall_ns).count() as u32,
            median_wait_ns: self.waits.get(self.waits.len() / 2).map(|(_, duration_ns)| *duration_ns),
            longest: longest
                .map(|(method, duration_ns)| Longest { method: method.clone(), duration_ns: *duration_ns }),
            peak_rss_bytes: self.peak_rss_bytes,
            open_documents,
            gopls_ended: self.gopls_ended,
            loading: self.loading || loading,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::{MB, MS, SECOND, TimingSource};

    pub fn gopls(pid: u32) -> GoplsIdentity {
        GoplsIdentity {
            pid,
            started_unix_ms: f64::from(pid),
            exe: "gopls".into(),
            version: Some("v0.23.0".into()),
            go_version: None,
        }
    }

    fn request(method: &str, start_ns: Ns, duration_ns: Option<Ns>) -> RequestRecord {
        RequestRecord {
            method: method.into(),
            start_ns,
            end_ns: duration_ns.map(|duration| start_ns + duration),
            duration_ns,
            start_source: TimingSource::Observer,
            end_source: None,
            uncertainty_ns: 0,
            interactive: true,
            uri: None,
            line: None,
        }
    }

    #[test]
    fn the_waits_of_the_run_are_counted_and_no_others() {
        let mut recording = Recording::begin(gopls(1), 10 * SECOND, 300 * MB, false);
        recording.sample(500 * MB);
        recording.sample(400 * MB);
        recording.ended(&request("textDocument/hover", 9 * SECOND, Some(2 * SECOND)), 11 * SECOND);
        recording.ended(&request("textDocument/hover", 11 * SECOND, Some(20 * MS)), 12 * SECOND);
        recording.ended(&request("save", 12 * SECOND, Some(900 * MS)), 13 * SECOND);
        let background = RequestRecord { interactive: false, ..request("x", 12 * SECOND, Some(SECOND)) };
        recording.ended(&background, 13 * SECOND);
        let open = [request("textDocument/hover", 14 * SECOND, None)];
        let figures = recording.end(20 * SECOND, 200 * MS, open.iter(), Some(2), false);
        assert_eq!(figures.waits, BTreeMap::from([("save".into(), 1), ("textDocument/hover".into(), 2)]));
        assert_eq!((figures.stalls, figures.median_wait_ns), (2, Some(900 * MS)));
        let longest = Longest { method: "textDocument/hover".into(), duration_ns: 6 * SECOND };
        assert_eq!(figures.longest, Some(longest), "the unanswered one has waited longest");
        assert_eq!((figures.peak_rss_bytes, figures.duration_ns), (500 * MB, 10 * SECOND));
    }

    #[test]
    fn a_run_in_which_nobody_waited_says_so() {
        let recording = Recording::begin(gopls(1), 0, 0, true);
        let figures = recording.end(SECOND, 200 * MS, [].iter(), None, false);
        assert_eq!((figures.median_wait_ns, figures.longest, figures.stalls), (None, None, 0));
        assert!(figures.loading, "as it was at its beginning");
    }
}
