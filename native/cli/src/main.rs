//! `stallscope`: the same core as the editor extension, for CI, terminals and other editors.
//!
//! One file per verb. The verbs that only read files start no runtime: a small profile takes milliseconds.

mod analyze;
mod capture;
mod diff;
mod failure;
mod load;
mod patterns;
mod print;
mod report;
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
    /// Capture a heap, goroutine or CPU profile of a running gopls now.
    ///
    /// Nothing is forced and nobody waits for it, except with `heap-after-gc`. docs/capturing.md says what each costs.
    Capture(capture::Capture),
    /// Show which functions hold the memory of a heap profile.
    Analyze(analyze::Analyze),
    /// Show what changed from one heap profile to another.
    Diff(diff::Diff),
    /// Look for known leak patterns of gopls in its heap profiles.
    ///
    /// Several profiles of one gopls, in order of time and each after another garbage collection, tell what grows; one
    /// profile only tells what there is. Found or not, the exit code is 0.
    Patterns(patterns::Patterns),
    /// Put an incident together for somebody else: redacted, as a zip or a page.
    Report(report::Report),
    /// Read gopls's message log: how long each request took, what was pending, what gopls said.
    ///
    /// Also saves a log or an incident for Perfetto and speedscope. A log contains source text: docs/reading-logs.md.
    Trace(trace::Trace),
    /// Watch a gopls and capture its heap when a request stalls.
    Watch(watch::Watch),
}

fn main() -> ExitCode {
    let result = match Cli::parse().verb {
        Verb::Capture(capture) => capture.run(),
        Verb::Analyze(analyze) => analyze.run(),
        Verb::Diff(diff) => diff.run(),
        Verb::Patterns(patterns) => patterns.run(),
        Verb::Report(report) => report.run(),
        Verb::Trace(trace) => trace.run(),
        Verb::Watch(watch) => watch.run(),
    };
    failure::exit_code(result)
}
