//! What is known of garbage collection in the watched gopls over its life.

use super::{Engine, StallKey};
use crate::gc::{GcCpu, GcMeasured};
use crate::memory::BALLAST_BYTES;
use crate::model::{Bytes, Capture, CaptureState, Ns};

/// Recordings of its CPU time, added up, and the most memory it had.
#[derive(Debug, Default)]
pub(super) struct GcLog {
    cpu: Option<GcCpu>,
    recordings: u32,
    pub peak_rss_bytes: Bytes,
}

impl Engine {
    /// Counts a recording of CPU time once: when it has just become whole.
    pub(super) fn count_gc(&mut self, key: StallKey, capture: &Capture) {
        let Some(cpu) = capture.gc_cpu.filter(|_| capture.state == CaptureState::Complete) else { return };
        let stall = self.stall.iter().chain(&self.closing).find(|stall| stall.key == key);
        let known = |stall: &super::Stall| {
            stall.captures.iter().any(|one| one.number == capture.number && one.gc_cpu.is_some())
        };
        let Some(stall) = stall.filter(|stall| !known(stall)) else { return };
        if let Some(gopls) = self.gopls.as_mut().filter(|gopls| gopls.identity.is_process_of(&stall.gopls)) {
            let log = &mut gopls.gc_log;
            log.cpu = Some(log.cpu.map_or(cpu, |sum| sum.plus(&cpu)));
            log.recordings += 1;
        }
    }

    /// What advice on garbage collection rests on; `None` before the first reading of the statistics. Being asked makes
    /// readings more frequent for a while.
    pub fn gc_measured(&mut self, now: Ns) -> Option<GcMeasured> {
        let view = self.memory(now)?;
        let loading = self.loading();
        let gopls = self.gopls.as_ref()?;
        let last = gopls.readings.trend.last()?;
        let mut live: Vec<Bytes> = view.cycles.iter().map(|cycle| cycle.live_bytes).collect();
        live.sort_unstable();
        let stats = &last.stats;
        Some(GcMeasured {
            pid: gopls.identity.pid,
            at_ns: last.at_ns,
            loading,
            cycles: live.len() as u32,
            live_median_bytes: live.get(live.len() / 2).copied(),
            live_most_bytes: live.last().copied(),
            growing: view.verdict.kind == crate::memory::MemoryVerdictKind::LiveHeapGrowing,
            ballast_bytes: BALLAST_BYTES,
            beside_heap_bytes: stats.runtime_bytes()
                + stats.stack_sys_bytes
                + (stats.heap_inuse_bytes - stats.heap_alloc_bytes),
            go_bytes: stats.sys_bytes - stats.heap_released_bytes,
            file_bytes: last.resident.file_bytes,
            rss_bytes: last.resident.rss_bytes,
            peak_rss_bytes: gopls.gc_log.peak_rss_bytes.max(last.resident.rss_bytes),
            cpu: gopls.gc_log.cpu,
            recordings: gopls.gc_log.recordings,
            settings: gopls.gc_settings,
            gopls_version: gopls.identity.version.clone(),
            go_version: gopls.identity.go_version.clone(),
        })
    }
}
