//! Tables for people.

use std::io::Write;

use stallscope_core::log::{
    GcSummary, Level, LogOverview, LogRequest, LogRequestPage, LogRequestState, LogText, Sender,
};
use stallscope_core::model::Incident;
use stallscope_core::wait::{PackageShare, PackageWork, PhaseShare, PhaseSource, WaitBreakdown};

use crate::failure::Failure;
use crate::print::value;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A log.
pub fn log(out: &mut impl Write, overview: &LogOverview, page: &LogRequestPage) -> Result<(), Failure> {
    if let (Some(first_ms), Some(last_ms)) = (overview.first_ms, overview.last_ms) {
        writeln!(
            out,
            "{} lines, {} to {}; starts of gopls in it: {}",
            overview.lines,
            clock(first_ms),
            clock(last_ms),
            overview.starts
        )?;
    }
    if overview.whole_seconds {
        writeln!(
            out,
            "its clock has whole seconds: beginnings are right to a second, lengths as they were measured"
        )?;
    }
    methods(out, overview)?;
    requests(out, page)?;
    pending(out, overview)?;
    loads(out, overview)?;
    for text in &overview.texts {
        message(out, text)?;
    }
    if let Some(gc) = &overview.gc {
        collections(out, gc)?;
    }
    if overview.stray_answers > 0 {
        writeln!(
            out,
            "\n{} answers belong to requests from before the log, of an unknown length",
            overview.stray_answers
        )?;
    }
    if overview.not_listed > 0 {
        writeln!(
            out,
            "\n{} of the fastest requests are counted but not listed: there are too many",
            overview.not_listed
        )?;
    }
    Ok(())
}

fn methods(out: &mut impl Write, overview: &LogOverview) -> Result<(), Failure> {
    if overview.methods.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n{:>8} {:>8} {:>8} {:>8} {:>9}  {:>6} {:>9} {:>7}  asked by, method",
        "p50", "p90", "p99", "max", "answered", "errors", "cancelled", "pending"
    )?;
    for method in &overview.methods {
        let of = |ms| if method.answered == 0 { "-".to_owned() } else { length(ms) };
        writeln!(
            out,
            "{:>8} {:>8} {:>8} {:>8} {:>9}  {:>6} {:>9} {:>7}  {}  {}",
            of(method.p50_ms),
            of(method.p90_ms),
            of(method.p99_ms),
            of(method.longest_ms),
            method.answered,
            method.errors,
            method.cancelled,
            method.pending,
            sender(method.from),
            method.method
        )?;
    }
    Ok(())
}

fn requests(out: &mut impl Write, page: &LogRequestPage) -> Result<(), Failure> {
    if page.rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nthe slowest {} of {} requests", page.rows.len(), page.matched_rows)?;
    page.rows.iter().try_for_each(|row| request(out, row))
}

/// One request in a line.
pub fn request(out: &mut impl Write, request: &LogRequest) -> Result<(), Failure> {
    let waited = request.waited_ms.map_or_else(|| "-".to_owned(), length);
    let state = match request.state {
        LogRequestState::Ok => "",
        LogRequestState::Error => "  answered with an error",
        LogRequestState::Cancelled => "  cancelled",
        LogRequestState::Pending => "  pending where the log ends",
        LogRequestState::Unanswered => "  never answered",
    };
    let LogRequest { method, id, .. } = request;
    Ok(writeln!(
        out,
        "{:>10}  {}  {}  {method} ({id}){state}",
        waited,
        clock(request.began_ms),
        sender(request.from)
    )?)
}

fn pending(out: &mut impl Write, overview: &LogOverview) -> Result<(), Failure> {
    if overview.pending_count == 0 {
        return Ok(());
    }
    writeln!(out, "\n{} pending where the log ends, the oldest first", overview.pending_count)?;
    overview.pending.iter().take(20).try_for_each(|row| request(out, row))
}

fn loads(out: &mut impl Write, overview: &LogOverview) -> Result<(), Failure> {
    if overview.load_count == 0 {
        return Ok(());
    }
    writeln!(
        out,
        "\n{} loads of packages, {} of them the same as one before with no change between that the log shows",
        overview.load_count, overview.loads_without_change
    )?;
    for load in overview.loads.iter().rev().take(20).rev() {
        let duration = load.duration_ms.map_or_else(|| "-".to_owned(), |ms| length(ms as u64));
        let packages = load.packages.map_or_else(String::new, |packages| format!("{packages} packages for "));
        let error = load.error.as_ref().map_or_else(String::new, |error| format!(": {error}"));
        writeln!(out, "{duration:>10}  {}  {packages}{}{error}", clock(load.at_ms), load.query)?;
    }
    Ok(())
}

