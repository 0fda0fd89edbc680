//! The rules about a wait: when it is a stall, and which evidence of it is taken. Each looks at values, and writes down
//! what it has decided and why.

use super::stall::{AFTER_WAIT, Stall, age};
use super::{Action, Engine, Urgency, methods, ms, since};
use crate::limits::Refusal;
use crate::machine::Span;
use crate::model::{
    Bytes, Capture, CaptureKind, CaptureRequest, CaptureState, CaptureWhat, Decision, LatencySource, MS, Ns,
    ON_REQUEST, RequestRecord, SECOND, Value,
};

/// A stall ends when no request has been over the threshold for this long: a hover that is cancelled and asked again
/// because the mouse moved is one wait …
const LINGER_NS: Ns = 250 * MS;
/// … and it is, too, while the next request is on its way to become one, but not for ever: somebody who types is
/// answered quickly again and again.
const LINGER_BUSY_NS: Ns = SECOND;
/// A wait this long is recorded however soon it comes after another.
const LONG_WAIT_NS: Ns = SECOND;
/// A wait this long is worth asking what gopls's CPU time goes into …
const BUSY_WAIT_NS: Ns = SECOND;
/// … while it uses more than this of a core: less is mostly waiting, of which a CPU profile tells nothing.
const BUSY_CPU_SHARE: f64 = 0.7;
/// Short, so that what comes first in a long wait is told from what comes later.
const CPU_SLICE_SECONDS: u32 = 1;
const MOST_CPU_SLICES_PER_STALL: usize = 3;
/// The first heap of a stall and two at doublings of RSS.
const MOST_HEAPS_PER_STALL: u32 = 3;

impl Engine {
    pub(super) fn judge(&mut self, now: Ns, actions: &mut Vec<Action>) {
        let limit = self.settings.stall_after_ns();
        let oldest = self
            .tracker
            .in_flight()
            .filter(|r| r.interactive && age(r, now) > limit && self.counts(r))
            .max_by_key(|r| (methods::is_wait_itself(&r.method), age(r, now)))
            .cloned();
        // A wait that the extension host has caused is over once gopls itself lets somebody wait: that is another one.
        if oldest.is_some()
            && let Some(held_up) = self.stall.take_if(|stall| stall.held_up)
        {
            self.seal(held_up, now);
        }
        match (&mut self.stall, oldest) {
            (None, Some(request)) if self.gopls.is_some() => self.begin(now, &request, "in-flight", actions),
            (Some(stall), Some(request)) => {
                stall.last_seen_ns = now;
                if !stall.recorded && age(&request, now) >= LONG_WAIT_NS && !stall.long {
                    stall.long = true;
                    self.judge_light(now, self.limits.light_after_long_wait(self.unix_ms(now)), actions);
                }
                // Only while somebody waits: what grows in the moment after the answer did not delay it.
                self.judge_growth(now, actions);
                self.judge_cpu(now, age(&request, now), actions);
                self.ask_for_statistics(now, actions);
            }
            _ => {}
        }
        let busy = self.tracker.in_flight().any(|r| r.interactive);
        if let Some(stall) = &mut self.stall {
            // What the load and our cost are as long as the stall goes on.
            let load = self.gopls.as_ref().and_then(|g| g.load.as_ref());
            stall.load = load.and_then(|l| l.context(stall.start_ns, now)).or(stall.load.take());
            stall.cost = since(self.cost, stall.cost_at_start);
            let linger = if busy { LINGER_BUSY_NS } else { LINGER_NS };
            if now.saturating_sub(stall.last_seen_ns) >= linger {
                self.ask_how_it_ended(now, actions);
                if let Some(stall) = self.stall.take() {
                    self.seal(stall, now);
                }
            }
        }
    }

    /// Whether a wait for this request may be held against gopls. A save may be slow for reasons of its own: with
    /// trusted counters it counts only when gopls itself was asked for something in it.
    pub(super) fn counts(&self, record: &RequestRecord) -> bool {
        let counted = matches!(self.tracker.source(), LatencySource::Counters | LatencySource::Replies);
        if record.method != methods::SAVE || !counted {
            return true;
        }
        let (from, to) = (record.start_ns, record.end_ns.unwrap_or(Ns::MAX));
        self.requests().any(|r| {
            r.method != methods::SAVE
                && methods::role(&r.method) == methods::Role::SaveStep
                && r.start_ns <= to
                && r.end_ns.is_none_or(|end| end >= from)
        })
    }

