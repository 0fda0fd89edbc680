//! Reading back what was captured: incidents, tables, flame graphs. Stateless but for a few parsed profiles.

use std::collections::VecDeque;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use stallscope_core::heap::{
    DiffPage, DiffQuery, FlameQuery, FlameTree, HeapError, HeapIndex, HeapPage, HeapQuery, SampleType,
    SubsystemQuery, SubsystemTable, diff, flame_diff,
};
use stallscope_core::history::{HistoryQuery, HistoryView};
use stallscope_core::memory::{
    AllocationRate, CapturedMemory, LiveHeap, MOST_SITES, MemStats, NotMemStats, Resident, Waterfall,
    WaterfallInput,
};
use stallscope_core::model::{
    Bytes, Capture, CaptureKind, CaptureState, HeapCapture, Incident, IncidentSummary, Ns, Timeline,
    TimelineQuery,
};
use stallscope_core::patterns::{Evidence, Patterns};
use stallscope_core::spans::SpanRecord;

use crate::history::{self, HistoryError};
use crate::patterns::judge;
use crate::store::{Store, StoreError};
use stallscope_core::wait::{MidnightsError, StallSummary, WaitDays, WaitDaysQuery};

/// Parsed profiles kept: the one looked at, its baseline, and the one before.
const KEPT_PROFILES: usize = 3;
/// A page or a tree larger than this is nobody's to look at.
const MOST_ROWS: usize = 1_000;
const MOST_NODES: usize = 20_000;
/// The page of statistics is 8 KB.
const MOST_PAGE_BYTES: u64 = 1 << 20;
/// Incidents that are summed up: reading one takes a tenth of a millisecond.
const MOST_SUMMED: usize = 500;
/// More heap captures than this are not offered to compare with.
const MOST_HEAP_CAPTURES: usize = 200;

/// Why a question about a capture has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The storage.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No such capture, or nothing of it was kept.
    #[error("incident {id} has no file of a capture {number}: its `incident.json` lists those it has")]
    NoCapture {
        /// Which incident.
        id: String,
        /// Which capture.
        number: u32,
    },
    /// Where the process happens to run is nowhere the user would look.
    #[error("{path:?} is not a place to save a file: name it with its whole path")]
    Destination {
        /// What was given.
        path: PathBuf,
    },
    /// Not a profile.
    #[error("{path} is not a readable profile: {source}")]
    Profile {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: stallscope_pprof::Error,
    },
    /// Not the runtime's statistics.
    #[error("{path}: {source}")]
    Statistics {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: NotMemStats,
    },
    /// The leak patterns.
    #[error("leak patterns: {what}")]
    Patterns {
        /// What is wrong.
        what: String,
    },
    /// A question that the profile cannot answer.
    #[error("{path}: {source}")]
    Query {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: HeapError,
    },
    /// Days that are none.
    #[error(transparent)]
    Days(#[from] MidnightsError),
    /// The history.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The incident was captured before any calm moment.
    #[error("incident {id} has no baseline: gopls had not been calm before it while this window watched it")]
    NoBaseline {
        /// Which.
        id: String,
    },
}

impl ReadError {
    /// Kebab-case name for the user interface.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::NoCapture { .. } => "capture-not-found",
            Self::Destination { .. } => "invalid-destination",
            Self::Profile { .. } => "profile-invalid",
            Self::Patterns { .. } => "patterns",
            Self::Statistics { .. } => "statistics-invalid",
            Self::Query { .. } => "profile-query",
            Self::Days(_) | Self::History(HistoryError::Query(_)) => "invalid-argument",
            Self::History(_) => "history",
            Self::NoBaseline { .. } => "no-baseline",
        }
    }
}

/// Reads a whole profile file, within the codec's limits.
///
/// # Errors
/// Not readable, or not a profile.
pub fn read_profile(path: &Path) -> Result<HeapIndex, ReadError> {
    let bytes = std::fs::read(path).map_err(|e| StoreError::io(path, e))?;
    let invalid = |source| ReadError::Profile { path: path.to_path_buf(), source };
    let profile = stallscope_pprof::decode(&bytes, &stallscope_pprof::Limits::default()).map_err(invalid)?;
    HeapIndex::new(profile).map_err(invalid)
}

