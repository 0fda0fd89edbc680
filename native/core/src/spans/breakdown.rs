//! The way from the spans of an incident to what its main request was spent on.

use super::packages::packages_of;
use super::{SpanRecord, Walk, phases_of, request_span};
use crate::model::{Ns, RequestRecord};
use crate::wait::WaitBreakdown;

impl SpanRecord {
    /// What a request that has ended was spent on, from `begin` to `end` of its record; `None` when no span of it is there: gopls
    /// had not posted it, or it is a save, which is no message of its own.
    pub fn breakdown(&self, request: &RequestRecord) -> Option<WaitBreakdown> {
        let (begin_ns, end_ns): (Ns, Ns) = (request.start_ns, request.end_ns?);
        let span = request_span(&self.spans, &request.method, begin_ns, end_ns)?;
        let all: Vec<_> = self.spans.iter().collect();
        let walk = Walk::of(&all, span);
        let (slices, queued_behind) = phases_of(&walk, begin_ns, end_ns);
        let packages = packages_of(&walk, begin_ns, end_ns);
        Some(WaitBreakdown { packages, ..WaitBreakdown::of_spans(slices, queued_behind)? })
    }
}
