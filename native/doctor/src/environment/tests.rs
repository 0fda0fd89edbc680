//! Made-up environments of a line or two. What is claimed of `go` itself is tested on a real one, in test/doctor.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::cache::{Executable, GoCache};
use crate::texts::Book;

fn variable(value: &str, origin: Origin) -> Variable {
    Variable { value: value.into(), origin }
}

/// An environment in which all is well, but for these variables.
fn with(variables: &[(&str, &str)]) -> EnvironmentFacts {
    let mut facts = EnvironmentFacts {
        go_work: Some("/w/go.work".into()),
        module: Some(module("1.23")),
        toolchain: ToolchainFacts { local: GoVersion::parse("1.26.8"), downloaded: Vec::new() },
        gopls: GoplsFacts {
            chosen: Some(gopls(1, "go1.26.8")),
            is_named: true,
            found: vec![gopls(1, "go1.26.8")],
        },
        cpus: 4,
        ..EnvironmentFacts::default()
    };
    for (name, value) in [
        ("GOPROXY", "https://proxy.golang.org,direct"),
        ("GOROOT", "/go"),
        ("GOPATH", "/home/gopher/go"),
        ("CGO_ENABLED", "1"),
        ("CC", "gcc"),
    ] {
        facts.variables.insert(name.into(), variable(value, Origin::Default));
    }
    for (name, value) in variables {
        facts.variables.insert((*name).into(), variable(value, Origin::Environment));
    }
    facts
}

fn module(go_line: &str) -> ModuleFacts {
    ModuleFacts {
        go_mod: "/w/go.mod".into(),
        path: "example.com/w".into(),
        requires: vec!["example.com/a".into()],
        from_repositories: BTreeMap::new(),
        is_vendored: false,
        go_line_file: "/w/go.mod".into(),
        go_line: GoVersion::parse(go_line),
        toolchain_line: None,
    }
}

fn gopls(seed: u8, go_version: &str) -> Executable {
    Executable {
        path: format!("/bin{seed}/gopls"),
        sha256: [seed; 32],
        version: Some("v0.23.0".into()),
        go_version: Some(go_version.into()),
        pids: Vec::new(),
        installed: true,
    }
}

fn folder(variable: Option<&'static str>, not_writable: Option<&str>, remote: Option<&str>) -> FolderFacts {
    FolderFacts {
        variable,
        path: "/f".into(),
        not_writable: not_writable.map(str::to_owned),
        remote: remote.map(str::to_owned),
    }
}

fn ids(facts: &EnvironmentFacts) -> Vec<&'static str> {
    findings(facts).iter().map(|finding| finding.id).collect()
}

