//! What is true of every shop at every moment, and what is true once nothing is under way.

use commerce_core::fact::FailureCode;
use commerce_core::id::OrderId;
use commerce_core::order::{CapturePolicy, Order, Placement, Terms, evolve};
use commerce_core::ports::{OrderRow, SagaPhase, StreamId, StreamName, Version};
use commerce_core::saga::Task;
use commerce_core::stored;
use commerce_core::tender::{AttemptState, Tenders};
use commerce_core::testkit::shop::{Bank, Unsettled};

use crate::scene::Scene;

const PAGE: u32 = 200;
/// Seconds within which a saga hears of what was reported in its stead.
const LOOK_S: u64 = 10;

impl Scene {
    /// Every order's row.
    pub(crate) fn rows(&self) -> Vec<OrderRow> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page = self.run(self.store.audit.all_orders(after.as_ref(), PAGE)).expect("rows");
            all.extend(page.items.into_iter().map(|(_, row)| row));
            after = page.next;
            if after.is_none() {
                return all;
            }
        }
    }

    /// The laws of every moment: each order was lawful after each of its events, and so are the books of the banks.
    pub(crate) fn check(&self) {
        for bank in Bank::ALL {
            self.kit.bank(*bank).ledger().check().expect("a bank keeps its laws");
        }
        for row in self.rows() {
            self.check_life(row.id);
        }
    }

    fn check_life(&self, id: OrderId) {
        let stream = StreamId { merchant: self.call.merchant.clone(), name: StreamName::Order(id) };
        let mut order = None;
        let mut after = Version(0);
        loop {
            let page = self.run(self.store.journal.load(&stream, after, PAGE)).expect("a stream");
            let Some(last) = page.last() else { break };
            after = last.version;
            for stored in page {
                let event = stored::decode_order(&stored.event.kind, stored.event.kind_version, &stored.event.bytes).expect("an event");
                let next = evolve(order, stored.meta.at, &event).expect("a lawful stream");
                check_sums(&next);
                order = Some(next);
            }
        }
        assert_eq!(Some(self.order(id).order), order, "the engine shows another order than its stream");
    }

    /// Lets every report be told and every saga hear of it; then the laws of a moment in which nothing is under way.
    pub(crate) fn rests(&self) {
        self.tells();
        self.stage.jump_s(LOOK_S);
        self.check();
        self.check_sagas();
        let count = |phase| self.sagas(None, Some(phase)).len();
        let unsettled = Unsettled { waiting: count(SagaPhase::Running), stuck: count(SagaPhase::Stuck) };
        self.run(self.kit.check_but(unsettled));
        for row in self.rows() {
            check_end(&self.order(row.id).order);
        }
    }

    /// Sagas that are not over wait for a buyer, or for an order that only a person moves on.
    fn check_sagas(&self) {
        for row in self.sagas(None, Some(SagaPhase::Running)) {
            let state = stored::decode_saga_state(&row.kind.kind, row.kind.version, &row.state).expect("a state");
            let order = self.order(row.order.expect("an order")).order;
            let (lease, due) = (row.lease, row.due);
            assert!(lease.is_none() && due.is_some(), "{:?} rests with lease {lease:?}, due {due:?}", state.task);
            let waits = match state.task {
                Task::Collect(id) => order.tenders.attempt(id).is_some_and(|attempt| {
                    attempt.wants_action() || matches!(attempt.state, AttemptState::Failed { code: FailureCode::Abandoned })
                }),
                Task::Ship(_) => order.placement != Placement::Confirmed || !order.covered(),
                Task::Capture(_) | Task::Refund(_) | Task::Reverse(_) => false,
            };
            assert!(waits, "{:?} waits for nothing in {}", state, order.headline());
        }
    }
}

fn left_of(money: &Tenders) -> i64 {
    money.attempts.iter().filter_map(|attempt| attempt.approval()).map(|approval| approval.left()).sum()
}

/// Whether goods may leave before they are paid.
pub(crate) fn on_trust(order: &Order) -> bool {
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
