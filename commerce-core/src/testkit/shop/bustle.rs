//! A shop in which everything has happened: orders, payments, reservations and sagas in every state that they come to rest in, and a
//! consumer of the feed.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::cart::{Cart, CartLine, Revision};
use crate::engine::{
    Call, CreateItem, EditOrder, Error, Handler, HandlerError, Idempotency, PackUnits, PlaceOrder, ProcessPayment, PutItem, Reserve,
    ReservedUnits,
};
use crate::goods::ItemKind;
use crate::id::{CartId, ConsumerName, CustomerId, LineId, LocationId, MerchantId, OrderId, ReturnId, ShipmentId};
use crate::money::{Currency, Money};
use crate::order::{Adjustment, AdjustmentKind, Assessment, CapturePolicy, Condition, LineChange, RiskVerdict, Terms};
use crate::personal::PersonalData;
use crate::ports::{Clock, FeedEntry, FeedItem, SagaPhase, SagaQuery, SagaRow};
use crate::quantity::LineQty;
use crate::sandbox::Token;
use crate::stock::Limits;
use crate::testkit::lab::{location, sku, units};
use crate::testkit::shop::{Bank, Shop, ShopBuilder};

const DAY_MS: u64 = 24 * 3_600 * 1_000;

fn pence(minor: i64) -> Money {
    Money::from_minor(minor, Currency::GBP)
}

fn line(number: u32, count: u32) -> LineQty {
    LineQty { line_id: LineId(number), qty: units(count) }
}

fn customer(name: &str) -> CustomerId {
    CustomerId::new(name).expect("a test's customer is valid")
}

fn named(name: &str) -> Option<PersonalData> {
    Some(PersonalData { name: Some(name.to_owned()), ..PersonalData::default() })
}

impl ShopBuilder {
    /// Opens the shop and lets everything happen, for two merchants, over some weeks: a customer was erased, sagas are stuck and
    /// abandoned, a hold was reclaimed from under its order, and buyers still think. The shop is impatient.
    ///
    /// # Panics
    /// If the engine refuses any of it.
    pub async fn open_and_bustle(self) -> Shop {
        let shop = self.configure(|config| config.failures_max = 2).impatient().open().await;
        Box::pin(shop.bustle()).await;
        shop
    }
}

impl Shop {
    async fn bustle(&self) {
        // each in a place of its own: without optimization they would not fit on the stack of a test together
        Box::pin(self.restock()).await;
        Box::pin(self.old_orders()).await;
        Box::pin(self.advance(15 * DAY_MS)).await;
        Box::pin(self.open_orders()).await;
        Box::pin(self.paid_orders()).await;
        Box::pin(self.changed_orders()).await;
        Box::pin(self.shipped_orders()).await;
        Box::pin(self.people()).await;
        Box::pin(self.payments_alone()).await;
        Box::pin(self.reservations()).await;
        Box::pin(self.stuck_sagas()).await;
        Box::pin(self.consumers()).await;
        Box::pin(self.neighbor()).await;
        // the last: whatever settles the shop lets the order expire
        Box::pin(self.reclaimed()).await;
    }

    /// Does something, and lets the shop come to rest.
    async fn did<T>(&self, operation: impl Future<Output = Result<T, Error>>) -> T {
        let done = self.run(operation).await.expect("the engine agrees");
        self.settle().await;
        done
    }

    async fn placed(&self, order: PlaceOrder) -> OrderId {
        self.did(self.commerce.place_order(&self.call, order)).await.value.id
    }

    async fn bought(&self, lines: &[(&str, u32)], token: Token) -> OrderId {
        self.placed(self.basket(lines).paid_with(token.method())).await
    }

    /// Packs all that is open, or so many units of the first line.
    async fn packed(&self, id: OrderId, count: Option<u32>) -> ShipmentId {
        let pack = PackUnits { lines: count.map(|count| line(1, count)).into_iter().collect(), location: None };
        self.did(self.commerce.create_shipment(&self.call, id, pack)).await.value.shipment.id
    }

    async fn sent(&self, id: OrderId, count: Option<u32>) -> ShipmentId {
        let parcel = self.packed(id, count).await;
        self.did(self.commerce.dispatch_shipment(&self.call, parcel, None, None)).await;
        parcel
    }

    async fn arrived(&self, id: OrderId) {
        let parcel = self.sent(id, None).await;
        self.did(self.commerce.deliver_shipment(&self.call, parcel)).await;
    }

