//! A heap kept to be compared with a later one of the same process. Objects do not move: the same address with the same type
//! is the same object (or one that took its place, which nobody can tell).
//!
//! Only addresses, sizes and names of types are kept.

use std::collections::BTreeMap;
use std::io::{self, BufReader, BufWriter, Read, Write};

use serde::{Deserialize, Serialize};

use crate::analysis::Analysis;

use super::types::TypeTable;

const MAGIC: &[u8; 8] = b"sshold01";
/// Names of types that a file may have.
const MOST_TYPES: usize = 4_000_000;
/// Bytes of what stands before the addresses.
const MOST_HEAD_BYTES: u64 = 1 << 30;

/// Which process a heap is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Of {
    /// Its number.
    pub pid: u32,
    /// When it started.
    pub start_time: u64,
}

/// Why two heaps cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// The file.
    #[error("the file cannot be read or written: {0}")]
    File(#[from] io::Error),
    /// Something else, or a damaged one.
    #[error("it is no saved heap, or a damaged one")]
    Damaged,
    /// Addresses of another process mean nothing here.
    #[error("it is of another process (pid {}): addresses of one mean nothing in another", .0.pid)]
    AnotherProcess(Of),
}

#[derive(Serialize, Deserialize)]
struct Head {
    of: Of,
    /// Name of each type, how many objects, and the bytes of all of them.
    types: Vec<(String, u32, u64)>,
}

/// Objects of a type in two heaps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// The type.
    #[serde(rename = "type")]
    pub name: String,
    /// Objects in the earlier heap.
    pub before: u64,
    /// Objects in the later one.
    pub after: u64,
    /// In both.
    pub survivors: u64,
    /// Only in the later one.
    pub new: u64,
    /// Only in the earlier one.
    pub gone: u64,
    /// By how many bytes the type has grown.
    pub bytes_grown: i64,
}

/// The addresses of the objects of each type, in order; and their bytes together.
type ByType = BTreeMap<String, (Vec<u64>, u64)>;

fn by_type(analysis: &Analysis, table: &TypeTable) -> ByType {
    let mut by_id: Vec<(Vec<u64>, u64)> = vec![Default::default(); table.rows.len()];
    analysis.each_address(|object, address| {
        if let Some(of_type) = table.id(analysis, object).and_then(|id| by_id.get_mut(id as usize)) {
            of_type.0.push(address);
            of_type.1 += analysis.bytes_of(object);
        }
    });
    let name = |id: usize| table.row(id as u32).map_or_else(String::new, |row| row.name.clone());
    by_id.into_iter().enumerate().map(|(id, of_type)| (name(id), of_type)).collect()
}

/// Writes a heap.
pub fn save(analysis: &Analysis, table: &TypeTable, of: Of, to: impl Write) -> Result<(), SavedError> {
    let by_type = by_type(analysis, table);
    let types = by_type
        .iter()
        .map(|(name, (addresses, bytes))| (name.clone(), addresses.len() as u32, *bytes))
        .collect();
    let head = serde_json::to_vec(&Head { of, types }).map_err(io::Error::from)?;
    let mut to = BufWriter::new(to);
    to.write_all(MAGIC)?;
    to.write_all(&(head.len() as u64).to_le_bytes())?;
    to.write_all(&head)?;
    for (addresses, _) in by_type.values() {
        let mut last = 0;
        for address in addresses {
            varint(&mut to, (address - last) / 8)?;
            last = *address;
        }
    }
    Ok(to.flush()?)
}

/// Compares with an earlier heap of the same process; what has grown most comes first.
pub fn compare(
    analysis: &Analysis,
    table: &TypeTable,
    of: Of,
    earlier: impl Read,
) -> Result<Vec<Compared>, SavedError> {
    let mut earlier = read(earlier, of)?;
    let mut rows = Vec::new();
    for (name, (after, bytes)) in by_type(analysis, table) {
        let (before, bytes_before) = earlier.remove(&name).unwrap_or_default();
        rows.push(row(name, (&before, bytes_before), (&after, bytes)));
    }
    rows.extend(earlier.into_iter().map(|(name, (before, bytes))| row(name, (&before, bytes), (&[], 0))));
    rows.sort_by(|a, b| b.bytes_grown.cmp(&a.bytes_grown).then_with(|| a.name.cmp(&b.name)));
    Ok(rows)
}

