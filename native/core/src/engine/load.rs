//! The first load of a workspace: slow is normal there, so it must be known as such.

use crate::model::{Bytes, LoadContext, LoadStatus, LoadStep, Ns, PastLoad, SECOND};

/// A process older than this when first seen has its load behind it (or we cannot tell when it began).
const FRESH_NS: Ns = 15 * SECOND;
/// What is still not quiet after this long is no load: it is never told as one, nor remembered.
const LONGEST_NS: Ns = 15 * 60 * SECOND;
/// gopls must be this quiet …
const QUIET_CPU_SHARE: f64 = 0.5;
/// … for this long: gopls rests for a second (`diagnosticsDelay`) between loading packages and checking what is open.
const QUIET_FOR_NS: Ns = 3 * SECOND;
/// Before this nothing may have started yet: the client still sends `initialize`.
const EARLIEST_END_NS: Ns = 3 * SECOND;

/// An editor whose machine is starved may take so long to send `initialized`. Who has not sent it then never will: a daemon
/// that waits for its first client is at rest.
const UNSENT_FOR_NS: Ns = 30 * SECOND;

/// How far gopls is with the `initialized` notification, on which it works for as long as it loads packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Initialized {
    /// Nothing tells.
    Unknown,
    /// It has not come yet.
    Unsent,
    /// It is worked on.
    Running,
    /// It is done.
    Done,
}

/// Follows one gopls from its start to the end of its first load.
///
/// The exact sign is the `initialized` notification, which gopls works on for as long as it loads packages
/// (v0.22 and later tell when it is completed; before, the first answer to a later request tells). Type checking of
/// the open files follows at once and feels the same, so the load lasts until gopls has also become quiet. Without
/// trusted counters, quiet alone decides.
#[derive(Debug)]
pub struct LoadDetector {
    start_ns: Ns,
    end: Option<End>,
    peak_rss_bytes: Bytes,
    quiet_since_ns: Option<Ns>,
    earlier: Vec<PastLoad>,
}

/// How it came out.
#[derive(Debug, Clone, Copy)]
enum End {
    /// gopls was quiet from then on.
    Quiet { since_ns: Ns },
    /// It never was.
    GivenUp,
}

/// What is known at a sample.
#[derive(Debug, Clone, Copy)]
pub struct LoadSigns {
    /// Time of the sample.
    pub at_ns: Ns,
    /// RSS.
    pub rss_bytes: Bytes,
    /// CPU over about the last second, as a share of one core.
    pub cpu_share: f64,
    /// How much of about the last second it was kept waiting for a CPU: it would have worked.
    pub starved_share: f64,
    /// Whether gopls has `go` commands running.
    pub go_children: u32,
    /// How far it is with `initialized`, by the counters.
    pub initialized: Initialized,
    /// Whether a person waits for an answer: on a starved machine gopls may look quiet while it works on that.
    pub waited_for: bool,
}

impl LoadDetector {
    /// A gopls that was `uptime_ns` old when it was found at `at_ns`. `None` when its load is in the past.
    pub fn new(at_ns: Ns, uptime_ns: Ns, earlier: Vec<PastLoad>) -> Option<Self> {
        (uptime_ns < FRESH_NS).then(|| Self {
            start_ns: at_ns.saturating_sub(uptime_ns),
            end: None,
            peak_rss_bytes: 0,
            quiet_since_ns: None,
            earlier,
        })
    }

    /// Feeds a sample; true when the load has ended with it.
    pub fn feed(&mut self, signs: LoadSigns) -> bool {
        if self.end.is_some() {
            return false;
        }
        self.peak_rss_bytes = self.peak_rss_bytes.max(signs.rss_bytes);
        let age = signs.at_ns.saturating_sub(self.start_ns);
        let loading = match signs.initialized {
            Initialized::Running => true,
            Initialized::Unsent => age < UNSENT_FOR_NS,
            Initialized::Unknown | Initialized::Done => false,
        };
        let busy = signs.cpu_share + signs.starved_share > QUIET_CPU_SHARE
            || signs.go_children > 0
            || loading
            || signs.waited_for
            || age < EARLIEST_END_NS;
        if busy {
            self.quiet_since_ns = None;
        } else {
            self.quiet_since_ns.get_or_insert(signs.at_ns);
        }
        let quiet_since = self.quiet_since_ns.filter(|since| signs.at_ns - since >= QUIET_FOR_NS);
        if let Some(since_ns) = quiet_since {
            self.end = Some(End::Quiet { since_ns });
        } else if age > LONGEST_NS {
            self.end = Some(End::GivenUp);
        }
        quiet_since.is_some()
    }

