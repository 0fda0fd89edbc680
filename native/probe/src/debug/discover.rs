//! Finding the debug server of one gopls, and making sure that it is that one's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use stallscope_core::model::DebugServer;

use super::{DebugClient, DebugError, ServerInfo, logs, sockets};

/// gopls listens on one port for debugging and, as a daemon, on one for editors.
const MAX_CANDIDATES: usize = 8;

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Discovery {
    /// The state, for people.
    pub server: DebugServer,
    /// Where to read it; there is one exactly when `server` is on.
    pub address: Option<SocketAddr>,
    /// What it says about itself; there is one exactly when `server` is on.
    pub info: Option<ServerInfo>,
}

impl Discovery {
    fn off() -> Self {
        Self { server: DebugServer::Off, address: None, info: None }
    }

    /// A client for what was found.
    pub fn client(&self) -> Option<DebugClient> {
        // Not limited to loopback: the socket was seen to belong to gopls on this machine.
        self.address.map(DebugClient::trusting)
    }
}

struct Candidate {
    /// As gopls listens on it.
    listening: SocketAddr,
    /// Whether the socket was seen to belong to the process. Else only the page's pid can tell.
    owned: bool,
}

/// Finds the debug server of process `pid` among its listening sockets, or, where those cannot be listed, by the
/// logs in `log_folders` (`golang.go` beside the extension's own). At most a few requests to `/info`.
pub async fn discover(pid: u32, log_folders: &[PathBuf]) -> Discovery {
    let folders = log_folders.to_vec();
    let mut candidates =
        tokio::task::spawn_blocking(move || candidates(pid, &folders)).await.unwrap_or_default();
    // Loopback first: it is what we would rather use, and report.
    candidates.sort_by_key(|candidate| !candidate.listening.ip().is_loopback());
    let mut failing = None;
    for candidate in candidates.into_iter().take(MAX_CANDIDATES) {
        let address = reachable(candidate.listening);
        let (fetch, info) = DebugClient::trusting(address).info().await;
        match (fetch.outcome, info) {
            (Ok(()), Some(info)) if candidate.owned || info.pid == pid => {
                let loopback_only = candidate.listening.ip().is_loopback();
                return Discovery {
                    server: DebugServer::On { address: address.to_string(), loopback_only },
                    address: Some(address),
                    info: Some(info),
                };
            }
            // Not a debug server: a daemon's port for editors; or another gopls's.
            (Ok(()) | Err(DebugError::NotGopls { .. } | DebugError::HttpStatus(_)), _) => {}
            // A log's old port says nothing about this gopls.
            (Err(_), _) if !candidate.owned => {}
            (Err(error), _) => {
                failing.get_or_insert(DebugServer::Failing {
                    address: address.to_string(),
                    error: error.to_string(),
                });
            }
        }
    }
    match failing {
        Some(server) => Discovery { server, address: None, info: None },
        None => Discovery::off(),
    }
}

fn candidates(pid: u32, log_folders: &[PathBuf]) -> Vec<Candidate> {
    match sockets::listening(pid) {
        Some(owned) => owned.into_iter().map(|listening| Candidate { listening, owned: true }).collect(),
        None => logs::ports(log_folders)
            .into_iter()
            .map(|port| Candidate { listening: (Ipv4Addr::LOCALHOST, port).into(), owned: false })
            .collect(),
    }
}

/// "Any interface" is no address to connect to.
fn reachable(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listening.port())
}