    pub(super) fn begin(&mut self, now: Ns, request: &RequestRecord, how: &str, actions: &mut Vec<Action>) {
        let Some(gopls) = self.gopls.as_ref().map(|g| g.identity.clone()) else { return };
        let mut stall = self.new_stall(request.start_ns, now, &request.method, gopls);
        stall.asked = Some(request.clone());
        let decision = Decision::fired(
            now,
            "stall",
            [
                ("method", request.method.as_str().into()),
                ("age_ms", ms(age(request, now))),
                ("limit_ms", self.settings.stall_after_ms.into()),
                ("how", how.into()),
            ],
        );
        stall.decisions.push(decision.clone());
        self.log(decision);
        self.stall = Some(stall);
        actions.push(Action::TellStall { method: request.method.clone() });
        // The heap first: every millisecond it waits, the picture ages. The light evidence follows it.
        self.judge_growth(now, actions);
        self.judge_light(now, self.limits.light(self.unix_ms(now)), actions);
        self.ask_for_statistics(now, actions);
    }

    /// The rule `held-up`: gopls answered in time, but the extension host had been busy before. It is told as what it was;
    /// nothing is captured of a gopls that let nobody wait.
    pub(super) fn begin_held_up(
        &mut self,
        now: Ns,
        request: &RequestRecord,
        held_up_ns: Ns,
        actions: &mut Vec<Action>,
    ) {
        let waited_ns = age(request, now).saturating_add(held_up_ns);
        self.begin_without_gopls(now, request, waited_ns, "held-up", ("held_up_ms", held_up_ns), actions);
    }

    /// An incident of the extension host alone; `waited_ns` is the whole wait, in gopls and in the host.
    fn begin_without_gopls(
        &mut self,
        now: Ns,
        request: &RequestRecord,
        waited_ns: Ns,
        rule: &str,
        (name, by_host_ns): (&str, Ns),
        actions: &mut Vec<Action>,
    ) {
        let Some(gopls) = self.gopls.as_ref().map(|g| g.identity.clone()) else { return };
        let values = [
            ("method", Value::from(request.method.as_str())),
            ("age_ms", ms(age(request, now))),
            (name, ms(by_host_ns)),
            ("limit_ms", self.settings.stall_after_ms.into()),
        ];
        let unix_ms = self.unix_ms(now);
        // A busy extension host often makes another wait right after one that is an incident already.
        let allowed = match waited_ns {
            LONG_WAIT_NS.. => self.limits.light_after_long_wait(unix_ms),
            _ => self.limits.light(unix_ms),
        };
        if let Err(refusal) = allowed {
            let mut decision = Decision::held(now, rule, refusal.reason(), values);
            decision.values.insert("left_ms".into(), refusal.left_ms().into());
            self.log(decision);
            return;
        }
        self.limits.took_light(unix_ms);
        let decision = Decision::fired(now, rule, values);
        let mut stall = self.new_stall(request.start_ns, now, &request.method, gopls);
        stall.asked = Some(request.clone());
        stall.held_up = true;
        stall.decisions.push(decision.clone());
        self.log(decision);
        self.stall = Some(stall);
        self.record(actions);
        actions.push(Action::SaveLimits);
    }

    /// The rule `taken-late`: gopls answered while the extension host was busy, so that nobody could take the answer until now. A
    /// wait that is an incident already learns it when that is sealed, or now.
    pub(super) fn judge_taken_late(&mut self, now: Ns, lag: Span, actions: &mut Vec<Action>) {
        let answered = |r: &&RequestRecord| {
            r.interactive && r.end_ns.is_some_and(|end| lag.begin_ns <= end && end < lag.end_ns)
        };
        let Some(request) = self.recent.iter().rev().find(answered).cloned() else { return };
        let end_ns = request.end_ns.unwrap_or(now);
        if self.stall.is_some() || self.gopls.is_none() || !self.counts(&request) {
            return;
        }
        if let Some(index) = self.closing.iter().position(|stall| stall.is_about(&request)) {
            let requests = self.closing[index].sealed_requests().to_vec();
            let told = self.told_of_wait(&self.closing[index], &requests, end_ns);
            self.closing[index].tell(told);
            return;
        }
        let taken_late_ns = now.saturating_sub(end_ns);
        let waited_ns =
            age(&request, now).saturating_add(self.held_up_ns(&request)).saturating_add(taken_late_ns);
        let told = self.past.iter().any(|past| {
            past.incident.is_some()
                && past.start_ns <= request.start_ns
                && past.end_ns.is_none_or(|end| end >= end_ns)
        });
        if waited_ns <= self.settings.stall_after_ns() || told {
            return;
        }
        let told = ("taken_late_ms", taken_late_ns);
        self.begin_without_gopls(now, &request, waited_ns, "taken-late", told, actions);
        if let Some(stall) = &mut self.stall {
            stall.ended.push(request);
        }
    }

