//! Takes out of texts what tells who and where: folders, accounts, hosts, and on request the names of modules and files.
//!
//! Everything is replaced by a readable stand-in, the same one in all files of a report, so that what is left still reads:
//! `~`, `$WORKSPACE`, `user-1`, `module-1.example/pkg-2`. Redacting what is redacted changes nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::names::is_telling;
use super::spelling::Spelled;

/// What is to be hidden. The caller knows it; nothing is looked up here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hidden {
    /// The home folder in all its paths (as set, with links resolved).
    pub homes: Vec<String>,
    /// Each workspace folder in all its paths.
    pub workspaces: Vec<Vec<String>>,
    /// Account names.
    pub user_names: Vec<String>,
    /// Names of the machine.
    pub host_names: Vec<String>,
    /// Module paths of the workspace; empty to leave them.
    pub modules: Vec<String>,
    /// Names of files below the workspace folders, and of packages below `modules`, as well.
    pub file_names: bool,
    /// Whatever else must not be read, as whole words.
    pub words: Vec<String>,
    /// Capital and small letters name the same file.
    pub ignore_case: bool,
}

/// What was replaced by what, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct Replaced {
    /// What was there. It is for the eyes of the user, and in no file of the report.
    pub what: String,
    /// What is there now.
    pub by: String,
    /// How often, over all files.
    pub times: u32,
}

/// Which rules apply to a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// All of them.
    All,
    /// Not those for single words: in names of public code a word is what it is there.
    Paths,
}

/// A path or a word that is searched for.
struct Needle {
    /// As it was given, for the list of what was replaced.
    what: String,
    /// In the form of [`Spelled`].
    form: Vec<u8>,
    stand_in: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Home,
    Workspace,
    Module,
    Word,
}

/// A place in a text, found to be hidden.
struct Found {
    /// First byte after it, in the spelled form.
    end: usize,
    what: String,
    by: String,
}

/// See the module's text. It remembers which stand-in it gave to what.
pub struct Redactor {
    needles: Vec<Needle>,
    /// Bytes (small letters) with which something to be hidden can begin: most places of a text need no closer look.
    begins: [bool; 256],
    fold: bool,
    file_names: bool,
    others: BTreeMap<String, usize>,
    packages: BTreeMap<String, usize>,
    files: BTreeMap<String, usize>,
    /// By stand-in: what it stands for, and how often it was put in.
    replaced: BTreeMap<String, (String, u32)>,
}

/// Folders below which every account has one, in the spelled form.
const OF_ALL_USERS: [&str; 2] = ["/home/", "/users/"];
/// Longer texts are taken line by line: what is looked at takes twenty times its size, and no path has two lines.
const LONG_TEXT_BYTES: usize = 64 << 10;
/// Folders beside the accounts.
const NO_ACCOUNTS: [&str; 4] = ["shared", "public", "default", "all users"];

