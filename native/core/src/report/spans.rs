//! gopls's own spans without what is to be hidden. They name files and packages of the workspace.

use std::collections::HashMap;

use super::redactor::Redactor;
use crate::spans::{MOST_TEXT_BYTES, SpanRecord, cut};

/// The spans with every text redacted; times, parents and messages are as they were.
pub fn redact_spans(redactor: &mut Redactor, record: &SpanRecord) -> SpanRecord {
    let mut record = record.clone();
    // A load names the same few thousand files again and again.
    let mut known = HashMap::<String, String>::new();
    let mut hide = |text: &str| -> String {
        if let Some(by) = known.get(text) {
            return by.clone();
        }
        let by = cut(&redactor.text(whole_words(text))).to_owned();
        known.insert(text.to_owned(), by.clone());
        by
    };
    for span in &mut record.spans {
        span.name = hide(&span.name).into();
        if let Some(subject) = &mut span.subject {
            *subject = hide(subject).into();
        }
        if let Some(id) = span.rpc.as_mut().and_then(|rpc| rpc.id.as_mut()) {
            *id = hide(id).into();
        }
    }
    record
}

/// What was cut at the door may end within a name, and half a name is not found: that much goes.
fn whole_words(text: &str) -> &str {
    // The cut is at the end of a letter, which may be three bytes before the limit.
    if text.len() + 3 < MOST_TEXT_BYTES {
        return text;
    }
    let end = text.rfind(|letter: char| letter.is_whitespace() || matches!(letter, '/' | '\\' | ','));
    end.map_or("", |end| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_name_at_the_end_of_a_cut_text_goes() {
        assert_eq!(whole_words("/home/gopher/a.go"), "/home/gopher/a.go");
        let long = format!("{}/home/goph", "/x".repeat(145));
        assert_eq!(long.len(), MOST_TEXT_BYTES);
        assert!(whole_words(&long).ends_with("/x/home"));
        assert_eq!(whole_words(&"x".repeat(MOST_TEXT_BYTES)), "");
    }
}
