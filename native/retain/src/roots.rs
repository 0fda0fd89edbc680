//! Where the search for living objects begins: global variables, goroutines, and what the runtime holds itself.

use std::collections::BTreeMap;

use crate::image::Image;
use crate::memory::Memory;
use crate::runtime::goroutines::{self, Goroutine};
use crate::runtime::heap::HeapError;
use crate::runtime::layout::Layout;
use crate::runtime::modules::Module;
use crate::runtime::objects::{Objects, Pointers};
use crate::runtime::specials::{self, Kept};
use crate::symbols::{Symbols, TypeId};

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
}

/// All roots of a program, those with a name first.
pub fn all(objects: &Objects<'_>, symbols: &Symbols, modules: &[Module]) -> Result<Vec<Root>, HeapError> {
    let (image, layout) = (objects.image, objects.layout);
    let mut roots = globals(image, symbols, modules)?;
    let functions = Functions { symbols, bias: image.bias };
    for goroutine in goroutines::all(image, layout, image.bias, &image.threads)? {
        roots.push(stack(image, layout, &functions, &goroutine));
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
                }),
            }
        }
    }
    roots.push(unnamed);
    Ok(roots)
}

/// Names of functions by their first instruction.
struct Functions<'a> {
    symbols: &'a Symbols,
    bias: u64,
}

impl Functions<'_> {
    fn name(&self, pc: u64) -> Box<str> {
        let function = self.symbols.function_at(pc.wrapping_sub(self.bias));
        function.map_or_else(|| "an unknown function".into(), |function| function.name.clone())
    }
}

fn stack(image: &Image, layout: &Layout, functions: &Functions<'_>, goroutine: &Goroutine) -> Root {
    let (low, high) = goroutine.stack;
    let mut pointers = Vec::new();
    if let Some(words) = image.slice(low, high - low) {
        for (index, word) in words.chunks_exact(8).enumerate() {
            let value = word.try_into().map_or(0, u64::from_le_bytes);
            if value != 0 {
                pointers.push((index as u64 * 8, value));
            }
        }
    }
    if goroutine.context != 0 {
        pointers.push((high - low, goroutine.context));
    }
    // Deferred calls hang together across stack and heap; each of the heap is alive.
    let mut deferred = goroutine.defers;
    for _ in 0..10_000 {
        if deferred == 0 {
            break;
        }
        pointers.push((high - low, deferred));
        deferred = image.word(deferred + u64::from(layout.deferred.next.offset)).unwrap_or(0);
    }
    Root {
        kind: RootKind::Goroutine,
        name: functions.name(goroutine.start_pc),
        goroutine: goroutine.id,
        type_id: None,
        address: low,
        pointers,
        exact: false,
    }
}

fn kept(objects: &Objects<'_>, functions: &Functions<'_>) -> Vec<Root> {
    let image = objects.image;
    let mut by_name = BTreeMap::<(Kept, Box<str>), Vec<(u64, u64)>>::new();
    let mut pointers = Pointers::new(objects);
    for special in specials::all(image, objects.layout, image.bias, objects.heap) {
        // What is called tells most: `os.(*File).close` for the finalizers of files.
        let name = match special.kept {
            Kept::WeakHandle | Kept::Due => "".into(),
            Kept::Finalizer | Kept::Cleanup => functions.name(image.word(special.value).unwrap_or(0)),
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
    };
    by_name.into_iter().map(root).collect()
}
