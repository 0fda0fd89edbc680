//! The gopls being watched: its memory and CPU over time, and the rules that need no stall: `load-ended`,
//! `memory-alert`, `baseline`.

use std::collections::VecDeque;

use super::gc::GcLog;
use super::load::{LoadDetector, LoadSigns};
use super::readings::Readings;
use super::requests::Kept;
use super::{Action, Engine, ms, note};
use crate::gc::GcSettings;
use crate::history::Tally;
use crate::machine::Starved;
use crate::model::{Bytes, Decision, GoplsIdentity, LatencySource, MS, Ns, SECOND};

/// Whether gopls gets the CPU is told over so long at least.
const STARVED_OVER_NS: Ns = 600 * MS;
/// Window over which gopls's CPU share is measured.
const CPU_WINDOW_NS: Ns = SECOND;
/// How far back it can be told: longer than a page of the debug server may take.
const CPU_HISTORY_NS: Ns = 30 * SECOND;
/// A gopls that uses less than this for most of the time that it owes us a page was stopped or starved, not busy.
const DORMANT_CPU_SHARE: f64 = 0.05;
/// gopls must be this quiet …
const CALM_CPU_SHARE: f64 = 0.05;
/// … for this long before a baseline is taken.
const CALM_FOR_NS: Ns = 3 * SECOND;

/// The watched gopls.
#[derive(Debug)]
pub(super) struct Watched {
    pub identity: GoplsIdentity,
    pub cpu: VecDeque<(Ns, Ns)>,
    pub cpu_share: f64,
    pub calm_since_ns: Option<Ns>,
    pub load: Option<LoadDetector>,
    /// When the last baseline was asked for, and CPU time then: without work since, a new one would say the same.
    pub baseline: Option<(Ns, Ns)>,
    /// The same of the one before, should the last be given up.
    pub baseline_before: Option<(Ns, Ns)>,
    pub readings: Readings,
    /// What it was started with, where its environment can be read.
    pub gc_settings: Option<GcSettings>,
    pub gc_log: GcLog,
    /// What was seen of it since that was last kept.
    pub tally: Tally,
}

impl Watched {
    /// Its CPU time at a moment: what share of a core that makes over the last second.
    fn measure_cpu(&mut self, now: Ns, cpu_ns: Ns) {
        while self.cpu.front().is_some_and(|(at, _)| now.saturating_sub(*at) > CPU_HISTORY_NS) {
            self.cpu.pop_front();
        }
        self.cpu.push_back((now, cpu_ns));
        if let Some(share) = self.cpu_share_between(now.saturating_sub(CPU_WINDOW_NS), now) {
            self.cpu_share = share;
        }
    }

    /// The share of a core it used between two moments; `None` when that was not measured.
    pub fn cpu_share_between(&self, from: Ns, to: Ns) -> Option<f64> {
        let last_until = |moment: Ns| self.cpu.partition_point(|(at, _)| *at <= moment).checked_sub(1);
        let (begin, before) = self.cpu.get(last_until(from).unwrap_or(0))?;
        let (end, after) = self.cpu.get(last_until(to)?)?;
        (end > begin).then(|| after.saturating_sub(*before) as f64 / (end - begin) as f64)
    }

    /// How long it used next to no CPU between two moments, as far as that was measured.
    fn dormant_ns_between(&self, from: Ns, to: Ns) -> Ns {
        let samples = self.cpu.iter().zip(self.cpu.iter().skip(1));
        let dormant = samples.filter_map(|((begin, before), (end, after))| {
            let share = after.saturating_sub(*before) as f64 / end.saturating_sub(*begin).max(1) as f64;
            let inside = to.min(*end).saturating_sub(from.max(*begin));
            (share < DORMANT_CPU_SHARE).then_some(inside)
        });
        dormant.sum()
    }
}

impl Engine {
    /// Whether gopls was kept from running for most of the time between two moments. For most of it: one that goes on has
    /// a lot to catch up with before it comes to our page.
    pub(super) fn kept_from_running(&self, from: Ns, to: Ns) -> Option<Kept> {
        let time = to.saturating_sub(from);
        let dormant = self.gopls.as_ref().map_or(0, |gopls| gopls.dormant_ns_between(from, to));
        if 2 * dormant > time {
            return Some(Kept::Stopped);
        }
        // Over two looks at the machine at least.
        let since = from.min(to.saturating_sub(STARVED_OVER_NS));
        let starved: Ns = self.machine_log.starved(since, to).iter().map(|starved| starved.own_ns).sum();
        (4 * starved > 3 * to.saturating_sub(since)).then_some(Kept::Starved)
    }

    /// The share of the last second that gopls was kept waiting for a CPU; 0 when nobody has looked.
    fn starved_share(&self, now: Ns) -> f64 {
        let starved = self.machine_log.starved(now.saturating_sub(CPU_WINDOW_NS), now);
        let sum = |of: fn(&Starved) -> Ns| starved.iter().map(of).sum::<Ns>();
        sum(|starved| starved.own_ns) as f64 / sum(|starved| starved.span.ns()).max(1) as f64
    }

