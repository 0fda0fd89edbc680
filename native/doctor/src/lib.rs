//! The doctor: what is wrong with settings, environment, workspace and cache, where, and how to mend it.
//!
//! Pure like `stallscope-core`: what is on the disk and what `go` and gopls say comes in as data (the facts of each area),
//! findings go out. What they say to people is data too: one file per area below `rules/`, see [`texts`].

pub mod cache;
pub mod environment;
mod finding;
pub mod folklore;
pub mod gomod;
pub mod lifecycle;
pub mod lines;
mod place;
mod report;
mod request;
mod sarif;
pub mod settings;
pub mod texts;
pub mod workspace;

pub use finding::{Confidence, Finding, Fix, Severity};
pub use place::{FileEdit, Place, Position, Range, Scope};
pub use report::{NotExamined, Page, Report, ToldFinding, ToldFix};
pub use request::Request;
pub use sarif::sarif;
