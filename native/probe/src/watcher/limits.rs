//! Limits that several watchers of one process have in common: what one has captured counts for all of them at once.
//!
//! Watchers of different processes learn of each other through the file in their storage, at their next capture.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stallscope_core::limits::Limits;

/// See the module's text. Each clone is the same.
#[derive(Debug, Clone, Default)]
pub struct SharedLimits(Arc<Mutex<Taken>>);

/// What was taken.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub limits: Limits,
    /// Counts the changes, so that nobody joins what it knows.
    pub changes: u64,
}

impl SharedLimits {
    /// Whoever holds this decides alone: nothing is allowed twice.
    pub(super) fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
