//! One stall while it goes on, and how it becomes an incident.

use std::collections::BTreeSet;

use super::StallMark;
use super::memory::{RssRing, thin};
use crate::gc::{GcBefore, GcFacts};
use crate::machine::MachineFacts;
use crate::memory::MemoryVerdict;
use crate::model::{
    Bytes, Capture, CaptureKind, CaptureState, Cost, Decision, GoplsIdentity, INCIDENT_FORMAT, Incident,
    IncidentState, LatencySource, LoadContext, Note, Ns, ON_REQUEST, RequestRecord, RssSummary, SECOND,
    StallStatus,
};
use crate::patterns::WorkspaceFacts;
use crate::wait::{Cause, WaitBreakdown};

/// RSS before the stall that is kept with it.
const LEAD_NS: Ns = 10 * SECOND;
/// Points of the RSS line that an incident keeps; `incident.json` stays below about 100 kB by it.
const SERIES_POINTS: usize = 1_500;

/// What asks for the memory statistics right after a wait.
pub(super) const AFTER_WAIT: &str = "after-wait";

/// Identifies a stall (or a capture on request) within one run of the watcher.
pub type StallKey = u64;

/// A stall from its first sign until everything about it is on disk.
#[derive(Debug)]
pub(super) struct Stall {
    pub key: StallKey,
    pub id: String,
    pub gopls: GoplsIdentity,
    pub source: LatencySource,
    /// Start of the earliest request that made it a stall.
    pub start_ns: Ns,
    /// The request that made it a stall, as it was then; none for a capture on request.
    pub asked: Option<RequestRecord>,
    /// When a stalled request was last seen in flight.
    pub last_seen_ns: Ns,
    /// Requests that have ended during it.
    pub ended: Vec<RequestRecord>,
    pub captures: Vec<Capture>,
    pub decisions: Vec<Decision>,
    pub notes: Vec<Note>,
    pub load: Option<LoadContext>,
    pub memory_verdict: Option<MemoryVerdict>,
    /// What was known of the heap when it began.
    pub gc_before: GcBefore,
    pub steepest_rise_bytes: Bytes,
    /// RSS when the last heap of this stall was asked for.
    pub rss_at_heap_bytes: Option<Bytes>,
    /// How many heaps were asked for by a rule.
    pub heaps: u32,
    /// Rules and reasons for which a heap capture was held back; each is logged once.
    pub held: BTreeSet<String>,
    /// Whether it has a folder.
    pub recorded: bool,
    /// Whether it got long without a folder, and was judged once more for that.
    pub long: bool,
    pub gopls_gone: bool,
    /// It was the extension host that let somebody wait; gopls answered in time.
    pub held_up: bool,
    /// We stopped looking before the request or a capture had ended.
    pub interrupted: bool,
    pub cost_at_start: Cost,
    pub cost: Cost,
    /// Asked for by the user, not a stall.
    pub on_request: bool,
    /// Set when it is over: RSS and requests as they were then.
    pub sealed: Option<Sealed>,
}

/// What is fixed when the stall ends, so that later samples and requests do not change it.
#[derive(Debug)]
pub(super) struct Sealed {
    pub end_ns: Ns,
    pub requests: Vec<RequestRecord>,
    pub series: Vec<crate::model::RssPoint>,
    pub rss: RssSummary,
    pub told: Told,
}

/// What the wait for the main request was, and why it took so long.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    pub wait: Option<WaitBreakdown>,
    pub causes: Vec<Cause>,
    pub machine: Option<MachineFacts>,
    /// How long the extension host had been busy right before the request was seen.
    pub held_up_ns: Ns,
    /// How long it was still busy after gopls had answered.
    pub taken_late_ns: Ns,
}

impl Told {
    fn by_host_ns(&self) -> Ns {
        self.held_up_ns.saturating_add(self.taken_late_ns)
    }
}

impl Stall {
    /// The request that the user waited for: the longest interactive one, else the longest.
    pub fn main_request(requests: &[RequestRecord], now_ns: Ns) -> Option<&RequestRecord> {
        requests
            .iter()
            .max_by_key(|r| (r.interactive, super::methods::is_wait_itself(&r.method), age(r, now_ns)))
    }

