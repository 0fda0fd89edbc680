//! The texts of a report: `README.txt`, `verdict.txt` and the Markdown of an issue. They are English, for whoever
//! maintains gopls, whatever language the user's editor speaks. Each says how what it says is known.

use std::fmt::Write;

use super::facts::{ReportFacts, ReportFile, ReportFileKind};
use super::figures::{bytes, duration};
use super::growth::{GrowthPace, Pace};
use crate::gc::GcFacts;
use crate::heap::{HeapPage, SubsystemTable};
use crate::memory::{CapturedMemory, MemoryPartKind};
use crate::model::{CaptureKind, Incident, IncidentState, Ns, TimingSource, Value};
use crate::patterns::{Confidence, Patterns};
use crate::wait::{
    Cause, CauseConfidence, PackageShare, PhaseShare, PhaseSource, QueuedBehind, WaitBreakdown,
};

/// Functions in the table of an issue.
pub const ISSUE_ROWS: usize = 10;

/// Packages in a sentence.
const PACKAGES: usize = 5;

/// What the texts are made of; all of it redacted before.
pub struct Told<'a> {
    /// The incident.
    pub incident: &'a Incident,
    /// What maintainers ask.
    pub facts: &'a ReportFacts,
    /// Where the memory was, at the captures that tell.
    pub memory: &'a [CapturedMemory],
    /// The largest functions of the last heap of the incident, by `inuse_space`.
    pub heap: Option<&'a HeapPage>,
    /// The same heap by part of gopls.
    pub subsystems: Option<&'a SubsystemTable>,
    /// Which leak patterns the heaps of the incident show.
    pub patterns: Option<&'a Patterns>,
}

/// `README.txt`.
pub fn readme(facts: &ReportFacts, files: &[ReportFile], left_out: &[String]) -> String {
    let mut text = String::from(
        "A report on one moment in which gopls (the Go language server) kept somebody waiting,\n\
         or in which its heap was captured on request.\n\n",
    );
    let _ = writeln!(text, "Made by {} at {}.", facts.made_by, facts.made_at);
    text.push_str(match (facts.redacted, facts.names_hidden) {
        (false, _) => "Nothing in it was redacted: it names folders and accounts as they are.\n",
        (true, false) => {
            "Folders, account and host names are replaced by stand-ins: ~ is the home folder, $WORKSPACE a\n\
             workspace folder. Names of modules and files below them are as they are.\n"
        }
        (true, true) => {
            "Folders, account and host names are replaced by stand-ins (~, $WORKSPACE), and so are the names of\n\
             modules, packages and files of the workspace. Equal stand-ins mean the same thing in all files.\n"
        }
    });
    text.push_str("No source code is in it. No number was changed.\n\n");
    for file in files {
        let _ = writeln!(text, "{:<22} {}", file.name, purpose(file.kind));
    }
    if !left_out.is_empty() {
        text.push_str("\nLeft out:\n");
        left_out.iter().for_each(|why| {
            let _ = writeln!(text, "- {why}");
        });
    }
    text.push_str(
        "\nA heap profile shows the heap as of the last garbage collection that had ended by then, sampled\n\
         (one allocation in about 512 KiB), so small values are estimates. gopls reserves 100 MB on purpose\n\
         (cache.init, its ballast): they are in the profile, and mostly not resident.\n",
    );
    text
}

fn purpose(kind: ReportFileKind) -> &'static str {
    match kind {
        ReportFileKind::Readme => "this text",
        ReportFileKind::Page => "the report to look at: open it in a browser; it asks nothing of the network",
        ReportFileKind::Facts => {
            "versions, machine, settings that differ from their defaults, size of the workspace"
        }
        ReportFileKind::Incident => "what was recorded: requests, memory, rules that fired, captures",
        ReportFileKind::Timeline => "memory, requests and captures over time",
        ReportFileKind::Verdict => "what it comes to, in words",
        ReportFileKind::Heap => "a heap profile of gopls: go tool pprof FILE",
        ReportFileKind::Profile => {
            "a profile of gopls that is no heap (allocations, growth or CPU): go tool pprof FILE"
        }
        ReportFileKind::HeapText => "a heap profile of gopls as text",
        ReportFileKind::Goroutines => "what each goroutine was doing (/debug/pprof/goroutine?debug=1)",
        ReportFileKind::Memory => "the runtime's memory statistics (gopls's page /memory)",
        ReportFileKind::Spans => {
            "gopls's own spans around the wait (-otel), in columns; times count like those of incident.json"
        }
    }
}

