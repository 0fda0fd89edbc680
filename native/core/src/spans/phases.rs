//! What a request's wait was made of, by gopls's spans: every nanosecond of it has one phase.

use super::critical_path::{Stretch, critical_path};
use super::meaning::{IN_BATCHES, IN_LOADS, LOAD, Meaning, meaning};
use super::span::{Span, TraceId};
use crate::model::Ns;
use crate::wait::{Phase, PhaseSlice, PhaseSource};

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
/// up to it; two that follow each other differ. What lies outside the request's span is unknown to gopls.
///
/// `spans` are all of the time of the request, of whatever message: a request also waits for what others do.
pub fn phases_of(spans: &[&Span], request: &Span, begin_ns: Ns, end_ns: Ns) -> Vec<PhaseSlice> {
    let own: Vec<_> = spans.iter().copied().filter(|span| span.trace == request.trace).collect();
    let others = Others::new(spans, request);
    let mut line = Line { from_ns: begin_ns, to_ns: end_ns, slices: Vec::new() };
    line.add(Phase::Unknown, begin_ns, request.begin_ns);
    for Stretch { span, begin_ns, end_ns } in critical_path(request, &own) {
        match meaning(&span.name) {
            Meaning::Is(phase) => line.add(phase, begin_ns, end_ns),
            Meaning::Queued => line.add_over(Phase::Queued, &others.handlers, begin_ns, end_ns),
            Meaning::Serving => line.add_over(Phase::Other, &others.loads, begin_ns, end_ns),
            Meaning::Batch => line.add_over(Phase::TypeChecking, &others.batches, begin_ns, end_ns),
        }
    }
    line.add(Phase::Unknown, request.end_ns, end_ns);
    line.slices
}

/// What other messages' trees do meanwhile, as far as a request may be waiting for it; each in order of precedence.
struct Others {
    /// In the messages that hold the queue: those before the request that load the workspace.
    handlers: Vec<(Phase, Times)>,
    /// In loads of any message.
    loads: Vec<(Phase, Times)>,
    /// In their batches of type checking.
    batches: Vec<(Phase, Times)>,
}

impl Others {
    fn new(spans: &[&Span], request: &Span) -> Self {
        let near =
            |span: &&&Span| span.trace != request.trace && span.overlaps(request.begin_ns, request.end_ns);
        let others: Vec<&Span> = spans.iter().filter(near).copied().collect();
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
        // What another batch waits for is what ours waits for, too, where the two share a package.
        let batches = others.iter().filter(|span| meaning(&span.name) == Meaning::Batch);
        let paths: Vec<_> = batches.flat_map(|batch| batch_path(batch, &others)).collect();
        let on_paths = |phase| {
            let ours = paths.iter().filter(|stretch| of(stretch.span) == Some(phase));
            Times::union(ours.map(|stretch| (stretch.begin_ns, stretch.end_ns)))
        };
        Self {
            handlers: IN_LOADS.map(|phase| (phase, within(&holding, phase))).into(),
            loads: IN_LOADS.map(|phase| (phase, within(&loading, phase))).into(),
            batches: IN_BATCHES.map(|phase| (phase, on_paths(phase))).into(),
        }
    }
}

/// What a batch of another message waited for, while it checked or imported packages: from the first of them on. What it
/// did before, to find out which packages it needs, is not shared.
fn batch_path<'a>(batch: &'a Span, spans: &[&'a Span]) -> Vec<Stretch<'a>> {
    // What began before it is no part of it, whatever its own whole was.
    let of_it = |span: &&Span| span.trace == batch.trace && span.begin_ns >= batch.begin_ns;
    let tree: Vec<_> = spans.iter().copied().filter(of_it).collect();
    let is_check =
        |span: &&&Span| matches!(meaning(&span.name), Meaning::Is(phase) if IN_BATCHES[1..].contains(&phase));
    let within = |span: &&&Span| span.overlaps(batch.begin_ns, batch.end_ns);
    let Some(from_ns) = tree.iter().filter(is_check).filter(within).map(|span| span.begin_ns).min() else {
        return Vec::new();
    };
    let path = critical_path(batch, &tree);
    path.into_iter().filter(|stretch| stretch.begin_ns >= from_ns).collect()
}

/// Stretches of time, in order and apart from each other.
struct Times(Vec<(Ns, Ns)>);

impl Times {
    fn union(times: impl Iterator<Item = (Ns, Ns)>) -> Self {
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

    /// The one that `at_ns` lies in or before.
    fn next(&self, at_ns: Ns) -> Option<(Ns, Ns)> {
        let index = self.0.partition_point(|(_, to)| *to <= at_ns);
        self.0.get(index).copied()
    }
}

/// The slices so far, within the wait.
struct Line {
    from_ns: Ns,
    to_ns: Ns,
    slices: Vec<PhaseSlice>,
}

impl Line {
    fn add(&mut self, phase: Phase, begin_ns: Ns, end_ns: Ns) {
        let (begin_ns, end_ns) = (begin_ns.max(self.from_ns), end_ns.min(self.to_ns));
        if begin_ns >= end_ns {
            return;
        }
        match self.slices.last_mut() {
            Some(last) if last.phase == phase => last.end_ns = end_ns,
            _ => self.slices.push(PhaseSlice { phase, begin_ns, end_ns, source: PhaseSource::Spans }),
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
