//! The loop and its fetches with a debug server of our own, which answers when it is told to. The process that is
//! watched is this one.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Instant;

use stallscope_core::model::{
    Capture, CaptureKind, CaptureState, GoplsIdentity, Incident, IncidentState, LatencySource, Note,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Duration, sleep, timeout};

use super::fetch::{self, CaptureJob};
use super::run::{Done, Loop};
use super::target::Watched;
use super::*;
use crate::debug::Limits;
use crate::process::ProcessHandle;
use crate::store::Store;

const PATIENCE: Duration = Duration::from_secs(20);
const SAVED: &str = "file:///w/a.go";

fn profile() -> Vec<u8> {
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../test/fixtures/profiles");
    fs::read(fixtures.join("gopls-v0.23.0-loaded.pb.gz")).unwrap()
}

/// Answers every page; heaps only as far as they are let through.
struct Server {
    address: SocketAddr,
    heaps: Arc<Semaphore>,
    heap_asked: Arc<Notify>,
}

impl Server {
    async fn start(heap: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (heaps, heap_asked) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
        let (gate, asked) = (Arc::clone(&heaps), Arc::clone(&heap_asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, heap.clone(), Arc::clone(&gate), Arc::clone(&asked)));
            }
        });
        Self { address, heaps, heap_asked }
    }

    fn let_heaps_through(&self, count: usize) {
        self.heaps.add_permits(count);
    }
}

async fn serve(mut stream: TcpStream, heap: Vec<u8>, gate: Arc<Semaphore>, asked: Arc<Notify>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return,
        }
    }
    let body = if request.starts_with(b"GET /debug/pprof/heap") { heap } else { b"evidence".to_vec() };
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    // The first half comes at once: a capture that is given up has something to leave behind.
    let (first, second) = body.split_at(body.len() / 2);
    let sent = stream.write_all(head.as_bytes()).await.and(stream.write_all(first).await);
    if request.starts_with(b"GET /debug/pprof/heap") {
        asked.notify_one();
        gate.acquire().await.unwrap().forget();
    }
    let _ = sent.and(stream.write_all(second).await);
}

/// A loop that watches ourselves, and what it has told.
struct Desk {
    watch: Loop,
    commands: tokio::sync::mpsc::UnboundedSender<Command>,
    inbox: Option<tokio::sync::mpsc::UnboundedReceiver<Command>>,
    told: mpsc::Receiver<WatchEvent>,
    server: Server,
    dir: tempfile::TempDir,
}

impl Desk {
    async fn new() -> Self {
        Self::serving(profile()).await
    }

    async fn serving(heap: Vec<u8>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::start(heap).await;
        let options = WatcherOptions {
            storage_dir: dir.path().into(),
            workspace: Vec::new(),
            target: Target::Process { pid: std::process::id() },
            log_dirs: Vec::new(),
            // No rise of our own memory is to interfere.
            settings: WatchSettings { capture_rise_mb: 100_000.0, ..WatchSettings::default() },
        };
        let (sender, told) = mpsc::channel();
        let listener: Listener = Box::new(move |event| drop(sender.send(event)));
        let shared = Shared { status: idle_status(), decisions: Vec::new() };
        let shared = Arc::new(Mutex::new(shared));
        let mut watch = Loop::new(options, Clock::start(), shared, Arc::new(Mutex::new(listener))).unwrap();
        let identity = GoplsIdentity {
            pid: std::process::id(),
            started_unix_ms: 1.0,
            exe: "gopls".into(),
            version: None,
            go_version: None,
        };
        let handle = ProcessHandle::of_ourselves().unwrap();
        watch.gopls_found(Watched { identity, uptime_ns: 60_000_000_000, handle }, Instant::now());
        watch.debug = DebugServer::On { address: server.address.to_string(), loopback_only: true };
        watch.captures_address = Some(server.address);
        watch.set_source(LatencySource::Echo);
        let (commands, inbox) = tokio::sync::mpsc::unbounded_channel();
        Self { watch, commands, inbox: Some(inbox), told, server, dir }
    }

    /// Runs the loop beside `scenario`, which must end it.
    async fn run<T>(
        &mut self,
        scenario: impl AsyncFnOnce(&tokio::sync::mpsc::UnboundedSender<Command>, &Server) -> T,
    ) -> T {
        let inbox = self.inbox.take().unwrap();
        let both = async { tokio::join!(self.watch.run(inbox), scenario(&self.commands, &self.server)) };
        let (ended, value) = timeout(PATIENCE, both).await.expect("it hangs");
        ended.unwrap();
        value
    }

    fn incident(&self) -> Incident {
        let store = Store::new(self.dir.path().into());
        let list = store.list().unwrap();
        assert_eq!(list.len(), 1, "{list:?}");
        store.load(&list[0].id).unwrap()
    }

