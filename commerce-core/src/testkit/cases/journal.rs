use futures::FutureExt;

use crate::id::{MoveId, OrderId, PaymentId, PersonalRef, RefundId};
use crate::ports::{
    Claim, ClaimSpace, ConsumerAct, Expected, FeedKey, Park, PersonalWrite, PortErrorKind, Rejection, Retry, StreamId, StreamName, Verdict,
    Version, ViewRow,
};
use crate::ports::{PersonalRow, Position, ResourceKind, ResourceRef};
use crate::stock::Move;
use crate::testkit::cases::views::{payment_row, refund_row};
use crate::testkit::lab::{account_at, assert_misuse, merchant, order_ref, sku, stream};
use crate::testkit::{ChangeSetExt, Lab, on_threads};

pub async fn what_is_committed_reads_back_as_it_was_written(lab: Lab) {
    let order = lab.id(OrderId::new);
    let mut events = lab.events(2);
    events[1].mirror = true;
    events[1].kind_version = 7;
    events[1].bytes = vec![0, 255, 1];
    let mut set = lab.order_set(order).append(StreamName::Order(order), Expected::New, events.clone());
    set.meta.at = set.now.plus_millis(5);
    set.meta.causation = Some(events[0].id);
    let meta = set.meta.clone();
    let partition = set.partition.clone();
    let receipt = lab.committed(set).await;

    let stored = lab.store.journal.load(&stream(StreamName::Order(order)), Version(0), 10).await.expect("the stream loads");
    assert_eq!(stored.iter().map(|s| s.event.clone()).collect::<Vec<_>>(), events);
    assert_eq!(stored.iter().map(|s| s.version.0).collect::<Vec<_>>(), [1, 2]);
    assert!(stored.iter().all(|s| s.meta == meta && s.stream == stream(StreamName::Order(order))));
    assert!(stored[0].position < stored[1].position);
    assert_eq!((stored[1].position, stored[1].shard), (receipt.position, receipt.shard));
    assert_eq!(receipt.shard, partition.shard(lab.store.facts.shards));
}

pub async fn an_event_without_correlation_and_causation_reads_back_without_them(lab: Lab) {
    let order = lab.id(OrderId::new);
    let mut set = lab.order_set(order).append(StreamName::Order(order), Expected::New, lab.events(1));
    set.meta.correlation = None;
    lab.committed(set).await;
    let stored = lab.store.journal.load(&stream(StreamName::Order(order)), Version(0), 1).await.expect("the stream loads");
    assert_eq!((&stored[0].meta.correlation, stored[0].meta.causation), (&None, None));
}

pub async fn a_stream_that_must_be_new_is_refused_once_it_exists(lab: Lab) {
    let order = lab.id(OrderId::new);
    let begin = || lab.order_set(order).append(StreamName::Order(order), Expected::New, lab.events(2));
    lab.committed(begin()).await;
    let conflict = Rejection::Conflict { stream: stream(StreamName::Order(order)), actual: Version(2) };
    assert_eq!(lab.rejected(begin()).await, conflict);
}

pub async fn an_append_at_another_version_is_refused_and_told_the_actual_one(lab: Lab) {
    let order = lab.id(OrderId::new);
    let at = |version| lab.order_set(order).append(StreamName::Order(order), Expected::At(Version(version)), lab.events(1));
    let conflict = |actual| Rejection::Conflict { stream: stream(StreamName::Order(order)), actual: Version(actual) };
    assert_eq!(lab.rejected(at(1)).await, conflict(0));
    lab.committed(lab.order_set(order).append(StreamName::Order(order), Expected::New, lab.events(1))).await;
    assert_eq!(lab.rejected(at(2)).await, conflict(1));
    lab.committed(at(1)).await;
    assert_eq!(lab.rejected(at(1)).await, conflict(2));
}

