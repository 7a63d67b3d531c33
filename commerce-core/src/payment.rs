//! A payment: the stream that owns attempts, captures and refunds, and their caps.
//!
//! A payment of an order records the facts that the order decided ([`evolve`]); one without an order decides by itself ([`decide`]).

use crate::fact::{FailureCode, PaymentFact, PendingWhy, RefundCause, RefundPart};
use crate::id::{AttemptId, CaptureId, MethodRef, PaymentId, ProviderName, ProviderRef, RefundId};
use crate::money::{Currency, Money};
use crate::tender::{AttemptState, CaptureState, RefundState, Tenders};
use crate::time::Timestamp;

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The payment.
    pub id: PaymentId,
    /// The one currency of all amounts.
    pub currency: Currency,
    /// Its money.
    pub tenders: Tenders,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A fact that cannot follow: the stream is not that of a lawful payment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fact} cannot follow: {why}")]
pub struct IllegalFact {
    /// The fact's type.
    pub fact: &'static str,
    /// What is wrong.
    pub why: &'static str,
}

crate::names! {
    /// Where a payment stands; the first that holds.
    PaymentState {
        /// All that arrived went back.
        Refunded = "refunded",
        /// Some of it went back.
        PartiallyRefunded = "partially_refunded",
        /// Money arrived and none is set aside.
        Captured = "captured",
        /// Money arrived and more is set aside.
        PartiallyCaptured = "partially_captured",
        /// Money is set aside.
        Authorized = "authorized",
        /// The buyer has to act.
        ActionRequired = "action_required",
        /// An attempt has no outcome yet.
        Pending = "pending",
        /// What was set aside was given back or lapsed.
        Voided = "voided",
        /// The last attempt failed.
        Failed = "failed",
    }
}

/// The state after a fact; `None` before the first.
///
/// # Errors
/// [`IllegalFact`] if the fact cannot follow.
pub fn evolve(payment: Option<Payment>, at: Timestamp, fact: &PaymentFact) -> Result<Payment, IllegalFact> {
    let illegal = |why| IllegalFact { fact: fact.name(), why };
    let mut payment = match (payment, fact) {
        (Some(payment), _) => payment,
        (None, PaymentFact::Started { payment_id, amount, .. }) => {
            Payment { id: *payment_id, currency: amount.currency(), tenders: Tenders::default(), created_at: at, updated_at: at }
        }
        (None, _) => return Err(illegal("the payment has not begun")),
    };
    if let PaymentFact::Started { payment_id, amount, .. } = fact
        && (*payment_id != payment.id || amount.currency() != payment.currency)
    {
        return Err(illegal("it belongs to another payment"));
    }
    payment.tenders.step(at, fact, false).map_err(illegal)?;
    payment.updated_at = at;
    Ok(payment)
}

impl Payment {
    /// Where it stands.
    pub fn state(&self) -> PaymentState {
        let money = &self.tenders;
        let (captured, refunded) = (money.captured(), money.refunded());
        let last = money.attempts.last().map(|attempt| &attempt.state);
        match last {
            _ if captured > 0 && refunded == captured => PaymentState::Refunded,
            _ if refunded > 0 => PaymentState::PartiallyRefunded,
            _ if captured > 0 && money.authorized() > 0 => PaymentState::PartiallyCaptured,
            _ if captured > 0 => PaymentState::Captured,
            _ if money.authorized() > 0 => PaymentState::Authorized,
            Some(AttemptState::Open(Some(PendingWhy::ActionRequired { .. }))) => PaymentState::ActionRequired,
            Some(AttemptState::Open(_)) => PaymentState::Pending,
            Some(AttemptState::Approved(_)) => PaymentState::Voided,
            Some(AttemptState::Failed { .. }) | None => PaymentState::Failed,
        }
    }
}

