//! Whole logs: real ones, and the ways in which a log can be odd.

use proptest::prelude::*;

use super::clock::DAY_MS;
use super::*;

/// `test/fixtures/logs/make.mjs` says what was done in each.
macro_rules! real {
    ($name:literal) => {
        include_str!(concat!("../../../../test/fixtures/logs/", $name))
    };
}

fn log(text: &str) -> MessageLog {
    let mut log = MessageLog::new(MessageRules::built_in().unwrap());
    log.push(text.as_bytes());
    log.end();
    log
}

/// The requests in the order they began: method, id, state, and how long was waited.
fn table(log: &MessageLog) -> Vec<(String, String, LogRequestState, Option<u64>)> {
    log.all_requests().map(|row| (row.method, row.id, row.state, row.waited_ms)).collect()
}

fn told(log: &MessageLog) -> Vec<String> {
    log.overview("en").texts.into_iter().flat_map(|text| text.meanings).map(|meaning| meaning.rule).collect()
}

/// An entry as gopls writes it.
fn entry(time: &str, head: &str, params: &str) -> String {
    format!("[Trace - {time}] {head}\nParams: {params}\r\n\r\n\r\n")
}

fn asked(time: &str, method: &str, id: u32) -> String {
    entry(time, &format!("Sending request '{method} - ({id})'."), "{}")
}

fn answered(time: &str, method: &str, id: u32, took_ms: u64) -> String {
    let head = format!("Received response '{method} - ({id})' in {took_ms}ms.");
    format!("[Trace - {time}] {head}\nResult: null\r\n\r\n\r\n")
}

#[test]
fn a_real_session_as_gopls_and_as_the_client_logged_it() {
    use LogRequestState::{Cancelled, Error, Ok, Pending};
    for (name, own, output) in [
        ("v0.18.1", real!("v0.18.1.log"), real!("v0.18.1-output.log")),
        ("v0.23.0", real!("v0.23.0.log"), real!("v0.23.0-output.log")),
    ] {
        for (name, text) in [(format!("{name}.log"), own), (format!("{name}-output.log"), output)] {
            let log = log(text);
            let states: Vec<_> =
                table(&log).into_iter().map(|(method, id, state, _)| (method, id, state)).collect();
            let expected = [
                ("initialize", "0", Ok),
                ("window/workDoneProgress/create", "1", Ok),
                ("workspace/configuration", "2", Ok),
                ("textDocument/hover", "1", Ok),
                ("textDocument/hover", "2", Ok),
                ("textDocument/completion", "3", Ok),
                ("textDocument/rename", "4", Error),
                ("textDocument/references", "5", Cancelled),
                ("textDocument/documentSymbol", "6", Ok),
                ("textDocument/hover", "7", Ok),
                ("workspace/symbol", "8", Pending),
            ];
            let mut states: Vec<_> = states.iter().map(|(m, i, s)| (&**m, &**i, *s)).collect();
            let mut expected = expected.to_vec();
            // Where the clock has whole seconds, what began within one comes in any order.
            states.sort_unstable();
            expected.sort_unstable();
            assert_eq!(states, expected, "{name}");

            let overview = log.overview("en");
            assert_eq!(
                (overview.starts, overview.stray_answers, overview.pending_count),
                (1, 0, 1),
                "{name}"
            );
            assert_eq!(overview.whole_seconds, name.ends_with("-output.log"), "{name}");
            assert_eq!(
                overview.loads.iter().map(|load| load.number).collect::<Vec<_>>(),
                [1, 2, 3],
                "{name}"
            );
            assert!(overview.loads.iter().all(|load| load.duration_ms.is_some_and(|ms| ms > 1.0)), "{name}");
            // The whole workspace was loaded twice, the second time because go.mod had changed.
            let repeated: Vec<_> = overview.loads.iter().filter(|load| load.repeated).collect();
            assert_eq!(repeated.len(), 1, "{name}: {:?}", overview.loads);
            assert!(!repeated[0].without_change, "{name}");
            let [work] = &overview.work[..] else { panic!("{name}: {:?}", overview.work) };
            assert_eq!(
                (&*work.title, &*work.message),
                ("Setting up workspace", "Finished loading packages.")
            );
            assert!(work.ended_ms.is_some(), "{name}");
            let told = told(&log);
            for rule in ["setting-unknown", "generated-file", "view-created"] {
                assert!(told.contains(&rule.to_owned()), "{name}: {told:?}");
            }
            assert!(overview.day_ms.is_some(), "{name}: gopls's own texts name the day");
        }
    }
}

