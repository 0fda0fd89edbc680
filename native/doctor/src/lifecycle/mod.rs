//! Which gopls runs, how it was started, and what a log tells of its starts and ends.

mod facts;
mod findings;
#[cfg(test)]
mod tests;

pub use facts::{FoundBy, Lifecycle, LogLife, LogStep, NextStart, Server, ServerRole};
pub use findings::findings;
