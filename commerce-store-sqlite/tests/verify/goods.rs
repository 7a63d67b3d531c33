//! Units that were made, or lost.

use commerce_core::engine::Check;
use uuid::Uuid;

use crate::damage::{Corruption, Db};

/// A hold of an order that still holds something, by whether it is confirmed.
fn hold(db: &Db, confirmed: bool) -> (Uuid, Uuid) {
    let sql = "FROM holds WHERE remaining > 0 AND owner_kind = 'order' AND confirmed = ?1 ORDER BY id LIMIT 1";
    let id = db.id(&format!("SELECT id {sql}"), [confirmed]);
    (id, db.id(&format!("SELECT owner {sql}"), [confirmed]))
}

fn account(db: &Db, set: &str) -> String {
    db.one(&format!("UPDATE accounts SET {set} WHERE merchant = 'default' AND sku = 'VASE' AND location = 'default'"), []);
    "stock/VASE@default".to_owned()
}

/// A movement of this kind of a hold, and the hold's owner.
fn movement(db: &Db, kind: &str) -> (i64, Uuid) {
    let sql = "SELECT m.seq FROM movements m JOIN holds h ON h.id = m.hold WHERE m.kind = ?1 AND h.owner_kind = 'order' ORDER BY m.seq";
    let seq = db.get(sql, [kind]);
    (seq, db.id("SELECT hold FROM movements WHERE seq = ?1", [seq]))
}

fn owner(db: &Db, hold: Uuid) -> Uuid {
    db.id("SELECT owner FROM holds WHERE id = ?1", [hold.into_bytes()])
}

