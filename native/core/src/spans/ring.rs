//! The latest spans of one gopls, within bounds.

use std::collections::VecDeque;

use super::span::Span;
use crate::model::{Bytes, Ns};

/// So many are kept at most: four loads of a large workspace (13,000 each).
pub const MOST_SPANS: usize = 50_000;
/// And so much memory is taken at most.
pub const MOST_BYTES: Bytes = 24 << 20;

/// The latest spans, in the order in which they came. The oldest make room, and are counted.
#[derive(Debug, Default)]
pub struct SpanRing {
    spans: VecDeque<Span>,
    bytes: Bytes,
    received: u64,
    dropped: u64,
    /// The latest end of those that made room.
    lost_until_ns: Ns,
}

impl SpanRing {
    /// Takes spans in.
    pub fn add(&mut self, spans: impl IntoIterator<Item = Span>) {
        for span in spans {
            self.received += 1;
            self.bytes += span.size_bytes();
            self.spans.push_back(span);
            while self.spans.len() > MOST_SPANS || self.bytes > MOST_BYTES {
                let Some(oldest) = self.spans.pop_front() else { break };
                self.bytes -= oldest.size_bytes();
                self.dropped += 1;
                self.lost_until_ns = self.lost_until_ns.max(oldest.end_ns);
            }
        }
    }

    /// All that are there.
    pub fn iter(&self) -> impl Iterator<Item = &Span> {
        self.spans.iter()
    }

    /// Those of which any lies in `from_ns` to `to_ns`, oldest end first as far as they came so.
    pub fn window(&self, from_ns: Ns, to_ns: Ns) -> impl Iterator<Item = &Span> {
        self.spans.iter().filter(move |span| span.overlaps(from_ns, to_ns))
    }

    /// How many have come.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// How many had to make room.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Whether spans that ended after `from_ns` had to make room, so that a window from there is not whole.
    pub fn is_cut(&self, from_ns: Ns) -> bool {
        self.lost_until_ns > from_ns
    }
}
