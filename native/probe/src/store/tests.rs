#![allow(clippy::unwrap_used)]

use std::fs;

use stallscope_core::engine::{Action, Engine, Event};
use stallscope_core::limits::Limits;
use stallscope_core::model::{
    CaptureRequest, CaptureState, GoplsIdentity, Incident, IncidentState, LatencySource, PastLoad, SECOND,
    WatchSettings,
};
use stallscope_core::spans::{Span, SpanId, SpanRecord, TraceId};

use super::*;

/// A real incident, made by the engine: a capture on request.
pub(crate) fn incident(origin_unix_ns: u128) -> Incident {
    let mut engine = Engine::new(WatchSettings::default(), origin_unix_ns, vec![], Limits::default());
    let gopls =
        GoplsIdentity { pid: 7, started_unix_ms: 1.0, exe: "gopls".into(), version: None, go_version: None };
    engine.handle(0, Event::GoplsFound { gopls, uptime_ns: 60 * SECOND, earlier_loads: vec![] });
    engine.handle(0, Event::Source { source: LatencySource::Counters, debug: true });
    let actions = engine.handle(SECOND, Event::CaptureRequested(CaptureRequest::HEAP));
    let Some(Action::Open { key }) = actions.first() else { panic!("{actions:?}") };
    engine.incident(*key, SECOND).unwrap()
}

fn filled(store: &Store, seconds: u64, state: IncidentState, bytes: usize) -> (IncidentFolder, String) {
    let mut incident = incident(1_795_500_000_000_000_000 + u128::from(seconds) * 1_000_000_000);
    incident.state = state;
    let folder = store.new_folder(&incident.id).unwrap();
    folder.write(&incident).unwrap();
    fs::write(folder.path().join("heap-1.pb.gz"), vec![0; bytes]).unwrap();
    (folder, incident.id)
}

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path().join("storage"));
    (dir, store)
}

#[test]
fn nothing_there_is_an_empty_list() {
    let (_dir, store) = store();
    assert!(store.list().unwrap().is_empty());
    assert_eq!(store.load("20261124T000000.000Z-hover-1").unwrap_err().code(), "incident-not-found");
}

#[test]
fn round_trip_newest_first() {
    let (_dir, store) = store();
    let (_a, first) = filled(&store, 0, IncidentState::Complete, 10);
    let (_b, second) = filled(&store, 9, IncidentState::Complete, 10);
    let ids: Vec<_> = store.list().unwrap().into_iter().map(|i| i.id).collect();
    assert_eq!(ids, [second, first.clone()]);
    assert_eq!(store.load(&first).unwrap().id, first);
}

#[test]
fn foreign_and_broken_folders_are_named_not_fatal() {
    let (_dir, store) = store();
    let (_a, _) = filled(&store, 0, IncidentState::Complete, 10);
    for (name, text) in [("broken", "{"), ("newer", r#"{"format": 99}"#)] {
        let dir = store.root().join("incidents").join(name);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("incident.json"), text).unwrap();
    }
    let list = store.list().unwrap();
    assert_eq!(list.len(), 3);
    let newer = list.iter().find(|i| i.id == "newer").unwrap();
    assert!(newer.problem.as_deref().unwrap().contains("later Stallscope"), "{newer:?}");
}

#[test]
fn ids_cannot_lead_out_of_the_folder() {
    let (dir, store) = store();
    fs::write(dir.path().join("precious"), "x").unwrap();
    for id in ["../precious", "..", ".", "a/b", "", "/etc"] {
        assert_eq!(store.load(id).unwrap_err().code(), "incident-not-found", "{id:?}");
        assert!(store.delete(&[id.to_owned()]).is_err(), "{id:?}");
    }
    assert!(dir.path().join("precious").exists());
}