/// `verdict.txt`: what happened, what it rests on, and what it does not say.
pub fn verdict(told: &Told<'_>) -> String {
    let mut text = format!("{}\n{}\n", happened(told.incident), pace(&told.facts.growth));
    evidence(told).iter().for_each(|line| {
        let _ = writeln!(text, "- {line}");
    });
    let _ = writeln!(text, "\n{DOES_NOT_SAY}");
    text
}

/// Messages in front that are named.
const MOST_BEHIND: usize = 3;
const DOES_NOT_SAY: &str = "Whether gopls keeps this memory (a leak) or gives it up at its next garbage collections (churn) does not show \
     in one incident: that takes the live heap after many GC cycles.";

/// The Markdown of an issue: what maintainers ask first, filled in as far as it is known.
pub fn issue(told: &Told<'_>) -> String {
    let Told { incident, facts, .. } = told;
    let mut text = String::new();
    let mut section = |title: &str, lines: &[String]| {
        let _ = writeln!(text, "### {title}\n");
        lines.iter().for_each(|line| {
            let _ = writeln!(text, "- {line}");
        });
        text.push('\n');
    };
    section("Versions", &versions(facts));
    section("What happened", &[happened(incident), duration_is_known(incident)]);
    section("Immediate or gradual", &[pace(&facts.growth)]);
    section("Workspace", &[workspace(facts)]);
    section("Memory (RSS of gopls)", &memory(told));
    let mut rests = evidence(told);
    rests.push(DOES_NOT_SAY.to_owned());
    section("What it comes to", &rests);
    if !facts.editor.settings.is_empty() {
        let settings = serde_json::to_string_pretty(&facts.editor.settings).unwrap_or_default();
        let fence = fence_for(&settings);
        let _ = writeln!(
            text,
            "### Settings that differ from their defaults\n\n{fence}json\n{settings}\n{fence}\n"
        );
    }
    if let Some(heap) = told.heap {
        heap_table(&mut text, heap);
    }
    let _ = writeln!(
        text,
        "Recorded by {} while it happened, from gopls's own debug pages and the operating system. A zip with the heap and \
         goroutine profiles, the time line and these facts can be attached. {}",
        facts.made_by,
        if facts.redacted { "Paths and names are replaced by stand-ins." } else { "It is not redacted." },
    );
    text
}

fn versions(facts: &ReportFacts) -> Vec<String> {
    let unknown = || "unknown".to_owned();
    let built = facts.gopls.go_version.clone().unwrap_or_else(unknown);
    let mut lines =
        vec![format!("gopls {}, built with {built}", facts.gopls.version.clone().unwrap_or_else(unknown))];
    if let Some(build) = &facts.gopls.build {
        let told: Vec<_> = ["GOOS", "GOARCH", "GOAMD64", "GOEXPERIMENT", "CGO_ENABLED", "-race", "-tags"]
            .iter()
            .filter_map(|name| build.get(*name).map(|value| format!("{name}={value}")))
            .collect();
        if !told.is_empty() {
            lines.push(format!("gopls's build settings: {}", told.join(" ")));
        }
    }
    let machine = &facts.machine;
    let cpus = machine.cpus.map_or_else(unknown, |count| count.to_string());
    let memory = facts.editor.memory_bytes.map_or_else(unknown, |size| bytes(size.max(0.0) as u64));
    let os = if facts.editor.os_release.is_empty() { &machine.os } else { &facts.editor.os_release };
    lines.push(format!("{os} ({}), {cpus} CPUs, memory {memory}", machine.arch));
    let editor = &facts.editor;
    if !editor.editor.is_empty() {
        let remote =
            if editor.remote.is_empty() { String::new() } else { format!(", over {}", editor.remote) };
        let go = if editor.go_extension.is_empty() { "not there" } else { &editor.go_extension };
        lines.push(format!("{}{remote}; Go extension {go}", editor.editor));
    }
    lines
}

