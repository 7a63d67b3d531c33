//! Whatever is asked of stock, in any order, by any number: the counters are the fold of what was recorded.

use commerce_core::engine::{Error, Reserve, ReservedUnits};
use commerce_core::id::ReservationId;
use commerce_core::stock::{Limits, Split};
use commerce_core::testkit::{Dice, on_threads};
use futures::executor::block_on;
use proptest::prelude::*;

use crate::support::{Shop, at, qty, sku};

const LOCATIONS: [&str; 3] = ["default", "north", "south"];
const ITEMS: [&str; 2] = ["A", "B"];

/// One request, as numbers that a test may choose at random.
#[derive(Clone, Copy, Debug)]
struct Ask {
    what: u8,
    item: u8,
    place: u8,
    units: u32,
    which: u8,
}

fn asks() -> impl Strategy<Value = Vec<Ask>> {
    let one = (0..12_u8, 0..2_u8, 0..3_u8, 1..12_u32, any::<u8>());
    let ask = one.prop_map(|(what, item, place, units, which)| Ask { what, item, place, units, which });
    proptest::collection::vec(ask, 1..60)
}

/// Sends a request; a refusal must be one that stock knows.
async fn send(shop: &Shop, ask: Ask, reserved: &mut Vec<ReservationId>) -> bool {
    let (engine, call) = (&shop.engine, &shop.call);
    let item = sku(ITEMS[usize::from(ask.item)]);
    let (here, there) = (at(LOCATIONS[usize::from(ask.place)]), at(LOCATIONS[usize::from(ask.which) % 3]));
    let known = if reserved.is_empty() { None } else { Some(reserved[usize::from(ask.which) % reserved.len()]) };
    let id = known.unwrap_or(ReservationId::new(uuid::Uuid::from_u128(1)));
    let units = ReservedUnits { location: (ask.place > 0).then(|| here.clone()), qty: (ask.units > 2).then(|| qty(ask.units)) };
    let outcome = match ask.what {
        0 | 1 => engine.receive_stock(call, &item, &here, qty(ask.units)).await.map(drop),
        2 => engine.adjust_stock(call, &item, &here, i64::from(ask.units) - 7, "counted".to_owned()).await.map(drop),
        3 => engine.move_stock(call, &item, &here, &there, qty(ask.units)).await.map(drop),
        4 => {
            let limits = Limits { backorder: i64::from(ask.units / 4), safety: i64::from(ask.which % 3), ..Limits::default() };
            engine.configure_item(call, &item, &here, limits).await.map(drop)
        }
        5 | 6 => {
            let split = [Split::Never, Split::InOrder, Split::Fewest][usize::from(ask.which) % 3];
            let request = Reserve { locations: vec![here, there], split: Some(split), ..Reserve::new(item, qty(ask.units)) };
            engine.create_reservation(call, request).await.map(|made| reserved.push(made.value.id))
        }
        7 => engine.confirm_reservation(call, id).await.map(drop),
        8 => engine
            .extend_reservation(call, id, commerce_core::ports::Clock::now(&*shop.clock).plus_secs(u64::from(ask.units) * 200))
            .await
            .map(drop),
        9 => engine.fulfill_reservation(call, id, units).await.map(drop),
        10 => engine.release_reservation(call, id, units).await.map(drop),
        _ => {
            shop.clock.advance_s(u64::from(ask.units) * 100);
            if ask.which.is_multiple_of(2) { engine.sweep().await } else { Ok(()) }
        }
    };
    match outcome {
        Ok(()) => true,
        Err(Error::Short(_) | Error::NotFound(_) | Error::Invalid { .. } | Error::HoldGone | Error::NotConfirmed) => false,
        Err(other) => panic!("{ask:?}: {other}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn after_any_requests_the_counters_are_the_fold_of_the_movements(asks in asks()) {
        block_on(async {
            let shop = Shop::new().await;
            let mut reserved = Vec::new();
            for ask in asks {
                let before = shop.movements().await.len();
                if !send(&shop, ask, &mut reserved).await {
                    assert_eq!(shop.movements().await.len(), before, "refused, and yet something was written: {ask:?}");
                }
            }
            shop.check().await;
        });
    }
}

#[test]
fn after_requests_from_many_threads_the_counters_are_the_fold_of_the_movements() {
    const SEED: u64 = 41;
    let shop = block_on(Shop::new());
    for item in ITEMS {
        block_on(shop.receive(&sku(item), "default", 40));
    }
    let done = on_threads(8, async |thread| {
        let mut dice = Dice::new(SEED + u64::try_from(thread).unwrap());
        let mut reserved = Vec::new();
        let mut done = 0;
        for _ in 0..150 {
            let mut below = |sides: u64| u8::try_from(dice.below(sides)).unwrap();
            let ask = Ask { what: below(12), item: below(2), place: below(3), units: u32::from(below(11)) + 1, which: below(255) };
            done += u32::from(send(&shop, ask, &mut reserved).await);
        }
        done
    });
    assert!(done.iter().sum::<u32>() > 300, "seed {SEED}: {done:?}");
    block_on(shop.check());
}
