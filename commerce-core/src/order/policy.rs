//! What a merchant decides about the life of orders.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::id::ProviderName;
use crate::order::state::{Order, Placement, ShipmentState};
use crate::time::Timestamp;

/// Times and rules, the same for all orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Seconds to pay in; stock is held as long. Default 24 hours.
    pub pay_by_s: u64,
    /// Seconds in which a person reviews. Default 72 hours.
    pub review_ttl_s: u64,
    /// Seconds after the last delivery at which an order completes by itself. Default 14 days.
    pub complete_after_s: u64,
    /// Seconds after the delivery in which a buyer may ask for a return. Default 30 days.
    pub return_window_s: u64,
    /// Whether goods that came back are refunded by themselves. Default yes.
    pub refund_on_return: bool,
}

impl Default for Policy {
    fn default() -> Self {
        let hours = 3_600;
        Self {
            pay_by_s: 24 * hours,
            review_ttl_s: 72 * hours,
            complete_after_s: 14 * 24 * hours,
            return_window_s: 30 * 24 * hours,
            refund_on_return: true,
        }
    }
}

/// What a decision may know besides the order and the command.
pub struct Context<'a> {
    /// The clock's time: what deadlines are judged by.
    pub now: Timestamp,
    /// When it happens in business time, not later than `now`.
    pub at: Timestamp,
    /// The merchant's rules.
    pub policy: &'a Policy,
    /// What the registered providers can do.
    pub providers: &'a BTreeMap<ProviderName, ProviderTraits>,
    /// Where a payment goes that names no provider.
    pub default_provider: &'a ProviderName,
    /// The order's hold was reclaimed and its stock cannot be held anew: what would confirm it cancels it.
    pub stock_lost: bool,
    /// Makes ids for what a decision adds by itself.
    pub fresh: &'a (dyn Fn() -> Uuid + Sync),
}

/// What a decision must know of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderTraits {
    /// An authorization can be captured in several parts.
    pub multi_capture: bool,
    /// It takes money at once.
    pub sale_only: bool,
}

impl Context<'_> {
    /// Whether authorizations of this provider can be captured in several parts; one that is not registered any more: no.
    pub(super) fn multi_capture(&self, provider: &ProviderName) -> bool {
        self.providers.get(provider).is_some_and(|traits| traits.multi_capture && !traits.sale_only)
    }
}

impl Order {
    /// When a command of the engine itself is due: expire, complete, or note that an authorization lapsed.
    pub fn due_at(&self, policy: &Policy) -> Option<Timestamp> {
        let by_placement = match &self.placement {
            Placement::Pending { pay_by } if !self.busy() => Some(*pay_by),
            Placement::Held { until, resume: super::Stage::Pending, .. } if !self.busy() => *until,
            Placement::Confirmed if self.completable().is_ok() => Some(self.last_arrival().plus_secs(policy.complete_after_s)),
            Placement::Pending { .. }
            | Placement::Held { .. }
            | Placement::Confirmed
            | Placement::Completed
            | Placement::Cancelled { .. }
            | Placement::Rejected { .. } => None,
        };
        let lapses = self.tenders.attempts.iter().filter(|a| self.tenders.voidable(a) > 0).filter_map(|a| a.approval()?.expires_at);
        by_placement.into_iter().chain(lapses).min()
    }

    fn last_arrival(&self) -> Timestamp {
        let arrivals = self.shipments.iter().filter_map(|shipment| match &shipment.state {
            ShipmentState::Delivered { at, .. } | ShipmentState::Lost { at, .. } => Some(*at),
            ShipmentState::Packed | ShipmentState::Cancelled | ShipmentState::Dispatched(_) => None,
        });
        arrivals.max().unwrap_or(self.updated_at)
    }
}
