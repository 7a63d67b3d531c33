//! What is true of every shop at every moment, and what is true once nothing is under way.

use commerce_core::fact::FailureCode;
use commerce_core::id::{MerchantId, OrderId, PaymentId};
use commerce_core::order::{CapturePolicy, Event, Order, Placement, Terms, evolve};
use commerce_core::payment;
use commerce_core::ports::{OrderRow, SagaPhase, SagaQuery, SagaRow, Store, StreamId, StreamName, Version};
use commerce_core::saga::Task;
use commerce_core::stored;
use commerce_core::tender::{AttemptState, Tenders};
use futures::executor::block_on;

const PAGE: u32 = 200;

/// Every order's row.
pub(crate) fn rows(store: &Store) -> Vec<OrderRow> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = block_on(store.audit.all_orders(after.as_ref(), PAGE)).expect("rows");
        all.extend(page.items.into_iter().map(|(_, row)| row));
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

/// The sagas of a phase, of all orders or of one.
pub(crate) fn sagas(store: &Store, order: Option<OrderId>, phase: Option<SagaPhase>) -> Vec<SagaRow> {
    let query = SagaQuery { merchant: MerchantId::default(), phase, order };
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = block_on(store.sagas.list(&query, after.as_ref(), PAGE)).expect("sagas");
        all.extend(page.items);
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

/// The order of a stream, by its events; `seen` is shown each event and what it led to.
pub(crate) fn replay(store: &Store, id: OrderId, mut seen: impl FnMut(&Event, &Order)) -> Order {
    let stream = StreamId { merchant: MerchantId::default(), name: StreamName::Order(id) };
    let mut order = None;
    let mut after = Version(0);
    loop {
        let page = block_on(store.journal.load(&stream, after, PAGE)).expect("a stream");
        let Some(last) = page.last() else { return order.expect("an order has events") };
        after = last.version;
        for stored in page {
            let event = stored::decode_order(&stored.event.kind, stored.event.kind_version, &stored.event.bytes).expect("an event");
            let next = evolve(order, stored.meta.at, &event).expect("a lawful stream");
            seen(&event, &next);
            order = Some(next);
        }
    }
}

/// Every payment, and its order if it has one.
pub(crate) fn payments(store: &Store) -> Vec<(PaymentId, Option<OrderId>)> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = block_on(store.audit.all_payments(after.as_ref(), PAGE)).expect("rows");
        all.extend(page.items.into_iter().map(|(_, row)| (row.id, row.order)));
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

/// The money of a payment's stream.
pub(crate) fn money_of(store: &Store, id: PaymentId) -> Tenders {
    let stream = StreamId { merchant: MerchantId::default(), name: StreamName::Payment(id) };
    let mut payment = None;
    for stored in block_on(store.journal.load(&stream, Version(0), PAGE)).expect("a stream") {
        let fact = stored::decode_payment(&stored.event.kind, stored.event.kind_version, &stored.event.bytes).expect("a fact");
        payment = Some(payment::evolve(payment, stored.meta.at, &fact).expect("a lawful stream"));
    }
    payment.expect("a payment has facts").tenders
}

/// The laws of every moment: each order was lawful after each of its events.
pub(crate) fn check_lives(store: &Store) {
    for row in rows(store) {
        replay(store, row.id, |_, order| check_sums(order));
    }
    for (id, _) in payments(store) {
        let money = money_of(store, id);
        assert!(money.room() >= 0 && money.attempts.iter().all(|attempt| money.voidable(attempt) >= 0), "{money:?}");
    }
}

/// The laws of a moment in which every call has its outcome and every report was told: sagas that are not over wait for a buyer, or for
/// an order that only a person moves on; orders that have ended keep nothing.
pub(crate) fn check_rest(store: &Store) {
    check_lives(store);
    for row in sagas(store, None, Some(SagaPhase::Running)) {
        assert!(row.lease.is_none() && row.due.is_some() && waits(store, &row), "it waits for nothing: {row:?}");
    }
    for row in rows(store) {
        let stuck = sagas(store, Some(row.id), Some(SagaPhase::Stuck));
        if stuck.is_empty() {
            check_end(&replay(store, row.id, |_, _| {}));
        }
    }
}

/// Whether a saga waits for a buyer, or for an order that only a person moves on.
pub(crate) fn waits(store: &Store, row: &SagaRow) -> bool {
    let state = stored::decode_saga_state(&row.kind.kind, row.kind.version, &row.state).expect("a state");
    let for_buyer = |money: &Tenders, id| {
        money
            .attempt(id)
            .is_some_and(|attempt| attempt.wants_action() || matches!(attempt.state, AttemptState::Failed { code: FailureCode::Abandoned }))
    };
    match (state.task, row.order, row.payment) {
        (Task::Collect(id), Some(order), _) => for_buyer(&replay(store, order, |_, _| {}).tenders, id),
        (Task::Collect(id), None, Some(payment)) => for_buyer(&money_of(store, payment), id),
        (Task::Ship(_), Some(order), _) => {
            let order = replay(store, order, |_, _| {});
            order.placement != Placement::Confirmed || !order.covered()
        }
        _ => false,
    }
}

fn left_of(money: &Tenders) -> i64 {
    money.attempts.iter().filter_map(|attempt| attempt.approval()).map(|approval| approval.left()).sum()
}

/// Whether goods may leave before they are paid.
fn on_trust(order: &Order) -> bool {
    order.capture_policy == CapturePolicy::Manual || order.terms == Terms::Invoice
}

/// The sums after each event.
fn check_sums(order: &Order) {
    let (captured, room) = (order.captured(), order.room());
    assert!(room >= 0, "room {room}");
    let approved: i64 = order.tenders.attempts.iter().filter_map(|attempt| attempt.approval()).map(|approval| approval.amount).sum();
    assert!(order.refunded() + order.refunding() <= captured && captured <= approved, "{:?}", order.tenders);
    assert!(order.tenders.attempts.iter().all(|attempt| order.tenders.voidable(attempt) >= 0), "{:?}", order.tenders);
    let out = order.dispatched_value();
    assert!(on_trust(order) || out <= order.kept() + order.credited, "goods for {out} left, {} was kept", order.kept());
    assert!(order.owed() >= 0, "owed {}", order.owed());
}

/// Ended orders keep no money and no authorization, completed ones what they cost; but for refunds that failed.
fn check_end(order: &Order) {
    assert!(!order.busy(), "busy at rest: {:?}", order.tenders);
    assert_eq!(order.refunding(), 0, "a refund is open at rest");
    let failed: i64 = order.tenders.refunds.iter().map(|refund| refund.sum(|_| true) - refund.standing()).sum();
    let left = left_of(&order.tenders);
    match order.placement {
        Placement::Cancelled { .. } | Placement::Rejected { .. } => {
            assert_eq!(left, 0, "an ended order keeps an authorization");
            assert!(order.room() <= failed, "an ended order keeps {}, of refunds for {failed} that failed", order.room());
        }
        Placement::Completed if order.terms == Terms::Prepaid => {
            assert_eq!(left, 0, "a completed order keeps an authorization");
            assert!(order.kept() >= order.owed() && order.excess() <= failed, "D keeps {} of {}", order.kept(), order.owed());
        }
        Placement::Completed => {
            assert!(order.excess() <= failed, "D keeps {} of {}", order.kept(), order.owed());
            assert!(order.kept() < order.owed() || left == 0, "a paid order keeps an authorization");
        }
        Placement::Pending { .. } | Placement::Held { .. } | Placement::Confirmed => {}
    }
}