    /// Units come back; answers their return.
    async fn comes_back(&self, id: OrderId, lines: Vec<LineQty>) -> ReturnId {
        self.did(self.commerce.create_return(&self.call, id, lines, "does not fit".to_owned())).await.value.return_of_goods.id
    }

    async fn came_back(&self, id: OrderId, lines: Vec<LineQty>, condition: Condition, place: Option<LocationId>) {
        let asked = self.comes_back(id, lines).await;
        self.did(self.commerce.receive_return(&self.call, asked, Vec::new(), condition, place)).await;
    }

    async fn refunded(&self, id: OrderId, minor: i64) {
        self.did(self.commerce.refund_order(&self.call, id, pence(minor), Vec::new(), None)).await;
    }

    async fn paid(&self, id: OrderId, amount: Option<Money>) {
        self.did(self.commerce.pay_order(&self.call, id, Token::Visa.method(), None, amount)).await;
    }

    async fn called_off(&self, id: OrderId) {
        self.did(self.commerce.cancel_order(&self.call, id)).await;
    }

    /// Stock that comes, goes, moves and falls short.
    async fn restock(&self) {
        let (commerce, call, here, annex) = (&self.commerce, &self.call, location("default"), location("annex"));
        self.did(commerce.receive_stock(call, &sku("LAMP"), &here, units(400))).await;
        self.did(commerce.receive_stock(call, &sku("VASE"), &here, units(200))).await;
        self.did(commerce.move_stock(call, &sku("VASE"), &here, &annex, units(20))).await;
        self.did(commerce.adjust_stock(call, &sku("VASE"), &annex, -3, "broken".to_owned())).await;
        let limits = Limits { backorder: 0, safety: 1, reorder_point: Some(5), reorder_qty: 40 };
        self.did(commerce.configure_item(call, &sku("VASE"), &annex, limits)).await;
        let limits = Limits { backorder: 2, ..Limits::default() };
        let item = CreateItem { sku: sku("GONE"), location: here.clone(), limits, opening: Some(units(3)) };
        self.did(commerce.create_item(call, item)).await;
        let promised = self.did(commerce.create_reservation(call, Reserve::new(sku("GONE"), units(4)))).await.value.id;
        self.did(commerce.confirm_reservation(call, promised)).await;
        self.did(commerce.adjust_stock(call, &sku("GONE"), &here, -2, "stolen".to_owned())).await;
    }

    /// Orders whose life is over by the time of the others.
    async fn old_orders(&self) {
        let delivered = self.bought(&[("LAMP", 2), ("CARRIAGE", 1)], Token::Visa).await;
        self.arrived(delivered).await;
        let returned = self.bought(&[("LAMP", 3), ("VASE", 2)], Token::Visa).await;
        self.arrived(returned).await;
        self.came_back(returned, vec![line(1, 1), line(2, 2)], Condition::Sellable, None).await;
        let unpaid = self.placed(self.basket(&[("VASE", 1)])).await;
        let on_account = PlaceOrder { terms: Terms::Invoice, ..self.basket(&[("LAMP", 1)]) };
        let on_account = self.placed(on_account).await;
        self.arrived(on_account).await;
        self.advance(2 * DAY_MS).await;
        assert_eq!(self.get(unpaid).await.order.headline().as_str(), "cancelled");
        self.did(self.commerce.complete_order(&self.call, on_account)).await;
        self.paid(on_account, None).await;
    }

    /// Orders that wait for something.
    async fn open_orders(&self) {
        self.placed(self.basket(&[("LAMP", 1)])).await;
        for token in [Token::InsufficientFunds, Token::Action, Token::Pending, Token::TimeoutUnpaid] {
            self.bought(&[("LAMP", 1), ("CARRIAGE", 1)], token).await;
        }
        let retried = self.bought(&[("VASE", 2)], Token::InsufficientFunds).await;
        self.paid(retried, None).await;
        let held = self.placed(self.basket(&[("VASE", 1)])).await;
        self.did(self.commerce.hold_order(&self.call, held)).await;
        let stopped = self.bought(&[("VASE", 1)], Token::Visa).await;
        self.did(self.commerce.hold_order(&self.call, stopped)).await;
        let resumed = self.placed(self.basket(&[("VASE", 1)])).await;
        self.did(self.commerce.hold_order(&self.call, resumed)).await;
        self.did(self.commerce.resume_order(&self.call, resumed)).await;
        for (verdict, waits) in [(RiskVerdict::Reject, true), (RiskVerdict::Review, true), (RiskVerdict::Review, false)] {
            let goods = self.basket(&[("LAMP", 1)]);
            let order = if waits { goods } else { goods.paid_with(Token::Visa.method()) };
            let id = self.placed(order).await;
            let assessment = Assessment { verdict, score: 900, reasons: vec!["rules".to_owned()] };
            self.did(self.commerce.screen_order(&self.call, id, assessment)).await;
        }
    }

