//! The trace of a log.

use super::{Counter, Group, Mark, Slice, Trace};
use crate::log::{Level, LogRequest, LogRequestState, MessageLog, Sender};
use crate::model::{MS, Ns};

impl Trace {
    /// Requests in both directions, loads and progress, how many were in flight, and the errors and warnings.
    ///
    /// Times are those of the log: from the midnight before it. Collections are left out: they count from the start of a
    /// process that the log does not name.
    pub fn of_log(log: &MessageLog, title: &str) -> Self {
        let overview = log.overview("en");
        let last_ns = overview.last_ms.unwrap_or(0).saturating_mul(MS);
        let requests: Vec<LogRequest> = log.all_requests().collect();
        let of = |from: Sender| {
            let of_side = requests.iter().filter(move |request| request.from == from);
            of_side.filter_map(|request| slice(request, last_ns)).collect()
        };
        let loads = overview.loads.iter().filter_map(|load| {
            let end_ns = load.at_ms.saturating_mul(MS);
            let length_ns = (load.duration_ms? * MS as f64) as Ns;
            let facts = [("packages", load.packages.unwrap_or(0).into()), ("number", load.number.into())];
            Some(Slice::new("go/packages.Load", end_ns.saturating_sub(length_ns), end_ns, facts))
        });
        let work = overview.work.iter().map(|work| {
            let end_ns = work.ended_ms.map_or(last_ns, |ms| ms.saturating_mul(MS));
            Slice::new(&*work.title, work.began_ms.saturating_mul(MS), end_ns, [])
        });
        let curve = &overview.in_flight;
        let bars = curve.most.iter().enumerate();
        let in_flight = bars.map(|(bar, most)| {
            ((curve.from_ms + bar as u64 * curve.bar_ms).saturating_mul(MS), *most as f64)
        });
        let unanswered = requests.iter().filter(|request| request.state == LogRequestState::Unanswered);
        let unanswered = unanswered.map(|request| Mark {
            name: format!("never answered: {}", request.method),
            at_ns: request.began_ms.saturating_mul(MS),
            facts: super::Facts::new(),
        });
        let grave = overview.texts.iter().filter_map(|text| {
            let name = match text.level {
                Level::Error => "error",
                Level::Warning => "warning",
                Level::Info | Level::Log => return None,
            };
            let rules: Vec<&str> = text.meanings.iter().map(|meaning| &*meaning.rule).collect();
            let facts =
                crate::model::named([("rules", rules.join(", ").into()), ("count", text.count.into())]);
            Some(Mark { name: name.to_owned(), at_ns: text.first_ms?.saturating_mul(MS), facts })
        });
        Self {
            title: title.to_owned(),
            pid: 0,
            process: "gopls, from its log".to_owned(),
            groups: vec![
                Group { name: "Requests of the editor".into(), slices: of(Sender::Editor) },
                Group { name: "Requests of gopls".into(), slices: of(Sender::Gopls) },
                Group { name: "Progress gopls reported".into(), slices: work.collect() },
                Group { name: "Loads of packages".into(), slices: loads.collect() },
            ],
            counters: vec![Counter { name: "requests in flight".into(), points: in_flight.collect() }],
            marks: unanswered.chain(grave).collect(),
        }
    }
}

/// `None` for what has no end: how long it was waited for nobody knows.
fn slice(request: &LogRequest, last_ns: Ns) -> Option<Slice> {
    let end_ns = match request.state {
        LogRequestState::Pending => last_ns,
        _ => request.ended_ms?.saturating_mul(MS),
    };
    let state = match request.state {
        LogRequestState::Ok => "answered",
        LogRequestState::Error => "answered with an error",
        LogRequestState::Cancelled => super::CANCELLED,
        LogRequestState::Pending => super::PENDING,
        LogRequestState::Unanswered => super::NEVER_ANSWERED,
    };
    let facts = [("id", request.id.as_str().into()), (super::STATE, state.into())];
    Some(Slice::new(&*request.method, request.began_ms.saturating_mul(MS), end_ns, facts))
}
