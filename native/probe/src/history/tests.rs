#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

use stallscope_core::model::{MB, MS, Ns, SECOND};
use tempfile::TempDir;

use super::*;

const DAY_MS: f64 = 24.0 * 3_600_000.0;
/// A Monday in 2026, midnight UTC.
const START_MS: f64 = 1_782_691_200_000.0;

fn tally(waits: &[(&str, Ns)], rss_bytes: Bytes) -> Tally {
    let mut tally = Tally::default();
    tally.sampled(0, rss_bytes);
    tally.sampled(SECOND, rss_bytes);
    let mut tally = tally.take(Some(rss_bytes / 2)).unwrap();
    let mut all = BTreeMap::<String, Buckets>::new();
    for (method, ns) in waits {
        all.entry((*method).to_owned()).or_default().count(*ns);
    }
    tally.waits = all;
    tally
}

fn setup(gopls: &str) -> Setup {
    Setup { gopls: Some(gopls.into()), ..Setup::default() }
}

fn days(count: usize) -> HistoryQuery {
    let midnights_unix_ms = (0..=count).map(|day| START_MS + day as f64 * DAY_MS).collect();
    HistoryQuery { midnights_unix_ms, workspace: None, method: None }
}

fn view(storage: &Path, count: usize) -> HistoryView {
    read(storage, &days(count)).unwrap()
}

#[test]
fn two_windows_add_to_the_same_hour() {
    let dir = TempDir::new().unwrap();
    let storage = &dir.path().join("not there yet");
    assert_eq!(view(storage, 1), HistoryView::default(), "there is none");
    let (mut first, is_new) = History::open(storage).unwrap();
    assert!(is_new);
    let (mut second, is_new) = History::open(storage).unwrap();
    assert!(!is_new);
    let at = START_MS + 9.0 * 3_600_000.0;
    first
        .keep(at, "/w", &setup("v0.23.0"), &tally(&[("hover", 10 * MS), ("hover", 20 * MS)], 100 * MB))
        .unwrap();
    second.keep(at + 60_000.0, "/w", &setup("v0.23.0"), &tally(&[("hover", 300 * MS)], 300 * MB)).unwrap();
    second.keep(at, "/v", &setup("v0.23.0"), &tally(&[], 50 * MB)).unwrap();
    let view = view(storage, 1);
    let [day] = &view.days[..] else { panic!("{view:?}") };
    assert_eq!((day.waits, day.watched_ns), (3, 3 * SECOND));
    let [shop, _] = &view.workspaces[..] else { panic!("{view:?}") };
    let memory = shop.days[0];
    assert_eq!(
        (&shop.workspace[..], memory.rss_average_bytes, memory.rss_peak_bytes),
        ("/w", 200 * MB, 300 * MB)
    );
    assert_eq!(memory.live_bytes, Some(150 * MB), "as it was last known");
    assert_eq!(view.since_unix_ms, Some(at));
    assert_eq!(view.known_workspaces, ["/v", "/w"]);
}

#[test]
fn windows_that_write_at_once_lose_nothing() {
    let dir = TempDir::new().unwrap();
    std::thread::scope(|scope| {
        for window in 0..4 {
            let storage = dir.path();
            scope.spawn(move || {
                let (mut history, _) = History::open(storage).unwrap();
                for minute in 0..25 {
                    let at = START_MS + f64::from(minute) * 60_000.0;
                    let (waits, workspace) = (tally(&[("hover", 30 * MS)], MB), format!("/w{window}"));
                    history.keep(at, &workspace, &setup("v1"), &waits).unwrap();
                }
            });
        }
    });
    assert_eq!(view(dir.path(), 1).days[0].waits, 100);
}

#[test]
fn what_is_old_or_too_much_is_forgotten_the_oldest_first() {
    let dir = TempDir::new().unwrap();
    let (mut history, _) = History::open(dir.path()).unwrap();
    for hour in 0..24 * 20 {
        let waits: Vec<_> = (0..40).map(|bucket| ("hover", (bucket * bucket + 1) * 10 * MS)).collect();
        let at = START_MS + f64::from(hour) * 3_600_000.0;
        history
            .keep(at, &format!("/w{}", hour % 7), &setup(&format!("v0.{hour}.0")), &tally(&waits, MB))
            .unwrap();
    }
    let now = START_MS + 20.0 * DAY_MS;
    let all = view(dir.path(), 20);
    assert_eq!((all.days.len(), all.days[0].from_unix_ms), (20, START_MS));
    history.forget(now, Retention { days: 15.0, most_bytes: 50 * MB }).unwrap();
    let later = view(dir.path(), 20);
    assert_eq!(later.days[0].from_unix_ms, START_MS + 5.0 * DAY_MS);
    assert_eq!(later.days[1..], all.days[6..], "the rest is as it was");
    let most_bytes = later.disk_bytes / 2;
    history.forget(now, Retention { days: 15.0, most_bytes }).unwrap();
    let small = view(dir.path(), 20);
    assert!(small.disk_bytes <= most_bytes && small.days.len() > 3, "{} days", small.days.len());
    assert_eq!(small.days.last(), all.days.last());
}

