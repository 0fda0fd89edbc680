//! The chains that hold objects: from a root, by the names of variables and fields.
//!
//! Every object gets the shortest way that leads to it, and ways that read the same are one: a million nodes of a list are
//! `main.list.next`, not a million chains.
//!
//! What lasts goes first: global variables, then what the main goroutine has, then what objects of lasting types hold
//! ([`Rule::lasting`]). What one of those holds is told so, even when a goroutine that passes by has it on its stack, too; how
//! many of them do is said beside it.
//!
//! [`Rule::lasting`]: crate::known::Rule::lasting

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::analysis::Analysis;
use crate::known::Known;
use crate::roots::{Root, RootKind};
use crate::runtime::specials::Kept;
use crate::symbols::TypeId;
use crate::typing::ObjectType;

use super::names::{self, Index};

/// Longer chains end in one step that stands for all that follow.
const MOST_STEPS: u16 = 48;
/// Ways that are told apart.
const MOST_WAYS: usize = 4_000_000;
/// Steps of the way to one object.
const MOST_CHAIN: usize = 200;
const NONE: u32 = u32::MAX;
/// What the goroutine of `main` begins with.
const MAIN: &str = "runtime.main";

/// One step of a way that many objects share.
struct Way {
    /// The way up to it; none for a root.
    before: u32,
    /// Its root.
    root: u32,
    /// As it reads: `.views[…].snapshot`.
    text: Box<str>,
    /// What it leads to.
    leads_to: ObjectType,
    steps: u16,
}

/// One step of a way.
#[derive(Clone, Copy, Debug)]
pub struct WayStep<'a> {
    /// As it reads.
    pub text: &'a str,
    /// What it leads to.
    pub leads_to: ObjectType,
    /// The root of the way.
    pub root: u32,
}

/// An object of a lasting type on a way, the last one before its end: from there on a way says who holds something, and what comes
/// before is how the program happens to lead there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// The type.
    #[serde(rename = "type")]
    pub name: String,
    /// The fields from it on: `.views[0].snapshot`.
    pub path: String,
}

/// The ways to all objects.
pub struct Holders {
    ways: Vec<Way>,
    /// The way that leads to each object.
    way_of: Vec<u32>,
    /// The object that each was met from; [`NONE`] when that was a root.
    from: Vec<u32>,
    /// The goroutines that have an object on their stack, by the object.
    stacks: HashMap<u32, Vec<u32>>,
    /// The types of objects that last.
    lasting: HashSet<ObjectType>,
}

/// A root, for people and programs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct RootName {
    /// `global`, `goroutine`, `finalizer`, `cleanup`, `weak`, `due` or `unnamed`.
    pub kind: &'static str,
    /// The variable, or the function that a goroutine began with.
    pub name: String,
}

impl RootName {
    /// Of a root.
    pub fn of(root: &Root) -> Self {
        let kind = match root.kind {
            RootKind::Global => "global",
            RootKind::Unnamed => "unnamed",
            RootKind::Goroutine => "goroutine",
            RootKind::Kept(Kept::Finalizer) => "finalizer",
            RootKind::Kept(Kept::Cleanup) => "cleanup",
            RootKind::Kept(Kept::WeakHandle) => "weak",
            RootKind::Kept(Kept::Due) => "due",
        };
        Self { kind, name: root.name.to_string() }
    }
}

/// One step of the way to an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// As it reads: `.views[1].snapshot`; for the first one the root.
    pub text: String,
    /// What it leads to.
    #[serde(rename = "type")]
    pub name: String,
    /// The object; none for the root.
    pub object: Option<u32>,
    /// Bytes that would be freed if that object were gone.
    pub retained_bytes: u64,
}

/// Objects that are held in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldBy {
    /// Where the way begins.
    pub root: RootName,
    /// The type of what the root refers to: a goroutine's variables have no names.
    pub first: String,
    /// The fields on it: `.byName[…].next`.
    pub path: String,
    /// What lasts on the way, if anything does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// Objects.
    pub objects: u64,
    /// Bytes of their slots.
    pub bytes: u64,
    /// What would be freed with all of them.
    pub retained_bytes: u64,
    /// Goroutines beside the one of the way, if it is one, that have some of the objects on their stack.
    pub goroutines: u64,
}

