//! What a request's wait was made of, by gopls's spans: every nanosecond of it has one phase.

use super::critical_path::Stretch;
use super::meaning::{IN_BATCHES, IN_LOADS, LOAD, Meaning, meaning};
use super::queue::{Fronts, Queued};
use super::span::{Span, TraceId};
use super::walk::Walk;
use crate::model::Ns;
use crate::wait::{Behind, Phase, PhaseSlice, PhaseSource, QueuedBehind};

/// The span of a request: the message of this method from the editor that lies best on `begin_ns` to `end_ns`.
pub fn request_span<'a>(
    spans: impl IntoIterator<Item = &'a Span>,
    method: &str,
    begin_ns: Ns,
    end_ns: Ns,
) -> Option<&'a Span> {
    let distance =
        |span: &Span| span.begin_ns.abs_diff(begin_ns).saturating_add(span.end_ns.abs_diff(end_ns));
    spans
        .into_iter()
        .filter(|span| span.is_incoming() && &*span.name == method && span.overlaps(begin_ns, end_ns))
        .min_by_key(|span| distance(span))
}

/// What the wait for `request` from `begin_ns` to `end_ns` was made of. The slices follow each other without a gap and add
/// up to it; two that follow each other differ. Before the request's span it was on its way; what lies
/// behind it is unknown to gopls. Beside them the messages it stood behind, with what those were at.
pub fn phases_of(walk: &Walk<'_>, begin_ns: Ns, end_ns: Ns) -> (Vec<PhaseSlice>, Vec<QueuedBehind>) {
    let Walk { request, path, .. } = walk;
    let others = Others::new(walk);
    let queued = path.iter().filter(|stretch| meaning(&stretch.span.name) == Meaning::Queued);
    let fronts = Fronts::of(walk, &others, queued.map(|part| (part.begin_ns, part.end_ns)));
    let (mut line, mut behind) = (Line::new(begin_ns, end_ns), Behind::default());
    line.add(Phase::Dispatch, begin_ns, request.begin_ns);
    for Stretch { span, begin_ns, end_ns } in path.iter().copied() {
        match meaning(&span.name) {
            Meaning::Queued => {
                for part in fronts.cut(begin_ns, end_ns) {
                    line.add_queued(&part, &others);
                    if let Some((method, phase)) = part.front {
                        behind.add(method, [(phase, line.within(part.begin_ns, part.end_ns))], 0);
                    }
                }
            }
            served => line.add_served(served, &others, begin_ns, end_ns),
        }
    }
    line.add(Phase::Unknown, request.end_ns, end_ns);
    (line.slices, behind.finish())
}

/// What other messages' trees do meanwhile, as far as a request may be waiting for it; each in order of precedence.
pub(super) struct Others {
    /// In the messages that hold the queue: those before the request that load the workspace.
    handlers: Vec<(Phase, Times)>,
    /// In loads of any message.
    loads: Vec<(Phase, Times)>,
    /// In their batches of type checking.
    batches: Vec<(Phase, Times)>,
}

impl Others {
    fn new(walk: &Walk<'_>) -> Self {
        let Walk { request, others, .. } = walk;
        let of = |span: &Span| match meaning(&span.name) {
            Meaning::Is(phase) => Some(phase),
            _ => None,
        };
        // A handler holds the queue until it is done; what it has set off for later goes on after its end.
        let holding: Vec<_> = others
            .iter()
            .filter(|span| span.is_incoming() && span.begin_ns <= request.begin_ns)
            .map(|span| (span.trace, span.begin_ns, span.end_ns))
            .collect();
        // Of what it does only its loads are what those behind it wait for; for the rest they are queued.
        let is_load = |span: &&&Span| matches!(of(span), Some(Phase::AwaitingLoad | Phase::Metadata));
        let holding: Vec<_> = others
            .iter()
            .filter(is_load)
            .flat_map(|load| {
                let holding = holding.iter().filter(|(trace, ..)| *trace == load.trace);
                holding
                    .map(|(trace, from, to)| (*trace, load.begin_ns.max(*from), load.end_ns.min(*to)))
                    .collect::<Vec<_>>()
            })
            .filter(|(_, from, to)| from < to)
            .collect();
        let loading: Vec<_> = others
            .iter()
            .filter(|span| &*span.name == LOAD)
            .map(|span| (span.trace, span.begin_ns, span.end_ns))
            .collect();
        let within = |frames: &[(TraceId, Ns, Ns)], phase| {
            let ours = others.iter().filter(|span| of(span) == Some(phase));
            Times::union(ours.flat_map(|span| {
                let frames = frames.iter().filter(|(trace, ..)| *trace == span.trace);
                frames
                    .map(|(_, from, to)| (span.begin_ns.max(*from), span.end_ns.min(*to)))
                    .collect::<Vec<_>>()
            }))
        };
        let on_paths = |phase| {
            let ours = walk.shared.iter().filter(|stretch| of(stretch.span) == Some(phase));
            Times::union(ours.map(|stretch| (stretch.begin_ns, stretch.end_ns)))
        };
        Self {
            handlers: IN_LOADS.map(|phase| (phase, within(&holding, phase))).into(),
            loads: IN_LOADS.map(|phase| (phase, within(&loading, phase))).into(),
            batches: IN_BATCHES.map(|phase| (phase, on_paths(phase))).into(),
        }
    }
}

