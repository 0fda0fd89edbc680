//! One settings file as it stands there: JSON with comments and trailing commas, every key and value with its place.
//!
//! It is read as leniently as editors read it (a missing comma is no reason to ignore the rest), within bounds: the file may
//! be anybody's. Comments are not kept here; edits leave them where they are.

use std::borrow::Cow;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::tokens::Token;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};

use crate::lines::{Lines, Span};
use crate::place::{Range, Scope};

/// A person's settings have some tens of KB.
pub const MAX_FILE_BYTES: usize = 4 << 20;
/// A byte order mark: editors do not count it.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A settings file.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Absolute.
    pub path: String,
    /// Whose settings these are.
    pub scope: Scope,
    pub(super) text: String,
    pub(super) lines: Lines,
    pub(super) tokens: Vec<Piece>,
    /// The object that the settings stand in; none in a file that has nothing yet.
    pub(super) object: Option<Span>,
    /// The settings, in the order of the file.
    pub(super) settings: Vec<Member>,
}

/// A comma, a bracket, a key, a value: all that is neither space nor comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub span: Span,
    pub is_comma: bool,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Unquoted.
    pub name: String,
    /// The key, with its quotes.
    pub name_span: Span,
    /// What it is set to.
    pub node: Node,
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub value: Value,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// As it is written.
    Number(String),
    /// Unquoted.
    Text(String),
    /// `[…]`
    List(Vec<Node>),
    /// `{…}`
    Object(Vec<Member>),
}

/// Why a file is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Larger than anybody's settings.
    #[error("it has {0} bytes; settings of more than {max} bytes are not read", max = MAX_FILE_BYTES)]
    TooLarge(usize),
    /// Not JSON, even leniently.
    #[error("line {line}, column {column}: {problem}; the editor ignores settings that it cannot read")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What the parser says.
        problem: String,
    },
    /// Something else than an object.
    #[error("it is not a JSON object; the editor ignores it")]
    NoObject,
}

/// What a `.code-workspace` file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Workspace {
    /// Its settings; empty where it has none.
    pub document: Document,
    /// Its folders as they are written, absolute or relative to the file.
    pub folders: Vec<String>,
}

impl Document {
    /// Reads a settings file.
    pub fn read(path: &str, scope: Scope, text: &str) -> Result<Self, DocumentError> {
        let (mut document, root) = parse(path, scope, text)?;
        document.take(root);
        Ok(document)
    }

    /// Reads a `.code-workspace` file.
    pub fn read_workspace(path: &str, text: &str) -> Result<Workspace, DocumentError> {
        let (mut document, root) = parse(path, Scope::Workspace, text)?;
        let Some(mut root) = root.map(Node::into_members) else {
            return Ok(Workspace { document, folders: Vec::new() });
        };
        let folder = |node: &Node| Some(node.member("path")?.node.text()?.to_owned());
        let listed = root.iter().rfind(|member| member.name == "folders");
        let folders = listed.map(|member| member.node.list().iter().filter_map(folder).collect());
        if let Some(at) = root.iter().rposition(|member| member.name == "settings") {
            document.take(Some(root.swap_remove(at).node));
        }
        Ok(Workspace { document, folders: folders.unwrap_or_default() })
    }

    /// Takes these settings for its own.
    fn take(&mut self, settings: Option<Node>) {
        if let Some(node) = settings.filter(|node| matches!(node.value, Value::Object(_))) {
            self.object = Some(node.span.clone());
            self.settings = node.into_members();
        }
    }

    /// Where a part of it is.
    pub fn range(&self, span: &Span) -> Range {
        self.lines.range(&self.text, span)
    }

    /// A part of it as it is written.
    pub fn written(&self, span: &Span) -> &str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// The settings, in the order of the file.
    pub fn settings(&self) -> &[Member] {
        &self.settings
    }

    /// The setting that counts: of several with one name the last.
    pub fn setting(&self, name: &str) -> Option<&Member> {
        self.settings.iter().rfind(|member| member.name == name)
    }
}

impl Member {
    /// Key and value.
    pub fn span(&self) -> Span {
        self.name_span.start..self.node.span.end
    }
}

impl Node {
    /// The text that it is.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Its elements; none for anything but a list.
    pub fn list(&self) -> &[Node] {
        match &self.value {
            Value::List(nodes) => nodes,
            _ => &[],
        }
    }

    /// Its members; none for anything but an object.
    pub fn members(&self) -> &[Member] {
        match &self.value {
            Value::Object(members) => members,
            _ => &[],
        }
    }

    fn into_members(self) -> Vec<Member> {
        match self.value {
            Value::Object(members) => members,
            _ => Vec::new(),
        }
    }

    /// The member that counts: of several with one name the last.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members().iter().rfind(|member| member.name == name)
    }

    /// Without places, to compare it with what gopls says.
    pub fn json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(number) => number.parse::<f64>().ok().into(),
            Value::Text(text) => text.as_str().into(),
            Value::List(nodes) => nodes.iter().map(Node::json).collect(),
            Value::Object(members) => members.iter().map(|m| (m.name.clone(), m.node.json())).collect(),
        }
    }
}

