//! Readings of the runtime's statistics between incidents, as the engine asks for them.

use std::net::SocketAddr;
use std::time::Duration;

use stallscope_core::engine::{Event, MemoryRead};
use stallscope_core::heap::AllocationSites;
use stallscope_core::memory::{HeapTotals, MemStats};
use stallscope_core::model::{Bytes, GoplsIdentity};
use tokio::task::spawn_blocking;

use super::fetch::resident;
use super::run::{Done, Loop};
use crate::debug::{DebugClient, Endpoint, Fetch, Limits};
use crate::evidence::heap_totals;
use crate::patterns::LiveEvidence;

/// What came of one.
pub(super) struct MemoryResult {
    read: Option<MemoryRead>,
    /// The heap profile of it.
    raw: Option<Vec<u8>>,
    /// Bytes and time of each page.
    cost: Vec<(Bytes, Duration)>,
}

impl Loop {
    pub fn read_memory(&mut self, heap: bool) {
        let Some((gopls, address)) = self.gopls.as_ref().zip(self.captures_address) else {
            self.feed(Event::MemoryRead(None));
            return;
        };
        let (pid, identity) = (gopls.identity.pid, gopls.identity.clone());
        self.reading = Some(self.tasks.spawn(async move {
            Done::Memory { pid, result: Box::new(Reading::new(address).read(&identity, heap).await) }
        }));
    }

    /// Evidence of a stall is wanted: gopls is not to answer two of our questions at once.
    pub fn give_up_reading(&mut self) {
        if let Some(reading) = self.reading.take().filter(|reading| !reading.is_finished()) {
            reading.abort();
            self.feed(Event::MemoryRead(None));
        }
    }

    pub fn memory_read(&mut self, pid: u32, result: MemoryResult) {
        self.reading = None;
        for (bytes, open) in result.cost {
            self.add_cost(bytes, open);
        }
        if self.gopls.as_ref().is_some_and(|gopls| gopls.identity.pid == pid) {
            // The same moment for both: it tells which profile is of which GC cycle.
            let at_ns = self.clock.now_ns();
            if self.engine.loading() {
                self.profiles.clear();
            } else if let Some((heap, raw)) = result.read.as_ref().and_then(|read| read.heap).zip(result.raw)
            {
                self.profiles.feed(at_ns, heap.allocated_bytes, raw);
            }
            self.feed_at(at_ns, Event::MemoryRead(result.read.map(Box::new)));
        }
    }
}

impl Loop {
    /// What leak patterns are judged on: profiles and cycles under the conditions of now, and what is known of the workspace.
    pub fn evidence(&self) -> LiveEvidence {
        let series = self.engine.series();
        let profiles = self.profiles.taken_at(|at_ns| series.iter().any(|point| point.at_ns == at_ns));
        LiveEvidence { profiles, series, facts: self.facts() }
    }
}

struct Reading {
    client: DebugClient,
    cost: Vec<(Bytes, Duration)>,
}

impl Reading {
    fn new(address: SocketAddr) -> Self {
        Self { client: DebugClient::trusting(address), cost: Vec::new() }
    }

    async fn read(mut self, gopls: &GoplsIdentity, heap: bool) -> MemoryResult {
        // Before the statistics: both are of the same state as long as no GC cycle ends in between.
        let heap = if heap { self.heap().await } else { None };
        let stats = self.page(Endpoint::Memory).await;
        let stats = stats.and_then(|page| MemStats::parse(&String::from_utf8_lossy(&page)).ok());
        // At once: what the two sources say of one moment is to add up.
        let resident = resident(gopls);
        let (fetch, goroutines) = self.client.goroutines().await;
        self.pay(&fetch);
        let goroutines = goroutines.and_then(|goroutines| u32::try_from(goroutines.total).ok());
        let (sums, raw) = heap.unzip();
        let (heap, sites) = sums.unzip();
        let read = stats.zip(resident);
        let read = read.map(|(stats, resident)| MemoryRead { stats, resident, heap, sites, goroutines });
        MemoryResult { read, raw, cost: self.cost }
    }

    /// The sums of the heap profile, and the profile.
    async fn heap(&mut self) -> Option<((HeapTotals, AllocationSites), Vec<u8>)> {
        let profile = self.page(Endpoint::Heap).await?;
        spawn_blocking(move || Some((heap_totals(&profile)?, profile))).await.ok().flatten()
    }

    async fn page(&mut self, endpoint: Endpoint) -> Option<Vec<u8>> {
        let (fetch, page) = self.client.page(endpoint, &Limits::POLL).await;
        self.pay(&fetch);
        fetch.outcome.is_ok().then_some(page)
    }

    fn pay(&mut self, fetch: &Fetch) {
        self.cost.push((fetch.bytes, fetch.open_for()));
    }
}
