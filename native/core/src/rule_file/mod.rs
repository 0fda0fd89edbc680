//! The door for rule files: data of ours, or of the user's, that decides what is told. Every complaint names the place.

mod fields;
mod texts;

pub use fields::{Fields, RuleError, problem, text};
pub use texts::{ENGLISH, Reference, Texts, id, is_id, reference, texts};
