//! Short words for payments.

use commerce_core::fact::{FailureCode, PaymentFact, PendingWhy};
use commerce_core::id::{AttemptId, CaptureId, MethodRef, PaymentId, ProviderName, RefundId};
use commerce_core::money::{Currency, Money};
use commerce_core::payment::{Command, IllegalFact, Payment, Refusal, decide, evolve};
use commerce_core::testkit::Decider;
use commerce_core::time::Timestamp;
use uuid::Uuid;

pub(crate) const AT: Timestamp = Timestamp::from_secs(1_767_225_600);

/// The two functions of the payment.
pub(crate) struct Desk;

impl Decider for Desk {
    type State = Option<Payment>;
    type Event = PaymentFact;
    type Command = Command;
    type Context = ();
    type Refusal = Refusal;
    type Illegal = IllegalFact;

    fn nothing(&self) -> Option<Payment> {
        None
    }

    fn evolve(&self, state: Option<Payment>, fact: &PaymentFact) -> Result<Option<Payment>, IllegalFact> {
        evolve(state, AT, fact).map(Some)
    }

    fn decide(&self, state: &Option<Payment>, command: Command, (): &()) -> Result<Vec<PaymentFact>, Refusal> {
        decide(state.as_ref(), command)
    }
}

pub(crate) fn gbp(minor: i64) -> Money {
    Money::from_minor(minor, Currency::GBP)
}

pub(crate) const fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub(crate) const fn attempt() -> AttemptId {
    AttemptId::new(uuid(2))
}

pub(crate) const fn capture(number: u128) -> CaptureId {
    CaptureId::new(uuid(100 + number))
}

pub(crate) const fn refund(number: u128) -> RefundId {
    RefundId::new(uuid(200 + number))
}

pub(crate) fn start(amount: Money) -> Command {
    Command::Start {
        payment_id: PaymentId::new(uuid(1)),
        attempt_id: attempt(),
        provider: ProviderName::new("sandbox").expect("a name"),
        method_ref: MethodRef::new("sandbox_visa").expect("a token"),
        amount,
    }
}

pub(crate) fn approve(amount: Money, sale: bool) -> Command {
    Command::Approve { attempt_id: attempt(), amount, sale, expires_at: None, reference: None }
}

pub(crate) const fn fail() -> Command {
    Command::Fail { attempt_id: attempt(), code: FailureCode::InsufficientFunds, retryable: true }
}

pub(crate) const fn pend(why: PendingWhy) -> Command {
    Command::Pend { attempt_id: attempt(), why }
}

pub(crate) fn take(number: u128, amount: Option<i64>) -> Command {
    Command::Capture { capture_id: capture(number), amount: amount.map(gbp) }
}

pub(crate) const fn taken(number: u128, last: bool) -> Command {
    Command::CaptureDone { capture_id: capture(number), reference: None, last }
}

pub(crate) const fn take_failed(number: u128) -> Command {
    Command::CaptureFail { capture_id: capture(number), code: FailureCode::Refused }
}

pub(crate) const fn gone(lapsed: bool) -> Command {
    Command::Gone { attempt_id: attempt(), lapsed }
}

pub(crate) fn give_back(number: u128, amount: Option<i64>) -> Command {
    Command::Refund { refund_id: refund(number), amount: amount.map(gbp) }
}

pub(crate) const fn given_back(number: u128, capture_id: CaptureId) -> Command {
    Command::RefundDone { refund_id: refund(number), capture_id }
}

pub(crate) const fn give_back_failed(number: u128, capture_id: CaptureId) -> Command {
    Command::RefundFail { refund_id: refund(number), capture_id, code: FailureCode::Refused }
}

/// The facts that commands lead to, one after the other.
pub(crate) fn facts(commands: impl IntoIterator<Item = Command>) -> Vec<PaymentFact> {
    let (mut payment, mut all) = (None, Vec::new());
    for command in commands {
        let told = format!("{command:?}");
        let facts = decide(payment.as_ref(), command).unwrap_or_else(|refusal| panic!("{told}: {refusal}"));
        for fact in &facts {
            payment = Some(evolve(payment, AT, fact).unwrap_or_else(|illegal| panic!("{told}: {illegal}")));
        }
        all.extend(facts);
    }
    all
}

/// The payment that commands lead to.
pub(crate) fn after(commands: impl IntoIterator<Item = Command>) -> Option<Payment> {
    facts(commands).iter().fold(None, |payment, fact| Some(evolve(payment, AT, fact).expect("it was decided")))
}
