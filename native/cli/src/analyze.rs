//! `stallscope analyze PROFILE`

use std::io::{BufWriter, Write};
use std::mem::ManuallyDrop;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;
use stallscope_core::heap::{HeapPage, HeapQuery, HeapSort};
use stallscope_pprof::Limits;

use crate::failure::Failure;
use crate::load::load_for;
use crate::{print, subsystems};

/// Arguments of `analyze`.
#[derive(Args)]
pub struct Analyze {
    /// The heap profile, as gopls serves it under /debug/pprof/heap.
    profile: PathBuf,
    /// What the values are added up by.
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = By::Function)]
    by: By,
    /// Count only what belongs to this part of gopls: an id that `--by subsystem` prints, `unassigned` included.
    #[arg(long, value_name = "ID")]
    subsystem: Option<String>,
    #[command(flatten)]
    view: View,
}

/// What `analyze` adds up by.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// Each function by itself, and with what it called.
    Function,
    /// The parts of gopls: parsing, type checking, indexes and so on.
    Subsystem,
}

/// What is shown of a profile, and how; the same for both verbs.
#[derive(Args)]
pub struct View {
    /// What to count: inuse_space (the default), inuse_objects, alloc_space, alloc_objects, or any type of the profile.
    #[arg(long, value_name = "TYPE")]
    pub sample: Option<String>,
    /// Show only the first N rows.
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
    /// Sort by what a function and its callees allocated, instead of by the function itself.
    #[arg(long)]
    pub cum: bool,
    /// Refuse profiles that inflate to more than this many MB (10^6 bytes).
    #[arg(long, value_name = "MB", default_value_t = 1_000)]
    max_inflated_mb: u64,
    /// Print JSON with whole numbers in the profile's own unit.
    #[arg(long)]
    pub json: bool,
}

impl View {
    /// How much a profile may ask of us.
    pub fn limits(&self) -> Limits {
        Limits { inflated_bytes: self.max_inflated_mb.saturating_mul(1_000_000), ..Limits::default() }
    }

    /// The question these arguments ask.
    pub fn query(&self) -> HeapQuery {
        HeapQuery {
            sample_type: self.sample.clone(),
            sort: if self.cum { HeapSort::Cum } else { HeapSort::Flat },
            limit: self.top.unwrap_or(usize::MAX),
            ..HeapQuery::default()
        }
    }
}

/// The published JSON: others parse it, so it has a shape of its own which changes on purpose only.
#[derive(Serialize)]
struct Json<'a> {
    sample_type: &'a str,
    unit: &'a str,
    total: i64,
    rows: Vec<JsonRow<'a>>,
}

#[derive(Serialize)]
struct JsonRow<'a> {
    function: &'a str,
    flat: i64,
    cum: i64,
}

impl Analyze {
    /// Reads the profile and prints its table.
    pub fn run(self) -> Result<(), Failure> {
        // The process ends with the answer; taking a large profile apart piece by piece would only delay that.
        let sample_type = self.view.sample.as_deref();
        let index = ManuallyDrop::new(load_for(&self.profile, &self.view.limits(), sample_type)?);
        let unanswered = |error| Failure::Question { path: self.profile.clone(), error };
        let mut out = BufWriter::with_capacity(64 << 10, std::io::stdout().lock());
        if self.by == By::Subsystem {
            if self.view.cum || self.subsystem.is_some() {
                return Err(Failure::Arguments(
                    "--by subsystem takes neither --cum nor --subsystem: every byte is counted once, in the part of gopls it belongs to"
                        .to_owned(),
                ));
            }
            subsystems::print(&index, &self.view, &mut out).map_err(unanswered)??;
            return Ok(out.flush()?);
        }
        let query = HeapQuery { subsystem: self.subsystem.clone(), ..self.view.query() };
        let page = index.query(&query).map_err(unanswered)?;
        if self.view.json {
            print_json(&page, &mut out)?
        } else {
            print_table(&page, &mut out)?
        }
        Ok(out.flush()?)
    }
}

fn print_json(page: &HeapPage, out: &mut impl Write) -> std::io::Result<()> {
    let rows = page.rows.iter();
    let rows = rows.map(|row| JsonRow { function: &row.function, flat: row.flat, cum: row.cum }).collect();
    let json = Json { sample_type: &page.sample_type, unit: &page.unit, total: page.total, rows };
    serde_json::to_writer(&mut *out, &json)?;
    writeln!(out)
}

fn print_table(page: &HeapPage, out: &mut impl Write) -> std::io::Result<()> {
    let value = |number| print::value(number, &page.unit);
    writeln!(out, "Type: {}", page.sample_type)?;
    if page.counted == page.total {
        writeln!(out, "Total: {} in {} functions", value(page.total), page.matched_rows)?;
    } else {
        let counted = value(page.counted);
        writeln!(
            out,
            "Total: {}, of it shown: {counted} in {} functions",
            value(page.total),
            page.matched_rows
        )?;
    }
    if page.ballast > 0 && page.counted == page.total {
        writeln!(out, "Of it ballast: {}, reserved by gopls on purpose, not a leak", value(page.ballast))?;
    }
    writeln!(out, "{:>10} {:>6} {:>6} {:>10} {:>6}", "flat", "flat%", "sum%", "cum", "cum%")?;
    let mut sum = 0i64;
    for row in &page.rows {
        sum = sum.saturating_add(row.flat);
        let percent = |number| print::percent(number, page.total);
        let (flat, cum) = (value(row.flat), value(row.cum));
        let (flat_share, sum_share, cum_share) = (percent(row.flat), percent(sum), percent(row.cum));
        let label = row.label.as_ref().map(|label| format!("  [{label}]")).unwrap_or_default();
        let function = &row.function;
        writeln!(out, "{flat:>10} {flat_share} {sum_share} {cum:>10} {cum_share}  {function}{label}")?;
    }
    Ok(())
}
