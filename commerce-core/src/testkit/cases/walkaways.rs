use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;

use async_trait::async_trait;

use crate::engine::{Answer, Call, Error, How, OrderView, PackUnits, PlaceOrder};
use crate::id::{LocationId, OrderId};
use crate::order::Placement;
use crate::ports::{ChangeSet, Journal, LIMIT_MAX_ROWS, PortError, Proof, Receipt, Store, Stored, StreamId, Verdict, Version};
use crate::sandbox::Token;
use crate::testkit::lab::{sku, units, walk};
use crate::testkit::shop::{Shop, Unsettled};
use crate::testkit::{Dice, Lab};

const SEED: u64 = 20_261_123;
const THREADS: usize = 4;
const ROUNDS: usize = 20;
/// Calls that each thread walks away from in a round: one of each kind.
const CALLS: usize = 5;

/// Polls a call some times, and walks away; its answer, if it came before.
fn walk_away<T>(mut call: Pin<Box<dyn Future<Output = T> + '_>>, dice: &mut Dice) -> Option<T> {
    for _ in 0..dice.below(8) {
        if let Poll::Ready(answer) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Some(answer);
        }
        for _ in 0..dice.below(30) {
            thread::yield_now();
        }
    }
    None
}

/// A journal that is not ready at once, before a call and after it: moments at which a caller may go.
struct Slow {
    inner: Arc<dyn Journal>,
    calls: AtomicU64,
}

