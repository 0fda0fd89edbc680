//! Everything the probe does with one real gopls: `STALLSCOPE_GOPLS`, else the version the other tests use.
//!
//! `npm run test:matrix` runs this file against every supported version.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::process::Command;
use std::time::{Duration, Instant};

use common::{Gopls, PATIENCE, eventually, gopls, same_file};
use stallscope_core::metrics::Trust;
use stallscope_core::model::{DebugServer, GoplsProcess, GoplsRelation, WatchSettings};
use stallscope_probe::debug::{DebugClient, DebugError, Discovery, Endpoint, Limits, discover};
use stallscope_probe::process::{self, Descendants, ProcessHandle, version};

const DEBUG: &str = "-debug=127.0.0.1:0";

fn capture_limits() -> Limits {
    Limits::capture(&WatchSettings::default())
}

fn process_of(pid: u32) -> GoplsProcess {
    eventually("gopls in the list of processes", || {
        process::find(std::process::id()).into_iter().find(|process| process.pid == pid)
    })
}

async fn debug_server(pid: u32) -> (Discovery, DebugClient) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = discover(pid, &[]).await;
        if let Some(client) = found.client() {
            return (found, client);
        }
        assert!(Instant::now() < deadline, "no debug server: {found:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[test]
fn found_with_its_version_and_without_its_helpers() {
    let mut gopls_process = Gopls::start(&[]);
    let pid = gopls_process.pid();
    let found = process_of(pid);
    assert_eq!(found.relation, GoplsRelation::Ours);
    assert!(same_file(&gopls(), &found.exe));

    let identity = process::identify(&found);
    let info = version::of_file(&gopls()).unwrap();
    assert_eq!(info.package, "golang.org/x/tools/gopls");
    assert_eq!(identity.version, info.version);
    assert!(identity.version.unwrap().starts_with('v'));
    assert!(identity.go_version.unwrap().starts_with("go1."));

    let hover = gopls_process.ask_cold_hover();
    gopls_process.wait(hover);
    // Its crash monitor runs under the same name and is not taken for a server.
    let helpers: Vec<_> =
        process::find(std::process::id()).into_iter().filter(|p| p.parent_pid == pid).collect();
    assert_eq!(helpers, [], "a helper of gopls is in the list");
    let mut handle = ProcessHandle::open(pid, found.started_unix_ms).unwrap();
    let sample = handle.sample().unwrap();
    assert!(sample.rss_bytes > 20_000_000 && sample.threads > 3 && sample.cpu_ns > 0, "{sample:?}");
}

#[test]
fn a_crash_and_a_restart_are_noticed_within_a_second() {
    let mut first = Gopls::start(&[]);
    let found = process_of(first.pid());
    let mut handle = ProcessHandle::open(found.pid, found.started_unix_ms).unwrap();
    let mut below = Descendants::new(std::process::id());
    below.poll();

    first.child.kill().unwrap();
    let killed = Instant::now();
    eventually("the end", || (!handle.is_alive()).then_some(()));
    assert!(killed.elapsed() < Duration::from_secs(1));
    first.child.wait().unwrap();

    let second = Gopls::start(&[]);
    let started = Instant::now();
    eventually("the change below us", || below.poll().then_some(()));
    process_of(second.pid());
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

#[tokio::test]
async fn in_flight_and_captured_while_it_waits() {
    let mut gopls_process = Gopls::start(&[DEBUG]);
    let (found, mut client) = debug_server(gopls_process.pid()).await;
    let DebugServer::On { loopback_only, .. } = &found.server else { panic!("{found:?}") };
    assert!(loopback_only);
    let info = found.info.unwrap();
    assert_eq!(info.pid, gopls_process.pid());
    let built = version::of_file(&gopls()).unwrap();
    assert_eq!(
        (&info.version, info.go_version.as_deref()),
        (&built.version, Some(built.go_version.as_str()))
    );

    let hover = gopls_process.ask_cold_hover();
    let mut pending = 0;
    let mut heap = None;
    let deadline = Instant::now() + PATIENCE;
    let metrics = loop {
        assert!(Instant::now() < deadline);
        let asked = Instant::now();
        let (fetch, metrics) = client.metrics(info.version.as_deref()).await;
        let metrics = metrics.unwrap_or_else(|| panic!("{fetch:?}"));
        if metrics.in_flight("textDocument/hover") > 0 {
            // gopls counts right after it has written the answer; on a busy machine that may be a moment later.
            let is_late = |at: Instant| asked.saturating_duration_since(at) > Duration::from_millis(500);
            assert!(!gopls_process.answered(hover).is_some_and(is_late), "ended long ago");
            pending += 1;
            if heap.is_none() {
                heap = Some(client.another().page(Endpoint::Heap, &capture_limits()).await);
            }
        } else if metrics.ended("textDocument/hover") == Some(1) {
            break metrics;
        }
    };
    assert!(pending > 0, "the hover was never seen in flight");
    let answered = gopls_process.wait(hover);

    // The right source for this version, and named.
    let version = info.version.unwrap();
    let minor: u32 = version.split('.').nth(1).unwrap().parse().unwrap();
    let expected = if minor >= 22 { Trust::Completions } else { Trust::Replies };
    assert_eq!(metrics.trust, expected);
    let exact_s = metrics.methods["textDocument/hover"].latency_sum_s;
    assert_eq!(exact_s > 0.0, expected == Trust::Completions);
    // The page alone comes to the same result as the version.
    assert_eq!(client.metrics(None).await.1.unwrap().trust, expected);

    let (fetch, bytes) = heap.unwrap();
    assert_eq!(fetch.outcome, Ok(()));
    assert_eq!(fetch.bytes, bytes.len() as u64);
    let (sent, first_byte) = (fetch.sent.unwrap(), fetch.first_byte.unwrap());
    assert!(sent <= first_byte && first_byte <= fetch.done);
    assert!(bytes.starts_with(&[0x1f, 0x8b]), "not gzip");
    stallscope_pprof::decode(&bytes, &stallscope_pprof::Limits::default()).expect("the captured heap");

    let (memory, page) = client.page(Endpoint::Memory, &Limits::POLL).await;
    assert_eq!(memory.outcome, Ok(()));
    assert!(String::from_utf8_lossy(&page).contains("Gopls memory usage"));

    println!(
        "{version}: in flight from {expected:?}, seen {pending} times; heap of {} bytes {} the answer",
        bytes.len(),
        if fetch.done < answered { "before" } else { "after" }
    );
}

#[tokio::test]
async fn a_cancelled_request_has_ended() {
    let mut gopls_process = Gopls::start(&[DEBUG]);
    let (found, mut client) = debug_server(gopls_process.pid()).await;
    let version = found.info.unwrap().version;
    let hover = gopls_process.ask_cold_hover();
    gopls_process.cancel(hover);
    gopls_process.wait(hover);
    // The answer is counted when it is on its way, a moment before or after it is here.
    let deadline = Instant::now() + PATIENCE;
    loop {
        let metrics = client.metrics(version.as_deref()).await.1.unwrap();
        assert!(metrics.methods["textDocument/hover"].started == 1 && !metrics.incomplete, "{metrics:?}");
        if metrics.in_flight("textDocument/hover") == 0 {
            break;
        }
        assert!(Instant::now() < deadline, "a cancelled hover looks as if it were in flight");
    }
}

#[tokio::test]
async fn goroutines_show_what_is_served() {
    let mut gopls_process = Gopls::start(&[DEBUG]);
    let (_, mut client) = debug_server(gopls_process.pid()).await;
    let hover = gopls_process.ask_cold_hover();
    let (mut loading, mut queued, mut served) = (false, false, false);
    while gopls_process.answered(hover).is_none() {
        let (fetch, found) = client.goroutines().await;
        let found = found.unwrap_or_else(|| panic!("{fetch:?}"));
        assert!(found.unknown_handlers.is_empty() && !found.incomplete, "{found:?}");
        loading |= found.loading;
        queued |= found.queued > 0;
        served |= found.serving.contains_key("textDocument/hover");
    }
    assert!(loading && queued && served, "loading {loading}, queued {queued}, served {served}");
}

#[tokio::test]
async fn no_debug_server_is_off() {
    let gopls_process = Gopls::start(&[]);
    process_of(gopls_process.pid());
    assert_eq!(discover(gopls_process.pid(), &[]).await.server, DebugServer::Off);
}

#[tokio::test]
async fn a_debug_server_that_other_machines_reach_is_flagged() {
    let gopls_process = Gopls::start(&["-debug=:0"]);
    let (found, _) = debug_server(gopls_process.pid()).await;
    let DebugServer::On { loopback_only, address } = found.server else { panic!() };
    assert!(!loopback_only, "{address}");
    assert!(address.starts_with("127.0.0.1:") || address.starts_with("[::1]:"), "{address}");
}

#[tokio::test]
async fn killed_while_it_was_asked() {
    let mut gopls_process = Gopls::start(&[DEBUG]);
    let (_, mut client) = debug_server(gopls_process.pid()).await;
    // Stopped, it takes the request and does not answer, like a gopls that swaps.
    gopls_process.pause();
    let limits = capture_limits();
    let (killed, (fetch, bytes)) = tokio::join!(
        async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            gopls_process.child.kill().unwrap();
            Instant::now()
        },
        client.page(Endpoint::Heap, &limits)
    );
    assert_eq!(fetch.outcome, Err(DebugError::Closed { received_bytes: 0 }));
    assert!(fetch.sent.is_some() && fetch.first_byte.is_none() && bytes.is_empty());
    assert!(fetch.done.duration_since(killed) < Duration::from_secs(1), "told at once");
    gopls_process.child.wait().unwrap();
    let (fetch, _) = client.page(Endpoint::Heap, &limits).await;
    assert!(matches!(fetch.outcome, Err(DebugError::Refused(_))), "{fetch:?}");
    assert_eq!(fetch.sent, None);
}

#[tokio::test]
async fn killed_in_the_middle_of_a_capture() {
    // How much of the answer is under way at the kill is up to the kernel: a few tries.
    for _ in 0..20 {
        let mut gopls_process = Gopls::start(&[DEBUG]);
        let (_, mut client) = debug_server(gopls_process.pid()).await;
        let hover = gopls_process.ask_cold_hover();
        gopls_process.wait(hover);
        let mut kept = Vec::new();
        let fetch = client
            .get(Endpoint::Heap, &capture_limits(), |piece| {
                gopls_process.child.kill()?;
                kept.extend_from_slice(piece);
                Ok(())
            })
            .await;
        assert_eq!(fetch.bytes, kept.len() as u64);
        if fetch.outcome.is_ok() {
            continue;
        }
        assert_eq!(fetch.outcome, Err(DebugError::Closed { received_bytes: fetch.bytes }));
        assert!(fetch.bytes > 0 && fetch.first_byte.is_some());
        assert!(kept.starts_with(&[0x1f, 0x8b]));
        assert!(
            stallscope_pprof::decode(&kept, &stallscope_pprof::Limits::default()).is_err(),
            "half a profile is none"
        );
        return;
    }
    panic!("the whole heap always came before the kill");
}

#[tokio::test]
async fn the_daemon_is_found_behind_a_forwarder() {
    let mut forwarder = Gopls::start(&["-remote=auto", "-remote.debug=127.0.0.1:0"]);
    let hover = forwarder.ask_cold_hover();
    forwarder.wait(hover);
    let found = process::find(std::process::id());
    let of_relation = |relation| found.iter().find(|process| process.relation == relation);
    let daemon = of_relation(GoplsRelation::Daemon).unwrap_or_else(|| panic!("{found:?}"));
    let kill_daemon = KillOnDrop(daemon.pid);
    assert!(daemon.watched);
    assert_eq!(of_relation(GoplsRelation::Forwarder).map(|process| process.pid), Some(forwarder.pid()));
    assert!(daemon.rss_bytes > 20_000_000);
    let (_, mut client) = debug_server(daemon.pid).await;
    assert!(client.metrics(None).await.1.unwrap().methods.contains_key("textDocument/hover"));
    drop(kill_daemon);
}

/// The daemon is no child of ours: it would outlive the test by a minute.
struct KillOnDrop(u32);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-KILL", &self.0.to_string()]).status();
    }
}

#[test]
fn a_wrapper_script_is_seen_through() {
    let script = format!("{} \"$@\"; exit $?", gopls().display());
    let mut wrapper = Gopls::start_as(Command::new("/bin/sh").args(["-c", &script, "sh"]), &[]);
    let found = eventually("gopls below the script", || {
        process::find(std::process::id()).into_iter().find(|process| process.parent_pid == wrapper.pid())
    });
    assert_eq!(found.relation, GoplsRelation::Ours);
    drop(KillOnDrop(found.pid));
    wrapper.child.wait().unwrap();
}
