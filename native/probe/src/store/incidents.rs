//! Incident folders: made, written, listed, pruned, deleted. Folders are outside input when they are read back.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use stallscope_core::model::{
    Bytes, CaptureState, INCIDENT_FORMAT, Incident, IncidentState, IncidentSummary,
};
use stallscope_core::patterns::WorkspaceFacts;
use stallscope_core::spans::{NotARecord, SpanRecord};
use tempfile::NamedTempFile;

use super::{Store, StoreError, part_file, write_atomic};
use crate::evidence;

const INCIDENT_FILE: &str = "incident.json";
/// gopls's own spans around it (`core::spans::SpanRecord`).
const SPANS_FILE: &str = "spans.json.gz";
/// Who held gopls's memory, read after it (`retain::record`).
const HEAP_FILE: &str = "held.json.gz";
/// What is kept of a heap is bounded where it is made (3 MB).
const MOST_HEAP_BYTES: u64 = 8 << 20;
/// 50,000 spans take about 1 MB, and 5 MB inflated.
const MOST_SPANS_BYTES: u64 = 16 << 20;
const MOST_SPANS_INFLATED_BYTES: u64 = 64 << 20;
const LOCK_FILE: &str = ".lock";
/// Larger than any we write (about 100 kB); a larger one is not ours.
const MOST_INCIDENT_BYTES: u64 = 16 << 20;

/// The folder of an incident that is being written; a lock in it tells other windows that it is not orphaned.
///
/// It is made by the first who writes into it. The loop only knows its name: a slow disk must not keep it waiting.
#[derive(Debug)]
pub struct IncidentFolder {
    path: PathBuf,
    /// Held from when the folder was made until this is dropped.
    lock: Mutex<Option<File>>,
}