/// What can be asked of a payment without an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Begins it.
    Start {
        /// The payment.
        payment_id: PaymentId,
        /// The attempt.
        attempt_id: AttemptId,
        /// Where the call goes.
        provider: ProviderName,
        /// What pays.
        method_ref: MethodRef,
        /// How much.
        amount: Money,
    },
    /// An attempt has no outcome yet.
    Pend {
        /// The attempt.
        attempt_id: AttemptId,
        /// What it waits for.
        why: PendingWhy,
    },
    /// An attempt was approved.
    Approve {
        /// The attempt.
        attempt_id: AttemptId,
        /// How much.
        amount: Money,
        /// Taken at once.
        sale: bool,
        /// When the provider lets it go.
        expires_at: Option<Timestamp>,
        /// The provider's own id.
        reference: Option<ProviderRef>,
    },
    /// An attempt failed.
    Fail {
        /// The attempt.
        attempt_id: AttemptId,
        /// Why.
        code: FailureCode,
        /// Whether the same method may work later.
        retryable: bool,
    },
    /// Captures so much, or all that is set aside.
    Capture {
        /// The capture's id.
        capture_id: CaptureId,
        /// How much.
        amount: Option<Money>,
    },
    /// A capture arrived.
    CaptureDone {
        /// The capture.
        capture_id: CaptureId,
        /// The provider's own id.
        reference: Option<ProviderRef>,
        /// Whether the provider gives the rest back with it.
        last: bool,
    },
    /// A capture failed for good.
    CaptureFail {
        /// The capture.
        capture_id: CaptureId,
        /// Why.
        code: FailureCode,
    },
    /// The rest of an authorization is gone.
    Gone {
        /// The attempt.
        attempt_id: AttemptId,
        /// Whether it lapsed; else it was voided.
        lapsed: bool,
    },
    /// Gives money back.
    Refund {
        /// The refund's id.
        refund_id: RefundId,
        /// How much; all that can be granted if not said.
        amount: Option<Money>,
    },
    /// One part of a refund arrived.
    RefundDone {
        /// The refund.
        refund_id: RefundId,
        /// The part's capture.
        capture_id: CaptureId,
    },
    /// One part of a refund failed for good.
    RefundFail {
        /// The refund.
        refund_id: RefundId,
        /// The part's capture.
        capture_id: CaptureId,
        /// Why.
        code: FailureCode,
    },
}

/// Why a payment refuses a command. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is a payment, capture or refund under this id already.
    #[error("the {0} exists already")]
    Exists(&'static str),
    /// There is no payment under this id.
    #[error("there is no such payment")]
    NoPayment,
    /// The payment has no such attempt, capture or refund.
    #[error("the payment has no such {0}")]
    Unknown(&'static str),
    /// An attempt or capture has no outcome yet.
    #[error("an attempt or capture has no outcome yet")]
    Busy,
    /// An amount that must be above zero is not.
    #[error("an amount must be above zero")]
    NotPositive,
    /// An amount is more than can be taken.
    #[error("{asked} minor units are asked for, at most {max} can be")]
    AmountAbove {
        /// What was asked for, in minor units.
        asked: i64,
        /// The most that can be, in minor units.
        max: i64,
    },
    /// An amount is in another currency than the payment.
    #[error("the payment is in {expected}, the amount in {actual}")]
    MixedCurrency {
        /// The payment's currency.
        expected: Currency,
        /// The amount's.
        actual: Currency,
    },
}

impl Refusal {
    /// The stable code that clients see.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Exists(_) => "already_exists",
            Self::NoPayment => "payment_not_found",
            Self::Unknown(_) => "unknown_part",
            Self::Busy => "payment_in_progress",
            Self::NotPositive => "amount_not_positive",
            Self::AmountAbove { .. } => "amount_above_limit",
            Self::MixedCurrency { .. } => "mixed_currencies",
        }
    }
}

/// Judges a command on a payment without an order. A fact told again is accepted with no facts.
///
/// # Errors
/// [`Refusal`]: nothing happened.
pub fn decide(payment: Option<&Payment>, command: Command) -> Result<Vec<PaymentFact>, Refusal> {
    let payment = match (payment, command) {
        (None, Command::Start { payment_id, attempt_id, provider, method_ref, amount }) if amount.minor() > 0 => {
            return Ok(vec![PaymentFact::Started { payment_id, attempt_id, provider, method_ref, amount }]);
        }
        (None, Command::Start { .. }) => return Err(Refusal::NotPositive),
        (Some(_), Command::Start { .. }) => return Err(Refusal::Exists("payment")),
        (None, _) => return Err(Refusal::NoPayment),
        (Some(payment), command) => (payment, command),
    };
    let (payment, command) = payment;
    match command {
        Command::Capture { capture_id, amount } => capture(payment, capture_id, amount),
        Command::Refund { refund_id, amount } => refund(payment, refund_id, amount),
        other => outcome(payment, other),
    }
}

fn checked(payment: &Payment, amount: Option<Money>, max: i64) -> Result<i64, Refusal> {
    let Some(amount) = amount else { return if max > 0 { Ok(max) } else { Err(Refusal::AmountAbove { asked: 0, max: 0 }) } };
    if amount.currency() != payment.currency {
        return Err(Refusal::MixedCurrency { expected: payment.currency, actual: amount.currency() });
    }
    match amount.minor() {
        asked if asked <= 0 => Err(Refusal::NotPositive),
        asked if asked > max => Err(Refusal::AmountAbove { asked, max }),
        asked => Ok(asked),
    }
}

fn capture(payment: &Payment, capture_id: CaptureId, amount: Option<Money>) -> Result<Vec<PaymentFact>, Refusal> {
    let money = &payment.tenders;
    if money.capture(capture_id).is_some() {
        return Err(Refusal::Exists("capture"));
    }
    if money.busy() {
        return Err(Refusal::Busy);
    }
    let amount = checked(payment, amount, money.authorized())?;
    let attempt = money.attempts.iter().find(|a| money.voidable(a) >= amount).ok_or(Refusal::Unknown("authorization"))?;
    let amount = Money::from_minor(amount, payment.currency);
    Ok(vec![PaymentFact::CaptureStarted { capture_id, attempt_id: attempt.id, amount, shipment_id: None }])
}

