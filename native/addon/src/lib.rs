//! The Node addon: the only crate with napi, and no logic of its own.
//!
//! Each call converts its arguments, hands them to the probe and converts the answer. Two promises are kept here:
//! nothing blocks the JavaScript thread (questions that touch a disk run on a worker), and nothing throws across
//! the boundary for an expected failure. A panic is caught and becomes a failure like any other, because an
//! uncaught one would end the user's whole extension host.

mod outcome;

use std::sync::{Arc, Mutex, PoisonError};

use napi::Status as NapiStatus;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;
use serde::Deserialize;
use serde_json::Value;
use stallscope_core::heap::{FlameQuery, HeapQuery};
use stallscope_core::model::{ObservedRequest, TimelineQuery, WatchEvent, WatchSettings};
use stallscope_probe::process;
use stallscope_probe::reader::Reader;
use stallscope_probe::watcher::{Target, WatchError, Watcher, WatcherOptions};

use outcome::{Failure, argument, blocking, contained, json, settle};

#[derive(Debug, Deserialize)]
struct CoreOptions {
    storage_dir: String,
    workspace: Vec<String>,
    host_pid: u32,
    log_dirs: Vec<String>,
    settings: WatchSettings,
}

#[derive(Debug, Deserialize)]
struct ProfileRef {
    incident: String,
    capture: u32,
}

/// The native core of one window. See `extension/shared/core.ts` for the contract.
#[napi]
pub struct Core {
    options: CoreOptions,
    reader: Arc<Reader>,
    watcher: Mutex<Option<Arc<Watcher>>>,
}

/// Sets up a core. Nothing runs before `start`.
#[napi(ts_args_type = "options: CoreOptions", catch_unwind)]
pub fn create_core(options: Value) -> napi::Result<Core> {
    let options: CoreOptions = argument("options", options).map_err(Failure::into_error)?;
    let reader = Arc::new(Reader::new(options.storage_dir.clone().into()));
    Ok(Core { options, reader, watcher: Mutex::new(None) })
}

