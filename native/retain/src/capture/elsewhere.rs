//! Other systems, where the memory of another process cannot be read without the user's leave for each case.

use std::convert::Infallible;

use super::refusal::Refusal;
use super::{CaptureError, Facts, Request, Step};
use crate::analysis;
use crate::stop::Stop;

/// A copy of a heap; there is none here.
pub struct Captured {
    /// What was done to the program for it.
    pub facts: Facts,
    never: Infallible,
}

/// An analysed heap that can be asked about; there is none here.
pub struct Session {
    /// What was done to the program for it.
    pub facts: Facts,
    /// What is alive.
    pub counts: analysis::Counts,
    never: Infallible,
}

impl Captured {
    /// Never called.
    pub fn analyse(self, _: &Stop, _: &dyn Fn(Step)) -> Result<Session, CaptureError> {
        match self.never {}
    }
}

impl Session {
    /// Never called.
    pub fn ask(&self, _: &str, _: &Stop) -> Result<String, CaptureError> {
        match self.never {}
    }

    /// Never called.
    pub fn start_time(&self) -> u64 {
        match self.never {}
    }

    /// Never called.
    pub fn packages(&self, _: &Stop) -> Result<String, CaptureError> {
        match self.never {}
    }

    /// Never called.
    pub fn kill(&self) {
        match self.never {}
    }
}

/// Whether heaps can be read on this system at all: no.
pub fn supported() -> Result<(), Refusal> {
    Err(Refusal::NotLinux { system: std::env::consts::OS.to_owned() })
}

/// Refused.
pub fn capture(_: &Request, _: &Stop, _: &(dyn Fn(Step) + Sync)) -> Result<Captured, CaptureError> {
    supported()?;
    Err(CaptureError::Cancelled)
}

/// Refused.
pub fn open(_: &Request, _: &Stop, _: &(dyn Fn(Step) + Sync)) -> Result<Session, CaptureError> {
    supported()?;
    Err(CaptureError::Cancelled)
}

/// Nothing is known of processes here.
pub fn start_time(_: u32) -> Result<u64, Refusal> {
    Err(Refusal::NotLinux { system: std::env::consts::OS.to_owned() })
}
