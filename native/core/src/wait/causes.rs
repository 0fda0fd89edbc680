//! Why a wait took so long: what is held responsible, for how much of it, and how sure that is.
//!
//! The phases of a wait say what gopls did. That it took long may have another reason: a gopls that was stopped, or that got
//! no CPU, does everything slowly. So what the machine did is taken out of the phases first, and only the rest is theirs.
//! No moment is counted twice: the causes of a wait add up to it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Phase, PhaseSlice, PhaseSource, WaitBreakdown};
use crate::gc::GcFacts;
use crate::machine::{BUSY_COMMAND_SHARE, MachineFacts, MachineLog, OomKill, Span};
use crate::model::{MS, Ns, Value};

/// What was less of a wait explains nothing of it.
const LEAST_SHARE: f64 = 0.02;
const MOST_CAUSES: usize = 8;
/// A process that is not short of memory waits for a page now and then, too.
const NOTABLE_FAULTS: u64 = 20;
/// The stamp of a request comes this soon after the lag that held it up.
const RIGHT_BEFORE_NS: Ns = 100 * MS;

/// What may make somebody wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum CauseKind {
    /// The workspace was being loaded.
    WorkspaceLoad,
    /// gopls waited for a `go` command.
    GoCommand,
    /// It checked types, or brought in those of imported packages.
    TypeChecking,
    /// It read syntax.
    Parsing,
    /// Its analysers ran.
    Analysis,
    /// Another request went first.
    Queue,
    /// The garbage collector.
    Gc,
    /// A lock inside gopls.
    Lock,
    /// The editor had not answered a question of gopls's.
    Editor,
    /// The extension host's one JavaScript thread was busy: nobody asked gopls, or took its answer.
    ExtensionHost,
    /// gopls was stopped by a signal or a debugger.
    Stopped,
    /// Others had the CPU.
    CpuStarved,
    /// Its cgroup's limit kept it from running.
    CpuThrottled,
    /// Memory was short: gopls waited for pages.
    MemoryPressure,
    /// It waited for a file.
    Disk,
    /// The OOM killer ended it.
    OomKilled,
    /// Work of gopls that is none of these.
    OtherWork,
    /// Nothing tells.
    Unknown,
}

impl CauseKind {
    /// Its name as in JSON, for texts that are not translated.
    pub fn name(self) -> &'static str {
        match self {
            Self::WorkspaceLoad => "workspace-load",
            Self::GoCommand => "go-command",
            Self::TypeChecking => "type-checking",
            Self::Parsing => "parsing",
            Self::Analysis => "analysis",
            Self::Queue => "queue",
            Self::Gc => "gc",
            Self::Lock => "lock",
            Self::Editor => "editor",
            Self::ExtensionHost => "extension-host",
            Self::Stopped => "stopped",
            Self::CpuStarved => "cpu-starved",
            Self::CpuThrottled => "cpu-throttled",
            Self::MemoryPressure => "memory-pressure",
            Self::Disk => "disk",
            Self::OomKilled => "oom-killed",
            Self::OtherWork => "other-work",
            Self::Unknown => "unknown",
        }
    }
}

/// How sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum CauseConfidence {
    /// Seen or counted as such.
    Known,
    /// What was seen has hardly another reason, or was seen often enough.
    Likely,
    /// It fits.
    Possible,
}

/// Something that made somebody wait.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct Cause {
    /// What.
    pub kind: CauseKind,
    /// The part of the wait that it is held responsible for.
    pub duration_ns: Ns,
    /// The same, of the whole wait, 0 to 1. When the extension host was busy right before the wait or
    /// after it, that time is part of it.
    pub share: f64,
    /// Whether that is over the user's threshold (`slowWorkMs`, of the extension host `slowDispatchMs`).
    #[serde(default)]
    pub slow: bool,
    /// How sure.
    pub confidence: CauseConfidence,
    /// What that rests on, by name with the unit as suffix, e.g. `run_delay_ns`, `command`, `behind`.
    pub evidence: BTreeMap<String, Value>,
}

