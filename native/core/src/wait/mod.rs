//! What a wait was made of.

mod phase;

pub use phase::{Phase, PhaseSlice, PhaseSource};
