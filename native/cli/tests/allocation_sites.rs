//! Who allocated, by real profiles of three versions of gopls.
#![allow(clippy::unwrap_used)]

mod common;

use common::fixture_folder;
use stallscope_core::heap::{AllocationSites, HeapIndex, Space};
use stallscope_core::memory::{AllocationRate, MOST_SITES};
use stallscope_pprof::{Limits, decode};

fn fixture(version: &str, moment: &str) -> HeapIndex {
    let bytes = std::fs::read(fixture_folder().join(format!("gopls-{version}-{moment}.pb.gz"))).unwrap();
    HeapIndex::new(decode(&bytes, &Limits::default()).unwrap()).unwrap()
}

fn kept(sites: &AllocationSites) -> f64 {
    sites.sites.iter().map(|site| site.bytes).sum()
}

#[test]
fn every_byte_has_a_site_and_those_kept_are_nearly_all() {
    for version in ["v0.18.1", "v0.22.0", "v0.23.0"] {
        for moment in ["early", "loading", "loaded"] {
            let index = fixture(version, moment);
            let all = index.allocation_sites(usize::MAX).unwrap();
            let allocated = index.total_without_ballast(Space::Allocated).unwrap() as f64;
            assert_eq!(all.total_bytes, allocated, "{version} {moment}");
            assert!((kept(&all) - allocated).abs() < 1.0);
            let most = index.allocation_sites(MOST_SITES).unwrap();
            let share = kept(&most) / allocated;
            assert!(share > 0.98, "{version} {moment}: {share} of the bytes in {} sites", most.sites.len());
        }
    }
}

#[test]
fn a_load_is_made_by_parser_and_type_checker_and_never_by_the_runtime() {
    for version in ["v0.18.1", "v0.22.0", "v0.23.0"] {
        let sites = |moment| fixture(version, moment).allocation_sites(MOST_SITES).unwrap();
        let (before, after) = (sites("loading"), sites("loaded"));
        let rate = AllocationRate::between((0, &before), (10_000_000_000, &after)).unwrap();
        assert!((rate.bytes_per_s * 10.0 - (after.total_bytes - before.total_bytes)).abs() < 1.0);
        assert_eq!(rate.sites.len(), 8);
        for site in &rate.sites {
            assert!(!site.function.starts_with("runtime."), "{version}: {}", site.function);
            assert!(site.error_share < 0.5, "{version}: {site:?}");
        }
        let names = ["parsing", "type-checking"];
        let of_load = rate.sites.iter().filter(|site| names.contains(&site.subsystem.as_str()));
        assert!(of_load.count() >= 3, "{version}: {:?}", rate.sites);
    }
}
