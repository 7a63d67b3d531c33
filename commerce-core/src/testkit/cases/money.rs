use crate::engine::{Error, PlaceOrder, ProcessPayment};
use crate::fact::FailureCode;
use crate::id::LineId;
use crate::money::{Currency, Money};
use crate::order::{Adjustment, AdjustmentKind, CapturePolicy, Headline, Refusal};
use crate::payment;
use crate::quantity::LineQty;
use crate::sandbox::{EntryKind, Token};
use crate::tender::RefundState;
use crate::testkit::cases::late::done;
use crate::testkit::faults::{Fault, Faults, Operation, Plan, Point};
use crate::testkit::lab::units;
use crate::testkit::shop::{Bank, Shop};
use crate::testkit::{Dice, Lab};

const THREADS: usize = 8;
const SEED: u64 = 20_260_102;

fn pence(minor: i64) -> Money {
    Money::from_minor(minor, Currency::GBP)
}

pub async fn a_crash_around_the_banks_yes_ends_in_an_order_that_is_charged_once(lab: Lab) {
    let mut shop = Shop::of(&lab).impatient().open().await;
    for (operation, fault, visit) in [
        // the bank said yes, and nobody heard it
        (Operation::Authorize, Fault::CrashAfter, 1),
        (Operation::Authorize, Fault::LoseAnswer, 1),
        // it was heard, and not written down; or written down, and not heard of
        (Operation::Commit, Fault::CrashBefore, 2),
        (Operation::Commit, Fault::CrashAfter, 2),
        (Operation::Commit, Fault::LoseAnswer, 2),
    ] {
        let faults = Faults::at(Plan { point: Point { operation, fault }, visit });
        shop = shop.restarted_with(&faults);
        let placed = shop.place(&[("LAMP", 1)]).await;
        shop.settle().await;
        assert!(faults.fired(), "{operation}, {fault}: the case does not reach it");
        shop = shop.restarted_with(&Faults::none());
        shop.advance(60_000).await;
        assert_eq!(shop.get(placed.id).await.order.headline(), Headline::Confirmed, "{operation}, {fault}");
        shop.check().await;
    }
    assert_eq!(done(&shop, Bank::Cards), [(EntryKind::Authorized, 1_000); 5]);
}

pub async fn one_payment_captured_by_many_at_once_is_captured_once(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let request = ProcessPayment { method: Token::Visa.method(), provider: None, amount: pence(1_000), capture: false };
    let paid = shop.run(shop.commerce.process_payment(&shop.call, request)).await.expect("a payment").value.payment.id;
    let answers = shop.crowd(THREADS, async |_| shop.commerce.capture_payment(&shop.call, paid, None).await);
    for refusal in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        let clear = matches!(refusal, Error::Payment(payment::Refusal::Busy | payment::Refusal::AmountAbove { .. }));
        assert!(clear, "{refusal:?}");
    }
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(done(&shop, Bank::Cards), [(EntryKind::Authorized, 1_000), (EntryKind::Captured, 1_000)]);
    shop.check().await;
}

pub async fn one_order_captured_by_many_at_once_is_captured_once(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let order = PlaceOrder { capture_policy: CapturePolicy::Manual, ..shop.basket(&[("LAMP", 3)]).paid_with(Token::Visa.method()) };
    let placed = shop.order(order).await;
    let payment = placed.order.tenders.attempts[0].payment_id;
    let call = shop.call.clone().with_key("capture", b"all");
    let answers = shop.crowd(THREADS, async |thread| {
        // half of them are one request, repeated
        let call = if thread.is_multiple_of(2) { &call } else { &shop.call };
        shop.commerce.capture_payment(call, payment, Some(pence(3_000))).await
    });
    for refusal in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert!(matches!(refusal, Error::Order(Refusal::Busy | Refusal::AmountAbove { .. })), "{refusal:?}");
    }
    shop.settle().await;
    assert_eq!(done(&shop, Bank::Cards), [(EntryKind::Authorized, 3_000), (EntryKind::Captured, 3_000)]);
    shop.check().await;
}

pub async fn one_order_paid_by_many_at_once_is_charged_once(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    for bank in Bank::ALL {
        let placed = shop.order(shop.basket(&[("LAMP", 1)])).await;
        let answers = shop.crowd(THREADS, async |_| {
            shop.commerce.pay_order(&shop.call, placed.id, Token::Visa.method(), Some(bank.provider()), None).await
        });
        for refusal in answers.iter().filter_map(|answer| answer.as_ref().err()) {
            assert!(matches!(refusal, Error::Order(Refusal::Busy | Refusal::NothingDue)), "{refusal:?}");
        }
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        assert_eq!(shop.bank(*bank).ledger().totals()[&Currency::GBP].authorized, 1_000, "{bank}");
    }
    shop.settle().await;
    shop.check().await;
}

