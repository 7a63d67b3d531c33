//! What clients ask at random: mostly what may well be done, sometimes what may not.

use commerce_core::engine::{EditOrder, NewLine, PackUnits, PlaceOrder, ProcessPayment, Status};
use commerce_core::id::{LocationId, OrderId, PaymentId, RefundId, ReturnId, ShipmentId, Sku};
use commerce_core::money::{Currency, Money};
use commerce_core::order::{
    Adjustment, AdjustmentKind, Assessment, CapturePolicy, Condition, Line, LineChange, Order, Placement, RiskVerdict, ShipmentState, Terms,
};
use commerce_core::ports::CallKey;
use commerce_core::quantity::{LineQty, Quantity};
use commerce_core::sandbox::{Decision, Token};
use commerce_core::tender::{Attempt, RefundState, Tenders};
use commerce_core::testkit::Dice;
use commerce_core::testkit::shop::Bank;

use crate::laws;
use crate::world::World;

pub(crate) fn sku(name: &str) -> Sku {
    Sku::new(name).expect("a valid sku")
}

pub(crate) fn location(name: &str) -> LocationId {
    LocationId::new(name).expect("a valid location")
}

pub(crate) fn qty(units: u32) -> Quantity {
    Quantity::new(units).expect("a valid quantity")
}

pub(crate) fn gbp(minor: i64) -> Money {
    Money::from_minor(minor, Currency::GBP)
}

fn count(dice: &mut Dice, low: u32, high: u32) -> u32 {
    low + u32::try_from(dice.below(u64::from(high - low + 1))).expect("a small number")
}

fn chance(dice: &mut Dice, percent: u64) -> bool {
    dice.below(100) < percent
}

fn any_of<T: Copy>(dice: &mut Dice, from: &[T]) -> Option<T> {
    (!from.is_empty()).then(|| *dice.pick(from))
}

/// What a life is about, so that what seldom comes about by chance is reached too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    /// Anything.
    Mixed,
    /// Banks that decide later than stock is held, and goods that many want.
    Late,
    /// Cards whose money is given back with difficulty, and orders that are given up.
    GivenUp,
}

impl Theme {
    pub(crate) fn any(dice: &mut Dice) -> Self {
        *dice.pick(&[Self::Mixed, Self::Mixed, Self::Mixed, Self::Late, Self::GivenUp])
    }

    fn token(self, dice: &mut Dice) -> Token {
        let own: &[Token] = match self {
            Self::Mixed => &[Token::Action, Token::CaptureFailsLater, Token::RefundFailsOnce, Token::ShortLived],
            Self::Late => &[Token::Pending],
            Self::GivenUp => &[Token::VoidFails, Token::VoidFails, Token::VoidRetry, Token::VoidUnknown],
        };
        match dice.below(4) {
            0 => Token::Visa,
            1 | 2 if self != Self::Mixed => *dice.pick(own),
            1 => *dice.pick(own),
            _ => *dice.pick(Token::ALL),
        }
    }

    const fn goods(self) -> &'static [&'static str] {
        match self {
            Self::Late => &["LAST", "LAST", "BENCH"],
            // few benches, one last piece: what many want
            Self::Mixed | Self::GivenUp => &["LAMP", "VASE", "LAST", "BENCH", "BENCH", "GIFT", "CARRIAGE", "EBOOK"],
        }
    }
}

fn any_adjustments(dice: &mut Dice) -> Vec<Adjustment> {
    let one = |dice: &mut Dice| {
        let amount = gbp(i64::from(count(dice, 0, 500)) - 250);
        Adjustment { kind: *dice.pick(AdjustmentKind::ALL), amount, included: chance(dice, 20) }
    };
    (0..dice.below(3)).map(|_| one(dice)).collect()
}

fn any_line(theme: Theme, dice: &mut Dice) -> NewLine {
    let name = dice.pick(theme.goods());
    let mut line = NewLine::new(sku(name), qty(count(dice, 1, 3)));
    if chance(dice, 20) {
        line.adjustments = any_adjustments(dice);
    }
    line
}

fn any_order(theme: Theme, dice: &mut Dice) -> PlaceOrder {
    let mut order = PlaceOrder::new(Currency::GBP, (0..=dice.below(3)).map(|_| any_line(theme, dice)).collect());
    if chance(dice, 85) {
        order.method = Some(theme.token(dice).method());
    }
    order.provider = Some(dice.pick(Bank::ALL).provider());
    order.adjustments = if chance(dice, 30) { any_adjustments(dice) } else { Vec::new() };
    order.terms = if chance(dice, 15) { Terms::Invoice } else { Terms::Prepaid };
    order.capture_policy = *dice.pick(CapturePolicy::ALL);
    order
}

