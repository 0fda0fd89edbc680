//! Controlled experiments with gopls: the same work done over and over, measured, and two sides held against each other.
//!
//! `scenario.rs` decides what is done and where (`sites.rs` finds the places), `generated.rs` makes a workspace of a stated
//! size, `outcome.rs` is what a run came to, `compare.rs` what two sides of several runs say. What runs it is `stallscope-drive`.

mod check;
mod compare;
mod generated;
mod outcome;
mod page;
mod range;
mod scenario;
mod sites;

pub use check::{Baseline, BaselineError, Checked, ThresholdError, Thresholds, Verdict};
pub use compare::{Comparison, Measured, SideValues};
pub use generated::{GeneratedFile, Shape};
pub use outcome::{
    Durations, Experiment, Failed, LoadOutcome, Machine, Measure, MemoryOutcome, RunOutcome, Side,
    StepOutcome, Used, Workspace,
};
pub use page::{failed, page, what_was_done};
pub use range::OutOfRange;
pub use scenario::{Candidate, Plan, Scenario, Step, StepKind, plan, shortlist};