    /// Orders whose money went all its ways.
    async fn paid_orders(&self) {
        for token in [Token::CaptureFails, Token::CaptureRetry, Token::CaptureUnknown, Token::Twice, Token::TimeoutPaid] {
            let id = self.bought(&[("LAMP", 1)], token).await;
            self.advance(60_000).await;
            if self.get(id).await.order.headline().as_str() == "confirmed" {
                self.packed(id, None).await;
            }
        }
        for bank in [Bank::SingleCapture, Bank::Sales] {
            let order = PlaceOrder { provider: Some(bank.provider()), ..self.basket(&[("LAMP", 3)]) };
            let id = self.placed(order.paid_with(Token::Visa.method())).await;
            self.sent(id, Some(1)).await;
            let lines = vec![line(1, 1)];
            self.did(self.commerce.cancel_order_lines(&self.call, id, lines, "changed mind".to_owned())).await;
        }
        for token in [Token::RefundFails, Token::RefundRetry, Token::RefundPending] {
            let id = self.bought(&[("LAMP", 1)], token).await;
            self.sent(id, None).await;
            self.refunded(id, 120).await;
        }
        self.advance(120_000).await;
        let split = self.placed(self.basket(&[("LAMP", 2)])).await;
        for amount in [500, 1_500] {
            self.paid(split, Some(pence(amount))).await;
        }
        self.sent(split, None).await;
        self.refunded(split, 1_700).await;
        let free = self.placed(self.basket(&[("GIFT", 1)])).await;
        self.arrived(free).await;
        let late = self.bought(&[("LAMP", 1)], Token::Pending).await;
        self.called_off(late).await;
    }

    /// Orders that were edited and cancelled.
    async fn changed_orders(&self) {
        let (commerce, call) = (&self.commerce, &self.call);
        let change = |qty| LineChange { line_id: LineId(1), qty: Some(units(qty)), unit_price: None, adjustments: None };
        let discount = Adjustment { kind: AdjustmentKind::Discount, amount: pence(-77), included: false };
        for qty in [1, 4] {
            let id = self.bought(&[("LAMP", 2), ("VASE", 3)], Token::Visa).await;
            let edit = EditOrder { change: vec![change(qty)], adjustments: Some(vec![discount]), ..EditOrder::default() };
            self.did(commerce.edit_order(call, id, edit)).await;
        }
        let pending = self.placed(self.basket(&[("LAMP", 2)])).await;
        self.did(commerce.edit_order(call, pending, EditOrder { change: vec![change(5)], ..EditOrder::default() })).await;
        let shipped = self.bought(&[("LAMP", 4)], Token::Visa).await;
        self.sent(shipped, Some(2)).await;
        self.did(commerce.cancel_order_lines(call, shipped, vec![line(1, 1)], "too many".to_owned())).await;
        let cancelled = self.bought(&[("VASE", 2)], Token::Visa).await;
        self.called_off(cancelled).await;
        let repacked = self.bought(&[("LAMP", 1)], Token::Visa).await;
        let parcel = self.packed(repacked, None).await;
        self.did(commerce.cancel_shipment(call, parcel)).await;
        self.sent(repacked, None).await;
    }

