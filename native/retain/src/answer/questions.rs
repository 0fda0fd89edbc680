//! The questions about a heap, as lines of JSON, and their answers. No answer is longer than a page.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::analysis::Analysis;
use crate::known::Known;

use super::check::Check;
use super::holders::{HeldBy, Holders, Step};
use super::kept::kept;
use super::parts::{PackageRow, PartRow, packages, parts_and_packages};
use super::profile::profile;
use super::report::Report;
use super::saved::{Of, SavedError, compare, save};
use super::tree::{Held, Start, held};
use super::types::{TypeRow, TypeTable};

/// Rows of one answer.
const MOST_ROWS: usize = 500;
/// Ways that hold one type.
const MOST_WAYS: usize = 50;
/// Objects on the first level of the tree of which it is told who holds them.
const MOST_HELD_BY: usize = 20;

/// What can be asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Question {
    /// What there is in all.
    Summary,
    /// Types, a page of them.
    Types {
        /// Only those whose name has this in it, in whatever case.
        #[serde(default)]
        search: String,
        /// In which order.
        #[serde(default)]
        sort: Sort,
        /// The other way round.
        #[serde(default)]
        reversed: bool,
        /// How many to pass over.
        #[serde(default)]
        offset: usize,
        /// How many to tell.
        #[serde(default = "page")]
        limit: usize,
    },
    /// Who holds the objects of a type.
    Paths {
        /// The number of the type.
        id: u32,
    },
    /// The objects of a type, the most retained bytes first, a page of them.
    Instances {
        /// The number of the type.
        id: u32,
        /// How many to pass over.
        #[serde(default)]
        offset: usize,
        /// How many to tell.
        #[serde(default = "page")]
        limit: usize,
    },
    /// What would be freed with something, by type.
    Holds {
        /// Where to begin.
        start: Start,
        /// Types, one below the other.
        #[serde(default)]
        way: Vec<u32>,
    },
    /// The way from a root to one object.
    Chain {
        /// The object.
        object: u32,
    },
    /// What is kept when the heap is not.
    Kept,
    /// In which language things are told from now on: `en`, `zh-cn`.
    Speak {
        /// Its name.
        language: String,
    },
    /// All types at once, and who holds those of one: for programs, not for pages.
    Report {
        /// The full name of a type.
        #[serde(rename = "type", default)]
        name: Option<String>,
    },
    /// Write the heap down, to be compared with a later one.
    Save {
        /// Which process it is of.
        of: Of,
        /// Where to: a new file.
        file: PathBuf,
    },
    /// Compare with an earlier heap of the same process.
    Compare {
        /// Which process it is of.
        of: Of,
        /// The earlier one.
        file: PathBuf,
    },
    /// Write a profile for `go tool pprof`: bytes by the chain that holds them.
    Profile {
        /// Where to: a new file.
        file: PathBuf,
    },
    /// Where the paths of Go packages lie in the program's memory, for whoever may read them.
    Strings,
    /// What each Go package costs.
    Packages {
        /// The paths, in the order of the answer to [`Self::Strings`].
        paths: Vec<Option<String>>,
    },
}

fn page() -> usize {
    100
}

/// A file that was not there: nothing that somebody has is written over.
fn create(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

fn done<E: std::fmt::Display>(file: &Path, result: Result<(), E>) -> Value {
    match result {
        Ok(()) => json!({ "file": file }),
        Err(error) => json!({ "error": format!("{}: {error}", file.display()) }),
    }
}

/// The order of types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sort {
    /// Retained bytes.
    #[default]
    Retained,
    /// Bytes of their own.
    Bytes,
    /// How many.
    Count,
    /// Their names.
    Name,
}

/// What there is in all.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Living objects.
    pub objects_marked: u64,
    /// Bytes of their slots.
    pub bytes_marked: u64,
    /// What was found against what the runtime counts.
    pub check: Check,
    /// By part of gopls.
    pub parts: Vec<PartRow>,
    /// How many types.
    pub types: usize,
}

/// One object of a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Instance {
    /// Its number.
    pub object: u32,
    /// The number that tells it from others of its type, where the program gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<u64>,
    /// Bytes of its own.
    pub bytes: u64,
    /// Bytes that would be freed with it.
    pub retained_bytes: u64,
    /// Who holds it.
    pub held_by: HeldBy,
}

/// A type with what is known of it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Described<'a> {
    #[serde(flatten)]
    row: &'a TypeRow,
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<&'a str>,
}

