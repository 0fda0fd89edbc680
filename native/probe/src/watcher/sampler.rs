//! The sampler: reads gopls's memory at its interval, and hands the readings over in bundles.
//!
//! In a calm editor no single reading is urgent, and waking the loop for it costs more than taking it. So a plain
//! thread does that, and rings when there is a reason. While somebody waits for gopls the loop reads by itself, at the
//! moments that matter to it, and the thread sleeps.

use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use stallscope_core::model::{Bytes, Ns, SECOND};

use super::stamps::Stamps;
use crate::clock::Clock;
use crate::process::{self, ProcessHandle};

/// The loop gets what was read after this long at the latest.
const BUNDLE_NS: Ns = SECOND;
/// CPU time is read this often: it is counted in steps of 10 ms and needed over a second, and reading it costs more
/// than the memory.
const CPU_EVERY_NS: Ns = SECOND / 4;

/// One reading.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub at_ns: Ns,
    pub rss_bytes: Bytes,
    /// Only now and then.
    pub cpu_ns: Option<Ns>,
}

/// What was read since the last time.
#[derive(Debug, Default)]
pub(super) struct Bundle {
    pub samples: Vec<Sample>,
    /// The process has ended after the last of them.
    pub ended: bool,
}

/// See the module's text. Its thread ends with it.
pub(super) struct Sampler {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    clock: Clock,
    stamps: Arc<Stamps>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    process: Option<ProcessHandle>,
    interval: Duration,
    /// The thread reads; otherwise the loop does.
    alone: bool,
    stop: bool,
    cpu_due_ns: Ns,
    bundle: Bundle,
    own_cpu_ns: Ns,
}

impl Sampler {
    pub fn start(clock: Clock, stamps: Arc<Stamps>, interval: Duration) -> std::io::Result<Self> {
        let state = State {
            process: None,
            interval,
            alone: true,
            stop: false,
            cpu_due_ns: 0,
            bundle: Bundle::default(),
            own_cpu_ns: 0,
        };
        let shared = Arc::new(Shared { clock, stamps, state: Mutex::new(state), changed: Condvar::new() });
        let for_thread = Arc::clone(&shared);
        let thread =
            std::thread::Builder::new().name("stallscope-sample".into()).spawn(move || for_thread.run())?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Reads this process from now on, or none. What was read of another is forgotten.
    pub fn watch(&self, process: Option<ProcessHandle>) {
        self.change(|state| {
            state.process = process;
            state.cpu_due_ns = 0;
            state.bundle = Bundle::default();
        });
    }

    pub fn set_interval(&self, interval: Duration) {
        self.change(|state| state.interval = interval);
    }

    /// Whether the thread reads by itself, or the loop by calling [`Self::read`].
    pub fn set_alone(&self, alone: bool) {
        self.change(|state| state.alone = alone);
    }

    /// Reads right now.
    pub fn read(&self) {
        self.shared.state().read(&self.shared.clock);
    }

    pub fn take(&self) -> Bundle {
        mem::take(&mut self.shared.state().bundle)
    }

    /// How many `go` commands the process is running.
    pub fn go_children(&self) -> u32 {
        self.shared.state().process.as_mut().map_or(0, ProcessHandle::go_children)
    }

    /// CPU time of its thread, as of the last bundle.
    pub fn own_cpu_ns(&self) -> Ns {
        self.shared.state().own_cpu_ns
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.shared.state());
        self.shared.changed.notify_one();
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.change(|state| state.stop = true);
        if let Some(thread) = self.thread.take() {
            // It is asleep or in a reading of microseconds. A panic in it has nobody to be told to any more.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let mut state = self.state();
        while !state.stop {
            if !state.alone || state.process.is_none() {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let interval = state.interval;
            let (woken, wait) =
                self.changed.wait_timeout(state, interval).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            // Woken early, something has changed: another process, another interval, or the end.
            if wait.timed_out() && state.alone {
                state.read(&self.clock);
                if state.is_due() || self.stamps.are_waiting() {
                    state.own_cpu_ns = process::thread_cpu_ns().unwrap_or(0);
                    self.stamps.ring();
                }
            }
        }
    }
}

impl State {
    fn read(&mut self, clock: &Clock) {
        let Some(process) = &mut self.process else { return };
        let at_ns = clock.now_ns();
        let sample = if at_ns >= self.cpu_due_ns {
            self.cpu_due_ns = at_ns + CPU_EVERY_NS;
            process.sample().map(|read| (read.rss_bytes, Some(read.cpu_ns)))
        } else {
            process.rss_bytes().map(|rss_bytes| (rss_bytes, None))
        };
        match sample {
            Some((rss_bytes, cpu_ns)) => self.bundle.samples.push(Sample { at_ns, rss_bytes, cpu_ns }),
            None => {
                self.bundle.ended = true;
                self.process = None;
            }
        }
    }

    fn is_due(&self) -> bool {
        let oldest = self.bundle.samples.first().zip(self.bundle.samples.last());
        self.bundle.ended || oldest.is_some_and(|(first, last)| last.at_ns - first.at_ns >= BUNDLE_NS)
    }
}
