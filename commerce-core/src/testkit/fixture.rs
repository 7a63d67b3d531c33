//! What the conformance suite asks of an adapter's tests.

use std::sync::Arc;

use async_trait::async_trait;
use futures::executor::block_on;

use crate::ports::{Clock, Store};
use crate::testkit::Lab;

/// Opens one adapter's store for one case. Each case makes its own fixture, so that it starts with nothing in the store.
#[async_trait]
pub trait Fixture: Send + Sync + 'static {
    /// Opens the store of this fixture; the first call makes it. Leases are judged by this clock.
    ///
    /// # Panics
    /// If it cannot be opened: a missing server fails the run, it never skips.
    async fn open(&self, clock: Arc<dyn Clock>) -> Store;

    /// A second committer on the data that is open: another process, or what comes nearest. `None` if the adapter admits one alone.
    async fn open_second(&self, clock: Arc<dyn Clock>) -> Option<Store>;

    /// Ends once all that this fixture opened, and the suite has dropped, is closed, so that it can be opened again.
    async fn close(&self);
}

/// Runs one case.
pub fn run(fixture: impl Fixture, case: impl AsyncFnOnce(Lab)) {
    block_on(async { case(Lab::new(Box::new(fixture)).await).await });
}
