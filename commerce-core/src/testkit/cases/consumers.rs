use crate::id::{ConsumerName, MerchantId, MoveId, OrderId, WorkerId};
use crate::ports::{
    ChangeSet, Clock, ConsumerAct, ConsumerRow, Expected, FeedKey, LIMIT_MAX_ROWS, Park, ParkedQuery, ParkedRow, Position, Rejection,
    Shard, StreamName, Version,
};
use crate::quantity::Quantity;
use crate::stock::Move;
use crate::testkit::cases::contention::stands;
use crate::testkit::lab::{account_at, assert_misuse, commit_to, merchant, sku, walk};
use crate::testkit::{ChangeSetExt, Lab, on_threads};

const FIRST: Shard = Shard(0);
const LEASE_MS: u64 = 30_000;

fn name(text: &str) -> ConsumerName {
    ConsumerName::new(text).expect("a test's consumer is valid")
}

async fn row(lab: &Lab, consumer: &str) -> Option<ConsumerRow> {
    let rows = lab.store.consumers.rows(&name(consumer)).await.expect("rows are read");
    rows.into_iter().find(|row| row.shard == FIRST)
}

async fn position(lab: &Lab, consumer: &str) -> u64 {
    row(lab, consumer).await.map_or(0, |row| row.position.0)
}

async fn taken(lab: &Lab, consumer: &str, worker: WorkerId) -> Option<ConsumerRow> {
    lab.store.consumers.take(&name(consumer), FIRST, worker, LEASE_MS).await.expect("a shard is asked for")
}

async fn takes(lab: &Lab, consumer: &str) -> ConsumerRow {
    taken(lab, consumer, lab.id(WorkerId::new)).await.expect("nobody has it")
}

/// Progress under a lease.
fn advance(lab: &Lab, of: &ConsumerRow, to: u64, parked: Vec<Park>, settled: &[u64]) -> ChangeSet {
    let settled = settled.iter().copied().map(Position).collect();
    let act = ConsumerAct::Advance { revision: of.revision, to: Position(to), parked, settled };
    lab.any_set().consumer(of.consumer.as_str(), of.shard, of.epoch, act)
}

fn told(lab: &Lab, of: &ConsumerRow, act: ConsumerAct) -> ChangeSet {
    lab.any_set().consumer(of.consumer.as_str(), of.shard, of.epoch, act)
}

fn park(at: u64, key: &str, error: Option<&str>) -> Park {
    let failures = u32::from(error.is_some()) * 5;
    Park { position: Position(at), merchant: MerchantId::default(), key: FeedKey::new(key), failures, error: error.map(str::to_owned) }
}

fn all_of(consumer: &str) -> ParkedQuery {
    ParkedQuery { consumer: name(consumer), shard: None, merchant: None, replaying: false }
}

async fn parked(lab: &Lab, query: &ParkedQuery) -> Vec<ParkedRow> {
    walk(LIMIT_MAX_ROWS, async |after, limit| lab.store.consumers.parked(query, after, limit).await).await
}

/// Positions of the parked items, and whether each is replaying.
async fn waiting(lab: &Lab, consumer: &str) -> Vec<(u64, bool)> {
    parked(lab, &all_of(consumer)).await.into_iter().map(|row| (row.position.0, row.replaying)).collect()
}

/// A consumer at position 9 with items parked: two of one order, one of another.
async fn with_parked(lab: &Lab) -> ConsumerRow {
    let of = takes(lab, "mailer").await;
    let items = vec![park(3, "order/a", Some("no such address")), park(5, "order/a", None), park(7, "order/b", Some("full"))];
    lab.committed(advance(lab, &of, 9, items, &[])).await;
    row(lab, "mailer").await.expect("it was taken")
}

async fn outrun(lab: &Lab, set: ChangeSet) {
    assert_eq!(lab.rejected(set).await, Rejection::Outrun { consumer: name("mailer"), shard: FIRST });
}

