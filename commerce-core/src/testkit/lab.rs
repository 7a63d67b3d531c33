//! One case's store, clock and ids, and short words for what cases do with them.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use uuid::Uuid;

use crate::id::{EventId, HoldId, LocationId, MerchantId, MoveId, OrderId, ReservationId, Sku};
use crate::ports::{
    Actor, ActorKind, ChangeSet, Clock, Cursor, EventMeta, FeedItem, Ids, LIMIT_MAX_ROWS, NewEvent, Page, Partition, PortError,
};
use crate::ports::{Position, Receipt, Rejection, ResourceKind, ResourceRef, Root, Shard, Store, StreamId, StreamName, Verdict};
use crate::quantity::Quantity;
use crate::stock::{Account, AccountKey, Move, Owner, Split};
use crate::testkit::{Fixture, ManualClock, SeededIds};
use crate::time::Timestamp;

/// One case's store, clock and ids.
pub struct Lab {
    fixture: Box<dyn Fixture>,
    sets: AtomicI64,
    /// The store's clock, at the start of 2026.
    pub clock: Arc<ManualClock>,
    /// Ids, the same in every run.
    pub ids: SeededIds,
    /// The store.
    pub store: Store,
    /// A second committer on the same data, if the adapter admits one; else the same store.
    pub second: Store,
}

impl fmt::Debug for Lab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lab").field("store", &self.store).finish_non_exhaustive()
    }
}

const START: Timestamp = Timestamp::from_secs(1_767_225_600);

