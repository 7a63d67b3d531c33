use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use commerce_core::id::CaptureId;
use commerce_core::money::Currency;
use commerce_core::ports::{CallKey, LookUp, Outcome};
use commerce_core::sandbox::{Book, Call, Decision, EntryKind, Options, Token};
use commerce_core::time::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use uuid::Uuid;

use crate::support::*;

#[derive(Clone, Debug)]
enum Step {
    Call(CallKey, Call),
    Settle(CallKey, Decision),
    Wait(i64),
}

const TIMES_S: [i64; 4] = [1, 30, 60, 604_800];

fn steps() -> impl Strategy<Value = Step> {
    let ids = (1..=2_u128, 1..=3_u128, 1..=2_u128);
    let call = (ids, 0..4_u8, prop::sample::select(Token::ALL), prop::sample::select(vec![1_i64, 2, 3, 5]), any::<bool>());
    let call = call.prop_map(|((attempt_n, capture_n, refund_n), kind, token, minor, last)| match kind {
        0 => {
            // an attempt mostly repeats its own request: same token and amount per attempt, now and then another
            let request = authorize_request(attempt_n % 2, token.as_str(), 4 + i64::from(last));
            (CallKey::Authorize(attempt(attempt_n)), Call::Authorize(request))
        }
        1 => {
            let mut request = capture_request(attempt_n, minor);
            request.last = last && minor == 5;
            (CallKey::Capture(capture(capture_n)), Call::Capture(request))
        }
        2 => (CallKey::Void(attempt(attempt_n)), Call::Void(void_request(attempt_n))),
        _ => {
            let charge = if last { capture(capture_n) } else { CaptureId::of_sale(attempt(attempt_n)) };
            (CallKey::Refund(refund(refund_n), charge), Call::Refund(refund_request(attempt_n, charge, minor)))
        }
    });
    let decision = prop::sample::select(Decision::ALL);
    prop_oneof![
        6 => call.clone().prop_map(|(key, call)| Step::Call(key, call)),
        1 => (call, decision).prop_map(|((key, _), decision)| Step::Settle(key, decision)),
        2 => prop::sample::select(TIMES_S.to_vec()).prop_map(Step::Wait),
    ]
}

/// A runner of so many cases; its seed is printed, and taken from `SANDBOX_SEED` if that is set.
fn runner(cases: u32) -> TestRunner {
    let seed: u128 = std::env::var("SANDBOX_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| Uuid::now_v7().as_u128());
    eprintln!("SANDBOX_SEED={seed}");
    let bytes = [seed.to_le_bytes(), seed.to_be_bytes()].concat();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

fn settled(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Approved { .. })
}

/// Takes the steps, every law checked after each; the book at the end.
fn walk(options: Options, steps: &[Step]) -> Result<Book, TestCaseError> {
    let (mut book, mut now) = (Book::new(options), Timestamp::from_secs(0));
    let mut answers: HashMap<CallKey, (Call, Outcome)> = HashMap::new();
    for step in steps {
        match step {
            Step::Call(key, call) => {
                let outcome = book.call(now, *key, call).outcome;
                match answers.get(key) {
                    Some((first, answer)) if first == call => prop_assert_eq!(&outcome, answer, "the same key got another answer"),
                    Some(_) => prop_assert!(!settled(&outcome), "another request was done under a used key"),
                    None if settled(&outcome) => {
                        answers.insert(*key, (call.clone(), outcome));
                    }
                    None => {}
                }
            }
            Step::Settle(key, decision) => {
                let decided = book.settle(now, *key, *decision);
                prop_assert!(decided.is_err() || !answers.contains_key(key), "a settled call was decided again");
            }
            Step::Wait(secs) => now = now.plus_secs(secs.cast_unsigned()),
        }
        prop_assert_eq!(book.ledger().check(), Ok(()));
        for (key, (_, answer)) in &answers {
            prop_assert_eq!(book.look_up(now, *key), LookUp::Found(answer.clone()));
        }
    }
    Ok(book)
}

/// What look-ups say was done, by kind, once everything is visible.
fn looked_up(book: &mut Book, steps: &[Step]) -> (i128, i128) {
    let keys: std::collections::BTreeSet<_> =
        steps.iter().filter_map(|step| if let Step::Call(key, _) = step { Some(*key) } else { None }).collect();
    let later = book.now().plus_secs(1_000_000_000);
    let (mut captured, mut refunded) = (0, 0);
    for key in keys {
        let LookUp::Found(Outcome::Approved { amount, .. }) = book.look_up(later, key) else { continue };
        match key {
            CallKey::Authorize(_) if book.options().sale_only => captured += i128::from(amount.minor()),
            CallKey::Capture(_) => captured += i128::from(amount.minor()),
            CallKey::Refund(..) => refunded += i128::from(amount.minor()),
            CallKey::Authorize(_) | CallKey::Void(_) => {}
        }
    }
    (captured, refunded)
}

#[test]
fn any_calls_in_any_order_any_number_of_times_keep_the_ledger_lawful() {
    let seen: RefCell<BTreeMap<EntryKind, usize>> = RefCell::default();
    let options = prop::sample::select(vec![
        Options::CARDS,
        Options::SINGLE_CAPTURE,
        Options::SALES,
        Options { report_all: true, settle_after_s: 0, ..Options::CARDS },
    ]);
    let law = |(options, steps): (Options, Vec<Step>)| {
        let mut book = walk(options, &steps)?;
        let (captured, refunded) = looked_up(&mut book, &steps);
        let totals = book.ledger().totals().get(&Currency::EUR).copied().unwrap_or_default();
        prop_assert_eq!((totals.captured, totals.refunded), (captured, refunded), "look-ups and ledger differ");
        let ids: Vec<_> = book.reports(0, usize::MAX).iter().map(|fact| fact.id.clone()).collect();
        let distinct: std::collections::HashSet<_> = ids.iter().collect();
        prop_assert_eq!(distinct.len(), ids.len(), "two reports share an id");
        for entry in book.ledger().entries() {
            *seen.borrow_mut().entry(entry.kind).or_default() += 1;
        }
        Ok(())
    };
    let mut runner = runner(2_000);
    runner.run(&(options, prop::collection::vec(steps(), 1..60)), law).unwrap_or_else(|failure| panic!("{failure}"));
    let seen = seen.into_inner();
    assert!(EntryKind::ALL.iter().all(|kind| seen.get(kind).is_some_and(|count| *count > 100)), "too little was done: {seen:?}");
}

#[test]
fn the_same_calls_at_the_same_times_give_the_same_book_however_often_time_is_asked_between() {
    let law = |steps: Vec<Step>| {
        let (mut plain, mut watched, mut now) = (Book::new(Options::CARDS), Book::new(Options::CARDS), Timestamp::from_secs(0));
        for step in &steps {
            match step {
                Step::Call(key, call) => prop_assert_eq!(plain.call(now, *key, call), watched.call(now, *key, call)),
                Step::Settle(key, decision) => {
                    prop_assert_eq!(plain.settle(now, *key, *decision), watched.settle(now, *key, *decision));
                }
                Step::Wait(secs) => {
                    now = now.plus_secs(secs.cast_unsigned());
                    watched.advance(now);
                }
            }
        }
        plain.advance(now);
        prop_assert_eq!(plain.ledger(), watched.ledger());
        prop_assert_eq!(plain.reports(0, usize::MAX), watched.reports(0, usize::MAX));
        Ok(())
    };
    let mut runner = runner(500);
    runner.run(&prop::collection::vec(steps(), 1..40), law).unwrap_or_else(|failure| panic!("{failure}"));
}