    fn problems(&self) -> Vec<Note> {
        self.told
            .try_iter()
            .filter_map(|event| if let WatchEvent::Problem { note } = event { Some(note) } else { None })
            .collect()
    }
}

type Commands = tokio::sync::mpsc::UnboundedSender<Command>;

async fn capture_now(commands: &Commands) -> Result<IncidentSummary, WatchError> {
    let (reply, answer) = oneshot::channel();
    commands.send(Command::CaptureNow(reply)).unwrap();
    answer.await.unwrap()
}

async fn stop(commands: &Commands) {
    let (reply, done) = oneshot::channel();
    commands.send(Command::Stop(reply)).unwrap();
    done.await.unwrap();
}

fn of_kind(incident: &Incident, kind: CaptureKind) -> Vec<&Capture> {
    incident.captures.iter().filter(|capture| capture.kind == kind).collect()
}

/// Names of all files below the storage, without the folders.
fn files(desk: &Desk) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![desk.dir.path().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                names.push(entry.file_name().into_string().unwrap());
            }
        }
    }
    names
}

#[tokio::test]
async fn a_capture_asked_for_during_a_stall_is_answered_while_the_stall_goes_on() {
    let mut desk = Desk::new().await;
    let summary = desk
        .run(async |commands, server| {
            server.let_heaps_through(1);
            let now = Event::SaveBegan(SAVED.into());
            commands.send(Command::Stamp(0, now)).unwrap();
            // Late enough that the save is a stall with a folder.
            sleep(Duration::from_millis(600)).await;
            let summary = capture_now(commands).await.unwrap();
            stop(commands).await;
            summary
        })
        .await;
    assert_eq!((summary.state, summary.method.as_str()), (IncidentState::Open, "save"));
    assert!(summary.has_heap);
    let incident = desk.incident();
    let heap = of_kind(&incident, CaptureKind::Heap)[0];
    assert_eq!((heap.trigger.as_str(), heap.state), ("user", CaptureState::Complete));
    assert_eq!(incident.state, IncidentState::Interrupted, "the save was never answered");
}

#[tokio::test]
async fn a_capture_that_fails_during_a_stall_is_answered_with_its_error() {
    let mut desk = Desk::serving(b"this is no profile".to_vec()).await;
    let answer = desk
        .run(async |commands, server| {
            server.let_heaps_through(1);
            commands.send(Command::Stamp(0, Event::SaveBegan(SAVED.into()))).unwrap();
            sleep(Duration::from_millis(600)).await;
            let answer = capture_now(commands).await;
            stop(commands).await;
            answer
        })
        .await;
    let Err(WatchError::CaptureFailed(why)) = answer else { panic!("{answer:?}") };
    let incident = desk.incident();
    let heap = of_kind(&incident, CaptureKind::Heap)[0];
    assert_eq!(heap.error.as_ref(), Some(&why));
    assert!(heap.file.ends_with(".partial"), "kept all the same: {}", heap.file);
}

#[tokio::test]
async fn a_capture_of_its_own_is_answered_when_its_incident_is_complete() {
    let mut desk = Desk::new().await;
    let summary = desk
        .run(async |commands, server| {
            server.let_heaps_through(1);
            let summary = capture_now(commands).await.unwrap();
            stop(commands).await;
            summary
        })
        .await;
    assert_eq!((summary.state, summary.has_heap), (IncidentState::Complete, true));
    assert_eq!(desk.incident().state, IncidentState::Complete);
    assert_eq!(desk.problems(), []);
}

#[tokio::test]
async fn what_arrives_while_we_end_is_checked_before_we_end() {
    let mut desk = Desk::new().await;
    desk.run(async |commands, server| {
        let (reply, _answer) = oneshot::channel();
        commands.send(Command::CaptureNow(reply)).unwrap();
        server.heap_asked.notified().await;
        let (reply, done) = oneshot::channel();
        commands.send(Command::Stop(reply)).unwrap();
        sleep(Duration::from_millis(50)).await;
        server.let_heaps_through(1);
        done.await.unwrap();
    })
    .await;
    let incident = desk.incident();
    let heap = of_kind(&incident, CaptureKind::Heap)[0];
    assert_eq!(heap.state, CaptureState::Complete, "{heap:?}");
    assert!(heap.inuse_space_bytes.is_some());
    assert_eq!(of_kind(&incident, CaptureKind::Memory)[0].state, CaptureState::Failed);
}

