//! A real Go program is stopped, copied and let go on, and goes on whoever is killed meanwhile.
#![cfg(target_os = "linux")]

mod common;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use common::{Program, build, has_go, helper, helpers, owners_of_copies, request, signal};
use object::{Object as _, ObjectSection as _, SectionKind};
use stallscope_retain::capture::refusal::{Limit, Refusal};
use stallscope_retain::capture::{CaptureError, Step, capture, helper as analyser, open, plan, watchdog};
use stallscope_retain::stop::Stop;
use stallscope_retain::symbols::Symbols;

const NODES: u64 = 200_000;

fn refusal(error: Option<CaptureError>) -> Refusal {
    match error {
        Some(CaptureError::Refused { refusal }) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_running_program_is_copied_and_analysed() {
    if !has_go() {
        return;
    }
    let program = Program::start(&build(""), &[&NODES.to_string()]);
    let steps = std::sync::Mutex::new(Vec::new());
    let states = std::sync::Mutex::new(Vec::new());
    let session = open(&program.request(), &Stop::default(), &|step| {
        steps.lock().expect("one at a time").push(step);
        if matches!(step, Step::Guarded | Step::Stopped | Step::Copied) {
            states.lock().expect("one at a time").push(program.state());
        }
    })
    .expect("it can be read");
    let states = states.into_inner().expect("one at a time");
    assert!(states[0] != 'T' && states[1..] == ['T', 'T'], "stopped for the copy only: {states:?}");
    program.assert_runs("after the copy");
    let (facts, counts) = (session.facts, session.counts);
    assert!(counts.found.objects >= NODES && counts.found.objects < NODES + 5_000, "{counts:?}");
    assert!(counts.found.bytes >= NODES * 16 && facts.copied_bytes > NODES * 16, "{counts:?} {facts:?}");
    assert_eq!(facts.unreadable_bytes, 0);
    assert!(facts.threads >= 3, "Go has several: {facts:?}");
    let parts = facts.pause;
    let sum = parts.stop_ns + parts.notes_ns + parts.objects_ns + parts.rest_ns + parts.end_ns;
    assert!(sum <= facts.pause_ns && sum > facts.pause_ns * 9 / 10, "the parts make up the pause: {facts:?}");
    let answer = session.ask("{}", &Stop::default()).expect("it answers");
    assert!(serde_json::from_str::<serde_json::Value>(&answer).is_ok(), "{answer}");
    let tree =
        session.ask(r#"{"ask":"holds","start":"all","way":[]}"#, &Stop::default()).expect("it answers");
    let tree: serde_json::Value = serde_json::from_str(&tree).expect("one line of JSON");
    let nodes = tree["rows"].as_array().and_then(|rows| rows.iter().find(|row| row["type"] == "main.node"));
    assert_eq!(nodes.map(|row| &row["count"]), Some(&NODES.into()), "a list is one row: {tree}");
    let below = format!(
        r#"{{"ask":"holds","start":"all","way":[{}]}}"#,
        nodes.map_or(0, |row| row["id"].as_u64().unwrap_or(0))
    );
    let below = session.ask(&below, &Stop::default()).expect("it answers");
    assert!(!below.contains("main.node"), "and nothing of it hangs below it: {below}");
    assert_eq!(steps.into_inner().expect("one at a time").last(), Some(&Step::Ready));
    let own = std::process::id();
    let analysis = helper(analyser::MODE, own);
    assert!(owners_of_copies(&[analysis]).is_empty(), "the copy is let go once it is analysed");
    let nice = |pid| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
        stat.rsplit_once(") ")
            .and_then(|(_, rest)| rest.split(' ').nth(16)?.parse::<i32>().ok())
            .expect("a number")
    };
    assert_eq!(nice(analysis), (nice(own) + 10).min(19), "at a low priority");
    drop(session);
    assert_eq!(common::state(analysis), 'X', "the helper is gone, and was waited for");
}

/// Some linkers put constants and code into one segment: Debian's for 64-bit ARM, and this one when it is told to.
#[test]
fn constants_are_copied_and_code_is_not_also_where_they_share_a_segment() {
    if !has_go() {
        return;
    }
    for linker_flags in ["", "-linkmode=external -extldflags=-Wl,-z,noseparate-code"] {
        let executable = std::fs::read(build(linker_flags)).expect("it was built");
        let file = object::File::parse(&*executable).expect("it is an executable");
        let symbols = Symbols::read(&executable).expect("it has debug information");
        let copied = plan::constant(&symbols, &[], 0);
        let (mut constant_bytes, mut code_bytes) = (0, 0);
        for section in file.sections().filter(|section| section.address() != 0 && section.size() > 0) {
            let whole = [(section.address(), section.size())];
            let left_out = plan::missing(&whole, &copied);
            match section.kind() {
                SectionKind::ReadOnlyData => {
                    assert_eq!(left_out, [], "{:?} with {linker_flags:?}", section.name());
                    constant_bytes += section.size();
                }
                SectionKind::Text => {
                    assert_eq!(left_out, whole, "{:?} with {linker_flags:?}", section.name());
                    code_bytes += section.size();
                }
                _ => {}
            }
        }
        assert!(constant_bytes > 500_000 && code_bytes > 500_000, "{constant_bytes} {code_bytes}");
    }
}

#[test]
fn a_program_that_sleeps_is_copied_as_it_sleeps() {
    if !has_go() {
        return;
    }
    const FEW: u64 = 20_000;
    let program = Program::start(&build(""), &[&FEW.to_string(), "sleep"]);
    let read = |at: Step, do_this: &(dyn Fn() + Sync)| {
        let tell = |step| {
            if step == at {
                do_this();
            }
        };
        let session = open(&program.request(), &Stop::default(), &tell).expect("it can be read");
        assert!(program.state() != 'T');
        (session.facts, session.counts.found.objects)
    };
    // After it has started, and on a busy machine, it may need some time to fall asleep.
    let slept = (0..20).map(|_| read(Step::Ready, &|| {})).find(|(facts, _)| facts.slept);
    let (facts, before) = slept.expect("it does nothing");
    let parts = facts.pause;
    assert_eq!((parts.notes_ns, parts.objects_ns), (0, 0), "nothing was copied while it stood still");
    assert!(facts.copied_bytes > FEW * 16 && facts.unreadable_bytes == 0, "{facts:?}");
    assert!((FEW..FEW + 5_000).contains(&before), "{before}");
    // It wakes when it has been copied: what it does then is not missed.
    let (facts, grown) = read(Step::Guarded, &|| {
        let ticks = program.ticks();
        signal("USR1", program.pid);
        program.wait_for(ticks + 1);
    });
    assert!(!facts.slept && facts.pause.notes_ns > 0, "{facts:?}");
    assert!((before + 1_000..before + 1_100).contains(&grown), "{before} and then {grown}");
    // The moment before it is stopped is not too late: it runs, or has not got that far.
    for round in 0..4 {
        let (facts, grown) = read(Step::Stopping, &|| signal("USR1", program.pid));
        let least = before + 1_000 * (round + 1);
        assert!(grown >= least, "{grown} of {least}: {facts:?}");
    }
}

#[test]
fn a_program_that_wakes_from_a_call_has_not_slept() {
    if !has_go() {
        return;
    }
    let program = Program::start(&build(""), &["1000", "call"]);
    let mut slept = 0;
    for _ in 0..4 {
        let least = AtomicU64::new(0);
        let tell = |step| {
            if step == Step::Guarded {
                let ticks = program.ticks() + 1;
                program.wait_for(ticks);
                least.store(1_000 + 1_000 * ticks, Ordering::Relaxed);
            }
        };
        let session = open(&program.request(), &Stop::default(), &tell).expect("it can be read");
        assert!(!session.facts.slept, "it has run since it was copied");
        let found = session.counts.found.objects;
        assert!(found >= least.into_inner(), "{found}");
        // Nothing between copy and stop: now and then it sleeps on.
        let session = open(&program.request(), &Stop::default(), &|_| {}).expect("it can be read");
        slept += u32::from(session.facts.slept);
    }
    assert!(slept > 0, "it sleeps most of the time");
}

#[test]
fn what_cannot_be_read_is_said_before_anything_is_done() {
    if !has_go() {
        return;
    }
    let stop = Stop::default();
    let tried =
        |request: &_| refusal(capture(request, &stop, &|step| assert_ne!(step, Step::Stopping)).err());
    let program = Program::start(&build(""), &["1000"]);
    let pid = program.pid;

    let mut another = program.request();
    another.start_time += 1;
    assert_eq!(tried(&another), Refusal::AnotherProcess { pid });

    let mut little = program.request();
    little.memory_limit_bytes = Some(1 << 20);
    match tried(&little) {
        Refusal::Memory { needed_bytes, free_bytes, place } => {
            assert_eq!((free_bytes, place), (1 << 20, Limit::Setting));
            assert!(needed_bytes > free_bytes);
        }
        other => panic!("{other}"),
    }

    let mut alone = program.request();
    alone.helper = "/nowhere/stallscope-retain".into();
    assert!(matches!(tried(&alone), Refusal::WatchdogLost { .. }));
    alone.helper = "/bin/true".into();
    assert!(matches!(tried(&alone), Refusal::WatchdogLost { .. }), "what is no watchdog is none");

    program.assert_runs("after all that");
    signal("STOP", pid);
    while program.state() != 'T' {
        std::thread::yield_now();
    }
    assert_eq!(tried(&program.request()), Refusal::AlreadyStopped);
    assert_eq!(program.state(), 'T', "who stopped it decides when it goes on");
    signal("CONT", pid);
    program.assert_runs("after it was stopped by somebody else");

    let stripped = Program::start(&build("-s -w"), &["1000"]);
    assert_eq!(tried(&stripped.request()), Refusal::Stripped);
    let mut sleep = Command::new("sleep").arg("100").spawn().expect("every system has it");
    assert_eq!(tried(&request(sleep.id())), Refusal::NotGo);
    let ended = request(sleep.id());
    sleep.kill().expect("it is ours");
    sleep.wait().expect("it is ours");
    assert_eq!(tried(&ended), Refusal::Gone { pid: sleep.id() });

    let detached = Program::start_detached(&build(""), &["1000"]);
    let mut ours = detached.request();
    ours.must_be_descendant = true;
    assert_eq!(tried(&ours), Refusal::NotOurs { pid: detached.pid });
    let mut ours = program.request();
    ours.must_be_descendant = true;
    capture(&ours, &stop, &|_| ()).expect("this test has started it");
}

#[test]
fn nobody_reads_what_belongs_to_another_user() {
    let is_root =
        std::fs::read_to_string("/proc/self/status").is_ok_and(|status| status.contains("Uid:\t0\t0"));
    if !has_go() || !is_root {
        eprintln!("skipped: only root can be two users");
        return;
    }
    let program = Program::start(&build(""), &["1000"]);
    let mut reader = Reader::command(program.pid, "none");
    let mut as_nobody = Command::new("setpriv");
    as_nobody.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(reader.get_program());
    as_nobody.args(reader.get_args());
    reader.get_envs().for_each(|(key, value)| {
        as_nobody.env(key, value.unwrap_or_default());
    });
    reader = as_nobody;
    let output = reader
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .expect("setpriv is part of every system");
    let said = String::from_utf8_lossy(&output.stdout);
    if said.is_empty() {
        eprintln!("skipped: this folder is closed to other users");
        return;
    }
    assert!(said.contains(r#""why":"other-user""#), "{said}");
    program.assert_runs("after another user asked");
}

#[test]
fn a_heap_too_large_for_the_bound_goes_on_in_time() {
    if !has_go() {
        return;
    }
    let program = Program::start(&build(""), &["6000000"]);
    let mut request = program.request();
    request.bound = Duration::from_millis(3);
    let (stopping, went_on) = (AtomicU64::new(0), Instant::now());
    let error = capture(&request, &Stop::default(), &|step| {
        if step == Step::Stopping {
            stopping.store(went_on.elapsed().as_nanos() as u64, Ordering::Relaxed);
        }
    });
    program.assert_runs("past the bound");
    match refusal(error.err()) {
        Refusal::OutOfTime { bound_ns, pause_ns, copied_bytes, planned_bytes, estimated_ns } => {
            assert_eq!(bound_ns, 3_000_000);
            assert!(copied_bytes < planned_bytes, "{copied_bytes} of {planned_bytes}");
            assert!(pause_ns >= bound_ns && estimated_ns > pause_ns, "{pause_ns} {estimated_ns}");
            // A piece that was begun is finished; a busy machine may take its time for that.
            assert!(pause_ns < 200_000_000, "{pause_ns}");
        }
        Refusal::NotStopped { bound_ns } => assert_eq!(bound_ns, 3_000_000),
        other => panic!("{other}"),
    }
}

#[test]
fn cancelled_it_leaves_nothing() {
    if !has_go() {
        return;
    }
    let program = Program::start(&build(""), &["1000"]);
    for last in ["planning", "preparing", "guarded", "went-on", "analysing"] {
        let stop = Stop::default();
        let result = open(&program.request(), &stop, &|step| {
            if name(step) == last {
                stop.set();
            }
        });
        assert!(matches!(result, Err(CaptureError::Cancelled)), "{last}");
        drop(result);
        program.assert_runs(last);
        assert!(helpers(watchdog::MODE, program.pid).is_empty(), "{last}");
    }
}

fn name(step: Step) -> String {
    let step = serde_json::to_value(step).expect("plain data");
    step["at"].as_str().expect("a name").to_owned()
}

/// A reader in a process of its own, which says what it does and, at one step, waits to be killed or let go on.
struct Reader {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Reader {
    fn command(pid: u32, hold: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().expect("this test"));
        command.args(["--exact", "a_reader_in_a_process_of_its_own", "--nocapture"]);
        command.env("READ_PROCESS", pid.to_string()).env("HOLD_AT", hold);
        command
    }

    /// Runs until it has reached a step.
    fn start(pid: u32, hold: &str) -> Self {
        let mut child =
            Self::command(pid, hold).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("this test");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut reader = Self { child, lines };
        reader.until(&format!("at {hold}"));
        reader
    }

    fn until(&mut self, begin: &str) -> String {
        loop {
            let line = self.lines.next().unwrap_or_else(|| panic!("it ended before {begin}")).expect("text");
            // The test harness writes into the first of them.
            if let Some(at) = line.find(begin) {
                return line[at..].to_owned();
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Not a test unless it is started by one: see [`Reader`].
#[test]
fn a_reader_in_a_process_of_its_own() {
    let Ok(pid) = std::env::var("READ_PROCESS") else { return };
    let pid = pid.parse().expect("a number");
    let hold = std::env::var("HOLD_AT").expect("set with it");
    if let Some(runs) = hold.strip_prefix("runs ") {
        return many(pid, runs.parse().expect("a number"));
    }
    let held = AtomicU64::new(0);
    let result = open(&request(pid), &Stop::default(), &|step| {
        if name(step) == hold && held.fetch_add(1, Ordering::Relaxed) == 0 {
            println!("\nat {hold}");
            std::thread::sleep(Duration::from_millis(1_000));
        }
    });
    match result {
        Ok(session) => println!("\nread {}", session.counts.found.objects),
        Err(error) => println!("\nfailed {}", serde_json::to_string(&error).expect("plain data")),
    }
}

fn assert_nothing_left(program: &Program, reader: u32, when: &str) {
    let began = Instant::now();
    loop {
        let left = [helpers(watchdog::MODE, program.pid), helpers(analyser::MODE, reader)].concat();
        if left.is_empty() {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(5), "{when}: {left:?} are left");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn it_goes_on_when_the_reader_is_killed_at_any_step() {
    if !has_go() {
        return;
    }
    let program = Program::start(&build(""), &[&NODES.to_string()]);
    for step in
        ["planning", "preparing", "guarded", "stopping", "stopped", "copied", "went-on", "analysing", "ready"]
    {
        let reader = Reader::start(program.pid, step);
        let pid = reader.child.id();
        let analyses = helpers(analyser::MODE, pid);
        // It reads the executable while all else is done.
        assert_eq!(analyses.len(), 1, "{step}");
        if matches!(step, "stopped" | "copied") {
            assert_eq!(program.state(), 'T', "{step}");
        }
        signal("KILL", pid);
        program.assert_runs(step);
        assert_nothing_left(&program, pid, step);
        for analysis in analyses {
            let began = Instant::now();
            while !matches!(common::state(analysis), 'X' | 'Z') {
                assert!(began.elapsed() < Duration::from_secs(2), "{step}: the analysis goes on for nobody");
            }
            assert!(owners_of_copies(&[analysis]).is_empty());
        }
    }
}

#[test]
fn it_goes_on_when_the_watchdog_is_killed_at_any_step() {
    if !has_go() {
        return;
    }
    let program = Program::start(&build(""), &[&NODES.to_string()]);
    for step in ["guarded", "stopping", "stopped", "copied"] {
        let mut reader = Reader::start(program.pid, step);
        signal("KILL", helper(watchdog::MODE, program.pid));
        let end = reader.until(if step == "copied" { "read" } else { "failed" });
        assert!(step == "copied" || end.contains(r#""why":"watchdog-lost""#), "{step}: {end}");
        program.assert_runs(step);
        let pid = reader.child.id();
        drop(reader);
        assert_nothing_left(&program, pid, step);
    }
}

/// The watchdog holds threads that compute for a moment, one after the other, to read their registers.
#[test]
fn it_goes_on_when_the_watchdog_is_killed_while_it_holds_a_thread() {
    if !has_go() {
        return;
    }
    let program = Program::start(&build(""), &[&NODES.to_string(), "churn"]);
    let (mut lost, mut read) = (0, 0);
    for round in 0..60 {
        let delay = Duration::from_micros(25 * round);
        let result = std::thread::scope(|scope| {
            capture(&program.request(), &Stop::default(), &|step| {
                if step == Step::Stopping {
                    let watchdog = helper(watchdog::MODE, program.pid);
                    scope.spawn(move || {
                        std::thread::sleep(delay);
                        signal("KILL", watchdog);
                    });
                }
            })
        });
        match result {
            Ok(_) => read += 1,
            Err(CaptureError::Refused { refusal: Refusal::WatchdogLost { .. } }) => lost += 1,
            Err(other) => panic!("round {round}: {other}"),
        }
        program.assert_runs(&format!("round {round}"));
        let status = std::fs::read_to_string(format!("/proc/{}/status", program.pid)).expect("it runs");
        assert!(status.contains("TracerPid:\t0\n"), "round {round}: {status}");
    }
    assert!(lost > 0 && read + lost == 60, "{lost} lost, {read} read");
}

/// On a busy machine they may be told when nobody waits for them any more: that is no end of the watchdog.
#[test]
fn registers_that_are_told_too_late_are_done_without() {
    if !has_go() {
        return;
    }
    let program = Program::start(&build(""), &[&NODES.to_string(), "churn"]);
    for round in 0..5 {
        let held = AtomicU64::new(0);
        let result = capture(&program.request(), &Stop::default(), &|step| match step {
            Step::Stopping => {
                let watchdog = helper(watchdog::MODE, program.pid);
                signal("STOP", watchdog);
                held.store(watchdog.into(), Ordering::Relaxed);
            }
            Step::Stopped => {
                signal("CONT", u32::try_from(held.load(Ordering::Relaxed)).expect("its number"));
                std::thread::sleep(Duration::from_millis(100));
            }
            _ => {}
        });
        assert!(result.is_ok(), "round {round}: {:?}", result.err());
        program.assert_runs(&format!("round {round}"));
    }
}

#[test]
fn it_goes_on_when_the_reader_hangs_and_what_was_copied_is_thrown_away() {
    if !has_go() {
        return;
    }
    let program = Program::start(&build(""), &[&NODES.to_string()]);
    for step in ["stopping", "stopped", "copied"] {
        let mut reader = Reader::start(program.pid, step);
        signal("STOP", reader.child.id());
        let began = Instant::now();
        while program.state() != 'T' && began.elapsed() < Duration::from_secs(1) {
            std::thread::yield_now();
        }
        // Until the bound and what the watchdog adds to it are over.
        std::thread::sleep(Duration::from_millis(2_300).saturating_sub(began.elapsed()));
        program.assert_runs(step);
        signal("CONT", reader.child.id());
        let end = reader.until("failed");
        assert!(
            end.contains("disturbed") || end.contains("out-of-time") || end.contains("not-stopped"),
            "{step}: {end}"
        );
        program.assert_runs(step);
    }
}

#[test]
fn it_goes_on_when_the_parent_of_the_reader_is_killed() {
    if !has_go() {
        return;
    }
    let program = Program::start(&build(""), &[&NODES.to_string()]);
    let reader = Reader::command(program.pid, "stopped");
    let mut shell = Command::new("sh");
    shell.args(["-c", r#""$@"; exit"#, "sh"]).arg(reader.get_program()).args(reader.get_args());
    reader.get_envs().for_each(|(key, value)| {
        shell.env(key, value.unwrap_or_default());
    });
    let mut child = shell.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("every system has one");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut reader = Reader { child, lines };
    reader.until("at stopped");
    assert_eq!(program.state(), 'T');
    signal("KILL", reader.child.id());
    let end = reader.until("read");
    assert!(end.len() > 5, "it does not depend on its parent: {end}");
    program.assert_runs("without the reader's parent");
    assert_nothing_left(&program, 0, "without the reader's parent");
}

#[test]
fn a_program_that_ends_while_it_stands_still_is_gone() {
    if !has_go() {
        return;
    }
    for step in [Step::Guarded, Step::Stopped, Step::Copied] {
        let program = Program::start(&build(""), &[&NODES.to_string()]);
        let request = program.request();
        let error = open(&request, &Stop::default(), &|at| {
            if at == step {
                signal("KILL", program.pid);
                while !matches!(program.state(), 'X' | 'Z') {
                    std::thread::yield_now();
                }
            }
        });
        assert_eq!(refusal(error.err()), Refusal::Gone { pid: program.pid }, "{step:?}");
        assert!(helpers(watchdog::MODE, program.pid).is_empty(), "{step:?}");
    }
}

#[test]
fn an_analysis_that_is_killed_is_a_failure_and_nothing_more() {
    if !has_go() {
        return;
    }
    let program = Program::start(&build(""), &[&NODES.to_string()]);
    let mut reader = Reader::start(program.pid, "analysing");
    signal("KILL", helper(analyser::MODE, reader.child.id()));
    let end = reader.until("failed");
    assert!(end.contains(r#""kind":"helper""#), "{end}");
    program.assert_runs("without the analysis");
}

/// So many runs in a row in this process, and what they leave in it.
fn many(pid: u32, runs: usize) {
    let files = || std::fs::read_dir("/proc/self/fd").expect("this is Linux").count();
    // Each thread has its own.
    let children = || {
        let threads = std::fs::read_dir("/proc/self/task").expect("this is Linux");
        let of = |thread: std::fs::DirEntry| {
            std::fs::read_to_string(thread.path().join("children")).unwrap_or_default()
        };
        threads.filter_map(Result::ok).map(of).collect::<String>()
    };
    let memory = || {
        let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("RssShmem:")).expect("this is Linux");
        line.trim().to_owned()
    };
    let before = (files(), children(), memory());
    for run in 0..runs {
        let captured = capture(&request(pid), &Stop::default(), &|_| ());
        let captured = captured.unwrap_or_else(|error| panic!("run {run}: {error}"));
        // At a low priority this takes long beside other tests: not each time.
        if run % 10 == 0 {
            let session = captured.analyse(&Stop::default(), &|_| ());
            let session = session.unwrap_or_else(|error| panic!("run {run}: {error}"));
            assert!(session.counts.found.objects > 100_000, "run {run}: {:?}", session.counts);
            assert!(session.ask("{}", &Stop::default()).is_ok());
        }
    }
    assert_eq!((files(), children(), memory()), before, "files, processes, shared memory");
    println!("\nall {runs}");
}

#[test]
fn fifty_runs_leave_nothing_behind() {
    if !has_go() {
        return;
    }
    let program = Program::start(&build(""), &["100000", "load"]);
    let output = Reader::command(program.pid, "runs 50").output().expect("this test");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("all 50"), "{said}{}", String::from_utf8_lossy(&output.stderr));
    program.assert_runs("after fifty runs");
    assert!(helpers(watchdog::MODE, program.pid).is_empty());
}
