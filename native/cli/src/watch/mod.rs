//! `stallscope watch`: all gopls of this user without an editor. A live view in a terminal, lines elsewhere.

mod advice;
mod lines;
#[cfg(test)]
mod made_up;
mod plain;
mod show;
mod table;
mod view;
mod words;

use std::fs;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use stallscope_core::model::{GoplsProcess, WatchSettings};
use stallscope_probe::process;
use stallscope_probe::servers::{Happening, Servers, ServersOptions};

use crate::failure::Failure;
use crate::seconds::seconds;
use plain::Plain;
use table::Order;
use view::View;

/// From one look at all of them to the next.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A table line is for scripts that draw: this often.
const TABLE_EVERY: Duration = Duration::from_secs(2);
/// CPU is known, and each debug server is found, after so long.
const ONCE: Duration = Duration::from_millis(2_200);
/// A gopls that was just started is taken for what it is at the next survey, two seconds later.
const FIND: Duration = Duration::from_secs(4);
/// How soon being told to end is noticed.
const NOTICE: Duration = Duration::from_millis(250);

/// Watch every gopls of this user, whoever started it, and capture the heap when a request stalls.
#[derive(Args)]
pub struct Watch {
    /// Only the gopls with this process id, until it ends.
    #[arg(long)]
    pid: Option<u32>,
    /// Print one JSON object a line; docs/watching.md describes them.
    #[arg(long)]
    json: bool,
    /// Print lines also where there is a terminal.
    #[arg(long)]
    plain: bool,
    /// Print the table once, and end. Nothing is captured.
    #[arg(long)]
    once: bool,
    /// Where incidents are kept.
    #[arg(long, value_name = "DIR", default_value = "stallscope-incidents")]
    storage: PathBuf,
    /// Stop after this many seconds.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
}

impl Watch {
    pub fn run(self) -> Result<(), Failure> {
        let seconds = self.seconds.map(|value| seconds("--seconds", value)).transpose()?;
        if !self.once {
            fs::create_dir_all(&self.storage).map_err(|error| Failure::Beside {
                path: self.storage.clone(),
                problem: format!(
                    "incidents cannot be kept there: {error}; name another folder with --storage"
                ),
            })?;
        }
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        ctrlc::set_handler(move || stopped.store(true, Ordering::Relaxed))
            .map_err(|error| Failure::Watch(format!("cannot be told to end: {error}")))?;
        let settings = WatchSettings { capture_enabled: !self.once, ..WatchSettings::default() };
        let options = ServersOptions { storage_dir: self.storage.clone(), settings, only: self.pid };
        let mut servers = Servers::new(options);
        let first = self.find(&mut servers)?;
        let deadline = seconds.map(|seconds| Instant::now() + seconds);
        let until = Until { deadline, stop };
        let in_terminal = io::stdout().is_terminal() && io::stdin().is_terminal();
        if self.once {
            self.once(servers)?;
        } else if in_terminal && !self.json && !self.plain {
            self.view(servers, &first, &until)?;
        } else {
            self.lines(servers, first, &until)?;
        }
        Ok(())
    }

    /// The first look; the one that was asked for must be there.
    fn find(&self, servers: &mut Servers) -> Result<Vec<Happening>, Failure> {
        let mut first = servers.look()?;
        let Some(pid) = self.pid else { return Ok(first) };
        let patience = Instant::now() + FIND;
        while servers.now().is_empty() {
            if process::started_unix_ms(pid).is_none() || Instant::now() > patience {
                return Err(Failure::Watch(format!(
                    "process {pid} is not a gopls of this user that keeps a workspace: `stallscope watch --once` lists those"
                )));
            }
            servers.wait(NOTICE);
            first.extend(servers.look()?);
        }
        Ok(first)
    }

    fn once(&self, mut servers: Servers) -> io::Result<()> {
        let known = Instant::now() + ONCE;
        while Instant::now() < known {
            servers.wait(NOTICE);
            servers.look()?;
        }
        let (mut now, totals, sharing) = (servers.now(), servers.totals(), servers.sharing());
        servers.stop();
        Order::Rss.sort(&mut now);
        Plain::new(io::stdout().lock(), &self.storage, self.json, None).once(&now, &totals, &sharing)
    }

    fn view(&self, mut servers: Servers, first: &[Happening], until: &Until) -> io::Result<()> {
        // https://no-color.org: set, and to something.
        let colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let mut view = View::new(colours, self.pid.is_some());
        view.update(servers.now(), servers.totals(), &servers.sharing(), first);
        let shown = view::run(&mut servers, &mut view, until);
        servers.stop();
        shown
    }

    fn lines(&self, mut servers: Servers, first: Vec<Happening>, until: &Until) -> io::Result<()> {
        let every = self.json.then_some(TABLE_EVERY);
        let mut plain = Plain::new(io::stdout().lock(), &self.storage, self.json, every);
        if servers.now().is_empty() && !self.json {
            println!("no gopls of this user is running: one that starts is watched");
        }
        let told = self.tell(&mut plain, &mut servers, first, until);
        let last = servers.stop();
        told?;
        plain.happened(&last)
    }

    fn tell<W: io::Write>(
        &self,
        plain: &mut Plain<'_, W>,
        servers: &mut Servers,
        first: Vec<Happening>,
        until: &Until,
    ) -> io::Result<()> {
        let mut happened = first;
        loop {
            plain.look(&happened, &servers.now(), &servers.totals(), &servers.sharing())?;
            let gone = happened.iter().any(|happening| matches!(happening, Happening::Gone { .. }));
            if gone && self.pid.is_some() {
                return Ok(());
            }
            let next = Instant::now() + LOOK_EVERY;
            while Instant::now() < next {
                if until.is_over() {
                    return Ok(());
                }
                servers.wait(next.saturating_duration_since(Instant::now()).min(NOTICE));
            }
            happened = servers.look()?;
        }
    }
}

/// When it ends by itself.
struct Until {
    deadline: Option<Instant>,
    stop: Arc<AtomicBool>,
}

impl Until {
    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.deadline.is_some_and(|at| Instant::now() >= at)
    }
}

/// The gopls with this pid; the only one without.
pub fn gopls_named(pid: Option<u32>) -> Result<u32, Failure> {
    let pid = pid.map_or_else(only_gopls, Ok)?;
    if process::find(0).iter().any(|p| p.pid == pid) {
        Ok(pid)
    } else {
        Err(Failure::Watch(format!("process {pid} is not a gopls of this user")))
    }
}

fn only_gopls() -> Result<u32, Failure> {
    let all = process::find(0);
    match &all[..] {
        [] => Err(Failure::Watch("no gopls is running; start your editor on a Go file first".to_owned())),
        [only] => Ok(only.pid),
        several => {
            let list: Vec<String> = several.iter().map(line).collect();
            Err(Failure::Watch(format!(
                "several gopls are running; name one with --pid:\n{}",
                list.join("\n")
            )))
        }
    }
}

fn line(process: &GoplsProcess) -> String {
    let editor = process.editor.as_deref().unwrap_or("unknown editor");
    format!("  {:>7}  {:>6.0} MB  {editor}  {}", process.pid, process.rss_bytes as f64 / 1e6, process.exe)
}
