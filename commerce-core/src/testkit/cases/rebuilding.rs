use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use async_trait::async_trait;
use futures::channel::oneshot;
use futures::executor::block_on;
use futures::future::{Either, select};

use crate::engine::{Commerce, Consumer, FeedCursor, Handler, HandlerError};
use crate::id::ConsumerName;
use crate::order::Policy;
use crate::ports::FeedItem;
use crate::testkit::cases::consuming::engine;
use crate::testkit::cases::contention::Writing;
use crate::testkit::faults::Faults;
use crate::testkit::shop::Shop;
use crate::testkit::{Dice, Lab, ReadModels};

const SEED: u64 = 20_261_121;

fn reader() -> ConsumerName {
    ConsumerName::new("read-models").expect("a valid name")
}

/// Crashes after so many items: before the last one is applied, or after.
struct Mortal {
    models: Arc<ReadModels>,
    life: Mutex<(u64, Option<oneshot::Sender<()>>)>,
    applies_last: bool,
}

#[async_trait]
impl Handler for Mortal {
    async fn handle(&self, item: &FeedItem) -> Result<(), HandlerError> {
        let died = {
            let mut life = self.life.lock().unwrap_or_else(PoisonError::into_inner);
            life.0 = life.0.saturating_sub(1);
            if life.0 == 0 { Some(life.1.take()) } else { None }
        };
        let Some(died) = died else { return self.models.handle(item).await };
        if self.applies_last {
            self.models.handle(item).await?;
        }
        drop(died);
        // the process is gone: nobody hears of it
        std::future::pending().await
    }
}

fn consumer(commerce: &Commerce, handler: Arc<dyn Handler>) -> Consumer {
    commerce.consumer(reader(), handler).configure(|config| {
        config.mirrors = true;
        config.batch_max_items = 20;
        config.failures_max = 1;
        // the shop lets hours pass in a moment, in which a handler that died would be taken for a slow one, and its item parked
        config.handle_timeout_ms = u64::MAX;
    })
}

/// Consumes to the end of the feed, or to a crash; true if it came to the end.
async fn lives_for(commerce: &Commerce, models: &Arc<ReadModels>, dice: &mut Dice) -> bool {
    let (dies, died) = oneshot::channel();
    let life = Mutex::new((1 + dice.below(60), Some(dies)));
    let mortal = Mortal { models: Arc::clone(models), life, applies_last: dice.below(2) == 0 };
    let mut consumer = consumer(commerce, Arc::new(mortal));
    let running = Box::pin(consumer.run_due());
    match select(running, died).await {
        Either::Left((ended, _)) => {
            ended.expect("nothing is parked");
            true
        }
        Either::Right(_) => false,
    }
}

async fn assert_built(lab: &Lab, models: &ReadModels) -> BTreeMap<String, String> {
    let (folded, written) = (models.folded(), ReadModels::written(&lab.store).await);
    let different: Vec<String> = written
        .keys()
        .chain(folded.keys())
        .filter(|name| folded.get(*name) != written.get(*name))
        .map(|name| format!("{name}: the commits wrote {:?}, the feed makes it {:?}", written.get(name), folded.get(name)))
        .collect();
    assert!(different.is_empty(), "seed {SEED}: {}", different.join("\n"));
    folded
}

pub async fn read_models_built_beside_a_bustling_shop_and_again_from_zero_are_those_that_the_commits_wrote(lab: Lab) {
    let commerce = engine(&lab, &Faults::none());
    let models = Arc::new(ReadModels::new(Policy::default()));
    let bustling = AtomicBool::new(true);
    let (lab, bustling, commerce, live) = (&lab, &bustling, &commerce, &models);
    let (shop, crashes) = thread::scope(|scope| {
        let building = scope.spawn(move || {
            block_on(async {
                let (mut dice, mut crashes) = (Dice::new(SEED), 0);
                loop {
                    let last_round = !bustling.load(Ordering::SeqCst);
                    let came_to_the_end = lives_for(commerce, live, &mut dice).await;
                    crashes += u32::from(!came_to_the_end);
                    if !came_to_the_end {
                        // another process: the lease of the dead one must run out
                        lab.clock.advance_s(31);
                    } else if last_round {
                        return crashes;
                    }
                }
            })
        });
        let bustle = scope.spawn(move || {
            let _until_here = Writing(bustling);
            block_on(Shop::of(lab).open_and_bustle())
        });
        (bustle.join().expect("the shop"), building.join().expect("the consumer"))
    });
    assert!(crashes > 5, "seed {SEED}: only {crashes} crashes");
    let built = assert_built(lab, &models).await;
    assert!(built.len() > 100, "only {} rows", built.len());

    // again from zero, into new rows
    let rebuilt = Arc::new(ReadModels::new(Policy::default()));
    commerce.reset_consumer(&shop.call, &reader(), &FeedCursor::default(), None).await.expect("it is reset");
    consumer(commerce, rebuilt.clone()).run_due().await.expect("nothing is parked");
    assert_eq!(assert_built(lab, &rebuilt).await, built);
    // and once more over what is there: every item is a repeat
    commerce.reset_consumer(&shop.call, &reader(), &FeedCursor::default(), None).await.expect("it is reset");
    consumer(commerce, rebuilt.clone()).run_due().await.expect("nothing is parked");
    assert_eq!(rebuilt.folded(), built);
}
