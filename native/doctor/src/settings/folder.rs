//! What settings mean for one folder: what gopls is started with there, and what it passes to `go`.

use super::document::Document;
use super::environment::RUNTIME;
use super::extension::Extension;
use super::layers::{Layers, Setting};

/// The settings that count for a folder.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FolderSettings {
    /// All that count, the weakest first.
    pub layers: Layers,
    /// The folder's own file, which a setting for this folder alone goes into; without settings where there is no file yet, none
    /// where it cannot be read.
    pub own: Option<Document>,
}

impl FolderSettings {
    /// The variables of gopls itself, `go.toolsEnvVars`: of one name the last counts.
    pub fn of_tools(&self) -> impl Iterator<Item = Setting<'_>> {
        self.layers.within("go.toolsEnvVars").filter(is_variable)
    }

    /// The variables of the `go` that gopls runs, which come on top of those: `env` of gopls.
    pub fn of_go(&self) -> impl Iterator<Item = Setting<'_>> {
        self.layers.within_gopls("gopls.env").filter(is_variable)
    }

    /// The setting that gives a variable of gopls's `go` this value. What the Go runtime reads is gopls's own in
    /// `go.toolsEnvVars` only.
    pub fn sets(&self, name: &str, value: &str) -> Option<Setting<'_>> {
        let is_it = |setting: &Setting| setting.member.name == name && setting.text() == Some(value);
        let of_go = self.of_go().filter(|_| !RUNTIME.contains(&name)).filter(is_it).last();
        of_go.or_else(|| self.of_tools().filter(is_it).last())
    }

    /// What gopls passes to `go list`: its `buildFlags`; else the Go extension makes them of its own settings.
    pub fn build_flags(&self, extension: &Extension) -> Vec<String> {
        if let Some(setting) = self.layers.counts_for_gopls("buildFlags") {
            return setting.texts().unwrap_or_default();
        }
        let of_extension = |key| self.layers.counts(key, extension);
        let mut flags = of_extension("go.buildFlags").and_then(|setting| setting.texts()).unwrap_or_default();
        let tags = of_extension("go.buildTags").and_then(|setting| setting.text());
        if let Some(tags) = tags.filter(|tags| !tags.is_empty() && !flags.iter().any(|flag| flag == "-tags"))
        {
            flags.extend(["-tags".to_owned(), tags.to_owned()]);
        }
        flags
    }
}

fn is_variable(setting: &Setting<'_>) -> bool {
    let name = &setting.member.name;
    !name.is_empty() && !name.contains(['=', '\0']) && setting.text().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Scope;
    use crate::settings::known;

    fn settings(files: &[(Scope, &str)]) -> FolderSettings {
        let read = |(scope, text): &(Scope, &str)| Document::read("/s", *scope, text).expect("it is read");
        FolderSettings { layers: Layers::new(files.iter().map(read).collect()), own: None }
    }

    fn texts<'a>(variables: impl Iterator<Item = Setting<'a>>) -> Vec<(&'a str, &'a str)> {
        variables.filter_map(|setting| Some((setting.member.name.as_str(), setting.text()?))).collect()
    }

    #[test]
    fn variables_stand_in_several_files_the_weakest_first() {
        let user = r#"{ "go.toolsEnvVars": { "A": "1", "B": "1", "=": "x" }, "gopls": { "build.env": { "C": "1" } } }"#;
        let folder = r#"{ "go.toolsEnvVars": { "B": "2", "D": 3 }, "gopls.env": { "E": "2" }, "gopls.build.env": { "F": "" } }"#;
        let settings = settings(&[(Scope::Folder, folder), (Scope::User, user)]);
        assert_eq!(texts(settings.of_tools()), [("A", "1"), ("B", "1"), ("B", "2")]);
        assert_eq!(texts(settings.of_go()), [("C", "1"), ("E", "2")]);
    }

    #[test]
    fn the_setting_that_gives_a_variable_its_value_is_found() {
        let file = r#"{ "go.toolsEnvVars": { "GOFLAGS": "a", "GOGC": "1" }, "gopls": { "build.env": { "GOFLAGS": "b", "GOGC": "2" } } }"#;
        let settings = settings(&[(Scope::Folder, file)]);
        let key = |name: &str, value: &str| settings.sets(name, value).map(|setting| setting.key());
        assert_eq!(key("GOFLAGS", "b").as_deref(), Some("gopls.env.GOFLAGS"));
        assert_eq!(key("GOFLAGS", "a").as_deref(), Some("go.toolsEnvVars.GOFLAGS"));
        assert_eq!(key("GOGC", "1").as_deref(), Some("go.toolsEnvVars.GOGC"));
        assert_eq!((key("GOGC", "2"), key("GOFLAGS", "c")), (None, None));
    }

    #[test]
    fn build_flags_of_gopls_go_before_those_of_the_extension() {
        let extension = known().expect("valid").0;
        let flags = |files: &[(Scope, &str)]| settings(files).build_flags(&extension);
        let tags = (Scope::User, r#"{ "go.buildTags": "a,b" }"#);
        assert_eq!(flags(&[tags]), ["-tags", "a,b"]);
        let own = (Scope::Workspace, r#"{ "go.buildFlags": ["-race"] }"#);
        assert_eq!(flags(&[tags, own]), ["-race", "-tags", "a,b"]);
        let gopls = (Scope::User, r#"{ "gopls": { "build.buildFlags": ["-tags=c"] } }"#);
        assert_eq!(flags(&[tags, own, gopls]), ["-tags=c"]);
        assert_eq!(flags(&[(Scope::User, r#"{ "go.buildTags": "" }"#)]), Vec::<String>::new());
    }
}
