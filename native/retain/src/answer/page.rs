//! What was kept of a heap ([`super::kept`]) as one page: no script, nothing from elsewhere.

use std::fmt::Write as _;

use serde_json::Value;

use super::names;

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--bar:#2a6fbb;--warn:#b02a2a}\
@media (prefers-color-scheme:dark){:root{--bar:#6cb0ff;--warn:#ff8a8a}}\
body{font:14px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}small{opacity:.75}.warn{color:var(--warn);font-weight:600}\
table{border-collapse:collapse;width:100%}th,td{padding:.25rem .6rem;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}\
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}td{overflow-wrap:anywhere}\
td.b{width:30%}td.b i{display:block;height:.8rem;margin-top:.3rem;background:var(--bar)}\
summary{cursor:pointer;margin-left:-1.1rem}li{list-style:none;padding-left:1.1rem}ul{padding-left:.4rem;margin:.1rem 0}code{font-size:.95em}";
/// Go packages in the table, types that are told, and chains of each of those.
const MOST_PACKAGES: usize = 100;
const MOST_HELD: usize = 12;
const MOST_WAYS: usize = 6;
/// What holds more of all than this is open at first.
const OPEN_SHARE: f64 = 0.2;

/// The page, in English. `record` is that of [`crate::record`]; it may have been read from a disk, so nothing in it is sure to be there.
pub fn page(record: &Value) -> String {
    let summary = &record["summary"];
    let mut html = String::from("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n");
    let title = format!("Who holds the memory of process {}", number(&record["pid"]).replace(',', ""));
    let _ = write!(html, "<title>{title}</title>\n<style>{STYLE}</style>\n<h1>{title}</h1>\n");
    head(&mut html, record);
    let all = summary["bytes_marked"].as_f64().unwrap_or(0.0).max(1.0);
    html.push_str("<h2>What holds what</h2>\n<p><small>Each line is what would be freed if the objects above it were gone. What is held by several at once hangs where they meet, often on the first level. Only what holds much is opened.</small></p>\n");
    tree(&mut html, &record["tree"], 0, all);
    table(&mut html, "By part of gopls", "", "part", "alive", rows(&summary["parts"]), "part", all);
    let packages = || rows(&record["packages"]["rows"]).take(MOST_PACKAGES);
    if packages().next().is_some() {
        let note = "What would be freed if gopls forgot the package, and nothing else.";
        table(&mut html, "By Go package", note, "package", "held by it", packages(), "package", all);
    }
    types(&mut html, record, all);
    held(&mut html, record);
    html
}

fn head(html: &mut String, record: &Value) {
    let summary = &record["summary"];
    let check = &summary["check"];
    let _ = writeln!(
        html,
        "<p>{} objects were alive, {} together. The process stood still for {:.0} ms{}.</p>",
        number(&summary["objects_marked"]),
        megabytes(&summary["bytes_marked"]),
        record["facts"]["pause_ns"].as_f64().unwrap_or(0.0) / 1e6,
        if record["facts"]["slept"] == true { "; it had slept while it was copied" } else { " to be copied" }
    );
    let _ = writeln!(
        html,
        "<p><small>{} Kept of the memory are types, sizes and who refers to whom; no text but the import paths of Go packages.</small></p>",
        checked(check)
    );
    if let Some(unread @ 1..) = record["facts"]["registers_unread"].as_u64() {
        let _ = writeln!(
            html,
            "<p><small>The registers of {unread} of its threads, which computed just then, could not be read: what nothing else holds is missing.</small></p>"
        );
    }
    if let Some(reason) = check["reason"].as_str() {
        let _ = writeln!(html, "<p class=\"warn\">Not to be relied on: {}</p>", escape(reason));
    }
}

/// What was held against what.
pub fn checked(check: &Value) -> String {
    let died = match check["died"]["objects"].as_u64() {
        None | Some(0) => String::new(),
        Some(_) => format!(" {} have died since; of the others", number(&check["died"]["objects"])),
    };
    format!(
        "Of {} objects that its last garbage collection found alive,{died} {:.2} % were found here.",
        number(&check["survivors"]["objects"]),
        100.0 * (1.0 - check["missed"].as_f64().unwrap_or(1.0))
    )
}

/// The short name of a type; the whole one is told when the mouse rests on it.
fn code(row: &Value) -> String {
    match text(&row["type"]) {
        "" => "of unknown type".to_owned(),
        name => format!("<code title=\"{}\">{}</code>", escape(name), escape(&names::short(name))),
    }
}

/// The id of a part as words: `type-checking`.
fn part_name(id: &str) -> String {
    let words = escape(&id.replace('-', " "));
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn bar(bytes: &Value, all: f64) -> String {
    let share = 100.0 * bytes.as_f64().unwrap_or(0.0) / all;
    format!("<i style=\"width:{:.1}%\"></i>", share.clamp(0.0, 100.0))
}

/// One level of the tree, and those below of what holds much.
fn tree(html: &mut String, below: &Value, level: usize, all: f64) {
    html.push_str("<ul>\n");
    for row in rows(&below["rows"]) {
        let share = row["retained_bytes"].as_f64().unwrap_or(0.0) / all;
        let several = match row["count"].as_u64() {
            Some(1) => String::new(),
            _ => format!("{} × ", number(&row["count"])),
        };
        let mut line = format!("<b>{}</b> {several}{}", megabytes(&row["retained_bytes"]), code(row));
        if let Some(words) = row["words"].as_str() {
            let _ = write!(line, " <small>{}</small>", escape(words));
        }
        if row["held_by"].is_object() {
            let _ = write!(
                line,
                "<br><small>held by <code>{}</code>{}</small>",
                escape(&way(&row["held_by"])),
                beside(&row["held_by"])
            );
        }
        if row["below"].is_object() {
            let open = if level == 0 && share > OPEN_SHARE { " open" } else { "" };
            let _ = writeln!(html, "<li><details{open}><summary>{line}</summary>");
            tree(html, &row["below"], level + 1, all);
            html.push_str("</details>\n");
        } else {
            let _ = writeln!(html, "<li>{line}");
        }
    }
    if let Some(others) = below["others"].as_u64().filter(|others| *others > 0) {
        let _ = writeln!(
            html,
            "<li><small>{} in {others} more types</small>",
            megabytes(&below["others_retained_bytes"])
        );
    }
    html.push_str("</ul>\n");
}

#[allow(clippy::too_many_arguments)]
fn table<'a>(
    html: &mut String,
    title: &str,
    note: &str,
    what: &str,
    amount: &str,
    rows: impl Iterator<Item = &'a Value>,
    key: &str,
    all: f64,
) {
    let _ = write!(
        html,
        "<h2>{title}</h2>\n<p><small>{note}</small></p>\n<table><tr><th>{what}<th class=\"n\">{amount}<th class=\"n\">objects<th>\n"
    );
    for row in rows {
        let _ = writeln!(
            html,
            "<tr><td>{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"b\">{}",
            match key {
                "part" => part_name(text(&row[key])),
                _ => format!("<code>{}</code>", escape(text(&row[key]))),
            },
            megabytes(&row["bytes"]),
            number(&row["count"]),
            bar(&row["bytes"], all)
        );
    }
    html.push_str("</table>\n");
}

fn types(html: &mut String, record: &Value, all: f64) {
    html.push_str("<h2>By type</h2>\n<table><tr><th>type<th class=\"n\">retained<th class=\"n\">own<th class=\"n\">objects<th>\n");
    for row in rows(&record["types"]) {
        let words = row["words"]
            .as_str()
            .map_or(String::new(), |words| format!("<br><small>{}</small>", escape(words)));
        let _ = writeln!(
            html,
            "<tr><td>{}{words}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"b\">{}",
            code(row),
            megabytes(&row["retained_bytes"]),
            megabytes(&row["bytes"]),
            number(&row["count"]),
            bar(&row["retained_bytes"], all)
        );
    }
    html.push_str("</table>\n");
}

/// The chains to what holds most, of the types that can be told in plain words.
fn held(html: &mut String, record: &Value) {
    html.push_str("<h2>Held by</h2>\n");
    let known = rows(&record["types"]).filter(|row| row["words"].is_string());
    let detail = |row: &Value| rows(&record["details"]).find(|detail| detail["id"] == row["id"]);
    for (row, detail) in known.filter_map(|row| Some((row, detail(row)?))).take(MOST_HELD) {
        let _ = writeln!(
            html,
            "<h3>{}</h3>\n<table><tr><th>held by<th class=\"n\">retained<th class=\"n\">objects",
            code(row)
        );
        for path in rows(&detail["paths"]).take(MOST_WAYS) {
            let _ = writeln!(
                html,
                "<tr><td><code>{}</code>{}<td class=\"n\">{}<td class=\"n\">{}",
                escape(&way(path)),
                beside(path),
                megabytes(&path["retained_bytes"]),
                number(&path["objects"])
            );
        }
        html.push_str("</table>\n");
    }
}

/// Where a chain begins, and the fields on it; from what lasts on, where there is something on the way.
pub fn way(held: &Value) -> String {
    let (root, path, owner) = (&held["root"], text(&held["path"]), &held["owner"]);
    if owner.is_object() {
        return format!("{}{}", names::short(text(&owner["type"])), text(&owner["path"]));
    }
    match text(&root["kind"]) {
        "global" => format!("{}{path}", names::short(text(&root["name"]))),
        // The variables of a goroutine have no names here: the type of what it holds tells more.
        kind => {
            let name = text(&root["name"]);
            let name = &name[name.rfind('/').map_or(0, |slash| slash + 1)..];
            format!("{kind} {name} → {}{path}", names::short(text(&held["first"])))
        }
    }
}

/// Who holds it beside that way.
pub fn beside(held: &Value) -> String {
    match held["goroutines"].as_u64().unwrap_or(0) {
        0 => String::new(),
        1 => " and by one goroutine at work".to_owned(),
        several => format!(" and by {several} goroutines at work"),
    }
}

/// Those of a list; none of what is no list.
pub fn rows(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A text; empty for what is none.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Bytes as people read them.
pub fn megabytes(value: &Value) -> String {
    format!("{:.1} MB", value.as_f64().unwrap_or(0.0) / 1e6)
}

/// With a separator after every three digits.
pub fn number(value: &Value) -> String {
    let digits = value.as_u64().unwrap_or(0).to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}

/// Text that means itself between tags and in quoted attributes.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record() -> Value {
        let held_by = json!({
            "root": { "kind": "goroutine", "name": "runtime.main" }, "first": "x/e.Group", "path": ".c.s.views[0]",
            "owner": { "type": "a.b/cache.Session", "path": ".views[0]" },
            "objects": 1, "bytes": 8, "retained_bytes": 600, "goroutines": 2,
        });
        json!({
            "format": 1, "pid": 4711, "facts": { "pause_ns": 26_400_000 },
            "summary": {
                "objects_marked": 1234, "bytes_marked": 1000,
                "check": { "survivors": { "objects": 1250, "bytes": 1 }, "missed": 0.001, "reliable": true },
                "parts": [{ "part": "type-checking", "count": 3, "bytes": 900 }],
            },
            "types": [{ "type": "a.b/cache.View[<&\"]", "id": 7, "count": 1, "bytes": 8, "retained_bytes": 600, "words": "a <b> view" }],
            "tree": {
                "rows": [{
                    "type": "a.b/cache.View", "id": 7, "count": 1, "bytes": 8, "retained_bytes": 600, "held_by": held_by,
                    "below": { "rows": [], "others": 2, "others_retained_bytes": 5_000_000 },
                }],
                "others": 0, "others_retained_bytes": 0,
            },
            "details": [{ "id": 7, "paths": [held_by], "instances": [] }],
            "packages": { "total": 0, "rows": [] },
        })
    }

    #[test]
    fn a_page_says_what_was_alive_who_held_it_and_what_it_cost() {
        let page = page(&record());
        for told in [
            "1,234 objects were alive",
            "stood still for 26 ms",
            "held by <code>cache.Session.views[0]</code> and by 2 goroutines at work",
            "5.0 MB in 2 more types",
            "<td>Type checking<",
            "title=\"a.b/cache.View[&lt;&amp;&quot;]\"",
            "a &lt;b&gt; view",
        ] {
            assert!(page.contains(told), "{told}\n{page}");
        }
        assert!(!page.contains("By Go package"), "nothing is known of those");
    }

    #[test]
    fn whatever_a_file_says_is_no_reason_to_fail() {
        for record in [Value::Null, json!([1]), json!({ "tree": { "rows": "none" }, "types": [1, null] })] {
            assert!(page(&record).starts_with("<!doctype html>"));
        }
    }
}
