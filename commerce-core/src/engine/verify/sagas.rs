//! Sagas against the facts that they are for.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::verify::Check;
use crate::engine::verify::findings::{Notes, Owned, or_none};
use crate::engine::verify::replay::{self, Replayed};
use crate::engine::{Error, changes};
use crate::fact::PaymentFact;
use crate::id::{OrderId, PaymentId};
use crate::order::{Event, Order};
use crate::payment::Payment;
use crate::ports::{LIMIT_MAX_ROWS, SagaId, SagaPhase, SagaQuery, SagaRow, Store, StreamName};
use crate::saga::{self, Status, Task, Verb};
use crate::stored;
use crate::tender::{AttemptState, CaptureState, RefundState, Tenders};

/// What a saga serves.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Served {
    order: Option<OrderId>,
    payment: Option<PaymentId>,
}

/// The sagas of an order.
pub(super) async fn of_order(store: &Store, notes: &mut Notes<'_>, id: OrderId, replayed: &Replayed<Event, Order>) -> Result<(), Error> {
    let query = SagaQuery { merchant: notes.merchant.clone(), phase: None, order: Some(id) };
    let mut rows: BTreeMap<SagaId, SagaRow> = BTreeMap::new();
    let mut after = None;
    loop {
        let page = store.sagas.list(&query, after.as_ref(), LIMIT_MAX_ROWS).await;
        let Some(page) = notes.readable(Check::SagaRow, &format!("order/{id}"), page)? else { return Ok(()) };
        rows.extend(page.items.into_iter().map(|row| (row.id, row)));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let tenders = &replayed.state.tenders;
    let mut wanted: BTreeSet<Task> = replayed
        .events
        .iter()
        .filter_map(|(_, event)| match event {
            Event::Payment(fact) => changes::fact_task(fact),
            Event::ShipmentCreated { shipment_id, .. } => Some(Task::Ship(*shipment_id)),
            _ => None,
        })
        .collect();
    let reversing = tenders.attempts.iter().filter(|a| a.approval().is_some_and(|approval| approval.reversing && approval.left() > 0));
    wanted.extend(reversing.map(|attempt| Task::Reverse(attempt.id)));
    // what was given back may have had a saga or not
    let possible = tenders.attempts.iter().map(|attempt| Task::Reverse(attempt.id)).filter(|task| rows.contains_key(&id_of(*task)));
    wanted.extend(possible.collect::<Vec<_>>());
    let served = Served { order: Some(id), payment: None };
    for task in wanted {
        let row = match rows.remove(&id_of(task)) {
            Some(row) => Some(row),
            None => read(store, notes, task).await?,
        };
        judge(notes, task, served, tenders, row.as_ref());
    }
    Ok(())
}

/// The sagas of a payment without an order.
pub(super) async fn of_payment(
    store: &Store,
    notes: &mut Notes<'_>,
    id: PaymentId,
    replayed: &Replayed<PaymentFact, Payment>,
) -> Result<(), Error> {
    let tenders = &replayed.state.tenders;
    let served = Served { order: None, payment: Some(id) };
    for task in replayed.events.iter().filter_map(|(_, fact)| changes::fact_task(fact)) {
        let row = read(store, notes, task).await?;
        judge(notes, task, served, tenders, row.as_ref());
    }
    for task in tenders.attempts.iter().map(|attempt| Task::Reverse(attempt.id)) {
        if let Some(row) = read(store, notes, task).await? {
            judge(notes, task, served, tenders, Some(&row));
        }
    }
    Ok(())
}

const fn id_of(task: Task) -> SagaId {
    SagaId(task.saga_uuid())
}

async fn read(store: &Store, notes: &mut Notes<'_>, task: Task) -> Result<Option<SagaRow>, Error> {
    let id = id_of(task);
    let found = store.sagas.get(notes.merchant, id).await;
    Ok(notes.readable(Check::SagaRow, &format!("saga/{id}"), found)?.flatten())
}

fn judge(notes: &mut Notes<'_>, task: Task, served: Served, tenders: &Tenders, row: Option<&SagaRow>) {
    let (check, subject) = (Check::SagaRow, format!("saga/{}", id_of(task)));
    notes.look(check);
    let Some(row) = row else {
        return notes.differ(check, &subject, format!("a saga that {}s {}", task.kind(), task.subject()), "none");
    };
    notes.owned(Owned::Saga);
    notes.same(check, &subject, "order", &or_none(served.order), &or_none(row.order));
    notes.same(check, &subject, "payment", &or_none(served.payment), &or_none(row.payment));
    let state = match stored::decode_saga_state(&row.kind.kind, row.kind.version, &row.state) {
        Ok(state) => state,
        Err(error) => return notes.differ(check, &subject, "a state that can be read", error),
    };
    notes.same(check, &subject, "task", &format!("{:?}", task), &format!("{:?}", state.task));
    let settled = state.status == Status::Settled;
    if settled != (row.phase == SagaPhase::Done) {
        notes.differ(check, &subject, "settled exactly if done", format!("{}, {}", state.status.as_str(), row.phase));
    }
    if row.phase == SagaPhase::Running && row.due.is_none() {
        notes.differ(check, &subject, "a time at which it runs", "none, though it is running");
    }
    if row.phase == SagaPhase::Done
        && let Some(open) = still_open(task, tenders)
    {
        notes.differ(check, &subject, "done with nothing left to do", format!("done, and {open}"));
    }
}

/// What a saga that has done its work would have left undone.
fn still_open(task: Task, tenders: &Tenders) -> Option<&'static str> {
    let open = match task {
        Task::Collect(id) => tenders.attempt(id).is_some_and(|attempt| matches!(attempt.state, AttemptState::Open(_))),
        Task::Capture(id) => tenders.capture(id).is_some_and(|capture| capture.state == CaptureState::Open),
        Task::Refund(id) => tenders.refund(id).is_some_and(|refund| refund.parts.iter().any(|part| part.state == RefundState::Open)),
        Task::Reverse(id) => tenders.attempt(id).is_some_and(|attempt| tenders.voidable(attempt) > 0),
        // a shipment goes its way by commands
        Task::Ship(_) => false,
    };
    open.then_some(match task {
        Task::Collect(_) => "the attempt has no outcome",
        Task::Capture(_) => "the capture has no outcome",
        Task::Refund(_) => "a part of the refund has no outcome",
        Task::Reverse(_) | Task::Ship(_) => "money is still set aside",
    })
}

