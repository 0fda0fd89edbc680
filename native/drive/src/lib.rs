//! Controlled experiments: a gopls of our own is started, driven through a scenario that was decided before
//! (`stallscope_core::experiment`), and watched exactly as the extension watches the one of an editor.
//!
//! - `client/` speaks the Language Server Protocol with one gopls.
//! - `source.rs` is what it works on: a copy of a workspace, or one that is made for it.
//! - `watch.rs` is the watcher beside it.
//! - `run.rs` is one run, `experiment.rs` all of them.
//!
//! Nothing of the user's is changed: saves go into a copy, the cache is a folder of the run's own.

pub mod client;
mod experiment;
mod run;
mod source;
mod watch;

pub use experiment::{Ask, ExperimentError, Progress, SideAsked, perform};
pub use run::Patience;
pub use source::{Asked as SourceAsked, SourceError};
