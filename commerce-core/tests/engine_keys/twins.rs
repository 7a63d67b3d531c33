use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use commerce_core::engine::{Builder, Commerce, Error, How};
use commerce_core::ports::{Position, Shard, Store};
use commerce_core::sandbox::{Options, Sandbox};
use commerce_core::testkit::SeededIds;
use commerce_core::testkit::on_threads;
use commerce_core::testkit::shop::{Bank, Shop};
use futures::FutureExt;
use futures::executor::block_on;

use crate::after_the_look::AfterTheLook;
use crate::writes::WRITES;

/// Everything that was ever written: events and movements.
async fn written(shop: &Shop) -> usize {
    let mut count = 0;
    for shard in (0..shop.store.facts.shards).map(Shard) {
        count += shop.store.feed.read(shard, Position(0), u32::MAX, true).await.expect("the feed is read").len();
    }
    count
}

/// Another engine over the shop's data, which waits for nothing.
fn engine_over(shop: &Shop, store: Store) -> Commerce {
    static SEEDS: AtomicU64 = AtomicU64::new(1_000);
    let sandbox = Arc::new(Sandbox::new(shop.clock.clone(), Options::CARDS));
    let ids = Arc::new(SeededIds::new(SEEDS.fetch_add(1, Ordering::Relaxed)));
    let builder = Builder::new(store, shop.clock.clone(), Bank::Cards.provider(), sandbox).ids(ids);
    builder.configure(|config| config.place_wait_ms = 0).build().0
}

#[test]
fn a_repeated_key_is_answered_with_what_it_did_and_does_nothing() {
    for write in WRITES {
        block_on(async {
            let (shop, scene) = write.scene().await;
            let call = shop.call.clone().with_key("k", b"body");
            let before = written(&shop).await;
            let (id, how) = write.ask(&shop.commerce, &call, scene).await.unwrap_or_else(|error| panic!("{write:?}: {error}"));
            assert_eq!(how, How::Done, "{write:?}");
            shop.settle().await;
            let after = written(&shop).await;
            assert!(after > before, "{write:?} wrote nothing");
            for _ in 0..2 {
                let again = write.ask(&shop.commerce, &call, scene).await;
                assert_eq!(again.unwrap_or_else(|error| panic!("{write:?}: {error}")), (id, How::Replayed), "{write:?}");
                shop.settle().await;
            }
            assert_eq!(written(&shop).await, after, "{write:?}");
            let other = shop.call.clone().with_key("k", b"another body");
            let refused = write.ask(&shop.commerce, &other, scene).await;
            assert!(matches!(&refused, Err(Error::KeyReused { owner }) if owner.id == id.to_string()), "{write:?}: {refused:?}");
            assert_eq!(written(&shop).await, after, "{write:?}");
        });
    }
}

#[test]
fn a_twin_that_looked_before_its_twin_was_done_answers_as_it_did() {
    for write in WRITES {
        block_on(async {
            let (shop, scene) = write.scene().await;
            let call = shop.call.clone().with_key("k", b"body");
            let (engine, twin_call) = (shop.commerce.clone(), call.clone());
            let quick = async move {
                let (_, how) = write.ask(&engine, &twin_call, scene).await.expect("the quick one does it");
                assert_eq!(how, How::Done);
            };
            let slow = engine_over(&shop, AfterTheLook::over(&shop.store, quick.boxed()));
            let answer = write.ask(&slow, &call, scene).await.unwrap_or_else(|error| panic!("{write:?}: {error}"));
            assert_eq!(answer.1, How::Replayed, "{write:?}");
            shop.settle().await;
            let after = written(&shop).await;
            assert_eq!(write.ask(&shop.commerce, &call, scene).await.expect("again"), answer, "{write:?}");
            assert_eq!(written(&shop).await, after, "{write:?}");
        });
    }
}

#[test]
fn twins_on_many_threads_are_done_once_and_get_one_answer() {
    for write in WRITES {
        let (shop, scene) = block_on(write.scene());
        let call = shop.call.clone().with_key("k", b"body");
        let answers = on_threads(6, async |_| write.ask(&shop.commerce, &call, scene).await);
        let answers: Vec<_> = answers.into_iter().map(|answer| answer.unwrap_or_else(|error| panic!("{write:?}: {error}"))).collect();
        assert_eq!(answers.iter().filter(|(_, how)| *how == How::Done).count(), 1, "{write:?}: {answers:?}");
        assert!(answers.iter().all(|(id, _)| *id == answers[0].0), "{write:?}: {answers:?}");
    }
}

#[test]
fn what_is_refused_stores_nothing_and_leaves_its_key_free() {
    for write in WRITES {
        block_on(async {
            let (shop, scene) = write.scene().await;
            let call = shop.call.clone().with_key("k", b"body");
            let before = written(&shop).await;
            // a story of another kind, in which this is not lawful, or of nothing at all
            let (_, nowhere) = crate::writes::Write::Place.scene().await;
            let refused = write.ask(&shop.commerce, &call, nowhere).await;
            if matches!(write, crate::writes::Write::Place | crate::writes::Write::Process) {
                assert!(refused.is_ok());
                return;
            }
            assert_eq!(refused.unwrap_err().code(), "not_found", "{write:?}");
            assert_eq!(written(&shop).await, before, "{write:?}");
            let mut stale = call.clone();
            stale.expected = Some(commerce_core::ports::Version(99));
            if let Err(error) = write.ask(&shop.commerce, &stale, scene).await {
                assert_eq!((error.code(), written(&shop).await), ("stale_version", before), "{write:?}");
                let (_, how) = write.ask(&shop.commerce, &call, scene).await.unwrap_or_else(|error| panic!("{write:?}: {error}"));
                assert_eq!(how, How::Done, "{write:?}");
            }
        });
    }
}
