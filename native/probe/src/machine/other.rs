//! Elsewhere the kernel tells none of this cheaply: nothing is known.

use stallscope_core::gc::{GcMachine, GcSettings};
use stallscope_core::machine::{MachineReading, OomKill};
use stallscope_core::model::Ns;

/// What is known of the machine of one gopls: nothing.
pub(crate) struct Machine;

impl Machine {
    /// For the process `pid`.
    pub fn of(_pid: u32) -> Self {
        Self
    }

    /// A look, at `at_ns`.
    pub fn read(&mut self, _at_ns: Ns) -> Option<MachineReading> {
        None
    }

    /// What gopls may use.
    pub fn limits(&self) -> GcMachine {
        GcMachine::default()
    }

    /// What it was started with.
    pub fn gc_settings(&self) -> Option<GcSettings> {
        None
    }

    /// Whether the OOM killer has struck since the first look; to be asked when gopls is gone.
    pub fn oom_kill(&self) -> Option<OomKill> {
        None
    }
}
