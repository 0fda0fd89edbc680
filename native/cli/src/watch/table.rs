//! The table of all gopls: its columns, its order, and what it looks like without a terminal.

use std::cmp::Reverse;

use stallscope_core::servers::ServerRole;
use stallscope_probe::servers::{ServerNow, Totals};

use super::show;

/// By what the table is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Rss,
    Cpu,
    Wait,
    Owner,
    Age,
}

impl Order {
    const ALL: [Self; 5] = [Self::Rss, Self::Cpu, Self::Wait, Self::Owner, Self::Age];

    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|order| *order == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Rss => "RSS",
            Self::Cpu => "CPU",
            Self::Wait => "wait",
            Self::Owner => "editor",
            Self::Age => "age",
        }
    }

    /// The largest first, names by the alphabet; the oldest before the younger where that is the same.
    pub fn sort(self, rows: &mut [ServerNow]) {
        rows.sort_by_key(|now| (now.server.started_unix_ms as u64, now.server.pid));
        match self {
            Self::Rss => rows.sort_by_key(|now| Reverse(now.rss_bytes)),
            Self::Cpu => rows.sort_by_key(|now| Reverse((now.cpu_share * 1e3) as u64)),
            Self::Wait => rows.sort_by_key(|now| Reverse(now.in_flight.first().map(|r| r.age_ns))),
            Self::Owner => rows.sort_by_key(|now| owner(now).to_lowercase()),
            Self::Age => {}
        }
    }
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Pid,
    Owner,
    Folder,
    Version,
    Uptime,
    Rss,
    Cpu,
    InFlight,
    State,
    Debug,
}

impl Column {
    /// Those that fit. The folder takes what the others leave.
    pub fn that_fit(width: u16) -> Vec<Self> {
        use Column::{Cpu, Debug, Folder, InFlight, Owner, Pid, Rss, State, Uptime, Version};
        match width {
            110.. => vec![Pid, Owner, Folder, Version, Uptime, Rss, Cpu, InFlight, State, Debug],
            70.. => vec![Pid, Owner, Folder, Rss, Cpu, InFlight, State, Debug],
            50.. => vec![Pid, Owner, Folder, Rss, Cpu, State],
            _ => vec![Pid, Owner, Rss, State],
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Pid => "pid",
            Self::Owner => "editor",
            Self::Folder => "folder",
            Self::Version => "version",
            Self::Uptime => "up",
            Self::Rss => "RSS",
            Self::Cpu => "CPU",
            Self::InFlight => "in flight",
            Self::State => "state",
            Self::Debug => "debug",
        }
    }

    /// `None` for the one that takes what is left.
    pub fn width(self) -> Option<u16> {
        Some(match self {
            Self::Pid => 7,
            Self::Owner => 14,
            Self::Folder => return None,
            Self::Version | Self::Uptime | Self::State => 7,
            Self::Rss => 8,
            Self::Cpu => 5,
            Self::InFlight => 10,
            Self::Debug => 5,
        })
    }

    pub fn is_number(self) -> bool {
        matches!(self, Self::Pid | Self::Uptime | Self::Rss | Self::Cpu)
    }

    pub fn text(self, now: &ServerNow) -> String {
        match self {
            Self::Pid => now.server.pid.to_string(),
            Self::Owner => owner(now),
            Self::Folder => show::folder(now.server.folder.as_deref()),
            Self::Version => show::plain(now.server.version.as_deref().unwrap_or("?")),
            Self::Uptime => show::duration(now.uptime_ns),
            Self::Rss => show::bytes(now.rss_bytes),
            Self::Cpu => show::cpu(now.cpu_share),
            Self::InFlight => show::in_flight(now),
            Self::State => show::state(now).to_owned(),
            Self::Debug => show::debug(&now.debug).to_owned(),
        }
    }
}

fn owner(now: &ServerNow) -> String {
    match now.server.role {
        ServerRole::Server => show::owner(&now.server.owner),
        ServerRole::Mcp => format!("{} (MCP)", show::owner(&now.server.owner)),
        ServerRole::Daemon => format!("daemon for {}", now.server.clients.len()),
    }
}

/// The sums below the table.
pub fn totals(totals: &Totals) -> String {
    let of_memory = totals.memory_bytes.filter(|memory| *memory > 0).map_or_else(String::new, |memory| {
        let percent = 100.0 * totals.rss_bytes as f64 / memory as f64;
        format!(", {percent:.0} % of {}", show::bytes(memory))
    });
    let forwarders = match totals.forwarders {
        0 => String::new(),
        count => format!("; {count} forwarders {}", show::bytes(totals.forwarders_rss_bytes)),
    };
    let (servers, rss) = (totals.servers, show::bytes(totals.rss_bytes));
    format!("{servers} gopls, {rss}{of_memory}, {} of a core{forwarders}", show::cpu(totals.cpu_share))
}

/// The whole table as text.
pub fn text(rows: &[ServerNow], sums: &Totals) -> String {
    let columns = Column::that_fit(u16::MAX);
    let mut cells = vec![columns.iter().map(|column| column.title().to_owned()).collect::<Vec<_>>()];
    cells.extend(rows.iter().map(|now| columns.iter().map(|column| column.text(now)).collect()));
    let width = |index: usize| cells.iter().map(|row| row[index].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut lines: Vec<String> = cells
        .iter()
        .map(|row| {
            let padded = row.iter().zip(&columns).zip(&widths).map(|((cell, column), width)| {
                if column.is_number() { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
            });
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect();
    lines.push(totals(sums));
    lines.join("\n")
}
