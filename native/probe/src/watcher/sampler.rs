//! The sampler: reads gopls's memory at its interval, and hands the readings over in bundles.
//!
//! In a calm editor no single reading is urgent, and waking the loop for it costs more than taking it. So a plain
//! thread does that, and rings when there is a reason. While somebody waits for gopls the loop reads by itself, at the
//! moments that matter to it, and the thread sleeps.
//!
//! What costs is the waking, not the reading: 50 µs of CPU against 1 to 5 on the machine it was measured on. A process
//! that uses next to no CPU cannot grow either, so at rest the thread wakes less often, and goes back to its interval
//! with the first sign of life. `npm run bench -- watcher` measures it.

use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use stallscope_core::model::{Bytes, Ns, SECOND};

use super::stamps::Stamps;
use crate::clock::Clock;
use crate::process::{self, ProcessHandle};

/// The loop gets what was read after this long at the latest…
const BUNDLE_NS: Ns = SECOND;
/// … or after this long at rest: with the sample that begins it, as often as the loop has something to do by itself.
const REST_BUNDLE_NS: Ns = 3 * SECOND / 2;
/// In a calm editor CPU time is read this often: it is needed over a second then, and costs more than the memory.
const CPU_EVERY_NS: Ns = SECOND / 4;
/// A process at rest is read this often, unless the interval is longer. Its end is noticed by the next reading, and the
/// one after it is to be found within a second.
const REST_INTERVAL: Duration = Duration::from_millis(500);
/// At rest is what used less than this share of a core since its CPU time was last read…
const REST_CPU_SHARE: f64 = 0.02;
/// … and did not grow or shrink by more than this.
const REST_RSS_BYTES: Bytes = 1_000_000;

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
    /// The latest reading that had the CPU time.
    whole: Option<Whole>,
    at_rest: bool,
    bundle: Bundle,
    own_cpu_ns: Ns,
}

#[derive(Clone, Copy)]
struct Whole {
    at_ns: Ns,
    rss_bytes: Bytes,
    cpu_ns: Ns,
}

