//! Whose a gopls is: told by the processes above it and the data file `rules/owners.json`.

use serde::Serialize;
use serde_json::Value;

use crate::rule_file::{Fields, RuleError, problem, text};

const BUILT_IN: &[u8] = include_bytes!("../../rules/owners.json");
const FORMAT: u64 = 1;
const MOST_OWNERS: usize = 200;
const MOST_NAMES: usize = 100;
const MOST_CHARS: usize = 60;
const MOST_FLAGS_CHARS: usize = 300;
/// The script is behind the interpreter and a few flags of it.
const SCRIPT_WITHIN: usize = 5;
/// The flag's place in a text on how flags are set.
const FLAG: &str = "{flag}";

/// What somebody who uses gopls is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnerKind {
    /// A person's editor.
    Editor,
    /// A coding agent.
    Agent,
    /// None that is known.
    Unknown,
}

impl OwnerKind {
    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Editor => "editor",
            Self::Agent => "agent",
            Self::Unknown => "unknown",
        }
    }
}

/// Who uses a gopls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// What it is.
    pub kind: OwnerKind,
    /// Its name; of an unknown one that of the process that started gopls.
    pub name: String,
    /// Its process; of an unknown one the parent.
    pub pid: u32,
    /// The editor whose terminal an agent runs in.
    pub within: Option<String>,
}

/// A process above gopls, as the system names it.
#[derive(Debug, Clone, Copy)]
pub struct Program<'a> {
    /// Its id.
    pub pid: u32,
    /// Its command name, which Linux cuts at 15 bytes.
    pub name: &'a str,
    /// Its command line.
    pub argv: &'a [String],
}

#[derive(Debug, Clone, PartialEq)]
struct OwnerRule {
    name: String,
    kind: OwnerKind,
    programs: Vec<String>,
    paths: Vec<String>,
    flags: Option<String>,
}

/// The checked rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Owners {
    owners: Vec<OwnerRule>,
    passed_through: Vec<String>,
    interpreters: Vec<String>,
}

impl Owners {
    /// The rules that come with Stallscope.
    pub fn built_in() -> Result<Self, RuleError> {
        Self::parse(BUILT_IN)
    }

    fn parse(file: &[u8]) -> Result<Self, RuleError> {
        let at = || "owner rules".to_owned();
        let value: Value =
            serde_json::from_slice(file).map_err(|error| problem(at(), format!("is not JSON: {error}")))?;
        let mut fields = Fields::new(at(), value)?;
        fields.whole("format", FORMAT..=FORMAT)?;
        let mut owners: Vec<OwnerRule> = Vec::new();
        for (place, value) in fields.list("owners", MOST_OWNERS)? {
            let rule = rule(&place, value)?;
            if owners.iter().any(|other| other.name == rule.name) {
                return Err(problem(place, format!("there is another owner {:?} in this file", rule.name)));
            }
            owners.push(rule);
        }
        let passed_through = names(&mut fields, "passed_through")?;
        let interpreters = names(&mut fields, "interpreters")?;
        fields.end()?;
        Ok(Self { owners, passed_through, interpreters })
    }

