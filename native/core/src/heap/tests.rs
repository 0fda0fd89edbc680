//! Small profiles written as text, and what the tables and trees make of them.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;

use stallscope_pprof::{Function, Label, Line, Location, Parts, Profile, StringId, StringTable, ValueType};

use super::*;

/// One stack per line: `VALUE root;caller;leaf`. Calls joined by `>` share a location (the right one inlined).
pub(super) fn parts(text: &str) -> Parts {
    let mut parts = Parts { strings: StringTable::from_iter([""]), ..Parts::default() };
    let mut function_of: HashMap<String, u32> = HashMap::new();
    for (kind, unit) in [("inuse_objects", "count"), ("inuse_space", "bytes")] {
        let value_type = ValueType { kind: parts.strings.push(kind), unit: parts.strings.push(unit) };
        parts.sample_types.push(value_type);
    }
    for stack in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (value, frames) = stack.split_once(' ').unwrap();
        let mut locations = Vec::new();
        for frame in frames.split(';').rev() {
            let first_line = parts.lines.len() as u32;
            let calls: Vec<&str> = frame.split('>').rev().collect();
            for name in &calls {
                let function = *function_of.entry((*name).to_owned()).or_insert_with(|| {
                    let name = parts.strings.push(name);
                    parts.functions.push(Function { name, system_name: name, ..Function::default() });
                    parts.functions.len() as u32 - 1
                });
                parts.lines.push(Line { function, line: 7, column: 0 });
            }
            let line_count = calls.len() as u32;
            parts.locations.push(Location { first_line, line_count, ..Location::default() });
            locations.push(parts.locations.len() as u32 - 1);
        }
        parts.samples.push(&[1, value.parse().unwrap()], &locations, &[]);
    }
    parts
}

pub(super) fn index(text: &str) -> HeapIndex {
    HeapIndex::new(Profile::new(parts(text)).unwrap()).unwrap()
}

fn table(index: &HeapIndex, query: &HeapQuery) -> String {
    let page = index.query(query).unwrap();
    let row = |row: &HeapRow| format!("{} {} {}", row.flat, row.cum, row.function);
    page.rows.iter().map(row).collect::<Vec<_>>().join("\n")
}

#[test]
fn recursion_and_inlined_calls_count_once_per_sample() {
    let index = index("10 main;a;b;a\n5 main;b>c\n1 main");
    assert_eq!(table(&index, &HeapQuery::default()), "10 10 a\n5 5 c\n1 16 main\n0 15 b");
    assert_eq!(index.total(None).unwrap(), 16);
    assert_eq!(index.total(Some("inuse_objects")).unwrap(), 3);
}

#[test]
fn a_table_made_in_halves_is_the_same() {
    let text = "10 main;a;b;a\n5 main;b>c\n1 main";
    let (whole, halves) = (index(text), index(text));
    halves
        .prepare(None, |first, second| {
            second();
            first();
        })
        .unwrap();
    assert_eq!(table(&halves, &HeapQuery::default()), table(&whole, &HeapQuery::default()));
    assert_eq!(halves.total(None).unwrap(), 16);
}

#[test]
fn queries_sort_filter_and_page() {
    let index = index("3 main;net/http.Serve\n2 main;go/ast.Walk\n9 main;go/token.Add");
    let by_name = HeapQuery { sort: HeapSort::Name, descending: false, ..HeapQuery::default() };
    assert_eq!(table(&index, &by_name), "2 2 go/ast.Walk\n9 9 go/token.Add\n0 14 main\n3 3 net/http.Serve");
    let second = HeapQuery { sort: HeapSort::Cum, offset: 1, limit: 1, ..HeapQuery::default() };
    assert_eq!(table(&index, &second), "9 9 go/token.Add");
    let filtered = HeapQuery { filter: "GO/A".into(), ..HeapQuery::default() };
    assert_eq!(index.query(&filtered).unwrap().matched_rows, 1);
    let row = &index.query(&filtered).unwrap().rows[0];
    assert_eq!((row.package.as_str(), row.line), ("go/ast", 7));
}