/// The content of an entry of a text log as a client writes it in JSON, in both spellings of the line; what is not a message
/// stays as it is.
fn as_json(text: &str, in_channel: bool) -> String {
    let mut lines = text.lines().peekable();
    let (mut out, mut at_ms) = (String::new(), 0);
    while let Some(line) = lines.next() {
        let Some(entry) = entry::parse(line) else { continue };
        let (from, kind, method, id, error) = match entry.what {
            entry::What::Request { from, method, id } => (from, "request", method, id, None),
            entry::What::Notification { from, method } => (from, "notification", method, "", None),
            entry::What::Answer { from, id, error, .. } => (from, "response", "", id, Some(error)),
            entry::What::Text { .. } => continue,
        };
        let params = lines.peek().and_then(|line| line.strip_prefix("Params: ")).map(str::to_owned);
        let mut params = params.unwrap_or_default();
        while !params.is_empty() && lines.peek().is_some_and(|line| !line.is_empty()) {
            let line = lines.next().unwrap();
            params = if line.starts_with("Params: ") { params } else { params + line };
        }
        let direction = if from == Sender::Editor { "send" } else { "receive" };
        let mut message = serde_json::json!({ "jsonrpc": "2.0" });
        if !id.is_empty() {
            message["id"] = id.parse::<u64>().unwrap().into();
        }
        if !method.is_empty() {
            message["method"] = method.into();
        }
        match error {
            Some(Some(error)) => {
                let (text, code) = error.trim_end_matches(").").rsplit_once(" (").unwrap_or((error, "0"));
                message["error"] =
                    serde_json::json!({ "code": code.parse::<i64>().unwrap_or(0), "message": text });
            }
            Some(None) => message["result"] = serde_json::Value::Null,
            None => {}
        }
        if let Ok(params) = serde_json::from_str::<serde_json::Value>(&params) {
            message["params"] = params;
        }
        // A client in another time zone, whose clock on the line has whole seconds.
        at_ms = entry.stamp.time_ms.max(at_ms);
        let json = format!(
            "{{\"isLSPMessage\":true,\"type\":\"{direction}-{kind}\",\"message\":{message},\"timestamp\":{}}}",
            1_795_478_400_000 + at_ms
        );
        let (h, m, s, ms) = (at_ms / 3_600_000, at_ms / 60_000 % 60, at_ms / 1000 % 60, at_ms % 1000);
        out += &if in_channel {
            format!("2026-11-24 {h:02}:{m:02}:{s:02}.{ms:03} [trace] {json}\n")
        } else {
            format!(
                "[LSP   - {}:{m:02}:{s:02} {}] {json}\n",
                (h + 11) % 12 + 1,
                if h < 12 { "AM" } else { "PM" }
            )
        };
    }
    out
}

