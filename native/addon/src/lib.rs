//! The Node addon: the only crate with napi, and no logic of its own.
//!
//! Each call converts its arguments, hands them to the probe and converts the answer. Two promises are kept here:
//! nothing blocks the JavaScript thread (questions that touch a disk run on a worker), and nothing throws across
//! the boundary for an expected failure. A panic is caught and becomes a failure like any other, because an
//! uncaught one would end the user's whole extension host.

mod argument;
mod heap;
mod outcome;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use napi::bindgen_prelude::{PromiseRaw, Unknown};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi::{Env, Status as NapiStatus};
use napi_derive::napi;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stallscope_core::heap::{DiffQuery, FlameQuery, HeapQuery, SubsystemQuery};
use stallscope_core::history::HistoryQuery;
use stallscope_core::log::LogQuery;
use stallscope_core::model::{
    CaptureRequest, ExportSettings, ObservedRequest, TimelineQuery, WatchEvent, WatchSettings,
};
use stallscope_core::report::ReportRequest;
use stallscope_core::trace::{TraceFormat, TraceOther};
use stallscope_core::verify::VerifyStep;
use stallscope_core::wait::WaitDaysQuery;
use stallscope_doctor::Request;
use stallscope_doctor::cache::Request as CacheRequest;
use stallscope_export::Live;
use stallscope_probe::cache::{Cleaning, Which, Window, go_caches_of};
use stallscope_probe::doctor::{Asked, examine};
use stallscope_probe::log::OpenLogs;
use stallscope_probe::process;
use stallscope_probe::reader::Reader;
use stallscope_probe::report::Reports;
use stallscope_probe::store::Store;
use stallscope_probe::trace::{compare, save_of_incident};
use stallscope_probe::verify::Verifications;
use stallscope_probe::watcher::{Target, WatchError, Watcher, WatcherOptions};

use argument::{
    argument, argument_or_null, callback, duration_ns, line_or_null, required, text, text_or_null,
};
use heap::{HeapQuestion, HeapRequest, Heaps, kept};
use outcome::{Failure, answered, blocking, contained, json, promise, settle};

/// A cache of 100,000 files is counted in a second; a slow disk gets more time than a person wants to wait for.
const COUNT_CACHE_WITHIN: Duration = Duration::from_secs(20);

#[derive(Debug, Deserialize)]
struct CoreOptions {
    storage_dir: String,
    workspace: Vec<String>,
    host_pid: u32,
    log_dirs: Vec<String>,
    go_extension: Option<String>,
    settings: WatchSettings,
}

#[derive(Debug, Deserialize)]
struct ProfileRef {
    incident: String,
    capture: u32,
}

impl ProfileRef {
    fn parts(&self) -> (&str, u32) {
        (&self.incident, self.capture)
    }
}

