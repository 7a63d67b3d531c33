//! From a decision to the change set that makes it true.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::Error;
use crate::engine::aggregate::PaymentRoot;
use crate::fact::{PaymentFact, RefundPart};
use crate::id::{EventId, MerchantId, OrderId, PaymentId, WorkerId};
use crate::order::{Event, Order, Placement, Policy, ShipmentState};
use crate::payment::Payment;
use crate::ports::{
    Append, Expected, KindVersion, NewEvent, NewSaga, OrderRow, PaymentRow, RefundRow, ReturnRow, SagaId, SagaWrite, ShipmentRow, StreamId,
    StreamName, Version, ViewRow,
};
use crate::saga::{State, Task, VERSION};
use crate::stored;
use crate::tender::{Attempt, RefundState, Tenders};
use crate::time::Timestamp;

/// Which payment a fact belongs to; a refund through several payments is told to each with its own parts.
pub(super) fn facts_by_payment(tenders: &Tenders, events: &[Event]) -> Result<Vec<(PaymentId, PaymentFact)>, Error> {
    let by_attempt = |id| tenders.attempt(id).map(|a| a.payment_id).ok_or_else(|| Error::stored("a fact names an unknown attempt"));
    let by_capture = |id| {
        let capture = tenders.capture(id).ok_or_else(|| Error::stored("a fact names an unknown capture"))?;
        by_attempt(capture.attempt_id)
    };
    let mut facts = Vec::new();
    for event in events {
        let Event::Payment(fact) = event else { continue };
        match fact {
            PaymentFact::Started { payment_id, .. } => facts.push((*payment_id, fact.clone())),
            PaymentFact::Pending { attempt_id, .. }
            | PaymentFact::Authorized { attempt_id, .. }
            | PaymentFact::Failed { attempt_id, .. }
            | PaymentFact::CaptureStarted { attempt_id, .. }
            | PaymentFact::Captured { attempt_id, .. }
            | PaymentFact::AuthorizationVoided { attempt_id, .. }
            | PaymentFact::AuthorizationExpired { attempt_id, .. } => facts.push((by_attempt(*attempt_id)?, fact.clone())),
            PaymentFact::CaptureFailed { capture_id, .. }
            | PaymentFact::RefundIssued { capture_id, .. }
            | PaymentFact::RefundFailed { capture_id, .. } => facts.push((by_capture(*capture_id)?, fact.clone())),
            PaymentFact::RefundGranted { refund_id, cause, amount, lines, parts, replaces } => {
                let mut shares: BTreeMap<PaymentId, Vec<RefundPart>> = BTreeMap::new();
                for part in parts {
                    shares.entry(by_capture(part.capture_id)?).or_default().push(*part);
                }
                for (payment, parts) in shares {
                    let minor = parts.iter().map(|part| part.amount.minor()).sum();
                    let amount = crate::money::Money::from_minor(minor, amount.currency());
                    let (refund_id, cause, lines, replaces) = (*refund_id, *cause, lines.clone(), *replaces);
                    facts.push((payment, PaymentFact::RefundGranted { refund_id, cause, amount, lines, parts, replaces }));
                }
            }
        }
    }
    Ok(facts)
}

/// The appends of an order's events, and of its payments' facts.
pub(super) fn appends(
    merchant: &MerchantId,
    order: OrderId,
    version: Version,
    events: &[Event],
    payments: &BTreeMap<PaymentId, PaymentRoot>,
    facts: &[(PaymentId, PaymentFact)],
    fresh: &(dyn Fn() -> uuid::Uuid + Sync),
) -> Result<Vec<Append>, Error> {
    let mut appends = Vec::new();
    if !events.is_empty() {
        let encoded: Result<Vec<NewEvent>, Error> =
            events.iter().map(|event| Ok(stored::encode_order(event).map_err(Error::stored)?.with_id(EventId::new(fresh())))).collect();
        appends.push(append(merchant, StreamName::Order(order), version, encoded?));
    }
    appends.extend(payment_appends(merchant, payments, facts, fresh)?);
    Ok(appends)
}