    /// Whether it still goes on.
    pub fn running(&self) -> bool {
        self.end.is_none()
    }

    fn end_ns(&self) -> Option<Ns> {
        match self.end? {
            End::Quiet { since_ns } => Some(since_ns),
            End::GivenUp => None,
        }
    }

    /// The load as a stall that overlaps `[from_ns, now_ns]` sees it; `None` when it was over before, or was none.
    pub fn context(&self, from_ns: Ns, now_ns: Ns) -> Option<LoadContext> {
        let over = self.end_ns().is_some_and(|end| end < from_ns);
        if over || matches!(self.end, Some(End::GivenUp)) {
            return None;
        }
        Some(LoadContext {
            start_ns: self.start_ns,
            end_ns: self.end_ns(),
            peak_rss_bytes: self.peak_rss_bytes,
            earlier: self.earlier.clone(),
            ordinary: self.is_ordinary(now_ns),
        })
    }

    /// Length so far, or of the whole.
    pub fn length_ns(&self, now_ns: Ns) -> Ns {
        self.end_ns().unwrap_or(now_ns).saturating_sub(self.start_ns)
    }

    /// It, as later loads will be compared with it.
    pub fn as_past(&self, now_ns: Ns) -> PastLoad {
        PastLoad { duration_ns: self.length_ns(now_ns), peak_rss_bytes: self.peak_rss_bytes }
    }

    /// Medians of earlier loads of this workspace, of each figure by itself.
    pub fn earlier_median(&self) -> Option<PastLoad> {
        Some(PastLoad {
            duration_ns: median(self.earlier.iter().map(|load| load.duration_ns))?,
            peak_rss_bytes: median(self.earlier.iter().map(|load| load.peak_rss_bytes))?,
        })
    }

    /// How it stands, at this step; `None` when it is over.
    pub fn status(&self, now_ns: Ns, step: Option<LoadStep>) -> Option<LoadStatus> {
        self.running().then(|| LoadStatus {
            age_ns: self.length_ns(now_ns),
            step,
            earlier: self.earlier.len() as u32,
            usual_ns: self.earlier_median().map(|load| load.duration_ns),
            longest_ns: self.earlier.iter().map(|load| load.duration_ns).max(),
        })
    }

    /// A load is ordinary until it takes more than twice the median of the earlier ones plus five seconds.
    /// The first load ever has nothing to be compared with.
    fn is_ordinary(&self, now_ns: Ns) -> bool {
        self.earlier_median()
            .is_none_or(|typical| self.length_ns(now_ns) <= 2 * typical.duration_ns + 5 * SECOND)
    }
}

