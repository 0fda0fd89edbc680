//! What is to be fetched from the debug server: one page at a time, heaps first, and what somebody is curious about after
//! the evidence of a stall. Beside it at most one recording: gopls only waits until its time is over, so it holds up
//! nothing, and to give it up for a stall would lose what it was often started for.

use std::collections::VecDeque;
use std::sync::Arc;

use stallscope_core::engine::{StallKey, Urgency};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// A page that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Evidence of a stall, or on request.
    Capture { key: StallKey, number: u32, urgency: Urgency },
    /// A calm heap, to compare others with.
    Baseline,
}

impl Wanted {
    /// The smaller goes first; a baseline last.
    fn rank(self) -> (bool, Urgency) {
        match self {
            Self::Capture { urgency, .. } => (false, urgency),
            Self::Baseline => (true, Urgency::Recording),
        }
    }

    fn is_recording(self) -> bool {
        matches!(self, Self::Capture { urgency: Urgency::Recording, .. })
    }
}

/// Tells one fetch from another, also of the same page.
pub(super) type Ticket = u64;

/// A fetch under way, and how it is ended.
pub(super) struct Task {
    /// At once, leaving nothing behind.
    pub abort: AbortHandle,
    /// By its own hand, which keeps what has come.
    pub cancel: Arc<Notify>,
}

struct Running {
    ticket: Ticket,
    wanted: Wanted,
    task: Task,
}

/// One at a time, and one recording.
#[derive(Default)]
pub(super) struct Queue {
    waiting: VecDeque<Wanted>,
    recordings: VecDeque<Wanted>,
    running: Option<Running>,
    recording: Option<Running>,
    tickets: Ticket,
}

impl Queue {
    pub fn push(&mut self, wanted: Wanted) {
        if wanted.is_recording() {
            self.recordings.push_back(wanted);
            return;
        }
        let place = self.waiting.iter().take_while(|before| before.rank() <= wanted.rank()).count();
        self.waiting.insert(place, wanted);
    }

    /// The next one, with the ticket of its fetch; none while another is under way that it would have to wait for.
    pub fn next(&mut self) -> Option<(Ticket, Wanted)> {
        let page = if self.running.is_none() { self.waiting.pop_front() } else { None };
        let free = self.recording.is_none();
        let wanted = page.or_else(|| if free { self.recordings.pop_front() } else { None })?;
        self.tickets += 1;
        Some((self.tickets, wanted))
    }

    pub fn started(&mut self, ticket: Ticket, wanted: Wanted, task: Task) {
        let place = if wanted.is_recording() { &mut self.recording } else { &mut self.running };
        *place = Some(Running { ticket, wanted, task });
    }

    /// The fetch with this ticket has ended. False when it had been given up before: nobody waits for its result.
    pub fn ended(&mut self, ticket: Ticket) -> bool {
        [&mut self.running, &mut self.recording]
            .into_iter()
            .any(|place| place.take_if(|running| running.ticket == ticket).is_some())
    }

    /// Whether gopls is being asked for a page, or will be at once; a recording does not count.
    pub fn is_fetching(&self) -> bool {
        self.running.is_some() || !self.waiting.is_empty()
    }

    pub fn is_running(&self) -> bool {
        self.running.is_some() || self.recording.is_some()
    }

    /// What is under way gives way to what is more urgent, and is asked for again after it: light evidence to a heap,
    /// what somebody is curious about to any evidence. What has just ended is left alone: its result is there, and only
    /// still to be taken.
    pub fn make_way(&mut self) {
        let Some(first) = self.waiting.front().map(|first| first.rank()) else { return };
        let in_the_way =
            |running: &mut Running| running.wanted.rank() > first && !running.task.abort.is_finished();
        if let Some(less_urgent) = self.running.take_if(in_the_way) {
            less_urgent.task.abort.abort();
            self.push(less_urgent.wanted);
        }
    }

