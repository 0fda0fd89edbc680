//! Who and where this is: what a report must not tell.

use std::path::{Path, PathBuf};

use stallscope_core::model::Incident;
use stallscope_core::report::{Hidden, ReportRequest};

/// Names are read once, each of them short.
const MOST_WORDS: usize = 100;
const LONGEST_WORD: usize = 4096;

/// What is to be hidden: what the caller names, and what this process knows of itself.
pub(super) fn hidden(
    request: &ReportRequest,
    incident: &Incident,
    workspace: &[String],
    modules: Vec<String>,
) -> Hidden {
    let home = std::env::home_dir().map(|home| home.to_string_lossy().into_owned());
    let homes: Vec<String> =
        request.homes.iter().cloned().chain(home).filter(|home| !home.is_empty()).collect();
    let mut workspaces: Vec<Vec<String>> = Vec::new();
    for folder in incident.workspace.iter().chain(workspace).filter(|folder| !folder.is_empty()) {
        let spellings = spellings(folder);
        if !workspaces.iter().any(|known| known.contains(folder)) {
            workspaces.push(spellings);
        }
    }
    let of_environment =
        |names: &[&str]| names.iter().filter_map(|name| std::env::var(name).ok()).collect::<Vec<_>>();
    let mut user_names = capped(&request.user_names);
    user_names.extend(of_environment(&["USER", "LOGNAME", "USERNAME"]));
    // An account's folder is called like the account.
    user_names.extend(
        homes.iter().filter_map(|home| Some(Path::new(home).file_name()?.to_string_lossy().into_owned())),
    );
    let mut host_names = capped(&request.host_names);
    host_names.extend(of_environment(&["HOSTNAME", "COMPUTERNAME"]));
    // Linux; elsewhere there is no such file.
    host_names
        .extend(std::fs::read_to_string("/proc/sys/kernel/hostname").map(|name| name.trim().to_owned()));
    Hidden {
        homes: homes.iter().flat_map(|home| spellings(home)).collect(),
        workspaces,
        user_names: unique(user_names),
        host_names: unique(host_names),
        modules: if request.hide_names { modules } else { Vec::new() },
        file_names: request.hide_names,
        words: capped(&request.also_hide),
        ignore_case: cfg!(any(windows, target_os = "macos")),
    }
}

/// A folder as it is called, and as it is called when links are resolved.
fn spellings(folder: &str) -> Vec<String> {
    let resolved = PathBuf::from(folder).canonicalize().map(|path| path.to_string_lossy().into_owned());
    // Windows resolves to `\\?\C:\…`.
    let resolved = resolved.map(|path| path.strip_prefix(r"\\?\").unwrap_or(&path).to_owned());
    unique(std::iter::once(folder.to_owned()).chain(resolved).collect())
}

fn capped(words: &[String]) -> Vec<String> {
    words.iter().filter(|word| word.len() <= LONGEST_WORD).take(MOST_WORDS).cloned().collect()
}

fn unique(mut words: Vec<String>) -> Vec<String> {
    words.retain(|word| !word.is_empty());
    words.sort();
    words.dedup();
    words
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use stallscope_core::report::Redactor;

    use super::*;

    #[test]
    fn a_linked_folder_is_hidden_by_both_its_paths() {
        let root = tempfile::tempdir().unwrap();
        let real = root.path().canonicalize().unwrap().join("real/plan");
        let link = root.path().join("link");
        std::fs::create_dir_all(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let folder = link.to_string_lossy().into_owned();
        let hidden = Hidden { workspaces: vec![spellings(&folder)], ..Hidden::default() };
        let text = format!("{folder}/a.go {}/b.go", real.display());
        assert_eq!(Redactor::new(&hidden).text(&text), "$WORKSPACE/a.go $WORKSPACE/b.go");
    }

    #[test]
    fn a_folder_that_is_not_there_is_hidden_as_it_is_called() {
        assert_eq!(spellings("/nowhere/at/all"), ["/nowhere/at/all"]);
    }
}
