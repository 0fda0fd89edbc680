//! What is kept of a heap when the heap itself is not: enough for a page that can be looked through later, within a bound.
//!
//! The answers are those to the questions that somebody would have asked ([`super::questions`]), taken before: of the tree what
//! holds a notable share, of the types the largest, and who holds those.

use std::collections::HashMap;

use serde::Serialize;

use super::holders::{HeldBy, Step};
use super::questions::{Answers, Described, DescribedHeld, Instance, Summary};
use super::tree::{Start, held};

/// The layout of what is kept.
pub const FORMAT: u32 = 1;
/// Types, the most retained bytes first.
const MOST_TYPES: usize = 300;
/// Of so many of them it is told who holds them; and of all that can be told in plain words.
const MOST_DETAILS: usize = 40;
/// Chains that hold a type; objects of it, each with the way that leads to it.
const MOST_WAYS: usize = 12;
const MOST_INSTANCES: usize = 5;
/// Levels of the tree, and rows of each.
const LEVELS: usize = 9;
const MOST_BELOW: usize = 12;
/// What holds less of all than this is not opened.
const LEAST_SHARE: f64 = 0.005;
/// All of it as JSON. Names of types may be long.
const MOST_BYTES: usize = 3 << 20;

/// What is kept.
#[derive(Clone, Debug, Serialize)]
pub struct Kept<'a> {
    format: u32,
    summary: Summary,
    types: Vec<Described<'a>>,
    tree: Below,
    details: Vec<Detail>,
}

/// What hangs in one place of the tree.
#[derive(Clone, Debug, Serialize)]
struct Below {
    rows: Vec<KeptRow>,
    /// Types that are not listed, and what would be freed with them.
    others: usize,
    others_retained_bytes: u64,
}

#[derive(Clone, Debug, Serialize)]
struct KeptRow {
    #[serde(flatten)]
    row: DescribedHeld,
    /// None for what holds too little to be opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    below: Option<Below>,
}

/// Who holds the objects of a type.
#[derive(Clone, Debug, Serialize)]
struct Detail {
    id: u32,
    paths: Vec<HeldBy>,
    instances: Vec<KeptInstance>,
}

#[derive(Clone, Debug, Serialize)]
struct KeptInstance {
    #[serde(flatten)]
    instance: Instance,
    chain: Vec<Step>,
}

/// Takes all of that.
pub fn kept(answers: &mut Answers) -> serde_json::Result<serde_json::Value> {
    let summary = answers.summary();
    let least = (summary.bytes_marked as f64 * LEAST_SHARE) as u64;
    let tree = below(answers, &mut Vec::new(), least);
    let details = details(answers);
    let types = answers.table().rows.iter().take(MOST_TYPES).map(|row| answers.described(row)).collect();
    let mut kept = Kept { format: FORMAT, summary, types, tree, details };
    while !kept.details.is_empty() && serde_json::to_vec(&kept)?.len() > MOST_BYTES {
        kept.details.truncate(kept.details.len() / 2);
    }
    serde_json::to_value(&kept)
}

fn below(answers: &mut Answers, way: &mut Vec<u32>, least: u64) -> Below {
    let mut rows = held(answers.analysis(), answers.table(), Start::All, way);
    let others = rows.split_off(rows.len().min(MOST_BELOW));
    let rows = answers
        .described_all(rows, way.is_empty())
        .into_iter()
        .map(|row| {
            let opened = row.id().filter(|_| row.retained_bytes() >= least && way.len() < LEVELS);
            let below = opened.map(|id| {
                way.push(id);
                let below = below(answers, way, least);
                way.pop();
                below
            });
            KeptRow { row, below: below.filter(|below| !below.rows.is_empty()) }
        })
        .collect();
    Below {
        rows,
        others: others.len(),
        others_retained_bytes: others.iter().map(|row| row.retained_bytes).sum(),
    }
}

fn details(answers: &mut Answers) -> Vec<Detail> {
    let of_types = answers.table().rows.iter().take(MOST_TYPES).enumerate();
    let wanted: Vec<u32> = of_types
        .filter(|(index, row)| *index < MOST_DETAILS || answers.described(row).has_words())
        .map(|(_, row)| row.id)
        .collect();
    // One look at all objects, instead of one for each type.
    let mut objects: HashMap<u32, Vec<u32>> = wanted.iter().map(|id| (*id, Vec::new())).collect();
    let analysis = answers.analysis();
    for object in 0..analysis.objects() {
        let id = answers.table().id(analysis, object);
        if let Some(of_type) = id.and_then(|id| objects.get_mut(&id)) {
            of_type.push(object);
        }
    }
    let detail = |id: u32| {
        let mut objects = objects.remove(&id).unwrap_or_default();
        let (holders, analysis) = answers.holders();
        let mut paths = holders.held(analysis, objects.iter().copied());
        paths.truncate(MOST_WAYS);
        objects.sort_by_key(|object| std::cmp::Reverse(analysis.retained_by(*object)));
        let largest: Vec<u32> = objects.into_iter().take(MOST_INSTANCES).collect();
        let instances = largest.into_iter().filter_map(|object| {
            let instance = answers.instance(object)?;
            let (holders, analysis) = answers.holders();
            Some(KeptInstance { instance, chain: holders.chain(analysis, object) })
        });
        Detail { id, paths, instances: instances.collect() }
    };
    wanted.into_iter().map(detail).collect()
}
