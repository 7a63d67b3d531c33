use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::id::{HoldId, MerchantId, MoveId, OrderId, Sku, WorkerId};
use crate::ports::{
    ClaimSpace, Clock, Expected, FeedEntry, FeedItem, LIMIT_MAX_ROWS, NewSaga, Position, Rejection, SagaId, SagaWrite, Shard, Store,
    StreamName, Verdict, Version,
};
use crate::stock::{Account, AccountKey, Limits, Move, Movement, MovementKind, Split};
use crate::testkit::cases::moves::{adjust, configure, counters, relocate, short};
use crate::testkit::cases::sagas::{LEASE_MS, kind, new_saga, update};
use crate::testkit::lab::{commit_to, order_ref, sku, walk};
use crate::testkit::{ChangeSetExt, Dice, Lab, on_threads};

const THREADS: usize = 8;
const SEED: u64 = 20_260_101;

/// Whether it stands; an error fails the case.
pub(super) fn stands(verdict: Result<Verdict, crate::ports::PortError>) -> bool {
    match verdict {
        Ok(verdict) => matches!(verdict, Verdict::Committed(_)),
        Err(error) => panic!("the store failed: {error}"),
    }
}

pub async fn of_n_buyers_of_k_units_exactly_k_get_one_and_the_others_a_clear_refusal(lab: Lab) {
    let (item, units, buyers) = (sku("LAST"), 37, 160);
    lab.moved([lab.receive(&item, units)]).await;
    let refused = Rejection::Short(vec![crate::stock::ShortItem { sku: item.clone(), requested: 1, available: 0 }]);
    let won = on_threads(THREADS, async |thread| {
        let mut won = 0;
        for _ in 0..buyers / THREADS {
            match commit_to(lab.store_of(thread), lab.moving([lab.hold(&item, 1).1])).await {
                Ok(Verdict::Committed(_)) => won += 1,
                Ok(Verdict::Rejected(rejection)) => assert_eq!(rejection, refused),
                Err(error) => panic!("the store failed: {error}"),
            }
        }
        won
    });
    assert_eq!(won.iter().sum::<u32>(), units);
    assert_eq!(counters(lab.account(&item).await), (i64::from(units), i64::from(units), 0));
}

pub async fn the_store_itself_refuses_a_write_that_oversells_whoever_sends_it(lab: Lab) {
    let item = sku("A");
    lab.moved([lab.receive(&item, 1), lab.receive_at(&item, "shop", 1)]).await;
    lab.moved([lab.hold(&item, 1).1]).await;
    // no read before the write, no version, no lock of the caller's
    for store in [&lab.store, &lab.second] {
        for set in [
            lab.moving([lab.hold(&item, 1).1]),
            lab.sku_set(&item).moving(lab.hold(&item, 1).1),
            lab.moving([relocate(&lab, &item, "default", "shop", 1)]),
        ] {
            let verdict = commit_to(store, set).await.expect("the store answers");
            assert_eq!(verdict, Verdict::Rejected(short(&item, 1, 0)));
        }
        let (_, both) = lab.hold_at(&item, 2, &["default", "shop"], Split::InOrder);
        let verdict = commit_to(store, lab.moving([both])).await.expect("the store answers");
        assert_eq!(verdict, Verdict::Rejected(short(&item, 2, 1)));
    }
    assert_eq!(counters(lab.account(&item).await), (1, 1, 0));
}

pub async fn one_sku_on_two_lines_never_oversells_however_many_ask_at_once(lab: Lab) {
    let item = sku("A");
    lab.moved([lab.receive(&item, 25)]).await;
    let won = on_threads(THREADS, async |thread| {
        let mut won = 0;
        for _ in 0..4 {
            let set = lab.moving([lab.hold(&item, 1).1, lab.hold(&item, 2).1]);
            won += u32::from(stands(commit_to(lab.store_of(thread), set).await));
        }
        won
    });
    assert_eq!(won.iter().sum::<u32>(), 8);
    assert_eq!(counters(lab.account(&item).await), (25, 24, 0));
}

