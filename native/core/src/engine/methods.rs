//! Which LSP methods a person waits for.

/// What a method means for somebody in front of the editor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A person asked and waits: hover, definition, completion.
    Interactive,
    /// Interactive during a save (code actions and formatting on save), the editor's own idea otherwise.
    SaveStep,
    /// The editor asks by itself: code lenses, folding, inlay hints. Nobody sees "Loading…".
    Background,
    /// Not a wait of the editor: notifications, start-up, commands (which may run a whole test suite, and ours ask gopls what
    /// is in its workspace).
    Ignored,
}

/// The role of `method`. Unknown methods count as background: they never accuse, they are only shown.
pub fn role(method: &str) -> Role {
    match method {
        "textDocument/hover"
        | "textDocument/definition"
        | "textDocument/declaration"
        | "textDocument/typeDefinition"
        | "textDocument/implementation"
        | "textDocument/references"
        | "textDocument/completion"
        | "completionItem/resolve"
        | "textDocument/signatureHelp"
        | "textDocument/rename"
        | "textDocument/prepareRename"
        | "textDocument/prepareCallHierarchy"
        | "callHierarchy/incomingCalls"
        | "callHierarchy/outgoingCalls"
        | "textDocument/prepareTypeHierarchy"
        | "typeHierarchy/supertypes"
        | "typeHierarchy/subtypes"
        | "workspace/symbol"
        | "codeAction/resolve"
        | SAVE => Role::Interactive,
        "textDocument/codeAction"
        | "textDocument/formatting"
        | "textDocument/rangeFormatting"
        | "textDocument/willSaveWaitUntil" => Role::SaveStep,
        "initialize" | "initialized" | "shutdown" | "exit" | "workspace/executeCommand" => Role::Ignored,
        _ if is_notification(method) => Role::Ignored,
        _ => Role::Background,
    }
}

/// The pseudo method of a save as a whole, will-save to did-save.
pub const SAVE: &str = "save";

/// Whether a wait for `method` explains itself; a save is explained by the steps inside it only in part, so it stays
/// the main request of its own stall, while `resolve` requests only fill in another request's answer.
pub fn is_wait_itself(method: &str) -> bool {
    !method.ends_with("/resolve")
}

/// Whether gopls, serving `served`, works for somebody who waits for `method`.
pub fn serves(method: &str, served: &str) -> bool {
    method == served || method == SAVE && (role(served) == Role::SaveStep || served == "textDocument/didSave")
}

/// Whether `method` is one of the notifications that gopls counts beside its requests.
pub fn is_notification(method: &str) -> bool {
    method.starts_with("$/")
        || method.starts_with("workspace/did")
        || method.starts_with("notebookDocument/did")
        || method.starts_with("window/")
        || matches!(
            method,
            "textDocument/didOpen"
                | "textDocument/didChange"
                | "textDocument/didClose"
                | "textDocument/didSave"
                | "textDocument/willSave"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_of_the_methods_people_wait_for() {
        assert_eq!(role("textDocument/hover"), Role::Interactive);
        assert_eq!(role("textDocument/formatting"), Role::SaveStep);
        assert_eq!(role("textDocument/codeLens"), Role::Background);
        assert_eq!(role("textDocument/didOpen"), Role::Ignored);
        assert_eq!(role("workspace/didChangeWatchedFiles"), Role::Ignored);
        assert_eq!(role("workspace/executeCommand"), Role::Ignored);
        assert_eq!(role("textDocument/newInSomeLaterVersion"), Role::Background);
    }
}
