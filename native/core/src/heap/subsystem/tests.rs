//! Whose memory a sample is, on small profiles written as text, and that nothing gets lost on the way.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use stallscope_pprof::{Label, Profile, StringId};

use crate::heap::tests::{drawn, index, parts};
use crate::heap::{
    FlameDirection, FlameNode, FlameNodeKind, FlameQuery, FlameTree, HeapIndex, HeapQuery, HeapSort,
    SubsystemQuery, flame_diff,
};

const CACHE: &str = "golang.org/x/tools/gopls/internal/cache";

fn subsystems(index: &HeapIndex) -> Vec<(String, i64, usize)> {
    let table = index.subsystems(&SubsystemQuery::default()).unwrap();
    table.rows.into_iter().map(|row| (row.subsystem, row.value, row.functions)).collect()
}

/// What one stack is assigned to.
fn of(stack: &str) -> String {
    let [(subsystem, 1, _)] = &subsystems(&index(&format!("1 {stack}")))[..] else { panic!("{stack}") };
    subsystem.clone()
}

#[test]
fn the_rule_nearest_to_the_leaf_decides() {
    let checking = format!("main.main;{CACHE}.(*typeCheckBatch).checkPackage");
    assert_eq!(of(&checking), "type-checking");
    assert_eq!(of(&format!("{checking};{CACHE}/parsego.Parse")), "parsing");
    assert_eq!(of(&format!("{CACHE}/parsego.Parse;{checking}")), "type-checking");
}

#[test]
fn a_helper_and_what_has_no_rule_leave_it_to_the_caller() {
    let reading = format!("{CACHE}.readFile;os.ReadFile;os.readFileContents");
    assert_eq!(of(&reading), "file-contents");
    assert_eq!(of("golang.org/x/tools/gopls/internal/filecache.Get;os.ReadFile"), "file-cache");
    assert_eq!(of(&format!("{CACHE}/xrefs.Index;example.com/new.Thing;bytes.growSlice")), "indexes");
}

#[test]
fn a_rule_that_yields_counts_only_without_a_caller_that_decides() {
    // Scopes and objects are made by the type checker, and by whoever reads export data.
    let declare = "go/types.(*Scope).Insert";
    assert_eq!(of(&format!("main.f;{declare}")), "type-checking");
    assert_eq!(
        of(&format!("main.f;golang.org/x/tools/internal/gcimporter.(*importReader).declare;{declare}")),
        "export-data"
    );
    assert_eq!(
        of(&format!("golang.org/x/tools/gopls/internal/cache/methodsets.methodSetInfo;{declare}")),
        "indexes"
    );
    // Of two that yield the nearer one counts.
    assert_eq!(of(&format!("encoding/json.Unmarshal;{declare}")), "type-checking");
}

#[test]
fn inlined_calls_count_from_the_inside() {
    assert_eq!(of(&format!("main.main;{CACHE}.(*Session).Do>{CACHE}/parsego.Parse>bytes.Clone")), "parsing");
}

#[test]
fn nobody_is_a_catch_all() {
    for stack in [
        "main.main",
        "runtime.main;main.main;example.com/tool.Run;strings.Repeat",
        &format!("{CACHE}.somethingNew"),
        "golang.org/x/tools/gopls/internal/brandnew.Do",
        "fmt.Sprintf",
    ] {
        assert_eq!(of(stack), "unassigned", "{stack}");
    }
}

#[test]
fn the_ballast_is_known_by_its_size_and_the_rest_of_its_function_is_start_up() {
    let mut parts = parts(&format!("100007936 runtime.main;{CACHE}.init\n5 runtime.main;{CACHE}.init"));
    let key = parts.strings.push("bytes");
    parts.samples.labels.push(Label { key, text: StringId(0), number: 100_007_936, unit: StringId(0) });
    parts.samples.label_ends = vec![1, 1];
    let index = HeapIndex::new(Profile::new(parts).unwrap()).unwrap();
    let expected = [("ballast".to_owned(), 100_007_936, 1), ("startup".to_owned(), 5, 1)];
    assert_eq!(subsystems(&index), expected);
}

