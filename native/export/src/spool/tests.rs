#![allow(clippy::unwrap_used)]
use super::*;

const ONE: &str = "20261124T041900.123Z-hover-1";
const TWO: &str = "20261124T041901.123Z-hover-2";

fn spool(bounds: Bounds) -> (tempfile::TempDir, Spool) {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::new(folder.path().join("export"), bounds);
    (folder, spool)
}

fn requests(size: usize) -> Vec<Request> {
    vec![
        Request { kind: Kind::Traces, body: vec![1; size] },
        Request { kind: Kind::Logs, body: vec![2; size] },
    ]
}

#[test]
fn what_is_older_than_all_that_is_remembered_is_not_counted_again_and_again() {
    let (_folder, spool) = spool(Bounds::default());
    spool
        .change(|state| (0..10_000).for_each(|n| state.note_taken(&format!("20270101T{n:06}.0Z-hover-1"))))
        .unwrap();
    assert!(!take(&spool, ONE, 3), "it may have been taken");
    assert_eq!(spool.state().unwrap().tally.rss_peak.count, 0);
    assert!(take(&spool, "20280101T000000.0Z-hover-1", 3));
    // What waits is still sent when newer ones have pushed it out of memory.
    spool
        .change(|state| (0..10_000).for_each(|n| state.note_taken(&format!("20290101T{n:06}.0Z-hover-1"))))
        .unwrap();
    assert_eq!(waiting(&spool, SystemTime::now()).len(), 2);
}

fn take(spool: &Spool, id: &str, size: usize) -> bool {
    spool.take(id, &requests(size), |state| state.tally.rss_peak.count += 1).unwrap()
}

fn waiting(spool: &Spool, now: SystemTime) -> Vec<Entry> {
    spool.waiting(now).unwrap().entries
}

fn drops(spool: &Spool) -> Vec<(String, u64)> {
    let rows = spool.state().unwrap().tally.drops;
    rows.into_iter().map(|row| (row.labels.join(" "), row.of)).collect()
}

fn names(entries: &[Entry]) -> Vec<(&str, Kind)> {
    entries.iter().map(|entry| (entry.incident.as_str(), entry.kind)).collect()
}

#[test]
fn an_incident_is_taken_and_counted_once_and_waits_in_its_order() {
    let (_folder, spool) = spool(Bounds::default());
    assert!(waiting(&spool, SystemTime::now()).is_empty());
    assert!(!spool.root().exists(), "nothing is touched before something is taken");
    assert!(take(&spool, TWO, 3) && take(&spool, ONE, 3));
    assert!(!take(&spool, ONE, 4));
    let found = waiting(&spool, SystemTime::now());
    let expected = [(ONE, Kind::Traces), (ONE, Kind::Logs), (TWO, Kind::Traces), (TWO, Kind::Logs)];
    assert_eq!(names(&found), expected);
    assert_eq!(spool.body(&found[1]).unwrap(), [2; 3]);
    assert_eq!(spool.state().unwrap().tally.rss_peak.count, 2);
    spool.done(&found[0]).unwrap();
    assert!(matches!(spool.body(&found[0]), Err(EntryError::Gone)));
    assert_eq!(waiting(&spool, SystemTime::now()).len(), 3);
    assert!(drops(&spool).is_empty());
}

#[test]
fn what_a_crash_leaves_before_it_is_counted_is_not_sent_and_written_again() {
    let (_folder, spool) = spool(Bounds::default());
    spool.change(|_| ()).unwrap();
    let left = Entry { incident: ONE.to_owned(), kind: Kind::Traces };
    left.write(&spool.root().join(QUEUE), &[9]).unwrap();
    assert!(waiting(&spool, SystemTime::now()).is_empty());
    assert!(left.read(&spool.root().join(QUEUE)).is_ok());
    waiting(&spool, SystemTime::now() + Bounds::default().age * 2);
    assert!(matches!(spool.body(&left), Err(EntryError::Gone)), "it is not kept for ever");
    assert!(take(&spool, ONE, 3));
    assert_eq!(spool.body(&left).unwrap(), [1; 3]);
}

