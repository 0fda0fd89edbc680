//! The flame trees hold what `go tool pprof` says: sandwich `-peek`, search `-focus`, inverted and difference `-top`. Runs
//! the real tool.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::{HashMap, HashSet};
use std::path::Path;

use common::tool::{peek, top};
use common::{fixture_folder, fixtures};
use stallscope_core::heap::{
    FlameDirection, FlameNode, FlameNodeKind, FlameQuery, FlameTree, HeapIndex, flame_diff,
};
use stallscope_pprof::{Limits, decode};

const WHOLE: FlameQuery = FlameQuery {
    sample_type: None,
    direction: FlameDirection::Callees,
    focus: None,
    path: Vec::new(),
    search: String::new(),
    normalize: false,
    min_share: 0.0,
    max_nodes: usize::MAX,
};

fn index(path: &Path) -> HeapIndex {
    HeapIndex::new(decode(&std::fs::read(path).unwrap(), &Limits::default()).unwrap()).unwrap()
}

/// The frames on the root: function and value.
fn first_level(tree: &FlameTree) -> Vec<(String, i64)> {
    let mut frames: Vec<_> = tree
        .nodes
        .iter()
        .filter(|node| node.depth == 1)
        .map(|node| (node.function.clone(), node.value))
        .collect();
    frames.sort();
    frames
}

/// The functions that are in some stack again after another one: what passes between is no edge of theirs.
fn recursive(index: &HeapIndex) -> HashSet<String> {
    let tree = index.flame(&WHOLE).unwrap();
    let (mut stack, mut found): (Vec<&str>, _) = (Vec::new(), HashSet::new());
    for node in &tree.nodes[1..] {
        stack.truncate(node.depth as usize - 1);
        let calls_itself = stack.last() == Some(&&*node.function);
        if !calls_itself && stack.contains(&&*node.function) {
            found.insert(node.function.clone());
        }
        stack.push(&node.function);
    }
    found
}

#[test]
fn the_sandwich_of_every_function_has_the_sums_of_peek() {
    for profile in fixtures().iter().filter(|path| path.to_string_lossy().contains("loaded")) {
        let index = index(profile);
        let (recursive, mut straight) = (recursive(&index), 0);
        for peeked in peek("inuse_space", profile) {
            let focus = Some(peeked.function.clone());
            let callees = index.flame(&FlameQuery { focus: focus.clone(), ..WHOLE }).unwrap();
            let callers =
                index.flame(&FlameQuery { focus, direction: FlameDirection::Callers, ..WHOLE }).unwrap();
            let root = &callees.nodes[0];
            assert_eq!((root.own, root.value), (peeked.flat, peeked.cum), "{}", peeked.function);
            assert_eq!(callers.nodes[0].value, peeked.cum, "{}", peeked.function);
            for (tree, mut edges) in [(callers, peeked.callers), (callees, peeked.callees)] {
                edges.sort();
                let frames = first_level(&tree);
                if recursive.contains(&peeked.function) {
                    // The tool counts such a stack at several edges, a sandwich at one of them.
                    let edges: HashMap<_, _> = edges.into_iter().collect();
                    assert!(frames.iter().all(|(name, value)| *value <= edges[name]), "{}", peeked.function);
                } else {
                    assert_eq!(frames, edges, "{}", peeked.function);
                    straight += 1;
                }
            }
        }
        assert!(straight > 500 && !recursive.is_empty(), "{straight} compared, {} not", recursive.len());
    }
}

#[test]
fn the_inverted_tree_begins_with_what_each_function_holds_itself() {
    for profile in fixtures() {
        for sample_type in ["inuse_space", "alloc_space"] {
            let query = FlameQuery {
                sample_type: Some(sample_type.into()),
                direction: FlameDirection::Callers,
                ..WHOLE
            };
            let tree = index(&profile).flame(&query).unwrap();
            let mut flat: Vec<_> = top(sample_type, &[], &[&profile])
                .rows
                .into_iter()
                .filter_map(|(function, flat, _)| (flat != 0).then_some((function, flat)))
                .collect();
            flat.sort();
            assert_eq!(first_level(&tree), flat, "{sample_type} {profile:?}");
            assert_adds_up(&tree);
        }
    }
}

