//! The way of a request through the spans of its time, walked once: what its wait was made of and which packages it was for
//! are both read off it.

use super::critical_path::{Stretch, critical_path};
use super::meaning::{IN_BATCHES, Meaning, meaning};
use super::span::Span;

/// What a request waited for, and what the other messages did meanwhile.
pub struct Walk<'a> {
    pub(super) request: &'a Span,
    /// Of whatever message.
    pub(super) spans: &'a [&'a Span],
    /// Through the request's own tree.
    pub(super) path: Vec<Stretch<'a>>,
    /// Spans of other messages, of the time of the request.
    pub(super) others: Vec<&'a Span>,
    /// What their batches waited for, in order of time. What another batch waits for is what ours waits for, too, where the
    /// two share a package.
    pub(super) shared: Vec<Stretch<'a>>,
}

impl<'a> Walk<'a> {
    /// `spans` are all of the time of the request, of whatever message: a request also waits for what others do.
    pub fn of(spans: &'a [&'a Span], request: &'a Span) -> Self {
        let own: Vec<_> = spans.iter().copied().filter(|span| span.trace == request.trace).collect();
        let near =
            |span: &&Span| span.trace != request.trace && span.overlaps(request.begin_ns, request.end_ns);
        let others: Vec<_> = spans.iter().copied().filter(near).collect();
        let batches = others.iter().copied().filter(|span| meaning(&span.name) == Meaning::Batch);
        let mut shared: Vec<_> = batches.flat_map(|batch| batch_path(batch, &others)).collect();
        shared.sort_by_key(|stretch| (stretch.begin_ns, stretch.end_ns));
        Self { request, spans, path: critical_path(request, &own), others, shared }
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
