//! Injected faults do what their names say, and a sweep reaches every one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use commerce_core::fact::FailureCode;
use commerce_core::id::{AttemptId, CaptureId, MerchantId, MethodRef, MoveId, OrderId, PaymentId, RefundId, Sku, WorkerId};
use commerce_core::memory::MemoryStore;
use commerce_core::money::Money;
use commerce_core::ports::{
    Actor, ActorKind, AuthorizeRequest, CallKey, Capabilities, CaptureRequest, ChangeSet, EventMeta, Ids, KindVersion, LookUp, NewSaga,
    NotSent, Outcome, Partition, PaymentProvider, PortError, Proof, RefundRequest, Retry, Root, SagaId, SagaWrite, Store, Verdict,
    VoidRequest,
};
use commerce_core::quantity::Quantity;
use commerce_core::stock::{AccountKey, Move};
use commerce_core::testkit::faults::{Fault, Faults, Operation, Plan, Point, sweep};
use commerce_core::testkit::{ChangeSetExt, ManualClock, SeededIds};
use commerce_core::time::Timestamp;
use futures::executor::block_on;

const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);

fn item() -> Sku {
    Sku::new("A").expect("a valid sku")
}

fn set() -> ChangeSet {
    let actor = Actor { kind: ActorKind::System, id: "engine".into() };
    let meta = EventMeta { at: NOW, actor, correlation: None, causation: None };
    ChangeSet::new(Partition { merchant: MerchantId::default(), root: Root::Sku(item()) }, NOW, meta)
}

fn receive(ids: &SeededIds) -> (MoveId, ChangeSet) {
    let id = MoveId::new(ids.uuid7());
    let account = AccountKey { merchant: MerchantId::default(), sku: item(), location: Default::default() };
    (id, set().moving(Move::Receive { id, account, qty: Quantity::ONE }))
}

fn memory() -> Store {
    MemoryStore::open(1, Arc::new(ManualClock::at(NOW)))
}

fn on_hand(store: &Store) -> i64 {
    let accounts = block_on(store.stock.accounts(&MerchantId::default(), &[item()])).expect("accounts are read");
    accounts.first().map_or(0, |(_, account)| account.on_hand)
}

fn commit(store: &Store, set: ChangeSet) -> Result<Verdict, PortError> {
    block_on(store.journal.commit(vec![set])).pop().expect("one answer for one set")
}

fn at(operation: Operation, fault: Fault, visit: usize) -> Faults {
    Faults::at(Plan { point: Point { operation, fault }, visit })
}

#[test]
fn each_fault_of_a_commit_writes_and_answers_what_its_name_says() {
    for (fault, written, retry, crashed) in [
        (Fault::Fail, 0, Some(Retry::Later), false),
        (Fault::Repeat, 1, None, false),
        (Fault::CrashBefore, 0, Some(Retry::Unknown), true),
        (Fault::CrashAfter, 1, Some(Retry::Unknown), true),
        (Fault::LoseRequest, 0, Some(Retry::Unknown), false),
        (Fault::LoseAnswer, 1, Some(Retry::Unknown), false),
    ] {
        let (plain, ids, faults) = (memory(), SeededIds::new(1), at(Operation::Commit, fault, 1));
        let store = faults.store(plain.clone());
        let answer = commit(&store, receive(&ids).1);
        assert_eq!(answer.err().map(|error| error.retry), retry, "{fault}");
        assert_eq!((on_hand(&plain), faults.crashed(), faults.fired()), (written, crashed, true), "{fault}");
    }
}

#[test]
fn a_repeated_commit_answers_as_the_first_one() {
    let (plain, ids) = (memory(), SeededIds::new(1));
    let store = at(Operation::Commit, Fault::Repeat, 1).store(plain.clone());
    let saga = NewSaga {
        id: SagaId(ids.uuid7()),
        kind: KindVersion { kind: "collect".into(), version: 1 },
        order: None,
        payment: None,
        state: Vec::new(),
        due: None,
        leased_to: None,
    };
    let twice = set().saga(SagaWrite::Insert(saga));
    assert!(matches!(commit(&store, twice.clone()), Ok(Verdict::Committed(_))));
    // the second one was fenced, as this third is
    assert!(matches!(commit(&store, twice), Ok(Verdict::Rejected(_))));
}

