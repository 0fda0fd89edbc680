//! How types and fields are called for people: as in the source, without what the runtime makes of maps.

use crate::symbols::{Kind, TypeId, Types};
use crate::typing::ObjectType;

/// What nobody could tell the type of.
pub const UNKNOWN: &str = "unknown";

/// Structs and arrays within each other.
const DEEPEST: usize = 64;

/// The name of an object's type.
pub fn of_object(types: &Types, object_type: ObjectType) -> String {
    let Some(id) = object_type.element() else { return UNKNOWN.to_owned() };
    let name = &*types.get(id).name;
    match part_of_map(name) {
        Some((map, Part::Header)) => map,
        Some((map, Part::Entries)) => format!("{map} (entries)"),
        Some((map, Part::Directory)) => format!("{map} (directory)"),
        None => match name.strip_prefix("*table<").or_else(|| name.strip_prefix("**table<")) {
            Some(parameters) => {
                format!("{} (directory)", map_of(parameters.trim_end_matches('>')).unwrap_or_default())
            }
            _ if name == crate::typing::TEXT => name.to_owned(),
            _ if object_type.is_row() => format!("[]{name}"),
            _ => name.to_owned(),
        },
    }
}

/// The parts that a map is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What a variable of a map type points at.
    Header,
    /// Its keys and elements.
    Entries,
    /// What leads from one to the other.
    Directory,
}

/// Which part of which map a type is, by the names that compiler and linker give them.
pub fn part_of_map(name: &str) -> Option<(String, Part)> {
    let made = [
        ("map<", Part::Header),
        ("hash<", Part::Header),
        ("table<", Part::Directory),
        ("group<", Part::Entries),
        ("bucket<", Part::Entries),
    ];
    for (prefix, part) in made {
        if let Some(parameters) = name.strip_prefix(prefix) {
            return Some((map_of(parameters.strip_suffix('>')?)?, part));
        }
    }
    let name = name.strip_prefix("noalg.").unwrap_or(name);
    for (prefix, part) in
        [("map.group[", Part::Entries), ("map.bucket[", Part::Entries), ("map.hdr[", Part::Header)]
    {
        if let Some(rest) = name.strip_prefix(prefix) {
            return Some((format!("map[{rest}"), part));
        }
    }
    None
}

/// `K,V` as `map[K]V`.
fn map_of(parameters: &str) -> Option<String> {
    let mut depth = 0_i32;
    for (index, character) in parameters.char_indices() {
        match character {
            '[' | '(' | '{' | '<' => depth += 1,
            ']' | ')' | '}' | '>' => depth -= 1,
            ',' if depth == 0 => {
                return Some(format!("map[{}]{}", &parameters[..index], &parameters[index + 1..]));
            }
            _ => {}
        }
    }
    None
}

/// The last part of each import path only: `cache.Snapshot`.
pub fn short(name: &str) -> String {
    let mut short = String::with_capacity(name.len());
    let mut word = String::new();
    for character in name.chars() {
        match character {
            '/' => word.clear(),
            '[' | ']' | '(' | ')' | '{' | '}' | ',' | ' ' | '*' | ';' => {
                short.push_str(&word);
                word.clear();
                short.push(character);
            }
            _ => word.push(character),
        }
    }
    short.push_str(&word);
    short
}

/// How the pointer at an offset of an object is called: `.views[3].snapshot`. Empty for a pointer that is all of a value, and
/// within the parts of a map, where only its entries are told.
pub fn step(types: &Types, object_type: ObjectType, offset: u64, index: Index) -> String {
    let Some(id) = object_type.element() else { return String::new() };
    let described = types.get(id);
    let part = part_of_map(&described.name);
    let offset = match (object_type.is_row(), described.size) {
        (true, size) if size > 0 => offset % size,
        _ => offset,
    };
    match part {
        Some((_, Part::Header | Part::Directory)) => String::new(),
        Some((_, Part::Entries)) => entry(types, id, offset),
        None if described.name.starts_with("*table<") => String::new(),
        None if described.name.starts_with("hchan<")
            && types.field_at(id, offset).is_some_and(|(field, _)| &*field.name == "buf") =>
        {
            String::new()
        }
        None if described.name.starts_with("internal/sync.")
            || described.name.starts_with("go.shape.struct { internal/sync.") =>
        {
            concurrent_map(types, id, &described.name, offset)
        }
        None => {
            let mut text = String::new();
            if object_type.is_row() {
                text.push_str(&index.text());
            }
            path(types, id, offset, index, 0, &mut text);
            text
        }
    }
}

/// Whether the place in a row is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// `[…]`: several.
    Any,
    /// `[3]`.
    At(u64),
}

