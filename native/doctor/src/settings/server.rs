//! What the user's own gopls says of itself: its options (`gopls api-json`) and its flags (`gopls help`, `gopls help serve`).
//! Nothing about a gopls is taken from a list that we carry as long as it can be asked.

use std::collections::BTreeMap;

use serde::Deserialize;

const MAX_OPTIONS: usize = 1_000;
const MAX_KEYS: usize = 5_000;
const MAX_FLAGS: usize = 500;

/// A gopls and what it knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Server {
    /// `v0.23.0`; absent for a build of one's own.
    pub version: Option<String>,
    /// By name.
    pub options: BTreeMap<String, ServerOption>,
    /// What it takes in front of a command, and without one.
    pub flags: Flags,
    /// What it takes behind `serve`.
    pub serve_flags: Flags,
}

/// Flags by name, and what value must follow (`string`, `duration`); none for switches.
pub type Flags = BTreeMap<String, Option<String>>;

/// An option as gopls describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerOption {
    /// What it takes.
    pub kind: Kind,
    /// As JSON.
    pub default: serde_json::Value,
    /// `experimental`, `advanced`, `debug` or nothing.
    pub status: String,
    /// What it says where it is deprecated.
    pub deprecation: Option<String>,
    /// `ui.diagnostic`; may be empty.
    pub hierarchy: String,
    /// Of a map: the names it may have, and whether they are on without being named. Empty: any.
    pub keys: BTreeMap<String, bool>,
}

/// What an option takes.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// `true` or `false`
    Bool,
    /// A text.
    Text,
    /// A list of texts.
    TextList,
    /// An object of texts.
    TextMap,
    /// An object of `true` and `false`.
    BoolMap,
    /// One of these JSON values; texts in any case.
    OneOf(Vec<serde_json::Value>),
    /// A text like `1.5s`.
    Duration,
    /// A whole number.
    Whole,
    /// Something that we do not know: not judged.
    Unknown,
}