impl Redactor {
    /// A redactor for what is given. What is too short or too common to be searched for is passed over.
    pub fn new(hidden: &Hidden) -> Self {
        let fold = hidden.ignore_case;
        let mut needles = Vec::new();
        let mut path = |what: &str, stand_in: &str, kind| {
            let mut form = Spelled::new(what.trim(), fold).bytes;
            while form.last() == Some(&b'/') {
                form.pop();
            }
            // A root is everywhere: `/`, `C:`.
            let is_root = form.iter().all(|byte| *byte == b'/') || form.len() == 2 && form[1] == b':';
            if !is_root {
                let (what, stand_in) = (what.trim().to_owned(), stand_in.to_owned());
                needles.push(Needle { what, form, stand_in, kind });
            }
        };
        for (index, spellings) in hidden.workspaces.iter().enumerate() {
            let number = if index == 0 { String::new() } else { (index + 1).to_string() };
            for spelling in spellings {
                path(spelling, &format!("$WORKSPACE{number}"), Kind::Workspace);
            }
        }
        hidden.homes.iter().for_each(|home| path(home, "~", Kind::Home));
        for (index, module) in hidden.modules.iter().enumerate() {
            let stand_in = format!("module-{}.example", index + 1);
            path(module, &stand_in, Kind::Module);
            // In the module cache capital letters are written with an exclamation mark.
            let escaped = bang_escaped(module);
            if escaped != *module {
                path(&escaped, &stand_in, Kind::Module);
            }
        }
        let mut word = |what: &str, stand_in: &str| {
            let form = Spelled::new(what.trim(), true).bytes;
            needles.push(Needle {
                what: what.trim().to_owned(),
                form,
                stand_in: stand_in.to_owned(),
                kind: Kind::Word,
            });
        };
        hidden.user_names.iter().filter(|name| is_telling(name)).for_each(|name| word(name, "user"));
        for name in &hidden.host_names {
            let short = name.split('.').next().unwrap_or_default();
            [name.as_str(), short]
                .into_iter()
                .filter(|name| is_telling(name))
                .for_each(|name| word(name, "host"));
        }
        for (index, given) in hidden.words.iter().filter(|given| !given.trim().is_empty()).enumerate() {
            word(given, &format!("hidden-{}", index + 1));
        }
        // The longest first: the workspace before the home folder it is in. Equal ones in the order above.
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.form.len()));
        let mut begins = [false; 256];
        let first = needles.iter().filter_map(|needle| needle.form.first());
        // A separator, for the folders of other accounts.
        first.chain(b"/").for_each(|byte| begins[usize::from(byte.to_ascii_lowercase())] = true);
        Self {
            needles,
            begins,
            fold,
            file_names: hidden.file_names,
            others: BTreeMap::new(),
            packages: BTreeMap::new(),
            files: BTreeMap::new(),
            replaced: BTreeMap::new(),
        }
    }

    /// The text without what is to be hidden.
    pub fn text(&mut self, text: &str) -> String {
        self.text_by(text, Strictness::All)
    }

    /// The same by some of the rules.
    pub fn text_by(&mut self, text: &str, strictness: Strictness) -> String {
        if text.len() <= LONG_TEXT_BYTES {
            return self.part(text, strictness);
        }
        text.split_inclusive('\n').map(|line| self.part(line, strictness)).collect()
    }

    fn part(&mut self, text: &str, strictness: Strictness) -> String {
        let exact = Spelled::new(text, self.fold);
        // The same places, in small letters: words are the same however they are written.
        let lower: Vec<u8> = exact.bytes.to_ascii_lowercase();
        let mut out = String::new();
        let mut copied_to = 0;
        let mut at = 0;
        while at < exact.bytes.len() {
            if !self.begins[usize::from(lower[at])] {
                at += 1;
                continue;
            }
            let Some(found) = self.find_at(&exact, &lower, text, at, strictness) else {
                at += 1;
                continue;
            };
            out.push_str(&text[copied_to..exact.places[at].0]);
            out.push_str(&found.by);
            copied_to = exact.places[found.end - 1].1;
            at = found.end;
            let entry = self.replaced.entry(found.by).or_insert((found.what, 0));
            entry.1 = entry.1.saturating_add(1);
        }
        out.push_str(&text[copied_to..]);
        out
    }

    /// All texts in a value, the names of its fields as well.
    pub fn value(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(list) => list.iter_mut().for_each(|inner| self.value(inner)),
            Value::Object(fields) => {
                let old = std::mem::take(fields);
                for (name, mut inner) in old {
                    self.value(&mut inner);
                    fields.insert(self.text(&name), inner);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// What was replaced so far, the most frequent first.
    pub fn replaced(&self) -> Vec<Replaced> {
        let entry = |(by, (what, times)): (&String, &(String, u32))| Replaced {
            what: what.clone(),
            by: by.clone(),
            times: *times,
        };
        let mut all: Vec<_> = self.replaced.iter().map(entry).collect();
        all.sort_by_key(|replaced| std::cmp::Reverse(replaced.times));
        all
    }

    fn find_at(
        &mut self,
        exact: &Spelled,
        lower: &[u8],
        text: &str,
        at: usize,
        strictness: Strictness,
    ) -> Option<Found> {
        let fits = |needle: &&Needle| {
            let (bytes, words) = (needle.kind != Kind::Word, strictness == Strictness::All);
            let said = if bytes { exact.bytes.as_slice() } else { lower };
            said[at..].starts_with(&needle.form)
                && (bytes || words)
                && is_bounded(needle, lower, at, at + needle.form.len())
        };
        if let Some(needle) = self.needles.iter().find(fits) {
            let end = at + needle.form.len();
            let (kind, what, by) = (needle.kind, needle.what.clone(), needle.stand_in.clone());
            return Some(match kind {
                Kind::Workspace if self.file_names => self.with_file_name(exact, text, what, by, end),
                Kind::Module if self.file_names => self.with_package(exact, text, what, by, end),
                _ => Found { end, what, by },
            });
        }
        self.other_account(exact, lower, text, at)
    }

    /// `/home/SOMEBODY`: a name of an account, whoever it is.
    fn other_account(&mut self, exact: &Spelled, lower: &[u8], text: &str, at: usize) -> Option<Found> {
        let parent = OF_ALL_USERS.iter().find(|parent| lower[at..].starts_with(parent.as_bytes()))?;
        let before = |distance: usize| at.checked_sub(distance).map(|index| lower[index]);
        // `/c/Users` is a drive in the shells of Windows.
        let after_drive =
            before(1).is_some_and(|byte| byte.is_ascii_lowercase()) && before(2).is_none_or(|b| b == b'/');
        if before(1).is_some_and(|byte| is_name_byte(byte) || byte == b'.') && !after_drive {
            return None;
        }
        let start = at + parent.len();
        let length = exact.bytes[start..].iter().take_while(|byte| is_path_byte(**byte)).count();
        let end = start + length;
        let account = original(exact, text, start, end);
        let name = String::from_utf8_lossy(&lower[start..end]).into_owned();
        if name.is_empty() || is_account_stand_in(&name) || NO_ACCOUNTS.contains(&name.as_str()) {
            return None;
        }
        let number = numbered(&mut self.others, &name);
        let by = format!("{}user-{number}", original(exact, text, at, start));
        Some(Found { end, what: format!("{}{account}", original(exact, text, at, start)), by })
    }

    /// A workspace folder and what is below it: the name of the file goes, what kind of file it is stays.
    fn with_file_name(
        &mut self,
        exact: &Spelled,
        text: &str,
        what: String,
        by: String,
        start: usize,
    ) -> Found {
        let is_one_path =
            !text.contains('\n') && (text.starts_with(['/', '\\']) || text.starts_with("file:"));
        let stops = |index: &usize| {
            let byte = exact.bytes[*index];
            let next = exact.bytes.get(index + 1);
            matches!(byte, b'"' | b'\'' | b'\n' | b'\t' | b'\r' | b'#' | b'?' | b'<' | b'>' | b'|')
                || byte == b':' && next.is_none_or(|next| !is_path_byte(*next) || next.is_ascii_digit())
                || !is_one_path && matches!(byte, b' ' | b',' | b';' | b')' | b']' | b'}' | b'`')
        };
        let end = (start..exact.bytes.len()).find(stops).unwrap_or(exact.bytes.len());
        let rest = String::from_utf8_lossy(&exact.bytes[start..end]).into_owned();
        let below = rest.trim_matches('/');
        if below.is_empty() || is_numbered(below, "file-") {
            return Found { end: start, what, by };
        }
        let name = below.rsplit('/').next().unwrap_or_default();
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let is_plain = extension.len() <= 6 && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let number = numbered(&mut self.files, &format!("{by}/{below}"));
        let kind = if extension.is_empty() || !is_plain { String::new() } else { format!(".{extension}") };
        Found { end, what: format!("{what}/{below}"), by: format!("{by}/file-{number}{kind}") }
    }

    /// A module path and the packages below it.
    fn with_package(&mut self, exact: &Spelled, text: &str, what: String, by: String, start: usize) -> Found {
        let mut end = start;
        // A dot ends the import path: what follows is a function, or the ending of a file.
        while exact.get(Some(end)) == Some(b'/') {
            let part = exact.bytes[end + 1..]
                .iter()
                .take_while(|byte| is_name_byte(**byte) || **byte == b'~')
                .count();
            if part == 0 {
                break;
            }
            end += 1 + part;
        }
        let below = original(exact, text, start, end);
        if below.is_empty() || is_numbered(below.trim_start_matches('/'), "pkg-") {
            return Found { end: start, what, by };
        }
        let number = numbered(&mut self.packages, &format!("{by}{below}"));
        Found { end, what: format!("{what}{below}"), by: format!("{by}/pkg-{number}") }
    }
}

/// The stand-in's number of a name: the next one when it is new.
fn numbered(known: &mut BTreeMap<String, usize>, name: &str) -> usize {
    let next = known.len() + 1;
    *known.entry(name.to_owned()).or_insert(next)
}

/// Whether a text is a stand-in like `file-3.go`.
fn is_numbered(text: &str, prefix: &str) -> bool {
    let digits = |rest: &str| {
        rest.split('.').next().is_some_and(|n| !n.is_empty() && n.bytes().all(|d| d.is_ascii_digit()))
    };
    text.strip_prefix(prefix).is_some_and(|rest| !rest.contains('/') && digits(rest))
}

/// Whether a text is `user-1`, perhaps with another stand-in right behind it.
fn is_account_stand_in(text: &str) -> bool {
    let number = text.strip_prefix("user-").unwrap_or_default();
    let rest = number.trim_start_matches(|digit: char| digit.is_ascii_digit());
    number.len() > rest.len() && (rest.is_empty() || rest.starts_with(['~', '$']))
}

/// The part of the text that these bytes stand for.
fn original<'a>(exact: &Spelled, text: &'a str, from: usize, to: usize) -> &'a str {
    if from >= to { "" } else { &text[exact.places[from].0..exact.places[to - 1].1] }
}

