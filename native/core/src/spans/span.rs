//! A span: a piece of gopls's work, from its beginning to its end.

use std::sync::Arc;

use crate::model::{Bytes, Ns};

/// Everything that one message has set off, directly or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(pub u128);

/// A span within a gopls. Never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId(pub u64);

/// A span that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// What it belongs to.
    pub trace: TraceId,
    /// Itself.
    pub id: SpanId,
    /// What it is a part of; it may be missing from what was received.
    pub parent: Option<SpanId>,
    /// `textDocument/hover`, `cache.ParseGoSrc`, …
    pub name: Arc<str>,
    /// From, on the watcher's clock; 0 for one that began before the watcher did.
    pub begin_ns: Ns,
    /// To, on the watcher's clock; never before `begin_ns`.
    pub end_ns: Ns,
    /// What it is about: a file, a package, the verb of a `go` command. As gopls says it, so it may be a path.
    pub subject: Option<Box<str>>,
    /// The message, when it is one.
    pub rpc: Option<Rpc>,
}

/// A message between the editor and gopls, as a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rpc {
    /// From the editor to gopls; else the other way.
    pub incoming: bool,
    /// Its id as gopls prints it (`#12`); a notification has none.
    pub id: Option<Box<str>>,
}

impl Span {
    /// How long it took.
    pub fn duration_ns(&self) -> Ns {
        self.end_ns - self.begin_ns
    }

    /// Whether any of it lies in `from_ns` to `to_ns`.
    pub fn overlaps(&self, from_ns: Ns, to_ns: Ns) -> bool {
        self.begin_ns < to_ns && self.end_ns > from_ns
    }

    /// Whether it is a message from the editor.
    pub fn is_incoming(&self) -> bool {
        self.rpc.as_ref().is_some_and(|rpc| rpc.incoming)
    }

    /// What it takes in memory. The name is shared and not counted.
    pub fn size_bytes(&self) -> Bytes {
        let text = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        let id = self.rpc.as_ref().map_or(0, |rpc| text(&rpc.id));
        (size_of::<Self>() + text(&self.subject) + id) as Bytes
    }
}