    /// Who uses the gopls that has these processes above it, its parent first.
    pub fn owner(&self, above: &[Program<'_>]) -> Owner {
        let known = |program: &Program<'_>| self.known(program).map(|rule| (rule, program.pid));
        let mut found = above.iter().filter_map(known);
        if let Some((rule, pid)) = found.next() {
            let is_agent = rule.kind == OwnerKind::Agent;
            let editor = found.find(|(outer, _)| is_agent && outer.kind == OwnerKind::Editor);
            return Owner {
                kind: rule.kind,
                name: rule.name.clone(),
                pid,
                within: editor.map(|(outer, _)| outer.name.clone()),
            };
        }
        let telling = above.iter().find(|program| !self.passes(program.name)).or(above.first());
        Owner {
            kind: OwnerKind::Unknown,
            name: telling.map_or_else(|| "none".to_owned(), |program| program.name.to_owned()),
            pid: telling.map_or(0, |program| program.pid),
            within: None,
        }
    }

    /// The editor or agent that a process is.
    pub fn name_of(&self, program: &Program<'_>) -> Option<&str> {
        self.known(program).map(|rule| &*rule.name)
    }

    /// How a flag of gopls is set there, when that is known.
    pub fn how_to_set(&self, owner: &str, flag: &str) -> Option<String> {
        let rule = self.owners.iter().find(|rule| rule.name == owner)?;
        rule.flags.as_ref().map(|how| how.replace(FLAG, flag))
    }

    fn known(&self, program: &Program<'_>) -> Option<&OwnerRule> {
        // An interpreter is whatever it runs: by the name of its script, or by where that lies.
        let file = program.argv.first().map_or("", |argument| file_name(argument));
        let interprets = self.interpreters.iter().any(|name| is_called(file, name));
        let script = program.argv.iter().skip(1).take(SCRIPT_WITHIN).find(|word| !word.starts_with('-'));
        let called = [Some(program.name), Some(file), script.filter(|_| interprets).map(|word| stem(word))];
        let lies = |path: &String| program.argv.iter().take(SCRIPT_WITHIN).any(|word| word.contains(&**path));
        self.owners.iter().find(|rule| {
            called.iter().flatten().any(|name| rule.programs.iter().any(|program| is_called(name, program)))
                || rule.paths.iter().any(lies)
        })
    }

    fn passes(&self, name: &str) -> bool {
        self.passed_through.iter().any(|passed| is_called(name, passed))
    }
}

/// Whether a process of this name is that program: with a version or a part behind it (`emacs-30.1`, `Code Helper`) as well.
fn is_called(name: &str, program: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix(".exe").unwrap_or(&name).trim_start_matches('-');
    // A dot: `python3.12`.
    name == program || name.strip_prefix(program).is_some_and(|rest| rest.starts_with([' ', '-', '_', '.']))
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The file's name without its ending.
fn stem(path: &str) -> &str {
    let name = file_name(path);
    name.split_once('.').map_or(name, |(stem, _)| stem)
}

fn rule(place: &str, value: Value) -> Result<OwnerRule, RuleError> {
    let mut fields = Fields::new(format!("owner ({place})"), value)?;
    let name = fields.text("name", MOST_CHARS)?;
    let kind = fields.choice("kind", &[("editor", OwnerKind::Editor), ("agent", OwnerKind::Agent)])?;
    let programs = names(&mut fields, "programs")?;
    if programs.is_empty() {
        return fields.wrong("programs", "needs at least one name");
    }
    let paths = names(&mut fields, "paths")?;
    let place = fields.place("flags");
    let flags = fields.optional("flags").map(|value| text(place, value, MOST_FLAGS_CHARS)).transpose()?;
    if flags.as_ref().is_some_and(|flags| !flags.contains(FLAG)) {
        return fields.wrong("flags", format!("must contain {FLAG}"));
    }
    fields.end()?;
    Ok(OwnerRule { name, kind, programs, paths, flags })
}

fn names(fields: &mut Fields, field: &'static str) -> Result<Vec<String>, RuleError> {
    let list = fields.list(field, MOST_NAMES)?;
    list.into_iter().map(|(at, value)| text(at, value, MOST_CHARS)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Each line is a process: its name, and its command line where that is another. gopls's parent comes first.
    fn owner(above: &[&str]) -> Owner {
        let lines: Vec<(String, Vec<String>)> = above
            .iter()
            .map(|line| {
                let (name, command) = line.split_once(" = ").unwrap_or((line, line));
                (name.to_owned(), command.split(' ').map(str::to_owned).collect())
            })
            .collect();
        let programs: Vec<Program<'_>> =
            lines.iter().zip(100..).map(|((name, argv), pid)| Program { pid, name, argv }).collect();
        Owners::built_in().unwrap().owner(&programs)
    }

    fn named(above: &[&str]) -> String {
        let Owner { kind, name, within, .. } = owner(above);
        format!("{} {name}{}", kind.name(), within.map_or(String::new(), |outer| format!(" in {outer}")))
    }

    #[test]
    fn editors_by_their_name_through_shells_and_multiplexers() {
        let shells = ["bash = -bash", "tmux: server = tmux new", "systemd"];
        for (parent, wanted) in [
            ("nvim = /usr/bin/nvim --embed main.go", "editor Neovim"),
            ("vim", "editor Vim"),
            ("emacs-30.1 = emacs", "editor Emacs"),
            ("hx = hx .", "editor Helix"),
            ("zed-editor = /usr/libexec/zed-editor", "editor Zed"),
            ("plugin_host-3.8 = /opt/sublime_text/plugin_host-3.8", "editor Sublime Text"),
            ("kak-lsp = kak-lsp -s 1", "editor Kakoune"),
            ("code = /usr/share/code/code --type=utility", "editor VS Code"),
            ("Code Helper (Pl = /Applications/x --type=utility", "editor VS Code"),
            ("code-insiders", "editor VS Code Insiders"),
            ("cursor = /opt/cursor/cursor --type=utility", "editor Cursor"),
            ("node = /root/.vscode-server/bin/1/node out/server-main.js", "editor VS Code"),
            (
                "node = /usr/lib/code-server/lib/node /usr/lib/code-server/out/bootstrap-fork",
                "editor code-server",
            ),
        ] {
            let above: Vec<&str> = [parent].into_iter().chain(shells).collect();
            assert_eq!(named(&above), wanted);
        }
        assert_eq!(named(&["sh = sh -c gopls", "nvim", "zsh"]), "editor Neovim", "a wrapper script");
    }

    #[test]
    fn agents_by_their_name_or_their_script() {
        for (parent, wanted) in [
            ("claude", "agent Claude Code"),
            ("node = node /usr/lib/node_modules/@anthropic-ai/claude-code/cli.js", "agent Claude Code"),
            ("node = node --no-warnings /home/me/.npm/bin/gemini", "agent Gemini CLI"),
            ("python3.12 = /usr/bin/python3.12 /home/me/.local/bin/aider --model x", "agent aider"),
            ("codex = codex resume", "agent Codex"),
            ("opencode", "agent opencode"),
            ("crush", "agent Crush"),
            ("goosed", "agent goose"),
            ("cursor-agent", "agent Cursor agent"),
        ] {
            assert_eq!(named(&[parent, "zsh", "login"]), wanted);
        }
    }

    #[test]
    fn the_nearest_is_the_owner_and_an_agent_is_told_with_its_editor() {
        assert_eq!(named(&["claude", "zsh", "code"]), "agent Claude Code in VS Code");
        assert_eq!(
            named(&["nvim", "zsh", "code"]),
            "editor Neovim",
            "an editor within a terminal is by itself"
        );
        assert_eq!(owner(&["bash", "hx"]).pid, 101);
    }

    #[test]
    fn what_is_not_known_has_its_parents_name() {
        assert_eq!(named(&["bash", "my-runner", "systemd"]), "unknown my-runner");
        assert_eq!(named(&["bash = -bash", "sshd"]), "unknown bash", "nothing but shells");
        assert_eq!(named(&["systemd"]), "unknown systemd", "left behind");
        assert_eq!(named(&[]), "unknown none");
        // Names that only begin alike.
        assert_eq!(named(&["codecov"]), "unknown codecov");
        assert_eq!(named(&["hxd"]), "unknown hxd");
        // A folder of an editor's name in an argument is not that editor.
        assert_eq!(named(&["make = make -C /src/nvim"]), "unknown make");
        assert_eq!(
            named(&["bash = bash /src/claude"]),
            "unknown bash",
            "a shell is no interpreter of agents"
        );
    }

    #[test]
    fn how_flags_are_set() {
        let owners = Owners::built_in().unwrap();
        let how = |owner: &str| owners.how_to_set(owner, "-remote=auto");
        assert_eq!(
            how("Helix").as_deref(),
            Some("in languages.toml under [language-server.gopls]: args = [\"-remote=auto\"]")
        );
        assert_eq!(how("Lapce"), None);
    }

    #[test]
    fn mistakes_in_the_file_are_named() {
        let wrong = |file: &str| Owners::parse(file.as_bytes()).unwrap_err().to_string();
        let owner =
            |fields: &str| format!(r#"{{"format":1,"owners":[{{"name":"X","kind":"agent",{fields}}}]}}"#);
        assert!(wrong(&owner(r#""programs":[]"#)).contains("needs at least one name"));
        assert!(wrong(&owner(r#""programs":["x"],"flags":"somewhere""#)).contains("{flag}"));
        assert!(wrong(&owner(r#""programs":["x"],"path":["y"]"#)).contains("path"));
        assert!(wrong("{").contains("is not JSON"));
    }
}
