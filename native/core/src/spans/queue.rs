//! What holds the queue: the messages before a request, and what each of them was at while it was served.

use super::critical_path::{Stretch, critical_path};
use super::meaning::{Meaning, meaning};
use super::phases::{Line, Others};
use super::span::Span;
use super::walk::Walk;
use crate::lsp;
use crate::model::Ns;
use crate::wait::{Phase, PhaseSlice};

/// Messages in front that are looked into, those that were there longest: each costs a walk through all spans.
const MOST_FRONTS: usize = 32;

/// A message that is served while others wait behind it.
struct Front<'a> {
    method: &'a str,
    /// What it was at. Where it was queued itself there is a gap.
    slices: Vec<PhaseSlice>,
}

/// The messages in front, those that never let others pass first.
pub(super) struct Fronts<'a>(Vec<Front<'a>>);

/// A part of the time in the queue.
pub(super) struct Queued<'a> {
    /// The message in front and what it was at, where that is known.
    pub front: Option<(&'a str, Phase)>,
    pub begin_ns: Ns,
    pub end_ns: Ns,
}

impl<'a> Fronts<'a> {
    /// Those that came before the request and were served in the parts of its time in which it was queued.
    pub fn of(walk: &Walk<'a>, others: &Others, queued: impl Iterator<Item = (Ns, Ns)>) -> Self {
        let Walk { request, spans, .. } = walk;
        let Some((begin_ns, end_ns)) = queued.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))) else {
            return Self(Vec::new());
        };
        let before = |span: &&&Span| {
            // Names of a protocol, and nothing that somebody else calls a message.
            span.is_incoming()
                && lsp::kind(&span.name).is_some()
                && span.trace != request.trace
                && span.begin_ns <= request.begin_ns
                && span.overlaps(begin_ns, end_ns)
        };
        let mut messages: Vec<&Span> = spans.iter().filter(before).copied().collect();
        let overlap_ns = |span: &Span| span.end_ns.min(end_ns) - span.begin_ns.max(begin_ns);
        messages.sort_by_key(|span| std::cmp::Reverse(overlap_ns(span)));
        messages.truncate(MOST_FRONTS);
        messages.sort_by_key(|span| (lsp::lets_pass(&span.name), span.begin_ns));
        let fronts = messages.into_iter().map(|message| {
            let tree: Vec<_> = spans.iter().copied().filter(|span| span.trace == message.trace).collect();
            let mut line = Line::new(begin_ns, end_ns);
            for Stretch { span, begin_ns, end_ns } in critical_path(message, &tree) {
                match meaning(&span.name) {
                    Meaning::Queued => {}
                    served => line.add_served(served, others, begin_ns, end_ns),
                }
            }
            Front { method: &message.name, slices: line.slices }
        });
        Self(fronts.collect())
    }

    /// A part of the queue, cut where another message comes to be in front, or does something else.
    pub fn cut(&self, begin_ns: Ns, end_ns: Ns) -> Vec<Queued<'a>> {
        let mut parts = Vec::new();
        let mut at_ns = begin_ns;
        while at_ns < end_ns {
            let (mut front, mut until_ns) = (None, end_ns);
            for Front { method, slices } in &self.0 {
                let next = slices.partition_point(|slice| slice.end_ns <= at_ns);
                let Some(slice) = slices.get(next) else { continue };
                if slice.begin_ns <= at_ns {
                    (front, until_ns) = (Some((*method, slice.phase)), until_ns.min(slice.end_ns));
                    break;
                }
                until_ns = until_ns.min(slice.begin_ns);
            }
            parts.push(Queued { front, begin_ns: at_ns, end_ns: until_ns });
            at_ns = until_ns;
        }
        parts
    }
}
