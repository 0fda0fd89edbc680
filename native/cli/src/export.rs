//! `stallscope export DIR…`: incidents that are on disk already, to a collector.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Args;
use stallscope_core::model::Incident;
use stallscope_export::config::{Destination, Said, Variables};
use stallscope_export::spool::{Bounds, Spool};
use stallscope_export::{ExportError, Exporter, PassReport, Sampling, Severe, Taken, Takes, Verdict};
use stallscope_probe::store::Store;

use crate::failure::Failure;
use crate::report::place;
use crate::seconds::seconds;

/// Another process that sends is asked again after this.
const ELSEWHERE: Duration = Duration::from_secs(1);

/// Arguments of `export`.
#[derive(Args)]
pub struct Export {
    /// Folders of incidents, or storage folders with all that are in them; none to send only what waits in --spool.
    #[arg(value_name = "DIR", required_unless_present = "spool")]
    folders: Vec<PathBuf>,
    /// The collector, e.g. http://localhost:4318; goes before OTEL_EXPORTER_OTLP_ENDPOINT.
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// `http/protobuf` or `grpc`; goes before OTEL_EXPORTER_OTLP_PROTOCOL.
    #[arg(long, value_name = "PROTOCOL")]
    protocol: Option<String>,
    /// Also push each incident's heap profile, redacted, to this Pyroscope.
    #[arg(long, value_name = "URL")]
    pyroscope: Option<String>,
    /// Where what waits is kept, and which incidents were sent; without it `export` in the storage folder.
    #[arg(long, value_name = "DIR")]
    spool: Option<PathBuf>,
    /// Share of the incidents that are not severe, 0 to 1. All are counted in the metrics.
    #[arg(long, value_name = "RATE", default_value_t = 1.0)]
    sample: f64,
    /// A wait of this length is severe, and always sent.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    severe_after: f64,
    /// Send the names of documents, folders, packages and the executable, too.
    #[arg(long)]
    no_redact: bool,
    /// Hide this word as well. May be given several times.
    #[arg(long, value_name = "WORD", conflicts_with = "no_redact")]
    hide: Vec<String>,
    /// How long to try while the collector does not answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
    wait: f64,
    /// Show where to and what would be sent, as the JSON of OTLP; send and write nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Export {
    pub fn run(self) -> Result<(), Failure> {
        if !(0.0..=1.0).contains(&self.sample) {
            return Err(Failure::Arguments(format!("--sample {}: a rate is 0 to 1", self.sample)));
        }
        let severe_after = seconds("--severe-after", self.severe_after)?;
        let wait = seconds("--wait", self.wait)?;
        let incidents = self.incidents()?;
        let said = Said {
            endpoint: self.endpoint.clone(),
            protocol: self.protocol.clone(),
            pyroscope: self.pyroscope.clone(),
        };
        let of_environment = |name: &str| std::env::var(name).ok();
        let destination =
            Variables::new(&of_environment).destination(&said).map_err(|error| failed(error.into()))?;
        let takes = Takes {
            sampling: Sampling {
                rate: self.sample,
                severe_after_ns: u64::try_from(severe_after.as_nanos()).unwrap_or(u64::MAX),
            },
            names: self.no_redact,
            also_hide: self.hide.clone(),
        };
        show(&destination)?;
        let spool = Spool::new(self.spool_folder()?, Bounds::default());
        let mut exporter = Exporter::new(spool, destination, takes).map_err(failed)?;
        if self.dry_run {
            return preview(&exporter, &incidents);
        }
        take(&exporter, &incidents)?;
        send(&mut exporter, wait)
    }

    /// All that is asked for, by time.
    fn incidents(&self) -> Result<Vec<(Store, Incident)>, Failure> {
        let mut all = Vec::new();
        for given in &self.folders {
            let folder =
                given.canonicalize().map_err(|error| Failure::Open { path: given.clone(), error })?;
            let read = |error: stallscope_probe::store::StoreError| Failure::Export(error.to_string());
            let (store, ids) = if folder.join("incidents").is_dir() {
                let store = Store::new(folder);
                let ids = store.ids().map_err(read)?;
                (store, ids)
            } else {
                let (id, storage) = place(&folder)?;
                (Store::new(storage), vec![id])
            };
            for id in ids {
                match store.load(&id) {
                    Ok(incident) => all.push((store.clone(), Incident { id, ..incident })),
                    // One of many is passed over; one that was named is not.
                    Err(error) if self.folders.len() == 1 && !folder_is_storage(given) => {
                        return Err(read(error));
                    }
                    Err(error) => eprintln!("stallscope: left out: {error}"),
                }
            }
        }
        all.sort_by(|a, b| a.1.id.cmp(&b.1.id));
        Ok(all)
    }

