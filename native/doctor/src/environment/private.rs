//! Modules that only a private network knows, but that a public proxy and the public checksum database are asked about.
//!
//! Whether a path on a public host is private, nobody can tell by its name. What counts as a sign of it: a name that cannot exist on
//! the Internet, what the user says elsewhere (who takes a module from the checksum database means a private one), and that it was
//! fetched from its repository.

use std::collections::BTreeMap;

use super::facts::{EnvironmentFacts, ModuleFacts};
use super::patterns::matches_prefix;
use super::proxy::{Entry, ProxyList};
use crate::finding::{Confidence, Finding};

/// Reserved for private use, or never delegated: RFC 2606, 6761, 6762, 8375, ICANN's `.internal`, and what networks use.
const PRIVATE_ENDS: [&str; 10] = [
    ".internal",
    ".local",
    ".lan",
    ".corp",
    ".home",
    ".home.arpa",
    ".intranet",
    ".private",
    ".localdomain",
    ".test",
];
/// Proxies that anybody may ask, and that therefore know no private module.
const PUBLIC_PROXIES: [&str; 5] =
    ["proxy.golang.org", "goproxy.cn", "goproxy.io", "mirrors.aliyun.com", "proxy.golang.com.cn"];
/// Where everybody keeps modules, with one of each: whose pattern names it means all, not what is private.
const PUBLIC_MODULES: [&str; 4] =
    ["golang.org/x/text", "github.com/golang/go", "gitlab.com/gitlab-org/cli", "bitbucket.org/atlassian/x"];
const MOST_NAMED: usize = 5;

/// Why a module may be private, in words, where its name does not say so already.
struct Sign {
    sure: Confidence,
    words: String,
}

/// Of the required modules that a question is asked about, those by whose name it is clear, and those with another sign.
#[derive(Default)]
struct Private<'a> {
    by_name: Vec<&'a str>,
    by_sign: Vec<(&'a str, Sign)>,
}

pub(super) fn findings(facts: &EnvironmentFacts) -> Vec<Finding> {
    let Some(module) = &facts.module else { return Vec::new() };
    let list = ProxyList::parse(facts.value("GOPROXY").unwrap_or_default());
    let public = list.asked.iter().find_map(|entry| match entry {
        Entry::Proxy { url, .. } => PUBLIC_PROXIES.into_iter().find(|host| is_host(url, host)),
        _ => None,
    });
    let no_proxy = facts.value("GONOPROXY").or(facts.value("GOPRIVATE")).unwrap_or_default();
    let no_sums = facts.value("GONOSUMDB").or(facts.value("GOPRIVATE")).unwrap_or_default();
    let mut found = Vec::new();
    if let Some(public) = public {
        let proxied = private(module, no_proxy, ("GONOSUMDB", no_sums), &module.from_repositories);
        let told =
            proxied.told(facts, "private-through-proxy", "perhaps-private-through-proxy", |id, sure| {
                facts.about("GOPROXY", id, sure).with("proxy", public)
            });
        found.extend(told);
    }
    let is_verified = facts.value("GOSUMDB").is_none_or(|value| value != "off");
    // The first findings say it already where both are wrong.
    if is_verified && found.is_empty() {
        let checked = private(module, no_sums, ("GONOPROXY", no_proxy), &BTreeMap::new());
        let told = checked.told(facts, "private-in-sumdb", "perhaps-private-in-sumdb", |id, sure| {
            Finding::new(id, sure, super::at("GONOSUMDB"))
        });
        found.extend(told);
    }
    found
}

/// What is required and no pattern excepts, but seems private. `other` is a list of patterns for another purpose.
fn private<'a>(
    module: &'a ModuleFacts,
    excepted: &str,
    other: (&str, &str),
    from_repositories: &BTreeMap<String, String>,
) -> Private<'a> {
    let mut private = Private::default();
    let (name, patterns) = other;
    let is_selective = !PUBLIC_MODULES.iter().any(|public| matches_prefix(patterns, public));
    for path in module.requires.iter().filter(|path| !matches_prefix(excepted, path)) {
        if is_private_name(path) {
            private.by_name.push(path);
        } else if is_selective && matches_prefix(patterns, path) {
            let words = format!("{path}: {name}={patterns} names it");
            private.by_sign.push((path, Sign { sure: Confidence::Likely, words }));
        } else if let Some(url) = from_repositories.get(path) {
            let words = format!("{path}: in the module cache it is from {}", super::without_secrets(url));
            private.by_sign.push((path, Sign { sure: Confidence::Possible, words }));
        }
    }
    private
}

impl Private<'_> {
    fn told(
        &self,
        facts: &EnvironmentFacts,
        by_name: &'static str,
        by_sign: &'static str,
        new: impl Fn(&'static str, Confidence) -> Finding,
    ) -> Vec<Finding> {
        let whole = |finding: Finding, path: &str| {
            let finding = finding.with("module", path).with("pattern", pattern(path));
            finding.command("private", &["go", "env", "-w", &private_with(facts, path)])
        };
        let mut found = Vec::new();
        if let Some(first) = self.by_name.first() {
            let finding = whole(new(by_name, Confidence::Likely), first);
            found.push(
                self.by_name.iter().take(MOST_NAMED).fold(finding, |finding, path| finding.seen(*path)),
            );
        }
        if let Some((first, sign)) = self.by_sign.iter().min_by_key(|(_, sign)| sign.sure) {
            let finding = whole(new(by_sign, sign.sure), first);
            let signs = self.by_sign.iter().take(MOST_NAMED);
            found.push(signs.fold(finding, |finding, (_, sign)| finding.seen(&*sign.words)));
        }
        found
    }
}

fn is_private_name(path: &str) -> bool {
    let host = path.split('/').next().unwrap_or_default();
    path.contains('/') && PRIVATE_ENDS.iter().any(|end| host.ends_with(end))
}

fn is_host(url: &str, host: &str) -> bool {
    url.split("://").nth(1).and_then(|rest| rest.split(['/', ':']).next()) == Some(host)
}

/// The host of a private module; where everybody keeps modules, with whose it is.
fn pattern(path: &str) -> String {
    let host = path.split('/').next().unwrap_or_default();
    let is_shared = PUBLIC_MODULES.iter().any(|public| public.split('/').next() == Some(host));
    path.split('/').take(if is_shared { 2 } else { 1 }).collect::<Vec<_>>().join("/")
}

/// What GOPRIVATE is with that host.
fn private_with(facts: &EnvironmentFacts, path: &str) -> String {
    match facts.value("GOPRIVATE") {
        Some(there) => format!("GOPRIVATE={there},{}", pattern(path)),
        None => format!("GOPRIVATE={}", pattern(path)),
    }
}