fn median(values: impl Iterator<Item = u64>) -> Option<u64> {
    let mut sorted: Vec<_> = values.collect();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MS;

    fn signs(at_ms: u64, cpu_share: f64, initialized: Initialized) -> LoadSigns {
        LoadSigns {
            at_ns: at_ms * MS,
            rss_bytes: at_ms * 1_000,
            cpu_share,
            starved_share: 0.0,
            go_children: 0,
            initialized,
            waited_for: false,
        }
    }

    #[test]
    fn an_old_process_is_not_loading() {
        assert!(LoadDetector::new(0, 60 * SECOND, vec![]).is_none());
    }

    #[test]
    fn it_ends_when_initialized_is_done_and_gopls_is_quiet() {
        let mut load = LoadDetector::new(SECOND, SECOND, vec![]).expect("fresh");
        // Waiting for the network: no CPU, and still a load.
        assert!(!load.feed(signs(4_000, 0.0, Initialized::Running)));
        assert!(!load.feed(signs(9_000, 0.0, Initialized::Running)));
        // Type checking after it.
        assert!(!load.feed(signs(10_000, 1.7, Initialized::Done)));
        assert!(!load.feed(signs(12_000, 0.1, Initialized::Done)));
        assert!(load.feed(signs(15_100, 0.1, Initialized::Done)));
        assert_eq!(load.length_ns(99 * SECOND), 12 * SECOND, "it ended when quiet began");
        assert!(!load.feed(signs(16_000, 0.1, Initialized::Done)), "told once");
        assert!(load.context(11 * SECOND, 17 * SECOND).is_some_and(|c| c.ordinary));
        assert!(load.context(13 * SECOND, 17 * SECOND).is_none(), "a later stall is not the load's");
    }

    #[test]
    fn what_has_not_begun_is_not_over() {
        let mut load = LoadDetector::new(0, 0, vec![]).expect("fresh");
        for at_ms in (0..20_000).step_by(500) {
            assert!(!load.feed(signs(at_ms, 0.0, Initialized::Unsent)), "at {at_ms} ms");
        }
        assert!(!load.feed(signs(21_000, 1.5, Initialized::Running)));
        assert!(!load.feed(signs(30_000, 0.0, Initialized::Done)));
        assert!(load.feed(signs(33_000, 0.0, Initialized::Done)));
        assert_eq!(load.length_ns(99 * SECOND), 30 * SECOND);
    }

    #[test]
    fn a_daemon_without_a_client_does_not_load_for_ever() {
        let mut load = LoadDetector::new(0, 0, vec![]).expect("fresh");
        let ends = (0..90_000).step_by(500).find(|at_ms| load.feed(signs(*at_ms, 0.0, Initialized::Unsent)));
        assert_eq!(ends, Some(33_000));
    }

    #[test]
    fn who_is_kept_from_working_is_not_at_rest() {
        let mut load = LoadDetector::new(0, 0, vec![]).expect("fresh");
        for at_ms in (4_000..12_000).step_by(500) {
            let starved = LoadSigns { starved_share: 0.6, ..signs(at_ms, 0.1, Initialized::Done) };
            assert!(!load.feed(starved), "at {at_ms} ms");
        }
        assert!(!load.feed(signs(12_000, 0.1, Initialized::Done)));
        assert!(load.feed(signs(15_000, 0.1, Initialized::Done)));
    }

    #[test]
    fn the_first_wait_belongs_to_the_load_however_starved_gopls_is() {
        let mut load = LoadDetector::new(SECOND, SECOND, vec![]).expect("fresh");
        assert!(!load.feed(signs(9_000, 1.7, Initialized::Done)));
        assert!(!load.feed(signs(10_000, 0.2, Initialized::Done)));
        for at_ms in (11_000..20_000).step_by(500) {
            assert!(!load.feed(LoadSigns { waited_for: true, ..signs(at_ms, 0.2, Initialized::Done) }));
        }
        assert!(!load.feed(signs(20_000, 0.0, Initialized::Done)));
        assert!(load.feed(signs(23_000, 0.0, Initialized::Done)));
        assert_eq!(load.length_ns(99 * SECOND), 20 * SECOND);
    }

    #[test]
    fn much_longer_than_before_is_not_ordinary() {
        let past = |seconds: u64, mb: u64| PastLoad { duration_ns: seconds * SECOND, peak_rss_bytes: mb };
        let load = LoadDetector::new(0, 0, vec![past(4, 9), past(6, 7), past(5, 8)]).expect("fresh");
        assert!(load.context(0, 15 * SECOND).is_some_and(|c| c.ordinary));
        assert!(load.context(0, 16 * SECOND).is_some_and(|c| !c.ordinary));
        let status = load.status(4 * SECOND, Some(LoadStep::Listing)).expect("it goes on");
        assert_eq!((status.age_ns, status.step), (4 * SECOND, Some(LoadStep::Listing)));
        let earlier = (status.earlier, status.usual_ns, status.longest_ns);
        assert_eq!(earlier, (3, Some(5 * SECOND), Some(6 * SECOND)));
        assert_eq!(load.earlier_median(), Some(past(5, 8)));
    }
}
