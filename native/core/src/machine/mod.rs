//! The machine while somebody waits: whether gopls got the CPU, the memory and the disk that it asked for.
//!
//! The probe reads files of the kernel now and then during a wait ([`kernel`] is how they are understood) and makes a
//! [`MachineReading`] of them. What two readings differ by, and what several of them come to over a wait, are the
//! [`MachineFacts`] of an incident. A file that is not there leaves its fact unknown; it is never counted as zero.

mod command;
mod facts;
pub mod kernel;
mod log;
mod reading;

pub use command::{is_go, shortened};
pub use facts::{CgroupLimits, GoCommand, MachineFacts, Pressure};
pub(crate) use log::BUSY_COMMAND_SHARE;
pub use log::{MachineLog, Span, Starved};
pub use reading::{CgroupReading, MachineReading, OomKill, OomKillCounts, RunningCommand};
