//! The release that comes after: it migrates the committed file, reads what is in it, and writes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use commerce_core::id::{MerchantId, OrderId};
use commerce_core::order::ShipmentState;
use commerce_core::ports::{OrderQuery, Store};
use commerce_core::sandbox::Token;
use commerce_core::testkit::ManualClock;
use commerce_core::testkit::shop::Shop;
use commerce_store_sqlite::{CopyOptions, OpenError, SqliteOptions, SqliteStore};
use futures::executor::block_on;
use rusqlite::types::Value;

use crate::golden::{Copy, clock, content, edit, verify};

/// The schema version of a file, read from the file and its log as they lie there.
fn version(path: &Path) -> u32 {
    edit(path).query_row("SELECT schema_version FROM facts", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_file_of_the_version_before_is_migrated_and_everything_in_it_is_as_it_was() {
    let copy = Copy::new();
    let before = content(&copy.path());
    let report = verify(&copy.path());
    assert!(report.is_clean() && report.unsettled.is_empty(), "{report}");
    let mut after = content(&copy.path());
    assert_eq!(after.tables["facts"][0].iter().find(|(column, _)| column == "schema_version").unwrap().1, Value::Integer(2));
    let orders = after.tables.get_mut("orders").unwrap();
    assert!(!orders.is_empty());
    for row in orders {
        assert_eq!(row.pop(), Some(("note".to_owned(), Value::Text("from before".to_owned()))));
    }
    for (table, rows) in &before.tables {
        // opening ends leases, and the version is the new one
        if !["facts", "sagas", "consumers"].contains(&table.as_str()) {
            assert!(after.tables[table] == *rows, "the rows of {table} differ");
        }
        assert_eq!(after.tables[table].len(), rows.len(), "{table}");
    }
}

/// The versions of the dispatches in an order's stream.
fn dispatches(path: &Path, order: OrderId) -> Vec<u16> {
    let conn = edit(path);
    let sql = "SELECT kind_version FROM events WHERE kind = 'ShipmentDispatched' AND stream_id = ?1 ORDER BY seq";
    let mut versions = conn.prepare(sql).unwrap();
    let versions = versions.query_map([order.uuid().into_bytes()], |row| row.get(0)).unwrap();
    versions.map(Result::unwrap).collect()
}

/// A shop over a store in which another shop was, after all that happened there.
fn shop(store: Store, clock: Arc<ManualClock>) -> Shop {
    clock.advance_ms(100 * 24 * 3_600 * 1_000);
    block_on(Shop::over(store, clock).seed(11).open())
}

#[test]
fn orders_of_the_version_before_go_on() {
    let copy = Copy::new();
    let clock = clock();
    let (store, handle) = SqliteStore::open(copy.path(), SqliteOptions::new(clock.clone())).unwrap();
    let shop = shop(store, clock);
    let query = OrderQuery { merchant: MerchantId::default(), customer: None, status: Some("shipped".to_owned()), from: None, to: None };
    let shipped = block_on(shop.store.views.orders(&query, None, 100)).unwrap().items;
    assert!(shipped.len() > 2, "{} orders", shipped.len());
    for row in shipped {
        assert!(dispatches(&copy.path(), row.id).iter().all(|version| *version == 1));
        for shipment in &block_on(shop.get(row.id)).order.shipments {
            if matches!(shipment.state, ShipmentState::Dispatched(_)) {
                block_on(shop.deliver(shipment.id));
            }
        }
        assert_eq!(block_on(shop.get(row.id)).order.headline().as_str(), "delivered");
    }
    drop(shop);
    handle.close();
    let report = verify(&copy.path());
    assert!(report.is_clean(), "{report}");
}

#[test]
fn events_of_both_versions_in_one_stream_fold_together() {
    let copy = Copy::new();
    let clock = clock();
    let (store, handle) = SqliteStore::open(copy.path(), SqliteOptions::new(clock.clone())).unwrap();
    let shop = shop(store, clock);
    let order = block_on(shop.place_paid(&[("LAMP", 2)], Token::Visa)).id;
    let first = block_on(shop.pack_some(order, &[(1, 1)])).shipment.id;
    block_on(shop.dispatch(first));
    assert_eq!(dispatches(&copy.path(), order), [2]);
    // as the version before would have written it
    let sql = "UPDATE events SET kind_version = 1, body = ?2 WHERE kind = 'ShipmentDispatched' AND stream_id = ?1";
    let body = format!("{{\"shipment\":\"{first}\",\"carrier\":\"DHL\"}}").into_bytes();
    assert_eq!(edit(&copy.path()).execute(sql, (order.uuid().into_bytes(), body)).unwrap(), 1);
    // an engine that remembers nothing
    let shop = shop.restarted();
    let ShipmentState::Dispatched(dispatched) = block_on(shop.get(order)).order.shipment(first).unwrap().state.clone() else {
        panic!("it is on its way")
    };
    assert_eq!((dispatched.carrier.as_deref(), dispatched.tracking), (Some("DHL"), None));
    let second = block_on(shop.pack(order)).shipment.id;
    block_on(shop.dispatch(second));
    assert_eq!(dispatches(&copy.path(), order), [1, 2]);
    for id in [first, second] {
        block_on(shop.deliver(id));
    }
    assert_eq!(block_on(shop.get(order)).order.headline().as_str(), "delivered");
    drop(shop);
    handle.close();
    let report = verify(&copy.path());
    assert!(report.is_clean(), "{report}");
}

/// Copies a file and its log as a process that dies now leaves them.
fn dies(copy: &Copy, name: &str) -> PathBuf {
    let target = copy.folder.path().join(name);
    for suffix in ["", "-wal"] {
        let beside = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        fs::copy(beside(&copy.path()), beside(&target)).unwrap();
    }
    target
}

#[test]
fn a_crash_while_it_migrates_leaves_the_version_before_or_the_next_one() {
    let copy = Copy::new();
    let before = content(&copy.path());
    let mut left = Vec::new();
    SqliteStore::migrate_watched(copy.path(), |version| left.push((version, dies(&copy, "during.db")))).unwrap();
    let [(2, during)] = &left[..] else { panic!("one step is done: {left:?}") };
    assert_eq!(version(during), 1);
    assert!(content(during) == before, "nothing of the step is there");
    assert_eq!(version(&copy.path()), 2);
    // the next start migrates it
    for path in [during.clone(), copy.path()] {
        let report = verify(&path);
        assert!(report.is_clean(), "{report}");
        assert_eq!(version(&path), 2);
        assert!(content(&path).tables["orders"] == content(&copy.path()).tables["orders"]);
    }
}

#[test]
fn a_file_that_is_only_read_is_not_migrated_and_its_backup_is_of_its_version() {
    let copy = Copy::new();
    let before = fs::read(copy.path()).unwrap();
    let refused = SqliteStore::open_snapshot(copy.path(), clock()).map(|(_, handle)| handle.close()).unwrap_err();
    assert!(matches!(refused, OpenError::Older { found: 1, known: 2, .. }), "{refused:?}");
    let backup = copy.folder.path().join("backup.db");
    let copied = SqliteStore::backup(copy.path(), &backup, CopyOptions::default()).unwrap();
    assert_eq!((copied.schema_version, version(&backup)), (1, 1));
    assert!(fs::read(copy.path()).unwrap() == before);
    assert!(verify(&backup).is_clean());
    assert_eq!(version(&backup), 2);
}
