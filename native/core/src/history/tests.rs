#![allow(clippy::unwrap_used)]

use super::*;
use crate::apart::Told;
use crate::model::{Bytes, MB, MS, Ns, SECOND};
use crate::wait::CauseKind;

const DAY_MS: f64 = 24.0 * 3_600_000.0;
const HOVER: usize = 0;
const SAVE: usize = 1;

/// A history of `days` working days from 1970 on, 9 to 10 o'clock UTC.
#[derive(Default)]
struct Made {
    rows: Rows,
}

impl Made {
    fn new(gopls: &[&str]) -> Self {
        let setup = |version: &&str| Setup { gopls: Some((*version).into()), ..Setup::default() };
        let rows = Rows {
            workspaces: vec!["/w/shop".into(), "/w/other".into()],
            setups: gopls.iter().map(setup).collect(),
            methods: vec!["textDocument/hover".into(), "save".into()],
            ..Rows::default()
        };
        Self { rows }
    }

    fn waits(&mut self, day: i64, setup: usize, method: usize, each_ns: &[Ns]) {
        let mut buckets = Buckets::default();
        each_ns.iter().for_each(|ns| buckets.count(*ns));
        self.rows.waits.push(WaitsRow { hour: Hour(24 * day + 9), workspace: 0, setup, method, buckets });
    }

    fn memory(&mut self, day: i64, workspace: usize, setup: usize, rss_bytes: Bytes) {
        self.rows.memory.push(MemoryRow {
            hour: Hour(24 * day + 9),
            workspace,
            setup,
            watched_ns: 3_600 * SECOND,
            rss_average_bytes: rss_bytes,
            rss_peak_bytes: rss_bytes + 50 * MB,
            live_bytes: Some(rss_bytes / 2),
        });
    }

    fn stall(&mut self, day: i64, setup: usize, method: usize, duration_ns: Ns) {
        let at_unix_ms = day as f64 * DAY_MS + 9.5 * 3_600_000.0;
        let cause = Some(CauseKind::Queue);
        self.rows.stalls.push(StallRow { at_unix_ms, workspace: 0, setup, method, duration_ns, cause });
    }

    fn view(&self, days: usize, pick: impl Fn(&mut HistoryQuery)) -> HistoryView {
        let midnights_unix_ms = (0..=days).map(|day| day as f64 * DAY_MS).collect();
        let mut query = HistoryQuery { midnights_unix_ms, workspace: None, method: None };
        pick(&mut query);
        HistoryView::of(self.rows.clone(), &query)
    }
}

fn near(ns: Option<Ns>, wanted: Ns) {
    let share = ns.unwrap() as f64 / wanted as f64;
    assert!((share - 1.0).abs() < 0.031, "{ns:?} for {wanted}");
}

#[test]
fn days_methods_and_workspaces_are_those_that_were_kept() {
    let mut made = Made::new(&["v0.22.0"]);
    made.waits(0, 0, HOVER, &[10 * MS, 10 * MS, 300 * MS]);
    made.waits(0, 0, SAVE, &[2 * SECOND]);
    made.waits(2, 0, HOVER, &[20 * MS]);
    made.stall(0, 0, SAVE, 2 * SECOND);
    made.memory(0, 0, 0, 400 * MB);
    made.memory(2, 0, 0, 600 * MB);
    made.memory(2, 1, 0, 100 * MB);
    let view = made.view(3, |_| {});
    assert_eq!(view.days.iter().map(|day| day.from_unix_ms / DAY_MS).collect::<Vec<_>>(), [0.0, 2.0]);
    let [first, last] = &view.days[..] else { panic!() };
    assert_eq!((first.waits, first.stalls, first.stalled_ns), (4, 1, 2 * SECOND));
    near(first.p50_ns, 10 * MS);
    near(first.p95_ns, 2 * SECOND);
    assert_eq!((last.waits, last.stalls, last.watched_ns), (1, 0, 2 * 3_600 * SECOND));

    let methods: Vec<_> = view.methods.iter().map(|one| (&one.method[..], one.waits, one.stalls)).collect();
    assert_eq!(methods, [("save", 1, 1), ("textDocument/hover", 4, 0)]);
    let [shop, other] = &view.workspaces[..] else { panic!() };
    assert_eq!((&shop.workspace[..], shop.rss_peak_bytes, shop.days.len()), ("/w/shop", 650 * MB, 2));
    assert_eq!(shop.days[1].rss_average_bytes, 600 * MB);
    assert_eq!(shop.days[1].live_bytes, Some(300 * MB));
    assert_eq!(other.days.len(), 1);
    assert_eq!(view.changes, []);
}