#[tokio::test]
async fn a_baseline_under_way_gives_way_to_a_heap() {
    let mut desk = Desk::new().await;
    desk.watch.want_baseline();
    let summary = desk
        .run(async |commands, server| {
            // Half of it has come.
            server.heap_asked.notified().await;
            let asked = capture_now(commands);
            let freed = async {
                server.heap_asked.notified().await;
                server.let_heaps_through(2);
            };
            let (summary, ()) = tokio::join!(asked, freed);
            stop(commands).await;
            summary.unwrap()
        })
        .await;
    assert!(summary.has_heap);
    assert!(desk.watch.baseline.is_none());
    let held: Vec<_> = desk.watch.engine.decisions().filter(|d| d.rule == "baseline" && !d.fired).collect();
    assert_eq!(held.len(), 1);
    assert_eq!(desk.watch.cost.debug_requests, 3, "the baseline, the heap, the memory statistics");
    assert!(!files(&desk).iter().any(|name| name.ends_with(".part")), "{:?}", files(&desk));
}

#[tokio::test]
async fn a_baseline_is_put_beside_later_incidents_with_what_was_known_of_it() {
    let mut desk = Desk::new().await;
    desk.server.let_heaps_through(2);
    desk.watch.want_baseline();
    desk.run(async |commands, _| {
        sleep(Duration::from_millis(400)).await;
        capture_now(commands).await.unwrap();
        stop(commands).await;
    })
    .await;
    let incident = desk.incident();
    let (baseline, heap) =
        (of_kind(&incident, CaptureKind::Baseline)[0], of_kind(&incident, CaptureKind::Heap)[0]);
    assert_eq!(baseline.state, CaptureState::Complete, "{baseline:?}");
    assert!(baseline.trigger_ns > 0 && baseline.trigger_ns < heap.trigger_ns);
    assert_eq!(baseline.inuse_space_bytes, heap.inuse_space_bytes, "the server has only one profile");
    drop(desk.watch.baseline.take());
    assert!(
        !files(&desk).iter().any(|name| name.ends_with(".part")),
        "a baseline lives as long as its window"
    );
}

#[tokio::test]
async fn what_is_no_profile_is_no_baseline() {
    let mut desk = Desk::serving(b"<html>not found</html>".to_vec()).await;
    desk.server.let_heaps_through(1);
    desk.watch.want_baseline();
    desk.run(async |commands, _| {
        sleep(Duration::from_millis(300)).await;
        stop(commands).await;
    })
    .await;
    assert!(desk.watch.baseline.is_none());
    let failed: BTreeMap<_, _> =
        desk.watch.engine.decisions().map(|d| (d.reason.as_str(), &d.values)).collect();
    assert!(failed["failed"].contains_key("error"), "{failed:?}");
    assert!(!files(&desk).iter().any(|name| name.ends_with(".part")));
}

#[tokio::test]
async fn an_incident_that_cannot_be_written_is_let_go_and_told() {
    let mut desk = Desk::new().await;
    // A file where the folders should be: nobody can write there, not even root.
    fs::write(desk.dir.path().join("incidents"), "").unwrap();
    let answer = desk
        .run(async |commands, server| {
            server.let_heaps_through(1);
            let answer = capture_now(commands).await;
            stop(commands).await;
            answer
        })
        .await;
    assert!(matches!(answer, Err(WatchError::CaptureFailed(_))), "{answer:?}");
    assert!(desk.watch.folders.is_empty(), "its lock would make it look as if it were still written");
    assert!(desk.problems().iter().all(|note| note.code == "storage-failed"));
}

#[tokio::test]
async fn a_watched_process_without_editor_has_no_echo() {
    let mut desk = Desk::new().await;
    desk.watch.fail_server("127.0.0.1:1".into(), "it does not answer".into());
    assert_eq!(desk.watch.engine.source(), LatencySource::None);
    assert_eq!(Target::Host { pid: 1 }.source_without_server(), LatencySource::Echo);
}

#[tokio::test]
async fn a_capture_given_up_leaves_nothing_behind() {
    let desk = Desk::new().await;
    let store = Store::new(desk.dir.path().into());
    let folder = Arc::new(store.new_folder("i").unwrap());
    let capture = Capture {
        number: 1,
        kind: CaptureKind::Heap,
        state: CaptureState::Running,
        file: String::new(),
        size_bytes: 0,
        trigger: "user".into(),
        trigger_ns: 0,
        sent_ns: None,
        first_byte_ns: None,
        received_ns: None,
        on_disk_ns: None,
        during_request: None,
        inuse_space_bytes: None,
        error: None,
    };
    let job = CaptureJob {
        key: 1,
        capture,
        folder: Arc::clone(&folder),
        address: desk.server.address,
        limits: Limits::capture(&WatchSettings::default()),
        clock: Clock::start(),
    };
    let task =
        tokio::spawn(async move { Done::Captured { ticket: 1, result: Box::new(fetch::fetch(job).await) } });
    let parts = || files(&desk).into_iter().filter(|name| name.ends_with(".part")).count();
    let wait_for = async |count| {
        timeout(PATIENCE, async {
            while parts() != count {
                sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .unwrap_or_else(|_| panic!("{} parts, not {count}", parts()));
    };
    wait_for(1).await;
    task.abort();
    wait_for(0).await;
}
