//! A profile prepared for questions.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use stallscope_pprof::{Error, Profile};

use super::ballast::Ballast;
use super::nodes::Nodes;
use super::prune::prune;
use super::subsystem::{Assignment, SubsystemRules};
use super::table::Table;
use crate::model::Bytes;

/// Shown first in a heap profile: what is in use now.
const DEFAULT_TYPE: &str = "inuse_space";

/// Why a question about a heap profile cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeapError {
    /// The profile has no such values.
    #[error("the profile has no sample type {asked:?}; it has: {available}")]
    UnknownSampleType {
        /// What was asked for.
        asked: String,
        /// What there is, comma-separated.
        available: String,
    },
    /// The two sides of a difference count in different units.
    #[error("cannot compare {sample_type} in {base_unit} with {sample_type} in {unit}")]
    UnitsDiffer {
        /// The sample type.
        sample_type: String,
        /// Its unit in the base profile.
        base_unit: String,
        /// Its unit in the profile.
        unit: String,
    },
    /// No such part of gopls.
    #[error("there is no subsystem {asked:?}; there are: {available}")]
    UnknownSubsystem {
        /// What was asked for.
        asked: String,
        /// What there is, comma-separated.
        available: String,
    },
    /// No stack starts with the functions of a flame path.
    #[error("no stack begins with this path (it ends in {function:?})")]
    UnknownPath {
        /// The last function of the path.
        function: String,
    },
}

/// What a profile counts, for example `inuse_space` in `bytes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct SampleType {
    /// What is counted.
    pub sample_type: String,
    /// In which unit.
    pub unit: String,
}

/// A profile with its functions merged by name; tables are made when first asked for and then kept.
pub struct HeapIndex {
    pub(super) profile: Profile,
    pub(super) nodes: Nodes,
    pub(super) ballast: Ballast,
    tables: Vec<OnceLock<Table>>,
    assignment: OnceLock<Assignment>,
    main_subsystems: Vec<OnceLock<Vec<u8>>>,
}

impl HeapIndex {
    /// Prepares a profile. Fails only if what the profile asks to leave out leaves nothing consistent.
    pub fn new(profile: Profile) -> Result<Self, Error> {
        let profile = prune(profile)?;
        let nodes = Nodes::new(&profile);
        let ballast = Ballast::find(&profile, &nodes);
        let tables = profile.sample_types.iter().map(|_| OnceLock::new()).collect();
        let main_subsystems = profile.sample_types.iter().map(|_| OnceLock::new()).collect();
        Ok(Self { profile, nodes, ballast, tables, assignment: OnceLock::new(), main_subsystems })
    }

    /// What the profile counts, in its own order.
    pub fn sample_types(&self) -> Vec<SampleType> {
        (0..self.tables.len()).map(|kind| self.sample_type(kind)).collect()
    }

    /// How many samples the profile has.
    pub fn sample_count(&self) -> usize {
        self.profile.samples.len()
    }

    /// When the profile was taken, in ns since 1970; 0 if it does not say.
    pub fn time_nanos(&self) -> i64 {
        self.profile.time_nanos
    }

    /// The sum over all samples of one type; the default type for `None`.
    pub fn total(&self, sample_type: Option<&str>) -> Result<i64, HeapError> {
        Ok(self.table(self.kind(sample_type)?).total)
    }

    /// How much of `inuse_space` is gopls's ballast; 0 where the profile has neither.
    pub fn ballast_bytes(&self) -> Bytes {
        let kind = self.kind(Some(DEFAULT_TYPE)).ok();
        let bytes = kind.map_or(0, |kind| self.ballast.value(&self.profile, kind));
        Bytes::try_from(bytes).unwrap_or(0)
    }

    /// Makes the table of a sample type in two halves and keeps it. `both` runs the halves, at the same time if it
    /// likes: this crate starts no thread.
    pub fn prepare(
        &self,
        sample_type: Option<&str>,
        both: impl FnOnce(&mut (dyn FnMut() + Send), &mut (dyn FnMut() + Send)),
    ) -> Result<(), HeapError> {
        let kind = self.kind(sample_type)?;
        let (samples, middle) = (self.profile.samples.len(), self.profile.samples.len() / 2);
        let count = |part| Some(Table::of_part(&self.profile, &self.nodes, kind, part));
        let (mut first, mut second) = (None, None);
        both(&mut || first = count(0..middle), &mut || second = count(middle..samples));
        if let (Some(first), Some(second)) = (first, second) {
            self.tables[kind].get_or_init(|| first.plus(&second));
        }
        Ok(())
    }

    pub(super) fn sample_type(&self, kind: usize) -> SampleType {
        let value_type = &self.profile.sample_types[kind];
        let text = |id| self.profile.text(id).to_owned();
        SampleType { sample_type: text(value_type.kind), unit: text(value_type.unit) }
    }

    /// The column of a sample type. Without a name: what the profile declares as its default (an allocation
    /// profile does), else `inuse_space`, else the last one, which is pprof's choice.
    pub fn kind(&self, asked: Option<&str>) -> Result<usize, HeapError> {
        let types = &self.profile.sample_types;
        let position = |name: &str| types.iter().position(|t| self.profile.text(t.kind) == name);
        let Some(asked) = asked else {
            let declared = position(self.profile.text(self.profile.default_sample_type));
            return Ok(declared.or_else(|| position(DEFAULT_TYPE)).unwrap_or(types.len() - 1));
        };
        // Old heap profiles say "space" for "inuse_space".
        let legacy = || asked.strip_prefix("inuse_").and_then(position);
        position(asked).or_else(legacy).ok_or_else(|| HeapError::UnknownSampleType {
            asked: asked.to_owned(),
            available: types.iter().map(|t| self.profile.text(t.kind)).collect::<Vec<_>>().join(", "),
        })
    }

    pub(super) fn table(&self, kind: usize) -> &Table {
        self.tables[kind].get_or_init(|| Table::new(&self.profile, &self.nodes, kind))
    }
    /// Which subsystem each sample belongs to.
    pub(super) fn assignment(&self) -> &Assignment {
        self.assignment.get_or_init(|| {
            Assignment::new(&self.profile, &self.nodes, &self.ballast, SubsystemRules::embedded())
        })
    }

    /// By function, the subsystem that most of its values belong to.
    pub(super) fn main_subsystems(&self, kind: usize) -> &[u8] {
        self.main_subsystems[kind].get_or_init(|| self.find_main_subsystems(kind))
    }
}
