//! What the doctor found, for people.

use std::io::Write;

use stallscope_doctor::{Confidence, Place, Range, Report, Severity};

/// All findings, each with where it is, why it matters and how it is mended.
pub fn text(report: &Report, out: &mut impl Write) -> std::io::Result<()> {
    for finding in &report.findings {
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Information => "note",
        };
        let sure = match finding.confidence {
            Confidence::Certain => "",
            Confidence::Likely => " (likely)",
            Confidence::Possible => " (possibly)",
        };
        writeln!(out, "{severity}{sure}: {} [{}]", finding.title, finding.id)?;
        writeln!(out, "  at {}", place(&finding.place))?;
        for line in &finding.evidence {
            writeln!(out, "  > {line}")?;
        }
        writeln!(out, "  {}", finding.why)?;
        for fix in &finding.fixes {
            let command =
                if fix.command.is_empty() { String::new() } else { ": ".to_owned() + &fix.command.join(" ") };
            let folder = fix.folder.as_ref().map(|folder| format!(" (in {folder})")).unwrap_or_default();
            writeln!(out, "  fix: {}{command}{folder}", fix.title)?;
        }
        if let Some(undo) = &finding.undo {
            writeln!(out, "  undo: {undo}")?;
        }
        writeln!(out)?;
    }
    for server in &report.lifecycle.servers {
        let version = server.version.as_deref().unwrap_or("of a work tree");
        let editor = server.editor.as_deref().unwrap_or("no editor that we know");
        let (minutes, megabytes) = (server.uptime_s / 60, server.rss_bytes / 1_000_000);
        writeln!(
            out,
            "gopls {version}, process {}, of {editor}: for {minutes} minutes, {megabytes} MB",
            server.pid
        )?;
        writeln!(out, "  {} {}", server.exe, server.flags.join(" "))?;
        for (name, value) in &server.variables {
            writeln!(out, "  {name}={value}")?;
        }
    }
    if let Some(next) = &report.lifecycle.next_start {
        writeln!(out, "the Go extension would start {} ({})", next.exe, next.by.name())?;
    }
    for step in report.lifecycle.log.iter().flat_map(|log| &log.steps) {
        let took = step.took_ms.map_or_else(|| "not done yet".to_owned(), |took| format!("{took} ms"));
        writeln!(out, "start: {} {}: {took}", step.name, step.detail)?;
    }
    for not in &report.not_examined {
        writeln!(out, "not examined: {}: {}", not.what, not.why)?;
    }
    let count = report.findings.len();
    writeln!(out, "{count} finding{} in {}", if count == 1 { "" } else { "s" }, report.folder)
}

fn place(place: &Place) -> String {
    let at = |path: &str, range: &Option<Range>| match range {
        Some(range) => format!("{path}:{}:{}", range.start.line + 1, range.start.column + 1),
        None => path.to_owned(),
    };
    match place {
        Place::File { path, range } => at(path, range),
        Place::Folder { path } => path.clone(),
        Place::Setting { key, path: Some(path), range, .. } => format!("{} ({key})", at(path, range)),
        Place::Setting { key, path: None, .. } => format!("setting {key}"),
        Place::Environment { name } => format!("environment variable {name}"),
        Place::Process { pid } => format!("process {pid}"),
    }
}
