//! What gopls is doing at this moment, as far as it was seen lately: for a status, not for an incident.

use super::load::Initialized;
use super::{Engine, methods};
use crate::model::{CurrentPhase, LoadStatus, LoadStep, Ns, RunningGo, SECOND};
use crate::wait::{Phase, Shares, WaitSample};

/// A status tells what was seen this lately; before that something else may go on by now.
const FRESH_NS: Ns = 2 * SECOND;

impl Engine {
    /// The `go` commands that gopls runs, oldest first.
    pub fn running_commands(&self, now_ns: Ns) -> Vec<RunningGo> {
        if self.gopls.is_none() {
            return Vec::new();
        }
        self.machine_log.running_now(now_ns)
    }

    /// The first load of the workspace while it goes on.
    pub fn load_status(&self, now_ns: Ns) -> Option<LoadStatus> {
        self.gopls.as_ref()?.load.as_ref()?.status(now_ns, self.load_step(now_ns))
    }

    /// What somebody waits for at this moment, as it was seen last.
    pub(super) fn current_phase(&self, method: &str, now_ns: Ns) -> Option<CurrentPhase> {
        let sample = self.fresh_sample(now_ns)?;
        let phase = sample.of(|served| methods::serves(method, served))?.largest()?;
        let queued = !sample.serving.iter().any(|serving| methods::serves(method, &serving.method));
        let queue = Some(&sample.queue).filter(|_| queued);
        let front = queue.and_then(|queue| queue.front.largest());
        let for_command = phase == Phase::GoCommand || front == Some(Phase::GoCommand);
        let commands = if for_command { self.running_commands(now_ns) } else { Vec::new() };
        Some(CurrentPhase {
            phase,
            behind: queue.and_then(|queue| queue.behind.clone()),
            front,
            command: commands.into_iter().next().map(|command| command.line),
            at_ns: sample.at_ns,
        })
    }

    fn fresh_sample(&self, now_ns: Ns) -> Option<&WaitSample> {
        self.wait_log.latest().filter(|sample| now_ns.saturating_sub(sample.at_ns) <= FRESH_NS)
    }

    /// A command that runs is seen as a process; what comes after it only in a goroutine profile, which is taken while
    /// somebody waits, and then by what gopls has counted.
    fn load_step(&self, now_ns: Ns) -> Option<LoadStep> {
        if !self.running_commands(now_ns).is_empty() {
            return Some(LoadStep::Listing);
        }
        let seen = self.fresh_sample(now_ns).and_then(|sample| step_of(&sample.work));
        let loaded = self.tracker.initialized() == Initialized::Done;
        seen.or(loaded.then_some(LoadStep::Checking))
    }
}