#[test]
fn a_fault_happens_once_at_the_call_that_was_planned() {
    let (ids, faults) = (SeededIds::new(1), at(Operation::Commit, Fault::Fail, 3));
    let store = faults.store(memory());
    let stood: Vec<bool> = (0..6).map(|_| commit(&store, receive(&ids).1).is_ok()).collect();
    assert_eq!(stood, [true, true, false, true, true, true]);
    assert_eq!((faults.visits(Operation::Commit), faults.visits(Operation::Load)), (6, 0));
}

#[test]
fn several_faults_can_be_planned_for_one_run() {
    let plan = |operation, visit| Plan { point: Point { operation, fault: Fault::Fail }, visit };
    let (ids, faults) = (SeededIds::new(1), Faults::all_of([plan(Operation::Commit, 1), plan(Operation::Outcome, 1)]));
    let store = faults.store(memory());
    let (id, set) = receive(&ids);
    assert!(commit(&store, set).is_err() && !faults.fired());
    assert!(block_on(store.journal.outcome(&Proof::Move { id })).is_err() && faults.fired());
    assert_eq!(block_on(store.journal.outcome(&Proof::Move { id })).unwrap(), None);
}

#[test]
fn a_crash_stops_every_wrapped_port_until_the_restart() {
    let (plain, ids, faults) = (memory(), SeededIds::new(1), at(Operation::Commit, Fault::CrashAfter, 1));
    let store = faults.store(plain.clone());
    let bank = Arc::new(Bank::default());
    let provider = faults.provider(bank.clone());
    let (key, request) = authorization(&ids);
    let (id, set) = receive(&ids);
    assert!(commit(&store, set.clone()).is_err());

    assert!(commit(&store, receive(&ids).1).is_err());
    assert!(block_on(store.journal.outcome(&Proof::Move { id })).is_err());
    assert!(block_on(store.sagas.claim(WorkerId::new(ids.uuid7()), &[], 1, 1)).is_err());
    assert_eq!(block_on(provider.authorize(&key, &request)).unwrap(), Outcome::Unknown);
    assert_eq!((on_hand(&plain), bank.calls.load(Ordering::SeqCst)), (1, 0));

    faults.restart();
    assert!(block_on(store.journal.outcome(&Proof::Move { id })).unwrap().is_some());
    assert!(commit(&store, set).is_ok());
    assert!(matches!(block_on(provider.authorize(&key, &request)).unwrap(), Outcome::Approved { .. }));
}

#[test]
fn a_lease_whose_answer_was_lost_is_taken_and_runs_out_by_itself() {
    let clock = Arc::new(ManualClock::at(NOW));
    let plain = MemoryStore::open(1, clock.clone());
    let (ids, kind) = (SeededIds::new(1), KindVersion { kind: "collect".into(), version: 1 });
    let (order, payment, state, leased_to) = (None, None, Vec::new(), None);
    let saga = NewSaga { id: SagaId(ids.uuid7()), kind: kind.clone(), order, payment, state, due: Some(NOW), leased_to };
    assert!(commit(&plain, set().saga(SagaWrite::Insert(saga))).is_ok());
    let store = at(Operation::ClaimSagas, Fault::LoseAnswer, 1).store(plain);
    let claim = || block_on(store.sagas.claim(WorkerId::new(ids.uuid7()), std::slice::from_ref(&kind), 1_000, 10));
    assert_eq!(claim().unwrap_err().retry, Retry::Unknown);
    assert_eq!(claim().unwrap(), []);
    clock.advance_ms(1_001);
    assert_eq!(claim().unwrap()[0].epoch, 2);
}

