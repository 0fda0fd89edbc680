//! What waits and memory were over weeks: in figures small enough to be kept for a year, and read in one glance.
//!
//! `buckets.rs` durations as counts, `tally.rs` what a watcher has seen since it was last kept, `rows.rs` what is kept,
//! `query.rs` what is wanted of it, `view.rs` what it comes to, `changes.rs` before and after an upgrade.

mod buckets;
mod changes;
mod query;
mod rows;
mod tally;
#[cfg(test)]
mod tests;
mod view;

pub use buckets::Buckets;
pub use changes::{ChangedPart, HistoryChange, HistorySide};
pub use query::{HistoryQuery, HistoryQueryError};
pub use rows::{HOUR_MS, Hour, MemoryRow, Rows, Setup, StallRow, WaitsRow};
pub use tally::{MemoryTally, Tally};
pub use view::{HistoryDay, HistoryView, MethodHistory, WorkspaceDay, WorkspaceHistory};