/// What hangs in one place, with what is known of its type.
#[derive(Clone, Debug, Serialize)]
pub(super) struct DescribedHeld {
    #[serde(flatten)]
    row: Held,
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<String>,
    /// For an object that nothing but all roots together holds: the way to it that lasts, and how many goroutines there are
    /// beside it. It hangs on the first level because there are several ways.
    #[serde(skip_serializing_if = "Option::is_none")]
    held_by: Option<HeldBy>,
}

impl Described<'_> {
    pub fn has_words(&self) -> bool {
        self.words.is_some()
    }
}

impl DescribedHeld {
    pub fn id(&self) -> Option<u32> {
        self.row.id
    }

    pub fn retained_bytes(&self) -> u64 {
        self.row.retained_bytes
    }
}

/// An analysis that answers questions.
pub struct Answers {
    analysis: Analysis,
    table: TypeTable,
    parts: Vec<PartRow>,
    by_package: Vec<(u64, u64)>,
    known: Known,
    language: String,
    /// Found when they are first asked for.
    holders: Option<Holders>,
}

impl Answers {
    /// Counts, by type, by part and by package.
    pub fn new(mut analysis: Analysis) -> Self {
        let known = Known::built_in();
        let placed = analysis.take_placed();
        let (table, (parts, by_package)) = std::thread::scope(|scope| {
            let others = scope.spawn(|| parts_and_packages(&analysis, &placed, &known));
            let table = TypeTable::of(&analysis, &placed, &known);
            (table, others.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        Self { table, parts, by_package, analysis, known, language: "en".to_owned(), holders: None }
    }

    /// What it is about.
    pub fn analysis(&self) -> &Analysis {
        &self.analysis
    }

    /// The types.
    pub fn table(&self) -> &TypeTable {
        &self.table
    }

    /// The chains that hold objects.
    pub fn holders(&mut self) -> (&Holders, &Analysis) {
        let (analysis, known) = (&self.analysis, &self.known);
        (self.holders.get_or_insert_with(|| Holders::of(analysis, known)), analysis)
    }

    /// Answers a line; an error is an answer, too.
    pub fn answer(&mut self, line: &str) -> Value {
        match serde_json::from_str::<Question>(line) {
            Ok(question) => self.to(question).unwrap_or_else(|error| json!({ "error": error.to_string() })),
            Err(error) => json!({ "error": format!("that is no question: {error}") }),
        }
    }

    fn to(&mut self, question: Question) -> serde_json::Result<Value> {
        match question {
            Question::Summary => serde_json::to_value(self.summary()),
            Question::Types { search, sort, reversed, offset, limit } => {
                self.types(&search, sort, reversed, offset, limit)
            }
            Question::Paths { id } => serde_json::to_value(self.paths(id)),
            Question::Instances { id, offset, limit } => self.instances(id, offset, limit),
            Question::Holds { start, way } => {
                let mut rows = held(&self.analysis, &self.table, start, &way);
                let others = rows.split_off(rows.len().min(MOST_ROWS));
                let retained: u64 = others.iter().map(|row| row.retained_bytes).sum();
                let rows = self.described_all(rows, start == Start::All && way.is_empty());
                Ok(json!({ "rows": rows, "others": others.len(), "others_retained_bytes": retained }))
            }
            Question::Chain { object } => serde_json::to_value(self.chain(object)),
            Question::Kept => kept(self),
            Question::Speak { language } => {
                self.language = language;
                Ok(Value::Null)
            }
            Question::Report { name } => serde_json::to_value(Report::of(self, name.as_deref())),
            Question::Save { of, file } => {
                let saved = create(&file)
                    .map_err(SavedError::from)
                    .and_then(|to| save(&self.analysis, &self.table, of, to));
                Ok(done(&file, saved))
            }
            Question::Compare { of, file } => {
                let compared = File::open(&file)
                    .map_err(SavedError::from)
                    .and_then(|earlier| compare(&self.analysis, &self.table, of, earlier));
                match compared {
                    Ok(mut rows) => {
                        let total = rows.len();
                        rows.truncate(MOST_ROWS);
                        Ok(json!({ "total": total, "rows": rows }))
                    }
                    Err(error) => Ok(done(&file, Err(error))),
                }
            }
            Question::Profile { file } => {
                let (holders, analysis) = self.holders();
                let profile = profile(analysis, holders).map_err(|error| error.to_string());
                let written = profile.and_then(|profile| {
                    let bytes = stallscope_pprof::encode_gzip(&profile).map_err(|error| error.to_string())?;
                    create(&file).and_then(|mut to| to.write_all(&bytes)).map_err(|error| error.to_string())
                });
                Ok(done(&file, written))
            }
            Question::Strings => {
                let places: Vec<(u64, u32)> = self
                    .analysis
                    .notes
                    .paths
                    .iter()
                    .map(|(_, address, length)| (*address, *length))
                    .collect();
                serde_json::to_value(places)
            }
            Question::Packages { paths } => {
                let mut rows: Vec<PackageRow> = packages(&self.by_package, &paths);
                let total = rows.len();
                rows.truncate(MOST_ROWS);
                Ok(json!({ "total": total, "rows": rows }))
            }
        }
    }

    /// What there is in all.
    pub fn summary(&self) -> Summary {
        Summary {
            objects_marked: self.analysis.counts.found.objects,
            bytes_marked: self.analysis.counts.found.bytes,
            check: Check::of(&self.analysis.counts),
            parts: self.parts.clone(),
            types: self.table.rows.len(),
        }
    }

    fn types(
        &self,
        search: &str,
        sort: Sort,
        reversed: bool,
        offset: usize,
        limit: usize,
    ) -> serde_json::Result<Value> {
        let search = search.to_lowercase();
        let mut rows: Vec<&TypeRow> = self
            .table
            .rows
            .iter()
            .filter(|row| search.is_empty() || row.name.to_lowercase().contains(&search))
            .collect();
        match sort {
            // As they are.
            Sort::Retained => {}
            Sort::Bytes => rows.sort_by_key(|row| std::cmp::Reverse(row.bytes)),
            Sort::Count => rows.sort_by_key(|row| std::cmp::Reverse(row.count)),
            Sort::Name => rows.sort_by(|a, b| a.name.cmp(&b.name)),
        }
        if reversed {
            rows.reverse();
        }
        let total = rows.len();
        let page: Vec<Described<'_>> =
            rows.into_iter().skip(offset).take(limit.min(MOST_ROWS)).map(|row| self.described(row)).collect();
        Ok(json!({ "total": total, "rows": serde_json::to_value(page)? }))
    }

    pub(super) fn described<'a>(&'a self, row: &'a TypeRow) -> Described<'a> {
        let rule = self.known.of(&row.name);
        Described { row, words: self.words(&row.name), part: rule.map(|rule| rule.part.as_str()) }
    }

    /// What is known of rows of the tree; of the `first` level also who holds what has several holders.
    pub(super) fn described_all(&mut self, rows: Vec<Held>, first: bool) -> Vec<DescribedHeld> {
        let mut told = 0;
        let described = |row: Held| {
            // What goes by the name of a variable says so already.
            let object =
                row.object.filter(|_| first && told < MOST_HELD_BY && !self.known.has_variable(&row.name));
            let held_by = object.and_then(|object| self.held_by(object));
            told += usize::from(held_by.is_some());
            DescribedHeld { words: self.words(&row.name).map(str::to_owned), held_by, row }
        };
        rows.into_iter().map(described).collect()
    }

    fn words(&self, name: &str) -> Option<&str> {
        Some(self.known.of(name)?.words.as_ref()?.text(&self.language))
    }

    fn held_by(&mut self, object: u32) -> Option<HeldBy> {
        let (holders, analysis) = self.holders();
        holders.held(analysis, std::iter::once(object)).pop()
    }

    fn objects_of(&self, id: u32) -> Vec<u32> {
        let is = |object: &u32| self.table.id(&self.analysis, *object) == Some(id);
        (0..self.analysis.objects()).filter(is).collect()
    }

    /// Who holds the objects of a type.
    pub fn paths(&mut self, id: u32) -> Vec<HeldBy> {
        let objects = self.objects_of(id);
        let (holders, analysis) = self.holders();
        let mut ways = holders.held(analysis, objects.into_iter());
        ways.truncate(MOST_WAYS);
        ways
    }

    fn instances(&mut self, id: u32, offset: usize, limit: usize) -> serde_json::Result<Value> {
        let mut objects = self.objects_of(id);
        let total = objects.len();
        objects.sort_by_key(|object| std::cmp::Reverse(self.analysis.retained_by(*object)));
        let page = objects.into_iter().skip(offset).take(limit.min(MOST_ROWS));
        let rows: Vec<Instance> = page.filter_map(|object| self.instance(object)).collect();
        Ok(json!({ "total": total, "rows": rows }))
    }

    pub(super) fn instance(&mut self, object: u32) -> Option<Instance> {
        let held_by = self.held_by(object)?;
        let analysis = &self.analysis;
        Some(Instance {
            object,
            label: analysis.notes.labels.get(&object).copied(),
            bytes: analysis.bytes_of(object),
            retained_bytes: analysis.retained_by(object),
            held_by,
        })
    }

    fn chain(&mut self, object: u32) -> Vec<Step> {
        if object >= self.analysis.objects() {
            return Vec::new();
        }
        let (holders, analysis) = self.holders();
        holders.chain(analysis, object)
    }
}