#[test]
fn an_unknown_sample_type_names_the_known_ones() {
    let query = HeapQuery { sample_type: Some("cpu".into()), ..HeapQuery::default() };
    let message = index("1 main").query(&query).unwrap_err().to_string();
    assert_eq!(message, r#"the profile has no sample type "cpu"; it has: inuse_objects, inuse_space"#);
}

#[test]
fn drop_frames_cut_what_the_function_calls_but_never_everything() {
    let mut parts = parts("4 main;malloc;grow\n2 main;keepme;x\n1 malloc;grow\n8 main;b>malloc>grow");
    parts.drop_frames = parts.strings.push("malloc|keep.*");
    parts.keep_frames = parts.strings.push("keepme");
    let index = HeapIndex::new(Profile::new(parts).unwrap()).unwrap();
    assert_eq!(
        table(&index, &HeapQuery::default()),
        "8 8 b\n4 14 main\n2 2 x\n1 1 grow\n0 2 keepme\n0 1 malloc"
    );
}

/// The tree as text: own and total value per frame.
pub(super) fn drawn(tree: &FlameTree) -> String {
    let line = |node: &FlameNode| {
        let name = match node.kind {
            FlameNodeKind::Root => "root".to_owned(),
            FlameNodeKind::Frame => node.function.clone(),
            FlameNodeKind::Other => format!("other ({})", node.merged),
            FlameNodeKind::Subsystem => node.subsystem.clone().unwrap(),
            FlameNodeKind::Package => node.package.clone(),
        };
        format!("{}{name} @{} {}/{}", " ".repeat(node.depth as usize), node.start, node.own, node.value)
    };
    tree.nodes.iter().map(line).collect::<Vec<_>>().join("\n")
}

const FOREST: &str = "50 main;a;b\n20 main;a>c\n10 main;d\n1 main;e\n1 main;f\n18 go;g";

#[test]
fn the_flame_tree_adds_up_and_merges_what_is_narrow() {
    let query = FlameQuery { min_share: 0.05, ..FlameQuery::default() };
    let tree = index(FOREST).flame(&query).unwrap();
    let expected = "root @0 0/100\n main @0 0/82\n  a @0 0/70\n   b @0 50/50\n   c @50 20/20\n  d @70 10/10\n  other (2) @80 0/2\n go @82 0/18\n  g @82 18/18";
    assert_eq!(drawn(&tree), expected);
}

#[test]
fn the_node_budget_goes_to_the_widest_frames() {
    let tree = index(FOREST).flame(&FlameQuery { max_nodes: 3, ..FlameQuery::default() }).unwrap();
    let expected = "root @0 0/100\n main @0 0/82\n  a @0 0/70\n   other (2) @0 0/70\n  other (3) @70 0/12\n go @82 0/18\n  other (1) @82 0/18";
    assert_eq!(drawn(&tree), expected);
}

#[test]
fn zoom_shows_what_was_merged() {
    let path = vec!["main".to_owned()];
    let tree = index(FOREST).flame(&FlameQuery { path, ..FlameQuery::default() }).unwrap();
    assert!(drawn(&tree).starts_with("main @0 0/82\n a @0 0/70"), "{}", drawn(&tree));
    assert!(drawn(&tree).ends_with(" e @80 1/1\n f @81 1/1"), "{}", drawn(&tree));
    let unknown = FlameQuery { path: vec!["nowhere".into()], ..FlameQuery::default() };
    assert!(index(FOREST).flame(&unknown).is_err());
}

#[test]
fn the_difference_is_signed_and_leaves_out_what_did_not_change() {
    let (base, new) = (index("5 main;a\n7 main;b\n3 main;gone"), index("9 main;a\n7 main;b\n20 main;new"));
    let page = diff(&base, &new, &DiffQuery::default()).unwrap();
    let rows: Vec<_> = page.rows.iter().map(|r| (r.function.as_str(), r.flat, r.cum)).collect();
    assert_eq!(rows, [("new", 20, 20), ("a", 4, 4), ("gone", -3, -3), ("main", 0, 21)]);
    assert_eq!((page.base_total, page.new_total, page.total), (15, 36, 21));
}

#[test]
fn the_ballast_is_labelled_and_its_numbers_are_untouched() {
    let mut parts =
        parts("100007936 runtime.main;golang.org/x/tools/gopls/internal/cache.init\n5 runtime.main");
    let key = parts.strings.push("bytes");
    let label = Label { key, text: StringId(0), number: 100_007_936, unit: StringId(0) };
    parts.samples.labels.push(label);
    parts.samples.label_ends = vec![1, 1];
    let index = HeapIndex::new(Profile::new(parts).unwrap()).unwrap();
    let page = index.query(&HeapQuery::default()).unwrap();
    let labels: Vec<_> = page.rows.iter().map(|row| (row.flat, row.label.as_deref())).collect();
    assert_eq!(labels, [(100_007_936, Some("ballast")), (5, None)]);
    assert_eq!((page.total, page.ballast), (100_007_941, 100_007_936));
}

/// The changes as text.
fn changed(base: &str, new: &str, query: &DiffQuery) -> String {
    let page = diff(&index(base), &index(new), query).unwrap();
    let row =
        |row: &DiffRow| format!("{:?} {} {} {}{}", row.change, row.flat, row.cum, row.package, row.function);
    page.rows.iter().map(row).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_change_is_told_by_both_sides_of_it() {
    let (base, new) = ("5 p.gone\n4 p.less;p.leaf\n2 p.up;p.leaf", "7 p.new\n3 p.less;p.leaf\n8 p.up;p.leaf");
    let by_name = DiffQuery { sort: HeapSort::Name, descending: false, ..DiffQuery::default() };
    let expected =
        "Gone -5 -5 pp.gone\nGrown 5 5 pp.leaf\nShrunk 0 -1 pp.less\nNew 7 7 pp.new\nGrown 0 6 pp.up";
    assert_eq!(changed(base, new, &by_name), expected);
}

#[test]
fn a_package_counts_a_stack_once_and_is_found_by_its_own_name() {
    let (base, new) = ("1 a.x;b.y", "4 a.x;b.y;a.z\n2 b.y\n9 c");
    let query = DiffQuery { by: DiffBy::Package, ..DiffQuery::default() };
    assert_eq!(changed(base, new, &query), "New 9 9 \nGrown 4 3 a\nGrown 1 5 b");
    let filtered = DiffQuery { filter: "x".into(), ..query };
    assert_eq!(changed(base, new, &filtered), "", "functions have no row, so they are not searched");
}

#[test]
fn a_subsystem_is_told_new_gone_grown_and_shrunk_like_the_others() {
    let (parse, check, read) =
        ("go/parser.ParseFile", "go/types.(*Checker).expr", "golang.org/x/tools/internal/robustio.F");
    let (base, new) =
        (format!("5 {parse}\n9 {check}\n2 {read}\n7 none.f"), format!("8 {parse}\n3 {check}\n7 none.f"));
    let query = DiffQuery { by: DiffBy::Subsystem, ..DiffQuery::default() };
    let told = |base: &str, new: &str, query: &DiffQuery| {
        let page = diff(&index(base), &index(new), query).unwrap();
        let row = |row: &DiffRow| format!("{:?} {} {}", row.change, row.flat, row.subsystem);
        page.rows.iter().map(row).collect::<Vec<_>>()
    };
    let there = ["Shrunk -6 type-checking", "Grown 3 parsing", "Gone -2 file-contents"];
    assert_eq!(told(&base, &new, &query), there);
    let back = ["Grown 6 type-checking", "Shrunk -3 parsing", "New 2 file-contents"];
    assert_eq!(told(&new, &base, &query), back);
    let scaled = DiffQuery { normalize: true, ..query };
    assert_eq!(told("10 go/parser.F\n30 none.f", "40 go/parser.F\n40 none.f", &scaled).len(), 2);
}

#[test]
fn of_a_subsystem_alone_the_rows_are_its_own_and_add_up_to_its_change() {
    let (parse, check) = ("go/parser.ParseFile", "go/types.(*Checker).expr");
    let base = format!("5 main.f;{parse}\n9 main.f;{check}\n4 none.f");
    let new = format!("8 main.f;{parse}\n1 {parse};go/ast.NewIdent\n3 main.f;{check}\n40 none.f");
    let by_name = DiffQuery {
        subsystem: Some("parsing".into()),
        sort: HeapSort::Name,
        descending: false,
        ..DiffQuery::default()
    };
    let expected =
        "New 1 1 go/astgo/ast.NewIdent\nGrown 3 4 go/parsergo/parser.ParseFile\nGrown 0 3 mainmain.f";
    assert_eq!(changed(&base, &new, &by_name), expected);
    let page = diff(&index(&base), &index(&new), &by_name).unwrap();
    assert_eq!((page.base_total, page.new_total, page.total), (5, 9, 4));
    let by = |by| DiffQuery { by, ..by_name.clone() };
    assert_eq!(changed(&base, &new, &by(DiffBy::Subsystem)), "Grown 4 4 ", "the row that led here");
    assert_eq!(
        changed(&base, &new, &by(DiffBy::Package)),
        "New 1 1 go/ast\nGrown 3 4 go/parser\nGrown 0 3 main"
    );
    // Scaled as everything is, so that the rows of all subsystems still go together: 52 are 18.
    let scaled = DiffQuery { normalize: true, ..by_name.clone() };
    let page = diff(&index(&base), &index(&new), &scaled).unwrap();
    assert_eq!((page.base_total, page.new_total), (5, 9));
    assert!(page.total < 0, "{page:?}");
    let unknown = DiffQuery { subsystem: Some("gardening".into()), ..DiffQuery::default() };
    let refused = diff(&index(&base), &index(&new), &unknown).unwrap_err().to_string();
    assert!(refused.contains("gardening") && refused.contains("parsing"), "{refused}");
}

#[test]
fn normalised_the_profile_has_the_total_of_the_base() {
    let (base, new) = ("10 a\n30 b", "40 a\n40 b\n0 c");
    let query = DiffQuery { normalize: true, ..DiffQuery::default() };
    assert_eq!(changed(base, new, &query), "Grown 10 10 a\nShrunk -10 -10 b");
    let page = diff(&index(base), &index(new), &query).unwrap();
    assert_eq!((page.base_total, page.new_total, page.total), (40, 80, 0));
    // Nothing to scale stays nothing.
    assert_eq!(changed("10 a", "0 a", &query), "Gone -10 -10 a");
}

#[test]
fn inverted_a_tree_begins_at_the_leaves() {
    let query = FlameQuery { direction: FlameDirection::Callers, ..FlameQuery::default() };
    let tree = index("5 main;a;b\n3 main;b\n2 main;a>c").flame(&query).unwrap();
    let expected = "root @0 0/10\n b @0 0/8\n  a @0 0/5\n   main @0 5/5\n  main @5 3/3\n c @8 0/2\n  a @8 0/2\n   main @8 2/2";
    assert_eq!(drawn(&tree), expected);
}

#[test]
fn a_sandwich_counts_a_function_that_calls_itself_once() {
    let index = index("5 main;f;f;g\n3 go;f;h;f\n2 main;h");
    let focused = |direction| FlameQuery { focus: Some("f".into()), direction, ..FlameQuery::default() };
    let callees = index.flame(&focused(FlameDirection::Callees)).unwrap();
    assert_eq!(drawn(&callees), "f @0 3/8\n g @0 5/5");
    let callers = index.flame(&focused(FlameDirection::Callers)).unwrap();
    assert_eq!(drawn(&callers), "f @0 0/8\n main @0 5/5\n go @5 3/3");
    let zoomed = FlameQuery { path: vec!["g".into()], ..focused(FlameDirection::Callees) };
    assert_eq!(drawn(&index.flame(&zoomed).unwrap()), "g @0 5/5");
    let nobody = FlameQuery { focus: Some("nobody".into()), ..FlameQuery::default() };
    assert_eq!(drawn(&index.flame(&nobody).unwrap()), "root @0 0/0");
}

#[test]
fn a_search_counts_each_stack_once_also_where_it_is_merged() {
    let index = index("50 main;ab;b\n20 main;c\n3 main;d;b\n1 main;e");
    let query = FlameQuery { search: "B".into(), max_nodes: 2, ..FlameQuery::default() };
    let tree = index.flame(&query).unwrap();
    assert_eq!(tree.matched, 53);
    let matched: Vec<_> = tree.nodes.iter().map(|node| (node.kind, node.value, node.matched)).collect();
    let (root, frame, other) = (FlameNodeKind::Root, FlameNodeKind::Frame, FlameNodeKind::Other);
    let expected = [(root, 74, 53), (frame, 74, 53), (frame, 50, 50), (other, 50, 50), (other, 24, 3)];
    assert_eq!(matched, expected);
    let zoomed = FlameQuery { path: vec!["main".into(), "ab".into()], ..query };
    assert_eq!(index.flame(&zoomed).unwrap().matched, 50, "the frame that is zoomed on matches itself");
}

#[test]
fn a_difference_draws_both_sides_beside_each_other() {
    let (base, new) = (index("10 main;a\n4 main;gone;x"), index("10 main;a\n6 main;new\n5 other"));
    let tree = flame_diff(&base, &new, &FlameQuery::default()).unwrap();
    let line =
        |node: &FlameNode| format!("{} @{} {}<-{}", node.function, node.start, node.value, node.base_value);
    let lines: Vec<_> = tree.nodes.iter().map(line).collect();
    let expected = [
        " @0 21<-14",
        "main @0 16<-14",
        "a @0 10<-10",
        "new @20 6<-0",
        "gone @26 0<-4",
        "x @26 0<-4",
        "other @30 5<-0",
    ];
    assert_eq!(lines, expected);
    assert_eq!((tree.total, tree.base_total), (21, Some(14)));
}
