//! Lines for a log, a pipe or a script, as things happen.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use stallscope_core::model::DebugServer;
use stallscope_core::servers::Sharing;
use stallscope_probe::servers::{Happening, ServerNow, Totals};

use super::lines::{self, Line, What};
use super::{advice, table, words};

/// Writes to `out` what each look brings.
pub struct Plain<'a, W> {
    out: W,
    storage: &'a Path,
    json: bool,
    /// From one table to the next; never, where that is none.
    every: Option<Duration>,
    table_at: Option<Instant>,
    names: HashMap<u32, String>,
    /// How each could be asked when that was told last.
    debug: BTreeMap<u32, DebugServer>,
    /// What was last said of sharing: the processes, and whether it fits.
    shared: Vec<(Vec<u32>, bool)>,
}

impl<'a, W: Write> Plain<'a, W> {
    pub fn new(out: W, storage: &'a Path, json: bool, every: Option<Duration>) -> Self {
        let (names, debug) = (HashMap::new(), BTreeMap::new());
        Self { out, storage, json, every, table_at: None, names, debug, shared: Vec::new() }
    }

    /// Writes what is new.
    pub fn look(
        &mut self,
        happened: &[Happening],
        now: &[ServerNow],
        totals: &Totals,
        sharing: &[Sharing],
    ) -> io::Result<()> {
        self.names.extend(now.iter().map(|now| (now.server.pid, words::name(&now.server))));
        self.happened(happened)?;
        self.debug_servers(now)?;
        self.sharing(sharing)?;
        if self.every.is_some_and(|every| self.table_at.is_none_or(|at| at.elapsed() >= every)) {
            self.table_at = Some(Instant::now());
            self.table(now, totals)?;
        }
        self.out.flush()
    }

    /// Writes the table and what is advised, and nothing else.
    pub fn once(&mut self, now: &[ServerNow], totals: &Totals, sharing: &[Sharing]) -> io::Result<()> {
        if now.is_empty() && !self.json {
            return writeln!(self.out, "no gopls of this user is running");
        }
        self.table(now, totals)?;
        self.sharing(sharing)?;
        self.out.flush()
    }

    /// Writes what has happened.
    pub fn happened(&mut self, happened: &[Happening]) -> io::Result<()> {
        for happening in happened {
            if self.json {
                self.json(lines::of(happening, self.storage))?;
            } else if let Some(text) = words::happening(happening) {
                let pid = happening.pid();
                let name = self.names.get(&pid).cloned().unwrap_or_else(|| format!("gopls {pid}"));
                writeln!(self.out, "{name}: {text}")?;
            }
            if let Happening::Gone { pid } = happening {
                self.names.remove(pid);
            }
        }
        Ok(())
    }

    fn table(&mut self, now: &[ServerNow], totals: &Totals) -> io::Result<()> {
        if self.json {
            return self.json(Some(lines::all(now, totals)));
        }
        writeln!(self.out, "{}", table::text(now, totals))
    }

    fn debug_servers(&mut self, now: &[ServerNow]) -> io::Result<()> {
        for one in now {
            let Some(text) = words::debug_server(one) else { continue };
            if self.debug.insert(one.server.pid, one.debug.clone()).as_ref() == Some(&one.debug) {
                continue;
            }
            if self.json {
                self.json(Some(lines::debug_server(one)))?;
            } else {
                writeln!(self.out, "{}: {text}", words::name(&one.server))?;
            }
        }
        self.debug.retain(|pid, _| now.iter().any(|one| one.server.pid == *pid));
        Ok(())
    }

    /// Said again only when others are concerned, or it fits no longer: the sums change all the time.
    fn sharing(&mut self, sharing: &[Sharing]) -> io::Result<()> {
        let said: Vec<_> = sharing.iter().map(|one| (one.pids.clone(), one.fits())).collect();
        let before = std::mem::replace(&mut self.shared, said.clone());
        for (one, _) in sharing.iter().zip(&said).filter(|(_, key)| !before.contains(key)) {
            if self.json {
                self.json(Some(lines::sharing(one)))?;
            } else {
                for text in advice::sharing(one) {
                    writeln!(self.out, "{text}")?;
                }
            }
        }
        Ok(())
    }

    fn json(&mut self, what: Option<What>) -> io::Result<()> {
        let Some(what) = what else { return Ok(()) };
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let line = Line { at_unix_ms: since.as_millis() as u64, what };
        serde_json::to_writer(&mut self.out, &line)?;
        writeln!(self.out)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};
    use stallscope_core::model::{MB, SECOND, WatchEvent};
    use stallscope_core::servers::{Grown, advise};

    use super::super::made_up::{calm, rows, server, totals};
    use super::*;

