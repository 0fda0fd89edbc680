//! An incident for tests, as one is written on disk.
#![allow(clippy::unwrap_used)]

use serde_json::json;
use stallscope_core::model::Incident;

/// Names that must not leave the machine.
pub(crate) const SECRETS: [&str; 4] = ["gopherina", "secret-plan", "corp.example", "burrow"];

/// A hover of 5.3 s in a workspace with a telling name: 2 s queued, the rest type checking.
pub(crate) fn incident() -> Incident {
    let request = json!({
        "method": "textDocument/hover", "start_ns": 1_000_000_000u64, "end_ns": 6_300_000_123u64,
        "duration_ns": 5_300_000_123u64, "start_source": "observer", "end_source": "gopls-latency",
        "uncertainty_ns": 2_000_000, "interactive": true, "line": 12,
        "uri": "file:///home/gopherina/work/secret-plan/internal/billing.go",
    });
    let mut beside = request.clone();
    beside["method"] = json!("textDocument/codeLens");
    beside["start_ns"] = json!(2_000_000_000u64);
    beside["end_ns"] = json!(null);
    beside["duration_ns"] = json!(null);
    let slice = |phase: &str, begin_ns: u64, end_ns: u64| json!({ "phase": phase, "begin_ns": begin_ns, "end_ns": end_ns, "source": "spans" });
    let phase = |phase: &str, duration_ns: u64| json!({ "phase": phase, "duration_ns": duration_ns, "share": duration_ns as f64 / 5.3e9, "error_share": 0.0 });
    let capture = |number: u32, kind: &str, state: &str, error: Option<&str>| {
        json!({
            "number": number, "kind": kind, "state": state, "file": "", "size_bytes": 4_711, "trigger": "heap-on-growth",
            "trigger_ns": 2_000_000_000u64, "sent_ns": 2_010_000_000u64, "first_byte_ns": 2_100_000_000u64,
            "received_ns": 2_200_000_000u64, "on_disk_ns": 2_210_000_000u64, "during_request": true,
            "inuse_space_bytes": if kind == "heap" { Some(321_000_000) } else { None }, "error": error,
        })
    };
    let incident = json!({
        "format": 1, "id": "20261124T041900.123Z-hover-4711", "state": "complete",
        "origin_unix_ns": "1795493940000000007", "started_at": "2026-11-24T04:19:01.000Z",
        "gopls": { "pid": 4711, "started_unix_ms": 1795493000000.0, "exe": "/home/gopherina/go/bin/gopls",
                   "version": "v0.23.0", "go_version": "go1.26.8" },
        "workspace": ["/home/gopherina/work/secret-plan", "/srv/burrow"],
        "request": request, "requests": [request, beside], "latency_source": "counters", "load": null,
        "held_up_ns": 0, "taken_late_ns": 0,
        "wait": {
            "phases": [phase("type-checking", 3_300_000_123), phase("queued", 2_000_000_000)],
            "slices": [slice("queued", 1_000_000_000, 3_000_000_000), slice("type-checking", 3_000_000_000, 6_300_000_123)],
            "source": "spans", "samples": 0, "unknown_functions": [], "queued_behind": [],
            "packages": { "others": 1, "others_waited_ns": 1_000_000, "packages": [
                { "package": "corp.example/billing", "phase": "type-checking", "waited_ns": 2, "running_ns": 2 } ] },
        },
        "causes": [
            { "kind": "type-checking", "duration_ns": 3_300_000_123u64, "share": 0.62, "slow": true, "confidence": "known", "evidence": {} },
            { "kind": "queue", "duration_ns": 2_000_000_000u64, "share": 0.38, "slow": true, "confidence": "known",
              "evidence": { "behind": "workspace/executeCommand" } },
        ],
        "rss": { "start_bytes": 200_000_000, "peak_bytes": 600_000_000, "end_bytes": 550_000_000, "steepest_rise_bytes": 40 },
        "series": [{ "at_ns": 900_000_000u64, "rss_bytes": 200_000_000 }, { "at_ns": 6_500_000_000u64, "rss_bytes": 550_000_000 }],
        "captures": [capture(1, "heap", "complete", None),
                     capture(2, "goroutines", "failed", Some("open /home/gopherina/x: no such file"))],
        "decisions": [], "notes": [],
        "cost": { "debug_requests": 3, "debug_bytes": 4, "debug_open_ns": 5 },
    });
    serde_json::from_value(incident).unwrap()
}
