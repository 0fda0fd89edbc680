//! Debug information as Go's linker writes it, read once from its first entry to its last.
//!
//! What is taken: the types with their fields, the global variables, the constants of the runtime, and of each function
//! where it begins, what it is called and which variables a closure of it captures. All else is skipped.

use std::collections::HashMap;

use gimli::{AttributeValue, DwAt, EndianSlice, LittleEndian, UnitOffset};

use super::functions::Entry as FunctionEntry;
use super::types::{Field, Kind, Type, TypeId, Types};
use super::{Global, SymbolsError};

const GO_KIND: DwAt = DwAt(0x2900);
const GO_KEY: DwAt = DwAt(0x2901);
const GO_ELEM: DwAt = DwAt(0x2902);
const GO_RUNTIME_TYPE: DwAt = DwAt(0x2904);
pub(super) const GO_CLOSURE_OFFSET: DwAt = DwAt(0x2907);

/// `reflect.Kind`, the low five bits of what the linker writes.
mod go_kind {
    pub const CHAN: u64 = 18;
    pub const FUNC: u64 = 19;
    pub const INTERFACE: u64 = 20;
    pub const MAP: u64 = 21;
    pub const SLICE: u64 = 23;
    pub const STRING: u64 = 24;
}

/// gopls has 33,000 types with 150,000 fields; a hundred times that is no Go program.
const MOST_TYPES: usize = 4_000_000;
const MOST_FIELDS: usize = 16_000_000;
/// Names of generated and generic types reach a few thousand bytes.
const LONGEST_NAME: usize = 16_384;
/// The linker writes one name for a type and one definition; more steps than this are a circle.
const MOST_NAMES_OF_ONE: usize = 8;

pub(super) type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// Everything taken from the debug information; addresses as linked.
#[derive(Default)]
pub(super) struct Found {
    pub types: Types,
    pub globals: Vec<Global>,
    pub constants: HashMap<Box<str>, i64>,
    /// By where they begin.
    pub functions: Vec<(u64, FunctionEntry)>,
    /// Where those of the runtime begin, by name, but for what is only inlined.
    pub of_runtime: HashMap<Box<str>, u64>,
    pub places: Places,
}

/// Which entry of the debug information is which type, and where its units begin.
#[derive(Default)]
pub(super) struct Places {
    types: HashMap<Place, TypeId>,
    /// A name for another type.
    names: HashMap<Place, Place>,
    units: Vec<Place>,
}

impl Places {
    pub fn type_at(&self, mut place: Place) -> Option<TypeId> {
        for _ in 0..MOST_NAMES_OF_ONE {
            if let Some(id) = self.types.get(&place) {
                return Some(*id);
            }
            place = *self.names.get(&place)?;
        }
        None
    }
}

/// A reference to another entry, by its place in the section.
type Place = usize;

enum RawKind {
    Scalar,
    Pointer(Option<Place>),
    UnsafePointer,
    String,
    Slice(Place),
    Array { element: Place, count: u64 },
    Struct(Vec<(Box<str>, u64, Place)>),
    Interface { header: Place },
    Func,
    Chan { element: Place, pointer: Place },
    Map { key: Place, element: Place, pointer: Place },
}

#[derive(Default)]
struct Raw {
    types: Vec<RawKind>,
    globals: Vec<(Box<str>, u64, Place)>,
    fields: usize,
    descriptions: Vec<Option<u64>>,
    found: Found,
}

/// Which entry the children that follow belong to.
enum Owner {
    None,
    Struct(TypeId),
    Array(TypeId),
}

pub(super) fn read<'a>(section: impl Fn(gimli::SectionId) -> &'a [u8]) -> Result<Found, SymbolsError> {
    let dwarf = gimli::Dwarf::load(|id| Ok::<_, gimli::Error>(EndianSlice::new(section(id), LittleEndian)))?;
    let mut raw = Raw::default();
    let mut headers = dwarf.units();
    while let Some(header) = headers.next()? {
        // Not `Dwarf::unit`, which reads the line numbers, too.
        let mut unit = Unit::new(&dwarf, header)?;
        raw.found.places.units.push(unit.header.debug_info_offset().map_or(usize::MAX, |offset| offset.0));
        raw.unit(&mut unit)?;
    }
    raw.resolve()
}