pub async fn one_loser_never_fails_its_neighbors(lab: Lab) {
    let item = sku("A");
    let orders: Vec<OrderId> = (0..4).map(|_| lab.id(OrderId::new)).collect();
    let good = |n: usize| lab.order_set(orders[n]).append(StreamName::Order(orders[n]), Expected::New, lab.events(1));
    let conflicting = lab.order_set(orders[3]).append(StreamName::Order(orders[3]), Expected::At(Version(9)), lab.events(1));
    let misused = lab.any_set();
    let short = lab.moving([lab.hold(&item, 1).1]);
    let answers = lab.store.journal.commit(vec![good(0), conflicting, good(1), misused, good(2), short]).await;
    assert_eq!(answers.len(), 6);
    for n in [0, 2, 4] {
        assert!(matches!(answers[n], Ok(Verdict::Committed(_))), "set {n}: {:?}", answers[n]);
    }
    assert!(matches!(answers[1], Ok(Verdict::Rejected(Rejection::Conflict { .. }))), "{:?}", answers[1]);
    assert!(matches!(&answers[3], Err(error) if error.kind == PortErrorKind::Misuse), "{:?}", answers[3]);
    assert!(matches!(answers[5], Ok(Verdict::Rejected(Rejection::Short(_)))), "{:?}", answers[5]);
    for order in &orders[..3] {
        let stored = lab.store.journal.load(&stream(StreamName::Order(*order)), Version(0), 10).await.expect("the stream loads");
        assert_eq!(stored.len(), 1);
    }
}

pub async fn a_set_sees_the_effects_of_the_sets_before_it(lab: Lab) {
    let (order, item) = (lab.id(OrderId::new), sku("A"));
    let append = |expected| lab.order_set(order).append(StreamName::Order(order), expected, lab.events(1));
    let batch = vec![
        append(Expected::New),
        append(Expected::At(Version(1))),
        append(Expected::New),
        lab.moving([lab.receive(&item, 1)]),
        lab.moving([lab.hold(&item, 1).1]),
        lab.moving([lab.hold(&item, 1).1]),
    ];
    let stands: Vec<bool> =
        lab.store.journal.commit(batch).await.into_iter().map(|answer| matches!(answer, Ok(Verdict::Committed(_)))).collect();
    assert_eq!(stands, [true, true, false, true, true, false]);
}

pub async fn an_empty_batch_has_no_answers(lab: Lab) {
    assert!(lab.store.journal.commit(Vec::new()).await.is_empty());
}

pub async fn a_large_batch_has_an_answer_for_each_set_in_order(lab: Lab) {
    let orders: Vec<OrderId> = (0..700).map(|_| lab.id(OrderId::new)).collect();
    let set = |(n, order): (usize, &OrderId)| {
        let expected = if n.is_multiple_of(7) { Expected::At(Version(1)) } else { Expected::New };
        lab.order_set(*order).append(StreamName::Order(*order), expected, lab.events(1))
    };
    let answers = lab.store.journal.commit(orders.iter().enumerate().map(set).collect()).await;
    assert_eq!(answers.len(), orders.len());
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(matches!(answer, Ok(Verdict::Committed(_))), !n.is_multiple_of(7), "set {n}: {answer:?}");
    }
}

pub async fn a_set_without_a_proof_is_misuse_and_writes_nothing(lab: Lab) {
    let (payment, reference) = (payment_row(&lab), lab.id(PersonalRef::new));
    let set = lab
        .any_set()
        .claiming(ClaimSpace::Cart, "cart-1", &order_ref(lab.id(OrderId::new)))
        .view(ViewRow::Payment(payment.clone()))
        .personal(PersonalWrite { reference, customer: None, order: None, bytes: vec![1] });
    let (default, now) = (set.partition.merchant.clone(), set.now);
    assert_misuse(lab.commit(set).await);
    assert_eq!(lab.store.views.payment(&default, payment.id).await.expect("read"), None);
    assert_eq!(lab.store.views.claim(&default, ClaimSpace::Cart, "cart-1", now).await.expect("read"), None);
    assert_eq!(lab.store.personal.get(&default, reference).await.expect("read"), None::<PersonalRow>);
}