impl Lab {
    /// Opens what the fixture has.
    pub async fn new(fixture: Box<dyn Fixture>) -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let store = fixture.open(clock.clone()).await;
        let second = fixture.open_second(clock.clone()).await.unwrap_or_else(|| store.clone());
        Self { fixture, sets: AtomicI64::new(0), clock, ids: SeededIds::new(1), store, second }
    }

    /// Closes the store and opens it again.
    #[must_use]
    pub async fn reopened(self) -> Self {
        let Self { fixture, sets, clock, ids, store, second } = self;
        drop((store, second));
        fixture.close().await;
        let store = fixture.open(clock.clone()).await;
        let second = fixture.open_second(clock.clone()).await.unwrap_or_else(|| store.clone());
        Self { fixture, sets, clock, ids, store, second }
    }

    /// The store for a thread: every other one gets the second committer.
    pub const fn store_of(&self, thread: usize) -> &Store {
        if thread.is_multiple_of(2) { &self.store } else { &self.second }
    }

    /// A new id of any type, by its constructor.
    pub fn id<T>(&self, new: impl FnOnce(Uuid) -> T) -> T {
        new(self.ids.uuid7())
    }

    /// The shards of the store.
    pub fn shards(&self) -> impl Iterator<Item = Shard> + use<> {
        (0..self.store.facts.shards).map(Shard)
    }

    /// A change set of a merchant with nothing in it. It is judged by the time that is now; in business time it happens after all sets
    /// that were made before, by some microseconds.
    pub fn set_of(&self, merchant: &MerchantId, root: Root) -> ChangeSet {
        let now = self.clock.now();
        let actor = Actor { kind: ActorKind::Staff, id: "packer-7".into() };
        let at = Timestamp::from_micros(now.micros() + self.sets.fetch_add(1, Ordering::Relaxed));
        let meta = EventMeta { at, actor, correlation: Some("request-1".into()), causation: None };
        ChangeSet::new(Partition { merchant: merchant.clone(), root }, now, meta)
    }

    /// A change set of an order with nothing in it.
    pub fn order_set(&self, order: OrderId) -> ChangeSet {
        self.set_of(&MerchantId::default(), Root::Order(order))
    }

    /// A change set of a SKU with nothing in it.
    pub fn sku_set(&self, sku: &Sku) -> ChangeSet {
        self.set_of(&MerchantId::default(), Root::Sku(sku.clone()))
    }

    /// A change set of a new order with nothing in it: it lands on any shard.
    pub fn any_set(&self) -> ChangeSet {
        self.order_set(self.id(OrderId::new))
    }

    /// A new event.
    pub fn event(&self) -> NewEvent {
        let id = self.id(EventId::new);
        NewEvent { id, kind: Cow::Borrowed("OrderHeld"), kind_version: 1, mirror: false, bytes: id.to_string().into_bytes() }
    }

    /// New events.
    pub fn events(&self, count: usize) -> Vec<NewEvent> {
        (0..count).map(|_| self.event()).collect()
    }

    /// Units arrive at the default location.
    pub fn receive(&self, sku: &Sku, qty: u32) -> Move {
        self.receive_at(sku, "default", qty)
    }

    /// Units arrive at a location.
    pub fn receive_at(&self, sku: &Sku, location: &str, qty: u32) -> Move {
        Move::Receive { id: self.id(MoveId::new), account: account_at(sku, location), qty: units(qty) }
    }

    /// A hold at the default location, for a reservation, that expires in an hour.
    pub fn hold(&self, sku: &Sku, qty: u32) -> (HoldId, Move) {
        self.hold_at(sku, qty, &[], Split::Never)
    }

    /// A hold at some locations, for a reservation, that expires in an hour.
    pub fn hold_at(&self, sku: &Sku, qty: u32, candidates: &[&str], split: Split) -> (HoldId, Move) {
        let id = self.id(HoldId::new);
        let hold = Move::Hold {
            id,
            merchant: MerchantId::default(),
            owner: Owner::Reservation(self.id(ReservationId::new)),
            sku: sku.clone(),
            qty: units(qty),
            candidates: candidates.iter().map(|name| location(name)).collect(),
            split,
            expires_at: self.clock.now().plus_secs(3_600),
        };
        (id, hold)
    }

    /// Units of a hold leave the default location.
    pub fn fulfill(&self, hold: HoldId, qty: u32) -> Move {
        Move::Fulfill { id: self.id(MoveId::new), hold, location: LocationId::default(), qty: units(qty) }
    }

    /// Units of a hold are given back, the last placement first.
    pub fn release(&self, hold: HoldId, qty: u32) -> Move {
        Move::Release { id: self.id(MoveId::new), hold, location: None, qty: units(qty) }
    }

    /// Commits one set and answers what became of it.
    pub async fn commit(&self, set: ChangeSet) -> Result<Verdict, PortError> {
        commit_to(&self.store, set).await
    }

    /// Commits one set that must stand.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    pub fn committed(&self, set: ChangeSet) -> impl Future<Output = Receipt> {
        let at = Location::caller();
        async move {
            match self.commit(set).await {
                Ok(Verdict::Committed(receipt)) => receipt,
                other => panic!("{at}: expected a commit, got {other:?}"),
            }
        }
    }

    /// Commits one set that must not stand.
    ///
    /// # Panics
    /// If it does.
    #[track_caller]
    pub fn rejected(&self, set: ChangeSet) -> impl Future<Output = Rejection> {
        let at = Location::caller();
        async move {
            match self.commit(set).await {
                Ok(Verdict::Rejected(rejection)) => rejection,
                other => panic!("{at}: expected a rejection, got {other:?}"),
            }
        }
    }

    /// Commits one set that must fail.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    pub fn failed(&self, set: ChangeSet) -> impl Future<Output = PortError> {
        let at = Location::caller();
        async move {
            match self.commit(set).await {
                Err(error) => error,
                other => panic!("{at}: expected an error, got {other:?}"),
            }
        }
    }

    /// Commits moves as one set that must stand.
    #[track_caller]
    pub fn moved(&self, moves: impl IntoIterator<Item = Move>) -> impl Future<Output = Receipt> {
        self.committed(self.moving(moves))
    }

    /// A set of these moves.
    pub fn moving(&self, moves: impl IntoIterator<Item = Move>) -> ChangeSet {
        let mut set = self.any_set();
        set.moves.extend(moves);
        set
    }

    /// The account of a SKU at the default location.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn account(&self, sku: &Sku) -> impl Future<Output = Account> {
        self.account_at(sku, "default")
    }

    /// The account of a SKU at a location.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn account_at(&self, sku: &Sku, name: &str) -> impl Future<Output = Account> {
        let at = Location::caller();
        let key = account_at(sku, name);
        async move {
            let accounts = self.store.stock.accounts(&key.merchant, std::slice::from_ref(&key.sku)).await.expect("accounts are read");
            let found = accounts.iter().find(|(found, _)| *found == key);
            found.map_or_else(|| panic!("{at}: no account {key:?}, only {accounts:?}"), |(_, account)| *account)
        }
    }

    /// Everything in the feed of a shard, mirrors included.
    ///
    /// # Panics
    /// If it cannot be read.
    pub async fn feed(&self, shard: Shard) -> Vec<FeedItem> {
        feed_of(&self.store, shard).await
    }
}

