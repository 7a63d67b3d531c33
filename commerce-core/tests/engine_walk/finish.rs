//! From any rest, an operator with a good card and full shelves brings every order to an end.

use commerce_core::engine::Status;
use commerce_core::id::OrderId;
use commerce_core::order::{CapturePolicy, Order, Placement, ShipmentState, Terms};
use commerce_core::ports::{SagaId, SagaPhase};
use commerce_core::sandbox::Token;
use commerce_core::tender::RefundState;
use commerce_core::testkit::shop::Bank;

use crate::clients::gbp;
use crate::laws;
use crate::world::World;

/// Commands within which an order must have ended.
const COMMANDS_MAX: usize = 40;
/// Longer than any authorization lasts, and than a buyer is watched.
const WEEK_S: u64 = 8 * 24 * 3_600;

impl World {
    /// Brings every order to its end, and leaves nothing that waits.
    pub(crate) fn finishes(&mut self) {
        self.stocks_up(1_000);
        for id in self.orders() {
            self.finish(id);
        }
        // what a bank would not void lapses, and who never acted is forgotten
        self.stage.jump_s(WEEK_S);
        self.comes_to_rest();
        for row in laws::sagas(self.store(), None, Some(SagaPhase::Stuck)) {
            self.retries(row.id);
        }
        self.comes_to_rest();
        let open = laws::sagas(self.store(), None, None);
        let open: Vec<_> = open.iter().filter(|row| row.phase != SagaPhase::Done).collect();
        assert!(open.is_empty(), "sagas that never end: {open:?}");
        self.check();
        for id in self.orders() {
            let order = self.order(id);
            let ended = matches!(order.placement, Placement::Completed | Placement::Cancelled { .. } | Placement::Rejected { .. });
            assert!(ended, "{id} is {}", order.headline());
        }
    }

    fn retries(&mut self, saga: SagaId) {
        let (shop, call) = self.shop();
        self.does("retry_saga", shop.retry_saga(&call, saga, None)).expect("a stuck saga is retried");
    }

    fn finish(&mut self, id: OrderId) {
        for _ in 0..COMMANDS_MAX {
            self.comes_to_rest();
            let order = self.order(id);
            if !self.moves_on(id, &order) {
                return;
            }
        }
        panic!("{id} reaches no end");
    }

    /// The next thing that an operator does; false at the end.
    fn moves_on(&mut self, id: OrderId, order: &Order) -> bool {
        let (shop, call) = self.shop();
        if let Some((refund, amount)) = failed_refund(order) {
            self.does("refund_order", shop.refund_order(&call, id, gbp(amount), Vec::new(), Some(refund))).expect("it is granted again");
            return true;
        }
        match order.placement {
            Placement::Completed | Placement::Cancelled { .. } | Placement::Rejected { .. } => return false,
            Placement::Held { .. } => {
                self.does("resume_order", shop.resume_order(&call, id)).expect("a held order goes on");
            }
            Placement::Pending { .. } => self.pays(id),
            Placement::Confirmed => self.brings_home(id, order),
        }
        true
    }

    fn pays(&mut self, id: OrderId) {
        let (shop, call) = self.shop();
        let paid = shop.pay_order(&call, id, Token::Visa.method(), Some(Bank::Cards.provider()), None);
        self.does("pay_order", paid).expect("what is due can be paid");
    }

    fn brings_home(&mut self, id: OrderId, order: &Order) {
        let (shop, call) = self.shop();
        let untouched = order.packed_units() + order.dispatched_units() == 0;
        if untouched && self.chance(30) {
            self.does("cancel_order", shop.cancel_order(&call, id)).expect("an untouched order can be cancelled");
        } else if !order.covered() {
            self.pays(id);
        } else if order.open_units() > 0 {
            let shipped = self.does("set_order_status", shop.set_order_status(&call, id, Status::Shipped));
            shipped.map_or_else(short_of_money, |_| ());
        } else if let Some(parcel) = order.shipments.iter().find(|s| s.state == ShipmentState::Packed) {
            let share = order.share_of(parcel);
            let trusts = order.capture_policy == CapturePolicy::Manual || order.terms == Terms::Invoice;
            assert!(trusts || share == 0, "ship left {share} uncaptured");
            self.does("dispatch_shipment", shop.dispatch_shipment(&call, parcel.id, None, None)).expect("a parcel leaves");
        } else if let Some(parcel) = order.shipments.iter().find(|s| matches!(s.state, ShipmentState::Dispatched(_))) {
            self.does("deliver_shipment", shop.deliver_shipment(&call, parcel.id)).expect("a parcel arrives");
        } else if order.terms == Terms::Prepaid && order.kept() < order.owed() {
            let payment = order.tenders.attempts[0].payment_id;
            self.does("capture_payment", shop.capture_payment(&call, payment, None)).expect("what is set aside can be captured");
        } else {
            self.does("complete_order", shop.complete_order(&call, id)).expect("nothing is open any more");
        }
    }
}

/// A capture that a card refuses stops the way out of the door: the next step pays anew.
fn short_of_money(error: commerce_core::engine::Error) {
    let codes = ["not_captured", "capture_in_progress", "illegal_transition", "order_not_covered"];
    assert!(codes.contains(&error.code()), "{error:?}");
}

/// A failed refund that may be granted again, and may succeed.
fn failed_refund(order: &Order) -> Option<(commerce_core::id::RefundId, i64)> {
    let ended = matches!(order.placement, Placement::Cancelled { .. } | Placement::Rejected { .. });
    order.tenders.refunds.iter().filter(|refund| !refund.replaced).find_map(|refund| {
        let failed = refund.sum(|state| matches!(state, RefundState::Failed { .. }));
        let most = if ended || !refund.cause.lowers_kept() { order.room() } else { order.excess() };
        let amount = failed.min(most);
        let hopeless = order.tenders.attempts.iter().any(|a| a.method_ref == Token::RefundFails.method());
        (amount > 0 && !hopeless).then_some((refund.id, amount))
    })
}
