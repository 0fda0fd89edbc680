//! Message logs of gopls as files: read as they are, followed while they grow, or looked at in the panel.

mod file;
mod open;

pub(crate) use file::title;
pub use file::{LogError, LogFile};
pub use open::OpenLogs;
