//! All IO: processes, debug server, captures on disk, the event loop of the watcher.

pub mod debug;
pub mod process;
pub mod store;
