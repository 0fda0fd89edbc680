//! Profile ids (any non-zero u64) to indices.
//!
//! Every known producer counts from one: there an id is its index plus one, and nothing needs to be looked up.

use std::collections::HashMap;

use crate::Error;

/// Ids up to this are near: their index is the id minus one. Others are looked up, and numbered after these.
const NEAR_IDS: u32 = 1 << 21;

/// Gives each id an index when it is first seen, be it used or defined there.
///
/// Samples may come before the locations they name, so an index must be available before the definition is.
/// Whether all were defined in the end is checked by [`IdTable::place`], which also closes the gaps.
pub(crate) struct IdTable {
    what: &'static str,
    limit: usize,
    far: HashMap<u64, u32>,
    far_ids: Vec<u64>,
    /// One more than the highest index given.
    end: u32,
}

impl IdTable {
    pub(crate) fn new(what: &'static str, limit: usize) -> Self {
        Self { what, limit, far: HashMap::new(), far_ids: Vec::new(), end: 0 }
    }

    /// The index of one id.
    pub(crate) fn index(&mut self, id: u64) -> Result<u32, Error> {
        let index = self.index_unnoted(id)?;
        self.note(&[index]);
        Ok(index)
    }

    /// The same for many, which must be noted together afterwards.
    #[inline]
    pub(crate) fn index_unnoted(&mut self, id: u64) -> Result<u32, Error> {
        let index = id.wrapping_sub(1); // The reserved id 0 becomes a far one and is refused there.
        if index < u64::from(NEAR_IDS) { Ok(index as u32) } else { self.far_index(id) }
    }

    /// Remembers that these indices were given.
    #[inline]
    pub(crate) fn note(&mut self, indices: &[u32]) {
        let end = indices.iter().map(|index| index + 1).max();
        self.end = self.end.max(end.unwrap_or(0));
    }

    #[cold]
    fn far_index(&mut self, id: u64) -> Result<u32, Error> {
        if id == 0 {
            return Err(Error::Inconsistent(format!("a {} with the reserved id 0", self.what)));
        }
        if let Some(&index) = self.far.get(&id) {
            return Ok(index);
        }
        if self.far_ids.len() >= self.limit {
            return Err(Error::TooMany { what: self.what, limit: self.limit });
        }
        let index = NEAR_IDS + self.far_ids.len() as u32;
        self.far.insert(id, index);
        self.far_ids.push(id);
        Ok(index)
    }

    /// Puts the definitions, which came in any order, in the order of their indices without gaps, and makes the
    /// `uses` of these indices follow.
    pub(crate) fn place<'a, T>(
        &self,
        mut defined: Vec<(u32, T)>,
        uses: impl Iterator<Item = &'a mut u32>,
    ) -> Result<Vec<T>, Error> {
        let without_gaps =
            |defined: &[(u32, T)]| defined.iter().map(|(index, _)| *index).eq(0..defined.len() as u32);
        if without_gaps(&defined) && self.end as usize <= defined.len() {
            return Ok(defined.into_iter().map(|(_, value)| value).collect());
        }
        defined.sort_by_key(|(index, _)| *index);
        if let Some(twice) = defined.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(Error::Inconsistent(format!(
                "{} {} is defined twice",
                self.what,
                self.id(twice[0].0)
            )));
        }
        let mut places = vec![None; defined.last().map_or(0, |(last, _)| *last as usize + 1)];
        for ((index, _), place) in defined.iter().zip(0..) {
            places[*index as usize] = Some(place);
        }
        for index in uses {
            *index = places.get(*index as usize).copied().flatten().ok_or_else(|| {
                Error::Inconsistent(format!("{} {} is used but not defined", self.what, self.id(*index)))
            })?;
        }
        Ok(defined.into_iter().map(|(_, value)| value).collect())
    }

    /// The id an index stands for.
    fn id(&self, index: u32) -> u64 {
        match index.checked_sub(NEAR_IDS) {
            Some(far) => self.far_ids[far as usize],
            None => u64::from(index) + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Uses and defines the ids, and gives the definitions in their order and what the uses now point to.
    fn place(used: &[u64], defined: &[u64]) -> Result<(Vec<u64>, Vec<u64>), Error> {
        let mut table = IdTable::new("location", 100);
        let mut uses: Vec<u32> = used.iter().map(|id| table.index(*id).unwrap()).collect();
        let defined = defined.iter().map(|id| (table.index(*id).unwrap(), *id)).collect();
        let placed = table.place(defined, uses.iter_mut())?;
        let found = uses.iter().map(|index| placed[*index as usize]).collect();
        Ok((placed, found))
    }

    #[test]
    fn uses_find_their_definitions_whatever_the_ids() {
        let far = u64::MAX;
        for (defined, placed) in [
            (vec![1, 2, 3], vec![1, 2, 3]),
            (vec![3, 1, 2], vec![1, 2, 3]),
            (vec![7, 1, 40, 3], vec![1, 3, 7, 40]),
            (vec![far, 3, 1 << 30, 1], vec![1, 3, far, 1 << 30]),
        ] {
            let used = [3, 1, 3];
            assert_eq!(place(&used, &defined).unwrap(), (placed, used.to_vec()));
        }
        assert_eq!(place(&[far, 1, far], &[1, far]).unwrap(), (vec![1, far], vec![far, 1, far]));
    }

    #[test]
    fn what_is_missing_or_doubled_is_named_by_its_id() {
        for (used, defined, expected) in [
            (vec![5], vec![1], "location 5 is used but not defined"),
            (vec![2], vec![1, 3], "location 2 is used but not defined"),
            (vec![1 << 40], vec![1], "location 1099511627776 is used but not defined"),
            (vec![], vec![1, 2, 1], "location 1 is defined twice"),
            (vec![], vec![1 << 40, 1 << 40], "location 1099511627776 is defined twice"),
        ] {
            let message = place(&used, &defined).unwrap_err().to_string();
            assert!(message.contains(expected), "expected {expected:?} in {message:?}");
        }
    }

    #[test]
    fn far_ids_are_capped() {
        let mut table = IdTable::new("location", 2);
        assert!((0..2).all(|id| table.index(u64::MAX - id).is_ok()));
        assert!(matches!(table.index(u64::MAX - 2), Err(Error::TooMany { limit: 2, .. })));
    }
}
