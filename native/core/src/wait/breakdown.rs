//! From moments to a whole: the samples of one wait become phases that add up to it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::behind::{Behind, QueuedBehind};
use super::{PackageWork, Phase, PhaseSlice, PhaseSource, Shares, WaitSample};
use crate::engine::methods;
use crate::model::{MS, Ns};

/// Samples kept of what goes on now; a wait of a minute has fewer.
const MOST_SAMPLES: usize = 400;
/// Slices of a wait: what a time line shows.
const MOST_SLICES: usize = 1_000;
const MOST_UNKNOWN_FUNCTIONS: usize = 20;
/// A sample speaks for this much of the time before and after it at most: beyond it nothing is known.
const LONGEST_REACH_NS: Ns = 400 * MS;

/// How the time of one wait was spent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct WaitBreakdown {
    /// The phases, longest first; their durations add up to the wait.
    pub phases: Vec<PhaseShare>,
    /// The same in time: without a gap from the start of the wait to its end.
    pub slices: Vec<PhaseSlice>,
    /// How it is known.
    pub source: PhaseSource,
    /// Goroutine profiles that told; 0 for spans.
    pub samples: u32,
    /// The messages that let those behind them wait, longest first.
    pub queued_behind: Vec<QueuedBehind>,
    /// Functions in which the request stood still and of which no rule knows what that means: for whoever keeps the rules.
    pub unknown_functions: Vec<String>,
    /// The packages it was for; only spans tell, and only where packages were worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub packages: Option<PackageWork>,
}

/// A phase's part of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct PhaseShare {
    /// Phase.
    pub phase: Phase,
    /// Its time.
    pub duration_ns: Ns,
    /// The same, of the whole, 0 to 1.
    pub share: f64,
    /// How far the share may be off, either way (95 %); 0 for spans.
    pub error_share: f64,
}

/// The samples of what goes on.
#[derive(Debug, Default)]
pub struct WaitLog {
    samples: VecDeque<WaitSample>,
}

impl WaitLog {
    /// Adds one; they come in their order.
    pub fn add(&mut self, sample: WaitSample) {
        if self.samples.len() == MOST_SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.samples.clear();
    }

    /// The latest one.
    pub fn latest(&self) -> Option<&WaitSample> {
        self.samples.back()
    }

    /// What a wait for `method` from `begin_ns` to `end_ns` was made of; `None` when no sample was taken in it.
    pub fn breakdown(&self, method: &str, begin_ns: Ns, end_ns: Ns) -> Option<WaitBreakdown> {
        let is_one = |served: &str| methods::serves(method, served);
        let within = |sample: &&WaitSample| (begin_ns..=end_ns).contains(&sample.at_ns);
        let samples: Vec<&WaitSample> = self.samples.iter().filter(within).collect();
        if samples.is_empty() || end_ns <= begin_ns {
            return None;
        }
        let mut slices = Slices::new(begin_ns);
        let mut behind = Behind::default();
        for (number, sample) in samples.iter().enumerate() {
            let before = number.checked_sub(1).map(|before| samples[before].at_ns);
            let after = samples.get(number + 1).map(|after| after.at_ns);
            let from = reach(sample.at_ns, before.unwrap_or(begin_ns), before.is_none());
            let to = reach(sample.at_ns, after.unwrap_or(end_ns), after.is_none());
            slices.unknown_until(from);
            let queued = sample.queued > 0 && !sample.serving.iter().any(|serving| is_one(&serving.method));
            match sample.of(is_one) {
                Some(shares) => slices.split(shares, &sample.queue.front, to),
                None => slices.unknown_until(to),
            }
            if let (true, Some(method)) = (queued, &sample.queue.behind) {
                behind.add(method, sample.queue.front.divide(to - from), 1);
            }
        }
        slices.unknown_until(end_ns);
        let unknown: BTreeSet<_> = samples.iter().flat_map(|sample| &sample.unknown_functions).collect();
        Some(WaitBreakdown {
            phases: shares_of(sums_of(&slices.list), samples.len()),
            slices: slices.list,
            source: PhaseSource::Sampling,
            samples: samples.len() as u32,
            queued_behind: behind.finish(),
            unknown_functions: unknown.into_iter().take(MOST_UNKNOWN_FUNCTIONS).cloned().collect(),
            packages: None,
        })
    }
}

