//! `stallscope history`: what was kept of waits and memory over weeks.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use chrono::{DateTime, Local, NaiveDate, TimeZone};
use clap::Args;
use stallscope_core::apart::Told;
use stallscope_core::history::{HistoryChange, HistoryQuery, HistorySide, HistoryView};
use stallscope_core::model::Ns;
use stallscope_probe::history::read;

use crate::failure::Failure;

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
            midnights_unix_ms: midnights(&Local::now(), self.days),
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

/// Where the days up to today begin, and where tomorrow does: by the clock on the wall, as the panel counts them.
fn midnights<Tz: TimeZone>(now: &DateTime<Tz>, days: u64) -> Vec<f64> {
    let dates = now.date_naive().succ_opt().into_iter().flat_map(|tomorrow| tomorrow.iter_days().rev());
    let mut midnights: Vec<f64> =
        dates.take(days as usize + 1).filter_map(|date| begin(&now.timezone(), date)).collect();
    midnights.reverse();
    midnights
}

/// Where a day begins; in some places its first hour is missing once a year.
fn begin<Tz: TimeZone>(zone: &Tz, date: NaiveDate) -> Option<f64> {
    let hours = (0..24).filter_map(|hour| date.and_hms_opt(hour, 0, 0));
    let first = hours.filter_map(|time| zone.from_local_datetime(&time).earliest()).next()?;
    Some(first.timestamp_millis() as f64)
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
    let at = Local.timestamp_millis_opt(unix_ms as i64).earliest();
    at.map_or("?".to_owned(), |at| at.date_naive().to_string())
}

fn length(ns: Option<Ns>) -> String {
    match ns {
        None => "-".to_owned(),
        Some(ns) if ns < 1_000_000_000 => format!("{:.0} ms", ns as f64 / 1e6),
        Some(ns) => format!("{:.2} s", ns as f64 / 1e9),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    #[test]
    fn days_end_with_today_where_somebody_lives() {
        let zone = FixedOffset::east_opt(-(5 * 3_600 + 1_800)).unwrap();
        // Ten in the evening there; the next day in Greenwich.
        let now = zone.with_ymd_and_hms(2026, 3, 1, 22, 0, 0).unwrap();
        let all = midnights(&now, 3);
        let expected = [(2, 27), (2, 28), (3, 1), (3, 2)].map(|(month, day)| {
            zone.with_ymd_and_hms(2026, month, day, 0, 0, 0).unwrap().timestamp_millis() as f64
        });
        assert_eq!(all, expected);
    }
}
