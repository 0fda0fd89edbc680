//! Which type each living object has.
//!
//! A large object says so itself. For the others the types come from what refers to them: a global variable of a known type
//! has a field that is a pointer to some type, so what it points at is of that type, and so on through all objects. When
//! two types are told for one object, the one that says more of it counts.

mod made;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::marking::Marks;
use crate::memory::{Memory, number_in};
use crate::roots::{Root, RootKind};
use crate::runtime::objects::Objects;
use crate::runtime::specials::Kept;
use crate::stop::{Stop, Stopped};
use crate::symbols::{Field, Kind, Symbols, Type, TypeId, Types};

/// Structs and arrays within each other.
const DEEPEST: usize = 64;
/// Elements of an array that are listed one by one; longer ones are walked.
const MOST_LISTED: u64 = 8;
/// Tells a type that the processor passes in the data word of an interface itself.
const KIND_DIRECT_INTERFACE: u64 = 1 << 5;

/// What the bytes of strings are called.
pub const TEXT: &str = "text of strings";

/// The type of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectType(u32);

impl ObjectType {
    /// Nobody knows.
    pub const UNKNOWN: Self = Self(0);

    /// One value of a type, or a row of them.
    pub fn new(id: TypeId, row: bool) -> Self {
        Self(((id.0 + 1) << 1) | u32::from(row))
    }

    /// The type of the value, or of each of the values in a row.
    pub fn element(self) -> Option<TypeId> {
        (self.0 != 0).then(|| TypeId((self.0 >> 1) - 1))
    }

    /// Whether it is a row of such values, as behind a slice.
    pub fn is_row(self) -> bool {
        self.0 & 1 == 1
    }
}

/// Finds the types of all living objects, by their numbers. Types that the program made itself, and those of closures, are
/// added to `types`.
pub fn types(
    objects: &Objects<'_>,
    symbols: &Symbols,
    marks: &Marks,
    roots: &[Root],
    types: &mut Types,
    stop: &Stop,
) -> Result<Vec<ObjectType>, Stopped> {
    let text = types.push(Type { name: TEXT.into(), size: 1, kind: Kind::Scalar });
    let handle = types.push(Type { name: "handle of a weak pointer".into(), size: 8, kind: Kind::Scalar });
    let mut typer = Typer {
        objects,
        marks,
        symbols,
        types,
        text,
        of: vec![ObjectType::UNKNOWN; marks.objects as usize],
        told_words: vec![0; marks.objects as usize],
        todo: Vec::new(),
        inside: Vec::new(),
        seen_inside: HashSet::new(),
        slots: HashMap::new(),
        described: HashMap::new(),
        closures: HashMap::new(),
        depth: 0,
    };
    typer.described_objects();
    for root in roots {
        match root.kind {
            RootKind::Kept(Kept::WeakHandle) => {
                for (_, value) in &root.pointers {
                    typer.points_at(*value, ObjectType::new(handle, false), 8);
                }
            }
            // What is to be called, and what that has captured.
            RootKind::Kept(Kept::Finalizer | Kept::Cleanup) => {
                for (_, value) in &root.pointers {
                    typer.closure(*value);
                }
            }
            _ => {}
        }
        let Some(id) = root.type_id else { continue };
        if let Some(bytes) = objects.image.slice(root.address, typer.types.get(id).size) {
            typer.value(bytes, id, 0);
        }
    }
    typer.follow(stop)?;
    Ok(typer.of)
}

/// Something in a value that leads to an object.
#[derive(Clone, Copy, Debug)]
enum Slot {
    Pointer(TypeId),
    String,
    Slice(TypeId),
    Interface,
    Any,
    Func,
    Chan {
        element: TypeId,
        header: TypeId,
    },
    Map(TypeId),
    /// The directory of a map: one group as long as the map is small, otherwise a row of pointers to tables.
    Directory {
        tables: TypeId,
        group: Option<TypeId>,
        length_at: u64,
    },
    /// As many groups as the mask behind it says.
    Groups(TypeId),
    /// A row as long as it happens to be.
    Row(TypeId),
    /// So many values of a type in the value itself.
    Array(TypeId, u64),
}