pub async fn progress_is_stored_with_its_effect_and_only_then(lab: Lab) {
    let order = lab.id(OrderId::new);
    let effect = |consumer: &str, revision, to, expected| {
        let set = lab.order_set(order).append(StreamName::Order(order), expected, lab.events(1));
        set.advance(consumer, FIRST, revision, Position(to))
    };
    lab.committed(effect("mailer", 0, 3, Expected::New)).await;
    lab.rejected(effect("mailer", 1, 9, Expected::New)).await;
    lab.committed(effect("cache", 0, 1, Expected::At(Version(1)))).await;
    assert_eq!((position(&lab, "mailer").await, position(&lab, "cache").await, row(&lab, "other").await), (3, 1, None));
    outrun(&lab, effect("mailer", 0, 4, Expected::At(Version(2)))).await;
    assert_eq!(lab.feed(lab.order_set(order).partition.shard(lab.store.facts.shards)).await.len(), 2);
    lab.committed(effect("mailer", 1, 4, Expected::At(Version(2)))).await;
    assert_eq!(position(&lab, "mailer").await, 4);
}

pub async fn a_consumer_has_a_place_in_each_shard(lab: Lab) {
    for shard in lab.shards() {
        lab.committed(lab.any_set().advance("mailer", shard, 0, Position(u64::from(shard.0) + 5))).await;
    }
    let rows = lab.store.consumers.rows(&name("mailer")).await.expect("read");
    let places: Vec<_> = rows.into_iter().map(|row| (row.shard, row.position)).collect();
    assert_eq!(places, lab.shards().map(|shard| (shard, Position(u64::from(shard.0) + 5))).collect::<Vec<_>>());
}

pub async fn progress_is_written_at_the_epoch_and_the_revision_of_the_row_and_is_outrun_at_any_other(lab: Lab) {
    let of = takes(&lab, "mailer").await;
    assert_eq!((of.position, of.epoch, of.revision), (Position(0), 1, 0));
    for other in [ConsumerRow { epoch: 0, ..of.clone() }, ConsumerRow { epoch: 2, ..of.clone() }, ConsumerRow { revision: 1, ..of.clone() }]
    {
        outrun(&lab, advance(&lab, &other, 4, Vec::new(), &[])).await;
    }
    lab.committed(advance(&lab, &of, 4, Vec::new(), &[])).await;
    outrun(&lab, advance(&lab, &of, 5, Vec::new(), &[])).await;
    let next = ConsumerRow { revision: 1, ..of.clone() };
    outrun(&lab, advance(&lab, &next, 3, Vec::new(), &[])).await;
    lab.committed(advance(&lab, &next, 4, Vec::new(), &[])).await;
    let stored = row(&lab, "mailer").await.expect("the row");
    assert_eq!((stored.position, stored.epoch, stored.revision, stored.lease), (Position(4), 1, 2, of.lease));
}

pub async fn a_shard_is_taken_by_another_runner_only_once_its_lease_has_run_out_on_the_stores_clock(lab: Lab) {
    let (first, second) = (lab.id(WorkerId::new), lab.id(WorkerId::new));
    let of = taken(&lab, "mailer", first).await.expect("nobody has it");
    assert_eq!(of.lease, Some((first, lab.clock.now().plus_millis(LEASE_MS))));
    assert_eq!(taken(&lab, "mailer", second).await, None);
    assert!(taken(&lab, "cache", second).await.is_some(), "another consumer is nobody's yet");
    let again = taken(&lab, "mailer", first).await.expect("it is its own");
    assert_eq!(again.epoch, 2);
    lab.clock.advance_ms(LEASE_MS - 1);
    assert_eq!(taken(&lab, "mailer", second).await, None);
    lab.clock.advance_ms(1);
    let over = taken(&lab, "mailer", second).await.expect("the lease has run out");
    assert_eq!((over.epoch, over.lease.map(|(holder, _)| holder)), (3, Some(second)));
}

pub async fn a_zombie_runner_writes_nothing(lab: Lab) {
    let zombie = takes(&lab, "mailer").await;
    lab.clock.advance_ms(LEASE_MS);
    let living = takes(&lab, "mailer").await;
    let item = sku("A");
    outrun(&lab, advance(&lab, &zombie, 5, vec![park(5, "order/a", Some("x"))], &[]).moving(lab.receive(&item, 1))).await;
    assert!(!lab.store.consumers.renew(&name("mailer"), FIRST, zombie.epoch, LEASE_MS).await.expect("asked"));
    assert_eq!((position(&lab, "mailer").await, waiting(&lab, "mailer").await), (0, vec![]));
    lab.committed(advance(&lab, &living, 5, Vec::new(), &[]).moving(lab.receive(&item, 1))).await;
    assert_eq!((position(&lab, "mailer").await, lab.account(&item).await.on_hand), (5, 1));
}

