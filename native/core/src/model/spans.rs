//! How the receiver of gopls's own spans stands.

use serde::{Deserialize, Serialize};

use super::Ns;

/// Whether gopls's spans come, and what has come of them in this window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct SpansView {
    /// How they reach this window.
    pub state: SpansState,
    /// The port gopls posts to; absent while it is not asked for.
    pub port: Option<u16>,
    /// Spans of this window's gopls that were taken in.
    pub received: u64,
    /// Of those, how many had to make room for later ones.
    pub dropped: u64,
    /// Spans that were none, or more than a body may have.
    pub refused: u64,
    /// Bodies that were not taken: not from a gopls of one of this user's windows, too large, no spans, or too many.
    pub bodies_refused: u64,
    /// When the last ones came; absent before the first.
    pub last_ns: Option<Ns>,
}

/// How gopls's spans reach this window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SpansState {
    /// Nobody asked for them.
    Off,
    /// The port is about to be opened, or another window is about to be found behind it.
    Starting,
    /// This window has the port, and passes on what belongs to others.
    Here,
    /// Another window has the port and passes on what is ours.
    Relayed,
    /// Something else has the port, so that nothing comes.
    Taken {
        /// What was tried and how it failed.
        why: String,
    },
}

impl Default for SpansView {
    fn default() -> Self {
        Self {
            state: SpansState::Off,
            port: None,
            received: 0,
            dropped: 0,
            refused: 0,
            bodies_refused: 0,
            last_ns: None,
        }
    }
}