/// The file, without settings yet, and the object that it is.
fn parse(path: &str, scope: Scope, text: &str) -> Result<(Document, Option<Node>), DocumentError> {
    if text.len() > MAX_FILE_BYTES {
        return Err(DocumentError::TooLarge(text.len()));
    }
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    // What editors allow in settings, and nothing of JSON5.
    let lenient = ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_missing_commas: true,
        allow_loose_object_property_names: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let collect = CollectOptions { comments: CommentCollectionStrategy::Off, tokens: true };
    let parsed = parse_to_ast(text, &collect, &lenient).map_err(|error| DocumentError::Syntax {
        line: error.line_display(),
        column: error.column_display(),
        problem: error.kind().to_string(),
    })?;
    let tokens = parsed.tokens.unwrap_or_default().into_iter();
    let pieces = tokens.map(|token| Piece {
        span: token.range.start..token.range.end,
        is_comma: matches!(token.token, Token::Comma),
    });
    let document = Document {
        path: path.to_owned(),
        scope,
        text: text.to_owned(),
        lines: Lines::new(text),
        tokens: pieces.collect(),
        object: None,
        settings: Vec::new(),
    };
    match parsed.value.map(node) {
        // Editors make an empty file first.
        None => Ok((document, None)),
        Some(root) if matches!(root.value, Value::Object(_)) => Ok((document, Some(root))),
        Some(_) => Err(DocumentError::NoObject),
    }
}

fn node(value: ast::Value) -> Node {
    let range = value.range();
    let value = match value {
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::BooleanLit(literal) => Value::Bool(literal.value),
        ast::Value::NumberLit(literal) => Value::Number(literal.value.to_owned()),
        ast::Value::StringLit(literal) => Value::Text(Cow::into_owned(literal.value)),
        ast::Value::Array(array) => Value::List(array.elements.into_iter().map(node).collect()),
        ast::Value::Object(object) => Value::Object(object.properties.into_iter().map(member).collect()),
    };
    Node { span: range.start..range.end, value }
}

fn member(property: ast::ObjectProp) -> Member {
    let name = property.name.range();
    Member { name_span: name.start..name.end, name: property.name.into_string(), node: node(property.value) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Document, DocumentError> {
        Document::read("/w/.vscode/settings.json", Scope::Workspace, text)
    }

    #[test]
    fn comments_and_commas_are_read_over_and_places_are_kept() {
        let text = "\u{feff}// mine\r\n{\r\n  \"gopls\": { /* ä */ \"ui.semanticTokens\": true, },\r\n  \"a\": [1, \"ü\"],\r\n}\r\n";
        let document = read(text).expect("it is read");
        let names: Vec<&str> = document.settings().iter().map(|m| m.name.as_str()).collect();
        assert_eq!(names, ["gopls", "a"]);
        let tokens = &document.settings()[0].node.members()[0];
        assert_eq!(tokens.name, "ui.semanticTokens");
        assert_eq!(document.written(&tokens.span()), "\"ui.semanticTokens\": true");
        let start = document.range(&tokens.span()).start;
        assert_eq!((start.line, start.column), (2, 21));
        assert_eq!(document.settings()[1].node.json(), serde_json::json!([1.0, "ü"]));
    }

    #[test]
    fn what_is_no_settings_file_is_named() {
        assert_eq!(read(""), read(" // nothing yet\n").map(|_| read("").expect("an empty file is fine")));
        assert_eq!(read("[]"), Err(DocumentError::NoObject));
        let error = read("{\n  \"a\": }").expect_err("no value").to_string();
        assert!(error.starts_with("line 2, column 8: "), "{error}");
        assert!(matches!(read(&"[".repeat(100_000)), Err(DocumentError::Syntax { .. })));
        assert!(matches!(read(&" ".repeat(MAX_FILE_BYTES + 1)), Err(DocumentError::TooLarge(_))));
    }

    #[test]
    fn a_workspace_file_has_folders_and_settings() {
        let text = r#"{ "folders": [{ "path": "a" }, { "uri": "x" }, { "path": "/b" }], "settings": { "go.buildTags": "x" } }"#;
        let workspace = Document::read_workspace("/w/x.code-workspace", text).expect("it is read");
        assert_eq!(workspace.folders, ["a", "/b"]);
        assert_eq!(workspace.document.settings()[0].name, "go.buildTags");
        let none = Document::read_workspace("/w/x.code-workspace", "{}").expect("it is read");
        assert_eq!((none.folders.len(), none.document.settings().len()), (0, 0));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let _ = read(&text);
            let _ = Document::read_workspace("/x", &text);
        }

        #[test]
        fn what_looks_like_json_is_read_or_refused(text in r#"[\[\]{}",:a0-9 \\/*\n-]{0,60}"#) {
            if let Ok(document) = read(&text) {
                for member in document.settings() {
                    prop_assert!(document.written(&member.span()).starts_with('"'));
                }
            }
        }
    }
}
