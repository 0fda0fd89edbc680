//! What is read of single objects while their memory is there: which Go package they are about, and numbers that tell them
//! apart. Of a package's path only where it lies is noted; it is the one text that is read, and only when it is asked for.

use std::collections::HashMap;

use crate::known::Known;
use crate::marking::Marks;
use crate::memory::{Memory, number_in};
use crate::runtime::objects::Objects;
use crate::symbols::{Kind, TypeId, Types};
use crate::typing::ObjectType;

/// The longest path of a package; the go command allows no longer one.
const LONGEST_PATH: u64 = 1024;
/// Pointers on the way to a field.
const MOST_STEPS: usize = 8;

/// What was noted, by object.
#[derive(Default)]
pub struct Notes {
    /// Where the path of the Go package lies that an object is about, and how long it is.
    pub paths: Vec<(u32, u64, u32)>,
    /// A number that tells an object from others of its type.
    pub labels: HashMap<u32, u64>,
}

impl Notes {
    /// Reads them.
    pub fn read(
        objects: &Objects<'_>,
        marks: &Marks,
        types: &Types,
        type_of: &[ObjectType],
        known: &Known,
    ) -> Self {
        let rules: HashMap<ObjectType, _> = known
            .read_from(types)
            .into_iter()
            .map(|(id, rule)| (ObjectType::new(id, false), (id, rule)))
            .collect();
        let mut notes = Self::default();
        for (index, span) in objects.heap.spans.iter().enumerate() {
            if !span.has_pointers {
                continue;
            }
            for slot in 0..span.slots {
                let Some(object) = marks.object(span.first + slot) else { continue };
                let Some((id, rule)) = rules.get(&type_of[object as usize]) else { continue };
                let value = objects.value(index, slot);
                if let Some(field) = &rule.package_path
                    && let Some((text, Kind::String)) = field_of(objects, types, value, *id, field)
                {
                    let (address, length) = (number_in(text, 0, 8), number_in(text, 8, 8));
                    if address != 0 && (1..=LONGEST_PATH).contains(&length) {
                        notes.paths.push((object, address, length as u32));
                    }
                }
                if let Some(field) = &rule.label
                    && let Some((number, Kind::Scalar)) = field_of(objects, types, value, *id, field)
                {
                    notes.labels.insert(object, number_in(number, 0, 8));
                }
            }
        }
        notes
    }
}

/// The bytes from a field on, behind pointers where there are some on the way; and what the field is.
fn field_of<'a>(
    objects: &Objects<'a>,
    types: &'a Types,
    value: &'a [u8],
    id: TypeId,
    path: &str,
) -> Option<(&'a [u8], &'a Kind)> {
    let (mut bytes, mut id) = (value, id);
    for name in path.split('.').take(MOST_STEPS) {
        if let Kind::Pointer(to) = types.get(id).kind {
            bytes = objects.image.slice(number_in(bytes, 0, 8), types.get(to).size)?;
            id = to;
        }
        let field = types.field(id, name)?;
        bytes = bytes.get(usize::try_from(field.offset).ok()?..)?;
        id = field.type_id;
    }
    Some((bytes, &types.get(id).kind))
}

/// Reads the paths of packages, as far as they are paths: what was freed meanwhile may be anything.
pub fn package_path(memory: &dyn Memory, address: u64, length: u32) -> Option<String> {
    let bytes = memory.bytes(address, u64::from(length), LONGEST_PATH)?;
    let text = String::from_utf8(bytes).ok()?;
    is_path(&text).then_some(text)
}

/// Whether a text may be the import path of a package.
pub fn is_path(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= LONGEST_PATH as usize
        && text.chars().all(|character| character.is_alphanumeric() || "-._~/+@ []".contains(character))
}