impl Slow {
    /// Is pending some times, as dice of the call's number have it.
    async fn linger(&self) {
        let mut turns = Dice::new(SEED + self.calls.fetch_add(1, Ordering::Relaxed)).below(4);
        poll_fn(|context| {
            if turns == 0 {
                return Poll::Ready(());
            }
            turns -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

#[async_trait]
impl Journal for Slow {
    async fn commit(&self, batch: Vec<ChangeSet>) -> Vec<Result<Verdict, PortError>> {
        self.linger().await;
        let answers = self.inner.commit(batch).await;
        self.linger().await;
        answers
    }

    async fn outcome(&self, proof: &Proof) -> Result<Option<Receipt>, PortError> {
        self.linger().await;
        self.inner.outcome(proof).await
    }

    async fn load(&self, stream: &StreamId, after: Version, limit: u32) -> Result<Vec<Stored>, PortError> {
        self.linger().await;
        self.inner.load(stream, after, limit).await
    }
}

/// A command, under a key of its own.
#[derive(Clone)]
enum Command {
    Place,
    Pay(OrderId),
    Pack(OrderId),
    Cancel(OrderId),
    Receive,
}

struct Asked {
    call: Call,
    command: Command,
}

impl Asked {
    fn new(thread: usize, round: usize, command: Command) -> Self {
        let kind = match command {
            Command::Place => "place",
            Command::Pay(_) => "pay",
            Command::Pack(_) => "pack",
            Command::Cancel(_) => "cancel",
            Command::Receive => "receive",
        };
        let key = format!("{kind}-{thread}-{round}");
        Self { call: Call::staff("till-1").with_key(&key, key.as_bytes()), command }
    }

    async fn ask(&self, shop: &Shop) -> Result<(How, Option<OrderId>), Error> {
        let (commerce, call) = (&shop.commerce, &self.call);
        let of = |answer: Answer<OrderView>| (answer.how, Some(answer.value.id));
        Ok(match &self.command {
            Command::Place => of(commerce.place_order(call, basket(shop)).await?),
            Command::Pay(id) => of(commerce.pay_order(call, *id, Token::Visa.method(), None, None).await?),
            Command::Pack(id) => (commerce.create_shipment(call, *id, PackUnits::default()).await?.how, Some(*id)),
            Command::Cancel(id) => of(commerce.cancel_order(call, *id).await?),
            Command::Receive => (commerce.receive_stock(call, &sku("HEAP"), &LocationId::default(), units(1)).await?.how, None),
        })
    }
}

fn basket(shop: &Shop) -> PlaceOrder {
    shop.basket(&[("EBOOK", 1)])
}

/// Orders that are there before: one to pay, one to pack and one to cancel for each round.
async fn prepared(shop: &Shop) -> Vec<[OrderId; 3]> {
    let mut orders = Vec::new();
    for _ in 0..ROUNDS {
        let unpaid = shop.order(shop.basket(&[("LAMP", 1)])).await.id;
        orders.push([unpaid, shop.place(&[("LAMP", 1)]).await.id, shop.place(&[("LAMP", 1)]).await.id]);
    }
    orders
}

pub async fn callers_that_walk_away_at_any_moment_do_their_work_once_or_not_at_all_and_block_nobody(lab: Lab) {
    let shop = Shop::of(&lab)
        .view(|store| Store { journal: Arc::new(Slow { inner: store.journal.clone(), calls: AtomicU64::new(0) }), ..store })
        .open()
        .await;
    let mut orders = Vec::new();
    shop.run(shop.commerce.receive_stock(&shop.call, &sku("LAMP"), &LocationId::default(), units(2_000))).await.expect("lamps");
    for _ in 0..THREADS {
        orders.push(prepared(&shop).await);
    }
    let (before, orders) = (all_orders(&shop).await.len(), &orders);
    let asked = shop.crowd(THREADS, async |thread| {
        let mut dice = Dice::new(SEED + u64::try_from(thread).unwrap_or(0));
        let (mut asked, mut answered) = (Vec::new(), 0);
        for (round, [unpaid, paid, unwanted]) in orders[thread].iter().enumerate() {
            let commands = [Command::Place, Command::Pay(*unpaid), Command::Pack(*paid), Command::Cancel(*unwanted), Command::Receive];
            for command in commands {
                let one = Asked::new(thread, round, command);
                answered += usize::from(walk_away(Box::pin(one.ask(&shop)), &mut dice).is_some());
                asked.push(one);
            }
        }
        (asked, answered)
    });
    let answered: usize = asked.iter().map(|(_, answered)| answered).sum();
    let walked = THREADS * ROUNDS * CALLS - answered;
    assert!(walked > 100, "seed {SEED}: only {walked} walked away");
    // what was sent before this is written now; what the workers could not see at once is theirs when the lease ends
    shop.run(shop.commerce.receive_stock(&shop.call, &sku("LAMP"), &LocationId::default(), units(1))).await.expect("a lamp");
    shop.advance(31_000).await;
    // whoever asks again under the key learns what became of it
    let asked = &asked;
    let told = shop.crowd(THREADS, async |thread| {
        let mut told = Vec::new();
        for one in &asked[thread].0 {
            told.push(one.ask(&shop).await.unwrap_or_else(|error| panic!("seed {SEED}: {:?} again: {error}", one.call.idempotency)));
        }
        told
    });
    let told: Vec<(How, Option<OrderId>)> = told.into_iter().flatten().collect();
    let replayed = told.iter().filter(|(how, _)| *how == How::Replayed).count();
    assert!((1..told.len()).contains(&replayed), "seed {SEED}: {replayed} of {} had been done", told.len());
    let placed: BTreeSet<Option<OrderId>> = told.iter().step_by(CALLS).map(|(_, id)| *id).collect();
    assert_eq!((placed.len(), all_orders(&shop).await.len()), (THREADS * ROUNDS, before + THREADS * ROUNDS), "seed {SEED}");
    shop.settle().await;
    assert_done_once(&shop, orders).await;
    assert_eq!(shop.commerce.waiting_requests(), 0, "nobody waits for a saga any more");
    shop.check_but(Unsettled::default()).await;
}

async fn all_orders(shop: &Shop) -> Vec<OrderId> {
    let rows = walk(LIMIT_MAX_ROWS, async |after, limit| shop.store.audit.all_orders(after, limit).await).await;
    rows.into_iter().map(|(_, row)| row.id).collect()
}

async fn assert_done_once(shop: &Shop, orders: &[Vec<[OrderId; 3]>]) {
    let rounds = i64::try_from(THREADS * ROUNDS).unwrap_or(i64::MAX);
    assert_eq!(shop.account("HEAP").await.on_hand, rounds, "seed {SEED}: each unit arrived once");
    for [unpaid, paid, unwanted] in orders.iter().flatten() {
        let order = shop.get(*unpaid).await.order;
        assert_eq!((order.due(), order.tenders.attempts.len()), (0, 1), "seed {SEED}: order {unpaid} is paid once");
        let order = shop.get(*paid).await.order;
        assert_eq!((order.shipments.len(), order.captured()), (1, order.total()), "seed {SEED}: order {paid} is packed once");
        let order = shop.get(*unwanted).await.order;
        assert!(matches!(order.placement, Placement::Cancelled { .. }), "seed {SEED}: order {unwanted} is cancelled");
    }
}
