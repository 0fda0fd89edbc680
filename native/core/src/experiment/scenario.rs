//! What is done with gopls, and where: decided before anything runs, so that every run does the same.

use serde::{Deserialize, Serialize};

use super::range::OutOfRange;
use super::sites::{Site, is_generated, sites};

/// More of one kind than this tells nothing more.
const MOST_STEPS: u32 = 1_000;
const MOST_OPEN_FILES: u32 = 50;
const MOST_IDLE_MS: u64 = 3_600_000;

/// How much of everything is done, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Scenario {
    /// Files that are open from the beginning.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = MOST_OPEN_FILES)))]
    pub open_files: u32,
    /// Times that the mouse rests on a name.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = MOST_STEPS)))]
    pub hovers: u32,
    /// Jumps to where a name is defined.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = MOST_STEPS)))]
    pub definitions: u32,
    /// Completions after a dot.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = MOST_STEPS)))]
    pub completions: u32,
    /// Saves, each of a file with a changed function, formatted as an editor does.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = MOST_STEPS)))]
    pub saves: u32,
    /// How long nothing is done then, ms. gopls goes on with what it has to do.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = MOST_IDLE_MS)))]
    pub idle_ms: u64,
    /// Whether gopls is made to collect garbage at the end, so that its live heap is exact. It stands still for that.
    pub force_gc: bool,
    /// Whether the workspace is loaded again by a second gopls, with the cache that the first has left.
    pub warm: bool,
    /// Which of all places are taken; the same number takes the same.
    pub seed: u64,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            open_files: 3,
            hovers: 20,
            definitions: 20,
            completions: 10,
            saves: 5,
            idle_ms: 5_000,
            force_gc: false,
            warm: true,
            seed: 1,
        }
    }
}

impl Scenario {
    /// The same, with every number checked.
    ///
    /// # Errors
    /// The first number that is out of its range.
    pub fn checked(self) -> Result<Self, OutOfRange> {
        let steps = u64::from(MOST_STEPS);
        for (name, value, least, most) in [
            ("open-files", self.open_files.into(), 1, MOST_OPEN_FILES.into()),
            ("hovers", self.hovers.into(), 0, steps),
            ("definitions", self.definitions.into(), 0, steps),
            ("completions", self.completions.into(), 0, steps),
            ("saves", self.saves.into(), 0, steps),
            ("idle-ms", self.idle_ms, 0, MOST_IDLE_MS),
        ] {
            OutOfRange::unless(name, value, least, most)?;
        }
        Ok(self)
    }

    /// Which of its numbers another one has otherwise, as `hovers 20, here 5`.
    pub fn difference(&self, other: &Self) -> String {
        let numbers = |scenario: &Self| serde_json::to_value(scenario).unwrap_or_default();
        let (ours, theirs) = (numbers(self), numbers(other));
        let differ = ours.as_object().into_iter().flatten().filter(|(name, value)| theirs[*name] != **value);
        differ
            .map(|(name, value)| format!("{name} {value}, here {}", theirs[name]))
            .collect::<Vec<_>>()
            .join("; ")
    }
}

/// What kind of thing is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// `textDocument/hover`.
    Hover,
    /// `textDocument/definition`.
    Definition,
    /// `textDocument/completion`.
    Completion,
    /// Change, format, save; over when gopls has answered the formatting and knows the saved text.
    Save,
}

impl StepKind {
    /// All, in the order in which they are done.
    pub const ALL: [Self; 4] = [Self::Hover, Self::Definition, Self::Completion, Self::Save];

    /// For people and scripts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hover => "hover",
            Self::Definition => "definition",
            Self::Completion => "completion",
            Self::Save => "save",
        }
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What.
    pub kind: StepKind,
    /// In which of the open files.
    pub file: usize,
    /// Where in it, zero-based; a save has no place.
    pub line: u32,
    /// In UTF-16 code units.
    pub character: u32,
}

/// A file to choose from.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Below the workspace, with `/`.
    pub path: &'a str,
    /// Its text as it is on disk.
    pub text: &'a str,
}

/// Which files are open and what is done in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The files to open, as indexes of the candidates.
    pub files: Vec<usize>,
    /// The steps, in their order; `file` counts in `files`.
    pub steps: Vec<Step>,
}

/// So many files are read before some are chosen: a large workspace has a hundred thousand.
const MOST_READ: usize = 400;

/// Which of these files are worth reading, as indexes; the same for the same paths, however they are listed.
pub fn shortlist(seed: u64, paths: &[String]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..paths.len()).collect();
    order.sort_by_key(|index| by_path(seed, &paths[*index]));
    order.truncate(MOST_READ);
    order
}

