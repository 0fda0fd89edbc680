//! Where the Go runtime keeps what: every offset by the names of struct and field, from the program's own debug
//! information. A Go release that renames a field is a line here, or is refused with that name.

use crate::symbols::{Architecture, Kind, Symbols, TypeId};

/// A number in a struct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// Bytes from the beginning of the struct.
    pub offset: u32,
    /// Bytes of the number.
    pub size: u8,
}

/// A name that the debug information of this program does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the runtime of this Go version keeps its heap in a way that is not known here: it has no {0}")]
pub struct Missing(pub String);

macro_rules! layout {
    ($(#[$about:meta])* $name:ident of $type_name:literal { $($(#[$doc:meta])* $field:ident : $($path:literal)|+ $(, $optional:ident)?;)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name {
            /// Bytes of one.
            pub size: u32,
            $($(#[$doc])* pub $field: layout!(@type $($optional)?),)*
        }

        impl $name {
            fn find(look: &Look<'_>) -> Result<Self, Missing> {
                let id = look.named($type_name)?;
                Ok(Self {
                    size: look.size(id),
                    $($field: layout!(@find look, id, $type_name, &[$($path),+] $(, $optional)?),)*
                })
            }
        }
    };
    (@type) => { At };
    (@type optional) => { Option<At> };
    (@find $look:ident, $id:ident, $name:literal, $paths:expr) => { $look.at($id, $name, $paths)? };
    (@find $look:ident, $id:ident, $name:literal, $paths:expr, optional) => { $look.maybe($id, $paths) };
}

layout! {
    /// A run of pages: the objects of one size, a large object, or a stack.
    Span of "runtime.mspan" {
        /// Its first byte.
        start: "startAddr";
        /// Its length in pages.
        pages: "npages";
        /// Slots below are in use, whatever the bits say.
        free_index: "freeindex";
        /// Slots.
        slots: "nelems";
        /// Which slots are in use, a bit each.
        alloc_bits: "allocBits";
        /// Whether it has been swept.
        sweep_generation: "sweepgen";
        /// Size class, and whether its objects have pointers.
        class: "spanclass";
        /// What it is used for.
        state: "state.s.value" | "state.s" | "state";
        /// Bytes of a slot.
        slot: "elemsize";
        /// What is noted about single objects.
        specials: "specials";
        /// The type of a large object; since Go 1.22.
        large_type: "largeType";
        /// Whether it belongs to a user arena, whose objects are laid out otherwise.
        user_arena: "isUserArenaChunk", optional;
    }
}

layout! {
    /// Something noted about an object.
    Special of "runtime.special" {
        /// The next one.
        next: "next";
        /// Of the object within its span.
        offset: "offset";
        /// What is noted.
        kind: "kind";
    }
}

layout! {
    /// A goroutine.
    Goroutine of "runtime.g" {
        /// The lowest address of its stack.
        stack_low: "stack.lo";
        /// Behind the highest.
        stack_high: "stack.hi";
        /// Where its stack ended when it was set aside.
        sp: "sched.sp";
        /// Where it goes on.
        pc: "sched.pc";
        /// Where it returns to, on processors with a register for that.
        lr: "sched.lr";
        /// A closure it is about to call.
        context: "sched.ctxt";
        /// Where its stack ended when it entered a system call; otherwise 0.
        syscall_sp: "syscallsp";
        /// Where it goes on after that.
        syscall_pc: "syscallpc";
        /// What it is doing.
        status: "atomicstatus.value" | "atomicstatus";
        /// Its number.
        id: "goid";
        /// The function it began with.
        start_pc: "startpc";
        /// Its deferred calls.
        defers: "_defer";
        /// The thread it runs on.
        thread: "m";
        /// Whether it was stopped anywhere in its code.
        async_safe_point: "asyncSafePoint", optional;
    }
}

layout! {
    /// What a goroutine needs to run.
    Processor of "runtime.p" {
        /// How often it has had one run.
        ticks: "schedtick";
        /// How often one has left a system call with it, or it was taken from one in a call.
        call_ticks: "syscalltick";
    }
}

layout! {
    /// The counts of a goroutine.
    GoroutineCounts of "runtime.g" {
        /// How often it has stopped running, modulo 256.
        runs: "trackingSeq";
    }
}

layout! {
    /// A deferred call.
    Defer of "runtime._defer" {
        /// What is called.
        function: "fn";
        /// The next one.
        next: "link";
        /// Whether it is an object of the heap.
        heap: "heap", optional;
    }
}

layout! {
    /// A thread.
    Thread of "runtime.m" {
        /// Its number for the operating system.
        process_id: "procid";
        /// The goroutine whose stack it uses for the scheduler.
        own: "g0";
    }
}

layout! {
    /// A function, in the runtime's own tables. Behind it lie the places of its tables.
    Function of "runtime._func" {
        /// Its first instruction, from the module's first.
        entry: "entryOff";
        /// Its name.
        name: "nameOff";
        /// Bytes of arguments on the stack.
        arguments: "args";
        /// Where the call is that runs deferred functions.
        deferreturn: "deferreturn";
        /// How deep the stack is at each instruction.
        stack_depth: "pcsp";
        /// How many tables by instruction.
        pc_tables: "npcdata";
        /// What else is to be known.
        flags: "flag";
        /// How many other tables.
        data_tables: "nfuncdata";
    }
}

layout! {
    /// An executable or plugin.
    Module of "runtime.moduledata" {
        /// Global variables with pointers and values.
        data: "data";
        /// Their end.
        data_end: "edata";
        /// Global variables with pointers, empty at the start.
        bss: "bss";
        /// Their end.
        bss_end: "ebss";
        /// Global variables without pointers.
        noptrdata: "noptrdata";
        /// Their end.
        noptrdata_end: "enoptrdata";
        /// Global variables without pointers, empty at the start.
        noptrbss: "noptrbss";
        /// Their end.
        noptrbss_end: "enoptrbss";
        /// Which words of `data` are pointers: how many bits, and where they are.
        data_mask_bits: "gcdatamask.n";
        /// The bits.
        data_mask: "gcdatamask.bytedata";
        /// Which words of `bss` are pointers.
        bss_mask_bits: "gcbssmask.n";
        /// The bits.
        bss_mask: "gcbssmask.bytedata";
        /// Descriptions of types.
        types: "types";
        /// Their end.
        types_end: "etypes";
        /// Constants.
        rodata: "rodata";
        /// Maps of stacks and the like.
        gofunc: "gofunc";
        /// First instruction.
        text: "text";
        /// Behind the last.
        text_end: "etext";
        /// Names of functions.
        function_names: "funcnametab.array";
        /// Length of them.
        function_names_length: "funcnametab.len";
        /// Values by program counter.
        pc_values: "pctab.array";
        /// Length of them.
        pc_values_length: "pctab.len";
        /// Functions.
        functions: "pclntable.array";
        /// Length of them.
        functions_length: "pclntable.len";
        /// Where each function begins.
        function_table: "ftab.array";
        /// How many.
        function_table_length: "ftab.len";
        /// The next module.
        next: "next";
    }
}

layout! {
    /// A type, as the program itself describes it.
    TypeDescription of "internal/abi.Type" {
        /// Bytes of a value.
        value_size: "Size_";
        /// Bytes up to its last pointer.
        pointer_bytes: "PtrBytes";
        /// What else is to be known.
        flags: "TFlag";
        /// What it is.
        kind: "Kind_";
        /// Which words are pointers.
        mask: "GCData";
        /// Its name, an offset in the module's types.
        name: "Str";
    }
}

layout! {
    /// A pointer type: a type, and then this.
    PointerDescription of "internal/abi.PtrType" {
        /// What it points at.
        element: "Elem";
    }
}

layout! {
    /// A slice type.
    SliceDescription of "internal/abi.SliceType" {
        /// Its elements.
        element: "Elem";
    }
}

layout! {
    /// An array type.
    ArrayDescription of "internal/abi.ArrayType" {
        /// Its elements.
        element: "Elem";
        /// How many.
        length: "Len";
    }
}

layout! {
    /// A channel type.
    ChannelDescription of "internal/abi.ChanType" {
        /// What is sent.
        element: "Elem";
    }
}

layout! {
    /// A struct type.
    StructDescription of "internal/abi.StructType" {
        /// Where its fields are described.
        fields: "Fields.array";
        /// How many there are.
        count: "Fields.len";
    }
}

layout! {
    /// A field of a struct type.
    FieldDescription of "internal/abi.StructField" {
        /// Its name.
        name: "Name.Bytes";
        /// Its type.
        described: "Typ";
        /// Bytes from the beginning of the struct.
        offset: "Offset";
    }
}

/// How types are described that the debug information may not have.
#[derive(Clone, Copy, Debug)]
pub struct MadeDescriptions {
    /// Pointers.
    pub pointer: PointerDescription,
    /// Slices.
    pub slice: SliceDescription,
    /// Arrays.
    pub array: ArrayDescription,
    /// Channels.
    pub channel: ChannelDescription,
    /// Structs.
    pub structure: StructDescription,
    /// Their fields.
    pub field: FieldDescription,
}

/// A global variable of the runtime that is a number or pointer itself.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// As linked.
    pub address: u64,
    /// Bytes of it.
    pub size: u8,
}

/// Where a list of blocks of queued calls begins, and what its blocks look like.
#[derive(Clone, Debug)]
pub struct Blocks {
    /// The pointer to the first.
    pub first: Place,
    /// The pointer to the next.
    pub next: At,
    /// How many calls are in it.
    pub count: At,
    /// Where its calls are.
    pub calls: u32,
    /// Bytes of a call.
    pub call_size: u32,
    /// Which words of a call are pointers.
    pub pointers: Vec<u32>,
    /// Where a call has its argument, and the type of that: a pointer type. Cleanups have none.
    pub argument: Option<(u32, u32)>,
}

/// Something noted about an object that keeps other objects alive.
#[derive(Clone, Debug)]
pub struct KeepingSpecial {
    /// Its number in [`Special::kind`].
    pub kind: u64,
    /// Bytes of it.
    pub size: u32,
    /// Which words of it are pointers that count.
    pub pointers: Vec<u32>,
    /// Where it has the type of the object, a pointer type. Only finalizers have it.
    pub object_type: Option<u32>,
}

/// How the runtime counts what goroutines do.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// All processors: address and length of the list.
    pub all_processors: [Place; 2],
    /// How often each has had a goroutine run.
    pub ticks: At,
    /// How often one has left a system call with each, or it was taken from one in a call.
    pub call_ticks: At,
    /// How often a goroutine has stopped running, modulo 256.
    pub runs: At,
    /// [`Goroutine::status`] of one that will run as soon as there is a processor.
    pub runnable: u64,
    /// Of one in a system call.
    pub in_call: u64,
    /// Where the runtime's own goroutines begin that do nothing to objects: as linked.
    pub housekeeping: [Option<u64>; 2],
}