impl Index {
    fn text(self) -> String {
        match self {
            Self::Any => "[…]".to_owned(),
            Self::At(index) => format!("[{index}]"),
        }
    }
}

/// Within the entries of a map.
fn entry(types: &Types, group: TypeId, offset: u64) -> String {
    let mut text = "[…]".to_owned();
    let Some((field, into)) = types.field_at(group, offset) else { return text };
    match &*field.name {
        // Since Go 1.24: eight slots, each a key and an element.
        "slots" => {
            let Kind::Array(slot, _) = types.get(field.type_id).kind else { return text };
            let into = into % types.get(slot).size.max(1);
            let Some((part, into)) = types.field_at(slot, into) else { return text };
            if &*part.name == "key" {
                text.push_str(" (key)");
            }
            path(types, part.type_id, into, Index::Any, 0, &mut text);
        }
        // Before: eight keys, eight values.
        "keys" | "values" | "elems" => {
            let Kind::Array(element, _) = types.get(field.type_id).kind else { return text };
            if &*field.name == "keys" {
                text.push_str(" (key)");
            }
            path(types, element, into % types.get(element).size.max(1), Index::Any, 0, &mut text);
        }
        _ => text.clear(),
    }
    text
}

/// Within the tree that a `sync.Map` and the like are since Go 1.24: only keys and elements are told.
fn concurrent_map(types: &Types, id: TypeId, name: &str, offset: u64) -> String {
    let mut text = String::new();
    let Some((field, into)) = types.field_at(id, offset).filter(|_| name.starts_with("internal/sync.entry["))
    else {
        return text;
    };
    match &*field.name {
        "key" => text.push_str("[…] (key)"),
        "value" => text.push_str("[…]"),
        _ => return text,
    }
    path(types, field.type_id, into, Index::Any, 0, &mut text);
    text
}

/// Fields that are how a type works, not what it has.
fn is_silent(type_name: &str, field: &str) -> bool {
    match type_name {
        // Before Go 1.24: two maps of entries that lead to elements.
        "sync.Map" => matches!(field, "m" | "_" | "read" | "dirty"),
        "sync.readOnly" => field == "m",
        "sync.entry" => field == "p",
        _ => {
            type_name.starts_with("sync/atomic.") && field == "v"
                || type_name.starts_with("internal/sync.HashTrieMap[")
        }
    }
}

/// Goes down through structs and arrays to a pointer.
fn path(types: &Types, id: TypeId, offset: u64, index: Index, depth: usize, text: &mut String) {
    if depth > DEEPEST {
        return;
    }
    match &types.get(id).kind {
        Kind::Struct(_) => {
            let Some((field, into)) = types.field_at(id, offset) else { return };
            // A wrapper of one pointer is the pointer: `atomic.Pointer`.
            if !is_silent(&types.get(id).name, &field.name) {
                text.push('.');
                text.push_str(field.name.rsplit('.').next().unwrap_or(&field.name).trim_start_matches('&'));
            }
            path(types, field.type_id, into, index, depth + 1, text);
        }
        Kind::Array(element, count) => {
            let size = types.get(*element).size.max(1);
            let at = match index {
                Index::At(_) if *count > 1 => Index::At(offset / size),
                Index::At(_) => Index::At(0),
                Index::Any => Index::Any,
            };
            text.push_str(&at.text());
            path(types, *element, offset % size, index, depth + 1, text);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_maps_are_called_as_in_the_source() {
        let part = part_of_map;
        assert_eq!(part("map<string,int>"), Some(("map[string]int".into(), Part::Header)));
        assert_eq!(part("group<string,map[a]b>"), Some(("map[string]map[a]b".into(), Part::Entries)));
        assert_eq!(
            part("table<x.G[int,string],struct { A, B int }>"),
            Some(("map[x.G[int,string]]struct { A, B int }".into(), Part::Directory))
        );
        assert_eq!(
            part("noalg.map.group[go/ast.Expr]go/types.T"),
            Some(("map[go/ast.Expr]go/types.T".into(), Part::Entries))
        );
        assert_eq!(part("bucket<int,*main.T>"), Some(("map[int]*main.T".into(), Part::Entries)));
        assert_eq!(part("main.group<int"), None);
        assert_eq!(part("group<int>"), None);
    }

    #[test]
    fn a_short_name_keeps_the_package() {
        assert_eq!(short("golang.org/x/tools/gopls/internal/cache.Snapshot"), "cache.Snapshot");
        assert_eq!(short("map[go/ast.Expr]*go/types.T[a/b.C,d/e.F]"), "map[ast.Expr]*types.T[b.C,e.F]");
        assert_eq!(short("struct { a/b.C; D int }"), "struct { b.C; D int }");
    }
}