/// Each way to go wrong, and what is found.
fn cases() -> Vec<(EnvironmentFacts, Vec<&'static str>)> {
    let mut cases: Vec<(EnvironmentFacts, Vec<&'static str>)> = [
        (vec![("GOPROXY", ",")], vec!["proxy-empty"]),
        (vec![("GOPROXY", "ftp://x,direct")], vec!["proxy-invalid"]),
        (vec![("GOPROXY", "http://athens.example,direct")], vec!["proxy-clear-text"]),
        (vec![("GOPROXY", "off")], vec!["proxy-off"]),
        (vec![("GOPROXY", "direct,https://proxy.golang.org")], vec!["proxy-never-asked"]),
        (vec![("GOPATH", "/go")], vec!["gopath-is-goroot"]),
        (vec![("GOCACHE", "off")], vec!["gocache-off"]),
        (vec![("GOWORK", "off")], vec!["gowork-off"]),
        (vec![("GO111MODULE", "off")], vec!["modules-off"]),
        (vec![("GOFLAGS", "-tags=x mod")], vec!["goflags-no-flag"]),
        (vec![("GOFLAGS", "-mod=mod")], vec!["goflags-mod-in-workspace"]),
        (vec![("GOFLAGS", "--mod=mod"), ("GOWORK", "off")], vec!["goflags-mod-mod", "gowork-off"]),
        (vec![("GOFLAGS", "-mod=vendor")], vec!["goflags-vendor-missing"]),
        (vec![("GOFLAGS", "-modfile=/x.mod")], vec!["goflags-modfile-in-workspace"]),
        (vec![("GOMEMLIMIT", "2GB")], vec!["memory-limit-refused"]),
        (vec![("GOMEMLIMIT", "200MiB")], vec!["memory-limit-low"]),
        (vec![("GOGC", "off")], vec!["gc-off"]),
        (vec![("GOGC", "20")], vec!["gc-eager"]),
        (vec![("GOGC", "20%")], vec!["gc-ignored"]),
        (vec![("GOMAXPROCS", "1")], vec!["one-cpu"]),
        (vec![("GODEBUG", "gctrace=1,x=y")], vec!["godebug-costly"]),
    ]
    .into_iter()
    .map(|(variables, expected)| (with(&variables), expected))
    .collect();
    let mut case =
        |variables: &[(&str, &str)], change: &dyn Fn(&mut EnvironmentFacts), expected: &'static str| {
            let mut facts = with(variables);
            change(&mut facts);
            cases.push((facts, vec![expected]));
        };
    let requires = |facts: &mut EnvironmentFacts, path: &str| {
        facts.module.as_mut().expect("there is one").requires = vec![path.into()];
    };
    case(&[], &|facts| facts.go_missing = Some("no such file".into()), "go-missing");
    case(&[], &|facts| facts.go_refuses = Some("go: GOPATH entry is relative".into()), "go-env-refused");
    case(&[], &|facts| requires(facts, "git.corp.internal/x"), "private-through-proxy");
    let proxy = ("GOPROXY", "https://goproxy.corp.internal");
    case(&[proxy], &|facts| requires(facts, "git.corp.internal/x"), "private-in-sumdb");
    let reach = |took_ms| Reach { proxy: "https://a".into(), took_ms, error: Some("refused".into()) };
    case(&[("GOPROXY", "https://a,direct")], &|facts| facts.reach = vec![reach(9)], "proxy-unreachable");
    case(&[("GOPROXY", "https://a|direct")], &|facts| facts.reach = vec![reach(9)], "proxy-slow-fallback");
    let folders =
        |folder: FolderFacts| move |facts: &mut EnvironmentFacts| facts.folders = vec![folder.clone()];
    let denied = Some("denied");
    case(&[], &folders(folder(Some("GOMODCACHE"), denied, None)), "modcache-not-writable");
    case(&[], &folders(folder(Some("GOCACHE"), denied, None)), "gocache-not-writable");
    case(&[], &folders(folder(Some("GOCACHE"), None, Some("NFS"))), "go-folder-on-network");
    case(&[], &folders(folder(None, denied, Some("NFS"))), "folder-on-network");
    let cache = |bytes| GoCache {
        name: "modules".into(),
        folder: "/m".into(),
        bytes,
        files: 1,
        complete: false,
        command: Vec::new(),
    };
    case(&[], &|facts| facts.module_cache = Some(cache(10_000_000_000)), "modcache-large");
    let named = ("GONOSUMDB", "example.com");
    case(&[named], &|_| (), "perhaps-private-through-proxy");
    case(&[("GONOPROXY", "example.com")], &|_| (), "perhaps-private-in-sumdb");
    let fetched = |facts: &mut EnvironmentFacts| {
        let module = facts.module.as_mut().expect("there is one");
        module.from_repositories.insert("example.com/a".into(), "https://example.com/a".into());
    };
    case(&[], &fetched, "perhaps-private-through-proxy");
    case(&[], &|facts| facts.missing_compiler = Some("gcc".into()), "cgo-without-compiler");
    let wants =
        |version: &'static str| move |facts: &mut EnvironmentFacts| facts.module = Some(module(version));
    case(&[("GOTOOLCHAIN", "local")], &wants("1.26.9"), "go-too-old");
    case(&[], &wants("1.26.9"), "toolchain-to-download");
    case(
        &[],
        &|facts| {
            wants("1.26.9")(facts);
            facts.toolchain.downloaded = GoVersion::parse("1.26.9").into_iter().collect();
        },
        "toolchain-switched",
    );
    case(
        &[],
        &|facts| {
            facts.toolchain.local = GoVersion::parse("1.20.3");
            facts.module = Some(module("1.21.0"));
        },
        "go-older-than-module",
    );
    case(&[("GOTOOLCHAIN", "path")], &wants("1.27.0"), "gopls-built-too-old");
    case(&[], &|facts| facts.gopls.found.push(gopls(2, "go1.26.8")), "gopls-several");
    let mut off = with(&[("GOPROXY", "off")]);
    off.module = Some(module("1.26.9"));
    cases.push((off, vec!["proxy-off", "toolchain-not-to-be-had"]));
    cases
}

