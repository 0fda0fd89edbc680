//! A run of somebody who verifies a fix is recorded beside everything else (`verify`).

use super::Engine;
use crate::model::Ns;
use crate::verify::{Recording, RunFigures};

impl Engine {
    /// Begins to record; what was recorded before is dropped. False when there is no gopls to record.
    pub fn begin_recording(&mut self, now: Ns) -> bool {
        let rss_bytes = self.ring.last().map_or(0, |point| point.rss_bytes);
        let loading = self.loading();
        let gopls = self.gopls.as_ref().map(|gopls| gopls.identity.clone());
        self.recording = gopls.map(|gopls| Recording::begin(gopls, now, rss_bytes, loading));
        self.is_recording()
    }

    /// Whether a run is recorded.
    pub fn is_recording(&self) -> bool {
        self.recording.is_some()
    }

    /// Ends the recording; `None` when there is none.
    pub fn end_recording(&mut self, now: Ns) -> Option<RunFigures> {
        let recording = self.recording.take()?;
        let open_documents = self.gopls.as_ref().and_then(|gopls| gopls.readings.open_documents);
        let (stall_ns, loading) = (self.settings.stall_after_ns(), self.loading());
        let unanswered = self.tracker.in_flight();
        Some(recording.end(now, stall_ns, unanswered, open_documents, loading))
    }

    /// Gives it up.
    pub fn drop_recording(&mut self) {
        self.recording = None;
    }
}