pub async fn of_many_that_claim_one_key_at_once_exactly_one_has_it_and_the_others_learn_who(lab: Lab) {
    for round in 0..12 {
        let (key, hash) = (format!("key-{round}"), [7; 32]);
        let told = on_threads(THREADS, async |thread| {
            let order = lab.id(OrderId::new);
            let claim = crate::ports::Claim {
                space: ClaimSpace::Idempotency,
                key: key.clone(),
                owner: order_ref(order),
                request_hash: Some(hash),
                expires_at: None,
            };
            let set = lab.order_set(order).claim(claim).append(StreamName::Order(order), Expected::New, lab.events(1));
            match commit_to(lab.store_of(thread), set).await {
                Ok(Verdict::Committed(_)) => (true, order_ref(order)),
                Ok(Verdict::Rejected(Rejection::Claimed { owner, same_request: true, .. })) => (false, owner),
                other => panic!("thread {thread}: {other:?}"),
            }
        });
        assert_eq!(told.iter().filter(|(won, _)| *won).count(), 1);
        assert!(told.iter().all(|(_, owner)| *owner == told[0].1), "they were told of different owners: {told:?}");
    }
}

/// What one thread remembers of the holds that it made.
struct Walker<'a> {
    lab: &'a Lab,
    dice: Dice,
    item: Sku,
    holds: Vec<HoldId>,
}

impl Walker<'_> {
    fn next(&mut self) -> Vec<Move> {
        let (lab, item) = (self.lab, self.item.clone());
        let qty = 1 + u32::try_from(self.dice.below(4)).unwrap_or(0);
        let place = *self.dice.pick(&["default", "shop"]);
        let made = (!self.holds.is_empty()).then(|| *self.dice.pick(&self.holds));
        match (self.dice.below(12), made) {
            (0 | 1, _) => vec![lab.receive_at(&item, place, qty)],
            (2, _) => vec![adjust(lab, &item, -i64::from(qty))],
            (3, _) => vec![configure(lab, &item, Limits { safety: i64::from(qty % 3), backorder: 2, ..Limits::default() })],
            (4, _) => vec![relocate(lab, &item, "default", "shop", qty)],
            (5, Some(hold)) => vec![Move::Confirm { hold }],
            (6, Some(hold)) => vec![Move::Confirm { hold }, lab.fulfill(hold, qty)],
            (7, Some(hold)) => vec![lab.release(hold, qty)],
            (8, Some(hold)) => vec![Move::Expire { hold }, lab.receive(&item, 1)],
            _ => {
                let (id, mut hold) = lab.hold_at(&item, qty, &["default", "shop"], Split::InOrder);
                if let (Move::Hold { expires_at, .. }, true) = (&mut hold, self.dice.below(3) == 0) {
                    *expires_at = lab.clock.now();
                }
                self.holds.push(id);
                // the same hold again is no second one
                if self.dice.below(4) == 0 { vec![hold.clone(), hold] } else { vec![hold] }
            }
        }
    }
}

pub async fn after_any_mix_of_moves_by_many_threads_the_counters_equal_the_fold_of_the_ledger(lab: Lab) {
    let items: Vec<Sku> = (0..3).map(|n| sku(&format!("S{n}"))).collect();
    for item in &items {
        lab.moved([lab.receive(item, 20)]).await;
    }
    let stood = on_threads(THREADS, async |thread| {
        let seed = SEED + u64::try_from(thread).unwrap_or(0);
        let mut walker = Walker { lab: &lab, dice: Dice::new(seed), item: items[thread % items.len()].clone(), holds: Vec::new() };
        let mut stood = 0;
        for _ in 0..60 {
            let moves = walker.next();
            if walker.dice.below(10) == 0 {
                lab.clock.advance_ms(1);
            }
            let set = lab.moving(moves);
            stood += u32::from(stands(commit_to(lab.store_of(thread), set.clone()).await));
            if walker.dice.below(5) == 0 {
                // what a caller does that never got its answer
                stands(commit_to(lab.store_of(thread + 1), set).await);
            }
        }
        stood
    });
    let stood: u32 = stood.into_iter().sum();
    assert!(stood > 100, "seed {SEED}: only {stood} sets stood");
    assert_conserved(&lab).await;
}

