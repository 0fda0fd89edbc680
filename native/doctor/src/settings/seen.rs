//! All settings for Go that are set somewhere: where each stands, and whether it counts.

use serde::Serialize;

use super::document::Value;
use super::extension::Extension;
use super::layers::{Layers, Setting, shown};
use crate::place::{Place, Scope};

/// A setting that is set.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts"))]
pub struct SeenSetting {
    /// Its full name.
    pub key: String,
    /// Its value as it is written, cut where it is long.
    pub value: String,
    /// Where it stands.
    pub place: Place,
    /// Whether it counts: a stronger file may say otherwise, or nobody reads it there. Of an object, whether any of it does.
    pub counts: bool,
}

/// All of them, the weakest file first.
pub fn seen(layers: &Layers, extension: &Extension) -> Vec<SeenSetting> {
    let all: Vec<Setting> = layers.section("go").chain(layers.section("gopls")).collect();
    let each = all.iter().enumerate().map(|(index, setting)| {
        let key = setting.key();
        let stronger =
            all.iter().skip(index + 1).filter(|other| other.key() == key && is_read(other, extension));
        SeenSetting {
            value: shown(setting.document.written(&setting.node().span)),
            place: setting.place(),
            counts: is_read(setting, extension) && stronger.into_iter().all(|other| leaves(other, setting)),
            key: shown(&key),
        }
    });
    each.collect()
}

fn is_read(setting: &Setting, extension: &Extension) -> bool {
    let is_gopls = setting.inside == "gopls" || setting.member.name.starts_with("gopls.");
    if is_gopls { setting.reaches_gopls() } else { reaches_extension(setting, extension) }
}

fn reaches_extension(setting: &Setting, extension: &Extension) -> bool {
    setting.document.scope != Scope::Folder || !extension.is_for_window(&setting.key())
}

/// Objects of several files are merged; in one file the later replaces the other.
fn leaves(stronger: &Setting, weaker: &Setting) -> bool {
    if stronger.document.path == weaker.document.path {
        return false;
    }
    match (&stronger.node().value, &weaker.node().value) {
        (Value::Object(_), Value::Object(members)) => {
            members.iter().any(|member| stronger.node().member(&member.name).is_none())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Document, known};
    use super::*;

    #[test]
    fn what_counts_is_told_from_what_does_not() {
        let read =
            |scope, text: &str| Document::read(&format!("/{scope:?}"), scope, text).expect("it is read");
        let layers = Layers::new(vec![
            read(
                Scope::User,
                r#"{ "go.buildTags": "a", "go.toolsEnvVars": { "A": "1", "B": "1" }, "gopls": { "local": "x", "gofumpt": true } }"#,
            ),
            read(
                Scope::Workspace,
                r#"{ "go.buildTags": "b", "go.toolsEnvVars": { "A": "2" }, "gopls": { "local": "y" }, "gopls.ui.x": 1 }"#,
            ),
            read(Scope::Folder, r#"{ "go.buildTags": "c", "go.languageServerFlags": [] }"#),
        ]);
        let told = seen(&layers, &known().expect("valid").0);
        let told: Vec<_> = told.iter().map(|s| (s.key.as_str(), s.value.as_str(), s.counts)).collect();
        assert_eq!(
            told,
            [
                ("go.buildTags", "\"a\"", false),
                ("go.toolsEnvVars", "{ \"A\": \"1\", \"B\": \"1\" }", true),
                ("go.buildTags", "\"b\"", false),
                ("go.toolsEnvVars", "{ \"A\": \"2\" }", true),
                ("go.buildTags", "\"c\"", true),
                ("go.languageServerFlags", "[]", false),
                ("gopls.local", "\"x\"", false),
                ("gopls.gofumpt", "true", true),
                ("gopls.local", "\"y\"", true),
                ("gopls.ui.x", "1", false),
            ]
        );
    }
}
