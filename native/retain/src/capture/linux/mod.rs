//! On Linux: copy what sleeps, or stop and copy; go on; analyse elsewhere.

mod asleep;
mod contents;
mod copy;
pub mod helper;
mod pause;
mod prepare;
mod process;
mod raw;
mod reader;
mod target;
pub mod watchdog;

use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit};

use crate::analysis;
use crate::memory::Memory as _;
use crate::notes;
use crate::stop::Stop;

use super::gate::{self, Free, Need};
use super::refusal::{Limit, Refusal};
use super::{CaptureError, Facts, Parts, Request, Step};
use contents::{Broken, Source, room};
use copy::{Copying, bytes, jobs, lay};
use helper::{Description, Helper};
use pause::{Over, Pause, Ready, nanoseconds};
use prepare::{Plan, prepare};
use raw::Draft;
use target::{Found, Target};

/// An analysed heap that can be asked about. Everything of it is gone when this is dropped.
pub struct Session {
    /// What was done to the program for it.
    pub facts: Facts,
    /// What is alive.
    pub counts: analysis::Counts,
    helper: Helper,
    process: process::Process,
    reader: reader::Reader,
}

impl Session {
    /// The answer to a question; both are JSON on one line. Ends early with [`CaptureError::Cancelled`].
    pub fn ask(&self, question: &str, stop: &Stop) -> Result<String, CaptureError> {
        self.helper.ask(question, stop)
    }

    /// When the program started: with its number it is this one and no other.
    pub fn start_time(&self) -> u64 {
        self.process.start_time
    }

