//! What the debug information says of single functions, read when it is asked for: what they take, what a closure of them
//! holds, and where their variables are at a place in their code.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use gimli::{AttributeValue, EndianSlice, LittleEndian, UnitOffset};

use super::dwarf::{Places, Slice, Unit};
use super::types::TypeId;

/// Entries of one function: variables, blocks, inlined calls. The largest in gopls has a few thousand.
const MOST_ENTRIES: usize = 200_000;
/// References from one entry to the one that it is an instance of.
const MOST_ORIGINS: usize = 4;
/// Functions whose answer is kept.
const MOST_KEPT: usize = 20_000;

/// The sections that hold all this, unpacked.
#[derive(Default)]
pub(super) struct Sections(pub HashMap<gimli::SectionId, Vec<u8>>);

impl Sections {
    pub fn get(&self, id: gimli::SectionId) -> &[u8] {
        self.0.get(&id).map_or(&[][..], Vec::as_slice)
    }

    fn dwarf(&self) -> Option<gimli::Dwarf<Slice<'_>>> {
        let load = |id| Ok::<_, gimli::Error>(EndianSlice::new(self.get(id), LittleEndian));
        gimli::Dwarf::load(load).ok()
    }
}

/// Where a function's entry is: the beginning of its unit in the section, and the entry within that.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub unit: usize,
    pub offset: usize,
}

/// A variable of a function.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its type.
    pub type_id: TypeId,
    /// Whether it is a parameter (or result) of the function itself, not of one that was inlined.
    pub is_parameter: bool,
    /// Where a closure of the function holds it, when it is captured: bytes from the closure's beginning.
    pub captured: Option<u64>,
    /// Its name; with `&` before it when it is captured by address.
    pub name: Box<str>,
    location: Location,
}

#[derive(Clone, Debug)]
enum Location {
    Nowhere,
    /// The same all over the function.
    Fixed(Vec<Part>),
    /// From and up to an instruction, as linked.
    Ranges(Vec<(u64, u64, Vec<Part>)>),
}

/// A part of a variable that is in memory or in a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where in the value it belongs.
    pub into: u64,
    /// Bytes; `u64::MAX` for all that follow.
    pub size: u64,
    /// Where it is.
    pub place: Place,
}

/// Where a part of a variable is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// So many bytes from where the stack ended before the call.
    Stack(i64),
    /// In the register of this number in debug information.
    Register(u16),
}

impl Variable {
    /// Its parts at an instruction as linked.
    pub fn parts(&self, pc: u64) -> &[Part] {
        match &self.location {
            Location::Nowhere => &[],
            Location::Fixed(parts) => parts,
            Location::Ranges(ranges) => {
                let range = ranges.iter().find(|(begin, end, _)| (*begin..*end).contains(&pc));
                range.map_or(&[], |(_, _, parts)| parts)
            }
        }
    }
}

/// Reads functions, each once.
pub struct FunctionDetails<'a> {
    dwarf: Option<gimli::Dwarf<Slice<'a>>>,
    places: &'a Places,
    entries: &'a [(u64, Entry)],
    known: RefCell<HashMap<u64, Rc<[Variable]>>>,
}

impl<'a> FunctionDetails<'a> {
    pub(super) fn new(sections: &'a Sections, places: &'a Places, entries: &'a [(u64, Entry)]) -> Self {
        Self { dwarf: sections.dwarf(), places, entries, known: RefCell::default() }
    }

    /// Whether a function begins at an address as linked.
    pub fn is_function(&self, begin: u64) -> bool {
        self.entries.binary_search_by_key(&begin, |(begin, _)| *begin).is_ok()
    }

    /// The variables of the function that begins at an address as linked; none of one that is not known.
    pub fn variables(&self, begin: u64) -> Rc<[Variable]> {
        if let Some(known) = self.known.borrow().get(&begin) {
            return known.clone();
        }
        let variables: Rc<[Variable]> = self.read(begin).unwrap_or_default().into();
        let mut known = self.known.borrow_mut();
        if known.len() >= MOST_KEPT {
            known.clear();
        }
        known.insert(begin, variables.clone());
        variables
    }