/// Stretches of time, in order and apart from each other.
pub(super) struct Times(Vec<(Ns, Ns)>);

impl Times {
    pub fn union(times: impl Iterator<Item = (Ns, Ns)>) -> Self {
        let mut all: Vec<_> = times.filter(|(from, to)| from < to).collect();
        all.sort_unstable();
        let mut union: Vec<(Ns, Ns)> = Vec::new();
        for (from, to) in all {
            match union.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => union.push((from, to)),
            }
        }
        Self(union)
    }

    /// All of them together.
    pub fn total_ns(&self) -> Ns {
        self.0.iter().map(|(from, to)| to - from).sum()
    }

    /// The one that `at_ns` lies in or before.
    fn next(&self, at_ns: Ns) -> Option<(Ns, Ns)> {
        let index = self.0.partition_point(|(_, to)| *to <= at_ns);
        self.0.get(index).copied()
    }
}

/// The slices so far, within the wait.
pub(super) struct Line {
    from_ns: Ns,
    to_ns: Ns,
    pub slices: Vec<PhaseSlice>,
    /// What is queued now stands behind a message that is at this.
    front: Option<Phase>,
}

impl Line {
    pub fn new(from_ns: Ns, to_ns: Ns) -> Self {
        Self { from_ns, to_ns, slices: Vec::new(), front: None }
    }

    /// What of some time lies in the wait.
    fn within(&self, begin_ns: Ns, end_ns: Ns) -> Ns {
        end_ns.min(self.to_ns).saturating_sub(begin_ns.max(self.from_ns))
    }

    fn add(&mut self, phase: Phase, begin_ns: Ns, end_ns: Ns) {
        let (begin_ns, end_ns) = (begin_ns.max(self.from_ns), end_ns.min(self.to_ns));
        if begin_ns >= end_ns {
            return;
        }
        let front = self.front.filter(|_| phase == Phase::Queued);
        match self.slices.last_mut() {
            Some(last) if (last.phase, last.front, last.end_ns) == (phase, front, begin_ns) => {
                last.end_ns = end_ns;
            }
            _ => {
                self.slices.push(PhaseSlice { phase, begin_ns, end_ns, source: PhaseSource::Spans, front });
            }
        }
    }

    /// Time in the queue: what a load in front of it does counts for more.
    fn add_queued(&mut self, part: &Queued<'_>, others: &Others) {
        self.front = part.front.map(|(_, phase)| phase);
        self.add_over(Phase::Queued, &others.handlers, part.begin_ns, part.end_ns);
        self.front = None;
    }

    /// Time in which a message is served.
    pub fn add_served(&mut self, meaning: Meaning, others: &Others, begin_ns: Ns, end_ns: Ns) {
        match meaning {
            Meaning::Is(phase) => self.add(phase, begin_ns, end_ns),
            Meaning::Queued => self.add(Phase::Queued, begin_ns, end_ns),
            Meaning::Serving => self.add_over(Phase::Other, &others.loads, begin_ns, end_ns),
            Meaning::Batch => self.add_over(Phase::TypeChecking, &others.batches, begin_ns, end_ns),
        }
    }

    /// `phase`, except where one of the others was going on: the first of them that was.
    fn add_over(&mut self, phase: Phase, others: &[(Phase, Times)], begin_ns: Ns, end_ns: Ns) {
        let mut at_ns = begin_ns;
        while at_ns < end_ns {
            // Until something begins that counts for more, or the one that counts now ends.
            let (mut now, mut until_ns) = (phase, end_ns);
            for (other, times) in others {
                let Some((from, to)) = times.next(at_ns) else { continue };
                if from <= at_ns {
                    (now, until_ns) = (*other, until_ns.min(to));
                    break;
                }
                until_ns = until_ns.min(from);
            }
            self.add(now, at_ns, until_ns);
            at_ns = until_ns;
        }
    }
}