impl Cause {
    /// What CPU profiles and statistics say besides, if this is the garbage collector: the last of them come after the wait.
    pub fn add_gc(&mut self, gc: &GcFacts) {
        if self.kind != CauseKind::Gc {
            return;
        }
        let mut add = |name: &str, value: Value| self.evidence.insert(name.to_owned(), value);
        if let Some(cpu) = &gc.cpu {
            add("gc_cpu_share", cpu.share.into());
            add("gc_assist_share", cpu.part(cpu.assist_ns).into());
        }
        if let Some(between) = &gc.between {
            add("allocated_bytes", between.allocated_bytes.into());
            add("freed_bytes", between.freed_bytes.into());
        }
        if let Some(seen) = &gc.cycles_seen {
            add("gc_cycles_least", u64::from(seen.least).into());
        }
    }
}

/// What is known of a wait.
#[derive(Debug)]
pub struct Waited<'a> {
    /// Its begin and end.
    pub span: Span,
    /// What gopls did.
    pub wait: Option<&'a WaitBreakdown>,
    /// What the machine did.
    pub machine: &'a MachineLog,
    /// The same as facts.
    pub facts: Option<&'a MachineFacts>,
    /// When the extension host was busy, in their order.
    pub host_lags: &'a [Span],
    /// Whether the OOM killer struck when gopls ended.
    pub oom: Option<OomKill>,
    /// From which duration on a cause is called slow.
    pub slow: SlowAfter,
}

/// The user's thresholds.
#[derive(Debug, Clone, Copy)]
pub struct SlowAfter {
    /// For what gopls or the machine does.
    pub work_ns: Ns,
    /// For the way from the editor to gopls and back.
    pub dispatch_ns: Ns,
}

/// The causes of a wait, largest first. They add up to it, but for what is too small to be told.
pub fn causes(waited: &Waited<'_>) -> Vec<Cause> {
    let Span { begin_ns, end_ns } = waited.span;
    let (before, after) = (waited.lag_before_ns(), waited.lag_after_ns());
    let whole = waited.span.ns().saturating_add(before).saturating_add(after);
    if waited.span.ns() == 0 {
        return Vec::new();
    }
    let mut left = Left::new(waited);
    let mut found = BTreeMap::<CauseKind, Ns>::new();
    let mut take = |kind, ns: Ns| *found.entry(kind).or_default() += ns;
    for stop in waited.machine.stopped(begin_ns, end_ns) {
        take(CauseKind::Stopped, left.take(stop, Ns::MAX, |_| true));
    }
    for starved in waited.machine.starved(begin_ns, end_ns) {
        // Who waits for a command, or behind one who does, waits for what the command lacks, not for what gopls does beside.
        let of_command = |phase| phase == Phase::GoCommand || phase == Phase::Queued && starved.commands_ran;
        let of_gopls = |phase| !of_command(phase) && !matches!(phase, Phase::Editor | Phase::Io);
        let mut lose = |lost: Ns, of: &dyn Fn(Phase) -> bool| {
            let throttled = starved.throttled_ns.min(lost);
            take(CauseKind::CpuThrottled, left.take(starved.span, throttled, of));
            take(CauseKind::CpuStarved, left.take(starved.span, lost - throttled, of));
        };
        lose(starved.own_ns, &of_gopls);
        lose(starved.commands_ns, &of_command);
    }
    let pressed = waited.machine.memory_pressed(begin_ns, end_ns);
    if pressed.iter().map(|(_, faults, _)| *faults).sum::<u64>() >= NOTABLE_FAULTS {
        for (span, _, waited_ns) in pressed.into_iter().filter(|(_, faults, _)| *faults > 0) {
            take(CauseKind::MemoryPressure, left.take(span, waited_ns, |phase| phase != Phase::Editor));
        }
    }
    for lag in waited.host_lags {
        // What gopls is seen to work on goes on without the host.
        let held_up = |phase| matches!(phase, Phase::Unknown | Phase::Editor | Phase::Dispatch);
        take(CauseKind::ExtensionHost, left.take(*lag, Ns::MAX, held_up));
    }
    take(CauseKind::ExtensionHost, before);
    take(CauseKind::ExtensionHost, after);
    if waited.wait.is_none() {
        // Nobody saw what gopls did; that it ran a `go` command is seen from outside.
        for span in waited.machine.running_go(begin_ns, end_ns) {
            take(CauseKind::GoCommand, left.take(span, Ns::MAX, |_| true));
        }
    }
    for part in &left.parts {
        take(of_phase(part.phase), part.left_ns);
    }
    let sum: Ns = found.values().sum();
    if waited.oom.is_some() {
        // Whatever it did until then: nothing would have been answered.
        found = BTreeMap::from([(CauseKind::OomKilled, whole)]);
    }
    debug_assert!(sum <= whole + MS, "no moment is counted twice");
    let mut causes: Vec<Cause> = found
        .into_iter()
        .map(|(kind, duration_ns)| {
            let share = duration_ns as f64 / whole as f64;
            let (confidence, evidence) = waited.why(kind, duration_ns);
            let slow_after = match kind {
                CauseKind::ExtensionHost => waited.slow.dispatch_ns,
                _ => waited.slow.work_ns,
            };
            Cause { kind, duration_ns, share, slow: duration_ns > slow_after, confidence, evidence }
        })
        .filter(|cause| cause.share >= LEAST_SHARE)
        .collect();
    // What is unknown is no answer, even where it is most of a wait.
    causes.sort_by_key(|cause| (cause.kind == CauseKind::Unknown, std::cmp::Reverse(cause.duration_ns)));
    causes.truncate(MOST_CAUSES);
    causes
}

