//! What we understand of `go.mod` and `go.work` is what `go mod edit -json` and `go work edit -json` print, for every such file in
//! the tests of the go command itself and in the module cache, and for spellings of our own; and an edit of ours changes for the go
//! command exactly what it is meant to. Runs the real go.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};
use stallscope_doctor::gomod::{
    Edit, Field, ModFile, Replace, Version, WorkFile, add_line, drop_line, parse_mod, parse_work,
    replace_field,
};

fn go(arguments: &[&str]) -> Result<Vec<u8>, String> {
    let folder = std::env::temp_dir();
    let environment = [("GOFLAGS", ""), ("GOPROXY", "off"), ("GOTOOLCHAIN", "local"), ("GOWORK", "off")];
    let output = Command::new("go").args(arguments).current_dir(folder).envs(environment).output().unwrap();
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into())
    }
}

fn go_json(verb: &str, file: &Path) -> Result<Value, String> {
    go(&[verb, "edit", "-json", file.to_str().unwrap()]).map(|bytes| serde_json::from_slice(&bytes).unwrap())
}

/// An object without what is empty, as `go` leaves it out or prints it as null.
fn object(fields: &[(&str, Value)]) -> Value {
    let is_empty = |value: &Value| {
        value.is_null()
            || *value == json!("")
            || *value == json!([])
            || *value == json!({})
            || *value == json!(false)
    };
    let fields = fields.iter().filter(|(_, value)| !is_empty(value));
    Value::Object(fields.map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<Map<_, _>>())
}

fn without_nulls(value: Value) -> Value {
    let Value::Object(fields) = value else { panic!("{value} is no object") };
    // A file without a module has one without a name.
    let is_nobody = |value: &Value| *value == json!({ "Path": "" });
    let fields = fields.iter().filter(|(_, value)| !is_nobody(value));
    object(&fields.map(|(name, value)| (name.as_str(), value.clone())).collect::<Vec<_>>())
}

fn text(field: &Option<Field>) -> Value {
    json!(field.as_ref().map(|field| &field.text))
}

fn version(version: &Version) -> Value {
    object(&[("Path", json!(version.path)), ("Version", json!(version.version))])
}

fn replaces(replaces: &[Replace]) -> Value {
    replaces.iter().map(|r| json!({ "Old": version(&r.old), "New": version(&r.new) })).collect()
}

fn godebug(pairs: &[(String, String)]) -> Value {
    pairs.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

fn paths(fields: &[Field]) -> Value {
    fields.iter().map(|field| json!({ "Path": field.text })).collect()
}

fn mod_json(file: &ModFile) -> Value {
    object(&[
        ("Module", object(&[("Path", text(&file.module)), ("Deprecated", json!(file.deprecated))])),
        ("Go", text(&file.go)),
        ("Toolchain", text(&file.toolchain)),
        ("GoDebug", godebug(&file.godebug)),
        (
            "Require",
            file.require
                .iter()
                .map(|require| {
                    let indirect = ("Indirect", json!(require.indirect));
                    let of = &require.module;
                    object(&[("Path", json!(of.path)), ("Version", json!(of.version)), indirect])
                })
                .collect(),
        ),
        ("Exclude", file.exclude.iter().map(version).collect()),
        ("Replace", replaces(&file.replace)),
        (
            "Retract",
            file.retract
                .iter()
                .map(|retract| {
                    let why = ("Rationale", json!(retract.rationale));
                    object(&[("Low", json!(retract.low)), ("High", json!(retract.high)), why])
                })
                .collect(),
        ),
        ("Tool", paths(&file.tool)),
        ("Ignore", paths(&file.ignore)),
    ])
}

/// `go work edit -json` of Go 1.26 prints neither `toolchain` nor `godebug`.
fn work_json(file: &WorkFile) -> Value {
    object(&[
        ("Go", text(&file.go)),
        ("Use", file.uses.iter().map(|field| json!({ "DiskPath": field.text })).collect()),
        ("Replace", replaces(&file.replace)),
    ])
}

/// Every different `go.mod` and `go.work` that this machine has, but for those of users.
fn samples() -> BTreeSet<(bool, Vec<u8>)> {
    let mut found = BTreeSet::new();
    let root = String::from_utf8(go(&["env", "GOROOT"]).unwrap()).unwrap();
    let cache = String::from_utf8(go(&["env", "GOMODCACHE"]).unwrap()).unwrap();
    let scripts = Path::new(root.trim()).join("src/cmd/go/testdata");
    each_file(&scripts, &mut |path| {
        if path.extension().is_some_and(|extension| extension == "txt") {
            for (name, text) in archive(&fs::read_to_string(path).unwrap_or_default()) {
                if name.ends_with("go.mod") || name.ends_with("go.work") || name == ".mod" {
                    found.insert((name.ends_with("go.work"), text.into_bytes()));
                }
            }
        }
    });
    each_file(&Path::new(cache.trim()).join("cache/download"), &mut |path| {
        if path.extension().is_some_and(|extension| extension == "mod") {
            found.insert((false, fs::read(path).unwrap()));
        }
    });
    found
}

fn each_file(folder: &Path, each: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => each_file(&entry.path(), each),
            Ok(kind) if kind.is_file() => each(&entry.path()),
            _ => {}
        }
    }
}