/// Parsing, export data and something unknown: the leaf `go/types.NewVar` belongs to two of them.
fn mixed() -> HeapIndex {
    index(&format!(
        "60 main.f;{CACHE}/parsego.Parse;go/parser.ParseFile;go/ast.NewObj
         10 main.f;{CACHE}/parsego.Parse;bytes.growSlice
         20 main.f;golang.org/x/tools/internal/gcimporter.Read;go/types.NewVar
         5 main.f;go/types.(*Checker).Files;go/types.NewVar
         3 main.f;example.com/new.Do
         2 main.f;golang.org/x/tools/internal/gcimporter.Read;bytes.growSlice"
    ))
}

#[test]
fn the_table_is_by_size_with_the_unassigned_last() {
    let expected =
        [("parsing", 70, 2), ("export-data", 22, 2), ("type-checking", 5, 1), ("unassigned", 3, 1)];
    let expected = expected.map(|(subsystem, value, functions)| (subsystem.to_owned(), value, functions));
    assert_eq!(subsystems(&mixed()), expected);
    let shares: Vec<f64> =
        mixed().subsystems(&SubsystemQuery::default()).unwrap().rows.iter().map(|row| row.share).collect();
    assert_eq!(shares, [0.7, 0.22, 0.05, 0.03]);
}

#[test]
fn the_icicle_goes_from_subsystem_to_package_to_function() {
    let tree = mixed().icicle(&FlameQuery { min_share: 0.03, ..FlameQuery::default() }).unwrap();
    let expected = "\
root @0 0/100
 parsing @0 0/70
  go/ast @0 0/60
   go/ast.NewObj @0 60/60
  bytes @60 0/10
   bytes.growSlice @60 10/10
 export-data @70 0/22
  go/types @70 0/20
   go/types.NewVar @70 20/20
  other (1) @90 0/2
 type-checking @92 0/5
  go/types @92 0/5
   go/types.NewVar @92 5/5
 unassigned @97 0/3
  example.com/new @97 0/3
   example.com/new.Do @97 3/3";
    assert_eq!(drawn(&tree), expected);
    let coloured = |node: &FlameNode| node.kind != FlameNodeKind::Root && node.subsystem.is_none();
    assert!(!tree.nodes.iter().any(coloured), "every block has the colour of its subsystem");
}

#[test]
fn the_icicle_is_zoomed_by_its_path_and_capped() {
    let path = vec!["parsing".to_owned(), "bytes".to_owned()];
    let zoomed = mixed().icicle(&FlameQuery { path, ..FlameQuery::default() }).unwrap();
    assert_eq!(drawn(&zoomed), "bytes @0 0/10\n bytes.growSlice @0 10/10");
    assert_eq!(zoomed.total, 100);
    let subsystems: Vec<_> = zoomed.nodes.iter().map(|node| node.subsystem.as_deref()).collect();
    assert_eq!(subsystems, [Some("parsing"); 2], "zoomed in, they keep their colour");
    let capped = mixed().icicle(&FlameQuery { max_nodes: 3, ..FlameQuery::default() }).unwrap();
    let expected = "root @0 0/100\n parsing @0 0/70\n  go/ast @0 0/60\n   go/ast.NewObj @0 60/60\n  other (1) @60 0/10\n other (3) @70 0/30";
    assert_eq!(drawn(&capped), expected);
    let nowhere = FlameQuery { path: vec!["parsing".into(), "os".into()], ..FlameQuery::default() };
    assert!(mixed().icicle(&nowhere).unwrap_err().to_string().contains("\"os\""));
}

