//! Who allocates now: the difference of two heap profiles of one gopls, by the time between them.
//!
//! Both profiles are as of the GC cycle that was completed last when they were taken, so the rate is over the time from
//! one cycle to the other, which is known only to within a cycle. Over minutes of work that is little.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::heap::AllocationSites;
use crate::model::{Ns, SECOND};

/// Sites kept of each profile. gopls's own profiles have 1,000 to 2,000, and these are 98 % of the bytes and more.
pub const MOST_SITES: usize = 500;
/// Sites that are told.
const MOST_TOLD: usize = 8;
/// The rate is over at most this …
const WINDOW_NS: Ns = 300 * SECOND;
/// … and over at least this: a few seconds are one burst of work.
const LEAST_NS: Ns = 10 * SECOND;
/// Profiles kept; more often than four a minute none is read.
const MOST_PROFILES: usize = 24;
/// A site with a larger standard error than its rate says nothing.
const MOST_ERROR_SHARE: f64 = 1.0;

/// How much gopls allocates, freed or not, and where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct AllocationRate {
    /// When the later of the two profiles was taken.
    pub at_ns: Ns,
    /// From one profile to the other.
    pub over_ns: Ns,
    /// All sites.
    pub bytes_per_s: f64,
    /// Those that allocate most, the largest first. Each is at least `bytes_per_s` of its own: what it may have allocated
    /// before it was among the sites kept is not counted.
    pub sites: Vec<SiteRate>,
}

/// One site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct SiteRate {
    /// The function: the nearest to the allocation that a rule of `rules/subsystems.json` names.
    pub function: String,
    /// Id of the part of gopls that most of it is for.
    pub subsystem: String,
    /// Allocated per second.
    pub bytes_per_s: f64,
    /// Standard error of that by the runtime's sampling (one sample in 512 KiB), as a share of it, 0 to 1.
    pub error_share: f64,
}

impl AllocationRate {
    /// What was allocated from an earlier profile of a process to a later one; `None` when nothing was, or when they are
    /// not in this order.
    pub fn between(earlier: (Ns, &AllocationSites), later: (Ns, &AllocationSites)) -> Option<Self> {
        let ((from_ns, before), (at_ns, after)) = (earlier, later);
        let over_ns = at_ns.checked_sub(from_ns).filter(|over_ns| *over_ns > 0)?;
        let allocated = after.total_bytes - before.total_bytes;
        if allocated <= 0.0 {
            return None;
        }
        let per_s = |bytes: f64| bytes * SECOND as f64 / over_ns as f64;
        let known: HashMap<&str, (f64, f64)> =
            before.sites.iter().map(|site| (site.function.as_str(), (site.bytes, site.variance))).collect();
        let rate = |site: &crate::heap::AllocationSite| {
            let (bytes, variance) =
                known.get(site.function.as_str()).copied().unwrap_or((before.left_out_bytes, 0.0));
            let allocated = site.bytes - bytes;
            let error = (site.variance - variance).max(0.0).sqrt();
            (allocated > 0.0 && error <= MOST_ERROR_SHARE * allocated).then(|| SiteRate {
                function: site.function.clone(),
                subsystem: site.subsystem.clone(),
                bytes_per_s: per_s(allocated),
                error_share: error / allocated,
            })
        };
        let mut sites: Vec<SiteRate> = after.sites.iter().filter_map(rate).collect();
        sites.sort_by(|a, b| b.bytes_per_s.total_cmp(&a.bytes_per_s));
        sites.truncate(MOST_TOLD);
        Some(Self { at_ns, over_ns, bytes_per_s: per_s(allocated), sites })
    }
}

/// The sites of the last minutes' profiles of one gopls.
#[derive(Debug, Default)]
pub(crate) struct Allocations {
    profiles: VecDeque<(Ns, AllocationSites)>,
}

impl Allocations {
    /// Takes the sites of the next profile.
    pub fn feed(&mut self, at_ns: Ns, sites: AllocationSites) {
        // Without a GC cycle in between it is the same profile, and tells nothing new.
        if self.profiles.back().is_some_and(|(_, last)| last.total_bytes == sites.total_bytes) {
            return;
        }
        // The first one outside of the window stays for as long as it is the only one to compare with.
        let outside = |at: &(Ns, AllocationSites)| at_ns.saturating_sub(at.0) > WINDOW_NS;
        while self.profiles.len() >= MOST_PROFILES || self.profiles.len() > 1 && outside(&self.profiles[0]) {
            self.profiles.pop_front();
        }
        self.profiles.push_back((at_ns, sites));
    }

    /// Forgets them: another load, another kind of work.
    pub fn clear(&mut self) {
        self.profiles.clear();
    }