#[test]
fn a_search_sums_what_focus_shows_however_little_is_drawn() {
    let profile = fixture_folder().join("gopls-v0.23.0-loaded.pb.gz");
    let index = index(&profile);
    // The tool looks into file names as well: none has these.
    for search in ["go/types.", "parsefile", "parseident"] {
        let focus = format!("-focus=(?i){}", search.replace('.', "\\."));
        let shown = top("inuse_space", &[&focus], &[&profile]);
        let sum: i64 = shown.rows.iter().map(|(_, flat, _)| flat).sum();
        assert!(sum > 0, "{search}");
        for (max_nodes, min_share) in [(usize::MAX, 0.0), (10, 0.0), (4000, 0.01)] {
            for direction in [FlameDirection::Callees, FlameDirection::Callers] {
                let search = search.to_uppercase();
                let query = FlameQuery { search, max_nodes, min_share, direction, ..WHOLE };
                let tree = index.flame(&query).unwrap();
                assert_eq!((tree.matched, tree.nodes[0].matched), (sum, sum));
                assert_adds_up(&tree);
            }
        }
    }
    assert_eq!(index.flame(&WHOLE).unwrap().matched, 0, "nothing is searched for");
}

#[test]
fn a_difference_holds_both_sides_and_their_frames_are_those_of_the_tool() {
    let file = |moment: &str| fixture_folder().join(format!("gopls-v0.23.0-{moment}.pb.gz"));
    // A load only adds stacks; going back some are gone.
    for (base, new, is_any_gone) in [("early", "loaded", false), ("loaded", "loading", true)] {
        let (base_file, new_file) = (file(base), file(new));
        let (base, new) = (index(&base_file), index(&new_file));
        for normalize in [false, true] {
            let query = FlameQuery { direction: FlameDirection::Callers, normalize, ..WHOLE };
            let tree = flame_diff(&base, &new, &query).unwrap();
            let mut options = vec!["-diff_base", base_file.to_str().unwrap()];
            options.extend(normalize.then_some("-normalize"));
            let theirs = top("inuse_space", &options, &[&new_file]);
            let mut expected: Vec<_> = theirs
                .rows
                .into_iter()
                .map(|(name, flat, _)| (name, flat))
                .filter(|(_, f)| *f != 0)
                .collect();
            expected.sort();
            let mut grown: Vec<_> = (tree.nodes.iter())
                .filter(|node| node.depth == 1 && node.value != node.base_value)
                .map(|node| (node.function.clone(), node.value - node.base_value))
                .collect();
            grown.sort();
            assert_eq!(grown, expected);
            assert_eq!(tree.base_total, Some(theirs.total));
            assert_adds_up(&tree);
        }
        // Top down, drawn small: nothing is lost, and what only the base has is there.
        let small = FlameQuery { max_nodes: 300, min_share: 0.001, ..WHOLE };
        let tree = flame_diff(&base, &new, &small).unwrap();
        assert_adds_up(&tree);
        assert_eq!((tree.nodes[0].value, Some(tree.nodes[0].base_value)), (tree.total, tree.base_total));
        assert_eq!(tree.total, new.total(None).unwrap());
        assert!(tree.nodes.iter().any(|node| node.kind == FlameNodeKind::Other));
        let gone = |node: &FlameNode| node.kind == FlameNodeKind::Frame && node.value == 0;
        let whole = flame_diff(&base, &new, &WHOLE).unwrap();
        assert_eq!(whole.nodes.iter().any(gone), is_any_gone, "frames that only the base has");
    }
}

/// Every frame's own value and those on it are the whole of it, on both sides and of what matches, and they lie within.
fn assert_adds_up(tree: &FlameTree) {
    for (at, node) in tree.nodes.iter().enumerate() {
        let end = node.start + node.value + node.base_value;
        assert!(node.matched <= node.value + node.base_value);
        if node.kind == FlameNodeKind::Other {
            assert!(node.merged > 0);
            continue;
        }
        let (mut value, mut base, mut matched, mut next) = (node.own, node.base_own, 0, node.start);
        for child in tree.nodes[at + 1..].iter().take_while(|child| child.depth > node.depth) {
            if child.depth != node.depth + 1 {
                continue;
            }
            assert_eq!(child.start, next, "no gap and no overlap");
            next += child.value + child.base_value;
            value += child.value;
            base += child.base_value;
            matched += child.matched;
        }
        assert!(next <= end);
        assert_eq!((value, base), (node.value, node.base_value), "{}", node.function);
        let rest = node.matched - matched;
        assert!((0..=node.own + node.base_own).contains(&rest), "{}", node.function);
    }
}