impl Holders {
    /// Finds the ways. Takes a second for ten million objects.
    pub fn of(analysis: &Analysis, known: &Known) -> Self {
        let objects = analysis.objects() as usize;
        let (way_of, from) = (vec![NONE; objects], vec![NONE; objects]);
        let types = known.lasting(&analysis.types).into_iter();
        let lasting = types.map(|id| ObjectType::new(id, false)).collect();
        let mut search = Search {
            analysis,
            holders: Self { ways: Vec::new(), way_of, from, stacks: stacks(analysis), lasting },
            known: HashMap::new(),
        };
        let mut stages: Vec<(Stage, u32)> =
            analysis.roots.iter().enumerate().map(|(index, root)| (stage(root), index as u32)).collect();
        stages.sort_unstable();
        for stage in stages.chunk_by(|a, b| a.0 == b.0) {
            let roots: Vec<u32> = stage.iter().map(|(_, root)| *root).collect();
            if stage[0].0 == Stage::Goroutine {
                search.spread_from_lasting(&roots);
            }
            let begun = search.begin(&roots);
            search.spread(begun);
        }
        search.holders
    }

    /// The ways that lead to some objects, the most retained bytes first.
    pub fn held(&self, analysis: &Analysis, objects: impl Iterator<Item = u32>) -> Vec<HeldBy> {
        struct Group {
            first: u32,
            several: bool,
            held: HeldBy,
            root: u32,
            goroutines: HashSet<u32>,
        }
        let mut groups: HashMap<(RootName, String), Group> = HashMap::new();
        let chosen: Vec<u32> = objects.collect();
        let mut is_chosen = vec![false; analysis.dominators.order.len()];
        for object in &chosen {
            is_chosen[analysis.place_of(*object) as usize] = true;
        }
        let mut text_of: HashMap<u32, (RootName, String)> = HashMap::new();
        for object in chosen {
            let way = self.way_of[object as usize];
            if way == NONE {
                continue;
            }
            let key = text_of.entry(way).or_insert_with(|| self.text(analysis, way)).clone();
            let group = groups.entry(key.clone()).or_insert_with(|| Group {
                first: object,
                several: false,
                held: HeldBy {
                    first: self.first(analysis, way),
                    root: key.0,
                    path: key.1,
                    owner: self.owner(analysis, way),
                    objects: 0,
                    bytes: 0,
                    retained_bytes: 0,
                    goroutines: 0,
                },
                root: self.ways[way as usize].root,
                goroutines: HashSet::new(),
            });
            group.goroutines.extend(self.stacks.get(&object).into_iter().flatten());
            group.several |= group.first != object;
            group.held.objects += 1;
            group.held.bytes += analysis.bytes_of(object);
            if !below_another(analysis, &is_chosen, object) {
                group.held.retained_bytes += analysis.retained_by(object);
            }
        }
        let mut held: Vec<HeldBy> = groups
            .into_values()
            .map(|group| {
                let beside = group.goroutines.iter().filter(|root| **root != group.root).count();
                let mut held = HeldBy { goroutines: beside as u64, ..group.held };
                if !group.several {
                    (held.path, held.owner) = self.exact(analysis, group.first);
                }
                held
            })
            .collect();
        held.sort_by(|a, b| (b.retained_bytes, &a.root, &a.path).cmp(&(a.retained_bytes, &b.root, &b.path)));
        held
    }

    /// The objects at the end of each way, and their bytes.
    pub fn by_way(&self, analysis: &Analysis) -> Vec<(u32, (u64, u64))> {
        let mut sums = vec![(0, 0); self.ways.len()];
        for (object, way) in self.way_of.iter().enumerate() {
            if let Some(sum) = sums.get_mut(*way as usize) {
                sum.0 += 1;
                sum.1 += analysis.bytes_of(object as u32);
            }
        }
        sums.into_iter()
            .enumerate()
            .filter(|(_, sum)| sum.0 > 0)
            .map(|(way, sum)| (way as u32, sum))
            .collect()
    }