#[test]
fn the_same_session_in_json() {
    for text in [real!("v0.18.1-output.log"), real!("v0.23.0-output.log")] {
        let as_text = log(text);
        for in_channel in [false, true] {
            let as_json = log(&as_json(text, in_channel));
            let states = |log: &MessageLog| {
                let mut states: Vec<_> =
                    table(log).into_iter().map(|(method, id, state, _)| (method, id, state)).collect();
                states.sort_unstable();
                states
            };
            assert_eq!(states(&as_json), states(&as_text));
            let (json, text) = (as_json.overview("en"), as_text.overview("en"));
            assert_eq!((json.starts, json.stray_answers, json.whole_seconds), (1, 0, false));
            let loads = |of: &LogOverview| {
                of.loads.iter().map(|load| (load.number, load.packages)).collect::<Vec<_>>()
            };
            assert_eq!(loads(&json), loads(&text));
            let work = |of: &LogOverview| of.work.iter().map(|work| work.title.clone()).collect::<Vec<_>>();
            assert_eq!(work(&json), work(&text));
            assert_eq!(told(&as_json), told(&as_text));
        }
    }
}

#[test]
fn a_long_answer_in_json_still_ends_its_request() {
    let line = |time: &str, kind: &str, message: &str, at: u64| {
        format!(
            "[LSP   - {time}] {{\"isLSPMessage\":true,\"type\":\"{kind}\",\"message\":{message},\"timestamp\":{at}}}\n"
        )
    };
    let result = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"{}\"}}", "x".repeat(200_000));
    let asked = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"textDocument/completion\",\"params\":{}}";
    let text = line("9:00:00 AM", "send-request", asked, 1_795_478_400_250)
        + &line("9:00:02 AM", "receive-response", &result, 1_795_478_402_500)
        + &line("9:00:05 AM", "send-request", &asked.replace("\"id\":1", "\"id\":2"), 1_795_478_405_000)
        + &line("9:00:06 AM", "receive-response", "{\"id\":2,\"result\":null}", 1_795_478_405_900);
    let rows = table(&log(&text));
    // Of the long line the time at its end is not read: its stamp has whole seconds.
    let expected = [("1", LogRequestState::Ok, Some(1_750)), ("2", LogRequestState::Ok, Some(900))];
    let rows: Vec<_> = rows.iter().map(|(_, id, state, waited)| (&**id, *state, *waited)).collect();
    assert_eq!(rows, expected);
}

#[test]
fn lengths_are_those_that_were_measured() {
    // The log of gopls has both: what it has measured, and stamps to the millisecond.
    for text in [real!("v0.18.1.log"), real!("v0.23.0.log")] {
        let log = log(text);
        let hover = log.all_requests().find(|row| row.method == "textDocument/hover").unwrap();
        let stamped = text.lines().filter(|line| line.contains("'textDocument/hover - (1)'"));
        let (stamps, measured): (Vec<_>, Vec<_>) = stamped
            .map(|line| (clock::time(&line[9..24]).unwrap().0, line.split_once(" in ").map(|(_, ms)| ms)))
            .unzip();
        let measured: u64 = measured[1].unwrap().trim_end_matches("ms.").parse().unwrap();
        assert_eq!(hover.waited_ms, Some(measured));
        assert!((stamps[1] - stamps[0]).abs_diff(measured) <= 1, "{stamps:?} {measured}");
        assert_eq!(hover.began_ms, stamps[0]);
    }
}

#[test]
fn percentiles_by_method_and_direction() {
    let mut text = String::new();
    for id in 1..=100 {
        text += &asked("09:00:00.000 AM", "textDocument/hover", id);
        text += &answered("09:00:00.000 AM", "textDocument/hover", id, u64::from(id));
    }
    text += &entry("09:00:00.000 AM", "Received request 'textDocument/hover - (1)'.", "{}");
    let methods = log(&text).overview("en").methods;
    let [of_editor, of_gopls] = &methods[..] else { panic!("{methods:?}") };
    assert_eq!(
        (of_editor.p50_ms, of_editor.p90_ms, of_editor.p99_ms, of_editor.longest_ms),
        (50, 90, 99, 100)
    );
    assert_eq!((of_editor.answered, of_editor.sum_ms, of_editor.from), (100, 5_050, Sender::Editor));
    assert_eq!((of_gopls.answered, of_gopls.pending, of_gopls.from), (0, 1, Sender::Gopls));
}

