//! Who is at the other end of a connection: one of the gopls that are known, or a stranger.

use std::net::SocketAddr;
use std::time::Duration;

use crate::debug::sockets::has_connection;

/// gopls posts two seconds after its start; on a busy machine it may be found a little later than that.
const PATIENCE: Duration = Duration::from_millis(2_000);
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The known gopls that has the connection from `theirs` to `ours`. `known` is asked again for a while: one that was just
/// started may not be known yet.
pub(super) async fn owner(theirs: SocketAddr, ours: SocketAddr, known: impl Fn() -> Vec<u32>) -> Option<u32> {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let found = known().into_iter().find(|pid| has_connection(*pid, theirs, ours));
        if found.is_some() || tokio::time::Instant::now() >= end {
            return found;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