impl WaitBreakdown {
    /// From gopls's spans: slices that follow each other without a gap, and the messages in front; `None` when there are no
    /// slices.
    pub fn of_spans(slices: Vec<PhaseSlice>, queued_behind: Vec<QueuedBehind>) -> Option<Self> {
        let phases = shares_of(sums_of(&slices), 0);
        (!phases.is_empty()).then_some(Self {
            phases,
            slices,
            source: PhaseSource::Spans,
            samples: 0,
            queued_behind,
            unknown_functions: Vec::new(),
            packages: None,
        })
    }

    /// The share of the wait that has a name.
    pub fn named_share(&self) -> f64 {
        1.0 - self.phases.iter().find(|phase| phase.phase == Phase::Unknown).map_or(0.0, |phase| phase.share)
    }
}

/// How far a sample speaks towards `other`: half of the way to another sample, and to the end of the wait the whole way, but
/// never further than [`LONGEST_REACH_NS`].
fn reach(at_ns: Ns, other: Ns, is_end: bool) -> Ns {
    let far = at_ns.abs_diff(other);
    // Both sides of an odd distance meet at the same nanosecond.
    let half = if other < at_ns { far / 2 } else { far - far / 2 };
    let way = if is_end { far } else { half }.min(LONGEST_REACH_NS);
    if other < at_ns { at_ns - way } else { at_ns + way }
}

/// Slices as they are laid end to end.
struct Slices {
    list: Vec<PhaseSlice>,
    until_ns: Ns,
}

impl Slices {
    fn new(begin_ns: Ns) -> Self {
        Self { list: Vec::new(), until_ns: begin_ns }
    }

    fn add(&mut self, phase: Phase, front: Option<Phase>, end_ns: Ns) {
        if end_ns <= self.until_ns {
            return;
        }
        let full = self.list.len() == MOST_SLICES;
        match self.list.last_mut() {
            Some(last) if (last.phase, last.front) == (phase, front) || full => last.end_ns = end_ns,
            _ => self.list.push(PhaseSlice {
                phase,
                begin_ns: self.until_ns,
                end_ns,
                source: PhaseSource::Sampling,
                front,
            }),
        }
        self.until_ns = end_ns;
    }

    fn unknown_until(&mut self, end_ns: Ns) {
        self.add(Phase::Unknown, None, end_ns);
    }

    /// What goes on at the same time is drawn one after the other, beginning with what came before: nobody knows better.
    /// What is queued is told apart by what the one in front is at.
    fn split(&mut self, shares: &Shares, in_front: &Shares, end_ns: Ns) {
        let whole_ns = end_ns.saturating_sub(self.until_ns);
        let parts = shares.divide(whole_ns).into_iter().flat_map(|(phase, part_ns)| {
            let fronts = in_front.divide(part_ns);
            match phase {
                Phase::Queued if !fronts.is_empty() => {
                    fronts.into_iter().map(|(front, ns)| (phase, Some(front), ns)).collect()
                }
                _ => vec![(phase, None, part_ns)],
            }
        });
        let mut parts: Vec<_> = parts.collect();
        let before = self.list.last().map(|slice| (slice.phase, slice.front));
        parts.sort_by_key(|(phase, front, _)| Some((*phase, *front)) != before);
        for (phase, front, part_ns) in parts {
            self.add(phase, front, self.until_ns + part_ns);
        }
    }
}

/// The time of each phase.
fn sums_of(slices: &[PhaseSlice]) -> BTreeMap<Phase, Ns> {
    let mut sums = BTreeMap::<Phase, Ns>::new();
    for slice in slices {
        *sums.entry(slice.phase).or_default() += slice.end_ns.saturating_sub(slice.begin_ns);
    }
    sums
}

