//! Values as they are shown, in the terminal view and in plain lines.

use stallscope_core::model::{Bytes, DebugServer, Ns, SECOND};
use stallscope_core::servers::{Owner, OwnerKind};
use stallscope_probe::servers::ServerNow;

/// More of its CPU than this is work.
const WORKING_CPU_SHARE: f64 = 0.05;

/// `512 MB`, `1.42 GB`.
pub fn bytes(bytes: Bytes) -> String {
    let mb = bytes as f64 / 1e6;
    if mb < 999.5 { format!("{mb:.0} MB") } else { format!("{:.2} GB", mb / 1e3) }
}

/// `0.3 s`, `45 s`, `12 min`, `3.2 h`, `8 d`.
pub fn duration(ns: Ns) -> String {
    let s = ns as f64 / SECOND as f64;
    match s {
        ..9.95 => format!("{s:.1} s"),
        ..119.5 => format!("{s:.0} s"),
        ..7_170.0 => format!("{:.0} min", s / 60.0),
        ..172_800.0 => format!("{:.1} h", s / 3_600.0),
        _ => format!("{:.0} d", s / 86_400.0),
    }
}

/// `12 %` of a core.
pub fn cpu(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// Without what a terminal would obey: names of folders and programs come from anybody.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// `Neovim`, `Claude Code in VS Code`, `? (make)`.
pub fn owner(owner: &Owner) -> String {
    let name = plain(&owner.name);
    match (owner.kind, &owner.within) {
        (OwnerKind::Unknown, _) => format!("? ({name})"),
        (_, Some(editor)) => format!("{name} in {editor}"),
        _ => name,
    }
}

/// A folder with the home folder as `~`.
pub fn folder(folder: Option<&str>) -> String {
    let Some(folder) = folder else { return "?".to_owned() };
    let home = std::env::var("HOME").ok().filter(|home| home.len() > 1);
    match home.and_then(|home| folder.strip_prefix(&*home).map(str::to_owned)) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => plain(&format!("~{rest}")),
        _ => plain(folder),
    }
}

/// The end of a text, which is what tells paths apart: at most `most` characters.
pub fn end_of(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().skip(count - most.saturating_sub(1)).collect();
    if most == 0 { String::new() } else { format!("…{kept}") }
}

/// How many requests are in flight, and for how long the oldest: `2, 3.4 s`; `?` where nobody tells.
pub fn in_flight(now: &ServerNow) -> String {
    match now.in_flight.first() {
        _ if !now.tells_waits() => "?".to_owned(),
        None => "-".to_owned(),
        Some(oldest) => format!("{}, {}", now.in_flight.len(), duration(oldest.age_ns)),
    }
}

/// What it does.
pub fn state(now: &ServerNow) -> &'static str {
    match now {
        ServerNow { stall: Some(_), .. } => "stalled",
        ServerNow { loading: true, .. } => "loading",
        ServerNow { cpu_share, .. } if *cpu_share >= WORKING_CPU_SHARE => "working",
        ServerNow { in_flight, .. } if in_flight.iter().any(|request| request.interactive) => "asked",
        _ => "at rest",
    }
}

/// Its debug server, in a word.
pub fn debug(debug: &DebugServer) -> &'static str {
    match debug {
        DebugServer::On { loopback_only: true, .. } => "on",
        DebugServer::On { .. } => "on, open to other machines",
        DebugServer::Off => "off",
        DebugServer::Failing { .. } => "failing",
        DebugServer::Unknown => "…",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_unit() {
        assert_eq!(
            (bytes(512_300_000), bytes(999_600_000), bytes(20_000_000_000)),
            ("512 MB".into(), "1.00 GB".into(), "20.00 GB".into())
        );
        let told: Vec<String> =
            [0.25, 9.96, 61.0, 600.0, 7_200.0, 864_000.0].iter().map(|s| duration((s * 1e9) as Ns)).collect();
        assert_eq!(told, ["0.2 s", "10 s", "61 s", "10 min", "2.0 h", "10 d"]);
        assert_eq!(cpu(1.234), "123 %");
    }

    #[test]
    fn a_long_path_keeps_its_end() {
        assert_eq!(end_of("/src/kubernetes", 12), "…/kubernetes");
        assert_eq!(end_of("/src", 12), "/src");
        assert_eq!((end_of("/src", 1), end_of("/src", 0)), ("…".into(), String::new()));
    }

    #[test]
    fn a_folders_name_cannot_command_the_terminal() {
        assert_eq!(folder(Some("/tmp/\u{1b}[2Jx\n")), "/tmp/\u{fffd}[2Jx\u{fffd}");
    }
}