    fn spool_folder(&self) -> Result<PathBuf, Failure> {
        if let Some(spool) = &self.spool {
            return Ok(spool.clone());
        }
        let storages = self.folders.iter().map(|given| {
            let folder =
                given.canonicalize().map_err(|error| Failure::Open { path: given.clone(), error })?;
            if folder_is_storage(&folder) { Ok(folder) } else { place(&folder).map(|(_, storage)| storage) }
        });
        let mut storages = storages.collect::<Result<Vec<_>, Failure>>()?;
        storages.dedup();
        match storages.as_slice() {
            [storage] => Ok(storage.join("export")),
            _ => Err(Failure::Arguments(
                "the folders are of several storage folders: say with --spool where what waits is kept"
                    .to_owned(),
            )),
        }
    }
}

fn folder_is_storage(folder: &Path) -> bool {
    folder.join("incidents").is_dir()
}

fn failed(error: ExportError) -> Failure {
    Failure::Export(error.to_string())
}

fn show(destination: &Destination) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for place in destination.shown() {
        writeln!(out, "to {place}")?;
    }
    Ok(())
}

fn preview(exporter: &Exporter, incidents: &[(Store, Incident)]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for (store, incident) in incidents {
        let (taken, requests) = exporter.preview(incident, store).map_err(failed)?;
        writeln!(out, "{}  {}", incident.id, words(&taken))?;
        for request in requests {
            writeln!(out, "{request}")?;
        }
    }
    writeln!(out, "nothing was sent")?;
    Ok(())
}

fn take(exporter: &Exporter, incidents: &[(Store, Incident)]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for (store, incident) in incidents {
        let taken = exporter.take(incident, store).map_err(failed)?;
        writeln!(out, "{}  {}", incident.id, words(&taken))?;
        if let Taken::Now { left_out, .. } = &taken {
            for why in left_out {
                writeln!(out, "  left out  {why}")?;
            }
        }
    }
    Ok(())
}

fn words(taken: &Taken) -> &'static str {
    match taken {
        Taken::Now { verdict: Verdict::Severe(Severe::Long), .. } => "severe: a long wait",
        Taken::Now { verdict: Verdict::Severe(Severe::GoplsGone), .. } => "severe: gopls ended",
        Taken::Now { verdict: Verdict::Severe(Severe::OomKilled), .. } => {
            "severe: gopls was killed for its memory"
        }
        Taken::Now { verdict: Verdict::Severe(Severe::MemoryPressure), .. } => "severe: memory was short",
        Taken::Now { verdict: Verdict::Sampled, .. } => "sampled",
        Taken::Now { verdict: Verdict::LeftOut, .. } => "counted only: not sampled",
        Taken::Before => "exported before",
        Taken::Open => "still going on",
        Taken::NoStall => "captured by hand: nobody waited",
    }
}

/// Sends until all has arrived, or the time is over.
fn send(exporter: &mut Exporter, wait: Duration) -> Result<(), Failure> {
    let deadline = Instant::now() + wait;
    let mut all = PassReport::default();
    loop {
        let pass = exporter.pass(false).map_err(failed)?;
        for problem in pass.problems.iter().filter(|problem| !all.problems.contains(problem)) {
            eprintln!("stallscope: {problem}");
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let next = if pass.elsewhere { Some(ELSEWHERE) } else { pass.wait };
        let is_last = pass.is_done() || pass.held || left.is_zero() || next.is_none();
        add(&mut all, pass);
        if is_last {
            break;
        }
        sleep(next.unwrap_or(ELSEWHERE).min(left));
    }
    let counted = |figures: &std::collections::BTreeMap<&str, u64>| -> String {
        figures.iter().map(|(signal, count)| format!(" {count} {signal}")).collect::<Vec<_>>().join(",")
    };
    if !all.sent.is_empty() {
        writeln!(std::io::stdout(), "sent{}", counted(&all.sent))?;
    }
    let spool = exporter.spool().root().display();
    if !all.dropped.is_empty() {
        return Err(Failure::Unfinished(format!("dropped, and not sent again:{}", counted(&all.dropped))));
    }
    if all.elsewhere {
        return Err(Failure::Unfinished(format!("another process sends what waits in {spool}")));
    }
    if !all.is_done() {
        let waiting = all.waiting + u64::from(all.metrics_wait);
        return Err(Failure::Unfinished(format!(
            "{waiting} requests wait in {spool}: run `stallscope export --spool` with it when the collector is back"
        )));
    }
    Ok(())
}

/// What all passes came to: sums of what is over, and the last state of the rest.
fn add(all: &mut PassReport, pass: PassReport) {
    let sum = |into: &mut std::collections::BTreeMap<&'static str, u64>,
               from: std::collections::BTreeMap<&'static str, u64>| {
        from.into_iter().for_each(|(signal, count)| *into.entry(signal).or_default() += count);
    };
    sum(&mut all.sent, pass.sent);
    sum(&mut all.dropped, pass.dropped);
    all.problems.extend(pass.problems);
    (all.waiting, all.metrics_wait, all.elsewhere) = (pass.waiting, pass.metrics_wait, pass.elsewhere);
}
