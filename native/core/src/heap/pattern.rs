//! Which functions a rule names, in the words of Go itself: packages, types, functions.

use std::collections::HashMap;

use crate::heap::names::package;

/// What a pattern names, from the most to the least exact; the most exact one that fits a function counts.
///
/// | text | names |
/// | --- | --- |
/// | `go/types.(*Checker)` | the methods of a type, and the functions inside them |
/// | `go/types.(*Checker).expr`, `os.ReadFile` | one function, and the functions inside it |
/// | `*.init` | the function `init` (`init.0`, …) of every package, but not what is inside it: that runs later |
/// | `go/types` | every function of this package |
/// | `go/doc/...` | every function of this package and of those below it |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named<'a> {
    Member { package: &'a str, member: &'a str },
    Initialiser { member: &'a str },
    Package(&'a str),
    Below(&'a str),
}

impl<'a> Named<'a> {
    /// `None` when the text is no pattern.
    fn parse(text: &'a str) -> Option<Self> {
        if text.is_empty() || text.contains(char::is_whitespace) {
            return None;
        }
        if let Some(root) = text.strip_suffix("/...") {
            return (!root.is_empty() && member_of(root).is_none()).then_some(Self::Below(root));
        }
        if let Some(member) = text.strip_prefix("*.") {
            return matches!(member, "init" | "map.init").then_some(Self::Initialiser { member });
        }
        if text.contains("...") || text.contains(['[', '*']) && !text.contains("(*") {
            return None;
        }
        match member_of(text) {
            Some(member) if member.is_empty() || member.ends_with('.') => None,
            Some(member) => {
                let package = &text[..text.len() - member.len() - 1];
                (!package.is_empty()).then_some(Self::Member { package, member })
            }
            None => Some(Self::Package(text)),
        }
    }
}

/// What follows the package in a name, `(*Checker).expr` in `go/types.(*Checker).expr`; `None` for a package alone.
fn member_of(name: &str) -> Option<&str> {
    let plain = &name[..name.find(['[', '(']).unwrap_or(name.len())];
    let last_element = plain.rfind('/').map_or(0, |slash| slash + 1);
    let dot = plain[last_element..].find('.')?;
    Some(&name[last_element + dot + 1..])
}

/// Values by pattern, to be looked up by function name.
#[derive(Debug)]
pub(crate) struct Patterns<T> {
    members: HashMap<String, Vec<(String, T)>>,
    initialisers: Vec<(String, T)>,
    packages: HashMap<String, T>,
    below: HashMap<String, T>,
}

impl<T> Default for Patterns<T> {
    fn default() -> Self {
        Self {
            members: HashMap::new(),
            initialisers: Vec::new(),
            packages: HashMap::new(),
            below: HashMap::new(),
        }
    }
}

/// Why a pattern was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Malformed,
    Twice,
}

impl<T> Patterns<T> {
    pub(crate) fn insert(&mut self, text: &str, value: T) -> Result<(), Refused> {
        let list = match Named::parse(text).ok_or(Refused::Malformed)? {
            Named::Package(package) => return insert_once(&mut self.packages, package, value),
            Named::Below(root) => return insert_once(&mut self.below, root, value),
            Named::Member { package, member } => {
                let list = self.members.entry(package.to_owned()).or_default();
                (list, member)
            }
            Named::Initialiser { member } => (&mut self.initialisers, member),
        };
        let (list, member) = list;
        if list.iter().any(|(known, _)| known == member) {
            return Err(Refused::Twice);
        }
        list.push((member.to_owned(), value));
        Ok(())
    }

    /// The value of the most exact pattern that names this function.
    pub(crate) fn of(&self, function: &str) -> Option<&T> {
        let package = package(function);
        let member = without_type_arguments(member_of(function).unwrap_or_default());
        let by_member = || {
            let fitting = self.members.get(&package)?.iter().filter(|(named, _)| is_in(&member, named));
            fitting.max_by_key(|(named, _)| named.len()).map(|(_, value)| value)
        };
        let by_initialiser = || {
            let fits = |named: &str| {
                let number = member.strip_prefix(named).map(|rest| rest.strip_prefix('.').unwrap_or(rest));
                number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
            };
            self.initialisers.iter().find(|(named, _)| fits(named)).map(|(_, value)| value)
        };
        let by_parent = || {
            let mut at = Some(package.as_str());
            while let Some(parent) = at {
                if let Some(value) = self.below.get(parent) {
                    return Some(value);
                }
                at = parent.rfind('/').map(|slash| &parent[..slash]);
            }
            None
        };
        by_member().or_else(by_initialiser).or_else(|| self.packages.get(&package)).or_else(by_parent)
    }
}

fn insert_once<T>(map: &mut HashMap<String, T>, key: &str, value: T) -> Result<(), Refused> {
    if map.contains_key(key) {
        return Err(Refused::Twice);
    }
    map.insert(key.to_owned(), value);
    Ok(())
}

/// Whether a member is the named one, or within it: a method of a type, a function inside of a function.
fn is_in(member: &str, named: &str) -> bool {
    member.strip_prefix(named).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
}

/// `(*cache).get` of `(*cache[go.shape.string,go.shape.int]).get`.
fn without_type_arguments(member: &str) -> String {
    let mut depth = 0usize;
    let mut kept = String::with_capacity(member.len());
    for character in member.chars() {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(character),
            _ => {}
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn patterns(texts: &[&'static str]) -> Patterns<&'static str> {
        let mut patterns = Patterns::default();
        texts.iter().for_each(|text| patterns.insert(text, *text).unwrap());
        patterns
    }

    #[test]
    fn the_most_exact_pattern_counts() {
        let all = patterns(&[
            "*.init",
            "a.com/x/...",
            "a.com/x/y",
            "a.com/x/y.(*T)",
            "a.com/x/y.(*T).Load",
            "a.com/x/y.load",
            "a.com/x/y/deep/...",
        ]);
        for (function, expected) in [
            ("a.com/x.f", Some("a.com/x/...")),
            ("a.com/x/other.f", Some("a.com/x/...")),
            ("a.com/x/y.f", Some("a.com/x/y")),
            ("a.com/x/y.(*T).Get", Some("a.com/x/y.(*T)")),
            ("a.com/x/y.(*T[go.shape.string]).Load.func1", Some("a.com/x/y.(*T).Load")),
            ("a.com/x/y.(*T).LoadAll", Some("a.com/x/y.(*T)")),
            ("a.com/x/y.load-range1", Some("a.com/x/y.load")),
            ("a.com/x/y.load[go.shape.int]", Some("a.com/x/y.load")),
            ("a.com/x/y.loader", Some("a.com/x/y")),
            ("a.com/x/y/deep/er.f", Some("a.com/x/y/deep/...")),
            ("a.com/xyz.f", None),
            ("memcpy", None),
        ] {
            assert_eq!(all.of(function).copied(), expected, "{function}");
        }
    }

    #[test]
    fn an_initialiser_is_not_what_was_written_inside_it() {
        let all = patterns(&["*.init", "*.map.init", "a.com/x"]);
        for (function, expected) in [
            ("a.com/x.init", "*.init"),
            ("a.com/x.init.0", "*.init"),
            ("a.com/x.map.init.1", "*.map.init"),
            ("a.com/x.init.func1", "a.com/x"),
            ("a.com/x.initialise", "a.com/x"),
        ] {
            assert_eq!(all.of(function).copied(), Some(expected), "{function}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused_and_nothing_is_named_twice() {
        for text in ["", "*", "...", "/...", "*.Foo", "go/types.", "go/*/x", "a b", "go/types.X/...", ".x"] {
            assert_eq!(Patterns::default().insert(text, ()), Err(Refused::Malformed), "{text:?}");
        }
        let mut all = patterns(&["go/ast", "go/ast/...", "go/ast.Walk"]);
        for text in ["go/ast", "go/ast/...", "go/ast.Walk"] {
            assert_eq!(all.insert(text, ""), Err(Refused::Twice), "{text}");
        }
    }
}