fn message(out: &mut impl Write, text: &LogText) -> Result<(), Failure> {
    let level = match text.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "info",
        Level::Log => "log",
    };
    let times = if text.count > 1 { format!(" ({} times)", text.count) } else { String::new() };
    let first_line = text.text.lines().next().unwrap_or_default();
    writeln!(out, "\n{level}{times}: {first_line}")?;
    for meaning in &text.meanings {
        writeln!(out, "    {}", meaning.means)?;
        writeln!(out, "    To do: {}", meaning.what_to_do)?;
    }
    Ok(())
}

fn collections(out: &mut impl Write, gc: &GcSummary) -> Result<(), Failure> {
    let Some(last) = gc.latest.last() else { return Ok(()) };
    writeln!(
        out,
        "\n{} garbage collections of {} processes, {} forced: pauses {:.1} ms in all, {:.1} ms the longest; {:.0} ms of CPU time were assists",
        gc.cycles, gc.processes, gc.forced, gc.pauses_ms, gc.longest_pause_ms, gc.assists_cpu_ms
    )?;
    writeln!(
        out,
        "last one: {}% of CPU time since the start went into collections, {} live, goal {}",
        last.cpu_percent,
        bytes(last.live_bytes),
        bytes(last.goal_bytes)
    )?;
    Ok(())
}

/// An incident.
pub fn incident(out: &mut impl Write, incident: &Incident, limit: usize) -> Result<(), Failure> {
    let gopls = incident.gopls.version.as_deref().unwrap_or("of unknown version");
    writeln!(out, "{}: gopls {gopls}, began {}", incident.id, incident.started_at)?;
    let mut requests: Vec<_> = incident.requests.iter().collect();
    requests.sort_by_key(|request| std::cmp::Reverse(request.duration_ns));
    for request in requests.into_iter().take(limit) {
        let duration = request.duration_ns.map_or_else(
            || "pending".to_owned(),
            |ns| value(i64::try_from(ns).unwrap_or(i64::MAX), "nanoseconds"),
        );
        writeln!(out, "{duration:>10}  {}", request.method)?;
    }
    let Some(wait) = incident.best_wait() else { return Ok(()) };
    phases(out, &incident.request.method, wait)?;
    wait.packages.as_ref().map_or(Ok(()), |work| packages(out, work, limit))
}

/// The packages it was for, by gopls's spans.
fn packages(out: &mut impl Write, work: &PackageWork, limit: usize) -> Result<(), Failure> {
    let time = |ns: u64| value(i64::try_from(ns).unwrap_or(i64::MAX), "nanoseconds");
    writeln!(
        out,
        "\nfor which packages, {} in all; running: what they import and wait for included\n{:>10}  {:>10}",
        time(work.waited_ns()),
        "waited",
        "running"
    )?;
    for PackageShare { package, phase, waited_ns, running_ns } in work.packages.iter().take(limit) {
        writeln!(out, "{:>10}  {:>10}  {} {package}", time(*waited_ns), time(*running_ns), phase.name())?;
    }
    let hidden = work.packages.len().saturating_sub(limit);
    if hidden > 0 || work.others > 0 {
        writeln!(out, "{} more packages", hidden as u64 + u64::from(work.others))?;
    }
    Ok(())
}

/// What a request was spent on, the longest first.
fn phases(out: &mut impl Write, method: &str, wait: &WaitBreakdown) -> Result<(), Failure> {
    let source = match wait.source {
        PhaseSource::Spans => "by gopls's own spans: exact".to_owned(),
        PhaseSource::Sampling => format!("by looking at its goroutines {} times", wait.samples),
    };
    writeln!(out, "\nwhat {method} waited for, {source}")?;
    for PhaseShare { phase, duration_ns, share, error_share } in &wait.phases {
        let duration = value(i64::try_from(*duration_ns).unwrap_or(i64::MAX), "nanoseconds");
        let error =
            if *error_share > 0.0 { format!(" ± {:.0}%", 100.0 * error_share) } else { String::new() };
        writeln!(out, "{duration:>10}  {:>5.1}%{error:<7}  {}", 100.0 * share, phase.name())?;
    }
    Ok(())
}

/// `21:08:53.042`, with the day where the log goes on over midnight.
fn clock(at_ms: u64) -> String {
    let (day, ms) = (at_ms / DAY_MS, at_ms % DAY_MS);
    let time =
        format!("{:02}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000);
    if day == 0 { time } else { format!("{time} (day {})", day + 1) }
}

fn length(ms: u64) -> String {
    match ms {
        0..10_000 => format!("{ms} ms"),
        _ => format!("{:.1} s", ms as f64 / 1000.0),
    }
}

fn bytes(bytes: u64) -> String {
    value(i64::try_from(bytes).unwrap_or(i64::MAX), "bytes")
}

fn sender(sender: Sender) -> &'static str {
    match sender {
        Sender::Editor => "editor",
        Sender::Gopls => "gopls ",
    }
}
