//! What is to be fetched from the debug server: one page at a time, heaps first.

use std::collections::VecDeque;

use stallscope_core::engine::StallKey;
use stallscope_core::model::CaptureKind;
use tokio::task::AbortHandle;

/// A page that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Evidence of a stall, or on request.
    Capture { key: StallKey, number: u32, kind: CaptureKind },
    /// A calm heap, to compare others with.
    Baseline,
}

impl Wanted {
    fn is_heap(self) -> bool {
        matches!(self, Self::Capture { kind: CaptureKind::Heap, .. })
    }
}

/// Tells one fetch from another, also of the same page.
pub(super) type Ticket = u64;

struct Running {
    ticket: Ticket,
    wanted: Wanted,
    task: AbortHandle,
}

/// One at a time, heaps first.
#[derive(Default)]
pub(super) struct Queue {
    waiting: VecDeque<Wanted>,
    running: Option<Running>,
    tickets: Ticket,
}

impl Queue {
    pub fn push(&mut self, wanted: Wanted) {
        let place = if wanted.is_heap() {
            self.waiting.iter().take_while(|before| before.is_heap()).count()
        } else {
            self.waiting.len()
        };
        self.waiting.insert(place, wanted);
    }

    /// The next one, with the ticket of its fetch; none while another is under way.
    pub fn next(&mut self) -> Option<(Ticket, Wanted)> {
        if self.running.is_some() {
            return None;
        }
        self.tickets += 1;
        Some((self.tickets, self.waiting.pop_front()?))
    }

    pub fn started(&mut self, ticket: Ticket, wanted: Wanted, task: AbortHandle) {
        self.running = Some(Running { ticket, wanted, task });
    }

    /// The fetch with this ticket has ended. False when it had been given up before: nobody waits for its result.
    pub fn ended(&mut self, ticket: Ticket) -> bool {
        self.running.take_if(|running| running.ticket == ticket).is_some()
    }

    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// A heap waits while goroutines or memory statistics are being fetched: those are given up and asked for again
    /// after it. What has just ended is left alone: its result is there, and only still to be taken.
    pub fn make_way_for_heap(&mut self) {
        let in_the_way = |running: &mut Running| !running.wanted.is_heap() && !running.task.is_finished();
        if self.waiting.front().is_some_and(|first| first.is_heap())
            && let Some(light) = self.running.take_if(in_the_way)
        {
            light.task.abort();
            self.waiting.push_back(light.wanted);
        }
    }

    /// Whatever is captured of a stall matters more than a baseline. True when one was given up, waiting or under way.
    pub fn drop_baseline(&mut self) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|wanted| *wanted != Wanted::Baseline);
        let running = self.running.take_if(|running| running.wanted == Wanted::Baseline);
        if let Some(baseline) = &running {
            baseline.task.abort();
        }
        running.is_some() || self.waiting.len() < before
    }

    /// Whether evidence waits.
    pub fn evidence_waits(&self) -> bool {
        self.waiting.iter().any(|wanted| *wanted != Wanted::Baseline)
    }

    /// Gives up what is under way.
    pub fn abort(&mut self) {
        if let Some(running) = self.running.take() {
            running.task.abort();
        }
    }

    /// Takes out everything that waits.
    pub fn drain(&mut self) -> Vec<Wanted> {
        self.waiting.drain(..).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const HEAP: Wanted = Wanted::Capture { key: 1, number: 1, kind: CaptureKind::Heap };
    const LATER_HEAP: Wanted = Wanted::Capture { key: 1, number: 4, kind: CaptureKind::Heap };
    const GOROUTINES: Wanted = Wanted::Capture { key: 1, number: 2, kind: CaptureKind::Goroutines };
    const MEMORY: Wanted = Wanted::Capture { key: 1, number: 3, kind: CaptureKind::Memory };

    fn queue(wanted: &[Wanted]) -> Queue {
        let mut queue = Queue::default();
        wanted.iter().for_each(|wanted| queue.push(*wanted));
        queue
    }

    /// Starts the next one as a task that never ends by itself.
    fn start(queue: &mut Queue) -> (Ticket, Wanted, tokio::task::JoinHandle<()>) {
        let (ticket, wanted) = queue.next().unwrap();
        let task = tokio::spawn(std::future::pending());
        queue.started(ticket, wanted, task.abort_handle());
        (ticket, wanted, task)
    }

    #[test]
    fn heaps_first_in_the_order_in_which_they_were_asked_for() {
        let mut queue = queue(&[GOROUTINES, HEAP, MEMORY, LATER_HEAP]);
        let order: Vec<_> = std::iter::from_fn(|| queue.next()).map(|(_, wanted)| wanted).collect();
        assert_eq!(order, [HEAP, LATER_HEAP, GOROUTINES, MEMORY]);
    }

    #[tokio::test]
    async fn one_at_a_time_and_light_evidence_makes_way() {
        let mut queue = queue(&[GOROUTINES, MEMORY]);
        let (given_up, _, task) = start(&mut queue);
        assert_eq!(queue.next(), None);
        queue.push(HEAP);
        queue.make_way_for_heap();
        assert!(task.await.unwrap_err().is_cancelled());
        let (heap, wanted, _) = start(&mut queue);
        assert_eq!(wanted, HEAP);
        assert!(!queue.ended(given_up), "its result, should there be one, does not end the heap");
        assert!(queue.is_running());
        assert!(queue.ended(heap));
        let rest: Vec<_> = std::iter::from_fn(|| queue.next()).map(|(_, wanted)| wanted).collect();
        assert_eq!(rest, [MEMORY, GOROUTINES]);
    }

    #[tokio::test]
    async fn what_has_finished_is_not_given_up_but_its_result_awaited() {
        let mut queue = queue(&[GOROUTINES]);
        let (ticket, wanted) = queue.next().unwrap();
        let task = tokio::spawn(async {});
        queue.started(ticket, wanted, task.abort_handle());
        while !task.is_finished() {
            tokio::task::yield_now().await;
        }
        queue.push(HEAP);
        queue.make_way_for_heap();
        assert_eq!(queue.next(), None, "the heap waits for the moment until the result is taken");
        assert!(queue.ended(ticket));
        assert_eq!(queue.next().map(|(_, wanted)| wanted), Some(HEAP));
        assert_eq!(queue.next(), None, "the goroutines are not asked for again");
    }

    #[tokio::test]
    async fn a_baseline_under_way_or_waiting_is_dropped() {
        let mut queue = queue(&[Wanted::Baseline]);
        let (ticket, _, task) = start(&mut queue);
        assert!(!queue.evidence_waits());
        queue.push(GOROUTINES);
        assert!(queue.evidence_waits());
        assert!(queue.drop_baseline());
        assert!(task.await.unwrap_err().is_cancelled());
        assert!(!queue.ended(ticket));
        assert_eq!(start(&mut queue).1, GOROUTINES);
        queue.push(Wanted::Baseline);
        assert!(queue.drop_baseline());
        assert!(!queue.drop_baseline());
    }

    #[tokio::test]
    async fn a_baseline_of_a_gopls_that_is_gone_is_not_taken_for_the_next_one() {
        let mut queue = queue(&[Wanted::Baseline]);
        let (ticket, wanted) = queue.next().unwrap();
        let task = tokio::spawn(async {});
        queue.started(ticket, wanted, task.abort_handle());
        task.await.unwrap();
        assert!(queue.drop_baseline());
        assert!(!queue.ended(ticket), "its result came too late");
    }
}
