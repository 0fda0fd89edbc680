//! Waits over time: per day how many, and how long half of them and 19 of 20 took at most.

use serde::{Deserialize, Serialize};

use super::{CauseKind, WaitSum};
use crate::midnights;
use crate::model::{Incident, Ns};

/// Days that are told: the latest that have waits.
const MOST_DAYS: usize = 30;
const LONGEST_METHOD_CHARS: usize = 200;

/// Which waits are wanted, and where the days of whoever asks begin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct WaitDaysQuery {
    /// Where days begin, Unix milliseconds, ascending; the last one ends the last day. Only who asks knows the time zone.
    pub midnights_unix_ms: Vec<f64>,
    /// Only waits for this LSP method; `null` for all.
    pub method: Option<String>,
    /// Only what this cause had its part in, and only that part; `null` for whole waits.
    pub cause: Option<CauseKind>,
}

/// Why a query is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("waits per day: {0}")]
pub struct MidnightsError(&'static str);

/// Waits per day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct WaitDays {
    /// The latest 30 days that have such waits, in their order. A day without one is not there.
    pub days: Vec<WaitDay>,
    /// Waits on these days.
    pub waits: u32,
    /// Such waits before them.
    pub older: u32,
    /// Incidents that were removed so far to stay within the disk budget: their waits are in no figure.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub removed: u64,
    /// There are older incidents which were not read.
    pub cut: bool,
}

/// One day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct WaitDay {
    /// Its midnight, as in the query.
    pub from_unix_ms: f64,
    /// Its waits.
    pub sum: WaitSum,
    /// Another gopls than on the day before in this list; by any incident, whatever was asked for.
    pub gopls: Option<GoplsChange>,
}

/// The version of gopls changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct GoplsChange {
    /// As it was before.
    pub from: String,
    /// As it was by the end of the day.
    pub to: String,
}

/// What counts of an incident.
struct Row {
    day: usize,
    at_ms: f64,
    version: Option<String>,
    duration_ns: Option<Ns>,
}

impl WaitDaysQuery {
    /// Whether it can be answered.
    ///
    /// # Errors
    /// Days that do not follow each other, too many of them, a method that is none.
    pub fn check(&self) -> Result<(), MidnightsError> {
        midnights::check(&self.midnights_unix_ms).map_err(MidnightsError)?;
        if self.method.as_ref().is_some_and(|method| method.chars().count() > LONGEST_METHOD_CHARS) {
            return Err(MidnightsError("`method` must have 200 characters at most"));
        }
        Ok(())
    }

    /// `None` for an incident outside the days asked about.
    fn row(&self, incident: Incident) -> Option<Row> {
        let at_ms = incident.asked_unix_ms();
        let day = midnights::day(&self.midnights_unix_ms, at_ms)?;
        let is_wanted = self.method.as_ref().is_none_or(|method| *method == incident.request.method);
        let duration_ns = incident.waited_ns().filter(|_| is_wanted).and_then(|whole_ns| match self.cause {
            None => Some(whole_ns),
            Some(kind) => {
                let part = incident.causes.iter().find(|cause| cause.kind == kind)?;
                Some(part.duration_ns.min(whole_ns))
            }
        });
        Some(Row { day, at_ms, version: incident.gopls.version, duration_ns })
    }
}