/// Some units of some lines, up to what each has.
fn some_units(order: &Order, dice: &mut Dice, most: impl Fn(&Line) -> u32) -> Vec<LineQty> {
    let all = chance(dice, 40);
    let picked = order.lines.iter().filter(|line| most(line) > 0).filter_map(|line| {
        let units = if all { most(line) } else { count(dice, 0, most(line)) };
        Some(LineQty { line_id: line.id, qty: Quantity::some(units)? })
    });
    picked.collect()
}

fn a_shipment(order: &Order, dice: &mut Dice, pick: impl Fn(&ShipmentState) -> bool) -> Option<ShipmentId> {
    let ids: Vec<ShipmentId> = order.shipments.iter().filter(|s| pick(&s.state)).map(|s| s.id).collect();
    any_of(dice, &ids)
}

fn a_return(order: &Order, dice: &mut Dice) -> Option<ReturnId> {
    let open: Vec<ReturnId> = order.returns.iter().filter(|one| one.is_open()).map(|one| one.id).collect();
    any_of(dice, &open)
}

fn a_payment(order: &Order, dice: &mut Dice) -> Option<PaymentId> {
    let ids: Vec<PaymentId> = order.tenders.attempts.iter().map(|attempt| attempt.payment_id).collect();
    any_of(dice, &ids)
}

fn any_edit(theme: Theme, order: &Order, dice: &mut Dice) -> EditOrder {
    let mut edit = EditOrder::default();
    for line in &order.lines {
        if chance(dice, 10) {
            edit.remove.push(line.id);
        } else if chance(dice, 35) {
            let least = line.cancelled + line.packed + line.dispatched;
            edit.change.push(LineChange {
                line_id: line.id,
                qty: chance(dice, 70).then(|| qty((least + count(dice, 0, 3)).max(1))),
                unit_price: chance(dice, 40).then(|| gbp(i64::from(count(dice, 0, 1_500)))),
                adjustments: chance(dice, 20).then(|| any_adjustments(dice)),
            });
        }
    }
    if chance(dice, 30) {
        edit.add.push(any_line(theme, dice));
    }
    if chance(dice, 25) {
        edit.adjustments = Some(any_adjustments(dice));
    }
    edit
}

fn any_assessment(dice: &mut Dice) -> Assessment {
    Assessment { verdict: *dice.pick(RiskVerdict::ALL), score: 7, reasons: Vec::new() }
}

/// The rest of a failed refund that may be granted again.
fn a_failed_refund(order: &Order, dice: &mut Dice) -> Option<(RefundId, i64)> {
    let failed = order.tenders.refunds.iter().filter(|refund| !refund.replaced);
    let failed = failed.map(|refund| (refund.id, refund.sum(|state| matches!(state, RefundState::Failed { .. }))));
    let failed: Vec<(RefundId, i64)> = failed.filter(|(_, amount)| *amount > 0).collect();
    any_of(dice, &failed)
}

/// The calls to banks that a payment knows of.
fn calls_of(money: &Tenders, pick: impl Fn(&Attempt) -> bool) -> Vec<CallKey> {
    let mut keys: Vec<CallKey> = money.attempts.iter().filter(|a| pick(a)).map(|attempt| CallKey::Authorize(attempt.id)).collect();
    keys.extend(money.captures.iter().map(|capture| CallKey::Capture(capture.id)));
    let parts = money.refunds.iter().flat_map(|refund| refund.parts.iter().map(|part| (refund.id, part.capture_id)));
    keys.extend(parts.map(|(refund, capture)| CallKey::Refund(refund, capture)));
    keys
}

impl World {
    pub(crate) fn someone_orders(&mut self) {
        let order = any_order(self.theme, &mut self.dice);
        self.places(&order);
    }

    /// Someone pays without an order, or asks about such a payment.
    pub(crate) fn someone_pays(&mut self) {
        let free: Vec<PaymentId> =
            laws::payments(self.store()).into_iter().filter(|(_, order)| order.is_none()).map(|(id, _)| id).collect();
        let known = any_of(&mut self.dice, &free);
        let amount = chance(&mut self.dice, 60).then(|| gbp(i64::from(count(&mut self.dice, 1, 300))));
        match (self.dice.below(6), known) {
            (0..=2, _) | (_, None) => {
                let (method, provider) = (self.theme.token(&mut self.dice).method(), Some(self.dice.pick(Bank::ALL).provider()));
                let request = ProcessPayment { method, provider, amount: gbp(500), capture: chance(&mut self.dice, 50) };
                self.asks("process_payment", |shop, call| async move { shop.process_payment(&call, request).await });
            }
            (3, Some(id)) => self.asks("capture_payment", |shop, call| async move { shop.capture_payment(&call, id, amount).await }),
            (4, Some(id)) => self.asks("refund_payment", |shop, call| async move { shop.refund_payment(&call, id, amount).await }),
            (_, Some(id)) => self.asks("void_payment", |shop, call| async move { shop.void_payment(&call, id).await }),
        }
    }

