//! What we know of settings by heart, where nobody here can be asked: those of the Go extension, and names that gopls had once
//! or knows without naming them.
//!
//! `rules/known-settings.json` is written from the history of both projects. `known` are the extension's settings with the
//! JSON types it takes and whether they are for the `window`, a `folder` or the `machine`; `gone` were dropped with the
//! version `since`; `never` never existed but are advised; `hidden` are options that gopls takes and does not list.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use stallscope_core::rule_file::{Fields, RuleError, problem, text};

const FILE: &[u8] = include_bytes!("../../rules/known-settings.json");
const FORMAT: u64 = 1;
const MAX_NAMES: usize = 1_000;
const MAX_NAME_CHARS: usize = 120;
const MAX_TYPES: usize = 6;

/// A setting of the Go extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtensionSetting {
    /// What it takes, as JSON schemas name it: `boolean`, `array`.
    pub types: Vec<String>,
    /// Whether it is one for the whole window, which no folder can set.
    pub is_for_window: bool,
    /// Whether the extension calls it deprecated.
    pub is_deprecated: bool,
}

/// A name that once meant something, or does not yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Former {
    /// Since which version it is so.
    pub since: Option<String>,
    /// What does the same now.
    pub instead: Option<String>,
}

/// The settings of the Go extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// Those that are there.
    pub known: BTreeMap<String, ExtensionSetting>,
    /// Those that are not there any more.
    pub gone: BTreeMap<String, Former>,
    /// Those that never were.
    pub never: BTreeMap<String, Former>,
    /// Whether `known` is what the user's own extension says.
    pub is_users_own: bool,
}

/// What gopls does not say of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lore {
    /// Options that it takes and does not list.
    pub hidden: BTreeSet<String>,
    /// Options that it had.
    pub gone: BTreeMap<String, Former>,
    /// Options that come with a later version than somebody may have.
    pub later: BTreeMap<String, Former>,
    /// Analyses that it had; some came back, so what gopls lists goes first.
    pub gone_analyses: BTreeMap<String, Former>,
}

/// Why the user's own list is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; name the package.json of the Go extension (golang.go)")]
pub struct ManifestError(String);

/// Reads what we know.
pub fn known() -> Result<(Extension, Lore), RuleError> {
    let value: Json = serde_json::from_slice(FILE)
        .map_err(|error| problem("known settings".into(), format!("is not JSON: {error}")))?;
    let mut fields = Fields::new("known settings".into(), value)?;
    fields.whole("format", FORMAT..=FORMAT)?;
    let mut of_extension = Fields::new(fields.place("go_extension"), fields.value("go_extension")?)?;
    let mut of_gopls = Fields::new(fields.place("gopls"), fields.value("gopls")?)?;
    fields.end()?;
    let mut known = BTreeMap::new();
    for (at, value) in of_extension.list("known", MAX_NAMES)? {
        let mut fields = Fields::new(at, value)?;
        let name = fields.text("name", MAX_NAME_CHARS)?;
        let types = fields.list("types", MAX_TYPES)?.into_iter();
        let types = types.map(|(at, value)| text(at, value, MAX_NAME_CHARS)).collect::<Result<_, _>>()?;
        let scopes = [("window", true), ("folder", false), ("machine", false)];
        let is_for_window = fields.choice("scope", &scopes)?;
        fields.end()?;
        known.insert(name, ExtensionSetting { types, is_for_window, is_deprecated: false });
    }
    for name in former(&mut of_extension, "deprecated")?.keys() {
        if let Some(setting) = known.get_mut(name) {
            setting.is_deprecated = true;
        }
    }
    let extension = Extension {
        known,
        gone: former(&mut of_extension, "gone")?,
        never: former(&mut of_extension, "never")?,
        is_users_own: false,
    };
    let hidden = of_gopls.list("hidden", MAX_NAMES)?.into_iter();
    let hidden = hidden.map(|(at, value)| text(at, value, MAX_NAME_CHARS)).collect::<Result<_, _>>()?;
    let lore = Lore {
        hidden,
        gone: former(&mut of_gopls, "gone")?,
        later: former(&mut of_gopls, "later")?,
        gone_analyses: former(&mut of_gopls, "gone_analyses")?,
    };
    of_extension.end()?;
    of_gopls.end()?;
    Ok((extension, lore))
}

