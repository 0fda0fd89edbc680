//! An experiment for people.

use std::io::{self, Write};

use stallscope_core::apart::Told;
use stallscope_core::experiment::{Experiment, Measure, SideValues, failed, what_was_done};

const NAME_WIDTH: usize = 24;
const SIDE_WIDTH: usize = 32;

/// The table, and below it what went wrong.
pub fn text(experiment: &Experiment, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", what_was_done(experiment))?;
    writeln!(out)?;
    write!(out, "{:NAME_WIDTH$}", "")?;
    for side in &experiment.sides {
        write!(out, "  {:>SIDE_WIDTH$}", side.name)?;
    }
    writeln!(out)?;
    for measure in Measure::all() {
        let sides: Vec<_> = experiment.sides.iter().map(|side| SideValues::of(side, measure)).collect();
        if sides.iter().all(|values| values.median.is_none()) {
            continue;
        }
        write!(out, "{:NAME_WIDTH$}", measure.title())?;
        for values in &sides {
            write!(out, "  {:>SIDE_WIDTH$}", values.text(measure))?;
        }
        let told = experiment.told(measure);
        writeln!(out, "{}", told.map_or(String::new(), |told| format!("  {}", words(told))))?;
    }
    if let Some(comparison) = &experiment.comparison {
        writeln!(
            out,
            "\nA difference is told when it is at least a tenth and the runs of the two do not overlap;\nby chance alone that happens in {:.0} % of cases with so many runs.",
            100.0 * comparison.chance
        )?;
    }
    for side in &experiment.sides {
        for load in side.runs.iter().flat_map(|run| &run.loads).filter(|l| l.repeated && l.without_change) {
            writeln!(out, "\n{}: loaded again without need: {}", side.name, load.query)?;
        }
        for (number, run) in side.runs.iter().enumerate() {
            for line in failed(number + 1, run) {
                writeln!(out, "{}: {line}", side.name)?;
            }
        }
    }
    Ok(())
}

fn words(told: Told) -> &'static str {
    match told {
        Told::Better => "less",
        Told::Worse => "MORE",
        Told::Same => "",
        Told::Unknown => "not on both sides",
    }
}
