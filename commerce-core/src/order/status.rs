//! The four axes as words, and the headline that sums them up. In each fold the first match holds.

use crate::fact::PendingWhy;
use crate::order::state::{Order, Placement};
use crate::tender::AttemptState;

crate::names! {
    /// The payment axis.
    PaymentStatus {
        /// Nothing to pay.
        NotRequired = "not_required",
        /// All that arrived went back.
        Refunded = "refunded",
        /// Some of it went back.
        PartiallyRefunded = "partially_refunded",
        /// All arrived.
        Paid = "paid",
        /// Some arrived.
        PartiallyCaptured = "partially_captured",
        /// Money is set aside.
        Authorized = "authorized",
        /// What was set aside was given back or lapsed.
        Voided = "voided",
        /// No money yet.
        Unpaid = "unpaid",
    }
    /// The fulfillment axis.
    FulfillmentStatus {
        /// All arrived.
        Delivered = "delivered",
        /// Some arrived.
        PartiallyDelivered = "partially_delivered",
        /// All left.
        Shipped = "shipped",
        /// Some left.
        PartiallyShipped = "partially_shipped",
        /// Nothing left yet.
        Unfulfilled = "unfulfilled",
    }
    /// The returns axis.
    ReturnStatus {
        /// All that left came back.
        Returned = "returned",
        /// Some of it came back.
        PartiallyReturned = "partially_returned",
        /// A return was asked for.
        Requested = "requested",
        /// None.
        None = "none",
    }
    /// The headline.
    Headline {
        /// Waits for its payment.
        Pending = "pending",
        /// The buyer has to act.
        ActionRequired = "action_required",
        /// The last attempt failed.
        PaymentFailed = "payment_failed",
        /// Nothing moves until it is resumed.
        OnHold = "on_hold",
        /// Covered.
        Confirmed = "confirmed",
        /// Some left.
        PartiallyShipped = "partially_shipped",
        /// All left.
        Shipped = "shipped",
        /// Some arrived.
        PartiallyDelivered = "partially_delivered",
        /// All arrived.
        Delivered = "delivered",
        /// Closed.
        Completed = "completed",
        /// All came back.
        Returned = "returned",
        /// All money went back.
        Refunded = "refunded",
        /// Cancelled.
        Cancelled = "cancelled",
        /// Turned down.
        Rejected = "rejected",
    }
}

impl Order {
    /// The payment axis.
    pub fn payment_status(&self) -> PaymentStatus {
        let (total, captured, refunded) = (self.total(), self.captured(), self.refunded());
        if total == 0 && captured == 0 {
            PaymentStatus::NotRequired
        } else if captured > 0 && refunded == captured {
            PaymentStatus::Refunded
        } else if refunded > 0 {
            PaymentStatus::PartiallyRefunded
        } else if captured > 0 && captured >= total {
            PaymentStatus::Paid
        } else if captured > 0 {
            PaymentStatus::PartiallyCaptured
        } else if self.authorized() > 0 {
            PaymentStatus::Authorized
        } else if self.tenders.attempts.iter().any(|a| a.approval().is_some()) {
            PaymentStatus::Voided
        } else {
            PaymentStatus::Unpaid
        }
    }

    /// The fulfillment axis.
    pub fn fulfillment_status(&self) -> FulfillmentStatus {
        let live: u64 = self.lines.iter().map(|line| u64::from(line.live())).sum();
        let delivered: u64 = self.lines.iter().map(|line| u64::from(line.delivered)).sum();
        let dispatched = self.dispatched_units();
        if live == 0 {
            FulfillmentStatus::Unfulfilled
        } else if delivered == live {
            FulfillmentStatus::Delivered
        } else if delivered > 0 {
            FulfillmentStatus::PartiallyDelivered
        } else if dispatched == live {
            FulfillmentStatus::Shipped
        } else if dispatched > 0 {
            FulfillmentStatus::PartiallyShipped
        } else {
            FulfillmentStatus::Unfulfilled
        }
    }

    /// The returns axis.
    pub fn return_status(&self) -> ReturnStatus {
        let returned: u64 = self.lines.iter().map(|line| u64::from(line.returned)).sum();
        if returned > 0 && returned == self.dispatched_units() {
            ReturnStatus::Returned
        } else if returned > 0 {
            ReturnStatus::PartiallyReturned
        } else if self.lines.iter().any(|line| line.returning > 0) {
            ReturnStatus::Requested
        } else {
            ReturnStatus::None
        }
    }

    /// The headline.
    pub fn headline(&self) -> Headline {
        match &self.placement {
            Placement::Cancelled { .. } => return Headline::Cancelled,
            Placement::Rejected { .. } => return Headline::Rejected,
            Placement::Held { .. } => return Headline::OnHold,
            Placement::Pending { .. } | Placement::Confirmed | Placement::Completed => {}
        }
        let nothing_waits = self.open_units() == 0 && self.packed_units() == 0;
        if nothing_waits && self.payment_status() == PaymentStatus::Refunded {
            return Headline::Refunded;
        }
        if self.return_status() == ReturnStatus::Returned {
            return Headline::Returned;
        }
        if self.placement == Placement::Completed {
            return Headline::Completed;
        }
        match self.fulfillment_status() {
            FulfillmentStatus::Delivered => Headline::Delivered,
            FulfillmentStatus::PartiallyDelivered => Headline::PartiallyDelivered,
            FulfillmentStatus::Shipped => Headline::Shipped,
            FulfillmentStatus::PartiallyShipped => Headline::PartiallyShipped,
            FulfillmentStatus::Unfulfilled if self.placement == Placement::Confirmed => Headline::Confirmed,
            FulfillmentStatus::Unfulfilled => self.pending_headline(),
        }
    }

    fn pending_headline(&self) -> Headline {
        match self.tenders.attempts.last().map(|attempt| &attempt.state) {
            Some(AttemptState::Open(Some(PendingWhy::ActionRequired { .. }))) => Headline::ActionRequired,
            Some(AttemptState::Failed { .. }) => Headline::PaymentFailed,
            Some(AttemptState::Open(_) | AttemptState::Approved(_)) | None => Headline::Pending,
        }
    }
}
