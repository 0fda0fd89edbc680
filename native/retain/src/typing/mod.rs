//! Which type each living object has.
//!
//! A large object says so itself. For the others the types come from what refers to them: a global variable of a known type
//! has a field that is a pointer to some type, so what it points at is of that type, and so on through all objects. When
//! two types are told for one object, the one that says more of it counts.

mod made;

use std::collections::HashSet;
use std::rc::Rc;

use crate::ahead::{AT_ONCE, Ahead, fetch};
use crate::fast::{FastMap, FastSet};
use crate::marking::Marks;
use crate::memory::{Memory, number_in};
use crate::roots::Root;
use crate::runtime::functions::Functions;
use crate::runtime::heap::Slot as HeapSlot;
use crate::runtime::modules::Module;
use crate::runtime::objects::Objects;
use crate::runtime::specials::{self, Kept, Special};
use crate::stop::{Stop, Stopped};
use crate::symbols::{Field, FunctionDetails, Kind, Place, Symbols, Type, TypeId, Types, Variable};

/// Structs and arrays within each other.
const DEEPEST: usize = 64;
/// Elements of an array that are listed one by one; longer ones are walked.
const MOST_LISTED: u64 = 8;
/// A node of a `sync.Map`; one as compiled for all types of one shape; and the parameters of one from any to any.
const NODE: &str = "internal/sync.node[";
const SHAPED_NODE: &str = "go.shape.struct { internal/sync.isEntry bool }";
const OF_ANY: &str = "go.shape.interface {},go.shape.interface {}]";
/// In a function compiled for all pointers alike, any of them.
const ANY_POINTER: &str = "go.shape.*uint8";
/// Larger variables are captured by address.
const LARGEST_CAPTURED: u64 = 128;
/// Variables larger than this are not on a stack.
const LARGEST_VARIABLE: u64 = 16 << 20;
/// The flag of a `reflect.Value` whose pointer leads to the value: the same since reflection has flags.
const REFLECT_INDIRECT: u64 = 1 << 7;
/// Tells a type that the processor passes in the data word of an interface itself.
const KIND_DIRECT_INTERFACE: u64 = 1 << 5;

/// Types that objects are told to be of: with one bit more they leave a byte free.
const MOST_TYPES: u32 = (1 << 23) - 1;

/// What the bytes of strings are called.
pub const TEXT: &str = "text of strings";

/// The type of an object; by default nobody knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectType(u32);

impl ObjectType {
    /// Nobody knows.
    pub const UNKNOWN: Self = Self(0);

    /// One value of a type, or a row of them.
    pub fn new(id: TypeId, row: bool) -> Self {
        match id.0 {
            // No executable has so many.
            MOST_TYPES.. => Self::UNKNOWN,
            id => Self(((id + 1) << 1) | u32::from(row)),
        }
    }

    /// The type of the value, or of each of the values in a row.
    pub fn element(self) -> Option<TypeId> {
        (self.0 != 0).then(|| TypeId((self.0 >> 1) - 1))
    }

    /// A number for tables, smaller than [`Self::count`].
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// How many there can be of some types.
    pub fn count(types: &Types) -> usize {
        2 * (types.len() + 1)
    }

    /// Whether it is a row of such values, as behind a slice.
    pub fn is_row(self) -> bool {
        self.0 & 1 == 1
    }
}

/// The type of an object, and how many of its words that tells of: more than 254 are 255. Together, since it is looked at for every
/// pointer.
#[derive(Clone, Copy)]
struct Told(u32);

impl Told {
    const NOTHING: Self = Self(0);

    fn new(object_type: ObjectType, words: u8) -> Self {
        Self(object_type.0 << 8 | u32::from(words))
    }

    fn object_type(self) -> ObjectType {
        ObjectType(self.0 >> 8)
    }

    fn words(self) -> u8 {
        self.0 as u8
    }
}

