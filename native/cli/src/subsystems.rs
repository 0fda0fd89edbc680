//! `stallscope analyze PROFILE --by subsystem`

use std::io::{self, Write};

use serde::Serialize;
use stallscope_core::heap::{HeapError, HeapIndex, SubsystemQuery, SubsystemTable};

use crate::analyze::View;
use crate::print::{percent, value};

/// The published JSON: others parse it, so it has a shape of its own which changes on purpose only.
#[derive(Serialize)]
struct Json<'a> {
    sample_type: &'a str,
    unit: &'a str,
    total: i64,
    subsystems: Vec<JsonRow<'a>>,
}

#[derive(Serialize)]
struct JsonRow<'a> {
    subsystem: &'a str,
    value: i64,
    functions: usize,
}

/// Prints what each part of gopls holds, by the ids of the rule file.
///
/// # Errors
/// Outside: a question the profile cannot answer. Inside: the output.
pub fn print(index: &HeapIndex, view: &View, out: &mut impl Write) -> Result<io::Result<()>, HeapError> {
    let table = index.subsystems(&SubsystemQuery { sample_type: view.sample.clone() })?;
    let shown = view.top.unwrap_or(usize::MAX);
    Ok(if view.json { print_json(&table, shown, out) } else { print_table(&table, shown, out) })
}

fn print_json(table: &SubsystemTable, shown: usize, out: &mut impl Write) -> io::Result<()> {
    let rows = table.rows.iter().take(shown);
    let subsystems = rows
        .map(|row| JsonRow { subsystem: &row.subsystem, value: row.value, functions: row.functions })
        .collect();
    let json = Json { sample_type: &table.sample_type, unit: &table.unit, total: table.total, subsystems };
    serde_json::to_writer(&mut *out, &json)?;
    writeln!(out)
}

fn print_table(table: &SubsystemTable, shown: usize, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "Type: {}", table.sample_type)?;
    writeln!(out, "Total: {} in {} subsystems", value(table.total, &table.unit), table.rows.len())?;
    writeln!(out, "{:>10} {:>6} {:>6} {:>9}", "flat", "flat%", "sum%", "functions")?;
    let mut sum = 0i64;
    for row in table.rows.iter().take(shown) {
        sum = sum.saturating_add(row.value);
        let flat = value(row.value, &table.unit);
        let (share, sum_share) = (percent(row.value, table.total), percent(sum, table.total));
        writeln!(out, "{flat:>10} {share} {sum_share} {:>9}  {}", row.functions, row.subsystem)?;
    }
    Ok(())
}
