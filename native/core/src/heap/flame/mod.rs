//! Flame trees, bounded: what is too small to draw is merged, nothing is lost.
//!
//! One tree answers all views. It grows from the roots of the stacks towards what was called, or from the leaves towards
//! the callers (inverted); from one function in both directions it is a sandwich; with a base it is a difference.

mod draw;
mod grow;
mod walk;

use serde::{Deserialize, Serialize};

use super::diff::Compared;
use super::index::{HeapError, HeapIndex};
use super::scale::Scale;
use walk::{Side, Walk};

/// Which way a tree grows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "snake_case")]
pub enum FlameDirection {
    /// From a function to what it called.
    #[default]
    Callees,
    /// From a function to who called it.
    Callers,
}

/// Which part of the tree, and how much of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(default)]
pub struct FlameQuery {
    /// For example `alloc_space`; `null` for the default.
    pub sample_type: Option<String>,
    /// Which way the tree grows.
    pub direction: FlameDirection,
    /// Only stacks with this function, all of them merged at it; `null` for whole stacks. A stack in which it is several
    /// times counts once: with the callers of its first call, the callees of its last one.
    pub focus: Option<String>,
    /// Function names from the root of this tree to the frame to zoom on; empty for everything.
    pub path: Vec<String>,
    /// Part of a function or package name, upper or lower case: counted in `matched`. Empty for none.
    pub search: String,
    /// In a difference: scale the profile so that its total equals the base's.
    pub normalize: bool,
    /// Frames narrower than this share of the zoomed frame are merged.
    pub min_share: f64,
    /// At most this many frames, merged ones not counted.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub max_nodes: usize,
}

impl Default for FlameQuery {
    fn default() -> Self {
        Self {
            sample_type: None,
            direction: FlameDirection::Callees,
            focus: None,
            path: Vec::new(),
            search: String::new(),
            normalize: false,
            min_share: 0.0005,
            max_nodes: 5000,
        }
    }
}

/// What a frame stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "snake_case")]
pub enum FlameNodeKind {
    /// Everything that is shown.
    Root,
    /// One function, called by the frame below it (or calling it, in a tree of callers).
    Frame,
    /// Several functions too small to show on their own: "other (N)". Zoom on its parent to see them.
    Other,
    /// In the icicle: a part of gopls.
    Subsystem,
    /// In the icicle: a package.
    Package,
}

/// One frame. It spans `start` to `start + value + base_value`; those one `depth` further lie within.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct FlameNode {
    /// What it stands for.
    pub kind: FlameNodeKind,
    /// The function; empty unless `kind` is `frame`.
    pub function: String,
    /// The import path in its name; empty if there is none.
    pub package: String,
    /// Its source file; empty if unknown.
    pub file: String,
    /// The line it starts at, or the first line seen of it; 0 if unknown.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub line: i64,
    /// 0 for the root.
    pub depth: u32,
    /// Where the frame begins, in the unit of the values.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub start: i64,
    /// What its stacks hold: `own` and the values of all frames on it add up to it.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub value: i64,
    /// Of stacks that end here: what the function itself allocated; in a tree of callers, of stacks that begin here.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub own: i64,
    /// `value` in the base; 0 unless compared.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub base_value: i64,
    /// `own` in the base; 0 unless compared.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub base_own: i64,
    /// How much of what it spans is in stacks with a function that is searched for, also where they are merged.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub matched: i64,
    /// For `other`: how many functions are merged in it. Otherwise 0.
    pub merged: u32,
    /// `ballast` for the memory gopls reserves on purpose: no leak.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub label: Option<String>,
    /// The subsystem that most of what it spans belongs to. Not there for the root and for merged functions of a flame tree.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub subsystem: Option<String>,
}

impl FlameNode {
    /// A merged frame of nothing yet: what all others are made from.
    pub(super) fn blank(depth: u32, start: i64, value: i64) -> Self {
        Self {
            kind: FlameNodeKind::Other,
            function: String::new(),
            package: String::new(),
            file: String::new(),
            line: 0,
            depth,
            start,
            value,
            own: 0,
            base_value: 0,
            base_own: 0,
            matched: 0,
            merged: 0,
            label: None,
            subsystem: None,
        }
    }
}

/// The frames in the order of drawing: each before those on it, which come largest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct FlameTree {
    /// What is counted.
    pub sample_type: String,
    /// In which unit.
    pub unit: String,
    /// The sum over all samples of the profile, also when zoomed; scaled when normalised.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub total: i64,
    /// The sum over all samples of the base; `null` unless compared.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub base_total: Option<i64>,
    /// What the stacks shown hold that have a function which is searched for; each counts once.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub matched: i64,
    /// `matched` in the base; 0 unless compared.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub base_matched: i64,
    /// The functions from the root to the zoomed frame.
    pub path: Vec<String>,
    /// The frames; the first is the root (or the zoomed frame, or the function in focus).
    pub nodes: Vec<FlameNode>,
}

impl HeapIndex {
    /// The flame tree of a sample type, or a part of it. A focus that no stack has gives an empty root.
    pub fn flame(&self, query: &FlameQuery) -> Result<FlameTree, HeapError> {
        let kind = self.kind(query.sample_type.as_deref())?;
        let walk = Walk::new(Side { index: self, kind, scale: Scale::NONE }, None);
        let names = self.sample_type(kind);
        let tree = FlameTree {
            sample_type: names.sample_type,
            unit: names.unit,
            total: self.table(kind).total,
            base_total: None,
            matched: 0,
            base_matched: 0,
            path: query.path.clone(),
            nodes: Vec::new(),
        };
        walk.fill(tree, query)
    }
}

/// The flame tree of both profiles together: each frame has its value in either, also if only one of them has it.
pub fn flame_diff(base: &HeapIndex, new: &HeapIndex, query: &FlameQuery) -> Result<FlameTree, HeapError> {
    let compared = Compared::new(base, new, query.sample_type.as_deref(), query.normalize)?;
    let Compared { base_kind, new_kind, sample_type, scale } = compared;
    let walk = Walk::new(
        Side { index: new, kind: new_kind, scale },
        Some(Side { index: base, kind: base_kind, scale: Scale::NONE }),
    );
    let tree = FlameTree {
        sample_type: sample_type.sample_type,
        unit: sample_type.unit,
        total: if scale == Scale::NONE { new.table(new_kind).total } else { walk.sum() },
        base_total: Some(base.table(base_kind).total),
        matched: 0,
        base_matched: 0,
        path: query.path.clone(),
        nodes: Vec::new(),
    };
    walk.fill(tree, query)
}
