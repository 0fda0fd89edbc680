//! A profile back to bytes which `go tool pprof` reads.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};

use crate::messages::{self, sample_tag, tag};
use crate::profile::{Label, Profile, StringId, ValueType};

/// The uncompressed protobuf form.
///
/// The tables come before the samples, so that whoever reads it as a stream knows a location before it is
/// used; the order of fields carries no meaning in protobuf.
pub fn encode(profile: &Profile) -> Vec<u8> {
    let mut out = Vec::new();
    for value_type in &profile.sample_types {
        message(tag::SAMPLE_TYPE, &value_type_message(value_type), &mut out);
    }
    tables(profile, &mut out);
    samples(profile, &mut out);
    for text in profile.strings.iter() {
        bytes(tag::STRING, text.as_bytes(), &mut out);
    }
    header(profile, &mut out);
    out
}

/// The usual form on disk: gzip around [`encode`].
pub fn encode_gzip(profile: &Profile) -> std::io::Result<Vec<u8>> {
    gzip(&encode(profile))
}

/// Anything else that is kept compressed beside a profile; an [`Inflater`](crate::Inflater) gives it back.
pub fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes)?;
    gzip.finish()
}

fn tables(profile: &Profile, out: &mut Vec<u8>) {
    for (index, mapping) in profile.mappings.iter().enumerate() {
        let encoded = messages::Mapping {
            id: index as u64 + 1,
            memory_start: mapping.memory_start,
            memory_limit: mapping.memory_limit,
            file_offset: mapping.file_offset,
            file: id(mapping.file),
            build_id: id(mapping.build_id),
            has_functions: mapping.has_functions,
            has_filenames: mapping.has_filenames,
            has_line_numbers: mapping.has_line_numbers,
            has_inline_frames: mapping.has_inline_frames,
        };
        message(tag::MAPPING, &encoded, out);
    }
    for (index, function) in profile.functions.iter().enumerate() {
        let encoded = messages::Function {
            id: index as u64 + 1,
            name: id(function.name),
            system_name: id(function.system_name),
            file: id(function.file),
            start_line: function.start_line,
        };
        message(tag::FUNCTION, &encoded, out);
    }
    for (index, location) in profile.locations.iter().enumerate() {
        let line = |line: &crate::Line| messages::Line {
            function_id: u64::from(line.function) + 1,
            line: line.line,
            column: line.column,
        };
        let encoded = messages::Location {
            id: index as u64 + 1,
            mapping_id: location.mapping.map_or(0, |mapping| u64::from(mapping) + 1),
            address: location.address,
            lines: profile.lines_of(location).iter().map(line).collect(),
            is_folded: location.is_folded,
        };
        message(tag::LOCATION, &encoded, out);
    }
}

fn samples(profile: &Profile, out: &mut Vec<u8>) {
    let width = profile.sample_types.len();
    let (mut row, mut packed) = (Vec::new(), Vec::new());
    for sample in 0..profile.samples.len() {
        row.clear();
        let stack = profile.samples.stack(sample).iter().map(|location| u64::from(*location) + 1);
        packed_field(sample_tag::LOCATION_ID, stack, &mut packed, &mut row);
        let values = &profile.samples.values[sample * width..(sample + 1) * width];
        let values = values.iter().map(|value| *value as u64);
        packed_field(sample_tag::VALUE, values, &mut packed, &mut row);
        for label in profile.samples.labels(sample) {
            message(sample_tag::LABEL, &label_message(label), &mut row);
        }
        bytes(tag::SAMPLE, &row, out);
    }
}

fn header(profile: &Profile, out: &mut Vec<u8>) {
    let mut scalar = |number: u32, value: i64| {
        if value != 0 {
            encode_key(number, WireType::Varint, out);
            encode_varint(value as u64, out);
        }
    };
    scalar(tag::DROP_FRAMES, id(profile.drop_frames));
    scalar(tag::KEEP_FRAMES, id(profile.keep_frames));
    scalar(tag::TIME_NANOS, profile.time_nanos);
    scalar(tag::DURATION_NANOS, profile.duration_nanos);
    scalar(tag::PERIOD, profile.period);
    scalar(tag::DEFAULT_SAMPLE_TYPE, id(profile.default_sample_type));
    scalar(tag::DOC_URL, id(profile.doc_url));
    for comment in &profile.comments {
        encode_key(tag::COMMENT, WireType::Varint, out);
        encode_varint(u64::from(comment.0), out);
    }
    if let Some(period_type) = &profile.period_type {
        message(tag::PERIOD_TYPE, &value_type_message(period_type), out);
    }
}

fn value_type_message(value_type: &ValueType) -> messages::ValueType {
    messages::ValueType { kind: id(value_type.kind), unit: id(value_type.unit) }
}

fn label_message(label: &Label) -> messages::Label {
    messages::Label { key: id(label.key), text: id(label.text), number: label.number, unit: id(label.unit) }
}

fn id(string: StringId) -> i64 {
    i64::from(string.0)
}

fn message(number: u32, message: &impl Message, out: &mut Vec<u8>) {
    prost::encoding::message::encode(number, message, out);
}

fn bytes(number: u32, content: &[u8], out: &mut Vec<u8>) {
    out.reserve(content.len() + 2 * encoded_len_varint(content.len() as u64));
    encode_key(number, WireType::LengthDelimited, out);
    encode_varint(content.len() as u64, out);
    out.extend_from_slice(content);
}

fn packed_field(number: u32, values: impl Iterator<Item = u64>, packed: &mut Vec<u8>, out: &mut Vec<u8>) {
    packed.clear();
    values.for_each(|value| encode_varint(value, packed));
    if !packed.is_empty() {
        bytes(number, packed, out);
    }
}
