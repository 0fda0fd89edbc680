//! Build constraints: which files are left out, and whether another system or a tag of one's own would bring them in.
//!
//! For another system gopls makes a view by itself when such a file is opened. Tags of one's own it must be told.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::facts::Facts;
use crate::finding::{Confidence, Finding};
use crate::place::Place;

/// Fewer files behind a tag are not told.
const FEW_FILES: usize = 3;
/// So many files for other systems, and such a share of all, are told.
const MANY_PORT_FILES: usize = 50;
const MANY_PORT_PERCENT: u64 = 20;
const MOST_NAMED: usize = 5;
/// A longer constraint is not understood.
const MOST_CONSTRAINT_BYTES: usize = 2_000;
const MOST_DEPTH: u32 = 50;

const SYSTEMS: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "wasip1",
    "windows",
    "zos",
];
const NOT_UNIX: &[&str] = &["js", "nacl", "plan9", "wasip1", "windows", "zos"];
const PROCESSORS: &[&str] = &[
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "arm64",
    "arm64be",
    "armbe",
    "loong64",
    "mips",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "mipsle",
    "ppc",
    "ppc64",
    "ppc64le",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
];

/// A file that is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excluded {
    /// Which.
    pub path: PathBuf,
    /// What would bring it in; none where nothing that we know of does.
    pub by: Option<Port>,
}

/// What would bring a file in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Port {
    /// Another system or processor.
    Other,
    /// These tags.
    Tags(Vec<String>),
}

pub(super) fn find(facts: &Facts) -> Vec<Finding> {
    let mut by_tags: BTreeMap<&[String], Vec<&Excluded>> = BTreeMap::new();
    let mut for_ports = Vec::new();
    for file in &facts.excluded {
        match &file.by {
            Some(Port::Tags(tags)) => by_tags.entry(tags).or_default().push(file),
            Some(Port::Other) => for_ports.push(file),
            None => {}
        }
    }
    let listed: u64 = facts.packages.iter().flatten().map(|package| package.files).sum();
    let mut found = Vec::new();
    for (tags, files) in by_tags.into_iter().filter(|(_, files)| files.len() >= FEW_FILES) {
        let new = told("tags-exclude", facts, &files);
        found.push(new.with("tags", tags.join(",")));
    }
    let share = for_ports.len() as u64 * 100 / (listed + facts.excluded.len() as u64).max(1);
    if for_ports.len() >= MANY_PORT_FILES && share >= MANY_PORT_PERCENT {
        found.push(told("ports-exclude", facts, &for_ports).with("percent", share));
    }
    found
}

fn told(id: &'static str, facts: &Facts, files: &[&Excluded]) -> Finding {
    let place = Place::Folder { path: facts.folder.display().to_string() };
    let finding = Finding::new(id, Confidence::Certain, place).with("files", files.len());
    files.iter().take(MOST_NAMED).fold(finding, |finding, file| finding.seen(file.path.display().to_string()))
}

/// What would bring in a file that is left out, by its name and its beginning. `go_minor` is the 26 of Go 1.26.
pub fn constraint(name: &str, head: &str, go_minor: u32) -> Option<Port> {
    let expression = match build_line(head) {
        Some(line) => Some(Expression::parse(line)?),
        None => None,
    };
    let fits = |custom: &dyn Fn(&str) -> bool| {
        SYSTEMS.iter().any(|system| {
            PROCESSORS.iter().any(|processor| {
                name_fits(name, system, processor)
                    && expression.as_ref().is_none_or(|expression| {
                        expression.holds(&|tag| is_true(tag, system, processor, go_minor, custom))
                    })
            })
        })
    };
    if fits(&|_| false) {
        // A name or an expression must say so: a file that imports C is left out for another reason.
        let is_constrained =
            expression.is_some() || SYSTEMS.iter().any(|system| !name_fits(name, system, "amd64"));
        return is_constrained.then_some(Port::Other);
    }
    let mut tags = Vec::new();
    expression.as_ref()?.tags(&mut tags);
    tags.retain(|tag| !is_known(tag));
    tags.sort();
    tags.dedup();
    if let Some(one) = tags.iter().find(|one| fits(&|tag| tag == one.as_str())) {
        return (one != "ignore").then(|| Port::Tags(vec![one.clone()]));
    }
    let all = fits(&|tag| tags.iter().any(|one| one == tag)) && !tags.iter().any(|tag| tag == "ignore");
    all.then_some(Port::Tags(tags))
}

fn is_known(tag: &str) -> bool {
    SYSTEMS.contains(&tag)
        || PROCESSORS.contains(&tag)
        || matches!(tag, "unix" | "cgo" | "gc" | "gccgo" | "race" | "msan" | "asan")
        || go_release(tag).is_some()
        // The toolchain sets these, not a flag.
        || tag.starts_with("goexperiment.")
        || tag.starts_with("fips140v")
        || tag == "boringcrypto"
}

