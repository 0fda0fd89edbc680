//! Emptying the cache of a gopls that serves a window: real gopls processes below this one, each with a file of its own, so that no
//! gopls of another test is taken for it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

// Each test uses a part of it.
#[allow(dead_code)]
mod common;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use common::{Gopls, PATIENCE, eventually, gopls};
use stallscope_doctor::cache::{Doing, Held, Owner, Request};
use stallscope_probe::cache::{CacheAsked, Cleaning, Refused, Which, Window, clean, move_own_aside};
use stallscope_probe::executables::Bins;

const ENDLESS: Duration = PATIENCE;

/// All gopls here are of one window, so one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

struct World {
    root: tempfile::TempDir,
    executable: PathBuf,
    window: Window,
    _alone: MutexGuard<'static, ()>,
}

impl World {
    fn new() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let root = tempfile::tempdir().unwrap();
        let executable = root.path().join("gopls");
        fs::copy(gopls(), &executable).unwrap();
        // Behind the end of the program nothing is read; it makes this one another file than all others.
        let mut file = File::options().append(true).open(&executable).unwrap();
        file.write_all(root.path().as_os_str().as_encoded_bytes()).unwrap();
        let asked = CacheAsked { folder: root.path().join("gopls-cache/gopls"), bins: Bins::default() };
        let window = Window { asked, host_pid: std::process::id() };
        Self { executable, window, root, _alone: alone }
    }

    fn cache(&self) -> String {
        format!("GOPLSCACHE={}", self.root.path().join("gopls-cache").display())
    }

    fn command(&self) -> Command {
        let mut command = Command::new("env");
        command.arg(self.cache()).arg(&self.executable);
        command
    }

    fn start(&self) -> Gopls {
        Gopls::start_as(&mut self.command(), &[])
    }

    /// One that has answered, so that there is something in its cache.
    fn loaded(&self) -> Gopls {
        let mut started = self.start();
        answers(&mut started);
        started
    }

    fn directories(&self) -> Vec<(String, Owner)> {
        let cache = self.window.view(PATIENCE).unwrap().cache;
        cache.directories.into_iter().map(|owned| (owned.name, owned.owner)).collect()
    }

    fn only(&self) -> String {
        let directories = self.directories();
        let [(name, Owner::Running)] = &directories[..] else { panic!("{directories:?}") };
        name.clone()
    }

    fn files(&self, name: &str) -> usize {
        let count = |folder: PathBuf| fs::read_dir(folder).map_or(1, Iterator::count);
        let shards = fs::read_dir(self.window.asked.folder.join(name)).unwrap();
        shards.map(|shard| count(shard.unwrap().path())).sum()
    }
}

/// Still serves.
fn hovers(gopls: &mut Gopls) {
    let hover = gopls.ask_hover();
    gopls.wait(hover);
}

fn answers(gopls: &mut Gopls) {
    let hover = gopls.ask_cold_hover();
    gopls.wait(hover);
}

#[test]
fn it_is_moved_aside_when_its_gopls_has_ended_and_the_next_one_starts_without() {
    let world = World::new();
    let mut first = world.loaded();
    let name = world.only();
    let files = world.files(&name);
    assert!(files > 10, "{files}");
    let mut second = None;
    let moved = move_own_aside(&world.window, ENDLESS, &mut |doing| {
        assert_eq!(*doing, Doing::Waiting { pids: vec![first.pid()] });
        // The way of an editor: the next one is there before the first is gone.
        second.get_or_insert_with(|| {
            let next = world.start();
            first.child.kill().unwrap();
            next
        });
        true
    });
    let moved = moved.unwrap();
    assert_eq!((&moved.name, &moved.pids), (&name, &vec![first.pid()]));
    // It wrote for as long as it ran.
    assert!(world.files(&moved.aside) >= files, "all of it");
    let mut second = second.unwrap();
    answers(&mut second);
    first.child.wait().unwrap();
    let expected = [(name.clone(), Owner::Running), (moved.aside, Owner::Leftover)];
    assert_eq!(world.directories(), expected);
    let cleaned = clean(&world.window.asked, &Which::Leftovers, false, &mut |_| true).unwrap();
    assert_eq!((cleaned.removed.len(), cleaned.skipped.len()), (1, 0), "{cleaned:?}");
    assert_eq!(world.only(), name);
    hovers(&mut second);
}

#[test]
fn what_does_not_end_keeps_its_cache() {
    let world = World::new();
    let mut server = world.loaded();
    let (name, files) = (world.only(), world.files(&world.only()));
    let refused = move_own_aside(&world.window, Duration::from_millis(100), &mut |_| true);
    assert!(matches!(&refused, Err(Refused::StillRuns { pids }) if *pids == [server.pid()]), "{refused:?}");
    let refused = move_own_aside(&world.window, ENDLESS, &mut |_| false);
    assert!(matches!(refused, Err(Refused::Cancelled)), "{refused:?}");
    assert_eq!(world.only(), name);
    assert!(world.files(&name) >= files);
    hovers(&mut server);
}

