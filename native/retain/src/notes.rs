//! What is read of single objects while their memory is there: which Go package they are about, and numbers that tell them
//! apart. Of a package's path only where it lies is noted; it is the one text that is read, and only when it is asked for.

use std::collections::HashMap;

use crate::known::Known;
use crate::marking::Marks;
use crate::memory::number_in;
use crate::runtime::objects::Objects;
use crate::symbols::{Kind, TypeId, Types};
use crate::typing::ObjectType;

/// The longest path of a package; the go command allows no longer one.
pub const LONGEST_PATH: u64 = 1024;
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
        let rules = known.read_from(types);
        // Few of many objects are of such a type: a table that needs no search.
        let mut rule_of = vec![None; ObjectType::count(types)];
        for (id, rule) in &rules {
            rule_of[ObjectType::new(*id, false).index()] = Some((*id, rule));
        }
        let mut notes = Self::default();
        for (object, of_type) in (0..).zip(type_of) {
            let Some((id, rule)) = rule_of[of_type.index()] else { continue };
            let number = marks.slot(object);
            let index = objects.heap.span_of(number);
            let value = objects.value(index, number - objects.heap.spans[index].first);
            if let Some(field) = &rule.package_path
                && let Some((text, Kind::String)) = field_of(objects, types, value, id, field)
            {
                let (address, length) = (number_in(text, 0, 8), number_in(text, 8, 8));
                if address != 0 && (1..=LONGEST_PATH).contains(&length) {
                    notes.paths.push((object, address, length as u32));
                }
            }
            if let Some(field) = &rule.label
                && let Some((number, Kind::Scalar)) = field_of(objects, types, value, id, field)
            {
                notes.labels.insert(object, number_in(number, 0, 8));
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

/// The path of a package, if it is one: what was freed meanwhile may be anything.
pub fn package_path(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    is_path(&text).then_some(text)
}

/// Whether a text may be the import path of a package.
pub fn is_path(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= LONGEST_PATH as usize
        && text.chars().all(|character| character.is_alphanumeric() || "-._~/+@ []".contains(character))
}
