//! The clock of the machine, for hosts that run tokio.

use std::time::Duration;

use crate::ports::Clock;
use crate::time::Timestamp;
use async_trait::async_trait;
use chrono::Utc;

/// The time of the machine; it sleeps on tokio's timer.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioClock;

#[async_trait]
impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        Utc::now().into()
    }

    async fn sleep_until(&self, time: Timestamp) {
        // again after each sleep: the machine's time may be set back meanwhile
        loop {
            let micros = time.micros().saturating_sub(self.now().micros());
            match u64::try_from(micros) {
                Ok(micros) if micros > 0 => tokio::time::sleep(Duration::from_micros(micros)).await,
                _ => return,
            }
        }
    }
}