/// What was recorded about a stuck saga, and its row.
pub(super) async fn stream(store: &Store, notes: &mut Notes<'_>, id: SagaId) -> Result<(), Error> {
    let (check, subject) = (Check::SagaStream, format!("saga/{id}"));
    notes.look(check);
    let stream = replay::stream(notes.merchant, StreamName::Saga(id));
    let Some(events) = replay::read(store, &stream, check, notes).await? else { return Ok(()) };
    let mut last = None;
    for one in events {
        let event = match stored::decode_saga(&one.event.kind, one.event.kind_version, &one.event.bytes) {
            Ok(event) => event,
            Err(error) => {
                notes.differ(check, &subject, format!("{} at version {} that can be read", one.event.kind, one.version), error);
                return Ok(());
            }
        };
        let follows = match (&last, &event) {
            (None | Some(saga::Event::SagaResolved { verb: Verb::Retry, .. }), saga::Event::SagaStuck { .. })
            | (Some(saga::Event::SagaStuck { .. }), saga::Event::SagaResolved { .. }) => true,
            (None | Some(_), _) => false,
        };
        if !follows {
            notes.differ(check, &subject, format!("{} at version {} that follows", one.event.kind, one.version), "one that cannot");
        }
        last = Some(event);
    }
    let row = store.sagas.get(notes.merchant, id).await;
    let Some(row) = notes.readable(check, &subject, row)? else { return Ok(()) };
    let phase = row.map(|row| row.phase);
    let lawful = match last {
        None => true,
        Some(saga::Event::SagaStuck { .. }) => phase == Some(SagaPhase::Stuck),
        Some(saga::Event::SagaResolved { verb: Verb::Retry, .. }) => matches!(phase, Some(SagaPhase::Running | SagaPhase::Done)),
        Some(saga::Event::SagaResolved { verb: Verb::Skip | Verb::Force, .. }) => phase == Some(SagaPhase::Done),
        Some(saga::Event::SagaResolved { verb: Verb::Abandon, .. }) => phase == Some(SagaPhase::Abandoned),
    };
    if !lawful {
        notes.differ(check, &subject, "a row as the stream leaves it", format!("a row that is {}", or_none(phase)));
    }
    Ok(())
}