/// Counts the calls that reach it; it acts once per key.
#[derive(Default)]
struct Bank {
    calls: AtomicUsize,
    done: Mutex<Vec<CallKey>>,
}

impl Bank {
    fn act(&self, key: &CallKey, amount: Money) -> Outcome {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let mut done = self.done.lock().expect("nobody panicked with it");
        if !done.contains(key) {
            done.push(*key);
        }
        Outcome::Approved { amount, expires_at: None, reference: None }
    }
}

#[async_trait]
impl PaymentProvider for Bank {
    fn capabilities(&self) -> Capabilities {
        Capabilities { multi_capture: true, sale_only: false, settle_after_s: 60 }
    }

    async fn authorize(&self, key: &CallKey, request: &AuthorizeRequest) -> Result<Outcome, NotSent> {
        Ok(self.act(key, request.amount))
    }

    async fn capture(&self, key: &CallKey, request: &CaptureRequest) -> Result<Outcome, NotSent> {
        Ok(self.act(key, request.amount))
    }

    async fn void(&self, key: &CallKey, _request: &VoidRequest) -> Result<Outcome, NotSent> {
        Ok(self.act(key, eur(1)))
    }

    async fn refund(&self, key: &CallKey, request: &RefundRequest) -> Result<Outcome, NotSent> {
        Ok(self.act(key, request.amount))
    }

    async fn look_up(&self, key: &CallKey) -> Result<LookUp, NotSent> {
        let found = self.done.lock().expect("nobody panicked with it").contains(key);
        let declined = Outcome::Declined { reason: FailureCode::Declined, retryable: false };
        Ok(if found { LookUp::Found(declined) } else { LookUp::NotFound })
    }
}

fn eur(minor: i64) -> Money {
    Money::from_minor(minor, "EUR".parse().expect("a currency"))
}

fn authorization(ids: &SeededIds) -> (CallKey, AuthorizeRequest) {
    let request = AuthorizeRequest {
        merchant: MerchantId::default(),
        payment: PaymentId::new(ids.uuid7()),
        order: Some(OrderId::new(ids.uuid7())),
        method: MethodRef::new("tok").expect("a valid method"),
        amount: eur(500),
    };
    (CallKey::Authorize(AttemptId::new(ids.uuid7())), request)
}

/// Makes one call of each operation of a provider.
fn call(provider: &dyn PaymentProvider, operation: Operation) -> Result<Outcome, NotSent> {
    let ids = SeededIds::new(5);
    let (attempt, capture) = (AttemptId::new(ids.uuid7()), CaptureId::new(ids.uuid7()));
    let (merchant, reference, amount) = (MerchantId::default(), None, eur(500));
    match operation {
        Operation::Authorize => {
            let (key, request) = authorization(&ids);
            block_on(provider.authorize(&key, &request))
        }
        Operation::Capture => {
            let request = CaptureRequest { merchant, attempt, reference, amount, last: true };
            block_on(provider.capture(&CallKey::Capture(capture), &request))
        }
        Operation::Void => block_on(provider.void(&CallKey::Void(attempt), &VoidRequest { merchant, attempt, reference })),
        Operation::Refund => {
            let request = RefundRequest { merchant, attempt, capture, reference, amount };
            block_on(provider.refund(&CallKey::Refund(RefundId::new(ids.uuid7()), capture), &request))
        }
        _ => panic!("{operation} is no call that moves money"),
    }
}

