//! What an alert says: as JSON for programs, and as a text for chats.

use std::fmt::Write;

use serde::Serialize;
use serde_json::json;
use stallscope_core::experiment::{Checked, Verdict};
use stallscope_doctor::ToldFinding;

use crate::check::outputs::word;

/// The version of the JSON's layout.
pub const FORMAT: u32 = 1;
/// A message names so many lines at most, and says how many more there are.
pub const MOST_LINES: usize = 50;
/// A chat shows fewer: its messages end at 4,000 characters, or less.
const MOST_CHAT_LINES: usize = 12;
const MOST_CHARACTERS: usize = 240;
/// What gopls wrote at its end may be long; all of it is in the job.
const MOST_SAID: usize = 1_000;

/// How a check ended.
#[derive(Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Message {
    /// Version of this layout.
    pub format: u32,
    /// The version of Stallscope that says it.
    pub stallscope: String,
    /// The repository, as its host names it, or the name of its folder.
    pub repository: String,
    /// Whether all limits hold.
    pub verdict: Verdict,
    /// The same in words: `2 of 6 failed`.
    pub summary: String,
    /// The page of the job.
    pub link: Option<String>,
    /// What does not hold; everything, where all holds.
    pub lines: Vec<Line>,
    /// More of them, which are not listed.
    pub more: usize,
}

/// One limit, or one finding of the doctor.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Line {
    /// Which: `heap`, the id of a finding.
    pub name: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// What was measured, in bytes, ns, or things; absent of a finding.
    pub value: Option<f64>,
    /// What it must not exceed.
    pub limit: Option<f64>,
    /// Both for people.
    pub says: String,
}

impl Message {
    /// For programs.
    pub fn json(&self) -> String {
        json!(self).to_string()
    }

    /// For Slack, and whatever takes the same messages.
    pub fn slack(&self) -> String {
        let mut text =
            format!("*stallscope check: {}*: {}\n```\n", chat(&self.repository), chat(&self.summary));
        for line in self.lines.iter().take(MOST_CHAT_LINES) {
            let _ = writeln!(text, "{:<4}  {}", word(line.verdict), chat(&line.says));
        }
        let more = self.more + self.lines.len().saturating_sub(MOST_CHAT_LINES);
        if more > 0 {
            let _ = writeln!(text, "and {more} more");
        }
        text.push_str("```");
        if let Some(link) = &self.link {
            let _ = write!(text, "\n<{}|The job>", link.replace('|', "%7C").replace('>', "%3E"));
        }
        json!({ "text": text }).to_string()
    }
}

impl Line {
    /// A limit.
    pub fn of(checked: &Checked) -> Self {
        Self {
            name: checked.name.clone(),
            verdict: checked.verdict,
            value: checked.value,
            limit: Some(checked.limit),
            says: checked.says.chars().take(MOST_SAID).collect(),
        }
    }

    /// A finding of the doctor. Where it is stays in the job: a path says more than others need to know.
    pub fn found(finding: &ToldFinding) -> Self {
        Self {
            name: finding.id.clone(),
            verdict: Verdict::Failed,
            value: None,
            limit: None,
            says: finding.title.clone(),
        }
    }
}

/// A text of somebody else in a chat: one line, of a length that somebody reads, calling nobody and ending no block.
fn chat(text: &str) -> String {
    let mut line = String::new();
    for (at, c) in text.chars().enumerate() {
        match c {
            _ if at == MOST_CHARACTERS => return line + "…",
            '&' => line.push_str("&amp;"),
            '<' => line.push_str("&lt;"),
            '>' => line.push_str("&gt;"),
            '`' => line.push('\''),
            c if c.is_control() => line.push(' '),
            c => line.push(c),
        }
    }
    line
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn message(says: &str, lines: usize) -> Message {
        let line = Line {
            name: "heap".into(),
            verdict: Verdict::Failed,
            value: Some(9e8),
            limit: Some(5e8),
            says: says.into(),
        };
        Message {
            format: FORMAT,
            stallscope: "1".into(),
            repository: "shop/till".into(),
            verdict: Verdict::Failed,
            summary: format!("{lines} of 60 failed"),
            link: Some("https://ci.test/1".into()),
            lines: vec![line; lines],
            more: 0,
        }
    }

    fn text(message: &Message) -> String {
        let json: serde_json::Value = serde_json::from_str(&message.slack()).unwrap();
        json["text"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_chat_is_told_which_repository_figure_and_limit() {
        assert_eq!(
            text(&message("heap in use at the end: 900 MB, at most 500 MB", 1)),
            "*stallscope check: shop/till*: 1 of 60 failed\n```\nFAIL  heap in use at the end: 900 MB, at most 500 MB\n```\n<https://ci.test/1|The job>"
        );
    }

    #[test]
    fn what_gopls_says_calls_nobody_and_stays_in_its_block() {
        let text = text(&message("gopls ended: ``` <!channel> & <https://evil.test|click>\nx", 1));
        assert!(
            text.contains("gopls ended: ''' &lt;!channel&gt; &amp; &lt;https://evil.test|click&gt; x\n```\n"),
            "{text}"
        );
    }

    #[test]
    fn a_chat_s_message_has_an_end() {
        let text = text(&message(&"é".repeat(9_000), MOST_LINES));
        assert!(text.chars().count() < 4_000, "{}", text.chars().count());
        assert!(text.contains("…\nand 38 more\n```"), "{text}");
    }
}
