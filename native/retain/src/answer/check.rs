//! Whether an analysis can be trusted: what it found against what the runtime's own collector found.
//!
//! The runtime notes of every slot whether the last collection found it alive. What survived then and is not found now has
//! either died since, or was missed by us. It has died for sure when nothing in memory has its address any more, see
//! [`crate::marking::died`]; of the rest nobody can tell. At rest, right after a collection, nothing has died, and the two agree.

use serde::Serialize;

use crate::analysis::Counts;
use crate::runtime::heap::Count;

/// Beyond this a result is not to be relied on.
const MOST_MISSED: f64 = 0.01;

/// What was found against what the runtime counts itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// What the last collection of the program found alive.
    pub survivors: Count,
    /// What of that was found alive here, too.
    pub survivors_found: Count,
    /// What of that has died since for sure.
    pub died: Count,
    /// Slots in use: `HeapObjects` and `HeapAlloc`. What has become garbage since the last collection is among them.
    pub in_use: Count,
    /// How much of the survivors that have not died was not found, by objects or bytes, whichever is more: 0 to 1.
    pub missed: f64,
    /// Whether the two agree.
    pub reliable: bool,
    /// Stacks that were read word by word, because their goroutines were running: they may hold a little too much.
    pub inexact_roots: u32,
    /// Why the two may not agree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Check {
    /// Compares.
    pub fn of(counts: &Counts) -> Self {
        let (all, died, found) = (counts.survivors, counts.died, counts.survivors_found);
        let lasting = Count { objects: all.objects - died.objects, bytes: all.bytes - died.bytes };
        let missed = lasting.lacks(found);
        let swept = counts.unswept_spans == 0;
        let reliable = missed <= MOST_MISSED && swept;
        let since = counts.in_use.bytes.saturating_sub(all.bytes);
        let reason = if !swept {
            Some("a collection had just ended and was still freeing what it found dead: there is nothing to compare with. \
                  Try again in a moment."
                .to_owned())
        } else if !reliable {
            Some(format!(
                "{:.1} % of what the last collection found alive was not found here, and something in memory still has its address. \
                 The program has allocated {} MB since, so it may have died meanwhile; at rest, right after a collection, the \
                 two agree. Try again when it is calm.",
                missed * 100.0,
                since >> 20
            ))
        } else {
            None
        };
        Self {
            survivors: all,
            survivors_found: found,
            died,
            in_use: counts.in_use,
            missed,
            reliable,
            inexact_roots: counts.inexact_roots,
            reason,
        }
    }
}