#[test]
fn a_clock_that_jumps_for_a_while_makes_nothing_old() {
    let dir = TempDir::new().unwrap();
    let (mut history, _) = History::open(dir.path()).unwrap();
    let mut keep = |at_unix_ms: f64| {
        history.keep(at_unix_ms, "/w", &setup("v1"), &tally(&[("hover", MS)], MB)).unwrap();
        history.forget(at_unix_ms, Retention { days: 30.0, most_bytes: 50 * MB }).unwrap();
    };
    keep(START_MS);
    for hour in 0..5 {
        keep(START_MS + 4_000.0 * DAY_MS + f64::from(hour) * 3_600_000.0);
    }
    keep(START_MS + DAY_MS);
    assert_eq!(view(dir.path(), 2).days.len(), 2);
    // It goes on being so: then it is true.
    for hour in 0..14 {
        keep(START_MS + 5_000.0 * DAY_MS + f64::from(hour) * 3_600_000.0);
    }
    assert_eq!(view(dir.path(), 2).days, []);
}

#[test]
fn a_stall_counts_once_whatever_more_becomes_known() {
    let dir = TempDir::new().unwrap();
    let (mut history, _) = History::open(dir.path()).unwrap();
    let mut incident = incident("i", START_MS + 1_000.0, 2 * SECOND);
    history.keep_stall(&incident, "/w", &setup("v1")).unwrap();
    incident.taken_late_ns = SECOND;
    history.keep_stall(&incident, "/w", &setup("v1")).unwrap();
    incident.request.duration_ns = None;
    incident.id = "no end".into();
    history.keep_stall(&incident, "/w", &setup("v1")).unwrap();
    let view = view(dir.path(), 1);
    assert_eq!((view.days[0].stalls, view.days[0].stalled_ns), (1, 3 * SECOND));
    assert_eq!((&view.methods[0].method[..], view.methods[0].stalls), ("textDocument/hover", 1));
}

#[test]
fn a_broken_file_is_moved_aside_and_one_of_a_later_version_is_left_alone() {
    let dir = TempDir::new().unwrap();
    std::fs::write(path(dir.path()), "this is no database, and long enough to be taken for one".repeat(40))
        .unwrap();
    let told = read(dir.path(), &days(1)).unwrap_err().to_string();
    assert!(told.contains("is damaged") && told.contains("history.sqlite.broken"), "{told}");
    let (mut history, is_new) = History::open(dir.path()).unwrap();
    assert!(is_new);
    history.keep(START_MS, "/w", &setup("v1"), &tally(&[("hover", MS)], MB)).unwrap();
    assert!(dir.path().join("history.sqlite.broken").exists());
    drop(history);
    let connection = Connection::open(path(dir.path())).unwrap();
    connection.pragma_update(None, "user_version", 7).unwrap();
    drop(connection);
    for error in [read(dir.path(), &days(1)).err(), History::open(dir.path()).err()] {
        let error = error.unwrap().to_string();
        assert!(error.contains("later Stallscope") && error.contains("format 7"), "{error}");
    }
}

#[test]
fn one_that_is_damaged_inside_is_begun_anew_too_and_what_was_to_be_kept_is() {
    let dir = TempDir::new().unwrap();
    let (mut history, _) = History::open(dir.path()).unwrap();
    for hour in 0..200 {
        let at = START_MS + f64::from(hour) * 3_600_000.0;
        history.keep(at, "/w", &setup("v1"), &tally(&[("hover", MS)], MB)).unwrap();
    }
    drop(history);
    let file = path(dir.path());
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[8_192..].fill(0xa5);
    std::fs::write(&file, bytes).unwrap();
    let mut keeper = Keeper::new(crate::store::Store::new(dir.path().to_owned()), &["/new".to_owned()], None);
    keeper.set_retention(Some(Retention { days: 30.0, most_bytes: 50 * MB }));
    let gopls = incident("i", START_MS, SECOND).gopls;
    keeper.keep(START_MS, &gopls, &tally(&[("hover", MS)], MB)).unwrap();
    assert!(dir.path().join("history.sqlite.broken").exists());
    assert_eq!(view(dir.path(), 1).known_workspaces, ["/new"]);
}

#[test]
fn what_makes_no_sense_is_left_out() {
    let dir = TempDir::new().unwrap();
    let (mut history, _) = History::open(dir.path()).unwrap();
    history.keep(START_MS, "/w", &setup("v1"), &tally(&[("hover", MS)], MB)).unwrap();
    let spoil = "
        INSERT INTO names VALUES (90, 'setup', 'no JSON'), (91, 'method', 'm'), (92, 'workspace', hex(zeroblob(9000)));
        INSERT INTO waits SELECT hour, workspace, 90, 91, x'0102' FROM waits LIMIT 1;
        INSERT INTO waits SELECT hour, 92, setup, 91, x'ffffffffffff' FROM waits LIMIT 1;
        INSERT INTO memory VALUES (9e3, 1, 2, -5, 1e308, -1, NULL);
        INSERT INTO stalls SELECT 'x', 1e300, 1, 2, 3, 4, 'no cause';";
    history.connection.execute_batch(spoil).unwrap();
    let view = view(dir.path(), 1);
    assert_eq!((view.days.len(), view.days[0].waits), (1, 1));
    assert!(read(dir.path(), &HistoryQuery { midnights_unix_ms: vec![1.0], ..days(1) }).is_err());
    clear(dir.path()).unwrap();
    assert_eq!(super::read(dir.path(), &days(1)).unwrap().days, []);
}

fn incident(id: &str, at_unix_ms: f64, duration_ns: Ns) -> Incident {
    let mut incident = crate::store::tests::incident(at_unix_ms as u128 * 1_000_000);
    incident.id = id.into();
    incident.request.start_ns = 0;
    incident.request.method = "textDocument/hover".into();
    incident.request.duration_ns = Some(duration_ns);
    (incident.held_up_ns, incident.taken_late_ns) = (0, 0);
    incident
}