    /// The requests of this stall: those that ended in it and those still in flight, by start.
    pub fn requests<'a>(&'a self, open: impl Iterator<Item = &'a RequestRecord>) -> Vec<RequestRecord> {
        let mut all: Vec<RequestRecord> = self.ended.iter().chain(open).cloned().collect();
        all.sort_by_key(|r| r.start_ns);
        all
    }

    /// Whether this is the request that its main one is.
    pub fn is_about(&self, request: &RequestRecord) -> bool {
        self.sealed.as_ref().is_some_and(|sealed| {
            let main = Self::main_request(&sealed.requests, sealed.end_ns);
            main.is_some_and(|main| (&*main.method, main.start_ns) == (&*request.method, request.start_ns))
        })
    }

    pub fn sealed_requests(&self) -> &[RequestRecord] {
        self.sealed.as_ref().map_or(&[], |sealed| &sealed.requests)
    }

    /// What is known of the wait now that more was seen.
    pub fn tell(&mut self, told: Told) {
        if let Some(sealed) = &mut self.sealed {
            sealed.told = told;
        }
    }

    pub fn heap_state(&self) -> Option<CaptureState> {
        self.last(CaptureKind::Heap).map(|capture| capture.state)
    }

    /// Whether a heap as it is is on its way. One after a forced collection is not what a rule would capture, and
    /// must not keep it from being captured.
    pub fn is_fetching_heap(&self) -> bool {
        let running = |c: &&Capture| c.state == CaptureState::Running;
        self.captures.iter().filter(running).any(|c| c.kind == CaptureKind::Heap && !c.after_gc)
    }

    /// Whether all that it waits for is what gopls records: it does not work on an answer of ours meanwhile.
    pub fn is_only_recording(&self) -> bool {
        let mut running = self.captures.iter().filter(|c| c.state == CaptureState::Running).peekable();
        running.peek().is_some() && running.all(|c| c.kind.is_recording())
    }

    /// The one of its kind that was asked for last.
    pub fn last(&self, kind: CaptureKind) -> Option<&Capture> {
        self.captures.iter().rfind(|capture| capture.kind == kind)
    }

    pub fn waiting_for_captures(&self) -> bool {
        self.captures.iter().any(|c| c.state == CaptureState::Running)
    }

    /// Its place on the live time line.
    pub fn mark(&self) -> StallMark {
        StallMark {
            incident: self.recorded.then(|| self.id.clone()),
            start_ns: self.start_ns,
            end_ns: self.sealed.as_ref().map(|sealed| sealed.end_ns),
            on_request: self.on_request,
            captures: self.captures.clone(),
        }
    }

    pub fn status(&self, requests: &[RequestRecord], ring: &RssRing, now_ns: Ns) -> Option<StallStatus> {
        let main = Self::main_request(requests, now_ns)?;
        let before = ring.at(main.start_ns).unwrap_or(0) as f64;
        let now = ring.last().map_or(0, |p| p.rss_bytes) as f64;
        Some(StallStatus {
            incident: self.recorded.then(|| self.id.clone()),
            method: main.method.clone(),
            start_ns: main.start_ns,
            age_ns: age(main, now_ns),
            rss_growth_bytes: now - before,
            heap: self.heap_state(),
            phase: None,
        })
    }

    /// Fixes requests and memory as of `end_ns`, and says of each capture whether it lies within the main request.
    pub fn seal(&mut self, requests: Vec<RequestRecord>, told: Told, ring: &RssRing, end_ns: Ns) {
        let main = Self::main_request(&requests, end_ns).cloned();
        let (from, to) =
            main.as_ref().map_or((self.start_ns, end_ns), |m| (m.start_ns, m.end_ns.unwrap_or(end_ns)));
        let rss = RssSummary {
            start_bytes: ring.at(from).unwrap_or(0),
            peak_bytes: ring.range(from, to).map(|p| p.rss_bytes).max().or(ring.at(to)).unwrap_or(0),
            end_bytes: ring.at(to).unwrap_or(0),
            steepest_rise_bytes: self.steepest_rise_bytes,
        };
        let samples: Vec<_> = ring.range(from.saturating_sub(LEAD_NS), end_ns).collect();
        self.sealed = Some(Sealed { end_ns, requests, series: thin(&samples, SERIES_POINTS), rss, told });
    }

    /// A capture on request lasts until its last capture has arrived, or was given up: by now.
    pub fn seal_request(&mut self, ring: &RssRing, now: Ns) {
        if self.on_request && self.sealed.is_none() {
            // A baseline beside them is older than the request.
            let asked = self.captures.iter().filter(|capture| capture.kind != CaptureKind::Baseline);
            let ends = asked.map(|capture| capture.received_ns.unwrap_or(now));
            let end_ns = ends.fold(self.start_ns, Ns::max);
            self.seal(Vec::new(), Told::default(), ring, end_ns);
        }
    }

    /// The wait, when it turned out to have been no longer than `limit_ns`: a busy gopls answers our reading late, so
    /// that a request looks unanswered which is not, and its own clock tells later. Nothing asked for by hand is in it.
    pub fn answered_within(&self, limit_ns: Ns) -> Option<&RequestRecord> {
        let sealed = self.sealed.as_ref()?;
        let by_hand = self.on_request || self.captures.iter().any(|capture| capture.trigger == "user");
        let main = Self::main_request(&sealed.requests, sealed.end_ns)?;
        let waited = |duration: Ns| duration.saturating_add(sealed.told.by_host_ns());
        let short = main.duration_ns.is_some_and(|duration| waited(duration) <= limit_ns);
        (short && !by_hand && !self.gopls_gone).then_some(main)
    }

    /// Whether gopls answered in time, and only the extension host let somebody wait: known from the beginning, or by gopls's own
    /// clock after what looked like a stall.
    pub fn was_held_up(&self, limit_ns: Ns) -> bool {
        let by_clock = self.sealed.as_ref().is_some_and(|sealed| {
            let main = Self::main_request(&sealed.requests, sealed.end_ns);
            let duration_ns = main.and_then(|main| main.duration_ns);
            sealed.told.by_host_ns() > 0 && duration_ns.is_some_and(|duration_ns| duration_ns <= limit_ns)
        });
        self.held_up || by_clock
    }

    /// What has not arrived by now will not arrive.
    pub fn give_up_captures(&mut self, why: &str) {
        for capture in self.captures.iter_mut().filter(|c| c.state == CaptureState::Running) {
            capture.state = CaptureState::Failed;
            capture.error = Some(why.to_owned());
            // Without the reading of after the wait its evidence is whole.
            self.interrupted |= capture.trigger != AFTER_WAIT;
        }
    }

    /// The incident as it stands; `open` are the requests still in flight.
    pub fn incident(
        &self,
        origin_unix_ns: u128,
        workspace: &[String],
        open: &[RequestRecord],
        ring: &RssRing,
        workspace_facts: Option<WorkspaceFacts>,
        now_ns: Ns,
    ) -> Incident {
        let live;
        let sealed = match &self.sealed {
            Some(sealed) => sealed,
            None => {
                let requests = self.requests(open.iter());
                let rss = RssSummary {
                    start_bytes: ring.at(self.start_ns).unwrap_or(0),
                    peak_bytes: ring.range(self.start_ns, now_ns).map(|p| p.rss_bytes).max().unwrap_or(0),
                    end_bytes: ring.last().map_or(0, |p| p.rss_bytes),
                    steepest_rise_bytes: self.steepest_rise_bytes,
                };
                let samples: Vec<_> = ring.range(self.start_ns.saturating_sub(LEAD_NS), now_ns).collect();
                let series = thin(&samples, SERIES_POINTS);
                live = Sealed { end_ns: now_ns, requests, series, rss, told: Told::default() };
                &live
            }
        };
        let request = Self::main_request(&sealed.requests, sealed.end_ns)
            .cloned()
            // It was lost on the way: gopls ended before its counters showed it, or they came too late.
            .or_else(|| self.asked.clone())
            .unwrap_or_else(|| on_request_record(self.start_ns, self.sealed.as_ref().map(|s| s.end_ns)));
        let mut captures = self.captures.clone();
        for capture in &mut captures {
            capture.during_request = during(capture, &request);
        }
        let state = if self.sealed.is_none() || self.waiting_for_captures() {
            IncidentState::Open
        } else if self.gopls_gone {
            IncidentState::GoplsGone
        } else if self.interrupted {
            IncidentState::Interrupted
        } else {
            IncidentState::Complete
        };
        let machine = sealed.told.machine.as_ref();
        let started_unix_ms = self.gopls.started_unix_ms;
        let gc = GcFacts::of(&self.gc_before, &captures, &request, machine, started_unix_ms);
        let mut causes = sealed.told.causes.clone();
        if let Some(gc) = &gc {
            causes.iter_mut().for_each(|cause| cause.add_gc(gc));
        }
        Incident {
            format: INCIDENT_FORMAT,
            id: self.id.clone(),
            state,
            origin_unix_ns: origin_unix_ns.to_string(),
            started_at: rfc3339(origin_unix_ns, request.start_ns),
            gopls: self.gopls.clone(),
            workspace: workspace.to_vec(),
            request,
            requests: sealed.requests.clone(),
            latency_source: self.source,
            load: self.load.clone(),
            memory_verdict: self.memory_verdict.clone(),
            wait: sealed.told.wait.clone(),
            wait_by_spans: None,
            causes,
            machine: sealed.told.machine.clone(),
            held_up_ns: sealed.told.held_up_ns,
            taken_late_ns: sealed.told.taken_late_ns,
            workspace_facts,
            rss: sealed.rss,
            series: sealed.series.clone(),
            gc,
            captures,
            decisions: self.decisions.clone(),
            notes: self.notes.clone(),
            cost: self.cost,
        }
    }
}

