//! Which part of gopls the memory of a profile is of: a part that a user can understand, named by rules over Go symbols.
//!
//! `rules/subsystems.json` holds the rules, `docs/subsystems.md` explains them. A heap profile says where memory was
//! *allocated*; so does a subsystem. Who still refers to it, no profile can tell.

mod assign;
mod icicle;
mod rules;
mod table;

#[cfg(test)]
mod tests;

pub(super) use assign::{Assignment, Tally};
pub use rules::{BALLAST, RulesError, SubsystemRules, UNASSIGNED};
pub use table::{SubsystemQuery, SubsystemRow, SubsystemTable};
