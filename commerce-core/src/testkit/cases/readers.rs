use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use futures::FutureExt;
use futures::executor::block_on;

use crate::engine::{Call, Commerce, Error, FeedCursor};
use crate::id::{EventId, MerchantId, OrderId};
use crate::ports::{ChangeSet, Expected, FeedEntry, FeedItem, Position, Proof, Retry, Root, Shard, Store, StreamName, Verdict, Version};
use crate::sandbox::Token;
use crate::testkit::cases::consuming::engine;
use crate::testkit::cases::contention::Writing;
use crate::testkit::faults::{Fault, Faults, Operation, Plan, Point};
use crate::testkit::lab::{commit_to, feed_of, merchant, sku};
use crate::testkit::shop::Shop;
use crate::testkit::{ChangeSetExt, Dice, Lab, on_threads};

const SEED: u64 = 20_261_122;
const WRITERS: usize = 32;
const READERS: usize = 8;
const SETS: u64 = 20;

fn call_of(merchant: &MerchantId) -> Call {
    Call { merchant: merchant.clone(), ..Call::staff("reader") }
}

fn merchants() -> [MerchantId; 2] {
    [MerchantId::default(), merchant("other")]
}

/// Waits for a while that a seed fixes: others go on meanwhile.
fn dawdle(dice: &mut Dice) {
    for _ in 0..dice.below(40) {
        thread::yield_now();
    }
}

/// A store whose commits fail now and then: before they are made, after, or twice.
fn failing(store: &Store, dice: &mut Dice) -> Store {
    let faults = [Fault::Fail, Fault::LoseRequest, Fault::LoseAnswer, Fault::Repeat];
    let plan = |visit| Plan { point: Point { operation: Operation::Commit, fault: *dice.pick(&faults) }, visit };
    Faults::all_of([4, 9, 14].map(plan)).store(store.clone())
}

/// Commits a set, and says whether it is there: who is not told looks.
async fn is_there(store: &Store, set: ChangeSet, event: EventId) -> bool {
    let proof = Proof::Event { stream: set.appends[0].stream.clone(), version: Version(1), event };
    match commit_to(store, set).await {
        Ok(verdict) => matches!(verdict, Verdict::Committed(_)),
        Err(error) if error.retry == Retry::Unknown => store.journal.outcome(&proof).await.expect("the outcome is read").is_some(),
        Err(error) => {
            assert_eq!(error.retry, Retry::Later, "{error}");
            false
        }
    }
}

/// Writes sets, of which one in ten is refused and some fail; answers the events that are there.
async fn write(lab: &Lab, thread: usize) -> BTreeSet<EventId> {
    let mut dice = Dice::new(SEED + u64::try_from(thread).unwrap_or(0));
    let store = failing(lab.store_of(thread), &mut dice);
    let whose = &merchants()[thread / 2 % 2];
    let mut there = BTreeSet::new();
    for _ in 0..SETS {
        dawdle(&mut dice);
        let order = lab.id(OrderId::new);
        let events = lab.events(1 + usize::try_from(dice.below(3)).unwrap_or(0));
        let ids: Vec<EventId> = events.iter().map(|event| event.id).collect();
        let refused = dice.below(10) == 0;
        let expected = if refused { Expected::At(Version(5)) } else { Expected::New };
        let mut set = lab.set_of(whose, Root::Order(order)).append(StreamName::Order(order), expected, events);
        if *whose == MerchantId::default() && dice.below(3) == 0 {
            set = set.moving(lab.receive(&sku("A"), 1));
        }
        if is_there(&store, set, ids[0]).await {
            assert!(!refused);
            there.extend(ids);
        }
    }
    there
}

fn id_of(item: &FeedItem) -> Option<EventId> {
    match &item.entry {
        FeedEntry::Event(stored) => Some(stored.event.id),
        FeedEntry::Movement { .. } => None,
    }
}

/// Follows the feed while it is written, and then to its end.
async fn follow(commerce: &Commerce, reader: usize, writing: &AtomicBool) -> Vec<FeedItem> {
    let mut dice = Dice::new(SEED ^ u64::try_from(reader).unwrap_or(0));
    let call = call_of(&merchants()[reader % 2]);
    let (mut seen, mut at) = (Vec::new(), FeedCursor::default());
    loop {
        let last_round = !writing.load(Ordering::SeqCst);
        let mut changed = pin!(commerce.feed_changed());
        // listens from here on
        let told = (&mut changed).now_or_never().is_some();
        let limit = 1 + u32::try_from(dice.below(30)).unwrap_or(0);
        let page = commerce.read_feed(&call, &at, limit, true).await.expect("the feed is read");
        assert!(page.items.len() <= limit as usize);
        // what a client sends back is text
        at = page.next.to_string().parse().expect("a cursor survives being text");
        seen.extend(page.items);
        if !page.more && last_round {
            return seen;
        }
        if !page.more && !told {
            changed.await;
        }
        dawdle(&mut dice);
    }
}