#[test]
fn midnight_and_noon_on_a_clock_of_twelve_hours() {
    let text = asked("11:59:59.900 PM", "a", 1)
        + &answered("12:00:00.100 AM", "a", 1, 200)
        + &asked("11:59:59.900 AM", "b", 2)
        + &answered("12:00:00.100 PM", "b", 2, 200);
    let rows: Vec<_> = log(&text).all_requests().map(|row| (row.began_ms, row.ended_ms.unwrap())).collect();
    let noon = DAY_MS / 2;
    let expected = [(DAY_MS - 100, DAY_MS + 100), (DAY_MS + noon - 100, DAY_MS + noon + 100)];
    assert_eq!(rows, expected);
}

#[test]
fn a_restart_ends_what_was_pending_and_numbers_begin_anew() {
    use LogRequestState::{Ok, Pending, Unanswered};
    let text = asked("09:00:00.000 AM", "initialize", 0)
        + &answered("09:00:00.010 AM", "initialize", 0, 10)
        + &asked("09:00:01.000 AM", "textDocument/hover", 1)
        + &asked("09:05:00.000 AM", "initialize", 0)
        + &answered("09:05:00.020 AM", "initialize", 0, 20)
        + &asked("09:05:01.000 AM", "textDocument/hover", 1)
        + &answered("09:05:01.300 AM", "textDocument/hover", 1, 300)
        + &asked("09:05:02.000 AM", "textDocument/definition", 2)
        + &entry("09:05:04.000 AM", "Sending notification 'textDocument/didSave'.", "{}");
    let log = log(&text);
    let states: Vec<_> = table(&log).into_iter().map(|(_, _, state, waited)| (state, waited)).collect();
    let expected =
        [(Ok, Some(10)), (Unanswered, None), (Ok, Some(20)), (Ok, Some(300)), (Pending, Some(2_000))];
    assert_eq!(states, expected);
    assert_eq!(log.overview("en").starts, 2);
}

#[test]
fn answers_whose_request_is_not_there() {
    // A rotated log: the length is known, so the beginning is. What gopls itself has forgotten is only counted.
    let text = answered("09:00:05.000 AM", "textDocument/hover", 7, 3_000)
        + &answered("09:00:06.000 AM", "", 8, 9_223_372_036_854)
        + "[Error - Received] 09:00:07.000 AM #9 no identifier found\r\n\r\n\r\n";
    let log = log(&text);
    let rows: Vec<_> = log.all_requests().collect();
    let began_ms = (9 * 3600 + 2) * 1000;
    assert_eq!(
        rows.iter().map(|row| (row.began_ms, row.waited_ms)).collect::<Vec<_>>(),
        [(began_ms, Some(3_000))]
    );
    assert_eq!(log.overview("en").stray_answers, 2);
}

#[test]
fn text_that_looks_like_an_entry_is_none() {
    let inside = "[Trace - 09:00:00.000 AM] Sending request 'textDocument/hover - (99)'.";
    let text = format!("[Error - Received] 09:00:00.000 AM #1 cannot parse:\n{inside}\n{inside}\r\n\r\n\r\n")
        + &entry(
            "09:00:00.500 AM",
            "Sending notification 'textDocument/didChange'.",
            &format!("{{\"text\":\"\\n{inside}\"}}"),
        )
        + &asked("09:00:01.000 AM", "textDocument/hover", 2);
    let rows = table(&log(&text));
    assert_eq!(rows.iter().map(|(_, id, ..)| &**id).collect::<Vec<_>>(), ["2"]);
}