    /// The rules `heap-on-growth` and, once that has fired in this stall, `heap-high-water`.
    fn judge_growth(&mut self, now: Ns, actions: &mut Vec<Action>) {
        let Some(stall) = &mut self.stall else { return };
        let rise = self.ring.rise(now, self.settings.capture_window_ns(), stall.start_ns);
        stall.steepest_rise_bytes = stall.steepest_rise_bytes.max(rise);
        let rss = self.ring.last().map_or(0, |p| p.rss_bytes);
        let limit = self.settings.capture_rise_bytes();
        match stall.rss_at_heap_bytes {
            None if rise > limit => {
                let values = [
                    ("rise_bytes", Value::from(rise)),
                    ("limit_bytes", limit.into()),
                    ("window_ms", self.settings.capture_window_ms.into()),
                ];
                let allowed = self.limits.heap(self.unix_ms(now), &self.settings);
                self.judge_heap(now, "heap-on-growth", allowed, rss, values, actions);
            }
            // The first profile of a ramp-up describes the last GC cycle before it, so it may be nearly empty. What
            // the memory has become is seen later: at each doubling, a few times at most. The cool-down is between
            // ramp-ups, so it does not count here; the hourly budget does.
            Some(before) if rss >= 2 * before.max(limit) && stall.heaps < MOST_HEAPS_PER_STALL => {
                let values = [("rss_bytes", Value::from(rss)), ("last_capture_rss_bytes", before.into())];
                let allowed = self.limits.heap_budget(self.unix_ms(now), &self.settings);
                self.judge_heap(now, "heap-high-water", allowed, rss, values, actions);
            }
            _ => {}
        }
    }

    /// Captures the heap unless something forbids it; either way the log says so.
    fn judge_heap<const N: usize>(
        &mut self,
        now: Ns,
        rule: &str,
        allowed: Result<(), Refusal>,
        rss_bytes: Bytes,
        values: [(&str, Value); N],
        actions: &mut Vec<Action>,
    ) {
        let running = |stall: &Stall| stall.is_fetching_heap();
        let refusal = if !self.settings.capture_enabled {
            Some(("captures-off", 0))
        } else if !self.debug {
            Some(("no-debug-server", 0))
        } else if self.stall.iter().chain(&self.closing).any(running) {
            Some(("one-at-a-time", 0))
        } else {
            allowed.err().map(|refusal| (refusal.reason(), refusal.left_ms()))
        };
        let Some((reason, left_ms)) = refusal else {
            self.limits.took_heap(self.unix_ms(now));
            if let Some(stall) = &mut self.stall {
                stall.rss_at_heap_bytes = Some(rss_bytes);
                stall.heaps += 1;
            }
            self.log_to_stall(Decision::fired(now, rule, values));
            self.record(actions);
            self.ask_for(now, CaptureKind::Heap, rule, actions);
            actions.push(Action::SaveLimits);
            return;
        };
        self.hold_back(now, rule, (reason, left_ms), values);
    }

    /// The rule `cpu-while-busy`: a CPU profile of a second, again and again while somebody waits for a gopls that computes.
    fn judge_cpu(&mut self, now: Ns, age_ns: Ns, actions: &mut Vec<Action>) {
        const RULE: &str = "cpu-while-busy";
        let share = self.cpu_share();
        let Some(stall) = self.stall.as_ref().filter(|stall| stall.recorded) else { return };
        let mut slices = stall.captures.iter().filter(|c| c.kind == CaptureKind::Cpu && c.trigger == RULE);
        let waits_for_one = slices.clone().any(|slice| slice.state == CaptureState::Running);
        let enough = slices.nth(MOST_CPU_SLICES_PER_STALL - 1).is_some();
        if age_ns < BUSY_WAIT_NS || share <= BUSY_CPU_SHARE || waits_for_one || enough {
            return;
        }
        let values =
            [("age_ms", ms(age_ns)), ("cpu_share", share.into()), ("limit_share", BUSY_CPU_SHARE.into())];
        let refusal = if !self.settings.capture_enabled {
            Some(("captures-off", 0))
        } else if !self.debug {
            Some(("no-debug-server", 0))
        } else if self.is_recording_cpu() {
            Some(("one-at-a-time", 0))
        } else {
            let allowed = self.limits.light_after_long_wait(self.unix_ms(now));
            allowed.err().map(|refusal| (refusal.reason(), refusal.left_ms()))
        };
        if let Some(refusal) = refusal {
            self.hold_back(now, RULE, refusal, values);
            return;
        }
        self.limits.took_light(self.unix_ms(now));
        self.log_to_stall(Decision::fired(now, "cpu-while-busy", values));
        if let Some(stall) = &mut self.stall {
            let capture = Capture {
                trigger: RULE.to_owned(),
                seconds: Some(CPU_SLICE_SECONDS),
                ..wanted(now, CaptureKind::Cpu)
            };
            add(stall, capture, Urgency::Recording, actions);
        }
        actions.push(Action::SaveLimits);
    }