#[test]
fn the_oldest_falls_out_of_the_bounds_and_is_counted() {
    let day = Duration::from_secs(24 * 3_600);
    let (_folder, few) = spool(Bounds { entries: 3, ..Bounds::default() });
    assert!(take(&few, ONE, 3) && take(&few, TWO, 3));
    assert_eq!(
        names(&waiting(&few, SystemTime::now())),
        [(ONE, Kind::Logs), (TWO, Kind::Traces), (TWO, Kind::Logs)]
    );
    assert_eq!(drops(&few), [("traces spool-full".to_owned(), 1)]);
    let (_folder, small) = spool(Bounds { bytes: 300, ..Bounds::default() });
    assert!(take(&small, ONE, 80) && take(&small, TWO, 80));
    assert_eq!(waiting(&small, SystemTime::now()).len(), 2);
    assert_eq!(drops(&small).iter().map(|(_, times)| times).sum::<u64>(), 2);
    let (_folder, old) = spool(Bounds { age: day, ..Bounds::default() });
    assert!(take(&old, ONE, 3));
    assert_eq!(waiting(&old, SystemTime::now() + day / 2).len(), 2);
    assert_eq!(waiting(&old, SystemTime::now() + day * 2).len(), 0);
    assert_eq!(drops(&old).len(), 2);
    assert!(old.state().unwrap().metrics_due, "that something was dropped is told");
    assert!(!take(&old, ONE, 3), "what was dropped is not taken again");
}

#[test]
fn files_of_others_are_neither_sent_nor_followed() {
    let (folder, spool) = spool(Bounds::default());
    assert!(take(&spool, ONE, 3));
    let queue = spool.root().join(QUEUE);
    let path = |kind: &str| queue.join(format!("{ONE}.{kind}"));
    // Truncated, changed and huge ones are found when they are read.
    let traces = Entry { incident: ONE.to_owned(), kind: Kind::Traces };
    let whole = fs::read(path("traces")).unwrap();
    for bad in [&whole[..20], &whole[..whole.len() - 1], &[], &[&whole[..], &[0]].concat()] {
        fs::write(path("traces"), bad).unwrap();
        assert!(matches!(spool.body(&traces), Err(EntryError::Damaged)), "{bad:?}");
    }
    File::create(path("traces")).unwrap().set_len(1 << 40).unwrap();
    assert!(matches!(spool.body(&traces), Err(EntryError::TooLarge)));
    assert_eq!(names(&waiting(&spool, SystemTime::now())), [(ONE, Kind::Logs)]);
    assert_eq!(drops(&spool), [("traces too-large".to_owned(), 1)]);
    // Names that are not ours, folders, links.
    for name in ["..traces", "a b.traces", &format!("{ONE}.profile-01"), &format!("{ONE}.zip"), "x.traces"] {
        fs::write(queue.join(name), &whole).unwrap();
    }
    fs::create_dir(path("traces")).unwrap();
    #[cfg(unix)]
    {
        let secret = folder.path().join("secret");
        fs::write(&secret, &whole).unwrap();
        std::os::unix::fs::symlink(&secret, path("profile-1")).unwrap();
        let linked = Entry { incident: ONE.to_owned(), kind: Kind::Profile(1) };
        assert!(matches!(spool.body(&linked), Err(EntryError::Damaged)));
        waiting(&spool, SystemTime::now());
        assert_eq!(fs::read(&secret).unwrap(), whole);
    }
    assert_eq!(names(&waiting(&spool, SystemTime::now())), [(ONE, Kind::Logs)]);
    drop(folder);
}

#[test]
fn a_state_that_cannot_be_read_is_not_counted_over() {
    let (_folder, spool) = spool(Bounds::default());
    assert!(take(&spool, ONE, 3));
    let state = spool.root().join(STATE_FILE);
    for text in ["{", r#"{"format": 2}"#, &" ".repeat(5 << 20)] {
        fs::write(&state, text).unwrap();
        let error = spool.take(TWO, &requests(3), |_| ()).unwrap_err().to_string();
        assert!(error.contains("state.json"), "{error}");
        assert_eq!(fs::read_to_string(&state).unwrap(), text);
    }
}

#[test]
fn one_process_sends() {
    let (_folder, spool) = spool(Bounds::default());
    let first = spool.start_sending().unwrap();
    assert!(first.is_some() && spool.start_sending().unwrap().is_none());
    drop(first);
    assert!(spool.start_sending().unwrap().is_some());
}