/// The pseudo request of a capture that the user asked for.
fn on_request_record(start_ns: Ns, end_ns: Option<Ns>) -> RequestRecord {
    RequestRecord {
        method: ON_REQUEST.to_owned(),
        start_ns,
        end_ns,
        duration_ns: end_ns.map(|end| end.saturating_sub(start_ns)),
        start_source: crate::model::TimingSource::Observer,
        end_source: end_ns.map(|_| crate::model::TimingSource::Observer),
        uncertainty_ns: 0,
        interactive: false,
        uri: None,
        line: None,
    }
}

/// Whether the capture was decided and received within the request. `None` while the request is in flight, for captures
/// that never arrived, and where nobody waited: a capture on request.
fn during(capture: &Capture, request: &RequestRecord) -> Option<bool> {
    let end = request.end_ns.filter(|_| request.method != ON_REQUEST)?;
    if capture.kind == CaptureKind::Baseline {
        return Some(false);
    }
    let received = capture.received_ns?;
    Some(request.start_ns <= capture.trigger_ns && received <= end)
}

pub(super) fn age(request: &RequestRecord, now_ns: Ns) -> Ns {
    request.duration_ns.unwrap_or_else(|| now_ns.saturating_sub(request.start_ns))
}

/// Folder name: sorts by time, tells the method, and two windows at the same millisecond differ by pid.
pub(super) fn incident_id(origin_unix_ns: u128, at_ns: Ns, method: &str, pid: u32) -> String {
    let moment = rfc3339(origin_unix_ns, at_ns).replace(['-', ':'], "");
    let short: String = method
        .rsplit('/')
        .next()
        .unwrap_or(method)
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(32)
        .collect();
    format!("{moment}-{short}-{pid}")
}

pub(super) fn rfc3339(origin_unix_ns: u128, at_ns: Ns) -> String {
    let since_epoch = origin_unix_ns + u128::from(at_ns);
    // Year 9999 is as far as the text form goes; a clock beyond it is clamped, not a panic.
    let seconds = u64::try_from(since_epoch / 1_000_000_000).unwrap_or(0).min(253_402_300_799);
    let moment =
        std::time::UNIX_EPOCH + std::time::Duration::new(seconds, (since_epoch % 1_000_000_000) as u32);
    humantime::format_rfc3339_millis(moment).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_are_plain_file_names() {
        let origin = 1_795_500_000_000_000_000;
        let first = incident_id(origin, 0, "textDocument/hover", 4711);
        let second = incident_id(origin, 5_000_000, "workspace/sym../../bol", 4711);
        assert_eq!(first, "20261124T060000.000Z-hover-4711");
        assert!(first < second);
        assert!(second.ends_with("-bol-4711"), "{second}");
    }
}