fn happened(incident: &Incident) -> String {
    let request = &incident.request;
    if request.method == "capture-on-request" {
        return "The heap was captured on request; nobody was waiting for gopls.".to_owned();
    }
    let load = match &incident.load {
        Some(load) if load.ordinary => " It fell into the first load of the workspace.",
        Some(_) => {
            " It fell into the first load of the workspace, which took clearly longer than earlier ones."
        }
        None => "",
    };
    let what = match request.duration_ns {
        Some(took) => format!("{} took {}.", request.method, duration(took)),
        None if incident.state == IncidentState::GoplsGone => {
            format!("gopls ended before it had answered {}.", request.method)
        }
        None => format!("{} was not answered as long as somebody looked.", request.method),
    };
    let held_up = match incident.held_up_ns {
        0 => String::new(),
        held_up_ns => format!(
            " Right before it was asked, the editor's extension host had been busy for {}: that is not gopls's time.",
            duration(held_up_ns)
        ),
    };
    let taken_late = match incident.taken_late_ns {
        0 => String::new(),
        taken_late_ns => format!(
            " After gopls had answered, the editor's extension host was busy for {}: that is not gopls's time either.",
            duration(taken_late_ns)
        ),
    };
    format!("{what}{held_up}{taken_late}{load}")
}

fn duration_is_known(incident: &Incident) -> String {
    let request = &incident.request;
    match request.end_source {
        Some(TimingSource::GoplsLatency) => "The duration is gopls's own measurement.".to_owned(),
        Some(_) => format!("The duration is good to ± {}.", duration(request.uncertainty_ns)),
        None => "There is no duration: its end was not seen.".to_owned(),
    }
}

fn pace(growth: &GrowthPace) -> String {
    let GrowthPace { pace, growth_bytes, most_within_ns, recorded_ns } = *growth;
    match pace {
        Pace::None => {
            format!(
                "Hardly any growth: {} over the {} that were recorded.",
                bytes(growth_bytes),
                duration(recorded_ns)
            )
        }
        Pace::Immediate | Pace::Gradual => format!(
            "{}: 80 % of a growth of {} came within {} of the {} that were recorded. What was before is not recorded.",
            if pace == Pace::Immediate { "Immediate" } else { "Gradual" },
            bytes(growth_bytes),
            duration(most_within_ns),
            duration(recorded_ns),
        ),
    }
}

fn workspace(facts: &ReportFacts) -> String {
    let found = &facts.workspace;
    if found.folders == 0 {
        return "No workspace folder was there to count in.".to_owned();
    }
    format!(
        "{}{} Go files ({}) in {} folders, go.mod files: {}, go.work files: {}; counted on disk when this was made. Views and \
         loaded packages are not known (`gopls stats -anon` tells).",
        if found.complete { "" } else { "At least " },
        found.go_files,
        bytes(found.go_file_bytes),
        found.go_folders,
        found.modules,
        found.go_work_files,
    )
}

fn memory(told: &Told<'_>) -> Vec<String> {
    let rss = told.incident.rss;
    let mut lines = Vec::new();
    if let Some(first) = told.incident.series.first() {
        let before = told.incident.request.start_ns.saturating_sub(first.at_ns);
        lines.push(format!("before ({} before the request): {}", duration(before), bytes(first.rss_bytes)));
    }
    lines.push(format!(
        "during: {} at the start of the request, {} at the peak, {} at its end",
        bytes(rss.start_bytes),
        bytes(rss.peak_bytes),
        bytes(rss.end_bytes)
    ));
    if let Some(last) = told.incident.series.last() {
        let end = told.incident.request.end_ns.unwrap_or(last.at_ns);
        lines.push(format!(
            "after ({} after the request): {}",
            duration(last.at_ns.saturating_sub(end)),
            bytes(last.rss_bytes)
        ));
    }
    lines
}