/// The same with shares of the whole, longest first; `samples` looks have told, 0 for spans.
pub(super) fn shares_of(sums: BTreeMap<Phase, Ns>, samples: usize) -> Vec<PhaseShare> {
    let whole: Ns = sums.values().sum();
    let mut phases: Vec<_> = sums
        .into_iter()
        .filter(|(_, duration_ns)| *duration_ns > 0)
        .map(|(phase, duration_ns)| {
            let share = duration_ns as f64 / whole as f64;
            PhaseShare { phase, duration_ns, share, error_share: sampling_error(share, samples) }
        })
        .collect();
    phases.sort_by_key(|phase| std::cmp::Reverse(phase.duration_ns));
    phases
}

/// Half the width of the 95 % interval (Wilson's, which does not vanish at 0 and 1) of a share that so many samples gave.
pub(crate) fn sampling_error(share: f64, samples: usize) -> f64 {
    if samples == 0 {
        return 0.0;
    }
    const Z: f64 = 1.96;
    let n = samples as f64;
    let spread = (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    Z / (1.0 + Z * Z / n) * spread
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Queue, Serving};
    use super::*;
    use proptest::prelude::*;

    const HOVER: &str = "textDocument/hover";

    fn served(at_ms: u64, phases: &[(Phase, f64)]) -> WaitSample {
        let phases = Shares::of(phases.iter().copied()).unwrap();
        let serving = vec![Serving { method: HOVER.to_owned(), phases }];
        WaitSample { at_ns: at_ms * MS, serving, ..WaitSample::default() }
    }

    fn log(samples: impl IntoIterator<Item = WaitSample>) -> WaitLog {
        let mut log = WaitLog::default();
        samples.into_iter().for_each(|sample| log.add(sample));
        log
    }

    fn told(breakdown: &WaitBreakdown) -> Vec<(Phase, u64)> {
        breakdown.phases.iter().map(|phase| (phase.phase, (phase.duration_ns + MS / 2) / MS)).collect()
    }

    #[test]
    fn phases_add_up_to_the_wait() {
        let log = log([
            served(200, &[(Phase::GoCommand, 1.0)]),
            WaitSample { at_ns: 400 * MS + 1, ..served(0, &[(Phase::Metadata, 1.0)]) },
            served(600, &[(Phase::Parsing, 1.0), (Phase::TypeChecking, 3.0)]),
        ]);
        let found = log.breakdown(HOVER, 0, 700 * MS).unwrap();
        assert_eq!(
            told(&found),
            [
                (Phase::GoCommand, 300),
                (Phase::Metadata, 200),
                (Phase::TypeChecking, 150),
                (Phase::Parsing, 50)
            ]
        );
        assert_eq!(found.slices.iter().map(|s| s.end_ns - s.begin_ns).sum::<Ns>(), 700 * MS);
        assert!(found.slices.windows(2).all(|pair| pair[0].end_ns == pair[1].begin_ns));
        assert_eq!(found.samples, 3);
        assert!((found.named_share() - 1.0).abs() < 1e-9);
        assert!(found.phases[0].error_share > 0.2, "three samples do not tell much: {found:?}");
    }

    #[test]
    fn where_nobody_looked_nothing_is_known() {
        let log =
            log([served(1_000, &[(Phase::TypeChecking, 1.0)]), served(3_000, &[(Phase::TypeChecking, 1.0)])]);
        let found = log.breakdown(HOVER, 0, 4_000 * MS).unwrap();
        assert_eq!(told(&found), [(Phase::Unknown, 2_400), (Phase::TypeChecking, 1_600)]);
        assert!(log.breakdown(HOVER, 5_000 * MS, 6_000 * MS).is_none());
        assert!(log.breakdown(HOVER, 1_000 * MS, 1_000 * MS).is_none());
    }

    const COMMAND: &str = "workspace/executeCommand";

    /// A hover that has not begun, behind a command that does this.
    fn queued(at_ms: u64, front: Shares) -> WaitSample {
        let queue = Queue { behind: Some(COMMAND.to_owned()), phases: Shares::whole(Phase::Queued), front };
        WaitSample { at_ns: at_ms * MS, queued: 1, queue, ..WaitSample::default() }
    }

    #[test]
    fn a_request_that_is_not_there_is_queued_or_unknown() {
        let gone = WaitSample { at_ns: 200 * MS, ..WaitSample::default() };
        let at_command = queued(100, Shares::whole(Phase::GoCommand));
        let found = log([at_command, gone]).breakdown(HOVER, 0, 200 * MS).unwrap();
        assert_eq!(told(&found), [(Phase::Queued, 150), (Phase::Unknown, 50)]);
        let [behind] = &found.queued_behind[..] else { panic!("{found:?}") };
        assert_eq!((behind.method.as_str(), behind.duration_ns), (COMMAND, 150 * MS));
        assert_eq!(
            found.slices.iter().map(|slice| (slice.phase, slice.front)).collect::<Vec<_>>(),
            [(Phase::Queued, Some(Phase::GoCommand)), (Phase::Unknown, None)]
        );
    }

    #[test]
    fn one_that_was_queued_and_then_begins_is_followed() {
        let checking = Shares::of([(Phase::Parsing, 1.0), (Phase::TypeChecking, 1.0)].into_iter()).unwrap();
        let log = log([
            queued(100, Shares::whole(Phase::GoCommand)),
            queued(300, checking),
            served(500, &[(Phase::TypeChecking, 1.0)]),
        ]);
        let found = log.breakdown(HOVER, 0, 600 * MS).unwrap();
        assert_eq!(told(&found), [(Phase::Queued, 400), (Phase::TypeChecking, 200)]);
        let front: Vec<_> = found.queued_behind[0]
            .phases
            .iter()
            .map(|part| (part.phase, part.duration_ns / MS, (part.share * 100.0).round()))
            .collect();
        assert_eq!(
            front,
            [(Phase::GoCommand, 200, 50.0), (Phase::Parsing, 100, 25.0), (Phase::TypeChecking, 100, 25.0)]
        );
    }

    proptest! {
        /// Whatever was seen: slices fill the wait, and what those in front were at adds up to how long one stood behind them.
        #[test]
        fn everything_adds_up(
            looks in prop::collection::vec((0..3_000_u64, prop::collection::vec(0..50_u32, 5), any::<bool>()), 1..30),
            end_ms in 1..3_000_u64,
        ) {
            let mut looks = looks;
            looks.sort_by_key(|(at, ..)| *at);
            let phases = [Phase::GoCommand, Phase::Parsing, Phase::TypeChecking, Phase::Lock, Phase::Other];
            let samples = looks.iter().map(|(at_ms, weights, is_queued)| {
                let weights = phases.into_iter().zip(weights.iter().map(|weight| f64::from(*weight)));
                let shares = Shares::of(weights).unwrap_or(Shares::whole(Phase::Unknown));
                if *is_queued {
                    queued(*at_ms, shares)
                } else {
                    served(*at_ms, &shares.iter().collect::<Vec<_>>())
                }
            });
            let Some(found) = log(samples).breakdown(HOVER, 0, end_ms * MS) else { return Ok(()) };
            prop_assert_eq!(found.phases.iter().map(|part| part.duration_ns).sum::<Ns>(), end_ms * MS);
            prop_assert!(found.slices.windows(2).all(|pair| pair[0].end_ns == pair[1].begin_ns));
            let queued_ns = |slices: &[PhaseSlice], front: Option<Phase>| -> Ns {
                let queued = slices.iter().filter(|slice| slice.phase == Phase::Queued);
                queued.filter(|slice| front.is_none() || slice.front == front).map(|s| s.end_ns - s.begin_ns).sum()
            };
            let behind = found.queued_behind.first();
            prop_assert_eq!(behind.map_or(0, |behind| behind.duration_ns), queued_ns(&found.slices, None));
            for part in behind.map_or(&[][..], |behind| &behind.phases) {
                prop_assert_eq!(part.duration_ns, queued_ns(&found.slices, Some(part.phase)));
            }
        }
    }

    #[test]
    fn a_save_is_what_gopls_is_asked_in_it() {
        let formatting =
            Serving { method: "textDocument/formatting".to_owned(), phases: Shares::whole(Phase::Other) };
        let sample = WaitSample { at_ns: 50 * MS, serving: vec![formatting], ..WaitSample::default() };
        let found = log([sample]).breakdown(methods::SAVE, 0, 100 * MS).unwrap();
        assert_eq!(told(&found), [(Phase::Other, 100)]);
    }
}