    pub(super) fn sample(
        &mut self,
        now: Ns,
        rss_bytes: Bytes,
        cpu_ns: Option<Ns>,
        go_children: u32,
        actions: &mut Vec<Action>,
    ) {
        self.ring.push(now, rss_bytes);
        if let Some(recording) = &mut self.recording {
            recording.sample(rss_bytes);
        }
        let initialized = self.tracker.initialized();
        let waited_for = self.tracker.in_flight().any(|request| request.interactive);
        let starved_share = self.starved_share(now);
        let Some(gopls) = &mut self.gopls else { return };
        gopls.gc_log.peak_rss_bytes = gopls.gc_log.peak_rss_bytes.max(rss_bytes);
        gopls.tally.sampled(now, rss_bytes);
        if let Some(cpu_ns) = cpu_ns {
            gopls.measure_cpu(now, cpu_ns);
        }
        if gopls.cpu_share > CALM_CPU_SHARE {
            gopls.calm_since_ns = None;
        } else {
            gopls.calm_since_ns.get_or_insert(now);
        }
        let signs = LoadSigns {
            at_ns: now,
            rss_bytes,
            cpu_share: gopls.cpu_share,
            go_children,
            starved_share,
            initialized,
            waited_for,
        };
        if let Some(load) = &mut gopls.load
            && load.feed(signs)
        {
            let (this, earlier) = (load.as_past(now), load.earlier_median());
            actions.push(Action::LoadEnded { load: this, earlier });
            let decision = Decision::fired(
                now,
                "load-ended",
                [
                    ("duration_ms", ms(this.duration_ns)),
                    ("peak_rss_bytes", this.peak_rss_bytes.into()),
                    ("earlier_median_ms", ms(earlier.map_or(0, |load| load.duration_ns))),
                ],
            );
            self.log(decision);
        }
        let limit = self.settings.memory_alert_bytes();
        if self.alert.feed(now, rss_bytes, limit) {
            let limit_bytes = limit.unwrap_or(0);
            self.log(Decision::fired(
                now,
                "memory-alert",
                [("rss_bytes", rss_bytes.into()), ("limit_bytes", limit_bytes.into())],
            ));
            actions.push(Action::TellMemory { rss_bytes, limit_bytes });
        }
        if let Some(cpu_ns) = cpu_ns {
            self.consider_baseline(now, cpu_ns, actions);
            self.consider_reading(now, cpu_ns, actions);
        }
    }

    /// What was seen of gopls since this was last asked, for the history; `None` when that is nothing.
    pub fn take_tally(&mut self) -> Option<(GoplsIdentity, Tally)> {
        let gopls = self.gopls.as_mut()?;
        let live_bytes = gopls.readings.trend.cycles().next_back().map(|cycle| cycle.live_bytes);
        Some((gopls.identity.clone(), gopls.tally.take(live_bytes)?))
    }

    /// What is known already stays: the executable knows best.
    pub(super) fn learn_version(&mut self, version: Option<String>, go_version: Option<String>) {
        let Some(gopls) = &mut self.gopls else { return };
        let stalls = self.stall.iter_mut().chain(&mut self.closing).map(|stall| &mut stall.gopls);
        let process = gopls.identity.clone();
        let same = stalls.filter(|identity| identity.is_process_of(&process));
        for identity in same.chain([&mut gopls.identity]) {
            identity.version = identity.version.take().or_else(|| version.clone());
            identity.go_version = identity.go_version.take().or_else(|| go_version.clone());
        }
    }

    fn consider_baseline(&mut self, now: Ns, cpu_ns: Ns, actions: &mut Vec<Action>) {
        let Some(every_ns) = self.settings.baseline_interval_ns() else { return };
        let Some(gopls) = &self.gopls else { return };
        let calm = gopls.calm_since_ns.is_some_and(|since| now - since >= CALM_FOR_NS);
        let due = gopls.baseline.is_none_or(|(at, cpu)| now - at >= every_ns && cpu_ns > cpu + SECOND);
        let free = self.debug
            && self.settings.capture_enabled
            && !self.baseline_running
            && !gopls.readings.running
            && self.stall.is_none()
            && !self.is_fetching()
            && !self.loading()
            && self.tracker.in_flight().next().is_none();
        if calm && due && free {
            self.baseline_running = true;
            if let Some(gopls) = &mut self.gopls {
                gopls.baseline_before = gopls.baseline.replace((now, cpu_ns));
            }
            self.log(Decision::fired(
                now,
                "baseline",
                [("every_s", self.settings.baseline_interval_s.into())],
            ));
            actions.push(Action::Baseline);
        }
    }

    pub(super) fn baseline_taken(&mut self, now: Ns, result: Result<(), String>) {
        self.baseline_running = false;
        if let Err(error) = result {
            self.log(Decision::held(now, "baseline", "failed", [("error", error.into())]));
        }
    }

    /// The next calm moment is as good.
    pub(super) fn baseline_given_up(&mut self, now: Ns) {
        if let Some(gopls) = &mut self.gopls {
            gopls.baseline = gopls.baseline_before;
            gopls.calm_since_ns = None;
        }
        self.baseline_taken(now, Err("something else had to be captured".to_owned()));
    }

    pub(super) fn lose_gopls(&mut self, now: Ns, actions: &mut Vec<Action>) {
        if self.gopls.take().is_none() {
            return;
        }
        self.debug = false;
        self.baseline_running = false;
        if let Some(stall) = &mut self.stall {
            stall.gopls_gone = true;
            stall.notes.push(note("gopls-gone", [("pid", u64::from(stall.gopls.pid).into())]));
            self.record_last_wait(now, actions);
        }
        let ended = self.tracker.gone(now);
        self.ended(now, ended, actions);
        if let Some(recording) = &mut self.recording {
            recording.gopls_ended();
        }
        self.tracker.set_source(LatencySource::None);
        if let Some(stall) = self.stall.take() {
            self.seal(stall, now);
        }
    }
}
