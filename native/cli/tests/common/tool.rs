//! The real `go tool pprof`, with nothing left out and whole bytes.

use std::path::Path;
use std::process::Command;

/// A table as either program gives it.
#[derive(Debug, PartialEq)]
pub struct Table {
    pub total: i64,
    /// Function, flat, cum.
    pub rows: Vec<(String, i64, i64)>,
}

impl Table {
    pub fn by_name(&self) -> Vec<(String, i64, i64)> {
        let mut rows = self.rows.clone();
        rows.sort();
        rows
    }
}

/// What `-top` prints of a profile. `options` come before the files.
pub fn top(sample_type: &str, options: &[&str], files: &[&Path]) -> Table {
    let text = run("-top", sample_type, options, files);
    let summary = text.lines().find(|line| line.contains(" total")).unwrap();
    let total = number(summary.rsplit(" of ").next().unwrap().split_whitespace().next().unwrap());
    let table = text.lines().skip_while(|line| !line.trim_start().starts_with("flat")).skip(1);
    Table { total, rows: table.map(parse_row).collect() }
}

/// A function with its callers and callees, as `-peek` prints it.
#[derive(Debug, Default)]
pub struct Peeked {
    pub function: String,
    pub flat: i64,
    pub cum: i64,
    /// Function and what passes through the edge.
    pub callers: Vec<(String, i64)>,
    pub callees: Vec<(String, i64)>,
}

/// All functions of a profile.
pub fn peek(sample_type: &str, profile: &Path) -> Vec<Peeked> {
    let text = run("-peek=.", sample_type, &[], &[profile]);
    let is_line = |line: &&str| line.starts_with("-----");
    let blocks = text.lines().skip_while(|line| !line.contains("calls%")).skip(1);
    let mut functions: Vec<Peeked> = Vec::new();
    for line in blocks {
        if is_line(&line) {
            functions.push(Peeked::default());
            continue;
        }
        let here = functions.last_mut().unwrap();
        let (numbers, name) = line.split_once(" | ").unwrap();
        let numbers: Vec<&str> = numbers.split_whitespace().collect();
        match numbers[..] {
            [flat, _, _, cum, _] => {
                let function = name.trim_start().to_owned();
                (here.function, here.flat, here.cum) = (function, number(flat), number(cum));
            }
            [weight, _] => {
                let name = name.trim_start();
                let edge = (name.strip_suffix(" (inline)").unwrap_or(name).to_owned(), number(weight));
                if here.function.is_empty() { &mut here.callers } else { &mut here.callees }.push(edge);
            }
            _ => panic!("not a line of -peek: {line}"),
        }
    }
    functions.retain(|function| !function.function.is_empty());
    functions
}

fn run(report: &str, sample_type: &str, options: &[&str], files: &[&Path]) -> String {
    let mut command = Command::new("go");
    command.args(["tool", "pprof", report, "-unit=B"]);
    command.args(["-nodecount=0", "-nodefraction=0", "-edgefraction=0"]);
    command.arg(format!("-sample_index={sample_type}")).args(options).args(files);
    let output = command.output().expect("the Go toolchain is needed: its `go tool pprof` is the reference");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// `flat flat% sum% cum cum%  name`, and whether it was inlined. Names have spaces of their own.
fn parse_row(line: &str) -> (String, i64, i64) {
    let mut rest = line;
    let columns = [(); 5].map(|()| {
        rest = rest.trim_start();
        let (column, tail) = rest.split_once(' ').unwrap();
        rest = tail;
        column
    });
    let name = rest.strip_prefix(' ').unwrap();
    let name = name.strip_suffix(" (inline)").or(name.strip_suffix(" (partial-inline)")).unwrap_or(name);
    (name.to_owned(), number(columns[0]), number(columns[3]))
}

fn number(text: &str) -> i64 {
    text.trim_end_matches('B').parse().unwrap_or_else(|_| panic!("not a whole number: {text}"))
}