    /// Whatever is captured of a stall matters more than a baseline. True when one was given up, waiting or under way.
    pub fn drop_baseline(&mut self) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|wanted| *wanted != Wanted::Baseline);
        let running = self.running.take_if(|running| running.wanted == Wanted::Baseline);
        if let Some(baseline) = &running {
            baseline.task.abort.abort();
        }
        running.is_some() || self.waiting.len() < before
    }

    /// Whether evidence waits.
    pub fn evidence_waits(&self) -> bool {
        self.waiting.iter().any(|wanted| *wanted != Wanted::Baseline)
    }

    /// Ends a capture that nobody wants any more. True when it had not begun; otherwise its fetch ends by itself, with
    /// what has come.
    pub fn cancel(&mut self, key: StallKey, number: u32) -> bool {
        let is_it = |wanted: &Wanted| matches!(*wanted, Wanted::Capture { key: k, number: n, .. } if (k, n) == (key, number));
        for running in [&self.running, &self.recording].into_iter().flatten() {
            if is_it(&running.wanted) {
                running.task.cancel.notify_one();
            }
        }
        let before = self.waiting.len() + self.recordings.len();
        self.waiting.retain(|wanted| !is_it(wanted));
        self.recordings.retain(|wanted| !is_it(wanted));
        self.waiting.len() + self.recordings.len() < before
    }

    /// Gives up what is under way.
    pub fn abort(&mut self) {
        for running in [self.running.take(), self.recording.take()].into_iter().flatten() {
            running.task.abort.abort();
        }
    }

    /// Takes out everything that waits.
    pub fn drain(&mut self) -> Vec<Wanted> {
        self.waiting.drain(..).chain(self.recordings.drain(..)).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const fn capture(number: u32, urgency: Urgency) -> Wanted {
        Wanted::Capture { key: 1, number, urgency }
    }

    const HEAP: Wanted = capture(1, Urgency::Heap);
    const LATER_HEAP: Wanted = capture(4, Urgency::Heap);
    const GOROUTINES: Wanted = capture(2, Urgency::Light);
    const MEMORY: Wanted = capture(3, Urgency::Light);
    const TEXT: Wanted = capture(5, Urgency::OnRequest);
    const CPU: Wanted = capture(6, Urgency::Recording);
    const DELTA: Wanted = capture(7, Urgency::Recording);

    fn queue(wanted: &[Wanted]) -> Queue {
        let mut queue = Queue::default();
        wanted.iter().for_each(|wanted| queue.push(*wanted));
        queue
    }

    /// Starts the next one as a task that never ends by itself.
    fn start(queue: &mut Queue) -> (Ticket, Wanted, tokio::task::JoinHandle<()>) {
        let (ticket, wanted) = queue.next().unwrap();
        let task = tokio::spawn(std::future::pending());
        queue.started(ticket, wanted, handle(&task));
        (ticket, wanted, task)
    }

    fn handle(task: &tokio::task::JoinHandle<()>) -> Task {
        Task { abort: task.abort_handle(), cancel: Arc::default() }
    }

    #[test]
    fn heaps_first_in_the_order_in_which_they_were_asked_for() {
        let mut queue = queue(&[TEXT, GOROUTINES, HEAP, MEMORY, LATER_HEAP]);
        let order: Vec<_> = std::iter::from_fn(|| queue.next()).map(|(_, wanted)| wanted).collect();
        assert_eq!(order, [HEAP, LATER_HEAP, GOROUTINES, MEMORY, TEXT]);
    }

    #[tokio::test]
    async fn one_at_a_time_and_light_evidence_makes_way() {
        let mut queue = queue(&[GOROUTINES, MEMORY]);
        let (given_up, _, task) = start(&mut queue);
        assert_eq!(queue.next(), None);
        queue.push(HEAP);
        queue.make_way();
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
    async fn what_is_on_request_makes_way_for_any_evidence_and_comes_after_it() {
        let mut queue = queue(&[TEXT]);
        let (_, _, task) = start(&mut queue);
        queue.push(GOROUTINES);
        queue.make_way();
        assert!(task.await.unwrap_err().is_cancelled());
        let rest: Vec<_> = std::iter::from_fn(|| queue.next()).map(|(_, wanted)| wanted).collect();
        assert_eq!(rest, [GOROUTINES, TEXT]);
    }

    #[tokio::test]
    async fn a_recording_holds_up_nothing_and_is_not_given_up() {
        let mut queue = queue(&[CPU, DELTA]);
        let (cpu, wanted, recording) = start(&mut queue);
        assert_eq!(wanted, CPU);
        assert_eq!(queue.next(), None, "one recording at a time");
        assert!(!queue.evidence_waits(), "a baseline need not be given up for it");
        queue.push(HEAP);
        queue.make_way();
        let (heap, wanted, _) = start(&mut queue);
        assert_eq!(wanted, HEAP);
        assert!(!recording.is_finished());
        assert!(queue.ended(heap));
        assert!(queue.is_running(), "the recording");
        assert!(queue.ended(cpu));
        assert_eq!(queue.next().map(|(_, wanted)| wanted), Some(DELTA));
    }

    #[tokio::test]
    async fn what_is_cancelled_before_it_has_begun_is_taken_out_and_what_has_is_told() {
        let mut queue = queue(&[CPU, TEXT, DELTA]);
        let (_, wanted, _task) = start(&mut queue);
        assert_eq!(wanted, TEXT);
        let (ticket, wanted) = queue.next().unwrap();
        let task = tokio::spawn(std::future::pending::<()>());
        let (abort, cancel) = (task.abort_handle(), Arc::new(Notify::new()));
        queue.started(ticket, wanted, Task { abort, cancel: Arc::clone(&cancel) });
        assert!(queue.cancel(1, 7), "the delta was still waiting");
        assert!(!queue.cancel(1, 6));
        cancel.notified().await;
        assert!(queue.ended(ticket), "its fetch ends by itself");
        assert_eq!(queue.next(), None);
    }

    #[tokio::test]
    async fn what_has_finished_is_not_given_up_but_its_result_awaited() {
        let mut queue = queue(&[GOROUTINES]);
        let (ticket, wanted) = queue.next().unwrap();
        let task = tokio::spawn(async {});
        queue.started(ticket, wanted, handle(&task));
        while !task.is_finished() {
            tokio::task::yield_now().await;
        }
        queue.push(HEAP);
        queue.make_way();
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
        queue.started(ticket, wanted, handle(&task));
        task.await.unwrap();
        assert!(queue.drop_baseline());
        assert!(!queue.ended(ticket), "its result came too late");
    }
}
