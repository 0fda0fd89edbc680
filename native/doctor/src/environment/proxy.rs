//! `GOPROXY`, read as the `go` command reads it: entries with `,` (go on at 404 and 410) or `|` (go on at any error) behind
//! each; nothing behind `direct` or `off` is ever asked.

use super::facts::EnvironmentFacts;
use crate::finding::{Confidence, Finding};

/// More entries than this are not read.
const MAX_ENTRIES: usize = 64;

/// The list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProxyList {
    /// The entries that are asked, in order.
    pub asked: Vec<Entry>,
    /// Those behind the end of the list.
    pub never_asked: Vec<String>,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The repository that the module's path names.
    Direct,
    /// Nothing more is fetched.
    Off,
    /// A proxy.
    Proxy {
        /// Its address, complete.
        url: String,
        /// Whether the next entry is asked at any error, not only where this one does not have it.
        falls_back: bool,
    },
    /// What `go` refuses.
    Invalid {
        /// As it was written.
        text: String,
        /// Why.
        why: &'static str,
    },
}

impl ProxyList {
    /// Reads a list.
    pub fn parse(text: &str) -> Self {
        let mut list = Self::default();
        let mut rest = text;
        let mut has_ended = false;
        for _ in 0..MAX_ENTRIES {
            if rest.is_empty() {
                break;
            }
            let end = rest.find([',', '|']).unwrap_or(rest.len());
            let falls_back = rest[end..].starts_with('|');
            let entry = rest[..end].trim();
            rest = rest.get(end + 1..).unwrap_or_default();
            if entry.is_empty() {
                continue;
            }
            if has_ended {
                list.never_asked.push(entry.to_owned());
                continue;
            }
            let entry = Entry::parse(entry, falls_back);
            has_ended = matches!(entry, Entry::Direct | Entry::Off);
            list.asked.push(entry);
        }
        list
    }
}

impl Entry {
    fn parse(text: &str, falls_back: bool) -> Self {
        match text {
            "direct" => return Self::Direct,
            "off" => return Self::Off,
            _ => {}
        }
        let is_path = text.starts_with('/');
        // Without a scheme it is https, unless it is one word.
        let is_host = text.contains(['.', ':', '/']) && !text.contains(":/") && !is_path;
        let url = if is_host { format!("https://{text}") } else { text.to_owned() };
        let why = match url.split_once(':').map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest)) {
            Some((scheme, _)) if scheme == "http" || scheme == "https" => None,
            Some((scheme, rest)) if scheme == "file" => {
                let is_plain = rest.starts_with("///") && !rest.contains(['?', '#']);
                (!is_plain).then_some("a file address is only a path: file:///folder")
            }
            Some(_) => Some("a proxy is asked by https, http or file"),
            None => Some("it has no scheme"),
        };
        match why {
            Some(why) => Self::Invalid { text: text.to_owned(), why },
            None => Self::Proxy { url, falls_back },
        }
    }
}

/// Without the user's name and password that an address may have.
pub fn without_secrets(text: &str) -> String {
    let mut parts = text.split("://");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(['/', ',', '|', '?', '#', ' ']).unwrap_or(part.len());
        let (host, rest) = part.split_at(end);
        out.push_str("://");
        match host.rsplit_once('@') {
            Some((_, host)) => out.push_str(&format!("…@{host}")),
            None => out.push_str(host),
        }
        out.push_str(rest);
    }
    out
}

