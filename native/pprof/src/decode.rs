//! Bytes in, checked profile out; in chunks, so that a large profile is never held twice.

use prost::Message;

use crate::error::Error;
use crate::ids::IdTable;
use crate::inflate::Inflater;
use crate::limits::Limits;
use crate::messages::{self, tag};
use crate::profile::{Function, Line, Location, Mapping, Parts, Profile, ValueType};
use crate::sample::{decode_sample, has_nothing_of, string_id, within};
use crate::wire::{Value, field, field_length, for_each_packed};

/// No part of a real profile comes near; a longer one would only fill memory before it is refused.
const LONGEST_FIELD_BYTES: u64 = 64 << 20;

/// Reads a profile, gzip-compressed or not, that is already in memory.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Profile, Error> {
    let mut inflater = Inflater::new(bytes, limits)?;
    let mut decoder = Decoder::new(limits);
    let mut chunk = Vec::new();
    while inflater.next_chunk(&mut chunk)? {
        decoder.push(&chunk)?;
    }
    decoder.finish()
}

/// Reads the inflated bytes of one profile, chunk by chunk.
pub struct Decoder {
    limits: Limits,
    /// The sample type whose values matter, if only one does.
    only: Option<usize>,
    /// The beginning of a field whose end is in a later chunk.
    carry: Vec<u8>,
    started: bool,
    parts: Parts,
    location_ids: IdTable,
    function_ids: IdTable,
    mapping_ids: IdTable,
    locations: Vec<(u32, Location)>,
    functions: Vec<(u32, Function)>,
    mappings: Vec<(u32, Mapping)>,
}

impl Decoder {
    /// A decoder that has seen nothing yet.
    pub fn new(limits: &Limits) -> Self {
        Self {
            limits: *limits,
            only: None,
            carry: Vec::new(),
            started: false,
            parts: Parts::default(),
            location_ids: IdTable::new("location", limits.table_entries),
            function_ids: IdTable::new("function", limits.table_entries),
            mapping_ids: IdTable::new("mapping", limits.table_entries),
            locations: Vec::new(),
            functions: Vec::new(),
            mappings: Vec::new(),
        }
    }

    /// Keeps only samples with a value of the sample type at this position. Of the others only the values are read: a
    /// wrong frame in one of them goes unnoticed.
    ///
    /// Most of what was ever allocated is no longer in use: who asks for one type needs a fraction of time and memory.
    pub fn keeping_only(self, kind: usize) -> Self {
        Self { only: Some(kind), ..self }
    }

    /// Takes the next bytes, cut anywhere.
    pub fn push(&mut self, mut chunk: &[u8]) -> Result<(), Error> {
        if !self.started && !chunk.is_empty() {
            self.started = true;
            refuse_other_formats(chunk)?;
        }
        while !self.carry.is_empty() && !chunk.is_empty() {
            chunk = self.complete_carry(chunk)?;
        }
        while let Some(length) = next_field_length(chunk)? {
            let Some((one, rest)) = usize::try_from(length).ok().and_then(|l| chunk.split_at_checked(l))
            else {
                break;
            };
            self.field(one)?;
            chunk = rest;
        }
        self.carry.extend_from_slice(chunk);
        Ok(())
    }

