//! Who allocates: the allocations of a profile by site, with the error that sampling leaves.
//!
//! A site is a function of gopls, or of a library that does a job of its own (the type checker, the parser). The runtime and
//! helpers of the standard library (`runtime.makeslice`, `strings.(*Builder).grow`) allocate for whoever called them, so a
//! sample goes to the function nearest to the allocation that a rule of `rules/subsystems.json` names; only a sample
//! without such a function goes to the one that allocated.

use std::collections::HashMap;

use super::index::{HeapError, HeapIndex};
use super::stacks::Space;
use super::subsystem::Tally;

/// Go's own sampling rate, used where a profile does not say its own: one sample in so many bytes on average.
const DEFAULT_PERIOD_BYTES: f64 = 524_288.0;

/// What was allocated at one site since the process began, freed or not.
#[derive(Debug, Clone, PartialEq)]
pub struct AllocationSite {
    /// Full name of the function, as `go tool pprof` prints it.
    pub function: String,
    /// Id of the part of gopls that most of it is for.
    pub subsystem: String,
    /// An estimate from samples.
    pub bytes: f64,
    /// Variance of that estimate, in bytes squared. It adds up over samples and over time, so of what was allocated between
    /// two profiles it is the difference of the two.
    pub variance: f64,
}

/// The sites of a profile that allocated most.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AllocationSites {
    /// All sites, gopls's ballast not counted.
    pub total_bytes: f64,
    /// Largest first.
    pub sites: Vec<AllocationSite>,
    /// No site that is left out has allocated more than this.
    pub left_out_bytes: f64,
}

impl HeapIndex {
    /// The `limit` sites that have allocated most since the process began.
    ///
    /// # Errors
    /// The profile does not count allocations.
    pub fn allocation_sites(&self, limit: usize) -> Result<AllocationSites, HeapError> {
        let space = self.kind(Some(Space::Allocated.sample_type()))?;
        let objects = self.kind(Some("alloc_objects"))?;
        let assignment = self.assignment();
        let mut sums: HashMap<u32, Sum> = HashMap::new();
        let mut total_bytes = 0.0;
        for (sample, site) in self.sites().into_iter().enumerate() {
            let bytes = self.profile.value(sample, space);
            let Some(site) = site.filter(|_| bytes > 0 && !self.ballast.is(sample)) else { continue };
            let sum = sums.entry(site).or_insert_with(|| Sum {
                bytes: 0.0,
                variance: 0.0,
                tally: Tally::new(assignment.rules),
            });
            sum.bytes += bytes as f64;
            sum.variance += self.variance(bytes as f64, self.profile.value(sample, objects) as f64);
            sum.tally.add(assignment.of(sample), bytes);
            total_bytes += bytes as f64;
        }
        let site = |(node, mut sum): (u32, Sum)| AllocationSite {
            function: self.nodes.list[node as usize].name.clone(),
            subsystem: assignment
                .rules
                .id(sum.tally.take_largest().unwrap_or(assignment.rules.unassigned()))
                .to_owned(),
            bytes: sum.bytes,
            variance: sum.variance,
        };
        let mut sites: Vec<_> = sums.into_iter().map(site).collect();
        sites.sort_unstable_by(|a, b| b.bytes.total_cmp(&a.bytes).then_with(|| a.function.cmp(&b.function)));
        let left_out_bytes = sites.get(limit).map_or(0.0, |site| site.bytes);
        sites.truncate(limit);
        Ok(AllocationSites { total_bytes, sites, left_out_bytes })
    }

    /// The site of each sample; `None` of one without a stack.
    fn sites(&self) -> Vec<Option<u32>> {
        let rules = self.assignment().rules;
        let is_site: Vec<bool> = self.nodes.list.iter().map(|node| rules.is_job(&node.name)).collect();
        let site = |sample| {
            let stack = self.profile.samples.stack(sample);
            let mut frames = stack.iter().flat_map(|at| self.nodes.at(*at)).copied();
            let leaf = frames.clone().next();
            frames.find(|node| is_site[*node as usize]).or(leaf)
        };
        (0..self.profile.samples.len()).map(site).collect()
    }