impl WaitDays {
    /// Of incidents, in any order. Those that somebody asked for, and waits whose end was not seen, do not count.
    ///
    /// # Errors
    /// See [`WaitDaysQuery::check`].
    pub fn of(
        incidents: impl Iterator<Item = Incident>,
        query: &WaitDaysQuery,
    ) -> Result<Self, MidnightsError> {
        query.check()?;
        let mut rows: Vec<Row> = incidents.filter_map(|incident| query.row(incident)).collect();
        rows.sort_by(|a, b| a.at_ms.total_cmp(&b.at_ms));
        let mut days = Vec::new();
        let (mut before, mut latest) = (None::<String>, None::<String>);
        for rows in rows.chunk_by(|a, b| a.day == b.day) {
            latest = rows.iter().rev().find_map(|row| row.version.clone()).or(latest);
            let durations = rows.iter().filter_map(|row| row.duration_ns).collect();
            let Some(sum) = WaitSum::of(durations) else { continue };
            let gopls = match (&before, &latest) {
                (Some(from), Some(to)) if from != to => {
                    Some(GoplsChange { from: from.clone(), to: to.clone() })
                }
                _ => None,
            };
            days.push(WaitDay { from_unix_ms: query.midnights_unix_ms[rows[0].day], sum, gopls });
            before.clone_from(&latest);
        }
        let count = |days: &[WaitDay]| -> u32 { days.iter().map(|day| day.sum.count).sum() };
        let shown = days.split_off(days.len().saturating_sub(MOST_DAYS));
        Ok(Self { waits: count(&shown), older: count(&days), days: shown, ..Self::default() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::MS;
    use crate::model::{ON_REQUEST, SECOND};
    use crate::wait::StallSummary;
    use serde_json::json;

    const DAY_MS: u64 = 24 * 3_600_000;

    /// A wait that began so many hours after the first midnight.
    fn waited(hours: u64, method: &str, duration_ns: Ns, version: &str) -> Incident {
        let request = json!({
            "method": method, "start_ns": hours * 3_600 * SECOND, "end_ns": null, "duration_ns": duration_ns,
            "start_source": "observer", "end_source": "counters", "uncertainty_ns": 1, "interactive": true,
            "uri": null, "line": null,
        });
        let half = duration_ns / 2;
        serde_json::from_value(json!({
            "format": 1, "id": "x", "state": "complete", "origin_unix_ns": (100 * DAY_MS * MS).to_string(),
            "started_at": "", "workspace": [], "request": request, "requests": [], "latency_source": "counters",
            "gopls": { "pid": 1, "started_unix_ms": 0.0, "exe": "", "version": version, "go_version": null },
            "load": null, "series": [], "captures": [], "decisions": [], "notes": [],
            "causes": [{ "kind": "parsing", "duration_ns": half, "share": 0.5, "confidence": "likely", "evidence": {} }],
            "rss": { "start_bytes": 0, "peak_bytes": 0, "end_bytes": 0, "steepest_rise_bytes": 0 },
            "cost": { "debug_requests": 0, "debug_bytes": 0, "debug_open_ns": 0 },
        }))
        .unwrap()
    }

    fn query(days: u64) -> WaitDaysQuery {
        let midnights_unix_ms = (0..=days).map(|day| ((100 + day) * DAY_MS) as f64).collect();
        WaitDaysQuery { midnights_unix_ms, method: None, cause: None }
    }

    const HOVER: &str = "textDocument/hover";

    #[test]
    fn a_day_has_the_waits_that_began_in_it_and_one_without_is_not_there() {
        let incidents = || {
            [
                waited(73, HOVER, 9 * SECOND, "v0.24.0"),
                waited(1, HOVER, SECOND, "v0.23.0"),
                waited(23, HOVER, 3 * SECOND, "v0.23.0"),
                waited(2, "workspace/symbol", 2 * SECOND, "v0.23.0"),
                waited(24, HOVER, 5 * SECOND, "v0.23.0"),
                waited(3, ON_REQUEST, 50 * SECOND, "v0.23.0"),
                waited(97, HOVER, 7 * SECOND, "v0.24.0"),
            ]
            .into_iter()
        };
        let found = WaitDays::of(incidents(), &query(4)).unwrap();
        let told = |days: &WaitDays| -> Vec<(u64, u32, u64, u64)> {
            let day = |day: &WaitDay| {
                let WaitSum { count, p50_ns, p95_ns, .. } = day.sum;
                (day.from_unix_ms as u64 / DAY_MS - 100, count, p50_ns / SECOND, p95_ns / SECOND)
            };
            days.days.iter().map(day).collect()
        };
        // What began after the last midnight belongs to no day.
        assert_eq!(told(&found), [(0, 3, 2, 3), (1, 1, 5, 5), (3, 1, 9, 9)]);
        assert_eq!((found.waits, found.older), (5, 0));
        let changes: Vec<_> =
            found.days.iter().map(|day| day.gopls.as_ref().map(|to| to.to.as_str())).collect();
        assert_eq!(changes, [None, None, Some("v0.24.0")]);
        let of_symbol = WaitDaysQuery { method: Some("workspace/symbol".to_owned()), ..query(4) };
        assert_eq!(told(&WaitDays::of(incidents(), &of_symbol).unwrap()), [(0, 1, 2, 2)]);
        let of_cause = WaitDaysQuery { cause: Some(CauseKind::Parsing), ..query(4) };
        let parsing = WaitDays::of(incidents(), &of_cause).unwrap();
        assert_eq!(parsing.days[1].sum.total_ns, 5 * SECOND / 2, "its part, not the whole");
        let of_other = WaitDaysQuery { cause: Some(CauseKind::Gc), ..query(4) };
        assert_eq!(WaitDays::of(incidents(), &of_other).unwrap(), WaitDays::default());
    }

    #[test]
    fn a_change_of_gopls_on_a_day_without_such_waits_is_told_on_the_next_that_has_some() {
        let incidents = [
            waited(1, HOVER, SECOND, "v0.23.0"),
            waited(25, "workspace/symbol", SECOND, "v0.24.0"),
            waited(49, HOVER, SECOND, "v0.24.0"),
        ];
        let of_hover = WaitDaysQuery { method: Some(HOVER.to_owned()), ..query(3) };
        let found = WaitDays::of(incidents.into_iter(), &of_hover).unwrap();
        let change = GoplsChange { from: "v0.23.0".to_owned(), to: "v0.24.0".to_owned() };
        assert_eq!(found.days.iter().map(|day| day.gopls.clone()).collect::<Vec<_>>(), [None, Some(change)]);
    }

    #[test]
    fn who_was_held_up_by_the_extension_host_waited_for_both_as_in_the_summary() {
        let held_up = || Incident { held_up_ns: 4 * SECOND, ..waited(1, HOVER, SECOND, "v0.23.0") };
        let found = WaitDays::of([held_up()].into_iter(), &query(1)).unwrap();
        assert_eq!(found.days[0].sum.total_ns, 5 * SECOND);
        assert_eq!(StallSummary::of([held_up()].into_iter()).total_ns, 5 * SECOND);
    }

    #[test]
    fn the_latest_days_are_told_and_how_much_was_before() {
        let incidents = (0..40).map(|day| waited(day * 24, HOVER, SECOND, "v0.23.0"));
        let found = WaitDays::of(incidents, &query(60)).unwrap();
        assert_eq!((found.days.len(), found.waits, found.older), (30, 30, 10));
    }

    #[test]
    fn days_that_are_none_are_refused_by_name() {
        let of = |midnights: &[f64]| {
            let query = WaitDaysQuery { midnights_unix_ms: midnights.to_vec(), method: None, cause: None };
            query.check().map_err(|error| error.to_string())
        };
        assert_eq!(of(&[1.0, 2.0]), Ok(()));
        for wrong in [&[][..], &[1.0], &[2.0, 1.0], &[1.0, 1.0], &[1.0, f64::NAN], &[0.0, f64::INFINITY]] {
            assert!(of(wrong).is_err_and(|why| why.contains("midnights_unix_ms")), "{wrong:?}");
        }
        assert!(of(&vec![0.0; midnights::MOST + 1]).is_err());
        let method = Some("x".repeat(1_000));
        assert!(WaitDaysQuery { method, ..query(1) }.check().is_err());
    }
}
