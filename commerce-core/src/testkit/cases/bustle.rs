use crate::engine::{EditOrder, Error, NewLine, PackUnits, PlaceOrder};
use crate::id::{LineId, LocationId, OrderId, ShipmentId};
use crate::money::{Currency, Money};
use crate::order::{Condition, Placement};
use crate::ports::LIMIT_MAX_ROWS;
use crate::quantity::LineQty;
use crate::sandbox::Token;
use crate::testkit::lab::{sku, units, walk};
use crate::testkit::shop::{Bank, Shop, Unsettled};
use crate::testkit::{Dice, Lab};

const SEED: u64 = 20_260_103;
const THREADS: usize = 6;
const STEPS: usize = 40;

/// Someone who does at random whatever a shop's people do, to whatever orders there are.
struct Clerk<'a> {
    shop: &'a Shop,
    /// Whether this one lets hours pass, in which leases run out, orders expire and authorizations lapse, and sweeps up.
    late: bool,
    dice: Dice,
    orders: Vec<OrderId>,
    parcels: Vec<ShipmentId>,
    done: usize,
}

/// Whether it was done; a refusal is lawful, a failure is not.
fn did<T>(answer: Result<T, Error>) -> Option<T> {
    match answer {
        Ok(value) => Some(value),
        Err(
            Error::Order(_) | Error::Short(_) | Error::Contended | Error::HoldGone | Error::Invalid { .. } | Error::NotFound("shipment"),
        ) => None,
        Err(error) => panic!("the engine failed: {error}"),
    }
}

impl Clerk<'_> {
    async fn work(&mut self) {
        for _ in 0..STEPS {
            let done = match self.dice.below(17) {
                0..4 => self.place().await,
                4 => self.pay().await,
                5..8 => self.pack().await,
                8..10 => self.move_parcel().await,
                10 => self.edit().await,
                11 => self.cancel_units().await,
                12 => self.cancel().await,
                13 => self.send_back().await,
                14 => self.refund().await,
                15 => self.restock().await,
                _ => self.unpack().await,
            };
            self.done += usize::from(done);
            if self.late && self.dice.below(3) == 0 {
                self.shop.clock.advance_s(3_600 * self.dice.below(24));
                self.shop.commerce.sweep().await.expect("the shop is swept");
            }
        }
    }

    fn an_order(&mut self) -> Option<OrderId> {
        (!self.orders.is_empty()).then(|| *self.dice.pick(&self.orders))
    }

    fn a_parcel(&mut self) -> Option<ShipmentId> {
        (!self.parcels.is_empty()).then(|| *self.dice.pick(&self.parcels))
    }

    async fn place(&mut self) -> bool {
        let item = *self.dice.pick(&["LAMP", "VASE", "BENCH", "EBOOK", "LAST"]);
        let other = *self.dice.pick(&["LAMP", "VASE", "CARRIAGE"]);
        let token = *self.dice.pick(&[
            Token::Visa,
            Token::Visa,
            Token::Visa,
            Token::InsufficientFunds,
            Token::CaptureFailsLater,
            Token::RefundFailsOnce,
        ]);
        let bank = *self.dice.pick(Bank::ALL);
        let some = u32::try_from(1 + self.dice.below(3)).unwrap_or(1);
        let basket = self.shop.basket(&[(item, some), (other, 1)]).paid_with(token.method());
        let placed = did(self.shop.commerce.place_order(&self.shop.call, PlaceOrder { provider: Some(bank.provider()), ..basket }).await);
        self.orders.extend(placed.as_ref().map(|answer| answer.value.id));
        placed.is_some()
    }

    async fn pay(&mut self) -> bool {
        let Some(order) = self.an_order() else { return false };
        did(self.shop.commerce.pay_order(&self.shop.call, order, Token::Visa.method(), None, None).await).is_some()
    }

    async fn pack(&mut self) -> bool {
        let Some(order) = self.an_order() else { return false };
        let lines = if self.dice.below(2) == 0 { Vec::new() } else { vec![LineQty { line_id: LineId(1), qty: units(1) }] };
        let parcel = did(self.shop.commerce.create_shipment(&self.shop.call, order, PackUnits { lines, location: None }).await);
        self.parcels.extend(parcel.as_ref().map(|answer| answer.value.shipment.id));
        parcel.is_some()
    }

    async fn move_parcel(&mut self) -> bool {
        let Some(parcel) = self.a_parcel() else { return false };
        let left = did(self.shop.commerce.dispatch_shipment(&self.shop.call, parcel, None, None).await).is_some();
        let came = match self.dice.below(5) {
            0 => did(self.shop.commerce.lose_shipment(&self.shop.call, parcel).await),
            _ => did(self.shop.commerce.deliver_shipment(&self.shop.call, parcel).await),
        };
        left || came.is_some()
    }

    async fn unpack(&mut self) -> bool {
        let Some(parcel) = self.a_parcel() else { return false };
        did(self.shop.commerce.cancel_shipment(&self.shop.call, parcel).await).is_some()
    }

    async fn edit(&mut self) -> bool {
        let Some(order) = self.an_order() else { return false };
        let edit = match self.dice.below(2) {
            0 => EditOrder { add: vec![NewLine::new(sku("VASE"), units(1))], ..EditOrder::default() },
            _ => EditOrder { remove: vec![LineId(2)], ..EditOrder::default() },
        };
        did(self.shop.commerce.edit_order(&self.shop.call, order, edit).await).is_some()
    }

    async fn cancel_units(&mut self) -> bool {
        let Some(order) = self.an_order() else { return false };
        let lines = vec![LineQty { line_id: LineId(1), qty: units(1) }];
        did(self.shop.commerce.cancel_order_lines(&self.shop.call, order, lines, "out of season".to_owned()).await).is_some()
    }

    async fn cancel(&mut self) -> bool {
        let Some(order) = self.an_order() else { return false };
        did(self.shop.commerce.cancel_order(&self.shop.call, order).await).is_some()
    }

    async fn send_back(&mut self) -> bool {
        let Some(order) = self.an_order() else { return false };
        let lines = vec![LineQty { line_id: LineId(1), qty: units(1) }];
        let Some(asked) = did(self.shop.commerce.create_return(&self.shop.call, order, lines, "too dark".to_owned()).await) else {
            return false;
        };
        let condition = *self.dice.pick(Condition::ALL);
        did(self.shop.commerce.receive_return(&self.shop.call, asked.value.return_of_goods.id, Vec::new(), condition, None).await).is_some()
    }

    async fn restock(&mut self) -> bool {
        let item = *self.dice.pick(&["LAMP", "VASE", "BENCH"]);
        did(self.shop.commerce.receive_stock(&self.shop.call, &sku(item), &LocationId::default(), units(10)).await).is_some()
    }

    async fn refund(&mut self) -> bool {
        let Some(order) = self.an_order() else { return false };
        let pence = i64::try_from(1 + self.dice.below(400)).unwrap_or(1);
        let amount = Money::from_minor(pence, Currency::GBP);
        did(self.shop.commerce.refund_order(&self.shop.call, order, amount, Vec::new(), None).await).is_some()
    }
}

