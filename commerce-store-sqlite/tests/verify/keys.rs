//! Claims, personal data and the catalogue.

use commerce_core::engine::Check;
use uuid::Uuid;

use crate::damage::{Corruption, Db};

fn personal(db: &Db, which: &str) -> Uuid {
    db.id(&format!("SELECT reference FROM personal WHERE {which} ORDER BY reference LIMIT 1"), [])
}

fn of_guest(db: &Db, sql: &str) -> String {
    let reference = personal(db, "customer IS NULL");
    db.one(sql, [reference.into_bytes()]);
    format!("personal/{reference}")
}

fn claim(db: &Db, space: &str, sql: &str) -> String {
    let key: String = db.get("SELECT key FROM claims WHERE space = ?1 ORDER BY key LIMIT 1", [space]);
    db.one(sql, [&key]);
    format!("claim/{space}/{key}")
}

pub(crate) const ALL: &[Corruption] = &[
    (Check::PersonalReference, "what is nobody's was erased", |db| of_guest(db, "DELETE FROM personal WHERE reference = ?1")),
    (Check::PersonalReference, "it cannot be read", |db| of_guest(db, "UPDATE personal SET body = x'00' WHERE reference = ?1")),
    (Check::PersonalReference, "it is of another order", |db| {
        of_guest(db, "UPDATE personal SET order_id = zeroblob(16) WHERE reference = ?1")
    }),
    (Check::PersonalReference, "it is another customer's", |db| {
        let reference = personal(db, "customer = 'bob'");
        db.one("UPDATE personal SET customer = 'eve' WHERE reference = ?1", [reference.into_bytes()]);
        format!("personal/{reference}")
    }),
    (Check::PersonalReference, "no order names it", |db| {
        db.one("INSERT INTO personal SELECT merchant, zeroblob(16), customer, order_id, body FROM personal WHERE customer IS NULL", []);
        format!("personal/{}", Uuid::nil())
    }),
    (Check::PersonalReference, "it is kept for nothing", |db| {
        db.one("INSERT INTO personal SELECT merchant, zeroblob(16), customer, NULL, body FROM personal WHERE customer IS NULL", []);
        format!("personal/{}", Uuid::nil())
    }),
    (Check::ClaimOwner, "an order that there is not has a number", |db| {
        claim(
            db,
            "order_number",
            "UPDATE claims SET owner = '00000000-0000-0000-0000-000000000007' WHERE key = ?1 AND space = 'order_number'",
        )
    }),
    (Check::ClaimOwner, "an item that there is not has a key", |db| {
        claim(db, "idempotency", "UPDATE claims SET owner_kind = 'item', owner = 'NO SUCH' WHERE key = ?1")
    }),
    (Check::ClaimOwner, "what is no id has a key", |db| {
        claim(db, "idempotency", "UPDATE claims SET owner_kind = 'reservation', owner = 'seven' WHERE key = ?1")
    }),
    (Check::ClaimOwner, "a payment has a cart", |db| claim(db, "cart", "UPDATE claims SET owner_kind = 'payment' WHERE key = ?1")),
    (Check::ClaimOwner, "a cart became another order too", |db| {
        let other = db.id("SELECT id FROM orders ORDER BY id LIMIT 1", []);
        let sql = format!("UPDATE claims SET owner = '{other}' WHERE key = ?1");
        claim(db, "cart", &sql)
    }),
    (Check::ClaimOwner, "a cart may become an order again", |db| claim(db, "cart", "DELETE FROM claims WHERE key = ?1")),
    (Check::CatalogueItem, "an item without a title", |db| {
        db.one("UPDATE items SET title = ' ' WHERE merchant = 'default' AND sku = 'LAMP'", []);
        "item/LAMP".to_owned()
    }),
    (Check::CatalogueItem, "an item that costs less than nothing", |db| {
        db.one("UPDATE item_prices SET minor = -1 WHERE merchant = 'default' AND sku = 'LAMP'", []);
        "item/LAMP".to_owned()
    }),
    (Check::CatalogueItem, "a row cannot be read", |db| {
        db.one("UPDATE items SET kind = 'gas' WHERE merchant = 'default' AND sku = 'LAMP'", []);
        "items".to_owned()
    }),
];
