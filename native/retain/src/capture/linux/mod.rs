//! On Linux: stop, copy, go on, analyse elsewhere.

mod copy;
pub mod helper;
mod pause;
mod process;
mod raw;
mod reader;
mod target;
pub mod watchdog;

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit};

use crate::analysis;
use crate::image;
use crate::memory::Memory as _;
use crate::notes;
use crate::runtime::heap::{HeapError, in_use};
use crate::runtime::modules::Module;
use crate::stop::Stop;

use super::gate::{self, Free, Need};
use super::plan::{self, Piece};
use super::refusal::{Limit, Refusal};
use super::{CaptureError, Facts, Parts, Request, Step};
use copy::{Copying, Part, Partly, bytes, divide, jobs, jobs_of, lay};
use helper::{Description, Helper};
use pause::{Over, Pause, Ready, nanoseconds};
use raw::Draft;
use target::Target;

/// What a running heap may grow by between plan and stop, for which memory is provided in any case.
const LEAST_SLACK_BYTES: u64 = 16 << 20;
/// And the part of what is to be copied. What it grows by beyond is provided while it is copied.
const SLACK: u64 = 16;
/// Provided at once, between two looks at whether it is still wanted.
const PREPARE_BYTES: usize = 64 << 20;
/// What a program at rest uses of a processor in about a second, in clock ticks of 10 ms.
const REST_TICKS: u64 = 2;
/// A running program changes its lists while they are read.
const MOST_TRIES: usize = 5;

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
        let places: Vec<(u64, u32)> = serde_json::from_str(&places)
            .map_err(|error| CaptureError::Helper { error: error.to_string() })?;
        let runs = !self.process.has_ended();
        let path =
            |(address, length)| runs.then(|| notes::package_path(&self.reader, address, length)).flatten();
        let paths: Vec<Option<String>> = places.into_iter().map(path).collect();
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
    executable: File,
    description: Description,
    process: process::Process,
    reader: reader::Reader,
}

