//! A report for somebody else: what goes into it, without what is nobody else's business.

mod facts;
mod figures;
mod growth;
mod incident;
mod learned;
mod names;
mod page;
mod profile;
mod redactor;
mod spans;
mod spelling;
#[cfg(test)]
mod tests;
mod texts;

pub use facts::{
    AboutEditor, GoplsFacts, MachineFacts, ReportFacts, ReportFile, ReportFileKind, ReportPreview,
    ReportRequest, WorkspaceFacts,
};
pub use growth::{GrowthPace, Pace, growth_pace};
pub use incident::{moment, redact_incident};
pub use learned::LearnedModules;
pub use page::{Functions, PLACE, PackedHeap, ReportPage, fill_page, pack_heap};
pub use profile::redact_profile;
pub use redactor::{Hidden, Redactor, Replaced, Strictness};
pub use spans::redact_spans;
pub use texts::{ISSUE_ROWS, Told, issue, readme, verdict};
