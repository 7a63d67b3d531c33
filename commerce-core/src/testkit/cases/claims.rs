use crate::id::{MerchantId, OrderId};
use crate::ports::{ChangeSet, Claim, ClaimRow, ClaimSpace, Expected, Rejection, ResourceRef, Root, StreamName, Verdict};
use crate::testkit::lab::{merchant, order_ref};
use crate::testkit::{ChangeSetExt, Lab};
use crate::time::Timestamp;

fn claim(key: &str, owner: &ResourceRef, hash: Option<u8>, expires_at: Option<Timestamp>) -> Claim {
    Claim {
        space: ClaimSpace::Idempotency,
        key: key.to_owned(),
        owner: owner.clone(),
        request_hash: hash.map(|byte| [byte; 32]),
        expires_at,
    }
}

/// A set of a new order that claims; each lands on any shard.
fn claiming(lab: &Lab, claim: Claim) -> ChangeSet {
    let order = lab.id(OrderId::new);
    lab.order_set(order).append(StreamName::Order(order), Expected::New, lab.events(1)).claim(claim)
}

pub async fn a_claimed_key_is_refused_and_names_its_owner_and_whether_the_request_is_the_same(lab: Lab) {
    let (first, second) = (order_ref(lab.id(OrderId::new)), order_ref(lab.id(OrderId::new)));
    lab.committed(claiming(&lab, claim("key", &first, Some(1), None))).await;
    for (hash, same_request) in [(1, true), (2, false)] {
        // on whatever shard: claims reach across partitions
        for _ in 0..8 {
            let asked = claim("key", &second, Some(hash), None);
            let rejection = Rejection::Claimed { claim: asked.clone(), owner: first.clone(), same_request };
            assert_eq!(lab.rejected(claiming(&lab, asked)).await, rejection);
        }
    }
}

pub async fn a_claim_reads_back_as_it_was_written(lab: Lab) {
    let (default, owner) = (MerchantId::default(), order_ref(lab.id(OrderId::new)));
    let now = lab.any_set().now;
    let until = now.plus_secs(60);
    lab.committed(claiming(&lab, claim("key", &owner, Some(9), Some(until)))).await;
    let row = ClaimRow { owner, request_hash: Some([9; 32]), expires_at: Some(until) };
    let views = &lab.store.views;
    assert_eq!(views.claim(&default, ClaimSpace::Idempotency, "key", now).await.expect("read"), Some(row));
    assert_eq!(views.claim(&default, ClaimSpace::Idempotency, "key", until).await.expect("read"), None);
    assert_eq!(views.claim(&default, ClaimSpace::Idempotency, "Key", now).await.expect("read"), None);
    assert_eq!(views.claim(&default, ClaimSpace::Cart, "key", now).await.expect("read"), None);
    assert_eq!(views.claim(&merchant("other"), ClaimSpace::Idempotency, "key", now).await.expect("read"), None);
}

pub async fn an_expired_claim_frees_its_key(lab: Lab) {
    let (first, second) = (order_ref(lab.id(OrderId::new)), order_ref(lab.id(OrderId::new)));
    let until = lab.any_set().now.plus_secs(60);
    lab.committed(claiming(&lab, claim("key", &first, Some(1), Some(until)))).await;
    lab.clock.advance_ms(59_999);
    lab.rejected(claiming(&lab, claim("key", &second, Some(1), None))).await;
    lab.clock.set(until);
    lab.committed(claiming(&lab, claim("key", &second, Some(1), None))).await;
    let row = lab.store.views.claim(&MerchantId::default(), ClaimSpace::Idempotency, "key", until).await.expect("read");
    assert_eq!(row, Some(ClaimRow { owner: second, request_hash: Some([1; 32]), expires_at: None }));
}

pub async fn the_expiry_of_a_claim_is_judged_by_the_time_of_the_set(lab: Lab) {
    let owner = order_ref(lab.id(OrderId::new));
    let until = lab.any_set().now.plus_secs(60);
    lab.committed(claiming(&lab, claim("key", &owner, None, Some(until)))).await;
    let mut later = claiming(&lab, claim("key", &order_ref(lab.id(OrderId::new)), None, None));
    later.now = until;
    lab.committed(later).await;
}

