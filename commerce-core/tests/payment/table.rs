//! Every state against every fact and every command.

use commerce_core::fact::{FailureCode, PaymentFact, PendingWhy, RefundCause, RefundPart};
use commerce_core::id::{MethodRef, PaymentId, ProviderName};
use commerce_core::payment::{Command, Payment, PaymentState, decide, evolve};

use crate::support::{
    AT, after, approve, attempt, capture, fail, gbp, give_back, give_back_failed, given_back, gone, pend, refund, start, take, take_failed,
    taken, uuid,
};

/// States by name, each with the commands that lead there and how it shows.
fn states() -> Vec<(&'static str, Vec<Command>, Option<PaymentState>)> {
    let begun = || vec![start(gbp(100))];
    let set_aside = || [begun(), vec![approve(gbp(100), false)]].concat();
    let taking = || [set_aside(), vec![take(1, Some(60))]].concat();
    let captured = || [taking(), vec![taken(1, true)]].concat();
    let refunding = || [captured(), vec![give_back(1, Some(20))]].concat();
    let and = |mut before: Vec<Command>, one: Command| {
        before.push(one);
        before
    };
    vec![
        ("nothing", Vec::new(), None),
        ("begun", begun(), Some(PaymentState::Pending)),
        (
            "acting",
            and(begun(), pend(PendingWhy::ActionRequired { url: "https://bank.example/1".to_owned() })),
            Some(PaymentState::ActionRequired),
        ),
        ("failed", and(begun(), fail()), Some(PaymentState::Failed)),
        ("set aside", set_aside(), Some(PaymentState::Authorized)),
        ("voided", and(set_aside(), gone(false)), Some(PaymentState::Voided)),
        ("taking", taking(), Some(PaymentState::Authorized)),
        ("partly taken", and(taking(), taken(1, false)), Some(PaymentState::PartiallyCaptured)),
        ("captured", captured(), Some(PaymentState::Captured)),
        ("take failed", and(taking(), take_failed(1)), Some(PaymentState::Voided)),
        ("refunding", refunding(), Some(PaymentState::Captured)),
        ("refunded", and(refunding(), given_back(1, capture(1))), Some(PaymentState::PartiallyRefunded)),
        ("refund failed", and(refunding(), give_back_failed(1, capture(1))), Some(PaymentState::Captured)),
        ("all back", [captured(), vec![give_back(1, None), given_back(1, capture(1))]].concat(), Some(PaymentState::Refunded)),
    ]
}

#[test]
fn each_state_shows_by_its_name() {
    for (name, commands, expected) in states() {
        assert_eq!(after(commands).map(|payment| payment.state()), expected, "{name}");
    }
}

fn fact(name: &str) -> PaymentFact {
    let (attempt_id, capture_id, refund_id) = (attempt(), capture(1), refund(1));
    let part = |amount| vec![RefundPart { capture_id, amount: gbp(amount) }];
    match name {
        "PaymentStarted" => PaymentFact::Started {
            payment_id: PaymentId::new(uuid(1)),
            attempt_id,
            provider: ProviderName::new("sandbox").expect("a name"),
            method_ref: MethodRef::new("sandbox_visa").expect("a token"),
            amount: gbp(100),
        },
        "PaymentPending" => PaymentFact::Pending { attempt_id, why: PendingWhy::Unknown },
        "PaymentAuthorized" => PaymentFact::Authorized { attempt_id, amount: gbp(100), expires_at: None, reference: None },
        "PaymentFailed" => PaymentFact::Failed { attempt_id, code: FailureCode::Declined, retryable: false },
        "CaptureStarted" => PaymentFact::CaptureStarted { capture_id: capture(2), attempt_id, amount: gbp(1), shipment_id: None },
        "PaymentCaptured" => PaymentFact::Captured { capture_id, attempt_id, amount: gbp(60), reference: None },
        "CaptureFailed" => PaymentFact::CaptureFailed { capture_id, code: FailureCode::Refused },
        "AuthorizationVoided" => PaymentFact::AuthorizationVoided { attempt_id, amount: gbp(1) },
        "AuthorizationExpired" => PaymentFact::AuthorizationExpired { attempt_id, amount: gbp(1) },
        "RefundGranted" => PaymentFact::RefundGranted {
            refund_id: refund(2),
            cause: RefundCause::Goodwill,
            amount: gbp(1),
            lines: Vec::new(),
            parts: part(1),
            replaces: None,
        },
        "RefundIssued" => PaymentFact::RefundIssued { refund_id, capture_id, amount: gbp(20) },
        "RefundFailed" => PaymentFact::RefundFailed { refund_id, capture_id, code: FailureCode::Refused },
        other => panic!("no fact {other}"),
    }
}

/// Which states each fact can follow.
const FACTS: [(&str, &[&str]); 12] = [
    ("PaymentStarted", &["nothing"]),
    ("PaymentPending", &["begun", "acting"]),
    ("PaymentAuthorized", &["begun", "acting", "failed"]),
    ("PaymentFailed", &["begun", "acting"]),
    ("CaptureStarted", &["set aside", "taking", "partly taken"]),
    ("PaymentCaptured", &["taking"]),
    ("CaptureFailed", &["taking"]),
    ("AuthorizationVoided", &["set aside", "taking", "partly taken"]),
    ("AuthorizationExpired", &["set aside", "taking", "partly taken"]),
    ("RefundGranted", &["partly taken", "captured", "refunding", "refunded", "refund failed"]),
    ("RefundIssued", &["refunding"]),
    ("RefundFailed", &["refunding"]),
];

#[test]
fn every_pair_of_state_and_fact_is_legal_or_illegal_as_the_table_says() {
    for (name, legal) in FACTS {
        for (state, commands, _) in states() {
            let outcome = evolve(after(commands), AT, &fact(name));
            assert_eq!(outcome.is_ok(), legal.contains(&state), "{name} in {state}: {outcome:?}");
        }
    }
}

/// What becomes of a command: `+` facts, `=` accepted and known already, `-` refused. One sign a state, in the order of [`states`].
fn commands() -> Vec<(&'static str, Command, &'static str)> {
    vec![
        ("start", start(gbp(100)), "+-------------"),
        ("pend", pend(PendingWhy::Unknown), "-++==========="),
        ("approve", approve(gbp(100), false), "-+++=========="),
        ("fail", fail(), "-++==========="),
        ("capture", take(9, Some(1)), "----+--+------"),
        ("capture done", taken(1, false), "------+======="),
        ("capture failed", take_failed(1), "------+======="),
        ("gone", gone(true), "-===+=++======"),
        ("refund", give_back(9, Some(1)), "-------++-+++-"),
        ("refund done", given_back(1, capture(1)), "----------+==="),
        ("refund failed", give_back_failed(1, capture(1)), "----------+==="),
    ]
}

fn sign(payment: Option<&Payment>, command: Command) -> char {
    match decide(payment, command) {
        Ok(facts) if facts.is_empty() => '=',
        Ok(_) => '+',
        Err(_) => '-',
    }
}

#[test]
fn every_pair_of_state_and_command_is_accepted_or_refused_as_the_table_says() {
    for (name, command, expected) in commands() {
        let payments = states().into_iter().map(|(_, before, _)| after(before));
        let actual: String = payments.map(|payment| sign(payment.as_ref(), command.clone())).collect();
        assert_eq!(actual, expected, "{name}");
    }
}
