//! What the editor was seen to do, kept until the loop takes it.
//!
//! Stamps come from the JavaScript thread while the editor asks gopls the same thing, so they must cost next to
//! nothing: waking the loop for each would take longer than a quick answer. Nothing that a stamp begins is urgent before
//! the wait gets long, so whoever reads gopls's memory next rings for it. Only a gopls at rest is read so seldom that
//! the first stamp rings by itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use stallscope_core::engine::Event;
use stallscope_core::model::Ns;
use tokio::sync::Notify;

use crate::clock::Clock;

/// More are waiting only when the loop has ended or hangs: then nobody needs them.
const MOST_WAITING: usize = 1_000;

/// Stamps in the order of time, and the bell that wakes the loop.
#[derive(Debug)]
pub(crate) struct Stamps {
    clock: Clock,
    waiting: Mutex<Vec<(Ns, Event)>>,
    urgent: AtomicBool,
    at_rest: AtomicBool,
    bell: Notify,
}

impl Stamps {
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            waiting: Mutex::new(Vec::new()),
            urgent: AtomicBool::new(false),
            at_rest: AtomicBool::new(false),
            bell: Notify::new(),
        }
    }

    /// Whether a stamp cannot wait for the next sample.
    pub fn set_urgent(&self, urgent: bool) {
        self.urgent.store(urgent, Ordering::Relaxed);
    }

    /// Whether the next sample is long in coming.
    pub fn set_at_rest(&self, at_rest: bool) {
        self.at_rest.store(at_rest, Ordering::Relaxed);
    }

    /// Adds what happens right now.
    pub fn push(&self, event: Event) {
        {
            let mut waiting = self.waiting();
            if waiting.len() < MOST_WAITING {
                // The time is taken under the lock, which makes the order of the list that of time.
                waiting.push((self.clock.now_ns(), event));
            }
        }
        // Each stamp, or the first after a rest: what it began ends the rest.
        if self.urgent.load(Ordering::Relaxed) || self.at_rest.swap(false, Ordering::Relaxed) {
            self.ring();
        }
    }

    pub fn are_waiting(&self) -> bool {
        !self.waiting().is_empty()
    }

    pub fn take(&self) -> Vec<(Ns, Event)> {
        std::mem::take(&mut *self.waiting())
    }

    /// Wakes the loop.
    pub fn ring(&self) {
        self.bell.notify_one();
    }

    /// Returns once it was rung for, even if that was before.
    pub async fn rung(&self) {
        self.bell.notified().await;
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<(Ns, Event)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    async fn rings(stamps: &Stamps) -> bool {
        timeout(Duration::from_millis(20), stamps.rung()).await.is_ok()
    }

    #[tokio::test]
    async fn a_stamp_wakes_nobody_unless_it_is_urgent() {
        let stamps = Stamps::new(Clock::start());
        stamps.push(Event::SaveBegan("file:///a.go".into()));
        assert!(!rings(&stamps).await);
        stamps.set_urgent(true);
        stamps.push(Event::SaveEnded("file:///a.go".into()));
        assert!(rings(&stamps).await);
        let taken = stamps.take();
        assert!(
            matches!(&taken[..], [(began, Event::SaveBegan(_)), (ended, Event::SaveEnded(_))] if began <= ended)
        );
        assert!(!stamps.are_waiting());
    }

    #[test]
    fn a_loop_that_has_ended_is_not_waited_for_with_more_and_more_memory() {
        let stamps = Stamps::new(Clock::start());
        for _ in 0..3 * MOST_WAITING {
            stamps.push(Event::Tick);
        }
        assert_eq!(stamps.take().len(), MOST_WAITING);
    }
}
