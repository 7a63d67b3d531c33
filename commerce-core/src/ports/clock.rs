//! Time and ids: what a simulation owns.

use async_trait::async_trait;
use uuid::Uuid;

use crate::time::Timestamp;

/// Tells the time and waits.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Ends at that time, at once if it is past.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    async fn sleep_until(&self, time: Timestamp);
}

/// Makes ids.
pub trait Ids: Send + Sync + 'static {
    /// A new UUID of version 7, above those it made before.
    fn uuid7(&self) -> Uuid;
}
