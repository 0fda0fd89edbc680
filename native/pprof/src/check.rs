//! The check at the door: afterwards nobody needs to ask whether an index is valid.

use crate::Error;
use crate::profile::{Parts, StringId, ValueType};

pub(crate) fn check(parts: &Parts) -> Result<(), Error> {
    if parts.sample_types.is_empty() {
        return Err(Error::Inconsistent("it has no sample types".into()));
    }
    if parts.strings.is_empty() || !parts.strings.get(StringId(0)).is_empty() {
        return Err(Error::Inconsistent("its first string is not empty".into()));
    }
    check_samples(parts)?;
    check_tables(parts)?;
    check_strings(parts)
}

fn check_samples(parts: &Parts) -> Result<(), Error> {
    let samples = &parts.samples;
    let (rows, width) = (samples.len(), parts.sample_types.len());
    if samples.values.len() != rows * width {
        let values = samples.values.len();
        return Err(Error::Inconsistent(format!(
            "{rows} samples of {width} sample types have {values} values"
        )));
    }
    let complete = |ends: &[u32], length: usize| {
        ends.len() == rows && ends.is_sorted() && ends.last().map_or(0, |end| *end as usize) == length
    };
    if !complete(&samples.frame_ends, samples.frames.len())
        || !complete(&samples.label_ends, samples.labels.len())
    {
        return Err(Error::Inconsistent("the columns of the samples do not fit together".into()));
    }
    let highest = samples.frames.iter().copied().max();
    in_range("location", highest, parts.locations.len())
}

fn check_tables(parts: &Parts) -> Result<(), Error> {
    for location in &parts.locations {
        let end = location.first_line.checked_add(location.line_count);
        if end.is_none_or(|end| end as usize > parts.lines.len()) {
            return Err(Error::Inconsistent("a location has lines which do not exist".into()));
        }
        in_range("mapping", location.mapping, parts.mappings.len())?;
    }
    let highest = parts.lines.iter().map(|line| line.function).max();
    in_range("function", highest, parts.functions.len())
}

fn check_strings(parts: &Parts) -> Result<(), Error> {
    let of_type = |value_type: &ValueType| [value_type.kind, value_type.unit];
    let highest = (parts.sample_types.iter().chain(&parts.period_type).flat_map(of_type))
        .chain(parts.samples.labels.iter().flat_map(|label| [label.key, label.text, label.unit]))
        .chain(parts.mappings.iter().flat_map(|mapping| [mapping.file, mapping.build_id]))
        .chain(parts.functions.iter().flat_map(|f| [f.name, f.system_name, f.file]))
        .chain(parts.comments.iter().copied())
        .chain([parts.drop_frames, parts.keep_frames, parts.default_sample_type, parts.doc_url])
        .max();
    in_range("string", highest.map(|id| id.0), parts.strings.len())
}

fn in_range(what: &str, index: Option<u32>, length: usize) -> Result<(), Error> {
    match index {
        Some(index) if index as usize >= length => {
            Err(Error::Inconsistent(format!("{what} {index} is used, but there are only {length}")))
        }
        _ => Ok(()),
    }
}