/// Resumes what is held and pays what is due, until no order waits for either: nothing else may keep a saga waiting.
async fn clear_up(shop: &Shop) {
    for _ in 0..10 {
        let orders = walk(LIMIT_MAX_ROWS, async |after, limit| shop.store.audit.all_orders(after, limit).await).await;
        let mut touched = false;
        for (_, row) in orders {
            let order = shop.get(row.id).await.order;
            if matches!(order.placement, Placement::Held { .. }) {
                touched |= did(shop.commerce.resume_order(&shop.call, row.id).await).is_some();
            } else if order.due() > 0 {
                touched |= did(shop.commerce.pay_order(&shop.call, row.id, Token::Visa.method(), None, None).await).is_some();
            }
        }
        shop.settle().await;
        if !touched {
            return;
        }
    }
    panic!("seed {SEED}: orders are held or uncovered again and again");
}

pub async fn after_any_mix_of_what_many_people_do_stock_and_money_are_what_their_movements_make_them(lab: Lab) {
    let shop = Shop::of(&lab).impatient().open().await;
    // some orders belong to everyone, so that clerks meet
    let mut shared = Vec::new();
    for _ in 0..4 {
        shared.push(shop.place(&[("LAMP", 4), ("VASE", 2)]).await.id);
    }
    shop.settle().await;
    let done = shop.crowd(THREADS, async |thread| {
        let dice = Dice::new(SEED + u64::try_from(thread).unwrap_or(0));
        let mut clerk = Clerk { shop: &shop, late: thread == 0, dice, orders: shared.clone(), parcels: Vec::new(), done: 0 };
        clerk.work().await;
        clerk.done
    });
    let done: usize = done.into_iter().sum();
    assert!(done > THREADS * STEPS / 6, "seed {SEED}: only {done} things were done");
    shop.settle().await;
    clear_up(&shop).await;
    let broken = shop.broken_laws(Unsettled::default()).await;
    assert!(broken.is_empty(), "seed {SEED}: {}", broken.join("\n"));
}