fn go_release(tag: &str) -> Option<u32> {
    tag.strip_prefix("go1.")?.parse().ok()
}

fn is_true(tag: &str, system: &str, processor: &str, go_minor: u32, custom: &dyn Fn(&str) -> bool) -> bool {
    let implied = matches!((system, tag), ("android", "linux") | ("illumos", "solaris") | ("ios", "darwin"));
    match tag {
        "unix" => !NOT_UNIX.contains(&system),
        "cgo" | "gc" => true,
        _ if tag == system || tag == processor || implied => true,
        _ if is_known(tag) => go_release(tag).is_some_and(|minor| minor <= go_minor),
        _ => custom(tag),
    }
}

/// Whether a file of this name counts there: `x_linux.go`, `x_windows_amd64_test.go`.
fn name_fits(name: &str, system: &str, processor: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    // What stands before the first underscore says nothing.
    let Some((_, rest)) = stem.split_once('_') else { return true };
    let rest = rest.strip_suffix("_test").unwrap_or(if rest == "test" { "" } else { rest });
    let parts: Vec<&str> = rest.split('_').collect();
    let fits = |tag: &str| is_true(tag, system, processor, 0, &|_| false);
    match parts.as_slice() {
        [.., os, arch] if SYSTEMS.contains(os) && PROCESSORS.contains(arch) => fits(os) && fits(arch),
        [.., last] if SYSTEMS.contains(last) || PROCESSORS.contains(last) => fits(last),
        _ => true,
    }
}

/// The constraint of a file: a line among the comments before `package`.
fn build_line(head: &str) -> Option<&str> {
    let mut is_comment = false;
    for line in head.lines().map(str::trim) {
        if is_comment {
            is_comment = !line.contains("*/");
        } else if let Some(rest) = line.strip_prefix("//go:build") {
            return Some(rest);
        } else if line.starts_with("/*") {
            is_comment = !line.contains("*/");
        } else if !line.is_empty() && !line.starts_with("//") {
            return None;
        }
    }
    None
}

/// `(a || b) && !c`
#[derive(Debug)]
enum Expression {
    Tag(String),
    Not(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
}

impl Expression {
    fn parse(text: &str) -> Option<Self> {
        let text = text.split("//").next().unwrap_or_default();
        let mut rest = text.get(..MOST_CONSTRAINT_BYTES).map_or(text, |_| "");
        let whole = Self::either(&mut rest, 0)?;
        rest.trim().is_empty().then_some(whole)
    }

    fn either(rest: &mut &str, depth: u32) -> Option<Self> {
        let mut left = Self::both(rest, depth)?;
        while taken(rest, "||") {
            left = Self::Or(Box::new(left), Box::new(Self::both(rest, depth)?));
        }
        Some(left)
    }

    fn both(rest: &mut &str, depth: u32) -> Option<Self> {
        let mut left = Self::one(rest, depth)?;
        while taken(rest, "&&") {
            left = Self::And(Box::new(left), Box::new(Self::one(rest, depth)?));
        }
        Some(left)
    }

    fn one(rest: &mut &str, depth: u32) -> Option<Self> {
        if depth > MOST_DEPTH {
            return None;
        }
        if taken(rest, "!") {
            return Some(Self::Not(Box::new(Self::one(rest, depth + 1)?)));
        }
        if taken(rest, "(") {
            let inner = Self::either(rest, depth + 1)?;
            return taken(rest, ")").then_some(inner);
        }
        let text = rest.trim_start();
        let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(text.len());
        let (tag, after) = text.split_at(end);
        *rest = after;
        (!tag.is_empty()).then(|| Self::Tag(tag.to_owned()))
    }

    fn holds(&self, is_true: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Self::Tag(tag) => is_true(tag),
            Self::Not(inner) => !inner.holds(is_true),
            Self::And(a, b) => a.holds(is_true) && b.holds(is_true),
            Self::Or(a, b) => a.holds(is_true) || b.holds(is_true),
        }
    }

    fn tags(&self, into: &mut Vec<String>) {
        match self {
            Self::Tag(tag) => into.push(tag.clone()),
            Self::Not(inner) => inner.tags(into),
            Self::And(a, b) | Self::Or(a, b) => {
                a.tags(into);
                b.tags(into);
            }
        }
    }
}

fn taken(rest: &mut &str, sign: &str) -> bool {
    let after = rest.trim_start().strip_prefix(sign);
    if let Some(after) = after {
        *rest = after;
    }
    after.is_some()
}