/// Why gopls's answer is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// Not the JSON we know.
    #[error("what gopls api-json printed is not understood: {0}")]
    Options(String),
    /// No flag in the help.
    #[error("what gopls help printed names no flags")]
    Flags,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ApiJson {
    options: BTreeMap<String, Vec<ApiOption>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ApiOption {
    name: String,
    #[serde(rename = "Type", default)]
    kind: String,
    #[serde(default)]
    enum_values: Option<Vec<ApiValue>>,
    #[serde(default)]
    enum_keys: Option<ApiKeys>,
    #[serde(default)]
    default: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    hierarchy: String,
    #[serde(default)]
    deprecation_message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ApiValue {
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ApiKeys {
    #[serde(default)]
    keys: Option<Vec<ApiKey>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ApiKey {
    name: String,
    #[serde(default)]
    default: String,
}

impl Server {
    /// Reads what it printed.
    pub fn read(
        version: Option<String>,
        api: &[u8],
        help: &str,
        help_serve: &str,
    ) -> Result<Self, ServerError> {
        let api: ApiJson =
            serde_json::from_slice(api).map_err(|error| ServerError::Options(error.to_string()))?;
        let options: BTreeMap<_, _> = api
            .options
            .into_values()
            .flatten()
            .take(MAX_OPTIONS)
            .map(|o| (o.name.clone(), option(o)))
            .collect();
        if options.is_empty() {
            return Err(ServerError::Options("it has no options".into()));
        }
        let (flags, serve_flags) = (flags(help), flags(help_serve));
        if flags.is_empty() || serve_flags.is_empty() {
            return Err(ServerError::Flags);
        }
        Ok(Self { version, options, flags, serve_flags })
    }

    /// Whether it is as new as this version. Unknown for a build of one's own.
    pub fn is_from(&self, version: &str) -> Option<bool> {
        Some(numbers(self.version.as_deref()?)? >= numbers(version)?)
    }
}

/// `v0.23.0-pre.1` as numbers; what stands behind them does not matter here.
fn numbers(version: &str) -> Option<[u32; 3]> {
    let plain = version.strip_prefix('v')?.split(['-', '+']).next()?;
    let mut parts = plain.split('.').map(|part| part.parse().ok());
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

fn option(option: ApiOption) -> ServerOption {
    // Values are printed as Go and JSON spell them alike: "Fuzzy" with its quotes, true without.
    let values = || {
        let values = option.enum_values.iter().flatten().take(MAX_KEYS);
        values.filter_map(|value| serde_json::from_str(&value.value).ok()).collect::<Vec<_>>()
    };
    let kind = match option.kind.as_str() {
        "bool" => Kind::Bool,
        "string" => Kind::Text,
        "[]string" => Kind::TextList,
        "map[string]string" => Kind::TextMap,
        "map[string]bool" | "map[enum]bool" => Kind::BoolMap,
        "time.Duration" => Kind::Duration,
        "int" | "int64" => Kind::Whole,
        "enum" => match values() {
            values if values.is_empty() => Kind::Unknown,
            values => Kind::OneOf(values),
        },
        _ => Kind::Unknown,
    };
    let keys = option.enum_keys.and_then(|keys| keys.keys).unwrap_or_default();
    // Some versions print the names of a map with quotes.
    let named = |key: ApiKey| (key.name.trim_matches('"').to_owned(), key.default == "true");
    let keys = keys.into_iter().take(MAX_KEYS).map(named);
    ServerOption {
        kind,
        default: serde_json::from_str(&option.default).unwrap_or_default(),
        status: option.status,
        deprecation: Some(option.deprecation_message.trim().to_owned()).filter(|text| !text.is_empty()),
        hierarchy: option.hierarchy,
        keys: keys.collect(),
    }
}

/// The flags in a help text: lines of two spaces and `-name`, `-short,-long` or `-name=type`.
fn flags(help: &str) -> Flags {
    let mut flags = Flags::new();
    for line in help.lines() {
        let Some(flag) = line.strip_prefix("  -") else { continue };
        let names = flag.split_whitespace().next().unwrap_or_default();
        let (names, value) =
            names.split_once('=').map_or((names, None), |(names, value)| (names, Some(value)));
        for name in names.split(',').map(|name| name.trim_start_matches('-')) {
            if !name.is_empty() && flags.len() < MAX_FLAGS {
                flags.insert(name.to_owned(), value.map(Into::into));
            }
        }
    }
    flags
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// A gopls with one option of each kind; the real ones are asked in test/doctor.
    pub fn server() -> Server {
        let option = |name: &str, kind: &str, default: &str, hierarchy: &str| {
            json!({ "Name": name, "Type": kind, "Default": default, "Hierarchy": hierarchy, "Status": "",
                "EnumValues": null, "EnumKeys": { "ValueType": "", "Keys": null }, "DeprecationMessage": "" })
        };
        let mut options = vec![
            option("staticcheck", "bool", "false", "ui.diagnostic"),
            option("semanticTokens", "bool", "false", "ui"),
            option("expandWorkspaceToModule", "bool", "true", "build"),
            option("local", "string", "\"\"", "formatting"),
            option("buildFlags", "[]string", "[]", "build"),
            option("directoryFilters", "[]string", "[\"-**/node_modules\"]", "build"),
            option("env", "map[string]string", "{}", "build"),
            option("analyses", "map[string]bool", "{}", "ui.diagnostic"),
            option("matcher", "enum", "\"Fuzzy\"", "ui.completion"),
            option("linksInHover", "enum", "true", "ui.documentation"),
            option("diagnosticsDelay", "time.Duration", "\"1s\"", "ui.diagnostic"),
            option("completionBudget", "time.Duration", "\"100ms\"", "ui.completion"),
            option("maxFileCacheBytes", "int64", "0", ""),
            option("verboseOutput", "bool", "false", ""),
            option("memoryMode", "string", "\"\"", "build"),
            option("noSemanticString", "bool", "false", "ui"),
        ];
        options[1]["Status"] = json!("experimental");
        options[7]["EnumKeys"]["Keys"] = json!([{ "Name": "\"unusedparams\"", "Default": "true" }, { "Name": "shadow", "Default": "false" }]);
        options[8]["EnumValues"] = json!([{ "Value": "\"Fuzzy\"" }, { "Value": "\"CaseSensitive\"" }]);
        options[9]["EnumValues"] =
            json!([{ "Value": "false" }, { "Value": "true" }, { "Value": "\"gopls\"" }]);
        options[15]["DeprecationMessage"] = json!("use SemanticTokenTypes instead\n");
        let api = json!({ "Options": { "User": options } }).to_string();
        let serve = "server-flags:\n  -debug=string\n    \tserve -x\n  -listen.timeout=duration\n  -logfile=string\n  -mode=string\n  -rpc.trace\n";
        let help = format!("{serve}  -remote=string\n  -v,-verbose\n    \tverbose output\n");
        Server::read(Some("v0.23.0".into()), api.as_bytes(), &help, serve).expect("it is read")
    }

    #[test]
    fn options_and_flags_are_read() {
        let server = server();
        let keys: Vec<_> =
            server.options["analyses"].keys.iter().map(|(name, on)| (name.as_str(), *on)).collect();
        assert_eq!(keys, [("shadow", false), ("unusedparams", true)]);
        assert_eq!(
            server.options["linksInHover"].kind,
            Kind::OneOf(vec![json!(false), json!(true), json!("gopls")])
        );
        assert_eq!(server.options["directoryFilters"].default, json!(["-**/node_modules"]));
        let names: Vec<_> =
            server.flags.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        let expected = [
            ("debug", Some("string")),
            ("listen.timeout", Some("duration")),
            ("logfile", Some("string")),
            ("mode", Some("string")),
            ("remote", Some("string")),
            ("rpc.trace", None),
            ("v", None),
            ("verbose", None),
        ];
        assert_eq!(names, expected);
        assert!(!server.serve_flags.contains_key("remote"));
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        let server = server();
        assert_eq!(server.is_from("v0.9.1"), Some(true));
        assert_eq!(server.is_from("v0.24.0"), Some(false));
        let own = Server { version: Some("(devel)".into()), ..server };
        assert_eq!(own.is_from("v0.9.1"), None);
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_refused(
            api in prop::collection::vec(any::<u8>(), 0..200),
            help in any::<String>(),
        ) {
            let _ = Server::read(None, &api, &help, &help);
            flags(&help);
        }
    }
}
