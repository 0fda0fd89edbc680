//! What the module cache has of a module, and where that came from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use stallscope_doctor::gomod::Version;

use super::read::beginning;

/// Of repositories and of versions of a module; a person has some hundreds.
const MOST_ENTRIES: usize = 10_000;
/// A line each.
const MOST_BYTES: usize = 64 << 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Info {
    origin: Option<Origin>,
}

#[derive(Deserialize)]
struct Origin {
    #[serde(rename = "URL")]
    url: Option<String>,
}

/// Whether there is any version of a module, so that `go` may load its packages without fetching anything.
pub(super) fn has(cache: &Path, path: &str) -> bool {
    let entries = fs::read_dir(versions_of(cache, path)).into_iter().flatten().flatten().take(MOST_ENTRIES);
    let mut names = entries.map(|entry| PathBuf::from(entry.file_name()));
    // The files themselves may have been unpacked, and the archive removed.
    names.any(|name| name.extension().is_some_and(|kind| kind == "zip" || kind == "ziphash"))
}

/// Of these modules, those that were fetched from their repositories, with the address of each, although a checksum database has not
/// answered for them here: that a proxy had them, nothing shows.
pub(super) fn from_repositories<'a>(
    cache: &Path,
    modules: impl Iterator<Item = &'a Version>,
) -> BTreeMap<String, String> {
    let repositories = repositories(cache);
    let mut found = BTreeMap::new();
    // Most people have none.
    for module in modules.take_while(|_| !repositories.is_empty()) {
        let info = versions_of(cache, &module.path).join(format!("{}.info", escaped(&module.version)));
        let origin =
            beginning(&info, MOST_BYTES).ok().and_then(|info| serde_json::from_slice::<Info>(&info).ok());
        let Some(url) = origin.and_then(|info| info.origin?.url) else { continue };
        if repositories.contains(&url) && !is_in_checksum_database(cache, module) {
            found.insert(module.path.clone(), url);
        }
    }
    found
}

/// The addresses of repositories that `go` has a copy of: `git3:https://…` is what it notes beside each.
fn repositories(cache: &Path) -> BTreeSet<String> {
    let entries =
        fs::read_dir(cache.join("cache").join("vcs")).into_iter().flatten().flatten().take(MOST_ENTRIES);
    let notes =
        entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|kind| kind == "info"));
    let text =
        |path: PathBuf| Some(String::from_utf8_lossy(&beginning(&path, MOST_BYTES).ok()?).into_owned());
    notes.filter_map(text).filter_map(|note| Some(note.trim().split_once(':')?.1.to_owned())).collect()
}

/// Whether a public database has told a checksum of it: then the whole world may know it.
fn is_in_checksum_database(cache: &Path, module: &Version) -> bool {
    let databases = fs::read_dir(cache.join("cache/download/sumdb")).into_iter().flatten().flatten().take(10);
    let asked = format!("{}@{}", escaped(&module.path), escaped(&module.version));
    let mut answers = databases.map(|database| database.path().join("lookup").join(&asked));
    answers.any(|answer| answer.exists())
}

fn versions_of(cache: &Path, path: &str) -> PathBuf {
    cache.join("cache").join("download").join(escaped(path)).join("@v")
}

/// As the cache writes it, for file systems to which `A` and `a` are one. What would lead out of the cache leads nowhere.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.replace("..", "").trim_start_matches('/').chars() {
        if c.is_ascii_uppercase() {
            out.push('!');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn version(path: &str) -> Version {
        Version { path: path.into(), version: "v1.0.0".into() }
    }

    #[test]
    fn a_module_is_where_go_puts_it() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path();
        let write = |path: &str, text: &str| {
            let path = cache.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("cache/download/github.com/!azure/sdk/@v/v1.0.0.zip", "");
        write("cache/download/a.example/only/@v/v1.0.0.mod", "");
        assert!(has(cache, "github.com/Azure/sdk"));
        for absent in ["github.com/azure/sdk", "a.example/only", "b.example/none", "../../etc", "/etc"] {
            assert!(!has(cache, absent), "{absent}");
        }
        let origin = |name: &str, url: &str| {
            write(
                &format!("cache/download/{name}/@v/v1.0.0.info"),
                &format!(r#"{{"Version":"v1.0.0","Origin":{{"VCS":"git","URL":"{url}"}}}}"#),
            );
        };
        origin("corp.example/q", "https://corp.example/q");
        origin("corp.example/r", "https://corp.example/r");
        origin("public.example/s", "https://public.example/s");
        write("cache/vcs/01.info", "git3:https://corp.example/q\n");
        write("cache/vcs/02.info", "git3:https://public.example/s");
        write("cache/download/sumdb/sum.golang.org/lookup/public.example/s@v1.0.0", "");
        let all = ["corp.example/q", "corp.example/r", "public.example/s", "corp.example/none"].map(version);
        let found = from_repositories(cache, all.iter());
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            [("corp.example/q".into(), "https://corp.example/q".into())]
        );
    }
}
