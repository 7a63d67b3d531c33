//! Money that was made, or lost, between two places.

use commerce_core::engine::Check;

use crate::damage::Corruption;

pub(crate) const ALL: &[Corruption] = &[
    (Check::OrderMirror, "a payment tells another reason than its order", |db| {
        let event = db.event("payment", "PaymentFailed");
        let order = db.id("SELECT stream_id FROM events WHERE seq = ?1", [db.mirror_of(event.seq)]);
        db.rewrite(event.seq, |body| body.replace("insufficient_funds", "lost_card"));
        format!("order/{order}")
    }),
    (Check::OrderMirror, "a payment tells another time than its order", |db| {
        let event = db.event("payment", "PaymentCaptured");
        let order = db.id("SELECT stream_id FROM events WHERE seq = ?1", [db.mirror_of(event.seq)]);
        db.one("UPDATE events SET at = at + 1 WHERE seq = ?1", [event.seq]);
        format!("order/{order}")
    }),
    (Check::OrderMirror, "a payment lost its last fact", |db| {
        let event = db.event("payment", "RefundIssued");
        let order = db.id("SELECT stream_id FROM events WHERE seq = ?1", [db.mirror_of(event.seq)]);
        db.one("DELETE FROM events WHERE seq = ?1", [event.seq]);
        format!("order/{order}")
    }),
    (Check::PaymentCaps, "more went back than arrived", |db| {
        let seq: i64 = db.get("SELECT max(seq) FROM events WHERE stream = 'payment' AND kind = 'RefundIssued'", []);
        db.rewrite(seq, |body| body.replace("\"amount\":", "\"amount\":9"));
        format!("payment/{}", db.id("SELECT stream_id FROM events WHERE seq = ?1", [seq]))
    }),
    (Check::PaymentCaps, "more was set aside than was asked for", |db| {
        let event = db.event("payment", "PaymentAuthorized");
        let mirror = db.mirror_of(event.seq);
        db.raise(event.seq);
        db.raise(mirror);
        format!("payment/{}", event.stream)
    }),
    (Check::OrderMoney, "an order paid back what its payment did not", |db| {
        let event = db.event("payment", "RefundIssued");
        let order = db.id("SELECT stream_id FROM events WHERE seq = ?1", [db.mirror_of(event.seq)]);
        db.one("DELETE FROM events WHERE seq = ?1", [event.seq]);
        format!("order/{order}")
    }),
    (Check::OrderMoney, "a payment has more set aside than its order", |db| {
        let sql = "SELECT e.seq FROM events e WHERE e.stream = 'payment' AND e.kind = 'PaymentAuthorized' ORDER BY e.seq DESC LIMIT 1";
        let seq: i64 = db.get(sql, []);
        let order = db.id("SELECT stream_id FROM events WHERE seq = ?1", [db.mirror_of(seq)]);
        db.raise(seq);
        format!("order/{order}")
    }),
    (Check::MoneyTotals, "consumers of the feed miss money", |db| {
        let event = db.event("payment", "PaymentCaptured");
        db.one("UPDATE events SET mirror = 1 WHERE seq = ?1", [event.seq]);
        "money/GBP".to_owned()
    }),
    (Check::MoneyTotals, "consumers of the feed see money twice", |db| {
        let event = db.event("payment", "RefundIssued");
        let sql = "INSERT INTO events SELECT (SELECT max(seq) FROM events) + 1000, merchant, stream, randomblob(16), version, id, kind, \
                   kind_version, mirror, at, actor_kind, actor, correlation, causation, body FROM events WHERE seq = ?1";
        db.one(sql, [event.seq]);
        "money/GBP".to_owned()
    }),
];