/// How long the extension host had been busy until a request was seen at `begin_ns`: the user had asked before, and only then
/// was it seen. That somebody had is likely, and was not measured.
pub fn held_up_ns<'a>(
    host_lags: impl IntoIterator<Item = &'a Span, IntoIter: DoubleEndedIterator>,
    begin_ns: Ns,
) -> Ns {
    let held_up =
        |lag: &&Span| lag.begin_ns < begin_ns && lag.end_ns.saturating_add(RIGHT_BEFORE_NS) >= begin_ns;
    host_lags.into_iter().rev().find(held_up).map_or(0, |lag| lag.end_ns.min(begin_ns) - lag.begin_ns)
}

/// How long the extension host was still busy after gopls had answered at `end_ns`: nobody could take the answer before.
pub fn taken_late_ns<'a>(host_lags: impl IntoIterator<Item = &'a Span>, end_ns: Ns) -> Ns {
    let busy = |lag: &&Span| lag.begin_ns <= end_ns && lag.end_ns > end_ns;
    host_lags.into_iter().find(busy).map_or(0, |lag| lag.end_ns - end_ns)
}

fn of_phase(phase: Phase) -> CauseKind {
    match phase {
        Phase::Dispatch => CauseKind::ExtensionHost,
        Phase::Queued => CauseKind::Queue,
        Phase::AwaitingLoad | Phase::Metadata => CauseKind::WorkspaceLoad,
        Phase::GoCommand => CauseKind::GoCommand,
        Phase::Parsing => CauseKind::Parsing,
        Phase::Importing | Phase::TypeChecking => CauseKind::TypeChecking,
        Phase::Analysis => CauseKind::Analysis,
        Phase::Lock => CauseKind::Lock,
        Phase::Io => CauseKind::Disk,
        Phase::Gc => CauseKind::Gc,
        Phase::Editor => CauseKind::Editor,
        Phase::Other => CauseKind::OtherWork,
        Phase::Unknown => CauseKind::Unknown,
    }
}

/// The slices of a wait, and what nobody has taken of each yet.
struct Left {
    parts: Vec<Part>,
}

