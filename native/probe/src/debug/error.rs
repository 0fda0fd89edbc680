//! Why a page could not be had.

use std::net::SocketAddr;
use std::time::Duration;

use stallscope_core::model::Bytes;

/// What went wrong with a request to the debug server. What had arrived before is not lost: see [`super::Fetch`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DebugError {
    /// The address is not on this machine.
    #[error("{0} is not a loopback address: a debug server is read on this machine only")]
    NotLoopback(SocketAddr),
    /// Nothing listens there: gopls has ended, or was restarted on another port.
    #[error("nothing listens on {0}: gopls has ended or was restarted")]
    Refused(SocketAddr),
    /// No connection for another reason.
    #[error("no connection to {address}: {reason}")]
    Connect {
        /// Where to.
        address: SocketAddr,
        /// The system's words.
        reason: String,
    },
    /// A deadline has passed.
    #[error("no {phase} within {} ms", .after.as_millis())]
    Timeout {
        /// What was waited for.
        phase: Phase,
        /// The deadline.
        after: Duration,
    },
    /// The answer is larger than allowed; the beginning was kept.
    #[error("the answer is larger than {limit_bytes} bytes; it was cut off there")]
    TooLarge {
        /// The cap.
        limit_bytes: Bytes,
    },
    /// HTTP that cannot be read: damaged, or a head larger than any server's of good will.
    #[error("the head of the answer cannot be read: {0}")]
    BadHead(String),
    /// The other end closed the connection before the answer was whole.
    #[error("the connection was closed after {received_bytes} bytes of the answer")]
    Closed {
        /// Of the body.
        received_bytes: Bytes,
    },
    /// Somebody else answered.
    #[error("this is not gopls's debug server: it says {said:?}")]
    NotGopls {
        /// How the answer begins.
        said: String,
    },
    /// An answer without a page: a redirect is none either, and is not followed.
    #[error("the debug server answered with HTTP status {0}")]
    HttpStatus(u16),
    /// Whoever asked for it does not want it any more.
    #[error("it was cancelled")]
    Cancelled,
    /// What came could not be put where it should go: a full disk.
    #[error("the answer could not be stored: {0}")]
    Sink(String),
}

/// What a request was waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The connection.
    Connect,
    /// The first byte of the answer.
    FirstByte,
    /// The rest of it.
    Body,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connect => "connection",
            Self::FirstByte => "answer",
            Self::Body => "complete answer",
        })
    }
}
