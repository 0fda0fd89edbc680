//! `stallscope diff BASE PROFILE`

use std::io::{BufWriter, Write};
use std::mem::ManuallyDrop;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;
use stallscope_core::heap::{self, DiffBy, DiffChange, DiffPage, DiffQuery, DiffRow};

use crate::analyze::View;
use crate::failure::Failure;
use crate::load::load;
use crate::print;

/// Arguments of `diff`.
#[derive(Args)]
pub struct Diff {
    /// The earlier, or calm, heap profile.
    base: PathBuf,
    /// The heap profile to compare with it.
    profile: PathBuf,
    /// Scale the profile so that its total equals the base's, as `go tool pprof -normalize` does.
    #[arg(long)]
    normalize: bool,
    /// One row per function, per package, or per part of gopls (ids as in `analyze --by subsystem`).
    #[arg(long, value_enum, value_name = "ROWS", default_value_t = By::Function)]
    by: By,
    #[command(flatten)]
    view: View,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    Function,
    Package,
    Subsystem,
}

/// The published JSON: others parse it, so it has a shape of its own which changes on purpose only.
#[derive(Serialize)]
struct Json<'a> {
    sample_type: &'a str,
    unit: &'a str,
    base_total: i64,
    new_total: i64,
    total: i64,
    rows: Vec<JsonRow<'a>>,
}

/// Without the later options a row is what it always was.
#[derive(Serialize)]
struct JsonRow<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subsystem: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<DiffChange>,
    flat: i64,
    cum: i64,
}

impl Diff {
    /// Reads both profiles and prints what changed, largest change first.
    pub fn run(self) -> Result<(), Failure> {
        // See `analyze`: not taken apart at the end.
        let base = ManuallyDrop::new(load(&self.base, &self.view.limits())?);
        let new = ManuallyDrop::new(load(&self.profile, &self.view.limits())?);
        let page = heap::diff(&base, &new, &self.query())
            .map_err(|error| Failure::Question { path: self.profile.clone(), error })?;
        let mut out = BufWriter::with_capacity(64 << 10, std::io::stdout().lock());
        if self.view.json {
            self.print_json(&page, &mut out)?
        } else {
            self.print_table(&page, &mut out)?
        }
        Ok(out.flush()?)
    }

    fn query(&self) -> DiffQuery {
        let table = self.view.query();
        let by = match self.by {
            By::Function => DiffBy::Function,
            By::Package => DiffBy::Package,
            By::Subsystem => DiffBy::Subsystem,
        };
        DiffQuery {
            sample_type: table.sample_type,
            by,
            normalize: self.normalize,
            sort: table.sort,
            limit: table.limit,
            ..DiffQuery::default()
        }
    }

    fn print_table(&self, page: &DiffPage, out: &mut impl Write) -> std::io::Result<()> {
        let value = |number| print::value(number, &page.unit);
        writeln!(out, "Type: {}", page.sample_type)?;
        let (base, new) = (value(page.base_total), value(page.new_total));
        let rows = match self.by {
            By::Function => "functions",
            By::Package => "packages",
            By::Subsystem => "subsystems",
        };
        let growth = value(page.new_total.saturating_sub(page.base_total));
        writeln!(out, "Total: {base} -> {new} ({growth}) in {} {rows}", page.matched_rows)?;
        if self.normalize {
            writeln!(out, "Normalized: the profile is scaled to the base total before it is compared")?;
        }
        writeln!(
            out,
            "{:>10} {:>8} {:>10} {:>8}  change  (shares of the base total)",
            "flat", "flat%", "cum", "cum%"
        )?;
        for row in &page.rows {
            let percent = |number| print::percent(number, page.base_total);
            let (flat, cum) = (value(row.flat), value(row.cum));
            let (flat_share, cum_share) = (percent(row.flat), percent(row.cum));
            let (change, name) = (word(row.change), self.name(row));
            writeln!(out, "{flat:>10} {flat_share:>8} {cum:>10} {cum_share:>8}  {change:<6}  {name}")?;
        }
        Ok(())
    }

    fn name<'a>(&self, row: &'a DiffRow) -> &'a str {
        match self.by {
            By::Function => &row.function,
            By::Package if row.package.is_empty() => "(no package)",
            By::Package => &row.package,
            By::Subsystem => &row.subsystem,
        }
    }

    fn print_json(&self, page: &DiffPage, out: &mut impl Write) -> std::io::Result<()> {
        let by = self.by;
        let rows = page.rows.iter().map(|row| JsonRow {
            function: (by == By::Function).then_some(&row.function),
            package: (by == By::Package).then_some(&row.package),
            subsystem: (by == By::Subsystem).then_some(&row.subsystem),
            change: (by != By::Function || self.normalize).then_some(row.change),
            flat: row.flat,
            cum: row.cum,
        });
        let json = Json {
            sample_type: &page.sample_type,
            unit: &page.unit,
            base_total: page.base_total,
            new_total: page.new_total,
            total: page.total,
            rows: rows.collect(),
        };
        serde_json::to_writer(&mut *out, &json)?;
        writeln!(out)
    }
}

fn word(change: DiffChange) -> &'static str {
    match change {
        DiffChange::New => "new",
        DiffChange::Gone => "gone",
        DiffChange::Grown => "grown",
        DiffChange::Shrunk => "shrunk",
    }
}
