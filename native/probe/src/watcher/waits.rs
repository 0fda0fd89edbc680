//! Goroutine profiles while somebody waits, as the engine asks for them: what is gopls doing for this request?

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use stallscope_core::engine::Event;
use stallscope_core::model::Bytes;
use stallscope_core::wait::{WaitRules, WaitSample};
use tokio::task::{AbortHandle, spawn_blocking};

use super::run::{Done, Loop};
use crate::clock::Clock;
use crate::debug::{DebugClient, Endpoint, Limits};

/// gopls is left alone for this many times as long as the last answer took: it has better things to do.
const REST: u32 = 4;
/// 5 to 10 kB were seen; inflated and in memory some hundred kB.
const LIMITS: Limits = Limits { max_bytes: 1 << 20, ..Limits::POLL };
const MOST_INFLATED_BYTES: u64 = 32 << 20;

/// What the loop keeps of them.
pub(super) struct WaitSampling {
    /// Not before.
    due: Instant,
    /// The connection between two of them.
    client: Option<DebugClient>,
    running: Option<AbortHandle>,
    /// How many there were.
    count: u32,
}

/// What came of one.
pub(super) struct WaitSampleResult {
    client: DebugClient,
    sample: Option<WaitSample>,
    bytes: Bytes,
    open: Duration,
}

impl WaitSampling {
    pub fn new(now: Instant) -> Self {
        Self { due: now, client: None, running: None, count: 0 }
    }

    /// From half of an interval to one and a half, each time another, one by the mean. What always comes at the same ages of a wait
    /// would always see the same of what is over quickly, however many waits there are.
    fn uneven(&mut self, interval: Duration) -> Duration {
        /// Multiples of the golden ratio, less what is whole of them, lie evenly, and the next one far from the last.
        const GOLDEN: f64 = 0.618_033_988_749_895;
        self.count = self.count.wrapping_add(1);
        interval.mul_f64(0.5 + (f64::from(self.count) * GOLDEN).fract())
    }
}

impl Loop {
    /// Takes one when it is due, and gopls is not being asked for evidence: one question at a time.
    pub fn sample_waits(&mut self, now: Instant) {
        let Some(interval_ns) = self.engine.wait_sample_interval_ns(self.clock.now_ns()) else { return };
        let Some((gopls, address)) = self.gopls.as_ref().zip(self.captures_address) else { return };
        if now < self.waits.due || self.waits.running.is_some() || self.captures.is_fetching() {
            return;
        }
        self.waits.due = now + self.waits.uneven(Duration::from_nanos(interval_ns));
        let (pid, clock) = (gopls.identity.pid, self.clock);
        let client = self.waits.client.take().filter(|client| client.address() == address);
        let client = client.unwrap_or_else(|| DebugClient::trusting(address));
        self.waits.running =
            Some(self.tasks.spawn(async move {
                Done::WaitSampled { pid, result: Box::new(fetch(client, clock).await) }
            }));
    }

    pub fn wait_sampled(&mut self, pid: u32, result: WaitSampleResult) {
        let WaitSampleResult { client, sample, bytes, open } = result;
        self.waits.running = None;
        self.add_cost(bytes, open);
        if self.gopls.as_ref().is_none_or(|gopls| gopls.identity.pid != pid) {
            return;
        }
        self.waits.client = Some(client);
        self.waits.due = self.waits.due.max(Instant::now() + open * REST);
        if let Some(sample) = sample {
            self.feed(Event::WaitSampled(Box::new(sample)));
        }
    }

    /// Evidence of a stall is wanted, or gopls is gone.
    pub fn give_up_wait_sample(&mut self) {
        if let Some(running) = self.waits.running.take_if(|running| !running.is_finished()) {
            running.abort();
        }
    }
}

async fn fetch(mut client: DebugClient, clock: Clock) -> WaitSampleResult {
    let (fetch, page) = client.page(Endpoint::GoroutineProfile, &LIMITS).await;
    let (bytes, open) = (fetch.bytes, fetch.open_for());
    // gopls takes the profile and then begins to answer.
    let taken = fetch.first_byte.filter(|_| fetch.outcome.is_ok()).map(|first_byte| clock.at(first_byte));
    let sample = match taken {
        Some(at_ns) => spawn_blocking(move || read(&page, at_ns)).await.ok().flatten(),
        None => None,
    };
    WaitSampleResult { client, sample, bytes, open }
}

/// `None` when it is no goroutine profile.
fn read(page: &[u8], at_ns: u64) -> Option<WaitSample> {
    let limits = stallscope_pprof::Limits {
        inflated_bytes: MOST_INFLATED_BYTES,
        ..stallscope_pprof::Limits::default()
    };
    // Outside input, as in `evidence.rs`: its panic would end the watching.
    catch_unwind(AssertUnwindSafe(|| {
        let profile = stallscope_pprof::decode(page, &limits).ok()?;
        Some(WaitSample::read(&profile, at_ns, WaitRules::embedded()))
    }))
    .ok()
    .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_come_at_uneven_times_that_are_right_by_the_mean() {
        let mut waits = WaitSampling::new(Instant::now());
        let ms: Vec<_> = (0..100).map(|_| waits.uneven(Duration::from_millis(200)).as_millis()).collect();
        assert!(ms.iter().all(|ms| (100..300).contains(ms)), "{ms:?}");
        let sum: u128 = ms.iter().sum();
        assert!((19_800..20_200).contains(&sum), "{ms:?}");
        for from in (100..300).step_by(20) {
            assert!(ms.iter().any(|ms| (from..from + 20).contains(ms)), "none at {from} of {ms:?}");
        }
    }
}
