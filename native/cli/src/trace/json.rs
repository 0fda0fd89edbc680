//! JSON for scripts, in shapes of its own: what changes inside does not change these.

use serde::Serialize;
use serde_json::{Value, json};
use stallscope_core::log::{LogOverview, LogRequest, LogRequestPage, LogRequestState, Sender};
use stallscope_core::model::Incident;
use stallscope_core::wait::PackageWork;

/// A log. Times are milliseconds since the midnight before its first stamp.
pub fn log(overview: &LogOverview, page: &LogRequestPage) -> Value {
    let methods = overview.methods.iter().map(|method| {
        json!({
            "method": method.method,
            "from": from(method.from),
            "answered": method.answered,
            "errors": method.errors,
            "cancelled": method.cancelled,
            "pending": method.pending,
            "unanswered": method.unanswered,
            "p50_ms": method.p50_ms,
            "p90_ms": method.p90_ms,
            "p99_ms": method.p99_ms,
            "max_ms": method.longest_ms,
            "sum_ms": method.sum_ms,
        })
    });
    let loads = overview.loads.iter().map(|load| {
        json!({
            "number": load.number,
            "at_ms": load.at_ms,
            "duration_ms": load.duration_ms,
            "query": load.query,
            "packages": load.packages,
            "error": load.error,
            "repeated": load.repeated,
            "without_change": load.without_change,
        })
    });
    let messages = overview.texts.iter().map(|text| {
        let meanings = text.meanings.iter().map(|meaning| {
            json!({
                "rule": meaning.rule,
                "means": meaning.means,
                "what_to_do": meaning.what_to_do,
                "setting": meaning.setting,
            })
        });
        json!({
            "level": text.level,
            "shown": text.shown,
            "text": text.text,
            "count": text.count,
            "meanings": meanings.collect::<Vec<_>>(),
        })
    });
    let gc = overview.gc.as_ref().map(|gc| {
        json!({
            "cycles": gc.cycles,
            "forced": gc.forced,
            "processes": gc.processes,
            "longest_pause_ms": gc.longest_pause_ms,
            "pauses_ms": gc.pauses_ms,
            "assists_cpu_ms": gc.assists_cpu_ms,
            "most_live_bytes": gc.most_live_bytes,
            "cpu_percent": gc.latest.last().map(|cycle| cycle.cpu_percent),
            "live_bytes": gc.latest.last().map(|cycle| cycle.live_bytes),
            "goal_bytes": gc.latest.last().map(|cycle| cycle.goal_bytes),
        })
    });
    json!({
        "lines": overview.lines,
        "first_ms": overview.first_ms,
        "last_ms": overview.last_ms,
        "starts": overview.starts,
        "methods": methods.collect::<Vec<_>>(),
        "matched_requests": page.matched_rows,
        "requests": page.rows.iter().map(request).collect::<Vec<_>>(),
        "pending": overview.pending.iter().map(request).collect::<Vec<_>>(),
        "loads": loads.collect::<Vec<_>>(),
        "messages": messages.collect::<Vec<_>>(),
        "gc": gc,
        "stray_answers": overview.stray_answers,
        "not_listed": overview.not_listed,
    })
}

#[derive(Serialize)]
pub struct Request<'a> {
    method: &'a str,
    from: &'static str,
    id: &'a str,
    began_ms: u64,
    waited_ms: Option<u64>,
    state: LogRequestState,
}

/// A request; `waited_ms` of a pending one is its age where the log ends.
pub fn request(request: &LogRequest) -> Request<'_> {
    Request {
        method: &request.method,
        from: from(request.from),
        id: &request.id,
        began_ms: request.began_ms,
        waited_ms: request.waited_ms,
        state: request.state,
    }
}

/// An incident's requests, and what the main one was spent on; `wait` is null where nothing tells.
pub fn incident(incident: &Incident) -> Value {
    let requests = incident.requests.iter().map(|request| {
        json!({
            "method": request.method,
            "start_ns": request.start_ns,
            "duration_ns": request.duration_ns,
            "uncertainty_ns": request.uncertainty_ns,
        })
    });
    let wait = incident.best_wait().map(|wait| {
        let phases = wait.phases.iter().map(|phase| {
            json!({
                "phase": phase.phase,
                "duration_ns": phase.duration_ns,
                "share": phase.share,
                "error_share": phase.error_share,
            })
        });
        json!({
            "method": incident.request.method,
            "source": wait.source,
            "samples": wait.samples,
            "phases": phases.collect::<Vec<_>>(),
            "packages": wait.packages.as_ref().map(packages),
        })
    });
    json!({ "incident": incident.id, "requests": requests.collect::<Vec<_>>(), "wait": wait })
}

/// The packages that a request waited for.
fn packages(work: &PackageWork) -> Value {
    let packages = work.packages.iter().map(|share| {
        json!({
            "package": share.package,
            "phase": share.phase,
            "waited_ns": share.waited_ns,
            "running_ns": share.running_ns,
        })
    });
    json!({
        "packages": packages.collect::<Vec<_>>(),
        "others": work.others,
        "others_waited_ns": work.others_waited_ns,
    })
}

fn from(sender: Sender) -> &'static str {
    match sender {
        Sender::Editor => "editor",
        Sender::Gopls => "gopls",
    }
}