fn evidence(told: &Told<'_>) -> Vec<String> {
    let mut found: Vec<String> = told.incident.causes.iter().map(cause).collect();
    found.extend(told.incident.best_wait().map_or_else(Vec::new, wait));
    found.extend(told.incident.gc.iter().flat_map(gc));
    // What was read right after the wait tells of its end, not of what it was like.
    let end_ns = told.incident.request.end_ns.unwrap_or(Ns::MAX);
    let (during, after): (Vec<_>, Vec<_>) = told.memory.iter().partition(|captured| captured.at_ns <= end_ns);
    let latest = during.iter().rev().chain(&after).find_map(|captured| captured.waterfall.as_ref());
    if let Some(waterfall) = latest {
        let part = |wanted| {
            waterfall.parts.iter().find(|part| part.kind == wanted).map(|part| part.bytes.max(0) as u64)
        };
        if let (Some(live), Some(since)) = (part(MemoryPartKind::LiveHeap), part(MemoryPartKind::SinceGc)) {
            found.push(format!(
                "Of {} RSS, {} were live at the last GC and {} allocated after it; free but kept {}.",
                bytes(waterfall.rss_bytes),
                bytes(live),
                bytes(since),
                bytes(part(MemoryPartKind::FreeKept).unwrap_or(0)),
            ));
        }
    }
    if let Some(table) = told.subsystems {
        let largest: Vec<_> = (table.rows.iter().filter(|row| row.subsystem != "ballast").take(3))
            .map(|row| format!("{} {}", row.subsystem, bytes(row.value.max(0) as u64)))
            .collect();
        found.push(format!(
            "In use by part of gopls, of {} in the profile: {}.",
            bytes(table.total.max(0) as u64),
            largest.join(", ")
        ));
    }
    found.push(heap_is_of(told));
    found.extend(told.patterns.into_iter().flat_map(patterns));
    found
}

/// A cause of the wait by its name, with what it rests on.
fn cause(cause: &Cause) -> String {
    let sure = match cause.confidence {
        CauseConfidence::Known => "known",
        CauseConfidence::Likely => "likely",
        CauseConfidence::Possible => "possible",
    };
    let evidence = cause.evidence.iter().map(|(name, value)| match value {
        Value::Number(number) => format!("{name} {number}"),
        Value::Text(text) => format!("{name} {text:?}"),
    });
    format!(
        "Of the wait, {} are held against {} ({sure}): {}.",
        duration(cause.duration_ns),
        cause.kind.name(),
        evidence.collect::<Vec<_>>().join(", "),
    )
}

/// What garbage collection cost, each figure with what it is of.
fn gc(facts: &GcFacts) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(cpu) = &facts.cpu {
        lines.push(format!(
            "Garbage collection took {:.0} % (± {:.0}) of the CPU time of gopls that was recorded ({} in {} recordings), help by \
             whoever allocates {:.0} %.",
            100.0 * cpu.share,
            100.0 * cpu.error_share,
            duration(cpu.cpu_ns),
            facts.recordings,
            100.0 * cpu.part(cpu.assist_ns),
        ));
    }
    if let (Some(begin), Some(end), Some(between)) = (&facts.begin, &facts.end, &facts.between) {
        lines.push(format!(
            "Within {} around the wait gopls allocated {}, and {} of garbage was collected; heap {} before, {} after, \
             ballast included.",
            duration(end.at_ns.saturating_sub(begin.at_ns)),
            bytes(between.allocated_bytes),
            bytes(between.freed_bytes),
            bytes(begin.heap_bytes),
            bytes(end.heap_bytes),
        ));
    }
    if let Some(seen) = &facts.cycles_seen {
        lines.push(format!("GC cycles completed, by its heap profiles: at least {}.", seen.least));
    }
    if let Some(settings) = &facts.settings {
        let gogc = settings.gogc_percent.map_or_else(|| "off".to_owned(), |percent| percent.to_string());
        let limit = settings.memory_limit_bytes.map_or_else(|| "none".to_owned(), bytes);
        lines.push(format!("gopls was started with GOGC={gogc}, GOMEMLIMIT={limit}."));
    }
    lines
}

/// What the main request was spent on, and how that is known.
fn wait(wait: &WaitBreakdown) -> Vec<String> {
    let phases: Vec<_> = wait
        .phases
        .iter()
        .map(|PhaseShare { phase, duration_ns, share, error_share }| {
            let error = if *error_share > 0.0 {
                format!(", ± {:.0} points", 100.0 * error_share)
            } else {
                String::new()
            };
            format!("{:.0} % {} ({}{error})", 100.0 * share, phase.name(), duration(*duration_ns))
        })
        .collect();
    let source = match wait.source {
        PhaseSource::Spans => "By gopls's own spans: exact.".to_owned(),
        PhaseSource::Sampling => {
            format!("By {} looks at its goroutines: what went on in between is not known.", wait.samples)
        }
    };
    let mut lines = vec![format!("Of the wait: {}. {source}", phases.join(", "))];
    lines.extend(wait.queued_behind.iter().take(MOST_BEHIND).map(behind));
    if let Some(work) = &wait.packages {
        let named =
            work.packages.iter().take(PACKAGES).map(|PackageShare { package, phase, waited_ns, .. }| {
                format!("{} {package} {}", phase.name(), duration(*waited_ns))
            });
        lines.push(format!(
            "{} of the wait were for work on packages, longest: {}.",
            duration(work.waited_ns()),
            named.collect::<Vec<_>>().join(", ")
        ));
    }
    lines
}

