//! One run: a gopls with an empty cache does the scenario, and a second one loads the workspace with the cache it left.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use stallscope_core::experiment::{
    Failed, LoadOutcome, MemoryOutcome, Plan, RunOutcome, Scenario, Step, StepKind, StepOutcome,
};
use stallscope_core::model::Ns;
use stallscope_probe::verify::HeapAt;

use crate::client::{Client, NoAnswer, Start};
use crate::source::Source;
use crate::watch::Watch;

/// The editor's observer is asked at the same moment as gopls; its stamp is there when the request is.
const HOVER: &str = "textDocument/hover";

/// What all runs of a side have in common.
pub struct Setting<'a> {
    pub gopls: PathBuf,
    pub flags: Vec<String>,
    pub settings: BTreeMap<String, Value>,
    pub scenario: &'a Scenario,
    pub source: &'a Source,
    pub plan: &'a Plan,
    /// The texts of the open files, as they are on disk.
    pub texts: &'a [String],
    /// Where incidents are kept.
    pub storage: PathBuf,
    pub patience: Patience,
    /// Variables of ours that gopls does not get.
    pub hidden: Vec<String>,
    pub stop: &'a Arc<AtomicBool>,
}

/// How long is waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For the load of the workspace, and the first answer, which waits for it.
    pub load: Duration,
    /// For every other answer.
    pub request: Duration,
}

/// Does one. What was measured before something went wrong is told, too.
pub fn run(setting: &Setting<'_>, say: &mut dyn FnMut(&str)) -> std::io::Result<RunOutcome> {
    let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut outcome = RunOutcome { began_unix_ms: began.as_millis() as f64, ..RunOutcome::default() };
    let cache = tempfile::Builder::new().prefix("stallscope-cache-").tempdir()?;
    let cold = cold(setting, cache.path(), &mut outcome, say)?;
    setting.restore()?;
    let result = cold.and_then(|()| {
        if setting.scenario.warm {
            say("warm load");
            outcome.warm_load = Some(setting.warm(cache.path())?);
        }
        Ok(())
    });
    outcome.ended_early = result.err().map(|error| error.to_string());
    Ok(outcome)
}

/// The first gopls. The outer error is ours, the inner one gopls's.
fn cold(
    setting: &Setting<'_>,
    cache: &Path,
    outcome: &mut RunOutcome,
    say: &mut dyn FnMut(&str),
) -> std::io::Result<Result<(), NoAnswer>> {
    let watch = Watch::start(&setting.storage, &setting.source.folder)?;
    say("cold load");
    let client = match Client::start(&setting.start(cache), Arc::clone(setting.stop)) {
        Ok(client) => client,
        Err(error) => {
            watch.stop();
            return Ok(Err(error));
        }
    };
    watch.record(&client);
    let mut session = Session { setting, client, watch, steps: BTreeMap::new() };
    let done = session.all(outcome, say);
    outcome.loads = session.client.heard().loads();
    outcome.needless_loads =
        outcome.loads.iter().filter(|load| load.repeated && load.without_change).count() as u32;
    outcome.load_error = session.client.heard().load_error();
    outcome.messages = session.client.heard().messages();
    outcome.steps = session.outcomes();
    let Session { client, watch, .. } = session;
    outcome.incidents = watch.stop();
    client.stop();
    Ok(done)
}