pub async fn eight_readers_see_exactly_what_thirty_two_writers_commit_each_item_once_and_in_order(lab: Lab) {
    let commerce = engine(&lab, &Faults::none());
    let writing = AtomicBool::new(true);
    let (lab, commerce, writing) = (&lab, &commerce, &writing);
    let (there, seen) = thread::scope(|scope| {
        let read = |reader: usize| scope.spawn(move || block_on(follow(commerce, reader, writing)));
        let reading: Vec<_> = (0..READERS).map(read).collect();
        let until_here = Writing(writing);
        let there = on_threads(WRITERS, async |thread| write(lab, thread).await);
        drop(until_here);
        // wakes those who wait for a change, and is none of theirs
        let bell = lab.set_of(&merchant("bell"), Root::Sku(sku("BELL"))).advance("bell", Shard(0), 0, Position(0));
        let ringing = scope.spawn(move || block_on(lab.committed(bell)));
        ringing.join().expect("the bell");
        (there, reading.into_iter().map(|reader| reader.join().expect("a reader")).collect::<Vec<_>>())
    });
    let mut table = Vec::new();
    for shard in lab.shards() {
        table.extend(feed_of(&lab.store, shard).await);
    }
    for (reader, mut items) in seen.into_iter().enumerate() {
        let whose = &merchants()[reader % 2];
        let expected: Vec<&FeedItem> = table.iter().filter(|item| item.merchant == *whose).collect();
        for shard in lab.shards() {
            let places: Vec<Position> = items.iter().filter(|item| item.shard == shard).map(|item| item.position).collect();
            assert!(places.is_sorted_by(|a, b| a < b), "seed {SEED}: reader {reader} read {shard:?} out of order or twice: {places:?}");
        }
        items.sort_by_key(|item| (item.shard, item.position));
        assert!(items.iter().eq(expected), "seed {SEED}: reader {reader} saw other items than are there");
    }
    let told: BTreeSet<EventId> = table.iter().filter_map(id_of).collect();
    let there: BTreeSet<EventId> = there.into_iter().flatten().collect();
    assert_eq!(told, there, "seed {SEED}: what was committed is told, and nothing else is");
    assert!(told.len() > 700, "seed {SEED}: only {} events", told.len());
}

pub async fn a_page_has_a_share_of_every_shard_and_passes_over_what_is_anothers(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    for _ in 0..6 {
        shop.place_paid(&[("LAMP", 1)], Token::Visa).await;
    }
    for limit in [1, 2, 50] {
        let (mut at, mut shards, mut seen) = (FeedCursor::default(), Vec::new(), 0);
        loop {
            let page = shop.commerce.read_feed(&shop.call, &at, limit, false).await.expect("the feed is read");
            shards.extend(page.items.first().map(|item| item.shard));
            seen += page.items.len();
            at = page.next;
            if !page.more {
                break;
            }
        }
        let mut all = 0;
        for shard in lab.shards() {
            let items = lab.feed(shard).await;
            all += items.iter().filter(|item| !matches!(&item.entry, FeedEntry::Event(stored) if stored.event.mirror)).count();
        }
        assert_eq!(seen, all, "pages of {limit}");
        assert_eq!(at, shop.commerce.feed_head().await.expect("the feed is read"));
        if limit == 1 {
            shards.truncate(3 * usize::from(lab.store.facts.shards));
            assert!(lab.shards().all(|shard| shards.contains(&shard)), "no shard waits for the others to end: {shards:?}");
        }
    }
    let nobody = call_of(&merchant("nobody"));
    let page = shop.commerce.read_feed(&nobody, &FeedCursor::default(), 1_000, true).await.expect("the feed is read");
    assert!(page.items.is_empty() && page.next != FeedCursor::default());
    let wider = FeedCursor::at(vec![Position(1); usize::from(lab.store.facts.shards) + 1]);
    assert!(matches!(shop.commerce.read_feed(&shop.call, &wider, 10, true).await, Err(Error::Cursor)));
}
