//! One value for each golden file.

use std::collections::BTreeMap;

use crate::cart::{Cart, CartLine, Revision};
use crate::catalogue::Item;
use crate::consumer;
use crate::fact::{FailureCode, PaymentFact, PendingWhy, RefundCause, RefundPart};
use crate::goods::ItemKind;
use crate::id::{LineId, LocationId, Sku};
use crate::money::{Currency, Money};
use crate::order::{
    Adjustment, AdjustmentKind, Assessment, CancelReason, CapturePolicy, Condition, Edited, Event, HoldReason, LineChange, LineItem,
    Placed, RiskVerdict, Stage, Terms,
};
use crate::personal::{Address, PersonalData};
use crate::quantity::{LineQty, Quantity};
use crate::saga;
use crate::time::Timestamp;

/// The id whose last digit says which one it is.
fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(last: u8) -> T {
    format!("01890a5d-ac96-774b-bcce-b302099a80{last:02x}").parse().unwrap()
}

fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn pence(minor: i64) -> Money {
    Money::from_minor(minor, Currency::GBP)
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn soon() -> Timestamp {
    time("2026-11-20T18:47:22.123456Z")
}

fn units(units: u32) -> Quantity {
    Quantity::new(units).unwrap()
}

fn lines(pairs: &[(u32, u32)]) -> Vec<LineQty> {
    pairs.iter().map(|(line, qty)| LineQty { line_id: LineId(*line), qty: units(*qty) }).collect()
}

fn adjustment(kind: AdjustmentKind, minor: i64, included: bool) -> Adjustment {
    Adjustment { kind, amount: pence(minor), included }
}

fn item(line: u32, sku: &str, kind: ItemKind, adjustments: Vec<Adjustment>) -> LineItem {
    let title = "WHITE HANGING \"HEART\" T-LIGHT HOLDER".to_owned();
    LineItem { line_id: LineId(line), sku: name(sku), title, kind, qty: units(6), unit_price: pence(255), adjustments }
}

fn placed_full() -> Event {
    Event::OrderPlaced(Box::new(Placed {
        customer_id: Some(name("17850")),
        personal_ref: Some(id(1)),
        currency: Currency::GBP,
        cart_id: Some(id(2)),
        channel: "web".to_owned(),
        method_ref: Some(name("tok_visa")),
        lines: vec![
            item(1, "85123A", ItemKind::Stocked, vec![adjustment(AdjustmentKind::Discount, -100, false)]),
            item(2, "GIFT CARD", ItemKind::Digital, vec![adjustment(AdjustmentKind::Tax, 255, true)]),
            item(3, "POST", ItemKind::Unstocked, Vec::new()),
        ],
        adjustments: vec![adjustment(AdjustmentKind::Shipping, 495, false), adjustment(AdjustmentKind::Surcharge, 25, false)],
        total: pence(5_010),
        terms: Terms::Prepaid,
        capture_policy: CapturePolicy::OnShipment,
        pay_by: soon(),
    }))
}

fn placed_minimal() -> Event {
    Event::OrderPlaced(Box::new(Placed {
        customer_id: None,
        personal_ref: None,
        currency: Currency::JPY,
        cart_id: None,
        channel: "pos".to_owned(),
        method_ref: None,
        lines: Vec::new(),
        adjustments: Vec::new(),
        total: Money::zero(Currency::JPY),
        terms: Terms::Invoice,
        capture_policy: CapturePolicy::Manual,
        pay_by: time("1970-01-01T00:00:00Z"),
    }))
}

fn edited_full() -> Event {
    Event::OrderEdited(Box::new(Edited {
        added: vec![item(4, "22423", ItemKind::Stocked, vec![adjustment(AdjustmentKind::Fee, 1, false)])],
        changed: vec![
            LineChange {
                line_id: LineId(1),
                qty: Some(units(7)),
                unit_price: Some(pence(250)),
                adjustments: Some(vec![adjustment(AdjustmentKind::Discount, -50, false)]),
            },
            LineChange { line_id: LineId(2), qty: None, unit_price: None, adjustments: Some(Vec::new()) },
        ],
        removed: vec![LineId(3)],
        adjustments: Some(Vec::new()),
        personal_ref: Some(id(1)),
        total: pence(3_251),
    }))
}

fn edited_minimal() -> Event {
    Event::OrderEdited(Box::new(Edited {
        added: Vec::new(),
        changed: Vec::new(),
        removed: Vec::new(),
        adjustments: None,
        personal_ref: None,
        total: pence(-1),
    }))
}

fn placement() -> Vec<(&'static str, Event)> {
    let risk = |verdict, score, reasons: &[&str]| {
        Event::RiskAssessed(Assessment { verdict, score, reasons: reasons.iter().map(|&r| r.to_owned()).collect() })
    };
    let cancelled = |pairs: &[(u32, u32)], reason: &str| Event::LinesCancelled {
        lines: lines(pairs),
        reason: reason.to_owned(),
        value: pence(510),
        total: pence(4_500),
    };
    vec![
        ("full", placed_full()),
        ("minimal", placed_minimal()),
        ("full", risk(RiskVerdict::Review, 710, &["new customer", "large order"])),
        ("minimal", risk(RiskVerdict::Accept, 0, &[])),
        ("full", Event::OrderHeld { reason: HoldReason::Review, resume: Stage::Pending, until: Some(soon()) }),
        ("minimal", Event::OrderHeld { reason: HoldReason::Payment, resume: Stage::Confirmed, until: None }),
        ("full", Event::OrderResumed { to: Stage::Pending, pay_by: Some(soon()) }),
        ("minimal", Event::OrderResumed { to: Stage::Confirmed, pay_by: None }),
        ("full", Event::OrderConfirmed),
        ("minimal", Event::OrderConfirmed),
        ("full", Event::OrderRejected { reason: "velocity \u{2013} seven cards".to_owned() }),
        ("minimal", Event::OrderRejected { reason: String::new() }),
        ("full", edited_full()),
        ("minimal", edited_minimal()),
        ("full", cancelled(&[(1, 2), (2, 1)], "changed my mind")),
        ("minimal", cancelled(&[], "")),
        ("full", Event::OrderCancelled { reason: CancelReason::StockLost }),
        ("minimal", Event::OrderCancelled { reason: CancelReason::Customer }),
        ("full", Event::OrderCompleted),
        ("minimal", Event::OrderCompleted),
    ]
}

fn goods() -> Vec<(&'static str, Event)> {
    let location = || Some(LocationId::default());
    let text = str::to_owned;
    vec![
        ("full", Event::ShipmentCreated { shipment_id: id(3), location: location(), lines: lines(&[(1, 6), (3, 1)]) }),
        ("minimal", Event::ShipmentCreated { shipment_id: id(3), location: None, lines: Vec::new() }),
        ("full", Event::ShipmentCancelled { shipment_id: id(3) }),
        ("minimal", Event::ShipmentCancelled { shipment_id: id(3) }),
        (
            "full",
            Event::ShipmentDispatched { shipment_id: id(3), carrier: Some(text("Royal Mail")), tracking: Some(text("RM123456789GB")) },
        ),
        ("minimal", Event::ShipmentDispatched { shipment_id: id(3), carrier: None, tracking: None }),
        ("full", Event::ShipmentDelivered { shipment_id: id(3) }),
        ("minimal", Event::ShipmentDelivered { shipment_id: id(3) }),
        ("full", Event::ShipmentLost { shipment_id: id(3) }),
        ("minimal", Event::ShipmentLost { shipment_id: id(3) }),
        ("full", Event::ReturnRequested { return_id: id(4), lines: lines(&[(1, 2)]), reason: text("too small") }),
        ("minimal", Event::ReturnRequested { return_id: id(4), lines: Vec::new(), reason: String::new() }),
        ("full", Event::ReturnReceived { return_id: id(4), lines: lines(&[(1, 2)]), condition: Condition::Sellable, location: location() }),
        ("minimal", Event::ReturnReceived { return_id: id(4), lines: Vec::new(), condition: Condition::Damaged, location: None }),
        ("full", Event::ReturnRejected { return_id: id(4), reason: text("worn") }),
        ("minimal", Event::ReturnRejected { return_id: id(4), reason: String::new() }),
    ]
}

fn attempts() -> Vec<(&'static str, PaymentFact)> {
    let started = |method: &str, amount| PaymentFact::Started {
        payment_id: id(5),
        attempt_id: id(6),
        provider: name("bank"),
        method_ref: name(method),
        amount,
    };
    let pending = |why| PaymentFact::Pending { attempt_id: id(6), why };
    let failed = |code, retryable| PaymentFact::Failed { attempt_id: id(6), code, retryable };
    vec![
        ("full", started("tok_visa", pence(5_010))),
        ("minimal", started("m", Money::from_minor(1, Currency::JPY))),
        ("full", pending(PendingWhy::ActionRequired { url: "https://bank.example/3ds?attempt=7&lang=en".to_owned() })),
        ("minimal", pending(PendingWhy::Pending)),
        ("unknown", pending(PendingWhy::Unknown)),
        (
            "full",
            PaymentFact::Authorized { attempt_id: id(6), amount: pence(5_010), expires_at: Some(soon()), reference: Some(name("auth_42")) },
        ),
        ("minimal", PaymentFact::Authorized { attempt_id: id(6), amount: pence(5_010), expires_at: None, reference: None }),
        ("full", failed(FailureCode::InsufficientFunds, true)),
        ("minimal", failed(FailureCode::Abandoned, false)),
        ("full", PaymentFact::AuthorizationVoided { attempt_id: id(6), amount: pence(10) }),
        ("minimal", PaymentFact::AuthorizationVoided { attempt_id: id(6), amount: Money::from_minor(1, Currency::JPY) }),
        ("full", PaymentFact::AuthorizationExpired { attempt_id: id(6), amount: pence(10) }),
        ("minimal", PaymentFact::AuthorizationExpired { attempt_id: id(6), amount: Money::from_minor(1, Currency::JPY) }),
    ]
}

fn captures() -> Vec<(&'static str, PaymentFact)> {
    let amount = pence(1_530);
    let started = |shipment_id| PaymentFact::CaptureStarted { capture_id: id(7), attempt_id: id(6), amount, shipment_id };
    let captured = |reference| PaymentFact::Captured { capture_id: id(7), attempt_id: id(6), amount, reference };
    let granted = |lines, parts, replaces| PaymentFact::RefundGranted {
        refund_id: id(8),
        cause: RefundCause::Return,
        amount,
        lines,
        parts,
        replaces,
    };
    let part = |last, minor| RefundPart { capture_id: id(last), amount: pence(minor) };
    vec![
        ("full", started(Some(id(3)))),
        ("minimal", started(None)),
        ("full", captured(Some(name("ch_42")))),
        ("minimal", captured(None)),
        ("full", PaymentFact::CaptureFailed { capture_id: id(7), code: FailureCode::AuthorizationGone }),
        ("minimal", PaymentFact::CaptureFailed { capture_id: id(7), code: FailureCode::Refused }),
        ("full", granted(lines(&[(1, 2), (2, 1)]), vec![part(7, 1_500), part(9, 30)], Some(id(10)))),
        ("minimal", granted(Vec::new(), Vec::new(), None)),
        ("full", PaymentFact::RefundIssued { refund_id: id(8), capture_id: id(7), amount }),
        ("minimal", PaymentFact::RefundIssued { refund_id: id(8), capture_id: id(7), amount: Money::from_minor(1, Currency::JPY) }),
        ("full", PaymentFact::RefundFailed { refund_id: id(8), capture_id: id(7), code: FailureCode::NotFound }),
        ("minimal", PaymentFact::RefundFailed { refund_id: id(8), capture_id: id(7), code: FailureCode::Operator }),
    ]
}

/// Of every type of an order's stream at least `full` and `minimal`.
pub(super) fn order_events() -> Vec<(&'static str, Event)> {
    let facts = facts().into_iter().map(|(sample, fact)| (sample, Event::Payment(fact)));
    placement().into_iter().chain(goods()).chain(facts).collect()
}

/// Of every type of a payment's stream at least `full` and `minimal`.
pub(super) fn facts() -> Vec<(&'static str, PaymentFact)> {
    attempts().into_iter().chain(captures()).collect()
}

/// Of every type of a saga's stream at least `full` and `minimal`.
pub(super) fn saga_events() -> Vec<(&'static str, saga::Event)> {
    let stuck =
        |failures, error: &str| saga::Event::SagaStuck { kind: "reverse".into(), step: "void".into(), failures, error: error.to_owned() };
    let note = Some("voided in the provider's console".to_owned());
    vec![
        ("full", stuck(9, "timed out")),
        ("minimal", stuck(0, "")),
        ("full", saga::Event::SagaResolved { verb: saga::Verb::Force, note }),
        ("minimal", saga::Event::SagaResolved { verb: saga::Verb::Retry, note: None }),
    ]
}

/// Of every type of a consumer's stream at least `full` and `minimal`.
pub(super) fn consumer_events() -> Vec<(&'static str, consumer::Event)> {
    let key = || format!("order/{}", id::<crate::id::OrderId>(1));
    let reset = |positions, note| consumer::Event::ConsumerReset { consumer: name("mailer"), positions, note };
    let replayed = |note| consumer::Event::ParkedReplayed { consumer: name("mailer"), shard: 2, key: key(), note };
    let dropped = |note| consumer::Event::ParkedDropped { consumer: name("mailer"), shard: 2, position: 17, key: key(), note };
    let note = || Some("the address is right now".to_owned());
    vec![
        ("full", reset(vec![0, 17, 4_000_000_000], note())),
        ("minimal", reset(Vec::new(), None)),
        ("full", replayed(note())),
        ("minimal", replayed(None)),
        ("full", dropped(note())),
        ("minimal", dropped(None)),
    ]
}

pub(super) fn carts() -> Vec<(&'static str, Cart)> {
    let cart = |customer, lines| Cart {
        id: id(2),
        revision: Revision(3),
        customer,
        currency: Currency::GBP,
        lines,
        created_at: time("2026-11-20T18:00:00Z"),
        updated_at: soon(),
        expires_at: time("2026-12-20T18:00:00Z"),
    };
    let line = |sku: &str, qty| CartLine { sku: Sku::new(sku).unwrap(), qty: units(qty) };
    vec![("full", cart(Some(name("17850")), vec![line("85123A", 6), line("POST", 1)])), ("minimal", cart(None, Vec::new()))]
}

pub(super) fn items() -> Vec<(&'static str, Item)> {
    let prices = BTreeMap::from([(Currency::GBP, pence(255)), (Currency::JPY, Money::from_minor(480, Currency::JPY))]);
    let item = |prices, active| Item {
        sku: name("85123A"),
        title: "WHITE HANGING HEART T-LIGHT HOLDER".to_owned(),
        kind: ItemKind::Stocked,
        prices,
        active,
        updated_at: soon(),
    };
    vec![("full", item(prices, true)), ("minimal", item(BTreeMap::new(), false))]
}

pub(super) fn personal() -> Vec<(&'static str, PersonalData)> {
    let text = |text: &str| Some(text.to_owned());
    let address = Address {
        line1: "1 High Street".to_owned(),
        line2: text("Flat 2"),
        city: "York".to_owned(),
        region: text("Yorkshire"),
        postal_code: text("YO1 7HH"),
        country: "GB".to_owned(),
    };
    let full = PersonalData {
        name: text("Zoë Example"),
        email: text("zoe@example.com"),
        phone: text("+44 20 7946 0000"),
        address: Some(address),
        note: text("leave it\nwith the porter"),
        metadata: BTreeMap::from([("gift".to_owned(), "yes".to_owned()), ("wrap".to_owned(), String::new())]),
    };
    vec![("full", full), ("minimal", PersonalData::default())]
}
