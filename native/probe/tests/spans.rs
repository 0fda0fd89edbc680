//! The receiver of gopls's own spans: real gopls that post to it from several windows, and hostile senders.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
mod common;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use common::{Gopls, eventually};
use serde_json::json;
use stallscope_core::model::{Ns, SpansState, SpansView, WatchSettings};
use stallscope_core::spans::{MOST_BODY_BYTES, SpanRecord, Walk, phases_of, request_span};
use stallscope_core::wait::Phase;
use stallscope_probe::clock::Clock;
use stallscope_probe::spans::{PATH, SpanReceiver};
use stallscope_probe::watcher::{Target, Watcher, WatcherOptions};

const HOVER: &str = "textDocument/hover";

/// A port nobody has, below those that the system gives to clients.
fn free_port() -> u16 {
    let ports = (20_000 + (std::process::id() % 5_000) as u16)..30_000;
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let skip = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    ports.skip(skip * 100).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

/// One window.
fn window(folder: &Path, port: u16, pid: Option<u32>) -> SpanReceiver {
    let receiver = SpanReceiver::new(Clock::start(), folder.to_owned());
    receiver.set_gopls(pid);
    receiver.set_port(Some(port)).unwrap();
    receiver
}

fn in_state(receiver: &SpanReceiver, wanted: &SpansState) {
    eventually(&format!("{wanted:?}"), || (receiver.view().state == *wanted).then_some(()));
}

fn started(port: u16) -> Gopls {
    Gopls::start(&[&format!("-otel=http://127.0.0.1:{port}{PATH}")])
}

fn has_flag(gopls: &Path) -> bool {
    let version = stallscope_probe::process::version::of_file(gopls).unwrap().version.unwrap();
    version.split('.').nth(1).unwrap().parse::<u32>().unwrap() >= 22
}

fn all(receiver: &SpanReceiver) -> SpanRecord {
    receiver.record(0, Ns::MAX)
}

fn hovers(record: &SpanRecord) -> usize {
    record.spans.iter().filter(|span| &*span.name == HOVER).count()
}

#[test]
fn each_window_sees_the_spans_of_its_own_gopls_and_the_next_takes_over() {
    if !has_flag(&common::gopls()) {
        println!("this gopls knows no -otel");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (shared, port) = (folder.path().join("run"), free_port());
    let (mut mine, mut theirs) = (started(port), started(port));
    let first = window(&shared, port, Some(mine.pid()));
    in_state(&first, &SpansState::Here);
    let second = window(&shared, port, Some(theirs.pid()));
    in_state(&second, &SpansState::Relayed);

    let asked = (mine.ask_cold_hover(), theirs.ask_cold_hover());
    mine.wait(asked.0);
    theirs.wait(asked.1);
    for receiver in [&first, &second] {
        eventually("the hover", || (hovers(&all(receiver)) == 1).then_some(()));
        let (record, view) = (all(receiver), receiver.view());
        let SpansView { received, dropped, refused, bodies_refused, .. } = view;
        assert_eq!((received, dropped, refused, bodies_refused), (record.spans.len() as u64, 0, 0, 0));
        assert!(received > 100, "{received}");
        // Its own: one load, one handler of `initialized`.
        let count = |name: &str| record.spans.iter().filter(|span| &*span.name == name).count();
        assert_eq!((count("initialize"), count("initialized")), (1, 1));
        let hover = request_span(&record.spans, HOVER, 0, Ns::MAX).unwrap();
        assert!(hover.begin_ns > 0 && hover.duration_ns() > 1_000_000, "{hover:?}");
    }

    // The window that has the port closes. What is posted until the other has it is lost; what comes then is there.
    first.stop();
    in_state(&second, &SpansState::Here);
    let before = hovers(&all(&second));
    let again = theirs.ask_hover();
    theirs.wait(again);
    eventually("a hover after the takeover", || (hovers(&all(&second)) > before).then_some(()));
    // The other gopls is nobody's now.
    let refused = second.view().bodies_refused;
    let again = mine.ask_hover();
    mine.wait(again);
    eventually("a refusal", || (second.view().bodies_refused > refused).then_some(()));
    // A third window comes, for it, and the second closes in turn.
    let third = window(&shared, port, Some(mine.pid()));
    in_state(&third, &SpansState::Relayed);
    second.stop();
    in_state(&third, &SpansState::Here);
    let again = mine.ask_hover();
    mine.wait(again);
    eventually("its hover", || (hovers(&all(&third)) >= 1).then_some(()));
    third.stop();
    assert!(TcpListener::bind(("127.0.0.1", port)).is_ok(), "the port is free again");
    assert_eq!(std::fs::read_dir(&shared).unwrap().count(), 0, "nothing is left where they met");
}

#[test]
fn the_phases_of_a_cold_hover_add_up_to_its_wait() {
    if !has_flag(&common::gopls()) {
        println!("this gopls knows no -otel");
        return;
    }
    let storage = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut gopls = started(port);
    let options = WatcherOptions {
        storage_dir: storage.path().into(),
        workspace: Vec::new(),
        target: Target::Process { pid: gopls.pid() },
        go_extension: None,
        log_dirs: Vec::new(),
        settings: WatchSettings::default(),
    };
    let watcher = Watcher::start(options, Box::new(|_| {})).unwrap();
    watcher.record_spans(Some(port)).unwrap();
    eventually("gopls", || watcher.status().gopls);
    let asked = Instant::now();
    let hover = gopls.ask_cold_hover();
    let wait = gopls.wait(hover).duration_since(asked);
    let (record, hover) = eventually("its span", || {
        let record = watcher.spans_of(0, Ns::MAX);
        let hover = request_span(&record.spans, HOVER, 0, Ns::MAX).cloned();
        hover.map(|hover| (record, hover))
    });
    let spans: Vec<_> = record.spans.iter().collect();
    let (slices, _) = phases_of(&Walk::of(&spans, &hover), hover.begin_ns, hover.end_ns);
    let mut shares = BTreeMap::new();
    for slice in &slices {
        *shares.entry(slice.phase).or_insert(0) += slice.end_ns - slice.begin_ns;
    }
    for (phase, ns) in &shares {
        println!("{phase:?}: {:.1} ms", *ns as f64 / 1e6);
    }
    assert_eq!(shares.values().sum::<Ns>(), hover.duration_ns(), "to the nanosecond");
    let wait_ns = wait.as_nanos() as Ns;
    assert!(hover.duration_ns() <= wait_ns, "{} of {wait_ns}", hover.duration_ns());
    let unnamed: Ns = [Phase::Other, Phase::Unknown].iter().filter_map(|phase| shares.get(phase)).sum();
    assert!(unnamed * 20 <= hover.duration_ns(), "{unnamed} of {}", hover.duration_ns());
    assert!(shares[&Phase::GoCommand] > 0 && shares[&Phase::TypeChecking] > 0, "{shares:?}");
}

#[test]
fn a_port_that_somebody_else_has_is_said_and_taken_once_it_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let other = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let receiver = window(&folder.path().join("run"), port, None);
    let why = eventually("a refusal", || match receiver.view().state {
        SpansState::Taken { why } => Some(why),
        _ => None,
    });
    assert!(why.contains("in use") && why.contains("no window of this user"), "{why}");
    drop(other);
    in_state(&receiver, &SpansState::Here);
    receiver.set_port(None).unwrap();
    assert_eq!(receiver.view().state, SpansState::Off);
    eventually("the port", || TcpListener::bind(("127.0.0.1", port)).ok());
}

// ---- senders that are not what they should be ----

/// Sends `head` and `body` as they are; the status of the answer, or 0 when the connection is closed instead.
fn post_raw(stream: &mut TcpStream, head: &str, body: &[u8]) -> u16 {
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // It may be refused before all of it was sent.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => answer.push(byte[0]),
            _ => return 0,
        }
    }
    let text = String::from_utf8_lossy(&answer).to_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<u64>().ok());
    std::io::copy(&mut stream.take(length.unwrap_or(0)), &mut std::io::sink()).unwrap();
    text.split(' ').nth(1).unwrap().parse().unwrap()
}

