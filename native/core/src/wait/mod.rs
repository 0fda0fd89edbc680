//! What a wait was made of.
//!
//! Two ways lead to it. gopls's own spans are exact, where it writes them. Without them goroutine profiles are taken while
//! somebody waits: each shows what every message waits for at its moment (`sample.rs`, by the rules of
//! `rules/wait-phases.json`), and together they give each phase its part of the wait (`breakdown.rs`).

mod breakdown;
mod causes;
mod phase;
mod rules;
mod sample;
mod shares;
mod summary;

pub use breakdown::{PhaseShare, QueuedBehind, WaitBreakdown, WaitLog};
pub use causes::{Cause, CauseConfidence, CauseKind, SlowAfter, Waited, causes};
pub use phase::{Phase, PhaseSlice, PhaseSource};
pub use rules::{WaitRules, WaitRulesError};
pub use sample::{Queue, Serving, WaitSample};
pub use shares::Shares;
pub use summary::{CauseSum, MethodSum, StallSummary, WaitSum};