impl Sampler {
    pub fn start(clock: Clock, stamps: Arc<Stamps>, interval: Duration) -> std::io::Result<Self> {
        let state = State {
            process: None,
            interval,
            alone: true,
            stop: false,
            whole: None,
            at_rest: false,
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
            state.whole = None;
            state.at_rest = false;
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
        let mut state = self.shared.state();
        change(&mut state);
        self.shared.stamps.set_at_rest(state.at_rest && state.alone);
        drop(state);
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
            let interval = if state.at_rest { state.interval.max(REST_INTERVAL) } else { state.interval };
            let (woken, wait) =
                self.changed.wait_timeout(state, interval).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            // Woken early, something has changed: another process, another interval, or the end.
            if wait.timed_out() && state.alone {
                state.read(&self.clock);
                self.stamps.set_at_rest(state.at_rest);
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
        let whole_is_due = self.whole.is_none_or(|last| self.at_rest || at_ns >= last.at_ns + CPU_EVERY_NS);
        let sample = if !self.alone || whole_is_due {
            process.sample().map(|read| (read.rss_bytes, Some(read.cpu_ns)))
        } else {
            process.rss_bytes().map(|rss_bytes| (rss_bytes, None))
        };
        match sample {
            Some((rss_bytes, cpu_ns)) => {
                self.bundle.samples.push(Sample { at_ns, rss_bytes, cpu_ns });
                if let Some(cpu_ns) = cpu_ns {
                    let read = Whole { at_ns, rss_bytes, cpu_ns };
                    self.at_rest = self.whole.is_some_and(|last| read.is_at_rest_since(last));
                    self.whole = Some(read);
                }
            }
            None => {
                self.bundle.ended = true;
                self.process = None;
            }
        }
    }

    fn is_due(&self) -> bool {
        let most_ns = if self.at_rest { REST_BUNDLE_NS } else { BUNDLE_NS };
        let ends = self.bundle.samples.first().zip(self.bundle.samples.last());
        self.bundle.ended || ends.is_some_and(|(first, last)| last.at_ns - first.at_ns >= most_ns)
    }
}

impl Whole {
    fn is_at_rest_since(self, last: Self) -> bool {
        let cpu_ns = self.cpu_ns.saturating_sub(last.cpu_ns);
        let share = cpu_ns as f64 / self.at_ns.saturating_sub(last.at_ns).max(1) as f64;
        share < REST_CPU_SHARE && self.rss_bytes.abs_diff(last.rss_bytes) < REST_RSS_BYTES
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::process::{Child, Command};
    use std::time::Instant;

    use stallscope_core::engine::Event;
    use tokio::time::timeout;

    use super::*;

    const INTERVAL: Duration = Duration::from_millis(10);
    const PATIENCE: Duration = Duration::from_secs(10);

    /// A process that is gone with this.
    struct Running(Child);

    impl Running {
        fn shell(script: &str) -> Self {
            Self(Command::new("sh").args(["-c", script]).spawn().unwrap())
        }

        fn resting() -> Self {
            Self::shell("exec sleep 60")
        }

        fn working() -> Self {
            Self::shell("while :; do :; done")
        }

        fn handle(&self) -> Option<ProcessHandle> {
            ProcessHandle::open(self.0.id(), process::started_unix_ms(self.0.id()).unwrap())
        }
    }

    impl Drop for Running {
        fn drop(&mut self) {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }

    fn sampler(of: &Running) -> (Arc<Stamps>, Sampler) {
        let clock = Clock::start();
        let stamps = Arc::new(Stamps::new(clock));
        let sampler = Sampler::start(clock, Arc::clone(&stamps), INTERVAL).unwrap();
        sampler.watch(of.handle());
        (stamps, sampler)
    }

    #[tokio::test]
    async fn a_bundle_comes_by_itself_and_lacks_nothing() {
        let process = Running::working();
        let (stamps, sampler) = sampler(&process);
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
    async fn at_rest_it_is_read_less_often_and_a_stamp_does_not_wait_for_that() {
        let process = Running::resting();
        let (stamps, sampler) = sampler(&process);
        timeout(PATIENCE, stamps.rung()).await.unwrap();
        sampler.take();
        timeout(PATIENCE, stamps.rung()).await.unwrap();
        let Bundle { samples, .. } = sampler.take();
        let apart = samples.windows(2).map(|pair| pair[1].at_ns - pair[0].at_ns);
        let rest_ns = REST_INTERVAL.as_nanos() as Ns;
        assert!(
            samples.len() > 1 && apart.clone().all(|ns| ns >= rest_ns),
            "{:?}",
            apart.collect::<Vec<_>>()
        );

        stamps.push(Event::SaveBegan("file:///a.go".into()));
        timeout(REST_INTERVAL / 2, stamps.rung()).await.expect("it rings by itself");
        stamps.push(Event::SaveEnded("file:///a.go".into()));
        timeout(REST_INTERVAL / 4, stamps.rung()).await.expect_err("the second does not");
    }

    #[test]
    fn a_process_that_works_or_grows_is_not_at_rest() {
        let last = Whole { at_ns: SECOND, rss_bytes: 500_000_000, cpu_ns: SECOND };
        let later = Whole { at_ns: SECOND + SECOND / 5, ..last };
        assert!(later.is_at_rest_since(last));
        assert!(Whole { cpu_ns: last.cpu_ns + 3_900_000, ..later }.is_at_rest_since(last));
        assert!(!Whole { cpu_ns: last.cpu_ns + 4_100_000, ..later }.is_at_rest_since(last));
        assert!(!Whole { rss_bytes: last.rss_bytes + 1_000_000, ..later }.is_at_rest_since(last));
        assert!(!Whole { rss_bytes: last.rss_bytes - 1_000_000, ..later }.is_at_rest_since(last));
        // Two readings at one moment tell nothing.
        assert!(!Whole { cpu_ns: last.cpu_ns + 1, ..last }.is_at_rest_since(last));
    }

    #[tokio::test]
    async fn a_stamp_is_told_with_the_next_sample() {
        let process = Running::working();
        let (stamps, _sampler) = sampler(&process);
        stamps.push(Event::SaveBegan("file:///a.go".into()));
        let begin = Instant::now();
        timeout(PATIENCE, stamps.rung()).await.unwrap();
        assert!(begin.elapsed() < Duration::from_nanos(BUNDLE_NS), "{:?}", begin.elapsed());
    }

    #[tokio::test]
    async fn the_end_of_the_process_is_told_at_once_and_once() {
        let process = Running::resting();
        let (stamps, sampler) = sampler(&process);
        drop(process);
        timeout(PATIENCE, stamps.rung()).await.unwrap();
        assert!(sampler.take().ended);
        assert!(!sampler.take().ended);
    }

    #[test]
    fn while_the_loop_reads_the_thread_does_not() {
        let process = Running::working();
        let (_stamps, sampler) = sampler(&process);
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
