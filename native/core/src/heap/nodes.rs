//! Functions merged by name: the rows of every table.

use std::collections::HashMap;

use stallscope_pprof::{Location, Profile};

use super::names::{display_name, package};

/// One row of the tables: all functions with this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub name: String,
    pub package: String,
    pub file: String,
    pub line: i64,
}

/// What makes two frames the same row. Frames without a function are told apart as pprof does it.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Function(String),
    Unnamed { object_file: String, start_line: i64 },
}

/// The nodes and which of them each location stands for.
pub(crate) struct Nodes {
    pub list: Vec<Node>,
    /// Per location its only node, or `MANY | i`: then `spans[i]` of `inlined`.
    of_location: Vec<u32>,
    spans: Vec<(u32, u32)>,
    inlined: Vec<u32>,
}

/// Most locations are one function; only those with inlined calls take the longer way.
const MANY: u32 = 1 << 31;

impl Nodes {
    pub(crate) fn new(profile: &Profile) -> Self {
        let functions = profile.functions.len();
        let mut builder = Builder {
            profile,
            keys: HashMap::with_capacity(functions),
            list: Vec::with_capacity(functions),
            named: vec![None; functions],
        };
        let mut nodes =
            Self { list: Vec::new(), of_location: Vec::new(), spans: Vec::new(), inlined: Vec::new() };
        for location in &profile.locations {
            let lines = profile.lines_of(location);
            let entry = match lines {
                [] => builder.unnamed(location, 0),
                [line] => builder.of_function(location, line.function, line.line),
                lines => {
                    let start = nodes.inlined.len() as u32;
                    for line in lines {
                        nodes.inlined.push(builder.of_function(location, line.function, line.line));
                    }
                    nodes.spans.push((start, nodes.inlined.len() as u32));
                    MANY | (nodes.spans.len() as u32 - 1)
                }
            };
            nodes.of_location.push(entry);
        }
        nodes.list = builder.list;
        nodes
    }

    /// The nodes of a location, innermost inlined call first; never empty.
    #[inline]
    pub(crate) fn at(&self, location: u32) -> &[u32] {
        let entry = &self.of_location[location as usize];
        if entry & MANY == 0 {
            std::slice::from_ref(entry)
        } else {
            let (start, end) = self.spans[(entry & !MANY) as usize];
            &self.inlined[start as usize..end as usize]
        }
    }
}

struct Builder<'a> {
    profile: &'a Profile,
    keys: HashMap<Key, u32>,
    list: Vec<Node>,
    /// The node of each named function, once it is known.
    named: Vec<Option<u32>>,
}

impl Builder<'_> {
    fn of_function(&mut self, location: &Location, function_index: u32, line: i64) -> u32 {
        if let Some(node) = self.named[function_index as usize] {
            return node;
        }
        let profile = self.profile;
        let function = &profile.functions[function_index as usize];
        let name = display_name(profile.text(function.name), profile.text(function.system_name));
        if name.is_empty() {
            return self.unnamed(location, function.start_line);
        }
        let first_line = if function.start_line > 0 { function.start_line } else { line };
        let node = Node {
            package: package(&name),
            file: profile.text(function.file).to_owned(),
            line: first_line,
            name: name.clone(),
        };
        let index = self.intern(Key::Function(name), node);
        self.named[function_index as usize] = Some(index);
        index
    }

    fn unnamed(&mut self, location: &Location, start_line: i64) -> u32 {
        let object_file = location
            .mapping
            .map_or("", |mapping| self.profile.text(self.profile.mappings[mapping as usize].file));
        let name = match object_file.trim_end_matches('/').rsplit('/').next() {
            Some(base) if !base.is_empty() => format!("[{base}]"),
            _ => "<unknown>".to_owned(),
        };
        let node = Node { name, package: String::new(), file: String::new(), line: 0 };
        self.intern(Key::Unnamed { object_file: object_file.to_owned(), start_line }, node)
    }

    fn intern(&mut self, key: Key, node: Node) -> u32 {
        let list = &mut self.list;
        *self.keys.entry(key).or_insert_with(|| {
            list.push(node);
            list.len() as u32 - 1
        })
    }
}
