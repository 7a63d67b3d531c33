//! Rows that do not show what their streams say.

use commerce_core::engine::Check;
use uuid::Uuid;

use crate::damage::{Corruption, Db};

/// A statement over one row of a table, by its id.
fn row(db: &Db, table: &str, sql: &str) -> Uuid {
    let id = db.id(&format!("SELECT id FROM {table} ORDER BY id LIMIT 1"), []);
    db.one(sql, [id.into_bytes()]);
    id
}

/// Copies the first row of a table under an id that nothing knows.
fn copy(db: &Db, table: &str, columns: &str) -> Uuid {
    let id = Uuid::from_u128(7);
    let sql = format!("INSERT INTO {table} (id, {columns}) SELECT ?1, {columns} FROM {table} ORDER BY id LIMIT 1");
    db.one(&sql, [id.into_bytes()]);
    id
}

macro_rules! changed {
    ($check:ident, $what:literal, $table:literal, $name:literal, $set:literal) => {
        (Check::$check, $what, |db| {
            let sql = concat!("UPDATE ", $table, " SET ", $set, " WHERE id = ?1");
            format!(concat!($name, "/{}"), row(db, $table, sql))
        })
    };
}

macro_rules! gone {
    ($check:ident, $table:literal, $name:literal) => {
        (Check::$check, "a row is gone", |db| {
            let sql = concat!("DELETE FROM ", $table, " WHERE id = ?1");
            format!(concat!($name, "/{}"), row(db, $table, sql))
        })
    };
}

macro_rules! unknown {
    ($check:ident, $table:literal, $name:literal, $columns:literal) => {
        (Check::$check, "a row belongs to nothing", |db| format!(concat!($name, "/{}"), copy(db, $table, $columns)))
    };
}

pub(crate) const ALL: &[Corruption] = &[
    changed!(OrderRow, "another status", "orders", "order", "status = 'shipped!'"),
    changed!(OrderRow, "another version", "orders", "order", "version = version + 1"),
    changed!(OrderRow, "another total", "orders", "order", "total_minor = total_minor + 1"),
    changed!(OrderRow, "another currency", "orders", "order", "currency = 'USD'"),
    changed!(OrderRow, "another time of placement", "orders", "order", "placed_at = placed_at + 1"),
    changed!(OrderRow, "another time of change", "orders", "order", "updated_at = updated_at + 1"),
    changed!(OrderRow, "another customer", "orders", "order", "customer = 'eve'"),
    changed!(OrderRow, "other words", "orders", "order", "doc = x'20'"),
    changed!(OrderRow, "a time at which nothing is due", "orders", "order", "due = 1"),
    changed!(OrderRow, "a value that cannot be read", "orders", "order", "currency = 'XXX'"),
    (Check::OrderRow, "what is due is forgotten", |db| {
        let id = db.id("SELECT id FROM orders WHERE due IS NOT NULL AND status = 'pending'", []);
        db.one("UPDATE orders SET due = NULL WHERE id = ?1", [id.into_bytes()]);
        format!("order/{id}")
    }),
    (Check::OrderRow, "what is due is put off", |db| {
        let id = db.id("SELECT id FROM orders WHERE due IS NOT NULL AND status = 'pending'", []);
        db.one("UPDATE orders SET due = due + 1 WHERE id = ?1", [id.into_bytes()]);
        format!("order/{id}")
    }),
    gone!(OrderRow, "orders", "order"),
    unknown!(OrderRow, "orders", "order", "merchant, status, placed_at, updated_at, version, total_minor, currency, doc"),
    changed!(PaymentRow, "another status", "payments", "payment", "status = 'paid'"),
    changed!(PaymentRow, "another version", "payments", "payment", "version = version + 1"),
    changed!(PaymentRow, "another beginning", "payments", "payment", "created_at = created_at - 1"),
    changed!(PaymentRow, "another time of change", "payments", "payment", "updated_at = updated_at + 1"),
    changed!(PaymentRow, "no order", "payments", "payment", "order_id = NULL"),
    (Check::PaymentRow, "an order that does not know it", |db| {
        let order = db.id("SELECT id FROM orders ORDER BY id LIMIT 1", []);
        let id = db.id("SELECT id FROM payments WHERE order_id IS NULL", []);
        db.one("UPDATE payments SET order_id = ?2 WHERE id = ?1", (id.into_bytes(), order.into_bytes()));
        format!("payment/{id}")
    }),
    (Check::PaymentRow, "an order that there is not", |db| {
        let id = db.id("SELECT id FROM payments WHERE order_id IS NULL", []);
        db.one("UPDATE payments SET order_id = zeroblob(16) WHERE id = ?1", [id.into_bytes()]);
        format!("payment/{id}")
    }),
    gone!(PaymentRow, "payments", "payment"),
    unknown!(PaymentRow, "payments", "payment", "merchant, order_id, status, created_at, updated_at, version, doc"),
    changed!(ShipmentRow, "another status", "shipments", "shipment", "status = 'lost'"),
    changed!(ShipmentRow, "another order", "shipments", "shipment", "order_id = zeroblob(16)"),
    gone!(ShipmentRow, "shipments", "shipment"),
    unknown!(ShipmentRow, "shipments", "shipment", "merchant, order_id, status"),
    changed!(ReturnRow, "another status", "returns", "return", "status = 'rejected'"),
    changed!(ReturnRow, "another order", "returns", "return", "order_id = zeroblob(16)"),
    gone!(ReturnRow, "returns", "return"),
    unknown!(ReturnRow, "returns", "return", "merchant, order_id, status"),
    changed!(RefundRow, "another status", "refunds", "refund", "status = 'lost'"),
    changed!(RefundRow, "another amount", "refunds", "refund", "amount_minor = amount_minor + 1"),
    changed!(RefundRow, "another order", "refunds", "refund", "order_id = zeroblob(16)"),
    gone!(RefundRow, "refunds", "refund"),
    unknown!(RefundRow, "refunds", "refund", "merchant, payment_id, order_id, status, amount_minor, currency"),
    changed!(SagaRow, "no order", "sagas", "saga", "order_id = NULL"),
    changed!(SagaRow, "a state that cannot be read", "sagas", "saga", "state = x'7b'"),
    changed!(SagaRow, "a state of a newer version", "sagas", "saga", "kind_version = 2"),
    gone!(SagaRow, "sagas", "saga"),
    unknown!(
        SagaRow,
        "sagas",
        "saga",
        "merchant, kind, kind_version, order_id, payment_id, phase, epoch, revision, failures, state, created_at, updated_at"
    ),
    (Check::SagaRow, "done, though its attempt has no outcome", |db| {
        let id = db.id("SELECT id FROM sagas WHERE kind = 'collect' AND phase = 'running'", []);
        db.one("UPDATE sagas SET phase = 'done', due = NULL WHERE id = ?1", [id.into_bytes()]);
        format!("saga/{id}")
    }),
    (Check::SagaRow, "running, and never due", |db| {
        let id = db.id("SELECT id FROM sagas WHERE phase = 'running'", []);
        db.one("UPDATE sagas SET due = NULL WHERE id = ?1", [id.into_bytes()]);
        format!("saga/{id}")
    }),
    (Check::SagaRow, "running, though it has settled", |db| {
        let id = db.id("SELECT id FROM sagas WHERE phase = 'done'", []);
        db.one("UPDATE sagas SET phase = 'running', due = 1 WHERE id = ?1", [id.into_bytes()]);
        format!("saga/{id}")
    }),
];