/// Asserts that every account, and every hold, is what the feed's movements make it.
async fn assert_conserved(lab: &Lab) {
    let mut accounts: BTreeMap<AccountKey, (i64, i64)> = BTreeMap::new();
    let mut holds: BTreeMap<HoldId, i64> = BTreeMap::new();
    for shard in lab.shards() {
        for item in lab.feed(shard).await {
            let FeedEntry::Movement { movement, .. } = item.entry else { continue };
            fold(&mut accounts, &mut holds, &movement);
        }
    }
    let stored = walk(LIMIT_MAX_ROWS, async |after, limit| lab.store.audit.all_accounts(after, limit).await).await;
    assert_eq!(stored.iter().map(|(key, account)| (key.clone(), (account.on_hand, account.held))).collect::<BTreeMap<_, _>>(), accounts);
    for (key, account) in &stored {
        assert_lawful(key, account);
    }
    let stored = walk(LIMIT_MAX_ROWS, async |after, limit| lab.store.audit.all_holds(after, limit).await).await;
    assert!(stored.len() > 10, "seed {SEED}: only {} holds", stored.len());
    assert_eq!(stored.iter().map(|hold| (hold.id, i64::from(hold.remaining()))).collect::<BTreeMap<_, _>>(), holds);
}

fn fold(accounts: &mut BTreeMap<AccountKey, (i64, i64)>, holds: &mut BTreeMap<HoldId, i64>, movement: &Movement) {
    let (on_hand, held) = accounts.entry(movement.account.clone()).or_default();
    *on_hand += movement.on_hand_delta;
    *held += movement.held_delta;
    if let Some(hold) = movement.hold {
        *holds.entry(hold).or_default() += movement.held_delta;
    }
    if movement.kind == MovementKind::StockShort {
        assert_eq!((movement.on_hand_delta, movement.held_delta), (0, 0));
    }
}

fn assert_lawful(key: &AccountKey, account: &Account) {
    let available = account.on_hand - account.held + account.limits.backorder - account.limits.safety;
    assert!(account.on_hand >= 0 && account.held >= 0, "{key:?}: {account:?}");
    assert_eq!(account.shortfall, (-available).max(0), "{key:?}: {account:?}");
}

pub async fn a_move_sent_by_many_at_once_applies_once(lab: Lab) {
    let item = sku("A");
    for round in 1..=10 {
        let receive = lab.receive(&item, 1);
        let stood = on_threads(THREADS, async |thread| stands(commit_to(lab.store_of(thread), lab.moving([receive.clone()])).await));
        assert!(stood.into_iter().all(|stood| stood));
        assert_eq!(lab.account(&item).await.on_hand, round);
    }
}

/// Lets the readers end, also when a writer panics.
pub(super) struct Writing<'a>(pub(super) &'a AtomicBool);

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// Reads a shard to its end, as a consumer does, until no writer is left.
async fn consume(store: &Store, shard: Shard, writing: &AtomicBool) -> Vec<FeedItem> {
    let mut seen = Vec::new();
    let mut after = Position(0);
    loop {
        let last_round = !writing.load(Ordering::SeqCst);
        let items = store.feed.read(shard, after, 7, true).await.expect("the feed is read");
        let Some(last) = items.last() else {
            if last_round {
                return seen;
            }
            std::thread::yield_now();
            continue;
        };
        assert!(last.position > after, "the feed does not advance past {after}");
        after = last.position;
        seen.extend(items);
    }
}

pub async fn readers_of_the_feed_see_every_item_once_and_in_order_while_writers_commit_and_are_refused(lab: Lab) {
    let writing = AtomicBool::new(true);
    let item = sku("A");
    lab.moved([lab.receive(&item, 1_000)]).await;
    let readers = 2 * usize::from(lab.store.facts.shards);
    let (writing, lab_ref, item) = (&writing, &lab, &item);
    let seen: Vec<(Shard, Vec<FeedItem>)> = std::thread::scope(|scope| {
        let read = |reader: usize| {
            let shard = Shard(u16::try_from(reader / 2).unwrap_or(0));
            scope.spawn(move || (shard, futures::executor::block_on(consume(lab_ref.store_of(reader), shard, writing))))
        };
        let running: Vec<_> = (0..readers).map(read).collect();
        let until_here = Writing(writing);
        on_threads(THREADS, async |thread| {
            for n in 0..30 {
                let order = lab_ref.id(OrderId::new);
                // one in ten is refused
                let expected = if n % 10 == 9 { Expected::At(Version(5)) } else { Expected::New };
                let set = lab_ref.order_set(order).append(StreamName::Order(order), expected, lab_ref.events(1 + n % 3));
                let set = if n % 4 == 0 { set.moving(lab_ref.hold(item, 1).1) } else { set };
                assert_eq!(stands(commit_to(lab_ref.store_of(thread), set).await), n % 10 != 9);
            }
        });
        drop(until_here);
        running.into_iter().map(|reader| reader.join().expect("a reader")).collect()
    });
    for (shard, seen) in seen {
        assert!(seen.is_sorted_by(|a, b| a.position < b.position), "{shard:?}");
        assert_eq!(seen, lab.feed(shard).await, "{shard:?}: a reader saw other items than are there");
    }
}