#[test]
fn a_gopls_that_is_at_work_again_keeps_it() {
    let world = World::new();
    let mut first = world.loaded();
    let name = world.only();
    let mut second = None;
    let refused = move_own_aside(&world.window, ENDLESS, &mut |_| {
        second.get_or_insert_with(|| {
            let mut next = world.start();
            answers(&mut next);
            first.child.kill().unwrap();
            next
        });
        true
    });
    let mut second = second.unwrap();
    assert!(matches!(refused, Err(Refused::BackTooSoon { pid }) if pid == second.pid()), "{refused:?}");
    first.child.wait().unwrap();
    assert_eq!(world.only(), name);
    hovers(&mut second);
}

#[test]
fn another_user_of_the_same_directory_holds_it() {
    let world = World::new();
    let mut server = world.loaded();
    let elsewhere = Elsewhere::start(&world);
    let refused = move_own_aside(&world.window, ENDLESS, &mut |_| panic!("nothing is to be restarted"));
    let Err(Refused::Held(Held::Shared { pids })) = &refused else { panic!("{refused:?}") };
    assert_eq!(*pids, [elsewhere.pid]);
    hovers(&mut server);
    drop(elsewhere);
    // gopls has a second process that watches for crashes; that one ends a moment later.
    eventually("nobody else any more", || {
        let refused = move_own_aside(&world.window, ENDLESS, &mut |_| false);
        matches!(refused, Err(Refused::Cancelled)).then_some(())
    });
}

#[test]
fn one_that_comes_while_the_end_is_awaited_holds_it() {
    let world = World::new();
    let mut server = world.loaded();
    let name = world.only();
    let mut elsewhere = None;
    let refused = move_own_aside(&world.window, ENDLESS, &mut |_| {
        elsewhere.get_or_insert_with(|| {
            let other = Elsewhere::start(&world);
            server.child.kill().unwrap();
            other
        });
        true
    });
    let elsewhere = elsewhere.unwrap();
    let Err(Refused::Held(Held::Shared { pids })) = &refused else { panic!("{refused:?}") };
    assert_eq!(*pids, [elsewhere.pid]);
    server.child.wait().unwrap();
    assert_eq!(world.only(), name);
}

#[test]
fn the_cache_is_that_of_the_gopls_that_runs_not_that_of_the_settings() {
    let world = World::new();
    let settings = world.root.path().join("of-the-settings");
    let variables = [("GOPLSCACHE".to_owned(), settings.display().to_string())].into();
    let request = Request { variables, gopls: Some(world.executable.display().to_string()) };
    let before = Window::of(&request, std::process::id());
    assert_eq!(before.asked.folder, settings.join("gopls"));
    assert_eq!(before.asked.bins.files, std::slice::from_ref(&world.executable));
    let _server = world.loaded();
    let window = Window::of(&request, std::process::id());
    assert_eq!(window.asked.folder, world.window.asked.folder);
    assert_eq!(window.view(PATIENCE).unwrap().own.unwrap().name, world.only());
}

#[test]
fn one_thing_is_done_at_a_time_and_can_be_given_up() {
    let world = World::new();
    let server = world.loaded();
    let cleaning = Cleaning::default();
    assert_eq!(cleaning.progress(), None);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| cleaning.move_own_aside(|| world.window.clone()));
        let doing = Doing::Waiting { pids: vec![server.pid()] };
        eventually("the wait", || (cleaning.progress().as_ref() == Some(&doing)).then_some(()));
        let refused = cleaning.clean(|| world.window.clone(), &Which::Orphans);
        assert!(matches!(refused, Err(Refused::Busy)), "{refused:?}");
        cleaning.give_up();
        let refused = waiting.join().unwrap();
        assert!(matches!(refused, Err(Refused::Cancelled)), "{refused:?}");
    });
    assert_eq!(cleaning.progress(), None);
    assert_eq!(cleaning.clean(|| world.window.clone(), &Which::Orphans).unwrap().removed, []);
}

/// A gopls that is not below this process, as that of another editor.
struct Elsewhere {
    pid: u32,
}

impl Elsewhere {
    fn start(world: &World) -> Self {
        let socket = world.root.path().join("elsewhere.sock");
        let line = r#"exec "$@" >/dev/null 2>&1 & echo $!"#;
        let listen = format!("-listen=unix;{}", socket.display());
        let mut shell = Command::new("sh");
        shell.args(["-c", line, "sh", "env", "GOTELEMETRY=off", &world.cache()]).arg(&world.executable);
        let said = shell.args(["serve", &listen]).output().unwrap().stdout;
        let pid = String::from_utf8(said).unwrap().trim().parse().unwrap();
        eventually("its socket", || socket.exists().then_some(()));
        assert!(Path::new(&format!("/proc/{pid}")).exists());
        Self { pid }
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-KILL", &self.pid.to_string()]).status();
        eventually("its end", || (!Path::new(&format!("/proc/{}/exe", self.pid)).exists()).then_some(()));
    }
}