fn head(path: &str, headers: &str) -> String {
    format!("POST {PATH}{path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n")
}

fn post(stream: &mut TcpStream, body: &[u8]) -> u16 {
    post_raw(stream, &head("/v1/traces", &format!("Content-Length: {}\r\n", body.len())), body)
}

fn body(pid: u32) -> Vec<u8> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    json!({"resourceSpans": [{
        "resource": {"attributes": [{"key": "process.pid", "value": {"stringValue": pid.to_string()}}]},
        "scopeSpans": [{"spans": [{
            "traceId": "07379239b0f8779af7a326e723cfb080", "spanId": "d47a9b3da92a8236", "name": "x",
            "startTimeUnixNano": now.to_string(), "endTimeUnixNano": (now + 1_000).to_string(),
        }]}],
    }]})
    .to_string()
    .into_bytes()
}

/// A receiver that takes this process for its gopls.
fn ours(folder: &Path) -> (SpanReceiver, u16) {
    let port = free_port();
    let receiver = window(&folder.join("run"), port, Some(std::process::id()));
    in_state(&receiver, &SpansState::Here);
    (receiver, port)
}

#[test]
fn what_is_posted_well_is_taken_over_one_connection_in_either_form() {
    let folder = tempfile::tempdir().unwrap();
    let (receiver, port) = ours(folder.path());
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let body = body(std::process::id());
    assert_eq!(post(&mut stream, &body), 200);
    let chunked: Vec<u8> = body
        .chunks(50)
        .flat_map(|chunk| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat())
        .chain(*b"0\r\n\r\n")
        .collect();
    assert_eq!(post_raw(&mut stream, &head("/v1/traces", "Transfer-Encoding: chunked\r\n"), &chunked), 200);
    assert_eq!(post_raw(&mut stream, &head("/v1/metrics", "Content-Length: 2\r\n"), b"{}"), 200);
    let view = receiver.view();
    assert_eq!((view.received, view.bodies_refused), (2, 0));
    // Its time is the watcher's.
    let record = all(&receiver);
    let ago = view.last_ns.unwrap() - record.spans[1].begin_ns;
    assert!(ago < 5_000_000_000, "{ago} ns ago");
}