    /// The first function that was inlined into one, by name.
    pub fn first_inlined(&self, begin: u64) -> Option<Box<str>> {
        let index = self.entries.binary_search_by_key(&begin, |(begin, _)| *begin).ok()?;
        let entry = self.entries[index].1;
        let unit = Unit::at(self.dwarf.as_ref()?, entry.unit)?;
        let mut entries =
            unit.header.entries_raw(&unit.abbreviations, Some(UnitOffset(entry.offset))).ok()?;
        let top = entries.next_depth();
        for count in 0..MOST_ENTRIES {
            if entries.is_empty() || (count > 0 && entries.next_depth() <= top) {
                return None;
            }
            let Some(abbreviation) = entries.read_abbreviation().ok()? else { continue };
            let mut found = Attributes::default();
            for specification in abbreviation.attributes() {
                let attribute = entries.read_attribute(*specification).ok()?;
                if abbreviation.tag() == gimli::DW_TAG_inlined_subroutine {
                    found.take(&unit, attribute.name(), &attribute.value());
                }
            }
            if abbreviation.tag() == gimli::DW_TAG_inlined_subroutine {
                self.origins(&mut found)?;
                return found.name;
            }
        }
        None
    }

    fn read(&self, begin: u64) -> Option<Vec<Variable>> {
        let index = self.entries.binary_search_by_key(&begin, |(begin, _)| *begin).ok()?;
        let entry = self.entries[index].1;
        let dwarf = self.dwarf.as_ref()?;
        let unit = Unit::at(dwarf, entry.unit)?;
        let mut variables = Vec::new();
        let mut entries =
            unit.header.entries_raw(&unit.abbreviations, Some(UnitOffset(entry.offset))).ok()?;
        let top = entries.next_depth();
        // Below an inlined call nothing is a parameter of the function itself.
        for count in 0..MOST_ENTRIES {
            if entries.is_empty() || (count > 0 && entries.next_depth() <= top) {
                break;
            }
            let depth = entries.next_depth();
            let Some(abbreviation) = entries.read_abbreviation().ok()? else { continue };
            let tag = abbreviation.tag();
            let mut found = Attributes::default();
            for specification in abbreviation.attributes() {
                let attribute = entries.read_attribute(*specification).ok()?;
                if matches!(tag, gimli::DW_TAG_variable | gimli::DW_TAG_formal_parameter) {
                    found.take(&unit, attribute.name(), &attribute.value());
                }
            }
            if matches!(tag, gimli::DW_TAG_variable | gimli::DW_TAG_formal_parameter) {
                let is_parameter = tag == gimli::DW_TAG_formal_parameter && depth == top + 1;
                variables.extend(self.variable(&unit, found, is_parameter));
            }
        }
        Some(variables)
    }

    /// Adds what the entries say that an entry is an instance of.
    fn origins(&self, found: &mut Attributes<'_>) -> Option<()> {
        for _ in 0..MOST_ORIGINS {
            let Some(origin) = found.origin.take() else { break };
            let of = Unit::containing(self.dwarf.as_ref()?, self.places, origin)?;
            let offset = UnitOffset(origin.checked_sub(of.header.debug_info_offset()?.0)?);
            let mut entries = of.header.entries_raw(&of.abbreviations, Some(offset)).ok()?;
            let abbreviation = entries.read_abbreviation().ok()??;
            for specification in abbreviation.attributes() {
                let attribute = entries.read_attribute(*specification).ok()?;
                found.add(&of, attribute.name(), &attribute.value());
            }
        }
        Some(())
    }

    fn variable(&self, unit: &Unit<'_>, mut found: Attributes<'_>, is_parameter: bool) -> Option<Variable> {
        let location =
            found.location.take().map_or(Location::Nowhere, |location| unit_location(unit, &location));
        self.origins(&mut found)?;
        Some(Variable {
            type_id: self.places.type_at(found.type_place?)?,
            is_parameter,
            captured: found.closure_offset,
            name: found.name.unwrap_or_default(),
            location,
        })
    }
}