pub async fn a_stream_that_stands_in_a_set_twice_is_misuse(lab: Lab) {
    let order = lab.id(OrderId::new);
    let twice = lab.order_set(order).append(StreamName::Order(order), Expected::New, lab.events(1)).append(
        StreamName::Order(order),
        Expected::At(Version(1)),
        lab.events(1),
    );
    assert_misuse(lab.commit(twice).await);
    assert_eq!(lab.store.journal.load(&stream(StreamName::Order(order)), Version(0), 10).await.expect("loads"), []);
}

pub async fn an_append_without_events_is_misuse(lab: Lab) {
    let order = lab.id(OrderId::new);
    assert_misuse(lab.commit(lab.order_set(order).append(StreamName::Order(order), Expected::New, Vec::new())).await);
}

pub async fn a_set_may_append_to_several_streams_and_takes_positions_in_their_order(lab: Lab) {
    let (order, payment) = (lab.id(OrderId::new), lab.id(PaymentId::new));
    let (of_payment, of_order) = (lab.events(2), lab.events(2));
    let set = lab.order_set(order).append(StreamName::Payment(payment), Expected::New, of_payment.clone()).append(
        StreamName::Order(order),
        Expected::New,
        of_order.clone(),
    );
    let receipt = lab.committed(set).await;
    let mut found = Vec::new();
    for name in [StreamName::Payment(payment), StreamName::Order(order)] {
        found.extend(lab.store.journal.load(&stream(name), Version(0), 10).await.expect("the stream loads"));
    }
    assert!(found.is_sorted_by(|a, b| a.position < b.position && a.shard == b.shard));
    assert_eq!(
        found.iter().map(|stored| stored.event.id).collect::<Vec<_>>(),
        [of_payment, of_order].concat().iter().map(|e| e.id).collect::<Vec<_>>()
    );
    assert_eq!(found[3].position, receipt.position);
}

pub async fn a_stream_loads_in_order_after_a_version_and_up_to_a_limit(lab: Lab) {
    let order = lab.id(OrderId::new);
    let events = lab.events(25);
    lab.committed(lab.order_set(order).append(StreamName::Order(order), Expected::New, events.clone())).await;
    let name = stream(StreamName::Order(order));
    let mut after = Version(0);
    let mut read = Vec::new();
    loop {
        let page = lab.store.journal.load(&name, after, 10).await.expect("the stream loads");
        assert!(page.len() <= 10);
        let Some(last) = page.last() else { break };
        assert!(last.version > after, "the stream does not advance past {after}");
        after = last.version;
        read.extend(page.into_iter().map(|stored| stored.event));
    }
    assert_eq!(read, events);
    assert_eq!(lab.store.journal.load(&name, Version(u64::MAX), 10).await.expect("the stream loads"), []);
    assert_eq!(lab.store.journal.load(&name, Version(0), 0).await.expect("the stream loads"), []);
}

pub async fn an_unknown_stream_has_no_events_and_no_merchant_sees_anothers(lab: Lab) {
    let order = lab.id(OrderId::new);
    lab.committed(lab.order_set(order).append(StreamName::Order(order), Expected::New, lab.events(1))).await;
    let id = order.uuid();
    let saga = StreamName::Saga(crate::ports::SagaId(id));
    for name in [StreamName::Payment(PaymentId::new(id)), saga, StreamName::Consumer(crate::id::ConsumerId::new(id))] {
        assert_eq!(lab.store.journal.load(&stream(name), Version(0), 10).await.expect("loads"), []);
    }
    let theirs = StreamId { merchant: merchant("other"), name: StreamName::Order(order) };
    assert_eq!(lab.store.journal.load(&theirs, Version(0), 10).await.expect("loads"), []);
    let set = lab.set_of(&merchant("other"), crate::ports::Root::Order(order));
    lab.committed(set.append(StreamName::Order(order), Expected::New, lab.events(1))).await;
    assert_eq!(lab.store.journal.load(&theirs, Version(0), 10).await.expect("loads").len(), 1);
}