fn row(name: String, before: (&[u64], u64), after: (&[u64], u64)) -> Compared {
    let mut old = before.0.iter().peekable();
    let mut survivors = 0;
    for address in after.0 {
        while old.next_if(|old| *old < address).is_some() {}
        survivors += u64::from(old.next_if_eq(&address).is_some());
    }
    let (count_before, count_after) = (before.0.len() as u64, after.0.len() as u64);
    Compared {
        name,
        before: count_before,
        after: count_after,
        survivors,
        new: count_after - survivors,
        gone: count_before - survivors,
        bytes_grown: after.1.cast_signed().saturating_sub(before.1.cast_signed()),
    }
}

fn read(from: impl Read, of: Of) -> Result<ByType, SavedError> {
    let mut from = BufReader::new(from);
    let mut start = [0; 16];
    from.read_exact(&mut start).map_err(|_| SavedError::Damaged)?;
    let (magic, length) = start.split_at(8);
    let length = length.try_into().map_or(u64::MAX, u64::from_le_bytes);
    if magic != MAGIC || length > MOST_HEAD_BYTES {
        return Err(SavedError::Damaged);
    }
    let mut head = Vec::new();
    from.by_ref().take(length).read_to_end(&mut head)?;
    let head: Head = serde_json::from_slice(&head).map_err(|_| SavedError::Damaged)?;
    if head.of != of {
        return Err(SavedError::AnotherProcess(head.of));
    }
    if head.types.len() > MOST_TYPES {
        return Err(SavedError::Damaged);
    }
    let mut by_type = ByType::new();
    for (name, count, bytes) in head.types {
        // Memory only for what is really there.
        let mut addresses = Vec::new();
        let mut last = 0_u64;
        for _ in 0..count {
            let step = read_varint(&mut from)?;
            last = step.checked_mul(8).and_then(|step| last.checked_add(step)).ok_or(SavedError::Damaged)?;
            addresses.push(last);
        }
        by_type.insert(name, (addresses, bytes));
    }
    Ok(by_type)
}

fn varint(to: &mut impl Write, mut number: u64) -> io::Result<()> {
    while number >= 0x80 {
        to.write_all(&[number as u8 | 0x80])?;
        number >>= 7;
    }
    to.write_all(&[number as u8])
}

fn read_varint(from: &mut impl Read) -> Result<u64, SavedError> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let mut byte = [0];
        from.read_exact(&mut byte).map_err(|_| SavedError::Damaged)?;
        number |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(SavedError::Damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survivors_are_at_the_same_address() {
        let compared = row("T".into(), (&[8, 16, 32], 24), (&[16, 24, 32, 40], 32));
        let expected =
            Compared { name: "T".into(), before: 3, after: 4, survivors: 2, new: 2, gone: 1, bytes_grown: 8 };
        assert_eq!(compared, expected);
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let of = Of { pid: 1, start_time: 2 };
        let head =
            serde_json::to_vec(&Head { of, types: vec![("T".into(), 3, 24)] }).expect("it is plain data");
        let mut file = MAGIC.to_vec();
        file.extend((head.len() as u64).to_le_bytes());
        file.extend(&head);
        for address in [1, 1, 300] {
            varint(&mut file, address).expect("memory takes it");
        }
        let read_back = read(&*file, of).expect("it is whole");
        assert_eq!(read_back["T"], (vec![8, 16, 2416], 24));
        for cut in 0..file.len() {
            assert!(matches!(read(&file[..cut], of), Err(SavedError::Damaged)), "cut at {cut}");
        }
        assert!(
            matches!(read(&*file, Of { pid: 2, ..of }), Err(SavedError::AnotherProcess(found)) if found == of)
        );
    }
}
