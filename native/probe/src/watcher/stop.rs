//! The loop's end: what is under way gets a moment, then everything that is known is written.

use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::run::Loop;

/// Captures under way when the window closes may take this long to arrive. They are the evidence of the stall that the
/// user is about to lose.
const STOP_PATIENCE: Duration = Duration::from_secs(3);

impl Loop {
    pub async fn stop(&mut self, reply: Option<oneshot::Sender<()>>) {
        self.refuse_waiting("the window closed before it could be asked for");
        self.captures.drop_baseline();
        self.settle_captures(Instant::now() + STOP_PATIENCE).await;
        for key in self.engine.wind_up(self.clock.now_ns()) {
            self.write_progress(key);
        }
        self.keep_history();
        self.keep_spans_now();
        self.spans.stop();
        self.tasks.abort_all();
        self.writer.finish();
        while let Ok(report) = self.reports.try_recv() {
            self.report(report);
        }
        self.answer_failure(None, "the watcher was stopped");
        if let Some(reply) = reply {
            let _ = reply.send(());
        }
    }

    /// Waits for the captures under way: until `patience` for what is still to arrive, and until it is checked for what
    /// has arrived. Otherwise a whole heap would be taken for a failed one at the next start.
    async fn settle_captures(&mut self, patience: Instant) {
        while self.captures.is_running() || self.unsettled > 0 {
            let next = if self.captures.is_running() {
                tokio::time::timeout_at(patience.into(), self.tasks.join_next()).await
            } else {
                Ok(self.tasks.join_next().await)
            };
            match next {
                Ok(Some(Ok(done))) => self.done(done),
                Ok(Some(Err(_))) => {}
                Ok(None) => return,
                Err(_) => self.captures.abort(),
            }
        }
    }
}