pub async fn a_rejected_set_writes_nothing_of_itself(lab: Lab) {
    let (order, item) = (lab.id(OrderId::new), sku("A"));
    lab.moved([lab.receive(&item, 5)]).await;
    let (payment, refund, reference) = (payment_row(&lab), refund_row(&lab, lab.id(RefundId::new)), lab.id(PersonalRef::new));
    let heads: Vec<usize> = feed_lengths(&lab).await;
    let full = || {
        lab.order_set(order)
            .claiming(ClaimSpace::Cart, "cart-1", &order_ref(order))
            .append(StreamName::Order(order), Expected::New, lab.events(1))
            .moving(lab.receive(&item, 1))
            .view(ViewRow::Payment(payment.clone()))
            .view(ViewRow::Refund(refund.clone()))
            .personal(PersonalWrite { reference, customer: None, order: Some(order), bytes: vec![1] })
            .advance("mailer", crate::ports::Shard(0), 0, Position(1))
    };
    let other = StreamName::Payment(lab.id(PaymentId::new));
    lab.rejected(full().append(other, Expected::At(Version(3)), lab.events(1))).await;
    lab.rejected(full().moving(lab.hold(&item, 100).1)).await;
    lab.rejected(full().moving(Move::Confirm { hold: lab.id(crate::id::HoldId::new) })).await;

    let (default, views) = (crate::id::MerchantId::default(), &lab.store.views);
    assert_eq!(views.claim(&default, ClaimSpace::Cart, "cart-1", full().now).await.expect("read"), None);
    assert_eq!(views.payment(&default, payment.id).await.expect("read"), None);
    assert_eq!(views.refund(&default, refund.id).await.expect("read"), []);
    assert_eq!(lab.store.journal.load(&stream(StreamName::Order(order)), Version(0), 9).await.expect("read"), []);
    assert_eq!(lab.store.personal.get(&default, reference).await.expect("read"), None);
    let mailer = crate::id::ConsumerName::new("mailer").expect("a valid name");
    assert_eq!(lab.store.consumers.rows(&mailer).await.expect("read"), []);
    assert_eq!((lab.account(&item).await.on_hand, feed_lengths(&lab).await), (5, heads));
}

async fn feed_lengths(lab: &Lab) -> Vec<usize> {
    let mut lengths = Vec::new();
    for shard in lab.shards() {
        lengths.push(lab.feed(shard).await.len());
    }
    lengths
}

pub async fn text_with_a_nul_or_past_its_maximum_is_refused_and_fails_no_neighbor(lab: Lab) {
    let owner = order_ref(lab.id(OrderId::new));
    let base = || lab.any_set().append(StreamName::Order(lab.id(OrderId::new)), Expected::New, lab.events(1));
    let claim =
        |key: String| base().claim(Claim { space: ClaimSpace::Cart, key, owner: owner.clone(), request_hash: None, expires_at: None });
    let correlated = |text: String| {
        let mut set = base();
        set.meta.correlation = Some(text.into());
        set
    };
    let actor = |text: String| {
        let mut set = base();
        set.meta.actor.id = text.into();
        set
    };
    let reason = |reason: String| {
        lab.moving([Move::Adjust { id: lab.id(MoveId::new), account: account_at(&sku("A"), "default"), delta: 1, reason }])
    };
    let kind = |text: String| {
        let mut set = base();
        set.appends[0].events[0].kind = text.into();
        set
    };
    let parks = |n: u32, text: String| {
        let (merchant, position) = (crate::id::MerchantId::default(), Position(1));
        let park = Park { position, merchant, key: FeedKey::new(text), failures: 1, error: None };
        let act = ConsumerAct::Advance { revision: 0, to: Position(1), parked: vec![park], settled: Vec::new() };
        base().consumer(&format!("consumer-{n}"), crate::ports::Shard(0), 0, act)
    };
    let personal = |len: usize| {
        base().personal(PersonalWrite { reference: lab.id(PersonalRef::new), customer: None, order: None, bytes: vec![7; len] })
    };
    let saga_kind = |text: String| {
        let mut saga = crate::testkit::cases::sagas::new_saga(lab.id(crate::ports::SagaId));
        saga.kind.kind = text.into();
        base().saga(crate::ports::SagaWrite::Insert(saga))
    };
    let resource = |id: String| base().claiming(ClaimSpace::Cart, "cart-1", &ResourceRef { kind: ResourceKind::Cart, id });
    let too_long = |max: usize| "x".repeat(max + 1);
    let nul = || "a\0b".to_owned();
    let bad = [
        ("claim key", vec![claim(nul()), claim(too_long(512))]),
        ("correlation", vec![correlated(nul()), correlated(too_long(128))]),
        ("actor", vec![actor(nul()), actor(too_long(128))]),
        ("reason", vec![reason(nul()), reason(too_long(256))]),
        ("event kind", vec![kind(nul()), kind(too_long(64)), kind("Größe".to_owned())]),
        ("saga kind", vec![saga_kind(nul()), saga_kind(too_long(32))]),
        ("claim owner", vec![resource(nul()), resource(too_long(64))]),
        ("parked key", vec![parks(1, nul()), parks(2, too_long(200))]),
        ("personal data", vec![personal(64 * 1_024 + 1)]),
    ];
    for (what, sets) in bad {
        for (n, set) in sets.into_iter().enumerate() {
            let answers = lab.store.journal.commit(vec![base(), set, base()]).await;
            let [Ok(Verdict::Committed(_)), Err(error), Ok(Verdict::Committed(_))] = &answers[..] else {
                panic!("{what} {n}: expected the middle set alone to fail, got {answers:?}")
            };
            let kinds = [PortErrorKind::Misuse, PortErrorKind::TooLarge];
            assert!(kinds.contains(&error.kind) && error.retry == Retry::Never, "{what} {n}: {error:?}");
        }
    }
    for fits in
        [claim("x".repeat(512)), correlated("ü".repeat(128)), reason("x".repeat(256)), parks(3, "x".repeat(200)), personal(64 * 1_024)]
    {
        lab.committed(fits).await;
    }
}