pub async fn many_workers_lease_each_saga_once(lab: Lab) {
    let mut batch = Vec::new();
    for _ in 0..60 {
        let id = lab.id(SagaId);
        batch.push(lab.any_set().saga(SagaWrite::Insert(NewSaga { due: Some(lab.clock.now()), ..new_saga(id) })));
    }
    assert!(lab.store.journal.commit(batch).await.into_iter().all(stands));
    let leased = on_threads(THREADS, async |thread| {
        let worker = lab.id(WorkerId::new);
        let mut mine = Vec::new();
        loop {
            assert!(mine.len() <= 60, "sagas are leased again and again");
            let rows = lab.store_of(thread).sagas.claim(worker, &[kind("collect", 1)], LEASE_MS, 3).await.expect("sagas are leased");
            if rows.is_empty() {
                return mine;
            }
            mine.extend(rows.into_iter().map(|row| (row.id, row.epoch)));
        }
    });
    let mut leased: Vec<_> = leased.into_iter().flatten().collect();
    leased.sort();
    assert!(leased.iter().all(|(_, epoch)| *epoch == 1), "{leased:?}");
    leased.dedup();
    assert_eq!(leased.len(), 60);
}

pub async fn of_workers_that_write_one_step_at_once_exactly_one_does(lab: Lab) {
    let id = lab.id(SagaId);
    let leased_to = Some((lab.id(WorkerId::new), LEASE_MS));
    lab.committed(lab.any_set().saga(SagaWrite::Insert(NewSaga { leased_to, ..new_saga(id) }))).await;
    for revision in 1..=15 {
        let wins = on_threads(THREADS, async |thread| {
            let receive = Move::Receive {
                id: lab.id(MoveId::new),
                account: crate::testkit::lab::account_at(&sku("A"), "default"),
                qty: crate::quantity::Quantity::ONE,
            };
            stands(commit_to(lab.store_of(thread), lab.any_set().saga(update(id, 1, revision)).moving(receive)).await)
        });
        assert_eq!(wins.into_iter().filter(|won| *won).count(), 1, "revision {revision}");
    }
    assert_eq!(lab.account(&sku("A")).await.on_hand, 15);
    let row = lab.store.sagas.get(&MerchantId::default(), id).await.expect("read").expect("the saga");
    assert_eq!((row.epoch, row.revision), (1, 16));
}

pub async fn an_expired_hold_is_reclaimed_once_however_many_need_its_units(lab: Lab) {
    for round in 0..5 {
        let item = sku(&format!("E{round}"));
        let (_, hold) = lab.hold(&item, 5);
        lab.moved([lab.receive(&item, 5), hold]).await;
        lab.clock.advance_s(4_000);
        let won = on_threads(THREADS, async |thread| stands(commit_to(lab.store_of(thread), lab.moving([lab.hold(&item, 1).1])).await));
        assert_eq!(won.into_iter().filter(|won| *won).count(), 5);
        assert_eq!(counters(lab.account(&item).await), (5, 5, 0));
    }
}

pub async fn a_late_confirmation_and_a_new_buyer_never_both_get_the_last_unit(lab: Lab) {
    for round in 0..20 {
        let item = sku(&format!("L{round}"));
        let (late, hold) = lab.hold(&item, 1);
        lab.moved([lab.receive(&item, 1), hold]).await;
        lab.clock.advance_s(4_000);
        let won = on_threads(2, async |thread| {
            let one = if thread == 0 { Move::Confirm { hold: late } } else { lab.hold(&item, 1).1 };
            match commit_to(lab.store_of(thread), lab.moving([one])).await {
                Ok(Verdict::Committed(_)) => true,
                Ok(Verdict::Rejected(Rejection::HoldGone { hold })) if thread == 0 => {
                    assert_eq!(hold, late);
                    false
                }
                Ok(Verdict::Rejected(rejection)) => {
                    assert_eq!(rejection, short(&item, 1, 0));
                    false
                }
                Err(error) => panic!("the store failed: {error}"),
            }
        });
        assert_eq!(won.iter().filter(|won| **won).count(), 1, "round {round}: {won:?}");
        assert_eq!(counters(lab.account(&item).await), (1, 1, 0));
    }
}
