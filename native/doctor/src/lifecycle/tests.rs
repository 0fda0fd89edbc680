//! Made-up servers, and logs of a few lines.

use std::collections::{BTreeMap, BTreeSet};

use stallscope_core::log::{LogQuery, MessageLog, MessageRules};

use super::*;
use crate::texts::Book;

fn server(pid: u32, parent_pid: u32, editor: Option<&str>) -> Server {
    Server {
        pid,
        parent_pid,
        role: ServerRole::Other,
        editor: editor.map(str::to_owned),
        exe: "/home/gopher/go/bin/gopls".into(),
        version: Some("v0.23.0".into()),
        go_version: Some("go1.26.8".into()),
        flags: Vec::new(),
        variables: BTreeMap::new(),
        uptime_s: 600,
        rss_bytes: 1 << 30,
        replaced_by: None,
    }
}

fn ids(life: &Lifecycle) -> Vec<&'static str> {
    findings(life).iter().map(|finding| finding.id).collect()
}

fn of_servers(servers: Vec<Server>) -> Lifecycle {
    Lifecycle { servers, ..Lifecycle::default() }
}

fn of_log(text: &str) -> Lifecycle {
    let mut log = MessageLog::new(MessageRules::built_in().expect("rules are valid"));
    log.push(text.as_bytes());
    log.end();
    let query = LogQuery { filter: "initialize".into(), ..LogQuery::default() };
    let life = LogLife::of("/tmp/gopls.log".into(), &log.overview("en"), &log.requests(&query).rows);
    Lifecycle { log: Some(life), ..Lifecycle::default() }
}

fn exits(count: usize) -> String {
    "[Error - 9:00:00 AM] Server process exited with code 2.\n".repeat(count)
}

const START: &str = "[Trace - 9:00:00 AM] Sending request 'initialize - (0)'.\nParams: {}\n\n\n\
    [Trace - 9:00:01 AM] Received response 'initialize - (0)' in 120ms.\nResult: {}\n\n\n";

#[test]
fn one_server_for_each_window_is_as_it_should_be() {
    assert_eq!(ids(&of_servers(Vec::new())), [""; 0]);
    let windows = vec![server(11, 10, Some("VS Code")), server(21, 20, Some("VS Code"))];
    assert_eq!(ids(&of_servers(windows)), [""; 0]);
    let orphans = vec![server(11, 1, None), server(12, 1, None)];
    assert_eq!(ids(&of_servers(orphans)), [""; 0], "daemons belong to no window");
    let mut behind = vec![server(11, 10, Some("VS Code")), server(12, 10, Some("VS Code"))];
    behind[0].role = ServerRole::Forwarder;
    assert_eq!(ids(&of_servers(behind)), [""; 0]);
}

#[test]
fn two_of_one_window_and_one_that_was_replaced_are_told() {
    let mut servers = vec![server(11, 10, Some("VS Code")), server(12, 10, Some("VS Code"))];
    servers[1].replaced_by = Some("gopls v0.24.0".into());
    let found = findings(&of_servers(servers));
    assert_eq!(found.iter().map(|it| it.id).collect::<Vec<_>>(), ["gopls-replaced", "gopls-twice"]);
    assert_eq!(found[0].evidence, ["process 12: gopls v0.23.0", "/home/gopher/go/bin/gopls: gopls v0.24.0"]);
}

#[test]
fn a_log_tells_of_starts_and_ends() {
    assert_eq!(ids(&of_log(START)), [""; 0]);
    assert_eq!(ids(&of_log(&START.repeat(2))), ["gopls-restarted"]);
    assert_eq!(ids(&of_log(&format!("{START}{}", exits(1)))), ["gopls-crashed"]);
    assert_eq!(ids(&of_log(&exits(4))), ["gopls-crashed"]);
    assert_eq!(ids(&of_log(&exits(5))), ["gopls-given-up"]);
    let said = format!(
        "{}[Error - 9:00:00 AM] The gopls server crashed 5 times in the last 3 minutes. The server will not be restarted. See the output for more information.\n",
        exits(1)
    );
    let found = findings(&of_log(&said));
    assert_eq!((found[0].id, found[0].confidence), ("gopls-given-up", crate::Confidence::Certain));
}

#[test]
fn last_words_are_kept_and_an_orderly_end_is_no_crash() {
    let text = format!(
        "panic: runtime error: index out of range [3] with length 2\n\ngoroutine 1 [running]:\n{}",
        exits(1)
    );
    let found = findings(&of_log(&text));
    assert_eq!(found[0].id, "gopls-crashed");
    assert!(found[0].evidence.iter().any(|line| line.contains("index out of range")), "{found:?}");
    assert!(found[0].evidence.iter().any(|line| line.contains("exited with code 2")), "{found:?}");
    assert_eq!(ids(&of_log("[Info - 9:00:00 AM] Server process exited successfully\n")), [""; 0]);
}

#[test]
fn the_steps_of_a_start_are_told_with_their_lengths() {
    let life = of_log(START).log.expect("there is one");
    let steps: Vec<(&str, Option<u64>)> =
        life.steps.iter().map(|step| (step.name.as_str(), step.took_ms)).collect();
    assert_eq!((life.starts, &steps[..]), (1, &[("initialize", Some(120))][..]));
}

#[test]
fn every_finding_has_its_texts_and_is_brought_about_here() {
    let book = Book::built_in().expect("rules are valid");
    let mut servers = vec![server(11, 10, Some("VS Code")), server(12, 10, Some("VS Code"))];
    servers[1].replaced_by = Some("it is gone".into());
    let all = [of_servers(servers), of_log(&START.repeat(2)), of_log(&exits(1)), of_log(&exits(9))];
    let mut seen = BTreeSet::new();
    for finding in all.iter().flat_map(findings) {
        seen.insert(finding.id.to_owned());
        for language in ["en", "zh-cn"] {
            let told =
                book.tell(finding.clone(), language).unwrap_or_else(|| panic!("no texts for {}", finding.id));
            assert!(!format!("{}{}", told.title, told.why).contains('{'), "{told:?}");
        }
    }
    assert_eq!(seen, book.ids_of("lifecycle").map(str::to_owned).collect());
}
