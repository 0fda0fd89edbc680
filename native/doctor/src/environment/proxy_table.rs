//! What each way to set `GOPROXY` means for verification and for private modules: the data file `rules/proxies.json`.

use serde::Serialize;
use serde_json::Value;
use stallscope_core::rule_file::{Fields, RuleError, Texts, problem, texts};

use super::proxy::without_secrets;

const FORMAT: u64 = 1;
const MAX_ROWS: usize = 30;
const MAX_TEXT_CHARS: usize = 600;
const BUILT_IN: &[u8] = include_bytes!("../../rules/proxies.json");

/// The table in one language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts"))]
pub struct ProxyTable {
    /// What is in force, without passwords; `null` where no folder was examined or `go` did not say.
    pub in_force: Option<String>,
    /// A row for each way.
    pub rows: Vec<ProxyRow>,
}

/// One way to set `GOPROXY`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts"))]
pub struct ProxyRow {
    /// The value.
    pub value: String,
    /// Who is asked, and when somebody else.
    pub asks: String,
    /// Whether what comes is verified, and by what.
    pub verification: String,
    /// What it means for private modules.
    pub private: String,
}

impl ProxyTable {
    /// The table in a language (`en`, `zh-cn`), in English where there is no other.
    ///
    /// # Errors
    /// Our own data file is not well formed, which a test rules out.
    pub fn built_in(language: &str) -> Result<Self, RuleError> {
        let rows = read(BUILT_IN)?;
        let say = |texts: &Texts| texts.text(language).to_owned();
        let told = |row: &Row| ProxyRow {
            value: row.value.clone(),
            asks: say(&row.asks),
            verification: say(&row.verification),
            private: say(&row.private),
        };
        Ok(Self { in_force: None, rows: rows.iter().map(told).collect() })
    }

    /// With the value that is in force.
    #[must_use]
    pub fn with(self, in_force: Option<&str>) -> Self {
        Self { in_force: in_force.map(without_secrets), ..self }
    }
}

struct Row {
    value: String,
    asks: Texts,
    verification: Texts,
    private: Texts,
}

fn read(file: &[u8]) -> Result<Vec<Row>, RuleError> {
    let at = || "proxies".to_owned();
    let value: Value =
        serde_json::from_slice(file).map_err(|error| problem(at(), format!("is not JSON: {error}")))?;
    let mut fields = Fields::new(at(), value)?;
    fields.whole("format", FORMAT..=FORMAT)?;
    let rows = fields.list("proxies", MAX_ROWS)?.into_iter().map(|(place, value)| {
        let mut fields = Fields::new(place, value)?;
        let row = Row {
            value: fields.text("value", MAX_TEXT_CHARS)?,
            asks: texts(&mut fields, "asks", MAX_TEXT_CHARS)?,
            verification: texts(&mut fields, "verification", MAX_TEXT_CHARS)?,
            private: texts(&mut fields, "private", MAX_TEXT_CHARS)?,
        };
        fields.end()?;
        Ok(row)
    });
    let rows = rows.collect::<Result<_, RuleError>>()?;
    fields.end()?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::super::proxy::{Entry, ProxyList};
    use super::*;

    #[test]
    fn every_row_is_a_value_that_go_takes_in_both_languages() {
        let english = ProxyTable::built_in("en").expect("the file is valid");
        let chinese = ProxyTable::built_in("zh-cn").expect("the file is valid");
        assert!(english.rows.len() >= 8);
        for (english, chinese) in english.rows.iter().zip(&chinese.rows) {
            let list = ProxyList::parse(&english.value);
            let takes = !list.asked.iter().any(|entry| matches!(entry, Entry::Invalid { .. }));
            assert!(takes && !list.asked.is_empty() && list.never_asked.is_empty(), "{list:?}");
            for (a, b) in [
                (&english.asks, &chinese.asks),
                (&english.verification, &chinese.verification),
                (&english.private, &chinese.private),
            ] {
                assert_ne!(a, b);
                assert!(b.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{b}");
            }
        }
    }
}