#[test]
fn each_fault_of_a_provider_reaches_it_and_answers_as_its_name_says() {
    for operation in [Operation::Authorize, Operation::Capture, Operation::Void, Operation::Refund] {
        for (fault, calls, answer, crashed) in [
            (Fault::Fail, 0, "not sent", false),
            (Fault::Repeat, 2, "approved", false),
            (Fault::CrashBefore, 0, "unknown", true),
            (Fault::CrashAfter, 1, "unknown", true),
            (Fault::LoseRequest, 0, "unknown", false),
            (Fault::LoseAnswer, 1, "unknown", false),
        ] {
            let (bank, faults) = (Arc::new(Bank::default()), at(operation, fault, 1));
            let found = match call(&*faults.provider(bank.clone()), operation) {
                Err(NotSent(_)) => "not sent",
                Ok(Outcome::Approved { .. }) => "approved",
                Ok(Outcome::Unknown) => "unknown",
                Ok(other) => panic!("{other:?}"),
            };
            let made = bank.calls.load(Ordering::SeqCst);
            assert_eq!((made, found, faults.crashed(), faults.fired()), (calls, answer, crashed, true), "{operation}: {fault}");
        }
    }
}

#[test]
fn a_look_up_can_fail_and_its_failure_says_nothing_of_the_call() {
    let (ids, bank) = (SeededIds::new(1), Arc::new(Bank::default()));
    let provider = at(Operation::LookUp, Fault::Fail, 1).provider(bank);
    let (key, _) = authorization(&ids);
    assert!(block_on(provider.look_up(&key)).is_err());
    assert_eq!(block_on(provider.look_up(&key)).unwrap(), LookUp::NotFound);
}

/// What every caller of a journal must do: look by the proof when in doubt, repeat what is not there.
fn receive_surely(store: &Store, faults: &Faults, ids: &SeededIds) {
    let (id, set) = receive(ids);
    for _ in 0..10 {
        match commit(store, set.clone()) {
            Ok(Verdict::Committed(_)) => return,
            Ok(Verdict::Rejected(rejection)) => panic!("rejected: {rejection:?}"),
            Err(_) => {
                faults.restart();
                if block_on(store.journal.outcome(&Proof::Move { id })).expect("the outcome is read").is_some() {
                    return;
                }
            }
        }
    }
    panic!("it never stood");
}

#[test]
fn a_caller_that_looks_when_in_doubt_writes_once_whatever_goes_wrong_with_whichever_commit() {
    let report = sweep(&Point::of(&[Operation::Commit]), |faults| {
        let (plain, ids) = (memory(), SeededIds::new(1));
        let store = faults.store(plain.clone());
        for _ in 0..4 {
            receive_surely(&store, faults, &ids);
        }
        assert_eq!(on_hand(&plain), 4);
    });
    assert_eq!((report.visits.len(), report.runs()), (6, 24));
}

fn message(test: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(test)).expect_err("the test must fail");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn a_sweep_fails_if_a_point_was_never_visited_and_names_it() {
    let points = Point::of(&[Operation::Commit, Operation::Load]);
    let told = message(|| {
        sweep(&points, |faults| {
            let _ = commit(&faults.store(memory()), receive(&SeededIds::new(1)).1);
        });
    });
    assert_eq!(told, "the scenario never visits journal.load: fail, journal.load: crash before");
}

#[test]
fn a_run_that_fails_names_its_fault() {
    let told = message(|| {
        sweep(&Point::of(&[Operation::Commit]), |faults| {
            let store = faults.store(memory());
            let ids = SeededIds::new(1);
            assert!(commit(&store, receive(&ids).1).is_ok(), "the first did not stand");
            assert!(commit(&store, receive(&ids).1).is_ok(), "the second did not stand");
        });
    });
    assert_eq!(told, "with journal.commit: fail, call 1: the first did not stand");
}

#[test]
fn every_operation_has_a_point_to_crash_before_it_and_every_write_one_after_it() {
    let points = Point::all();
    for operation in Operation::ALL {
        let has = |fault| points.contains(&Point { operation: *operation, fault });
        assert!(has(Fault::CrashBefore) && has(Fault::Fail), "{operation}");
        assert_eq!(has(Fault::CrashAfter), has(Fault::LoseAnswer), "{operation}");
    }
    assert_eq!(points.len(), 7 * 6 + 5 * 2);
}
