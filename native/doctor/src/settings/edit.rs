//! Edits of a settings file that change what is meant and nothing else: comments, indentation and the order of keys stay.

use serde_json::Value as Json;

use super::document::{Document, Member, Node, Value};
use crate::lines::Span;
use crate::place::FileEdit;

impl Document {
    /// Puts another text in the place of a part.
    pub fn replace(&self, span: &Span, text: impl Into<String>) -> FileEdit {
        FileEdit { path: self.path.clone(), range: self.range(span), new_text: text.into() }
    }

    /// Another key for the same value.
    pub fn rename(&self, member: &Member, name: &str) -> Vec<FileEdit> {
        vec![self.replace(&member.name_span, quoted(name))]
    }

    /// Another value for the same key.
    pub fn set(&self, member: &Member, value: &Json) -> Vec<FileEdit> {
        vec![self.replace(&member.node.span, value.to_string())]
    }

    /// Takes a member or an element out, with the comma that it needs no more and, if it stood alone there, its line.
    pub fn remove(&self, item: &Span) -> Vec<FileEdit> {
        let next = self.tokens.partition_point(|piece| piece.span.start < item.end);
        let previous = self.tokens.partition_point(|piece| piece.span.start < item.start).checked_sub(1);
        let comma =
            |index: usize| self.tokens.get(index).filter(|piece| piece.is_comma).map(|piece| &piece.span);
        let (whole, comma) = match (comma(next), previous.and_then(comma)) {
            (Some(after), _) if self.are_side_by_side(item, after) => (item.start..after.end, None),
            (Some(after), _) => (item.clone(), Some(after)),
            (None, Some(before)) if self.are_side_by_side(before, item) => (before.start..item.end, None),
            (None, before) => (item.clone(), before),
        };
        let whole = self.replace(&self.widened(whole, item), "");
        comma.map(|span| self.replace(span, "")).into_iter().chain([whole]).collect()
    }

    /// Puts a member in front of those of an object.
    pub fn insert(&self, object: &Span, first: Option<&Member>, name: &str, value: &str) -> Vec<FileEdit> {
        let behind = object.start + 1..object.start + 1;
        let entry = format!("{}: {value}", quoted(name));
        let text = match first {
            None => format!(" {entry} "),
            Some(first) => {
                let gap = self.gap(behind.start, first);
                format!("{gap}{entry},{}", if gap.is_empty() { " " } else { "" })
            }
        };
        vec![self.replace(&behind, text)]
    }

    /// What sets a new first member off from the bracket: the same as the first one now, without the comments that are about that.
    fn gap(&self, bracket: usize, first: &Member) -> String {
        let start = first.name_span.start;
        let between = self.written(&(bracket..start));
        if between.trim().is_empty() {
            return between.to_owned();
        }
        let indent = self.written(&(self.lines.line(&self.text, start).start..start));
        let behind_bracket = self.written(&(bracket..self.lines.line(&self.text, bracket).end));
        if indent.trim().is_empty() && behind_bracket.trim().is_empty() {
            return format!("{}{indent}", self.newline());
        }
        " ".to_owned()
    }

