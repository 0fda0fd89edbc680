//! Copies what changes of a program: globals, the runtime's bookkeeping, objects in use that have pointers, stacks. First while it sleeps,
//! if it does; then it only has to be seen that it slept on. Else while it stands still.

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use crate::capture::gate::Free;
use crate::capture::plan::{self, Piece};
use crate::capture::refusal::{Limit, Refusal};
use crate::capture::{CaptureError, Parts, Step};
use crate::image::ThreadState;
use crate::runtime::heap::{HeapError, in_use};
use crate::stop::Stop;

use super::asleep::{Asleep, LOOK};
use super::copy::{self, Copying, Part, Partly, bytes, divided_jobs, jobs};
use super::helper::NICE;
use super::pause::{Over, Pause, nanoseconds};
use super::prepare::Plan;
use super::target::Target;

/// How long a program that does something is waited for to fall asleep, or to fall asleep again: at least this …
const PATIENCE: Duration = Duration::from_millis(200);
/// … and what it takes to copy it two or three times.
const PATIENCE_NS_PER_BYTE: u64 = 1;

/// Where its contents come from and within which limits they are copied.
pub struct Source<'a> {
    /// The program.
    pub target: &'a Target,
    /// What there was to copy a moment ago.
    pub plan: &'a Plan,
    /// Memory for what has come since.
    pub free: &'a Free,
    /// Counts bytes.
    pub copied: &'a AtomicU64,
}

/// What was copied.
pub struct Contents {
    /// One behind the other, as they lie in the copy.
    pub pieces: Vec<Vec<Piece>>,
    /// What of it could not be read.
    pub unreadable: Vec<Piece>,
    /// How long it took; the time until the program stands still and goes on is not in it.
    parts: Parts,
}

/// What was copied of a program, and how it was when it stood still.
pub struct Stopped {
    /// Its memory.
    pub contents: Contents,
    /// Its threads.
    pub threads: Vec<ThreadState>,
    /// What the pause was for so far.
    pub parts: Parts,
    /// Whether all of it was copied before.
    pub slept: bool,
}

/// Why copying ended early.
pub enum Broken {
    /// The pause has to end.
    Over(Over),
    /// The program no longer sleeps.
    Awake,
    /// Something else.
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

impl Source<'_> {
    /// Copies a program that sleeps. None when it wakes again and again, or does something all the time.
    pub fn asleep(&self, into: &mut [u8], stop: &Stop) -> Result<Option<(Asleep, Contents)>, CaptureError> {
        let began = Instant::now();
        let copying = Duration::from_nanos(self.plan.bytes.saturating_mul(PATIENCE_NS_PER_BYTE));
        while began.elapsed() < PATIENCE + copying {
            stop.check()?;
            match Asleep::look(self.target) {
                Some(asleep) => match self.contents_asleep(&asleep, into, stop) {
                    Ok(contents) => return Ok(Some((asleep, contents))),
                    Err(Broken::Other(error @ CaptureError::Cancelled)) => return Err(error),
                    // Whatever else it is will be found once it stands still.
                    Err(_) => {}
                },
                None => std::thread::sleep(LOOK),
            }
        }
        Ok(None)
    }

    /// At a low priority: should the program wake, what it does comes first.
    fn contents_asleep(&self, asleep: &Asleep, into: &mut [u8], stop: &Stop) -> Result<Contents, Broken> {
        let looked = Mutex::new(Instant::now());
        let sleeps_on = || if asleep.sleeps_on(self.target) { Ok(()) } else { Err(Broken::Awake) };
        let check = || {
            stop.check().map_err(CaptureError::from).map_err(Broken::Other)?;
            // One of the threads that copy looks; the others go on.
            match looked.try_lock() {
                Ok(mut looked) if looked.elapsed() >= LOOK => *looked = Instant::now(),
                _ => return Ok(()),
            }
            sleeps_on()
        };
        std::thread::scope(|scope| {
            let copying = || {
                // Of this thread and those that it starts. Where that may not be, it is as good as it is.
                let _ = rustix::process::nice(NICE);
                self.contents(&[], &check, into)
            };
            let copying = std::thread::Builder::new().spawn_scoped(scope, copying)?;
            copying.join().unwrap_or_else(|_| Err(std::io::Error::other("copying failed").into()))
        })
        .and_then(|contents| sleeps_on().map(|()| contents))
    }