impl Captured {
    /// Hands the copy to a helper process and waits for its analysis.
    pub fn analyse(self, helper: &Path, stop: &Stop, tell: &dyn Fn(Step)) -> Result<Session, CaptureError> {
        stop.check()?;
        let Self { facts, copy, executable, description, process, reader } = self;
        // It reads what the executable says of itself while the copy is being sealed.
        let helper = Helper::start(helper, copy.file(), &executable)?;
        copy.seal(facts.copied_bytes)?;
        helper.describe(&description)?;
        drop((executable, description));
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
    let target = Target::find(request)?;
    tell(Step::Planning);
    let began = Instant::now();
    let free = free(request.memory_limit_bytes);
    let (mut plan, mut draft) = prepare(&target, &free, stop, tell)?;
    let copied = AtomicU64::new(0);
    let wanted = || stop.check().map_err(CaptureError::from);
    let (constant, rest) = room(draft.bytes(), &plan.constant, &free)?;
    let mut unreadable =
        Copying::new(&target.reader, jobs(&plan.constant, constant), &wanted, &copied).all(copy::threads())?;
    copied.store(0, Ordering::Relaxed);
    let ready = Ready::new(&request.helper, &target.process, request.bound)?;
    tell(Step::Guarded);
    stop.check()?;
    target::check_running(&target.process)?;
    let prepared = began.elapsed();

    let mut pause = ready.stop()?;
    tell(Step::Stopping);
    let copied =
        copy_stopped(&target, &mut plan, &mut pause, rest, &free, &copied, tell).map_err(|broken| {
            match broken {
                Broken::Over(Over::Time) => out_of_time(&pause, request.bound, &copied, &plan).into(),
                Broken::Over(Over::Watchdog) => lost("it ended during the pause").into(),
                Broken::Other(_) if target.process.is_ending() => Refusal::Gone { pid: request.pid }.into(),
                Broken::Other(error) => error,
            }
        })?;
    let before_end = pause.so_far();
    let lasted = pause.end()?;
    tell(Step::WentOn);

    unreadable.extend(copied.unreadable);
    let unreadable_bytes = bytes(&unreadable);
    let (mut laid, mut at) = (Vec::new(), 0);
    for pieces in std::iter::once(&plan.constant).chain(&copied.pieces) {
        laid.push(lay(pieces, at));
        at += bytes(pieces);
    }
    // What was copied while it stood still counts, also of what should never change.
    laid.rotate_left(1);
    let pieces = copy::pieces(&laid, unreadable);
    let facts = Facts {
        pause_ns: nanoseconds(lasted),
        pause: Parts { end_ns: nanoseconds(lasted.saturating_sub(before_end)), ..copied.parts },
        prepare_ns: nanoseconds(prepared),
        copied_bytes: at,
        unreadable_bytes,
        pieces: pieces.len() as u64,
        threads: copied.threads.len() as u64,
        registers_unread: copied.threads.iter().filter(|thread| thread.is_half_known()).count() as u64,
        planned_bytes: plan.bytes,
        need_bytes: plan.need.bytes(),
    };
    let description = Description {
        bias: target.bias,
        threads: copied.threads,
        pieces: pieces.iter().map(|piece| (piece.address, piece.length, piece.offset)).collect(),
        workers: copy::threads(),
    };
    // What the program says of itself is large, and not needed here any more.
    let Target { process, reader, executable, .. } = target;
    Ok(Captured { facts, copy: draft, executable, description, process, reader })
}

/// Copies and analyses the heap of a program.
pub fn open(request: &Request, stop: &Stop, tell: &(dyn Fn(Step) + Sync)) -> Result<Session, CaptureError> {
    capture(request, stop, tell)?.analyse(&request.helper, stop, tell)
}

/// What is to be copied, as far as it can be told of a running program.
struct Plan {
    /// Never changes.
    constant: Vec<Piece>,
    globals: Vec<Piece>,
    /// Objects with pointers, and stacks.
    objects: Vec<Piece>,
    /// The same, prepared for the pause: as they will lie in the copy, and divided into jobs.
    laid: Vec<image::Piece>,
    divided: Vec<Vec<Piece>>,
    /// All of it, and the runtime's bookkeeping.
    bytes: u64,
    need: Need,
}

fn out_of_time(pause: &Pause<'_>, bound: Duration, copied: &AtomicU64, plan: &Plan) -> Refusal {
    let pause_ns = nanoseconds(pause.so_far());
    let copied_bytes = copied.load(Ordering::Relaxed);
    let planned_bytes = plan.bytes.saturating_sub(bytes(&plan.constant));
    let share = planned_bytes as f64 / copied_bytes.max(1) as f64;
    let estimated_ns = (pause_ns as f64 * share) as u64;
    Refusal::OutOfTime { bound_ns: nanoseconds(bound), pause_ns, copied_bytes, planned_bytes, estimated_ns }
}

/// Plans, and provides memory; again when the heap grows faster than that.
fn prepare(
    target: &Target,
    free: &Free,
    stop: &Stop,
    tell: &dyn Fn(Step),
) -> Result<(Plan, Draft), CaptureError> {
    let mut provided = None::<Draft>;
    let mut so_far = 0;
    for _ in 0..MOST_TRIES {
        let used = cpu_ticks(target);
        let plan = plan(target, free, stop)?;
        free.check(plan.need)?;
        let wanted = plan.bytes + (plan.bytes / SLACK).max(LEAST_SLACK_BYTES);
        // Untouched, it takes nothing: it can be as large as it may become at most.
        let most =
            free.least().map_or(u64::MAX, |(_, bytes)| bytes).min(wanted.saturating_mul(4)).max(wanted);
        let mut draft = match provided.take() {
            Some(draft) if plan.bytes <= so_far => return Ok((plan, draft)),
            Some(draft) => draft,
            None => draft("stallscope-heap", most)?,
        };
        let end = usize::try_from(wanted).unwrap_or(usize::MAX).min(draft.bytes().len());
        // Whole pages, also of the largest kind that a processor has.
        let begin = usize::try_from(so_far).unwrap_or(usize::MAX).min(end) & !0xffff;
        for from in (begin..end).step_by(PREPARE_BYTES) {
            stop.check()?;
            tell(Step::Preparing { done_bytes: from as u64, all_bytes: end as u64 });
            let length = PREPARE_BYTES.min(end - from);
            // By two threads: it is the kernel that works.
            let half = (length / 2) & !0xffff;
            let provided = std::thread::scope(|scope| {
                let beside = std::thread::Builder::new().spawn_scoped(scope, || draft.populate(from, half));
                let own = draft.populate(from + half, length - half);
                // Where no more threads may be started, this one does both.
                let beside = beside.map(|beside| beside.join().unwrap_or(Ok(())));
                beside.unwrap_or_else(|_| draft.populate(from, half)).and(own)
            });
            match provided {
                // Kernels before 5.14 do not know this.
                Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
                    draft.bytes()[from..from + length].chunks_mut(4096).for_each(|page| page[0] = 0);
                }
                provided => provided?,
            }
        }
        // It did next to nothing meanwhile: the plan holds.
        if used.zip(cpu_ticks(target)).is_some_and(|(before, now)| now <= before + REST_TICKS) {
            return Ok((plan, draft));
        }
        so_far = end as u64;
        provided = Some(draft);
    }
    Err(CaptureError::System {
        error: "the heap grows faster than memory for its copy can be provided".to_owned(),
    })
}

