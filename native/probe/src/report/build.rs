//! Builds a report: redacts the evidence, computes of it what is computed, and puts it together.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Serialize;
use stallscope_core::heap::{HeapIndex, HeapQuery, SubsystemQuery};
use stallscope_core::memory::CapturedMemory;
use stallscope_core::model::{CaptureKind, Incident, Timeline, TimelineQuery};
use stallscope_core::patterns::Patterns;
use stallscope_core::report::{
    AboutEditor, Functions, GoplsFacts, ISSUE_ROWS, LearnedModules, MachineFacts, Redactor, ReportFacts,
    ReportFile, ReportFileKind, ReportPage, ReportRequest, Told, fill_page, growth_pace, issue, moment,
    pack_heap, readme, redact_incident, redact_spans, verdict,
};

use super::hidden::hidden;
use super::workspace::count;
use super::{Report, ReportError, evidence};
use crate::evidence::file_name;
use crate::process::version;
use crate::reader::{ReadError, Reader};
use crate::store::{Store, StoreError};

/// The page's name in the zip.
pub(super) const PAGE_FILE: &str = "report.html";
/// Our own page with all its code has a few hundred kB.
const MOST_PAGE_BYTES: u64 = 16 << 20;
/// Points of the time line: all there are.
const ALL_POINTS: u32 = 4_000;
/// Version of the layout of `report.json`.
const FORMAT: u32 = 1;

/// Builds the report of an incident. `workspace` are the folders of the window, `store` is where the incident is.
///
/// # Errors
/// No such incident, or the page is not ours. What cannot be read of its captures is left out and named.
pub fn build(store: &Store, request: &ReportRequest, workspace: &[String]) -> Result<Report, ReportError> {
    let original = store.load(&request.incident).map_err(ReadError::from)?;
    let folders = if original.workspace.is_empty() { workspace } else { &original.workspace };
    let (counted, mut modules) = count(folders);
    if request.redact && request.hide_names {
        let learned = learned_modules(store, &original);
        modules.extend(learned.beside(&modules.clone()));
    }
    let hide = hidden(request, &original, workspace, modules);
    let mut redactor = request.redact.then(|| Redactor::new(&hide));
    let made_at = moment(SystemTime::now());
    let made_by = format!("Stallscope {}", env!("CARGO_PKG_VERSION"));

    let redacted = Redacted::new(store, &original, redactor.as_mut())?;
    let facts = ReportFacts {
        format: FORMAT,
        made_by: made_by.clone(),
        made_at: made_at.clone(),
        redacted: request.redact,
        names_hidden: request.redact && request.hide_names,
        gopls: gopls(&original, redactor.as_mut()),
        machine: MachineFacts {
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            cpus: std::thread::available_parallelism().ok().map(usize::from),
        },
        editor: about(&request.about, redactor.as_mut()),
        workspace: counted,
        growth: growth_pace(&redacted.incident),
    };
    let incident = &redacted.incident;
    let best = incident.captures.iter().rev().find(|c| c.kind == CaptureKind::Heap && !c.file.is_empty());
    let best = best.and_then(|capture| redacted.heaps.get(&capture.number));
    let inuse = Some("inuse_space".to_owned());
    let top = HeapQuery { sample_type: inuse.clone(), limit: ISSUE_ROWS, ..HeapQuery::default() };
    let heap = best.and_then(|index| index.query(&top).ok());
    let subsystems = best.and_then(|index| index.subsystems(&SubsystemQuery { sample_type: inuse }).ok());
    let told = Told {
        incident,
        facts: &facts,
        memory: &redacted.memory,
        heap: heap.as_ref(),
        subsystems: subsystems.as_ref(),
        patterns: redacted.patterns.as_ref(),
    };

    let mut files = vec![
        file("verdict.txt", ReportFileKind::Verdict, verdict(&told).into_bytes()),
        file("report.json", ReportFileKind::Facts, json(&facts)),
        file("incident.json", ReportFileKind::Incident, json(incident)),
        file("timeline.json", ReportFileKind::Timeline, json(&redacted.timeline)),
    ];
    if let Some(path) = &request.page {
        let page = page(Path::new(path), &redacted, made_by, made_at.clone(), request.redact)?;
        files.insert(0, file(PAGE_FILE, ReportFileKind::Page, page.into_bytes()));
    }
    let issue = issue(&told);
    files.extend(redacted.files);
    let mut list: Vec<ReportFile> = files.iter().map(|(file, _)| file.clone()).collect();
    list.insert(0, ReportFile { name: README.to_owned(), size_bytes: 0, kind: ReportFileKind::Readme });
    let readme = readme(&facts, &list, &redacted.left_out);
    files.insert(0, file(README, ReportFileKind::Readme, readme.into_bytes()));
    Ok(Report {
        files,
        replaced: redactor.map(|redactor| redactor.replaced()).unwrap_or_default(),
        left_out: redacted.left_out,
        issue,
        made_at,
    })
}

