//! Holds the dominators of a real heap against what they mean: takes one node after the other away, looks what can still be
//! reached from the roots, and compares what is gone with what the dominator tree says is retained.
//!
//! `removal PID` prints one line of JSON. It is its own helper, as `stallscope-retain` is that of `stallscope`.
#![cfg(target_os = "linux")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};
use stallscope_retain::analysis::{Analysis, Node};
use stallscope_retain::capture::{Request, helper, open, start_time, watchdog};
use stallscope_retain::stop::Stop;

/// Objects that retain the most.
const LARGEST: usize = 40;
/// Roots that do.
const ROOTS: usize = 10;
/// Of all objects, whichever.
const RANDOM: usize = 30;
/// Of those that retain others.
const RANDOM_HOLDERS: usize = 30;
/// On the way to the deepest one.
const DEEP: usize = 30;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some(watchdog::MODE) => watchdog::run(&arguments.collect::<Vec<_>>()),
        Some(helper::MODE) => helper::run(|analysis| {
            let mut heap = Heap::of(analysis);
            move |_: &str| heap.verify().to_string()
        }),
        Some(pid) => match pid.parse().ok().and_then(|pid| start_time(pid).ok().map(|start| (pid, start))) {
            Some((pid, start_time)) => read(pid, start_time),
            None => fail("no such process"),
        },
        None => fail("removal PID"),
    }
}

fn fail(why: impl std::fmt::Display) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}

fn read(pid: u32, start_time: u64) -> ExitCode {
    let own: PathBuf = match std::env::current_exe() {
        Ok(own) => own,
        Err(error) => return fail(error),
    };
    let request = Request {
        pid,
        start_time,
        bound: Duration::from_secs(5),
        must_be_descendant: false,
        memory_limit_bytes: None,
        helper: own,
    };
    let stop = Stop::default();
    match open(&request, &stop, &|_| ()).and_then(|session| session.ask("verify", &stop)) {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(error) => fail(error),
    }
}

/// What is gone without a node, and what is said to be.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Gone {
    objects: u64,
    bytes: u64,
}

struct Heap {
    analysis: Analysis,
    /// Objects at or below each place of the dominator tree.
    below: Vec<u64>,
}

impl Heap {
    fn of(analysis: Analysis) -> Self {
        let mut heap = Self { below: Vec::new(), analysis };
        heap.sum();
        heap
    }

    /// Adds up again what the dominator tree says.
    fn sum(&mut self) {
        let (analysis, first) = (&self.analysis, self.analysis.roots.len() as u32 + 1);
        let sums = |of: &dyn Fn(u32) -> u64| {
            analysis.dominators.sums(analysis.dominators.order.iter().map(|node| of(*node)).collect())
        };
        self.below = sums(&|node| u64::from(node >= first));
        let retained = sums(&|node| node.checked_sub(first).map_or(0, |object| analysis.bytes_of(object)));
        self.analysis.retained = retained;
    }

    fn verify(&mut self) -> Value {
        let places = self.chosen();
        let faults: Vec<Value> = places.iter().filter_map(|place| self.fault(*place)).collect();
        let all = self.without(None);
        let (objects, bytes) = (self.analysis.counts.found.objects, self.analysis.counts.found.bytes);
        let whole = (all.objects, all.bytes) == (objects, bytes);
        let retains = |place: &&u32| self.below[**place as usize] > 1;
        let deepest = places.iter().map(|place| self.depth(*place)).max();
        json!({
            "objects": objects, "bytes": bytes, "whole": whole, "nodes": places.len(),
            "retain_others": places.iter().filter(retains).count(), "deepest": deepest,
            "faults": faults, "broken": self.broken(),
        })
    }

