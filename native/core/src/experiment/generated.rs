//! A workspace made for an experiment: what it is made of is stated, so that two people can have the same.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::range::OutOfRange;

const MOST_PACKAGES: u32 = 20_000;
const MOST_IMPLEMENTATIONS: u32 = 20_000;
const MOST_GENERATED_LINES: u32 = 2_000_000;
const MOST_MODULES: u32 = 500;
/// A package imports up to this many of those before it.
const IMPORTS: u32 = 3;
/// Functions of a package.
const FUNCTIONS: u32 = 12;

/// How large it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Shape {
    /// Packages, each of which imports some of those before it.
    pub packages: u32,
    /// Types that implement one interface, spread over the packages.
    pub implementations: u32,
    /// Lines of one large file that says that a program has written it; 0 for none.
    pub generated_lines: u32,
    /// Modules of a `go.work`, each inside the folder of the one before it and importing from it; 1 for no `go.work`.
    pub modules: u32,
}

impl Default for Shape {
    fn default() -> Self {
        Self { packages: 50, implementations: 20, generated_lines: 0, modules: 1 }
    }
}

/// A file of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedFile {
    /// Below its folder, with `/`.
    pub path: String,
    /// What is in it.
    pub text: String,
}

impl Shape {
    /// The same, with every number checked.
    ///
    /// # Errors
    /// The first number that is out of its range.
    pub fn checked(self) -> Result<Self, OutOfRange> {
        for (name, value, least, most) in [
            ("packages", self.packages, 1, MOST_PACKAGES),
            ("implementations", self.implementations, 0, MOST_IMPLEMENTATIONS),
            ("generated-lines", self.generated_lines, 0, MOST_GENERATED_LINES),
            ("modules", self.modules, 1, MOST_MODULES),
        ] {
            OutOfRange::unless(name, value.into(), least, most.into())?;
        }
        Ok(self)
    }

    /// Its files, one after the other. The packages are spread evenly over the modules.
    pub fn files(self) -> impl Iterator<Item = GeneratedFile> {
        let work = (self.modules > 1).then(|| self.go_work());
        let modules = (0..self.modules).map(go_mod);
        let packages = (0..self.packages).map(move |number| self.package(number));
        let large = (self.generated_lines > 0).then(|| large_file(self.generated_lines));
        work.into_iter().chain(modules).chain([api()]).chain(packages).chain(large)
    }

    fn go_work(self) -> GeneratedFile {
        let mut text = String::from("go 1.22\n\nuse (\n");
        for module in 0..self.modules {
            let _ = writeln!(text, "\t./{}", folder(module));
        }
        text.push_str(")\n");
        GeneratedFile { path: "go.work".to_owned(), text }
    }

    fn package(self, number: u32) -> GeneratedFile {
        let module = self.module_of(number);
        let imported: Vec<u32> = (1..=IMPORTS).filter_map(|back| number.checked_sub(back * back)).collect();
        let mut text =
            format!("package p{number}\n\nimport (\n\t\"fmt\"\n\t\"strings\"\n\n\t\"{}/api\"\n", name(0));
        for other in &imported {
            let _ = writeln!(text, "\t\"{}/p{other}\"", name(self.module_of(*other)));
        }
        let _ = writeln!(
            text,
            ")\n\n// Item is what package p{number} works on.\ntype Item struct {{\n\tName string\n\tSize int\n}}\n"
        );
        for function in 0..FUNCTIONS {
            let called = imported.get(function as usize % IMPORTS as usize);
            let more = called.map_or(String::new(), |other| format!(" + p{other}.Call{function}(item.Name)"));
            let _ = writeln!(
                text,
                "// Call{function} does a little.\nfunc Call{function}(name string) int {{\n\titem := Item{{Name: strings.TrimSpace(name), Size: {function}}}\n\tfmt.Sprintln(item.Name, item.Size)\n\treturn item.Size{more}\n}}\n"
            );
        }
        for implementation in (number..self.implementations).step_by(self.packages as usize) {
            let _ = writeln!(
                text,
                "// Worker{implementation} is an api.Worker.\ntype Worker{implementation} struct{{ item Item }}\n\nvar _ api.Worker = (*Worker{implementation})(nil)\n\n// Work implements api.Worker.\nfunc (w *Worker{implementation}) Work(n int) (string, error) {{\n\treturn fmt.Sprint(w.item.Name, n), nil\n}}\n\n// Close implements api.Worker.\nfunc (w *Worker{implementation}) Close() error {{ return nil }}\n"
            );
        }
        let _ = writeln!(text, "var _ api.Worker");
        GeneratedFile { path: format!("{}/p{number}/p{number}.go", folder(module)), text }
    }

