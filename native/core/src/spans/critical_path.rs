//! Which span of a request's tree it waited for, from moment to moment.

use std::collections::{HashMap, HashSet};

use super::span::{Span, SpanId};
use crate::model::Ns;

/// A part of a request's time, and the innermost span on its critical path then.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stretch<'a> {
    pub span: &'a Span,
    pub begin_ns: Ns,
    pub end_ns: Ns,
}

/// The way through the tree below `root`, from its beginning to its end without a gap.
///
/// It is walked backwards. What a span was waiting for at a moment is the part of it that was running then and ended last:
/// a span that fans out goes on when the last of its parts is done. Before that part began, it is the part that then was
/// running and ended last, and so on; where none was running, it is the span itself.
pub(super) fn critical_path<'a>(root: &'a Span, tree: &[&'a Span]) -> Vec<Stretch<'a>> {
    let mut parts = parts_of(root, tree);
    let mut path = Vec::new();
    // Not recursive: the depth of the tree is the sender's.
    let mut open = vec![Open::new(root, root.begin_ns, root.end_ns, &mut parts)];
    while let Some(top) = open.last_mut() {
        let (span, from_ns) = (top.span, top.from_ns);
        let next = std::iter::from_fn(|| top.parts.pop())
            // One that began later than this moment was running beside the path.
            .find(|part| part.begin_ns < top.cursor_ns && part.end_ns > from_ns);
        match next {
            Some(part) => {
                let (begin_ns, end_ns) = (part.begin_ns.max(from_ns), part.end_ns.min(top.cursor_ns));
                push(&mut path, span, end_ns, top.cursor_ns);
                top.cursor_ns = begin_ns;
                open.push(Open::new(part, begin_ns, end_ns, &mut parts));
            }
            None => {
                push(&mut path, span, from_ns, top.cursor_ns);
                open.pop();
            }
        }
    }
    path.reverse();
    path
}

/// A span on the way, walked from `cursor_ns` back to `from_ns`.
struct Open<'a> {
    span: &'a Span,
    from_ns: Ns,
    cursor_ns: Ns,
    /// The one that ended last is the last.
    parts: Vec<&'a Span>,
}

impl<'a> Open<'a> {
    fn new(span: &'a Span, from_ns: Ns, cursor_ns: Ns, parts: &mut Parts<'a>) -> Self {
        let mut parts = parts.remove(&span.id).unwrap_or_default();
        parts.sort_by_key(|part| (part.end_ns, part.begin_ns));
        Self { span, from_ns, cursor_ns, parts }
    }
}

type Parts<'a> = HashMap<SpanId, Vec<&'a Span>>;

/// The parts of each span. One whose whole was not received is a part of the root; one that is no part of anything is not.
fn parts_of<'a>(root: &Span, tree: &[&'a Span]) -> Parts<'a> {
    let mut known: HashSet<SpanId> = HashSet::new();
    // An id that comes twice is the sender's mistake; the first counts. The root is no part of anything.
    let others: Vec<_> = tree.iter().filter(|span| span.id != root.id && known.insert(span.id)).collect();
    let mut parts: Parts<'a> = HashMap::new();
    for span in others {
        let Some(parent) = span.parent else { continue };
        let whole = if known.contains(&parent) { parent } else { root.id };
        parts.entry(whole).or_default().push(span);
    }
    parts
}

fn push<'a>(path: &mut Vec<Stretch<'a>>, span: &'a Span, begin_ns: Ns, end_ns: Ns) {
    if begin_ns < end_ns {
        path.push(Stretch { span, begin_ns, end_ns });
    }
}