    /// One orders the last piece and the bank takes its time; when the hold has ended another one buys it.
    pub(crate) fn late_for_the_last_piece(&mut self) {
        for (token, hours) in [(Token::Pending, 25), (Token::Visa, 0)] {
            let line = NewLine::new(sku("LAST"), Quantity::ONE);
            let order = PlaceOrder::new(Currency::GBP, vec![line]).paid_with(token.method());
            self.asks("place_order", |shop, call| async move { shop.place_order(&call, order).await });
            self.stage.jump_s(hours * 3_600);
        }
    }

    /// One orders, pays with a card whose money is not given back, and gives up.
    pub(crate) fn given_up_in_vain(&mut self) {
        let order = PlaceOrder::new(Currency::GBP, vec![NewLine::new(sku("LAMP"), Quantity::ONE)]).paid_with(Token::VoidFails.method());
        self.asks("place_order", |shop, call| async move { shop.place_order(&call, order).await });
        self.stage.jump_s(1);
        for id in self.orders() {
            self.asks("cancel_order", |shop, call| async move { shop.cancel_order(&call, id).await });
        }
    }

    /// A client asks for something of an order that is there.
    pub(crate) fn someone_asks(&mut self) {
        let orders = self.orders();
        let Some(id) = any_of(&mut self.dice, &orders) else { return };
        let order = self.order(id);
        for _ in 0..6 {
            if self.ask_of(id, &order).is_some() {
                return;
            }
        }
    }

    fn ask_of(&mut self, id: OrderId, order: &Order) -> Option<()> {
        let runs = matches!(order.placement, Placement::Pending { .. } | Placement::Held { .. } | Placement::Confirmed);
        // now and then what is out of place
        let stray = self.chance(10);
        match self.dice.below(12) {
            0..=2 if stray || runs => self.asks_about_money(id, order),
            3 | 4 if stray || runs => self.asks_for_a_change(id, order),
            5..=10 => self.asks_about_goods(id, order),
            11 => self.asks_about_the_end(id, order),
            _ => None,
        }
    }

    fn asks_about_money(&mut self, id: OrderId, order: &Order) -> Option<()> {
        match self.dice.below(8) {
            0..=3 if order.due() > 0 => {
                let (method, provider) = (self.theme.token(&mut self.dice).method(), Some(self.dice.pick(Bank::ALL).provider()));
                let part = chance(&mut self.dice, 25).then(|| gbp(order.due() / 2)).filter(|amount| amount.minor() > 0);
                self.asks("pay_order", |shop, call| async move { shop.pay_order(&call, id, method, provider, part).await });
            }
            4 | 5 if order.authorized() > 0 => {
                let payment = a_payment(order, &mut self.dice)?;
                let amount = chance(&mut self.dice, 50).then(|| gbp((order.authorized() / 2).max(1)));
                self.asks("capture_payment", |shop, call| async move { shop.capture_payment(&call, payment, amount).await });
            }
            6 | 7 if order.room() > 0 => {
                let failed = a_failed_refund(order, &mut self.dice);
                let most = u32::try_from(order.room().min(400)).expect("a small number");
                let (amount, replaces) = match failed {
                    Some((refund, amount)) => (gbp(amount), Some(refund)),
                    None => (gbp(i64::from(count(&mut self.dice, 1, most))), None),
                };
                let named = replaces.is_none() && chance(&mut self.dice, 30);
                let lines = if named { some_units(order, &mut self.dice, |line| line.dispatched) } else { Vec::new() };
                self.asks("refund_order", |shop, call| async move { shop.refund_order(&call, id, amount, lines, replaces).await });
            }
            _ => return None,
        }
        Some(())
    }

    fn asks_for_a_change(&mut self, id: OrderId, order: &Order) -> Option<()> {
        match self.dice.below(12) {
            0..=3 => {
                let edit = any_edit(self.theme, order, &mut self.dice);
                self.asks("edit_order", |shop, call| async move { shop.edit_order(&call, id, edit).await });
            }
            4 | 5 => {
                let lines = some_units(order, &mut self.dice, Line::open);
                self.asks(
                    "cancel_order_lines",
                    |shop, call| async move { shop.cancel_order_lines(&call, id, lines, "less".to_owned()).await },
                );
            }
            6 | 11 if self.theme == Theme::GivenUp => {
                self.asks("cancel_order", |shop, call| async move { shop.cancel_order(&call, id).await });
            }
            6 => self.asks("cancel_order", |shop, call| async move { shop.cancel_order(&call, id).await }),
            7 => self.asks("hold_order", |shop, call| async move { shop.hold_order(&call, id).await }),
            8 => {
                let assessment = any_assessment(&mut self.dice);
                self.asks("screen_order", |shop, call| async move { shop.screen_order(&call, id, assessment).await });
            }
            _ if matches!(order.placement, Placement::Held { .. }) => {
                self.asks("resume_order", |shop, call| async move { shop.resume_order(&call, id).await });
            }
            _ => return None,
        }
        Some(())
    }

