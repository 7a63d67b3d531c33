//! Arbitrary values of everything that is stored.

use std::collections::BTreeMap;
use std::fmt::Debug;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use crate::cart::{Cart, CartLine, Revision};
use crate::catalogue::Item;
use crate::consumer;
use crate::fact::{FailureCode, PaymentFact, PendingWhy, RefundCause, RefundPart};
use crate::goods::ItemKind;
use crate::id::{
    AttemptId, CaptureId, CartId, ConsumerName, CustomerId, LineId, LocationId, MethodRef, PaymentId, PersonalRef, ProviderName,
    ProviderRef, RefundId, ReturnId, ShipmentId, Sku,
};
use crate::money::{Currency, Money};
use crate::order::{
    Adjustment, AdjustmentKind, Assessment, CancelReason, CapturePolicy, Condition, Edited, Event, HoldReason, LineChange, LineItem,
    Placed, RiskVerdict, Stage, Terms,
};
use crate::personal::{Address, PersonalData};
use crate::quantity::{LineQty, Quantity};
use crate::saga;
use crate::time::Timestamp;

fn uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn text() -> impl Strategy<Value = String> {
    vec(prop_oneof![any::<char>(), prop::char::range('\0', '~')], 0..12).prop_map(String::from_iter)
}

fn words() -> impl Strategy<Value = Vec<String>> {
    vec(text(), 0..3)
}

/// Up to 32 characters that every named id allows; `printable` adds those that only some allow.
fn id_text(printable: bool) -> impl Strategy<Value = String> {
    let chars: Vec<char> = if printable { "aZ09_-.\"\\/é€😀{}'".chars().collect() } else { "aZ09_-.".chars().collect() };
    vec(select(chars), 1..=32).prop_map(String::from_iter)
}

fn named<T: Debug, E: Debug>(printable: bool, new: fn(&str) -> Result<T, E>) -> impl Strategy<Value = T> {
    id_text(printable).prop_map(move |text| new(&text).unwrap())
}

fn any_of<T: Copy + Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    select(all)
}

fn time() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp::from_micros)
}

fn quantity() -> impl Strategy<Value = Quantity> {
    (1..=Quantity::MAX.get()).prop_map(|units| Quantity::new(units).unwrap())
}

fn currency() -> impl Strategy<Value = Currency> {
    select(vec![Currency::GBP, Currency::USD, Currency::EUR, Currency::JPY])
}

fn amount(currency: Currency) -> impl Strategy<Value = Money> {
    any::<i64>().prop_map(move |minor| Money::from_minor(minor, currency))
}

fn any_amount() -> impl Strategy<Value = Money> {
    currency().prop_flat_map(amount)
}

fn lines() -> impl Strategy<Value = Vec<LineQty>> {
    vec((any::<u32>(), quantity()).prop_map(|(line, qty)| LineQty { line_id: LineId(line), qty }), 0..4)
}

fn adjustments(currency: Currency) -> impl Strategy<Value = Vec<Adjustment>> {
    let one = (any_of(AdjustmentKind::ALL), amount(currency), any::<bool>());
    vec(one.prop_map(|(kind, amount, included)| Adjustment { kind, amount, included }), 0..3)
}

fn items(currency: Currency) -> impl Strategy<Value = Vec<LineItem>> {
    let goods = (named(true, Sku::new), text(), any_of(ItemKind::ALL));
    let item = (any::<u32>(), goods, quantity(), amount(currency), adjustments(currency));
    let item = item.prop_map(|(line, (sku, title, kind), qty, unit_price, adjustments)| LineItem {
        line_id: LineId(line),
        sku,
        title,
        kind,
        qty,
        unit_price,
        adjustments,
    });
    vec(item, 0..4)
}

fn placed() -> impl Strategy<Value = Event> {
    let who = (option::of(named(true, CustomerId::new)), option::of(uuid().prop_map(PersonalRef::new)));
    let from = (option::of(uuid().prop_map(CartId::new)), text(), option::of(named(true, MethodRef::new)));
    let sums = currency().prop_flat_map(|c| (Just(c), items(c), adjustments(c), amount(c)));
    let how = (any_of(Terms::ALL), any_of(CapturePolicy::ALL), time());
    (who, from, sums, how).prop_map(|(who, from, sums, how)| {
        Event::OrderPlaced(Box::new(Placed {
            customer_id: who.0,
            personal_ref: who.1,
            currency: sums.0,
            cart_id: from.0,
            channel: from.1,
            method_ref: from.2,
            lines: sums.1,
            adjustments: sums.2,
            total: sums.3,
            terms: how.0,
            capture_policy: how.1,
            pay_by: how.2,
        }))
    })
}

fn changes(currency: Currency) -> impl Strategy<Value = Vec<LineChange>> {
    let change = (any::<u32>(), option::of(quantity()), option::of(amount(currency)), option::of(adjustments(currency)));
    let change = change.prop_map(|(line, qty, unit_price, adjustments)| LineChange { line_id: LineId(line), qty, unit_price, adjustments });
    vec(change, 0..3)
}