    /// What is written of the same looks, each with what has happened.
    fn written(json: bool, looks: &[&[Happening]]) -> String {
        let mut out = Vec::new();
        let storage = Path::new("/st");
        let mut plain = Plain::new(&mut out, storage, json, json.then_some(Duration::ZERO));
        for happened in looks {
            plain.look(happened, &rows(), &totals(&rows()), &[]).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    fn happened() -> Vec<Happening> {
        let grown = Grown { rise_bytes: 400 * MB, window_ns: 10 * SECOND };
        vec![
            Happening::Found(Box::new(server(101, "Neovim", "/src/tools"))),
            Happening::Told {
                pid: 102,
                event: WatchEvent::StallStarted { method: "textDocument/hover".into() },
            },
            Happening::Grew { pid: 103, grown, rss_bytes: 700 * MB },
            Happening::Captured { pid: 101, result: Err("it is gone".into()) },
            Happening::Gone { pid: 9 },
        ]
    }

    #[test]
    fn lines_name_their_gopls_and_what_is_known_without_a_debug_server_once() {
        let text = written(false, &[&happened(), &[]]);
        let wanted = [
            "gopls 101 (Neovim, /src/tools): found, version v0.23.0",
            "gopls 102 (Claude Code, /src/kubernetes): stall: textDocument/hover",
            "grew by 400 MB within 10 s, to 700 MB",
            "gopls 101 (Neovim, /src/tools): not captured: it is gone",
            "gopls 9: gone",
        ];
        for (line, wanted) in text.lines().zip(wanted) {
            assert!(line.ends_with(wanted), "{line}");
        }
        assert_eq!(text.matches("only its memory and CPU are known, not its waits").count(), 1, "{text}");
        assert!(text.contains("To switch it on: in languages.toml"), "{text}");
    }

    #[test]
    fn json_lines_have_the_fields_that_are_documented() {
        let text = written(true, &[&happened()]);
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines.iter().all(|line| line["at_unix_ms"].as_u64() > Some(1_700_000_000_000)));
        let of = |kind: &str| {
            let mut line = lines.iter().find(|line| line["type"] == kind).unwrap().clone();
            line.as_object_mut().unwrap().remove("at_unix_ms");
            line
        };
        assert_eq!(
            of("growth"),
            json!({"type": "growth", "pid": 103, "rise_bytes": 400_000_000, "within_ms": 10_000.0, "rss_bytes": 700_000_000})
        );
        assert_eq!(of("stall"), json!({"type": "stall", "pid": 102, "method": "textDocument/hover"}));
        assert_eq!(of("capture-failed"), json!({"type": "capture-failed", "pid": 101, "why": "it is gone"}));
        assert_eq!(
            of("found"),
            json!({
                "type": "found", "pid": 101, "started_unix_ms": 101.0, "role": "server", "version": "v0.23.0",
                "exe": "/bin/gopls", "owner": {"kind": "editor", "name": "Neovim", "pid": 1, "within": null},
                "folder": "/src/tools", "clients": []
            })
        );
        let all = of("all");
        assert_eq!(
            all["totals"],
            json!({
                "servers": 3, "rss_bytes": 2_600_000_000_u64, "cpu_share": 1.5, "forwarders": 2,
                "forwarders_rss_bytes": 74_000_000, "memory_bytes": 26_000_000_000_u64
            })
        );
        assert_eq!(
            all["gopls"][1],
            json!({
                "pid": 102, "rss_bytes": 1_500_000_000, "cpu_share": 1.5, "uptime_ms": 10_800_000.0, "state": "working",
                "in_flight": 1, "longest_wait_ms": 3_400.0, "longest_method": "textDocument/hover", "debug_server": "on"
            })
        );
        assert_eq!(
            (&all["gopls"][2]["in_flight"], &all["gopls"][2]["debug_server"]),
            (&Value::Null, &json!("off"))
        );
    }

    #[test]
    fn what_is_said_of_sharing_is_said_again_only_when_it_is_about_others() {
        let now: Vec<ServerNow> = (1..=4).map(|pid| calm(server(pid, "Helix", "/src"), 900)).collect();
        let sharing = |count: usize| {
            advise(&now[..count].iter().map(|one| (&one.server, one.rss_bytes)).collect::<Vec<_>>())
        };
        let mut out = Vec::new();
        let mut plain = Plain::new(&mut out, Path::new("/st"), true, None);
        for count in [3, 3, 4, 1] {
            plain.look(&[], &[], &Totals::default(), &sharing(count)).unwrap();
        }
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let pids: Vec<_> = lines.iter().map(|line| line["pids"].as_array().unwrap().len()).collect();
        assert_eq!(pids, [3, 4]);
        assert_eq!((&lines[1]["rss_bytes"], &lines[1]["fits"]), (&json!(3_600_000_000_u64), &json!(true)));
        assert!(lines[1]["estimated_saving_bytes"].as_u64().unwrap() > 1_000_000_000);
    }
}
