//! Two traces against each other, and one by itself.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};
use stallscope_core::trace::{ComparedRow, ComparedTrace, Lengths, ReadTrace, Skipped, TraceComparison};
use stallscope_probe::trace::trace_at;

use super::{Trace, trace_failure};
use crate::failure::Failure;
use crate::print::value;

impl Trace {
    /// Compares with another one.
    pub(super) fn compared(&self, other: &Path) -> Result<(), Failure> {
        let (this, this_skipped) = trace_at(&self.input).map_err(trace_failure)?;
        let (that, that_skipped) = trace_at(other).map_err(trace_failure)?;
        self.save(|| this.clone())?;
        self.print(&TraceComparison::of((&this, this_skipped), (&that, that_skipped)), true)
    }

    /// What a trace has of each name.
    pub(super) fn told(&self, read: &ReadTrace) -> Result<(), Failure> {
        let nothing = stallscope_core::trace::Trace { groups: Vec::new(), ..read.trace.clone() };
        self.print(&TraceComparison::of(read.side(), (&nothing, None)), false)
    }

    fn print(&self, comparison: &TraceComparison, is_of_two: bool) -> Result<(), Failure> {
        let filter = self.method.to_lowercase();
        let matched = |row: &&ComparedRow| row.name.to_lowercase().contains(&filter);
        let rows: Vec<&ComparedRow> = comparison.rows.iter().filter(matched).collect();
        let mut out = std::io::stdout().lock();
        if self.json {
            let told = json(comparison, &rows[..rows.len().min(self.limit())], is_of_two);
            serde_json::to_writer(&mut out, &told).map_err(std::io::Error::from)?;
            writeln!(out)?;
            return Ok(());
        }
        heading(&mut out, "this", &comparison.this)?;
        if is_of_two {
            heading(&mut out, "other", &comparison.other)?;
            table_of_two(&mut out, &rows, self.limit())?;
        } else {
            table_of_one(&mut out, &rows, self.limit())?;
        }
        let hidden = rows.len().saturating_sub(self.limit()) as u64 + comparison.left_out_rows;
        if hidden > 0 {
            writeln!(out, "\n{hidden} more names: --top 0 lists all that are kept")?;
        }
        Ok(())
    }
}

fn heading(out: &mut impl Write, which: &str, trace: &ComparedTrace) -> Result<(), Failure> {
    writeln!(out, "{which}: {}, {} slices", trace.title, trace.slices)?;
    for problem in trace.skipped.map(not_read).unwrap_or_default() {
        writeln!(out, "    {problem}")?;
    }
    Ok(())
}

/// What of a file was not read, in words.
fn not_read(skipped: Skipped) -> Vec<String> {
    let Skipped { other_kinds, unbalanced, malformed, beyond_limits, is_cut_off } = skipped;
    let counted = [
        (other_kinds, "events take no time (flows, samples, …)"),
        (unbalanced, "beginnings or ends stand alone"),
        (malformed, "events have no name or no moment that can be"),
        (beyond_limits, "events are too many, or too deep within others"),
    ];
    let mut problems: Vec<_> = counted
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("left out: {count} {what}"))
        .collect();
    if is_cut_off {
        problems.push("the file ends in the middle of an event".to_owned());
    }
    problems
}

fn table_of_two(out: &mut impl Write, rows: &[&ComparedRow], limit: usize) -> Result<(), Failure> {
    writeln!(
        out,
        "\n{:>10}  {:>6} {:>9} {:>9} {:>9}  {:>6} {:>9} {:>9} {:>9}  name",
        "difference", "this", "total", "median", "p95", "other", "total", "median", "p95"
    )?;
    for row in rows.iter().take(limit) {
        let sign = if row.difference_ns > 0 { "+" } else { "" };
        writeln!(
            out,
            "{:>10}  {}  {}  {}",
            format!("{sign}{}", value(row.difference_ns, "nanoseconds")),
            lengths(row.this.as_ref()),
            lengths(row.other.as_ref()),
            name(row)
        )?;
    }
    Ok(())
}

fn table_of_one(out: &mut impl Write, rows: &[&ComparedRow], limit: usize) -> Result<(), Failure> {
    writeln!(out, "\n{:>6} {:>9} {:>9} {:>9}  name", "count", "total", "median", "p95")?;
    for row in rows.iter().take(limit) {
        writeln!(out, "{}  {}", lengths(row.this.as_ref()), name(row))?;
    }
    Ok(())
}

/// The group a name is of, and whether it is a part of what is in it.
fn name(row: &ComparedRow) -> String {
    let within = if row.is_part { "within " } else { "" };
    let unfinished = [row.this, row.other].iter().flatten().map(|side| side.unfinished).sum::<u64>();
    let unfinished =
        if unfinished > 0 { format!("; {unfinished} unfinished, not counted") } else { String::new() };
    format!("{} ({within}{}{unfinished})", row.name, row.group)
}

fn lengths(side: Option<&Lengths>) -> String {
    let Some(Lengths { count, total_ns, median_ns, p95_ns, .. }) = side.filter(|side| side.count > 0) else {
        return format!("{:>6} {:>9} {:>9} {:>9}", side.map_or("-", |_| "0"), "-", "-", "-");
    };
    let time = |ns: u64| value(i64::try_from(ns).unwrap_or(i64::MAX), "nanoseconds");
    format!("{count:>6} {:>9} {:>9} {:>9}", time(*total_ns), time(*median_ns), time(*p95_ns))
}

/// For scripts, in a shape of its own. Of one trace alone there is no other and no difference.
fn json(comparison: &TraceComparison, rows: &[&ComparedRow], is_of_two: bool) -> Value {
    let trace = |of: &ComparedTrace| {
        let skipped = of.skipped.map(|skipped| {
            json!({
                "other_kinds": skipped.other_kinds,
                "unbalanced": skipped.unbalanced,
                "malformed": skipped.malformed,
                "beyond_limits": skipped.beyond_limits,
                "is_cut_off": skipped.is_cut_off,
            })
        });
        json!({ "title": of.title, "slices": of.slices, "skipped": skipped })
    };
    let side = |of: Option<&Lengths>| {
        of.map(|of| {
            json!({
                "count": of.count,
                "unfinished": of.unfinished,
                "total_ns": of.total_ns,
                "median_ns": of.median_ns,
                "p95_ns": of.p95_ns,
            })
        })
    };
    let row = |row: &&ComparedRow| {
        let mut told = json!({
            "group": row.group,
            "name": row.name,
            "is_part": row.is_part,
            "this": side(row.this.as_ref()),
        });
        if is_of_two {
            told["other"] = side(row.other.as_ref()).into();
            told["difference_ns"] = row.difference_ns.into();
        }
        told
    };
    let mut told = json!({
        "this": trace(&comparison.this),
        "rows": rows.iter().map(row).collect::<Vec<_>>(),
        "left_out_rows": comparison.left_out_rows,
    });
    if is_of_two {
        told["other"] = trace(&comparison.other);
    }
    told
}
