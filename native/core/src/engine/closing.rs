//! How a stall comes to its end: requests that end in it, what is fixed when it is over, and when its incident is
//! complete.

use super::stall::{Stall, age, incident_id};
use super::{Action, Engine, StallKey, ms, since};
use crate::model::{Cost, Decision, GoplsIdentity, Ns, RequestRecord, Value};

/// Bounds of what is kept in memory.
const MOST_RECENT_REQUESTS: usize = 2_000;
/// The live time line reaches back as far as the ring; more stalls than this do not fit into ten minutes.
const MOST_PAST_STALLS: usize = 200;
const MOST_REQUESTS_PER_STALL: usize = 1_000;

impl Engine {
    pub(super) fn new_stall(
        &mut self,
        start_ns: Ns,
        now_ns: Ns,
        method: &str,
        gopls: GoplsIdentity,
    ) -> Stall {
        self.next_key += 1;
        Stall {
            key: self.next_key,
            id: incident_id(self.origin_unix_ns, start_ns, method, gopls.pid),
            gopls,
            source: self.tracker.source(),
            start_ns,
            asked: None,
            last_seen_ns: now_ns,
            ended: Vec::new(),
            captures: Vec::new(),
            decisions: Vec::new(),
            notes: Vec::new(),
            load: None,
            memory_verdict: self.memory_verdict(),
            gc_before: self.gc_before(),
            steepest_rise_bytes: 0,
            held: std::collections::BTreeSet::new(),
            rss_at_heap_bytes: None,
            heaps: 0,
            recorded: false,
            long: false,
            gopls_gone: false,
            held_up: false,
            interrupted: false,
            cost_at_start: self.cost,
            cost: Cost::default(),
            on_request: false,
            sealed: None,
        }
    }

    /// Requests that have ended: kept for the time line, counted to the stall, and caught if no sample saw them wait.
    pub(super) fn ended(&mut self, now: Ns, ended: Vec<RequestRecord>, actions: &mut Vec<Action>) {
        for record in ended {
            if let Some(recording) = &mut self.recording {
                recording.ended(&record, now);
            }
            if let Some(gopls) = &mut self.gopls {
                gopls.tally.ended(&record);
            }
            let (age_ns, limit_ns) = (age(&record, now), self.settings.stall_after_ns());
            if record.interactive && self.stall.is_none() && self.gopls.is_some() && self.counts(&record) {
                let held_up_ns = self.held_up_ns(&record);
                if age_ns > limit_ns {
                    self.begin(now, &record, "after-the-fact", actions);
                } else if age_ns.saturating_add(held_up_ns) > limit_ns {
                    self.begin_held_up(now, &record, held_up_ns, actions);
                }
            }
            if let Some(stall) = &mut self.stall
                && stall.ended.len() < MOST_REQUESTS_PER_STALL
            {
                stall.ended.push(record.clone());
            }
            if self.recent.len() == MOST_RECENT_REQUESTS {
                self.recent.pop_front();
            }
            self.recent.push_back(record);
        }
    }

    /// We stop looking: the end of a wait that still goes on will not be seen.
    pub(super) fn cut_short(&mut self, now: Ns) {
        let Some(mut stall) = self.stall.take() else { return };
        let requests = stall.requests(self.tracker.in_flight());
        stall.interrupted = Stall::main_request(&requests, now).is_some_and(|main| main.end_ns.is_none());
        self.seal(stall, now);
    }

    /// The stall is over: fix what was seen, and say why no heap was captured if none was.
    pub(super) fn seal(&mut self, mut stall: Stall, now: Ns) {
        let end_ns = stall.ended.iter().filter_map(|r| r.end_ns).max().unwrap_or(now).max(stall.start_ns);
        let requests: Vec<_> = stall
            .requests(self.tracker.in_flight())
            .into_iter()
            .filter(|r| r.end_ns.is_none_or(|end| end >= stall.start_ns))
            .collect();
        let heap_held = stall.held.iter().any(|held| !held.starts_with("cpu-while-busy"));
        if stall.heap_state().is_none() && !heap_held && !stall.held_up {
            let decision = Decision::held(
                now,
                "heap-on-growth",
                "below-threshold",
                [
                    ("rise_bytes", Value::from(stall.steepest_rise_bytes)),
                    ("limit_bytes", self.settings.capture_rise_bytes().into()),
                    ("window_ms", self.settings.capture_window_ms.into()),
                ],
            );
            stall.decisions.push(decision.clone());
            self.log(decision);
        }
        stall.cost = since(self.cost, stall.cost_at_start);
        let told = self.told_of_wait(&stall, &requests, end_ns);
        stall.seal(requests, told, &self.ring, end_ns);
        if stall.recorded {
            self.closing.push(stall);
        } else {
            self.remember(&stall);
        }
    }

    /// Stalls (and captures on request) whose captures have all ended.
    pub(super) fn close_finished(&mut self, actions: &mut Vec<Action>) {
        let (limit_ns, now) = (self.settings.stall_after_ns(), self.latest_ns);
        let mut withdrawn = Vec::new();
        for stall in &mut self.closing {
            let announced = |a: &Action| matches!(a, Action::Close { key, .. } | Action::Withdraw { key } if *key == stall.key);
            if stall.waiting_for_captures() || actions.iter().any(announced) {
                continue;
            }
            if stall.on_request {
                stall.cost = since(self.cost, stall.cost_at_start);
            }
            stall.seal_request(&self.ring, now);
            if let Some(main) = stall.answered_within(limit_ns) {
                withdrawn.push((main.method.clone(), age(main, 0)));
                actions.push(Action::Withdraw { key: stall.key });
                continue;
            }
            let ordinary_load = stall.load.as_ref().is_some_and(|load| load.ordinary);
            let no_stall_of_gopls = stall.on_request || stall.was_held_up(limit_ns);
            let prompt = !(no_stall_of_gopls || ordinary_load || stall.gopls_gone || stall.interrupted);
            actions.push(Action::Close { key: stall.key, prompt, on_request: stall.on_request });
        }
        for (method, age_ns) in withdrawn {
            let limit_ms = self.settings.stall_after_ms;
            self.log(Decision::held(
                now,
                "stall",
                "answered-in-time",
                [("method", method.into()), ("age_ms", ms(age_ns)), ("limit_ms", limit_ms.into())],
            ));
        }
    }

    /// Ends everything at once, because we are about to end: returns the stalls that are to be written once more.
    pub fn wind_up(&mut self, now_ns: Ns) -> Vec<StallKey> {
        self.cut_short(now_ns);
        for stall in &mut self.closing {
            stall.give_up_captures("the window closed before it arrived");
            stall.seal_request(&self.ring, now_ns);
        }
        self.closing.iter().filter(|stall| stall.recorded).map(|stall| stall.key).collect()
    }

    /// Forgets a stall after its last write, except for its place on the live time line.
    pub fn forget(&mut self, key: StallKey) {
        if let Some(index) = self.closing.iter().position(|stall| stall.key == key) {
            let stall = self.closing.remove(index);
            self.remember(&stall);
        }
    }

    fn remember(&mut self, stall: &Stall) {
        if self.past.len() == MOST_PAST_STALLS {
            self.past.pop_front();
        }
        self.past.push_back(stall.mark());
    }
}
