//! What was counted of all incidents since the spool was made.
//!
//! It is kept on disk and sent whole, as cumulative sums: a request that is lost or sent twice changes no figure, and neither
//! does a restart.

use serde::{Deserialize, Serialize};
use stallscope_core::model::{Bytes, Incident, Ns};

use crate::otlp::{live_heap_bytes, main_cause, method, spelled};
use crate::sampling::Verdict;

/// Upper bounds of the buckets for waits, in nanoseconds: from what is hardly noticed to what nobody waits for.
pub const WAIT_BOUNDS_NS: [u64; 11] = [
    200_000_000,
    500_000_000,
    1_000_000_000,
    2_000_000_000,
    5_000_000_000,
    10_000_000_000,
    20_000_000_000,
    30_000_000_000,
    60_000_000_000,
    120_000_000_000,
    300_000_000_000,
];
/// Upper bounds of the buckets for memory: powers of two, from 128 MiB to 64 GiB.
pub const MEMORY_BOUNDS_BYTES: [u64; 10] =
    [128 << 20, 256 << 20, 512 << 20, 1 << 30, 2 << 30, 4 << 30, 8 << 30, 16 << 30, 32 << 30, 64 << 30];
/// Rows of one figure; what would make more is counted as `other`. Each costs a time series in every backend.
const MOST_ROWS: usize = 200;
const OTHER: &str = "other";

/// How often, how much together, and how it is spread.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// How many.
    pub count: u64,
    /// All together, in the unit of the bounds.
    pub sum: u64,
    /// How many up to each bound and over the one before; the last are over all.
    pub buckets: Vec<u64>,
}

impl Spread {
    fn add(&mut self, value: u64, bounds: &[u64]) {
        // A file that somebody has changed may have any number of them.
        self.buckets.resize(bounds.len() + 1, 0);
        let bucket = bounds.iter().position(|bound| value <= *bound).unwrap_or(bounds.len());
        self.count = self.count.saturating_add(1);
        self.sum = self.sum.saturating_add(value);
        self.buckets[bucket] = self.buckets[bucket].saturating_add(1);
    }
}

/// A figure for each pair of labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row<T> {
    /// Values of the two labels.
    pub labels: [String; 2],
    /// The figure.
    pub of: T,
}

fn row<'a, T: Default>(rows: &'a mut Vec<Row<T>>, first: &str, second: &str) -> &'a mut T {
    let known = |rows: &[Row<T>], labels: [&str; 2]| rows.iter().position(|row| row.labels == labels);
    let place = known(rows, [first, second]).unwrap_or_else(|| {
        let labels = if rows.len() < MOST_ROWS { [first, second] } else { [OTHER, OTHER] };
        known(rows, labels).unwrap_or_else(|| {
            rows.push(Row { labels: labels.map(str::to_owned), of: T::default() });
            rows.len() - 1
        })
    });
    &mut rows[place].of
}

/// See the module's text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// Waits in nanoseconds, by method and main cause.
    pub waits: Vec<Row<Spread>>,
    /// The most RSS during each stall.
    pub rss_peak: Spread,
    /// The live heap during each stall of which a heap profile was taken.
    pub live_heap: Spread,
    /// Captures by kind and state.
    pub captures: Vec<Row<u64>>,
    /// Incidents by what sampling said; the second label is empty.
    pub incidents: Vec<Row<u64>>,
    /// What was to be sent and will not be, by signal and reason.
    pub drops: Vec<Row<u64>>,
    /// The latest stall's RSS at its end, and when that was, in Unix nanoseconds.
    pub latest_rss: Option<(Bytes, u64)>,
    /// The latest live heap.
    pub latest_live_heap: Option<(Bytes, u64)>,
}

impl Tally {
    /// Counts an incident whose wait ended at `ended_unix_ns`.
    pub fn count(&mut self, incident: &Incident, verdict: Verdict, ended_unix_ns: u64) {
        let waited_ns: Option<Ns> = incident.waited_ns();
        if let Some(waited_ns) = waited_ns {
            let wait = row(&mut self.waits, method(&incident.request.method), main_cause(incident));
            wait.add(waited_ns, &WAIT_BOUNDS_NS);
        }
        self.rss_peak.add(incident.rss.peak_bytes, &MEMORY_BOUNDS_BYTES);
        latest(&mut self.latest_rss, incident.rss.end_bytes, ended_unix_ns);
        if let Some(bytes) = live_heap_bytes(incident) {
            self.live_heap.add(bytes, &MEMORY_BOUNDS_BYTES);
            latest(&mut self.latest_live_heap, bytes, ended_unix_ns);
        }
        for capture in &incident.captures {
            *row(&mut self.captures, &spelled(&capture.kind), &spelled(&capture.state)) += 1;
        }
        *row(&mut self.incidents, verdict.key(), "") += 1;
    }

    /// All that will not be sent.
    pub fn dropped(&self) -> u64 {
        self.drops.iter().fold(0, |sum, row| sum.saturating_add(row.of))
    }

    /// Counts what will not be sent.
    pub fn drop(&mut self, signal: &str, reason: &str, times: u64) {
        let dropped = row(&mut self.drops, signal, reason);
        *dropped = dropped.saturating_add(times);
    }
}

/// Windows close their incidents in any order.
fn latest(known: &mut Option<(Bytes, u64)>, bytes: Bytes, at_unix_ns: u64) {
    if known.is_none_or(|(_, known_unix_ns)| known_unix_ns <= at_unix_ns) {
        *known = Some((bytes, at_unix_ns));
    }
}