#[test]
fn the_last_line_counts_when_the_log_has_ended_and_waits_when_it_grows() {
    let whole = asked("09:00:00.000 AM", "textDocument/hover", 1);
    let cut = "[Trace - 09:00:00.700 AM] Received response 'textDocument/hover - (1)' in 700ms.";
    let mut growing = MessageLog::new(MessageRules::built_in().unwrap());
    growing.push(whole.as_bytes());
    growing.push(&cut.as_bytes()[..40]);
    assert_eq!(growing.overview("en").pending_count, 1);
    growing.push(&cut.as_bytes()[40..]);
    assert_eq!(growing.overview("en").pending_count, 1, "the line may go on");
    growing.end();
    assert_eq!(table(&growing)[0].3, Some(700));
}

#[test]
fn a_log_that_was_emptied_goes_on_as_another() {
    let mut log = MessageLog::new(MessageRules::built_in().unwrap());
    log.push(asked("09:00:00.000 AM", "textDocument/hover", 1).as_bytes());
    log.push(b"[Trace - 09:00:0");
    log.cut();
    log.push(asked("09:00:03.000 AM", "textDocument/hover", 2).as_bytes());
    let states: Vec<_> = table(&log).into_iter().map(|(_, id, state, _)| (id, state)).collect();
    assert_eq!(
        states,
        [("1".to_owned(), LogRequestState::Unanswered), ("2".to_owned(), LogRequestState::Pending)]
    );
    assert_eq!(log.overview("en").cuts, 1);
}

#[test]
fn collections_stand_anywhere_but_in_what_was_sent() {
    let gc = "gc 4 @0.375s 3%: 0.049+39+0.022 ms clock, 0.098+0.12/20/19+0.045 ms cpu, 192->200->146 MB, 196 MB goal, 2 P";
    let text = format!("{gc}\n")
        + &asked("09:00:00.000 AM", "textDocument/hover", 1)
        + &format!("2026-11-24 09:00:01.000 [info] {}\n", gc.replace("gc 4", "gc 5"))
        + &entry(
            "09:00:02.000 AM",
            "Sending notification 'a'.",
            &format!("{{\n{}\n}}", gc.replace("gc 4", "gc 6")),
        );
    let summary = log(&text).overview("en").gc.unwrap();
    assert_eq!(summary.latest.iter().map(|cycle| cycle.number).collect::<Vec<_>>(), [4, 5]);
    for stderr in [real!("v0.18.1-stderr.txt"), real!("v0.23.0-stderr.txt")] {
        let summary = log(stderr).overview("en").gc.unwrap();
        assert_eq!(summary.cycles, stderr.lines().count() as u64);
        assert_eq!(summary.processes, 1);
        assert!(summary.most_live_bytes > 90 << 20, "the ballast is alive: {summary:?}");
    }
}

#[test]
fn texts_in_an_output_channel_and_their_labels() {
    let text = "[Info  - 9:09:26 PM] 2026/11/24 21:09:26 go/packages.Load #1\n\tsnapshot=0\n\tdirectory=/home/gopher/shop\n\tquery=[./... builtin]\n\tpackages=3\n\tduration=142.67ms\n\n[Error - 9:09:27 PM] 2026/11/24 21:09:27 initial workspace load failed: err: exit status 1\n\tsnapshot=0\n";
    let log = log(text);
    let overview = log.overview("zh-cn");
    assert_eq!(overview.loads[0].query, "[./... builtin]");
    let [failed] = &overview.texts[..] else { panic!("{:?}", overview.texts) };
    assert_eq!((failed.level, failed.shown), (Level::Error, false));
    assert!(failed.meanings[0].means.contains("工作区"));
    let hour_21 = (21 * 3600 + 9 * 60 + 26) * 1000;
    assert_eq!((overview.first_ms, overview.day_ms), (Some(hour_21), Some(1_795_478_400_000.0)));
}