    fn newline(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// Sets a member of an object setting (`gopls`) that is not set yet; none where something else than an object stands there.
    pub fn put(&self, object: &str, name: &str, value: &Json) -> Option<Vec<FileEdit>> {
        let within = |member: &Member| match &member.node.value {
            Value::Object(members) => {
                Some(self.insert(&member.node.span, members.first(), name, &spaced(value)))
            }
            _ => None,
        };
        if let Some(member) = self.setting(object) {
            return within(member);
        }
        let Some(all) = &self.object else {
            let text = serde_json::to_string_pretty(&serde_json::json!({ object: { name: value } })).ok()?;
            let end = self.text.len()..self.text.len();
            let gap = if self.text.is_empty() || self.text.ends_with('\n') { "" } else { "\n" };
            return Some(vec![self.replace(&end, format!("{gap}{text}\n"))]);
        };
        let whole = format!("{{ {}: {} }}", quoted(name), spaced(value));
        Some(self.insert(all, self.settings.first(), object, &whole))
    }

    /// Puts an element behind those of a list.
    pub fn append(&self, list: &Node, value: &Json) -> Vec<FileEdit> {
        let value = spaced(value);
        let Some(last) = list.list().last().map(|last| &last.span) else {
            let inside = list.span.start + 1..list.span.start + 1;
            return vec![self.replace(&inside, value)];
        };
        let behind = last.end..last.end;
        let (line, own_line) =
            (self.lines.line(&self.text, last.end), self.lines.line(&self.text, last.start));
        let (indent, rest) =
            (self.written(&(own_line.start..last.start)), self.written(&(last.end..line.end)));
        let after = rest.trim_start();
        let (has_comma, comment) = match after.strip_prefix(',') {
            Some(after) => (true, after.trim_start()),
            None => (false, after),
        };
        // Alone on its line, but for a comment that is about it: the next one gets a line too.
        if !indent.trim().is_empty() || !(comment.is_empty() || comment.starts_with("//")) {
            return vec![self.replace(&behind, format!(", {value}"))];
        }
        let newline = self.newline();
        let comma = if has_comma { "," } else { "" };
        let line = self.replace(&(line.end..line.end), format!("{newline}{indent}{value}{comma}"));
        match (has_comma, rest.is_empty()) {
            (true, _) => vec![line],
            // Two edits at one place have no order.
            (false, true) => vec![FileEdit { new_text: format!(",{}", line.new_text), ..line }],
            (false, false) => vec![self.replace(&behind, ","), line],
        }
    }

    /// Puts a member in front of another one, set off as that one is.
    pub fn before(&self, other: &Member, name: &str, value: &str) -> FileEdit {
        let start = other.name_span.start;
        let line = self.lines.line(&self.text, start);
        let indent = self.written(&(line.start..start));
        let gap = if indent.trim().is_empty() && line.start > 0 {
            format!("{}{indent}", self.newline())
        } else {
            " ".to_owned()
        };
        self.replace(&(start..start), format!("{}: {value},{gap}", quoted(name)))
    }

    /// Whether only space is between two parts, on one line.
    fn are_side_by_side(&self, first: &Span, second: &Span) -> bool {
        self.written(&(first.end..second.start)).chars().all(|c| c == ' ' || c == '\t')
    }

    /// With the space that would be left: the whole line, or what sets it off from what follows.
    fn widened(&self, span: Span, item: &Span) -> Span {
        let is_blank = |text: &str| text.chars().all(|c| c == ' ' || c == '\t');
        let (first, last) = (self.lines.line(&self.text, span.start), self.lines.line(&self.text, span.end));
        let opens_line = is_blank(self.written(&(first.start..span.start)));
        let after = self.written(&(span.end..last.end));
        if opens_line && is_blank(after) {
            return first.start..self.lines.next_start(&self.text, span.end);
        }
        let space = after.len() - after.trim_start_matches([' ', '\t']).len();
        // Behind the last of a line, space sets off the bracket or a comment.
        if span.start < item.start || after.trim_start().starts_with('/') {
            span
        } else {
            span.start..span.end + space
        }
    }
}

fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}

