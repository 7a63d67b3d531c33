//! Reservations under repeats, lost answers and many threads.

use commerce_core::engine::{Error, How, ReservationStatus, Reserve, ReservedUnits};
use commerce_core::ports::Retry;
use commerce_core::testkit::faults::{Fault, Faults, Operation, Plan, Point};
use commerce_core::testkit::on_threads;
use futures::FutureExt;
use futures::executor::block_on;

use crate::reservations::{confirmed, reserve, some, stocked};
use crate::support::{START, Shop, came, check_refused, qty, sku};

const THREADS: usize = 8;

#[test]
fn a_repeated_key_reserves_once_and_another_body_under_it_is_refused() {
    block_on(async {
        let item = sku("A");
        let shop = stocked(&item, 5).await;
        let call = shop.call.clone().with_key("k", b"two");
        let request = Reserve::new(item.clone(), qty(2));
        let made = came(shop.engine.create_reservation(&call, request.clone()).await, How::Done);
        assert_eq!(came(shop.engine.create_reservation(&call, request.clone()).await, How::Replayed), made);
        let other = shop.call.clone().with_key("k", b"three");
        let refused = shop.engine.create_reservation(&other, Reserve::new(item.clone(), qty(3))).await;
        assert!(matches!(&refused, Err(Error::KeyReused { owner }) if owner.id == made.id.to_string()));
        // a replay shows the resource as it is now
        came(shop.engine.release_reservation(&shop.call, made.id, some(1)).await, How::Done);
        assert_eq!(came(shop.engine.create_reservation(&call, request).await, How::Replayed).remaining(), 1);
        assert_eq!(shop.counters(&item, "default").await, (5, 1, 0));
    });
}

#[test]
fn a_repeated_key_confirms_extends_fulfills_and_releases_once() {
    block_on(async {
        let item = sku("A");
        let shop = stocked(&item, 5).await;
        let id = reserve(&shop, Reserve::new(item.clone(), qty(5))).await.id;
        let call = shop.call.clone().with_key("k", b"body");
        let (engine, until) = (&shop.engine, START.plus_secs(60));
        // one key serves each operation of each reservation by itself
        for how in [How::Done, How::Replayed] {
            came(engine.extend_reservation(&call, id, until).await, how);
        }
        for how in [How::Done, How::Replayed] {
            came(engine.confirm_reservation(&call, id).await, how);
        }
        for how in [How::Done, How::Replayed] {
            assert_eq!(came(engine.fulfill_reservation(&call, id, some(1)).await, how).remaining(), 4);
        }
        for how in [How::Done, How::Replayed] {
            assert_eq!(came(engine.release_reservation(&call, id, some(4)).await, how).status, ReservationStatus::Ended);
        }
        check_refused(
            engine.release_reservation(&shop.call.clone().with_key("k", b"other"), id, some(4)).await,
            "idempotency_key_reused",
            None,
        );
        assert_eq!(shop.counters(&item, "default").await, (4, 0, 0));
        shop.check().await;
    });
}

#[test]
fn a_twin_that_looked_before_its_twin_was_done_gets_the_same_answer() {
    block_on(async {
        let item = sku("A");
        let shop = stocked(&item, 5).await;
        let id = confirmed(&shop, &item, 5).await;
        let call = shop.call.clone().with_key("k", b"all");
        let first = (shop.engine.clone(), call.clone());
        let work = async move {
            came(first.0.fulfill_reservation(&first.1, id, ReservedUnits::default()).await, How::Done);
        };
        let twin = shop.slow_twin(work.boxed());
        assert_eq!(
            came(twin.fulfill_reservation(&call, id, ReservedUnits::default()).await, How::Replayed).status,
            ReservationStatus::Ended
        );
        assert_eq!(shop.counters(&item, "default").await, (0, 0, 0));
    });
}