#[cfg(unix)]
#[test]
fn a_link_in_the_folder_is_not_followed() {
    let (dir, store) = store();
    let (_a, _) = filled(&store, 0, IncidentState::Complete, 10);
    let outside = dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("precious"), "x").unwrap();
    std::os::unix::fs::symlink(&outside, store.root().join("incidents/link")).unwrap();
    assert_eq!(store.delete(&["link".to_owned()]).unwrap(), 0);
    assert_eq!(store.list().unwrap().len(), 1);
    assert!(outside.join("precious").exists());
}

#[test]
fn who_held_the_memory_beside_an_incident() {
    let (_dir, store) = store();
    let (folder, id) = filled(&store, 0, IncidentState::Complete, 0);
    assert_eq!(store.heap(&id).unwrap(), None, "it was not read");
    store.keep_heap(&id, b"{\"a\":1}").unwrap();
    store.keep_heap(&id, b"{\"a\":2}").unwrap();
    assert_eq!(store.heap(&id).unwrap().unwrap(), b"{\"a\":2}", "the later one");
    let too_large = store.keep_heap(&id, &vec![b' '; 9 << 20]).unwrap_err();
    assert!(too_large.to_string().contains("more than is kept"), "{too_large}");
    assert_eq!(store.heap(&id).unwrap().unwrap(), b"{\"a\":2}", "and the earlier one stays");

    let path = folder.path().join("held.json.gz");
    fs::write(&path, b"no gzip").unwrap();
    assert!(store.heap(&id).unwrap_err().to_string().contains("held.json.gz"));
    // Small on disk, and large in memory.
    fs::write(&path, stallscope_pprof::gzip(&vec![0; 9 << 20]).unwrap()).unwrap();
    assert!(store.heap(&id).is_err(), "more than is kept is not read back");
    store.delete(std::slice::from_ref(&id)).unwrap();
    assert_eq!(store.keep_heap(&id, b"{}").unwrap_err().code(), "incident-not-found");
    assert!(!folder.path().exists(), "what was deleted does not come back");
}

#[test]
fn spans_beside_an_incident() {
    let (_dir, store) = store();
    let (folder, id) = filled(&store, 1, IncidentState::Complete, 1);
    assert_eq!(store.spans(&id).unwrap(), None, "none were asked for");
    let span = Span {
        trace: TraceId(1),
        id: SpanId(1),
        parent: None,
        name: "cache.ParseGoSrc".into(),
        begin_ns: 5,
        end_ns: 9,
        subject: Some("/w/a.go".into()),
        rpc: None,
    };
    let record = SpanRecord { from_ns: 1, to_ns: 10, cut: true, spans: vec![span] };
    folder.write_spans(&record).unwrap();
    assert_eq!(store.spans(&id).unwrap(), Some(record.clone()));
    // A file that is none is named; one that inflates beyond all bounds is not read to its end.
    let path = folder.path().join("spans.json.gz");
    for (content, why) in [
        (b"no gzip".to_vec(), "not a record of spans"),
        (stallscope_pprof::gzip(b"{\"format\":2}").unwrap(), "update to read it"),
        (stallscope_pprof::gzip(&vec![b' '; 65 << 20]).unwrap(), "67108864"),
    ] {
        fs::write(&path, content).unwrap();
        let error = store.spans(&id).unwrap_err().to_string();
        assert!(error.contains("spans.json.gz") && error.contains(why), "{error}");
    }
    // An incident that was deleted meanwhile stays deleted.
    store.delete(std::slice::from_ref(&id)).unwrap();
    folder.write_spans(&record).unwrap();
    assert!(!folder.path().exists());
    assert!(store.spans("../x").is_err());
}

#[test]
fn pruning_takes_the_oldest_and_spares_the_kept_and_the_running() {
    let (_dir, store) = store();
    let (running, oldest) = filled(&store, 0, IncidentState::Open, 40_000);
    let (second_folder, second) = filled(&store, 1, IncidentState::Complete, 40_000);
    let (third_folder, third) = filled(&store, 2, IncidentState::Complete, 40_000);
    drop((second_folder, third_folder));
    let gone = store.prune(100_000, &third).unwrap();
    assert_eq!(gone, [second]);
    assert!(store.load(&oldest).is_ok());
    drop(running);
    assert_eq!(store.prune(50_000, &third).unwrap(), [oldest]);
    assert!(store.prune(1, &third).unwrap().is_empty(), "the newest stays even over budget");
}

