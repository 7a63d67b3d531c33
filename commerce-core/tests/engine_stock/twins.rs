//! Repeated requests: one key, one effect, one answer.

use commerce_core::engine::{Answer, Call, Commerce, CreateItem, Error, How, StockItem};
use commerce_core::ports::{Actor, ActorKind};
use commerce_core::stock::Limits;
use commerce_core::testkit::faults::{Fault, Faults, Operation, Plan, Point};
use commerce_core::testkit::on_threads;
use futures::FutureExt;
use futures::executor::block_on;

use crate::support::{Shop, at, came, check_refused, check_short, qty, sku};

/// Every operation that changes one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Write {
    Create,
    Configure,
    Receive,
    Adjust,
    Move,
}

const WRITES: [Write; 5] = [Write::Create, Write::Configure, Write::Receive, Write::Adjust, Write::Move];

impl Write {
    /// Does it to an item that has ten units at the default location.
    async fn ask(self, engine: &Commerce, call: &Call) -> Result<Answer<StockItem>, Error> {
        let (item, here) = (sku("A"), at("default"));
        let limits = Limits { safety: 1, ..Limits::default() };
        match self {
            Self::Create => engine.create_item(call, CreateItem { sku: item, location: at("new"), limits, opening: Some(qty(3)) }).await,
            Self::Configure => engine.configure_item(call, &item, &here, limits).await,
            Self::Receive => engine.receive_stock(call, &item, &here, qty(3)).await,
            Self::Adjust => engine.adjust_stock(call, &item, &here, -3, "counted".to_owned()).await,
            Self::Move => engine.move_stock(call, &item, &here, &at("there"), qty(3)).await,
        }
    }

    /// Movements that it records.
    const fn movements(self) -> usize {
        match self {
            Self::Create | Self::Move => 2,
            Self::Configure | Self::Receive | Self::Adjust => 1,
        }
    }
}

async fn shop_with_ten() -> Shop {
    let shop = Shop::new().await;
    shop.receive(&sku("A"), "default", 10).await;
    shop
}

#[test]
fn a_repeated_key_changes_an_item_once_and_shows_it_as_it_is_now() {
    for write in WRITES {
        block_on(async {
            let shop = shop_with_ten().await;
            let before = shop.movements().await.len();
            let call = shop.call.clone().with_key("k", b"body");
            let done = came(write.ask(&shop.engine, &call).await, How::Done);
            assert_eq!(came(write.ask(&shop.engine, &call).await, How::Replayed), done, "{write:?}");
            assert_eq!(shop.movements().await.len() - before, write.movements(), "{write:?}");
            let other = shop.call.clone().with_key("k", b"another body");
            let refused = write.ask(&shop.engine, &other).await;
            assert!(matches!(&refused, Err(Error::KeyReused { owner }) if owner.to_string() == "item/A"), "{write:?}");
            shop.receive(&sku("A"), "later", 1).await;
            let now = shop.engine.get_item(&shop.call, &sku("A")).await.unwrap();
            assert_eq!(came(write.ask(&shop.engine, &call).await, How::Replayed), now, "{write:?}");
            shop.check().await;
        });
    }
}

#[test]
fn without_a_key_each_request_counts() {
    block_on(async {
        let shop = shop_with_ten().await;
        for _ in 0..2 {
            came(Write::Receive.ask(&shop.engine, &shop.call).await, How::Done);
        }
        assert_eq!(shop.counters(&sku("A"), "default").await, (16, 0, 0));
    });
}

#[test]
fn a_key_is_free_again_when_it_was_refused_and_when_its_time_is_over() {
    block_on(async {
        let shop = Shop::with(|config| config.idempotency_ttl_s = 100).await;
        let call = shop.call.clone().with_key("k", b"body");
        check_refused(Write::Adjust.ask(&shop.engine, &call).await, "not_found", None);
        shop.receive(&sku("A"), "default", 1).await;
        check_short(Write::Adjust.ask(&shop.engine, &call).await, &sku("A"), 3, 1);
        shop.receive(&sku("A"), "default", 9).await;
        came(Write::Adjust.ask(&shop.engine, &call).await, How::Done);
        shop.clock.advance_s(99);
        came(Write::Adjust.ask(&shop.engine, &call).await, How::Replayed);
        shop.clock.advance_s(1);
        came(Write::Adjust.ask(&shop.engine, &call).await, How::Done);
        assert_eq!(shop.counters(&sku("A"), "default").await, (4, 0, 0));
    });
}

#[test]
fn one_key_serves_each_operation_each_item_and_each_caller_by_itself() {
    block_on(async {
        let shop = shop_with_ten().await;
        let call = shop.call.clone().with_key("k", b"body");
        for write in WRITES {
            came(write.ask(&shop.engine, &call).await, How::Done);
        }
        let receive = async |call: &Call, item: &str| shop.engine.receive_stock(call, &sku(item), &at("default"), qty(1)).await;
        came(receive(&call, "B").await, How::Done);
        let mut other = call.clone();
        other.actor = Actor { kind: ActorKind::Staff, id: "packer-8".into() };
        came(receive(&other, "B").await, How::Done);
        other.actor.kind = ActorKind::System;
        came(receive(&other, "B").await, How::Done);
        other.merchant = commerce_core::id::MerchantId::new("other").unwrap();
        came(receive(&other, "B").await, How::Done);
        assert_eq!(shop.counters(&sku("B"), "default").await, (3, 0, 0));
    });
}