/// The appends of payments' facts, one for each payment.
pub(super) fn payment_appends(
    merchant: &MerchantId,
    payments: &BTreeMap<PaymentId, PaymentRoot>,
    facts: &[(PaymentId, PaymentFact)],
    fresh: &(dyn Fn() -> uuid::Uuid + Sync),
) -> Result<Vec<Append>, Error> {
    let mut by_payment: BTreeMap<PaymentId, Vec<NewEvent>> = BTreeMap::new();
    for (payment, fact) in facts {
        let event = stored::encode_payment(fact).map_err(Error::stored)?.with_id(EventId::new(fresh()));
        by_payment.entry(*payment).or_default().push(event);
    }
    let at = |id: &PaymentId| payments.get(id).map_or(Version(0), |root| root.version);
    Ok(by_payment.into_iter().map(|(id, events)| append(merchant, StreamName::Payment(id), at(&id), events)).collect())
}

fn append(merchant: &MerchantId, name: StreamName, version: Version, events: Vec<NewEvent>) -> Append {
    let expected = if version == Version(0) { Expected::New } else { Expected::At(version) };
    Append { stream: StreamId { merchant: merchant.clone(), name }, expected, events }
}

/// The sagas that an order's events begin or wake.
pub(super) struct SagaWrites {
    pub(super) begun: Vec<State>,
    pub(super) woken: Vec<Task>,
}

pub(super) fn sagas(before: Option<&Order>, after: &Order, events: &[Event], now: Timestamp) -> SagaWrites {
    let mut begun: Vec<Task> = events
        .iter()
        .filter_map(|event| match event {
            Event::Payment(fact) => fact_task(fact),
            Event::ShipmentCreated { shipment_id, .. } => Some(Task::Ship(*shipment_id)),
            _ => None,
        })
        .collect();
    let was = |id| before.and_then(|order| order.tenders.attempt(id)?.approval()).is_some_and(|approval| approval.reversing);
    let reversing = after.tenders.attempts.iter().filter(|a| a.approval().is_some_and(|approval| approval.reversing));
    let left = |attempt: &Attempt| attempt.approval().is_some_and(|approval| approval.left() > 0);
    begun.extend(reversing.clone().filter(|a| !was(a.id) && left(a)).map(|a| Task::Reverse(a.id)));

    let mut woken = BTreeSet::new();
    if after.placement == Placement::Confirmed && after.covered() && !after.busy() {
        woken.extend(after.shipments.iter().filter(|s| s.state == ShipmentState::Packed).map(|s| Task::Ship(s.id)));
    }
    if events.iter().any(|event| matches!(event, Event::ShipmentCancelled { .. })) {
        woken.extend(after.shipments.iter().filter(|s| s.state == ShipmentState::Cancelled).map(|s| Task::Ship(s.id)));
    }
    // one that waited for the capture of all that was left has nothing more to do, and ends
    if before.is_some_and(|order| order.capture_open()) && !after.capture_open() {
        woken.extend(reversing.map(|a| Task::Reverse(a.id)));
    }
    woken.retain(|task| !begun.contains(task));
    SagaWrites { begun: begun.into_iter().map(|task| State::new(task, now)).collect(), woken: woken.into_iter().collect() }
}

/// The saga that a fact begins.
pub(super) const fn fact_task(fact: &PaymentFact) -> Option<Task> {
    match fact {
        PaymentFact::Started { attempt_id, .. } => Some(Task::Collect(*attempt_id)),
        PaymentFact::CaptureStarted { capture_id, .. } => Some(Task::Capture(*capture_id)),
        PaymentFact::RefundGranted { refund_id, .. } => Some(Task::Refund(*refund_id)),
        PaymentFact::Pending { .. }
        | PaymentFact::Authorized { .. }
        | PaymentFact::Failed { .. }
        | PaymentFact::Captured { .. }
        | PaymentFact::CaptureFailed { .. }
        | PaymentFact::AuthorizationVoided { .. }
        | PaymentFact::AuthorizationExpired { .. }
        | PaymentFact::RefundIssued { .. }
        | PaymentFact::RefundFailed { .. } => None,
    }
}

/// The row of a saga that begins, leased to the process that runs it at once.
pub(super) fn new_saga(
    state: &State,
    order: Option<OrderId>,
    payment: Option<PaymentId>,
    lease: (WorkerId, u64),
    now: Timestamp,
) -> Result<NewSaga, Error> {
    Ok(NewSaga {
        id: SagaId(state.task.saga_uuid()),
        kind: KindVersion { kind: state.kind(), version: VERSION },
        order,
        payment,
        state: stored::encode_saga_state(state).map_err(Error::stored)?,
        due: Some(now),
        leased_to: Some(lease),
    })
}

pub(super) fn wake(task: Task, now: Timestamp) -> SagaWrite {
    SagaWrite::Wake { id: SagaId(task.saga_uuid()), due: now }
}

