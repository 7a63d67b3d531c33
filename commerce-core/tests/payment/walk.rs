//! Arbitrary commands against the payment: it stays lawful, or the command is refused.

use std::collections::BTreeMap;

use commerce_core::fact::{FailureCode, PaymentFact, PendingWhy};
use commerce_core::id::{AttemptId, CaptureId, RefundId};
use commerce_core::money::{Currency, Money};
use commerce_core::payment::{Command, Payment, decide, evolve};
use commerce_core::tender::Tenders;
use commerce_core::testkit::Dice;
use uuid::Uuid;

use crate::support::{AT, attempt, gbp, start, uuid};

const SEED: u64 = 20_260_301;
const RUNS: u64 = 4_000;
const STEPS: u64 = 30;

/// Sums of one payment, kept apart from its own fold.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    approved: i128,
    given_up: i128,
    captured: i128,
    granted: i128,
    refund_failed: i128,
    refunded: i128,
}

impl Sums {
    fn add(&mut self, fact: &PaymentFact, payment: &Payment) {
        match fact {
            PaymentFact::Authorized { amount, .. } => self.approved += i128::from(amount.minor()),
            PaymentFact::Captured { capture_id, attempt_id, amount, .. } => {
                self.captured += i128::from(amount.minor());
                if *capture_id == CaptureId::of_sale(*attempt_id) {
                    self.approved += i128::from(amount.minor());
                }
            }
            PaymentFact::CaptureFailed { .. } => {
                // its authorization counts nothing from then on
                self.given_up = self.approved - self.captured - i128::from(payment.tenders.authorized());
            }
            PaymentFact::AuthorizationVoided { amount, .. } | PaymentFact::AuthorizationExpired { amount, .. } => {
                self.given_up += i128::from(amount.minor())
            }
            PaymentFact::RefundGranted { amount, parts, .. } => {
                assert_eq!(parts.iter().map(|part| part.amount.minor()).sum::<i64>(), amount.minor());
                self.granted += i128::from(amount.minor());
            }
            PaymentFact::RefundIssued { amount, .. } => self.refunded += i128::from(amount.minor()),
            PaymentFact::RefundFailed { refund_id, capture_id, .. } => {
                let refund = payment.tenders.refund(*refund_id).expect("it was granted");
                let part = refund.parts.iter().find(|part| part.capture_id == *capture_id).expect("it has the part");
                self.refund_failed += i128::from(part.amount);
            }
            PaymentFact::Started { .. } | PaymentFact::Pending { .. } | PaymentFact::Failed { .. } | PaymentFact::CaptureStarted { .. } => {
            }
        }
    }

    fn check(&self, payment: &Payment) {
        let money = &payment.tenders;
        let [captured, refunded, refunding, room, authorized] =
            [money.captured(), money.refunded(), money.refunding(), money.room(), money.authorized()].map(i128::from);
        assert_eq!((captured, refunded), (self.captured, self.refunded));
        assert_eq!(refunding, self.granted - self.refunded - self.refund_failed);
        assert_eq!(room, self.captured - refunding - self.refunded);
        assert!(room >= 0 && refunding >= 0 && authorized >= 0, "{self:?}");
        assert!(self.captured <= self.approved, "{self:?}");
        assert_eq!(authorized, self.approved - self.captured - self.given_up, "{self:?} {money:?}");
    }
}

fn any_amount(dice: &mut Dice) -> Money {
    let currency = if dice.below(20) == 0 { Currency::EUR } else { Currency::GBP };
    Money::from_minor(*dice.pick(&[i64::MIN, -1, 0, 1, 7, 20, 50, 99, 100, 101, i64::MAX]), currency)
}

/// An amount from 1 to `most`, if there is room for one; now and then all, or nonsense.
fn amount(dice: &mut Dice, most: i64) -> Option<Money> {
    match dice.below(8) {
        0 => Some(any_amount(dice)),
        1 => None,
        _ => Some(gbp(1 + i64::try_from(dice.below(most.clamp(1, 60).unsigned_abs())).unwrap_or(0))),
    }
}