impl IncidentFolder {
    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The incident's id, which is the folder's name.
    pub fn id(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Makes it, unless that was done before.
    ///
    /// # Errors
    /// Disk full, read-only, …; the next call tries again.
    pub fn make(&self) -> Result<(), StoreError> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.is_none() {
            let above = self.path.parent().unwrap_or(&self.path);
            fs::create_dir_all(above).map_err(|e| StoreError::io(above, e))?;
            match fs::create_dir(&self.path) {
                // Whatever an earlier incident of this name is, it is not written over.
                Err(_) if self.path.join(INCIDENT_FILE).exists() => {
                    let why = "an incident of this name is there already".to_owned();
                    return Err(StoreError::Unreadable { path: self.path.clone(), why });
                }
                Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                    return Err(StoreError::io(&self.path, error));
                }
                _ => {}
            }
            let lock_path = self.path.join(LOCK_FILE);
            let file = File::create(&lock_path).map_err(|e| StoreError::io(&lock_path, e))?;
            // A filesystem without locks (some network ones) still stores incidents; only crash marking is lost there.
            let _ = file.try_lock();
            *lock = Some(file);
        }
        Ok(())
    }

    /// A new file in it, for what is on its way; it has a name of its own until it is given a better one.
    ///
    /// # Errors
    /// Disk full, read-only, ….
    pub fn part(&self, name: &str) -> Result<NamedTempFile, StoreError> {
        self.make()?;
        part_file(&self.path, name)
    }

    /// What it takes on disk.
    pub fn size_bytes(&self) -> Bytes {
        folder_size(&self.path)
    }

    /// Writes `incident.json`, atomically.
    ///
    /// # Errors
    /// Disk full, read-only, …; the last version stays.
    pub fn write(&self, incident: &Incident) -> Result<(), StoreError> {
        self.make()?;
        write_incident(&self.path, incident)
    }

    /// Writes gopls's own spans beside it, atomically; nowhere, when the incident is no longer there.
    ///
    /// # Errors
    /// Disk full, read-only, ….
    pub fn write_spans(&self, record: &SpanRecord) -> Result<(), StoreError> {
        let path = self.path.join(SPANS_FILE);
        if !self.path.join(INCIDENT_FILE).exists() {
            return Ok(());
        }
        let packed =
            stallscope_pprof::gzip(&record.to_json()).map_err(|error| StoreError::io(&path, error))?;
        write_atomic(&path, &packed)
    }

    /// Removes the folder when nothing has come to be in it: an incident that a full disk did not take.
    pub fn remove_if_bare(&self) {
        let bare = fs::read_dir(&self.path)
            .is_ok_and(|entries| entries.flatten().all(|entry| entry.file_name() == LOCK_FILE));
        if bare {
            // Best effort: it is listed as unreadable if it stays.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

impl Store {
    /// The folder for a new incident. Nothing is touched before something is written into it.
    ///
    /// # Errors
    /// When `id` is no plain name.
    pub fn new_folder(&self, id: &str) -> Result<IncidentFolder, StoreError> {
        Ok(IncidentFolder { path: self.folder(id)?, lock: Mutex::new(None) })
    }

    /// Reads one incident.
    ///
    /// # Errors
    /// Not there, or not readable as an incident.
    pub fn load(&self, id: &str) -> Result<Incident, StoreError> {
        let folder = self.folder(id)?;
        if !folder.is_dir() {
            return Err(StoreError::NotFound { id: id.to_owned() });
        }
        read_incident(&folder)
    }

    /// Adds to a complete incident what gopls said of its workspace.
    ///
    /// # Errors
    /// Not there any more, not readable, disk full, …; the incident stays as it was.
    pub fn keep_workspace_facts(&self, id: &str, facts: WorkspaceFacts) -> Result<(), StoreError> {
        let mut incident = self.load(id)?;
        incident.workspace_facts = Some(facts);
        write_incident(&self.folder(id)?, &incident)
    }

    /// Writes into an incident what gopls's own spans say of its main request, and gives its line for the list; `None` when they
    /// say nothing.
    ///
    /// # Errors
    /// It is not there any more, or cannot be written.
    pub fn keep_wait_by_spans(
        &self,
        folder: &IncidentFolder,
        record: &SpanRecord,
    ) -> Result<Option<IncidentSummary>, StoreError> {
        let mut incident = self.load(&folder.id())?;
        incident.wait_by_spans = record.breakdown(&incident.request);
        if incident.wait_by_spans.is_none() {
            return Ok(None);
        }
        folder.write(&incident)?;
        Ok(Some(incident.summary(folder.size_bytes())))
    }

    /// All incidents, newest first; unreadable ones are listed with their problem.
    ///
    /// # Errors
    /// When the folder of incidents itself cannot be read. That it does not exist yet is an empty list.
    pub fn list(&self) -> Result<Vec<IncidentSummary>, StoreError> {
        let mut all: Vec<_> = self
            .folders()?
            .into_iter()
            .map(|(id, path)| {
                let size = folder_size(&path);
                match read_incident(&path) {
                    Ok(incident) => IncidentSummary { id, ..incident.summary(size) },
                    Err(error) => unreadable(id, size, &error),
                }
            })
            .collect();
        all.sort_by(|a, b| b.id.cmp(&a.id));
        Ok(all)
    }

    /// The readable incidents, newest first, each read when it is asked for.
    ///
    /// # Errors
    /// When the folder of incidents itself cannot be read.
    pub fn newest(&self) -> Result<impl Iterator<Item = Incident>, StoreError> {
        let mut folders = self.folders()?;
        folders.sort_by(|a, b| b.0.cmp(&a.0));
        // The folder's name is what it is asked for by, whatever its file says.
        Ok(folders.into_iter().filter_map(|(id, path)| Some(Incident { id, ..read_incident(&path).ok()? })))
    }

    /// The ids of all incidents, oldest first, read or not.
    ///
    /// # Errors
    /// When the folder of incidents itself cannot be read.
    pub fn ids(&self) -> Result<Vec<String>, StoreError> {
        let mut ids: Vec<_> = self.folders()?.into_iter().map(|(id, _)| id).collect();
        ids.sort();
        Ok(ids)
    }

    /// Whether a window still writes to an incident: its spans come some seconds after it was closed.
    pub fn is_being_written(&self, id: &str) -> bool {
        self.folder(id).is_ok_and(|folder| is_locked(&folder))
    }

    /// Deletes incidents; ids that are not there count as deleted. Returns how many folders went.
    ///
    /// # Errors
    /// The first folder that could not be removed; those before it are gone.
    pub fn delete(&self, ids: &[String]) -> Result<usize, StoreError> {
        let mut gone = 0;
        for id in ids {
            let folder = self.folder(id)?;
            // `symlink_metadata`: a link put here by somebody else is not followed.
            if fs::symlink_metadata(&folder).is_ok_and(|m| m.is_dir()) {
                fs::remove_dir_all(&folder).map_err(|e| StoreError::io(&folder, e))?;
                gone += 1;
            }
        }
        Ok(gone)
    }

    /// Removes the oldest incidents until all together fit `budget`; never `keep`, never one being written.
    ///
    /// Called only after a capture is safe on disk: a full disk must not cost the old evidence without new in return.
    ///
    /// # Errors
    /// When the folder cannot be read or a deletion fails.
    pub fn prune(&self, budget: Bytes, keep: &str) -> Result<Vec<String>, StoreError> {
        let mut folders: Vec<_> =
            self.folders()?.into_iter().map(|(id, path)| (folder_size(&path), id, path)).collect();
        folders.sort_by(|a, b| a.1.cmp(&b.1));
        let mut total: Bytes = folders.iter().map(|(size, ..)| size).sum();
        let mut gone = Vec::new();
        for (size, id, path) in folders {
            if total <= budget {
                break;
            }
            if id == keep || is_locked(&path) {
                continue;
            }
            self.delete(std::slice::from_ref(&id))?;
            total -= size;
            gone.push(id);
        }
        Ok(gone)
    }

    /// Marks incidents whose window ended before they were finished, with what is there of their captures. Returns their
    /// ids.
    ///
    /// # Errors
    /// When the folder of incidents cannot be read; a single bad incident is passed over.
    pub fn recover(&self) -> Result<Vec<String>, StoreError> {
        let mut marked = Vec::new();
        for (id, path) in self.folders()? {
            if is_locked(&path) {
                continue;
            }
            let Ok(mut incident) = read_incident(&path) else { continue };
            if incident.state != IncidentState::Open {
                continue;
            }
            incident.state = IncidentState::Interrupted;
            for capture in incident.captures.iter_mut().filter(|c| c.state == CaptureState::Running) {
                *capture = evidence::recover(&path, capture.clone());
            }
            let text = serde_json::to_vec_pretty(&incident).unwrap_or_default();
            if !text.is_empty() && write_atomic(&path.join(INCIDENT_FILE), &text).is_ok() {
                marked.push(id);
            }
        }
        Ok(marked)
    }

    /// gopls's own spans of an incident; `None` when none were kept.
    ///
    /// # Errors
    /// A file that is there and is not ours to read.
    pub fn spans(&self, id: &str) -> Result<Option<SpanRecord>, StoreError> {
        let path = self.folder(id)?.join(SPANS_FILE);
        let Some(json) = unpacked(&path, MOST_SPANS_BYTES, MOST_SPANS_INFLATED_BYTES)? else {
            return Ok(None);
        };
        let unreadable = |error: NotARecord| StoreError::Unreadable { path, why: error.to_string() };
        SpanRecord::from_json(&json).map(Some).map_err(unreadable)
    }

    /// Keeps with an incident who held gopls's memory after it, as JSON; nowhere, when the incident is no longer there.
    ///
    /// # Errors
    /// Not there any more, too large, disk full, ….
    pub fn keep_heap(&self, id: &str, json: &[u8]) -> Result<(), StoreError> {
        let folder = self.folder(id)?;
        if !folder.join(INCIDENT_FILE).exists() {
            return Err(StoreError::NotFound { id: id.to_owned() });
        }
        let path = folder.join(HEAP_FILE);
        if json.len() as u64 > MOST_HEAP_BYTES {
            let why = format!("{} bytes are more than is kept of a heap", json.len());
            return Err(StoreError::Unreadable { path, why });
        }
        let packed = stallscope_pprof::gzip(json).map_err(|error| StoreError::io(&path, error))?;
        write_atomic(&path, &packed)
    }

    /// Who held gopls's memory after an incident, as JSON; `None` when that was not read.
    ///
    /// # Errors
    /// A file that is there and is not ours to read.
    pub fn heap(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.folder(id)?.join(HEAP_FILE);
        let Some(json) = unpacked(&path, MOST_HEAP_BYTES, MOST_HEAP_BYTES)? else { return Ok(None) };
        // Looked at here, once: what it says is the reader's business, that it is JSON is not.
        match serde_json::from_slice::<serde::de::IgnoredAny>(&json) {
            Ok(_) => Ok(Some(json)),
            Err(error) => Err(StoreError::Unreadable { path, why: error.to_string() }),
        }
    }

    /// The raw file of a capture, checked to lie in its incident's folder.
    ///
    /// # Errors
    /// No such incident or capture, or a file name that leads out of the folder.
    pub fn capture_path(&self, id: &str, number: u32) -> Result<PathBuf, StoreError> {
        let incident = self.load(id)?;
        let folder = self.folder(id)?;
        let file =
            incident.captures.iter().find(|c| c.number == number).map(|c| c.file.as_str()).unwrap_or("");
        if file.is_empty() || file.contains(['/', '\\']) || file == ".." {
            let why = format!("capture {number} has no file");
            return Err(StoreError::Unreadable { path: folder, why });
        }
        Ok(folder.join(file))
    }

    /// The folder of an incident. Ids come from the user interface and from folder names: only plain names pass.
    fn folder(&self, id: &str) -> Result<PathBuf, StoreError> {
        let plain = !id.is_empty()
            && id.len() <= 128
            && !id.starts_with('.')
            && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
        if plain {
            Ok(self.incidents_dir().join(id))
        } else {
            Err(StoreError::NotFound { id: id.to_owned() })
        }
    }

    fn folders(&self) -> Result<Vec<(String, PathBuf)>, StoreError> {
        let dir = self.incidents_dir();
        let entries = match fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::io(&dir, error)),
        };
        Ok(entries
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .filter_map(|entry| {
                let id = entry.file_name().into_string().ok()?;
                self.folder(&id).ok().map(|path| (id, path))
            })
            .collect())
    }
}

