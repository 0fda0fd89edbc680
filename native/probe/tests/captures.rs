//! Everything that can be captured on request, of a real gopls, through the watcher: it arrives, it is told from the others
//! in its incident, and `go tool pprof` reads it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

// Each test uses a part of it.
#[allow(dead_code)]
mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use common::{Gopls, eventually};
use stallscope_core::heap::HeapQuery;
use stallscope_core::model::{
    Capture, CaptureRequest, CaptureState, CaptureWhat, DebugServer, IncidentState, WatchSettings,
};
use stallscope_probe::debug::{DebugClient, Endpoint, Limits};
use stallscope_probe::reader::Reader;
use stallscope_probe::watcher::{Target, Watcher, WatcherOptions};

const HEAP_TYPES: &str = "alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes";

/// A gopls that has loaded its workspace, and a watcher of it.
struct Scene {
    gopls: Gopls,
    watcher: Watcher,
    client: DebugClient,
    storage: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let mut gopls = Gopls::start(&["-debug=127.0.0.1:0"]);
        let hover = gopls.ask_cold_hover();
        gopls.wait(hover);
        let storage = tempfile::tempdir().unwrap();
        let options = WatcherOptions {
            storage_dir: storage.path().into(),
            workspace: Vec::new(),
            target: Target::Process { pid: gopls.pid() },
            go_extension: None,
            log_dirs: Vec::new(),
            settings: WatchSettings::default(),
        };
        let watcher = Watcher::start(options, Box::new(|_| {})).unwrap();
        let address = eventually("the debug server", || match watcher.status().gopls?.debug {
            DebugServer::On { address, .. } => address.parse().ok(),
            _ => None,
        });
        Self { gopls, watcher, client: DebugClient::new(address).unwrap(), storage }
    }

    /// Captures it; gives what was asked for and its file.
    async fn capture(&self, what: CaptureWhat) -> (Capture, PathBuf) {
        let seconds = what.kind().is_recording().then_some(1);
        let request = CaptureRequest::new(what, seconds).unwrap();
        let summary = self.watcher.capture_now(request).await.unwrap_or_else(|e| panic!("{what:?}: {e}"));
        assert_eq!(summary.state, IncidentState::Complete, "{what:?}");
        let incident = Reader::new(self.storage.path().into()).incident(&summary.id).unwrap();
        let capture = incident.captures.into_iter().find(|c| c.kind == what.kind()).unwrap();
        assert_eq!((capture.state, capture.seconds), (CaptureState::Complete, seconds), "{capture:?}");
        let file = self.storage.path().join("incidents").join(&summary.id).join(&capture.file);
        (capture, file)
    }

    /// NumGC. gopls's page `/memory` has it in some versions only; the text form of the heap always ends with it.
    async fn gc_cycles(&mut self) -> u64 {
        let limits = Limits::capture(&WatchSettings::default());
        let (_, page) = self.client.page(Endpoint::HeapText, &limits).await;
        let text = String::from_utf8_lossy(&page);
        let cycles = text.lines().rev().find_map(|line| line.strip_prefix("# NumGC = "));
        cycles.expect("NumGC").parse().unwrap()
    }

    /// The same, of a gopls that has not collected for a second.
    async fn gc_cycles_at_rest(&mut self) -> u64 {
        let until = Instant::now() + Duration::from_secs(60);
        let mut cycles = self.gc_cycles().await;
        while Instant::now() < until {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let before = std::mem::replace(&mut cycles, self.gc_cycles().await);
            if cycles == before {
                break;
            }
        }
        cycles
    }
}

/// The sample types of a profile, as `go tool pprof` reads them.
fn sample_types(file: &Path) -> String {
    let output = Command::new("go").args(["tool", "pprof", "-raw"]).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().skip_while(|line| *line != "Samples:").nth(1);
    // The type that is shown first is marked.
    line.unwrap_or_else(|| panic!("{text}")).replace("[dflt]", "").trim().to_owned()
}

#[tokio::test]
async fn each_kind_arrives_and_is_what_it_says() {
    let scene = Scene::new();
    for (what, types) in [
        (CaptureWhat::Heap, HEAP_TYPES),
        (CaptureWhat::HeapAfterGc, HEAP_TYPES),
        (CaptureWhat::HeapDelta, HEAP_TYPES),
        (CaptureWhat::Allocs, HEAP_TYPES),
        (CaptureWhat::Cpu, "samples/count cpu/nanoseconds"),
    ] {
        let (capture, file) = scene.capture(what).await;
        assert_eq!(sample_types(&file), types, "{what:?}");
        assert_eq!(capture.after_gc, what == CaptureWhat::HeapAfterGc);
        let is_heap = matches!(what, CaptureWhat::Heap | CaptureWhat::HeapAfterGc);
        assert_eq!(capture.inuse_space_bytes.is_some(), is_heap, "{what:?}");
    }
    for (what, begins, ends) in [
        (CaptureWhat::HeapText, "heap profile: ", "# MaxRSS = "),
        (CaptureWhat::Goroutines, "goroutine profile: total ", "protocol"),
    ] {
        let (_, file) = scene.capture(what).await;
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.starts_with(begins) && text.contains(ends), "{what:?}: {:.200}", text);
    }
}

#[tokio::test]
async fn only_a_forced_collection_is_one() {
    let mut scene = Scene::new();
    // On a busy machine gopls may still have something of its own to do; a capture that collects would do so each time.
    let mut between = 0;
    let mut left_alone = false;
    for _ in 0..5 {
        // Whatever the load left to collect.
        scene.capture(CaptureWhat::HeapAfterGc).await;
        let before = scene.gc_cycles_at_rest().await;
        scene.capture(CaptureWhat::Heap).await;
        scene.capture(CaptureWhat::Allocs).await;
        between = scene.gc_cycles().await;
        left_alone |= between == before;
        if left_alone {
            break;
        }
    }
    assert!(left_alone, "a gopls at rest does not collect, and is not made to");
    scene.capture(CaptureWhat::HeapAfterGc).await;
    assert!(scene.gc_cycles().await > between);
}

#[tokio::test]
async fn gopls_answers_while_it_is_recorded() {
    let Scene { mut gopls, watcher, storage, .. } = Scene::new();
    let hovers = std::thread::spawn(move || {
        let until = Instant::now() + Duration::from_millis(1_500);
        let mut answered = 0;
        while Instant::now() < until {
            let hover = gopls.ask_hover();
            gopls.wait(hover);
            answered += 1;
        }
        (gopls, answered)
    });
    let request = CaptureRequest::new(CaptureWhat::Cpu, Some(2)).unwrap();
    let summary = watcher.capture_now(request).await.unwrap();
    let (_gopls, answered) = hovers.join().unwrap();
    assert!(answered > 1, "{answered}");
    assert!(!summary.has_heap, "a CPU profile is no heap");
    // What it was busy with is in it.
    let query = HeapQuery { filter: "golang.org/x/tools".into(), ..HeapQuery::default() };
    let page = Reader::new(storage.path().into()).heap_table(&summary.id, 1, &query).unwrap();
    assert_eq!((page.sample_type.as_str(), page.unit.as_str()), ("cpu", "nanoseconds"));
    assert!(page.total > 0 && page.matched_rows > 0, "{page:?}");
}