fn refund(payment: &Payment, refund_id: RefundId, amount: Option<Money>) -> Result<Vec<PaymentFact>, Refusal> {
    let money = &payment.tenders;
    if money.refund(refund_id).is_some() {
        return Err(Refusal::Exists("refund"));
    }
    let amount = checked(payment, amount, money.room())?;
    let mut left = amount;
    let mut parts = Vec::new();
    for capture in &money.captures {
        let taken = left.min(money.refundable(capture.id));
        if taken > 0 {
            left -= taken;
            parts.push(RefundPart { capture_id: capture.id, amount: Money::from_minor(taken, payment.currency) });
        }
    }
    let amount = Money::from_minor(amount, payment.currency);
    Ok(vec![PaymentFact::RefundGranted { refund_id, cause: RefundCause::Goodwill, amount, lines: Vec::new(), parts, replaces: None }])
}

/// What became of calls; told again, it is no fact.
fn outcome(payment: &Payment, command: Command) -> Result<Vec<PaymentFact>, Refusal> {
    let money = &payment.tenders;
    let in_currency = |minor| Money::from_minor(minor, payment.currency);
    let attempt = |id| money.attempt(id).ok_or(Refusal::Unknown("attempt"));
    let open_part = |refund_id, capture_id| {
        let refund = money.refund(refund_id).ok_or(Refusal::Unknown("refund"))?;
        let part = refund.parts.iter().find(|part| part.capture_id == capture_id).ok_or(Refusal::Unknown("part of the refund"))?;
        Ok((part.state == RefundState::Open).then_some(part.amount))
    };
    let fact = match command {
        Command::Start { .. } | Command::Capture { .. } | Command::Refund { .. } => None,
        Command::Pend { attempt_id, why } => match &attempt(attempt_id)?.state {
            AttemptState::Open(known) if known.as_ref() != Some(&why) => Some(PaymentFact::Pending { attempt_id, why }),
            AttemptState::Open(_) | AttemptState::Failed { .. } | AttemptState::Approved(_) => None,
        },
        Command::Fail { attempt_id, code, retryable } => {
            matches!(attempt(attempt_id)?.state, AttemptState::Open(_)).then_some(PaymentFact::Failed { attempt_id, code, retryable })
        }
        Command::Approve { attempt_id, amount, sale, expires_at, reference } => {
            let known = attempt(attempt_id)?;
            checked(payment, Some(amount), known.asked)?;
            let capture_id = CaptureId::of_sale(attempt_id);
            let told = known.approval().is_some();
            (!told).then_some(if sale {
                PaymentFact::Captured { capture_id, attempt_id, amount, reference }
            } else {
                PaymentFact::Authorized { attempt_id, amount, expires_at, reference }
            })
        }
        Command::CaptureDone { capture_id, reference, last } => return capture_done(payment, capture_id, reference, last),
        Command::CaptureFail { capture_id, code } => {
            let capture = money.capture(capture_id).ok_or(Refusal::Unknown("capture"))?;
            (capture.state == CaptureState::Open).then_some(PaymentFact::CaptureFailed { capture_id, code })
        }
        Command::Gone { attempt_id, lapsed } => {
            let amount = in_currency(money.voidable(attempt(attempt_id)?));
            (amount.minor() > 0).then_some(if lapsed {
                PaymentFact::AuthorizationExpired { attempt_id, amount }
            } else {
                PaymentFact::AuthorizationVoided { attempt_id, amount }
            })
        }
        Command::RefundDone { refund_id, capture_id } => {
            open_part(refund_id, capture_id)?.map(|minor| PaymentFact::RefundIssued { refund_id, capture_id, amount: in_currency(minor) })
        }
        Command::RefundFail { refund_id, capture_id, code } => {
            open_part(refund_id, capture_id)?.map(|_| PaymentFact::RefundFailed { refund_id, capture_id, code })
        }
    };
    Ok(fact.into_iter().collect())
}

fn capture_done(payment: &Payment, id: CaptureId, reference: Option<ProviderRef>, last: bool) -> Result<Vec<PaymentFact>, Refusal> {
    let money = &payment.tenders;
    let capture = money.capture(id).ok_or(Refusal::Unknown("capture"))?;
    if capture.state != CaptureState::Open {
        return Ok(Vec::new());
    }
    let attempt = money.attempt(capture.attempt_id).ok_or(Refusal::Unknown("attempt"))?;
    let amount = Money::from_minor(capture.amount, payment.currency);
    let mut facts = vec![PaymentFact::Captured { capture_id: id, attempt_id: attempt.id, amount, reference }];
    let rest = money.voidable(attempt);
    if last && rest > 0 {
        facts.push(PaymentFact::AuthorizationVoided { attempt_id: attempt.id, amount: Money::from_minor(rest, payment.currency) });
    }
    Ok(facts)
}