    /// Orders on their way, from several places, and back.
    async fn shipped_orders(&self) {
        let (commerce, call) = (&self.commerce, &self.call);
        let spread = self.bought(&[("BENCH", 5)], Token::Visa).await;
        for (count, place) in [(3, "default"), (2, "annex")] {
            let pack = PackUnits { lines: vec![line(1, count)], location: Some(location(place)) };
            let parcel = self.did(commerce.create_shipment(call, spread, pack)).await.value.shipment.id;
            self.did(commerce.dispatch_shipment(call, parcel, None, None)).await;
        }
        let digital = PlaceOrder { capture_policy: CapturePolicy::AtConfirm, ..self.basket(&[("EBOOK", 1)]) };
        self.placed(digital.paid_with(Token::Visa.method())).await;
        let by_hand = PlaceOrder { capture_policy: CapturePolicy::Manual, ..self.basket(&[("LAMP", 1)]) };
        let by_hand = self.placed(by_hand.paid_with(Token::Visa.method())).await;
        self.sent(by_hand, None).await;
        let lost = self.bought(&[("LAMP", 1)], Token::Visa).await;
        let parcel = self.sent(lost, None).await;
        self.did(commerce.lose_shipment(call, parcel)).await;
        let back = self.bought(&[("LAMP", 4)], Token::Visa).await;
        self.arrived(back).await;
        self.came_back(back, vec![line(1, 1)], Condition::Damaged, None).await;
        self.came_back(back, vec![line(1, 1)], Condition::Sellable, Some(location("annex"))).await;
        let refused = self.comes_back(back, vec![line(1, 1)]).await;
        self.did(commerce.reject_return(call, refused, "worn".to_owned())).await;
        self.comes_back(back, vec![line(1, 1)]).await;
    }

    /// Orders of people: one of them was erased. Of a cart, under a number, asked for twice.
    async fn people(&self) {
        for name in ["ann", "bob"] {
            let order = PlaceOrder { customer_id: Some(customer(name)), personal: named(name), ..self.basket(&[("VASE", 1)]) };
            let id = self.placed(order.paid_with(Token::Visa.method())).await;
            let edit = EditOrder { personal: named("someone else"), ..EditOrder::default() };
            self.did(self.commerce.edit_order(&self.call, id, edit)).await;
        }
        assert_eq!(self.did(self.commerce.erase_customer(&self.call, &customer("ann"))).await, 2);
        let cart = self.cart().await;
        let order =
            PlaceOrder { personal: named("a guest"), cart_id: Some(cart), number: Some("A-1".to_owned()), ..self.basket(&[("VASE", 1)]) };
        let call = Call { idempotency: Some(Idempotency { key: "once".to_owned(), body: b"{}".to_vec() }), ..self.call.clone() };
        let first = self.did(self.commerce.place_order(&call, order.clone())).await.value.id;
        let second = self.did(self.commerce.place_order(&call, order)).await.value.id;
        assert_eq!(first, second);
        self.did(self.commerce.receive_stock(&call, &sku("VASE"), &location("default"), units(1))).await;
        self.did(self.commerce.create_reservation(&call, Reserve::new(sku("VASE"), units(1)))).await;
    }

    async fn cart(&self) -> CartId {
        let now = self.clock.now();
        let cart = Cart {
            id: self.id(CartId::new),
            revision: Revision(1),
            customer: None,
            currency: Currency::GBP,
            lines: vec![CartLine { sku: sku("VASE"), qty: units(1) }],
            created_at: now,
            updated_at: now,
            expires_at: now.plus_secs(3_600),
        };
        assert!(self.store.carts.put(&self.call.merchant, &cart, None).await.expect("a cart is written"));
        cart.id
    }

    /// Payments without orders.
    async fn payments_alone(&self) {
        let (commerce, call) = (&self.commerce, &self.call);
        let take = |capture, token: Token| ProcessPayment { method: token.method(), provider: None, amount: pence(5_000), capture };
        self.did(commerce.process_payment(call, take(true, Token::InsufficientFunds))).await;
        self.did(commerce.process_payment(call, take(false, Token::Visa))).await;
        let captured = self.did(commerce.process_payment(call, take(true, Token::Visa))).await.value.payment.id;
        self.did(commerce.refund_payment(call, captured, Some(pence(1_200)))).await;
        let voided = self.did(commerce.process_payment(call, take(false, Token::Visa))).await.value.payment.id;
        self.did(commerce.void_payment(call, voided)).await;
        let parts = self.did(commerce.process_payment(call, take(false, Token::Visa))).await.value.payment.id;
        self.did(commerce.capture_payment(call, parts, Some(pence(700)))).await;
    }

    async fn reservations(&self) {
        let (commerce, call) = (&self.commerce, &self.call);
        let reserve = async || self.did(commerce.create_reservation(call, Reserve::new(sku("VASE"), units(4)))).await.value.id;
        reserve().await;
        let fulfilled = reserve().await;
        self.did(commerce.confirm_reservation(call, fulfilled)).await;
        let some = ReservedUnits { location: None, qty: Some(units(3)) };
        self.did(commerce.fulfill_reservation(call, fulfilled, some)).await;
        let released = reserve().await;
        self.did(commerce.release_reservation(call, released, ReservedUnits::default())).await;
    }

