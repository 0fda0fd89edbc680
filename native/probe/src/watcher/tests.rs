//! The loop and its fetches with a debug server of our own, which answers when it is told to. The process that is
//! watched is this one.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use stallscope_core::model::{
    Capture, CaptureKind, CaptureState, CaptureWhat, GoplsIdentity, Incident, IncidentState, LatencySource,
    Note, Value,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Duration, sleep, timeout};

use super::fetch::{self, BaselineJob, BaselineResult};
use super::run::{Beside, Loop};
use super::target::{Found, Watched};
use super::*;
use crate::debug::Limits;
use crate::process::ProcessHandle;
use crate::store::Store;

const PATIENCE: Duration = Duration::from_secs(20);

fn profile() -> Vec<u8> {
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../test/fixtures/profiles");
    fs::read(fixtures.join("gopls-v0.23.0-loaded.pb.gz")).unwrap()
}

/// Answers every page; heaps only as far as they are let through, CPU profiles not before the end.
struct Server {
    address: SocketAddr,
    /// What was asked for, in order.
    pages: Arc<Mutex<Vec<String>>>,
    heaps: Arc<Semaphore>,
    heap_asked: Arc<Notify>,
}

impl Server {
    async fn start(heap: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (heaps, heap_asked) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
        let (gate, asked) = (Arc::clone(&heaps), Arc::clone(&heap_asked));
        let pages = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&pages);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (gate, asked, log) = (Arc::clone(&gate), Arc::clone(&asked), Arc::clone(&log));
                tokio::spawn(serve(stream, heap.clone(), gate, asked, log));
            }
        });
        Self { address, pages, heaps, heap_asked }
    }

    fn let_heaps_through(&self, count: usize) {
        self.heaps.add_permits(count);
    }

    /// Waits until the page was asked for.
    async fn asked_for(&self, page: &str) {
        while !self.pages.lock().unwrap().iter().any(|asked| asked == page) {
            sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn serve(
    mut stream: TcpStream,
    heap: Vec<u8>,
    gate: Arc<Semaphore>,
    asked: Arc<Notify>,
    log: Arc<Mutex<Vec<String>>>,
) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return,
        }
    }
    let page = String::from_utf8_lossy(&request).split(' ').nth(1).unwrap_or_default().to_owned();
    log.lock().unwrap().push(page);
    if request.starts_with(b"GET /debug/pprof/profile") {
        // gopls has a first byte at the end of the recording only.
        std::future::pending::<()>().await;
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
    inbox: Option<UnboundedReceiver<Command>>,
    outside: Outside,
    told: mpsc::Receiver<WatchEvent>,
    dir: tempfile::TempDir,
}

/// What a scenario has of it while it runs.
struct Outside {
    commands: UnboundedSender<Command>,
    stamps: Arc<Stamps>,
    shared: Arc<Mutex<Shared>>,
    server: Server,
}

impl Outside {
    async fn capture_now(&self) -> Result<IncidentSummary, WatchError> {
        self.capture(CaptureWhat::Heap).await
    }

    async fn capture(&self, what: CaptureWhat) -> Result<IncidentSummary, WatchError> {
        let seconds = what.kind().is_recording().then_some(60);
        let (reply, answer) = oneshot::channel();
        let request = CaptureRequest::new(what, seconds).unwrap();
        self.commands.send(Command::CaptureNow(request, reply)).unwrap();
        answer.await.unwrap()
    }

    fn cancel(&self) {
        self.commands.send(Command::CancelCapture).unwrap();
    }

    /// A save that is never answered; waits until it has become an incident.
    async fn stall(&self) {
        self.stamps.push(Event::SaveBegan("file:///w/a.go".into()));
        let recorded = || {
            let stall = self.shared.lock().unwrap().status.stall.clone();
            stall.is_some_and(|stall| stall.incident.is_some())
        };
        while !recorded() {
            sleep(Duration::from_millis(5)).await;
        }
    }