#[test]
fn pages_are_sorted_filtered_and_cut() {
    let mut text = String::new();
    for (id, took) in [(1, 30), (2, 10), (3, 20)] {
        text += &asked("09:00:00.000 AM", "textDocument/hover", id);
        text += &answered("09:00:00.030 AM", "textDocument/hover", id, took);
    }
    text += &asked("09:00:01.000 AM", "textDocument/completion", 4);
    let log = log(&text);
    let ids = |query: LogQuery| {
        let page = log.requests(&query);
        (page.matched_rows, page.rows.into_iter().map(|row| row.id).collect::<Vec<_>>())
    };
    let query = LogQuery { filter: "HOVER".into(), limit: 2, ..LogQuery::default() };
    assert_eq!(ids(query.clone()), (3, vec!["1".to_owned(), "3".to_owned()]));
    assert_eq!(ids(LogQuery { offset: 2, ..query.clone() }), (3, vec!["2".to_owned()]));
    assert_eq!(ids(LogQuery { descending: false, ..query }).1, ["2", "3"]);
    let pending = LogQuery { state: Some(LogRequestState::Pending), ..LogQuery::default() };
    assert_eq!(ids(pending), (1, vec!["4".to_owned()]));
    let of_gopls = LogQuery { from: Some(Sender::Gopls), ..LogQuery::default() };
    assert_eq!(ids(of_gopls).0, 0);
}

#[test]
fn a_made_up_log_stays_small() {
    let mut log = MessageLog::new(MessageRules::built_in().unwrap());
    for id in 0..250_000_u32 {
        log.push(asked("09:00:00.000 AM", &format!("method{}", id % 3_000), id).as_bytes());
        log.push(answered("09:00:00.000 AM", "x", id, u64::from(id % 1_000)).as_bytes());
    }
    for id in 0..30_000_u32 {
        log.push(asked("09:00:00.000 AM", "pending", 1_000_000 + id).as_bytes());
    }
    let overview = log.overview("en");
    assert_eq!(overview.methods.len(), 256);
    assert_eq!(overview.methods.iter().map(|method| method.answered).sum::<u64>(), 250_000);
    assert_eq!((overview.pending_count, overview.not_followed), (20_000, 10_000));
    let query = LogQuery { limit: 1, ..LogQuery::default() };
    assert_eq!(log.requests(&query).matched_rows as u64 + overview.not_listed, 270_000);
    assert_eq!(log.requests(&query).rows[0].waited_ms, Some(999), "the slowest are always listed");
}

proptest! {
    #[test]
    fn garbage_is_no_panic(text in "(\\[Trace - |\\[Error - Received\\] |9:00:00|Sending request '|' - \\(|\\n|\\r\\n|Params: |gc 1 @|.){0,60}") {
        let log = log(&text);
        let _ = (log.overview("en"), log.requests(&LogQuery::default()));
    }

    #[test]
    fn any_bytes_are_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut log = MessageLog::new(MessageRules::built_in().unwrap());
        log.push(&bytes);
        log.end();
        let _ = log.overview("en");
    }

    /// Also with damage in it, which makes other states than a whole log does.
    #[test]
    fn where_a_log_is_split_makes_no_difference(
        splits in proptest::collection::vec(0_usize..16_000, 0..6),
        damage in 0_usize..16_000,
        removed in 0_usize..200,
    ) {
        let mut text = real!("v0.23.0.log").as_bytes().to_vec();
        let damage = damage.min(text.len());
        text.drain(damage..(damage + removed).min(text.len()));
        let mut whole = MessageLog::new(MessageRules::built_in().unwrap());
        whole.push(&text);
        whole.end();
        let mut splits: Vec<usize> = splits.into_iter().map(|at| at.min(text.len())).collect();
        splits.sort_unstable();
        let mut split = MessageLog::new(MessageRules::built_in().unwrap());
        let mut from = 0;
        for to in splits.into_iter().chain([text.len()]) {
            split.push(&text[from..to]);
            from = to;
        }
        split.end();
        prop_assert_eq!(split.overview("en"), whole.overview("en"));
        prop_assert_eq!(split.requests(&LogQuery::default()), whole.requests(&LogQuery::default()));
    }
}