#[test]
fn what_is_searched_for_in_the_icicle_is_counted_also_where_it_is_merged() {
    let query = FlameQuery { search: " NEWVAR".into(), max_nodes: 2, ..FlameQuery::default() };
    let tree = mixed().icicle(&query).unwrap();
    assert_eq!(tree.matched, 25);
    let matched: Vec<_> = tree.nodes.iter().map(|node| (node.kind, node.value, node.matched)).collect();
    let [root, parsing, .., rest] = matched[..] else { panic!("{matched:?}") };
    assert_eq!(root, (FlameNodeKind::Root, 100, 25));
    assert_eq!(parsing, (FlameNodeKind::Subsystem, 70, 0));
    assert_eq!(rest, (FlameNodeKind::Other, 30, 25));
    let zoomed = FlameQuery { path: vec!["type-checking".into()], ..query };
    assert_eq!(mixed().icicle(&zoomed).unwrap().matched, 5);
}

#[test]
fn frames_and_rows_are_of_the_subsystem_of_most_of_their_bytes() {
    let tree = mixed().flame(&FlameQuery::default()).unwrap();
    let subsystem = |function: &str, value: i64| {
        let node = tree.nodes.iter().find(|node| node.function == function && node.value == value);
        node.unwrap().subsystem.clone().unwrap()
    };
    assert_eq!(subsystem("main.f", 100), "parsing");
    assert_eq!(subsystem("go/types.NewVar", 20), "export-data");
    assert_eq!(subsystem("go/types.NewVar", 5), "type-checking");
    assert_eq!(tree.nodes[0].subsystem, None);

    let rows = |query: HeapQuery| {
        let page = mixed().query(&query).unwrap();
        page.rows.into_iter().map(|row| (row.function, row.flat, row.cum, row.subsystem)).collect::<Vec<_>>()
    };
    let some = |text: &str| Some(text.to_owned());
    let all = rows(HeapQuery { with_subsystems: true, ..HeapQuery::default() });
    let find = |function: &str| all.iter().find(|row| row.0 == function).unwrap().clone();
    assert_eq!(find("go/types.NewVar"), ("go/types.NewVar".into(), 25, 25, some("export-data")));
    assert_eq!(find("bytes.growSlice"), ("bytes.growSlice".into(), 12, 12, some("parsing")));
    // It allocates nothing itself; most of what it calls does so for the parser.
    assert_eq!(find("main.f"), ("main.f".into(), 0, 100, some("parsing")));
    assert!(rows(HeapQuery::default()).iter().all(|row| row.3.is_none()), "only when asked for");
}

#[test]
fn every_flame_tree_says_whose_memory_a_frame_is() {
    let subsystem = |tree: &FlameTree, function: &str| {
        let node = tree.nodes.iter().find(|node| node.function == function);
        node.unwrap().subsystem.clone()
    };
    let some = |text: &str| Some(text.to_owned());
    let inverted = FlameQuery { direction: FlameDirection::Callers, ..FlameQuery::default() };
    let tree = mixed().flame(&inverted).unwrap();
    assert_eq!(subsystem(&tree, "bytes.growSlice"), some("parsing"));
    assert_eq!(subsystem(&tree, "go/types.(*Checker).Files"), some("type-checking"));
    let focus = Some("go/types.NewVar".to_owned());
    let sandwich = mixed().flame(&FlameQuery { focus, ..inverted }).unwrap();
    assert_eq!(sandwich.nodes[0].subsystem, some("export-data"), "the function in focus is a frame");

    // Both sides count: what only the base has, has a subsystem, too.
    let new = index("1 main.f;go/types.(*Checker).Files;go/types.NewVar");
    let tree = flame_diff(&mixed(), &new, &FlameQuery::default()).unwrap();
    assert_eq!(subsystem(&tree, "go/ast.NewObj"), some("parsing"));
    assert_eq!(subsystem(&tree, "go/types.(*Checker).Files"), some("type-checking"));
}

