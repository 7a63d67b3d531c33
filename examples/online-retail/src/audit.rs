//! What the engine and the provider say of their books once all is done, read back from the store.

use commerce_core::engine::{Call, Commerce, Error, OrderView, PAGE_MAX_ROWS};
use commerce_core::id::MerchantId;
use commerce_core::money::Currency;
use commerce_core::order::FulfillmentStatus;
use commerce_core::ports::{OrderQuery, SagaPhase, SagaQuery};
use commerce_core::sandbox::{Ledger, LedgerFault};
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::drive::ITEMS_AT_ONCE_MAX;
use crate::tally::Tally;

/// The provider's own account, in pence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provider {
    /// Taken.
    pub captured_minor: i128,
    /// Paid back.
    pub refunded_minor: i128,
    /// Set aside, neither taken nor let go.
    pub set_aside_minor: i128,
    /// A law of money that its entries break.
    pub fault: Option<LedgerFault>,
}

impl Provider {
    /// The account that a ledger gives.
    pub fn of(ledger: &Ledger) -> Self {
        let totals = ledger.totals().get(&Currency::GBP).copied().unwrap_or_default();
        Self {
            captured_minor: totals.captured,
            refunded_minor: totals.refunded,
            set_aside_minor: totals.authorized - totals.captured - totals.released,
            fault: ledger.check().err(),
        }
    }
}

/// Counts what the engine booked: every order by its own state, every account by its own.
///
/// # Errors
/// The store's.
pub async fn booked(commerce: &Commerce, mut counted: impl FnMut()) -> Result<Tally, Error> {
    let call = Call::staff("online-retail");
    let mut tally = Tally::default();
    let query = OrderQuery { merchant: MerchantId::default(), customer: None, status: None, from: None, to: None };
    let mut after = None;
    loop {
        let page = commerce.list_orders(&query, after.as_ref(), PAGE_MAX_ROWS).await?;
        let orders = page.items.iter().map(|row| commerce.get_order(&call, row.id));
        let mut orders = stream::iter(orders).buffer_unordered(ITEMS_AT_ONCE_MAX.get());
        while let Some(order) = orders.try_next().await? {
            count_order(&mut tally, &order);
            counted();
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    loop {
        let page = commerce.list_items(&call, after.as_ref(), PAGE_MAX_ROWS).await?;
        for level in page.items {
            let shelf = tally.shelf(&level.sku);
            shelf.on_hand += level.account.on_hand;
            shelf.held += level.account.held;
        }
        after = page.next;
        if after.is_none() {
            return Ok(tally);
        }
    }
}

fn count_order(tally: &mut Tally, view: &OrderView) {
    let order = &view.order;
    tally.orders += 1;
    tally.delivered += u64::from(order.fulfillment_status() == FulfillmentStatus::Delivered);
    tally.returns += order.returns.iter().fold(0, |count, one| count + u64::from(one.status() == "received"));
    tally.total_minor += i128::from(order.total());
    tally.captured_minor += i128::from(order.captured());
    tally.refunded_minor += i128::from(order.refunded());
    for line in &order.lines {
        let shelf = tally.shelf(&line.sku);
        shelf.dispatched += i64::from(line.dispatched);
        shelf.returned += i64::from(line.returned);
    }
}

/// How many sagas are stuck, up to a page of them.
///
/// # Errors
/// The store's.
pub async fn stuck(commerce: &Commerce) -> Result<u64, Error> {
    let query = SagaQuery { merchant: MerchantId::default(), phase: Some(SagaPhase::Stuck), order: None };
    Ok(commerce.list_sagas(&query, None, PAGE_MAX_ROWS).await?.items.len() as u64)
}