    fn module_of(self, package: u32) -> u32 {
        (u64::from(package) * u64::from(self.modules) / u64::from(self.packages)) as u32
    }
}

/// Each inside the one before: the folders overlap, as in a workspace that has grown. Deeper than this the paths would
/// become too long for some systems, so it begins anew beside it.
const DEEPEST: u32 = 8;

fn folder(module: u32) -> String {
    let first = module / DEEPEST * DEEPEST;
    let parts: Vec<String> = (first..=module).map(|number| format!("m{number}")).collect();
    parts.join("/")
}

fn name(module: u32) -> String {
    format!("example.test/generated/m{module}")
}

fn go_mod(module: u32) -> GeneratedFile {
    GeneratedFile {
        path: format!("{}/go.mod", folder(module)),
        text: format!("module {}\n\ngo 1.22\n", name(module)),
    }
}

fn api() -> GeneratedFile {
    let text = "// Package api has the interface that all workers implement.\npackage api\n\n// Worker works.\ntype Worker interface {\n\tWork(n int) (string, error)\n\tClose() error\n}\n";
    GeneratedFile { path: format!("{}/api/api.go", folder(0)), text: text.to_owned() }
}

/// Constants and functions, as a table of codes or the stubs of a large interface would be.
fn large_file(lines: u32) -> GeneratedFile {
    let mut text = String::from(
        "// Code generated by stallscope reproduce. DO NOT EDIT.\n\npackage large\n\nimport \"fmt\"\n\n",
    );
    for number in 0..lines.saturating_sub(6).div_ceil(4) {
        let _ = write!(
            text,
            "const Code{number} = {number}\n\nfunc Text{number}() string {{ return fmt.Sprint(Code{number}, \"of\", {number}) }}\n\n"
        );
    }
    GeneratedFile { path: format!("{}/large/large.go", folder(0)), text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(packages: u32, implementations: u32, generated_lines: u32, modules: u32) -> Shape {
        Shape { packages, implementations, generated_lines, modules }
    }

    #[test]
    fn it_is_as_large_as_was_said() {
        let files: Vec<_> = shape(40, 90, 1_000, 5).files().collect();
        let count = |test: &dyn Fn(&GeneratedFile) -> bool| files.iter().filter(|file| test(file)).count();
        assert_eq!(count(&|file| file.path.ends_with("/go.mod")), 5);
        assert_eq!(count(&|file| file.path == "go.work"), 1);
        let packages = |file: &GeneratedFile| file.text.starts_with("package p");
        assert_eq!(count(&packages), 40);
        let implementations: usize =
            files.iter().map(|file| file.text.matches("// Work implements").count()).sum();
        assert_eq!(implementations, 90);
        let lines: Vec<_> = files
            .iter()
            .filter(|file| file.path.ends_with("large.go"))
            .map(|f| f.text.lines().count())
            .collect();
        assert!(matches!(lines[..], [996..=1_010]), "{lines:?}");
    }

    #[test]
    fn one_module_needs_no_go_work_and_several_overlap() {
        assert!(shape(3, 0, 0, 1).files().all(|file| file.path.starts_with("m0/")));
        assert_eq!(folder(2), "m0/m1/m2");
        assert_eq!(folder(DEEPEST), "m8");
        assert_eq!(
            shape(3, 0, 0, 3).files().next().map(|f| f.text).as_deref(),
            Some("go 1.22\n\nuse (\n\t./m0\n\t./m0/m1\n\t./m0/m1/m2\n)\n")
        );
    }

    #[test]
    fn sizes_out_of_range_are_named() {
        let error = shape(0, 0, 0, 1).checked();
        assert_eq!(
            error.map_err(|error| error.to_string()),
            Err("packages must be 1 to 20000, not 0".into())
        );
    }
}
