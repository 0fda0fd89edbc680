//! The types of a Go program, as its debug information tells them.

use std::collections::HashMap;

/// A type, by its place in [`Types`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub u32);

/// One type.
#[derive(Clone, Debug)]
pub struct Type {
    /// As Go spells it, with the whole import path: `golang.org/x/tools/gopls/internal/cache.Snapshot`.
    pub name: Box<str>,
    /// Bytes of one value.
    pub size: u64,
    /// What it is made of.
    pub kind: Kind,
}

/// What a type is made of.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Numbers, booleans and all that holds no pointer in itself. Also what could not be told.
    Scalar,
    /// To one or more values of a type.
    Pointer(TypeId),
    /// To who knows what.
    UnsafePointer,
    /// Address and length.
    String,
    /// Address, length and capacity.
    Slice(TypeId),
    /// So many values in a row.
    Array(TypeId, u64),
    /// Fields at their offsets.
    Struct(Box<[Field]>),
    /// An interface with methods: its first word is an `itab`.
    Interface,
    /// `any`: its first word is a type.
    Any,
    /// A function value: the address of a closure, whose first word is its code.
    Func,
    /// A pointer to the header of a channel; the header's type as the linker made it for this element.
    Chan {
        /// Of what is sent.
        element: TypeId,
        /// `hchan<T>`.
        header: TypeId,
    },
    /// A pointer to the header of a map; the header's type as the linker made it for this key and element.
    Map {
        /// Of the keys.
        key: TypeId,
        /// Of the values.
        element: TypeId,
        /// `map<K,V>`, before Go 1.24 `hash<K,V>`.
        header: TypeId,
    },
}

/// One field of a struct.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name; for an embedded one that of its type.
    pub name: Box<str>,
    /// Bytes from the beginning of the struct.
    pub offset: u64,
    /// Its type.
    pub type_id: TypeId,
}

/// All types of a program.
#[derive(Default)]
pub struct Types {
    all: Vec<Type>,
    by_name: HashMap<Box<str>, TypeId>,
    by_description: HashMap<u64, TypeId>,
}

impl Types {
    /// # Panics
    /// Never for an id of this table: ids are only made by it.
    pub fn get(&self, id: TypeId) -> &Type {
        &self.all[id.0 as usize]
    }

    /// How many there are; every [`TypeId`] is below.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none, as in a program without debug information.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// By its full name.
    pub fn named(&self, name: &str) -> Option<TypeId> {
        self.by_name.get(name).copied()
    }

    /// The type whose description (`abi.Type`) lies so many bytes behind the first one of the executable.
    pub fn described_at(&self, offset: u64) -> Option<TypeId> {
        self.by_description.get(&offset).copied()
    }

    /// The fields of a struct; none for anything else.
    pub fn fields(&self, id: TypeId) -> &[Field] {
        match &self.get(id).kind {
            Kind::Struct(fields) => fields,
            _ => &[],
        }
    }

    /// The field of this name.
    pub fn field(&self, id: TypeId, name: &str) -> Option<&Field> {
        self.fields(id).iter().find(|field| &*field.name == name)
    }

    /// Where a path of fields leads: bytes from the beginning of the struct, and the type there.
    pub fn path(&self, id: TypeId, path: &str) -> Option<(u64, TypeId)> {
        let mut at = (0, id);
        for name in path.split('.') {
            let field = self.field(at.1, name)?;
            at = (at.0 + field.offset, field.type_id);
        }
        Some(at)
    }

    /// The field that the byte at `offset` of a value belongs to, and where in the field it is.
    pub fn field_at(&self, id: TypeId, offset: u64) -> Option<(&Field, u64)> {
        let fields = self.fields(id);
        // In the order of their offsets; fields without a size share one with what follows.
        let after = fields.partition_point(|field| field.offset <= offset);
        fields[..after].iter().rev().find_map(|field| {
            let into = offset - field.offset;
            (into < self.get(field.type_id).size).then_some((field, into))
        })
    }

    pub(crate) fn push(&mut self, described: Type) -> TypeId {
        let id = TypeId(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        self.all.push(described);
        id
    }

    pub(crate) fn set_kind(&mut self, id: TypeId, kind: Kind) {
        self.all[id.0 as usize].kind = kind;
    }

    pub(super) fn index(&mut self, id: TypeId, description: Option<u64>) {
        let name = self.get(id).name.clone();
        self.by_name.entry(name).or_insert(id);
        if let Some(offset) = description {
            self.by_description.insert(offset, id);
        }
    }
}