/// The slots of a type, with their offsets.
type Slots = Rc<[(u64, Slot)]>;

/// A place in an object: span, slot, and bytes from the beginning of the value.
type Inside = (u32, u32, u32, ObjectType);

struct Typer<'a> {
    objects: &'a Objects<'a>,
    marks: &'a Marks,
    symbols: &'a Symbols,
    types: &'a mut Types,
    text: TypeId,
    of: Vec<ObjectType>,
    /// How many words of an object its type tells of; more than 254 are 255.
    told_words: Vec<u8>,
    /// Objects with a new type, by span and slot.
    todo: Vec<(u32, u32)>,
    /// Types met in the middle of objects: only looked at when nothing else tells what lies there.
    inside: Vec<Inside>,
    seen_inside: HashSet<Inside>,
    slots: HashMap<TypeId, Slots>,
    /// By the address of their description.
    described: HashMap<u64, Option<Described>>,
    /// By the function of a closure.
    closures: HashMap<u64, Option<TypeId>>,
    /// How many descriptions within each other are being read.
    depth: u32,
}

/// A type that is described in memory.
#[derive(Clone, Copy)]
struct Described {
    id: TypeId,
    /// Whether the debug information has it, with its fields.
    known: bool,
    /// Whether an interface has the value itself in its data word.
    direct: bool,
}