pub(super) fn findings(facts: &EnvironmentFacts) -> Vec<Finding> {
    let Some(value) = facts.value("GOPROXY") else { return Vec::new() };
    let list = ProxyList::parse(value);
    let about = |id, sure| facts.about("GOPROXY", id, sure);
    let mut found = Vec::new();
    if list.asked.is_empty() {
        found.push(about("proxy-empty", Confidence::Certain));
    }
    for entry in &list.asked {
        match entry {
            Entry::Invalid { text, why } => found.push(
                about("proxy-invalid", Confidence::Certain)
                    .with("entry", without_secrets(text))
                    .seen(format!("{}: {why}", without_secrets(text))),
            ),
            Entry::Proxy { url, .. } if is_clear_text(url) => {
                found.push(about("proxy-clear-text", Confidence::Certain).with("entry", without_secrets(url)))
            }
            _ => {}
        }
    }
    if list.asked.first() == Some(&Entry::Off) {
        found.push(about("proxy-off", Confidence::Certain));
    }
    if let Some(first) = list.never_asked.first() {
        let end = if list.asked.last() == Some(&Entry::Off) { "off" } else { "direct" };
        let finding = about("proxy-never-asked", Confidence::Certain);
        found.push(finding.with("entry", without_secrets(first)).with("end", end));
    }
    found.extend(unreachable(facts, &list));
    found
}

/// The first proxy does not answer: with `,` that is the end, with `|` each question waits for it.
fn unreachable(facts: &EnvironmentFacts, list: &ProxyList) -> Option<Finding> {
    let Some(Entry::Proxy { url, falls_back }) = list.asked.first() else { return None };
    let proxy = without_secrets(url);
    let reach = facts.reach.iter().find(|reach| reach.proxy == proxy)?;
    let error = reach.error.as_ref()?;
    let id = if *falls_back && list.asked.len() > 1 { "proxy-slow-fallback" } else { "proxy-unreachable" };
    let finding = facts.about("GOPROXY", id, Confidence::Certain).with("entry", &proxy);
    Some(finding.with("ms", reach.took_ms).seen(format!("{proxy}: {error} (after {} ms)", reach.took_ms)))
}

/// Over the network without encryption; a proxy of this machine is no matter.
fn is_clear_text(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let host = rest.split('/').next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let name = if host.starts_with('[') {
        host.split_inclusive(']').next().unwrap_or_default()
    } else {
        host.split(':').next().unwrap_or_default()
    };
    !(name == "localhost" || name == "[::1]" || name.starts_with("127."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn proxy(url: &str, falls_back: bool) -> Entry {
        Entry::Proxy { url: url.into(), falls_back }
    }

    #[test]
    fn a_list_is_read_as_go_reads_it() {
        let list = ProxyList::parse("proxy.example.com:80/x|https://b , ,direct,https://c|off");
        let asked = [proxy("https://proxy.example.com:80/x", true), proxy("https://b", false), Entry::Direct];
        assert_eq!(list.asked, asked);
        assert_eq!(list.never_asked, ["https://c", "off"]);
        assert_eq!(ProxyList::parse(" ,|").asked, []);
        for refused in ["ftp://x", "foo", "file:///x?y", "file://host/x", "/srv/proxy"] {
            let list = ProxyList::parse(refused);
            assert!(matches!(list.asked[..], [Entry::Invalid { .. }]), "{refused}: {list:?}");
        }
        assert_eq!(ProxyList::parse("file:///srv/p").asked, [proxy("file:///srv/p", false)]);
    }

    #[test]
    fn secrets_are_not_shown() {
        let told = without_secrets("https://me:secret@a.example/x|http://b,https://t@c:80");
        assert_eq!(told, "https://…@a.example/x|http://b,https://…@c:80");
        assert_eq!(without_secrets("direct"), "direct");
    }

    #[test]
    fn a_proxy_of_this_machine_needs_no_encryption() {
        for local in
            ["http://localhost:3000", "http://127.0.0.1", "http://[::1]:80/x", "https://a", "file:///x"]
        {
            assert!(!is_clear_text(local), "{local}");
        }
        assert!(is_clear_text("http://athens.example:3000") && is_clear_text("http://u:p@athens.example"));
    }

    proptest! {
        #[test]
        fn any_text_is_a_list(text in any::<String>()) {
            ProxyList::parse(&text);
            without_secrets(&text);
        }

        #[test]
        fn no_password_is_shown(password in "[a-z]{12}", host in "[a-z]{3}", rest in "[a-z,|/:@]{0,9}") {
            let told = without_secrets(&format!("https://u:{password}@{host}/{rest}"));
            prop_assert!(!told.contains(&password), "{}", told);
        }
    }
}
