//! Samples straight into columns: no object per sample, no allocation of its own.

use prost::Message;

use crate::error::Error;
use crate::ids::IdTable;
use crate::limits::Limits;
use crate::messages::{self, sample_tag};
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
            (sample_tag::LOCATION_ID, Value::Bytes(packed)) => for_each_packed(packed, |id| {
                samples.frames.push(locations.index(id)?);
                Ok(())
            })?,
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
        return Err(Error::Inconsistent(format!("sample {} has no values", samples.len())));
    }
    within("stack entries", samples.frames.len(), limits.frames)?;
    within("values", samples.values.len(), limits.values)?;
    within("labels", samples.labels.len(), limits.labels)?;
    samples.close_row();
    Ok(())
}

fn decode_label(bytes: &[u8]) -> Result<Label, Error> {
    let label = messages::Label::decode(bytes)?;
    Ok(Label {
        key: string_id(label.key)?,
        text: string_id(label.text)?,
        number: label.number,
        unit: string_id(label.unit)?,
    })
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