fn edited() -> impl Strategy<Value = Event> {
    let sums = currency().prop_flat_map(|c| (items(c), changes(c), option::of(adjustments(c)), amount(c)));
    (sums, vec(any::<u32>().prop_map(LineId), 0..3), option::of(uuid().prop_map(PersonalRef::new))).prop_map(
        |((added, changed, adjustments, total), removed, personal_ref)| {
            Event::OrderEdited(Box::new(Edited { added, changed, removed, adjustments, personal_ref, total }))
        },
    )
}

fn placement() -> impl Strategy<Value = Event> {
    let assessment = (any_of(RiskVerdict::ALL), any::<u16>(), words());
    let cancelled = (lines(), text(), currency().prop_flat_map(|c| (amount(c), amount(c))));
    prop_oneof![
        placed(),
        assessment.prop_map(|(verdict, score, reasons)| Event::RiskAssessed(Assessment { verdict, score, reasons })),
        (any_of(HoldReason::ALL), any_of(Stage::ALL), option::of(time())).prop_map(|(reason, resume, until)| Event::OrderHeld {
            reason,
            resume,
            until
        }),
        (any_of(Stage::ALL), option::of(time())).prop_map(|(to, pay_by)| Event::OrderResumed { to, pay_by }),
        Just(Event::OrderConfirmed),
        text().prop_map(|reason| Event::OrderRejected { reason }),
        edited(),
        cancelled.prop_map(|(lines, reason, (value, total))| Event::LinesCancelled { lines, reason, value, total }),
        any_of(CancelReason::ALL).prop_map(|reason| Event::OrderCancelled { reason }),
        Just(Event::OrderCompleted),
    ]
}

fn shipment() -> impl Strategy<Value = Event> {
    let id = || uuid().prop_map(ShipmentId::new);
    prop_oneof![
        (id(), option::of(named(false, LocationId::new)), lines()).prop_map(|(shipment_id, location, lines)| Event::ShipmentCreated {
            shipment_id,
            location,
            lines
        }),
        id().prop_map(|shipment_id| Event::ShipmentCancelled { shipment_id }),
        (id(), option::of(text()), option::of(text())).prop_map(|(shipment_id, carrier, tracking)| Event::ShipmentDispatched {
            shipment_id,
            carrier,
            tracking
        }),
        id().prop_map(|shipment_id| Event::ShipmentDelivered { shipment_id }),
        id().prop_map(|shipment_id| Event::ShipmentLost { shipment_id }),
    ]
}

fn returned() -> impl Strategy<Value = Event> {
    let id = || uuid().prop_map(ReturnId::new);
    prop_oneof![
        (id(), lines(), text()).prop_map(|(return_id, lines, reason)| Event::ReturnRequested { return_id, lines, reason }),
        (id(), lines(), any_of(Condition::ALL), option::of(named(false, LocationId::new)))
            .prop_map(|(return_id, lines, condition, location)| Event::ReturnReceived { return_id, lines, condition, location }),
        (id(), text()).prop_map(|(return_id, reason)| Event::ReturnRejected { return_id, reason }),
    ]
}

fn attempt() -> impl Strategy<Value = PaymentFact> {
    let id = || uuid().prop_map(AttemptId::new);
    let by = (named(false, ProviderName::new), named(true, MethodRef::new));
    let why = prop_oneof![text().prop_map(|url| PendingWhy::ActionRequired { url }), Just(PendingWhy::Pending), Just(PendingWhy::Unknown)];
    prop_oneof![
        (uuid(), id(), by, any_amount()).prop_map(|(payment, attempt_id, (provider, method_ref), amount)| PaymentFact::Started {
            payment_id: PaymentId::new(payment),
            attempt_id,
            provider,
            method_ref,
            amount
        }),
        (id(), why).prop_map(|(attempt_id, why)| PaymentFact::Pending { attempt_id, why }),
        (id(), any_amount(), option::of(time()), option::of(named(true, ProviderRef::new)))
            .prop_map(|(attempt_id, amount, expires_at, reference)| PaymentFact::Authorized { attempt_id, amount, expires_at, reference }),
        (id(), any_of(FailureCode::ALL), any::<bool>()).prop_map(|(attempt_id, code, retryable)| PaymentFact::Failed {
            attempt_id,
            code,
            retryable
        }),
        (id(), any_amount()).prop_map(|(attempt_id, amount)| PaymentFact::AuthorizationVoided { attempt_id, amount }),
        (id(), any_amount()).prop_map(|(attempt_id, amount)| PaymentFact::AuthorizationExpired { attempt_id, amount }),
    ]
}

fn capture() -> impl Strategy<Value = PaymentFact> {
    let ids = || (uuid().prop_map(CaptureId::new), uuid().prop_map(AttemptId::new));
    prop_oneof![
        (ids(), any_amount(), option::of(uuid().prop_map(ShipmentId::new))).prop_map(|((capture_id, attempt_id), amount, shipment_id)| {
            PaymentFact::CaptureStarted { capture_id, attempt_id, amount, shipment_id }
        }),
        (ids(), any_amount(), option::of(named(true, ProviderRef::new))).prop_map(|((capture_id, attempt_id), amount, reference)| {
            PaymentFact::Captured { capture_id, attempt_id, amount, reference }
        }),
        (uuid(), any_of(FailureCode::ALL))
            .prop_map(|(capture, code)| PaymentFact::CaptureFailed { capture_id: CaptureId::new(capture), code }),
    ]
}

