//! Whether a fix worked: the same work before and after it, each run between two heaps that hold no garbage.
//!
//! A run is what somebody does to see the problem. It begins and ends with a heap after a forced collection, so that what
//! stays is told from what is merely not collected yet; between the two the waits and RSS are recorded. `compare.rs`
//! says what the runs come to.

mod compare;
mod run;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use compare::{Caution, Changed, Comparison, FixVerdict, Measure, Measured};
pub use run::{Longest, Recording, RunFigures};

use crate::gc::SuggestedChange;
use crate::model::Bytes;

/// The version of the file's layout.
pub const VERIFICATION_FORMAT: u32 = 1;
/// More runs than this on one side say nothing more.
pub const MOST_RUNS: usize = 20;
/// Settings that are kept with a run, each of at most this many bytes.
const MOST_SETTINGS: usize = 200;
const MOST_SETTING_BYTES: usize = 4_000;
/// A title longer than this is no title.
const MOST_TITLE_CHARS: usize = 200;

/// What the fix is to make better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// The editor waits too long.
    Waits,
    /// gopls holds too much.
    Memory,
    /// gopls holds more with everything that is done: a leak.
    Growth,
    /// gopls takes too much in between, whatever it holds in the end.
    Peak,
}

/// On which side of the fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// As it was.
    Before,
    /// With the fix.
    After,
}

/// A heap after a forced collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct HeapPoint {
    /// Its incident's folder name. The incident may have been deleted since.
    pub incident: String,
    /// `Capture.number`.
    pub capture: u32,
    /// Its `inuse_space` without gopls's ballast.
    pub live_bytes: Bytes,
    /// How many goroutines there were right after it; absent when that was not told, and in files of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub goroutines: Option<u64>,
}

/// A run that is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct Run {
    /// When it began, Unix milliseconds.
    pub began_unix_ms: f64,
    /// What was seen.
    pub figures: RunFigures,
    /// The heap before it.
    pub start: HeapPoint,
    /// The heap after it.
    pub end: HeapPoint,
    /// The settings of gopls then, as JSON texts.
    pub settings: BTreeMap<String, String>,
}

/// A run that goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct OpenRun {
    /// On which side.
    pub side: Side,
    /// When it began, Unix milliseconds.
    pub began_unix_ms: f64,
    /// The heap before it.
    pub start: HeapPoint,
    /// The settings of gopls then, as JSON texts.
    pub settings: BTreeMap<String, String>,
}

/// The file of one verification, kept across windows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct Verification {
    /// [`VERIFICATION_FORMAT`].
    pub format: u32,
    /// Its file's name without the ending.
    pub id: String,
    /// What the user calls it.
    pub title: String,
    /// What is to get better.
    pub goal: Goal,
    /// When it was begun, Unix milliseconds.
    pub created_unix_ms: f64,
    /// Workspace folders of the window.
    pub workspace: Vec<String>,
    /// The change that was suggested and is tried; absent when it is the user's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub change: Option<SuggestedChange>,
    /// Runs without the fix.
    pub before: Vec<Run>,
    /// Runs with it.
    pub after: Vec<Run>,
    /// A run that was begun and not ended. After a reload of the window its record is lost.
    pub open: Option<OpenRun>,
}

/// What is asked when one is begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct VerificationStart {
    /// What the user calls it; at most 200 characters, the rest is cut off.
    pub title: String,
    /// What is to get better.
    pub goal: Goal,
    /// A change that was suggested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub change: Option<SuggestedChange>,
}

/// A step of the guided way; each answers with a [`VerificationView`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(tag = "step", rename_all = "kebab-case", try_from = "FlatStep")]
pub enum VerifyStep {
    /// A new verification.
    Start {
        /// What is asked.
        start: VerificationStart,
    },
    /// None; only what there is.
    Look {
        /// Which verification.
        id: String,
    },
    /// Captures the heap after a forced collection, which the user has agreed to, and records from then on.
    BeginRun {
        /// Which verification.
        id: String,
        /// On which side of the fix.
        side: Side,
        /// The settings of gopls now: names and JSON texts.
        settings: BTreeMap<String, String>,
    },
    /// Ends what is recorded, captures the heap after a forced collection, and counts the run.
    EndRun {
        /// Which verification.
        id: String,
    },
    /// Gives up the run that goes on.
    GiveUpRun {
        /// Which verification.
        id: String,
    },
}

/// A step as it comes from outside. Flat, because a tagged enum is first read as whatever it is: an object that holds
/// itself would be read for ever.
#[derive(Deserialize)]
struct FlatStep {
    step: StepName,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    start: Option<VerificationStart>,
    #[serde(default)]
    side: Option<Side>,
    #[serde(default)]
    settings: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StepName {
    Start,
    Look,
    BeginRun,
    EndRun,
    GiveUpRun,
}

impl TryFrom<FlatStep> for VerifyStep {
    type Error = String;

