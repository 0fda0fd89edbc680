//! For which packages a request waited: those that the spans on its critical path are about.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::critical_path::Stretch;
use super::meaning::{Meaning, meaning};
use super::phases::Times;
use super::span::{Span, SpanId};
use super::walk::Walk;
use crate::model::Ns;
use crate::wait::{PackageShare, PackageWork, Phase};

/// Packages that are named; the rest is added up.
const MOST_PACKAGES: usize = 30;
/// From a span up to the one that names a package: a file that is parsed is a part of its package's check. A longer way is none
/// of gopls's.
const MOST_STEPS: usize = 16;

/// What was done, and with which package.
type Key<'a> = (Phase, &'a str);

/// The packages that a request waited for from `begin_ns` to `end_ns`; `None` when no span names one.
pub(super) fn packages_of(walk: &Walk<'_>, begin_ns: Ns, end_ns: Ns) -> Option<PackageWork> {
    let Walk { request, spans, path, shared, .. } = walk;
    let (begin_ns, end_ns) = (begin_ns.max(request.begin_ns), end_ns.min(request.end_ns));
    let near: Vec<&Span> = spans.iter().copied().filter(|span| span.overlaps(begin_ns, end_ns)).collect();
    let by_id: HashMap<SpanId, &Span> = near.iter().map(|span| (span.id, *span)).collect();
    let package = |span| package_above(span, &by_id);

    let mut waited = BTreeMap::<Key<'_>, Ns>::new();
    let mut wait_for = |span, from_ns: Ns, to_ns: Ns| {
        let ns = to_ns.min(end_ns).saturating_sub(from_ns.max(begin_ns));
        if let (Some(key), true) = (package(span), ns > 0) {
            *waited.entry(key).or_default() += ns;
        }
    };
    for Stretch { span, begin_ns, end_ns } in path.iter().copied() {
        if meaning(&span.name) != Meaning::Batch {
            wait_for(span, begin_ns, end_ns);
            continue;
        }
        // What another request's batch does for both. One at a time: a moment counts once.
        let mut from_ns = begin_ns;
        for other in shared.iter().filter(|other| other.end_ns > begin_ns && other.begin_ns < end_ns) {
            let to_ns = other.end_ns.min(end_ns);
            if to_ns > from_ns {
                wait_for(other.span, other.begin_ns.max(from_ns), to_ns);
                from_ns = to_ns;
            }
        }
    }
    if waited.is_empty() {
        return None;
    }
    let mut running = HashMap::<Key<'_>, Vec<(Ns, Ns)>>::new();
    for (span, key) in near.iter().filter_map(|span| Some((span, of_package(span)?))) {
        if waited.contains_key(&key) {
            let times = (span.begin_ns.max(begin_ns), span.end_ns.min(end_ns));
            running.entry(key).or_default().push(times);
        }
    }
    let mut packages: Vec<_> = waited
        .into_iter()
        .map(|(key, waited_ns)| {
            let running_ns =
                running.remove(&key).map_or(0, |times| Times::union(times.into_iter()).total_ns());
            let (phase, package) = key;
            PackageShare { package: package.to_owned(), phase, waited_ns, running_ns }
        })
        .collect();
    // A stable sort: equal ones stay in the order of their names.
    packages.sort_by_key(|share| Reverse(share.waited_ns));
    let rest = packages.split_off(packages.len().min(MOST_PACKAGES));
    Some(PackageWork {
        packages,
        others: u32::try_from(rest.len()).unwrap_or(u32::MAX),
        others_waited_ns: rest.iter().map(|share| share.waited_ns).sum(),
    })
}

/// The package that a span is about, or that the span is which it is a part of.
fn package_above<'a>(span: &'a Span, by_id: &HashMap<SpanId, &'a Span>) -> Option<Key<'a>> {
    let above = std::iter::successors(Some(span), |span| by_id.get(&span.parent?).copied());
    above.take(MOST_STEPS).find_map(of_package)
}

/// The package that a span itself is about.
fn of_package(span: &Span) -> Option<Key<'_>> {
    let phase = match meaning(&span.name) {
        Meaning::Is(phase @ (Phase::TypeChecking | Phase::Importing | Phase::Analysis)) => phase,
        _ => return None,
    };
    // The analysis of several packages names none.
    span.subject.as_deref().filter(|package| !package.is_empty()).map(|package| (phase, package))
}
