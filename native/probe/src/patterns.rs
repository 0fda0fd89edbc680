//! Leak patterns, judged on what was captured and on a living gopls.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use stallscope_core::heap::HeapIndex;
use stallscope_core::patterns::{Evidence, Facts, Patterns, Point, Rules, evaluate};

use crate::reader::ReadError;

/// What is known of a living gopls. Judging it parses profiles, so whoever asked does that, not the watcher's thread.
#[derive(Debug, Clone, Default)]
pub struct LiveEvidence {
    /// Raw heap profiles of different GC cycles under the conditions of now, oldest first.
    pub(crate) profiles: Vec<Arc<[u8]>>,
    /// Every GC cycle under these conditions.
    pub(crate) series: Vec<Point>,
    /// What the watcher knows of the workspace; the rest stays unknown.
    pub(crate) facts: Facts,
}

impl LiveEvidence {
    /// Which leak patterns it shows, with the rules' texts in a language (`en`, `zh-cn`).
    ///
    /// # Errors
    /// The rules cannot be read, or the profiles are no heap profiles of one process.
    pub fn judge(&self, language: &str) -> Result<Patterns, ReadError> {
        let heaps: Vec<HeapIndex> = self.profiles.iter().filter_map(|raw| parse(raw)).collect();
        let profiles: Vec<&HeapIndex> = heaps.iter().collect();
        judge(&Evidence { profiles: &profiles, series: &self.series, facts: self.facts }, language)
    }
}

/// Judges all built-in rules and adds their texts.
pub(crate) fn judge(evidence: &Evidence<'_>, language: &str) -> Result<Patterns, ReadError> {
    let failed = |what: String| ReadError::Patterns { what };
    let rules = Rules::built_in().map_err(|error| failed(error.to_string()))?;
    let judgement = evaluate(&rules, evidence).map_err(|error| failed(error.to_string()))?;
    let cards = rules.list().iter().map(|rule| rule.card(language)).collect();
    Ok(Patterns { judgement, cards })
}

/// The profile, or `None` of something that is none.
fn parse(raw: &[u8]) -> Option<HeapIndex> {
    // Outside input: its parser is not known to panic.
    let parsed = catch_unwind(AssertUnwindSafe(|| {
        let profile = stallscope_pprof::decode(raw, &stallscope_pprof::Limits::default()).ok()?;
        HeapIndex::new(profile).ok()
    }));
    parsed.ok().flatten()
}
