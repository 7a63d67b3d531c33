//! The money of an order as it is answered.

use commerce_core::fact::PendingWhy;
use commerce_core::money::Currency;
use commerce_core::order;
use commerce_core::tender::{self as core, AttemptState, CaptureState, RefundState};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::line::LineCount;
use crate::api::number::Amount;
use crate::api::word::{AttemptId, CaptureId, FailureCode, MethodRef, PaymentId, ProviderName, RefundCause, RefundId, ShipmentId, Time};

/// What the money of an order comes to.
#[derive(Serialize, ToSchema)]
pub struct Sums {
    /// What the units cost that were not cancelled.
    pub total: Amount,
    /// What is neither kept nor set aside.
    pub due: Amount,
    /// Set aside, not captured yet.
    pub authorized: Amount,
    /// Arrived.
    pub captured: Amount,
    /// Granted back and not settled.
    pub refunding: Amount,
    /// Went back.
    pub refunded: Amount,
    /// What can still be granted back.
    pub refundable: Amount,
    /// What goods cost that came back, or were lost, before they were paid: it is not owed.
    pub credited: Amount,
}

impl Sums {
    pub(super) fn of(order: &order::Order) -> Self {
        let money = |minor| order.money(minor).into();
        Self {
            total: money(order.total()),
            due: money(order.due()),
            authorized: money(order.authorized()),
            captured: money(order.captured()),
            refunding: money(order.refunding()),
            refunded: money(order.refunded()),
            refundable: money(order.room()),
            credited: money(order.credited),
        }
    }
}

/// A try to pay.
#[derive(Serialize, ToSchema)]
pub struct Attempt {
    /// The attempt.
    pub id: AttemptId,
    /// The payment that it belongs to.
    pub payment_id: PaymentId,
    /// The payment provider.
    pub provider: ProviderName,
    /// The way to pay.
    pub payment_method_id: MethodRef,
    /// What was asked for.
    pub amount: Amount,
    /// What became of it.
    pub status: AttemptStatus,
    /// Where the buyer acts, if they have to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_url: Option<String>,
    /// Why it failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_code: Option<FailureCode>,
    /// What was set aside, if anything was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved: Option<Amount>,
    /// When the provider lets it go, if it said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// When it began.
    pub at: Time,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttemptStatus {
    /// No outcome yet.
    Pending,
    /// The buyer has to act.
    ActionRequired,
    /// Money was set aside, or taken.
    Approved,
    /// No money.
    Failed,
}

impl Attempt {
    pub(in crate::api) fn of(attempt: &core::Attempt, currency: Currency) -> Self {
        let (status, action_url, failure_code) = match &attempt.state {
            AttemptState::Open(Some(PendingWhy::ActionRequired { url })) => (AttemptStatus::ActionRequired, Some(url.clone()), None),
            AttemptState::Open(_) => (AttemptStatus::Pending, None, None),
            AttemptState::Approved(_) => (AttemptStatus::Approved, None, None),
            AttemptState::Failed { code } => (AttemptStatus::Failed, None, Some((*code).into())),
        };
        Self {
            id: attempt.id.into(),
            payment_id: attempt.payment_id.into(),
            provider: attempt.provider.clone().into(),
            payment_method_id: attempt.method_ref.clone().into(),
            amount: Amount::of(attempt.asked, currency),
            status,
            action_url,
            failure_code,
            approved: attempt.approval().map(|approval| Amount::of(approval.amount, currency)),
            expires_at: attempt.approval().and_then(|approval| approval.expires_at).map(Into::into),
            at: attempt.at.into(),
        }
    }
}

/// A capture of authorized money, or the charge of a sale.
#[derive(Serialize, ToSchema)]
pub struct Capture {
    /// The capture.
    pub id: CaptureId,
    /// The attempt that it draws on.
    pub attempt_id: AttemptId,
    /// How much.
    pub amount: Amount,
    /// The shipment that it pays for, if one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// What became of it.
    pub status: TransferStatus,
    /// Why it failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_code: Option<FailureCode>,
}

/// What became of a transfer of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransferStatus {
    /// No outcome yet.
    Pending,
    /// The money moved.
    Done,
    /// It failed for good.
    Failed,
}

impl Capture {
    pub(in crate::api) fn of(capture: &core::Capture, currency: Currency) -> Self {
        let (status, failure_code) = match &capture.state {
            CaptureState::Open => (TransferStatus::Pending, None),
            CaptureState::Done { .. } => (TransferStatus::Done, None),
            CaptureState::Failed { code } => (TransferStatus::Failed, Some((*code).into())),
        };
        Self {
            id: capture.id.into(),
            attempt_id: capture.attempt_id.into(),
            amount: Amount::of(capture.amount, currency),
            shipment_id: capture.shipment_id.map(Into::into),
            status,
            failure_code,
        }
    }
}

/// A refund.
#[derive(Serialize, ToSchema)]
pub struct Refund {
    /// The refund.
    pub id: RefundId,
    /// What gave rise to it.
    pub cause: RefundCause,
    /// How much was granted.
    pub amount: Amount,
    /// The units that it pays back, if it names any.
    pub lines: Vec<LineCount>,
    /// Which captures pay it back, and what became of each.
    pub parts: Vec<RefundPart>,
    /// Whether another refund stands in for what failed of it.
    pub replaced: bool,
    /// When it was granted.
    pub at: Time,
}

/// One part of a refund.
#[derive(Serialize, ToSchema)]
pub struct RefundPart {
    /// The capture that the money goes back through.
    pub capture_id: CaptureId,
    /// How much.
    pub amount: Amount,
    /// What became of it.
    pub status: TransferStatus,
    /// Why it failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_code: Option<FailureCode>,
}

impl Refund {
    pub(in crate::api) fn of(refund: &core::Refund, currency: Currency) -> Self {
        let part = |part: &core::RefundShare| {
            let (status, failure_code) = match part.state {
                RefundState::Open => (TransferStatus::Pending, None),
                RefundState::Issued => (TransferStatus::Done, None),
                RefundState::Failed { code } => (TransferStatus::Failed, Some(code.into())),
            };
            RefundPart { capture_id: part.capture_id.into(), amount: Amount::of(part.amount, currency), status, failure_code }
        };
        Self {
            id: refund.id.into(),
            cause: refund.cause.into(),
            amount: Amount::of(refund.sum(|_| true), currency),
            lines: LineCount::all(&refund.lines),
            parts: refund.parts.iter().map(part).collect(),
            replaced: refund.replaced,
            at: refund.at.into(),
        }
    }
}
