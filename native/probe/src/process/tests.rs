//! The platforms against each other and against real processes. `cat` under the name gopls stands in: it waits
//! on stdin, takes no arguments and costs nothing.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::*;

struct Stand {
    folder: tempfile::TempDir,
    children: Vec<Child>,
}

impl Stand {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy("/bin/cat", folder.path().join("gopls")).unwrap();
        Self { folder, children: Vec::new() }
    }

    fn exe(&self) -> PathBuf {
        self.folder.path().join("gopls")
    }

    /// Starts it and waits until it has become what it should be: between fork and exec it is a copy of us.
    fn start(&mut self, command: &mut Command) -> u32 {
        let before = ours();
        self.children.push(command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap());
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let found = find(std::process::id());
            let new = found
                .iter()
                .find(|process| Path::new(&process.exe) == self.exe() && !before.contains(&process.pid));
            if let Some(process) = new {
                // Its memory grows until it waits for input.
                std::thread::sleep(Duration::from_millis(50));
                return process.pid;
            }
            assert!(Instant::now() < deadline, "the stand-in has not appeared: {found:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        for child in &mut self.children {
            // A wrapper script ends when its `cat` sees the end of the pipe.
            drop(child.stdin.take());
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn ours() -> Vec<u32> {
    find(std::process::id()).iter().map(|process| process.pid).collect()
}

fn of(pid: u32) -> GoplsProcess {
    find(std::process::id()).into_iter().find(|process| process.pid == pid).unwrap()
}

#[test]
fn a_child_is_ours_and_sampled_until_it_ends() {
    let mut stand = Stand::new();
    let pid = stand.start(&mut Command::new(stand.exe()));
    let found = of(pid);
    assert_eq!(found.relation, GoplsRelation::Ours);
    assert_eq!(found.parent_pid, std::process::id());
    let now_ms = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64() * 1000.0;
    assert!((now_ms - found.started_unix_ms).abs() < 10_000.0, "{found:?} at {now_ms}");

    let mut handle = ProcessHandle::open(pid, found.started_unix_ms).unwrap();
    let sample = handle.sample().unwrap();
    assert!(sample.rss_bytes > 100_000 && sample.threads == 1, "{sample:?}");
    assert_eq!(handle.rss_bytes(), Some(sample.rss_bytes));
    let resident = handle.resident().unwrap();
    assert_eq!(resident.rss_bytes, sample.rss_bytes);
    // Linux tells the rest as well: a fresh process is mostly its executable and its libraries.
    if cfg!(target_os = "linux") {
        assert_eq!(resident.swap_bytes, Some(0));
        let file_bytes = resident.file_bytes.unwrap();
        assert!(file_bytes > 0 && file_bytes < resident.rss_bytes, "{resident:?}");
    }
    assert!(
        ProcessHandle::open(pid, found.started_unix_ms + 10.0).is_none(),
        "another start, another process"
    );

    // Killed and not waited for, it is a zombie: its entry is there, and it has ended all the same.
    stand.children[0].kill().unwrap();
    let deadline = Instant::now() + Duration::from_secs(2);
    while handle.is_alive() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(handle.sample(), None);
    stand.children[0].wait().unwrap();
    assert_eq!(handle.sample(), None);
    assert_eq!(handle.rss_bytes(), None);
}

#[test]
fn behind_a_wrapper_script() {
    let mut stand = Stand::new();
    let script = format!("{}; true", stand.exe().display());
    let pid = stand.start(Command::new("/bin/sh").args(["-c", &script]));
    let found = of(pid);
    assert_eq!(found.relation, GoplsRelation::Ours);
    assert_ne!(found.parent_pid, std::process::id());
}

#[test]
fn an_executable_replaced_by_an_upgrade_is_still_found() {
    let mut stand = Stand::new();
    let pid = stand.start(&mut Command::new(stand.exe()));
    std::fs::remove_file(stand.exe()).unwrap();
    assert_eq!(Path::new(&of(pid).exe), stand.exe());
}

#[test]
fn another_hosts_gopls_is_not_ours() {
    let mut stand = Stand::new();
    let pid = stand.start(&mut Command::new(stand.exe()));
    let found = find(pid);
    let process = found.iter().find(|process| process.pid == pid).unwrap();
    assert_eq!(process.relation, GoplsRelation::Other);
    assert!(!process.watched);
}

#[test]
fn a_restart_is_noticed() {
    let mut stand = Stand::new();
    let mut below = platform::Descendants::new(std::process::id());
    let mut count = |stand: &Stand| {
        // Other tests of this binary start stand-ins at the same time: only this folder's count.
        below.changed();
        find(std::process::id()).iter().filter(|process| Path::new(&process.exe) == stand.exe()).count()
    };
    assert_eq!(count(&stand), 0);
    stand.start(&mut Command::new(stand.exe()));
    assert_eq!(count(&stand), 1);
    stand.children[0].kill().unwrap();
    stand.children[0].wait().unwrap();
    assert_eq!(count(&stand), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn of_an_environment_only_what_is_asked_for_is_told() {
    let mut stand = Stand::new();
    let pid = stand.start(Command::new(stand.exe()).env_clear().env("GOGC", "7").env("SECRET", "x"));
    let told = variables(pid, &["GOGC", "GOMEMLIMIT"]);
    assert_eq!(told, BTreeMap::from([("GOGC".to_owned(), "7".to_owned())]));
    assert_eq!(other::environment(pid), [0; 0]);
}

#[cfg(target_os = "linux")]
#[test]
fn both_platforms_see_the_same() {
    let mut stand = Stand::new();
    let pid = stand.start(&mut Command::new(stand.exe()));
    let pick = |list: Vec<Candidate>| list.into_iter().find(|candidate| candidate.pid == pid).unwrap();
    let direct = pick(linux::candidates());
    let general = pick(other::candidates());
    assert_eq!(direct.argv, general.argv);
    assert_eq!(direct.exe, general.exe);
    assert_eq!(direct.parent_pid, general.parent_pid);
    assert_eq!(direct.rss_bytes, general.rss_bytes);
    // sysinfo tells whole seconds, and counts from a boot time that is cut to seconds as well.
    assert!((direct.started_unix_ms - general.started_unix_ms).abs() <= 2_000.0);

    assert_eq!(linux::candidate(pid).unwrap().argv, other::candidate(pid).unwrap().argv);
    assert!(linux::pids().contains(&pid) && other::pids().contains(&pid));
    let here = std::env::current_dir().unwrap();
    assert_eq!((linux::folder(pid), other::folder(pid)), (Some(here.clone()), Some(here)));

    let (a, b) = (linux::ancestor(pid).unwrap(), other::ancestor(pid).unwrap());
    assert_eq!(a, b);
    assert_eq!(linux::argv(pid), other::argv(pid));
    let is_this = |(one, exe): &(u32, PathBuf)| *one == pid && *exe == stand.exe();
    assert!(linux::executables().iter().any(is_this) && other::executables().iter().any(is_this));

    let mut direct = linux::Handle::open(pid).unwrap();
    let mut general = other::Handle::open(pid).unwrap();
    assert_eq!(direct.sample().unwrap().rss_bytes, general.sample().unwrap().rss_bytes);
    assert_eq!(direct.rss_bytes(), general.rss_bytes());
    assert_eq!((direct.go_children(), general.go_children()), (0, 0));
    assert!((general.started_unix_ms() - direct.started_unix_ms()).abs() <= 2_000.0);

    let (mut direct_below, mut general_below) =
        (linux::Descendants::new(std::process::id()), other::Descendants::new(std::process::id()));
    assert!(direct_below.changed() && general_below.changed(), "the first look is a change");
    stand.children[0].kill().unwrap();
    stand.children[0].wait().unwrap();
    assert!(direct_below.changed() && general_below.changed());
    assert_eq!((direct.sample(), general.sample()), (None, None));
    assert_eq!((direct.resident(), general.resident()), (None, None));
}

#[cfg(target_os = "linux")]
#[test]
fn children_without_the_kernels_list() {
    let mut stand = Stand::new();
    let pid = stand.start(&mut Command::new(stand.exe()));
    let mut by_scan = Vec::new();
    linux::children_by_scan(std::process::id(), &mut by_scan);
    assert!(by_scan.contains(&pid));
}

#[test]
fn our_own_cpu_time_grows() {
    let before = thread_cpu_ns().unwrap();
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(20) {
        std::hint::black_box(());
    }
    assert!(thread_cpu_ns().unwrap() > before);
}
