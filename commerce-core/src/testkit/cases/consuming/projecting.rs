//! What a projector writes into the store, with the position.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use futures::executor::block_on;

use super::{all, catches_up, engine, key, name, parked, some_orders};
use crate::engine::{Commerce, Consumer, HandlerError, Projector};
use crate::id::MoveId;
use crate::ports::{ChangeSet, ConsumerAct, FeedEntry, FeedItem, FeedKey, Position, Root};
use crate::quantity::Quantity;
use crate::stock::Move;
use crate::testkit::Lab;
use crate::testkit::faults::{Fault, Faults, Operation, Plan, Point};
use crate::testkit::lab::{account_at, sku};
use crate::testkit::shop::Shop;

/// Puts a unit on a shelf for each order that is placed.
struct Samples {
    lab: Arc<Lab>,
    shelf: String,
    refused: Mutex<Option<FeedKey>>,
    /// Stops in the midst of its work, and waits for a word.
    gate: Mutex<Option<(mpsc::Sender<()>, mpsc::Receiver<()>)>>,
}

impl Samples {
    fn new(lab: &Arc<Lab>, shelf: &str) -> Arc<Self> {
        Arc::new(Self { lab: Arc::clone(lab), shelf: shelf.to_owned(), refused: Mutex::default(), gate: Mutex::default() })
    }

    fn refuses(&self, key: Option<FeedKey>) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = key;
    }

    async fn count(&self) -> i64 {
        let key = account_at(&sku(&self.shelf), "default");
        let accounts = self.lab.store.stock.accounts(&key.merchant, std::slice::from_ref(&key.sku)).await.expect("accounts are read");
        accounts.first().map_or(0, |(_, account)| account.on_hand)
    }
}

#[async_trait]
impl Projector for Samples {
    async fn project(&self, items: &[FeedItem], set: &mut ChangeSet) -> Result<(), HandlerError> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if items.iter().any(|item| Some(item.key()) == refused) {
            return Err(HandlerError::later("no room on the shelf"));
        }
        let placed = items.iter().filter(|item| matches!(&item.entry, FeedEntry::Event(stored) if stored.event.kind == "OrderPlaced"));
        for _ in placed {
            let account = account_at(&sku(&self.shelf), "default");
            set.partition.root = Root::Sku(account.sku.clone());
            set.moves.push(Move::Receive { id: self.lab.id(MoveId::new), account, qty: Quantity::ONE });
        }
        let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((entered, go_on)) = gate {
            entered.send(()).expect("someone waits for it");
            // the whole process stands still: it renews no lease
            go_on.recv_timeout(Duration::from_secs(10)).expect("it is let go on");
        }
        Ok(())
    }
}

fn samples(commerce: &Commerce, projector: &Arc<Samples>) -> Consumer {
    commerce.projection(name(&projector.shelf), projector.clone()).configure(|config| {
        config.backoff_first_ms = 0;
        config.failures_max = 3;
        config.batch_max_items = 9;
    })
}

pub async fn a_projection_is_written_exactly_once_whatever_becomes_of_its_commits(lab: Lab) {
    const ORDERS: i64 = 6;
    const VISITS: usize = 5;
    let lab = Arc::new(lab);
    some_orders(&lab, 6).await;
    // each run begins anew, and reads what those before it wrote
    for fault in Fault::ALL {
        for visit in 1..=VISITS {
            let faults = Faults::at(Plan { point: Point { operation: Operation::Commit, fault: *fault }, visit });
            let projector = Samples::new(&lab, &format!("{}-{visit}", fault.as_str().replace(' ', "-")));
            // a process that fails is run again, as another one: its leases must run out first
            for _ in 0..5 {
                faults.restart();
                lab.clock.advance_s(31);
                if samples(&engine(&lab, &faults), &projector).run_due().await.is_ok() {
                    break;
                }
            }
            assert_eq!(projector.count().await, ORDERS, "{fault} at commit {visit}");
            assert!(faults.fired(), "there is no commit {visit}");
        }
    }
}

pub async fn a_runner_that_was_taken_for_dead_writes_nothing_when_it_wakes_up(lab: Lab) {
    let lab = Arc::new(lab);
    let shop = some_orders(&lab, 4).await;
    let projector = Samples::new(&lab, "samples");
    let (entered, enters) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel();
    *projector.gate.lock().unwrap_or_else(PoisonError::into_inner) = Some((entered, goes_on));
    let mut zombie = samples(&shop.commerce, &projector);
    let mut living = samples(&shop.commerce, &projector);
    thread::scope(|scope| {
        let paused = scope.spawn(|| block_on(zombie.run_due()));
        let (lab, projector, living) = (&lab, &projector, &mut living);
        let taking_over = async move {
            enters.recv_timeout(Duration::from_secs(10)).expect("the first runner is in the midst of its work");
            catches_up(living).await;
            let written = projector.count().await;
            assert!(written < 4, "{written} samples, though the first runner has not gone on");
            lab.clock.advance_s(31);
            catches_up(living).await;
            assert_eq!(projector.count().await, 4);
            go_on.send(()).expect("the first runner waits");
        };
        let taking_over = scope.spawn(|| block_on(taking_over));
        taking_over.join().expect("the second runner");
        paused.join().expect("the first runner").expect("it finds nothing left to do");
    });
    assert_eq!(projector.count().await, 4);
}

pub async fn poison_is_found_in_its_batch_and_what_stands_beside_it_is_written_once(lab: Lab) {
    let lab = Arc::new(lab);
    let shop = Shop::of(&lab).open().await;
    let mut orders = Vec::new();
    for _ in 0..5 {
        orders.push(shop.place(&[("LAMP", 1)]).await.id);
    }
    let projector = Samples::new(&lab, "samples");
    projector.refuses(Some(key(orders[2])));
    let mut consumer = samples(&shop.commerce, &projector);
    catches_up(&mut consumer).await;
    assert_eq!(projector.count().await, 4);
    let parked = shop.commerce.list_parked(&shop.call, &name("samples"), None, 100).await.expect("parked items are listed").items;
    assert!(parked.iter().all(|row| row.key == key(orders[2])));
    assert_eq!(parked[0].error.as_deref(), Some("no room on the shelf"));
    projector.refuses(None);
    shop.commerce.replay_parked(&shop.call, &name("samples"), parked[0].shard, parked[0].position, None).await.expect("it is parked");
    catches_up(&mut consumer).await;
    assert_eq!(projector.count().await, 5);
}

pub async fn a_projector_that_meddles_with_its_own_progress_parks_the_item(lab: Lab) {
    struct Meddler;

    #[async_trait]
    impl Projector for Meddler {
        async fn project(&self, _: &[FeedItem], set: &mut ChangeSet) -> Result<(), HandlerError> {
            if let ConsumerAct::Advance { to, .. } = &mut set.consumers[0].act {
                *to = Position(to.0 + 1_000);
            }
            Ok(())
        }
    }

    let shop = some_orders(&lab, 1).await;
    let mut meddler = shop.commerce.projection(name("mailer"), Arc::new(Meddler));
    catches_up(&mut meddler).await;
    assert_eq!(parked(&shop).await.len(), all(&lab).await.len());
    assert!(parked(&shop).await[0].error.as_deref().is_some_and(|error| error.contains("consumer's part")));
}