/// On one line, as people write it.
fn spaced(value: &Json) -> String {
    match value {
        Json::Array(values) => format!("[{}]", values.iter().map(spaced).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::super::document::{Node, Value};
    use super::*;
    use crate::place::{Position, Scope};

    /// What an editor makes of edits.
    pub fn applied(text: &str, edits: &[FileEdit]) -> String {
        let offset = |position: Position| {
            let mut rest = text;
            let mut begin = 0;
            for _ in 0..position.line {
                let end = rest.find(['\r', '\n']).expect("the line is there");
                let end = end + if rest[end..].starts_with("\r\n") { 2 } else { 1 };
                begin += end;
                rest = &rest[end..];
            }
            let mut column = 0;
            let within = rest.char_indices().find(|(_, c)| {
                let is_there = column == position.column as usize;
                column += if is_there { 0 } else { c.len_utf16() };
                is_there
            });
            begin + within.map_or(rest.len(), |(index, _)| index)
        };
        let mut parts: Vec<(usize, usize, &str)> =
            edits.iter().map(|e| (offset(e.range.start), offset(e.range.end), e.new_text.as_str())).collect();
        parts.sort_by_key(|part| std::cmp::Reverse(*part));
        let mut out = text.to_owned();
        let mut limit = text.len();
        for (start, end, new) in parts {
            assert!(start <= end && end <= limit, "edits overlap");
            limit = start;
            out.replace_range(start..end, new);
        }
        out
    }

    fn read(text: &str) -> Document {
        Document::read("/w/settings.json", Scope::User, text).expect("it is read")
    }

    fn without(text: &str, name: &str) -> String {
        let document = read(text);
        let member = document.settings().iter().find(|member| member.name == name).expect("it is there");
        applied(text, &document.remove(&member.span()))
    }

    #[test]
    fn a_member_goes_with_its_comma_and_its_line() {
        let text =
            "{\n  // one\n  \"a\": 1, // first\n  \"b\": {\n    \"x\": 1\n  },\n\n  // two\n  \"c\": 3\n}\n";
        assert_eq!(
            without(text, "a"),
            "{\n  // one\n   // first\n  \"b\": {\n    \"x\": 1\n  },\n\n  // two\n  \"c\": 3\n}\n"
        );
        assert_eq!(without(text, "b"), "{\n  // one\n  \"a\": 1, // first\n\n  // two\n  \"c\": 3\n}\n");
        assert_eq!(
            without(text, "c"),
            "{\n  // one\n  \"a\": 1, // first\n  \"b\": {\n    \"x\": 1\n  }\n\n  // two\n}\n"
        );
        assert_eq!(without("{ \"a\": 1, \"b\": 2 }", "a"), "{ \"b\": 2 }");
        assert_eq!(without("{ \"a\": 1, \"b\": 2 }", "b"), "{ \"a\": 1 }");
        assert_eq!(without("{\"a\":1}", "a"), "{}");
        assert_eq!(without("{\r\n\t\"a\": 1,\r\n\t\"b\": 2,\r\n}", "b"), "{\r\n\t\"a\": 1,\r\n}");
    }

    #[test]
    fn a_member_is_put_in_as_the_others_stand() {
        for (text, expected) in [
            ("{\n  \"a\": 1\n}", "{\n  \"n\": true,\n  \"a\": 1\n}"),
            ("{ \"a\": 1 }", "{ \"n\": true, \"a\": 1 }"),
            ("{\"a\": 1}", "{\"n\": true, \"a\": 1}"),
            ("{}", "{ \"n\": true }"),
            ("{\n  // a\n  \"a\": 1 }", "{\n  \"n\": true,\n  // a\n  \"a\": 1 }"),
            ("{ // x\n  \"a\": 1 }", "{ \"n\": true, // x\n  \"a\": 1 }"),
        ] {
            let document = read(text);
            let edits = document.insert(&(0..text.len()), document.settings().first(), "n", "true");
            assert_eq!(applied(text, &edits), expected);
        }
    }

    #[test]
    fn an_element_is_put_behind_the_others_as_they_stand() {
        for (list, expected) in [
            ("[]", "[\"x\"]"),
            ("[ // none\n]", "[\"x\" // none\n]"),
            ("[\"a\"]", "[\"a\", \"x\"]"),
            ("[\"a\", ]", "[\"a\", \"x\", ]"),
            ("[\n  \"a\" // a\n]", "[\n  \"a\", // a\n  \"x\"\n]"),
            ("[\n  \"a\"\n]", "[\n  \"a\",\n  \"x\"\n]"),
            ("[\r\n\t\"a\", // a\r\n]", "[\r\n\t\"a\", // a\r\n\t\"x\",\r\n]"),
            ("[\n  \"a\" /* a\n */ ]", "[\n  \"a\", \"x\" /* a\n */ ]"),
        ] {
            let text = format!("{{ \"l\": {list} }}");
            let document = read(&text);
            let after = applied(&text, &document.append(&document.settings()[0].node, &"x".into()));
            assert_eq!(after, format!("{{ \"l\": {expected} }}"));
        }
    }

    #[test]
    fn a_member_of_an_object_is_put_where_that_is_or_brings_it_along() {
        let value = serde_json::json!(["a", "b"]);
        for (text, expected) in [
            ("", "{\n  \"gopls\": {\n    \"n\": [\n      \"a\",\n      \"b\"\n    ]\n  }\n}\n"),
            ("{}", "{ \"gopls\": { \"n\": [\"a\", \"b\"] } }"),
            ("{\n  \"x\": 1\n}", "{\n  \"gopls\": { \"n\": [\"a\", \"b\"] },\n  \"x\": 1\n}"),
            ("{ \"gopls\": {\n  \"m\": 1 } }", "{ \"gopls\": {\n  \"n\": [\"a\", \"b\"],\n  \"m\": 1 } }"),
        ] {
            let edits = read(text).put("gopls", "n", &value).expect("it can be put");
            assert_eq!(applied(text, &edits), expected);
        }
        let comment = "// nothing yet";
        let after = applied(comment, &read(comment).put("gopls", "n", &value).expect("it can be put"));
        assert!(after.starts_with("// nothing yet\n{\n"), "{after}");
        assert_eq!(read("{ \"gopls\": 1 }").put("gopls", "n", &value), None);
    }

    /// Settings with comments and space between everything.
    fn arbitrary_settings() -> impl Strategy<Value = String> {
        let gap = prop::sample::select(vec!["", " ", "\n", "\r\n  ", " /* , */ ", " // , }\n", "\t"]);
        let value = prop::sample::select(vec!["1", "\"ä,\"", "[1, 2]", "{ \"x\": [] }", "null", "true"]);
        let member = (gap.clone(), gap.clone(), value, gap.clone(), gap);
        (prop::collection::vec(member, 1..6), any::<bool>()).prop_map(|(members, trailing)| {
            let count = members.len();
            let mut text = "{".to_owned();
            for (index, (a, b, value, c, d)) in members.into_iter().enumerate() {
                let comma = if index + 1 < count || trailing { "," } else { "" };
                text += &format!("{a}\"k{index}\":{b}{value}{c}{comma}{d}");
            }
            text + "}"
        })
    }

    proptest! {
        /// What is meant is all the others, and no comment is lost.
        #[test]
        fn removing_takes_one_and_nothing_else(text in arbitrary_settings(), which in 0_usize..6) {
            let document = read(&text);
            let which = which % document.settings().len();
            let after = applied(&text, &document.remove(&document.settings()[which].span()));
            let of = |document: &Document| -> Vec<(String, Json)> {
                document.settings().iter().map(|m| (m.name.clone(), m.node.json())).collect()
            };
            let mut expected = of(&document);
            expected.remove(which);
            prop_assert_eq!(of(&read(&after)), expected, "{}", after);
            let comments = |text: &str| text.matches("/*").count() + text.matches("//").count();
            let inside = document.written(&document.settings()[which].span());
            prop_assert_eq!(comments(&after), comments(&text) - comments(inside));
        }

        #[test]
        fn appending_adds_one_and_loses_no_comment(
            count in 0_usize..4,
            gap in "( |\n|\r\n|//c\n|/\\*c\\*/|/\\*c\n\\*/){0,4}",
            behind in "( |\n|\r\n|//c\n|/\\*c\n\\*/){0,4}",
            is_trailing in any::<bool>(),
        ) {
            let elements: Vec<String> = (0..count).map(|index| format!("{gap}\"{index}\"{behind}")).collect();
            let comma = if is_trailing && count > 0 { "," } else { "" };
            let text = format!("{{\"l\": [{}{comma}{gap}]}}", elements.join(","));
            let document = read(&text);
            let list = &document.settings()[0].node;
            let after = applied(&text, &document.append(list, &"x".into()));
            let texts = |document: &Document| -> Vec<String> {
                document.settings()[0].node.list().iter().filter_map(|n| n.text().map(str::to_owned)).collect()
            };
            let mut expected = texts(&document);
            expected.push("x".into());
            prop_assert_eq!(texts(&read(&after)), expected, "{}", after);
            prop_assert_eq!(after.matches('c').count(), text.matches('c').count());
        }

        #[test]
        fn an_element_is_taken_out_of_a_list(count in 1_usize..5, which in 0_usize..5) {
            let elements: Vec<String> = (0..count).map(|index| format!("\"-f{index}\"")).collect();
            let text = format!("{{\n  \"l\": [\n    {}\n  ]\n}}\n", elements.join(",\n    "));
            let document = read(&text);
            let list: &[Node] = document.settings()[0].node.list();
            let which = which % count;
            let after = applied(&text, &document.remove(&list[which].span));
            let left = read(&after);
            let Value::List(left) = &left.settings()[0].node.value else { panic!("still a list") };
            prop_assert_eq!(left.len(), count - 1);
            let taken = format!("-f{which}");
            prop_assert!(!after.contains(&taken));
        }
    }
}