#[test]
fn where_all_is_well_nothing_is_found() {
    assert_eq!(ids(&with(&[])), [""; 0]);
    for fine in [
        ("GOPROXY", "http://localhost:3000,direct"),
        ("GOFLAGS", "-tags=integration -buildvcs=false"),
        ("GOMEMLIMIT", "3GiB"),
        ("GOMEMLIMIT", "off"),
        ("GOGC", "200"),
        ("GODEBUG", "gctrace=0,http2client=0"),
        ("GO111MODULE", "on"),
        // All, or another: no sign that this one is private.
        ("GONOSUMDB", "*"),
        ("GONOSUMDB", "example.org"),
        ("GONOSUMDB", "github.com,golang.org,example.com"),
    ] {
        assert_eq!(ids(&with(&[fine])), [""; 0], "{fine:?}");
    }
    assert_eq!(ids(&with(&[("GOGC", "off"), ("GOMEMLIMIT", "3GiB")])), [""; 0], "a limit makes it collect");
    let mut vendored = with(&[("GOFLAGS", "-mod=vendor")]);
    vendored.module.as_mut().expect("there is one").is_vendored = true;
    assert_eq!(ids(&vendored), [""; 0]);
    let mut private = with(&[("GOPRIVATE", "*.corp.internal")]);
    private.module.as_mut().expect("there is one").requires = vec!["git.corp.internal/x".into()];
    assert_eq!(ids(&private), [""; 0]);
    let mut copies = with(&[]);
    copies.gopls.found.push(Executable { path: "/copy/gopls".into(), ..gopls(1, "go1.26.8") });
    assert_eq!(ids(&copies), [""; 0], "copies of one file are one");
    let mut alone = with(&[("GOWORK", "off"), ("GO111MODULE", "off"), ("GOFLAGS", "-mod=vendor")]);
    (alone.go_work, alone.module) = (None, None);
    assert_eq!(ids(&alone), [""; 0], "there is nothing that they take away");
}

#[test]
fn each_way_to_go_wrong_is_found_and_nothing_else() {
    for (facts, expected) in cases() {
        assert_eq!(ids(&facts), expected);
    }
}

#[test]
fn every_finding_of_the_book_is_brought_about_here_and_says_all_it_has_to_say() {
    let book = Book::built_in().expect("rules are valid");
    let mut seen = BTreeSet::new();
    for finding in cases().iter().flat_map(|(facts, _)| findings(facts)) {
        seen.insert(finding.id.to_owned());
        for language in ["en", "zh-cn"] {
            let told =
                book.tell(finding.clone(), language).unwrap_or_else(|| panic!("no texts for {}", finding.id));
            let undo = told.undo.clone().unwrap_or_default();
            assert!(!format!("{}{}{undo}", told.title, told.why).contains('{'), "{told:?}");
            assert!(told.fixes.iter().all(|fix| fix.title != fix.id && !fix.title.contains('{')), "{told:?}");
        }
    }
    let all: BTreeSet<String> = book.ids_of("environment").map(str::to_owned).collect();
    assert_eq!(seen, all);
}

#[test]
fn who_set_a_variable_is_told_and_go_env_w_can_be_taken_back() {
    let mut facts = with(&[]);
    for (origin, command) in [
        (Origin::Editor, &[][..]),
        (Origin::Environment, &[]),
        (Origin::Written("/home/gopher/.config/go/env".into()), &["go", "env", "-u", "GOFLAGS"]),
    ] {
        facts.variables.insert("GOFLAGS".into(), variable("-mod=mod", origin));
        let found = findings(&facts);
        let fixes: Vec<&str> =
            found[0].fixes.iter().flat_map(|fix| fix.command.iter().map(String::as_str)).collect();
        assert_eq!(fixes, command);
        assert!(found[0].evidence[0].starts_with("GOFLAGS=-mod=mod (set "), "{found:?}");
    }
}