    fn try_from(flat: FlatStep) -> Result<Self, Self::Error> {
        let FlatStep { step, id, start, side, settings } = flat;
        let missing = |what: &str| format!("missing field `{what}`");
        let id = || id.ok_or_else(|| missing("id"));
        Ok(match step {
            StepName::Start => Self::Start { start: start.ok_or_else(|| missing("start"))? },
            StepName::Look => Self::Look { id: id()? },
            StepName::BeginRun => Self::BeginRun {
                id: id()?,
                side: side.ok_or_else(|| missing("side"))?,
                settings: settings.ok_or_else(|| missing("settings"))?,
            },
            StepName::EndRun => Self::EndRun { id: id()? },
            StepName::GiveUpRun => Self::GiveUpRun { id: id()? },
        })
    }
}

/// A verification with what can be said of it so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct VerificationView {
    /// What was recorded.
    pub verification: Verification,
    /// What it comes to; absent while one side has no run.
    pub comparison: Option<Comparison>,
    /// Whether its open run is being recorded now; false after a reload of the window, when it has to be begun again.
    pub recording: bool,
}

impl Verification {
    /// A new one.
    pub fn new(start: &VerificationStart, id: String, now_unix_ms: f64, workspace: Vec<String>) -> Self {
        Self {
            format: VERIFICATION_FORMAT,
            id,
            title: start.title.chars().filter(|c| !c.is_control()).take(MOST_TITLE_CHARS).collect(),
            goal: start.goal,
            created_unix_ms: now_unix_ms,
            workspace,
            change: start.change,
            before: Vec::new(),
            after: Vec::new(),
            open: None,
        }
    }

    /// The runs of one side.
    pub fn runs(&self, side: Side) -> &[Run] {
        match side {
            Side::Before => &self.before,
            Side::After => &self.after,
        }
    }

    /// Whether there is room for one more run there.
    pub fn has_room(&self, side: Side) -> bool {
        self.runs(side).len() < MOST_RUNS
    }

    /// Ends the open run with what was seen of it; nothing when there is none.
    pub fn end_run(&mut self, figures: RunFigures, end: HeapPoint) {
        let Some(OpenRun { side, began_unix_ms, start, settings }) = self.open.take() else { return };
        let runs = match side {
            Side::Before => &mut self.before,
            Side::After => &mut self.after,
        };
        runs.push(Run { began_unix_ms, figures, start, end, settings });
    }

    /// With what can be said of it so far.
    pub fn view(self, recording: bool) -> VerificationView {
        let comparison = Comparison::of(&self);
        VerificationView { recording: recording && self.open.is_some(), verification: self, comparison }
    }
}

/// Settings as they are kept: what is too long or too many is left out, a comparison needs no more.
pub fn kept_settings(settings: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let small = |(name, value): &(String, String)| name.len() + value.len() <= MOST_SETTING_BYTES;
    settings.into_iter().filter(small).take(MOST_SETTINGS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOGC: SuggestedChange = SuggestedChange { setting: crate::gc::ChangedSetting::Gogc, value: 200 };

    #[test]
    fn a_step_is_read_as_it_is_written_and_what_it_lacks_is_named() {
        let steps = [
            VerifyStep::Start {
                start: VerificationStart { title: "a fix".into(), goal: Goal::Waits, change: None },
            },
            VerifyStep::Start {
                start: VerificationStart { title: "a fix".into(), goal: Goal::Waits, change: Some(GOGC) },
            },
            VerifyStep::Look { id: "v".into() },
            VerifyStep::BeginRun {
                id: "v".into(),
                side: Side::After,
                settings: BTreeMap::from([("gopls.staticcheck".into(), "true".into())]),
            },
            VerifyStep::EndRun { id: "v".into() },
            VerifyStep::GiveUpRun { id: "v".into() },
        ];
        for step in steps {
            let text = serde_json::to_string(&step).unwrap_or_default();
            assert_eq!(serde_json::from_str(&text).ok(), Some(step), "{text}");
        }
        for (text, why) in [
            (r#"{"step":"look"}"#, "`id`"),
            (r#"{"step":"begin-run","id":"v","settings":{}}"#, "`side`"),
            (r#"{"step":"start","start":{"title":"a","goal":"fame"}}"#, "fame"),
            (r#"{"step":"run","id":"v"}"#, "run"),
            (
                r#"{"step":"start","start":{"title":"a","goal":"waits","change":{"setting":"gogc","value":1}}}"#,
                "from 10 to 1000",
            ),
        ] {
            let refused = serde_json::from_str::<VerifyStep>(text).map_err(|e| e.to_string());
            assert!(refused.is_err_and(|e| e.contains(why)), "{text}");
        }
    }
}
