//! `stallscope history`: what was kept of waits and memory over weeks.

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use stallscope_core::apart::Told;
use stallscope_core::history::{HistoryChange, HistoryQuery, HistorySide, HistoryView};
use stallscope_core::model::Ns;
use stallscope_probe::history::read;

use crate::failure::Failure;

const DAY: u64 = 86_400;

/// Arguments of `history`.
#[derive(Args)]
pub struct History {
    /// Where it is kept: the folder of an editor's incidents, one level up, or that of `watch`.
    #[arg(long, value_name = "DIR", default_value = "stallscope-incidents")]
    storage: PathBuf,
    /// How many days back.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=1_095))]
    days: u64,
    /// Only this workspace: its folder, as it was opened.
    #[arg(long, value_name = "FOLDER")]
    workspace: Option<String>,
    /// Only this method: `textDocument/hover`.
    #[arg(long)]
    method: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl History {
    /// Prints it.
    pub fn run(self) -> Result<(), Failure> {
        let query = HistoryQuery {
            midnights_unix_ms: midnights(SystemTime::now(), self.days),
            workspace: self.workspace,
            method: self.method,
        };
        let view = read(&self.storage, &query).map_err(|error| Failure::History(error.to_string()))?;
        if view.since_unix_ms.is_none() {
            return Err(Failure::History(format!(
                "nothing was kept in {}: name the folder that has `history.sqlite` with --storage",
                self.storage.display()
            )));
        }
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.json {
            serde_json::to_writer_pretty(&mut out, &view).map_err(std::io::Error::from)?;
            writeln!(out)?;
        } else {
            print(&view, &mut out)?;
        }
        Ok(out.flush()?)
    }
}

/// Where the days up to today begin, and where tomorrow does.
fn midnights(now: SystemTime, days: u64) -> Vec<f64> {
    let today = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / DAY;
    (0..=days).map(|day| ((today + 1 + day).saturating_sub(days) * DAY) as f64 * 1e3).collect()
}

fn print(view: &HistoryView, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "{:<12} {:>6} {:>8} {:>9} {:>9}", "day", "stalls", "answers", "median", "95 %")?;
    for day in &view.days {
        let (date, p50, p95) = (date(day.from_unix_ms), length(day.p50_ns), length(day.p95_ns));
        writeln!(out, "{date:<12} {:>6} {:>8} {p50:>9} {p95:>9}", day.stalls, day.waits)?;
    }
    writeln!(out, "\n{:<36} {:>6} {:>8} {:>9} {:>9}", "request", "stalls", "answers", "median", "95 %")?;
    for one in &view.methods {
        let (p50, p95) = (length(one.p50_ns), length(one.p95_ns));
        writeln!(out, "{:<36} {:>6} {:>8} {p50:>9} {p95:>9}", one.method, one.stalls, one.waits)?;
    }
    writeln!(out, "\n{:>9} {:>9}  workspace", "RSS", "at most")?;
    for one in &view.workspaces {
        let last = one.days.last().map_or(0, |day| day.rss_average_bytes);
        let folders = one.workspace.replace('\n', ", ");
        writeln!(out, "{:>6} MB {:>6} MB  {folders}", last / 1_000_000, one.rss_peak_bytes / 1_000_000)?;
    }
    for change in &view.changes {
        print_change(change, out)?;
    }
    Ok(())
}

fn print_change(change: &HistoryChange, out: &mut impl Write) -> std::io::Result<()> {
    let part = serde_json::to_value(change.part).ok();
    let part = part.as_ref().and_then(|name| name.as_str()).unwrap_or_default();
    writeln!(out, "\n{}  {part} {} -> {}", date(change.at_unix_ms), change.from, change.to)?;
    let mut row = |name: &str, of: &dyn Fn(&HistorySide) -> String, told: &str| {
        writeln!(out, "  {name:<8} {:>10} {:>10}  {told}", of(&change.before), of(&change.after))
    };
    row("days", &|side| side.days.to_string(), "")?;
    row("median", &|side| length(side.p50_ns), "")?;
    row("95 %", &|side| length(side.p95_ns), word(change.waits))?;
    row("stalls", &|side| side.stalls.to_string(), "")?;
    let rss = |side: &HistorySide| {
        side.rss_average_bytes.map_or("-".to_owned(), |bytes| format!("{} MB", bytes / 1_000_000))
    };
    row("RSS", &rss, word(change.memory))
}

fn word(told: Told) -> &'static str {
    match told {
        Told::Better => "less",
        Told::Worse => "more",
        Told::Same => "no clear difference",
        Told::Unknown => "too few days to tell",
    }
}

fn date(unix_ms: f64) -> String {
    let at = UNIX_EPOCH + Duration::from_secs_f64((unix_ms / 1e3).clamp(0.0, 1e11));
    humantime::format_rfc3339_seconds(at).to_string().chars().take(10).collect()
}

fn length(ns: Option<Ns>) -> String {
    match ns {
        None => "-".to_owned(),
        Some(ns) if ns < 1_000_000_000 => format!("{:.0} ms", ns as f64 / 1e6),
        Some(ns) => format!("{:.2} s", ns as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_end_with_today() {
        let now = UNIX_EPOCH + Duration::from_secs(100 * DAY + 5_000);
        let all = midnights(now, 3);
        assert_eq!(
            all.iter().map(|at| at / 1e3 / DAY as f64).collect::<Vec<_>>(),
            [98.0, 99.0, 100.0, 101.0]
        );
        assert_eq!(date(all[0]), "1970-04-09");
    }
}