#[test]
fn an_answer_that_was_lost_is_found_and_a_request_that_was_lost_is_not_taken_for_done() {
    for fault in [Fault::LoseAnswer, Fault::LoseRequest, Fault::CrashBefore] {
        block_on(async {
            let item = sku("A");
            let shop = stocked(&item, 5).await;
            let lossy = || {
                let faults = Faults::at(Plan { point: Point { operation: Operation::Commit, fault }, visit: 1 });
                shop.engine_over(faults.store(shop.store.clone()))
            };
            let id = confirmed(&shop, &item, 3).await;
            let outcomes = [
                lossy().create_reservation(&shop.call, Reserve::new(item.clone(), qty(1))).await,
                lossy().fulfill_reservation(&shop.call, id, some(2)).await,
                lossy().release_reservation(&shop.call, id, some(1)).await,
            ];
            for outcome in outcomes {
                match (fault, outcome) {
                    (Fault::LoseAnswer, Ok(_)) => {}
                    (Fault::LoseRequest, Err(Error::Port(error))) => assert_eq!(error.retry, Retry::Later),
                    (Fault::CrashBefore, Err(Error::Port(error))) => assert_eq!(error.retry, Retry::Unknown),
                    (_, other) => panic!("{fault}: {other:?}"),
                }
            }
            let expect = if fault == Fault::LoseAnswer { (3, 1, 0) } else { (5, 3, 0) };
            assert_eq!(shop.counters(&item, "default").await, expect);
            // what can be said twice is said twice
            let id = reserve(&shop, Reserve::new(item.clone(), qty(1))).await.id;
            let outcomes =
                [lossy().extend_reservation(&shop.call, id, START.plus_secs(9)).await, lossy().confirm_reservation(&shop.call, id).await];
            for outcome in outcomes {
                match (fault, outcome) {
                    (Fault::CrashBefore, Err(Error::Port(error))) => assert_eq!(error.retry, Retry::Unknown),
                    (_, Ok(_)) => {}
                    (_, other) => panic!("{fault}: {other:?}"),
                }
            }
            shop.check().await;
        });
    }
}

#[test]
fn twins_on_many_threads_reserve_once_and_get_one_answer() {
    let item = sku("A");
    let shop = block_on(stocked(&item, 100));
    for round in 0..20 {
        let call = shop.call.clone().with_key(&format!("k{round}"), b"five");
        let answers = on_threads(THREADS, async |_| {
            let answer = shop.engine.create_reservation(&call, Reserve::new(sku("A"), qty(5))).await.unwrap();
            (answer.value, answer.how)
        });
        assert_eq!(answers.iter().filter(|(_, how)| *how == How::Done).count(), 1);
        assert!(answers.iter().all(|(value, _)| *value == answers[0].0));
    }
    block_on(async {
        assert_eq!(shop.counters(&item, "default").await, (100, 100, 0));
        shop.check().await;
    });
}

#[test]
fn of_many_who_reserve_the_last_units_no_two_get_the_same_one() {
    let item = sku("A");
    let shop = block_on(stocked(&item, 37));
    let won = on_threads(THREADS, async |_| {
        let mut won = 0;
        for _ in 0..20 {
            match shop.engine.create_reservation(&shop.call, Reserve::new(sku("A"), qty(1))).await {
                Ok(_) => won += 1,
                Err(Error::Short(short)) => assert_eq!((short.len(), short[0].available), (1, 0)),
                Err(error) => panic!("{error}"),
            }
        }
        won
    });
    assert_eq!(won.iter().sum::<i64>(), 37);
    block_on(async {
        assert_eq!(shop.counters(&item, "default").await, (37, 37, 0));
        shop.check().await;
    });
}

#[test]
fn many_who_fulfill_and_release_one_reservation_never_take_more_than_it_has() {
    let item = sku("A");
    let (shop, id) = block_on(async {
        let shop = Shop::new().await;
        shop.receive(&item, "default", 10).await;
        shop.receive(&item, "shop", 10).await;
        let id = confirmed(&shop, &item, 20).await;
        (shop, id)
    });
    let taken = on_threads(THREADS, async |thread| {
        let mut taken = (0, 0);
        for _ in 0..5 {
            let fulfills = thread % 2 == 0;
            let outcome = if fulfills {
                shop.engine.fulfill_reservation(&shop.call, id, some(1)).await
            } else {
                shop.engine.release_reservation(&shop.call, id, some(1)).await
            };
            match outcome {
                Ok(_) if fulfills => taken.0 += 1,
                Ok(_) => taken.1 += 1,
                Err(error) => assert_eq!(error.code(), "hold_gone"),
            }
        }
        taken
    });
    let (fulfilled, released) = taken.into_iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    assert_eq!(fulfilled + released, 20);
    block_on(async {
        let left = shop.engine.get_reservation(&shop.call, id).await.unwrap();
        assert_eq!(left.status, ReservationStatus::Ended);
        let (here, there) = (shop.counters(&item, "default").await, shop.counters(&item, "shop").await);
        assert_eq!((here.0 + there.0, here.1 + there.1), (20 - fulfilled, 0));
        shop.check().await;
    });
}
