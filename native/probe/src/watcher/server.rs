//! The debug server as the loop uses it: one connection for polling, kept open.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use stallscope_core::engine::requests::Counters;
use stallscope_core::metrics::Trust;
use stallscope_core::model::{DebugServer, LatencySource};

use crate::debug::{self, DebugClient};

/// A server that was verified to be this gopls's.
pub(super) struct Server {
    pub address: SocketAddr,
    pub debug: DebugServer,
    version: Option<String>,
    client: DebugClient,
}

/// One reading of the counters.
pub(super) struct Reading {
    pub counters: Counters,
    /// What this page can tell of ends; `None` while nothing has ended that would show it.
    pub source: Option<LatencySource>,
    pub sent: Instant,
    pub received: Instant,
    pub bytes: u64,
}

/// Looks for the server of `pid`. `Err` is one that is there and does not answer as it should.
pub(super) async fn discover(
    pid: u32,
    version: Option<String>,
    log_dirs: Vec<PathBuf>,
) -> Result<Option<Server>, DebugServer> {
    let found = debug::discover(pid, &log_dirs).await;
    match (found.client(), found.address) {
        (Some(client), Some(address)) => {
            let version = version.or_else(|| found.info.and_then(|info| info.version));
            Ok(Some(Server { address, debug: found.server, version, client }))
        }
        _ if matches!(found.server, DebugServer::Failing { .. }) => Err(found.server),
        _ => Ok(None),
    }
}

impl Server {
    /// Reads the counters once.
    pub async fn read(&mut self) -> (Duration, Result<Reading, String>) {
        let (fetch, metrics) = self.client.metrics(self.version.as_deref()).await;
        let open = fetch.open_for();
        let result = match (fetch.outcome, metrics, fetch.sent) {
            (Ok(()), Some(metrics), Some(sent)) => Ok(Reading {
                counters: metrics.counters(),
                source: match metrics.trust {
                    Trust::Completions => Some(LatencySource::Counters),
                    Trust::Replies => Some(LatencySource::Replies),
                    Trust::Undecided => None,
                },
                sent,
                received: fetch.done,
                bytes: fetch.bytes,
            }),
            (Err(error), ..) => Err(error.to_string()),
            _ => Err("the page is empty".to_owned()),
        };
        (open, result)
    }
}