/// Whether what was found is that, and no part of something longer.
///
/// A path of several parts is hidden wherever it is, also as the beginning of a longer name: its parent is in there. One of a
/// single part (`/root`, `/app`) and a word are too short for that.
fn is_bounded(needle: &Needle, lower: &[u8], from: usize, to: usize) -> bool {
    let before = from.checked_sub(1).map(|index| lower[index]);
    let after = lower.get(to).copied();
    let is_word = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte >= 0x80);
    match needle.kind {
        // `\n` in a quoted text is a separator and a letter here.
        Kind::Word => {
            let quoted = matches!(before, Some(b'n' | b't' | b'r')) && from >= 2 && lower[from - 2] == b'/';
            (!is_word(before) || quoted) && !is_word(after)
        }
        Kind::Module => {
            let in_path = |byte: Option<u8>| byte.is_some_and(is_name_byte);
            !in_path(before) && before != Some(b'.') && !in_path(after)
        }
        Kind::Home | Kind::Workspace => {
            let several = needle.form[1..].contains(&b'/');
            several
                || !is_word(before)
                    && !before.is_some_and(|b| matches!(b, b'_' | b'-' | b'.'))
                    && !is_word(after)
        }
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || byte >= 0x80
}

/// What the name of an account or a file is made of, in practice.
fn is_path_byte(byte: u8) -> bool {
    is_name_byte(byte) || matches!(byte, b'.' | b'@' | b'+' | b'$' | b'~')
}

/// As the module cache writes module paths.
fn bang_escaped(module: &str) -> String {
    let mut escaped = String::new();
    for letter in module.chars() {
        if letter.is_ascii_uppercase() {
            escaped.push('!');
        }
        escaped.push(letter.to_ascii_lowercase());
    }
    escaped
}
