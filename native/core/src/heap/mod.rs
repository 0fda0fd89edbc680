//! Heap profiles: tables by function and by part of gopls, flame trees, the difference of two profiles.
//!
//! Everything here gives the numbers `go tool pprof` gives for the same file; a test runs the real tool.
//! [`HeapIndex`] is built once per profile and answers all later questions quickly.

mod ballast;
mod classes;
mod diff;
mod flame;
mod index;
pub(crate) mod names;
mod nodes;
pub(crate) mod pattern;
mod prune;
mod query;
mod rows;
mod scale;
mod sites;
mod stacks;
mod subsystem;
mod table;

#[cfg(test)]
mod tests;

pub use diff::{DiffChange, DiffPage, DiffQuery, DiffRow, diff};
pub use flame::{FlameDirection, FlameNode, FlameNodeKind, FlameQuery, FlameTree, flame_diff};
pub use index::{HeapError, HeapIndex, SampleType};
pub use query::{HeapPage, HeapQuery, HeapRow, HeapSort};
pub use rows::DiffBy;
pub use sites::{AllocationSite, AllocationSites};
pub use stacks::{FunctionNames, HeldBy, LargeObjects, Space, StackFilter};
pub use subsystem::{
    BALLAST, RulesError, SubsystemQuery, SubsystemRow, SubsystemRules, SubsystemTable, UNASSIGNED,
};