#[test]
fn no_choice_of_names_makes_the_keys_of_two_callers_one() {
    block_on(async {
        let shop = Shop::new().await;
        let call = |actor: &str, key: &str| {
            let mut call = shop.call.clone().with_key(key, b"body");
            call.actor.id = actor.into();
            call
        };
        let receive = async |call: Call, item: &str| shop.engine.receive_stock(&call, &sku(item), &at("default"), qty(1)).await;
        came(receive(call("ann|receive_stock/1/A|x", "y"), "A").await, How::Done);
        came(receive(call("ann", "x|receive_stock/1/A|y"), "A").await, How::Done);
        came(receive(call("ann", "k"), "B|receive_stock/1/B").await, How::Done);
        came(receive(call("ann", "receive_stock/1/B|k"), "B").await, How::Done);
    });
}

#[test]
fn the_longest_names_and_keys_fit() {
    block_on(async {
        let shop = Shop::new().await;
        let mut call = shop.call.clone().with_key(&"é".repeat(255), b"body");
        call.actor.id = "é".repeat(128).into();
        let item = sku(&"é".repeat(64));
        for how in [How::Done, How::Replayed] {
            came(shop.engine.receive_stock(&call, &item, &at(&"x".repeat(64)), qty(1)).await, how);
        }
        came(shop.engine.configure_item(&call, &item, &at(&"x".repeat(64)), Limits::default()).await, How::Done);
    });
}

#[test]
fn a_twin_that_looked_before_its_twin_was_done_answers_as_it_did() {
    for write in WRITES {
        block_on(async {
            let shop = shop_with_ten().await;
            let before = shop.movements().await.len();
            let call = shop.call.clone().with_key("k", b"body");
            let (engine, twin_call) = (shop.engine.clone(), call.clone());
            let first = async move {
                came(write.ask(&engine, &twin_call).await, How::Done);
            };
            let slow = shop.slow_twin(first.boxed());
            came(write.ask(&slow, &call).await, How::Replayed);
            assert_eq!(shop.movements().await.len() - before, write.movements(), "{write:?}");
        });
    }
}

#[test]
fn twins_on_many_threads_change_an_item_once() {
    for write in WRITES {
        let shop = block_on(shop_with_ten());
        let before = block_on(shop.movements()).len();
        let call = shop.call.clone().with_key("k", b"body");
        let answers = on_threads(8, async |_| write.ask(&shop.engine, &call).await.unwrap());
        assert_eq!(answers.iter().filter(|answer| answer.how == How::Done).count(), 1, "{write:?}");
        assert!(answers.iter().all(|answer| answer.value == answers[0].value), "{write:?}");
        assert_eq!(block_on(shop.movements()).len() - before, write.movements(), "{write:?}");
    }
}

#[test]
fn of_many_who_make_one_account_at_once_its_opening_counts_once() {
    for round in 0..20 {
        let shop = block_on(Shop::new());
        let made = on_threads(8, async |thread| {
            // every other one says another number
            let opening = Some(qty(if (thread + round) % 2 == 0 { 5 } else { 6 }));
            let request = CreateItem { sku: sku("A"), location: at("default"), limits: Limits::default(), opening };
            match shop.engine.create_item(&shop.call, request).await {
                Ok(_) => opening,
                Err(error) => {
                    assert_eq!(error.code(), "already_taken");
                    None
                }
            }
        });
        let (on_hand, ..) = block_on(shop.counters(&sku("A"), "default"));
        assert!(made.iter().flatten().all(|opening| i64::from(opening.get()) == on_hand), "{made:?}, but there are {on_hand}");
        assert!(made.iter().any(Option::is_some));
    }
}

#[test]
fn a_lost_answer_is_found_and_a_lost_request_may_be_sent_again() {
    for write in WRITES {
        for fault in [Fault::LoseAnswer, Fault::LoseRequest, Fault::Fail, Fault::Repeat] {
            block_on(async {
                let shop = shop_with_ten().await;
                let before = shop.movements().await.len();
                let faults = Faults::at(Plan { point: Point { operation: Operation::Commit, fault }, visit: 1 });
                let engine = shop.engine_over(faults.store(shop.store.clone()));
                let outcome = write.ask(&engine, &shop.call).await;
                if matches!(fault, Fault::LoseAnswer | Fault::Repeat) {
                    came(outcome, How::Done);
                } else {
                    let refused = outcome.unwrap_err();
                    assert_eq!(refused.code(), "store_unavailable", "{write:?} {fault}: {refused}");
                    assert_eq!(shop.movements().await.len(), before);
                    came(write.ask(&engine, &shop.call).await, How::Done);
                }
                assert_eq!(shop.movements().await.len() - before, write.movements(), "{write:?} {fault}");
                shop.check().await;
            });
        }
    }
}