/// One of the ids there are; now and then one of others.
fn one_of<T: Copy>(dice: &mut Dice, known: &[T], other: impl FnOnce(Uuid) -> T) -> T {
    if known.is_empty() || dice.below(10) == 0 { other(uuid(u128::from(dice.below(300)))) } else { *dice.pick(known) }
}

fn any_command(dice: &mut Dice, payment: Option<&Payment>) -> Command {
    let begin = if payment.is_some() { dice.below(40) == 0 } else { dice.below(10) > 0 };
    if begin {
        return start(amount(dice, 60).unwrap_or(gbp(i64::MAX)));
    }
    let nothing = Tenders::default();
    let money = payment.map_or(&nothing, |payment| &payment.tenders);
    let asked = money.attempts.first().map_or(1, |attempt| attempt.asked);
    let attempt_id = if dice.below(10) == 0 { AttemptId::new(uuid(77)) } else { attempt() };
    let captures: Vec<CaptureId> = money.captures.iter().map(|capture| capture.id).collect();
    let parts: Vec<(RefundId, CaptureId)> = money.refunds.iter().flat_map(|r| r.parts.iter().map(|part| (r.id, part.capture_id))).collect();
    let capture_id = one_of(dice, &captures, CaptureId::new);
    let (refund_id, part) = one_of(dice, &parts, |id| (RefundId::new(id), capture_id));
    let fresh = uuid(u128::from(dice.roll()));
    match dice.below(15) {
        0 => Command::Pend {
            attempt_id,
            why: dice
                .pick(&[PendingWhy::Pending, PendingWhy::Unknown, PendingWhy::ActionRequired { url: "https://bank.example".to_owned() }])
                .clone(),
        },
        1 | 2 => {
            let amount = amount(dice, asked).unwrap_or(gbp(asked));
            Command::Approve { attempt_id, amount, sale: dice.below(4) == 0, expires_at: None, reference: None }
        }
        3 => Command::Fail { attempt_id, code: FailureCode::Declined, retryable: dice.below(2) == 0 },
        4..=6 => Command::Capture { capture_id: CaptureId::new(fresh), amount: amount(dice, money.authorized()) },
        7 | 8 => Command::CaptureDone { capture_id, reference: None, last: dice.below(4) == 0 },
        9 if dice.below(3) == 0 => Command::CaptureFail { capture_id, code: FailureCode::Refused },
        10 if dice.below(3) == 0 => Command::Gone { attempt_id, lapsed: dice.below(2) == 0 },
        9..=12 => Command::Refund { refund_id: one_of(dice, &[RefundId::new(fresh)], |_| refund_id), amount: amount(dice, money.room()) },
        13 => Command::RefundDone { refund_id, capture_id: part },
        _ => Command::RefundFail { refund_id, capture_id: part, code: FailureCode::Refused },
    }
}

#[test]
fn whatever_is_asked_a_payment_stays_lawful_or_refuses() {
    let mut dice = Dice::new(SEED);
    let (mut counts, mut refusals) = (BTreeMap::<&str, u64>::new(), BTreeMap::<&str, u64>::new());
    let (mut accepted, mut asked) = (0_u64, 0_u64);
    for _ in 0..RUNS {
        let (mut payment, mut sums) = (None::<Payment>, Sums::default());
        for _ in 0..STEPS {
            let command = any_command(&mut dice, payment.as_ref());
            asked += 1;
            match decide(payment.as_ref(), command.clone()) {
                Err(refusal) => *refusals.entry(refusal.code()).or_default() += 1,
                Ok(facts) => {
                    accepted += 1;
                    for fact in &facts {
                        let next = evolve(payment, AT, fact).unwrap_or_else(|illegal| panic!("seed {SEED}: {command:?}: {illegal}"));
                        sums.add(fact, &next);
                        sums.check(&next);
                        payment = Some(next);
                        *counts.entry(fact.name()).or_default() += 1;
                    }
                }
            }
        }
    }
    eprintln!("seed {SEED}: {accepted} of {asked} accepted; {counts:?}; refused {refusals:?}");
    assert!(accepted * 10 >= asked * 3, "{accepted} of {asked}");
    assert_eq!(counts.len(), 12, "{counts:?}");
    assert_eq!(refusals.len(), 7, "{refusals:?}");
}
