//! `stallscope doctor DIR`

mod print;
mod tables;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use stallscope_doctor::sarif;
use stallscope_doctor::settings::Cost;
use stallscope_probe::doctor::{Asked, SettingsAsked, examine};

use crate::failure::Failure;

const MAX_COSTS_BYTES: u64 = 1 << 20;

/// Arguments of `doctor`.
#[derive(Args)]
pub struct Doctor {
    /// The folder that is open in the editor, or a `.code-workspace` file.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// All commands that are asked together may take so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    deadline: u64,
    /// The gopls that the editor starts, where it is not the one the Go extension finds.
    #[arg(long, value_name = "FILE")]
    gopls: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    /// A variable that gopls is started with beside our own environment and `go.toolsEnvVars`; may be repeated.
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = variable)]
    variables: Vec<(String, String)>,
    /// A log of gopls, or what the editor's output channel of it shows: how often it was started and ended is read from it.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Ask the first proxy of GOPROXY whether it answers. Without this nothing goes over the network.
    #[arg(long)]
    network: bool,
    /// Print what each way to set GOPROXY means, and examine nothing.
    #[arg(long, conflicts_with_all = ["folklore", "sarif"])]
    proxies: bool,
    /// Print what is advised about gopls and whether it is true, and which settings give which symptom; examine nothing.
    #[arg(long, conflicts_with = "sarif")]
    folklore: bool,
    /// Print JSON.
    #[arg(long, conflicts_with = "sarif")]
    json: bool,
    /// Print SARIF 2.1.0, for code hosts.
    #[arg(long)]
    sarif: bool,
}

/// Where settings come from.
#[derive(Args)]
struct Settings {
    /// A settings file of the user; repeat it for one of the machine, which counts more.
    #[arg(long, value_name = "FILE")]
    user_settings: Vec<PathBuf>,
    /// The `.code-workspace` file that is open with the folder.
    #[arg(long, value_name = "FILE")]
    code_workspace: Option<PathBuf>,
    /// The package.json of the Go extension: which settings it has.
    #[arg(long, value_name = "FILE")]
    go_extension: Option<PathBuf>,
    /// What settings were measured to cost here: a JSON object of `wait_ms`, `cpu_ms`, `memory_bytes` by setting of gopls.
    #[arg(long, value_name = "FILE")]
    costs: Option<PathBuf>,
    /// Run a gopls that the workspace's own settings name.
    #[arg(long)]
    trusted: bool,
}

impl Settings {
    fn asked(self) -> Result<SettingsAsked, Failure> {
        let costs = match self.costs {
            None => Default::default(),
            Some(path) => costs(path)?,
        };
        Ok(SettingsAsked {
            user: self.user_settings,
            code_workspace: self.code_workspace,
            go_extension: self.go_extension,
            costs,
            is_trusted: self.trusted,
            ..SettingsAsked::default()
        })
    }
}

fn costs(path: PathBuf) -> Result<BTreeMap<String, Cost>, Failure> {
    let mut text = String::new();
    let file = File::open(&path).map_err(|error| Failure::Open { path: path.clone(), error })?;
    let read = file.take(MAX_COSTS_BYTES).read_to_string(&mut text).map_err(|error| error.to_string());
    let read = read.and_then(|_| serde_json::from_str(&text).map_err(|error| error.to_string()));
    read.map_err(|problem| Failure::Beside { path, problem })
}

impl Doctor {
    /// Examines and prints what was found. Found or not, the exit code is 0.
    pub fn run(self) -> Result<(), Failure> {
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.proxies {
            return tables::proxies(self.json, &mut out);
        }
        if self.folklore {
            return tables::folklore(self.json, &mut out);
        }
        let asked = Asked {
            folder: self.folder,
            language: "en".into(),
            wait: Vec::new(),
            deadline: Duration::from_secs(self.deadline.clamp(1, 600)),
            variables: self.variables.into_iter().collect(),
            gopls: self.gopls,
            log: self.log,
            host_pid: None,
            network: self.network,
            settings: self.settings.asked()?,
        };
        let report = examine(&asked).map_err(|error| Failure::Doctor(error.to_string()))?;
        if self.json || self.sarif {
            let value = if self.sarif { sarif(&report, env!("CARGO_PKG_VERSION")) } else { json!(report) };
            serde_json::to_writer_pretty(&mut out, &value).map_err(std::io::Error::from)?;
            writeln!(out)?;
        } else {
            print::text(&report, &mut out)?;
        }
        Ok(out.flush()?)
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it is NAME=VALUE")?;
    if name.is_empty() || text.contains('\0') {
        return Err("it is NAME=VALUE".into());
    }
    Ok((name.to_owned(), value.to_owned()))
}