/// One package's part of the debug information.
pub(super) struct Unit<'a> {
    pub dwarf: &'a gimli::Dwarf<Slice<'a>>,
    pub header: gimli::UnitHeader<Slice<'a>>,
    pub abbreviations: std::sync::Arc<gimli::Abbreviations>,
    /// Where its own addresses begin among all.
    pub addresses: gimli::DebugAddrBase,
    /// The same for lists of locations.
    pub location_lists: gimli::DebugLocListsBase,
    /// Its first instruction.
    pub low_pc: u64,
}

impl<'a> Unit<'a> {
    fn new(
        dwarf: &'a gimli::Dwarf<Slice<'a>>,
        header: gimli::UnitHeader<Slice<'a>>,
    ) -> Result<Self, SymbolsError> {
        Ok(Self {
            dwarf,
            header,
            abbreviations: dwarf.abbreviations(&header)?,
            addresses: gimli::DebugAddrBase(0),
            location_lists: gimli::DebugLocListsBase(0),
            low_pc: 0,
        })
    }

    /// The one that begins at a place of the section, with what its first entry says.
    pub fn at(dwarf: &'a gimli::Dwarf<Slice<'a>>, begin: Place) -> Option<Self> {
        let header = dwarf.debug_info.header_from_offset(gimli::DebugInfoOffset(begin)).ok()?;
        let mut unit = Self::new(dwarf, header).ok()?;
        let abbreviations = unit.abbreviations.clone();
        let mut entries = header.entries_raw(&abbreviations, None).ok()?;
        let abbreviation = entries.read_abbreviation().ok()??;
        let mut low_pc = None;
        for specification in abbreviation.attributes() {
            let attribute = entries.read_attribute(*specification).ok()?;
            unit.bases(&attribute.value());
            if attribute.name() == gimli::DW_AT_low_pc {
                low_pc = Some(attribute.value());
            }
        }
        unit.low_pc = low_pc.and_then(|value| unit.address(&value).ok()?).unwrap_or(0);
        Some(unit)
    }

    /// The one that an entry belongs to.
    pub fn containing(dwarf: &'a gimli::Dwarf<Slice<'a>>, places: &Places, entry: Place) -> Option<Self> {
        let after = places.units.partition_point(|begin| *begin <= entry);
        Self::at(dwarf, *places.units.get(after.checked_sub(1)?)?)
    }

    fn bases(&mut self, value: &AttributeValue<Slice<'_>>) {
        match value {
            AttributeValue::DebugAddrBase(base) => self.addresses = *base,
            AttributeValue::DebugLocListsBase(base) => self.location_lists = *base,
            _ => {}
        }
    }

    fn absolute(&self, offset: UnitOffset) -> Place {
        offset.to_debug_info_offset(&self.header).map_or(usize::MAX, |offset| offset.0)
    }

    pub fn reference(&self, value: &AttributeValue<Slice<'_>>) -> Option<Place> {
        match value {
            AttributeValue::UnitRef(offset) => Some(self.absolute(*offset)),
            AttributeValue::DebugInfoRef(offset) => Some(offset.0),
            _ => None,
        }
    }

    fn address(&self, value: &AttributeValue<Slice<'_>>) -> Result<Option<u64>, SymbolsError> {
        match value {
            AttributeValue::Addr(address) => Ok(Some(*address)),
            AttributeValue::DebugAddrIndex(index) => self.indexed(*index).map(Some),
            _ => Ok(None),
        }
    }

    fn indexed(&self, index: gimli::DebugAddrIndex) -> Result<u64, SymbolsError> {
        Ok(self.dwarf.debug_addr.get_address(self.header.encoding().address_size, self.addresses, index)?)
    }

