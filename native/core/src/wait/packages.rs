//! For which packages somebody waited: what a CPU profile cannot tell, because gopls's functions are the same for all of them.

use serde::{Deserialize, Serialize};

use super::Phase;
use crate::model::Ns;

/// The packages that a wait was for, as far as gopls's spans name them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct PackageWork {
    /// Those that were waited for longest, the longest first.
    pub packages: Vec<PackageShare>,
    /// How many more there were.
    pub others: u32,
    /// For how long these were waited for.
    pub others_waited_ns: Ns,
}

/// Work on one package.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct PackageShare {
    /// Its import path, as gopls says it.
    pub package: String,
    /// What was done: type checking, importing its types or analysis. Files that were parsed for it count to it.
    pub phase: Phase,
    /// Part of the wait in which this was waited for, and nothing else: the shares of all packages add up to no more than
    /// the wait.
    pub waited_ns: Ns,
    /// Part of the wait in which it went on, beside others or not. What it itself waited for, as the packages it imports, is
    /// in it.
    pub running_ns: Ns,
}

impl PackageWork {
    /// All time that was waited for work on packages.
    pub fn waited_ns(&self) -> Ns {
        self.packages.iter().fold(self.others_waited_ns, |sum, share| sum.saturating_add(share.waited_ns))
    }
}
