//! `stallscope diff BASE PROFILE`

use std::io::{BufWriter, Write};
use std::mem::ManuallyDrop;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use stallscope_core::heap::{self, DiffPage};

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
    #[command(flatten)]
    view: View,
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

#[derive(Serialize)]
struct JsonRow<'a> {
    function: &'a str,
    flat: i64,
    cum: i64,
}

impl Diff {
    /// Reads both profiles and prints what changed, largest change first.
    pub fn run(self) -> Result<(), Failure> {
        // See `analyze`: not taken apart at the end.
        let base = ManuallyDrop::new(load(&self.base, &self.view.limits())?);
        let new = ManuallyDrop::new(load(&self.profile, &self.view.limits())?);
        let page = heap::diff(&base, &new, &self.view.query())
            .map_err(|error| Failure::Question { path: self.profile.clone(), error })?;
        let mut out = BufWriter::with_capacity(64 << 10, std::io::stdout().lock());
        if self.view.json {
            print_json(&page, &mut out)?
        } else {
            print_table(&page, &mut out)?
        }
        Ok(out.flush()?)
    }
}

fn print_json(page: &DiffPage, out: &mut impl Write) -> std::io::Result<()> {
    let rows = page.rows.iter();
    let rows = rows.map(|row| JsonRow { function: &row.function, flat: row.flat, cum: row.cum }).collect();
    let json = Json {
        sample_type: &page.sample_type,
        unit: &page.unit,
        base_total: page.base_total,
        new_total: page.new_total,
        total: page.total,
        rows,
    };
    serde_json::to_writer(&mut *out, &json)?;
    writeln!(out)
}

fn print_table(page: &DiffPage, out: &mut impl Write) -> std::io::Result<()> {
    let value = |number| print::value(number, &page.unit);
    writeln!(out, "Type: {}", page.sample_type)?;
    let (base, new) = (value(page.base_total), value(page.new_total));
    writeln!(out, "Total: {base} -> {new} ({}) in {} functions", value(page.total), page.matched_rows)?;
    writeln!(out, "{:>10} {:>8} {:>10} {:>8}  (shares of the base total)", "flat", "flat%", "cum", "cum%")?;
    for row in &page.rows {
        let percent = |number| print::percent(number, page.base_total);
        let (flat, cum) = (value(row.flat), value(row.cum));
        let (flat_share, cum_share) = (percent(row.flat), percent(row.cum));
        writeln!(out, "{flat:>10} {flat_share:>8} {cum:>10} {cum_share:>8}  {}", row.function)?;
    }
    Ok(())
}