/// The files of a text archive: `-- name --` and what follows.
fn archive(text: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        let name = line.trim().strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --"));
        match (name, files.last_mut()) {
            (Some(name), _) => files.push((name.to_owned(), String::new())),
            (None, Some((_, text))) => text.push_str(line),
            (None, None) => {}
        }
    }
    files
}

/// What few files have.
const SPELLINGS: &[&str] = &[
    "",
    "module \"example.com/\\u00fc\"\r\n\r\ngo 1.21 // the\r\n",
    "module(\nexample.com/a\n)\n",
    "module `example.com/a`\n",
    "module 'a'\n",
    "module a b\n",
    "module ()\n",
    "module a\nretract () // none\n",
    "module a\nretract ( )x\n",
    "module a\nretract (v1.0.0)\n",
    "module a\nretract [v1.0.0,v1.1.0]//why\n",
    "module a\nretract [v1.0.0,v1.1.0] x\n",
    "module a\nretract \"v1.0.0\"\n",
    "// one\n\n// two\nretract (\n// three\nv1.0.0\n\nv1.1.0\nv1.2.0 // four\n)\n",
    "// Deprecated: not attached\n\nmodule a\n",
    "// x\n//\n// Deprecated:   old\n// and so on\n//\n// more\nmodule a\n",
    "module a // Deprecated: behind\n",
    "module a\nrequire b v1\n",
    "module a\nrequire b v1.2\n",
    "module a\nrequire b v1.2.3-pre.01\n",
    "module a\nrequire b v1.2.3+meta\n",
    "module a\nrequire b v2.0.0\n",
    "module a\nrequire b v2.0.0+incompatible\n",
    "module a\nrequire b/v2 v1.0.0\n",
    "module a\nrequire b/v1 v1.0.0\n",
    "module a\nrequire b/v2.1 v2.1.0\n",
    "module a\nrequire gopkg.in/b v1.0.0\n",
    "module a\nrequire gopkg.in/b.v1 v0.0.0-20200101000000-abcdefabcdef\n",
    "module a\nrequire gopkg.in/b.v2-unstable v2.0.0\n",
    "module a\nrequire gopkg.in/b.v0 v0.1.0\n",
    "module a\nrequire b v1.0.0 // indirect\nrequire c v1.0.0 // indirect; why\nrequire d v1.0.0 // indirectly\nrequire e v1.0.0 // indirect why\n",
    "module a\nreplace b => ./c v1.0.0\n",
    "module a\nreplace b => c\n",
    "module a\nreplace b => c@v1.0.0\n",
    "module a\nreplace b v1.0.0 => C:/x\n",
    "module a\nreplace b => .\\x\n",
    "module a\nreplace \"b\" \"v1.0.0\" => \"../c d\"\n",
    "module a\nreplace b v2.0.0 => ./c\n",
    "module a\nreplace =>\n",
    "module a\ngodebug a=b\ngodebug (\nc=d=e\n)\n",
    "module a\ngodebug a\n",
    "module a\ngodebug a=b,c=d\n",
    "module a\ngo 1.21\ngo 1.22\n",
    "module a\ngo 1.21.0rc1\n",
    "module a\ngo 1.021\n",
    "module a\ngo 1\n",
    "module a\ngo (\n1.21\n)\n",
    "module a\ntoolchain go1.21.0-custom\n",
    "module a\ntoolchain go2\n",
    "module a\ntoolchain default\n",
    "module a\ntool (\n\tb/c\n)\nignore (\n\t./x\n\t\"y z\"\n)\n",
    "module a /* no */\n",
    "module a/*b\n",
    "module a//b\n",
    "module \"a\n",
    "module \"a\\q\"\n",
    "module \"\\141\\x62\\n\"\n",
    "module a\nrequire (\n\tb v1.0.0\n",
    "module a\nrequire (\n\tb v1.0.0 )\n",
    "module a\nrequire (\n\tb v1.0.0\n) // end\n",
    "module a\nrequire (\n\tb v1.0.0\n) x\n",
    "module a\nrequire ( // begin\n\tb v1.0.0\n)\n",
    "module a\nrequire x (\n\tb v1.0.0\n)\n",
    "module a\nunknown b\n",
    "module a\nunknown (\n\tb\n)\n",
    "(\n",
    ")\n",
    "module a\u{200b}\n",
    "\u{feff}module a\n",
    "module a\u{a0}\n",
    "module ä\n",
    "module a\n\tgo\t1.21\r",
    "go 1.21\nuse .\nuse (\n\t./a // why\n\t\"./b c\"\n\n\t// of d\n\t/abs/d\n)\n",
    "go 1.21\nuse ./a ./b\n",
    "use (\n)\nuse ()\nuse ./a\n",
    "use ./a\ntool b\n",
    "go 1.21\ntoolchain go1.22.1\ngodebug a=b\nreplace a => ./b\nreplace a v1.0.0 => b v1.0.0\n",
];

