//! What an executable for 64-bit ARM says of itself is understood as that of the same program for 64-bit x86 is.

use std::path::Path;
use std::process::Command;

use object::{Object as _, ObjectSection as _, ObjectSymbol as _};
use stallscope_retain::image::{Image, Piece};
use stallscope_retain::runtime::functions::{Data, Functions};
use stallscope_retain::runtime::layout::Layout;
use stallscope_retain::runtime::modules::Module;
use stallscope_retain::symbols::{Architecture, Place, Symbols};

/// `tests/programs/frames.go` for a processor; none where nothing can be built.
fn executable(processor: &str) -> Option<Vec<u8>> {
    if Command::new("go").arg("version").output().is_err() {
        eprintln!("skipped: there is no `go` to build a program with");
        return None;
    }
    let folder = tempfile::Builder::new().prefix("retain-").tempdir().expect("a folder");
    let output = folder.path().join("frames");
    let built = Command::new("go")
        .env("GOOS", "linux")
        .env("GOARCH", processor)
        .env("CGO_ENABLED", "0")
        .args(["build", "-o"])
        .arg(&output)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/frames.go"))
        .output()
        .expect("go runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    Some(std::fs::read(output).expect("it was built"))
}

/// What is in memory when it begins.
fn image(file: &object::File<'_>) -> Image {
    let (mut pieces, mut bytes) = (Vec::new(), Vec::new());
    for section in file.sections().filter(|section| section.address() != 0) {
        let data = section.data().expect("it is in the file");
        pieces.push(Piece {
            address: section.address(),
            length: data.len() as u64,
            offset: bytes.len() as u64,
        });
        bytes.extend_from_slice(data);
    }
    Image::new(pieces, Box::new(bytes), 0, Vec::new()).expect("sections do not overlap")
}

#[test]
fn the_runtime_keeps_everything_at_the_same_offsets() {
    let (Some(arm), Some(x86)) = (executable("arm64"), executable("amd64")) else { return };
    let [arm, x86] = [arm, x86].map(|bytes| Symbols::read(&bytes).expect("it has debug information"));
    assert_eq!((arm.architecture, x86.architecture), (Architecture::Arm64, Architecture::Amd64));
    // What the processor has a part in lies behind what is looked at; only where variables are differs.
    let fixed = |symbols: &Symbols| {
        let layout = Layout::find(symbols).expect("its runtime is known");
        let heap = (layout.span, layout.special, layout.page, layout.most_without_header, layout.in_use);
        let stacks = (layout.goroutine, layout.deferred, layout.function, layout.module);
        format!("{:#?}", (heap, stacks, layout.type_description, layout.made, layout.finalizer))
    };
    assert_eq!(fixed(&arm), fixed(&x86));
}

#[test]
fn tables_of_functions_are_read_up_to_the_last_instruction() {
    let Some(bytes) = executable("arm64") else { return };
    let symbols = Symbols::read(&bytes).expect("it has debug information");
    let layout = Layout::find(&symbols).expect("its runtime is known");
    let file = object::File::parse(&*bytes).expect("it is an executable");
    let image = image(&file);
    let modules = Module::all(&image, &layout, 0);
    let functions = Functions::new(&image, &layout, &modules);
    let (mut looked_at, mut with_locals) = (0, 0);
    for symbol in
        file.symbols().filter(|symbol| symbol.kind() == object::SymbolKind::Text && symbol.size() > 0)
    {
        let name = symbol.name().expect("it has a name");
        // Of code that is no Go there are no tables.
        let Some(function) = functions.at(symbol.address()).filter(|function| function.has_frame()) else {
            continue;
        };
        // Markers, what assembly calls by two names, and assembly that moves the stack as no table can tell.
        if functions.name(&function) != name || name.starts_with("runtime.debugCall") {
            continue;
        }
        assert_eq!(function.entry, symbol.address(), "{name}");
        assert_eq!(functions.stack_depth(&function, function.entry), Some(0), "{name}");
        for pc in (symbol.address()..symbol.address() + symbol.size()).step_by(4) {
            let depth = functions.stack_depth(&function, pc);
            // The processor wants stacks in steps of 16 bytes.
            assert!(
                depth.is_some_and(|depth| depth % 16 == 0),
                "{name} at {:#x}: {depth:?}",
                pc - function.entry
            );
        }
        looked_at += 1;
        with_locals += usize::from(functions.data(&function, Data::Locals).is_some());
    }
    assert!(looked_at > 1_000 && with_locals > 500, "{looked_at} functions, {with_locals} with stack maps");
}

#[test]
fn parameters_are_in_the_registers_that_go_passes_them_in() {
    let Some(bytes) = executable("arm64") else { return };
    let symbols = Symbols::read(&bytes).expect("it has debug information");
    let file = object::File::parse(&*bytes).expect("it is an executable");
    let entry = file.symbol_by_name("main.fourParameters").expect("it is there").address();
    let variables = symbols.functions().variables(entry);
    let place = |name: &str| {
        let variable = variables.iter().find(|variable| &*variable.name == name).expect("it is there");
        variable.parts(entry).iter().map(|part| part.place).collect::<Vec<_>>()
    };
    // X0 is the first; a slice takes three.
    assert_eq!(place("first"), [Place::Register(0)]);
    assert_eq!(place("second"), [Place::Register(1)]);
    assert_eq!(place("third"), [2, 3, 4].map(Place::Register));
    assert_eq!(place("fourth"), [Place::Register(5)]);
}