fn refund() -> impl Strategy<Value = PaymentFact> {
    let ids = || (uuid().prop_map(RefundId::new), uuid().prop_map(CaptureId::new));
    let part = |c| (uuid(), amount(c)).prop_map(|(capture, amount)| RefundPart { capture_id: CaptureId::new(capture), amount });
    let sums = currency().prop_flat_map(move |c| (amount(c), vec(part(c), 0..3)));
    prop_oneof![
        (uuid(), any_of(RefundCause::ALL), sums, lines(), option::of(uuid().prop_map(RefundId::new))).prop_map(
            |(refund, cause, (amount, parts), lines, replaces)| PaymentFact::RefundGranted {
                refund_id: RefundId::new(refund),
                cause,
                amount,
                lines,
                parts,
                replaces
            }
        ),
        (ids(), any_amount()).prop_map(|((refund_id, capture_id), amount)| PaymentFact::RefundIssued { refund_id, capture_id, amount }),
        (ids(), any_of(FailureCode::ALL)).prop_map(|((refund_id, capture_id), code)| PaymentFact::RefundFailed {
            refund_id,
            capture_id,
            code
        }),
    ]
}

/// Any fact of a payment.
pub(crate) fn facts() -> impl Strategy<Value = PaymentFact> {
    prop_oneof![2 => attempt(), 1 => capture(), 1 => refund()]
}

/// Any event of an order, mirrors included.
pub(crate) fn events() -> impl Strategy<Value = Event> {
    prop_oneof![10 => placement(), 5 => shipment(), 3 => returned(), 12 => facts().prop_map(Event::Payment)]
}

/// Any event of a saga.
pub(crate) fn saga_events() -> impl Strategy<Value = saga::Event> {
    prop_oneof![
        (text(), text(), any::<u32>(), text()).prop_map(|(kind, step, failures, error)| saga::Event::SagaStuck {
            kind: kind.into(),
            step: step.into(),
            failures,
            error
        }),
        (any_of(saga::Verb::ALL), option::of(text())).prop_map(|(verb, note)| saga::Event::SagaResolved { verb, note }),
    ]
}

/// Any event of a consumer.
pub(crate) fn consumer_events() -> impl Strategy<Value = consumer::Event> {
    let head = || (named(false, ConsumerName::new), option::of(text()));
    prop_oneof![
        (head(), vec(any::<u64>(), 0..4)).prop_map(|((consumer, note), positions)| consumer::Event::ConsumerReset {
            consumer,
            positions,
            note
        }),
        (head(), any::<u16>(), text()).prop_map(|((consumer, note), shard, key)| consumer::Event::ParkedReplayed {
            consumer,
            shard,
            key,
            note
        }),
        (head(), any::<u16>(), any::<u64>(), text()).prop_map(|((consumer, note), shard, position, key)| consumer::Event::ParkedDropped {
            consumer,
            shard,
            position,
            key,
            note
        }),
    ]
}

/// Any cart.
pub(crate) fn carts() -> impl Strategy<Value = Cart> {
    let line = (named(true, Sku::new), quantity()).prop_map(|(sku, qty)| CartLine { sku, qty });
    let head = (uuid(), any::<u64>(), option::of(named(true, CustomerId::new)), currency());
    (head, vec(line, 0..4), (time(), time(), time())).prop_map(|(head, lines, times)| Cart {
        id: CartId::new(head.0),
        revision: Revision(head.1),
        customer: head.2,
        currency: head.3,
        lines,
        created_at: times.0,
        updated_at: times.1,
        expires_at: times.2,
    })
}

/// Any item.
pub(crate) fn catalogue_items() -> impl Strategy<Value = Item> {
    let prices = btree_map(currency(), any::<i64>(), 0..4).prop_map(|prices| {
        prices.into_iter().map(|(currency, minor)| (currency, Money::from_minor(minor, currency))).collect::<BTreeMap<_, _>>()
    });
    (named(true, Sku::new), text(), any_of(ItemKind::ALL), prices, any::<bool>(), time())
        .prop_map(|(sku, title, kind, prices, active, updated_at)| Item { sku, title, kind, prices, active, updated_at })
}

/// Any personal data, acceptable or not.
pub(crate) fn personal() -> impl Strategy<Value = PersonalData> {
    let address = (text(), option::of(text()), text(), option::of(text()), option::of(text()), text())
        .prop_map(|(line1, line2, city, region, postal_code, country)| Address { line1, line2, city, region, postal_code, country });
    let texts = (option::of(text()), option::of(text()), option::of(text()), option::of(text()));
    (texts, option::of(address), btree_map(text(), text(), 0..4)).prop_map(|((name, email, phone, note), address, metadata)| PersonalData {
        name,
        email,
        phone,
        address,
        note,
        metadata,
    })
}