pub async fn refunds_by_many_at_once_never_exceed_what_was_paid(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let placed = shop.place(&[("LAMP", 1)]).await;
    shop.ship_and_deliver(placed.id).await;
    let answers = shop.crowd(THREADS, async |_| shop.commerce.refund_order(&shop.call, placed.id, pence(300), Vec::new(), None).await);
    for refusal in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert!(matches!(refusal, Error::Order(Refusal::AmountAbove { asked: 300, .. }) | Error::Contended), "{refusal:?}");
    }
    shop.settle().await;
    let granted = answers.iter().filter(|answer| answer.is_ok()).count();
    assert!((1..=3).contains(&granted), "{granted} refunds of 3 pounds out of 10");
    let order = shop.get(placed.id).await.order;
    assert_eq!(order.refunded(), 300 * i64::try_from(granted).expect("a few"));
    shop.check().await;
    // what is left is left
    shop.refund(placed.id, order.room()).await;
    assert_eq!(shop.get(placed.id).await.order.refunded(), 1_000);
    shop.check().await;
}

pub async fn a_refund_that_fails_leaves_what_was_paid_as_it_was_and_can_be_granted_again(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let placed = shop.place_paid(&[("LAMP", 2)], Token::RefundFailsOnce).await;
    shop.ship_and_deliver(placed.id).await;
    let lines = vec![LineQty { line_id: LineId(1), qty: units(1) }];
    let grant = shop.commerce.refund_order(&shop.call, placed.id, pence(1_000), lines.clone(), None);
    let order = shop.run(grant).await.expect("it is granted").value.order;
    let failed = &order.tenders.refunds[0];
    assert!(matches!(failed.parts[0].state, RefundState::Failed { code: FailureCode::Refused }));
    assert_eq!((order.captured(), order.refunded(), order.refunding(), order.room()), (2_000, 0, 0, 2_000));

    // the line can be refunded as if nothing had been
    let grant = shop.commerce.refund_order(&shop.call, placed.id, pence(1_000), lines, Some(failed.id));
    let order = shop.run(grant).await.expect("it is granted again").value.order;
    assert_eq!((order.captured(), order.refunded(), order.room()), (2_000, 1_000, 1_000));
    shop.settle().await;
    shop.check().await;
}

/// An order of awkward amounts: `lines` of them, each with an adjustment, and one over all.
fn awkward(shop: &Shop, dice: &mut Dice, lines: usize) -> PlaceOrder {
    let off = |dice: &mut Dice, most: u64| Adjustment {
        kind: AdjustmentKind::Discount,
        amount: pence(-i64::try_from(dice.below(most)).unwrap_or(0)),
        included: false,
    };
    let wanted: Vec<(&str, u32)> = (0..lines).map(|_| ("LAMP", 1 + u32::try_from(dice.below(4)).unwrap_or(0))).collect();
    let mut order = shop.basket(&wanted).paid_with(Token::Visa.method());
    for line in &mut order.lines {
        line.unit_price = Some(pence(200 + i64::try_from(dice.below(1_000)).unwrap_or(0)));
        line.adjustments = vec![off(dice, 100)];
    }
    order.adjustments = vec![off(dice, 97)];
    order
}

pub async fn the_parts_of_an_order_always_sum_to_what_the_bank_took(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let mut dice = Dice::new(SEED);
    for round in 0..6 {
        let order = awkward(&shop, &mut dice, 1 + round % 3);
        let gross: i64 = order.lines.iter().map(|line| line.unit_price.map_or(0, Money::minor) * i64::from(line.qty.get())).sum();
        let off: i64 = order.lines.iter().flat_map(|line| &line.adjustments).chain(&order.adjustments).map(|a| a.amount.minor()).sum();
        let placed = shop.order(order).await;
        let total = placed.order.total();
        assert_eq!(total, gross + off, "seed {SEED}, round {round}");
        let taken = |kind| -> i64 {
            let ledger = shop.bank(Bank::Cards).ledger();
            let payment = placed.order.tenders.attempts[0].payment_id;
            ledger.entries().iter().filter(|e| e.payment == payment && e.kind == kind).map(|e| e.amount.minor()).sum()
        };
        assert_eq!(taken(EntryKind::Authorized), total, "seed {SEED}, round {round}");
        // unit by unit, out and back
        let wanted: Vec<(u32, u32)> = (1..).zip(placed.order.lines.iter().map(|line| line.ordered)).collect();
        for (line, units) in &wanted {
            for _ in 0..*units {
                let parcel = shop.pack_some(placed.id, &[(*line, 1)]).await;
                shop.dispatch(parcel.shipment.id).await;
                shop.deliver(parcel.shipment.id).await;
            }
        }
        assert_eq!(taken(EntryKind::Captured), total, "seed {SEED}, round {round}");
        for (line, units) in &wanted {
            for _ in 0..*units {
                shop.give_back(placed.id, &[(*line, 1)]).await;
            }
        }
        assert_eq!(taken(EntryKind::Refunded), total, "seed {SEED}, round {round}");
    }
    shop.check().await;
}