struct Part {
    phase: Phase,
    span: Span,
    left_ns: Ns,
}

impl Left {
    fn new(waited: &Waited<'_>) -> Self {
        let Span { begin_ns, end_ns } = waited.span;
        let part = |phase, begin_ns, end_ns| {
            let span = Span { begin_ns, end_ns };
            Part { phase, span, left_ns: span.ns() }
        };
        let of_slice = |slice: &PhaseSlice| {
            part(slice.phase, slice.begin_ns.clamp(begin_ns, end_ns), slice.end_ns.clamp(begin_ns, end_ns))
        };
        let parts = match waited.wait {
            Some(wait) => wait.slices.iter().map(of_slice).collect(),
            None => vec![part(Phase::Unknown, begin_ns, end_ns)],
        };
        Self { parts }
    }

    /// Takes up to `most_ns` of the slices within a span, from each in proportion to what it has there; returns how much.
    fn take(&mut self, span: Span, most_ns: Ns, of: impl Fn(Phase) -> bool) -> Ns {
        let there = |part: &Part| {
            let overlap = if of(part.phase) { part.span.overlap_ns(span.begin_ns, span.end_ns) } else { 0 };
            overlap.min(part.left_ns)
        };
        let all: Ns = self.parts.iter().map(there).sum();
        if all == 0 {
            return 0;
        }
        let share = (most_ns as f64 / all as f64).min(1.0);
        let mut taken = 0;
        for part in &mut self.parts {
            let some = (there(part) as f64 * share) as Ns;
            part.left_ns -= some;
            taken += some;
        }
        taken
    }
}