/// The rows that show an order and what belongs to it, as far as the events touched them.
pub(super) fn views(id: OrderId, version: Version, after: &Order, events: &[Event], policy: &Policy) -> Vec<ViewRow> {
    let mut rows = vec![ViewRow::Order(order_row(id, version, after, policy))];
    let mut shipments = BTreeSet::new();
    let mut returns = BTreeSet::new();
    for event in events {
        match event {
            Event::ShipmentCreated { shipment_id, .. }
            | Event::ShipmentCancelled { shipment_id }
            | Event::ShipmentDispatched { shipment_id, .. }
            | Event::ShipmentDelivered { shipment_id }
            | Event::ShipmentLost { shipment_id } => {
                shipments.insert(*shipment_id);
            }
            Event::ReturnRequested { return_id, .. }
            | Event::ReturnReceived { return_id, .. }
            | Event::ReturnRejected { return_id, .. } => {
                returns.insert(*return_id);
            }
            _ => {}
        }
    }
    rows.extend(
        after
            .shipments
            .iter()
            .filter(|s| shipments.contains(&s.id))
            .map(|s| ViewRow::Shipment(ShipmentRow { id: s.id, order: id, status: s.state.name().to_owned() })),
    );
    rows.extend(
        after
            .returns
            .iter()
            .filter(|r| returns.contains(&r.id))
            .map(|r| ViewRow::Return(ReturnRow { id: r.id, order: id, status: r.status().to_owned() })),
    );
    rows
}

/// An order as lists show it.
pub(super) fn order_row(id: OrderId, version: Version, order: &Order, policy: &Policy) -> OrderRow {
    OrderRow {
        id,
        customer: order.customer_id.clone(),
        status: order.headline().as_str().to_owned(),
        placed_at: order.placed_at,
        updated_at: order.updated_at,
        version,
        due: order.due_at(policy),
        total: order.money(order.total()),
        doc: summary(&[order.payment_status().as_str(), order.fulfillment_status().as_str(), order.return_status().as_str()]),
    }
}

/// The axes of an order, joined by spaces: what its row shows beside the headline.
fn summary(words: &[&str]) -> Vec<u8> {
    words.join(" ").into_bytes()
}

/// The rows that show payments and their refunds.
pub(super) fn payment_views(
    order: Option<OrderId>,
    touched: &[(PaymentId, PaymentFact)],
    after: &BTreeMap<PaymentId, PaymentRoot>,
) -> Vec<ViewRow> {
    let ids: BTreeSet<PaymentId> = touched.iter().map(|(id, _)| *id).collect();
    let mut rows = Vec::new();
    for root in ids.iter().filter_map(|id| after.get(id)) {
        rows.push(ViewRow::Payment(payment_row(order, root)));
        let named = |refund: &crate::tender::Refund| {
            touched.iter().any(|(id, fact)| {
                *id == root.payment.id
                    && matches!(fact, PaymentFact::RefundGranted { refund_id, .. } | PaymentFact::RefundIssued { refund_id, .. }
                        | PaymentFact::RefundFailed { refund_id, .. } if *refund_id == refund.id)
            })
        };
        rows.extend(root.payment.tenders.refunds.iter().filter(|r| named(r)).map(|r| ViewRow::Refund(refund_row(order, &root.payment, r))));
    }
    rows
}

/// A payment as lists show it.
pub(super) fn payment_row(order: Option<OrderId>, root: &PaymentRoot) -> PaymentRow {
    let payment = &root.payment;
    PaymentRow {
        id: payment.id,
        order,
        status: payment.state().as_str().to_owned(),
        created_at: payment.created_at,
        updated_at: payment.updated_at,
        version: root.version,
        doc: Vec::new(),
    }
}

/// A refund as reads find it.
pub(super) fn refund_row(order: Option<OrderId>, payment: &Payment, refund: &crate::tender::Refund) -> RefundRow {
    let amount = crate::money::Money::from_minor(refund.sum(|_| true), payment.currency);
    RefundRow { id: refund.id, payment: payment.id, order, status: refund.status().to_owned(), amount }
}

impl crate::tender::Refund {
    /// Where it stands.
    pub fn status(&self) -> &'static str {
        if self.sum(|state| state == RefundState::Open) > 0 {
            "pending"
        } else if self.sum(|state| state == RefundState::Issued) == self.sum(|_| true) {
            "issued"
        } else if self.sum(|state| state == RefundState::Issued) > 0 {
            "partially_failed"
        } else {
            "failed"
        }
    }
}
