//! The cache of the gopls that serves the folder.

use std::time::Duration;

use super::{Asked, Found};
use crate::cache::{CacheAsked, facts, folder_of};
use crate::executables::Bins;

/// Beside all else that is examined; what is not counted by then is told as "at least".
const COUNT_WITHIN: Duration = Duration::from_millis(1_500);

/// Examines gopls's cache.
pub(super) fn examine(asked: &Asked, bins: Bins, found: &mut Found) {
    let asked = CacheAsked { folder: folder_of(&asked.variables), bins };
    match facts(&asked, COUNT_WITHIN) {
        Ok(facts) => found.add(stallscope_doctor::cache::findings(&facts)),
        Err(error) => found.not_examined("gopls's cache", error),
    }
}
