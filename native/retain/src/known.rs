//! What is known of gopls's own types: which part of gopls they belong to, what they are in plain words, which of them last, and
//! which of their fields say which Go package they are about. `rules/types.json` is the data.

use serde::Deserialize;

use crate::symbols::TypeId;
use crate::symbols::Types;

const FORMAT: u32 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    types: Vec<Rule>,
}

/// A text for people, by language.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// English.
    pub en: String,
    /// Chinese; English stands for it where there is none.
    #[serde(rename = "zh-cn", default)]
    pub zh_cn: Option<String>,
}

impl Words {
    /// In a language, as editors call it: `zh-cn`.
    pub fn text(&self, language: &str) -> &str {
        self.zh_cn.as_deref().filter(|_| language.eq_ignore_ascii_case("zh-cn")).unwrap_or(&self.en)
    }
}

/// One type, or all of a package.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The full name of a type.
    #[serde(rename = "type", default)]
    pub name: Option<String>,
    /// Or the full name of a global variable.
    #[serde(default)]
    pub variable: Option<String>,
    /// Or the import path of a package: all its types and variables, and those of the packages below.
    #[serde(default)]
    pub package: Option<String>,
    /// The part of gopls, by the ids of `native/core/rules/subsystems.json`.
    pub part: String,
    /// What it is, for somebody who has never seen gopls's source.
    #[serde(default)]
    pub words: Option<Words>,
    /// Whether it stays as long as the program has work: what it holds is told as held by it, also while a goroutine that
    /// passes by has it on its stack.
    #[serde(default)]
    pub lasting: bool,
    /// The fields that lead to the import path of the Go package it is about.
    #[serde(default)]
    pub package_path: Option<String>,
    /// The number that tells instances apart.
    #[serde(default)]
    pub label: Option<String>,
}

/// The rules.
pub struct Known {
    rules: Vec<Rule>,
}

impl Known {
    /// Those that are built in.
    ///
    /// # Panics
    /// When they are damaged, which a test rules out.
    pub fn built_in() -> Self {
        Self::read(include_str!("../rules/types.json"))
            .unwrap_or_else(|error| panic!("rules/types.json: {error}"))
    }

    fn read(text: &str) -> Result<Self, String> {
        let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if file.format != FORMAT {
            return Err(format!("format {} is not known here", file.format));
        }
        let about = |rule: &&Rule| {
            let one =
                [&rule.name, &rule.variable, &rule.package].iter().filter(|name| name.is_some()).count();
            one != 1
        };
        match file.types.iter().find(about) {
            Some(rule) => Err(format!("one of `type`, `variable` and `package` is needed: {rule:?}")),
            None => Ok(Self { rules: file.types }),
        }
    }

    /// The rule for a type, by its name; what is said of the type itself counts more than what is said of its package. What a
    /// variable with a rule of its own refers to goes by the name of that.
    pub fn of(&self, name: &str) -> Option<&Rule> {
        let is = |named: &Option<String>| named.as_deref() == Some(name);
        let own = self.rules.iter().find(|rule| is(&rule.name) || is(&rule.variable));
        own.or_else(|| self.of_package(name))
    }

    /// Whether a global variable has a rule of its own.
    pub fn has_variable(&self, name: &str) -> bool {
        self.rules.iter().any(|rule| rule.variable.as_deref() == Some(name))
    }

    /// The types that last.
    pub fn lasting(&self, types: &Types) -> Vec<TypeId> {
        let lasting = self.rules.iter().filter(|rule| rule.lasting);
        lasting.filter_map(|rule| types.named(rule.name.as_deref()?)).collect()
    }

    /// The rule for a global variable, by its name with the package.
    pub fn of_variable(&self, name: &str) -> Option<&Rule> {
        let own = self.rules.iter().find(|rule| rule.variable.as_deref() == Some(name));
        own.or_else(|| self.of_package(name))
    }

    fn of_package(&self, name: &str) -> Option<&Rule> {
        let package = package_of(name)?;
        let within = |rule: &&Rule| {
            rule.package.as_deref().is_some_and(|of| {
                package == of || package.strip_prefix(of).is_some_and(|rest| rest.starts_with('/'))
            })
        };
        // The longest path is nearest.
        self.rules.iter().filter(within).max_by_key(|rule| rule.package.as_ref().map_or(0, String::len))
    }

    /// Types with a field to be read.
    pub fn read_from(&self, types: &Types) -> Vec<(TypeId, &Rule)> {
        let with_fields =
            self.rules.iter().filter(|rule| rule.package_path.is_some() || rule.label.is_some());
        with_fields.filter_map(|rule| Some((types.named(rule.name.as_deref()?)?, rule))).collect()
    }
}

/// The import path in a type's name: what is before the last dot of what is before any bracket. None for types without a
/// name of their own.
fn package_of(name: &str) -> Option<&str> {
    let name = name.strip_prefix("closure ").unwrap_or(name).trim_start_matches(['*', '[', ']']);
    let end = name.find(['[', '(', '{', ' ', '<']).unwrap_or(name.len());
    let name = &name[..end];
    // The dots of a host name come before the last slash.
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    let dot = name[last..].find('.')?;
    Some(&name[..last + dot])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_rule_counts() {
        let known = Known::built_in();
        let part = |name| known.of(name).map(|rule| rule.part.as_str());
        assert_eq!(part("golang.org/x/tools/gopls/internal/cache.Snapshot"), Some("workspace-state"));
        assert_eq!(part("golang.org/x/tools/gopls/internal/golang/completion.completer"), Some("completion"));
        assert_eq!(part("golang.org/x/tools/gopls/internal/golang.hoverResult"), Some("editor-features"));
        assert_eq!(part("go/types.Var"), Some("type-checking"));
        assert_eq!(part("go/typesetting.Var"), None);
        assert_eq!(part("[]*go/ast.Ident"), Some("parsing"));
        assert_eq!(part("closure golang.org/x/tools/go/packages.Load.func1"), Some("metadata"));
        assert_eq!(part("map[string]int"), None);
    }

    #[test]
    fn a_package_ends_where_the_name_begins() {
        assert_eq!(package_of("golang.org/x/tools/a.B[c/d.E]"), Some("golang.org/x/tools/a"));
        assert_eq!(package_of("runtime.g"), Some("runtime"));
        assert_eq!(package_of("int"), None);
    }

    #[test]
    fn every_word_has_its_chinese() {
        let known = Known::built_in();
        let words: Vec<&Words> = known.rules.iter().filter_map(|rule| rule.words.as_ref()).collect();
        assert!(words.len() > 20);
        for words in words {
            let chinese = words.text("zh-cn");
            assert!(chinese.chars().any(|c| ('\u{4e00}'..'\u{a000}').contains(&c)), "{}", words.en);
            assert_eq!(words.text("ZH-CN"), chinese, "as editors may write it");
            assert_eq!(words.text("de"), words.en);
        }
    }

    #[test]
    fn what_a_variable_refers_to_goes_by_its_name() {
        let known = Known::built_in();
        let ballast = "golang.org/x/tools/gopls/internal/cache.ballast";
        assert!(known.has_variable(ballast));
        assert_eq!(known.of(ballast).map(|rule| rule.part.as_str()), Some("ballast"));
        assert!(!known.has_variable("golang.org/x/tools/gopls/internal/cache.other"));
    }

    #[test]
    fn a_rule_is_about_a_type_or_a_package() {
        assert!(Known::read(r#"{"format": 1, "types": [{"part": "x"}]}"#).is_err());
        assert!(Known::read(r#"{"format": 2, "types": []}"#).is_err());
    }
}