fn cpu_ticks(target: &Target) -> Option<u64> {
    target.process.stat().ok().map(|stat| stat.cpu_ticks)
}

/// Reads the running program. What it says may be wrong in places: it only has to be about right.
fn plan(target: &Target, free: &Free, stop: &Stop) -> Result<Plan, CaptureError> {
    let Target { reader, symbols, layout, bias, .. } = target;
    let modules = Module::all(reader, layout, *bias);
    let constant = plan::constant(symbols, &modules, *bias);
    let globals = plan::globals(symbols, &modules, *bias);
    let mut result = Err(CaptureError::Cancelled);
    for _ in 0..MOST_TRIES {
        stop.check()?;
        result = (|| {
            let noted = plan::bookkeeping(reader, layout, *bias)?;
            let noted_bytes = bytes(&noted);
            free.check(Need { copy_bytes: noted_bytes, objects: 0 })?;
            let mut draft = draft("stallscope-plan", noted_bytes.max(1))?;
            let wanted = || stop.check().map_err(CaptureError::from);
            Copying::new(reader, jobs(&noted, draft.bytes()), &wanted, &AtomicU64::new(0))
                .all(copy::threads())?;
            let memory = Partly { parts: vec![Part::new(&noted, draft.bytes())], reader };
            let in_use = in_use(&memory, layout, *bias, true)?;
            let stacks = plan::stacks(&memory, layout, *bias, &[])?;
            let objects = plan::tidy([in_use.with_pointers, stacks].concat());
            let copy_bytes = [&constant, &globals, &noted, &objects]
                .into_iter()
                .fold(0_u64, |sum, pieces| sum.saturating_add(bytes(pieces)));
            let need = Need { copy_bytes, objects: in_use.objects };
            Ok(Plan {
                constant: constant.clone(),
                globals: globals.clone(),
                laid: lay(&objects, 0),
                divided: divide(&objects),
                objects,
                bytes: copy_bytes,
                need,
            })
        })();
        match &result {
            // It was changing a list just then.
            Err(CaptureError::Heap { .. }) => {}
            _ => return result,
        }
    }
    result
}

/// What came of the pause.
struct Copied {
    threads: Vec<image::ThreadState>,
    /// One behind the other, as they lie in the copy.
    pieces: Vec<Vec<Piece>>,
    unreadable: Vec<Piece>,
    parts: Parts,
}

/// Why copying ended early.
enum Broken {
    Over(Over),
    Other(CaptureError),
}

impl From<Over> for Broken {
    fn from(over: Over) -> Self {
        Self::Over(over)
    }
}

impl From<std::io::Error> for Broken {
    fn from(error: std::io::Error) -> Self {
        Self::Other(error.into())
    }
}

impl From<HeapError> for Broken {
    fn from(error: HeapError) -> Self {
        Self::Other(error.into())
    }
}

impl From<Refusal> for Broken {
    fn from(refusal: Refusal) -> Self {
        Self::Other(refusal.into())
    }
}

/// Takes the room for some pieces.
fn room<'a>(
    rest: &'a mut [u8],
    pieces: &[Piece],
    free: &Free,
) -> Result<(&'a mut [u8], &'a mut [u8]), Refusal> {
    let length = bytes(pieces);
    let available = rest.len() as u64;
    match usize::try_from(length).ok().and_then(|length| rest.split_at_mut_checked(length)) {
        Some(both) => Ok(both),
        None => {
            let (place, free_bytes) = free.least().unwrap_or((Limit::Machine, available));
            Err(Refusal::Memory { needed_bytes: length, free_bytes: free_bytes.min(available), place })
        }
    }
}

