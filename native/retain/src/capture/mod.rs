//! How the memory of a running program becomes an [`crate::image::Image`], and an answer.
//!
//! A program that sleeps is copied as it sleeps, and stopped for the moment that it takes to see that it has slept on. Any other is
//! stopped for as long as it takes to copy its objects in use that have pointers. It goes on whatever happens to this process meanwhile.
//! The copy lies in a file in memory, sealed; a process of its own analyses it.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
pub mod gate;
#[cfg(target_os = "linux")]
mod linux;
pub mod plan;
pub mod refusal;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::analysis;
use crate::runtime::heap::HeapError;
use crate::stop::Stopped;
use refusal::Refusal;

#[cfg(not(target_os = "linux"))]
pub use elsewhere::{Captured, Session, capture, open, start_time, supported};
#[cfg(target_os = "linux")]
pub use linux::{Captured, Session, capture, helper, open, start_time, supported, watchdog};

/// How long a program may stand still unless something else is asked for.
pub const BOUND: Duration = Duration::from_millis(500);

/// Which program is to be read, and within which limits.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its number.
    pub pid: u32,
    /// When it started, in clock ticks since the machine did: field 22 of `/proc/PID/stat`.
    pub start_time: u64,
    /// How long it may stand still: [`BOUND`].
    pub bound: Duration,
    /// Whether only a program that this process has started, or one of those did, may be read.
    pub must_be_descendant: bool,
    /// How much memory the copy and its analysis may take, if there is a setting for it.
    pub memory_limit_bytes: Option<u64>,
    /// The executable `stallscope-retain`.
    pub helper: PathBuf,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "at", rename_all = "kebab-case")]
pub enum Step {
    /// Whether the program can be read.
    Checking,
    /// How much there is to copy.
    Planning,
    /// Memory for the copy.
    Preparing {
        /// Bytes that are ready.
        done_bytes: u64,
        /// Bytes that will be.
        all_bytes: u64,
    },
    /// The watchdog is ready, and all is done that can be before it is stopped.
    Guarded,
    /// The program was told to stop.
    Stopping,
    /// It stands still.
    Stopped,
    /// All of it was copied; it still stands still.
    Copied,
    /// It goes on.
    WentOn,
    /// The copy is analysed, by the helper.
    Analysing {
        /// What that is at.
        step: analysis::Step,
    },
    /// Questions can be asked.
    Ready,
}

/// What was done to the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// How long it stood still, nanoseconds: from before it was told to stop until after it was told to go on.
    pub pause_ns: u64,
    /// What that was for.
    pub pause: Parts,
    /// Whether it had slept all the time in which it was copied before that, but for what the runtime does to keep house, so that
    /// nothing else had to be copied while it stood still.
    #[serde(default)]
    pub slept: bool,
    /// What came before, while it ran: plan, memory, constants, watchdog, a copy of a program that sleeps.
    pub prepare_ns: u64,
    /// Bytes of the copy.
    pub copied_bytes: u64,
    /// Bytes that could not be read.
    pub unreadable_bytes: u64,
    /// Pieces of the copy.
    pub pieces: u64,
    /// Threads of the program.
    pub threads: u64,
    /// Those of them that computed just then and whose registers could not be read: what nothing else holds is missing.
    pub registers_unread: u64,
    /// Bytes that the copy was expected to have.
    pub planned_bytes: u64,
    /// Bytes that copy and analysis were expected to need together at most.
    pub need_bytes: u64,
}

/// The parts of a pause, nanoseconds, one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// Until all threads stood still.
    pub stop_ns: u64,
    /// The runtime's bookkeeping was copied and read; other threads copied objects already.
    pub notes_ns: u64,
    /// The rest of the objects that were planned.
    pub objects_ns: u64,
    /// Objects that were new, and stacks.
    pub rest_ns: u64,
    /// Until it was told to go on.
    pub end_ns: u64,
}

/// Why there is no session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum CaptureError {
    /// It cannot be done, or not without harm.
    #[error("{refusal}. {}", refusal.remedy())]
    Refused {
        /// Why.
        refusal: Refusal,
    },
    /// Nobody wants it any more.
    #[error("cancelled")]
    Cancelled,
    /// The heap is not as it should be.
    #[error("{error}")]
    Heap {
        /// What is not.
        error: String,
    },
    /// The system did not do what it should.
    #[error("the memory could not be copied: {error}")]
    System {
        /// What it said.
        error: String,
    },
    /// The analysis failed.
    #[error("the copied memory could not be analysed: {error}")]
    Helper {
        /// Why.
        error: String,
    },
}

impl From<Refusal> for CaptureError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused { refusal }
    }
}

impl From<Stopped> for CaptureError {
    fn from(_: Stopped) -> Self {
        Self::Cancelled
    }
}

impl From<HeapError> for CaptureError {
    fn from(error: HeapError) -> Self {
        Self::Heap { error: error.to_string() }
    }
}

impl From<std::io::Error> for CaptureError {
    fn from(error: std::io::Error) -> Self {
        Self::System { error: error.to_string() }
    }
}
