//! `stallscope`: the same core as the editor extension, for CI, terminals and other editors.
//!
//! One file per verb. The verbs that only read files start no runtime: a small profile takes milliseconds.

mod analyze;
mod cache;
mod capture;
mod check;
mod diff;
mod doctor;
mod driven;
mod export;
mod failure;
mod history;
mod load;
mod patterns;
mod print;
mod report;
mod reproduce;
mod retain;
mod seconds;
mod subsystems;
mod trace;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Looks into gopls's memory: what a heap profile holds, and what changed between two.
#[derive(Parser)]
#[command(name = "stallscope", version)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Show what is in gopls's cache on disk and whose it is; remove what is nobody's any more.
    ///
    /// A directory of it belongs to one executable of gopls. Those of executables that run or are installed are kept. Nothing
    /// is removed without --clean.
    Cache(cache::Cache),
    /// Check that gopls stays within limits on this repository, for CI.
    ///
    /// The work of `reproduce`, held against limits, a baseline and the doctor. Exit code 0: all hold; 1: one does not; 2: the
    /// arguments; 3: something could not be measured. docs/checking.md says more.
    Check(Box<check::Check>),
    /// Capture a heap, goroutine or CPU profile of a running gopls now.
    ///
    /// Nothing is forced and nobody waits for it, except with `heap-after-gc`. docs/capturing.md says what each costs.
    Capture(capture::Capture),
    /// Show which functions hold the memory of a heap profile.
    Analyze(analyze::Analyze),
    /// Show what changed from one heap profile to another.
    Diff(diff::Diff),
    /// Examine settings, environment, workspace and cache of a folder: what makes Go slow or wrong there, and how to mend it.
    ///
    /// It only looks: nothing is downloaded and nothing is changed.
    Doctor(doctor::Doctor),
    /// Show how long answers took, memory and stalls over weeks, and before and after an upgrade.
    ///
    /// Of what was kept in a storage folder: that of an editor, or of `watch`. Days are those of this machine's time zone.
    History(history::History),
    /// Send incidents to an OpenTelemetry collector: as traces, metrics and log records, redacted.
    ///
    /// Where to is said by the standard OTEL_EXPORTER_OTLP_* variables, or by --endpoint. What has arrived is not sent again;
    /// what could not be sent waits on disk for the next time. docs/fleet says more.
    Export(export::Export),
    /// Look for known leak patterns of gopls in its heap profiles.
    ///
    /// Several profiles of one gopls, in order of time and each after another garbage collection, tell what grows; one
    /// profile only tells what there is. Found or not, the exit code is 0.
    Patterns(patterns::Patterns),
    /// Put an incident together for somebody else: redacted, as a zip or a page.
    Report(report::Report),
    /// Do the same work with a gopls of its own over and over, measure it, and compare two versions or settings.
    ///
    /// A cold load, hovers, definitions, completions, saves and a warm load, on a folder or on a generated workspace. Nothing
    /// of yours is changed. docs/reproducing.md says what is measured.
    Reproduce(Box<reproduce::Reproduce>),
    /// Show who holds the memory of a running gopls: the living objects by type, and by what keeps them alive.
    ///
    /// gopls stands still while its objects are copied, about 0.15 s for each GB that is alive; looking through the copy
    /// takes seconds and is done by a process of its own. On Linux. docs/retention.md says more.
    Retain(retain::Retain),
    /// Read gopls's message log: how long each request took, what was pending, what gopls said.
    ///
    /// Also saves a log or an incident for Perfetto and speedscope. A log contains source text: docs/reading-logs.md.
    Trace(trace::Trace),
    /// Watch a gopls and capture its heap when a request stalls.
    Watch(watch::Watch),
}

fn main() -> ExitCode {
    let result = match Cli::parse().verb {
        Verb::Cache(cache) => cache.run(),
        Verb::Check(check) => check.run(),
        Verb::Capture(capture) => capture.run(),
        Verb::Analyze(analyze) => analyze.run(),
        Verb::Diff(diff) => diff.run(),
        Verb::Doctor(doctor) => doctor.run(),
        Verb::History(history) => history.run(),
        Verb::Export(export) => export.run(),
        Verb::Patterns(patterns) => patterns.run(),
        Verb::Report(report) => report.run(),
        Verb::Reproduce(reproduce) => reproduce.run(),
        Verb::Retain(retain) => retain.run(),
        Verb::Trace(trace) => trace.run(),
        Verb::Watch(watch) => watch.run(),
    };
    failure::exit_code(result)
}