    /// Where a variable lies, when it has a fixed place.
    fn place(&self, value: &AttributeValue<Slice<'_>>) -> Result<Option<u64>, SymbolsError> {
        let AttributeValue::Exprloc(expression) = value else { return Ok(None) };
        let mut operations = expression.operations(self.header.encoding());
        let address = match operations.next()? {
            Some(gimli::Operation::Address { address }) => Some(address),
            Some(gimli::Operation::AddressIndex { index }) => Some(self.indexed(index)?),
            _ => None,
        };
        // Anything behind the address makes it something else than the place of the variable.
        Ok(address.filter(|_| matches!(operations.next(), Ok(None))))
    }

    pub fn text(&self, value: &AttributeValue<Slice<'_>>) -> Result<Box<str>, SymbolsError> {
        let text = match value {
            AttributeValue::String(text) => text.slice(),
            AttributeValue::DebugStrRef(offset) => self.dwarf.debug_str.get_str(*offset)?.slice(),
            _ => &[],
        };
        Ok(String::from_utf8_lossy(&text[..text.len().min(LONGEST_NAME)]).into())
    }
}

impl Raw {
    fn unit(&mut self, unit: &mut Unit<'_>) -> Result<(), SymbolsError> {
        let abbreviations = unit.abbreviations.clone();
        let header = unit.header;
        let mut entries = header.entries_raw(&abbreviations, None)?;
        let mut owner = Owner::None;
        while !entries.is_empty() {
            let depth = entries.next_depth();
            let place = unit.absolute(entries.next_offset());
            let Some(abbreviation) = entries.read_abbreviation()? else { continue };
            let tag = abbreviation.tag();
            let wanted = match (depth, tag) {
                (0, _) => true,
                (
                    1,
                    gimli::DW_TAG_base_type
                    | gimli::DW_TAG_pointer_type
                    | gimli::DW_TAG_structure_type
                    | gimli::DW_TAG_array_type
                    | gimli::DW_TAG_subroutine_type
                    | gimli::DW_TAG_typedef
                    | gimli::DW_TAG_variable
                    | gimli::DW_TAG_constant
                    | gimli::DW_TAG_subprogram,
                ) => true,
                (2, gimli::DW_TAG_member) => matches!(owner, Owner::Struct(_)),
                (2, gimli::DW_TAG_subrange_type) => matches!(owner, Owner::Array(_)),
                _ => false,
            };
            if depth <= 1 {
                owner = Owner::None;
            }
            if !wanted {
                entries.skip_attributes(abbreviation.attributes())?;
                continue;
            }
            let mut entry = Entry::default();
            for specification in abbreviation.attributes() {
                let attribute = entries.read_attribute(*specification)?;
                if depth == 0 {
                    unit.bases(&attribute.value());
                }
                entry.take(unit, attribute.name(), &attribute.value())?;
            }
            if depth == 0 {
                continue;
            }
            owner = if depth == 1 { self.outer(place, tag, entry)? } else { self.inner(owner, entry)? };
        }
        Ok(())
    }

