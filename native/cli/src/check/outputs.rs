//! What was checked, for those who read it: people, JUnit's readers, GitHub.

use std::fmt::Write;

use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus, TestSuite};
use stallscope_core::experiment::{Checked, Verdict};
use stallscope_doctor::{Place, ToldFinding};

/// Everything that a check came to.
pub struct Outcome<'a> {
    /// What was checked, as people name it.
    pub folder: &'a str,
    /// Every limit.
    pub checked: &'a [Checked],
    /// The findings of the doctor that fail.
    pub findings: &'a [&'a ToldFinding],
}

impl Outcome<'_> {
    /// Of all of it. What fails goes before what nobody knows.
    pub fn verdict(&self) -> Verdict {
        match (self.count(Verdict::Failed), self.count(Verdict::NotMeasured)) {
            (0, 0) => Verdict::Passed,
            (0, _) => Verdict::NotMeasured,
            _ => Verdict::Failed,
        }
    }

    /// The same in words.
    pub fn summary_line(&self) -> String {
        let (verdict, all) = (self.verdict(), self.checked.len() + self.findings.len());
        let count = self.count(verdict);
        match verdict {
            Verdict::Passed => format!("{all} of {all} passed"),
            Verdict::Failed => format!("{count} of {all} failed"),
            Verdict::NotMeasured => format!("{count} of {all} could not be measured"),
        }
    }

    fn count(&self, verdict: Verdict) -> usize {
        let findings = if verdict == Verdict::Failed { self.findings.len() } else { 0 };
        findings + self.checked.iter().filter(|checked| checked.verdict == verdict).count()
    }

    /// A line each.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for checked in self.checked {
            let _ = writeln!(text, "{:<4}  {}", word(checked.verdict), one_line(&checked.says));
        }
        for finding in self.findings {
            let _ = writeln!(
                text,
                "{:<4}  {} [{}] at {}",
                word(Verdict::Failed),
                one_line(&finding.title),
                finding.id,
                one_line(&place(&finding.place))
            );
        }
        text
    }

    /// JUnit's XML: a limit is a test case, and so is each finding.
    pub fn junit(&self) -> Result<String, quick_junit::SerializeError> {
        let mut suite = TestSuite::new("limits");
        for checked in self.checked {
            let status = match checked.verdict {
                Verdict::Passed => TestCaseStatus::success(),
                Verdict::Failed => non_success(NonSuccessKind::Failure, &checked.says),
                Verdict::NotMeasured => non_success(NonSuccessKind::Error, &checked.says),
            };
            let mut case = TestCase::new(checked.name.as_str(), status);
            case.set_classname("stallscope");
            suite.add_test_case(case);
        }
        let mut doctor = TestSuite::new("doctor");
        for finding in self.findings {
            let status = non_success(NonSuccessKind::Failure, &format!("{}: {}", finding.title, finding.why));
            let mut case = TestCase::new(format!("{} at {}", finding.id, place(&finding.place)), status);
            case.set_classname("stallscope");
            doctor.add_test_case(case);
        }
        let mut report = Junit::new("stallscope check");
        report.add_test_suite(suite);
        report.add_test_suite(doctor);
        // Nothing is ever skipped, and Jenkins's schema knows that attribute of suites only, not of the root, which comes first.
        Ok(report.to_string()?.replacen(" skipped=\"0\"", "", 1))
    }

    /// Annotations of GitHub's runner, one line each.
    pub fn annotations(&self) -> String {
        let mut text = String::new();
        for checked in self.checked.iter().filter(|checked| checked.verdict != Verdict::Passed) {
            let _ = writeln!(
                text,
                "::error title=stallscope {}::{}",
                property(&checked.name),
                data(&checked.says)
            );
        }
        for finding in self.findings {
            let at = match &finding.place {
                Place::File { path, range } | Place::Setting { path: Some(path), range, .. } => {
                    let line = range.map_or(1, |range| range.start.line + 1);
                    format!("file={},line={line},", property(path))
                }
                _ => String::new(),
            };
            let _ = writeln!(text, "::error {at}title={}::{}", property(&finding.title), data(&finding.why));
        }
        text
    }

    /// Markdown for the summary of a job.
    pub fn summary(&self) -> String {
        let mut text =
            format!("### stallscope check: {}\n\n| | limit | |\n| --- | --- | --- |\n", cell(self.folder));
        for checked in self.checked {
            let _ = writeln!(
                text,
                "| {} | {} | {} |",
                word(checked.verdict),
                cell(&checked.name),
                cell(&checked.says)
            );
        }
        for finding in self.findings {
            let _ = writeln!(
                text,
                "| {} | {} | {} at {} |",
                word(Verdict::Failed),
                cell(&finding.id),
                cell(&finding.title),
                cell(&place(&finding.place))
            );
        }
        text
    }
}

/// As it stands in a list.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "ok",
        Verdict::Failed => "FAIL",
        Verdict::NotMeasured => "????",
    }
}

fn non_success(kind: NonSuccessKind, says: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(says);
    status
}

fn place(place: &Place) -> String {
    match place {
        Place::File { path, range } | Place::Setting { path: Some(path), range, .. } => {
            range.map_or_else(|| path.clone(), |range| format!("{path}:{}", range.start.line + 1))
        }
        Place::Folder { path } => path.clone(),
        Place::Setting { key, path: None, .. } => key.clone(),
        Place::Environment { name } => format!("environment variable {name}"),
        Place::Process { pid } => format!("process {pid}"),
    }
}

/// A line of its own, whatever gopls wrote at its end and however a file is called: a second line could be a command to GitHub's
/// runner, and other characters one to a terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// As GitHub's runner wants the text of a command.
fn data(text: &str) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    one_line(&text)
}

/// And a property of it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A cell of a table in Markdown: text, and no link, picture or code.
fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '<' => cell.push_str("&lt;"),
            '\\' | '|' | '[' | ']' | '`' | '*' => cell.extend(['\\', c]),
            c => cell.push(c),
        }
    }
    cell
}
