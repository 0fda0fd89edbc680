//! gopls's debug server: finding it, making sure that it is gopls's, and reading its pages.
//!
//! The other end may be anything that happens to listen on a port: it never answers, or never ends, or speaks
//! another protocol. So every request has deadlines and a byte cap, answers stream out as they come, and what came
//! before a failure is kept and told.

mod client;
mod discover;
mod endpoint;
mod error;
mod info;
mod logs;
pub(crate) mod sockets;
mod tap;

pub use client::{DebugClient, Fetch};
pub use discover::{Discovery, discover};
pub use endpoint::{Endpoint, Limits};
pub use error::{DebugError, Phase};
pub use info::ServerInfo;
