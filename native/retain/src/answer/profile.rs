//! A heap as a profile that `go tool pprof` reads: instead of the calls that allocated an object, each sample has the chain
//! that holds it, from its root.

use std::collections::HashMap;

use stallscope_pprof::{Function, Line, Location, Parts, Profile, StringId, ValueType};

use crate::analysis::Analysis;

use super::holders::Holders;
use super::names;

/// The profile. Its values are objects and bytes; what a frame adds up to is what that link of the chain holds.
pub fn profile(analysis: &Analysis, holders: &Holders) -> Result<Profile, stallscope_pprof::Error> {
    let mut frames = Frames::default();
    let mut parts = Parts::default();
    let empty = parts.strings.push("");
    let kinds = [("objects", "count"), ("space", "bytes")];
    parts.sample_types = kinds
        .map(|(kind, unit)| ValueType { kind: parts.strings.push(kind), unit: parts.strings.push(unit) })
        .to_vec();
    parts.default_sample_type = parts.sample_types[1].kind;
    let mut stack = Vec::new();
    for (way, (objects, bytes)) in holders.by_way(analysis) {
        stack.clear();
        let mut root = None;
        for step in holders.steps(way) {
            let name = names::of_object(&analysis.types, step.leads_to);
            stack.push(frames.get(&mut parts, [step.text, &name].join(" ").trim_start()));
            root = Some(step.root);
        }
        if let Some(root) = root {
            let root = &analysis.roots[root as usize];
            let kind = super::holders::RootName::of(root).kind;
            stack.push(frames.get(&mut parts, &format!("{kind} {}", root.name)));
        }
        parts.samples.push(&[objects.cast_signed(), bytes.cast_signed()], &stack, &[]);
    }
    debug_assert_eq!(empty, StringId(0));
    Profile::new(parts)
}

#[derive(Default)]
struct Frames(HashMap<String, u32>);

impl Frames {
    fn get(&mut self, parts: &mut Parts, name: &str) -> u32 {
        if let Some(known) = self.0.get(name) {
            return *known;
        }
        let text = parts.strings.push(name);
        let (function, line, location) =
            (parts.functions.len() as u32, parts.lines.len() as u32, parts.locations.len() as u32);
        parts.functions.push(Function { name: text, system_name: text, ..Function::default() });
        parts.lines.push(Line { function, ..Line::default() });
        parts.locations.push(Location { first_line: line, line_count: 1, ..Location::default() });
        self.0.insert(name.to_owned(), location);
        location
    }
}
