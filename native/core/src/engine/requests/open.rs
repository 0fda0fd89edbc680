//! One request in flight: what is known of its beginning, and what makes us doubt that gopls was asked at all.

use super::super::methods::{self, Role};
use super::window::{Kept, PROMPT_PAGE_NS, is_late};
use crate::model::{MS, Ns, RequestRecord, TimingSource};

/// A stamp is right to within this: the editor asks all providers in the same millisecond.
pub(super) const STAMP_UNCERTAINTY_NS: Ns = 2 * MS;
/// A page asked for this long after a stamp and not showing the request tells that it had not arrived.
pub(super) const DELIVERY_GRACE_NS: Ns = 30 * MS;
/// So many doubts and a stamp is taken for one that gopls was never asked about: one prompt page, or two slow ones.
pub(super) const MOST_DOUBTS: u8 = 2;

/// A request in flight.
#[derive(Debug, Clone)]
pub(super) struct Open {
    pub record: RequestRecord,
    /// gopls has counted it (or it is a save or an echo, whose end we see ourselves).
    pub confirmed: bool,
    /// Pages that should have shown it and did not, see [`MOST_DOUBTS`].
    pub doubts: u8,
    /// When the last of them was answered: the request arrived after that, if at all.
    pub not_before_ns: Option<Ns>,
}

impl Open {
    pub fn new(record: RequestRecord, confirmed: bool) -> Self {
        Self { record, confirmed, doubts: 0, not_before_ns: None }
    }

    pub fn is_denied(&self) -> bool {
        !self.confirmed && self.doubts >= MOST_DOUBTS
    }

    /// A page asked for at `sent_ns` and answered at `received_ns` does not show it.
    pub fn doubt(&mut self, sent_ns: Ns, received_ns: Ns, kept: Option<Kept>) {
        // One that hardly gets a CPU answers a page now and then, and comes to read its messages later.
        if self.record.start_ns + DELIVERY_GRACE_NS <= sent_ns && kept != Some(Kept::Starved) {
            let late = is_late(sent_ns, received_ns);
            self.doubts = self.doubts.saturating_add(if late { 1 } else { MOST_DOUBTS });
        }
        // A page tells of the moment it is answered: what delays it is the waiting for gopls, not the way back.
        if self.record.start_ns + PROMPT_PAGE_NS <= received_ns {
            self.not_before_ns = Some(received_ns);
        }
    }

    /// A page received at `received_ns` shows it.
    pub fn confirm(&mut self, received_ns: Ns) {
        self.confirmed = true;
        if let Some(not_before) = self.not_before_ns {
            self.record.uncertainty_ns += received_ns.saturating_sub(not_before);
        }
    }

    /// When gopls got it, whose own clock starts then; the user's started with the stamp.
    pub fn arrival_ns(&self) -> Ns {
        self.not_before_ns.unwrap_or(self.record.start_ns)
    }
}

/// A request that is in flight from `start_ns` on.
pub(super) fn begun(
    method: &str,
    start_ns: Ns,
    start_source: TimingSource,
    uncertainty_ns: Ns,
    saving: bool,
) -> RequestRecord {
    let interactive = match methods::role(method) {
        Role::Interactive => true,
        Role::SaveStep => saving,
        Role::Background | Role::Ignored => false,
    };
    RequestRecord {
        method: method.to_owned(),
        start_ns,
        end_ns: None,
        duration_ns: None,
        start_source,
        end_source: None,
        uncertainty_ns,
        interactive,
        uri: None,
        line: None,
    }
}

/// It ended; `uncertainty_ns` is added to that of its beginning.
pub(super) fn end(record: &mut RequestRecord, end_ns: Ns, source: TimingSource, uncertainty_ns: Ns) {
    record.end_ns = Some(end_ns.max(record.start_ns));
    record.duration_ns = Some(end_ns.saturating_sub(record.start_ns));
    record.end_source = Some(source);
    record.uncertainty_ns += uncertainty_ns;
}
