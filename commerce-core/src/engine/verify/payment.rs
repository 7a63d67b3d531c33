//! One payment: its stream, its row, its caps.

use std::collections::BTreeMap;

use crate::engine::Error;
use crate::engine::aggregate::PaymentRoot;
use crate::engine::verify::findings::{Findings, Notes, Seen, settled};
use crate::engine::verify::replay::{self, Replayed};
use crate::engine::verify::sums::Sums;
use crate::engine::verify::{Check, rows, sagas};
use crate::fact::PaymentFact;
use crate::id::{AttemptId, MerchantId, OrderId, PaymentId};
use crate::payment::Payment;
use crate::ports::{Store, StreamName};

/// Checks a payment that no order's stream was seen to name; `None` if it kept changing.
pub(super) async fn alone(store: &Store, merchant: &MerchantId, id: PaymentId) -> Result<Option<Findings>, Error> {
    settled(async || {
        let mut notes = Notes::new(merchant);
        let subject = format!("payment/{id}");
        let found = store.views.payment(merchant, id).await;
        let Some(row) = notes.readable(Check::PaymentRow, &subject, found)? else { return Ok(Seen::Judged(notes.findings)) };
        if row.as_ref().is_some_and(|row| row.order.is_some()) {
            // its order's stream is where it is checked
            return Ok(Seen::Judged(notes.findings));
        }
        let Some(replayed) = check(store, &mut notes, None, id).await? else { return Ok(Seen::Judged(notes.findings)) };
        // one without a row may be an order's: it is counted there
        if row.is_some() {
            replayed.events.iter().for_each(|(_, fact)| notes.findings.book.count(merchant, fact));
            sagas::of_payment(store, &mut notes, id, &replayed).await?;
        }
        if !replay::unmoved(store, &replay::stream(merchant, StreamName::Payment(id)), replayed.version()).await? {
            return Ok(Seen::Moved);
        }
        Ok(Seen::Judged(notes.findings))
    })
    .await
}

/// Checks a payment of an order, or of none; `None` if its stream is not lawful.
pub(super) async fn check(
    store: &Store,
    notes: &mut Notes<'_>,
    order: Option<OrderId>,
    id: PaymentId,
) -> Result<Option<Replayed<PaymentFact, Payment>>, Error> {
    let stream = replay::stream(notes.merchant, StreamName::Payment(id));
    let Some(replayed) = replay::payment(store, &stream, notes).await? else { return Ok(None) };
    let subject = format!("payment/{id}");
    let found = store.views.payment(notes.merchant, id).await;
    if let Some(row) = notes.readable(Check::PaymentRow, &subject, found)? {
        let root = PaymentRoot { payment: replayed.state.clone(), version: replayed.version() };
        rows::of_payment(store, notes, order, &root, row.as_ref()).await?;
    }
    caps(notes, &subject, &replayed);
    let tenders = &replayed.state.tenders;
    notes.findings.book.of(notes.merchant, replayed.state.currency).refunding += i128::from(tenders.refunding());
    Ok(Some(replayed))
}

/// What one attempt asked for, had set aside, and had captured.
#[derive(Default)]
struct Drawn {
    asked: i64,
    sums: Sums,
}

/// The caps, counted from the facts themselves.
fn caps(notes: &mut Notes<'_>, subject: &str, replayed: &Replayed<PaymentFact, Payment>) {
    let check = Check::PaymentCaps;
    notes.look(check);
    let mut attempts: BTreeMap<AttemptId, Drawn> = BTreeMap::new();
    let mut all = Sums::default();
    for (_, fact) in &replayed.events {
        all.count(fact);
        match fact {
            PaymentFact::Started { attempt_id, amount, .. } => attempts.entry(*attempt_id).or_default().asked = amount.minor(),
            PaymentFact::Authorized { attempt_id, .. } | PaymentFact::Captured { attempt_id, .. } => {
                attempts.entry(*attempt_id).or_default().sums.count(fact);
            }
            _ => {}
        }
    }
    for (id, Drawn { asked, sums }) in &attempts {
        if sums.captured > sums.authorized || sums.authorized > i128::from(*asked) {
            let found = format!("captured {} of {} authorized of {asked} asked for", sums.captured, sums.authorized);
            notes.differ(check, subject, format!("attempt {id} captured <= authorized <= asked for"), found);
        }
    }
    let refunding = i128::from(replayed.state.tenders.refunding());
    if all.refunded + refunding > all.captured {
        let found = format!("refunded {} and refunding {refunding} of {} captured", all.refunded, all.captured);
        notes.differ(check, subject, "refunded + refunding <= captured", found);
    }
}