    /// Completes the field begun in an earlier chunk, byte-exactly, and gives what is left of this one.
    fn complete_carry<'a>(&mut self, chunk: &'a [u8]) -> Result<&'a [u8], Error> {
        let missing = match next_field_length(&self.carry)? {
            Some(length) => length.saturating_sub(self.carry.len() as u64),
            None => 1, // Not even the header is complete; it is a few bytes.
        };
        let take = usize::try_from(missing).unwrap_or(usize::MAX).min(chunk.len());
        let (head, rest) = chunk.split_at(take);
        self.carry.extend_from_slice(head);
        if field_length(&self.carry)? == Some(self.carry.len() as u64) {
            let mut carry = std::mem::take(&mut self.carry);
            self.field(&carry)?;
            carry.clear();
            self.carry = carry;
        }
        Ok(rest)
    }

    /// Takes one complete top-level field.
    fn field(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        let parts = &mut self.parts;
        match field(&mut bytes)? {
            (tag::SAMPLE, Value::Bytes(message)) => {
                if let Some(kind) = self.only
                    && has_nothing_of(kind, message, parts.sample_types.len())?
                {
                    return Ok(());
                }
                decode_sample(message, &mut parts.samples, &mut self.location_ids, &self.limits)?;
                check_row(parts)?;
            }
            (tag::SAMPLE_TYPE, Value::Bytes(message)) => {
                parts.sample_types.push(value_type(message)?);
                within("sample types", parts.sample_types.len(), 1024)?;
            }
            (tag::MAPPING, Value::Bytes(message)) => self.mapping(message)?,
            (tag::LOCATION, Value::Bytes(message)) => self.location(message)?,
            (tag::FUNCTION, Value::Bytes(message)) => self.function(message)?,
            (tag::STRING, Value::Bytes(text)) => {
                parts.strings.push(&String::from_utf8_lossy(text));
                within("strings", parts.strings.len(), self.limits.table_entries)?;
            }
            (tag::DROP_FRAMES, Value::Varint(id)) => parts.drop_frames = string_id(id as i64)?,
            (tag::KEEP_FRAMES, Value::Varint(id)) => parts.keep_frames = string_id(id as i64)?,
            (tag::TIME_NANOS, Value::Varint(time)) => {
                if parts.time_nanos != 0 {
                    return Err(Error::Concatenated);
                }
                parts.time_nanos = time as i64;
            }
            (tag::DURATION_NANOS, Value::Varint(nanos)) => parts.duration_nanos = nanos as i64,
            (tag::PERIOD_TYPE, Value::Bytes(message)) => parts.period_type = Some(value_type(message)?),
            (tag::PERIOD, Value::Varint(period)) => parts.period = period as i64,
            (tag::COMMENT, Value::Varint(id)) => parts.comments.push(string_id(id as i64)?),
            (tag::COMMENT, Value::Bytes(packed)) => for_each_packed(packed, |id| {
                parts.comments.push(string_id(id as i64)?);
                Ok(())
            })?,
            (tag::DEFAULT_SAMPLE_TYPE, Value::Varint(id)) => {
                parts.default_sample_type = string_id(id as i64)?;
            }
            (tag::DOC_URL, Value::Varint(id)) => parts.doc_url = string_id(id as i64)?,
            (tag::SAMPLE_TYPE..=tag::DOC_URL, _) => {
                return Err(Error::Malformed("a field of the wrong type".into()));
            }
            _ => {} // From a later version of the format.
        }
        within("comments", self.parts.comments.len(), self.limits.table_entries)
    }

    fn mapping(&mut self, message: &[u8]) -> Result<(), Error> {
        let mapping = messages::Mapping::decode(message)?;
        let index = self.mapping_ids.index(mapping.id)?;
        let checked = Mapping {
            memory_start: mapping.memory_start,
            memory_limit: mapping.memory_limit,
            file_offset: mapping.file_offset,
            file: string_id(mapping.file)?,
            build_id: string_id(mapping.build_id)?,
            has_functions: mapping.has_functions,
            has_filenames: mapping.has_filenames,
            has_line_numbers: mapping.has_line_numbers,
            has_inline_frames: mapping.has_inline_frames,
        };
        self.mappings.push((index, checked));
        within("mappings", self.mappings.len(), self.limits.table_entries)
    }

    fn location(&mut self, message: &[u8]) -> Result<(), Error> {
        let location = messages::Location::decode(message)?;
        let index = self.location_ids.index(location.id)?;
        let mapping = match location.mapping_id {
            0 => None,
            id => Some(self.mapping_ids.index(id)?),
        };
        let first_line = self.parts.lines.len() as u32;
        for line in &location.lines {
            let function = self.function_ids.index(line.function_id)?;
            self.parts.lines.push(Line { function, line: line.line, column: line.column });
        }
        within("lines", self.parts.lines.len(), self.limits.table_entries)?;
        let checked = Location {
            mapping,
            address: location.address,
            first_line,
            line_count: location.lines.len() as u32,
            is_folded: location.is_folded,
        };
        self.locations.push((index, checked));
        within("locations", self.locations.len(), self.limits.table_entries)
    }

    fn function(&mut self, message: &[u8]) -> Result<(), Error> {
        let function = messages::Function::decode(message)?;
        let index = self.function_ids.index(function.id)?;
        let checked = Function {
            name: string_id(function.name)?,
            system_name: string_id(function.system_name)?,
            file: string_id(function.file)?,
            start_line: function.start_line,
        };
        self.functions.push((index, checked));
        within("functions", self.functions.len(), self.limits.table_entries)
    }

    /// Ends the input and checks what was read.
    pub fn finish(mut self) -> Result<Profile, Error> {
        if !self.started {
            return Err(Error::Empty);
        }
        if !self.carry.is_empty() {
            return Err(Error::Truncated);
        }
        let parts = &mut self.parts;
        parts.locations = self.location_ids.place(self.locations, parts.samples.frames.iter_mut())?;
        let in_lines = parts.lines.iter_mut().map(|line| &mut line.function);
        parts.functions = self.function_ids.place(self.functions, in_lines)?;
        let in_locations = parts.locations.iter_mut().filter_map(|location| location.mapping.as_mut());
        parts.mappings = self.mapping_ids.place(self.mappings, in_locations)?;
        Profile::new(self.parts)
    }
}

fn next_field_length(bytes: &[u8]) -> Result<Option<u64>, Error> {
    match field_length(bytes)? {
        Some(length) if length > LONGEST_FIELD_BYTES => {
            Err(Error::Malformed(format!("a field of {length} bytes")))
        }
        length => Ok(length),
    }
}

/// Each sample has as many values as the first: two wrong ones must not even out.
fn check_row(parts: &Parts) -> Result<(), Error> {
    let (rows, values) = (parts.samples.len(), parts.samples.values.len());
    let width = if parts.sample_types.is_empty() { values / rows } else { parts.sample_types.len() };
    if values != rows * width {
        return Err(Error::Inconsistent(format!("a sample does not have {width} values")));
    }
    Ok(())
}

fn value_type(message: &[u8]) -> Result<ValueType, Error> {
    let message = messages::ValueType::decode(message)?;
    Ok(ValueType { kind: string_id(message.kind)?, unit: string_id(message.unit)? })
}

/// Text and web pages can pass for protobuf for a while; say what they are instead of where they break.
fn refuse_other_formats(start: &[u8]) -> Result<(), Error> {
    let head = &start[..start.len().min(256)];
    let is_text = head.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~'));
    let text = String::from_utf8_lossy(head);
    if text.trim_start().starts_with('<') && is_text {
        return Err(Error::WebPage);
    }
    let first_line = text.lines().next().unwrap_or_default();
    if is_text && (first_line.contains("profile") || first_line.starts_with("---")) {
        return Err(Error::TextForm);
    }
    Ok(())
}