/// A message in front, and what it was at.
fn behind(QueuedBehind { method, duration_ns, phases }: &QueuedBehind) -> String {
    let at: Vec<_> =
        phases.iter().map(|part| format!("{:.0} % {}", 100.0 * part.share, part.phase.name())).collect();
    let at = if at.is_empty() { String::new() } else { format!(", which was at: {}", at.join(", ")) };
    format!("For {} it stood behind {method}{at}.", duration(*duration_ns))
}

/// When the heap was captured that the figures above are of.
fn heap_is_of(told: &Told<'_>) -> String {
    let Incident { request, captures, .. } = told.incident;
    let last = captures.iter().rev().find(|c| c.kind == CaptureKind::Heap && !c.file.is_empty());
    let (Some(capture), Some(_)) = (last, told.heap) else {
        return "No heap profile was captured.".to_owned();
    };
    let after = duration(capture.trigger_ns.saturating_sub(request.start_ns));
    match capture.during_request {
        Some(true) => {
            format!("The heap was captured {after} after the request began, while it was waited for.")
        }
        Some(false) => {
            format!("The heap was captured {after} after the request began; it came after the answer.")
        }
        None => format!("The heap was captured {after} after it was asked for."),
    }
}

/// The leak patterns that were found, by the titles of their rules.
fn patterns(patterns: &Patterns) -> impl Iterator<Item = String> {
    patterns.judgement.findings.iter().map(|finding| {
        let card = patterns.cards.iter().find(|card| card.rule == finding.rule);
        let title = card.map_or(finding.rule.as_str(), |card| card.title.as_str());
        let sure = match finding.confidence {
            Confidence::Low => "seen in one profile: whether it stays is not known",
            Confidence::Medium => "growth over several GC cycles",
            Confidence::High => "a fact, or growth over many GC cycles",
        };
        format!("Known pattern {}: {title} ({sure}).", finding.rule)
    })
}

fn heap_table(text: &mut String, heap: &HeapPage) {
    let _ = writeln!(
        text,
        "<details><summary>Top {} functions by inuse_space, of {}</summary>\n\n| flat | cum | function |\n| ---: | ---: | --- |",
        heap.rows.len(),
        bytes(heap.total.max(0) as u64)
    );
    for row in &heap.rows {
        let (flat, cum) = (bytes(row.flat.max(0) as u64), bytes(row.cum.max(0) as u64));
        let note = if row.label.as_deref() == Some("ballast") { " (gopls's ballast)" } else { "" };
        let _ = writeln!(text, "| {flat} | {cum} | {}{note} |", code(&row.function));
    }
    text.push_str("\n</details>\n\n");
}

/// A name as code in a table. Names come from a profile, which is outside input: they must not become Markdown.
fn code(name: &str) -> String {
    let plain: String =
        name.chars().filter(|letter| !letter.is_control() && *letter != '`').take(300).collect();
    format!("`{}`", plain.replace('|', "\\|"))
}

/// A fence longer than any run of back quotes in the text.
fn fence_for(text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_a_profile_stay_code_in_a_table() {
        assert_eq!(code("go/parser.(*parser).parseFile"), "`go/parser.(*parser).parseFile`");
        assert_eq!(code("a`|b\n## c`"), "`a\\|b## c`");
        assert_eq!(code(&"x".repeat(1_000)).len(), 302);
    }

    #[test]
    fn settings_cannot_end_their_block() {
        assert_eq!(fence_for("{}"), "```");
        assert_eq!(fence_for("a ```` b `"), "`````");
    }

    #[test]
    fn figures_have_three_digits_and_a_unit() {
        for (value, text) in
            [(999, "999 bytes"), (1_234, "1.23 kB"), (54_300_000, "54.3 MB"), (1_650_000_000, "1.65 GB")]
        {
            assert_eq!(bytes(value), text);
        }
        assert_eq!((duration(5_312_000_000).as_str(), duration(240_400_000).as_str()), ("5.31 s", "240 ms"));
    }
}
