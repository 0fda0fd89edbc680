//! An experiment as one page: no script, nothing from elsewhere.

use std::fmt::Write;

use super::compare::SideValues;
use super::outcome::{Experiment, Measure, RunOutcome, Side};
use crate::apart::Told;
use crate::html::escape;

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--soft:#8882;--first:#2a6fbb;--second:#b8651b;--worse:#c02f2f;--better:#2c7d3c}\
@media (prefers-color-scheme:dark){:root{--first:#6cb0ff;--second:#f0a35e;--worse:#ff8080;--better:#77cc88}}\
body{font:14px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}\
table{border-collapse:collapse;width:100%}th,td{padding:.3rem .6rem;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}\
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\
small{opacity:.75}.first{color:var(--first)}.second{color:var(--second)}.worse{color:var(--worse);font-weight:600}.better{color:var(--better);font-weight:600}\
td.strip{width:75%}svg{display:block;width:100%;height:1.6rem}svg circle{fill-opacity:.7}code{font-size:.95em}";
/// Width of a strip in its own units.
const STRIP: f64 = 1_000.0;

/// The page.
pub fn page(experiment: &Experiment) -> String {
    let mut html = String::from("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n");
    let _ = write!(html, "<title>{}</title>\n<style>{STYLE}</style>\n", escape(&title(experiment)));
    let _ = writeln!(html, "<h1>{}</h1>", escape(&title(experiment)));
    let _ = writeln!(html, "<p>{}</p>", escape(&what_was_done(experiment)));
    measures(&mut html, experiment);
    for (side, class) in experiment.sides.iter().zip(["first", "second"]) {
        strips(&mut html, side, class);
    }
    for side in &experiment.sides {
        loads(&mut html, side);
        failures(&mut html, side);
    }
    html
}

fn title(experiment: &Experiment) -> String {
    let sides: Vec<_> = experiment.sides.iter().map(|side| side.name.as_str()).collect();
    format!("gopls under test: {}", sides.join(" against "))
}

/// The same sentence for people on a terminal and on the page.
pub fn what_was_done(experiment: &Experiment) -> String {
    let (scenario, workspace, machine) = (&experiment.scenario, &experiment.workspace, &experiment.machine);
    let source = workspace.folder.as_deref().unwrap_or("a generated workspace");
    let runs = experiment.sides.first().map_or(0, |side| side.runs.len());
    let mut text = format!(
        "{runs} run(s) on each side, with {source} ({} Go files): a cold load, {} hovers, {} definitions, {} completions and {} saves in {} open file(s), {:.1} s of rest",
        workspace.go_files,
        scenario.hovers,
        scenario.definitions,
        scenario.completions,
        scenario.saves,
        workspace.open_files.len(),
        scenario.idle_ms as f64 / 1e3,
    );
    text.push_str(if scenario.force_gc { ", a forced collection" } else { "" });
    text.push_str(if scenario.warm { ", then a warm load." } else { "." });
    let go = machine.go.as_deref().unwrap_or("an unknown Go");
    let _ = write!(text, " {} CPUs, {}, {go}; seed {}.", machine.cpus, machine.system, scenario.seed);
    if let Some(why) = &workspace.not_saved {
        let _ = write!(text, " Saves were only told to gopls, no file was written: {why}.");
    }
    text
}

fn measures(html: &mut String, experiment: &Experiment) {
    html.push_str("<h2>What was measured</h2>\n<p><small>The middle of all runs; from the least to the most in brackets.");
    if let Some(comparison) = &experiment.comparison {
        let _ = write!(
            html,
            " A difference is told only when it is at least a tenth and no run of one side lies among those of the other; so many runs are that far apart by chance alone in {:.0} % of cases.",
            100.0 * comparison.chance
        );
    }
    html.push_str("</small></p>\n<table><tr><th>");
    for (side, class) in experiment.sides.iter().zip(["first", "second"]) {
        let _ = write!(html, "<th class=\"n {class}\">{}", escape(&side.name));
    }
    html.push_str(if experiment.comparison.is_some() { "<th>\n" } else { "\n" });
    for measure in Measure::all() {
        let sides: Vec<_> = experiment.sides.iter().map(|side| SideValues::of(side, measure)).collect();
        if sides.iter().all(|values| values.median.is_none()) {
            continue;
        }
        let _ = write!(html, "<tr><td>{}", measure.title());
        for values in &sides {
            let _ = write!(html, "<td class=\"n\">{}", values.text(measure));
        }
        match experiment.told(measure) {
            Some(Told::Better) => html.push_str("<td class=\"better\">less"),
            Some(Told::Worse) => html.push_str("<td class=\"worse\">more"),
            Some(Told::Same) => html.push_str("<td>no clear difference"),
            Some(Told::Unknown) => html.push_str("<td>not on both sides"),
            None => {}
        }
        html.push('\n');
    }
    html.push_str("</table>\n");
}

impl SideValues {
    /// `4.10 s (4.00 s to 4.20 s)`.
    pub fn text(&self, measure: Measure) -> String {
        let Some(((median, least), most)) = self.median.zip(self.least).zip(self.most) else {
            return "not measured".to_owned();
        };
        if self.values.len() == 1 {
            return measure.text(median);
        }
        format!("{} ({} to {})", measure.text(median), measure.text(least), measure.text(most))
    }
}

/// Every single duration as a dot, on a scale from nothing to the longest.
fn strips(html: &mut String, side: &Side, class: &str) {
    let steps = || side.runs.iter().flat_map(|run| &run.steps);
    let longest = steps().flat_map(|step| &step.durations_ns).max().copied().unwrap_or(0);
    if longest == 0 {
        return;
    }
    let scale = Measure::ColdLoad.text(longest as f64);
    let _ = writeln!(
        html,
        "<h2 class=\"{class}\">{}: every answer</h2>\n<p><small>From 0 to {scale}, all runs.</small></p>\n<table>",
        escape(&side.name)
    );
    for kind in super::StepKind::ALL {
        let durations: Vec<_> = steps().filter(|s| s.kind == kind).flat_map(|s| &s.durations_ns).collect();
        if durations.is_empty() {
            continue;
        }
        let _ = write!(
            html,
            "<tr><td>{}<td class=\"n\">{}<td class=\"strip\"><svg viewBox=\"-10 0 1020 20\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"durations of {}\">",
            kind.name(),
            durations.len(),
            kind.name()
        );
        for duration in durations {
            let x = STRIP * *duration as f64 / longest as f64;
            let _ = write!(html, "<circle cx=\"{x:.1}\" cy=\"10\" r=\"5\" fill=\"var(--{class})\"/>");
        }
        html.push_str("</svg>\n");
    }
    html.push_str("</table>\n");
}

fn loads(html: &mut String, side: &Side) {
    let loads = || {
        side.runs
            .iter()
            .enumerate()
            .flat_map(|(run, outcome)| outcome.loads.iter().map(move |load| (run + 1, load)))
    };
    if loads().next().is_none() {
        return;
    }
    let _ = writeln!(
        html,
        "<h2>{}: loads of packages</h2>\n<table><tr><th class=\"n\">run<th class=\"n\">#<th class=\"n\">took<th class=\"n\">packages<th>asked for<th>",
        escape(&side.name)
    );
    for (run, load) in loads() {
        let took = load.duration_ms.map_or("?".to_owned(), |ms| Measure::ColdLoad.text(ms * 1e6));
        let packages = load.packages.map_or(String::new(), |packages| packages.to_string());
        let again = match (load.repeated, load.without_change) {
            (true, true) => "<span class=\"worse\">again, without need</span>",
            (true, false) => "again",
            _ => "",
        };
        let error = load
            .error
            .as_deref()
            .map_or(String::new(), |error| format!(" <span class=\"worse\">{}</span>", escape(error)));
        let _ = writeln!(
            html,
            "<tr><td class=\"n\">{run}<td class=\"n\">{}<td class=\"n\">{took}<td class=\"n\">{packages}<td><code>{}</code>{error}<td>{again}",
            load.number,
            escape(&load.query)
        );
    }
    html.push_str("</table>\n");
}

fn failures(html: &mut String, side: &Side) {
    let told: Vec<String> =
        side.runs.iter().enumerate().flat_map(|(run, outcome)| failed(run + 1, outcome)).collect();
    if told.is_empty() {
        return;
    }
    let _ = writeln!(html, "<h2>{}: what went wrong</h2>\n<ul>", escape(&side.name));
    for line in told {
        let _ = writeln!(html, "<li>{}", escape(&line));
    }
    html.push_str("</ul>\n");
}

/// What of a run did not succeed, a line each.
pub fn failed(number: usize, run: &RunOutcome) -> Vec<String> {
    let steps = run.steps.iter().flat_map(|step| {
        step.failed.iter().map(move |failed| {
            format!("run {number}, {} {}: {}", step.kind.name(), failed.number, failed.why)
        })
    });
    let unloaded =
        run.load_error.iter().map(|why| format!("run {number}: gopls could not load the workspace: {why}"));
    let messages = run.messages.iter().map(|message| format!("run {number}: gopls says: {message}"));
    let ended = run.ended_early.iter().map(|why| format!("run {number} ended early: {why}"));
    steps.chain(messages).chain(unloaded).chain(ended).collect()
}
