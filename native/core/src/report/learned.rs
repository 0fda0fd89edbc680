//! Modules that an incident names without being asked: the packages of a wait, the arguments of a `go list`, files in the
//! module cache. Not all of them are in the workspace, whose `go.mod` files name only its own.

use std::collections::BTreeSet;

/// gopls is made of these: hiding them would only spoil the profile of a public program.
const OF_GOPLS: &[&str] = &["golang.org/", "honnef.co/go/tools", "mvdan.cc/"];
/// Where the third element of a path still belongs to the name of the module.
const HOSTS_WITH_OWNERS: &[&str] = &["github.com", "gitlab.com", "bitbucket.org", "codeberg.org"];
/// Before it stands the module cache, behind it `module@version`.
const MODULE_CACHE: &str = "/pkg/mod/";
/// More are not remembered.
const MOST: usize = 1_000;

/// Paths of modules, learned from texts.
#[derive(Debug, Default)]
pub struct LearnedModules(BTreeSet<String>);

impl LearnedModules {
    /// Learns from a text.
    pub fn read(&mut self, text: &str) {
        let words = text.split(|letter: char| {
            letter.is_whitespace()
                || matches!(letter, '"' | '\'' | '`' | ',' | ';' | '=' | '(' | ')' | '[' | ']' | '{' | '}')
        });
        for word in words {
            let module = match word.split_once(MODULE_CACHE) {
                Some((_, below)) => cached_module(below),
                None => import_path_module(word),
            };
            if let Some(module) = module.filter(|module| !is_of_gopls(module))
                && self.0.len() < MOST
            {
                self.0.insert(module);
            }
        }
    }

    /// What was learned, without what lies in one of these.
    pub fn beside(self, known: &[String]) -> impl Iterator<Item = String> {
        let covered = |module: &str| {
            known.iter().any(|known| {
                module.strip_prefix(&**known).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        };
        self.0.into_iter().filter(move |module| !covered(module))
    }
}

/// `!acme/plan@v1.2.0/a.go`
fn cached_module(below: &str) -> Option<String> {
    let (escaped, _) = below.split_once('@')?;
    let mut module = String::with_capacity(escaped.len());
    let mut letters = escaped.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '!' => module.push(letters.next()?.to_ascii_uppercase()),
            _ => module.push(letter),
        }
    }
    is_import_path(&module).then_some(module)
}

/// The beginning of an import path that names whose it is.
fn import_path_module(word: &str) -> Option<String> {
    let path = word.trim_end_matches("/...");
    if !is_import_path(path) {
        return None;
    }
    let host = path.split('/').next()?;
    let elements = if HOSTS_WITH_OWNERS.contains(&host) { 3 } else { 2 };
    Some(path.split('/').take(elements).collect::<Vec<_>>().join("/"))
}

/// Whether it is one of a module that can be downloaded: the standard library has no dot in its first element.
fn is_import_path(path: &str) -> bool {
    let is_element = |element: &str| {
        !element.is_empty()
            && !element.starts_with('.')
            && element.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'~'))
    };
    let host = |element: &str| {
        element.contains('.') && !element.ends_with('.') && element.bytes().any(|b| b.is_ascii_alphabetic())
    };
    path.contains('/') && path.split('/').all(is_element) && path.split('/').next().is_some_and(host)
}

fn is_of_gopls(module: &str) -> bool {
    OF_GOPLS.iter().any(|own| module.starts_with(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(text: &str) -> Vec<String> {
        let mut modules = LearnedModules::default();
        modules.read(text);
        modules.0.into_iter().collect()
    }

    #[test]
    fn modules_are_learned_wherever_they_stand() {
        for (text, expected) in [
            ("go list -e -json=Name,ImportPath example.com/secret/plan/...", "example.com/secret"),
            ("github.com/Acme/plan/internal/billing", "github.com/Acme/plan"),
            ("parse \"/home/g/go/pkg/mod/github.com/!acme/plan@v1.2.0/a.go\"", "github.com/Acme/plan"),
            ("[corp.example/lib_x corp.example/lib_x/y]", "corp.example/lib_x"),
        ] {
            assert_eq!(learned(text), [expected], "{text}");
        }
    }

    #[test]
    fn what_names_no_module_teaches_nothing() {
        for text in [
            "net/http fmt",
            "golang.org/x/tools/gopls/internal/cache",
            "file:///home/g/plan/a.go",
            "/home/g/plan.d/a.go ./a.b/c ../x.y/z",
            "1.5/2 v1.2.3",
            "text.",
        ] {
            assert_eq!(learned(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn what_lies_in_a_known_module_is_known() {
        let mut modules = LearnedModules::default();
        modules.read("example.com/a/b example.com/ab/c");
        let known = ["example.com/a".to_owned()];
        assert_eq!(modules.beside(&known).collect::<Vec<_>>(), ["example.com/ab"]);
    }
}
