//! Numbers that somebody asks for, and what they may be.

/// A number out of its range.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} must be {least} to {most}, not {value}")]
pub struct OutOfRange {
    name: &'static str,
    least: u64,
    most: u64,
    value: u64,
}

impl OutOfRange {
    /// An error unless the value is in the range, both ends included.
    pub(super) fn unless(name: &'static str, value: u64, least: u64, most: u64) -> Result<(), Self> {
        if (least..=most).contains(&value) { Ok(()) } else { Err(Self { name, least, most, value }) }
    }
}