/// Everything in the feed of a shard of a store, mirrors included.
pub(crate) async fn feed_of(store: &Store, shard: Shard) -> Vec<FeedItem> {
    let mut all = Vec::new();
    let mut after = Position(0);
    loop {
        let items = store.feed.read(shard, after, LIMIT_MAX_ROWS, true).await.expect("the feed is read");
        let Some(last) = items.last() else { return all };
        assert!(last.position > after, "the feed does not advance past {after}");
        after = last.position;
        all.extend(items);
    }
}

/// Commits one set to a store.
pub(crate) async fn commit_to(store: &Store, set: ChangeSet) -> Result<Verdict, PortError> {
    let mut answers = store.journal.commit(vec![set]).await;
    let answer = answers.pop().expect("one answer for one set");
    assert!(answers.is_empty(), "more answers than sets: {answers:?}");
    answer
}

// a list that never ends fails its case and does not hang it
const WALK_MAX_ROWS: usize = 100_000;

/// Walks a list to its end, in pages of this many rows.
///
/// # Panics
/// If a page fails, is longer than asked for, or is empty and still names a next one.
pub(crate) async fn walk<T>(limit: u32, page: impl AsyncFn(Option<&Cursor>, u32) -> Result<Page<T>, PortError>) -> Vec<T> {
    let mut all = Vec::new();
    let mut after: Option<Cursor> = None;
    loop {
        let Page { items, next } = page(after.as_ref(), limit).await.expect("the page is read");
        assert!(items.len() <= limit as usize, "a page of {limit} rows has {}", items.len());
        assert!(next.is_none() || !items.is_empty(), "an empty page that is not the last");
        all.extend(items);
        assert!(all.len() <= WALK_MAX_ROWS, "the list does not end");
        match next {
            // what a client sends back is text
            Some(cursor) => after = Some(cursor.to_string().parse().expect("a cursor survives being text")),
            None => return all,
        }
    }
}

/// Asserts that a call failed as misuse.
#[track_caller]
pub(crate) fn assert_misuse<T: fmt::Debug>(answer: Result<T, PortError>) {
    match answer {
        Err(PortError { kind: crate::ports::PortErrorKind::Misuse, retry: crate::ports::Retry::Never, .. }) => {}
        other => panic!("expected misuse, got {other:?}"),
    }
}

/// A count of units.
pub(crate) fn units(qty: u32) -> Quantity {
    Quantity::new(qty).expect("a test's quantity is valid")
}

/// A SKU.
pub(crate) fn sku(text: &str) -> Sku {
    Sku::new(text).expect("a test's sku is valid")
}

/// A location.
pub(crate) fn location(text: &str) -> LocationId {
    LocationId::new(text).expect("a test's location is valid")
}

/// A merchant.
pub(crate) fn merchant(text: &str) -> MerchantId {
    MerchantId::new(text).expect("a test's merchant is valid")
}

/// An account of the default merchant.
pub(crate) fn account_at(sku: &Sku, name: &str) -> AccountKey {
    AccountKey { merchant: MerchantId::default(), sku: sku.clone(), location: location(name) }
}

/// A stream of the default merchant.
pub(crate) fn stream(name: StreamName) -> StreamId {
    StreamId { merchant: MerchantId::default(), name }
}

/// Names an order as a resource.
pub(crate) fn order_ref(id: OrderId) -> ResourceRef {
    ResourceRef { kind: ResourceKind::Order, id: id.to_string() }
}