    /// Whether gopls records its CPU time for anybody: it does for one at a time.
    fn is_recording_cpu(&self) -> bool {
        let mut captures = self.stall.iter().chain(&self.closing).flat_map(|stall| &stall.captures);
        captures.any(|c| c.kind == CaptureKind::Cpu && c.state == CaptureState::Running)
    }

    /// Logs why a capture is not taken, once for each reason in a stall: it is evaluated twenty times a second.
    fn hold_back<const N: usize>(
        &mut self,
        now: Ns,
        rule: &str,
        (reason, left_ms): (&str, u64),
        values: [(&str, Value); N],
    ) {
        if self.stall.as_mut().is_some_and(|stall| stall.held.insert(format!("{rule} {reason}"))) {
            let mut decision = Decision::held(now, rule, reason, values);
            if left_ms > 0 {
                decision.values.insert("left_ms".into(), left_ms.into());
            }
            self.log_to_stall(decision);
        }
    }

    /// The rule `light-evidence`: a folder for the stall, with what gopls's goroutines and memory say.
    fn judge_light(&mut self, now: Ns, allowed: Result<(), Refusal>, actions: &mut Vec<Action>) {
        let unix_ms = self.unix_ms(now);
        let already = self.stall.as_ref().is_some_and(|stall| stall.recorded);
        if let (Err(refusal), false) = (allowed, already) {
            let left = [("left_ms", Value::from(refusal.left_ms()))];
            self.log_to_stall(Decision::held(now, "light-evidence", refusal.reason(), left));
            return;
        }
        self.record(actions);
        self.limits.took_light(unix_ms);
        actions.push(Action::SaveLimits);
        let reason = if !self.settings.capture_enabled {
            Some("captures-off")
        } else if !self.debug {
            Some("no-debug-server")
        } else {
            None
        };
        if let Some(reason) = reason {
            self.log_to_stall(Decision::held(now, "light-evidence", reason, []));
            return;
        }
        self.log_to_stall(Decision::fired(now, "light-evidence", []));
        self.ask_for(now, CaptureKind::Goroutines, "light-evidence", actions);
        self.ask_for(now, CaptureKind::Memory, "light-evidence", actions);
    }

    /// A plain heap and goroutines are evidence of a stall that goes on. What else is asked for by hand gets an incident
    /// of its own, whatever goes on: it says something else than the stall's own evidence, and may take its time.
    pub(super) fn capture_requested(&mut self, now: Ns, request: CaptureRequest, actions: &mut Vec<Action>) {
        let Some(gopls) = self.gopls.as_ref().map(|g| g.identity.clone()) else { return };
        let what = request.what();
        if matches!(what, CaptureWhat::Heap | CaptureWhat::Goroutines)
            && self.stall.as_ref().is_some_and(|stall| stall.recorded)
        {
            self.ask_for(now, what.kind(), "user", actions);
            self.ask_for_statistics(now, actions);
            return;
        }
        let mut stall = self.new_stall(now, now, ON_REQUEST, gopls);
        stall.on_request = true;
        stall.recorded = true;
        let key = stall.key;
        let mut decision = Decision::fired(now, "capture-on-request", []);
        decision.values.insert("pid".into(), Value::from(u64::from(stall.gopls.pid)));
        decision.values.insert("what".into(), what.name().into());
        stall.decisions.push(decision.clone());
        actions.push(Action::Open { key });
        add_requested(&mut stall, now, request, actions);
        if what.kind() == CaptureKind::Heap {
            add_capture(&mut stall, now, CaptureKind::Memory, "user", actions);
        }
        // What stays after a collection is looked at: goroutines that never end hold memory, too.
        if what == CaptureWhat::HeapAfterGc {
            add_capture(&mut stall, now, CaptureKind::Goroutines, "user", actions);
        }
        self.log(decision);
        self.closing.push(stall);
    }

