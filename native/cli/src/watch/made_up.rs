//! Made-up gopls for the tests of lines and view.

use std::collections::BTreeMap;

use stallscope_core::model::{DebugServer, InFlight, LatencySource, MB, SECOND, TimingSource};
use stallscope_core::servers::{Owner, OwnerKind, Server, ServerRole};
use stallscope_probe::servers::{ServerNow, Totals};

pub fn server(pid: u32, owner: &str, folder: &str) -> Server {
    Server {
        pid,
        started_unix_ms: f64::from(pid),
        exe: "/bin/gopls".into(),
        version: Some("v0.23.0".into()),
        role: ServerRole::Server,
        owner: Owner { kind: OwnerKind::Editor, name: owner.into(), pid: 1, within: None },
        folder: Some(folder.into()),
        environment: BTreeMap::new(),
        clients: Vec::new(),
    }
}

pub fn calm(server: Server, rss_mb: u64) -> ServerNow {
    ServerNow {
        server,
        rss_bytes: rss_mb * MB,
        cpu_share: 0.0,
        uptime_ns: 3_600 * SECOND * 3,
        debug: DebugServer::On { address: "127.0.0.1:4711".into(), loopback_only: true },
        source: LatencySource::Counters,
        in_flight: Vec::new(),
        stall: None,
        loading: false,
    }
}

pub fn waiting(mut now: ServerNow, age_ns: u64) -> ServerNow {
    now.cpu_share = 1.5;
    now.in_flight = vec![InFlight {
        method: "textDocument/hover".into(),
        age_ns,
        interactive: true,
        source: TimingSource::Counters,
        phase: None,
    }];
    now
}

pub fn silent(mut now: ServerNow) -> ServerNow {
    now.debug = DebugServer::Off;
    now.source = LatencySource::None;
    now
}

pub fn rows() -> Vec<ServerNow> {
    vec![
        calm(server(101, "Neovim", "/src/tools"), 400),
        waiting(calm(server(102, "Claude Code", "/src/kubernetes"), 1_500), 3_400_000_000),
        silent(calm(server(103, "Helix", "/home/somebody/projects/a/very/long/way/to/the/module"), 700)),
    ]
}

pub fn totals(rows: &[ServerNow]) -> Totals {
    Totals {
        servers: rows.len(),
        rss_bytes: rows.iter().map(|now| now.rss_bytes).sum(),
        cpu_share: 1.5,
        forwarders: 2,
        forwarders_rss_bytes: 74 * MB,
        memory_bytes: Some(26_000 * MB),
    }
}