    /// Of the estimate of `bytes` in `objects` of one size. The runtime takes an object of s bytes with probability
    /// p = 1 − exp(−s / period) and counts it 1/p times, so of N objects the variance is N s² (1 − p) / p.
    fn variance(&self, bytes: f64, objects: f64) -> f64 {
        let declared = self.profile.period as f64;
        let period = if declared > 0.0 { declared } else { DEFAULT_PERIOD_BYTES };
        let objects = objects.max(1.0);
        let size = bytes / objects;
        let taken = -(-size / period).exp_m1();
        if taken <= 0.0 { 0.0 } else { objects * size * size * (1.0 - taken) / taken }
    }
}

struct Sum {
    bytes: f64,
    variance: f64,
    tally: Tally,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use stallscope_pprof::{Profile, ValueType};

    use super::*;
    use crate::heap::tests::parts;

    const PARSE: &str = "golang.org/x/tools/gopls/internal/cache/parsego.Parse";

    /// A profile of allocations: each line is bytes, objects and a stack.
    fn profile(lines: &[(i64, i64, &str)]) -> HeapIndex {
        let text: Vec<String> = lines.iter().map(|(bytes, _, stack)| format!("{bytes} {stack}")).collect();
        let mut parts = parts(&text.join("\n"));
        let mut kind =
            |name, unit| ValueType { kind: parts.strings.push(name), unit: parts.strings.push(unit) };
        parts.sample_types = vec![kind("alloc_objects", "count"), kind("alloc_space", "bytes")];
        parts.samples.values = lines.iter().flat_map(|(bytes, objects, _)| [*objects, *bytes]).collect();
        HeapIndex::new(Profile::new(parts).unwrap()).unwrap()
    }

    #[test]
    fn what_helpers_allocate_is_their_callers() {
        let checker = "go/types.(*Checker).expr";
        let index = profile(&[
            (700, 7, &format!("main.main;{PARSE};runtime.makeslice")),
            (300, 3, &format!("main.main;{PARSE};strings.(*Builder).grow;runtime.growslice")),
            (400, 4, &format!("main.main;{checker};runtime.mapassign")),
            (90, 1, "main.main;example.com/unknown.F;runtime.newobject"),
        ]);
        let found = index.allocation_sites(10).unwrap();
        let sites: Vec<_> =
            found.sites.iter().map(|s| (s.function.as_str(), s.subsystem.as_str(), s.bytes)).collect();
        let expected = [
            (PARSE, "parsing", 1000.0),
            (checker, "type-checking", 400.0),
            ("runtime.newobject", "runtime", 90.0),
        ];
        assert_eq!(sites, expected);
        assert_eq!((found.total_bytes, found.left_out_bytes), (1490.0, 0.0));
        let first = index.allocation_sites(1).unwrap();
        assert_eq!((first.sites.len(), first.left_out_bytes, first.total_bytes), (1, 400.0, 1490.0));
    }

    #[test]
    fn few_samples_are_unsure_and_large_objects_are_not() {
        // 8 MiB in small objects are about sixteen samples: a quarter of it may be chance.
        let small = profile(&[(8 << 20, 1 << 17, PARSE)]).allocation_sites(1).unwrap();
        let share = small.sites[0].variance.sqrt() / small.sites[0].bytes;
        assert!((share - 0.25).abs() < 0.01, "{share}");
        // The same in one object: it was seen, and is not scaled.
        let large = profile(&[(8 << 20, 1, PARSE)]).allocation_sites(1).unwrap();
        assert!(large.sites[0].variance.sqrt() / large.sites[0].bytes < 0.001);
    }

    #[test]
    fn a_profile_without_allocations_is_refused_by_name() {
        let error = crate::heap::tests::index("5 a").allocation_sites(5).unwrap_err().to_string();
        assert!(error.contains("alloc_"), "{error}");
    }
}