    fn record(&mut self, actions: &mut Vec<Action>) {
        if let Some(stall) = &mut self.stall
            && !stall.recorded
        {
            stall.recorded = true;
            actions.push(Action::Open { key: stall.key });
        }
    }

    /// A wait in which gopls ends is recorded however soon it comes after another: no other one tells of that.
    pub(super) fn record_last_wait(&mut self, now: Ns, actions: &mut Vec<Action>) {
        let unix_ms = self.unix_ms(now);
        let already = self.stall.as_ref().is_some_and(|stall| stall.recorded);
        if already || self.limits.light_after_long_wait(unix_ms).is_err() {
            return;
        }
        self.record(actions);
        self.limits.took_light(unix_ms);
        actions.push(Action::SaveLimits);
    }

    /// Memory statistics with each heap: only both together tell what the heap is of RSS.
    fn ask_for_statistics(&mut self, now: Ns, actions: &mut Vec<Action>) {
        let number = |kind| self.stall.as_ref().and_then(|stall| stall.last(kind)).map(|c| c.number);
        let heap = self.stall.as_ref().and_then(|stall| stall.last(CaptureKind::Heap));
        if let Some(heap) = heap
            && number(CaptureKind::Memory) < Some(heap.number)
        {
            let trigger = heap.trigger.clone();
            self.ask_for(now, CaptureKind::Memory, &trigger, actions);
        }
    }

    /// Memory statistics right after a wait, behind all other evidence: what it allocated, and what was collected.
    fn ask_how_it_ended(&mut self, now: Ns, actions: &mut Vec<Action>) {
        let recorded = self.stall.as_ref().is_some_and(|stall| stall.recorded && !stall.held_up);
        if recorded && self.debug && self.settings.capture_enabled {
            self.ask_for(now, CaptureKind::Memory, AFTER_WAIT, actions);
        }
    }

    fn ask_for(&mut self, now: Ns, kind: CaptureKind, trigger: &str, actions: &mut Vec<Action>) {
        if let Some(stall) = &mut self.stall {
            add_capture(stall, now, kind, trigger, actions);
        }
    }
}

fn add_capture(stall: &mut Stall, now: Ns, kind: CaptureKind, trigger: &str, actions: &mut Vec<Action>) {
    let urgency = match kind {
        CaptureKind::Heap => Urgency::Heap,
        _ if stall.on_request => Urgency::OnRequest,
        _ => Urgency::Light,
    };
    add(stall, Capture { trigger: trigger.to_owned(), ..wanted(now, kind) }, urgency, actions);
}

fn add_requested(stall: &mut Stall, now: Ns, request: CaptureRequest, actions: &mut Vec<Action>) {
    let what = request.what();
    let urgency = match what {
        CaptureWhat::Heap => Urgency::Heap,
        _ if what.kind().is_recording() => Urgency::Recording,
        _ => Urgency::OnRequest,
    };
    let capture = Capture {
        after_gc: what == CaptureWhat::HeapAfterGc,
        seconds: request.seconds(),
        trigger: "user".to_owned(),
        ..wanted(now, what.kind())
    };
    add(stall, capture, urgency, actions);
}

fn add(stall: &mut Stall, mut capture: Capture, urgency: Urgency, actions: &mut Vec<Action>) {
    let (number, kind) = (stall.captures.len() as u32 + 1, capture.kind);
    capture.number = number;
    stall.captures.push(capture);
    actions.push(Action::Capture { key: stall.key, number, kind, urgency });
}

/// A capture of which nothing is known but that it is wanted.
fn wanted(now: Ns, kind: CaptureKind) -> Capture {
    Capture {
        number: 0,
        kind,
        state: CaptureState::Running,
        file: String::new(),
        size_bytes: 0,
        trigger: String::new(),
        trigger_ns: now,
        sent_ns: None,
        first_byte_ns: None,
        received_ns: None,
        on_disk_ns: None,
        during_request: None,
        inuse_space_bytes: None,
        allocated_bytes: None,
        statistics: None,
        gc_cpu: None,
        resident: None,
        after_gc: false,
        seconds: None,
        error: None,
    }
}
