//! Profile ids (any non-zero u64) to dense indices, in the order they are first mentioned.

use std::collections::HashMap;

use crate::Error;

/// Ids below this are looked up in a plain array: every known producer counts from one.
const DENSE_IDS: u64 = 1 << 22;
const UNSEEN: u32 = u32::MAX;

/// Gives each id the next free index when it is first seen, be it used or defined there.
///
/// Samples usually come before the locations they name, so an index must be available before the
/// definition is; whether all were defined in the end is checked once, by [`IdTable::place`].
pub(crate) struct IdTable {
    what: &'static str,
    limit: usize,
    dense: Vec<u32>,
    sparse: HashMap<u64, u32>,
    ids: Vec<u64>,
}

impl IdTable {
    pub(crate) fn new(what: &'static str, limit: usize) -> Self {
        Self { what, limit, dense: Vec::new(), sparse: HashMap::new(), ids: Vec::new() }
    }

    #[inline]
    pub(crate) fn index(&mut self, id: u64) -> Result<u32, Error> {
        match self.dense.get(id as usize) {
            Some(&index) if index != UNSEEN && id < DENSE_IDS => Ok(index),
            _ => self.index_slow(id),
        }
    }

    #[cold]
    fn index_slow(&mut self, id: u64) -> Result<u32, Error> {
        if id == 0 {
            return Err(Error::Inconsistent(format!("a {} with the reserved id 0", self.what)));
        }
        if id >= DENSE_IDS
            && let Some(&index) = self.sparse.get(&id)
        {
            return Ok(index);
        }
        if self.ids.len() >= self.limit {
            return Err(Error::TooMany { what: self.what, limit: self.limit });
        }
        let index = self.ids.len() as u32;
        self.ids.push(id);
        if id < DENSE_IDS {
            let needed = id as usize + 1;
            if self.dense.len() < needed {
                self.dense.resize(needed.next_power_of_two(), UNSEEN);
            }
            self.dense[id as usize] = index;
        } else {
            self.sparse.insert(id, index);
        }
        Ok(index)
    }

    /// Puts the definitions, which came in any order, at their indices.
    pub(crate) fn place<T>(&self, defined: Vec<(u32, T)>) -> Result<Vec<T>, Error> {
        let mut slots: Vec<Option<T>> = Vec::new();
        slots.resize_with(self.ids.len(), || None);
        for (index, value) in defined {
            let slot = &mut slots[index as usize];
            if slot.replace(value).is_some() {
                let id = self.ids[index as usize];
                return Err(Error::Inconsistent(format!("{} {id} is defined twice", self.what)));
            }
        }
        let missing = |index: usize| {
            let id = self.ids[index];
            Error::Inconsistent(format!("{} {id} is used but not defined", self.what))
        };
        slots.into_iter().enumerate().map(|(index, slot)| slot.ok_or_else(|| missing(index))).collect()
    }
}