    /// What each Go package costs: the answer to [`crate::answer::questions::Question::Packages`]. Their paths are read now, in the
    /// running program; of one that has ended meanwhile, or has forgotten a package, they are not known any more.
    pub fn packages(&self, stop: &Stop) -> Result<String, CaptureError> {
        let places = self.ask(r#"{"ask":"strings"}"#, stop)?;
        let places: Vec<(u64, u64)> = serde_json::from_str(&places)
            .map_err(|error| CaptureError::Helper { error: error.to_string() })?;
        let runs = !self.process.has_ended();
        let paths = match runs {
            true => self.reader.texts(&places, notes::LONGEST_PATH),
            false => vec![None; places.len()],
        };
        let paths: Vec<Option<String>> =
            paths.into_iter().map(|path| path.and_then(notes::package_path)).collect();
        self.ask(&serde_json::json!({ "ask": "packages", "paths": paths }).to_string(), stop)
    }

    /// Ends it at once, also while somebody waits for an answer.
    pub fn kill(&self) {
        self.helper.kill();
    }
}

/// Whether heaps can be read on this system at all; whether that of a certain program can is another question.
pub fn supported() -> Result<(), Refusal> {
    Ok(())
}

/// When a process started, as [`Request::start_time`] wants it.
pub fn start_time(pid: u32) -> Result<u64, Refusal> {
    process::start_time(pid)
}

/// A copy of the heap of a program, which runs again.
pub struct Captured {
    /// What was done to the program for it.
    pub facts: Facts,
    copy: Draft,
    description: Description,
    helper: Helper,
    process: process::Process,
    reader: reader::Reader,
}

impl Captured {
    /// Hands the copy to the helper process and waits for its analysis.
    pub fn analyse(self, stop: &Stop, tell: &dyn Fn(Step)) -> Result<Session, CaptureError> {
        stop.check()?;
        let Self { facts, copy, description, helper, process, reader } = self;
        let copy = copy.seal(facts.copied_bytes)?;
        helper.hand_over(copy.as_fd(), &description)?;
        drop((copy, description));
        let tell_step = |step: analysis::Step| tell(Step::Analysing { step });
        let late = |address, length| {
            let runs = !process.has_ended();
            runs.then(|| reader.bytes(address, length, analysis::MOST_LATE_BYTES)).flatten()
        };
        let counts = helper.wait(stop, &tell_step, &late)?;
        tell(Step::Ready);
        Ok(Session { facts, counts, helper, process, reader })
    }
}

/// Copies the heap of a program. `tell` hears each step; while the program stands still, it has to return at once.
pub fn capture(
    request: &Request,
    stop: &Stop,
    tell: &(dyn Fn(Step) + Sync),
) -> Result<Captured, CaptureError> {
    tell(Step::Checking);
    let found = Found::of(request)?;
    let free = free(request.memory_limit_bytes);
    // The helper reads what the executable says of itself meanwhile. Where there is not even memory for that, nothing is started: it will
    // be said how much all of it needs.
    let executable = found.executable.try_clone()?;
    let start = || Helper::start(&request.helper, &executable);
    let early = free.check(Need::default()).is_ok().then(start);
    let target = found.understand()?;
    tell(Step::Planning);
    let began = Instant::now();
    let (plan, mut draft) = prepare(&target, &free, stop, tell)?;
    let copied = AtomicU64::new(0);
    let wanted = || stop.check().map_err(CaptureError::from);
    let (constant, rest) = room(draft.bytes(), &plan.constant, &free)?;
    let mut unreadable =
        Copying::new(&target.reader, jobs(&plan.constant, constant), &wanted, &copied).all(copy::threads())?;
    let ready = Ready::new(&request.helper, &target.process, request.bound)?;
    // What keeps one of the two processes from starting keeps the other from it, and is told by the watchdog.
    let helper = early.unwrap_or_else(start)?;
    let source = Source { target: &target, plan: &plan, free: &free, copied: &copied };
    let asleep = source.asleep(rest, stop)?;
    tell(Step::Guarded);
    stop.check()?;
    target::check_running(&target.process)?;
    let prepared = began.elapsed();

    copied.store(0, Ordering::Relaxed);
    let mut pause = ready.stop()?;
    tell(Step::Stopping);
    let stopped = source.stopped(&mut pause, asleep, rest, tell).map_err(|broken| match broken {
        Broken::Over(Over::Time) => out_of_time(&pause, request.bound, &copied, &plan).into(),
        Broken::Over(Over::Watchdog) => lost("it ended during the pause").into(),
        Broken::Awake => Refusal::Disturbed.into(),
        Broken::Other(_) if target.process.is_ending() => Refusal::Gone { pid: request.pid }.into(),
        Broken::Other(error) => error,
    })?;
    let before_end = pause.so_far();
    let lasted = pause.end()?;
    tell(Step::WentOn);

    unreadable.extend(stopped.contents.unreadable);
    let unreadable_bytes = bytes(&unreadable);
    let (mut laid, mut at) = (Vec::new(), 0);
    for pieces in std::iter::once(&plan.constant).chain(&stopped.contents.pieces) {
        laid.push(lay(pieces, at));
        at += bytes(pieces);
    }
    // What was copied while it stood still counts, also of what should never change.
    laid.rotate_left(1);
    let pieces = copy::pieces(&laid, unreadable);
    let facts = Facts {
        pause_ns: nanoseconds(lasted),
        pause: Parts { end_ns: nanoseconds(lasted.saturating_sub(before_end)), ..stopped.parts },
        slept: stopped.slept,
        prepare_ns: nanoseconds(prepared),
        copied_bytes: at,
        unreadable_bytes,
        pieces: pieces.len() as u64,
        threads: stopped.threads.len() as u64,
        registers_unread: stopped.threads.iter().filter(|thread| thread.is_half_known()).count() as u64,
        planned_bytes: plan.bytes,
        need_bytes: plan.need.bytes(),
    };
    let description = Description {
        bias: target.bias,
        threads: stopped.threads,
        pieces: pieces.iter().map(|piece| (piece.address, piece.length, piece.offset)).collect(),
        workers: copy::threads(),
    };
    // What the program says of itself is large, and not needed here any more.
    let Target { process, reader, .. } = target;
    Ok(Captured { facts, copy: draft, description, helper, process, reader })
}

/// Copies and analyses the heap of a program.
pub fn open(request: &Request, stop: &Stop, tell: &(dyn Fn(Step) + Sync)) -> Result<Session, CaptureError> {
    capture(request, stop, tell)?.analyse(stop, tell)
}

fn out_of_time(pause: &Pause<'_>, bound: Duration, copied: &AtomicU64, plan: &Plan) -> Refusal {
    let pause_ns = nanoseconds(pause.so_far());
    let copied_bytes = copied.load(Ordering::Relaxed);
    let planned_bytes = plan.bytes.saturating_sub(bytes(&plan.constant));
    let share = planned_bytes as f64 / copied_bytes.max(1) as f64;
    let estimated_ns = (pause_ns as f64 * share) as u64;
    Refusal::OutOfTime { bound_ns: nanoseconds(bound), pause_ns, copied_bytes, planned_bytes, estimated_ns }
}

/// What may be used: of the machine, of the control group, by the setting.
fn free(setting_bytes: Option<u64>) -> Free {
    let mut free = Vec::new();
    free.extend(process::text("/proc/meminfo").ok().as_deref().and_then(gate::machine));
    let names = process::text("/proc/self/cgroup").unwrap_or_default();
    for folder in gate::cgroup_folders(&names) {
        let file = |name: &str| process::text(&format!("/sys/fs/cgroup/{folder}/{name}")).unwrap_or_default();
        let (max, high, current) = (file("memory.max"), file("memory.high"), file("memory.current"));
        let stat = file("memory.stat");
        free.extend(gate::cgroup([max.as_str(), high.as_str()], &current, &stat));
        let (limit, usage) = (file("memory.limit_in_bytes"), file("memory.usage_in_bytes"));
        free.extend(gate::cgroup([limit.as_str()], &usage, &stat));
    }
    free.extend(setting_bytes.map(|bytes| (Limit::Setting, bytes)));
    // A file may be limited in size: whoever goes beyond is killed by the system.
    let files = getrlimit(Resource::Fsize).current;
    free.extend(files.map(|bytes| (Limit::Process, bytes)));
    // So may be all that is mapped, of which a part is taken: the first number, in pages.
    let mapped = process::text("/proc/self/statm").unwrap_or_default();
    let mapped = mapped.split(' ').next().and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0);
    let taken = mapped.saturating_mul(rustix::param::page_size() as u64);
    let all = getrlimit(Resource::As).current;
    free.extend(all.map(|bytes| (Limit::Process, bytes.saturating_sub(taken))));
    Free(free)
}

/// Room for a copy. What a container's profile or a limit keeps from it is no fault of the program's.
fn draft(name: &str, length: u64) -> Result<Draft, Refusal> {
    Draft::new(name, length).map_err(|error| Refusal::NoRoom { error: error.to_string() })
}

fn lost(error: impl std::fmt::Display) -> Refusal {
    Refusal::WatchdogLost { error: error.to_string() }
}

/// What starts one of the two helper processes.
fn command(helper: &Path, mode: &str) -> Command {
    // Where this process was started is no business of theirs: they would keep a disk from being removed.
    let mut command = Command::new(std::path::absolute(helper).unwrap_or_else(|_| helper.to_owned()));
    command.arg(mode).current_dir("/").stderr(Stdio::null());
    command
}

/// Waits for the end of a process, and ends it when that takes too long.
fn reap(child: &mut Child, most: Duration) {
    let began = Instant::now();
    while began.elapsed() < most {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let _ = child.kill();
    let _ = child.wait();
}
