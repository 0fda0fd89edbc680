//! Pure analysis for Stallscope: no clock, no files, no sockets, no threads.
//!
//! Time enters as numbers ([`model::Ns`]: nanoseconds since the watcher's own origin), data as plain
//! values, so every rule in here is tested without sleeping.

pub mod apart;
pub mod engine;
pub mod experiment;
pub mod gc;
pub mod goroutines;
mod growth;
pub mod heap;
pub mod history;
pub mod html;
pub mod limits;
pub mod log;
pub mod lsp;
pub mod machine;
pub mod memory;
pub mod metrics;
mod midnights;
pub mod model;
pub mod patterns;
pub mod report;
pub mod rule_file;
pub mod servers;
pub mod spans;
pub mod trace;
pub mod verify;
pub mod wait;
