//! A profile as flat columns: what a million samples need to stay small and quick to walk.

use crate::Error;
use crate::check::check;

/// An index into [`Parts::strings`]; 0 is the empty string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct StringId(pub u32);

/// All strings of a profile, end to end in one allocation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StringTable {
    text: String,
    ends: Vec<u32>,
}

impl StringTable {
    /// How many strings there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is not even the empty string.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The string, or the empty one for an id which is not from this table.
    pub fn get(&self, id: StringId) -> &str {
        let index = id.0 as usize;
        let Some(&end) = self.ends.get(index) else { return "" };
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start as usize..end as usize]
    }

    /// All strings in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32).map(|index| self.get(StringId(index)))
    }

    /// Appends a string (equal ones are not merged) and gives its id.
    pub fn push(&mut self, text: &str) -> StringId {
        self.text.push_str(text);
        // `ends` is u32: 4 GiB of strings are far above every limit the decoder accepts.
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        StringId(self.ends.len() as u32 - 1)
    }
}

impl<'a> FromIterator<&'a str> for StringTable {
    fn from_iter<I: IntoIterator<Item = &'a str>>(strings: I) -> Self {
        let mut table = Self::default();
        strings.into_iter().for_each(|text| {
            table.push(text);
        });
        table
    }
}

/// What a value counts and in which unit, for example `inuse_space` in `bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ValueType {
    /// What is counted.
    pub kind: StringId,
    /// Its unit.
    pub unit: StringId,
}

/// A tag on a sample: text or a number. Go's heap profiles carry `bytes`, the size of one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// The name of the tag.
    pub key: StringId,
    /// Its text, or 0.
    pub text: StringId,
    /// Its number, if there is no text.
    pub number: i64,
    /// The unit of the number, or 0.
    pub unit: StringId,
}

/// All samples, column by column; row `i` is the i-th part of each column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Samples {
    /// One value per sample type, sample after sample.
    pub values: Vec<i64>,
    /// The stacks, leaf first, end to end: indices into [`Parts::locations`].
    pub frames: Vec<u32>,
    /// Where each stack ends in `frames`. Its length is the number of samples.
    pub frame_ends: Vec<u32>,
    /// The labels, end to end.
    pub labels: Vec<Label>,
    /// Where the labels of each sample end in `labels`.
    pub label_ends: Vec<u32>,
}

impl Samples {
    /// How many samples there are.
    pub fn len(&self) -> usize {
        self.frame_ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.frame_ends.is_empty()
    }

    /// The stack of a sample, leaf first.
    #[inline]
    pub fn stack(&self, sample: usize) -> &[u32] {
        &self.frames[span(&self.frame_ends, sample)]
    }

    /// The labels of a sample.
    pub fn labels(&self, sample: usize) -> &[Label] {
        &self.labels[span(&self.label_ends, sample)]
    }

    /// Adds one sample at the end.
    pub fn push(&mut self, values: &[i64], stack: &[u32], labels: &[Label]) {
        self.values.extend_from_slice(values);
        self.frames.extend_from_slice(stack);
        self.labels.extend_from_slice(labels);
        self.close_row();
    }

    /// Ends the row whose values, frames and labels have been appended.
    pub(crate) fn close_row(&mut self) {
        // The limits keep both below 2^32.
        self.frame_ends.push(self.frames.len() as u32);
        self.label_ends.push(self.labels.len() as u32);
    }
}

#[inline]
fn span(ends: &[u32], row: usize) -> std::ops::Range<usize> {
    let start = if row == 0 { 0 } else { ends[row - 1] };
    start as usize..ends[row] as usize
}

/// A part of the address space that comes from one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mapping {
    /// First address.
    pub memory_start: u64,
    /// First address after it.
    pub memory_limit: u64,
    /// Where the part begins in the file.
    pub file_offset: u64,
    /// The file.
    pub file: StringId,
    /// Its build id.
    pub build_id: StringId,
    /// Function names are complete.
    pub has_functions: bool,
    /// File names are complete.
    pub has_filenames: bool,
    /// Line numbers are complete.
    pub has_line_numbers: bool,
    /// Inlined frames are complete.
    pub has_inline_frames: bool,
}

/// A place in the code: several lines if calls were inlined there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Location {
    /// Index into [`Parts::mappings`].
    pub mapping: Option<u32>,
    /// The instruction's address.
    pub address: u64,
    /// First line in [`Parts::lines`]: the innermost inlined call.
    pub first_line: u32,
    /// How many lines.
    pub line_count: u32,
    /// Whether identical code was folded by the linker.
    pub is_folded: bool,
}

/// A line within a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Line {
    /// Index into [`Parts::functions`].
    pub function: u32,
    /// The line, from 1; 0 if unknown.
    pub line: i64,
    /// The column, from 1; 0 if unknown.
    pub column: i64,
}

/// A function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Function {
    /// Its name for people.
    pub name: StringId,
    /// Its name in the symbol table.
    pub system_name: StringId,
    /// The source file.
    pub file: StringId,
    /// The line it starts at; 0 if unknown.
    pub start_line: i64,
}

/// The content of a profile, not yet checked: what is built or rewritten. [`Profile::new`] checks it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parts {
    /// All strings; the first is empty.
    pub strings: StringTable,
    /// What the values of a sample mean, in order.
    pub sample_types: Vec<ValueType>,
    /// The samples.
    pub samples: Samples,
    /// The mappings; the first is the program itself.
    pub mappings: Vec<Mapping>,
    /// The locations.
    pub locations: Vec<Location>,
    /// The lines of all locations.
    pub lines: Vec<Line>,
    /// The functions.
    pub functions: Vec<Function>,
    /// A pattern of functions to leave out together with what they call.
    pub drop_frames: StringId,
    /// Exceptions to `drop_frames`.
    pub keep_frames: StringId,
    /// When the profile was taken, in ns since 1970; 0 if unknown.
    pub time_nanos: i64,
    /// How long it covers.
    pub duration_nanos: i64,
    /// What `period` counts.
    pub period_type: Option<ValueType>,
    /// The distance between samples, for example 524288 bytes.
    pub period: i64,
    /// Remarks of the producer.
    pub comments: Vec<StringId>,
    /// The sample type its producer thinks most interesting.
    pub default_sample_type: StringId,
    /// A page about this kind of profile.
    pub doc_url: StringId,
}

/// A profile that has been checked: every index is in range, every sample has a value per sample type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    parts: Parts,
}

impl Profile {
    /// Checks the parts: the only way to a profile.
    pub fn new(parts: Parts) -> Result<Self, Error> {
        check(&parts)?;
        Ok(Self { parts })
    }

    /// The parts back, to change them.
    pub fn into_parts(self) -> Parts {
        self.parts
    }

    /// The string of an id.
    pub fn text(&self, id: StringId) -> &str {
        self.parts.strings.get(id)
    }

    /// The lines of a location, innermost inlined call first; empty if it has no symbols.
    pub fn lines_of(&self, location: &Location) -> &[Line] {
        let start = location.first_line as usize;
        &self.parts.lines[start..start + location.line_count as usize]
    }

    /// The value of a sample for the sample type at `kind`.
    #[inline]
    pub fn value(&self, sample: usize, kind: usize) -> i64 {
        self.parts.samples.values[sample * self.parts.sample_types.len() + kind]
    }
}

impl std::ops::Deref for Profile {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}
