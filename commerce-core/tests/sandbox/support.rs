use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use commerce_core::fact::FailureCode;
use commerce_core::id::{AttemptId, CaptureId, MerchantId, MethodRef, OrderId, PaymentId, RefundId};
use commerce_core::money::{Currency, Money};
use commerce_core::ports::{
    AuthorizeRequest, CallKey, CaptureRequest, Clock, LookUp, Outcome, PaymentProvider, RefundRequest, VoidRequest,
};
use commerce_core::sandbox::{Options, Sandbox, Token};
use commerce_core::time::Timestamp;
use futures::executor::block_on;
use uuid::Uuid;

/// A clock that stands still but when told; a sleeper waits for ever, or takes the clock along.
pub(crate) struct HandClock {
    now: AtomicI64,
    jumps: bool,
}

#[async_trait]
impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now.load(Ordering::SeqCst))
    }

    async fn sleep_until(&self, time: Timestamp) {
        if self.jumps {
            self.now.fetch_max(time.micros(), Ordering::SeqCst);
        } else if self.now() < time {
            futures::future::pending::<()>().await;
        }
    }
}

/// One buyer's payment, driven call by call.
pub(crate) struct Till {
    pub(crate) clock: Arc<HandClock>,
    pub(crate) sandbox: Sandbox,
    pub(crate) token: Token,
}

pub(crate) fn attempt(n: u128) -> AttemptId {
    AttemptId::new(Uuid::from_u128(n))
}

pub(crate) fn capture(n: u128) -> CaptureId {
    CaptureId::new(Uuid::from_u128(n))
}

pub(crate) fn refund(n: u128) -> RefundId {
    RefundId::new(Uuid::from_u128(n))
}

pub(crate) fn payment(n: u128) -> PaymentId {
    PaymentId::new(Uuid::from_u128(n))
}

pub(crate) fn eur(minor: i64) -> Money {
    Money::from_minor(minor, Currency::EUR)
}

pub(crate) fn authorize_request(payment_n: u128, method: &str, minor: i64) -> AuthorizeRequest {
    AuthorizeRequest {
        merchant: MerchantId::default(),
        payment: payment(payment_n),
        order: Some(OrderId::new(Uuid::from_u128(7))),
        method: MethodRef::new(method).unwrap(),
        amount: eur(minor),
    }
}

pub(crate) fn capture_request(attempt_n: u128, minor: i64) -> CaptureRequest {
    CaptureRequest { merchant: MerchantId::default(), attempt: attempt(attempt_n), reference: None, amount: eur(minor), last: false }
}

pub(crate) fn void_request(attempt_n: u128) -> VoidRequest {
    VoidRequest { merchant: MerchantId::default(), attempt: attempt(attempt_n), reference: None }
}

pub(crate) fn refund_request(attempt_n: u128, capture: CaptureId, minor: i64) -> RefundRequest {
    RefundRequest { merchant: MerchantId::default(), attempt: attempt(attempt_n), capture, reference: None, amount: eur(minor) }
}

pub(crate) fn till(token: Token) -> Till {
    till_with(token, Options::CARDS, false)
}

pub(crate) fn till_with(token: Token, options: Options, jumps: bool) -> Till {
    let clock = Arc::new(HandClock { now: AtomicI64::new(0), jumps });
    Till { sandbox: Sandbox::new(clock.clone(), options), clock, token }
}

impl Till {
    pub(crate) fn authorize(&self, attempt_n: u128, minor: i64) -> Outcome {
        let key = CallKey::Authorize(attempt(attempt_n));
        block_on(self.sandbox.authorize(&key, &authorize_request(1, self.token.as_str(), minor))).unwrap()
    }

    pub(crate) fn capture(&self, attempt_n: u128, capture_n: u128, minor: i64) -> Outcome {
        block_on(self.sandbox.capture(&CallKey::Capture(capture(capture_n)), &capture_request(attempt_n, minor))).unwrap()
    }

    pub(crate) fn void(&self, attempt_n: u128) -> Outcome {
        block_on(self.sandbox.void(&CallKey::Void(attempt(attempt_n)), &void_request(attempt_n))).unwrap()
    }

    pub(crate) fn refund(&self, refund_n: u128, capture_n: u128, minor: i64) -> Outcome {
        self.refund_of(refund_n, capture(capture_n), minor)
    }

    pub(crate) fn refund_of(&self, refund_n: u128, capture: CaptureId, minor: i64) -> Outcome {
        let key = CallKey::Refund(refund(refund_n), capture);
        block_on(self.sandbox.refund(&key, &refund_request(1, capture, minor))).unwrap()
    }

    pub(crate) fn look_up(&self, key: CallKey) -> LookUp {
        block_on(self.sandbox.look_up(&key)).unwrap()
    }

    pub(crate) fn wait_s(&self, secs: i64) {
        self.clock.now.fetch_add(secs * 1_000_000, Ordering::SeqCst);
    }

    /// Taken and not paid back, after the ledger proved lawful.
    pub(crate) fn net(&self) -> i128 {
        let ledger = self.sandbox.ledger();
        assert_eq!(ledger.check(), Ok(()));
        ledger.net(payment(1), Currency::EUR)
    }

    pub(crate) fn charges(&self, attempt_n: u128) -> usize {
        self.sandbox.ledger().charges(attempt(attempt_n))
    }
}

pub(crate) fn declined(reason: FailureCode) -> Outcome {
    Outcome::Declined { reason, retryable: false }
}

pub(crate) fn retryable(reason: FailureCode) -> Outcome {
    Outcome::Declined { reason, retryable: true }
}

/// The amount of an approval in minor units; of anything else, a panic that shows it.
pub(crate) fn approved(outcome: Outcome) -> i64 {
    match outcome {
        Outcome::Approved { amount, .. } => amount.minor(),
        other => panic!("not approved: {other:?}"),
    }
}

pub(crate) fn found(look_up: LookUp) -> Outcome {
    match look_up {
        LookUp::Found(outcome) => outcome,
        LookUp::NotFound => panic!("not found"),
    }
}