#[test]
fn strangers_and_liars_are_refused_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (receiver, port) = ours(folder.path());
    let connect = || TcpStream::connect(("127.0.0.1", port)).unwrap();
    let us = std::process::id();
    // It says that it is somebody else.
    assert_eq!(post(&mut connect(), &body(us + 1)), 403);
    assert_eq!(post(&mut connect(), b"no spans"), 403);
    assert_eq!(
        post_raw(&mut connect(), &head("/v1/traces", "Content-Encoding: gzip\r\nContent-Length: 0\r\n"), b""),
        415
    );
    assert_eq!(post_raw(&mut connect(), &head("/v1/logs", "Content-Length: 0\r\n"), b""), 404);
    let get = format!("GET {PATH}/v1/traces HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(post_raw(&mut connect(), &get, b""), 405);
    let long = head("/v1/traces", &format!("Content-Length: {}\r\n", MOST_BODY_BYTES + 1));
    assert_eq!(post_raw(&mut connect(), &long, b""), 413, "before any of it is sent");
    let (chunk, end) = (vec![b' '; 1 << 20], b"\r\n");
    let chunked: Vec<u8> =
        std::iter::repeat_n([b"100000\r\n", &chunk[..], end].concat(), 17).flatten().collect();
    let status = post_raw(&mut connect(), &head("/v1/traces", "Transfer-Encoding: chunked\r\n"), &chunked);
    assert!([413, 0].contains(&status), "{status}");
    assert_eq!(receiver.view().received, 0);
    assert_eq!(receiver.view().bodies_refused, 7);

    // This process is no gopls of anybody's: it is asked to wait for a moment, in case that one is just starting.
    receiver.set_gopls(Some(1));
    assert_eq!(post(&mut connect(), &body(us)), 403);
    receiver.set_gopls(Some(us));
    assert_eq!(post(&mut connect(), &body(us)), 200);
    assert_eq!(receiver.view().received, 1);
}

#[test]
fn one_that_is_just_found_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let (receiver, port) = ours(folder.path());
    receiver.set_gopls(None);
    let posted = std::thread::spawn(move || {
        post(&mut TcpStream::connect(("127.0.0.1", port)).unwrap(), &body(std::process::id()))
    });
    std::thread::sleep(Duration::from_millis(300));
    receiver.set_gopls(Some(std::process::id()));
    assert_eq!(posted.join().unwrap(), 200);
    assert_eq!(receiver.view().received, 1);
}

#[test]
fn those_who_never_finish_keep_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let (receiver, port) = ours(folder.path());
    let connect = || TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut idle: Vec<_> = (0..60).map(|_| connect()).collect();
    for stream in &mut idle[..30] {
        stream.write_all(b"POST /stallscope/v1/traces HTTP/1.1\r\nContent-Le").unwrap();
    }
    assert_eq!(post(&mut connect(), &body(std::process::id())), 200);
    // They are closed after ten seconds, whatever they have sent.
    let mut rest = Vec::new();
    idle[0].set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    idle[0].read_to_end(&mut rest).unwrap();
    // More than there can be windows for are not let in.
    let many: Vec<_> = (0..100).map(|_| connect()).collect();
    eventually("refusals", || (receiver.view().bodies_refused > 30).then_some(()));
    drop(many);
    eventually("room again", || (post(&mut connect(), &body(std::process::id())) == 200).then_some(()));
}
