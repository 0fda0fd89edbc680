//! The answer as one page: no script, nothing from elsewhere.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use stallscope_core::html::escape;
use stallscope_retain::capture::Session;
use stallscope_retain::stop::Stop;

use crate::failure::Failure;

use super::{answer, megabytes, number, rows, text};

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--bar:#2a6fbb;--warn:#b02a2a}\
@media (prefers-color-scheme:dark){:root{--bar:#6cb0ff;--warn:#ff8a8a}}\
body{font:14px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}small{opacity:.75}.warn{color:var(--warn);font-weight:600}\
table{border-collapse:collapse;width:100%}th,td{padding:.25rem .6rem;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}\
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}td{overflow-wrap:anywhere}\
td.b{width:30%}td.b i{display:block;height:.8rem;margin-top:.3rem;background:var(--bar)}\
details{margin-left:1.2rem}summary{cursor:pointer}li{list-style:none}ul{padding-left:1.2rem;margin:.1rem 0}code{font-size:.95em}";
/// Types in the table.
const MOST_TYPES: usize = 200;
/// Go packages in the table.
const MOST_PACKAGES: usize = 100;
/// Levels of the tree, and rows of each.
const LEVELS: usize = 7;
const MOST_BELOW: usize = 6;
/// What holds less of all than this is not opened.
const LEAST_SHARE: f64 = 0.01;
/// Types with a chain of their own.
const MOST_HELD: usize = 12;

/// Writes it into a new file.
pub fn write(session: &Session, report: &Value, path: &Path, stop: &Stop) -> Result<(), Failure> {
    let ask = |question: Value| answer(&session.ask(&question.to_string(), stop)?);
    let mut html = String::from("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n");
    let title = format!("Who holds the memory of process {}", report["pid"]);
    let _ = write!(html, "<title>{title}</title>\n<style>{STYLE}</style>\n<h1>{title}</h1>\n");
    head(&mut html, report);
    let all = report["bytes_marked"].as_f64().unwrap_or(0.0).max(1.0);
    html.push_str("<h2>What holds what</h2>\n<p><small>Each line is what would be freed if the objects above it were gone. Only what holds at least 1 % is opened.</small></p>\n");
    tree(&mut html, &ask, &mut Vec::new(), all)?;
    html.push_str(
        "<h2>By part of gopls</h2>\n<table><tr><th>part<th class=\"n\">alive<th class=\"n\">objects<th>\n",
    );
    for row in rows(&report["parts"]) {
        let _ = writeln!(
            html,
            "<tr><td>{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"b\">{}",
            escape(text(&row["part"])),
            megabytes(&row["bytes"]),
            number(&row["count"]),
            bar(&row["bytes"], all)
        );
    }
    html.push_str("</table>\n");
    packages(&mut html, report, all);
    types(&mut html, &ask, all)?;
    held(&mut html, &ask)?;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| {
        Failure::Retain(format!("{}: {error}: name a file that is not there yet", path.display()))
    })?;
    Ok(file.write_all(html.as_bytes())?)
}

fn head(html: &mut String, report: &Value) {
    let check = &report["check"];
    let _ = writeln!(
        html,
        "<p>{} objects were alive, {} together. The process stood still for {:.0} ms to be copied.</p>",
        number(&report["objects_marked"]),
        megabytes(&report["bytes_marked"]),
        report["pause_ms"].as_f64().unwrap_or(0.0)
    );
    let _ = writeln!(
        html,
        "<p><small>{} Kept of the memory are types, sizes and who refers to whom; no text but the import paths of Go packages.</small></p>",
        super::checked(check)
    );
    if let Some(reason) = check["reason"].as_str() {
        let _ = writeln!(html, "<p class=\"warn\">Not to be relied on: {}</p>", escape(reason));
    }
}

fn bar(bytes: &Value, all: f64) -> String {
    format!("<i style=\"width:{:.1}%\"></i>", 100.0 * bytes.as_f64().unwrap_or(0.0) / all)
}

