//! The protobuf wire format as far as the fast paths need it; the rest is prost's.

use prost::encoding::decode_varint;

use crate::Error;

/// A varint. Field keys, lengths and most identifiers take one or two bytes: those are read here, longer ones by prost.
#[inline(always)] // A few per sample: as a call it costs more than what it does.
pub(crate) fn varint(buf: &mut &[u8]) -> Result<u64, Error> {
    match **buf {
        [a, ref rest @ ..] if a < 0x80 => {
            *buf = rest;
            Ok(u64::from(a))
        }
        [a, b, ref rest @ ..] if b < 0x80 => {
            *buf = rest;
            Ok(u64::from(a & 0x7f) | u64::from(b) << 7)
        }
        _ => long_varint(buf),
    }
}

#[cold]
fn long_varint(buf: &mut &[u8]) -> Result<u64, Error> {
    Ok(decode_varint(buf)?)
}

/// Every varint of a packed field.
///
/// Stacks are most of a profile, and the lengths of their ids are as good as random: a loop that asks each
/// byte "the last one?" is mispredicted all the time. So eight bytes are looked at as one word instead, and two
/// numbers are taken from it where there are two: where the next word begins is known only after this one, and
/// waiting for that costs more than the numbers.
#[inline]
pub(crate) fn for_each_packed(
    packed: &[u8],
    mut take: impl FnMut(u64) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut rest = packed;
    while !rest.is_empty() {
        let word = first_word(packed, rest);
        let last_bytes = !word & 0x8080_8080_8080_8080;
        let second_last_bytes = last_bytes & last_bytes.wrapping_sub(1);
        let first_bits = last_bytes.trailing_zeros() + 1;
        let bits = second_last_bytes.trailing_zeros() + 1;
        if second_last_bytes != 0 && first_bits <= 32 && bits - first_bits <= 32 {
            let first = word & up_to_lowest(last_bytes);
            let second = (word & up_to_lowest(second_last_bytes)) >> first_bits;
            take(join_groups(first as u32))?;
            take(join_groups(second as u32))?;
            rest = &rest[bits as usize / 8..];
        } else {
            let mut after = rest; // A copy to point to: `rest` itself then stays in registers.
            take(varint(&mut after)?)?;
            rest = after;
        }
    }
    Ok(())
}

/// The first eight bytes of `rest`, the end of `packed`; what it lacks looks like a varint that goes on.
#[inline]
fn first_word(packed: &[u8], rest: &[u8]) -> u64 {
    if let Some(word) = rest.first_chunk::<8>() {
        return u64::from_le_bytes(*word);
    }
    let missing_bits = 64 - 8 * rest.len() as u32;
    let word = match packed.last_chunk::<8>() {
        Some(word) => u64::from_le_bytes(*word) >> missing_bits,
        None => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    word | 0x8080_8080_8080_8080 << (64 - missing_bits)
}

/// All bits up to the lowest one that is set, which there must be.
#[inline]
fn up_to_lowest(bits: u64) -> u64 {
    bits ^ (bits - 1)
}

/// The number in a varint of at most four bytes: its groups of seven bits moved together, pair by pair.
#[inline]
fn join_groups(word: u32) -> u64 {
    let pairs = (word & 0x007f_007f) | ((word & 0x7f00_7f00) >> 1);
    u64::from((pairs & 0x3fff) | ((pairs & 0x3fff_0000) >> 2))
}

/// One field: its number and what follows.
pub(crate) enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// A fixed-width value; pprof has none, so it is only skipped.
    Fixed,
}

/// The next field of a message that is completely in `buf`.
#[inline(always)] // For the reason `varint` is.
pub(crate) fn field<'a>(buf: &mut &'a [u8]) -> Result<(u32, Value<'a>), Error> {
    let key = varint(buf)?;
    let value = match key & 7 {
        0 => Value::Varint(varint(buf)?),
        2 => {
            let length = varint(buf)?;
            let Some((bytes, rest)) = usize::try_from(length).ok().and_then(|l| buf.split_at_checked(l))
            else {
                return Err(Error::Malformed("a field is longer than the message it is in".into()));
            };
            *buf = rest;
            Value::Bytes(bytes)
        }
        1 => skip_fixed(buf, 8)?,
        5 => skip_fixed(buf, 4)?,
        3 | 4 => return Err(Error::Malformed("protobuf groups are not part of the format".into())),
        other => return Err(unknown_wire_type(other)),
    };
    match u32::try_from(key >> 3) {
        Ok(number) if number != 0 => Ok((number, value)),
        _ => Err(Error::Malformed(format!("a field cannot have the number {}", key >> 3))),
    }
}

fn unknown_wire_type(wire_type: u64) -> Error {
    Error::Malformed(format!("unknown wire type {wire_type}"))
}

fn skip_fixed<'a>(buf: &mut &[u8], width: usize) -> Result<Value<'a>, Error> {
    let (_, rest) = buf.split_at_checked(width).ok_or(Error::Truncated)?;
    *buf = rest;
    Ok(Value::Fixed)
}

/// How many bytes the field at the start of `buf` takes in all, or `None` if `buf` is too short to tell.
#[inline]
pub(crate) fn field_length(buf: &[u8]) -> Result<Option<u64>, Error> {
    // A message or a string of less than 128 bytes, as nearly all are.
    if let [key @ 0..0x80, length @ 0..0x80, ..] = buf
        && key & 7 == 2
    {
        return Ok(Some(u64::from(*length) + 2));
    }
    long_field_length(buf)
}

fn long_field_length(buf: &[u8]) -> Result<Option<u64>, Error> {
    let mut rest = buf;
    let Some(key) = prefix_varint(&mut rest)? else { return Ok(None) };
    let payload = match key & 7 {
        0 => match prefix_varint(&mut rest)? {
            Some(_) => 0,
            None => return Ok(None),
        },
        1 => 8,
        2 => match prefix_varint(&mut rest)? {
            Some(length) => length,
            None => return Ok(None),
        },
        5 => 4,
        other => return Err(unknown_wire_type(other)),
    };
    let header = (buf.len() - rest.len()) as u64;
    Ok(Some(header.saturating_add(payload)))
}

/// A varint, or `None` if the bytes end before it does.
#[inline]
fn prefix_varint(buf: &mut &[u8]) -> Result<Option<u64>, Error> {
    const LONGEST: usize = 10;
    let complete = buf.iter().take(LONGEST).any(|byte| *byte < 0x80);
    if !complete && buf.len() < LONGEST {
        return Ok(None);
    }
    varint(buf).map(Some)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn packed_numbers_are_what_was_packed(numbers in vec((any::<u64>(), 0u32..64), 0..50)) {
            let numbers: Vec<u64> = numbers.into_iter().map(|(number, shift)| number >> shift).collect();
            let mut packed = Vec::new();
            numbers.iter().for_each(|number| prost::encoding::encode_varint(*number, &mut packed));
            let mut read = Vec::new();
            for_each_packed(&packed, |number| { read.push(number); Ok(()) }).unwrap();
            prop_assert_eq!(read, numbers);
        }
    }
}
