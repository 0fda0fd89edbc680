//! All settings files that count for a folder, one above the other, and which of them wins: the user's, above them the
//! workspace's, above those the folder's.
//!
//! As VS Code has it: keys with dots are paths, of one key in a file the last counts, objects of several files are merged
//! member by member, anything else replaces what is below it. A setting for the window does not count in a folder's file.

use super::document::{Document, Member, Node, Value};
use super::extension::Extension;
use crate::finding::{Confidence, Finding};
use crate::place::{Place, Scope};

/// Longer values are cut where they are shown.
const MAX_SHOWN_CHARS: usize = 160;

/// The files, the weakest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layers {
    documents: Vec<Document>,
}

/// A setting in one of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting<'a> {
    /// Where it stands.
    pub document: &'a Document,
    /// Its key and value.
    pub member: &'a Member,
    /// The keys of the objects that it stands in.
    pub inside: &'a str,
}

impl Layers {
    /// Of several files with one scope the later counts.
    pub fn new(mut documents: Vec<Document>) -> Self {
        documents.sort_by_key(|document| document.scope);
        Self { documents }
    }

    /// The files, the weakest first.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// Every setting below a section (`go`, `gopls`), those that are written as one object too.
    pub fn section(&self, section: &'static str) -> impl Iterator<Item = Setting<'_>> {
        self.documents.iter().flat_map(move |document| {
            let below =
                move |member: &Member| member.name.strip_prefix(section)?.starts_with('.').then_some(());
            let inside = move |member: &'_ Member| member.name == section;
            document.settings().iter().flat_map(move |member| {
                let alone = below(member).map(|()| Setting { document, member, inside: "" });
                let within = if inside(member) { member.node.members() } else { &[] };
                let within = within.iter().map(move |member| Setting { document, member, inside: section });
                alone.into_iter().chain(within)
            })
        })
    }

    /// The setting of the Go extension that counts: `go.useLanguageServer`.
    pub fn counts<'a>(&'a self, key: &str, extension: &Extension) -> Option<Setting<'a>> {
        let reaches =
            |setting: &Setting| setting.document.scope != Scope::Folder || !extension.is_for_window(key);
        self.section("go").filter(|setting| setting.key() == key && reaches(setting)).last()
    }

    /// The member of an object setting that counts: `GOMEMLIMIT` of `go.toolsEnvVars`.
    pub fn counts_within<'a>(&'a self, key: &'static str, name: &str) -> Option<Setting<'a>> {
        self.within(key).filter(|setting| setting.member.name == name).last()
    }

    /// The members of an object setting of the Go extension, in all files: of one name the last counts.
    pub fn within<'a>(&'a self, key: &'static str) -> impl Iterator<Item = Setting<'a>> {
        let whole = self.section("go").filter(move |setting| setting.key() == key);
        whole.flat_map(move |setting| setting.members(key))
    }

    /// The same of an object setting of gopls, by its short name: `gopls.env`.
    pub fn within_gopls<'a>(&'a self, key: &'static str) -> impl Iterator<Item = Setting<'a>> {
        let name = key.strip_prefix("gopls.").unwrap_or(key);
        let whole =
            self.section("gopls").filter(move |setting| setting.name() == name && setting.reaches_gopls());
        whole.flat_map(move |setting| setting.members(key))
    }

    /// The setting of gopls that counts, by its last name: `staticcheck`.
    pub fn counts_for_gopls(&self, name: &str) -> Option<Setting<'_>> {
        self.section("gopls").filter(|setting| setting.name() == name && setting.reaches_gopls()).last()
    }
}

impl<'a> Setting<'a> {
    /// Its full name.
    pub fn key(&self) -> String {
        if self.inside.is_empty() {
            self.member.name.clone()
        } else {
            format!("{}.{}", self.inside, self.member.name)
        }
    }

    /// The last part of its name, by which gopls knows it.
    pub fn name(&self) -> &'a str {
        let name = &self.member.name;
        name.rsplit('.').next().unwrap_or(name)
    }

    /// The members of the object that it is.
    fn members(&self, inside: &'a str) -> impl Iterator<Item = Setting<'a>> + use<'a> {
        let document = self.document;
        self.node().members().iter().map(move |member| Setting { document, member, inside })
    }

    /// The texts in the list that it is; none where it is something else, or has something else in it.
    pub fn texts(&self) -> Option<Vec<String>> {
        match &self.node().value {
            Value::List(nodes) => nodes.iter().map(|node| node.text().map(str::to_owned)).collect(),
            _ => None,
        }
    }

    /// Its value.
    pub fn node(&self) -> &'a Node {
        &self.member.node
    }

    /// Where it is.
    pub fn place(&self) -> Place {
        place(self.document, self.key(), &self.member.span())
    }

    /// A finding about it, with `{key}` and `{value}`, seen by what is written.
    pub fn finding(&self, id: &'static str, confidence: Confidence) -> Finding {
        let value = shown(self.document.written(&self.member.node.span));
        Finding::new(id, confidence, self.place())
            .with("key", shown(&self.key()))
            .with("value", value)
            .seen(self.written())
    }

    /// Its key and value as they are written, short enough to be shown.
    pub fn written(&self) -> String {
        shown(self.document.written(&self.member.span()))
    }

    /// Whether it arrives at gopls as it is meant: in the `gopls` object, or as a key with one dot that the object does not replace.
    pub fn reaches_gopls(&self) -> bool {
        let is_replaced = || {
            self.document
                .setting("gopls")
                .is_some_and(|whole| whole.name_span.start > self.member.name_span.start)
        };
        !self.inside.is_empty() || self.member.name.matches('.').count() == 1 && !is_replaced()
    }

    /// The text that it is.
    pub fn text(&self) -> Option<&'a str> {
        self.node().text()
    }

    /// Whether it is `true`.
    pub fn is_true(&self) -> bool {
        self.node().value == Value::Bool(true)
    }
}

/// The place of a part of a settings file.
pub fn place(document: &Document, key: String, span: &crate::lines::Span) -> Place {
    Place::Setting {
        key: shown(&key),
        scope: document.scope,
        path: Some(document.path.clone()),
        range: Some(document.range(span)),
    }
}

/// Short enough for a sentence, on one line.
pub fn shown(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        line += if line.is_empty() { "" } else { " " };
        line += word;
        if line.len() > MAX_SHOWN_CHARS * 4 {
            break;
        }
    }
    if line.chars().count() <= MAX_SHOWN_CHARS {
        return line;
    }
    line.chars().take(MAX_SHOWN_CHARS - 1).chain(['…']).collect()
}