#[napi]
impl Core {
    /// Starts the watcher's threads.
    #[napi(
        ts_args_type = "onEvent: (event: WatchEvent) => void",
        ts_return_type = "Outcome<null>",
        catch_unwind
    )]
    pub fn start(&self, on_event: Function<'_, Value, ()>) -> napi::Result<Value> {
        // Weak: a window that closes must not be kept alive by us.
        let tell = on_event.build_threadsafe_function().weak::<true>().callee_handled::<false>().build()?;
        let listener = Box::new(move |event: WatchEvent| {
            let status = tell.call(json(&event), ThreadsafeFunctionCallMode::NonBlocking);
            debug_assert!(matches!(status, NapiStatus::Ok | NapiStatus::Closing), "{status}");
        });
        Ok(settle(contained(|| {
            let options = WatcherOptions {
                storage_dir: self.options.storage_dir.clone().into(),
                workspace: self.options.workspace.clone(),
                target: Target::Host { pid: self.options.host_pid },
                log_dirs: self.options.log_dirs.iter().map(Into::into).collect(),
                settings: self.options.settings.clone(),
            };
            let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
            if watcher.is_some() {
                return Err(Failure::new("already-started", "this core has been started before"));
            }
            *watcher = Some(Arc::new(Watcher::start(options, listener)?));
            Ok(())
        })))
    }

    /// Ends them; resolves when everything captured is on disk.
    #[napi(ts_return_type = "Promise<Outcome<null>>")]
    pub async fn stop(&self) -> napi::Result<Value> {
        let watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(watcher) = watcher {
            watcher.stop().await;
        }
        Ok(settle(Ok(())))
    }

    /// New settings; returns what had to be adjusted.
    #[napi(ts_args_type = "settings: WatchSettings", ts_return_type = "Adjustment[]", catch_unwind)]
    pub fn configure(&self, settings: Value) -> napi::Result<Value> {
        let settings: WatchSettings = argument("settings", settings).map_err(Failure::into_error)?;
        Ok(json(&self.with(|watcher| watcher.configure(settings)).unwrap_or_default()))
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
    #[napi(ts_args_type = "request: ObservedRequest", catch_unwind)]
    pub fn observed(&self, request: Value) -> napi::Result<()> {
        let request: ObservedRequest = argument("request", request).map_err(Failure::into_error)?;
        self.with(|watcher| watcher.observed(request));
        Ok(())
    }

    /// The echo of an observed request was sent, right now.
    #[napi(catch_unwind)]
    pub fn echo_began(&self, method: String, uri: String) {
        self.with(|watcher| watcher.echo_began(method, uri));
    }

    /// It was answered or given up, right now.
    #[napi(catch_unwind)]
    pub fn echo_ended(&self, method: String, uri: String) {
        self.with(|watcher| watcher.echo_ended(method, uri));
    }

    /// A save began, right now.
    #[napi(catch_unwind)]
    pub fn save_began(&self, uri: String) {
        self.with(|watcher| watcher.save_began(uri));
    }

    /// It ended, right now.
    #[napi(catch_unwind)]
    pub fn save_ended(&self, uri: String) {
        self.with(|watcher| watcher.save_ended(uri));
    }

    /// What is going on now.
    #[napi(ts_return_type = "Status", catch_unwind)]
    pub fn status(&self) -> Value {
        json(&self.with(Watcher::status).unwrap_or_else(stallscope_probe::watcher::idle_status))
    }

    /// Latest decisions, newest last.
    #[napi(ts_return_type = "Decision[]", catch_unwind)]
    pub fn decisions(&self, limit: u32) -> Value {
        json(&self.with(|watcher| watcher.decisions(limit as usize)).unwrap_or_default())
    }

    /// Every gopls of this user.
    #[napi(ts_return_type = "Promise<Outcome<GoplsProcess[]>>")]
    pub async fn gopls_processes(&self) -> napi::Result<Value> {
        let host_pid = self.options.host_pid;
        Ok(blocking(move || Ok(process::find(host_pid))).await)
    }

    /// Captures the heap now.
    #[napi(ts_return_type = "Promise<Outcome<IncidentSummary>>")]
    pub async fn capture_now(&self) -> napi::Result<Value> {
        let Some(watcher) = self.watcher() else { return Ok(settle::<()>(Err(WatchError::Ended.into()))) };
        Ok(settle(watcher.capture_now().await.map_err(Failure::from)))
    }

    /// All incidents, newest first.
    #[napi(ts_return_type = "Promise<Outcome<IncidentSummary[]>>")]
    pub async fn incidents(&self) -> napi::Result<Value> {
        let reader = Arc::clone(&self.reader);
        Ok(blocking(move || Ok(reader.incidents()?)).await)
    }

    /// One incident.
    #[napi(ts_return_type = "Promise<Outcome<Incident>>")]
    pub async fn incident(&self, id: String) -> napi::Result<Value> {
        let reader = Arc::clone(&self.reader);
        Ok(blocking(move || Ok(reader.incident(&id)?)).await)
    }

    /// Deletes incidents; resolves to how many there were.
    #[napi(ts_return_type = "Promise<Outcome<number>>")]
    pub async fn delete_incidents(&self, ids: Vec<String>) -> napi::Result<Value> {
        let reader = Arc::clone(&self.reader);
        Ok(blocking(move || Ok(reader.delete(&ids)?)).await)
    }

    /// Copies a capture's raw file.
    #[napi(ts_args_type = "ref: ProfileRef, destination: string", ts_return_type = "Promise<Outcome<null>>")]
    pub async fn save_profile(&self, profile: Value, destination: String) -> napi::Result<Value> {
        let reader = Arc::clone(&self.reader);
        Ok(blocking(move || {
            let profile: ProfileRef = argument("ref", profile)?;
            Ok(reader.save_profile(&profile.incident, profile.capture, destination.as_ref())?)
        })
        .await)
    }

    /// The time line, live or of an incident.
    #[napi(ts_args_type = "query: TimelineQuery", ts_return_type = "Promise<Outcome<Timeline>>")]
    pub async fn timeline(&self, query: Value) -> napi::Result<Value> {
        let query: TimelineQuery = match argument("query", query) {
            Ok(query) => query,
            Err(failure) => return Ok(settle::<()>(Err(failure))),
        };
        match (query.incident.clone(), self.watcher()) {
            (Some(id), _) => {
                let reader = Arc::clone(&self.reader);
                Ok(blocking(move || Ok(reader.timeline(&id, &query)?)).await)
            }
            (None, Some(watcher)) => Ok(settle(watcher.timeline(query).await.map_err(Failure::from))),
            (None, None) => Ok(settle::<()>(Err(WatchError::Ended.into()))),
        }
    }

    /// A page of a heap table.
    #[napi(ts_args_type = "ref: ProfileRef, query: HeapQuery", ts_return_type = "Promise<Outcome<HeapPage>>")]
    pub async fn heap_table(&self, profile: Value, query: Value) -> napi::Result<Value> {
        let reader = Arc::clone(&self.reader);
        Ok(blocking(move || {
            let profile: ProfileRef = argument("ref", profile)?;
            let query: HeapQuery = argument("query", query)?;
            Ok(reader.heap_table(&profile.incident, profile.capture, &query)?)
        })
        .await)
    }

    /// A flame tree.
    #[napi(
        ts_args_type = "ref: ProfileRef, query: FlameQuery",
        ts_return_type = "Promise<Outcome<FlameTree>>"
    )]
    pub async fn flame(&self, profile: Value, query: Value) -> napi::Result<Value> {
        let reader = Arc::clone(&self.reader);
        Ok(blocking(move || {
            let profile: ProfileRef = argument("ref", profile)?;
            let query: FlameQuery = argument("query", query)?;
            Ok(reader.flame(&profile.incident, profile.capture, &query)?)
        })
        .await)
    }

    /// A heap capture minus its incident's baseline.
    #[napi(ts_args_type = "ref: ProfileRef, query: HeapQuery", ts_return_type = "Promise<Outcome<DiffPage>>")]
    pub async fn heap_diff(&self, profile: Value, query: Value) -> napi::Result<Value> {
        let reader = Arc::clone(&self.reader);
        Ok(blocking(move || {
            let profile: ProfileRef = argument("ref", profile)?;
            let query: HeapQuery = argument("query", query)?;
            Ok(reader.heap_diff(&profile.incident, profile.capture, &query)?)
        })
        .await)
    }
}

impl Core {
    fn watcher(&self) -> Option<Arc<Watcher>> {
        self.watcher.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn with<T>(&self, call: impl FnOnce(&Watcher) -> T) -> Option<T> {
        self.watcher().map(|watcher| call(&watcher))
    }
}