#[test]
fn a_table_of_one_subsystem_counts_nothing_else() {
    let query = HeapQuery { subsystem: Some("export-data".into()), ..HeapQuery::default() };
    let page = mixed().query(&query).unwrap();
    let rows: Vec<_> = page.rows.iter().map(|row| (row.function.as_str(), row.flat, row.cum)).collect();
    let gcimporter = "golang.org/x/tools/internal/gcimporter.Read";
    let expected =
        [("go/types.NewVar", 20, 20), ("bytes.growSlice", 2, 2), (gcimporter, 0, 22), ("main.f", 0, 22)];
    assert_eq!(rows, expected);
    assert_eq!((page.total, page.counted, page.rows[0].flat_share), (100, 22, 0.2));
    let unknown = HeapQuery { subsystem: Some("kitchen".into()), ..HeapQuery::default() };
    let message = mixed().query(&unknown).unwrap_err().to_string();
    assert!(message.contains("\"kitchen\"") && message.contains("parsing, type-checking"), "{message}");
}

/// Stacks of functions that rules name in every way, and of some that none names.
fn profile() -> impl Strategy<Value = String> {
    let functions = prop::sample::select(vec![
        "main.main".to_owned(),
        format!("{CACHE}/parsego.Parse"),
        format!("{CACHE}/parsego.Parse>bytes.growSlice"),
        "go/types.NewVar".to_owned(),
        "go/types.(*Checker).Files".to_owned(),
        "golang.org/x/tools/internal/gcimporter.Read".to_owned(),
        "strings.Repeat".to_owned(),
        "net/http.(*conn).serve".to_owned(),
        "runtime.malg".to_owned(),
        "example.com/new.Do".to_owned(),
        "no_package".to_owned(),
    ]);
    let stack = (0i64..1 << 40, prop::collection::vec(functions, 1..6));
    let line = stack.prop_map(|(value, frames)| format!("{value} {}", frames.join(";")));
    prop::collection::vec(line, 0..40).prop_map(|lines| lines.join("\n"))
}

/// Every frame spans its own value and what is within it, at every depth.
fn assert_adds_up(tree: &FlameTree) {
    for (at, frame) in tree.nodes.iter().enumerate() {
        let within = tree.nodes[at + 1..].iter().take_while(|node| node.depth > frame.depth);
        let children = within.filter(|node| node.depth == frame.depth + 1);
        let mut end = frame.start;
        let mut sum = frame.own;
        for child in children {
            assert_eq!(child.start, end);
            end += child.value;
            sum += child.value;
        }
        let is_leaf = frame.kind == FlameNodeKind::Other;
        assert!(is_leaf || sum == frame.value, "{sum} of {} in {frame:?}", frame.value);
    }
}

proptest! {
    #[test]
    fn totals_add_up_exactly(text in profile(), max_nodes in 0usize..30, min_share in 0.0f64..0.2) {
        let index = index(&text);
        let total = index.total(None).unwrap();
        let table = index.subsystems(&SubsystemQuery::default()).unwrap();
        prop_assert_eq!(table.total, total);
        prop_assert_eq!(table.rows.iter().map(|row| row.value).sum::<i64>(), total);

        let tree = index.icicle(&FlameQuery { max_nodes, min_share, ..FlameQuery::default() }).unwrap();
        prop_assert_eq!(tree.nodes[0].value, total);
        let frames = tree.nodes.iter().filter(|node| ![FlameNodeKind::Root, FlameNodeKind::Other].contains(&node.kind));
        prop_assert!(frames.count() <= max_nodes);
        assert_adds_up(&tree);

        for row in &table.rows {
            // The table of one subsystem, and its zoomed icicle, hold what the first table says it holds.
            let subsystem = Some(row.subsystem.clone());
            let page = index.query(&HeapQuery { subsystem, sort: HeapSort::Name, ..HeapQuery::default() }).unwrap();
            prop_assert_eq!(page.rows.iter().map(|function| function.flat).sum::<i64>(), row.value);
            prop_assert_eq!(page.counted, row.value);
            let path = vec![row.subsystem.clone()];
            prop_assert_eq!(index.icicle(&FlameQuery { path, ..FlameQuery::default() }).unwrap().nodes[0].value, row.value);
        }
    }
}
