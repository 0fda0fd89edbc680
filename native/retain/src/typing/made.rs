//! Types that the debug information does not have: those that a program made while it ran, by reflection, and those that the
//! linker left out because nothing but an interface names them (up to go1.24). The runtime describes them all the same.

use crate::memory::{Memory, number_in};
use crate::runtime::layout::At;
use crate::symbols::{Field, Kind, TypeId};

use super::{Described, Typer};

/// Longer names of types and fields are no names.
const LONGEST_NAME: u64 = 4096;
/// Types within types within types: what goes deeper stays unknown.
const DEEPEST: u32 = 64;
/// Fields of a struct.
const MOST_FIELDS: u64 = 4096;

/// The kinds of types, as `reflect.Kind` numbers them; the bits above tell something else.
const KIND_MASK: u64 = 31;
const ARRAY: u64 = 17;
const CHANNEL: u64 = 18;
const POINTER: u64 = 22;
const SLICE: u64 = 23;
const STRING: u64 = 24;
const STRUCT: u64 = 25;

impl Typer<'_> {
    /// What is known of a type once its description has been read to the end.
    pub(super) fn made(&mut self, address: u64, described: Described) -> Described {
        if self.depth >= DEEPEST {
            return described;
        }
        self.depth += 1;
        let kind = self.kind_made(address);
        self.depth -= 1;
        let Some(kind) = kind else { return described };
        self.types.set_kind(described.id, kind);
        let described = Described { known: true, ..described };
        self.described.insert(address, Some(described));
        described
    }

    fn kind_made(&mut self, address: u64) -> Option<Kind> {
        let layout = self.objects.layout;
        let (made, types) = (layout.made, layout.type_description);
        match self.number(address, types.kind)? & KIND_MASK {
            POINTER => Some(Kind::Pointer(self.described_in(address, made.pointer.element)?)),
            SLICE => Some(Kind::Slice(self.described_in(address, made.slice.element)?)),
            STRING => Some(Kind::String),
            CHANNEL => {
                let element = self.described_in(address, made.channel.element)?;
                Some(Kind::Chan { element, header: self.types.named("runtime.hchan")? })
            }
            ARRAY => {
                let element = self.described_in(address, made.array.element)?;
                let length = self.number(address, made.array.length)?;
                // A value is no larger than its type says, so an array of nothing cannot have us count for ever.
                let fits = self.types.get(element).size.checked_mul(length)?
                    <= self.number(address, types.value_size)?;
                (fits && self.types.get(element).size > 0).then_some(Kind::Array(element, length))
            }
            STRUCT => Some(Kind::Struct(self.fields_made(address)?)),
            _ => None,
        }
    }

    fn fields_made(&mut self, address: u64) -> Option<Box<[Field]>> {
        let made = self.objects.layout.made;
        let size = self.number(address, self.objects.layout.type_description.value_size)?;
        let first = self.number(address, made.structure.fields)?;
        let count = self.number(address, made.structure.count)?;
        if count > MOST_FIELDS {
            return None;
        }
        let mut fields = Vec::new();
        for index in 0..count {
            let at = first.checked_add(index * u64::from(made.field.size))?;
            let type_id = self.described_in(at, made.field.described)?;
            let offset = self.number(at, made.field.offset)?;
            if offset.checked_add(self.types.get(type_id).size)? > size {
                return None;
            }
            let name = self.number(at, made.field.name).and_then(|name| self.name_at(name));
            fields.push(Field { name: name.unwrap_or_default(), offset, type_id });
        }
        Some(fields.into())
    }

    fn number(&self, address: u64, at: At) -> Option<u64> {
        let bytes =
            self.objects.image.slice(address.wrapping_add(u64::from(at.offset)), u64::from(at.size))?;
        Some(number_in(bytes, 0, at.size))
    }

    fn described_in(&mut self, address: u64, at: At) -> Option<TypeId> {
        let description = self.number(address, at)?;
        self.described(description).map(|described| described.id)
    }

    /// The name in the description of a type: an offset behind the first of them.
    pub(super) fn name_of(&self, offset: u64) -> Option<Box<str>> {
        self.name_at(self.objects.types_begin?.wrapping_add(offset))
    }

    /// A name: a flag byte, a length, the text.
    fn name_at(&self, at: u64) -> Option<Box<str>> {
        let head = self.objects.image.bytes(at, 4, 4)?;
        // The length is a varint of one or two bytes.
        let (length, begin) = match head[1] {
            low if low & 0x80 == 0 => (u64::from(low), 2),
            low => (u64::from(low & 0x7f) | u64::from(head[2]) << 7, 3),
        };
        let text = self.objects.image.bytes(at.wrapping_add(begin), length, LONGEST_NAME)?;
        (head[0] & 0xf0 == 0).then(|| String::from_utf8_lossy(&text).trim_start_matches('*').into())
    }
}
