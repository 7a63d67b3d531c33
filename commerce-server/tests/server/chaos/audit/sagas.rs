//! Sagas, as the store has them while nobody serves it.

use std::path::Path;
use std::sync::Arc;

use commerce_core::clock::TokioClock;
use commerce_core::ports::{SagaPhase, SagaRow};
use commerce_store_sqlite::{SqliteOptions, SqliteStore};
use futures::executor::block_on;

const PAGE_ROWS: u32 = 200;

/// Every saga that ever was.
pub(super) fn all(store: &Path) -> Vec<SagaRow> {
    let (store, file) = SqliteStore::open(store, SqliteOptions::new(Arc::new(TokioClock))).unwrap();
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = block_on(store.audit.all_sagas(after.as_ref(), PAGE_ROWS)).unwrap();
        all.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    drop(store);
    file.close();
    all
}

/// The first that has not ended; none may be stuck.
pub(super) fn open(all: &[SagaRow]) -> Option<&SagaRow> {
    let stuck = all.iter().find(|saga| ![SagaPhase::Running, SagaPhase::Done].contains(&saga.phase));
    assert!(stuck.is_none(), "{stuck:?}");
    all.iter().find(|saga| saga.phase == SagaPhase::Running)
}
