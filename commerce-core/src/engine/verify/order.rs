//! One order: its stream, and all that is derived from it.

use std::collections::BTreeSet;

use crate::engine::Error;
use crate::engine::verify::findings::{Findings, Notes, Owned, Seen, or_none, settled};
use crate::engine::verify::replay::{self, Replayed};
use crate::engine::verify::{Check, goods, money, rows, sagas};
use crate::id::{MerchantId, OrderId, PersonalRef};
use crate::order::{Event, Order};
use crate::ports::{ClaimSpace, ResourceKind, ResourceRef, Store, StreamName};
use crate::stored;
use crate::time::Timestamp;

/// Checks one order; `None` if it kept changing.
pub(super) async fn check(store: &Store, merchant: &MerchantId, id: OrderId) -> Result<Option<Findings>, Error> {
    settled(async || {
        let mut notes = Notes::new(merchant);
        let stream = replay::stream(merchant, StreamName::Order(id));
        let Some(replayed) = replay::order(store, &stream, &mut notes).await? else { return Ok(Seen::Judged(notes.findings)) };
        rows::of_order(store, &mut notes, id, replayed.version(), &replayed.state).await?;
        money::of_order(store, &mut notes, id, &replayed).await?;
        sagas::of_order(store, &mut notes, id, &replayed).await?;
        goods::of_order(store, &mut notes, id, &replayed).await?;
        personal(store, &mut notes, id, &replayed).await?;
        cart(store, &mut notes, id, &replayed.state).await?;
        if !replay::unmoved(store, &stream, replayed.version()).await? {
            return Ok(Seen::Moved);
        }
        Ok(Seen::Judged(notes.findings))
    })
    .await
}

/// The personal data that an order ever named.
pub(super) fn references(replayed: &Replayed<Event, Order>) -> BTreeSet<PersonalRef> {
    let named = |event: &Event| match event {
        Event::OrderPlaced(placed) => placed.personal_ref,
        Event::OrderEdited(edited) => edited.personal_ref,
        _ => None,
    };
    replayed.events.iter().filter_map(|(_, event)| named(event)).collect()
}

async fn personal(store: &Store, notes: &mut Notes<'_>, id: OrderId, replayed: &Replayed<Event, Order>) -> Result<(), Error> {
    let check = Check::PersonalReference;
    let customer = replayed.state.customer_id.as_ref();
    for reference in references(replayed) {
        let subject = format!("personal/{reference}");
        notes.look(check);
        let found = store.personal.get(notes.merchant, reference).await;
        let Some(found) = notes.readable(check, &subject, found)? else { continue };
        let Some(row) = found else {
            // only what is a customer's can be erased
            if customer.is_none() {
                notes.differ(check, &subject, format!("a row, named by order/{id}"), "none, though it is no customer's");
            }
            continue;
        };
        notes.owned(Owned::Personal);
        if let Err(error) = stored::decode_personal(&row.bytes) {
            notes.differ(check, &subject, "personal data that can be read", error);
        }
        notes.same(check, &subject, "order", &or_none(Some(id)), &or_none(row.order));
        if row.customer.as_ref() != customer {
            notes.differ(check, &subject, format!("the customer of order/{id}"), "another");
        }
    }
    Ok(())
}

/// A cart that became this order became no other.
async fn cart(store: &Store, notes: &mut Notes<'_>, id: OrderId, order: &Order) -> Result<(), Error> {
    let Some(cart) = order.cart_id else { return Ok(()) };
    let (check, key) = (Check::ClaimOwner, cart.to_string());
    let subject = format!("claim/{}/{key}", ClaimSpace::Cart);
    notes.look(check);
    let found = store.views.claim(notes.merchant, ClaimSpace::Cart, &key, Timestamp::MIN).await;
    let Some(found) = notes.readable(check, &subject, found)? else { return Ok(()) };
    let expected = ResourceRef { kind: ResourceKind::Order, id: id.to_string() };
    notes.same(check, &subject, "of", &or_none(Some(expected)), &or_none(found.map(|claim| claim.owner)));
    Ok(())
}
