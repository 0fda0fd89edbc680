//! gopls's cache on disk: whose each directory is, and what is wrong with the place.

mod answers;
mod facts;
mod findings;
pub mod layout;
mod owner;
#[cfg(test)]
mod tests;
mod window;

pub use answers::{Cleaned, GoCache, Progress, Removed, Skipped};
pub use facts::{Blind, CacheFacts, Content, Directory, Disk, Executable, Kind, Size};
pub use findings::findings;
pub(crate) use findings::megabytes;
pub use owner::{Cache, Owned, Owner};
pub use window::{Doing, Held, Moved, Own, Processes, Removable, Request, View};
