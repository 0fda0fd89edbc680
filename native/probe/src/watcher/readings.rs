//! Readings of the runtime's statistics between incidents, as the engine asks for them.

use std::net::SocketAddr;
use std::time::Duration;

use stallscope_core::engine::Event;
use stallscope_core::memory::{MemStats, Resident};
use stallscope_core::model::{Bytes, GoplsIdentity};

use super::fetch::resident;
use super::run::{Done, Loop};
use crate::debug::{DebugClient, Endpoint, Limits};

/// What came of one.
pub(super) struct MemoryResult {
    read: Option<(MemStats, Resident, Option<u32>)>,
    requests: [(Bytes, Duration); 2],
}

impl Loop {
    pub fn read_memory(&mut self) {
        let Some((gopls, address)) = self.gopls.as_ref().zip(self.captures_address) else {
            self.feed(Event::MemoryRead(None));
            return;
        };
        let (pid, identity) = (gopls.identity.pid, gopls.identity.clone());
        self.tasks
            .spawn(async move { Done::Memory { pid, result: Box::new(read(&identity, address).await) } });
    }

    pub fn memory_read(&mut self, pid: u32, result: MemoryResult) {
        for (bytes, open) in result.requests {
            self.add_cost(bytes, open);
        }
        if self.gopls.as_ref().is_some_and(|gopls| gopls.identity.pid == pid) {
            self.feed(Event::MemoryRead(result.read));
        }
    }
}

async fn read(gopls: &GoplsIdentity, address: SocketAddr) -> MemoryResult {
    let mut client = DebugClient::trusting(address);
    let (memory, page) = client.page(Endpoint::Memory, &Limits::POLL).await;
    // At once: what the two sources say of one moment is to add up.
    let resident = resident(gopls);
    let stats =
        memory.outcome.is_ok().then(|| MemStats::parse(&String::from_utf8_lossy(&page)).ok()).flatten();
    let (fetch, goroutines) = client.goroutines().await;
    let goroutines = goroutines.and_then(|goroutines| u32::try_from(goroutines.total).ok());
    MemoryResult {
        read: stats.zip(resident).map(|(stats, resident)| (stats, resident, goroutines)),
        requests: [&memory, &fetch].map(|fetch| (fetch.bytes, fetch.open_for())),
    }
}
