//! Garbage collection: what it cost gopls during a wait, and what its settings could change.
//!
//! Three sources, each for what it can tell. The page `/memory` gives the heap and what was allocated, and no cycles; heap
//! profiles change with each cycle, so they give a lower bound of these; a CPU profile gives the share of CPU time that the
//! collector took. Exact counts of cycles and pauses are only in the text form of the heap (`heap?debug=1`), which is too
//! large to be asked for while somebody waits.

mod advice;
mod change;
mod counters;
mod cpu;
mod facts;
mod measured;
mod settings;

pub use advice::{
    GcEffect, GcMachine, GcOperator, GcStep, GcSuggestion, GcSuggestionKind, GcTerm, GcView, gc_view,
};
pub use change::{ChangedSetting, SuggestedChange};
pub use counters::GcCounters;
pub use cpu::GcCpu;
pub use facts::{CyclesSeen, GcBefore, GcBeside, GcFacts, GcInterval, GcReading};
pub use measured::GcMeasured;
pub use settings::{GcSettings, byte_count};
