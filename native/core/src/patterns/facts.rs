//! Facts from the answers of gopls's own commands `gopls.workspace_stats` and `gopls.views`, or from a file of them.

use serde::Deserialize;

use super::evidence::Facts;

/// An answer of gopls has a few hundred bytes a view; larger ones are not read.
pub const MAX_ANSWER_BYTES: usize = 1 << 20;

/// The text is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not {expected}: {problem}")]
pub struct NotFacts {
    /// What it should be.
    pub expected: &'static str,
    /// What is wrong.
    pub problem: String,
}

// As in gopls's protocol/command/interface.go; what we do not use is left out.

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WorkspaceStats {
    files: FileStats,
    // Go writes an empty list as null.
    views: Option<Vec<ViewStats>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FileStats {
    total: u64,
    largest: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ViewStats {
    all_packages: PackageStats,
    workspace_packages: PackageStats,
    diagnostics: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PackageStats {
    packages: u64,
    compiled_go_files: u64,
    modules: u64,
}

#[derive(Deserialize)]
struct View {
    /// A number that counts all views created in the process.
    #[serde(rename = "ID")]
    id: String,
}

/// Facts as somebody wrote them down for the command line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FactsFile {
    /// The answer of `gopls.workspace_stats`.
    workspace_stats: Option<WorkspaceStats>,
    /// The answer of `gopls.views`.
    views: Option<Vec<View>>,
    /// Counted by hand.
    gopls_processes: Option<u64>,
}

impl Facts {
    /// Reads a file of facts: `{"workspace_stats": …, "views": …, "gopls_processes": 1}`, each optional.
    pub fn from_file(text: &str) -> Result<Self, NotFacts> {
        let file: FactsFile = parse("a file of facts", text)?;
        let mut facts = Self { gopls_processes: file.gopls_processes, ..Self::default() };
        if let Some(stats) = file.workspace_stats {
            facts = facts.and_stats(stats);
        }
        if let Some(views) = file.views {
            facts = facts.and_views(&views);
        }
        Ok(facts)
    }

    /// Adds what `gopls.workspace_stats` answered (JSON of at most [`MAX_ANSWER_BYTES`]).
    pub fn with_workspace_stats(self, answer: &str) -> Result<Self, NotFacts> {
        Ok(self.and_stats(parse_answer("an answer of gopls.workspace_stats", answer)?))
    }

    /// Adds what `gopls.views` answered (JSON, as long at most). With several editors on one gopls their views count too: ids are
    /// given to all views of the process.
    pub fn with_views(self, answer: &str) -> Result<Self, NotFacts> {
        let views: Option<Vec<View>> = parse_answer("an answer of gopls.views", answer)?;
        Ok(self.and_views(&views.unwrap_or_default()))
    }

    fn and_stats(self, stats: WorkspaceStats) -> Self {
        let views = stats.views.unwrap_or_default();
        let sum = |of: fn(&ViewStats) -> u64| {
            Some(views.iter().map(of).fold(0u64, |sum, count| sum.saturating_add(count)))
        };
        Self {
            views: Some(views.len() as u64),
            files: Some(stats.files.total),
            largest_file_bytes: Some(stats.files.largest),
            packages: sum(|view| view.all_packages.packages),
            compiled_go_files: sum(|view| view.all_packages.compiled_go_files),
            workspace_modules: sum(|view| view.workspace_packages.modules),
            diagnostics: sum(|view| view.diagnostics),
            ..self
        }
    }

    fn and_views(self, views: &[View]) -> Self {
        let created = views.iter().filter_map(|view| view.id.parse::<u64>().ok()).max();
        let count = views.len() as u64;
        let views_recreated = created.map(|created| created.saturating_sub(count));
        Self { views: Some(count), views_recreated, ..self }
    }
}

fn parse_answer<'a, T: Deserialize<'a>>(expected: &'static str, answer: &'a str) -> Result<T, NotFacts> {
    if answer.len() > MAX_ANSWER_BYTES {
        let problem = format!("has {} bytes; at most {MAX_ANSWER_BYTES} are read", answer.len());
        return Err(NotFacts { expected, problem });
    }
    parse(expected, answer)
}

fn parse<'a, T: Deserialize<'a>>(expected: &'static str, text: &'a str) -> Result<T, NotFacts> {
    serde_json::from_str(text).map_err(|error| NotFacts { expected, problem: error.to_string() })
}