    /// The steps of a way, the last one first.
    pub fn steps(&self, way: u32) -> impl Iterator<Item = WayStep<'_>> {
        let mut at = way;
        std::iter::from_fn(move || {
            let step = self.ways.get(at as usize)?;
            at = step.before;
            Some(WayStep { text: &step.text, leads_to: step.leads_to, root: step.root })
        })
    }

    fn text(&self, analysis: &Analysis, way: u32) -> (RootName, String) {
        let mut steps: Vec<&str> = self.steps(way).map(|step| step.text).collect();
        steps.reverse();
        (RootName::of(&analysis.roots[self.ways[way as usize].root as usize]), steps.concat())
    }

    /// What lasts on a way, before its end.
    fn owner(&self, analysis: &Analysis, way: u32) -> Option<Owner> {
        let mut path: Vec<&str> = Vec::new();
        let mut steps = self.steps(way);
        path.push(steps.next()?.text);
        for step in steps {
            if self.lasting.contains(&step.leads_to) {
                path.reverse();
                let name = names::of_object(&analysis.types, step.leads_to);
                return Some(Owner { name, path: path.concat() });
            }
            path.push(step.text);
        }
        None
    }

    /// The type of what the root refers to.
    fn first(&self, analysis: &Analysis, way: u32) -> String {
        let last = self.steps(way).last();
        names::of_object(&analysis.types, last.map_or(ObjectType::UNKNOWN, |step| step.leads_to))
    }

    /// Every step from the root to an object. A long list is cut short in the middle of the way.
    pub fn chain(&self, analysis: &Analysis, object: u32) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut at = object;
        loop {
            let from = self.from[at as usize];
            let text = match from {
                NONE => String::new(),
                from => object_step(analysis, from, place_of(analysis, from, at), false),
            };
            steps.push(Step {
                text,
                name: names::of_object(&analysis.types, analysis.type_of[at as usize]),
                object: Some(at),
                retained_bytes: analysis.retained_by(at),
            });
            if from == NONE || steps.len() >= MOST_CHAIN {
                break;
            }
            at = from;
        }
        let way = self.way_of[at as usize];
        if let Some(way) = self.ways.get(way as usize) {
            let root = &analysis.roots[way.root as usize];
            let name = RootName::of(root);
            let place = root_place(analysis, way.root, at);
            steps.push(Step {
                text: format!("{}{}", name.name, root_step(analysis, root, place, false)),
                name: name.kind.to_owned(),
                object: None,
                retained_bytes: analysis.retained[analysis.dominators.place[way.root as usize + 1] as usize],
            });
        }
        steps.reverse();
        steps
    }

    /// The way to one object, with the places in rows; and what lasts on it.
    fn exact(&self, analysis: &Analysis, object: u32) -> (String, Option<Owner>) {
        let mut steps = Vec::new();
        let mut owner = None;
        let mut at = object;
        let mut last: Option<(ObjectType, ObjectType)> = None;
        // Steps of a list or tree read as one, as in the ways that many share.
        while steps.len() < usize::from(MOST_STEPS) {
            let from = self.from[at as usize];
            if from == NONE {
                let way = self.ways[self.way_of[at as usize] as usize].root;
                let root = &analysis.roots[way as usize];
                let place = root_place(analysis, way, at);
                steps.push(root_step(analysis, root, place, false));
                break;
            }
            let types = (analysis.type_of[from as usize], analysis.type_of[at as usize]);
            let itself = types.0 == types.1 && types.0 != ObjectType::UNKNOWN;
            if itself && last == Some(types) {
                steps.pop();
            }
            last = itself.then_some(types);
            steps.push(object_step(analysis, from, place_of(analysis, from, at), false));
            at = from;
            if owner.is_none() && self.lasting.contains(&types.0) {
                let path = steps.iter().rev().map(String::as_str).collect();
                owner = Some(Owner { name: names::of_object(&analysis.types, types.0), path });
            }
        }
        steps.reverse();
        (steps.concat(), owner)
    }
}

/// Where in a root the pointer to an object is, in bytes.
fn root_place(analysis: &Analysis, root: u32, to: u32) -> u64 {
    analysis.root_edges(root).iter().find(|(_, target)| *target == to).map_or(0, |(place, _)| *place)
}

