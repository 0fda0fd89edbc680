//! The messages gopls serves, and the names of the functions that serve them.

/// Whether the sender waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Answered by exactly one reply.
    Request,
    /// Never answered.
    Notification,
}

use Kind::{Notification, Request};

/// Method, gopls's handler `(*server).NAME`, kind. Complete for v0.18.1 to v0.24.0, whose tables differ only in
/// that `command/resolve` and `interactive/listEnum` came with v0.22.0. By method, for the binary search.
const METHODS: [(&str, &str, Kind); 76] = [
    ("$/progress", "Progress", Notification),
    ("$/setTrace", "SetTrace", Notification),
    ("callHierarchy/incomingCalls", "IncomingCalls", Request),
    ("callHierarchy/outgoingCalls", "OutgoingCalls", Request),
    ("codeAction/resolve", "ResolveCodeAction", Request),
    ("codeLens/resolve", "ResolveCodeLens", Request),
    ("command/resolve", "ResolveCommand", Request),
    ("completionItem/resolve", "ResolveCompletionItem", Request),
    ("documentLink/resolve", "ResolveDocumentLink", Request),
    ("exit", "Exit", Notification),
    ("initialize", "Initialize", Request),
    ("initialized", "Initialized", Notification),
    ("inlayHint/resolve", "Resolve", Request),
    ("interactive/listEnum", "InteractiveListEnum", Request),
    ("notebookDocument/didChange", "DidChangeNotebookDocument", Notification),
    ("notebookDocument/didClose", "DidCloseNotebookDocument", Notification),
    ("notebookDocument/didOpen", "DidOpenNotebookDocument", Notification),
    ("notebookDocument/didSave", "DidSaveNotebookDocument", Notification),
    ("shutdown", "Shutdown", Request),
    ("textDocument/codeAction", "CodeAction", Request),
    ("textDocument/codeLens", "CodeLens", Request),
    ("textDocument/colorPresentation", "ColorPresentation", Request),
    ("textDocument/completion", "Completion", Request),
    ("textDocument/declaration", "Declaration", Request),
    ("textDocument/definition", "Definition", Request),
    ("textDocument/diagnostic", "Diagnostic", Request),
    ("textDocument/didChange", "DidChange", Notification),
    ("textDocument/didClose", "DidClose", Notification),
    ("textDocument/didOpen", "DidOpen", Notification),
    ("textDocument/didSave", "DidSave", Notification),
    ("textDocument/documentColor", "DocumentColor", Request),
    ("textDocument/documentHighlight", "DocumentHighlight", Request),
    ("textDocument/documentLink", "DocumentLink", Request),
    ("textDocument/documentSymbol", "DocumentSymbol", Request),
    ("textDocument/foldingRange", "FoldingRange", Request),
    ("textDocument/formatting", "Formatting", Request),
    ("textDocument/hover", "Hover", Request),
    ("textDocument/implementation", "Implementation", Request),
    ("textDocument/inlayHint", "InlayHint", Request),
    ("textDocument/inlineCompletion", "InlineCompletion", Request),
    ("textDocument/inlineValue", "InlineValue", Request),
    ("textDocument/linkedEditingRange", "LinkedEditingRange", Request),
    ("textDocument/moniker", "Moniker", Request),
    ("textDocument/onTypeFormatting", "OnTypeFormatting", Request),
    ("textDocument/prepareCallHierarchy", "PrepareCallHierarchy", Request),
    ("textDocument/prepareRename", "PrepareRename", Request),
    ("textDocument/prepareTypeHierarchy", "PrepareTypeHierarchy", Request),
    ("textDocument/rangeFormatting", "RangeFormatting", Request),
    ("textDocument/rangesFormatting", "RangesFormatting", Request),
    ("textDocument/references", "References", Request),
    ("textDocument/rename", "Rename", Request),
    ("textDocument/selectionRange", "SelectionRange", Request),
    ("textDocument/semanticTokens/full", "SemanticTokensFull", Request),
    ("textDocument/semanticTokens/full/delta", "SemanticTokensFullDelta", Request),
    ("textDocument/semanticTokens/range", "SemanticTokensRange", Request),
    ("textDocument/signatureHelp", "SignatureHelp", Request),
    ("textDocument/typeDefinition", "TypeDefinition", Request),
    ("textDocument/willSave", "WillSave", Notification),
    ("textDocument/willSaveWaitUntil", "WillSaveWaitUntil", Request),
    ("typeHierarchy/subtypes", "Subtypes", Request),
    ("typeHierarchy/supertypes", "Supertypes", Request),
    ("window/workDoneProgress/cancel", "WorkDoneProgressCancel", Notification),
    ("workspace/diagnostic", "DiagnosticWorkspace", Request),
    ("workspace/didChangeConfiguration", "DidChangeConfiguration", Notification),
    ("workspace/didChangeWatchedFiles", "DidChangeWatchedFiles", Notification),
    ("workspace/didChangeWorkspaceFolders", "DidChangeWorkspaceFolders", Notification),
    ("workspace/didCreateFiles", "DidCreateFiles", Notification),
    ("workspace/didDeleteFiles", "DidDeleteFiles", Notification),
    ("workspace/didRenameFiles", "DidRenameFiles", Notification),
    ("workspace/executeCommand", "ExecuteCommand", Request),
    ("workspace/symbol", "Symbol", Request),
    ("workspace/textDocumentContent", "TextDocumentContent", Request),
    ("workspace/willCreateFiles", "WillCreateFiles", Request),
    ("workspace/willDeleteFiles", "WillDeleteFiles", Request),
    ("workspace/willRenameFiles", "WillRenameFiles", Request),
    ("workspaceSymbol/resolve", "ResolveWorkspaceSymbol", Request),
];

/// The kind of a method, `None` for one that gopls does not serve.
pub fn kind(method: &str) -> Option<Kind> {
    let index = METHODS.binary_search_by(|row| row.0.cmp(method)).ok()?;
    Some(METHODS[index].2)
}

/// The method that `(*server).handler` serves.
pub(crate) fn served_by(handler: &str) -> Option<&'static str> {
    METHODS.iter().find(|row| row.1 == handler).map(|row| row.0)
}

/// How readily gopls lets later messages pass one that it serves: 0 never, 1 for some commands (tests, `govulncheck`),
/// 2 as soon as it has begun.
pub(crate) fn lets_pass(method: &str) -> u8 {
    match method {
        "textDocument/diagnostic" => 2,
        "workspace/executeCommand" => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_unambiguous() {
        assert!(METHODS.is_sorted_by(|a, b| a.0 < b.0));
        for (method, handler, what) in METHODS {
            assert_eq!(kind(method), Some(what));
            assert_eq!(served_by(handler), Some(method));
        }
    }

    #[test]
    fn strangers_have_no_kind() {
        assert_eq!(kind("textDocument/unheardOf"), None);
        assert_eq!(served_by("diagnose"), None);
    }
}