/// Reads a captured page of the runtime's statistics.
///
/// # Errors
/// Not readable, or no such page.
fn read_statistics(path: &Path) -> Result<MemStats, ReadError> {
    let mut page = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MOST_PAGE_BYTES).read_to_end(&mut page))
        .map_err(|e| StoreError::io(path, e))?;
    let invalid = |source| ReadError::Statistics { path: path.to_path_buf(), source };
    MemStats::parse(&String::from_utf8_lossy(&page)).map_err(invalid)
}

/// Its whole heaps, baseline included, in order of time.
pub fn heaps_in_order(incident: &Incident) -> Vec<&Capture> {
    let is_heap = |c: &&Capture| matches!(c.kind, CaptureKind::Heap | CaptureKind::Baseline);
    let is_whole = |c: &&Capture| c.state == CaptureState::Complete;
    let mut heaps: Vec<_> = incident.captures.iter().filter(is_heap).filter(is_whole).collect();
    heaps.sort_by_key(|capture| capture.received_ns);
    heaps
}

/// What the panel and the commands ask.
pub struct Reader {
    store: Store,
    parsed: Mutex<VecDeque<Parsed>>,
}

struct Parsed {
    path: PathBuf,
    modified: Option<SystemTime>,
    index: Arc<HeapIndex>,
}

impl Reader {
    /// A reader of the incidents in `storage_dir`.
    pub fn new(storage_dir: PathBuf) -> Self {
        Self { store: Store::new(storage_dir), parsed: Mutex::default() }
    }

