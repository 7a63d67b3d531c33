//! An order's money against its payments.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::verify::Check;
use crate::engine::verify::findings::Notes;
use crate::engine::verify::payment;
use crate::engine::verify::replay::Replayed;
use crate::engine::{Error, changes};
use crate::fact::PaymentFact;
use crate::id::{OrderId, PaymentId};
use crate::order::{Event, Order};
use crate::payment::Payment;
use crate::ports::{Store, Stored};
use crate::tender::{Approval, Tenders};
use crate::time::Timestamp;

type Payments = BTreeMap<PaymentId, Replayed<PaymentFact, Payment>>;

/// Checks an order's payments, its mirrors of their facts, and its sums.
pub(super) async fn of_order(store: &Store, notes: &mut Notes<'_>, id: OrderId, replayed: &Replayed<Event, Order>) -> Result<(), Error> {
    let order = &replayed.state;
    for (_, event) in &replayed.events {
        if let Event::Payment(fact) = event {
            notes.findings.book.count(notes.merchant, fact);
        }
    }
    let mut payments = Payments::new();
    let mut whole = true;
    let ids: BTreeSet<PaymentId> = order.tenders.attempts.iter().map(|attempt| attempt.payment_id).collect();
    for payment_id in ids {
        match payment::check(store, notes, Some(id), payment_id).await? {
            Some(payment) => drop(payments.insert(payment_id, payment)),
            None => whole = false,
        }
    }
    mirrors(notes, id, replayed, &payments);
    if whole {
        sums(notes, id, order, &payments);
    }
    Ok(())
}

/// The facts that the order's mirrors tell of each payment, with their times.
fn mirrored(replayed: &Replayed<Event, Order>) -> Result<BTreeMap<PaymentId, Vec<(Timestamp, PaymentFact)>>, Error> {
    let mut told: BTreeMap<PaymentId, Vec<(Timestamp, PaymentFact)>> = BTreeMap::new();
    for (stored, event) in &replayed.events {
        for (payment, fact) in changes::facts_by_payment(&replayed.state.tenders, std::slice::from_ref(event))? {
            told.entry(payment).or_default().push((stored.meta.at, fact));
        }
    }
    Ok(told)
}

fn mirrors(notes: &mut Notes<'_>, id: OrderId, replayed: &Replayed<Event, Order>, payments: &Payments) {
    let (check, subject) = (Check::OrderMirror, format!("order/{id}"));
    notes.look(check);
    let told = match mirrored(replayed) {
        Ok(told) => told,
        Err(error) => return notes.differ(check, &subject, "mirrors of its payments' facts", error),
    };
    for (payment, mirrors) in &told {
        let Some(own) = payments.get(payment) else { continue };
        let facts: Vec<(Timestamp, &PaymentFact)> = own.events.iter().map(|(stored, fact)| (stored.meta.at, fact)).collect();
        let same = |index: usize| mirrors.get(index).map(|(at, fact)| (*at, fact)) == facts.get(index).copied();
        if let Some(index) = (0..mirrors.len().max(facts.len())).find(|index| !same(*index)) {
            let fact = own.events.get(index).map(|(stored, fact)| told_as(&stored.event.kind, stored, fact));
            let mirror = mirrors.get(index).map(|(at, fact)| format!("{} at {at}: {fact:?}", fact.name()));
            let words = |text: Option<String>| text.unwrap_or_else(|| "nothing".to_owned());
            let expected = format!("as fact {} of payment/{payment} {}", index + 1, words(fact));
            notes.differ(check, &subject, expected, words(mirror));
        }
    }
}

fn told_as(kind: &str, stored: &Stored, fact: &PaymentFact) -> String {
    format!("{kind} at {}: {fact:?}", stored.meta.at)
}

fn sums(notes: &mut Notes<'_>, id: OrderId, order: &Order, payments: &Payments) {
    let (check, subject) = (Check::OrderMoney, format!("order/{id}"));
    notes.look(check);
    let expected =
        payments.values().map(|payment| state(&payment.state.tenders)).fold([0; 4], |sum, one| std::array::from_fn(|i| sum[i] + one[i]));
    let found = state(&order.tenders);
    for (index, what) in ["set aside", "captured", "refunding", "refunded"].into_iter().enumerate() {
        notes.same(check, &subject, what, &order.money(expected[index]), &order.money(found[index]));
    }
}

/// What is set aside, captured, refunding and refunded. What an order marks as to be given back is still set aside with its payment.
fn state(tenders: &Tenders) -> [i64; 4] {
    let left = tenders.attempts.iter().filter_map(|attempt| attempt.approval()).map(Approval::left).sum();
    [left, tenders.captured(), tenders.refunding(), tenders.refunded()]
}