pub async fn a_lease_is_prolonged_and_given_back_by_its_holder_alone(lab: Lab) {
    let of = takes(&lab, "mailer").await;
    let renew = async |epoch, lease_ms| lab.store.consumers.renew(&name("mailer"), FIRST, epoch, lease_ms).await.expect("asked");
    lab.clock.advance_ms(LEASE_MS - 1);
    assert!(renew(of.epoch, LEASE_MS).await);
    lab.clock.advance_ms(LEASE_MS - 1);
    assert_eq!(taken(&lab, "mailer", lab.id(WorkerId::new)).await, None);
    assert!(!renew(of.epoch + 1, 0).await);
    assert_eq!(taken(&lab, "mailer", lab.id(WorkerId::new)).await, None);
    assert!(renew(of.epoch, 0).await);
    assert!(!renew(of.epoch, LEASE_MS).await, "what was given back is nobody's");
    let next = takes(&lab, "mailer").await;
    assert_eq!(next.epoch, of.epoch + 1);
    assert!(!lab.store.consumers.renew(&name("other"), FIRST, 0, LEASE_MS).await.expect("asked"));
}

pub async fn of_runners_that_take_a_shard_at_once_exactly_one_has_it(lab: Lab) {
    for round in 0..10 {
        let consumer = name(&format!("mailer-{round}"));
        let took = on_threads(6, async |thread| {
            let worker = lab.id(WorkerId::new);
            lab.store_of(thread).consumers.take(&consumer, FIRST, worker, LEASE_MS).await.expect("asked").is_some()
        });
        assert_eq!(took.into_iter().filter(|took| *took).count(), 1, "round {round}");
    }
}

pub async fn of_runners_that_write_one_step_at_once_exactly_one_does(lab: Lab) {
    let item = sku("A");
    for revision in 0..12 {
        let wins = on_threads(6, async |thread| {
            let receive = Move::Receive { id: lab.id(MoveId::new), account: account_at(&item, "default"), qty: Quantity::ONE };
            let set = lab.any_set().moving(receive).advance("mailer", FIRST, revision, Position(revision + 1));
            stands(commit_to(lab.store_of(thread), set).await)
        });
        assert_eq!(wins.into_iter().filter(|won| *won).count(), 1, "revision {revision}");
    }
    assert_eq!((lab.account(&item).await.on_hand, position(&lab, "mailer").await), (12, 12));
}

pub async fn parked_items_are_written_with_the_progress_and_listed_by_shard_and_position(lab: Lab) {
    let of = takes(&lab, "mailer").await;
    let theirs = Park { merchant: merchant("other"), ..park(8, "order/c", Some("theirs")) };
    let items = vec![theirs.clone(), park(2, "order/a", Some("no such address")), park(4, "order/a", None)];
    let set = advance(&lab, &of, 9, items, &[]);
    let now = set.now;
    lab.committed(set).await;
    let rows = parked(&lab, &all_of("mailer")).await;
    let expected = |park: Park| ParkedRow {
        consumer: name("mailer"),
        shard: FIRST,
        position: park.position,
        merchant: park.merchant,
        key: park.key,
        replaying: false,
        failures: park.failures,
        error: park.error,
        parked_at: now,
    };
    let first = expected(park(2, "order/a", Some("no such address")));
    assert_eq!(rows, [first.clone(), expected(park(4, "order/a", None)), expected(theirs)]);
    assert_eq!(lab.store.consumers.parked_at(&name("mailer"), FIRST, Position(2)).await.expect("read"), Some(first));
    assert_eq!(lab.store.consumers.parked_at(&name("mailer"), FIRST, Position(3)).await.expect("read"), None);
    for limit in [1, 2] {
        assert_eq!(walk(limit, async |after, limit| lab.store.consumers.parked(&all_of("mailer"), after, limit).await).await, rows);
    }
    let found = async |query: ParkedQuery| parked(&lab, &query).await.into_iter().map(|row| row.position.0).collect::<Vec<_>>();
    assert_eq!(found(ParkedQuery { merchant: Some(merchant("other")), ..all_of("mailer") }).await, [8]);
    assert_eq!(found(ParkedQuery { shard: Some(Shard(9)), ..all_of("mailer") }).await, [0_u64; 0]);
    assert_eq!(found(ParkedQuery { replaying: true, ..all_of("mailer") }).await, [0_u64; 0]);
    assert_eq!(found(all_of("other")).await, [0_u64; 0]);
    let cursor = crate::ports::Cursor::new("sagas", &["0", "0"]);
    assert_misuse(lab.store.consumers.parked(&all_of("mailer"), Some(&cursor), 10).await);
    assert_misuse(lab.store.consumers.list(Some(&cursor), 10).await);
}