/// Tests last, the others well mixed.
fn by_path(seed: u64, path: &str) -> (bool, u64, &str) {
    (path.ends_with("_test.go"), hash(seed, path.as_bytes()), path)
}

/// The plan for these files: the same for the same files, scenario and seed. `None` when there is no place for anything.
///
/// Tests and generated files are opened only when there is nothing else.
pub fn plan(scenario: &Scenario, candidates: &[Candidate<'_>]) -> Option<Plan> {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by_key(|index| {
        let Candidate { path, text } = candidates[*index];
        (is_generated(text), by_path(scenario.seed, path))
    });
    let mut files = Vec::new();
    let mut places: Vec<(usize, Site)> = Vec::new();
    for index in order {
        if files.len() == scenario.open_files as usize {
            break;
        }
        let found = sites(candidates[index].text);
        if found.iter().any(|site| site.selected) {
            places.extend(found.into_iter().map(|site| (files.len(), site)));
            files.push(index);
        }
    }
    if files.is_empty() {
        return None;
    }
    let selected: Vec<_> = places.iter().filter(|(_, site)| site.selected).cloned().collect();
    let steps = StepKind::ALL.into_iter().flat_map(|kind| {
        let (count, places) = match kind {
            StepKind::Hover => (scenario.hovers, &places),
            StepKind::Definition => (scenario.definitions, &places),
            StepKind::Completion => (scenario.completions, &selected),
            StepKind::Save => (scenario.saves, &places),
        };
        let open = files.len();
        (0..count).map(move |number| {
            if kind == StepKind::Save {
                return Step { kind, file: number as usize % open, line: 0, character: 0 };
            }
            let text = format!("{} {number}", kind.name());
            let (file, site) = &places[(hash(scenario.seed, text.as_bytes()) % places.len() as u64) as usize];
            // Completion is asked for right behind the dot, which is where the selected name begins.
            Step { kind, file: *file, line: site.line, character: site.character }
        })
    });
    Some(Plan { steps: steps.collect(), files })
}

/// FNV-1a, then mixed as in SplitMix64: well spread, and the same on every machine and in every version.
fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ seed;
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const A: Candidate<'_> = Candidate { path: "a/a.go", text: "package a\nvar X = fmt.Sprint(os.Args)\n" };
    const B: Candidate<'_> = Candidate { path: "b/b.go", text: "package b\nvar Y = a.X\n" };
    const TEST: Candidate<'_> = Candidate { path: "a/a_test.go", text: "package a\nvar Z = t.Z\n" };
    const EMPTY: Candidate<'_> = Candidate { path: "c/c.go", text: "package c\n" };
    const MADE: Candidate<'_> =
        Candidate { path: "m/m.go", text: "// Code generated by m. DO NOT EDIT.\npackage m\nvar M = m.M\n" };

    #[test]
    fn the_same_is_planned_however_the_files_are_listed() {
        let scenario = Scenario { open_files: 2, ..Scenario::default() };
        let paths = |plan: &Plan, all: &[Candidate<'_>]| -> Vec<String> {
            plan.files.iter().map(|index| all[*index].path.to_owned()).collect()
        };
        let (first, second) = ([A, B, TEST, EMPTY, MADE], [MADE, EMPTY, TEST, B, A]);
        let (one, other) = (plan(&scenario, &first).unwrap(), plan(&scenario, &second).unwrap());
        assert_eq!(paths(&one, &first), paths(&other, &second));
        assert_eq!(one.steps, other.steps);
        assert_eq!(one.steps.len(), 55);
        let other_seed = plan(&Scenario { seed: 2, ..scenario }, &first).unwrap();
        assert_ne!(one.steps, other_seed.steps);
    }

    #[test]
    fn tests_and_generated_files_come_last_and_files_without_a_place_not_at_all() {
        let scenario = Scenario { open_files: 4, ..Scenario::default() };
        let plan = plan(&scenario, &[MADE, TEST, EMPTY, A]).unwrap();
        assert_eq!(plan.files, [3, 1, 0]);
        assert_eq!(super::plan(&scenario, &[EMPTY]), None);
    }

    #[test]
    fn completions_are_behind_a_dot() {
        let plan = plan(&Scenario::default(), &[A]).unwrap();
        for step in plan.steps.iter().filter(|step| step.kind == StepKind::Completion) {
            let line = A.text.lines().nth(step.line as usize).unwrap();
            assert_eq!(line.as_bytes()[step.character as usize - 1], b'.');
        }
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        let error = Scenario { open_files: 0, ..Scenario::default() }.checked().unwrap_err();
        assert_eq!(error.to_string(), "open-files must be 1 to 50, not 0");
        assert!(Scenario { hovers: 1_001, ..Scenario::default() }.checked().is_err());
    }
}
