//! What a rule says. Rules come from a file: see [`super::file`].

use serde::Serialize;

use crate::heap::StackFilter;
use crate::rule_file::{Reference, Texts};

/// One pattern: what to look for, why, and what to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name in lists and logs, in lower case with hyphens.
    pub id: String,
    /// How much it matters when it is found.
    pub severity: Severity,
    /// One line.
    pub title: Texts,
    /// What it means and how it comes about.
    pub why: Texts,
    /// What the user can do now.
    pub what_to_do: Texts,
    /// Where it can be read up.
    pub references: Vec<Reference>,
    /// It is found when all of these hold.
    pub when: Vec<Condition>,
}

/// What a rule says to people, in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts", rename = "PatternCard"))]
pub struct RuleCard {
    /// The rule's id.
    pub rule: String,
    /// One line.
    pub title: String,
    /// What it means and how it comes about.
    pub why: String,
    /// What the user can do now.
    pub what_to_do: String,
    /// Where it can be read up.
    pub references: Vec<Reference>,
}

impl Rule {
    /// Its texts in a language (`zh-cn`), in English where there are none.
    pub fn card(&self, language: &str) -> RuleCard {
        let text = |texts: &Texts| texts.text(language).to_owned();
        RuleCard {
            rule: self.id.clone(),
            title: text(&self.title),
            why: text(&self.why),
            what_to_do: text(&self.what_to_do),
            references: self.references.clone(),
        }
    }
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts", rename = "PatternSeverity"))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Costs memory that could be saved.
    Medium,
    /// Grows until gopls is restarted, or costs very much.
    High,
}

/// One thing that must be seen.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// The latest profile has much in these stacks.
    Held {
        /// Which.
        stacks: StackFilter,
        /// At least so many bytes.
        min_bytes: u64,
        /// At least this share of the live heap, 0 to 1.
        min_share: f64,
    },
    /// The latest profile has large objects allocated by these stacks.
    LargeObjects {
        /// Which.
        stacks: StackFilter,
        /// The size of one object.
        min_object_bytes: u64,
        /// All of them together.
        min_bytes: u64,
    },
    /// What these stacks hold grows from GC cycle to GC cycle.
    Growing {
        /// Which.
        stacks: StackFilter,
        /// Over at least so many GC cycles.
        min_cycles: u64,
        /// By at least so many bytes in all.
        min_bytes: u64,
        /// At least this share of the growth of the whole live heap, 0 to 1: a load grows everywhere.
        min_share_of_growth: f64,
    },
    /// A number rises from point to point of the series.
    Rising {
        /// Which.
        what: Counter,
        /// Over at least so many GC cycles.
        min_cycles: u64,
        /// By at least so much in all.
        min_growth: u64,
    },
    /// A fact is large.
    Fact {
        /// Which.
        fact: FactName,
        /// From here on.
        at_least: u64,
    },
    /// A fact is large, compared with another.
    FactRatio {
        /// Which.
        fact: FactName,
        /// With which.
        per: FactName,
        /// From this many times on.
        at_least: f64,
    },
}

/// Declares an enum whose variants have a name in files and in findings.
macro_rules! named {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in rule files and findings.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

named! {
    /// What a series tells.
    Counter {
        /// The live heap.
        LiveHeap = "live_heap_bytes",
        /// Goroutines.
        Goroutines = "goroutines",
        /// Views that were created again.
        ViewsRecreated = "views_recreated",
    }
}

named! {
    /// A field of [`super::Facts`].
    FactName {
        /// `views`.
        Views = "views",
        /// `views_recreated`.
        ViewsRecreated = "views_recreated",
        /// `files`.
        Files = "files",
        /// `compiled_go_files`.
        CompiledGoFiles = "compiled_go_files",
        /// `packages`.
        Packages = "packages",
        /// `workspace_modules`.
        WorkspaceModules = "workspace_modules",
        /// `largest_file_bytes`.
        LargestFileBytes = "largest_file_bytes",
        /// `diagnostics`.
        Diagnostics = "diagnostics",
        /// `gopls_processes`.
        GoplsProcesses = "gopls_processes",
    }
}
