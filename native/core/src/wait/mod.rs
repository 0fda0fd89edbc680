//! What a wait was made of.
//!
//! Two ways lead to it. gopls's own spans are exact, where it writes them. Without them goroutine profiles are taken while
//! somebody waits: each shows what every message waits for at its moment (`sample.rs`, by the rules of
//! `rules/wait-phases.json`), and together they give each phase its part of the wait (`breakdown.rs`).

mod behind;
mod breakdown;
mod causes;
mod days;
mod packages;
mod phase;
mod rules;
mod sample;
mod shares;
mod summary;

pub(crate) use behind::Behind;
pub use behind::QueuedBehind;
pub(crate) use breakdown::sampling_error;
pub use breakdown::{PhaseShare, WaitBreakdown, WaitLog};
pub use causes::{Cause, CauseConfidence, CauseKind, SlowAfter, Waited, causes, held_up_ns, taken_late_ns};
pub use days::{GoplsChange, MidnightsError, WaitDay, WaitDays, WaitDaysQuery};
pub use packages::{PackageShare, PackageWork};
pub use phase::{Phase, PhaseSlice, PhaseSource};
pub use rules::{WaitRules, WaitRulesError};
pub use sample::{Queue, Serving, WaitSample};
pub use shares::Shares;
pub use summary::{CauseSum, MethodSum, StallSummary, WaitSum};