/// Finds the types of all living objects, by their numbers. Types that the program made itself, and those of closures, are
/// added to `types`.
pub fn types(
    objects: &Objects<'_>,
    symbols: &Symbols,
    modules: &[Module],
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
        details: symbols.functions(),
        functions: Functions::new(objects.image, objects.layout, modules),
        types,
        text,
        told: vec![Told::NOTHING; marks.objects as usize],
        leads: Vec::with_capacity(AT_ONCE),
        todo: Vec::new(),
        inside: Vec::new(),
        seen_inside: HashSet::new(),
        seen_static: FastSet::default(),
        waiting_static: Vec::new(),
        modules,
        only_unknown: false,
        slots: Vec::new(),
        described: FastMap::default(),
        methods: FastMap::default(),
        closures: FastMap::default(),
        depth: 0,
    };
    typer.described_objects();
    typer.kept(handle);
    for root in roots {
        typer.frames(root, true);
        let Some(id) = root.type_id else { continue };
        if let Some(bytes) = objects.image.slice(root.address, typer.types.get(id).size) {
            typer.value(bytes, id, 0);
        }
    }
    typer.follow(stop)?;
    typer.only_unknown = true;
    for root in roots {
        typer.frames(root, false);
        typer.closures_on_stack(root);
    }
    typer.follow(stop)?;
    Ok(typer.told.into_iter().map(Told::object_type).collect())
}

/// Something in a value that leads to an object.
#[derive(Clone, Copy, Debug)]
enum Slot {
    /// With the size of what it leads to.
    Pointer(TypeId, u64),
    /// To a node of a `sync.Map`: an entry or what has children.
    Node(TypeId),
    String,
    /// With the size of an element.
    Slice(TypeId, u64),
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
    /// A `reflect.Value`: a type, a pointer, and flags that say whether the pointer is the value or leads to it.
    Reflected,
    /// As many groups as the mask behind it says.
    Groups(TypeId),
    /// A row as long as it happens to be.
    Row(TypeId),
    /// So many values of a type in the value itself.
    Array(TypeId, u64),
}

/// The slots of a type, with their offsets.
type Slots = Rc<[(u64, Slot)]>;

/// A pointer, and that it leads to what is of a type, as far as so many bytes.
#[derive(Clone, Copy)]
struct Lead {
    value: u64,
    object_type: ObjectType,
    bytes: u64,
}

/// A living object: its span, its slot, its type.
type Found = (u32, u32, ObjectType);

/// A place in an object: span, slot, and bytes from the beginning of the value.
type Inside = (u32, u32, u32, ObjectType);