/// Where in an object the pointer to another is, in words.
fn place_of(analysis: &Analysis, from: u32, to: u32) -> u32 {
    analysis.edges.placed(from).find(|(target, _)| *target == to).map_or(0, |(_, place)| place)
}

/// Whether another of the chosen objects dominates it.
fn below_another(analysis: &Analysis, is_chosen: &[bool], object: u32) -> bool {
    let mut place = analysis.place_of(object);
    // Lists are long: a parent that was chosen settles it at once, as it does for most.
    while place != 0 {
        place = analysis.dominators.dominator[place as usize];
        if is_chosen[place as usize] {
            return true;
        }
    }
    false
}

/// The program's own variables first, what the runtime keeps last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Global,
    /// It lasts as long as the program: what it has is what the program works with.
    Main,
    Goroutine,
    /// The runtime's lists of goroutines that wait for something lead into their stacks: nobody would recognise that.
    Runtime,
    Unnamed,
    Kept,
}

fn stage(root: &Root) -> Stage {
    match root.kind {
        RootKind::Global if !root.name.starts_with("runtime.") => Stage::Global,
        RootKind::Goroutine if &*root.name == MAIN => Stage::Main,
        RootKind::Goroutine => Stage::Goroutine,
        RootKind::Global => Stage::Runtime,
        RootKind::Unnamed => Stage::Unnamed,
        RootKind::Kept(_) => Stage::Kept,
    }
}

/// The goroutines that have each object on their stack.
fn stacks(analysis: &Analysis) -> HashMap<u32, Vec<u32>> {
    let mut stacks: HashMap<u32, Vec<u32>> = HashMap::new();
    for (index, _) in analysis.roots.iter().enumerate().filter(|(_, root)| root.kind == RootKind::Goroutine) {
        for (_, object) in analysis.root_edges(index as u32) {
            let having = stacks.entry(*object).or_default();
            if having.last() != Some(&(index as u32)) {
                having.push(index as u32);
            }
        }
    }
    stacks
}

fn root_step(analysis: &Analysis, root: &Root, place: u64, any: bool) -> String {
    let Some(id) = root.type_id else { return String::new() };
    let index = if any { Index::Any } else { Index::At(0) };
    names::step(&analysis.types, ObjectType::new(id, false), place, index)
}

fn object_step(analysis: &Analysis, from: u32, place: u32, any: bool) -> String {
    let object_type = analysis.type_of[from as usize];
    let offset = u64::from(place) * 8;
    let size = object_type.element().map_or(0, |id| analysis.types.get(id).size);
    let index = if any || size == 0 { Index::Any } else { Index::At(offset / size) };
    names::step(&analysis.types, object_type, offset, index)
}

/// What tells one step from another: the way before it, the types on both sides, and where in the first the pointer is.
type StepKey = (u32, ObjectType, u64, ObjectType);

struct Search<'a> {
    analysis: &'a Analysis,
    holders: Holders,
    known: HashMap<StepKey, u32>,
}