fn copy_stopped(
    target: &Target,
    plan: &mut Plan,
    pause: &mut Pause<'_>,
    into: &mut [u8],
    free: &Free,
    copied: &AtomicU64,
    tell: &(dyn Fn(Step) + Sync),
) -> Result<Copied, Broken> {
    let Target { reader, layout, bias, .. } = target;
    let mut parts = Parts::default();
    let (laid, divided) = (std::mem::take(&mut plan.laid), std::mem::take(&mut plan.divided));
    let plan = &*plan;
    let threads = pause.rest()?;
    parts.stop_ns = nanoseconds(pause.so_far());
    tell(Step::Stopped);
    let check = || pause.check().map_err(Broken::from);
    let workers = copy::threads();
    let (objects, rest) = room(into, &plan.objects, free)?;
    let copying = Copying::new(reader, jobs_of(divided, objects), &check, copied);
    // What was planned is copied by the others, while this thread finds out what has changed since.
    let noted = std::thread::scope(|scope| {
        copying.invite(scope, workers - 1);
        let noted = notes(target, plan, rest, free, &check, copied);
        parts.notes_ns = nanoseconds(pause.so_far()).saturating_sub(parts.stop_ns);
        if noted.is_ok() {
            copying.take_part();
        }
        noted
    });
    let mut unreadable = copying.result()?;
    let noted = noted?;
    parts.objects_ns = nanoseconds(pause.so_far()).saturating_sub(parts.stop_ns + parts.notes_ns);
    unreadable.extend(noted.unreadable);
    let mut memory = noted.memory;
    memory.parts.push(Part::of(laid, objects));

    let new_objects = plan::missing(&noted.objects, &plan.objects);
    let (into, rest) = room(noted.rest, &new_objects, free)?;
    unreadable.extend(Copying::new(reader, jobs(&new_objects, into), &check, copied).all(workers)?);
    memory.parts.push(Part::new(&new_objects, into));
    let stacks = plan::stacks(&memory, layout, *bias, &threads)?;
    let before = plan::tidy([&plan.objects[..], &new_objects[..]].concat());
    let stacks = plan::missing(&stacks, &before);
    let (into, _) = room(rest, &stacks, free)?;
    unreadable.extend(Copying::new(reader, jobs(&stacks, into), &check, copied).all(workers)?);
    parts.rest_ns =
        nanoseconds(pause.so_far()).saturating_sub(parts.stop_ns + parts.notes_ns + parts.objects_ns);
    tell(Step::Copied);
    let pieces = vec![plan.objects.clone(), plan.globals.clone(), noted.bookkeeping, new_objects, stacks];
    Ok(Copied { threads, pieces, unreadable, parts })
}

/// What the stopped program says of its heap.
struct Noted<'a> {
    memory: Partly<'a>,
    bookkeeping: Vec<Piece>,
    /// Where objects with pointers lie now.
    objects: Vec<Piece>,
    unreadable: Vec<Piece>,
    rest: &'a mut [u8],
}

fn notes<'a>(
    target: &'a Target,
    plan: &Plan,
    into: &'a mut [u8],
    free: &Free,
    check: &(dyn Fn() -> Result<(), Broken> + Sync),
    copied: &AtomicU64,
) -> Result<Noted<'a>, Broken> {
    let Target { reader, layout, bias, .. } = target;
    let (globals, rest) = room(into, &plan.globals, free)?;
    let mut unreadable = Copying::new(reader, jobs(&plan.globals, globals), check, copied).all(1)?;
    let mut memory = Partly { parts: vec![Part::new(&plan.globals, globals)], reader };
    let bookkeeping = plan::bookkeeping(&memory, layout, *bias)?;
    let bookkeeping = plan::missing(&bookkeeping, &plan.globals);
    let (into, rest) = room(rest, &bookkeeping, free)?;
    unreadable.extend(Copying::new(reader, jobs(&bookkeeping, into), check, copied).all(1)?);
    memory.parts.push(Part::new(&bookkeeping, into));
    // By address, as it comes, but for spans that changed hands just then.
    let objects = plan::tidy(in_use(&memory, layout, *bias, false)?.with_pointers);
    Ok(Noted { memory, bookkeeping, objects, unreadable, rest })
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
