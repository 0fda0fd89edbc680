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
