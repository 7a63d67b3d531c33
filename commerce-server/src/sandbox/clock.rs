//! The clock of the machine.

use std::time::Duration;

use async_trait::async_trait;
use chrono::Utc;
use commerce_core::ports::Clock;
use commerce_core::time::Timestamp;

/// The time of the machine; it sleeps on tokio's timer.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
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
