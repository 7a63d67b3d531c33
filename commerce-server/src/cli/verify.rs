//! `verify`.

use std::path::Path;
use std::sync::Arc;

use commerce_core::clock::TokioClock;
use commerce_core::engine::VerifyReport;
use commerce_core::sandbox::{Options, Sandbox};
use commerce_store_sqlite::SqliteStore;

use super::Failure;
use crate::serve;

/// Verifies one state of the file: what is written meanwhile is not seen, so that every verdict is true.
pub(super) async fn verify(path: &Path) -> Result<VerifyReport, Failure> {
    let path = path.to_owned();
    let opened = tokio::task::spawn_blocking(move || SqliteStore::open_snapshot(path, Arc::new(TokioClock)));
    let (store, file) = opened.await.map_err(Failure::Thread)?.map_err(Failure::Open)?;
    // nobody runs the workers: no call is made
    let nobody = Arc::new(Sandbox::new(Arc::new(TokioClock), Options::CARDS));
    let (commerce, _) = serve::engine(store, nobody, 0);
    let mut report = commerce.verify().await;
    // a file without a difference may have damage where no check of the engine reads
    if report.as_ref().is_ok_and(VerifyReport::is_clean)
        && let Err(damage) = file.check_pages().await
    {
        report = Err(damage.into());
    }
    let report = report.map_err(Failure::Verify);
    drop(commerce);
    tokio::task::spawn_blocking(move || file.close()).await.map_err(Failure::Thread)?;
    report
}