pub async fn an_item_is_settled_once_and_only_if_it_is_parked(lab: Lab) {
    let of = with_parked(&lab).await;
    outrun(&lab, advance(&lab, &of, 9, Vec::new(), &[3, 4])).await;
    assert_eq!(waiting(&lab, "mailer").await, [(3, false), (5, false), (7, false)]);
    lab.committed(advance(&lab, &of, 9, Vec::new(), &[3, 7])).await;
    assert_eq!(waiting(&lab, "mailer").await, [(5, false)]);
    let of = row(&lab, "mailer").await.expect("the row");
    outrun(&lab, advance(&lab, &of, 9, Vec::new(), &[3])).await;
}

pub async fn a_replay_marks_all_items_of_its_key_and_fences_the_runner(lab: Lab) {
    let of = with_parked(&lab).await;
    let replay = |key: &str, whose: &str| ConsumerAct::Replay { merchant: merchant(whose), key: FeedKey::new(key) };
    outrun(&lab, told(&lab, &of, replay("order/z", "default"))).await;
    outrun(&lab, told(&lab, &of, replay("order/a", "other"))).await;
    lab.committed(told(&lab, &of, replay("order/a", "default"))).await;
    assert_eq!(waiting(&lab, "mailer").await, [(3, true), (5, true), (7, false)]);
    let query = ParkedQuery { replaying: true, ..all_of("mailer") };
    assert_eq!(parked(&lab, &query).await.len(), 2);
    outrun(&lab, advance(&lab, &of, 10, Vec::new(), &[])).await;
    let next = takes(&lab, "mailer").await;
    assert_eq!((next.position, next.epoch), (Position(9), of.epoch + 2));
    lab.committed(advance(&lab, &next, 10, Vec::new(), &[3])).await;
    assert_eq!(waiting(&lab, "mailer").await, [(5, true), (7, false)]);
}

pub async fn an_item_that_fails_again_stops_the_replay_of_its_key(lab: Lab) {
    let of = with_parked(&lab).await;
    lab.committed(told(&lab, &of, ConsumerAct::Replay { merchant: MerchantId::default(), key: FeedKey::new("order/a") })).await;
    let of = takes(&lab, "mailer").await;
    lab.committed(advance(&lab, &of, 9, vec![park(3, "order/a", Some("still no such address"))], &[])).await;
    assert_eq!(waiting(&lab, "mailer").await, [(3, false), (5, false), (7, false)]);
    let first = lab.store.consumers.parked_at(&name("mailer"), FIRST, Position(3)).await.expect("read").expect("it is parked");
    assert_eq!(first.error.as_deref(), Some("still no such address"));
}

pub async fn an_item_that_is_parked_behind_another_is_replayed_when_that_one_is(lab: Lab) {
    let of = with_parked(&lab).await;
    lab.committed(told(&lab, &of, ConsumerAct::Replay { merchant: MerchantId::default(), key: FeedKey::new("order/a") })).await;
    let of = takes(&lab, "mailer").await;
    let behind = vec![park(10, "order/a", None), park(11, "order/b", None), park(12, "order/c", None)];
    lab.committed(advance(&lab, &of, 12, behind, &[])).await;
    let expected = [(3, true), (5, true), (7, false), (10, true), (11, false), (12, false)];
    assert_eq!(waiting(&lab, "mailer").await, expected);
}