    /// All incidents, newest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn incidents(&self) -> Result<Vec<IncidentSummary>, ReadError> {
        Ok(self.store.list()?)
    }

    /// What the waits of the newest incidents come to together; one that cannot be read does not count.
    ///
    /// # Errors
    /// When the folder of incidents cannot be read.
    pub fn stall_summary(&self) -> Result<StallSummary, ReadError> {
        Ok(StallSummary::of(self.store.newest()?.take(MOST_SUMMED)))
    }

    /// The same per day.
    ///
    /// # Errors
    /// Days that are none, or when the folder of incidents cannot be read.
    pub fn wait_days(&self, query: &WaitDaysQuery) -> Result<WaitDays, ReadError> {
        query.check()?;
        let mut incidents = self.store.newest()?;
        let days = WaitDays::of(incidents.by_ref().take(MOST_SUMMED), query)?;
        Ok(WaitDays { removed: self.store.removed_incidents(), cut: incidents.next().is_some(), ..days })
    }

    /// What was kept of waits and memory over weeks.
    ///
    /// # Errors
    /// Days that are none, or a history that cannot be read.
    pub fn history(&self, query: &HistoryQuery) -> Result<HistoryView, ReadError> {
        Ok(history::read(self.store.root(), query)?)
    }

    /// Forgets all of that.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn clear_history(&self) -> Result<(), ReadError> {
        Ok(history::clear(self.store.root())?)
    }

    /// One incident.
    ///
    /// # Errors
    /// Not there, not readable.
    pub fn incident(&self, id: &str) -> Result<Incident, ReadError> {
        Ok(self.store.load(id)?)
    }

    /// gopls's own spans around it; `None` when none were kept. Their times are the incident's.
    ///
    /// # Errors
    /// Not readable.
    pub fn spans(&self, id: &str) -> Result<Option<SpanRecord>, ReadError> {
        Ok(self.store.spans(id)?)
    }

    /// Keeps with an incident who held gopls's memory after it, as JSON.
    ///
    /// # Errors
    /// Not there any more, or cannot be written.
    pub fn keep_heap(&self, id: &str, json: &[u8]) -> Result<(), ReadError> {
        Ok(self.store.keep_heap(id, json)?)
    }

    /// Who held it, as JSON; `None` when that was not read.
    ///
    /// # Errors
    /// Not readable.
    pub fn heap(&self, id: &str) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.store.heap(id)?)
    }

    /// Writes a file that somebody has asked for, atomically.
    ///
    /// # Errors
    /// The destination is no whole path or cannot be written.
    pub fn save_page(&self, page: &str, destination: &Path) -> Result<(), ReadError> {
        if !destination.is_absolute() {
            return Err(ReadError::Destination { path: destination.to_path_buf() });
        }
        Ok(crate::store::write_for_user(destination, page.as_bytes())?)
    }

    /// Deletes incidents; returns how many there were.
    ///
    /// # Errors
    /// The first that could not be deleted.
    pub fn delete(&self, ids: &[String]) -> Result<usize, ReadError> {
        Ok(self.store.delete(ids)?)
    }

    /// The time line of an incident.
    ///
    /// # Errors
    /// Not there, not readable.
    pub fn timeline(&self, id: &str, query: &TimelineQuery) -> Result<Timeline, ReadError> {
        Ok(crate::watcher::timeline_of_incident(&self.store.load(id)?, query))
    }

    /// Copies a capture's raw file, atomically.
    ///
    /// # Errors
    /// No such capture, or the destination is no whole path or cannot be written.
    pub fn save_profile(&self, id: &str, number: u32, destination: &Path) -> Result<(), ReadError> {
        if !destination.is_absolute() {
            return Err(ReadError::Destination { path: destination.to_path_buf() });
        }
        let path = self.capture_path(id, number)?;
        let bytes = std::fs::read(&path).map_err(|e| StoreError::io(&path, e))?;
        Ok(crate::store::write_for_user(destination, &bytes)?)
    }

    /// What a captured profile counts, in its own order.
    ///
    /// # Errors
    /// No such capture, not a profile.
    pub fn sample_types(&self, id: &str, number: u32) -> Result<Vec<SampleType>, ReadError> {
        Ok(self.profile(id, number)?.1.sample_types())
    }

    /// A page of the table of a heap capture.
    ///
    /// # Errors
    /// No such capture, not a profile, an unknown sample type.
    pub fn heap_table(&self, id: &str, number: u32, query: &HeapQuery) -> Result<HeapPage, ReadError> {
        let (path, index) = self.profile(id, number)?;
        let query = HeapQuery { limit: query.limit.min(MOST_ROWS), ..query.clone() };
        index.query(&query).map_err(|source| ReadError::Query { path, source })
    }

    /// The flame tree of a heap capture, or of a part of it.
    ///
    /// # Errors
    /// No such capture, not a profile, an unknown sample type or path.
    pub fn flame(&self, id: &str, number: u32, query: &FlameQuery) -> Result<FlameTree, ReadError> {
        let (path, index) = self.profile(id, number)?;
        let query = FlameQuery { max_nodes: query.max_nodes.min(MOST_NODES), ..query.clone() };
        index.flame(&query).map_err(|source| ReadError::Query { path, source })
    }

    /// What each part of gopls holds in a heap capture.
    ///
    /// # Errors
    /// No such capture, not a profile, an unknown sample type.
    pub fn subsystems(
        &self,
        id: &str,
        number: u32,
        query: &SubsystemQuery,
    ) -> Result<SubsystemTable, ReadError> {
        let (path, index) = self.profile(id, number)?;
        index.subsystems(query).map_err(|source| ReadError::Query { path, source })
    }

    /// The same by package and function, as frames to draw; or a part of it.
    ///
    /// # Errors
    /// No such capture, not a profile, an unknown sample type or path.
    pub fn icicle(&self, id: &str, number: u32, query: &FlameQuery) -> Result<FlameTree, ReadError> {
        let (path, index) = self.profile(id, number)?;
        let query = FlameQuery { max_nodes: query.max_nodes.min(MOST_NODES), ..query.clone() };
        index.icicle(&query).map_err(|source| ReadError::Query { path, source })
    }

    /// The latest heap captures and baselines of all incidents: newest incident first, in it the latest first.
    ///
    /// # Errors
    /// When the folder of incidents cannot be read; an incident that cannot be read has none.
    pub fn heap_captures(&self, limit: usize) -> Result<Vec<HeapCapture>, ReadError> {
        let latest_first = |incident: Incident| {
            let mut captures: Vec<_> = incident.heap_captures().collect();
            captures.sort_by(|a, b| b.taken_unix_ms.total_cmp(&a.taken_unix_ms));
            captures
        };
        let all = self.store.newest()?.flat_map(latest_first);
        Ok(all.take(limit.min(MOST_HEAP_CAPTURES)).collect())
    }

    /// A heap capture minus a base: another capture, of any incident, or without one its incident's baseline.
    ///
    /// # Errors
    /// No such capture, no baseline, not a profile, an unknown sample type.
    pub fn heap_diff(
        &self,
        (id, number): (&str, u32),
        base: Option<(&str, u32)>,
        query: &DiffQuery,
    ) -> Result<DiffPage, ReadError> {
        let base = self.base(id, base)?;
        let (path, index) = self.profile(id, number)?;
        let query = DiffQuery { limit: query.limit.min(MOST_ROWS), ..query.clone() };
        diff(&base, &index, &query).map_err(|source| ReadError::Query { path, source })
    }

    /// The flame tree of a heap capture and its base together; the base as in `heap_diff`.
    ///
    /// # Errors
    /// No such capture, no baseline, not a profile, an unknown sample type or path.
    pub fn flame_diff(
        &self,
        (id, number): (&str, u32),
        base: Option<(&str, u32)>,
        query: &FlameQuery,
    ) -> Result<FlameTree, ReadError> {
        let base = self.base(id, base)?;
        let (path, index) = self.profile(id, number)?;
        let query = FlameQuery { max_nodes: query.max_nodes.min(MOST_NODES), ..query.clone() };
        flame_diff(&base, &index, &query).map_err(|source| ReadError::Query { path, source })
    }

    fn base(&self, id: &str, named: Option<(&str, u32)>) -> Result<Arc<HeapIndex>, ReadError> {
        if let Some((id, number)) = named {
            return Ok(self.profile(id, number)?.1);
        }
        let incident = self.store.load(id)?;
        let baseline = incident
            .captures
            .iter()
            .find(|c| c.kind == CaptureKind::Baseline && c.state == CaptureState::Complete)
            .ok_or_else(|| ReadError::NoBaseline { id: id.to_owned() })?;
        Ok(self.profile(id, baseline.number)?.1)
    }

    /// Which leak patterns the heaps of an incident show, with the rules' texts in a language (`en`, `zh-cn`).
    ///
    /// # Errors
    /// Not there, not readable. Heaps that cannot be read are left out.
    pub fn patterns(&self, id: &str, language: &str) -> Result<Patterns, ReadError> {
        let incident = self.store.load(id)?;
        let heaps = heaps_in_order(&incident);
        let heaps: Vec<_> =
            heaps.iter().filter_map(|heap| Some(self.profile(id, heap.number).ok()?.1)).collect();
        let profiles: Vec<&HeapIndex> = heaps.iter().map(Arc::as_ref).collect();
        let facts = incident.workspace_facts.map(|kept| kept.facts).unwrap_or_default();
        let on = |profiles: &[&HeapIndex]| judge(&Evidence { profiles, series: &[], facts }, language);
        // A baseline is of the same process, unless the folder was put together by hand: then the last heap alone.
        on(&profiles).or_else(|_| on(&profiles[profiles.len().saturating_sub(1)..]))
    }

    /// Who allocated between the first and the last heap of an incident, its baseline included; `None` when there are no two of
    /// one process and different GC cycles.
    ///
    /// # Errors
    /// Not there, not readable. Heaps that cannot be read are left out.
    pub fn allocation(&self, id: &str) -> Result<Option<AllocationRate>, ReadError> {
        let incident = self.store.load(id)?;
        let sites = |capture: &Capture| {
            let (_, index) = self.profile(id, capture.number).ok()?;
            Some((capture.received_ns?, index.allocation_sites(MOST_SITES).ok()?))
        };
        let sites: Vec<_> = heaps_in_order(&incident).into_iter().filter_map(sites).collect();
        let (Some((from_ns, before)), Some((at_ns, after))) = (sites.first(), sites.last()) else {
            return Ok(None);
        };
        Ok(AllocationRate::between((*from_ns, before), (*at_ns, after)))
    }

    /// Where the memory was at each capture of the runtime's statistics.
    ///
    /// # Errors
    /// Not there, not readable. Statistics that cannot be read are named in the answer.
    pub fn memory(&self, id: &str) -> Result<Vec<CapturedMemory>, ReadError> {
        let incident = self.store.load(id)?;
        let complete = |kind| move |c: &&Capture| c.kind == kind && c.state == CaptureState::Complete;
        let statistics = incident.captures.iter().filter(complete(CaptureKind::Memory));
        let captured = statistics.filter_map(|capture| {
            let (at_ns, resident) = (capture.received_ns?, capture.resident?);
            let heaps = incident.captures.iter().filter(complete(CaptureKind::Heap));
            let heap = heaps
                .filter_map(|heap| Some((heap.number, heap.received_ns?.abs_diff(at_ns))))
                .min_by_key(|(_, apart_ns)| *apart_ns);
            let waterfall = self.waterfall(id, capture.number, resident, heap);
            Some(CapturedMemory {
                capture: capture.number,
                at_ns,
                heap: heap.map(|(number, _)| number),
                problem: waterfall.as_ref().err().map(ToString::to_string),
                waterfall: waterfall.ok(),
            })
        });
        Ok(captured.collect())
    }

    fn waterfall(
        &self,
        id: &str,
        number: u32,
        resident: Resident,
        heap: Option<(u32, Ns)>,
    ) -> Result<Waterfall, ReadError> {
        let path = self.capture_path(id, number)?;
        let stats = read_statistics(&path)?;
        // A heap that cannot be read leaves the rest of the answer as it is.
        let live = heap.and_then(|(number, apart_ns)| {
            let (_, index) = self.profile(id, number).ok()?;
            let inuse_bytes = Bytes::try_from(index.total(Some("inuse_space")).ok()?).ok()?;
            let ballast_bytes = index.ballast_bytes();
            Some(LiveHeap {
                live_bytes: inuse_bytes.saturating_sub(ballast_bytes),
                ballast_bytes: (ballast_bytes > 0).then_some(ballast_bytes),
                apart_ns,
            })
        });
        Ok(Waterfall::new(&WaterfallInput { stats, resident, live }))
    }

    /// The raw file of a capture.
    fn capture_path(&self, id: &str, number: u32) -> Result<PathBuf, ReadError> {
        // Asking for one that is not there is no fault of the incident, as the storage would have it.
        let kept = |capture: &Capture| capture.number == number && !capture.file.is_empty();
        if !self.store.load(id)?.captures.iter().any(kept) {
            return Err(ReadError::NoCapture { id: id.to_owned(), number });
        }
        Ok(self.store.capture_path(id, number)?)
    }

    /// The parsed profile, from memory when it was asked for lately.
    fn profile(&self, id: &str, number: u32) -> Result<(PathBuf, Arc<HeapIndex>), ReadError> {
        let path = self.capture_path(id, number)?;
        let modified = std::fs::metadata(&path).and_then(|m| m.modified()).ok();
        {
            let mut parsed = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(at) = parsed.iter().position(|p| p.path == path && p.modified == modified)
                && let Some(hit) = parsed.remove(at)
            {
                let index = Arc::clone(&hit.index);
                parsed.push_back(hit);
                return Ok((path, index));
            }
        }
        // Parsed without the lock: a large profile must not block a question about a small one.
        let index = Arc::new(read_profile(&path)?);
        let mut parsed = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        parsed.retain(|p| p.path != path);
        if parsed.len() == KEPT_PROFILES {
            parsed.pop_front();
        }
        parsed.push_back(Parsed { path: path.clone(), modified, index: Arc::clone(&index) });
        Ok((path, index))
    }
}