impl Setting<'_> {
    fn start(&self, cache: &Path) -> Start {
        Start {
            gopls: self.gopls.clone(),
            flags: self.flags.clone(),
            folder: self.source.folder.clone(),
            settings: self.settings.clone(),
            cache: cache.to_owned(),
            hidden: self.hidden.clone(),
        }
    }

    /// The second gopls: only its load, and nobody watches it, so that nothing is asked of it beside.
    fn warm(&self, cache: &Path) -> Result<LoadOutcome, NoAnswer> {
        let client = Client::start(&self.start(cache), Arc::clone(self.stop))?;
        client.initialize(self.patience.load)?;
        let load = self.load(&client, || {})?;
        client.stop();
        Ok(load)
    }

    /// Opens the files and waits for the first answer and the end of the load. `asked` is called right before asking.
    fn load(&self, client: &Client, asked: impl FnOnce()) -> Result<LoadOutcome, NoAnswer> {
        for (file, text) in self.texts.iter().enumerate() {
            open(client, &self.uri(file), text);
        }
        // Where the first hover of the plan is, whatever else is planned.
        let first = self.plan.steps.first();
        let (file, position) =
            first.map_or((0, position(0, 0)), |step| (step.file, position(step.line, step.character)));
        asked();
        client.request(
            HOVER,
            &json!({ "textDocument": { "uri": self.uri(file) }, "position": position }),
            self.patience.load,
        )?;
        let first_answer_ns = Some(ns(client.age()));
        let loaded = client.heard().loaded(self.patience.load);
        Ok(LoadOutcome {
            loaded_ns: loaded.map(|loaded| ns(loaded.after)),
            first_answer_ns,
            peak_rss_bytes: None,
        })
    }

    fn path(&self, file: usize) -> PathBuf {
        self.source.folder.join(&self.source.go_files[self.plan.files[file]])
    }

    fn uri(&self, file: usize) -> String {
        let path = self.path(file);
        // The folder is absolute, and so is what is below it.
        url::Url::from_file_path(&path).map_or_else(|()| path.display().to_string(), String::from)
    }

    /// The files as they were before the run: the next one does the same.
    fn restore(&self) -> std::io::Result<()> {
        if !self.source.is_ours() || self.scenario.saves == 0 {
            return Ok(());
        }
        (0..self.texts.len()).try_for_each(|file| fs::write(self.path(file), &self.texts[file]))
    }
}

fn open(client: &Client, uri: &str, text: &str) {
    let document = json!({ "uri": uri, "languageId": "go", "version": 1, "text": text });
    client.notify("textDocument/didOpen", &json!({ "textDocument": document }));
}

fn position(line: u32, character: u32) -> Value {
    json!({ "line": line, "character": character })
}

fn ns(duration: Duration) -> Ns {
    Ns::try_from(duration.as_nanos()).unwrap_or(Ns::MAX)
}

/// The first gopls at work.
struct Session<'a> {
    setting: &'a Setting<'a>,
    client: Client,
    watch: Watch,
    steps: BTreeMap<StepKind, (Vec<Ns>, Vec<Failed>)>,
}