    /// The rate over the last minutes, as of the latest profile.
    pub fn rate(&self) -> Option<AllocationRate> {
        let (first, last) = (self.profiles.front()?, self.profiles.back()?);
        let rate = AllocationRate::between((first.0, &first.1), (last.0, &last.1))?;
        (rate.over_ns >= LEAST_NS).then_some(rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::AllocationSite;
    use crate::model::MB;

    fn site(function: &str, mb: u64) -> AllocationSite {
        let bytes = (mb * MB) as f64;
        let variance = bytes * 524_288.0;
        AllocationSite { function: function.to_owned(), subsystem: "parsing".to_owned(), bytes, variance }
    }

    fn sites(of: &[(&str, u64)], left_out_mb: u64) -> AllocationSites {
        AllocationSites {
            total_bytes: of.iter().map(|(_, mb)| (mb * MB) as f64).sum(),
            sites: of.iter().map(|(function, mb)| site(function, *mb)).collect(),
            left_out_bytes: (left_out_mb * MB) as f64,
        }
    }

    #[test]
    fn the_rate_is_what_came_between_by_the_time_between() {
        let before = sites(&[("a", 900), ("b", 100)], 0);
        let after = sites(&[("a", 1_000), ("b", 400), ("c", 20)], 0);
        let rate = AllocationRate::between((10 * SECOND, &before), (30 * SECOND, &after));
        let rate = rate.as_ref().map(|rate| {
            let sites: Vec<_> =
                rate.sites.iter().map(|site| (site.function.as_str(), site.bytes_per_s / 1e6)).collect();
            (rate.over_ns / SECOND, rate.bytes_per_s / 1e6, sites)
        });
        assert_eq!(rate, Some((20, 21.0, vec![("b", 15.0), ("a", 5.0), ("c", 1.0)])));
    }

    #[test]
    fn small_sites_are_unsure_and_the_least_sure_are_not_told() {
        let (before, after) = (sites(&[("a", 1_000)], 0), sites(&[("a", 1_100), ("b", 4)], 0));
        let rate = AllocationRate::between((0, &before), (SECOND, &after)).into_iter();
        let errors: Vec<_> = rate.flat_map(|rate| rate.sites).map(|site| site.error_share).collect();
        // 100 MB are 191 samples, 4 MB are eight.
        assert!((errors[0] - 0.072).abs() < 0.001 && (errors[1] - 0.362).abs() < 0.001, "{errors:?}");
        let one_sample = AllocationSites { sites: vec![site("a", 1_000)], ..sites(&[("a", 1_000)], 0) };
        let mut more = one_sample.clone();
        more.sites.push(AllocationSite { bytes: 400_000.0, variance: 400_000.0 * 524_288.0, ..site("c", 1) });
        more.total_bytes += 400_000.0;
        let rate = AllocationRate::between((0, &one_sample), (SECOND, &more));
        assert_eq!(rate.map(|rate| rate.sites.len()), Some(0), "less than one sample is no site");
    }

    #[test]
    fn a_site_that_was_not_kept_before_counts_from_what_it_can_have_had() {
        let (before, after) = (sites(&[("a", 1_000)], 30), sites(&[("a", 1_000), ("new", 80)], 0));
        let rate = AllocationRate::between((0, &before), (SECOND, &after)).into_iter();
        let found: Vec<_> = rate.flat_map(|rate| rate.sites).map(|s| s.bytes_per_s / 1e6).collect();
        assert_eq!(found, [50.0]);
    }

    #[test]
    fn another_process_or_no_gc_cycle_has_no_rate() {
        let (less, more) = (sites(&[("a", 100)], 0), sites(&[("a", 200)], 0));
        assert_eq!(AllocationRate::between((0, &more), (SECOND, &less)), None);
        assert_eq!(AllocationRate::between((0, &more), (SECOND, &more)), None);
        assert_eq!(AllocationRate::between((SECOND, &less), (SECOND, &more)), None);
    }

    #[test]
    fn only_the_last_minutes_are_told_and_what_is_kept_is_bounded() {
        let mut allocations = Allocations::default();
        for minute in 0..60 {
            allocations.feed(60 * SECOND * minute, sites(&[("a", 100 + 60 * minute)], 0));
        }
        let rate = allocations.rate();
        assert_eq!(rate.as_ref().map(|r| (r.over_ns / SECOND, r.bytes_per_s / 1e6)), Some((300, 1.0)));
        assert!(allocations.profiles.len() <= MOST_PROFILES);
        // After a night at rest one profile is old: the next is compared with it and says over how long.
        allocations.feed(60 * SECOND * 600, sites(&[("a", 5_000)], 0));
        assert!(allocations.rate().is_some_and(|rate| rate.over_ns > WINDOW_NS));
        allocations.clear();
        assert_eq!(allocations.rate(), None);
    }
}