#[test]
fn every_file_means_what_it_means_to_go() {
    let folder = tempfile::tempdir().unwrap();
    let (mod_file, work_file) = (folder.path().join("go.mod"), folder.path().join("go.work"));
    let mut all = samples();
    all.extend(
        SPELLINGS
            .iter()
            .flat_map(|text| [(false, text.as_bytes().to_vec()), (true, text.as_bytes().to_vec())]),
    );
    assert!(all.len() > 500, "only {} files were found", all.len());
    let (mut right, mut refused) = (0, 0);
    for (is_work, bytes) in &all {
        let text = String::from_utf8_lossy(bytes);
        let (verb, file) = if *is_work { ("work", &work_file) } else { ("mod", &mod_file) };
        fs::write(file, bytes).unwrap();
        let (ours, problems) = if *is_work {
            let file = parse_work(&text);
            (work_json(&file), file.problems)
        } else {
            let file = parse_mod(&text);
            (mod_json(&file), file.problems)
        };
        match go_json(verb, file) {
            Ok(theirs) => {
                assert_eq!(problems, [], "go takes this {verb} file:\n{text}");
                assert_eq!(ours, without_nulls(theirs), "{verb} file:\n{text}");
                right += 1;
            }
            Err(why) => {
                assert_ne!(problems, [], "go refuses this {verb} file: {why}\n{text}");
                refused += 1;
            }
        }
    }
    assert!(right > 400 && refused > 40, "{right} were taken, {refused} refused");
}

fn applied(text: &str, edit: &Edit) -> String {
    format!("{}{}{}", &text[..edit.at.start], edit.new_text, &text[edit.at.end..])
}

#[test]
fn an_edit_changes_for_go_what_it_is_meant_to_and_no_other_byte() {
    let folder = tempfile::tempdir().unwrap();
    let file: PathBuf = folder.path().join("go.work");
    let work_files = samples().into_iter().filter(|(is_work, _)| *is_work).map(|(_, bytes)| bytes);
    let ours = SPELLINGS.iter().map(|text| text.as_bytes().to_vec());
    let mut edited = 0;
    for bytes in work_files.chain(ours) {
        let Ok(text) = String::from_utf8(bytes) else { continue };
        let work = parse_work(&text);
        if !work.problems.is_empty() {
            continue;
        }
        let mut check = |edit: Edit, uses: Vec<&str>, go: Option<&str>| {
            let after = applied(&text, &edit);
            assert!(after.starts_with(&text[..edit.at.start]) && after.ends_with(&text[edit.at.end..]));
            fs::write(&file, &after).unwrap();
            let uses: Vec<Value> = uses.iter().map(|path| json!({ "DiskPath": path })).collect();
            let (uses, go) = (json!(uses), json!(go));
            let replace = ("Replace", replaces(&work.replace));
            let mut expected = object(&[("Go", go), ("Use", uses), replace]);
            let mut theirs = without_nulls(go_json("work", &file).unwrap());
            // Where a `use` is added among others makes no difference.
            let sort = |value: &mut Value| {
                if let Some(list) = value.get_mut("Use").and_then(Value::as_array_mut) {
                    list.sort_by_key(ToString::to_string);
                }
            };
            sort(&mut expected);
            sort(&mut theirs);
            assert_eq!(theirs, expected, "{text}\nbecame\n{after}");
            edited += 1;
        };
        let all: Vec<&str> = work.uses.iter().map(|field| field.text.as_str()).collect();
        let go_line = work.go.as_ref().map(|field| field.text.as_str());
        check(add_line(&text, "use", &["./added here"]), [&*all, &["./added here"]].concat(), go_line);
        for (at, field) in work.uses.iter().enumerate() {
            let mut left = all.clone();
            left.remove(at);
            check(drop_line(&text, &field.at), left, go_line);
        }
        if let Some(field) = &work.go {
            check(replace_field(field, "1.99.1"), all.clone(), Some("1.99.1"));
        }
    }
    assert!(edited > 100, "only {edited} edits");
}
