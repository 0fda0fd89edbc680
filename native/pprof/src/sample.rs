//! Samples straight into columns: no object per sample, no allocation of its own.

use crate::error::Error;
use crate::ids::IdTable;
use crate::limits::Limits;
use crate::messages::{label_tag, sample_tag};
use crate::profile::{Label, Samples, StringId};
use crate::wire::{Value, field, for_each_packed};

/// Reads one sample message and appends it as a row.
pub(crate) fn decode_sample(
    mut message: &[u8],
    samples: &mut Samples,
    locations: &mut IdTable,
    limits: &Limits,
) -> Result<(), Error> {
    let values_before = samples.values.len();
    while !message.is_empty() {
        match field(&mut message)? {
            (sample_tag::LOCATION_ID, Value::Bytes(packed)) => {
                decode_stack(packed, &mut samples.frames, locations)?;
            }
            (sample_tag::LOCATION_ID, Value::Varint(id)) => samples.frames.push(locations.index(id)?),
            (sample_tag::VALUE, Value::Bytes(packed)) => for_each_packed(packed, |value| {
                samples.values.push(value as i64);
                Ok(())
            })?,
            (sample_tag::VALUE, Value::Varint(value)) => samples.values.push(value as i64),
            (sample_tag::LABEL, Value::Bytes(label)) => samples.labels.push(decode_label(label)?),
            (sample_tag::LOCATION_ID..=sample_tag::LABEL, _) => {
                return Err(Error::Malformed("a sample with a field of the wrong type".into()));
            }
            _ => {} // From a later version of the format.
        }
    }
    // Two bytes each when they are empty: without this a gzip bomb of them would not end before memory does.
    if samples.values.len() == values_before {
        return Err(Error::Inconsistent("a sample has no values".into()));
    }
    within("stack entries", samples.frames.len(), limits.frames)?;
    within("values", samples.values.len(), limits.values)?;
    within("labels", samples.labels.len(), limits.labels)?;
    samples.close_row();
    Ok(())
}

/// Whether a sample has all its `width` values, and that of one type is 0.
pub(crate) fn has_nothing_of(kind: usize, mut message: &[u8], width: usize) -> Result<bool, Error> {
    let (mut count, mut is_zero) = (0, false);
    let mut take = |value| {
        is_zero |= count == kind && value == 0;
        count += 1;
        Ok(())
    };
    while !message.is_empty() {
        match field(&mut message)? {
            (sample_tag::VALUE, Value::Bytes(packed)) => for_each_packed(packed, &mut take)?,
            (sample_tag::VALUE, Value::Varint(value)) => take(value)?,
            _ => {}
        }
    }
    Ok(is_zero && count == width)
}

/// Appends a stack. There is room for one frame per byte before the first is read, so that none has to ask.
fn decode_stack(packed: &[u8], frames: &mut Vec<u32>, locations: &mut IdTable) -> Result<(), Error> {
    let start = frames.len();
    frames.resize(start + packed.len(), 0);
    let (room, mut count) = (&mut frames[start..], 0);
    for_each_packed(packed, |id| {
        room[count] = locations.index_unnoted(id)?;
        count += 1;
        Ok(())
    })?;
    locations.note(&room[..count]);
    frames.truncate(start + count);
    Ok(())
}

fn decode_label(mut message: &[u8]) -> Result<Label, Error> {
    let mut label = Label { key: StringId(0), text: StringId(0), number: 0, unit: StringId(0) };
    while !message.is_empty() {
        match field(&mut message)? {
            (label_tag::KEY, Value::Varint(id)) => label.key = string_id(id as i64)?,
            (label_tag::TEXT, Value::Varint(id)) => label.text = string_id(id as i64)?,
            (label_tag::NUMBER, Value::Varint(number)) => label.number = number as i64,
            (label_tag::UNIT, Value::Varint(id)) => label.unit = string_id(id as i64)?,
            (label_tag::KEY..=label_tag::UNIT, _) => {
                return Err(Error::Malformed("a label with a field of the wrong type".into()));
            }
            _ => {} // From a later version of the format.
        }
    }
    Ok(label)
}

/// The wire has string indices as i64; whether they are in range is known only at the end.
pub(crate) fn string_id(index: i64) -> Result<StringId, Error> {
    u32::try_from(index)
        .map(StringId)
        .map_err(|_| Error::Inconsistent(format!("string {index} cannot exist")))
}

pub(crate) fn within(what: &'static str, count: usize, limit: usize) -> Result<(), Error> {
    if count > limit { Err(Error::TooMany { what, limit }) } else { Ok(()) }
}