/// Everything the reading of a heap needs to know about the runtime.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The processor that the program is for.
    pub architecture: Architecture,
    /// A run of pages.
    pub span: Span,
    /// Something noted about an object.
    pub special: Special,
    /// A goroutine.
    pub goroutine: Goroutine,
    /// A deferred call.
    pub deferred: Defer,
    /// A thread.
    pub thread: Thread,
    /// A function.
    pub function: Function,
    /// An executable.
    pub module: Module,
    /// A type.
    pub type_description: TypeDescription,
    /// What more is described of some types.
    pub made: MadeDescriptions,
    /// The type in a table of methods, which the first word of an interface leads to.
    pub method_table_type: At,
    /// All spans: address and length of the list.
    pub all_spans: [Place; 2],
    /// By how much spans are behind.
    pub sweep_generation: Place,
    /// All goroutines: address and length of the list.
    pub all_goroutines: [Place; 2],
    /// The first module.
    pub first_module: u64,
    /// Address and length of the text that names the Go version.
    pub go_version: [Place; 2],
    /// Memory that the runtime never gives back: chunks, each beginning with the address of the next.
    pub persistent_chunks: Place,
    /// The lists of arenas of mark and allocation bits; each begins with [`Self::bits_next`].
    pub bits_arenas: Vec<Place>,
    /// Where an arena of bits has the address of the next.
    pub bits_next: At,
    /// Bytes of an arena of bits.
    pub bits_size: u32,
    /// Finalizers that have been queued.
    pub finalizers: Blocks,
    /// Cleanups that have been queued; since Go 1.25.
    pub cleanups: Option<Blocks>,
    /// Finalizers.
    pub finalizer: KeepingSpecial,
    /// Cleanups; since Go 1.24.
    pub cleanup: Option<KeepingSpecial>,
    /// Weak pointers: their handles live as long as their object; since Go 1.23.
    pub weak_handle: Option<KeepingSpecial>,
    /// Bytes of a page.
    pub page: u64,
    /// [`Span::state`] of one with objects.
    pub in_use: u64,
    /// [`Span::state`] of a stack, and of what the runtime uses itself.
    pub manual: u64,
    /// Slots up to this size have their pointer bits at the span's end, larger ones a type before the object.
    pub most_without_header: u64,
    /// Bytes of that type.
    pub header: u64,
    /// Bytes that lie behind the pointer bits of spans of one page, with the newer collector.
    pub inline_marks: u64,
    /// Flag of a type whose mask is made when it is needed; since Go 1.24.
    pub mask_on_demand: Option<u64>,
    /// Flag of a type that an interface has in its data word itself; since Go 1.26, before it was a bit of the kind.
    pub direct_interface: Option<u64>,
    /// [`Goroutine::status`] of one that has ended.
    pub dead: u64,
    /// The same for one that belongs to a thread made by C; since Go 1.26.
    pub dead_extra: Option<u64>,
    /// Of one that runs.
    pub running: u64,
    /// What tells whether a program that was not stopped has done anything. Without it one is stopped to be copied.
    pub counts: Option<Counts>,
}