#[derive(Default)]
struct Attributes<'a> {
    name: Option<Box<str>>,
    type_place: Option<usize>,
    origin: Option<usize>,
    closure_offset: Option<u64>,
    location: Option<AttributeValue<Slice<'a>>>,
}

impl<'a> Attributes<'a> {
    fn take(&mut self, unit: &Unit<'a>, name: gimli::DwAt, value: &AttributeValue<Slice<'a>>) {
        if name == gimli::DW_AT_location {
            self.location = Some(*value);
        } else {
            self.add(unit, name, value);
        }
    }

    /// What the instance does not say itself.
    fn add(&mut self, unit: &Unit<'_>, name: gimli::DwAt, value: &AttributeValue<Slice<'_>>) {
        match name {
            gimli::DW_AT_name if self.name.is_none() => self.name = unit.text(value).ok(),
            gimli::DW_AT_type if self.type_place.is_none() => self.type_place = unit.reference(value),
            gimli::DW_AT_abstract_origin => self.origin = unit.reference(value),
            super::dwarf::GO_CLOSURE_OFFSET if self.closure_offset.is_none() => {
                self.closure_offset = value.udata_value();
            }
            _ => {}
        }
    }
}

fn unit_location(unit: &Unit<'_>, value: &AttributeValue<Slice<'_>>) -> Location {
    let encoding = unit.header.encoding();
    let offset = match value {
        AttributeValue::Exprloc(expression) => return Location::Fixed(parts(*expression, encoding)),
        AttributeValue::LocationListsRef(offset) => *offset,
        AttributeValue::SecOffset(offset) => gimli::LocationListsOffset(*offset),
        AttributeValue::DebugLocListsIndex(index) => {
            match unit.dwarf.locations.get_offset(encoding, unit.location_lists, *index) {
                Ok(offset) => offset,
                Err(_) => return Location::Nowhere,
            }
        }
        _ => return Location::Nowhere,
    };
    let lists =
        unit.dwarf.locations.locations(offset, encoding, unit.low_pc, &unit.dwarf.debug_addr, unit.addresses);
    let Ok(mut lists) = lists else { return Location::Nowhere };
    let mut ranges = Vec::new();
    while let Ok(Some(entry)) = lists.next() {
        if ranges.len() >= MOST_ENTRIES {
            break;
        }
        ranges.push((entry.range.begin, entry.range.end, parts(entry.data, encoding)));
    }
    Location::Ranges(ranges)
}

/// The parts of a location.
fn parts(expression: gimli::Expression<Slice<'_>>, encoding: gimli::Encoding) -> Vec<Part> {
    let mut found = Vec::new();
    let mut operations = expression.operations(encoding);
    let mut at: Option<Place> = None;
    let mut constant = 0_i64;
    let mut into = 0_u64;
    let further = |at: Option<Place>, by: i64| match at {
        Some(Place::Stack(at)) => Some(Place::Stack(at.wrapping_add(by))),
        _ => None,
    };
    while let Ok(Some(operation)) = operations.next() {
        match operation {
            gimli::Operation::FrameOffset { offset } => at = Some(Place::Stack(offset)),
            gimli::Operation::CallFrameCFA => at = Some(Place::Stack(0)),
            gimli::Operation::Register { register } => at = Some(Place::Register(register.0)),
            gimli::Operation::PlusConstant { value } => at = further(at, value.cast_signed()),
            gimli::Operation::SignedConstant { value } => constant = value,
            gimli::Operation::Plus => at = further(at, constant),
            gimli::Operation::Piece { size_in_bits, .. } => {
                let size = size_in_bits / 8;
                found.extend(at.take().map(|place| Part { into, size, place }));
                into = into.saturating_add(size);
            }
            // Something that Go's compiler does not make.
            _ => at = None,
        }
    }
    if into == 0 {
        found.extend(at.map(|place| Part { into: 0, size: u64::MAX, place }));
    }
    found
}
