//! Where the search for living objects begins: global variables, goroutines, and what the runtime holds itself.

use std::collections::BTreeMap;

use crate::image::Image;
use crate::memory::Memory;
use crate::runtime::functions::Functions;
use crate::runtime::goroutines;
use crate::runtime::heap::HeapError;
use crate::runtime::modules::Module;
use crate::runtime::objects::{Objects, Pointers};
use crate::runtime::specials::{self, Kept};
use crate::runtime::stacks::{FramePlace, StackPointers, Stacks};
use crate::symbols::{FunctionDetails, Symbols, TypeId};

/// What a root is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RootKind {
    /// A global variable.
    Global,
    /// Global memory that no variable of the debug information covers.
    Unnamed,
    /// The stack of a goroutine.
    Goroutine,
    /// Kept by the runtime.
    Kept(Kept),
}

/// One root.
#[derive(Clone, Debug)]
pub struct Root {
    /// What it is.
    pub kind: RootKind,
    /// The variable, or the function that the goroutine began with.
    pub name: Box<str>,
    /// The number of a goroutine; 0 for all else.
    pub goroutine: u64,
    /// The type of a variable.
    pub type_id: Option<TypeId>,
    /// Its address, when it has one.
    pub address: u64,
    /// The places (bytes from the beginning of the variable or stack) and values of its pointers.
    pub pointers: Vec<(u64, u64)>,
    /// Whether every one of them is a pointer for sure, and none is missing.
    pub exact: bool,
    /// The functions that a goroutine is in.
    pub frames: Vec<FramePlace>,
    /// What a goroutine that ran had in registers, the general ones first by their numbers in debug information, as far as that
    /// could be read.
    pub registers: Vec<u64>,
}

/// All roots of a program, those with a name first.
pub fn all(objects: &Objects<'_>, symbols: &Symbols, modules: &[Module]) -> Result<Vec<Root>, HeapError> {
    let (image, layout) = (objects.image, objects.layout);
    let mut roots = globals(image, symbols, modules)?;
    let functions = Functions::new(image, layout, modules);
    let details = symbols.functions();
    let stacks = Stacks::new(image, layout, Functions::new(image, layout, modules));
    for goroutine in goroutines::all(image, layout, image.bias, &image.threads)? {
        let StackPointers { pointers, exact, frames } = stacks.pointers(&goroutine);
        roots.push(Root {
            kind: RootKind::Goroutine,
            name: began_with(&functions, &details, image.bias, goroutine.start_pc, &frames),
            goroutine: goroutine.id,
            type_id: None,
            address: goroutine.stack.0,
            pointers: pointers
                .into_iter()
                .map(|(at, value)| (at.wrapping_sub(goroutine.stack.0), value))
                .collect(),
            exact,
            frames,
            registers: goroutine.registers,
        });
    }
    roots.extend(kept(objects, &functions));
    Ok(roots)
}

fn globals(image: &Image, symbols: &Symbols, modules: &[Module]) -> Result<Vec<Root>, HeapError> {
    let mut roots: Vec<Root> = Vec::new();
    let mut unnamed = Root {
        kind: RootKind::Unnamed,
        name: "".into(),
        goroutine: 0,
        type_id: None,
        address: 0,
        pointers: Vec::new(),
        exact: true,
        frames: Vec::new(),
        registers: Vec::new(),
    };
    for module in modules {
        let pointers =
            module.global_pointers(image).ok_or(HeapError::Unreadable("the memory of global variables"))?;
        for (address, value) in pointers {
            // The variables of plugins are not in the executable's debug information, and lie elsewhere.
            let Some((global, into)) = symbols.global_at(address.wrapping_sub(image.bias)) else {
                unnamed.pointers.push((address, value));
                continue;
            };
            let at = global.address.wrapping_add(image.bias);
            match roots.last_mut() {
                Some(last) if last.address == at => last.pointers.push((into, value)),
                _ => roots.push(Root {
                    kind: RootKind::Global,
                    name: global.name.clone(),
                    goroutine: 0,
                    type_id: Some(global.type_id),
                    address: at,
                    pointers: vec![(into, value)],
                    exact: true,
                    frames: Vec::new(),
                    registers: Vec::new(),
                }),
            }
        }
    }
    roots.push(unnamed);
    Ok(roots)
}

/// The function that a `go` statement names. The compiler may wrap it in one of its own, which calls it with its arguments, or
/// has it inlined.
fn began_with(
    functions: &Functions<'_>,
    details: &FunctionDetails<'_>,
    bias: u64,
    start_pc: u64,
    frames: &[FramePlace],
) -> Box<str> {
    let name = name_at(functions, start_pc);
    if !name.contains(".gowrap") && !name.ends_with("-fm") {
        return name;
    }
    if let Some(inlined) = details.first_inlined(start_pc.wrapping_sub(bias)) {
        return inlined;
    }
    let wrapped = frames.iter().rev().map(|frame| name_at(functions, frame.entry));
    let mut called = wrapped.skip_while(|frame| **frame != *name).skip(1);
    called.next().unwrap_or(name)
}

fn name_at(functions: &Functions<'_>, pc: u64) -> Box<str> {
    let function = functions.at(pc);
    function.map_or_else(|| "an unknown function".into(), |function| functions.name(&function).into())
}

fn kept(objects: &Objects<'_>, functions: &Functions<'_>) -> Vec<Root> {
    let image = objects.image;
    let mut by_name = BTreeMap::<(Kept, Box<str>), Vec<(u64, u64)>>::new();
    let mut pointers = Pointers::new(objects);
    for special in specials::all(image, objects.layout, image.bias, objects.heap) {
        // What is called tells most: `os.(*File).close` for the finalizers of files.
        let name = match special.kept {
            Kept::WeakHandle | Kept::Due => "".into(),
            Kept::Finalizer | Kept::Cleanup => name_at(functions, image.word(special.value).unwrap_or(0)),
        };
        let values = by_name.entry((special.kept, name)).or_default();
        values.push((0, special.value));
        let Some((span, slot)) = special.refers else { continue };
        pointers.each(span, slot, |_, value| values.push((0, value)));
    }
    let root = |((kept, name), pointers)| Root {
        kind: RootKind::Kept(kept),
        name,
        goroutine: 0,
        type_id: None,
        address: 0,
        pointers,
        exact: true,
        frames: Vec::new(),
        registers: Vec::new(),
    };
    by_name.into_iter().map(root).collect()
}