fn former(fields: &mut Fields, name: &'static str) -> Result<BTreeMap<String, Former>, RuleError> {
    let read = |(at, value): (String, Json)| {
        let mut fields = Fields::new(at, value)?;
        let name = fields.text("name", MAX_NAME_CHARS)?;
        let mut optional = |field| {
            let place = fields.place(field);
            fields.optional(field).map(|value| text(place, value, MAX_NAME_CHARS)).transpose()
        };
        let (since, instead) = (optional("since")?, optional("instead")?);
        fields.end()?;
        Ok((name, Former { since, instead }))
    };
    fields.list(name, MAX_NAMES)?.into_iter().map(read).collect()
}

impl Extension {
    /// With the settings that the user's own Go extension declares in its package.json.
    pub fn with_manifest(mut self, manifest: &[u8]) -> Result<Self, ManifestError> {
        let manifest: Json = serde_json::from_slice(manifest)
            .map_err(|error| ManifestError(format!("it is not JSON: {error}")))?;
        let contributed = &manifest["contributes"]["configuration"];
        let sections = match contributed {
            Json::Array(sections) => sections.iter().collect(),
            section => vec![section],
        };
        let properties =
            sections.into_iter().filter_map(|section| section["properties"].as_object()).flatten();
        let known: BTreeMap<_, _> = properties
            .filter(|(name, _)| name.starts_with("go.") && name.len() <= MAX_NAME_CHARS)
            .take(MAX_NAMES)
            .map(|(name, schema)| (name.clone(), declared(schema)))
            .collect();
        if known.is_empty() {
            return Err(ManifestError("it declares no setting that begins with go.".into()));
        }
        self.gone.retain(|name, _| !known.contains_key(name));
        self.known = known;
        self.is_users_own = true;
        Ok(self)
    }

    /// Whether a setting is for the whole window.
    pub fn is_for_window(&self, key: &str) -> bool {
        self.known.get(key).is_some_and(|setting| setting.is_for_window)
    }
}

fn declared(schema: &Json) -> ExtensionSetting {
    let types = match &schema["type"] {
        Json::String(one) => vec![one.clone()],
        Json::Array(several) => {
            several.iter().take(MAX_TYPES).filter_map(|t| t.as_str().map(Into::into)).collect()
        }
        _ => Vec::new(),
    };
    let has = |name: &str| schema[name].is_string();
    ExtensionSetting {
        types,
        is_for_window: matches!(schema["scope"].as_str(), None | Some("window")),
        is_deprecated: has("deprecationMessage") || has("markdownDeprecationMessage"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_we_know_is_read_and_does_not_contradict_itself() {
        let (extension, lore) = known().expect("our own file is valid");
        assert!(
            extension.is_for_window("go.languageServerFlags") && !extension.is_for_window("go.toolsEnvVars")
        );
        assert!(extension.known["go.buildOnSave"].is_deprecated);
        for name in extension.gone.keys().chain(extension.never.keys()) {
            assert!(!extension.known.contains_key(name), "{name} is there");
        }
        for name in lore.gone.keys().chain(lore.later.keys()) {
            assert!(!lore.hidden.contains(name), "{name} is there");
        }
    }

    #[test]
    fn the_user_s_own_extension_knows_better() {
        let ours = || known().expect("valid").0;
        let manifest = br#"{"contributes": {"configuration": {"properties": {
            "go.docsTool": {"type": ["string", "null"], "scope": "resource"},
            "go.new": {"type": "boolean", "markdownDeprecationMessage": "old"}, "gopls": {"type": "object"}}}}}"#;
        let own = ours().with_manifest(manifest).expect("it is read");
        assert_eq!(own.known.keys().collect::<Vec<_>>(), ["go.docsTool", "go.new"]);
        assert!(!own.gone.contains_key("go.docsTool") && own.is_users_own);
        assert!(own.known["go.new"].is_deprecated && own.is_for_window("go.new"));
        assert_eq!(own.known["go.docsTool"].types, ["string", "null"]);
        assert!(ours().with_manifest(b"{}").is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_manifest_or_not(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = known().expect("valid").0.with_manifest(&bytes);
        }
    }
}