/// One level of the tree, and those below of what holds much.
fn tree(
    html: &mut String,
    ask: &impl Fn(Value) -> Result<Value, Failure>,
    way: &mut Vec<u64>,
    all: f64,
) -> Result<(), Failure> {
    let below = ask(json!({ "ask": "holds", "start": "all", "way": way }))?;
    html.push_str("<ul>\n");
    for row in rows(&below["rows"]).take(MOST_BELOW) {
        let share = row["retained_bytes"].as_f64().unwrap_or(0.0) / all;
        let line = format!(
            "<b>{}</b> in {} × <code>{}</code>",
            megabytes(&row["retained_bytes"]),
            number(&row["count"]),
            escape(text(&row["type"]))
        );
        match row["id"].as_u64().filter(|_| share >= LEAST_SHARE && way.len() < LEVELS) {
            Some(id) => {
                let open = if way.is_empty() && share > 0.2 { " open" } else { "" };
                let _ = writeln!(html, "<li><details{open}><summary>{line}</summary>");
                way.push(id);
                tree(html, ask, way, all)?;
                way.pop();
                html.push_str("</details>\n");
            }
            None => {
                let _ = writeln!(html, "<li>{line}");
            }
        }
    }
    html.push_str("</ul>\n");
    Ok(())
}

fn packages(html: &mut String, report: &Value, all: f64) {
    if rows(&report["packages"]).next().is_none() {
        return;
    }
    html.push_str("<h2>By Go package</h2>\n<p><small>What would be freed if gopls forgot the package, and nothing else.</small></p>\n<table><tr><th>package<th class=\"n\">held by it<th class=\"n\">objects<th>\n");
    for row in rows(&report["packages"]).take(MOST_PACKAGES) {
        let _ = writeln!(
            html,
            "<tr><td><code>{}</code><td class=\"n\">{}<td class=\"n\">{}<td class=\"b\">{}",
            escape(text(&row["package"])),
            megabytes(&row["bytes"]),
            number(&row["count"]),
            bar(&row["bytes"], all)
        );
    }
    html.push_str("</table>\n");
}

fn types(html: &mut String, ask: &impl Fn(Value) -> Result<Value, Failure>, all: f64) -> Result<(), Failure> {
    let types = ask(json!({ "ask": "types", "limit": MOST_TYPES }))?;
    html.push_str("<h2>By type</h2>\n<table><tr><th>type<th class=\"n\">retained<th class=\"n\">own<th class=\"n\">objects<th>\n");
    for row in rows(&types["rows"]) {
        let words = row["words"]
            .as_str()
            .map_or(String::new(), |words| format!("<br><small>{}</small>", escape(words)));
        let _ = writeln!(
            html,
            "<tr><td><code>{}</code>{words}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"b\">{}",
            escape(text(&row["type"])),
            megabytes(&row["retained_bytes"]),
            megabytes(&row["bytes"]),
            number(&row["count"]),
            bar(&row["retained_bytes"], all)
        );
    }
    html.push_str("</table>\n");
    Ok(())
}

/// The chains to what holds most, of the types that can be told in plain words.
fn held(html: &mut String, ask: &impl Fn(Value) -> Result<Value, Failure>) -> Result<(), Failure> {
    let types = ask(json!({ "ask": "types", "limit": MOST_TYPES }))?;
    let known = rows(&types["rows"]).filter(|row| row["words"].is_string()).take(MOST_HELD);
    html.push_str("<h2>Held by</h2>\n");
    for row in known {
        let _ = writeln!(
            html,
            "<h3><code>{}</code></h3>\n<table><tr><th>held by<th class=\"n\">retained<th class=\"n\">objects",
            escape(text(&row["type"]))
        );
        let paths = ask(json!({ "ask": "paths", "id": row["id"] }))?;
        for path in rows(&paths).take(MOST_BELOW) {
            let _ = writeln!(
                html,
                "<tr><td><code>{}</code><td class=\"n\">{}<td class=\"n\">{}",
                escape(&super::way(path)),
                megabytes(&path["retained_bytes"]),
                number(&path["objects"])
            );
        }
        html.push_str("</table>\n");
    }
    Ok(())
}
