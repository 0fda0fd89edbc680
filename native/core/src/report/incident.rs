//! The fields of an incident that may tell who and where. The rest are numbers, moments and names of our own.

use crate::model::{Incident, RequestRecord, Value};

use super::redactor::Redactor;

/// The incident with paths, documents and texts of others redacted; figures, rules and states are as they were.
pub fn redact_incident(redactor: &mut Redactor, incident: &Incident) -> Incident {
    let mut incident = incident.clone();
    let mut hide = |text: &mut String| *text = redactor.text(text);
    hide(&mut incident.gopls.exe);
    incident.workspace.iter_mut().for_each(&mut hide);
    let mut of_request = |request: &mut RequestRecord| request.uri.iter_mut().for_each(&mut hide);
    of_request(&mut incident.request);
    incident.requests.iter_mut().for_each(of_request);
    incident.machine.iter_mut().flat_map(|machine| &mut machine.commands).for_each(|go| hide(&mut go.line));
    let waits = [&mut incident.wait, &mut incident.wait_by_spans].into_iter().flatten();
    let packages = waits.filter_map(|wait| wait.packages.as_mut()).flat_map(|work| &mut work.packages);
    packages.for_each(|share| hide(&mut share.package));
    incident.captures.iter_mut().filter_map(|capture| capture.error.as_mut()).for_each(&mut hide);
    let decisions = incident.decisions.iter_mut().flat_map(|decision| decision.values.values_mut());
    let notes = incident.notes.iter_mut().flat_map(|note| note.values.values_mut());
    let causes = incident.causes.iter_mut().flat_map(|cause| cause.evidence.values_mut());
    for value in decisions.chain(notes).chain(causes) {
        if let Value::Text(text) = value {
            hide(text);
        }
    }
    incident
}

/// A moment as the texts of a report write it: UTC, RFC 3339, seconds.
pub fn moment(at: std::time::SystemTime) -> String {
    humantime::format_rfc3339_seconds(at).to_string()
}