pub async fn of_threads_that_append_at_one_version_exactly_one_wins(lab: Lab) {
    let order = lab.id(OrderId::new);
    let rounds = 20;
    let wins = on_threads(8, async |thread| {
        let mut wins = 0;
        for round in 0..rounds {
            let expected = if round == 0 { Expected::New } else { Expected::At(Version(round)) };
            let set = lab.order_set(order).append(StreamName::Order(order), expected, lab.events(1));
            match crate::testkit::lab::commit_to(lab.store_of(thread), set).await {
                Ok(Verdict::Committed(_)) => wins += 1,
                Ok(Verdict::Rejected(Rejection::Conflict { actual, .. })) => assert!(actual != expected.version()),
                other => panic!("thread {thread}: {other:?}"),
            }
        }
        wins
    });
    let stored = lab.store.journal.load(&stream(StreamName::Order(order)), Version(0), 1_000).await.expect("loads");
    assert_eq!(wins.iter().sum::<usize>(), stored.len());
    assert!(stored.iter().zip(1..).all(|(stored, version)| stored.version == Version(version)));
    assert!(!stored.is_empty());
}

pub async fn a_dropped_commit_is_there_as_a_whole_or_not_at_all(lab: Lab) {
    for _ in 0..20 {
        let order = lab.id(OrderId::new);
        let item = sku(&order.to_string());
        let set = lab.order_set(order).append(StreamName::Order(order), Expected::New, lab.events(3)).moving(lab.receive(&item, 2));
        let answered = lab.store.journal.commit(vec![set]).now_or_never().is_some();
        // a set that is committed waits for those that were sent before it
        let later = lab.id(OrderId::new);
        lab.committed(lab.order_set(order).append(StreamName::Order(later), Expected::New, lab.events(1))).await;
        let events = lab.store.journal.load(&stream(StreamName::Order(order)), Version(0), 9).await.expect("loads").len();
        let accounts = lab.store.stock.accounts(&crate::id::MerchantId::default(), &[item]).await.expect("read").len();
        assert!(matches!((events, accounts), (3, 1) | (0, 0)), "{events} of 3 events, {accounts} of 1 account");
        assert!(!answered || events == 3, "it was answered and is not there");
    }
}