/// Chunks of memory that is never given back.
pub const PERSISTENT_CHUNK: u64 = 256 << 10;

impl Layout {
    /// Looks everything up; fails with the first name that is not there.
    pub fn find(symbols: &Symbols) -> Result<Self, Missing> {
        let look = Look { symbols };
        let (heap, heap_type) = look.global("runtime.mheap_")?;
        let inside = |path: &str| -> Result<Place, Missing> {
            let at = look.at(heap_type, "runtime.mheap", &[path])?;
            Ok(Place { address: heap + u64::from(at.offset), size: at.size })
        };
        let slice = |name: &str| -> Result<[Place; 2], Missing> {
            let (address, _) = look.global(name)?;
            Ok([Place { address, size: 8 }, Place { address: address + 8, size: 8 }])
        };
        let pointer =
            |name: &str| -> Result<Place, Missing> { Ok(Place { address: look.global(name)?.0, size: 8 }) };
        let (bits, bits_type) = look.global("runtime.gcBitsArenas")?;
        let mut bits_arenas = Vec::new();
        // Those that are free have nobody's bits.
        for list in ["next", "current", "previous"] {
            let at = look.at(bits_type, "runtime.gcBitsArenas", &[list])?;
            bits_arenas.push(Place { address: bits + u64::from(at.offset), size: 8 });
        }
        let bits_arena = look.named("runtime.gcBitsArena")?;
        Ok(Self {
            architecture: symbols.architecture,
            span: Span::find(&look)?,
            special: Special::find(&look)?,
            goroutine: Goroutine::find(&look)?,
            deferred: Defer::find(&look)?,
            thread: Thread::find(&look)?,
            function: Function::find(&look)?,
            module: Module::find(&look)?,
            type_description: TypeDescription::find(&look)?,
            made: MadeDescriptions {
                pointer: PointerDescription::find(&look)?,
                slice: SliceDescription::find(&look)?,
                array: ArrayDescription::find(&look)?,
                channel: ChannelDescription::find(&look)?,
                structure: StructDescription::find(&look)?,
                field: FieldDescription::find(&look)?,
            },
            method_table_type: {
                // The second is that of go1.22.
                let table = look.named("internal/abi.ITab").or_else(|_| look.named("runtime.itab"))?;
                look.at(table, "internal/abi.ITab", &["Type", "_type"])?
            },
            all_spans: [inside("allspans.array")?, inside("allspans.len")?],
            sweep_generation: inside("sweepgen")?,
            all_goroutines: slice("runtime.allgs")?,
            first_module: look.global("runtime.firstmoduledata")?.0,
            go_version: slice("runtime.buildVersion")?,
            persistent_chunks: pointer("runtime.persistentChunks")?,
            bits_arenas,
            bits_next: look.at(bits_arena, "runtime.gcBitsArena", &["next"])?,
            bits_size: look.size(bits_arena),
            finalizers: look.blocks(pointer("runtime.allfin")?, "runtime.allfin", "cnt", "fin")?,
            cleanups: match look.global("runtime.gcCleanups") {
                Err(_) => None,
                Ok((queue, queue_type)) => {
                    let all = look.at(queue_type, "runtime.cleanupQueue", &["all.value", "all"])?;
                    let first = Place { address: queue + u64::from(all.offset), size: 8 };
                    let block = look.named("runtime.cleanupBlock")?;
                    Some(look.blocks_of(
                        block,
                        first,
                        "cleanupBlockHeader.alllink",
                        "cleanupBlockHeader.n",
                        "cleanups",
                    )?)
                }
            },
            finalizer: look.special("runtime.specialfinalizer", "runtime._KindSpecialFinalizer", &["fn"])?,
            cleanup: look
                .special("runtime.specialCleanup", "runtime._KindSpecialCleanup", &["cleanup", "fn"])
                .ok(),
            weak_handle: look
                .special("runtime.specialWeakHandle", "runtime._KindSpecialWeakHandle", &["handle"])
                .ok(),
            page: look.constant(&["runtime._PageSize", "internal/runtime/gc.PageSize"])?,
            in_use: look.constant(&["runtime.mSpanInUse"])?,
            manual: look.constant(&["runtime.mSpanManual"])?,
            most_without_header: look.constant(&[
                "runtime.minSizeForMallocHeader",
                "internal/runtime/gc.MinSizeForMallocHeader",
            ])?,
            header: look.constant(&["runtime.mallocHeaderSize", "internal/runtime/gc.MallocHeaderSize"])?,
            inline_marks: look.named("runtime.spanInlineMarkBits").map_or(0, |id| u64::from(look.size(id))),
            mask_on_demand: look.constant(&["internal/abi.TFlagGCMaskOnDemand"]).ok(),
            direct_interface: look.constant(&["internal/abi.TFlagDirectIface"]).ok(),
            dead: look.constant(&["runtime._Gdead"])?,
            dead_extra: look.constant(&["runtime._Gdeadextra"]).ok(),
            running: look.constant(&["runtime._Grunning"])?,
            counts: look.counts(slice("runtime.allp")).ok(),
        })
    }
}

