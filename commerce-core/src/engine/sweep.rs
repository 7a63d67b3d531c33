//! What time does by itself: due orders move on, expired holds are reclaimed, dead carts and expired claims are deleted.
//!
//! Each of the four is taken page by page, by turns, so that none of them waits for the whole of another; a row that cannot be moved on is
//! passed, and looked at again by the next sweep.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::engine::commerce::Inner;
use crate::engine::execute::{Along, Failed};
use crate::engine::{Commerce, Error};
use crate::id::{MerchantId, OrderId};
use crate::order::{Command, Placement, Refusal};
use crate::ports::{ChangeSet, Cursor, Page, Partition, Root};
use crate::stock::{Hold, Move, Owner};

/// Due orders, expired holds, dead carts and expired claims taken at once by a sweep.
const SWEEP_MAX_ROWS: u32 = 200;

impl Commerce {
    /// Expires and completes the orders that are due, notes lapsed authorizations, reclaims expired holds, deletes dead carts and
    /// expired claims: all that there are, page by page.
    ///
    /// # Errors
    /// [`Error::Port`] if the store cannot be read.
    ///
    /// # Cancel safety
    /// What was done is done; the rest is for the next sweep.
    pub async fn sweep(&self) -> Result<(), Error> {
        self.inner.sweep(&AtomicBool::new(false)).await
    }
}

/// A list that is walked page by page.
#[derive(Default)]
struct Walk {
    after: Option<Cursor>,
    done: bool,
}

impl Walk {
    /// The rows of the next page; moves behind them.
    fn rows<T>(&mut self, page: Page<T>) -> Vec<T> {
        self.done = page.next.is_none();
        self.after = page.next;
        page.items
    }
}

impl Inner {
    pub(super) async fn sweep_and_log(&self, ending: &AtomicBool) {
        if let Err(error) = self.sweep(ending).await {
            tracing::warn!(%error, "a sweep failed");
        }
    }

    /// Sweeps all that is due by now, or until the host is `ending`.
    pub(super) async fn sweep(&self, ending: &AtomicBool) -> Result<(), Error> {
        let now = self.clock.now();
        let store = &self.store;
        let (mut orders, mut holds) = (Walk::default(), Walk::default());
        let (mut carts_done, mut claims_done) = (false, false);
        loop {
            let all_done = orders.done && holds.done && carts_done && claims_done;
            if all_done || ending.load(Ordering::Acquire) {
                return Ok(());
            }
            if !orders.done {
                let page = store.views.due_orders(now, orders.after.as_ref(), SWEEP_MAX_ROWS).await?;
                for (merchant, order) in orders.rows(page) {
                    self.move_on(&merchant, order).await;
                }
            }
            if !holds.done {
                let page = store.stock.expired(now, holds.after.as_ref(), SWEEP_MAX_ROWS).await?;
                for hold in holds.rows(page) {
                    let id = hold.id;
                    if let Err(fault) = self.reclaim(hold).await {
                        tracing::warn!(hold = %id, %fault, "an expired hold could not be reclaimed");
                    }
                }
            }
            carts_done = carts_done || store.carts.sweep(now, SWEEP_MAX_ROWS).await? < u64::from(SWEEP_MAX_ROWS);
            claims_done = claims_done || store.views.sweep_claims(now, SWEEP_MAX_ROWS).await? < u64::from(SWEEP_MAX_ROWS);
        }
    }

    async fn move_on(&self, merchant: &MerchantId, order: OrderId) {
        match self.run_order_due(merchant, order).await {
            Ok(()) => {}
            // others were quicker, or its money is in motion: the next sweep looks again
            Err(
                Error::Order(Refusal::Busy | Refusal::TooEarly { .. } | Refusal::Illegal { .. } | Refusal::NotComplete(_))
                | Error::Contended,
            ) => {}
            Err(fault) => tracing::warn!(%order, %fault, "a due order could not be moved on"),
        }
    }

    /// What the engine itself has to do with an order whose time has come.
    async fn run_order_due(&self, merchant: &MerchantId, id: OrderId) -> Result<(), Error> {
        self.cache.forget(merchant, id);
        let call = self.own_call(merchant);
        let moment = self.moment(&call)?;
        let now = moment.now;
        let commands = |root: &crate::engine::aggregate::OrderRoot| {
            let order = &root.order;
            let lapsed = order.tenders.attempts.iter().find(|a| {
                order.tenders.voidable(a) > 0 && a.approval().and_then(|approval| approval.expires_at).is_some_and(|at| at <= now)
            });
            if let Some(attempt) = lapsed {
                return Ok(vec![Command::AuthorizationGone { attempt_id: attempt.id, lapsed: true }]);
            }
            Ok(vec![if order.placement == Placement::Confirmed { Command::Complete } else { Command::Expire }])
        };
        self.on_order(&call, &moment, id, Along::default(), commands).await.map(|_| ()).map_err(Failed::into_error)
    }

    async fn reclaim(&self, hold: Hold) -> Result<(), Error> {
        let call = self.own_call(&hold.merchant);
        let moment = self.moment(&call)?;
        let root = match hold.owner {
            Owner::Order(order) => Root::Order(order),
            Owner::Reservation(_) => Root::Sku(hold.sku),
        };
        let mut set = ChangeSet::new(Partition { merchant: hold.merchant, root }, moment.now, moment.meta);
        set.moves.push(Move::Expire { hold: hold.id });
        self.commit(set).await.map(|_| ())
    }
}