    /// Sagas that are stuck, and what operators said to others.
    async fn stuck_sagas(&self) {
        for _ in 0..4 {
            let id = self.bought(&[("VASE", 1)], Token::VoidFails).await;
            self.called_off(id).await;
        }
        for _ in 0..5 {
            self.advance(10_000).await;
        }
        let query = SagaQuery { merchant: self.call.merchant.clone(), phase: Some(SagaPhase::Stuck), order: None };
        let stuck: Vec<SagaRow> = self.commerce.list_sagas(&query, None, 100).await.expect("sagas are listed").items;
        let [abandoned, skipped, retried, _] = stuck.as_slice() else { panic!("4 sagas are stuck, not {stuck:?}") };
        let note = Some("seen to it".to_owned());
        self.did(self.commerce.abandon_saga(&self.call, abandoned.id, note.clone())).await;
        self.did(self.commerce.skip_saga(&self.call, skipped.id, note.clone())).await;
        self.did(self.commerce.retry_saga(&self.call, retried.id, note)).await;
    }

    /// A consumer of the feed that takes no cancellations, and what operators told it.
    async fn consumers(&self) {
        struct Cheerful;

        #[async_trait]
        impl Handler for Cheerful {
            async fn handle(&self, item: &FeedItem) -> Result<(), HandlerError> {
                match &item.entry {
                    FeedEntry::Event(told) if told.event.kind == "OrderCancelled" => Err(HandlerError::never("nothing to cheer about")),
                    FeedEntry::Event(_) | FeedEntry::Movement { .. } => Ok(()),
                }
            }
        }

        let name = ConsumerName::new("cheerful").expect("a valid name");
        let mut consumer = self.commerce.consumer(name.clone(), Arc::new(Cheerful));
        consumer.run_due().await.expect("the consumer comes to the end of the feed");
        let parked = self.commerce.list_parked(&self.call, &name, None, 100).await.expect("parked items are listed").items;
        let [dropped, replayed, _, ..] = parked.as_slice() else { panic!("3 items are parked, not {parked:?}") };
        let (commerce, call, note) = (&self.commerce, &self.call, Some("seen to it".to_owned()));
        self.did(commerce.drop_parked(call, &name, dropped.shard, dropped.position, note.clone())).await;
        self.did(commerce.replay_parked(call, &name, replayed.shard, replayed.position, note.clone())).await;
        consumer.run_due().await.expect("the consumer comes to the end of the feed");
        let head = commerce.feed_head().await.expect("the feed is read");
        self.did(commerce.reset_consumer(call, &name, &head, note)).await;
    }

    /// Another merchant in the same store, with the same SKU in another currency.
    async fn neighbor(&self) {
        let call = Call { merchant: MerchantId::new("neighbor").expect("a valid merchant"), ..self.call.clone() };
        let yen = |minor| Money::from_minor(minor, Currency::JPY);
        let prices = BTreeMap::from([(Currency::JPY, yen(900))]);
        let item = PutItem { sku: sku("LAMP"), title: "lantern".to_owned(), kind: ItemKind::Stocked, prices, active: true };
        self.did(self.commerce.put_catalogue_item(&call, item)).await;
        self.did(self.commerce.receive_stock(&call, &sku("LAMP"), &location("default"), units(9))).await;
        let goods = PlaceOrder { currency: Currency::JPY, ..self.basket(&[("LAMP", 2)]) };
        let id = self.did(self.commerce.place_order(&call, goods.paid_with(Token::Visa.method()))).await.value.id;
        let parcel = self.did(self.commerce.create_shipment(&call, id, PackUnits::default())).await.value.shipment;
        self.did(self.commerce.dispatch_shipment(&call, parcel.id, None, None)).await;
    }

    /// An order whose hold another one reclaimed, which is being paid for right now: the first has not expired, for nobody looked.
    async fn reclaimed(&self) {
        self.placed(self.basket(&[("LAST", 1), ("VASE", 1)])).await;
        self.clock.advance_ms(DAY_MS + 1_000);
        let order = self.basket(&[("LAST", 1)]).paid_with(Token::Pending.method());
        self.run(self.commerce.place_order(&self.call, order)).await.expect("the unit is free again");
    }
}
