//! The settings files that count for a folder, from disk or from the editor.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use stallscope_doctor::settings::{Document, DocumentError, MAX_FILE_BYTES, Workspace};
use stallscope_doctor::workspace::{OpenTogether, joined};
use stallscope_doctor::{NotExamined, Scope};

use super::SettingsAsked;

/// A workspace of more folders is not one that somebody works in.
const MAX_FOLDERS: usize = 100;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Of the user and of the `.code-workspace` file, the weakest first: they count for every folder.
    pub common: Vec<Document>,
    /// The folder's own, which is the workspace's where no other folder is open; without settings where there is no file, none where
    /// it cannot be read.
    pub own: Option<Document>,
    /// Of the other folders, those that have one.
    pub others: Vec<Document>,
    /// The folders that are open together; none where one is open by itself.
    pub together: Option<OpenTogether>,
    pub not_read: Vec<NotExamined>,
}

/// Reads them. A folder that is open by itself is the workspace; beside a `.code-workspace` file it is one of its folders.
pub(super) fn read(folder: &Path, asked: &SettingsAsked) -> Files {
    let mut files = Files::default();
    for path in &asked.user {
        let document =
            files.read(asked, path, |text| Document::read(&path.display().to_string(), Scope::User, text));
        files.common.extend(document);
    }
    let workspace = asked.code_workspace.as_ref().and_then(|path| {
        files.read(asked, path, |text| Document::read_workspace(&path.display().to_string(), text))
    });
    let own = settings_of(folder);
    let Some(Workspace { document, folders }) = workspace else {
        files.own = files.read_settings(asked, &own, Scope::Workspace);
        return files;
    };
    let file = PathBuf::from(&document.path);
    let beside = file.parent().unwrap_or(Path::new(""));
    let folders: Vec<PathBuf> = folders.iter().take(MAX_FOLDERS).map(|name| joined(beside, name)).collect();
    files.common.push(document);
    files.own = files.read_settings(asked, &own, Scope::Folder);
    for other in folders.iter().map(|folder| settings_of(folder)).filter(|path| *path != own) {
        let document = files.read_settings(asked, &other, Scope::Folder);
        files.others.extend(document.filter(|document| !document.settings().is_empty()));
    }
    files.together = Some(OpenTogether { folders, file });
    files
}

fn settings_of(folder: &Path) -> PathBuf {
    folder.join(".vscode").join("settings.json")
}

/// The first folder that a `.code-workspace` file names, as it is written.
pub(in crate::doctor) fn first_folder(path: &Path) -> Option<String> {
    let text = capped(path, MAX_FILE_BYTES as u64).ok()?;
    let workspace = Document::read_workspace("", &String::from_utf8_lossy(&text)).ok()?;
    workspace.folders.into_iter().next()
}

impl Files {
    fn read_settings(&mut self, asked: &SettingsAsked, path: &Path, scope: Scope) -> Option<Document> {
        let name = path.display().to_string();
        if !asked.texts.contains_key(path) && !path.exists() {
            return Document::read(&name, scope, "").ok();
        }
        self.read(asked, path, |text| Document::read(&name, scope, text))
    }

    fn read<T>(
        &mut self,
        asked: &SettingsAsked,
        path: &Path,
        parse: impl FnOnce(&str) -> Result<T, DocumentError>,
    ) -> Option<T> {
        let text = match asked.texts.get(path) {
            Some(text) => Ok(text.clone()),
            // One byte more than the cap, so that the door there says what is wrong.
            None => capped(path, MAX_FILE_BYTES as u64 + 1)
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        };
        let read =
            text.map_err(|error| error.to_string()).and_then(|text| parse(&text).map_err(|e| e.to_string()));
        read.map_err(|why| self.not_read.push(NotExamined { what: path.display().to_string(), why })).ok()
    }
}

/// The beginning of a file, and no pipe or device that would never end.
pub(super) fn capped(path: &Path, cap: u64) -> io::Result<Vec<u8>> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(cap).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::*;

    fn keys(document: &Document) -> Vec<&str> {
        document.settings().iter().map(|member| member.name.as_str()).collect()
    }

    #[test]
    fn a_folder_alone_is_the_workspace_and_what_the_editor_shows_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(".vscode/settings.json");
        fs::create_dir(path.parent().expect("one")).expect("it is made");
        fs::write(&path, r#"{ "go.saved": 1 }"#).expect("it is written");
        let user = folder.path().join("user.json");
        fs::write(&user, "{ broken").expect("it is written");
        let mut asked = SettingsAsked { user: vec![user.clone()], ..SettingsAsked::default() };
        let files = read(folder.path(), &asked);
        let own = files.own.expect("it is read");
        assert_eq!((own.scope, keys(&own)), (Scope::Workspace, vec!["go.saved"]));
        assert_eq!(files.not_read[0].what, user.display().to_string());
        asked.texts = BTreeMap::from([(path, r#"{ "go.unsaved": 1 }"#.to_owned())]);
        assert_eq!(keys(&read(folder.path(), &asked).own.expect("it is read")), ["go.unsaved"]);
    }

    #[test]
    fn what_is_no_settings_file_is_said_to_be_not_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(".vscode/settings.json");
        fs::create_dir_all(&path).expect("it is made");
        let why = || read(folder.path(), &SettingsAsked::default()).not_read.remove(0).why;
        assert_eq!(why(), "it is not a file");
        fs::remove_dir(&path).expect("it is ours");
        fs::write(&path, vec![b' '; MAX_FILE_BYTES + 10]).expect("it is written");
        assert!(why().contains("are not read"));
        fs::write(&path, [0xff, 0xfe, b'{']).expect("it is written");
        assert!(why().starts_with("line 1"));
    }

    #[test]
    fn beside_a_workspace_file_folders_have_settings_of_their_own() {
        let root = tempfile::tempdir().expect("a folder");
        for name in ["a", "b"] {
            let settings = root.path().join(name).join(".vscode");
            fs::create_dir_all(&settings).expect("it is made");
            fs::write(settings.join("settings.json"), format!(r#"{{ "go.{name}": 1 }}"#))
                .expect("it is written");
        }
        let file = root.path().join("x.code-workspace");
        let text = r#"{ "folders": [{ "path": "a" }, { "path": "none" }, { "path": "b" }], "settings": { "go.w": 1 } }"#;
        fs::write(&file, text).expect("it is written");
        let asked = SettingsAsked { code_workspace: Some(file), ..SettingsAsked::default() };
        let files = read(&root.path().join("b"), &asked);
        let read = |documents: &[Document]| -> Vec<String> {
            documents.iter().map(|document| format!("{:?} {:?}", document.scope, keys(document))).collect()
        };
        assert_eq!(read(&files.common), [r#"Workspace ["go.w"]"#]);
        assert_eq!(read(files.own.as_slice()), [r#"Folder ["go.b"]"#]);
        assert_eq!(read(&files.others), [r#"Folder ["go.a"]"#]);
        let folders = files.together.expect("they are open together").folders;
        assert_eq!(folders, ["a", "none", "b"].map(|name| root.path().join(name)));
        assert!(files.not_read.is_empty(), "{:?}", files.not_read);
    }
}