impl Waited<'_> {
    fn lag_before_ns(&self) -> Ns {
        held_up_ns(self.host_lags, self.span.begin_ns)
    }

    fn lag_after_ns(&self) -> Ns {
        taken_late_ns(self.host_lags, self.span.end_ns)
    }

    /// How sure a cause is, and what it rests on.
    fn why(&self, kind: CauseKind, duration_ns: Ns) -> (CauseConfidence, BTreeMap<String, Value>) {
        let mut evidence = BTreeMap::new();
        let mut add = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                evidence.insert(name.to_owned(), value);
            }
        };
        let number = |value: Option<u64>| value.map(Value::from);
        let facts = self.facts;
        let confidence = match kind {
            CauseKind::Stopped => {
                add("stopped_ns", number(facts.and_then(|facts| facts.stopped_ns)));
                CauseConfidence::Known
            }
            CauseKind::CpuStarved | CauseKind::CpuThrottled => {
                add("on_cpu_ns", number(facts.and_then(|facts| facts.on_cpu_ns)));
                add("run_delay_ns", number(facts.and_then(|facts| facts.run_delay_ns)));
                add("cpus", facts.and_then(|facts| facts.cpus).map(|cpus| u64::from(cpus).into()));
                if kind == CauseKind::CpuThrottled {
                    add("throttled_ns", number(facts.and_then(|facts| facts.cgroup.throttled_ns)));
                    add("cpu_limit", facts.and_then(|facts| facts.cgroup.cpu_limit).map(Value::from));
                    CauseConfidence::Known
                } else {
                    add("load_average", facts.and_then(|facts| facts.load_average).map(Value::from));
                    CauseConfidence::Likely
                }
            }
            CauseKind::MemoryPressure => {
                add("major_faults", number(facts.and_then(|facts| facts.major_faults)));
                add("memory_pressure_ns", number(facts.and_then(|facts| facts.pressure.memory_ns)));
                add("swap_bytes", number(facts.and_then(|facts| facts.swap_bytes)));
                add("memory_max_bytes", number(facts.and_then(|facts| facts.cgroup.memory_max_bytes)));
                CauseConfidence::Likely
            }
            CauseKind::OomKilled => {
                add("memory_max_bytes", number(facts.and_then(|facts| facts.cgroup.memory_max_bytes)));
                match self.oom {
                    Some(OomKill::InCgroup) => CauseConfidence::Likely,
                    _ => CauseConfidence::Possible,
                }
            }
            CauseKind::GoCommand => {
                let longest = facts.and_then(|facts| facts.commands.first());
                add("command", longest.map(|command| command.line.as_str().into()));
                add("command_ns", number(longest.map(|command| command.duration_ns)));
                add("command_cpu_ns", number(longest.and_then(|command| command.cpu_ns)));
                let waits = longest.and_then(|command| {
                    let share = command.cpu_ns? as f64 / command.duration_ns.max(1) as f64;
                    (share < BUSY_COMMAND_SHARE).then_some(Value::from(1_u64))
                });
                add("command_waited", waits);
                let Span { begin_ns, end_ns } = self.span;
                let ran: Ns = self.machine.running_go(begin_ns, end_ns).iter().map(Span::ns).sum();
                match self.seen(&[Phase::GoCommand], duration_ns) {
                    // Seen from both sides: gopls waits for one, and one runs.
                    CauseConfidence::Likely if ran >= duration_ns / 5 * 4 => CauseConfidence::Known,
                    sure => sure,
                }
            }
            CauseKind::Queue => {
                let first = self.wait.and_then(|wait| wait.queued_behind.first());
                add("behind", first.map(|queued| queued.method.as_str().into()));
                add("behind_ns", number(first.map(|queued| queued.duration_ns)));
                let main = first.and_then(|queued| queued.main_phase());
                add("behind_phase", main.map(|part| part.phase.key().into()));
                add("behind_phase_ns", number(main.map(|part| part.duration_ns)));
                // The one that ran longest meanwhile: what one in front of it waits for, those behind it wait for, too.
                let command = facts.and_then(|facts| facts.commands.first());
                let command = command.filter(|_| main.is_some_and(|part| part.phase == Phase::GoCommand));
                add("behind_command", command.map(|command| command.line.as_str().into()));
                self.seen(&[Phase::Queued], duration_ns)
            }
            CauseKind::Disk => {
                add("io_pressure_ns", number(facts.and_then(|facts| facts.pressure.io_ns)));
                self.seen(&[Phase::Io], duration_ns)
            }
            CauseKind::WorkspaceLoad => self.seen(&[Phase::AwaitingLoad, Phase::Metadata], duration_ns),
            CauseKind::TypeChecking => self.seen(&[Phase::TypeChecking, Phase::Importing], duration_ns),
            CauseKind::Parsing => self.seen(&[Phase::Parsing], duration_ns),
            CauseKind::Analysis => self.seen(&[Phase::Analysis], duration_ns),
            CauseKind::Gc => self.seen(&[Phase::Gc], duration_ns),
            CauseKind::Lock => self.seen(&[Phase::Lock], duration_ns),
            CauseKind::ExtensionHost => {
                let Span { begin_ns, end_ns } = self.span;
                let near = self.host_lags.iter().filter(|lag| lag.overlap_ns(begin_ns, end_ns) > 0);
                let before = self.lag_before_ns();
                add("longest_lag_ns", near.map(Span::ns).chain([before]).max().map(Value::from));
                add("lag_before_ns", (before > 0).then(|| before.into()));
                // That it was busy is measured. That somebody had asked before the stamp is not: it is when people do.
                if before * 2 > duration_ns { CauseConfidence::Likely } else { CauseConfidence::Known }
            }
            CauseKind::Editor => self.seen(&[Phase::Editor], duration_ns),
            CauseKind::OtherWork => self.seen(&[Phase::Other], duration_ns),
            CauseKind::Unknown => CauseConfidence::Possible,
        };
        if let Some(wait) = self.wait.filter(|wait| wait.samples > 0) {
            evidence.insert("looks".to_owned(), u64::from(wait.samples).into());
        }
        (confidence, evidence)
    }

    /// How sure phases are that were seen: spans measure; of samples there must be so many that the share is not chance.
    fn seen(&self, phases: &[Phase], duration_ns: Ns) -> CauseConfidence {
        let Some(wait) = self.wait else { return CauseConfidence::Possible };
        if wait.source == PhaseSource::Spans {
            return CauseConfidence::Known;
        }
        let of = wait.phases.iter().filter(|share| phases.contains(&share.phase));
        let error = of.map(|share| share.error_share).fold(0.0, f64::max);
        let share = duration_ns as f64 / self.span.ns().max(1) as f64;
        if share > error { CauseConfidence::Likely } else { CauseConfidence::Possible }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Queue, Serving, Shares, WaitLog, WaitSample};
    use super::*;
    use crate::machine::{MachineReading, RunningCommand};
    use proptest::prelude::*;

    const HOVER: &str = "textDocument/hover";
    const SECOND_MS: u64 = 1_000;

    fn looks(phase: Phase) -> WaitLog {
        let mut log = WaitLog::default();
        for at_ms in (0..=SECOND_MS).step_by(100) {
            let serving = vec![Serving { method: HOVER.to_owned(), phases: Shares::whole(phase) }];
            log.add(WaitSample { at_ns: at_ms * MS, serving, ..WaitSample::default() });
        }
        log
    }

    /// A machine of two CPUs, looked at every 200 ms.
    fn machine(at: impl Fn(u64, &mut MachineReading)) -> MachineLog {
        let mut log = MachineLog::default();
        for at_ms in (0..=SECOND_MS).step_by(200) {
            let mut reading =
                MachineReading { at_ns: at_ms * MS, cpus: Some(2), ..MachineReading::default() };
            at(at_ms, &mut reading);
            log.add(reading);
        }
        log
    }

    fn judged(phases: &WaitLog, machine: &MachineLog, oom: Option<OomKill>) -> Vec<Cause> {
        let span = Span { begin_ns: 0, end_ns: SECOND_MS * MS };
        let wait = phases.breakdown(HOVER, span.begin_ns, span.end_ns);
        let facts = machine.facts(span.begin_ns, span.end_ns);
        let slow = SlowAfter { work_ns: 150 * MS, dispatch_ns: 80 * MS };
        let (wait, facts) = (wait.as_ref(), facts.as_ref());
        causes(&Waited { span, wait, machine, facts, host_lags: &[], oom, slow })
    }

    fn lagged(phases: &WaitLog, begin_ms: u64, host_lags: &[Span]) -> Vec<Cause> {
        let span = Span { begin_ns: begin_ms * MS, end_ns: SECOND_MS * MS };
        let wait = phases.breakdown(HOVER, span.begin_ns, span.end_ns);
        let slow = SlowAfter { work_ns: 150 * MS, dispatch_ns: 80 * MS };
        let machine = &MachineLog::default();
        causes(&Waited { span, wait: wait.as_ref(), machine, facts: None, host_lags, oom: None, slow })
    }

    #[test]
    fn a_busy_extension_host_is_not_held_against_gopls() {
        let lag = |begin_ms, end_ms| Span { begin_ns: begin_ms * MS, end_ns: end_ms * MS };
        let nobody_looked = lagged(&WaitLog::default(), 0, &[lag(100, 900)]);
        assert_eq!(told(&nobody_looked), [(CauseKind::ExtensionHost, 800), (CauseKind::Unknown, 200)]);
        let before = lagged(&looks(Phase::Parsing), 700, &[lag(0, 650)]);
        assert_eq!(told(&before), [(CauseKind::ExtensionHost, 650), (CauseKind::Parsing, 300)]);
        assert!(before[0].slow && before.iter().map(|cause| cause.share).sum::<f64>() <= 1.0);
        // Long before it was asked, or while gopls is seen at work, it is no excuse.
        let other = lagged(&looks(Phase::Parsing), 700, &[lag(0, 500), lag(710, 900)]);
        assert_eq!(told(&other), [(CauseKind::Parsing, 300)]);
    }

    fn told(causes: &[Cause]) -> Vec<(CauseKind, u64)> {
        causes.iter().map(|cause| (cause.kind, (cause.duration_ns + MS / 2) / MS)).collect()
    }

    #[test]
    fn work_of_gopls_is_its_own_when_it_has_the_cpu() {
        let free = machine(|at_ms, reading| {
            reading.on_cpu_ns = Some(2 * at_ms * MS);
            reading.run_delay_ns = Some(0);
            reading.stopped = Some(false);
        });
        let found = judged(&looks(Phase::TypeChecking), &free, None);
        assert_eq!(told(&found), [(CauseKind::TypeChecking, 1_000)]);
        assert_eq!(found[0].confidence, CauseConfidence::Likely);
    }

    #[test]
    fn type_checking_without_a_cpu_is_not_held_against_gopls() {
        let starved = machine(|at_ms, reading| {
            reading.on_cpu_ns = Some(at_ms * MS / 10);
            reading.run_delay_ns = Some(2 * at_ms * MS);
        });
        let found = judged(&looks(Phase::TypeChecking), &starved, None);
        assert_eq!(told(&found), [(CauseKind::CpuStarved, 950), (CauseKind::TypeChecking, 50)]);
        assert_eq!(found[0].evidence["run_delay_ns"], Value::from(2_000 * MS));
        // It waits for a file: then it wants no CPU.
        assert_eq!(judged(&looks(Phase::Io), &starved, None)[0].kind, CauseKind::Disk);
    }

    #[test]
    fn who_waits_for_a_command_waits_for_what_the_command_lacks() {
        let busy = |of_gopls: bool| {
            machine(move |at_ms, reading| {
                let (on_cpu, delay) = (Some(at_ms * MS / 10), Some(2 * at_ms * MS));
                let line = "go list".to_owned();
                reading.commands = vec![RunningCommand { pid: 7, line, cpu_ns: None, age_ns: None }];
                if of_gopls {
                    (reading.on_cpu_ns, reading.run_delay_ns) = (on_cpu, delay);
                } else {
                    (reading.commands_on_cpu_ns, reading.commands_run_delay_ns) = (on_cpu, delay);
                }
            })
        };
        let first = |phase, of_gopls| judged(&looks(phase), &busy(of_gopls), None)[0].kind;
        assert_eq!(first(Phase::GoCommand, true), CauseKind::GoCommand);
        assert_eq!(first(Phase::GoCommand, false), CauseKind::CpuStarved);
        assert_eq!(first(Phase::Queued, true), CauseKind::Queue);
        assert_eq!(first(Phase::Parsing, false), CauseKind::Parsing);
    }

    #[test]
    fn a_stopped_gopls_is_told_whatever_it_was_at() {
        let stopped = machine(|at_ms, reading| reading.stopped = Some((200..=600).contains(&at_ms)));
        let found = judged(&looks(Phase::Parsing), &stopped, None);
        assert_eq!(told(&found), [(CauseKind::Stopped, 600), (CauseKind::Parsing, 400)]);
        assert_eq!(found[0].confidence, CauseConfidence::Known);
    }

    #[test]
    fn pages_that_gopls_waited_for_are_memory_pressure_and_those_of_others_are_not() {
        let pressed = |faults: u64| {
            machine(move |at_ms, reading| {
                reading.major_faults = Some(faults * at_ms);
                reading.memory_pressure_ns = Some(at_ms * MS * 7 / 10);
            })
        };
        let found = judged(&looks(Phase::Parsing), &pressed(1), None);
        assert_eq!(told(&found), [(CauseKind::MemoryPressure, 700), (CauseKind::Parsing, 300)]);
        assert_eq!(told(&judged(&looks(Phase::Parsing), &pressed(0), None)), [(CauseKind::Parsing, 1_000)]);
    }

    #[test]
    fn a_go_command_is_named_and_whether_it_waited_itself() {
        let listing = machine(|at_ms, reading| {
            let line = "go list ./...".to_owned();
            let cpu_ns = Some(at_ms * MS / 100);
            reading.commands = vec![RunningCommand { pid: 7, line, cpu_ns, age_ns: None }];
        });
        let seen = judged(&looks(Phase::GoCommand), &listing, None);
        assert_eq!(told(&seen), [(CauseKind::GoCommand, 1_000)]);
        assert_eq!(seen[0].evidence["command"], "go list ./...".into());
        assert_eq!(seen[0].evidence["command_waited"], Value::from(1_u64));
        // Without a look into gopls it is known that the command ran, not that somebody waited for it.
        let unseen = judged(&WaitLog::default(), &listing, None);
        assert_eq!((unseen[0].kind, unseen[0].confidence), (CauseKind::GoCommand, CauseConfidence::Possible));
    }

    #[test]
    fn a_queue_names_what_went_first_and_what_that_waited_for() {
        let behind = |front: Phase| {
            let mut log = WaitLog::default();
            for at_ms in (0..=SECOND_MS).step_by(100) {
                let queue = Queue {
                    behind: Some("workspace/executeCommand".to_owned()),
                    phases: Shares::whole(Phase::Queued),
                    front: Shares::whole(front),
                };
                log.add(WaitSample { at_ns: at_ms * MS, queued: 1, queue, ..WaitSample::default() });
            }
            log
        };
        let tidying = machine(|_, reading| {
            let line = "go mod tidy".to_owned();
            reading.commands = vec![RunningCommand { pid: 7, line, cpu_ns: None, age_ns: None }];
        });
        let found = judged(&behind(Phase::GoCommand), &tidying, None);
        assert_eq!(told(&found), [(CauseKind::Queue, 1_000)]);
        let evidence = &found[0].evidence;
        assert_eq!(evidence["behind"], "workspace/executeCommand".into());
        assert_eq!(evidence["behind_phase"], "go-command".into());
        assert_eq!(evidence["behind_phase_ns"], evidence["behind_ns"]);
        assert_eq!(evidence["behind_command"], "go mod tidy".into());
        // A command that runs beside is not what it waits for.
        let checking = judged(&behind(Phase::TypeChecking), &tidying, None);
        assert_eq!(checking[0].evidence["behind_phase"], "type-checking".into());
        assert!(!checking[0].evidence.contains_key("behind_command"));
    }

    #[test]
    fn one_that_was_killed_for_memory_is_told_so_and_how_sure() {
        let of = |oom| judged(&looks(Phase::Parsing), &MachineLog::default(), Some(oom));
        assert_eq!(told(&of(OomKill::InCgroup)), [(CauseKind::OomKilled, 1_000)]);
        assert_eq!(of(OomKill::InCgroup)[0].confidence, CauseConfidence::Likely);
        assert_eq!(of(OomKill::OnMachine)[0].confidence, CauseConfidence::Possible);
    }

    #[test]
    fn where_nothing_is_known_that_is_what_is_said() {
        let found = judged(&WaitLog::default(), &MachineLog::default(), None);
        assert_eq!(told(&found), [(CauseKind::Unknown, 1_000)]);
    }

    proptest! {
        #[test]
        fn causes_never_add_up_to_more_than_the_wait(
            looks in prop::collection::vec((any::<u32>(), any::<u32>(), any::<bool>(), 0..60_u64), 6..=6),
        ) {
            let machine = machine(|at_ms, reading| {
                let (cpu, delay, stopped, faults) = looks[(at_ms / 200) as usize];
                reading.on_cpu_ns = Some(cpu.into());
                reading.run_delay_ns = Some(delay.into());
                reading.stopped = Some(stopped);
                reading.major_faults = Some(faults);
                reading.memory_pressure_ns = Some(cpu.into());
            });
            let found = judged(&self::looks(Phase::Parsing), &machine, None);
            prop_assert!(found.iter().map(|cause| cause.share).sum::<f64>() <= 1.001);
        }
    }
}