    fn asks_about_goods(&mut self, id: OrderId, order: &Order) -> Option<()> {
        let packed = |state: &ShipmentState| *state == ShipmentState::Packed;
        let on_its_way = |state: &ShipmentState| matches!(state, ShipmentState::Dispatched(_));
        match self.dice.below(14) {
            0..=3 if order.placement == Placement::Confirmed && order.open_units() > 0 => {
                let lines = some_units(order, &mut self.dice, Line::open);
                let location = self.dice.pick(&[None, None, Some("default"), Some("annex")]).map(location);
                let pack = PackUnits { lines, location };
                self.asks("create_shipment", |shop, call| async move { shop.create_shipment(&call, id, pack).await });
            }
            4 | 5 => {
                let parcel = a_shipment(order, &mut self.dice, packed)?;
                self.asks("dispatch_shipment", |shop, call| async move { shop.dispatch_shipment(&call, parcel, None, None).await });
            }
            6 => {
                let parcel = a_shipment(order, &mut self.dice, packed)?;
                self.asks("cancel_shipment", |shop, call| async move { shop.cancel_shipment(&call, parcel).await });
            }
            7 | 8 => {
                let parcel = a_shipment(order, &mut self.dice, on_its_way)?;
                self.asks("deliver_shipment", |shop, call| async move { shop.deliver_shipment(&call, parcel).await });
            }
            9 => {
                let parcel = a_shipment(order, &mut self.dice, on_its_way)?;
                self.asks("lose_shipment", |shop, call| async move { shop.lose_shipment(&call, parcel).await });
            }
            10 | 11 => {
                let lines = some_units(order, &mut self.dice, |line| line.dispatched - line.returning - line.returned);
                if lines.is_empty() {
                    return None;
                }
                self.asks("create_return", |shop, call| async move { shop.create_return(&call, id, lines, "no".to_owned()).await });
            }
            12 => self.receives_a_return(order)?,
            _ => {
                let back = a_return(order, &mut self.dice)?;
                self.asks("reject_return", |shop, call| async move { shop.reject_return(&call, back, "worn".to_owned()).await });
            }
        }
        Some(())
    }

    fn receives_a_return(&mut self, order: &Order) -> Option<()> {
        let back = a_return(order, &mut self.dice)?;
        let one = order.return_of_goods(back)?;
        let lines = if chance(&mut self.dice, 50) { Vec::new() } else { some_units(order, &mut self.dice, |line| one.rest(line.id)) };
        let condition = *self.dice.pick(Condition::ALL);
        self.asks("receive_return", |shop, call| async move { shop.receive_return(&call, back, lines, condition, None).await });
        Some(())
    }

    fn asks_about_the_end(&mut self, id: OrderId, order: &Order) -> Option<()> {
        if order.placement == Placement::Confirmed && chance(&mut self.dice, 50) {
            let status = *self.dice.pick(Status::ALL);
            self.asks("set_order_status", |shop, call| async move { shop.set_order_status(&call, id, status).await });
        } else if order.open_units() + order.packed_units() == 0 {
            self.asks("complete_order", |shop, call| async move { shop.complete_order(&call, id).await });
        } else {
            return None;
        }
        Some(())
    }

    /// A bank decides something that waits, or a buyer acts.
    pub(crate) fn someone_decides(&mut self) {
        let payments = laws::payments(self.store());
        let Some((id, _)) = any_of(&mut self.dice, &payments) else { return };
        let keys = calls_of(&laws::money_of(self.store(), id), |_| true);
        if let Some(key) = any_of(&mut self.dice, &keys) {
            self.decides(key);
        }
    }

    /// The banks decide whatever they have not, and leave what is the buyers' to them.
    pub(crate) fn banks_decide(&mut self) {
        for (id, _) in laws::payments(self.store()) {
            for key in calls_of(&laws::money_of(self.store(), id), |attempt| !attempt.wants_action()) {
                self.decides(key);
            }
        }
    }

    fn decides(&mut self, key: CallKey) {
        let decision = if chance(&mut self.dice, 70) { Decision::Approve } else { Decision::Decline };
        for bank in Bank::ALL {
            if self.kit.bank(*bank).settle(key, decision).is_ok() {
                self.tally.borrow_mut().count("world", "decision");
            }
        }
    }
}
