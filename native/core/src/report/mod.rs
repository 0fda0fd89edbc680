//! A report for somebody else: what goes into it, without what is nobody else's business.

mod growth;
mod names;
mod profile;
mod redactor;
mod spelling;
#[cfg(test)]
mod tests;

pub use growth::{GrowthPace, Pace, growth_pace};
pub use profile::redact_profile;
pub use redactor::{Hidden, Redactor, Replaced, Strictness};
