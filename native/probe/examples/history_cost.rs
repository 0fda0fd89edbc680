//! What asking the history costs: `cargo run --release -p stallscope-probe --example history_cost [WORKSPACES]`.
//!
//! Keeps a year of working days (ten hours each, every day of the week) with that many workspaces, six methods and an upgrade of
//! gopls a month, as a window does it, and reads all of it. Prints one line of JSON.

use std::time::{Duration, Instant};

use stallscope_core::history::{Buckets, HistoryQuery, MemoryTally, Setup, Tally};
use stallscope_core::model::{MB, MS, SECOND};
use stallscope_probe::history::{History, path, read};

type Failure = Box<dyn std::error::Error>;

const DAY_MS: f64 = 24.0 * 3_600_000.0;
const START_MS: f64 = 1_767_225_600_000.0;
const DAYS: u64 = 365;
const HOURS_A_DAY: u64 = 10;
const READS: usize = 30;
const METHODS: [&str; 6] = [
    "textDocument/hover",
    "textDocument/definition",
    "textDocument/completion",
    "textDocument/references",
    "textDocument/implementation",
    "save",
];

fn main() -> Result<(), Failure> {
    let workspaces: u64 = std::env::args().nth(1).map_or(Ok(3), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let (mut history, _) = History::open(folder.path())?;
    let begin = Instant::now();
    for day in 0..DAYS {
        let gopls = Some(format!("v0.{}.0", 12 + day / 30));
        let setup = Setup { gopls, go: Some("go1.26.1".into()), ..Setup::default() };
        for (hour, workspace) in (0..HOURS_A_DAY).flat_map(|hour| (0..workspaces).map(move |w| (hour, w))) {
            let at_unix_ms = START_MS + day as f64 * DAY_MS + (8 + hour) as f64 * 3_600_000.0;
            history.keep(
                at_unix_ms,
                &format!("/src/workspace-{workspace}"),
                &setup,
                &tally(day * 31 + hour),
            )?;
        }
    }
    let kept = begin.elapsed();
    let midnights = (0..=DAYS).map(|day| START_MS + day as f64 * DAY_MS).collect();
    let query = HistoryQuery { midnights_unix_ms: midnights, workspace: None, method: None };
    let mut reads_ms = Vec::new();
    let mut days = 0;
    for _ in 0..READS {
        let begin = Instant::now();
        days = read(folder.path(), &query)?.days.len();
        reads_ms.push(millis(begin.elapsed()));
    }
    let keeps = DAYS * HOURS_A_DAY * workspaces;
    let result = serde_json::json!({
        "days": days,
        "keeps": keeps,
        "keep_ms": millis(kept) / keeps as f64,
        "disk_bytes": std::fs::metadata(path(folder.path()))?.len(),
        "reads_ms": reads_ms,
    });
    println!("{result}");
    Ok(())
}

/// An hour's waits: forty a method, spread over three orders of magnitude.
fn tally(seed: u64) -> Tally {
    let mut tally = Tally::default();
    for (number, method) in METHODS.iter().enumerate() {
        let mut buckets = Buckets::default();
        for wait in 0..40 {
            let step = (seed * 7 + wait * 13 + number as u64 * 5) % 100;
            buckets.count(2 * MS + step * step * step * MS / 500);
        }
        tally.waits.insert((*method).to_owned(), buckets);
    }
    tally.memory = Some(MemoryTally {
        watched_ns: 3_600 * SECOND,
        rss_byte_seconds: 3_600.0 * (400 + seed % 90) as f64 * MB as f64,
        rss_peak_bytes: 900 * MB,
        live_bytes: Some(200 * MB),
    });
    tally
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