pub(crate) const ALL: &[Corruption] = &[
    (Check::AccountCounters, "a unit appears", |db| account(db, "on_hand = on_hand + 1")),
    (Check::AccountCounters, "a unit is promised to nobody", |db| account(db, "held = held + 1")),
    (Check::AccountCounters, "a shortfall appears", |db| account(db, "shortfall = 3")),
    (Check::AccountCounters, "limits that nobody set", |db| account(db, "reorder_qty = 4")),
    (Check::AccountCounters, "an account is gone", |db| {
        db.one("DELETE FROM accounts WHERE merchant = 'default' AND sku = 'LAMP' AND location = 'default'", []);
        "stock/LAMP".to_owned()
    }),
    (Check::AccountCounters, "a movement is gone", |db| {
        let seq: i64 =
            db.get("SELECT m.seq FROM movements m JOIN accounts a ON a.id = m.account WHERE a.sku = 'VASE' AND m.kind = 'adjusted'", []);
        db.one("DELETE FROM movements WHERE seq = ?1", [seq]);
        "stock/VASE".to_owned()
    }),
    (Check::AccountCounters, "a movement moved more", |db| {
        let seq: i64 =
            db.get("SELECT m.seq FROM movements m JOIN accounts a ON a.id = m.account WHERE a.sku = 'VASE' AND m.kind = 'moved_in'", []);
        db.one("UPDATE movements SET on_hand_delta = on_hand_delta + 1 WHERE seq = ?1", [seq]);
        "stock/VASE@annex".to_owned()
    }),
    (Check::AccountCounters, "a row cannot be read", |db| {
        db.some("UPDATE accounts SET merchant = '' WHERE sku = 'VASE'", []);
        "accounts".to_owned()
    }),
    (Check::AccountHolds, "an account promises what no hold has", |db| account(db, "held = held + 1")),
    (Check::AccountHolds, "a hold has more than its account promises", |db| {
        db.one(
            "UPDATE holds SET placements = '9 default', remaining = 9 WHERE id = (SELECT id FROM holds WHERE sku = 'VASE' AND remaining > \
             0 LIMIT 1)",
            [],
        );
        "stock/VASE@default".to_owned()
    }),
    (Check::AccountHolds, "a hold is gone", |db| {
        let id = db.id("SELECT id FROM holds WHERE sku = 'GONE'", []);
        db.one("DELETE FROM holds WHERE id = ?1", [id.into_bytes()]);
        "stock/GONE@default".to_owned()
    }),
    (Check::HoldMovements, "more remains than was left", |db| {
        let (id, _) = hold(db, true);
        db.one("UPDATE holds SET placements = '9 default', remaining = 9 WHERE id = ?1", [id.into_bytes()]);
        format!("hold/{id}")
    }),
    (Check::HoldMovements, "it is held elsewhere", |db| {
        let (id, _) = hold(db, true);
        db.one("UPDATE holds SET placements = replace(placements, 'default', 'attic') WHERE id = ?1", [id.into_bytes()]);
        format!("hold/{id}")
    }),
    (Check::HoldMovements, "of another sku", |db| {
        let (id, _) = hold(db, true);
        db.one("UPDATE holds SET sku = 'OTHER' WHERE id = ?1", [id.into_bytes()]);
        format!("hold/{id}")
    }),
    (Check::HoldMovements, "a movement is gone", |db| {
        let (seq, hold) = movement(db, "released");
        db.one("DELETE FROM movements WHERE seq = ?1", [seq]);
        format!("hold/{hold}")
    }),
    (Check::HoldMovements, "nothing ever held it", |db| {
        let (seq, hold) = movement(db, "held");
        db.one("DELETE FROM movements WHERE seq = ?1", [seq]);
        format!("hold/{hold}")
    }),
    (Check::HoldMovements, "a reservation has more than was held", |db| {
        let id = db.id("SELECT id FROM holds WHERE owner_kind = 'reservation' AND remaining > 0", []);
        db.one("UPDATE holds SET placements = '9 default', remaining = 9 WHERE id = ?1", [id.into_bytes()]);
        format!("hold/{id}")
    }),
    (Check::OrderHolds, "a hold changed hands", |db| {
        let (id, order) = hold(db, true);
        let other = db.id("SELECT id FROM orders WHERE status = 'completed' LIMIT 1", []);
        db.one("UPDATE holds SET owner = ?2 WHERE id = ?1", (id.into_bytes(), other.into_bytes()));
        format!("order/{order}")
    }),
    (Check::OrderHolds, "a hold of an order that there is not", |db| {
        let (id, _) = hold(db, true);
        db.one("UPDATE holds SET owner = zeroblob(16) WHERE id = ?1", [id.into_bytes()]);
        format!("hold/{id}")
    }),
    (Check::OrderHolds, "what is the order's own may be reclaimed", |db| {
        let (id, order) = hold(db, true);
        db.one("UPDATE holds SET confirmed = 0 WHERE id = ?1", [id.into_bytes()]);
        format!("order/{order}")
    }),
    (Check::OrderHolds, "what is not paid is the order's own", |db| {
        let (id, order) = hold(db, false);
        db.one("UPDATE holds SET confirmed = 1 WHERE id = ?1", [id.into_bytes()]);
        format!("order/{order}")
    }),
    (Check::OrderHolds, "a hold is gone", |db| {
        let (id, order) = hold(db, true);
        db.one("DELETE FROM holds WHERE id = ?1", [id.into_bytes()]);
        format!("order/{order}")
    }),
    (Check::OrderUnits, "what left was given back instead", |db| {
        let (seq, hold) = movement(db, "fulfilled");
        db.one("UPDATE movements SET kind = 'released' WHERE seq = ?1", [seq]);
        format!("order/{}", owner(db, hold))
    }),
    (Check::OrderUnits, "fewer units left than were dispatched", |db| {
        let (seq, hold) = movement(db, "fulfilled");
        db.one("UPDATE movements SET on_hand_delta = on_hand_delta + 1, held_delta = held_delta + 1 WHERE seq = ?1", [seq]);
        format!("order/{}", owner(db, hold))
    }),
    (Check::OrderUnits, "what came back is not in stock", |db| {
        let event = db.event("order", "ReturnReceived");
        let seq: i64 = db.get("SELECT min(seq) FROM movements WHERE seq > ?1", [event.seq]);
        db.one("DELETE FROM movements WHERE seq = ?1", [seq]);
        format!("order/{}", event.stream)
    }),
    (Check::OrderUnits, "what came back is in stock twice", |db| {
        let event = db.event("order", "ReturnReceived");
        let seq: i64 = db.get("SELECT min(seq) FROM movements WHERE seq > ?1", [event.seq]);
        db.one("UPDATE movements SET on_hand_delta = 2 * on_hand_delta WHERE seq = ?1", [seq]);
        format!("order/{}", event.stream)
    }),
];
