//! What gopls asks its client, and what an editor would answer.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// JSON-RPC's code for a method that is not there.
const METHOD_NOT_FOUND: i64 = -32_601;

/// Answers to gopls, with the settings it was started with.
#[derive(Debug, Clone)]
pub struct Answers {
    /// As under `gopls` in an editor.
    pub settings: BTreeMap<String, Value>,
    /// The folders that are open: URI and name.
    pub folders: Vec<(String, String)>,
}

impl Answers {
    /// The whole message that answers this request.
    pub fn to(&self, request: &Value) -> Value {
        let id = &request["id"];
        match self.result(request) {
            Some(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            None => {
                let message = format!("{} is not there", request["method"]);
                json!({ "jsonrpc": "2.0", "id": id, "error": { "code": METHOD_NOT_FOUND, "message": message } })
            }
        }
    }

    /// `null` is an answer, too.
    fn result(&self, request: &Value) -> Option<Value> {
        Some(match request["method"].as_str()? {
            "workspace/configuration" => {
                let items = request["params"]["items"].as_array()?;
                items.iter().map(|item| self.configuration(item)).collect()
            }
            "workspace/workspaceFolders" => self.workspace_folders(),
            // We change nothing that was not planned.
            "workspace/applyEdit" => {
                json!({ "applied": false, "failureReason": "an experiment is going on" })
            }
            "window/showDocument" => json!({ "success": false }),
            "window/workDoneProgress/create"
            | "window/showMessageRequest"
            | "client/registerCapability"
            | "client/unregisterCapability"
            | "workspace/codeLens/refresh"
            | "workspace/diagnostic/refresh"
            | "workspace/inlayHint/refresh"
            | "workspace/inlineValue/refresh"
            | "workspace/foldingRange/refresh"
            | "workspace/semanticTokens/refresh" => Value::Null,
            _ => return None,
        })
    }

    fn configuration(&self, item: &Value) -> Value {
        match item["section"].as_str() {
            Some("gopls") => json!(self.settings),
            _ => Value::Null,
        }
    }

    /// As `initialize` and a request of gopls want them.
    pub fn workspace_folders(&self) -> Value {
        self.folders.iter().map(|(uri, name)| json!({ "uri": uri, "name": name })).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers() -> Answers {
        Answers {
            settings: BTreeMap::from([("staticcheck".to_owned(), json!(true))]),
            folders: vec![("file:///w".to_owned(), "w".to_owned())],
        }
    }

    #[test]
    fn settings_are_given_for_each_item() {
        let request = json!({ "id": 7, "method": "workspace/configuration", "params": { "items": [
            { "section": "gopls", "scopeUri": "file:///w" }, { "section": "other" }
        ] } });
        let answer = answers().to(&request);
        assert_eq!(answer["id"], 7);
        assert_eq!(answer["result"], json!([{ "staticcheck": true }, null]));
    }

    #[test]
    fn what_is_unknown_is_refused_and_still_answered() {
        let answer = answers().to(&json!({ "id": "a", "method": "gopls/new" }));
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!("a"), &json!(METHOD_NOT_FOUND)));
        let broken = answers().to(&json!({ "id": 1, "method": "workspace/configuration", "params": 3 }));
        assert!(broken["error"].is_object());
    }
}