pub async fn one_item_is_dropped_and_those_behind_it_stay(lab: Lab) {
    let of = with_parked(&lab).await;
    outrun(&lab, told(&lab, &of, ConsumerAct::Drop { position: Position(4) })).await;
    lab.committed(told(&lab, &of, ConsumerAct::Drop { position: Position(3) })).await;
    assert_eq!(waiting(&lab, "mailer").await, [(5, false), (7, false)]);
    outrun(&lab, advance(&lab, &of, 10, Vec::new(), &[])).await;
    assert_eq!((position(&lab, "mailer").await, takes(&lab, "mailer").await.epoch), (9, of.epoch + 2));
}

pub async fn a_reset_goes_anywhere_and_forgets_what_is_parked_behind_it(lab: Lab) {
    let of = with_parked(&lab).await;
    lab.committed(told(&lab, &of, ConsumerAct::Reset { to: Position(5) })).await;
    outrun(&lab, advance(&lab, &of, 10, Vec::new(), &[])).await;
    let next = row(&lab, "mailer").await.expect("the row");
    assert_eq!((next.position, next.epoch, next.lease), (Position(5), of.epoch + 1, None));
    assert_eq!(waiting(&lab, "mailer").await, [(3, false), (5, false)]);
    lab.committed(told(&lab, &next, ConsumerAct::Reset { to: Position(20) })).await;
    assert_eq!((position(&lab, "mailer").await, waiting(&lab, "mailer").await.len()), (20, 2));
    // one that never was begins there
    lab.committed(lab.any_set().consumer("cache", FIRST, 0, ConsumerAct::Reset { to: Position(8) })).await;
    let begun = takes(&lab, "cache").await;
    assert_eq!((begun.position, begun.epoch), (Position(8), 2));
}

pub async fn a_consumer_that_stands_in_a_set_twice_or_parks_an_item_twice_is_misuse(lab: Lab) {
    let twice = lab.any_set().advance("mailer", FIRST, 0, Position(1)).advance("mailer", FIRST, 1, Position(2));
    let both = lab.any_set().advance("mailer", FIRST, 0, Position(1)).advance("cache", FIRST, 0, Position(2));
    let of = takes(&lab, "relay").await;
    let item = || park(1, "order/a", Some("x"));
    for bad in [
        twice,
        advance(&lab, &of, 3, vec![item(), item()], &[]),
        advance(&lab, &of, 3, vec![item()], &[1]),
        advance(&lab, &of, 3, vec![Park { key: FeedKey::new(""), ..item() }], &[]),
        advance(&lab, &of, 3, vec![Park { key: FeedKey::new("a\0b"), ..item() }], &[]),
    ] {
        assert_misuse(commit_to(&lab.store, bad).await);
    }
    for long in [Park { key: FeedKey::new("k".repeat(201)), ..item() }, Park { error: Some("e".repeat(1_001)), ..item() }] {
        let failed = lab.failed(advance(&lab, &of, 3, vec![long], &[])).await;
        assert_eq!(failed.kind, crate::ports::PortErrorKind::TooLarge);
    }
    assert_eq!((position(&lab, "mailer").await, position(&lab, "relay").await), (0, 0));
    lab.committed(both).await;
    let longest = Park { error: Some("é".repeat(1_000)), key: FeedKey::new("é".repeat(200)), ..item() };
    lab.committed(advance(&lab, &of, 3, vec![longest], &[])).await;
}

pub async fn all_consumers_are_listed_by_name_and_shard(lab: Lab) {
    let mut expected = Vec::new();
    for consumer in ["cache", "mailer", "relay"] {
        for shard in lab.shards() {
            lab.committed(lab.any_set().advance(consumer, shard, 0, Position(1))).await;
            expected.push((consumer.to_owned(), shard));
        }
    }
    for limit in [1, 2, 100] {
        let found = walk(limit, async |after, limit| lab.store.consumers.list(after, limit).await).await;
        let found: Vec<_> = found.into_iter().map(|row| (row.consumer.to_string(), row.shard)).collect();
        assert_eq!(found, expected, "pages of {limit}");
    }
}
