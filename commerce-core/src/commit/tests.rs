use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use futures::FutureExt;
use futures::executor::block_on;
use futures::future::{join, join_all};
use proptest::prelude::*;
use uuid::Uuid;

use super::batch::keys;
use super::committer::Committer;
use super::*;
use crate::id::{EventId, MerchantId, OrderId, Sku};
use crate::ports::*;
use crate::time::Timestamp;

/// Answers with the order in which sets came, and fails as its sets tell it to.
#[derive(Default)]
struct Fake {
    batches: Mutex<Vec<Vec<ChangeSet>>>,
    down: bool,
}

fn fault(set: &ChangeSet) -> Option<&str> {
    set.meta.correlation.as_deref()
}

#[async_trait::async_trait]
impl Journal for Fake {
    async fn commit(&self, batch: Vec<ChangeSet>) -> Vec<Result<Verdict, PortError>> {
        // let callers come while a batch is under way
        let mut turns = 3;
        futures::future::poll_fn(move |context| {
            turns -= 1;
            context.waker().wake_by_ref();
            if turns == 0 { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        let mut batches = self.batches.lock().unwrap();
        if self.down {
            batches.push(Vec::new());
            return batch.iter().map(|_| Err(PortError::new(PortErrorKind::Unavailable, Retry::Later))).collect();
        }
        for (retry, name) in [(Retry::Unknown, "lost"), (Retry::Never, "poison")] {
            if batch.iter().any(|set| fault(set) == Some(name)) {
                let answers = batch.iter().map(|_| Err(PortError::new(PortErrorKind::Corrupt, retry))).collect();
                if retry == Retry::Unknown {
                    batches.push(batch);
                }
                return answers;
            }
        }
        let answers = batch.iter().map(|set| {
            if fault(set) == Some("misuse") {
                return Err(PortError::misuse("as told"));
            }
            Ok(Verdict::Committed(Receipt { shard: Shard(0), position: Position(label(set)), placed: Vec::new() }))
        });
        let answers = answers.collect();
        batches.push(batch.into_iter().filter(|set| fault(set).is_none()).collect());
        answers
    }

    async fn outcome(&self, _: &Proof) -> Result<Option<Receipt>, PortError> {
        Ok(None)
    }

    async fn load(&self, _: &StreamId, _: Version, _: u32) -> Result<Vec<Stored>, PortError> {
        Ok(Vec::new())
    }
}

fn label(set: &ChangeSet) -> u64 {
    set.now.micros().unsigned_abs()
}

fn merchant() -> MerchantId {
    MerchantId::default()
}

fn set(label: i64, streams: &[u8], claims: &[u8], fault: Option<&'static str>) -> ChangeSet {
    let now = Timestamp::from_micros(label);
    let actor = Actor { kind: ActorKind::System, id: "test".into() };
    let meta = EventMeta { at: now, actor, correlation: fault.map(Into::into), causation: None };
    let partition = Partition { merchant: merchant(), root: Root::Sku(Sku::new("A").unwrap()) };
    let mut set = ChangeSet::new(partition, now, meta);
    for stream in streams {
        let name = StreamName::Order(OrderId::new(Uuid::from_u128(u128::from(*stream))));
        let event = NewEvent {
            id: EventId::new(Uuid::from_u128(u128::from(label.unsigned_abs()))),
            kind: "Test".into(),
            kind_version: 1,
            mirror: false,
            bytes: Vec::new(),
        };
        set.appends.push(Append { stream: StreamId { merchant: merchant(), name }, expected: Expected::New, events: vec![event] });
    }
    for claim in claims {
        let owner = ResourceRef { kind: ResourceKind::Order, id: label.to_string() };
        set.claims.push(Claim { space: ClaimSpace::Cart, key: claim.to_string(), owner, request_hash: None, expires_at: None });
    }
    set
}

fn limits(batch_max_sets: usize, queue_max_sets: usize) -> CommitLimits {
    CommitLimits { batch_max_sets, queue_max_sets }
}

fn run(calls: Vec<Vec<ChangeSet>>, fake: &Arc<Fake>, batch_max_sets: usize) -> (Vec<Vec<Result<Verdict, PortError>>>, CommitCounts) {
    let (group, committer) = group_commit(Arc::new(Arc::clone(fake) as Arc<dyn Journal>), limits(batch_max_sets, 4_096));
    let callers = async {
        let answers = join_all(calls.into_iter().map(|sets| group.commit(sets))).await;
        group.close();
        answers
    };
    let (answers, ()) = block_on(join(callers, committer.run()));
    (answers, group.counts())
}

fn calls() -> impl Strategy<Value = Vec<Vec<ChangeSet>>> {
    let fault = prop_oneof![12 => Just(None), 1 => Just(Some("poison")), 1 => Just(Some("misuse")), 1 => Just(Some("lost"))];
    let keys = || prop::collection::vec(0_u8..6, 0..3);
    let one = (keys(), keys(), fault);
    prop::collection::vec(prop::collection::vec(one, 1..4), 1..20).prop_map(|calls| {
        let mut label = 0;
        let mut made = |(streams, claims, fault): (Vec<u8>, Vec<u8>, Option<&'static str>)| {
            label += 1;
            set(label, &streams, &claims, fault)
        };
        calls.into_iter().map(|sets| sets.into_iter().map(&mut made).collect()).collect()
    })
}

proptest! {
    #[test]
    fn each_set_gets_its_own_answer_and_no_set_overtakes_another_of_its_keys(calls in calls(), batch_max_sets in 1_usize..9) {
        let fake = Arc::new(Fake::default());
        let (answers, counts) = run(calls.clone(), &fake, batch_max_sets);
        let sets: Vec<&ChangeSet> = calls.iter().flatten().collect();
        prop_assert_eq!(counts.sets, u64::try_from(sets.len()).unwrap());
        for (set, answer) in sets.iter().zip(answers.iter().flatten()) {
            match (fault(set), answer) {
                (None, Ok(Verdict::Committed(receipt))) => prop_assert_eq!(receipt.position.0, label(set)),
                // a neighbor whose answer was lost
                (None | Some("misuse"), Err(error)) if error.retry == Retry::Unknown => {}
                (Some("misuse"), Err(error)) => prop_assert_eq!(error.kind, PortErrorKind::Misuse),
                // beside a set that loses the answer, the poison is not seen
                (Some("poison"), Err(error)) => prop_assert_eq!(error.kind, PortErrorKind::Corrupt),
                (Some("lost"), Err(error)) => prop_assert_eq!(error.retry, Retry::Unknown),
                (fault, answer) => prop_assert!(false, "{fault:?} got {answer:?}"),
            }
        }
        let mut last: HashMap<u64, u64> = HashMap::new();
        let call_of: HashMap<u64, usize> = calls.iter().enumerate().flat_map(|(i, sets)| sets.iter().map(move |s| (label(s), i))).collect();
        let mut last_of_call: HashMap<usize, u64> = HashMap::new();
        for batch in fake.batches.lock().unwrap().iter() {
            prop_assert!(batch.len() <= batch_max_sets);
            let mut in_batch = HashSet::new();
            for set in batch {
                let keys: HashSet<u64> = keys(set).into_iter().collect();
                for key in keys {
                    prop_assert!(in_batch.insert(key), "two sets of one batch share a key");
                    let before = last.insert(key, label(set));
                    prop_assert!(before.is_none_or(|before| before < label(set)), "a set overtook another of its key");
                }
                let before = last_of_call.insert(call_of[&label(set)], label(set));
                prop_assert!(before.is_none_or(|before| before < label(set)), "a set overtook another of its call");
            }
        }
    }
}

#[test]
fn sets_that_wait_together_are_committed_together() {
    let fake = Arc::new(Fake::default());
    let calls = (1..=100).map(|label| vec![set(label, &[], &[], None)]).collect();
    let (_, counts) = run(calls, &fake, 64);
    assert_eq!(counts, CommitCounts { batches: 2, sets: 100, largest_batch_sets: 64 });
}

#[test]
fn a_store_that_is_down_is_not_asked_for_each_member() {
    let fake = Arc::new(Fake { down: true, ..Fake::default() });
    let calls = (1..=64).map(|label| vec![set(label, &[], &[], None)]).collect();
    let (answers, counts) = run(calls, &fake, 64);
    assert!(answers.iter().flatten().all(|answer| matches!(answer, Err(error) if error.retry == Retry::Later)));
    assert_eq!(counts.batches, 8, "one way down from 64 to 1, and its neighbor");
}

#[test]
fn a_full_queue_refuses_and_a_closed_one_says_that_nothing_was_written() {
    let (group, committer) = group_commit(Arc::new(Arc::new(Fake::default()) as Arc<dyn Journal>), limits(8, 2));
    let one = || vec![set(1, &[], &[], None)];
    let first = group.commit([one(), one()].concat());
    let mut first = Box::pin(first);
    assert!(first.as_mut().now_or_never().is_none());
    assert_refused(block_on(group.commit(one())), PortErrorKind::Unavailable, Retry::Later);
    assert_refused(block_on(group.commit([one(), one(), one()].concat())), PortErrorKind::TooLarge, Retry::Never);
    group.close();
    block_on(committer.run());
    assert!(block_on(first).iter().all(Result::is_ok), "what waited is answered");
    assert_refused(block_on(group.commit(one())), PortErrorKind::Unavailable, Retry::Later);
}

#[test]
fn a_caller_that_goes_away_cancels_nothing() {
    let fake = Arc::new(Fake::default());
    let (group, committer) = group_commit(Arc::new(Arc::clone(&fake) as Arc<dyn Journal>), limits(8, 8));
    assert!(group.commit(vec![set(1, &[1], &[], None)]).now_or_never().is_none());
    drop(group);
    block_on(committer.run());
    assert_eq!(fake.batches.lock().unwrap().len(), 1);
}

#[test]
fn dropping_the_committer_leaves_no_caller_waiting() {
    let (group, committer) = group_commit(Arc::new(Arc::new(Fake::default()) as Arc<dyn Journal>), limits(8, 8));
    let mut call = Box::pin(group.commit(vec![set(1, &[], &[], None)]));
    assert!(call.as_mut().now_or_never().is_none());
    drop::<Committer>(committer);
    assert_refused(block_on(call), PortErrorKind::Unavailable, Retry::Unknown);
}

fn assert_refused(answers: Vec<Result<Verdict, PortError>>, kind: PortErrorKind, retry: Retry) {
    for answer in answers {
        let error = answer.unwrap_err();
        assert_eq!((error.kind, error.retry), (kind, retry));
    }
}