    fn outer(&mut self, place: Place, tag: gimli::DwTag, entry: Entry) -> Result<Owner, SymbolsError> {
        let kind = match tag {
            gimli::DW_TAG_variable => {
                if let (Some(address), Some(type_place)) = (entry.address, entry.type_place) {
                    self.globals.push((entry.name, address, type_place));
                }
                return Ok(Owner::None);
            }
            gimli::DW_TAG_constant => {
                // Only what describes the runtime itself; a program may have a hundred thousand of its own.
                if let Some(value) = entry.constant
                    && (entry.name.starts_with("runtime.") || entry.name.starts_with("internal/"))
                {
                    self.found.constants.insert(entry.name, value);
                }
                return Ok(Owner::None);
            }
            gimli::DW_TAG_subprogram => {
                if let (Some(begin), Some(unit)) = (entry.low_pc, self.found.places.units.last()) {
                    let offset = place.saturating_sub(*unit);
                    self.found.functions.push((begin, FunctionEntry { unit: *unit, offset }));
                    if entry.name.starts_with("runtime.") {
                        self.found.of_runtime.insert(entry.name, begin);
                    }
                }
                return Ok(Owner::None);
            }
            gimli::DW_TAG_base_type => match entry.go_kind {
                Some(go_kind::STRING) => RawKind::String,
                _ => RawKind::Scalar,
            },
            gimli::DW_TAG_pointer_type => match entry.type_place {
                None if &*entry.name == "unsafe.Pointer" => RawKind::UnsafePointer,
                to => RawKind::Pointer(to),
            },
            gimli::DW_TAG_structure_type => match (entry.go_kind, entry.elem) {
                (Some(go_kind::STRING), _) => RawKind::String,
                (Some(go_kind::SLICE), Some(element)) => RawKind::Slice(element),
                _ => RawKind::Struct(Vec::new()),
            },
            gimli::DW_TAG_array_type => match entry.type_place {
                Some(element) => RawKind::Array { element, count: 0 },
                None => RawKind::Scalar,
            },
            gimli::DW_TAG_subroutine_type => RawKind::Func,
            // What is left is a typedef: the linker writes maps, channels and interfaces as such, too.
            _ => match (entry.go_kind, entry.key, entry.elem, entry.type_place) {
                (Some(go_kind::MAP), Some(key), Some(element), Some(pointer)) => {
                    RawKind::Map { key, element, pointer }
                }
                (Some(go_kind::CHAN), _, Some(element), Some(pointer)) => RawKind::Chan { element, pointer },
                (Some(go_kind::INTERFACE), _, _, Some(header)) => RawKind::Interface { header },
                (Some(go_kind::FUNC), ..) => RawKind::Func,
                (_, _, _, Some(to)) => {
                    self.found.places.names.insert(place, to);
                    return Ok(Owner::None);
                }
                _ => RawKind::Scalar,
            },
        };
        if self.types.len() >= MOST_TYPES {
            return Err(SymbolsError::TooMany("types"));
        }
        let size = match kind {
            RawKind::Pointer(_)
            | RawKind::UnsafePointer
            | RawKind::Func
            | RawKind::Chan { .. }
            | RawKind::Map { .. } => 8,
            RawKind::String | RawKind::Interface { .. } => 16,
            RawKind::Slice(_) => 24,
            _ => entry.byte_size.unwrap_or(0),
        };
        let id = self.found.types.push(Type { name: entry.name, size, kind: Kind::Scalar });
        self.found.places.types.insert(place, id);
        let owner = match kind {
            RawKind::Struct(_) => Owner::Struct(id),
            RawKind::Array { .. } => Owner::Array(id),
            _ => Owner::None,
        };
        self.types.push(kind);
        self.descriptions.push(entry.description);
        Ok(owner)
    }

    fn inner(&mut self, owner: Owner, entry: Entry) -> Result<Owner, SymbolsError> {
        match owner {
            Owner::Struct(id) => {
                if let (Some(RawKind::Struct(fields)), Some(type_place)) =
                    (self.types.get_mut(id.0 as usize), entry.type_place)
                {
                    self.fields += 1;
                    if self.fields > MOST_FIELDS {
                        return Err(SymbolsError::TooMany("fields"));
                    }
                    fields.push((entry.name, entry.member_offset.unwrap_or(0), type_place));
                }
            }
            Owner::Array(id) => {
                if let Some(RawKind::Array { count, .. }) = self.types.get_mut(id.0 as usize) {
                    *count = entry.count.unwrap_or(0);
                }
            }
            Owner::None => {}
        }
        Ok(owner)
    }