#[test]
fn an_orphaned_incident_is_marked_and_a_running_one_is_not() {
    let (_dir, store) = store();
    let (orphan, orphan_id) = filled(&store, 0, IncidentState::Open, 10);
    let (_running, running_id) = filled(&store, 1, IncidentState::Open, 10);
    drop(orphan);
    assert_eq!(store.recover().unwrap().as_slice(), std::slice::from_ref(&orphan_id));
    let orphan = store.load(&orphan_id).unwrap();
    assert_eq!(orphan.state, IncidentState::Interrupted);
    assert!(orphan.captures[0].error.is_some());
    assert_eq!(store.load(&running_id).unwrap().state, IncidentState::Open);
}

#[test]
fn what_a_crash_left_of_a_capture_is_found() {
    let (_dir, store) = store();
    let profile =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../test/fixtures/profiles/gopls-v0.23.0-early.pb.gz");
    let whole = incident(1_795_500_000_000_000_000);
    let cut_off = incident(1_795_500_000_000_000_000 + 1_000_000_000);
    for (incident, name) in [(&whole, "heap-1.pb.gz"), (&cut_off, "heap-1.pb.gz.x2Qd9k.part")] {
        let folder = store.new_folder(&incident.id).unwrap();
        folder.write(incident).unwrap();
        fs::copy(profile, folder.path().join(name)).unwrap();
    }
    assert_eq!(store.recover().unwrap().len(), 2);

    let whole = store.load(&whole.id).unwrap();
    let heap = &whole.captures[0];
    assert_eq!((heap.state, heap.file.as_str()), (CaptureState::Complete, "heap-1.pb.gz"), "{heap:?}");
    assert!(heap.inuse_space_bytes.is_some() && heap.size_bytes > 1_000);
    assert_eq!(whole.captures[1].state, CaptureState::Failed, "the memory statistics never came");

    let cut_off = store.load(&cut_off.id).unwrap();
    let heap = &cut_off.captures[0];
    assert_eq!((heap.state, heap.file.as_str()), (CaptureState::Partial, "heap-1.pb.gz.partial"));
    assert!(store.capture_path(&cut_off.id, 1).unwrap().is_file());
}

#[test]
fn an_incident_is_not_written_over() {
    let (_dir, store) = store();
    let (folder, id) = filled(&store, 0, IncidentState::Complete, 10);
    drop(folder);
    let again = store.new_folder(&id).unwrap();
    assert!(again.write(&incident(1_795_500_000_000_000_000)).is_err());
    assert_eq!(store.load(&id).unwrap().state, IncidentState::Complete);
}

#[test]
fn a_folder_is_removed_only_while_nothing_is_in_it() {
    let (_dir, store) = store();
    let bare = store.new_folder("20261124T000000.000Z-hover-1").unwrap();
    bare.make().unwrap();
    bare.remove_if_bare();
    assert!(store.list().unwrap().is_empty());
    let (folder, id) = filled(&store, 0, IncidentState::Open, 10);
    folder.remove_if_bare();
    assert!(store.load(&id).is_ok());
}

#[test]
fn limits_and_loads_survive_and_rubbish_starts_afresh() {
    let (_dir, store) = store();
    let mut limits = Limits::default();
    limits.took_heap(1_000);
    store.write_limits(limits.clone(), 1_001).unwrap();
    assert_eq!(store.read_limits(), limits);
    let load = |n| PastLoad { duration_ns: n, peak_rss_bytes: n };
    for n in 0..15 {
        store.remember_load(&["/w".into()], load(n)).unwrap();
    }
    assert_eq!(store.earlier_loads(&["/w".into()]), (5..15).map(load).collect::<Vec<_>>());
    fs::write(store.root().join("limits.json"), "rubbish").unwrap();
    assert_eq!(store.read_limits(), Limits::default());
}