#[derive(Debug, Deserialize)]
struct WorkspaceAnswers {
    pid: u32,
    workspace_stats: Option<String>,
    views: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CacheWhat {
    Orphans,
    Leftovers,
}

#[derive(Debug, Deserialize)]
struct SaveReportAs {
    page_only: bool,
    leave_out: Vec<String>,
}

/// The native core of one window. See `extension/shared/core.ts` for the contract.
#[napi]
pub struct Core {
    options: CoreOptions,
    reader: Arc<Reader>,
    verifications: Verifications,
    reports: Arc<Reports>,
    logs: Arc<OpenLogs>,
    cleaning: Arc<Cleaning>,
    heaps: Arc<Heaps>,
    export: Live,
    watcher: Mutex<Option<Arc<Watcher>>>,
}

/// Sets up a core. Nothing runs before `start`.
#[napi(ts_args_type = "options: CoreOptions", catch_unwind)]
pub fn create_core(env: &Env, options: Unknown<'_>) -> napi::Result<Core> {
    let options: CoreOptions = required(env, "options", options)?;
    let reader = Arc::new(Reader::new(options.storage_dir.clone().into()));
    let store = Store::new(options.storage_dir.clone().into());
    let reports = Arc::new(Reports::new(store, options.workspace.clone()));
    let verifications = Verifications::new(options.storage_dir.clone().into(), options.workspace.clone());
    let export = Live::new(options.storage_dir.clone().into());
    let (logs, cleaning, heaps) = (Arc::default(), Arc::default(), Arc::default());
    let watcher = Mutex::new(None);
    Ok(Core { options, reader, verifications, reports, logs, cleaning, heaps, export, watcher })
}

#[napi]
impl Core {
    /// Starts the watcher's threads.
    #[napi(
        ts_args_type = "onEvent: (event: WatchEvent) => void",
        ts_return_type = "Outcome<null>",
        catch_unwind
    )]
    pub fn start(&self, on_event: Unknown<'_>) -> napi::Result<Value> {
        let on_event = match callback("onEvent", on_event) {
            Ok(on_event) => on_event,
            Err(failure) => return Ok(settle::<()>(Err(failure))),
        };
        // Weak: a window that closes must not be kept alive by us.
        let tell = on_event.build_threadsafe_function().weak::<true>().callee_handled::<false>().build()?;
        let export = self.export.clone();
        let listener = Box::new(move |event: WatchEvent| {
            if matches!(event, WatchEvent::IncidentClosed { .. }) {
                export.ring();
            }
            let status = tell.call(json(&event), ThreadsafeFunctionCallMode::NonBlocking);
            debug_assert!(matches!(status, NapiStatus::Ok | NapiStatus::Closing), "{status}");
        });
        Ok(settle(contained(|| {
            let options = WatcherOptions {
                storage_dir: self.options.storage_dir.clone().into(),
                workspace: self.options.workspace.clone(),
                target: Target::Host { pid: self.options.host_pid },
                log_dirs: self.options.log_dirs.iter().map(Into::into).collect(),
                go_extension: self.options.go_extension.clone(),
                settings: self.options.settings.clone(),
            };
            let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
            if watcher.is_some() {
                return Err(Failure::new("already-started", "this core runs already: stop it first"));
            }
            *watcher = Some(Arc::new(Watcher::start(options, listener)?));
            Ok(())
        })))
    }

    /// Ends them; resolves when everything captured is on disk.
    #[napi(ts_return_type = "Promise<Outcome<null>>", catch_unwind)]
    pub fn stop<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Value>> {
        self.export.stop();
        let watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.heaps.cancel();
        let heaps = Arc::clone(&self.heaps);
        let closed = blocking(move || {
            heaps.close();
            Ok(())
        });
        promise(env, async move {
            closed.await;
            if let Some(watcher) = watcher {
                watcher.stop().await;
            }
            settle(Ok(()))
        })
    }

    /// New settings; returns what had to be adjusted.
    #[napi(ts_args_type = "settings: WatchSettings", ts_return_type = "Adjustment[]", catch_unwind)]
    pub fn configure(&self, env: &Env, settings: Unknown<'_>) -> napi::Result<Value> {
        let settings: WatchSettings = required(env, "settings", settings)?;
        Ok(json(&self.with(|watcher| watcher.configure(settings)).unwrap_or_default()))
    }

    /// Exports incidents as they end, or no longer; nothing before this is called.
    #[napi(ts_args_type = "settings: ExportSettings", catch_unwind)]
    pub fn configure_export(&self, env: &Env, settings: Unknown<'_>) -> napi::Result<()> {
        self.export.configure(required(env, "settings", settings)?);
        Ok(())
    }

    /// Where these settings would export to.
    #[napi(ts_args_type = "settings: ExportSettings", ts_return_type = "Outcome<string[]>", catch_unwind)]
    pub fn export_destinations(&self, env: &Env, settings: Unknown<'_>) -> napi::Result<Value> {
        let settings = argument::<ExportSettings>(env, "settings", settings);
        Ok(settle(contained(|| Ok(stallscope_export::destinations(&settings?)?))))
    }

    /// How that stands.
    #[napi(ts_return_type = "ExportStatus", catch_unwind)]
    pub fn export_status(&self) -> Value {
        json(&self.export.status())
    }

    /// Stops looking until `resume`.
    #[napi(catch_unwind)]
    pub fn pause(&self) {
        self.with(Watcher::pause);
    }

    /// Looks again.
    #[napi(catch_unwind)]
    pub fn resume(&self) {
        self.with(Watcher::resume);
    }

    /// The editor was seen to ask for something, right now.
    #[napi(ts_args_type = "method: string, uri: string | null, line: number | null", catch_unwind)]
    pub fn observed(&self, method: Unknown<'_>, uri: Unknown<'_>, line: Unknown<'_>) -> napi::Result<()> {
        let method = text("method", method)?;
        let uri = text_or_null("uri", uri)?;
        let line = line_or_null("line", line)?;
        self.with(|watcher| watcher.observed(ObservedRequest { method, uri, line }));
        Ok(())
    }

    /// The JavaScript thread was busy for so many milliseconds, until now.
    #[napi(ts_args_type = "lagMs: number", catch_unwind)]
    pub fn host_lagged(&self, lag_ms: Unknown<'_>) -> napi::Result<()> {
        let lag_ns = duration_ns("lagMs", lag_ms)?;
        self.with(|watcher| watcher.host_lagged(lag_ns));
        Ok(())
    }

    /// The echo of an observed request was sent, right now.
    #[napi(ts_args_type = "method: string, uri: string", catch_unwind)]
    pub fn echo_began(&self, method: Unknown<'_>, uri: Unknown<'_>) -> napi::Result<()> {
        let (method, uri) = (text("method", method)?, text("uri", uri)?);
        self.with(|watcher| watcher.echo_began(method, uri));
        Ok(())
    }

    /// It was answered or given up, right now.
    #[napi(ts_args_type = "method: string, uri: string", catch_unwind)]
    pub fn echo_ended(&self, method: Unknown<'_>, uri: Unknown<'_>) -> napi::Result<()> {
        let (method, uri) = (text("method", method)?, text("uri", uri)?);
        self.with(|watcher| watcher.echo_ended(method, uri));
        Ok(())
    }

    /// A save began, right now.
    #[napi(ts_args_type = "uri: string", catch_unwind)]
    pub fn save_began(&self, uri: Unknown<'_>) -> napi::Result<()> {
        let uri = text("uri", uri)?;
        self.with(|watcher| watcher.save_began(uri));
        Ok(())
    }

    /// It ended, right now.
    #[napi(ts_args_type = "uri: string", catch_unwind)]
    pub fn save_ended(&self, uri: Unknown<'_>) -> napi::Result<()> {
        let uri = text("uri", uri)?;
        self.with(|watcher| watcher.save_ended(uri));
        Ok(())
    }

    /// What gopls answered about its workspace.
    #[napi(
        ts_args_type = "answers: WorkspaceAnswers",
        ts_return_type = "Promise<Outcome<null>>",
        catch_unwind
    )]
    pub fn workspace_answered<'env>(
        &self,
        env: &'env Env,
        answers: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let watcher = self.watcher();
        let answers = argument::<WorkspaceAnswers>(env, "answers", answers);
        let work = async move {
            let WorkspaceAnswers { pid, workspace_stats, views } = answers?;
            let watcher = watcher.ok_or(WatchError::Ended)?;
            Ok(watcher.workspace_answered(pid, workspace_stats.as_deref(), views.as_deref()).await?)
        };
        promise(env, answered(work))
    }

    /// Receives gopls's own spans on a port; `null` ends that.
    #[napi(ts_args_type = "port: number | null", ts_return_type = "Outcome<null>", catch_unwind)]
    pub fn record_spans(&self, env: &Env, port: Unknown<'_>) -> napi::Result<Value> {
        let port = argument_or_null::<u16>(env, "port", port);
        Ok(settle(contained(|| {
            let port = port?;
            let record = |watcher: &Watcher| watcher.record_spans(port);
            Ok(self.with(record).ok_or(WatchError::Ended)??)
        })))
    }

    /// How that stands.
    #[napi(ts_return_type = "SpansView", catch_unwind)]
    pub fn spans(&self) -> Value {
        json(&self.with(Watcher::spans).unwrap_or_default())
    }

    /// What is going on now.
    #[napi(ts_return_type = "Status", catch_unwind)]
    pub fn status(&self) -> Value {
        json(&self.with(Watcher::status).unwrap_or_else(stallscope_probe::watcher::idle_status))
    }

    /// Latest decisions, newest last.
    #[napi(ts_args_type = "limit: number", ts_return_type = "Decision[]", catch_unwind)]
    pub fn decisions(&self, env: &Env, limit: Unknown<'_>) -> napi::Result<Value> {
        let limit: usize = required(env, "limit", limit)?;
        Ok(json(&self.with(|watcher| watcher.decisions(limit)).unwrap_or_default()))
    }

    /// Every gopls of this user.
    #[napi(ts_return_type = "Promise<Outcome<GoplsProcess[]>>", catch_unwind)]
    pub fn gopls_processes<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Value>> {
        let host_pid = self.options.host_pid;
        promise(env, blocking(move || Ok(process::find(host_pid))))
    }

    /// Captures what is asked for.
    #[napi(
        ts_args_type = "request: CaptureRequest",
        ts_return_type = "Promise<Outcome<IncidentSummary>>",
        catch_unwind
    )]
    pub fn capture_now<'env>(
        &self,
        env: &'env Env,
        request: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let watcher = self.watcher();
        let request = argument::<CaptureRequest>(env, "request", request);
        let work = async move {
            let request = request?;
            Ok(watcher.ok_or(WatchError::Ended)?.capture_now(request).await?)
        };
        promise(env, answered(work))
    }

    /// Ends the captures on request that are under way.
    #[napi(catch_unwind)]
    pub fn cancel_capture(&self) {
        self.with(Watcher::cancel_capture);
    }

    /// All incidents, newest first.
    #[napi(ts_return_type = "Promise<Outcome<IncidentSummary[]>>", catch_unwind)]
    pub fn incidents<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Value>> {
        let reader = Arc::clone(&self.reader);
        promise(env, blocking(move || Ok(reader.incidents()?)))
    }

    /// What the waits of the kept incidents come to together.
    #[napi(ts_return_type = "Promise<Outcome<StallSummary>>", catch_unwind)]
    pub fn stall_summary<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Value>> {
        let reader = Arc::clone(&self.reader);
        promise(env, blocking(move || Ok(reader.stall_summary()?)))
    }

    /// The same per day.
    #[napi(
        ts_args_type = "query: WaitDaysQuery",
        ts_return_type = "Promise<Outcome<WaitDays>>",
        catch_unwind
    )]
    pub fn wait_days<'env>(
        &self,
        env: &'env Env,
        query: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let reader = Arc::clone(&self.reader);
        let query = argument::<WaitDaysQuery>(env, "query", query);
        promise(env, blocking(move || Ok(reader.wait_days(&query?)?)))
    }

    /// What was kept of waits and memory over weeks.
    #[napi(
        ts_args_type = "query: HistoryQuery",
        ts_return_type = "Promise<Outcome<HistoryView>>",
        catch_unwind
    )]
    pub fn history<'env>(&self, env: &'env Env, query: Unknown<'_>) -> napi::Result<PromiseRaw<'env, Value>> {
        let reader = Arc::clone(&self.reader);
        let query = argument::<HistoryQuery>(env, "query", query);
        promise(env, blocking(move || Ok(reader.history(&query?)?)))
    }

    /// Forgets all of that.
    #[napi(ts_return_type = "Promise<Outcome<null>>", catch_unwind)]
    pub fn clear_history<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Value>> {
        let reader = Arc::clone(&self.reader);
        promise(env, blocking(move || Ok(reader.clear_history()?)))
    }

    /// Examines settings, environment, workspace and cache of a folder. It only looks.
    #[napi(
        ts_args_type = "request: DoctorRequest",
        ts_return_type = "Promise<Outcome<DoctorReport>>",
        catch_unwind
    )]
    pub fn doctor<'env>(
        &self,
        env: &'env Env,
        request: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let request = argument::<Request>(env, "request", request);
        let host_pid = self.options.host_pid;
        promise(env, blocking(move || Ok(examine(&Asked::by_editor(request?, host_pid))?)))
    }

    /// What is in gopls's cache, and whose.
    #[napi(
        ts_args_type = "request: CacheRequest",
        ts_return_type = "Promise<Outcome<CacheView>>",
        catch_unwind
    )]
    pub fn cache<'env>(&self, env: &'env Env, request: Unknown<'_>) -> napi::Result<PromiseRaw<'env, Value>> {
        let request = argument::<CacheRequest>(env, "request", request);
        let host_pid = self.options.host_pid;
        promise(env, blocking(move || Ok(Window::of(&request?, host_pid).view(COUNT_CACHE_WITHIN)?)))
    }

    /// How large the caches of the `go` command are.
    #[napi(
        ts_args_type = "request: CacheRequest",
        ts_return_type = "Promise<Outcome<GoCache[]>>",
        catch_unwind
    )]
    pub fn go_caches<'env>(
        &self,
        env: &'env Env,
        request: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let request = argument::<CacheRequest>(env, "request", request);
        promise(env, blocking(move || Ok(go_caches_of(&request?))))
    }

    /// Removes from gopls's cache what nobody will read again.
    #[napi(
        ts_args_type = "request: CacheRequest, what: CacheWhat",
        ts_return_type = "Promise<Outcome<CacheCleaned>>",
        catch_unwind
    )]
    pub fn clean_cache<'env>(
        &self,
        env: &'env Env,
        request: Unknown<'_>,
        what: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let cleaning = Arc::clone(&self.cleaning);
        let request = argument::<CacheRequest>(env, "request", request);
        let what = argument::<CacheWhat>(env, "what", what);
        let host_pid = self.options.host_pid;
        promise(
            env,
            blocking(move || {
                let request = request?;
                let which = match what? {
                    CacheWhat::Orphans => Which::Orphans,
                    CacheWhat::Leftovers => Which::Leftovers,
                };
                Ok(cleaning.clean(|| Window::of(&request, host_pid), &which)?)
            }),
        )
    }

    /// Moves the cache of the window's gopls aside when that has ended.
    #[napi(
        ts_args_type = "request: CacheRequest",
        ts_return_type = "Promise<Outcome<CacheMoved>>",
        catch_unwind
    )]
    pub fn move_own_cache_aside<'env>(
        &self,
        env: &'env Env,
        request: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let cleaning = Arc::clone(&self.cleaning);
        let request = argument::<CacheRequest>(env, "request", request);
        let host_pid = self.options.host_pid;
        promise(
            env,
            blocking(move || {
                let request = request?;
                Ok(cleaning.move_own_aside(|| Window::of(&request, host_pid))?)
            }),
        )
    }

    /// What of these two is being done.
    #[napi(ts_return_type = "CacheDoing | null", catch_unwind)]
    pub fn cache_progress(&self) -> Value {
        json(&self.cleaning.progress())
    }

    /// Gives it up.
    #[napi(catch_unwind)]
    pub fn cancel_cache(&self) {
        self.cleaning.give_up();
    }

    /// Copies and analyses the living heap of a gopls of this window.
    #[napi(
        ts_args_type = "request: HeapRequest, onStep: (step: HeapStep) => void",
        ts_return_type = "Promise<Outcome<OpenedHeap>>",
        catch_unwind
    )]
    pub fn open_heap<'env>(
        &self,
        env: &'env Env,
        request: Unknown<'_>,
        on_step: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let request = argument::<HeapRequest>(env, "request", request);
        let tell = match callback("onStep", on_step) {
            Ok(on_step) => {
                Ok(on_step.build_threadsafe_function().weak::<true>().callee_handled::<false>().build()?)
            }
            Err(failure) => Err(failure),
        };
        let heaps = Arc::clone(&self.heaps);
        let host_pid = self.options.host_pid;
        promise(
            env,
            blocking(move || {
                let (request, tell) = (request?, tell?);
                // Never waits: gopls may stand still meanwhile.
                let tell = |step| {
                    tell.call(json(&step), ThreadsafeFunctionCallMode::NonBlocking);
                };
                heaps.open(host_pid, request, &tell)
            }),
        )
    }

    /// Gives up the heap that is being opened.
    #[napi(catch_unwind)]
    pub fn cancel_heap(&self) {
        self.heaps.cancel();
    }

    /// Asks about the heap that is open.
    #[napi(
        ts_args_type = "question: HeapQuestion",
        ts_return_type = "Promise<Outcome<HeapAnswer>>",
        catch_unwind
    )]
    pub fn ask_heap<'env>(
        &self,
        env: &'env Env,
        question: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let heaps = Arc::clone(&self.heaps);
        let question = argument::<HeapQuestion>(env, "question", question);
        promise(env, blocking(move || heaps.ask(&question?)))
    }

    /// Ends the helper that has it in memory.
    #[napi(ts_return_type = "Promise<Outcome<null>>", catch_unwind)]
    pub fn close_heap<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Value>> {
        let heaps = Arc::clone(&self.heaps);
        promise(
            env,
            blocking(move || {
                heaps.close();
                Ok(())
            }),
        )
    }

    /// Reads the heap of a gopls of this window after an incident, and keeps with that what there is to tell.
    #[napi(
        ts_args_type = "incident: string, request: HeapRequest",
        ts_return_type = "Promise<Outcome<KeptHeap>>",
        catch_unwind
    )]
    pub fn keep_heap_after<'env>(
        &self,
        env: &'env Env,
        incident: Unknown<'_>,
        request: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let incident = argument::<String>(env, "incident", incident);
        let request = argument::<HeapRequest>(env, "request", request);
        let (heaps, reader) = (Arc::clone(&self.heaps), Arc::clone(&self.reader));
        let (watcher, host_pid) = (self.watcher(), self.options.host_pid);
        promise(
            env,
            blocking(move || {
                let at_rest = || watcher.as_ref().is_some_and(|watcher| watcher.at_rest());
                heaps.keep_after(&reader, &incident?, host_pid, &request?, &at_rest)
            }),
        )
    }

    /// What was kept of a heap with an incident.
    #[napi(
        ts_args_type = "incident: string",
        ts_return_type = "Promise<Outcome<KeptHeap | null>>",
        catch_unwind
    )]
    pub fn kept_heap<'env>(
        &self,
        env: &'env Env,
        incident: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let reader = Arc::clone(&self.reader);
        let incident = argument::<String>(env, "incident", incident);
        promise(env, blocking(move || kept(&reader, &incident?)))
    }

    /// Saves the heap that is open, or what was kept of one with an incident, as a page that stands for itself.
    #[napi(
        ts_args_type = "incident: string | null, destination: string",
        ts_return_type = "Promise<Outcome<null>>",
        catch_unwind
    )]
    pub fn save_heap_page<'env>(
        &self,
        env: &'env Env,
        incident: Unknown<'_>,
        destination: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let (heaps, reader) = (Arc::clone(&self.heaps), Arc::clone(&self.reader));
        let incident = argument_or_null::<String>(env, "incident", incident);
        let destination = argument::<String>(env, "destination", destination);
        promise(
            env,
            blocking(move || {
                let (incident, destination) = (incident?, destination?);
                let page = heaps.page(&reader, incident.as_deref())?;
                Ok(reader.save_page(&page, destination.as_ref())?)
            }),
        )
    }

    /// One incident.
    #[napi(ts_args_type = "id: string", ts_return_type = "Promise<Outcome<Incident>>", catch_unwind)]
    pub fn incident<'env>(&self, env: &'env Env, id: Unknown<'_>) -> napi::Result<PromiseRaw<'env, Value>> {
        let reader = Arc::clone(&self.reader);
        let id = argument::<String>(env, "id", id);
        promise(env, blocking(move || Ok(reader.incident(&id?)?)))
    }

    /// Deletes incidents; resolves to how many there were.
    #[napi(ts_args_type = "ids: string[]", ts_return_type = "Promise<Outcome<number>>", catch_unwind)]
    pub fn delete_incidents<'env>(
        &self,
        env: &'env Env,
        ids: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let reader = Arc::clone(&self.reader);
        let ids = argument::<Vec<String>>(env, "ids", ids);
        promise(env, blocking(move || Ok(reader.delete(&ids?)?)))
    }

    /// Copies a capture's raw file.
    #[napi(
        ts_args_type = "ref: ProfileRef, destination: string",
        ts_return_type = "Promise<Outcome<null>>",
        catch_unwind
    )]
    pub fn save_profile<'env>(
        &self,
        env: &'env Env,
        profile: Unknown<'_>,
        destination: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let reader = Arc::clone(&self.reader);
        let profile = argument::<ProfileRef>(env, "ref", profile);
        let destination = argument::<String>(env, "destination", destination);
        promise(
            env,
            blocking(move || {
                let (profile, destination) = (profile?, destination?);
                Ok(reader.save_profile(&profile.incident, profile.capture, destination.as_ref())?)
            }),
        )
    }

    /// Builds the report of an incident, to be looked at before it is saved.
    #[napi(
        ts_args_type = "request: ReportRequest",
        ts_return_type = "Promise<Outcome<ReportPreview>>",
        catch_unwind
    )]
    pub fn build_report<'env>(
        &self,
        env: &'env Env,
        request: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let reports = Arc::clone(&self.reports);
        let request = argument::<ReportRequest>(env, "request", request);
        promise(env, blocking(move || Ok(reports.build(&request?)?)))
    }

    /// A file of the report as text; `null` is the Markdown of an issue.
    #[napi(
        ts_args_type = "report: number, file: string | null",
        ts_return_type = "Promise<Outcome<string>>",
        catch_unwind
    )]
    pub fn report_text<'env>(
        &self,
        env: &'env Env,
        report: Unknown<'_>,
        file: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let reports = Arc::clone(&self.reports);
        let report = argument::<u64>(env, "report", report);
        let file = argument_or_null::<String>(env, "file", file);
        promise(env, blocking(move || Ok(reports.text(report?, file?.as_deref())?)))
    }

    /// Saves the report.
    #[napi(
        ts_args_type = "report: number, how: SaveReportAs, destination: string",
        ts_return_type = "Promise<Outcome<null>>",
        catch_unwind
    )]
    pub fn save_report<'env>(
        &self,
        env: &'env Env,
        report: Unknown<'_>,
        how: Unknown<'_>,
        destination: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let reports = Arc::clone(&self.reports);
        let report = argument::<u64>(env, "report", report);
        let how = argument::<SaveReportAs>(env, "how", how);
        let destination = argument::<String>(env, "destination", destination);
        promise(
            env,
            blocking(move || {
                let (report, how, destination) = (report?, how?, destination?);
                Ok(reports.save(report, how.page_only, &how.leave_out, destination.as_ref())?)
            }),
        )
    }

    /// The time line, live or of an incident.
    #[napi(
        ts_args_type = "query: TimelineQuery",
        ts_return_type = "Promise<Outcome<Timeline>>",
        catch_unwind
    )]
    pub fn timeline<'env>(
        &self,
        env: &'env Env,
        query: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let query = argument::<TimelineQuery>(env, "query", query);
        let reader = Arc::clone(&self.reader);
        let watcher = self.watcher();
        promise(env, async move {
            let query = match query {
                Ok(query) => query,
                Err(failure) => return settle::<()>(Err(failure)),
            };
            match (query.incident.clone(), watcher) {
                (Some(id), _) => blocking(move || Ok(reader.timeline(&id, &query)?)).await,
                (None, watcher) => {
                    answered(async { Ok(watcher.ok_or(WatchError::Ended)?.timeline(query).await?) }).await
                }
            }
        })
    }

    /// Where gopls's memory is, as last read.
    #[napi(ts_return_type = "Promise<Outcome<MemoryView | null>>", catch_unwind)]
    pub fn memory<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Value>> {
        let watcher = self.watcher();
        promise(env, answered(async move { Ok(watcher.ok_or(WatchError::Ended)?.memory().await?) }))
    }

    /// What garbage collection costs it, and what is advised.
    #[napi(
        ts_args_type = "memoryLimitBytes: number | null",
        ts_return_type = "Promise<Outcome<GcView | null>>",
        catch_unwind
    )]
    pub fn gc<'env>(
        &self,
        env: &'env Env,
        memory_limit_bytes: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let watcher = self.watcher();
        let setting = argument_or_null::<u64>(env, "memoryLimitBytes", memory_limit_bytes);
        promise(
            env,
            answered(async move {
                let setting = setting?;
                Ok(watcher.ok_or(WatchError::Ended)?.gc(setting).await?)
            }),
        )
    }

    /// Which leak patterns the watched gopls shows now.
    #[napi(ts_args_type = "language: string", ts_return_type = "Promise<Outcome<Patterns>>", catch_unwind)]
    pub fn patterns<'env>(
        &self,
        env: &'env Env,
        language: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let watcher = self.watcher();
        let language = argument::<String>(env, "language", language);
        promise(env, async move {
            let evidence = match watcher {
                Some(watcher) => watcher.evidence().await,
                None => Err(WatchError::Ended),
            };
            blocking(move || {
                let language = language?;
                Ok(evidence?.judge(&language)?)
            })
            .await
        })
    }

    /// Where it was at the captures of an incident.
    #[napi(ts_args_type = "id: string", ts_return_type = "Promise<Outcome<CapturedMemory[]>>", catch_unwind)]
    pub fn incident_memory<'env>(
        &self,
        env: &'env Env,
        id: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let reader = Arc::clone(&self.reader);
        let id = argument::<String>(env, "id", id);
        promise(env, blocking(move || Ok(reader.memory(&id?)?)))
    }

    /// Who allocated between the heaps of an incident.
    #[napi(
        ts_args_type = "id: string",
        ts_return_type = "Promise<Outcome<AllocationRate | null>>",
        catch_unwind
    )]
    pub fn incident_allocation<'env>(
        &self,
        env: &'env Env,
        id: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let reader = Arc::clone(&self.reader);
        let id = argument::<String>(env, "id", id);
        promise(env, blocking(move || Ok(reader.allocation(&id?)?)))
    }

    /// Which leak patterns the heaps of an incident show.
    #[napi(
        ts_args_type = "id: string, language: string",
        ts_return_type = "Promise<Outcome<Patterns>>",
        catch_unwind
    )]
    pub fn incident_patterns<'env>(
        &self,
        env: &'env Env,
        id: Unknown<'_>,
        language: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let reader = Arc::clone(&self.reader);
        let id = argument::<String>(env, "id", id);
        let language = argument::<String>(env, "language", language);
        promise(env, blocking(move || Ok(reader.patterns(&id?, &language?)?)))
    }

    /// Verifications of fixes, newest first.
    #[napi(ts_return_type = "Promise<Outcome<Verification[]>>", catch_unwind)]
    pub fn verifications<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Value>> {
        let verifications = self.verifications.clone();
        promise(env, answered(async move { Ok(verifications.list().await?) }))
    }

    /// Does a step of a verification.
    #[napi(
        ts_args_type = "step: VerifyStep",
        ts_return_type = "Promise<Outcome<VerificationView>>",
        catch_unwind
    )]
    pub fn verify<'env>(&self, env: &'env Env, step: Unknown<'_>) -> napi::Result<PromiseRaw<'env, Value>> {
        let verifications = self.verifications.clone();
        let watcher = self.watcher();
        let step = argument::<VerifyStep>(env, "step", step);
        promise(env, answered(async move { Ok(verifications.step(watcher.as_deref(), step?).await?) }))
    }

    /// Deletes a verification; its heaps stay.
    #[napi(ts_args_type = "id: string", ts_return_type = "Promise<Outcome<null>>", catch_unwind)]
    pub fn delete_verification<'env>(
        &self,
        env: &'env Env,
        id: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let verifications = self.verifications.clone();
        let id = argument::<String>(env, "id", id);
        promise(env, answered(async move { Ok(verifications.delete(&id?).await?) }))
    }

    /// What a captured profile counts.
    #[napi(ts_args_type = "ref: ProfileRef", ts_return_type = "Promise<Outcome<SampleType[]>>", catch_unwind)]
    pub fn sample_types<'env>(
        &self,
        env: &'env Env,
        profile: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let reader = Arc::clone(&self.reader);
        let profile = argument::<ProfileRef>(env, "ref", profile);
        promise(
            env,
            blocking(move || {
                let profile = profile?;
                Ok(reader.sample_types(&profile.incident, profile.capture)?)
            }),
        )
    }

    /// Reads a message log of gopls and keeps it open.
    #[napi(
        ts_args_type = "path: string, language: string",
        ts_return_type = "Promise<Outcome<LogOverview>>",
        catch_unwind
    )]
    pub fn open_log<'env>(
        &self,
        env: &'env Env,
        path: Unknown<'_>,
        language: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let logs = Arc::clone(&self.logs);
        let path = argument::<String>(env, "path", path);
        let language = argument::<String>(env, "language", language);
        promise(
            env,
            blocking(move || {
                let (path, language) = (path?, language?);
                Ok(logs.open(path.as_ref(), &language)?)
            }),
        )
    }

    /// The open log as it is, or with what was written to it meanwhile.
    #[napi(
        ts_args_type = "readOn: boolean, language: string",
        ts_return_type = "Promise<Outcome<LogOverview>>",
        catch_unwind
    )]
    pub fn log_overview<'env>(
        &self,
        env: &'env Env,
        read_on: Unknown<'_>,
        language: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let logs = Arc::clone(&self.logs);
        let read_on = argument::<bool>(env, "readOn", read_on);
        let language = argument::<String>(env, "language", language);
        promise(
            env,
            blocking(move || {
                let (read_on, language) = (read_on?, language?);
                Ok(logs.overview(read_on, &language)?)
            }),
        )
    }

    /// A page of its requests.
    #[napi(
        ts_args_type = "query: LogQuery",
        ts_return_type = "Promise<Outcome<LogRequestPage>>",
        catch_unwind
    )]
    pub fn log_requests<'env>(
        &self,
        env: &'env Env,
        query: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let logs = Arc::clone(&self.logs);
        let query = argument::<LogQuery>(env, "query", query);
        promise(env, blocking(move || Ok(logs.requests(&query?)?)))
    }

    /// How far it was read.
    #[napi(ts_return_type = "LogProgress | null", catch_unwind)]
    pub fn log_progress(&self) -> Value {
        json(&self.logs.progress())
    }

    /// Gives it up, also while it is read.
    #[napi(catch_unwind)]
    pub fn close_log(&self) {
        self.logs.close();
    }

    /// Saves the trace of an incident; `null` is the open log.
    #[napi(
        ts_args_type = "incident: string | null, format: TraceFormat, destination: string",
        ts_return_type = "Promise<Outcome<null>>",
        catch_unwind
    )]
    pub fn save_trace<'env>(
        &self,
        env: &'env Env,
        incident: Unknown<'_>,
        format: Unknown<'_>,
        destination: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let logs = Arc::clone(&self.logs);
        let store = Store::new(self.options.storage_dir.clone().into());
        let incident = argument_or_null::<String>(env, "incident", incident);
        let format = argument::<TraceFormat>(env, "format", format);
        let destination = argument::<String>(env, "destination", destination);
        promise(
            env,
            blocking(move || {
                let (incident, format, destination) = (incident?, format?, destination?);
                let destination = destination.as_ref();
                match incident {
                    Some(id) => save_of_incident(&store, &id, format, destination)?,
                    None => logs.save_trace(format, destination)?,
                }
                Ok(())
            }),
        )
    }

    /// Compares the trace of an incident with another one; `null` is the open log.
    #[napi(
        ts_args_type = "incident: string | null, other: TraceOther",
        ts_return_type = "Promise<Outcome<TraceComparison>>",
        catch_unwind
    )]
    pub fn compare_traces<'env>(
        &self,
        env: &'env Env,
        incident: Unknown<'_>,
        other: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let logs = Arc::clone(&self.logs);
        let store = Store::new(self.options.storage_dir.clone().into());
        let incident = argument_or_null::<String>(env, "incident", incident);
        let other = argument::<TraceOther>(env, "other", other);
        promise(env, blocking(move || Ok(compare(&store, &logs, incident?.as_deref(), &other?)?)))
    }

    /// A page of a heap table.
    #[napi(
        ts_args_type = "ref: ProfileRef, query: HeapQuery",
        ts_return_type = "Promise<Outcome<HeapPage>>",
        catch_unwind
    )]
    pub fn heap_table<'env>(
        &self,
        env: &'env Env,
        profile: Unknown<'_>,
        query: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        self.ask(env, profile, query, |reader, profile, query: HeapQuery| {
            Ok(reader.heap_table(&profile.incident, profile.capture, &query)?)
        })
    }

    /// A flame tree.
    #[napi(
        ts_args_type = "ref: ProfileRef, query: FlameQuery",
        ts_return_type = "Promise<Outcome<FlameTree>>",
        catch_unwind
    )]
    pub fn flame<'env>(
        &self,
        env: &'env Env,
        profile: Unknown<'_>,
        query: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        self.ask(env, profile, query, |reader, profile, query: FlameQuery| {
            Ok(reader.flame(&profile.incident, profile.capture, &query)?)
        })
    }

    /// What each part of gopls holds.
    #[napi(
        ts_args_type = "ref: ProfileRef, query: SubsystemQuery",
        ts_return_type = "Promise<Outcome<SubsystemTable>>",
        catch_unwind
    )]
    pub fn subsystems<'env>(
        &self,
        env: &'env Env,
        profile: Unknown<'_>,
        query: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        self.ask(env, profile, query, |reader, profile, query: SubsystemQuery| {
            Ok(reader.subsystems(&profile.incident, profile.capture, &query)?)
        })
    }

    /// The same as frames: subsystem, package, function.
    #[napi(
        ts_args_type = "ref: ProfileRef, query: FlameQuery",
        ts_return_type = "Promise<Outcome<FlameTree>>",
        catch_unwind
    )]
    pub fn icicle<'env>(
        &self,
        env: &'env Env,
        profile: Unknown<'_>,
        query: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        self.ask(env, profile, query, |reader, profile, query: FlameQuery| {
            Ok(reader.icicle(&profile.incident, profile.capture, &query)?)
        })
    }

    /// The heap captures there are to compare with, newest incident first.
    #[napi(ts_args_type = "limit: number", ts_return_type = "Promise<Outcome<HeapCapture[]>>", catch_unwind)]
    pub fn heap_captures<'env>(
        &self,
        env: &'env Env,
        limit: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let reader = Arc::clone(&self.reader);
        let limit = argument::<usize>(env, "limit", limit);
        promise(env, blocking(move || Ok(reader.heap_captures(limit?)?)))
    }

    /// A heap capture minus a base; `null` is its incident's baseline.
    #[napi(
        ts_args_type = "ref: ProfileRef, query: DiffQuery, base: ProfileRef | null",
        ts_return_type = "Promise<Outcome<DiffPage>>",
        catch_unwind
    )]
    pub fn heap_diff<'env>(
        &self,
        env: &'env Env,
        profile: Unknown<'_>,
        query: Unknown<'_>,
        base: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let base = argument_or_null::<ProfileRef>(env, "base", base);
        self.ask(env, profile, query, move |reader, profile, query: DiffQuery| {
            let base = base?;
            Ok(reader.heap_diff(profile.parts(), base.as_ref().map(ProfileRef::parts), &query)?)
        })
    }

    /// The flame tree of a heap capture and a base together; `null` is its incident's baseline.
    #[napi(
        ts_args_type = "ref: ProfileRef, query: FlameQuery, base: ProfileRef | null",
        ts_return_type = "Promise<Outcome<FlameTree>>",
        catch_unwind
    )]
    pub fn flame_diff<'env>(
        &self,
        env: &'env Env,
        profile: Unknown<'_>,
        query: Unknown<'_>,
        base: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let base = argument_or_null::<ProfileRef>(env, "base", base);
        self.ask(env, profile, query, move |reader, profile, query: FlameQuery| {
            let base = base?;
            Ok(reader.flame_diff(profile.parts(), base.as_ref().map(ProfileRef::parts), &query)?)
        })
    }
}

impl Core {
    fn watcher(&self) -> Option<Arc<Watcher>> {
        self.watcher.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the reader about one profile, on a worker.
    fn ask<'env, Q: DeserializeOwned + Send + 'static, A: Serialize + Send + 'static>(
        &self,
        env: &'env Env,
        profile: Unknown<'_>,
        query: Unknown<'_>,
        question: impl FnOnce(&Reader, &ProfileRef, Q) -> Result<A, Failure> + Send + 'static,
    ) -> napi::Result<PromiseRaw<'env, Value>> {
        let reader = Arc::clone(&self.reader);
        let profile = argument::<ProfileRef>(env, "ref", profile);
        let query = argument::<Q>(env, "query", query);
        promise(env, blocking(move || question(&reader, &profile?, query?)))
    }

    fn with<T>(&self, call: impl FnOnce(&Watcher) -> T) -> Option<T> {
        self.watcher().map(|watcher| call(&watcher))
    }
}
