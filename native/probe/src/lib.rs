//! All IO: processes, debug server, captures on disk, the event loop of the watcher.

pub mod cache;
pub mod clock;
pub mod debug;
pub mod doctor;
mod evidence;
pub mod executables;
mod file_system;
pub mod history;
pub mod log;
mod machine;
pub mod patterns;
pub mod process;
pub mod reader;
pub mod report;
pub mod servers;
pub mod spans;
pub mod store;
pub mod trace;
pub mod verify;
pub mod watcher;

/// The words of a caught panic.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "unknown panic".to_owned())
}