impl Session<'_> {
    fn all(&mut self, outcome: &mut RunOutcome, say: &mut dyn FnMut(&str)) -> Result<(), NoAnswer> {
        let setting = self.setting;
        self.client.initialize(setting.patience.load)?;
        outcome.cold_load = setting.load(&self.client, || {
            let line = setting.plan.steps.first().map_or(0, |step| step.line);
            self.watch.observed(HOVER, &setting.uri(setting.plan.steps.first().map_or(0, |s| s.file)), line);
        })?;
        let loading = self.watch.next();
        outcome.cold_load.peak_rss_bytes = loading.as_ref().map(|figures| figures.peak_rss_bytes);
        outcome.stalls += loading.map_or(0, |figures| figures.stalls);
        let worked = self.work(outcome, say);
        if let Some(figures) = self.watch.next() {
            outcome.stalls += figures.stalls;
            let before = outcome.cold_load.peak_rss_bytes.unwrap_or(0);
            outcome.memory.peak_rss_bytes = Some(figures.peak_rss_bytes.max(before));
        }
        worked
    }

    fn work(&mut self, outcome: &mut RunOutcome, say: &mut dyn FnMut(&str)) -> Result<(), NoAnswer> {
        let mut rounds = 0;
        let mut last = None;
        for step in &self.setting.plan.steps {
            if last != Some(step.kind) {
                say(step.kind.name());
                last = Some(step.kind);
            }
            rounds += u32::from(step.kind == StepKind::Save);
            self.step(step, rounds)?;
        }
        say("rest");
        self.client.rest(Duration::from_millis(self.setting.scenario.idle_ms))?;
        self.look_at_memory(&mut outcome.memory);
        Ok(())
    }

    fn step(&mut self, step: &Step, round: u32) -> Result<(), NoAnswer> {
        let began = std::time::Instant::now();
        let result = match step.kind {
            StepKind::Hover => self.ask(HOVER, step, json!({})),
            StepKind::Definition => self.ask("textDocument/definition", step, json!({})),
            StepKind::Completion => {
                self.ask("textDocument/completion", step, json!({ "context": { "triggerKind": 1 } }))
            }
            StepKind::Save => self.save(step.file, round),
        };
        let took = ns(began.elapsed());
        let (durations, failed) = self.steps.entry(step.kind).or_default();
        match result {
            Ok(()) => durations.push(took),
            Err(error) => {
                let number = (durations.len() + failed.len() + 1) as u32;
                failed.push(Failed { number, why: error.to_string() });
                if error.is_final() {
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn ask(&self, method: &str, step: &Step, more: Value) -> Result<(), NoAnswer> {
        let uri = self.setting.uri(step.file);
        let mut params = more;
        params["textDocument"] = json!({ "uri": uri });
        params["position"] = position(step.line, step.character);
        self.watch.observed(method, &uri, step.line);
        self.client.request(method, &params, self.setting.patience.request).map(drop)
    }

    /// As an editor does it: the text has changed, is formatted and its imports put in order, and is written then.
    fn save(&self, file: usize, round: u32) -> Result<(), NoAnswer> {
        let patience = self.setting.patience.request;
        let uri = self.setting.uri(file);
        let text = format!(
            "{}\nfunc stallscopeEdit() int {{ return {round} }}\n",
            self.setting.texts[file].trim_end_matches('\n')
        );
        let document = json!({ "uri": uri });
        self.client.notify(
            "textDocument/didChange",
            &json!({ "textDocument": { "uri": uri, "version": 1 + round }, "contentChanges": [{ "text": text }] }),
        );
        self.watch.save_began(&uri);
        let whole = json!({ "start": position(0, 0), "end": position(text.lines().count() as u32, 0) });
        let asked = self
            .client
            .request(
                "textDocument/codeAction",
                &json!({ "textDocument": document, "range": whole, "context": { "diagnostics": [], "only": ["source.organizeImports"] } }),
                patience,
            )
            .and_then(|_| {
                let options = json!({ "tabSize": 4, "insertSpaces": false });
                self.client.request("textDocument/formatting", &json!({ "textDocument": document, "options": options }), patience)
            });
        self.watch.save_ended(&uri);
        // Written whatever gopls says to it: so does an editor.
        if self.setting.source.is_ours() && fs::write(self.setting.path(file), &text).is_ok() {
            self.client.notify(
                "workspace/didChangeWatchedFiles",
                &json!({ "changes": [{ "uri": uri, "type": 2 }] }),
            );
        }
        self.client.notify("textDocument/didSave", &json!({ "textDocument": document }));
        asked.map(drop)
    }

    /// What a debug server that does not answer leaves open stays open.
    fn look_at_memory(&self, memory: &mut MemoryOutcome) {
        memory.end_rss_bytes = self.watch.rss_bytes();
        let at = if self.setting.scenario.force_gc { HeapAt::ForcedGc } else { HeapAt::LatestGc };
        if let Ok(point) = self.watch.heap(at) {
            memory.live_heap_bytes = Some(point.live_bytes);
            memory.goroutines = point.goroutines;
            memory.gc_forced = at == HeapAt::ForcedGc;
        }
    }

    fn outcomes(&mut self) -> Vec<StepOutcome> {
        let steps = std::mem::take(&mut self.steps).into_iter();
        steps.map(|(kind, (durations, failed))| StepOutcome::new(kind, durations, failed)).collect()
    }
}