    fn resolve(mut self) -> Result<Found, SymbolsError> {
        let find = |place: Place| self.found.places.type_at(place);
        // A reference that leads nowhere makes a scalar of what has it: nothing is followed there.
        let pointed = |place: Place| match find(place).map(|id| &self.types[id.0 as usize]) {
            Some(RawKind::Pointer(Some(to))) => find(*to),
            _ => None,
        };
        let eface =
            |header: Place| find(header).is_some_and(|id| &*self.found.types.get(id).name == "runtime.eface");
        let mut kinds = Vec::with_capacity(self.types.len());
        for raw in &self.types {
            kinds.push(match raw {
                RawKind::Scalar => Some(Kind::Scalar),
                RawKind::Pointer(None) => Some(Kind::UnsafePointer),
                RawKind::Pointer(Some(to)) => Some(find(*to).map_or(Kind::UnsafePointer, Kind::Pointer)),
                RawKind::UnsafePointer => Some(Kind::UnsafePointer),
                RawKind::String => Some(Kind::String),
                RawKind::Slice(element) => find(*element).map(Kind::Slice),
                RawKind::Array { element, count } => find(*element).map(|id| Kind::Array(id, *count)),
                RawKind::Struct(fields) => {
                    let mut resolved: Vec<Field> = fields
                        .iter()
                        .filter_map(|(name, offset, place)| {
                            Some(Field { name: name.clone(), offset: *offset, type_id: find(*place)? })
                        })
                        .collect();
                    resolved.sort_by_key(|field| field.offset);
                    Some(Kind::Struct(resolved.into()))
                }
                RawKind::Interface { header } if eface(*header) => Some(Kind::Any),
                RawKind::Interface { .. } => Some(Kind::Interface),
                RawKind::Func => Some(Kind::Func),
                RawKind::Chan { element, pointer } => find(*element)
                    .zip(pointed(*pointer))
                    .map(|(element, header)| Kind::Chan { element, header }),
                RawKind::Map { key, element, pointer } => find(*key)
                    .zip(find(*element))
                    .zip(pointed(*pointer))
                    .map(|((key, element), header)| Kind::Map { key, element, header }),
            });
        }
        for (name, address, place) in &self.globals {
            if let Some(type_id) = find(*place) {
                let size = self.found.types.get(type_id).size;
                self.found.globals.push(Global { name: name.clone(), address: *address, size, type_id });
            }
        }
        for (index, kind) in kinds.into_iter().enumerate() {
            let id = TypeId(index as u32);
            self.found.types.set_kind(id, kind.unwrap_or(Kind::Scalar));
            self.found.types.index(id, self.descriptions[index]);
        }
        self.found.globals.sort_by_key(|global| global.address);
        self.found.functions.sort_by_key(|(begin, _)| *begin);
        Ok(self.found)
    }
}

/// The attributes of one entry that matter to somebody.
#[derive(Default)]
struct Entry {
    name: Box<str>,
    byte_size: Option<u64>,
    type_place: Option<Place>,
    member_offset: Option<u64>,
    count: Option<u64>,
    address: Option<u64>,
    low_pc: Option<u64>,
    constant: Option<i64>,
    go_kind: Option<u64>,
    key: Option<Place>,
    elem: Option<Place>,
    /// Bytes from the first description of a type to that of this one.
    description: Option<u64>,
}

impl Entry {
    fn take(
        &mut self,
        unit: &Unit<'_>,
        name: DwAt,
        value: &AttributeValue<Slice<'_>>,
    ) -> Result<(), SymbolsError> {
        match name {
            gimli::DW_AT_name => self.name = unit.text(value)?,
            gimli::DW_AT_byte_size => self.byte_size = value.udata_value(),
            gimli::DW_AT_type => self.type_place = unit.reference(value),
            gimli::DW_AT_data_member_location => self.member_offset = value.udata_value(),
            gimli::DW_AT_count => self.count = value.udata_value(),
            gimli::DW_AT_const_value => {
                self.constant = value.sdata_value().or_else(|| value.udata_value().map(u64::cast_signed));
            }
            gimli::DW_AT_low_pc => self.low_pc = unit.address(value)?,
            gimli::DW_AT_location => self.address = unit.place(value)?,
            GO_KIND => self.go_kind = value.udata_value().map(|kind| kind & 0x1f),
            GO_KEY => self.key = unit.reference(value),
            GO_ELEM => self.elem = unit.reference(value),
            GO_RUNTIME_TYPE => self.description = description(value),
            _ => {}
        }
        Ok(())
    }
}

fn description(value: &AttributeValue<Slice<'_>>) -> Option<u64> {
    match value {
        AttributeValue::Addr(offset) => Some(*offset),
        AttributeValue::SecOffset(offset) => Some(*offset as u64),
        other => other.udata_value(),
    }
    // Nothing describes a type that only the debug information has.
    .filter(|offset| *offset != 0)
}