/// The step that most of the work belongs to.
fn step_of(work: &Shares) -> Option<LoadStep> {
    let of = |phase| match phase {
        Phase::GoCommand => Some(LoadStep::Listing),
        Phase::Metadata | Phase::AwaitingLoad | Phase::Io => Some(LoadStep::Graph),
        Phase::Parsing | Phase::Importing | Phase::TypeChecking | Phase::Analysis => Some(LoadStep::Checking),
        _ => None,
    };
    let step =
        |wanted| work.iter().filter(|(phase, _)| of(*phase) == Some(wanted)).map(|(_, share)| share).sum();
    let shares: [(LoadStep, f64); 3] =
        [LoadStep::Listing, LoadStep::Graph, LoadStep::Checking].map(|wanted| (wanted, step(wanted)));
    let (largest, share) = shares.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    (share > 0.0).then_some(largest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Event;
    use super::super::requests::{Counters, MethodCounters};
    use super::*;
    use crate::limits::Limits;
    use crate::machine::{MachineReading, RunningCommand};
    use crate::model::{GoplsIdentity, LatencySource, MS, ObservedRequest, PastLoad, WatchSettings};
    use crate::wait::{Queue, Serving};

    const HOVER: &str = "textDocument/hover";

    /// A gopls that was started a second ago; one load is known.
    fn fresh() -> Engine {
        let mut engine = Engine::new(WatchSettings::default(), 0, vec!["/w".into()], Limits::default());
        let gopls = GoplsIdentity {
            pid: 7,
            started_unix_ms: 1.0,
            exe: String::new(),
            version: None,
            go_version: None,
        };
        let earlier_loads = vec![PastLoad { duration_ns: 12 * SECOND, peak_rss_bytes: 1 }];
        engine.handle(SECOND, Event::GoplsFound { gopls, uptime_ns: SECOND, earlier_loads });
        engine.handle(SECOND, Event::Source { source: LatencySource::Counters, debug: true });
        engine
    }

    fn counted(engine: &mut Engine, at_ms: u64, started: u64, completed: u64) {
        let initialized = MethodCounters { started, completed: Some(completed), ..MethodCounters::default() };
        let counters = Counters::from([("initialized".to_owned(), initialized)]);
        engine.handle(at_ms * MS, Event::Counters { sent_ns: (at_ms - 1) * MS, counters });
    }

    fn looked(engine: &mut Engine, at_ms: u64, line: Option<&str>) {
        let running =
            |line: &str| RunningCommand { pid: 9, line: line.to_owned(), cpu_ns: None, age_ns: Some(MS) };
        let commands = line.map(running).into_iter().collect();
        let reading = MachineReading { at_ns: at_ms * MS, commands, ..MachineReading::default() };
        engine.handle(at_ms * MS, Event::MachineRead(Box::new(reading)));
    }

    fn step(engine: &Engine, at_ms: u64) -> Option<LoadStep> {
        engine.load_status(at_ms * MS).unwrap().step
    }

    #[test]
    fn a_load_goes_from_step_to_step_by_what_is_seen() {
        let mut engine = fresh();
        assert_eq!(engine.machine_interval_ns(2 * SECOND), Some(SECOND / 2), "although nobody waits");
        counted(&mut engine, 1_100, 0, 0);
        assert_eq!(step(&engine, 1_200), None, "it has not begun: nothing tells");
        counted(&mut engine, 1_300, 1, 0);
        assert_eq!(step(&engine, 1_400), None, "which of the first two it is at, the counters do not tell");
        looked(&mut engine, 2_000, Some("go list"));
        assert_eq!(step(&engine, 2_100), Some(LoadStep::Listing));
        looked(&mut engine, 3_000, None);
        let work = Shares::of([(Phase::Io, 2.0), (Phase::Metadata, 2.0), (Phase::Parsing, 3.0)].into_iter());
        let sample = WaitSample { at_ns: 3_000 * MS, work: work.unwrap(), ..WaitSample::default() };
        engine.handle(3_000 * MS, Event::WaitSampled(Box::new(sample)));
        assert_eq!(step(&engine, 3_100), Some(LoadStep::Graph), "four of seven");
        assert_eq!(step(&engine, 6_000), None, "that was long ago");
        counted(&mut engine, 6_100, 1, 1);
        assert_eq!(step(&engine, 6_200), Some(LoadStep::Checking));
        let status = engine.load_status(13 * SECOND).unwrap();
        assert_eq!((status.age_ns, status.usual_ns), (13 * SECOND, Some(12 * SECOND)));
        engine.handle(14 * SECOND, Event::GoplsGone);
        assert_eq!(engine.load_status(14 * SECOND), None);
        assert_eq!(engine.machine_interval_ns(14 * SECOND), None);
    }

    #[test]
    fn what_is_queued_says_what_is_in_front_and_which_command_that_waits_for() {
        let mut engine = fresh();
        let request = ObservedRequest { method: HOVER.to_owned(), uri: None, line: None };
        engine.handle(2 * SECOND, Event::Observed(request));
        let queue = Queue {
            behind: Some("workspace/executeCommand".to_owned()),
            phases: Shares::whole(Phase::Queued),
            front: Shares::whole(Phase::GoCommand),
        };
        let at_ns = 2_200 * MS;
        let sample = WaitSample { at_ns, queued: 1, queue, ..WaitSample::default() };
        engine.handle(at_ns, Event::WaitSampled(Box::new(sample)));
        let phase = |engine: &Engine, at_ms: u64| engine.in_flight(at_ms * MS)[0].phase.clone();
        let queued = phase(&engine, 2_300).unwrap();
        assert_eq!(
            (queued.phase, queued.front, queued.command),
            (Phase::Queued, Some(Phase::GoCommand), None)
        );
        looked(&mut engine, 2_300, Some("go mod tidy"));
        assert_eq!(phase(&engine, 2_400).unwrap().command.as_deref(), Some("go mod tidy"));
        // Its handler has begun: it is followed, and the command is no longer what it waits for.
        let serving = vec![Serving { method: HOVER.to_owned(), phases: Shares::whole(Phase::TypeChecking) }];
        let sample = WaitSample { at_ns: 2_500 * MS, serving, ..WaitSample::default() };
        engine.handle(2_500 * MS, Event::WaitSampled(Box::new(sample)));
        let served = phase(&engine, 2_600).unwrap();
        assert_eq!(
            (served.phase, served.behind, served.front, served.command),
            (Phase::TypeChecking, None, None, None)
        );
    }
}