    /// Waits for the threads of a program that was stopped and copies it, if it has not slept on since it was copied asleep.
    pub fn stopped(
        &self,
        pause: &mut Pause<'_>,
        asleep: Option<(Asleep, Contents)>,
        into: &mut [u8],
        tell: &(dyn Fn(Step) + Sync),
    ) -> Result<Stopped, Broken> {
        let threads = pause.rest()?;
        let stop_ns = nanoseconds(pause.so_far());
        tell(Step::Stopped);
        let slept = asleep.and_then(|(asleep, contents)| {
            let changed = asleep.slept_on(self.target, &threads)?;
            copy::again(&self.target.reader, &contents.pieces, &changed, into).ok()?;
            Some(contents)
        });
        let stopped = match slept {
            Some(contents) => {
                pause.check()?;
                let rest_ns = nanoseconds(pause.so_far()).saturating_sub(stop_ns);
                let parts = Parts { stop_ns, rest_ns, ..Parts::default() };
                Stopped { contents, threads, parts, slept: true }
            }
            None => {
                let check = || pause.check().map_err(Broken::from);
                let contents = self.contents(&threads, &check, into)?;
                let parts = Parts { stop_ns, ..contents.parts };
                Stopped { contents, threads, parts, slept: false }
            }
        };
        tell(Step::Copied);
        Ok(stopped)
    }

    /// `threads` are those of a program that stands still; without them the whole stacks of goroutines that run are copied.
    fn contents(
        &self,
        threads: &[ThreadState],
        check: &(dyn Fn() -> Result<(), Broken> + Sync),
        into: &mut [u8],
    ) -> Result<Contents, Broken> {
        let Self { target, plan, free, copied } = self;
        let Target { reader, layout, bias, .. } = target;
        let began = Instant::now();
        let so_far = || nanoseconds(began.elapsed());
        let mut parts = Parts::default();
        let workers = copy::threads();
        let (objects, rest) = room(into, &plan.objects, free)?;
        let copying = Copying::new(reader, divided_jobs(&plan.divided, objects), check, copied);
        // What was planned is copied by the others, while this thread finds out what has changed since.
        let noted = std::thread::scope(|scope| {
            copying.invite(scope, workers - 1);
            let noted = self.notes(rest, check);
            parts.notes_ns = so_far();
            if noted.is_ok() {
                copying.take_part();
            }
            noted
        });
        let mut unreadable = copying.result()?;
        let noted = noted?;
        parts.objects_ns = so_far().saturating_sub(parts.notes_ns);
        unreadable.extend(noted.unreadable);
        let mut memory = noted.memory;
        memory.parts.push(Part::of(&plan.laid, objects));

        let new_objects = plan::missing(&noted.objects, &plan.objects);
        let (into, rest) = room(noted.rest, &new_objects, free)?;
        unreadable.extend(Copying::new(reader, jobs(&new_objects, into), check, copied).all(workers)?);
        memory.parts.push(Part::new(&new_objects, into));
        let stacks = plan::stacks(&memory, layout, *bias, threads)?;
        let before = plan::tidy([&plan.objects[..], &new_objects[..]].concat());
        let stacks = plan::missing(&stacks, &before);
        let (into, _) = room(rest, &stacks, free)?;
        unreadable.extend(Copying::new(reader, jobs(&stacks, into), check, copied).all(workers)?);
        parts.rest_ns = so_far().saturating_sub(parts.notes_ns + parts.objects_ns);
        let pieces = vec![plan.objects.clone(), plan.globals.clone(), noted.bookkeeping, new_objects, stacks];
        Ok(Contents { pieces, unreadable, parts })
    }

    fn notes<'b>(
        &'b self,
        into: &'b mut [u8],
        check: &(dyn Fn() -> Result<(), Broken> + Sync),
    ) -> Result<Noted<'b>, Broken> {
        let Self { target: Target { reader, layout, bias, .. }, plan, free, copied } = self;
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
}

/// What the program says of its heap.
struct Noted<'a> {
    memory: Partly<'a>,
    bookkeeping: Vec<Piece>,
    /// Where objects with pointers lie now.
    objects: Vec<Piece>,
    unreadable: Vec<Piece>,
    rest: &'a mut [u8],
}

/// Takes the room for some pieces.
pub fn room<'a>(
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
