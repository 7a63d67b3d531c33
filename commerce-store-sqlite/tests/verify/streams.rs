//! Streams that lost, or changed, an event.

use commerce_core::engine::Check;

use crate::damage::Corruption;

pub(crate) const ALL: &[Corruption] = &[
    (Check::OrderStream, "an event is gone", |db| {
        let event = db.event("order", "OrderConfirmed");
        db.one("DELETE FROM events WHERE seq = ?1", [event.seq]);
        format!("order/{}", event.stream)
    }),
    (Check::OrderStream, "the first event is gone", |db| {
        let event = db.event("order", "OrderPlaced");
        db.one("DELETE FROM events WHERE seq = ?1", [event.seq]);
        format!("order/{}", event.stream)
    }),
    (Check::OrderStream, "an event is cut off", |db| {
        let event = db.event("order", "RiskAssessed");
        db.rewrite(event.seq, |body| body[..body.len() - 1].to_owned());
        format!("order/{}", event.stream)
    }),
    (Check::OrderStream, "an event is of a version that nobody knows", |db| {
        let event = db.event("order", "ShipmentCreated");
        db.one("UPDATE events SET kind_version = 9 WHERE seq = ?1", [event.seq]);
        format!("order/{}", event.stream)
    }),
    (Check::OrderStream, "an event of another type cannot follow", |db| {
        let event = db.event("order", "OrderConfirmed");
        db.one("UPDATE events SET kind = 'OrderCompleted' WHERE seq = ?1", [event.seq]);
        format!("order/{}", event.stream)
    }),
    (Check::OrderStream, "a total does not add up", |db| {
        let event = db.event("order", "OrderPlaced");
        let total = db.amount(event.seq, "total");
        db.rewrite(event.seq, |body| body.replace(&format!("\"total\":{total}"), &format!("\"total\":{}", total + 1)));
        format!("order/{}", event.stream)
    }),
    (Check::OrderStream, "a mirror passes for a fact of its own", |db| {
        let event = db.event("order", "PaymentCaptured");
        db.one("UPDATE events SET mirror = 0 WHERE seq = ?1", [event.seq]);
        format!("order/{}", event.stream)
    }),
    (Check::PaymentStream, "an event is gone", |db| {
        let event = db.event("payment", "PaymentAuthorized");
        db.one("DELETE FROM events WHERE seq = ?1", [event.seq]);
        format!("payment/{}", event.stream)
    }),
    (Check::PaymentStream, "more is captured than was set aside", |db| {
        let event = db.event("payment", "CaptureStarted");
        db.rewrite(event.seq, |body| body.replace("\"amount\":", "\"amount\":9"));
        format!("payment/{}", event.stream)
    }),
    (Check::PaymentStream, "a fact passes for a mirror", |db| {
        let event = db.event("payment", "PaymentCaptured");
        db.one("UPDATE events SET mirror = 1 WHERE seq = ?1", [event.seq]);
        format!("payment/{}", event.stream)
    }),
    (Check::SagaStream, "its first word is gone", |db| {
        let event = db.event("saga", "SagaResolved");
        db.one("DELETE FROM events WHERE stream_id = ?1 AND stream = 'saga' AND version = 1", [event.stream.into_bytes()]);
        format!("saga/{}", event.stream)
    }),
    (Check::SagaStream, "a word cannot be read", |db| {
        let event = db.event("saga", "SagaStuck");
        db.rewrite(event.seq, |body| body.replace("\"failures\":", "\"failings\":"));
        format!("saga/{}", event.stream)
    }),
    (Check::SagaStream, "a word cannot follow", |db| {
        let event = db.event("saga", "SagaResolved");
        let first = db.get::<Vec<u8>>("SELECT body FROM events WHERE stream_id = ?1 AND version = 1", [event.stream.into_bytes()]);
        db.one("UPDATE events SET kind = 'SagaStuck', body = ?2 WHERE seq = ?1", (event.seq, first));
        format!("saga/{}", event.stream)
    }),
    (Check::SagaStream, "a saga is stuck and nothing says why", |db| {
        let id = db.id("SELECT id FROM sagas WHERE phase = 'stuck'", []);
        db.some("DELETE FROM events WHERE stream_id = ?1 AND stream = 'saga'", [id.into_bytes()]);
        format!("saga/{id}")
    }),
    (Check::SagaStream, "a saga runs that was abandoned", |db| {
        let id = db.id("SELECT id FROM sagas WHERE phase = 'abandoned'", []);
        db.one("UPDATE sagas SET phase = 'running', due = 1 WHERE id = ?1", [id.into_bytes()]);
        format!("saga/{id}")
    }),
    (Check::ConsumerStream, "a word is gone", |db| {
        let event = db.event("consumer", "ParkedDropped");
        db.one("DELETE FROM events WHERE seq = ?1", [event.seq]);
        format!("consumer/{}", event.stream)
    }),
    (Check::ConsumerStream, "a word cannot be read", |db| {
        let event = db.event("consumer", "ParkedReplayed");
        db.rewrite(event.seq, |body| body.replace("\"key\":", "\"lock\":"));
        format!("consumer/{}", event.stream)
    }),
    (Check::ConsumerStream, "a word was said to another", |db| {
        let event = db.event("consumer", "ConsumerReset");
        db.rewrite(event.seq, |body| body.replace("\"cheerful\"", "\"gloomy\""));
        format!("consumer/{}", event.stream)
    }),
    (Check::ParkedItem, "it is parked under another key", |db| {
        let position: i64 = db.get("SELECT position FROM parked ORDER BY position", []);
        db.one("UPDATE parked SET key = 'order/other' WHERE position = ?1", [position]);
        format!("parked/cheerful/0/{position}")
    }),
    (Check::ParkedItem, "its item is gone", |db| {
        let position: i64 = db.get("SELECT position FROM parked ORDER BY position", []);
        db.one("DELETE FROM events WHERE seq = ?1", [position]);
        format!("parked/cheerful/0/{position}")
    }),
    (Check::ParkedItem, "its consumer has not come so far", |db| {
        let position: i64 = db.get("SELECT position FROM parked ORDER BY position DESC", []);
        db.one("UPDATE consumers SET position = ?1 - 1", [position]);
        format!("parked/cheerful/0/{position}")
    }),
];