    async fn stop(&self) {
        let (reply, done) = oneshot::channel();
        // A loop that has ended already has nobody to answer.
        let _ = self.commands.send(Command::Stop(reply));
        let _ = done.await;
    }
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
            go_extension: None,
            log_dirs: Vec::new(),
            // Only what a test asks for is captured, however our own memory and CPU are.
            settings: WatchSettings {
                capture_rise_mb: 100_000.0,
                baseline_interval_s: 0.0,
                ..WatchSettings::default()
            },
        };
        let (sender, told) = mpsc::channel();
        let listener: Listener = Box::new(move |event| drop(sender.send(event)));
        let shared = Arc::new(Mutex::new(Shared::default()));
        let listener = Arc::new(Mutex::new(listener));
        let clock = Clock::start();
        let stamps = Arc::new(Stamps::new(clock));
        let spans = Arc::new(SpanReceiver::new(clock, dir.path().join("run")));
        let beside = Beside { stamps: Arc::clone(&stamps), spans, limits: SharedLimits::default() };
        let mut watch = Loop::new(options, clock, beside, Arc::clone(&shared), listener).unwrap();
        let identity = GoplsIdentity {
            pid: std::process::id(),
            started_unix_ms: 1.0,
            exe: "gopls".into(),
            version: None,
            go_version: None,
        };
        let process = ProcessHandle::of_ourselves().unwrap();
        // We are not in the list of living gopls, so our baselines would be taken for left ones.
        watch.tidied = true;
        let gopls = Watched { identity, uptime_ns: 60_000_000_000 };
        watch.gopls_found(Found { gopls, process }, Instant::now());
        watch.debug = DebugServer::On { address: server.address.to_string(), loopback_only: true };
        watch.captures_address = Some(server.address);
        watch.set_source(LatencySource::Echo);
        let (commands, inbox) = unbounded_channel();
        let outside = Outside { commands, stamps, shared, server };
        Self { watch, inbox: Some(inbox), outside, told, dir }
    }

    /// Runs the loop beside `scenario`, and stops it afterwards.
    async fn run<T>(&mut self, scenario: impl AsyncFnOnce(&Outside) -> T) -> T {
        let inbox = self.inbox.take().unwrap();
        let scenario = async {
            let value = scenario(&self.outside).await;
            self.outside.stop().await;
            value
        };
        let both = async { tokio::join!(self.watch.run(inbox), scenario) };
        let (ended, value) = timeout(PATIENCE, both).await.expect("it hangs");
        ended.unwrap();
        value
    }

    async fn baseline(&self) -> BaselineResult {
        let job = BaselineJob {
            store: Store::new(self.dir.path().into()),
            pid: std::process::id(),
            started_unix_ms: 1.0,
            address: self.outside.server.address,
            limits: Limits::capture(&WatchSettings::default()),
            clock: self.watch.clock,
        };
        fetch::baseline(job).await
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

    /// Names of the files below the storage that are on their way, or a baseline.
    fn parts(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut folders = vec![self.dir.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().flatten() {
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(entry.path());
                } else {
                    names.extend(entry.file_name().into_string());
                }
            }
        }
        names.retain(|name| name.ends_with(".part"));
        names
    }

    /// The worker that writes has a moment after the fetch was given up.
    async fn until_parts(&self, count: usize) {
        let wait = async {
            while self.parts().len() != count {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{:?}, not {count}", self.parts()));
    }
}

fn of_kind(incident: &Incident, kind: CaptureKind) -> Vec<&Capture> {
    incident.captures.iter().filter(|capture| capture.kind == kind).collect()
}

#[tokio::test]
async fn a_capture_asked_for_during_a_stall_is_answered_while_the_stall_goes_on() {
    let mut desk = Desk::new().await;
    desk.outside.server.let_heaps_through(1);
    let summary = desk
        .run(async |outside| {
            outside.stall().await;
            outside.capture_now().await.unwrap()
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
async fn gopls_is_not_at_rest_while_anything_is_captured() {
    let mut desk = Desk::new().await;
    desk.run(async |outside| {
        let shared = || outside.shared.lock().unwrap();
        let during = async {
            while !shared().fetching {
                sleep(Duration::from_millis(5)).await;
            }
            // Nobody waits for it: what is fetched is reason enough.
            assert!(shared().status.in_flight.is_empty() && !shared().at_rest());
            outside.server.let_heaps_through(1);
        };
        let (captured, ()) = tokio::join!(outside.capture_now(), during);
        captured.unwrap();
        while !shared().at_rest() {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_capture_that_fails_during_a_stall_is_answered_with_its_error() {
    let mut desk = Desk::serving(b"this is no profile".to_vec()).await;
    desk.outside.server.let_heaps_through(1);
    let answer = desk
        .run(async |outside| {
            outside.stall().await;
            outside.capture_now().await
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
    desk.outside.server.let_heaps_through(1);
    let summary = desk.run(async |outside| outside.capture_now().await.unwrap()).await;
    assert_eq!((summary.state, summary.has_heap), (IncidentState::Complete, true));
    assert_eq!(desk.incident().state, IncidentState::Complete);
    let incident = desk.incident();
    let query = TimelineQuery { incident: None, from_ns: None, to_ns: None, points: 100 };
    let shown = super::timeline_of_incident(&incident, &query);
    assert!(shown.to_ns >= incident.request.end_ns.unwrap(), "its time line reaches to its end");
    assert_eq!(desk.problems(), []);
}

/// The incident with a capture of this kind, of several.
fn incident_with(desk: &Desk, kind: CaptureKind) -> Incident {
    let store = Store::new(desk.dir.path().into());
    let all = store.list().unwrap();
    let mut incidents = all.iter().map(|summary| store.load(&summary.id).unwrap());
    incidents.find(|incident| !of_kind(incident, kind).is_empty()).unwrap()
}

#[tokio::test]
async fn a_stall_that_begins_during_a_recording_has_its_evidence_at_once_and_the_recording_goes_on() {
    let mut desk = Desk::new().await;
    desk.outside.server.let_heaps_through(1);
    let (cpu, stall) = desk
        .run(async |outside| {
            let evidence = async {
                outside.server.asked_for("/debug/pprof/profile?seconds=60").await;
                outside.stall().await;
                outside.server.asked_for("/debug/pprof/goroutine?debug=1").await;
                outside.server.asked_for("/memory").await;
                let stall = outside.capture_now().await.unwrap();
                outside.cancel();
                stall
            };
            tokio::join!(outside.capture(CaptureWhat::Cpu), evidence)
        })
        .await;
    assert!(matches!(cpu, Err(WatchError::Cancelled { size_bytes: 0, .. })), "{cpu:?}");
    assert!(stall.has_heap, "while the recording went on");
    let stall = incident_with(&desk, CaptureKind::Goroutines);
    assert_eq!(of_kind(&stall, CaptureKind::Goroutines)[0].state, CaptureState::Complete);
    assert_eq!(of_kind(&stall, CaptureKind::Memory)[0].state, CaptureState::Complete);
    let recording = incident_with(&desk, CaptureKind::Cpu);
    assert_eq!(recording.captures[0].error.as_deref(), Some("it was cancelled"));
}

#[tokio::test]
async fn somebody_who_is_curious_makes_way_for_a_stall_and_has_the_answer_after_it() {
    let mut desk = Desk::new().await;
    let text = desk
        .run(async |outside| {
            let stall = async {
                outside.server.asked_for("/debug/pprof/heap?debug=1").await;
                outside.stall().await;
                // The text is still not let through.
                outside.server.asked_for("/debug/pprof/goroutine?debug=1").await;
                outside.server.let_heaps_through(2);
            };
            tokio::join!(outside.capture(CaptureWhat::HeapText), stall).0.unwrap()
        })
        .await;
    assert_eq!((text.state, text.has_heap), (IncidentState::Complete, false));
    let asked = desk.outside.server.pages.lock().unwrap().clone();
    let texts = asked.iter().filter(|page| *page == "/debug/pprof/heap?debug=1").count();
    assert_eq!(texts, 2, "given up, and asked for again: {asked:?}");
}

#[tokio::test]
async fn no_collection_is_forced_while_somebody_waits() {
    let mut desk = Desk::new().await;
    let answer = desk
        .run(async |outside| {
            outside.stall().await;
            outside.capture(CaptureWhat::HeapAfterGc).await
        })
        .await;
    let Err(WatchError::CaptureFailed(why)) = answer else { panic!("{answer:?}") };
    assert!(why.contains("somebody waits"), "{why}");
    let asked = desk.outside.server.pages.lock().unwrap();
    assert!(!asked.iter().any(|page| page.contains("gc=1")), "{asked:?}");
}

#[tokio::test]
async fn what_had_come_of_a_cancelled_capture_is_kept() {
    let half = profile().len() as u64 / 2;
    let mut desk = Desk::new().await;
    let answer = desk
        .run(async |outside| {
            let cancel = async {
                outside.server.heap_asked.notified().await;
                // Half of it was sent before.
                sleep(Duration::from_millis(100)).await;
                outside.cancel();
            };
            tokio::join!(outside.capture(CaptureWhat::HeapAfterGc), cancel).0
        })
        .await;
    let Err(WatchError::Cancelled { size_bytes, id }) = answer else { panic!("{answer:?}") };
    assert_eq!(size_bytes, half);
    let incident = desk.incident();
    assert_eq!(incident.id, id);
    let heap = of_kind(&incident, CaptureKind::Heap)[0];
    assert_eq!((heap.state, heap.after_gc), (CaptureState::Partial, true));
    let kept = fs::read(desk.dir.path().join("incidents").join(&id).join(&heap.file)).unwrap();
    assert_eq!(kept, profile()[..kept.len()]);
}

#[tokio::test]
async fn what_arrives_while_we_end_is_checked_before_we_end() {
    let mut desk = Desk::new().await;
    desk.run(async |outside| {
        let (reply, _answer) = oneshot::channel();
        outside.commands.send(Command::CaptureNow(CaptureRequest::HEAP, reply)).unwrap();
        outside.server.heap_asked.notified().await;
        let arrives = async {
            sleep(Duration::from_millis(50)).await;
            outside.server.let_heaps_through(1);
        };
        tokio::join!(outside.stop(), arrives);
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
        .run(async |outside| {
            // What is wanted from outside of the loop does not wake it.
            outside.stamps.ring();
            // Half of it has come.
            outside.server.heap_asked.notified().await;
            let heap_asked = async {
                outside.server.heap_asked.notified().await;
                outside.server.let_heaps_through(2);
            };
            tokio::join!(outside.capture_now(), heap_asked).0.unwrap()
        })
        .await;
    assert!(summary.has_heap);
    assert!(desk.watch.baseline.is_none());
    let given_up = desk.watch.engine.decisions().filter(|d| d.rule == "baseline" && !d.fired).count();
    assert_eq!(given_up, 1);
    assert_eq!(desk.watch.cost.debug_requests, 3, "the baseline, the heap, the memory statistics");
    desk.until_parts(0).await;
}

#[tokio::test]
async fn a_baseline_is_put_beside_later_incidents_with_what_was_known_of_it() {
    let mut desk = Desk::new().await;
    // The third is for a reading of the memory, which may come before what is asked for.
    desk.outside.server.let_heaps_through(3);
    let taken = desk.baseline().await.baseline.unwrap_or_else(|why| panic!("{why}"));
    desk.watch.baseline = Some(Arc::new(taken));
    desk.run(async |outside| outside.capture_now().await.unwrap()).await;
    let incident = desk.incident();
    let (baseline, heap) =
        (of_kind(&incident, CaptureKind::Baseline)[0], of_kind(&incident, CaptureKind::Heap)[0]);
    assert_eq!((baseline.state, baseline.number), (CaptureState::Complete, 3), "{baseline:?}");
    assert!(baseline.trigger_ns > 0 && baseline.trigger_ns < heap.trigger_ns);
    assert_eq!(baseline.inuse_space_bytes, heap.inuse_space_bytes, "the server has only one profile");
    drop(desk.watch.baseline.take());
    assert_eq!(desk.parts(), [""; 0], "a baseline lives as long as its window");
}

#[tokio::test]
async fn what_is_no_profile_is_no_baseline() {
    let desk = Desk::serving(b"<html>not found</html>".to_vec()).await;
    desk.outside.server.let_heaps_through(1);
    let why = desk.baseline().await.baseline.err().unwrap();
    assert!(why.contains("a web page, not a profile"), "{why}");
    assert_eq!(desk.parts(), [""; 0]);
}

#[tokio::test]
async fn an_incident_that_cannot_be_written_is_let_go_and_told() {
    let mut desk = Desk::new().await;
    desk.outside.server.let_heaps_through(1);
    // A file where the folders should be: nobody can write there, not even root.
    fs::write(desk.dir.path().join("incidents"), "").unwrap();
    let answer = desk.run(async |outside| outside.capture_now().await).await;
    assert!(matches!(answer, Err(WatchError::CaptureFailed(_))), "{answer:?}");
    assert!(desk.watch.folders.is_empty(), "its lock would make it look as if it were still written");
    let problems = desk.problems();
    assert!(
        !problems.is_empty() && problems.iter().all(|note| note.code == "storage-failed"),
        "{problems:?}"
    );
}

#[tokio::test]
async fn what_was_read_in_a_calm_editor_is_on_the_time_line_when_it_is_asked_for() {
    let mut desk = Desk::new().await;
    let timeline = desk
        .run(async |outside| {
            sleep(Duration::from_millis(600)).await;
            let (reply, answer) = oneshot::channel();
            let query = TimelineQuery { incident: None, from_ns: None, to_ns: None, points: 1_000 };
            outside.commands.send(Command::Timeline(query, reply)).unwrap();
            answer.await.unwrap()
        })
        .await;
    // Twelve on a machine that has nothing else to do, or six before we are taken for at rest.
    assert!(timeline.rss.len() >= 3, "{:?}", timeline.rss);
    let latest_ns = timeline.rss.last().unwrap().at_ns;
    assert!(timeline.to_ns - latest_ns < 600_000_000, "{latest_ns} of {}", timeline.to_ns);
}

#[tokio::test]
async fn a_wait_is_a_stall_at_its_limit_and_not_at_the_next_sample() {
    let mut desk = Desk::new().await;
    desk.watch.engine.handle(
        0,
        Event::Settings(Box::new(WatchSettings { sample_interval_ms: 5_000.0, ..WatchSettings::default() })),
    );
    desk.run(async |outside| {
        outside.stamps.set_urgent(true);
        outside.stall().await;
    })
    .await;
    let stall = desk.watch.engine.decisions().find(|d| d.rule == "stall").unwrap();
    let Some(Value::Number(age_ms)) = stall.values.get("age_ms") else { panic!("{stall:?}") };
    assert!(*age_ms > 200.0 && *age_ms < 1_000.0, "{age_ms}");
}

#[tokio::test]
async fn what_one_watcher_has_taken_counts_for_another_with_the_same_limits() {
    let refused =
        |desk: &Desk| desk.watch.engine.decisions().filter(|decision| decision.reason == "cool-down").count();
    let mut first = Desk::new().await;
    first.run(async |outside| outside.stall().await).await;
    assert_eq!((first.watch.limits.lock().changes, refused(&first)), (1, 0));
    let mut second = Desk::new().await;
    second.watch.limits = first.watch.limits.clone();
    second.run(async |outside| outside.stall().await).await;
    assert_eq!(refused(&second), 1, "{:?}", second.watch.engine.decisions().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_watched_process_without_editor_has_no_echo() {
    let mut desk = Desk::new().await;
    desk.watch.fail_server("127.0.0.1:1".into(), "it does not answer".into());
    assert_eq!(desk.watch.engine.source(), LatencySource::None);
    assert_eq!(Target::Host { pid: 1 }.source_without_server(), LatencySource::Echo);
}

/// `cat` under the name gopls stands in: it waits until its standard input ends.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_gopls_that_was_lost_and_is_there_is_found_at_the_next_look() {
    let mut desk = Desk::new().await;
    let file = desk.dir.path().join("gopls");
    fs::copy("/bin/cat", &file).unwrap();
    let stdin = std::process::Stdio::piped();
    let mut child = std::process::Command::new(&file).stdin(stdin).spawn().unwrap();
    let watched = |watch: &Loop| watch.gopls.as_ref().map(|gopls| gopls.identity.pid);
    desk.watch.finder = super::target::Finder::new(Target::Host { pid: std::process::id() });
    desk.watch.gopls_gone();
    let now = Instant::now();
    desk.watch.scan(now);
    assert_eq!(watched(&desk.watch), Some(child.id()));
    desk.watch.gopls_gone();
    desk.watch.scan(now + Duration::from_millis(400));
    let again = watched(&desk.watch);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(again, Some(child.id()));
}

#[tokio::test]
async fn a_fetch_given_up_leaves_nothing_behind() {
    let desk = Desk::new().await;
    let fetch = desk.baseline();
    tokio::select! {
        _ = fetch => panic!("it was not let through"),
        () = desk.until_parts(1) => {}
    }
    desk.until_parts(0).await;
}

#[test]
fn the_status_is_as_of_now_and_knows_the_time_of_day() {
    let dir = tempfile::tempdir().unwrap();
    let options = WatcherOptions {
        storage_dir: dir.path().into(),
        workspace: Vec::new(),
        target: Target::Process { pid: 0 },
        go_extension: None,
        log_dirs: Vec::new(),
        settings: WatchSettings::default(),
    };
    let (sender, told) = mpsc::channel();
    let watcher = Watcher::start(options, Box::new(move |event| drop(sender.send(event)))).unwrap();
    let WatchEvent::Status { status: pushed } = told.recv_timeout(PATIENCE).unwrap() else { panic!() };
    // The next one is pushed in two seconds.
    std::thread::sleep(Duration::from_millis(30));
    let status = watcher.status();
    assert!(status.at_ns - pushed.at_ns >= 30_000_000, "{} after {}", status.at_ns, pushed.at_ns);
    let unix_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() * 1e3;
    let said_ms = status.origin_unix_ms + status.at_ns as f64 / 1e6;
    assert!((unix_ms - said_ms).abs() < 1_000.0, "{said_ms}, not {unix_ms}");
}

#[tokio::test]
async fn what_gopls_says_right_after_an_incident_is_in_it_when_that_is_answered() {
    let mut desk = Desk::new().await;
    desk.outside.server.let_heaps_through(10);
    let told = async |outside: &Outside, pid: u32| {
        let (reply, answer) = oneshot::channel();
        let facts = Facts { workspace_modules: Some(52), ..Facts::default() };
        outside.commands.send(Command::Workspace(pid, facts, reply)).unwrap();
        answer.await.unwrap()
    };
    let dir = desk.dir.path().to_path_buf();
    let (another, kept) = desk
        .run(async |outside| {
            let id = outside.capture_now().await.unwrap().id;
            let another = told(outside, 1).await;
            told(outside, std::process::id()).await.unwrap();
            (another, Store::new(dir).load(&id).unwrap().workspace_facts)
        })
        .await;
    assert!(matches!(another, Err(WatchError::AnotherGopls { pid: 1 })), "{another:?}");
    assert_eq!(kept.unwrap().facts.workspace_modules, Some(52));
    assert_eq!(
        desk.watch.evidence().facts.workspace_modules,
        Some(52),
        "the patterns of now are judged on it"
    );
}

#[tokio::test]
async fn what_gopls_says_about_an_incident_that_was_deleted_meanwhile_is_no_failure() {
    let mut desk = Desk::new().await;
    desk.outside.server.let_heaps_through(10);
    let store = Store::new(desk.dir.path().into());
    desk.run(async |outside| {
        let id = outside.capture_now().await.unwrap().id;
        store.delete(&[id]).unwrap();
        let (reply, answer) = oneshot::channel();
        outside.commands.send(Command::Workspace(std::process::id(), Facts::default(), reply)).unwrap();
        answer.await.unwrap().unwrap();
    })
    .await;
    assert!(store.list().unwrap().is_empty() && desk.problems().is_empty());
}