struct Typer<'a> {
    objects: &'a Objects<'a>,
    marks: &'a Marks,
    details: FunctionDetails<'a>,
    functions: Functions<'a>,
    types: &'a mut Types,
    text: TypeId,
    /// Of each object.
    told: Vec<Told>,
    /// Pointers that have not been looked up yet: many are, together.
    leads: Vec<Lead>,
    /// Objects with a new type.
    todo: Vec<Found>,
    /// Types met in the middle of objects: only looked at when nothing else tells what lies there.
    inside: Vec<Inside>,
    seen_inside: HashSet<Inside>,
    /// Values that the linker has laid out, by address.
    seen_static: FastSet<(u64, ObjectType)>,
    waiting_static: Vec<(&'a [u8], ObjectType)>,
    modules: &'a [Module],
    /// Whether what has a type keeps it: what comes now is less sure.
    only_unknown: bool,
    /// By type; those that were asked for.
    slots: Vec<Option<Slots>>,
    /// By the address of their description.
    described: FastMap<u64, Option<Described>>,
    /// What an interface's table of methods is for: the description of the type, by the address of the table.
    methods: FastMap<u64, u64>,
    /// By the function of a closure.
    closures: FastMap<u64, Option<TypeId>>,
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

impl<'a> Typer<'a> {
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
                let object_type = ObjectType::new(described.id, row);
                // What has no fields in the debug information is better known from what refers to it.
                let words = if described.known { u8::MAX } else { 0 };
                self.told[object as usize] = Told::new(object_type, words);
                self.todo.push((index as u32, slot, object_type));
            }
        }
    }

    /// What the runtime keeps alive: functions, and objects that they are to be called with.
    fn kept(&mut self, handle: TypeId) {
        let (image, layout) = (self.objects.image, self.objects.layout);
        let all = specials::all(image, layout, image.bias, self.objects.heap);
        for special in &all {
            if special.kept == Kept::WeakHandle {
                self.points_at(special.value, ObjectType::new(handle, false), 8);
                continue;
            }
            self.closure(special.value);
            let element = u64::from(layout.made.pointer.element.offset);
            let pointed = match special.pointer_type {
                0 => None,
                pointer => {
                    image.word(pointer.wrapping_add(element)).and_then(|described| self.described(described))
                }
            };
            match (pointed, special.refers) {
                // Only what it refers to is alive.
                (Some(pointed), Some((span, slot))) => {
                    let value = self.objects.value(span, slot);
                    self.value(value, pointed.id, 0);
                }
                (Some(pointed), None) => {
                    let bytes = self.types.get(pointed.id).size;
                    self.points_at(special.value, ObjectType::new(pointed.id, false), bytes);
                }
                (None, _) => {}
            }
        }
        self.cleanup_arguments(&all);
    }

    /// What cleanups are called with: their function's parameter says what it is.
    fn cleanup_arguments(&mut self, all: &[Special]) {
        let image = self.objects.image;
        let mut function = 0;
        for special in all {
            if !matches!(special.kept, Kept::Cleanup | Kept::Due) || special.pointer_type != 0 {
                continue;
            }
            // The function comes before what it is called with.
            let code = image.word(special.value).unwrap_or(0).wrapping_sub(image.bias);
            if self.details.is_function(code) {
                function = code;
                continue;
            }
            let parameter = self
                .details
                .variables(function)
                .iter()
                .find(|variable| variable.is_parameter)
                .map(|p| p.type_id);
            let Some(parameter) = parameter else { continue };
            let size = self.types.get(parameter).size;
            self.points_at(special.value, ObjectType::new(parameter, false), size);
        }
    }

    /// The variables of a stack, as far as the debug information says where they are. What a dead one points at may have become
    /// something else; but a copy that the compiler made of it may be alive.
    fn frames(&mut self, root: &Root, only_live: bool) {
        let image = self.objects.image;
        let live: HashSet<u64> =
            root.pointers.iter().map(|(place, _)| root.address.wrapping_add(*place)).collect();
        for (depth, frame) in root.frames.iter().enumerate() {
            let variables = self.details.variables(frame.entry.wrapping_sub(image.bias));
            for variable in variables.iter() {
                let size = self.types.get(variable.type_id).size;
                if size == 0 || size > LARGEST_VARIABLE {
                    continue;
                }
                let mut value = vec![0; size as usize];
                let mut known = false;
                for part in variable.parts(frame.pc.wrapping_sub(image.bias)) {
                    let end = part.into.saturating_add(part.size).min(size);
                    let Some(into) = value.get_mut(part.into as usize..end as usize) else { continue };
                    let at = match part.place {
                        Place::Stack(offset) => frame.end.wrapping_add_signed(offset),
                        // Of all others the registers were used again since.
                        Place::Register(number) if depth == 0 => {
                            if let (Some(register), 8) = (root.registers.get(usize::from(number)), into.len())
                            {
                                into.copy_from_slice(&register.to_le_bytes());
                                known = true;
                            }
                            continue;
                        }
                        Place::Register(_) => continue,
                    };
                    known |= image.read(at, into);
                    for (index, word) in into.chunks_exact_mut(8).enumerate() {
                        let is_live = !only_live || live.contains(&at.wrapping_add(index as u64 * 8));
                        if !is_live && self.objects.heap.object_at(number_in(word, 0, 8)).is_some() {
                            word.fill(0);
                        }
                    }
                }
                if known {
                    self.value(&value, variable.type_id, 0);
                }
            }
        }
    }

    /// Closures that lie on a stack themselves, as those of deferred calls: each begins with its function's first instruction,
    /// which nothing else on a stack does.
    fn closures_on_stack(&mut self, root: &Root) {
        let Some(last) = root.frames.last() else { return };
        let image = self.objects.image;
        let Some(stack) =
            last.end.checked_sub(root.address).and_then(|length| image.slice(root.address, length))
        else {
            return;
        };
        for at in (0..stack.len()).step_by(8) {
            let code = number_in(stack, at, 8);
            let is_code = self.modules.iter().any(|module| (module.text.0..module.text.1).contains(&code));
            if is_code
                && self.details.is_function(code.wrapping_sub(image.bias))
                && let Some(id) = self.closure_of(code, None)
                && let Some(value) = stack.get(at..at + self.types.get(id).size as usize)
            {
                self.value(value, id, 0);
            }
        }
    }

    fn follow(&mut self, stop: &Stop) -> Result<(), Stopped> {
        let mut count = 0_u32;
        let mut soon = Ahead::new();
        let objects = self.objects;
        let prepare = |(span, slot, object_type): Found| {
            let value = objects.value(span as usize, slot);
            fetch(value);
            (value, object_type)
        };
        loop {
            while let Some((value, object_type)) =
                soon.next(|| self.todo.pop().inspect(|(span, ..)| objects.soon(*span as usize)), prepare)
            {
                count = count.wrapping_add(1);
                if count.is_multiple_of(65_536) {
                    stop.check()?;
                }
                self.values(value, object_type);
            }
            if !self.leads.is_empty() {
                self.look_up();
                continue;
            }
            if let Some((value, object_type)) = self.waiting_static.pop() {
                self.values(value, object_type);
                continue;
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
                    if self.is_row_of(span, slot, offset, part) {
                        continue;
                    }
                    let value = self.objects.value(span as usize, slot);
                    self.values(value.get(offset as usize..).unwrap_or(&[]), part);
                }
            }
        }
    }

    /// The rest of a row, as behind a slice that was cut at its front: when nothing else tells what the object is, all of it is
    /// such a row.
    fn is_row_of(&mut self, span: u32, slot: u32, offset: u32, part: ObjectType) -> bool {
        let Some(size) = part.element().filter(|_| part.is_row()).map(|id| self.types.get(id).size) else {
            return false;
        };
        let Some(object) =
            self.object(span, slot).filter(|object| self.type_of(*object) == ObjectType::UNKNOWN)
        else {
            return false;
        };
        let whole = size > 0 && u64::from(offset).is_multiple_of(size);
        if whole {
            self.told[object as usize] = Told::new(part, 0);
            self.todo.push((span, slot, part));
        }
        whole
    }

    /// The number of a living object.
    fn object(&self, span: u32, slot: u32) -> Option<u32> {
        self.marks.object(self.objects.heap.spans[span as usize].first + slot)
    }

    fn type_of(&self, object: u32) -> ObjectType {
        self.told[object as usize].object_type()
    }

    /// Whether the type of an object tells what lies at an offset of it.
    fn is_told(&self, span: u32, slot: u32, offset: u32) -> bool {
        self.object(span, slot).is_none_or(|object| {
            let told = self.told[object as usize].words();
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
                Slot::Pointer(to, size) => self.points_at(word(0), ObjectType::new(to, false), size),
                Slot::Node(node) => {
                    let to = self.node(node, word(0));
                    self.points_at(word(0), ObjectType::new(to, false), self.types.get(to).size);
                }
                Slot::String => self.points_at(word(0), ObjectType::new(self.text, true), word(8)),
                Slot::Slice(element, size) => {
                    self.points_at(word(0), ObjectType::new(element, true), size.saturating_mul(word(16)));
                }
                Slot::Interface if word(0) != 0 => {
                    let described = self.described_by(word(0));
                    self.dynamic(described, word(8), depth);
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
                Slot::Reflected if word(16) & REFLECT_INDIRECT == 0 => self.dynamic(word(0), word(8), depth),
                Slot::Reflected => {
                    if let Some(described) = self.described(word(0)) {
                        let size = self.types.get(described.id).size;
                        self.points_at(word(8), ObjectType::new(described.id, false), size);
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
        if value == 0 {
            return;
        }
        self.leads.push(Lead { value, object_type, bytes });
        if self.leads.len() == AT_ONCE {
            self.look_up();
        }
    }

    /// Follows the pointers that were left for later.
    fn look_up(&mut self) {
        let mut leads = std::mem::take(&mut self.leads);
        let values: Vec<u64> = leads.iter().map(|lead| lead.value).collect();
        let (heap, marks) = (self.objects.heap, self.marks);
        let soon = |slot: HeapSlot| marks.soon(slot.number);
        let mut met = Vec::with_capacity(leads.len());
        heap.slots_at(&values, soon, |index, slot| match slot {
            None => self.static_value(leads[index]),
            Some(slot) => {
                if let Some(object) = marks.object(slot.number) {
                    fetch(&self.told[object as usize..]);
                    met.push((index, slot, object));
                }
            }
        });
        for (index, slot, object) in met {
            self.leads_to(leads[index], slot, object);
        }
        leads.clear();
        self.leads = leads;
    }

    fn leads_to(&mut self, lead: Lead, at: HeapSlot, object: u32) {
        let Lead { value, object_type, bytes } = lead;
        let (index, slot) = (at.span as u32, at.slot);
        let (offset, size) = self.objects.heap.within(at, value);
        // No such value lies there: the pointer is an old one, and something else is there since.
        if !object_type.is_row() && bytes > size {
            return;
        }
        let told = self.told[object as usize];
        if offset != 0 {
            // A pointer into the middle; or to the header, which no program has.
            if offset >= size {
                return;
            }
            if !at.has_pointers {
                // As of a text that another one was cut out of. There is nothing to follow.
                if told.object_type() == ObjectType::UNKNOWN && object_type.is_row() {
                    self.told[object as usize] = Told::new(object_type, told.words());
                }
            } else if !self.is_told(index, slot, offset as u32) {
                self.inside.push((index, slot, offset as u32, object_type));
            }
            return;
        }
        let words = u8::try_from(bytes.min(size).div_ceil(8)).unwrap_or(u8::MAX - 1).min(u8::MAX - 1);
        if words > told.words() && !(self.only_unknown && told.words() > 0) {
            self.told[object as usize] = Told::new(object_type, words);
            if at.has_pointers {
                self.todo.push((index, slot, object_type));
            }
        }
    }

    /// A value that the linker has laid out: no object of the heap, but it may refer to some.
    fn static_value(&mut self, Lead { value, object_type, bytes }: Lead) {
        let within = |range: (u64, u64)| (range.0..range.1).contains(&value);
        if bytes == 0
            || bytes > LARGEST_VARIABLE
            || !self.modules.iter().any(|module| within(module.data) || within(module.bss))
            || !self.seen_static.insert((value, object_type))
        {
            return;
        }
        if let Some(bytes) = self.objects.image.slice(value, bytes) {
            self.waiting_static.push((bytes, object_type));
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
        let Some((index, _)) = self.objects.heap.object_at(value) else { return };
        let span = &self.objects.heap.spans[index];
        // Closures that hold nothing with pointers lie in memory that is not copied.
        let code = number_in(self.objects.bytes(index, value - span.base, 8), 0, 8);
        if let Some(id) = self.closure_of(code, Some(span.slot)) {
            self.points_at(value, ObjectType::new(id, false), self.types.get(id).size);
        }
    }

    /// The type of the closures of a function; of one on the heap its slot helps.
    fn closure_of(&mut self, code: u64, slot: Option<u64>) -> Option<TypeId> {
        if let Some(known) = self.closures.get(&code) {
            return *known;
        }
        let made = self.closure_type(code, slot);
        self.closures.insert(code, made);
        made
    }

    fn closure_type(&mut self, code: u64, slot: Option<u64>) -> Option<TypeId> {
        let function = self.functions.at(code).filter(|function| function.entry == code)?;
        let name = self.functions.name(&function);
        // Functions made by reflection: what calls them finds the rest behind the code.
        match &*name {
            "reflect.makeFuncStub" => return self.types.named("reflect.makeFuncImpl"),
            "reflect.methodValueCall" => return self.types.named("reflect.methodValue"),
            _ => {}
        }
        let mut fields: Vec<Field> = match name.strip_suffix("-fm") {
            Some(method) => self.receiver(method).into_iter().collect(),
            None => {
                let variables = self.details.variables(code.wrapping_sub(self.objects.image.bias));
                let field = |variable: &Variable| {
                    let name = variable.name.clone();
                    variable.captured.map(|offset| Field { name, offset, type_id: variable.type_id })
                };
                variables.iter().filter_map(field).collect()
            }
        };
        fields.sort_by_key(|field| field.offset);
        fields.dedup_by_key(|field| field.offset);
        self.captured_values(&mut fields, slot);
        let end =
            fields.iter().map(|field| field.offset + self.types.get(field.type_id).size).max().unwrap_or(8);
        let kind = Kind::Struct(fields.into());
        Some(self.types.push(Type {
            name: format!("closure {name}").into(),
            size: end.next_multiple_of(8),
            kind,
        }))
    }

    /// An array or a struct that does not fit into registers lies in the closure itself. The debug information has its address
    /// there all the same, as of one that is captured by address: which it is, the room for it tells.
    fn captured_values(&self, fields: &mut Vec<Field>, slot: Option<u64>) {
        let (mut end, mut is_last) = (slot, true);
        for index in (0..fields.len()).rev() {
            let Field { name, offset: begin, type_id } = fields[index].clone();
            if let (Some(name), Kind::Pointer(to)) = (name.strip_prefix('&'), &self.types.get(type_id).kind)
                && matches!(self.types.get(*to).kind, Kind::Struct(_) | Kind::Array(..))
                && (9..=LARGEST_CAPTURED).contains(&self.types.get(*to).size)
                && end.is_none_or(|end| begin + self.types.get(*to).size <= end)
            {
                // Behind the last one there may be room that nothing uses, but no more than a smaller slot would have saved.
                let smaller = |slot: u64| {
                    self.objects.heap.spans.iter().any(|span| (begin + 8..slot).contains(&span.slot))
                };
                match !is_last || slot.is_some_and(smaller) {
                    true => fields[index] = Field { name: name.into(), offset: begin, type_id: *to },
                    // It could be either.
                    false => drop(fields.remove(index)),
                }
            }
            (end, is_last) = (Some(begin), false);
        }
    }

    /// What a method value holds: the receiver, `R` for the compiler. `pkg.(*T).method` or `pkg.T.method`.
    fn receiver(&mut self, method: &str) -> Option<Field> {
        let (receiver, _) = method.rsplit_once('.')?;
        let (pointer, name) = match receiver.split_once(".(*") {
            Some((package, name)) => (true, format!("{package}.{}", name.strip_suffix(')')?)),
            None => (false, receiver.to_owned()),
        };
        let id = self.types.named(&name)?;
        let type_id = match pointer {
            false => id,
            true => {
                self.types.push(Type { name: format!("*{name}").into(), size: 8, kind: Kind::Pointer(id) })
            }
        };
        Some(Field { name: "R".into(), offset: 8, type_id })
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

    /// The description of the type that an interface's table of methods is for.
    fn described_by(&mut self, methods: u64) -> u64 {
        let (image, at) = (self.objects.image, u64::from(self.objects.layout.method_table_type.offset));
        *self.methods.entry(methods).or_insert_with(|| image.word(methods.wrapping_add(at)).unwrap_or(0))
    }

    /// What a pointer to a type is, as some types are not what the pointer says.
    fn pointer(&self, to: TypeId) -> Slot {
        let pointer = |to| Slot::Pointer(to, self.types.get(to).size);
        match &*self.types.get(to).name {
            // The runtime has its own part of a timer behind the part that programs see.
            "time.Timer" | "time.Ticker" => pointer(self.types.named("runtime.timeTimer").unwrap_or(to)),
            name if name.starts_with(NODE) || name == SHAPED_NODE => Slot::Node(to),
            _ => pointer(to),
        }
    }

    /// What a node of a `sync.Map` is: an entry, or what has children.
    fn node(&self, id: TypeId, value: u64) -> TypeId {
        // Its first byte says which.
        let entry = self.objects.image.number(value, 1) == Some(1);
        let whole = if entry { "internal/sync.entry[" } else { "internal/sync.indirect[" };
        let own = self.types.get(id).name.strip_prefix(NODE);
        let candidates = own.into_iter().chain([OF_ANY]);
        candidates.filter_map(|of| self.types.named(&format!("{whole}{of}"))).next().unwrap_or(id)
    }

    fn slots(&mut self, id: TypeId) -> Slots {
        let index = id.0 as usize;
        if let Some(Some(known)) = self.slots.get(index) {
            return known.clone();
        }
        let mut found = Vec::new();
        self.list(id, 0, 0, &mut found);
        let slots: Slots = found.into();
        if index >= self.slots.len() {
            self.slots.resize(index + 1, None);
        }
        self.slots[index] = Some(slots.clone());
        slots
    }

    fn list(&self, id: TypeId, at: u64, depth: usize, found: &mut Vec<(u64, Slot)>) {
        if depth > DEEPEST {
            return;
        }
        let slot = match &self.types.get(id).kind {
            Kind::Scalar | Kind::UnsafePointer => return,
            Kind::Pointer(_) if &*self.types.get(id).name == ANY_POINTER => return,
            Kind::Pointer(to) => self.pointer(*to),
            Kind::String => Slot::String,
            Kind::Slice(element) => Slot::Slice(*element, self.types.get(*element).size),
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
            ("reflect.Value", "typ_") => Some(Slot::Reflected),
            // What a pool keeps: an `any` in two words that the program may change one by one.
            ("sync.eface", "typ") => Some(Slot::Any),
            ("sync.Pool", "local" | "victim") => self.types.named("sync.poolLocal").map(Slot::Row),
            (_, "v") if name.starts_with("sync/atomic.Pointer[") => {
                let first = &self.types.fields(id).first()?.type_id;
                let Kind::Array(element, _) = self.types.get(*first).kind else { return None };
                let Kind::Pointer(to) = self.types.get(element).kind else { return None };
                Some(self.pointer(to))
            }
            (_, "dirPtr") if name.starts_with("map<") => {
                let Kind::Pointer(tables) = self.types.get(field.type_id).kind else { return None };
                let length = self.types.field(id, "dirLen")?.offset;
                // `**table`, whose groups say what one group is.
                let group = || {
                    let Kind::Pointer(table) = self.types.get(tables).kind else { return None };
                    let (_, data) = self.types.path(table, "groups.data")?;
                    match self.types.get(data).kind {
                        Kind::Pointer(group) => Some(group),
                        _ => None,
                    }
                };
                let group = group();
                Some(Slot::Directory { tables, group, length_at: length.checked_sub(field.offset)? })
            }
            (_, "data") if name.starts_with("groupReference<") => {
                let Kind::Pointer(group) = self.types.get(field.type_id).kind else { return None };
                Some(Slot::Groups(group))
            }
            // As the runtime describes a bucket, this is a pointer to anything.
            (_, "overflow") if name.trim_start_matches("noalg.").starts_with("map.bucket[") => {
                Some(Slot::Pointer(id, self.types.get(id).size))
            }
            (_, "buckets" | "oldbuckets") if name.starts_with("hash<") => {
                let Kind::Pointer(bucket) = self.types.get(field.type_id).kind else { return None };
                Some(Slot::Row(bucket))
            }
            _ => None,
        }
    }
}
