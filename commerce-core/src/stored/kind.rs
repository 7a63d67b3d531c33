//! The names of the types of events.

use super::StoredError;

crate::names! {
    /// A type of event, named as it is stored.
    Kind {
        /// The order exists, its stock is held.
        OrderPlaced = "OrderPlaced",
        /// A risk screen judged an order.
        RiskAssessed = "RiskAssessed",
        /// Nothing of the order moves until it is resumed.
        OrderHeld = "OrderHeld",
        /// The order goes on.
        OrderResumed = "OrderResumed",
        /// The order is covered and screened.
        OrderConfirmed = "OrderConfirmed",
        /// A risk screen turned the order down.
        OrderRejected = "OrderRejected",
        /// Lines, adjustments or the address changed.
        OrderEdited = "OrderEdited",
        /// The last units of some lines were cancelled.
        LinesCancelled = "LinesCancelled",
        /// The whole order was cancelled.
        OrderCancelled = "OrderCancelled",
        /// All is delivered and paid, or on invoice.
        OrderCompleted = "OrderCompleted",
        /// An attempt to authorize was decided.
        PaymentStarted = "PaymentStarted",
        /// The attempt has no outcome yet.
        PaymentPending = "PaymentPending",
        /// The provider set money aside.
        PaymentAuthorized = "PaymentAuthorized",
        /// The attempt ended without money.
        PaymentFailed = "PaymentFailed",
        /// A capture was decided.
        CaptureStarted = "CaptureStarted",
        /// Money arrived.
        PaymentCaptured = "PaymentCaptured",
        /// A capture failed for good.
        CaptureFailed = "CaptureFailed",
        /// What was left of an authorization was given back.
        AuthorizationVoided = "AuthorizationVoided",
        /// What was left of an authorization lapsed.
        AuthorizationExpired = "AuthorizationExpired",
        /// Units were packed.
        ShipmentCreated = "ShipmentCreated",
        /// The units were unpacked.
        ShipmentCancelled = "ShipmentCancelled",
        /// The shipment is on its way.
        ShipmentDispatched = "ShipmentDispatched",
        /// The shipment arrived.
        ShipmentDelivered = "ShipmentDelivered",
        /// The shipment will not arrive.
        ShipmentLost = "ShipmentLost",
        /// The buyer wants to send units back.
        ReturnRequested = "ReturnRequested",
        /// Units of a return arrived.
        ReturnReceived = "ReturnReceived",
        /// The rest of a return is not accepted.
        ReturnRejected = "ReturnRejected",
        /// A refund was granted.
        RefundGranted = "RefundGranted",
        /// One part of a refund arrived.
        RefundIssued = "RefundIssued",
        /// One part of a refund failed for good.
        RefundFailed = "RefundFailed",
        /// A saga waits for an operator.
        SagaStuck = "SagaStuck",
        /// An operator decided what a stuck saga does.
        SagaResolved = "SagaResolved",
        /// An operator lets a consumer go on from other positions.
        ConsumerReset = "ConsumerReset",
        /// An operator lets parked items be tried again.
        ParkedReplayed = "ParkedReplayed",
        /// An operator gave a parked item up.
        ParkedDropped = "ParkedDropped",
    }
}

/// Whose stream a type belongs to; the order's stream has mirrors of the payment's besides its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    Order,
    Payment,
    Saga,
    Consumer,
}

impl Kind {
    /// The type of this name, if one of these streams has it.
    pub(super) fn at_home_in(homes: &[Home], name: &str) -> Result<Self, StoredError> {
        let known = Self::parse(name).filter(|kind| homes.contains(&kind.home()));
        known.ok_or_else(|| StoredError::UnknownKind { kind: name.to_owned() })
    }

    pub(super) const fn home(self) -> Home {
        match self {
            Self::OrderPlaced
            | Self::RiskAssessed
            | Self::OrderHeld
            | Self::OrderResumed
            | Self::OrderConfirmed
            | Self::OrderRejected
            | Self::OrderEdited
            | Self::LinesCancelled
            | Self::OrderCancelled
            | Self::OrderCompleted
            | Self::ShipmentCreated
            | Self::ShipmentCancelled
            | Self::ShipmentDispatched
            | Self::ShipmentDelivered
            | Self::ShipmentLost
            | Self::ReturnRequested
            | Self::ReturnReceived
            | Self::ReturnRejected => Home::Order,
            Self::PaymentStarted
            | Self::PaymentPending
            | Self::PaymentAuthorized
            | Self::PaymentFailed
            | Self::CaptureStarted
            | Self::PaymentCaptured
            | Self::CaptureFailed
            | Self::AuthorizationVoided
            | Self::AuthorizationExpired
            | Self::RefundGranted
            | Self::RefundIssued
            | Self::RefundFailed => Home::Payment,
            Self::SagaStuck | Self::SagaResolved => Home::Saga,
            Self::ConsumerReset | Self::ParkedReplayed | Self::ParkedDropped => Home::Consumer,
        }
    }
}