impl Search<'_> {
    /// The objects that some roots refer to and that have not been met before; they have been, now.
    fn begin(&mut self, roots: &[u32]) -> Vec<u32> {
        let mut begun = Vec::new();
        for root in roots {
            for (place, to) in self.analysis.root_edges(*root) {
                if self.holders.way_of[*to as usize] == NONE {
                    self.begin_at(*root, *place, *to);
                    begun.push(*to);
                }
            }
        }
        begun
    }

    fn begin_at(&mut self, root: u32, place: u64, to: u32) {
        let analysis = self.analysis;
        let leads_to = analysis.type_of[to as usize];
        let text = root_step(analysis, &analysis.roots[root as usize], place, true).into();
        let way = self.way(Way { before: NONE, root, text, leads_to, steps: 1 });
        self.holders.way_of[to as usize] = way;
    }

    /// From what lasts among that which the goroutines refer to, by whatever way: a goroutine that passes by has a snapshot on its
    /// stack, and so has the session, which is there when the goroutine is gone.
    fn spread_from_lasting(&mut self, roots: &[u32]) {
        let analysis = self.analysis;
        let is_lasting = |object: u32| self.holders.lasting.contains(&analysis.type_of[object as usize]);
        let is_new = |way_of: &[u32], object: u32| way_of[object as usize] == NONE;
        if !(0..analysis.objects()).any(|object| is_lasting(object) && is_new(&self.holders.way_of, object)) {
            return;
        }
        // Where each object was met from on this search, an object or (above all those) a root.
        let all = analysis.objects();
        let mut from = vec![NONE; all as usize];
        let mut found = Vec::new();
        let mut now: Vec<u32> = Vec::new();
        let mut meet = |object: u32, by: u32, next: &mut Vec<u32>, from: &mut Vec<u32>| {
            if from[object as usize] != NONE || !is_new(&self.holders.way_of, object) {
                return;
            }
            from[object as usize] = by;
            if is_lasting(object) {
                found.push(object);
            } else {
                next.push(object);
            }
        };
        for root in roots {
            for (_, to) in analysis.root_edges(*root) {
                meet(*to, all + *root, &mut now, &mut from);
            }
        }
        let mut next = Vec::new();
        while !now.is_empty() {
            for object in now.drain(..) {
                for (to, _) in analysis.edges.placed(object) {
                    meet(to, object, &mut next, &mut from);
                }
            }
            std::mem::swap(&mut now, &mut next);
        }
        for object in &found {
            self.lead(*object, &from);
        }
        self.spread(found);
    }

    /// Notes the way to an object that a search has found, and of what is on it.
    fn lead(&mut self, object: u32, from: &[u32]) {
        let analysis = self.analysis;
        let mut way = vec![object];
        let mut above = from[object as usize];
        while above < analysis.objects() && self.holders.way_of[above as usize] == NONE {
            way.push(above);
            above = from[above as usize];
        }
        for to in way.into_iter().rev() {
            match above.checked_sub(analysis.objects()) {
                Some(root) => self.begin_at(root, root_place(analysis, root, to), to),
                None => {
                    let step = self.step(above, to, place_of(analysis, above, to));
                    self.holders.way_of[to as usize] = step;
                    self.holders.from[to as usize] = above;
                }
            }
            above = to;
        }
    }

    /// Breadth first from some objects, to what has not been met before.
    fn spread(&mut self, mut now: Vec<u32>) {
        let analysis = self.analysis;
        let mut next = Vec::new();
        while !now.is_empty() {
            for from in now.drain(..) {
                for (to, place) in analysis.edges.placed(from) {
                    if self.holders.way_of[to as usize] == NONE {
                        self.holders.way_of[to as usize] = self.step(from, to, place);
                        self.holders.from[to as usize] = from;
                        next.push(to);
                    }
                }
            }
            std::mem::swap(&mut now, &mut next);
        }
    }

    fn way(&mut self, way: Way) -> u32 {
        self.holders.ways.push(way);
        self.holders.ways.len() as u32 - 1
    }

    fn step(&mut self, from: u32, to: u32, place: u32) -> u32 {
        let analysis = self.analysis;
        let before = self.holders.way_of[from as usize];
        let (from_type, to_type) = (analysis.type_of[from as usize], analysis.type_of[to as usize]);
        let way = &self.holders.ways[before as usize];
        // From one node of a list or tree to the next: the first such step stands for all.
        let again = from_type == to_type && way.leads_to == to_type && way.before != NONE && {
            let earlier = &self.holders.ways[way.before as usize];
            earlier.leads_to == to_type
        };
        if (again && from_type != ObjectType::UNKNOWN)
            || way.steps >= MOST_STEPS
            || self.holders.ways.len() >= MOST_WAYS
        {
            return before;
        }
        let offset = u64::from(place) * 8;
        let size = from_type
            .element()
            .filter(|_| from_type.is_row())
            .map_or(0, |id: TypeId| analysis.types.get(id).size);
        let key = (before, from_type, if size > 0 { offset % size } else { offset }, to_type);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let way = &self.holders.ways[before as usize];
        let (root, steps) = (way.root, way.steps + 1);
        let text = object_step(analysis, from, place, true).into();
        let new = self.way(Way { before, root, text, leads_to: to_type, steps });
        self.known.insert(key, new);
        new
    }
}
