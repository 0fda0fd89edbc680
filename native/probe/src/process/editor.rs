//! Which editor a gopls seems to belong to: a name for the list of processes, nothing depends on it.

use super::Ancestor;

/// Command names of editors, with what people call them. Prefixes, because Linux cuts names at 15 bytes.
const EDITORS: [(&str, &str); 15] = [
    ("code-server", "code-server"),
    ("code-insiders", "VS Code Insiders"),
    ("code", "VS Code"),
    ("cursor", "Cursor"),
    ("windsurf", "Windsurf"),
    ("codium", "VSCodium"),
    ("electron", "Electron"),
    ("nvim", "Neovim"),
    ("vim", "Vim"),
    ("emacs", "Emacs"),
    ("hx", "Helix"),
    ("helix", "Helix"),
    ("zed", "Zed"),
    ("sublime_text", "Sublime Text"),
    ("kate", "Kate"),
];

/// The editor that an ancestor looks like.
pub(super) fn editor_of(ancestor: &Ancestor) -> Option<String> {
    let name = ancestor.name.to_ascii_lowercase();
    let name = name.strip_suffix(".exe").unwrap_or(&name);
    if let Some((_, title)) = EDITORS.iter().find(|(prefix, _)| {
        name == *prefix || name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with([' ', '-', '_']))
    }) {
        return Some((*title).to_owned());
    }
    // Remote extension hosts and code-server run under a plain `node` (whose threads may rename themselves).
    ancestor.argv.iter().take(4).find_map(|argument| {
        if argument.contains("code-server") {
            Some("code-server".to_owned())
        } else if argument.contains("vscode-server") || argument.contains("bootstrap-fork") {
            Some("VS Code".to_owned())
        } else {
            None
        }
    })
}