/// Gives free pages back to the system, now and then; reads what a profiler has left for a trace, ten times a second while one is
/// recorded, as newer versions of gopls do all the time. Neither touches an object of the program, or allocates one.
const HOUSEKEEPING: [&str; 2] = ["runtime.bgscavenge", "runtime.traceStartReadCPU.func1"];

/// Looks names up in the debug information.
struct Look<'a> {
    symbols: &'a Symbols,
}

impl Look<'_> {
    fn named(&self, name: &str) -> Result<TypeId, Missing> {
        self.symbols.types.named(name).ok_or_else(|| Missing(format!("type {name}")))
    }

    fn global(&self, name: &str) -> Result<(u64, TypeId), Missing> {
        let global = self.symbols.global(name).ok_or_else(|| Missing(format!("variable {name}")))?;
        Ok((global.address, global.type_id))
    }

    fn constant(&self, names: &[&str]) -> Result<u64, Missing> {
        names
            .iter()
            .find_map(|name| self.symbols.constant(name))
            .and_then(|value| u64::try_from(value).ok())
            .ok_or_else(|| Missing(format!("constant {}", names[0])))
    }

    fn size(&self, id: TypeId) -> u32 {
        u32::try_from(self.symbols.types.get(id).size).unwrap_or(u32::MAX)
    }

    fn maybe(&self, id: TypeId, paths: &[&str]) -> Option<At> {
        let types = &self.symbols.types;
        paths.iter().find_map(|path| {
            // The parts of a slice are no fields in the debug information.
            let part = [(".array", 0), (".len", 8)]
                .iter()
                .find_map(|(name, at)| Some((path.strip_suffix(name)?, *at)));
            if let Some((slice, at)) = part {
                let (offset, type_id) = types.path(id, slice)?;
                let is_slice = matches!(types.get(type_id).kind, Kind::Slice(_));
                return is_slice.then_some(At { offset: u32::try_from(offset + at).ok()?, size: 8 });
            }
            let (offset, type_id) = types.path(id, path)?;
            let size = types.get(type_id).size;
            // A struct that wraps a number is as good as the number, if it is no larger.
            (size <= 8).then_some(At { offset: u32::try_from(offset).ok()?, size: size as u8 })
        })
    }

    fn at(&self, id: TypeId, name: &str, paths: &[&str]) -> Result<At, Missing> {
        self.maybe(id, paths).ok_or_else(|| Missing(format!("field {name}.{}", paths[0])))
    }

    fn counts(&self, all_processors: Result<[Place; 2], Missing>) -> Result<Counts, Missing> {
        let Processor { ticks, call_ticks, .. } = Processor::find(self)?;
        Ok(Counts {
            all_processors: all_processors?,
            ticks,
            call_ticks,
            runs: GoroutineCounts::find(self)?.runs,
            runnable: self.constant(&["runtime._Grunnable"])?,
            in_call: self.constant(&["runtime._Gsyscall"])?,
            housekeeping: HOUSEKEEPING.map(|name| self.symbols.function(name)),
        })
    }

    fn blocks(&self, first: Place, list: &str, count: &str, calls: &str) -> Result<Blocks, Missing> {
        let (_, list_type) = self.global(list)?;
        let Kind::Pointer(block) = self.symbols.types.get(list_type).kind else {
            return Err(Missing(format!("list {list}")));
        };
        self.blocks_of(block, first, "alllink", count, calls)
    }

    fn blocks_of(
        &self,
        block: TypeId,
        first: Place,
        next: &str,
        count: &str,
        calls: &str,
    ) -> Result<Blocks, Missing> {
        let types = &self.symbols.types;
        let name = &types.get(block).name;
        let (offset, array) =
            types.path(block, calls).ok_or_else(|| Missing(format!("field {name}.{calls}")))?;
        let Kind::Array(call, _) = types.get(array).kind else {
            return Err(Missing(format!("array {name}.{calls}")));
        };
        Ok(Blocks {
            first,
            next: self.at(block, name, &[next])?,
            count: self.at(block, name, &[count])?,
            calls: u32::try_from(offset).unwrap_or(u32::MAX),
            call_size: self.size(call),
            pointers: self.pointers(call),
            argument: self
                .maybe(call, &["arg"])
                .zip(self.maybe(call, &["ot"]))
                .map(|(arg, ot)| (arg.offset, ot.offset)),
        })
    }

    fn special(&self, type_name: &str, kind: &str, keeps: &[&str]) -> Result<KeepingSpecial, Missing> {
        let id = self.named(type_name)?;
        let (offset, kept) = keeps
            .iter()
            .find_map(|path| self.symbols.types.path(id, path))
            .ok_or_else(|| Missing(format!("field {type_name}.{}", keeps[0])))?;
        let begin = u32::try_from(offset).unwrap_or(u32::MAX);
        let pointers = self.pointers(kept).into_iter().map(|at| begin.saturating_add(at)).collect();
        let object_type = self.maybe(id, &["ot"]).map(|at| at.offset);
        Ok(KeepingSpecial { kind: self.constant(&[kind])?, size: self.size(id), pointers, object_type })
    }

    /// Which words of a small value are pointers, as bytes from its beginning.
    fn pointers(&self, id: TypeId) -> Vec<u32> {
        let mut found = Vec::new();
        let mut todo = vec![(0_u64, id)];
        while let Some((offset, id)) = todo.pop() {
            // These are structs of a few words.
            if found.len() > 64 {
                break;
            }
            match &self.symbols.types.get(id).kind {
                Kind::Scalar => {}
                Kind::Struct(fields) => {
                    todo.extend(fields.iter().map(|field| (offset + field.offset, field.type_id)));
                }
                Kind::Interface | Kind::Any => found.push(offset as u32 + 8),
                Kind::Array(..) => {}
                _ => found.push(offset as u32),
            }
        }
        found.sort_unstable();
        found
    }
}