#[test]
fn a_workspace_and_a_method_can_be_picked() {
    let mut made = Made::new(&["v0.22.0"]);
    made.waits(0, 0, HOVER, &[10 * MS]);
    made.waits(0, 0, SAVE, &[SECOND]);
    made.memory(0, 0, 0, 400 * MB);
    made.memory(0, 1, 0, 100 * MB);
    let save = made.view(1, |query| query.method = Some("save".into()));
    assert_eq!(save.days[0].waits, 1);
    assert_eq!(save.workspaces.len(), 2);
    let other = made.view(1, |query| query.workspace = Some("/w/other".into()));
    assert_eq!((other.days[0].waits, other.workspaces.len()), (0, 1));
    assert_eq!(other.known_workspaces, ["/w/other", "/w/shop"]);
    let nowhere = made.view(1, |query| query.workspace = Some("/nowhere".into()));
    assert_eq!((nowhere.days.len(), nowhere.workspaces.len()), (0, 0));
}

/// Ten days with one version, ten with the next.
fn upgraded(after: impl Fn(i64) -> (Ns, Bytes)) -> HistoryView {
    let mut made = Made::new(&["v0.22.0", "v0.23.0"]);
    for day in 0..20 {
        let setup = usize::from(day >= 10);
        let noise = (day % 3) as u64;
        let (wait, rss) = if day < 10 { ((100 + 5 * noise) * MS, (500 + noise) * MB) } else { after(day) };
        made.waits(day, setup, HOVER, &vec![wait; 40]);
        made.memory(day, 0, setup, rss);
    }
    made.stall(3, 0, HOVER, SECOND);
    made.view(20, |_| {})
}

#[test]
fn an_upgrade_is_told_with_both_sides_and_what_differs() {
    let view = upgraded(|day| ((200 + (day % 3) as u64) * MS, 501 * MB));
    let [change] = &view.changes[..] else { panic!("{:?}", view.changes) };
    assert_eq!(change.part, ChangedPart::Gopls);
    assert_eq!((&change.from[..], &change.to[..]), ("v0.22.0", "v0.23.0"));
    assert_eq!(change.at_unix_ms, 10.0 * DAY_MS + 9.0 * 3_600_000.0);
    assert_eq!((change.before.days, change.after.days), (10, 9), "the day of the change is on neither side");
    assert_eq!((change.before.waits, change.before.stalls), (400, 1));
    near(change.before.p50_ns, 105 * MS);
    near(change.after.p95_ns, 200 * MS);
    assert_eq!((change.waits, change.memory), (Told::Worse, Told::Same));
    assert!(change.chance < 0.001);
    let faster = upgraded(|_| (50 * MS, 300 * MB));
    assert_eq!((faster.changes[0].waits, faster.changes[0].memory), (Told::Better, Told::Better));
}

#[test]
fn few_days_say_nothing() {
    let mut made = Made::new(&["v0.22.0", "v0.23.0"]);
    for day in 0..5 {
        let setup = usize::from(day >= 2);
        made.waits(day, setup, HOVER, &vec![if setup == 0 { 100 * MS } else { 900 * MS }; 40]);
        made.memory(day, 0, setup, 500 * MB);
    }
    let view = made.view(5, |_| {});
    assert_eq!(view.changes[0].waits, Told::Unknown, "two days before it");
}

#[test]
fn two_windows_with_two_versions_are_no_string_of_upgrades() {
    let mut made = Made::new(&["v0.22.0", "v0.23.0"]);
    for day in 0..12 {
        made.memory(day, 0, 0, 500 * MB);
        if day >= 4 {
            made.memory(day, 1, 1, 500 * MB);
        }
    }
    let view = made.view(12, |_| {});
    assert_eq!(view.changes.len(), 1);
    // Back again after weeks is a change.
    for day in 30..34 {
        made.memory(day, 0, 1, 500 * MB);
    }
    for day in 34..38 {
        made.memory(day, 0, 0, 500 * MB);
    }
    let told = made.view(40, |_| {}).changes;
    let told: Vec<_> = told.iter().map(|one| (&one.from[..], &one.to[..])).collect();
    assert_eq!(told, [("v0.22.0", "v0.23.0"), ("v0.23.0", "v0.22.0")]);
}
