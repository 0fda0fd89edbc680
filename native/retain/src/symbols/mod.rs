//! What an executable says of itself: its types, its global variables, its functions.

mod dwarf;
mod functions;
mod types;

use std::collections::HashMap;

use object::{Object as _, ObjectSection as _, ObjectSegment as _};

pub use functions::{FunctionDetails, Part, Place, Variable};
pub use types::{Field, Kind, Type, TypeId, Types};

/// Sections are unpacked into memory; gopls has 10 MB of them.
const MOST_SECTION_BYTES: u64 = 1 << 30;

/// Why an executable cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SymbolsError {
    /// Not an executable of this system, or a damaged one.
    #[error("the executable cannot be read: {0}")]
    Executable(#[from] object::Error),
    /// Damaged debug information.
    #[error("its debug information cannot be read: {0}")]
    Dwarf(#[from] gimli::Error),
    /// Built with `-ldflags=-w` or `-s`, or stripped afterwards.
    #[error("it has no debug information: it was built with -ldflags=-w or -s, or stripped afterwards")]
    Stripped,
    /// A processor whose layout is not known.
    #[error("it is for {0}; only 64-bit x86 and ARM are understood")]
    Architecture(String),
    /// More than any Go program has.
    #[error("its debug information has more {0} than a Go program can have")]
    TooMany(&'static str),
}

/// The processor a program is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// 64-bit x86.
    Amd64,
    /// 64-bit ARM.
    Arm64,
}

/// A global variable.
#[derive(Clone, Debug)]
pub struct Global {
    /// With its package: `runtime.mheap_`.
    pub name: Box<str>,
    /// As linked.
    pub address: u64,
    /// Bytes.
    pub size: u64,
    /// Its type.
    pub type_id: TypeId,
}

/// A part of the executable that is mapped into memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// As linked.
    pub address: u64,
    /// Bytes in memory.
    pub size: u64,
    /// Whether the program may change it.
    pub writable: bool,
}

/// What an executable says of itself. All addresses are as linked; a position-independent one is moved as it is loaded.
pub struct Symbols {
    /// For which processor.
    pub architecture: Architecture,
    /// Whether it may be loaded anywhere.
    pub position_independent: bool,
    /// What is mapped.
    pub segments: Vec<Segment>,
    /// Where code is, which nobody needs: address and size. A linker may put constants into the same segment; that of Debian for 64-bit
    /// ARM does.
    pub code: Vec<(u64, u64)>,
    /// The address of its first instruction, as linked: where it really is tells how far it was moved.
    pub entry: u64,
    /// Its types. Nothing else here needs them: they may be taken out.
    pub types: Types,
    /// Its global variables, by address.
    pub globals: Vec<Global>,
    globals_by_name: HashMap<Box<str>, usize>,
    constants: HashMap<Box<str>, i64>,
    functions: Vec<(u64, functions::Entry)>,
    of_runtime: HashMap<Box<str>, u64>,
    sections: functions::Sections,
    places: dwarf::Places,
}

impl Symbols {
    /// Reads an executable (the bytes of an ELF file). Takes about 0.1 s and 40 MB for gopls.
    pub fn read(executable: &[u8]) -> Result<Self, SymbolsError> {
        let file = object::File::parse(executable)?;
        let architecture = match file.architecture() {
            object::Architecture::X86_64 => Architecture::Amd64,
            object::Architecture::Aarch64 => Architecture::Arm64,
            other => return Err(SymbolsError::Architecture(format!("{other:?}"))),
        };
        let mut sections = functions::Sections::default();
        for id in [
            gimli::SectionId::DebugInfo,
            gimli::SectionId::DebugAbbrev,
            gimli::SectionId::DebugAddr,
            gimli::SectionId::DebugStr,
            gimli::SectionId::DebugLineStr,
            gimli::SectionId::DebugStrOffsets,
            gimli::SectionId::DebugLoc,
            gimli::SectionId::DebugLocLists,
        ] {
            let Some(section) = file.section_by_name(id.name()) else { continue };
            if section.size() > MOST_SECTION_BYTES {
                return Err(SymbolsError::TooMany("bytes"));
            }
            sections.0.insert(id, section.uncompressed_data()?.into_owned());
        }
        if sections.get(gimli::SectionId::DebugInfo).is_empty() {
            return Err(SymbolsError::Stripped);
        }
        let found = dwarf::read(|id| sections.get(id))?;
        let globals_by_name =
            found.globals.iter().enumerate().map(|(index, global)| (global.name.clone(), index)).collect();
        Ok(Self {
            architecture,
            position_independent: matches!(file.kind(), object::ObjectKind::Dynamic),
            segments: segments(&file),
            code: code(&file),
            entry: file.entry(),
            types: found.types,
            globals: found.globals,
            globals_by_name,
            constants: found.constants,
            functions: found.functions,
            of_runtime: found.of_runtime,
            sections,
            places: found.places,
        })
    }

    /// A global variable by its full name.
    pub fn global(&self, name: &str) -> Option<&Global> {
        self.globals_by_name.get(name).map(|index| &self.globals[*index])
    }

    /// The global variable that an address as linked lies in, and how far in.
    pub fn global_at(&self, address: u64) -> Option<(&Global, u64)> {
        let after = self.globals.partition_point(|global| global.address <= address);
        // Variables without a size share their address with the next one.
        self.globals[..after].iter().rev().take(4).find_map(|global| {
            let into = address - global.address;
            (into < global.size).then_some((global, into))
        })
    }

    /// A constant of the runtime.
    pub fn constant(&self, name: &str) -> Option<i64> {
        self.constants.get(name).copied()
    }

    /// Where a function of the runtime begins, as linked, by its full name.
    pub fn function(&self, name: &str) -> Option<u64> {
        self.of_runtime.get(name).copied()
    }

    /// Reads what is known of single functions.
    pub fn functions(&self) -> FunctionDetails<'_> {
        FunctionDetails::new(&self.sections, &self.places, &self.functions)
    }
}

fn segments(file: &object::File<'_>) -> Vec<Segment> {
    let segment = |segment: object::Segment<'_, '_>| {
        let flags = match segment.flags() {
            object::SegmentFlags::Elf { p_flags, .. } => p_flags.0,
            _ => 0,
        };
        Segment {
            address: segment.address(),
            size: segment.size(),
            writable: flags & object::elf::PF_W.0 != 0,
        }
    };
    file.segments().map(segment).collect()
}

fn code(file: &object::File<'_>) -> Vec<(u64, u64)> {
    let sections = file.sections().filter(|section| section.kind() == object::SectionKind::Text);
    sections.map(|section| (section.address(), section.size())).collect()
}