    /// Says of one object that what refers to it first dominates it, though it does not, and looks whether that is found.
    fn broken(&mut self) -> Option<Value> {
        let analysis = &mut self.analysis;
        let (object, holder) = (0..analysis.objects()).rev().find_map(|holder| {
            let place = analysis.place_of(holder);
            let shared = |object: &&u32| {
                let held = analysis.place_of(**object);
                held > place && analysis.dominators.dominator[held as usize] < place
            };
            analysis.edges.of(holder).iter().find(shared).map(|object| (*object, holder))
        })?;
        let (held, place) = (analysis.place_of(object), analysis.place_of(holder));
        let right = std::mem::replace(&mut analysis.dominators.dominator[held as usize], place);
        self.sum();
        let fault = self.fault(place);
        self.analysis.dominators.dominator[held as usize] = right;
        self.sum();
        fault
    }

    fn fault(&self, place: u32) -> Option<Value> {
        let node = self.analysis.at_place(place);
        let (all, left) = (self.analysis.counts.found, self.without(Some(node)));
        let gone = Gone { objects: all.objects - left.objects, bytes: all.bytes - left.bytes };
        let at = place as usize;
        let said = Gone { objects: self.below[at], bytes: self.analysis.retained[at] };
        (gone != said).then(|| {
            json!({
                "node": format!("{node:?}"),
                "gone": [gone.objects, gone.bytes], "said": [said.objects, said.bytes],
            })
        })
    }

    /// What can be reached from the roots without a node.
    fn without(&self, node: Option<Node>) -> Gone {
        let analysis = &self.analysis;
        let mut seen = vec![false; analysis.objects() as usize];
        if let Some(Node::Object(object)) = node {
            seen[object as usize] = true;
        }
        let mut reached = Gone { objects: 0, bytes: 0 };
        let mut todo = Vec::new();
        for root in (0..analysis.roots.len() as u32).filter(|root| node != Some(Node::Root(*root))) {
            todo.extend(analysis.root_edges(root).iter().map(|(_, object)| *object));
            while let Some(object) = todo.pop() {
                if !std::mem::replace(&mut seen[object as usize], true) {
                    reached.objects += 1;
                    reached.bytes += analysis.bytes_of(object);
                    todo.extend(analysis.edges.of(object));
                }
            }
        }
        reached
    }

    fn depth(&self, place: u32) -> u32 {
        let (mut at, mut depth) = (place, 0);
        while at != 0 {
            at = self.analysis.dominators.dominator[at as usize];
            depth += 1;
        }
        depth
    }

    /// Places of the dominator tree, none twice.
    fn chosen(&self) -> Vec<u32> {
        let analysis = &self.analysis;
        let dominator = &analysis.dominators.dominator;
        let mut by_size: Vec<u32> = (1..dominator.len() as u32).collect();
        by_size.sort_unstable_by_key(|place| std::cmp::Reverse(analysis.retained[*place as usize]));
        let is_root = |place: &u32| matches!(analysis.at_place(*place), Node::Root(_));
        let mut chosen: Vec<u32> = by_size.iter().copied().filter(is_root).take(ROOTS).collect();
        let objects: Vec<u32> = by_size.into_iter().filter(|place| !is_root(place)).collect();
        chosen.extend(&objects[..LARGEST.min(objects.len())]);
        let holders: Vec<u32> =
            objects.iter().copied().filter(|place| self.below[*place as usize] > 1).collect();
        // Always the same ones of the same heap.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut any = |of: &[u32]| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            of[(state % of.len() as u64) as usize]
        };
        chosen.extend((0..RANDOM).map(|_| any(&objects)));
        chosen.extend((0..RANDOM_HOLDERS).map(|_| any(&holders)));
        let mut depth = vec![0_u32; dominator.len()];
        // What dominates a place has a smaller number.
        for place in 1..dominator.len() {
            depth[place] = depth[dominator[place] as usize] + 1;
        }
        let mut deepest = (0..dominator.len() as u32).max_by_key(|place| depth[*place as usize]).unwrap_or(0);
        let step = (depth[deepest as usize] as usize / DEEP).max(1);
        for height in 0.. {
            if deepest == 0 {
                break;
            }
            if height % step == 0 {
                chosen.push(deepest);
            }
            deepest = dominator[deepest as usize];
        }
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }
}