pub async fn one_key_is_free_in_another_space_and_for_another_merchant(lab: Lab) {
    let owner = order_ref(lab.id(OrderId::new));
    let in_space = |space| {
        let mut one = claim("key", &owner, None, None);
        one.space = space;
        claiming(&lab, one)
    };
    for space in ClaimSpace::ALL {
        lab.committed(in_space(*space)).await;
    }
    let order = lab.id(OrderId::new);
    let theirs = lab.set_of(&merchant("other"), Root::Order(order)).claim(claim("key", &owner, None, None));
    lab.committed(theirs.append(StreamName::Order(order), Expected::New, lab.events(1))).await;
    for space in ClaimSpace::ALL {
        lab.rejected(in_space(*space)).await;
    }
}

pub async fn of_two_sets_of_one_batch_that_claim_one_key_the_first_has_it(lab: Lab) {
    let owners: Vec<ResourceRef> = (0..6).map(|_| order_ref(lab.id(OrderId::new))).collect();
    let batch = owners.iter().map(|owner| claiming(&lab, claim("key", owner, None, None))).collect();
    let answers = lab.store.journal.commit(batch).await;
    assert!(matches!(answers[0], Ok(Verdict::Committed(_))), "{:?}", answers[0]);
    for answer in &answers[1..] {
        let Ok(Verdict::Rejected(Rejection::Claimed { owner, .. })) = answer else { panic!("expected a claimed key, got {answer:?}") };
        assert_eq!(*owner, owners[0]);
    }
}

pub async fn a_rejected_set_keeps_no_key(lab: Lab) {
    let (first, second) = (order_ref(lab.id(OrderId::new)), order_ref(lab.id(OrderId::new)));
    lab.committed(claiming(&lab, claim("b", &first, None, None))).await;
    let both = claiming(&lab, claim("a", &second, None, None)).claim(claim("b", &second, None, None));
    lab.rejected(both).await;
    lab.committed(claiming(&lab, claim("a", &first, None, None))).await;
}

pub async fn expired_claims_are_deleted_up_to_a_limit_and_none_that_stands(lab: Lab) {
    let (now, owner) = (lab.any_set().now, order_ref(lab.id(OrderId::new)));
    let ends = [Some(30), None, Some(10), Some(50), Some(20)].map(|later_s| later_s.map(|later_s| now.plus_secs(later_s)));
    for (key, expires_at) in ["a", "b", "c", "d", "e"].into_iter().zip(ends) {
        lab.committed(claiming(&lab, claim(key, &owner, None, expires_at))).await;
    }
    let order = lab.id(OrderId::new);
    let theirs = lab.set_of(&merchant("other"), Root::Order(order)).claim(claim("a", &owner, None, Some(now.plus_secs(15))));
    lab.committed(theirs.append(StreamName::Order(order), Expected::New, lab.events(1))).await;
    let left = async || {
        let all = lab.store.audit.all_claims(None, 100).await.expect("read").items;
        all.into_iter().filter(|entry| entry.merchant == MerchantId::default()).map(|entry| entry.key).collect::<Vec<_>>()
    };
    let swept = async |at, limit| lab.store.views.sweep_claims(at, limit).await.expect("swept");
    assert_eq!(swept(now.plus_secs(9), 10).await, 0);
    assert_eq!(
        (swept(now.plus_secs(10), 10).await, left().await),
        (1, ["a", "b", "d", "e"].map(str::to_owned).to_vec()),
        "it ends at its end"
    );
    assert_eq!([swept(now.plus_secs(30), 2).await, swept(now.plus_secs(30), 2).await, swept(now.plus_secs(30), 2).await], [2, 1, 0]);
    assert_eq!(left().await, ["b", "d"]);
    // one that was taken anew has its new end
    lab.committed(claiming(&lab, claim("a", &owner, None, Some(now.plus_secs(90))))).await;
    let mut late = claiming(&lab, claim("d", &owner, None, Some(now.plus_secs(120))));
    late.now = now.plus_secs(60);
    lab.committed(late).await;
    assert_eq!((swept(now.plus_secs(60), 10).await, left().await), (0, ["a", "b", "d"].map(str::to_owned).to_vec()));
    assert_eq!((swept(Timestamp::MAX, 10).await, left().await), (2, vec!["b".to_owned()]), "what has no end stands");
}

pub async fn keys_are_told_apart_by_every_character(lab: Lab) {
    let owner = order_ref(lab.id(OrderId::new));
    for key in ["a", "A", "a ", " a", "ä", "a\u{308}", "a/b", "%", "_", "'"] {
        lab.committed(claiming(&lab, claim(key, &owner, None, None))).await;
        lab.rejected(claiming(&lab, claim(key, &owner, None, None))).await;
    }
}