impl Typer<'_> {
    fn described_objects(&mut self) {
        for (index, span) in self.objects.heap.spans.iter().enumerate() {
            if !self.objects.is_described(span) {
                continue;
            }
            for slot in 0..span.slots {
                let Some(object) = self.marks.object(span.first + slot) else { continue };
                let Some(described) = self.described(self.objects.description(index, slot)) else { continue };
                let size = self.types.get(described.id).size;
                // Of an array only the element is described: whether there are several, the size tells.
                let row = size > 0 && size * 2 <= span.slot - self.objects.header_of(span);
                self.of[object as usize] = ObjectType::new(described.id, row);
                // What has no fields in the debug information is better known from what refers to it.
                self.told_words[object as usize] = if described.known { u8::MAX } else { 0 };
                self.todo.push((index as u32, slot));
            }
        }
    }

    fn follow(&mut self, stop: &Stop) -> Result<(), Stopped> {
        let mut count = 0_u32;
        loop {
            while let Some((span, slot)) = self.todo.pop() {
                count = count.wrapping_add(1);
                if count.is_multiple_of(65_536) {
                    stop.check()?;
                }
                let Some(object) = self.marks.object(self.objects.heap.spans[span as usize].first + slot)
                else {
                    continue;
                };
                let value = self.objects.value(span as usize, slot);
                self.values(value, self.of[object as usize]);
            }
            let mut waiting = std::mem::take(&mut self.inside);
            if waiting.is_empty() {
                return Ok(());
            }
            waiting.sort_unstable();
            waiting.dedup();
            for inside in waiting {
                let (span, slot, offset, part) = inside;
                if !self.is_told(span, slot, offset) && self.seen_inside.insert(inside) {
                    let value = self.objects.value(span as usize, slot);
                    self.values(value.get(offset as usize..).unwrap_or(&[]), part);
                }
            }
        }
    }

    /// Whether the type of an object tells what lies at an offset of it.
    fn is_told(&self, span: u32, slot: u32, offset: u32) -> bool {
        let object = self.marks.object(self.objects.heap.spans[span as usize].first + slot);
        object.is_none_or(|object| {
            let told = self.told_words[object as usize];
            told == u8::MAX || offset < u32::from(told) * 8
        })
    }

    fn values(&mut self, bytes: &[u8], object_type: ObjectType) {
        let Some(id) = object_type.element() else { return };
        let size = self.types.get(id).size as usize;
        if !object_type.is_row() {
            self.value(bytes, id, 0);
        } else if size > 0 && !self.slots(id).is_empty() {
            for element in bytes.chunks_exact(size) {
                self.value(element, id, 0);
            }
        }
    }

    /// Follows everything in a value that leads somewhere.
    fn value(&mut self, bytes: &[u8], id: TypeId, depth: usize) {
        for (offset, slot) in self.slots(id).iter() {
            let at = *offset as usize;
            let word = |further: usize| number_in(bytes, at + further, 8);
            match *slot {
                Slot::Pointer(to) => {
                    let to = self.really(to, word(0));
                    self.points_at(word(0), ObjectType::new(to, false), self.types.get(to).size);
                }
                Slot::String => self.points_at(word(0), ObjectType::new(self.text, true), word(8)),
                Slot::Slice(element) => self.row(word(0), element, word(16)),
                Slot::Interface if word(0) != 0 => {
                    let described = self
                        .objects
                        .image
                        .word(word(0).wrapping_add(u64::from(self.objects.layout.method_table_type.offset)));
                    self.dynamic(described.unwrap_or(0), word(8), depth);
                }
                Slot::Any if word(0) != 0 => self.dynamic(word(0), word(8), depth),
                Slot::Interface | Slot::Any => {}
                Slot::Func => self.closure(word(0)),
                Slot::Chan { element, header } => self.channel(word(0), element, header),
                Slot::Map(header) => {
                    self.points_at(word(0), ObjectType::new(header, false), self.types.get(header).size)
                }
                Slot::Directory { tables, group, length_at } => {
                    match (number_in(bytes, at + length_at as usize, 8), group) {
                        (0, Some(group)) => {
                            self.points_at(word(0), ObjectType::new(group, false), self.types.get(group).size)
                        }
                        (0, None) => {}
                        (length, _) => self.row(word(0), tables, length),
                    }
                }
                Slot::Groups(group) => self.row(word(0), group, word(8).wrapping_add(1)),
                Slot::Row(element) => self.row(word(0), element, u64::MAX),
                Slot::Array(element, count) => {
                    let size = self.types.get(element).size as usize;
                    for index in 0..count as usize {
                        let Some(part) = size.checked_mul(index).and_then(|begin| bytes.get(at + begin..))
                        else {
                            break;
                        };
                        if depth >= DEEPEST || part.len() < size {
                            break;
                        }
                        self.value(part, element, depth + 1);
                    }
                }
            }
        }
    }

    fn row(&mut self, value: u64, element: TypeId, count: u64) {
        let size = self.types.get(element).size;
        self.points_at(value, ObjectType::new(element, true), size.saturating_mul(count));
    }

    /// A pointer leads to what is of a type, as far as so many bytes.
    fn points_at(&mut self, value: u64, object_type: ObjectType, bytes: u64) {
        let Some((index, slot)) = self.objects.heap.object_at(value) else { return };
        let span = &self.objects.heap.spans[index];
        let Some(object) = self.marks.object(span.first + slot) else { return };
        let offset = value.wrapping_sub(self.objects.address(index, slot));
        if offset != 0 {
            // A pointer into the middle; or to the header, which no program has.
            if offset < span.slot && span.has_pointers && !self.is_told(index as u32, slot, offset as u32) {
                self.inside.push((index as u32, slot, offset as u32, object_type));
            }
            return;
        }
        let words = u8::try_from(bytes.min(span.slot).div_ceil(8)).unwrap_or(u8::MAX - 1).min(u8::MAX - 1);
        let known = &mut self.told_words[object as usize];
        if words > *known {
            *known = words;
            self.of[object as usize] = object_type;
            if span.has_pointers {
                self.todo.push((index as u32, slot));
            }
        }
    }

    /// What an interface holds: a value of a described type.
    fn dynamic(&mut self, description: u64, data: u64, depth: usize) {
        let Some(described) = self.described(description) else { return };
        if !described.direct {
            self.points_at(data, ObjectType::new(described.id, false), self.types.get(described.id).size);
        } else if depth < DEEPEST {
            self.value(&data.to_le_bytes(), described.id, depth + 1);
        }
    }

    fn channel(&mut self, value: u64, element: TypeId, header: TypeId) {
        self.points_at(value, ObjectType::new(header, false), self.types.get(header).size);
        let field = |name: &str| self.types.field(header, name).map_or(0, |field| field.offset);
        let (buffer, length) = (field("buf"), field("dataqsiz"));
        if let (Some(buffer), Some(length)) = (
            self.objects.image.word(value.wrapping_add(buffer)),
            self.objects.image.word(value.wrapping_add(length)),
        ) {
            self.row(buffer, element, length);
        }
    }

    fn closure(&mut self, value: u64) {
        let Some(code) =
            self.objects.image.word(value).filter(|_| self.objects.heap.object_at(value).is_some())
        else {
            return;
        };
        let begin = code.wrapping_sub(self.objects.image.bias);
        let (symbols, types) = (self.symbols, &mut *self.types);
        let id = *self.closures.entry(begin).or_insert_with(|| {
            let function = symbols.function_at(begin)?;
            let field = |captured: &crate::symbols::Captured| Field {
                name: captured.name.clone(),
                offset: captured.offset,
                type_id: captured.type_id,
            };
            let fields: Box<[Field]> = function.captured.iter().map(field).collect();
            let end =
                fields.iter().map(|field| field.offset + types.get(field.type_id).size).max().unwrap_or(8);
            let name = format!("closure {}", function.name).into();
            Some(types.push(Type { name, size: end.next_multiple_of(8), kind: Kind::Struct(fields) }))
        });
        if let Some(id) = id {
            self.points_at(value, ObjectType::new(id, false), self.types.get(id).size);
        }
    }

    /// The type that is described at an address.
    fn described(&mut self, address: u64) -> Option<Described> {
        if address == 0 {
            return None;
        }
        if let Some(known) = self.described.get(&address) {
            return *known;
        }
        let described = self.read_description(address);
        self.described.insert(address, described);
        if let Some(described) = described.filter(|described| !described.known) {
            return Some(self.made(address, described));
        }
        described
    }

    fn read_description(&mut self, address: u64) -> Option<Described> {
        let at = &self.objects.layout.type_description;
        let bytes = self.objects.image.slice(address, u64::from(at.size))?;
        let number = |at: crate::runtime::layout::At| number_in(bytes, at.offset as usize, at.size);
        let kind = number(at.kind);
        let direct = kind & KIND_DIRECT_INTERFACE != 0
            || self.objects.layout.direct_interface.is_some_and(|flag| number(at.flags) & flag != 0);
        let first = self.objects.types_begin.unwrap_or(0);
        let known = self.types.described_at(address.wrapping_sub(first));
        let id = known.unwrap_or_else(|| {
            let size = number(at.value_size);
            let name =
                self.name_of(number(at.name)).unwrap_or_else(|| "a type made while the program ran".into());
            self.types.push(Type { name, size, kind: Kind::Scalar })
        });
        Some(Described { id, known: known.is_some(), direct })
    }

    /// Some types are not what a pointer to them says.
    fn really(&self, id: TypeId, value: u64) -> TypeId {
        let name = &*self.types.get(id).name;
        if let Some(parameters) = name.strip_prefix("internal/sync.node[") {
            // Whether it is an entry or has children is its first byte.
            let entry = self.objects.image.number(value, 1) == Some(1);
            let whole = if entry { "internal/sync.entry[" } else { "internal/sync.indirect[" };
            return self.types.named(&format!("{whole}{parameters}")).unwrap_or(id);
        }
        match name {
            // The runtime has its own part of a timer behind the part that programs see.
            "time.Timer" | "time.Ticker" => self.types.named("runtime.timeTimer").unwrap_or(id),
            _ => id,
        }
    }

    fn slots(&mut self, id: TypeId) -> Slots {
        if let Some(known) = self.slots.get(&id) {
            return known.clone();
        }
        let mut found = Vec::new();
        self.list(id, 0, 0, &mut found);
        let slots: Slots = found.into();
        self.slots.insert(id, slots.clone());
        slots
    }

    fn list(&self, id: TypeId, at: u64, depth: usize, found: &mut Vec<(u64, Slot)>) {
        if depth > DEEPEST {
            return;
        }
        let slot = match &self.types.get(id).kind {
            Kind::Scalar | Kind::UnsafePointer => return,
            Kind::Pointer(to) => Slot::Pointer(*to),
            Kind::String => Slot::String,
            Kind::Slice(element) => Slot::Slice(*element),
            Kind::Interface => Slot::Interface,
            Kind::Any => Slot::Any,
            Kind::Func => Slot::Func,
            Kind::Chan { element, header } => Slot::Chan { element: *element, header: *header },
            Kind::Map { header, .. } => Slot::Map(*header),
            Kind::Array(element, count) if *count <= MOST_LISTED => {
                let size = self.types.get(*element).size;
                for index in 0..*count {
                    self.list(*element, at + index * size, depth + 1, found);
                }
                return;
            }
            Kind::Array(element, count) => {
                let mut inner = Vec::new();
                self.list(*element, 0, depth + 1, &mut inner);
                if inner.is_empty() {
                    return;
                }
                Slot::Array(*element, *count)
            }
            Kind::Struct(fields) => {
                for field in fields {
                    match self.special(id, field) {
                        Some(slot) => found.push((at + field.offset, slot)),
                        None => self.list(field.type_id, at + field.offset, depth + 1, found),
                    }
                }
                return;
            }
        };
        found.push((at, slot));
    }

    /// Fields that say less, or something else, than what they lead to.
    fn special(&self, id: TypeId, field: &Field) -> Option<Slot> {
        let name = &*self.types.get(id).name;
        match (name, &*field.name) {
            ("sync.Pool", "local" | "victim") => self.types.named("sync.poolLocal").map(Slot::Row),
            (_, "v") if name.starts_with("sync/atomic.Pointer[") => {
                let first = &self.types.fields(id).first()?.type_id;
                let Kind::Array(element, _) = self.types.get(*first).kind else { return None };
                let Kind::Pointer(to) = self.types.get(element).kind else { return None };
                Some(Slot::Pointer(to))
            }
            (_, "dirPtr") if name.starts_with("map<") => {
                let Kind::Pointer(tables) = self.types.get(field.type_id).kind else { return None };
                let length = self.types.field(id, "dirLen")?.offset;
                // The group itself has no such name: `noalg.map.group[K]V`.
                let parameters = name.strip_prefix("map")?;
                let reference = self.types.named(&format!("groupReference{parameters}"));
                let group = reference.and_then(|id| {
                    match self.types.get(self.types.field(id, "data")?.type_id).kind {
                        Kind::Pointer(group) => Some(group),
                        _ => None,
                    }
                });
                Some(Slot::Directory { tables, group, length_at: length.checked_sub(field.offset)? })
            }
            (_, "data") if name.starts_with("groupReference<") => {
                let Kind::Pointer(group) = self.types.get(field.type_id).kind else { return None };
                Some(Slot::Groups(group))
            }
            (_, "buckets" | "oldbuckets") if name.starts_with("hash<") => {
                let Kind::Pointer(bucket) = self.types.get(field.type_id).kind else { return None };
                Some(Slot::Row(bucket))
            }
            _ => None,
        }
    }
}
