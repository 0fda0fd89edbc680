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
/// In a calm editor CPU time is read this often: it is needed over a second then, and costs more than the memory.
const CPU_EVERY_NS: Ns = SECOND / 4;

/// One reading.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub at_ns: Ns,
    pub rss_bytes: Bytes,
    /// Read with each sample by the loop, now and then by the thread.
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
        let sample = if !self.alone || at_ns >= self.cpu_due_ns {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Instant;

    use stallscope_core::engine::Event;
    use tokio::time::timeout;

    use super::*;

    const INTERVAL: Duration = Duration::from_millis(10);
    const PATIENCE: Duration = Duration::from_secs(10);

    fn sampler() -> (Arc<Stamps>, Sampler) {
        let clock = Clock::start();
        let stamps = Arc::new(Stamps::new(clock));
        let sampler = Sampler::start(clock, Arc::clone(&stamps), INTERVAL).unwrap();
        sampler.watch(ProcessHandle::of_ourselves());
        (stamps, sampler)
    }

    #[tokio::test]
    async fn a_bundle_comes_by_itself_and_lacks_nothing() {
        let (stamps, sampler) = sampler();
        let begin = Instant::now();
        timeout(PATIENCE, stamps.rung()).await.unwrap();
        assert!(begin.elapsed() >= Duration::from_nanos(BUNDLE_NS), "{:?}", begin.elapsed());
        let Bundle { samples, ended } = sampler.take();
        assert!(!ended);
        assert!(samples.is_sorted_by(|a, b| a.at_ns < b.at_ns));
        // A hundred on a machine that has nothing else to do.
        assert!(samples.len() > 20, "{}", samples.len());
        let with_cpu = samples.iter().filter(|sample| sample.cpu_ns.is_some()).count();
        assert!((2..=5).contains(&with_cpu), "{with_cpu} of {}", samples.len());
        assert!(sampler.own_cpu_ns() > 0);
    }

    #[tokio::test]
    async fn a_stamp_is_told_with_the_next_sample() {
        let (stamps, _sampler) = sampler();
        stamps.push(Event::SaveBegan("file:///a.go".into()));
        let begin = Instant::now();
        timeout(PATIENCE, stamps.rung()).await.unwrap();
        assert!(begin.elapsed() < Duration::from_nanos(BUNDLE_NS), "{:?}", begin.elapsed());
    }

    #[tokio::test]
    async fn the_end_of_the_process_is_told_at_once_and_once() {
        let (stamps, sampler) = sampler();
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let started = process::started_unix_ms(child.id()).unwrap();
        sampler.watch(ProcessHandle::open(child.id(), started));
        child.kill().unwrap();
        timeout(PATIENCE, stamps.rung()).await.unwrap();
        assert!(sampler.take().ended);
        assert!(!sampler.take().ended);
        child.wait().unwrap();
    }

    #[test]
    fn while_the_loop_reads_the_thread_does_not() {
        let (_stamps, sampler) = sampler();
        sampler.set_alone(false);
        sampler.take();
        std::thread::sleep(5 * INTERVAL);
        sampler.read();
        let Bundle { samples, .. } = sampler.take();
        assert!(matches!(samples[..], [Sample { cpu_ns: Some(_), .. }]), "{samples:?}");
        sampler.watch(None);
        sampler.read();
        let Bundle { samples, ended } = sampler.take();
        assert!(samples.is_empty() && !ended, "there is nothing to read");
    }
}