const README: &str = "README.txt";
const SPANS_FILE: &str = "spans.json";

/// The evidence without what is hidden, and what is computed of it.
struct Redacted {
    incident: Incident,
    timeline: Timeline,
    memory: Vec<CapturedMemory>,
    patterns: Option<Patterns>,
    /// By number of the capture.
    heaps: BTreeMap<u32, HeapIndex>,
    files: Vec<(ReportFile, Vec<u8>)>,
    left_out: Vec<String>,
}

impl Redacted {
    fn new(
        store: &Store,
        original: &Incident,
        mut redactor: Option<&mut Redactor>,
    ) -> Result<Self, ReportError> {
        let mut incident = match redactor.as_deref_mut() {
            Some(redactor) => redact_incident(redactor, original),
            None => original.clone(),
        };
        let (mut files, mut left_out) = (Vec::<(ReportFile, Vec<u8>)>::new(), Vec::new());
        for capture in &mut incident.captures {
            if capture.file.is_empty() {
                continue;
            }
            // What a file is called in the report is for us to say; what an incident says is outside input.
            let name = file_name(capture.kind, capture.number);
            let path = store.capture_path(&original.id, capture.number).map_err(|error| error.to_string());
            let taken = path.and_then(|path| evidence::of_capture(&path, capture, redactor.as_deref_mut()));
            match taken {
                Ok(found) if !files.iter().any(|(file, _)| file.name == name) => {
                    capture.size_bytes = found.bytes.len() as u64;
                    files.push(file(&name, found.kind, found.bytes));
                    capture.file = name;
                }
                Ok(_) => capture.file = String::new(),
                Err(why) => {
                    // It may name the file by its whole path.
                    let why = match redactor.as_deref_mut() {
                        Some(redactor) => redactor.text(&why),
                        None => why,
                    };
                    left_out.push(format!("{name}: {why}"));
                    capture.file = String::new();
                }
            }
        }
        match spans(store, &original.id, redactor) {
            Ok(Some(bytes)) => files.push(file(SPANS_FILE, ReportFileKind::Spans, bytes)),
            Ok(None) => {}
            // Its path is nobody else's business.
            Err(StoreError::Unreadable { why, .. }) => left_out.push(format!("{SPANS_FILE}: {why}")),
            Err(_) => left_out.push(format!("{SPANS_FILE}: it cannot be read")),
        }
        // Asked of a reader like the panel's, which knows nothing but the redacted files.
        let folder = TemporaryStore::new(&incident, &files)?;
        let reader = Reader::new(folder.root.path().to_path_buf());
        let query = TimelineQuery { incident: None, from_ns: None, to_ns: None, points: ALL_POINTS };
        let mut heaps = BTreeMap::new();
        for capture in incident.captures.iter().filter(|capture| !capture.file.is_empty()) {
            if matches!(capture.kind, CaptureKind::Heap | CaptureKind::Baseline) {
                let path = folder.incident.join(&capture.file);
                match crate::reader::read_profile(&path) {
                    Ok(index) => {
                        heaps.insert(capture.number, index);
                    }
                    Err(ReadError::Profile { source, .. }) => {
                        left_out.push(format!("{}: {source}", capture.file))
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(Self {
            timeline: reader.timeline(&incident.id, &query)?,
            memory: reader.memory(&incident.id)?,
            patterns: reader.patterns(&incident.id, "en").ok(),
            incident,
            heaps,
            files,
            left_out,
        })
    }
}

/// Modules that the evidence names: of packages that were waited for, and of commands.
pub(super) fn learned_modules(store: &Store, original: &Incident) -> LearnedModules {
    let mut learned = LearnedModules::default();
    learned.read(&String::from_utf8_lossy(&json(original)));
    // What cannot be read stays out of the report.
    if let Ok(Some(record)) = store.spans(&original.id) {
        record
            .spans
            .iter()
            .filter_map(|span| span.subject.as_deref())
            .for_each(|subject| learned.read(subject));
    }
    learned
}

/// gopls's own spans as they go into the report: not compressed, because the zip is; `None` when none were kept.
fn spans(store: &Store, id: &str, redactor: Option<&mut Redactor>) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(record) = store.spans(id)? else { return Ok(None) };
    let record = match redactor {
        Some(redactor) => redact_spans(redactor, &record),
        None => record,
    };
    Ok(Some(record.to_json()))
}

/// A storage folder with this one incident in it, for as long as it is asked.
struct TemporaryStore {
    root: tempfile::TempDir,
    incident: PathBuf,
}

impl TemporaryStore {
    fn new(incident: &Incident, files: &[(ReportFile, Vec<u8>)]) -> Result<Self, ReportError> {
        let fail = |path: &Path, error| StoreError::io(path, error);
        let temporary = std::env::temp_dir();
        let root = tempfile::Builder::new()
            .prefix("stallscope-report-")
            .tempdir()
            .map_err(|error| fail(&temporary, error))?;
        let folder = root.path().join("incidents").join(&incident.id);
        fs::create_dir_all(&folder).map_err(|error| fail(&folder, error))?;
        let incident_file = (String::from("incident.json"), json(incident));
        let all = files.iter().map(|(file, bytes)| (&file.name, bytes));
        for (name, bytes) in all.chain([(&incident_file.0, &incident_file.1)]) {
            let path = folder.join(name);
            fs::write(&path, bytes).map_err(|error| fail(&path, error))?;
        }
        Ok(Self { root, incident: folder })
    }
}

fn page(
    path: &Path,
    redacted: &Redacted,
    made_by: String,
    made_at: String,
    is_redacted: bool,
) -> Result<String, ReportError> {
    let not_ours = || ReportError::Page { path: path.to_path_buf() };
    let mut template = String::new();
    let file = fs::File::open(path).map_err(|error| StoreError::io(path, error))?;
    file.take(MOST_PAGE_BYTES).read_to_string(&mut template).map_err(|_| not_ours())?;
    let incident = &redacted.incident;
    let baseline = incident.captures.iter().find(|c| c.kind == CaptureKind::Baseline && !c.file.is_empty());
    let baseline = baseline.and_then(|capture| redacted.heaps.get(&capture.number));
    let mut functions = Functions::default();
    let heaps = incident.captures.iter().filter(|capture| capture.kind == CaptureKind::Heap);
    let heaps = heaps.filter_map(|capture| {
        // A profile without what a heap profile has is in the zip, and has no place in the page.
        pack_heap(&mut functions, capture.number, redacted.heaps.get(&capture.number)?, baseline).ok()
    });
    let heaps = heaps.collect();
    let content = ReportPage {
        made_by,
        made_at,
        redacted: is_redacted,
        summary: incident.summary(redacted.files.iter().map(|(file, _)| file.size_bytes).sum()),
        incident: incident.clone(),
        timeline: redacted.timeline.clone(),
        memory: redacted.memory.clone(),
        patterns: redacted.patterns.clone(),
        functions: functions.into_list(),
        heaps,
    };
    fill_page(&template, &content).ok_or_else(not_ours)
}

/// What the executable says of how it was built, if it still is the one that was watched.
fn gopls(incident: &Incident, redactor: Option<&mut Redactor>) -> GoplsFacts {
    let identity = &incident.gopls;
    let found = version::of_file(Path::new(&identity.exe));
    let same = found.filter(|info| {
        info.version == identity.version && identity.go_version.as_ref() == Some(&info.go_version)
    });
    let mut build = same.map(|info| info.settings);
    if let (Some(settings), Some(redactor)) = (&mut build, redactor) {
        settings.values_mut().for_each(|value| *value = redactor.text(value));
    }
    GoplsFacts { version: identity.version.clone(), go_version: identity.go_version.clone(), build }
}

fn about(about: &AboutEditor, redactor: Option<&mut Redactor>) -> AboutEditor {
    let mut about = about.clone();
    if let Some(redactor) = redactor {
        for text in [&mut about.editor, &mut about.remote, &mut about.go_extension, &mut about.os_release] {
            *text = redactor.text(text);
        }
        about.settings.values_mut().for_each(|value| redactor.value(value));
    }
    about
}

fn file(name: &str, kind: ReportFileKind, bytes: Vec<u8>) -> (ReportFile, Vec<u8>) {
    (ReportFile { name: name.to_owned(), size_bytes: bytes.len() as u64, kind }, bytes)
}

/// Our own types always convert.
fn json(value: &impl Serialize) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}