/// What is in a packed file, within bounds; `None` when it is not there.
fn unpacked(path: &Path, most: u64, most_inflated: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io(path, error)),
    };
    let unreadable = |error: stallscope_pprof::Error| StoreError::Unreadable {
        path: path.to_owned(),
        why: error.to_string(),
    };
    let limits = stallscope_pprof::Limits {
        compressed_bytes: most,
        inflated_bytes: most_inflated,
        ..stallscope_pprof::Limits::default()
    };
    let mut inflater = stallscope_pprof::Inflater::new(BufReader::new(file), &limits).map_err(unreadable)?;
    let (mut bytes, mut chunk) = (Vec::new(), Vec::new());
    while inflater.next_chunk(&mut chunk).map_err(unreadable)? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(Some(bytes))
}

/// Writes `incident.json` into its folder, atomically.
fn write_incident(folder: &Path, incident: &Incident) -> Result<(), StoreError> {
    let path = folder.join(INCIDENT_FILE);
    let text = serde_json::to_vec_pretty(incident).map_err(|e| StoreError::io(&path, e.into()))?;
    write_atomic(&path, &text)
}

fn read_incident(folder: &Path) -> Result<Incident, StoreError> {
    let path = folder.join(INCIDENT_FILE);
    let unreadable = |why: String| StoreError::Unreadable { path: path.clone(), why };
    let file = File::open(&path).map_err(|e| unreadable(e.to_string()))?;
    let mut text = Vec::new();
    file.take(MOST_INCIDENT_BYTES + 1).read_to_end(&mut text).map_err(|e| unreadable(e.to_string()))?;
    if text.len() as u64 > MOST_INCIDENT_BYTES {
        return Err(unreadable(format!("larger than {MOST_INCIDENT_BYTES} bytes")));
    }
    // The version first: a later layout must be named as such, not as broken.
    #[derive(serde::Deserialize)]
    struct Format {
        format: u32,
    }
    let Format { format } = serde_json::from_slice(&text).map_err(|e| unreadable(e.to_string()))?;
    if format > INCIDENT_FORMAT {
        return Err(unreadable(format!(
            "written by a later Stallscope (format {format}); update to read it"
        )));
    }
    serde_json::from_slice(&text).map_err(|e| unreadable(e.to_string()))
}

fn unreadable(id: String, size_bytes: Bytes, error: &StoreError) -> IncidentSummary {
    IncidentSummary {
        started_at: String::new(),
        id,
        state: IncidentState::Interrupted,
        method: String::new(),
        duration_ns: None,
        held_up_ns: 0,
        rss_start_bytes: 0,
        rss_peak_bytes: 0,
        has_heap: false,
        heap_failed: false,
        on_request: None,
        main_cause: None,
        queued_behind: None,
        first_load: false,
        ordinary_load: false,
        gc_cpu_share: None,
        by_spans: false,
        size_bytes,
        problem: Some(error.to_string()),
    }
}

fn folder_size(folder: &Path) -> Bytes {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries.flatten().filter_map(|e| e.metadata().ok()).filter(|m| m.is_file()).map(|m| m.len()).sum()
}

/// Whether a window still writes to it.
fn is_locked(folder: &Path) -> bool {
    let Ok(lock) = File::open(folder.join(LOCK_FILE)) else { return false };
    // Dropping the file gives the lock back at once.
    matches!(lock.try_lock(), Err(fs::TryLockError::WouldBlock))
}
