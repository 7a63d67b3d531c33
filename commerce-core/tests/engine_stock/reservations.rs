use commerce_core::engine::{Call, How, Reservation, ReservationStatus, Reserve, ReservedUnits};
use commerce_core::goods::ItemKind;
use commerce_core::id::{LocationId, OrderId, ReservationId, Sku};
use commerce_core::stock::{CANDIDATES_MAX, Limits, Split};
use futures::executor::block_on;
use uuid::Uuid;

use crate::support::{START, Shop, at, came, check_refused, check_short, in_catalogue, qty, sku};

pub(crate) fn some(units: u32) -> ReservedUnits {
    ReservedUnits { location: None, qty: Some(qty(units)) }
}

fn some_at(location: &str, units: u32) -> ReservedUnits {
    ReservedUnits { location: Some(at(location)), qty: Some(qty(units)) }
}

/// A shop with units at the default location.
pub(crate) async fn stocked(item: &Sku, units: u32) -> Shop {
    let shop = Shop::new().await;
    shop.receive(item, "default", units).await;
    shop
}

pub(crate) async fn reserve(shop: &Shop, request: Reserve) -> Reservation {
    came(shop.engine.create_reservation(&shop.call, request).await, How::Done)
}

pub(crate) async fn confirmed(shop: &Shop, item: &Sku, units: u32) -> ReservationId {
    let id = reserve(shop, Reserve::new(item.clone(), qty(units))).await.id;
    came(shop.engine.confirm_reservation(&shop.call, id).await, How::Done);
    id
}

fn places(reservation: &Reservation) -> Vec<(&str, u32)> {
    reservation.placements.iter().map(|place| (place.location.as_str(), place.remaining)).collect()
}

#[test]
fn reserved_units_are_promised_to_nobody_else() {
    block_on(async {
        let item = sku("A");
        let shop = stocked(&item, 5).await;
        let made = reserve(&shop, Reserve::new(item.clone(), qty(3))).await;
        assert_eq!((made.status, made.remaining(), places(&made)), (ReservationStatus::Held, 3, vec![("default", 3)]));
        assert_eq!(made.expires_at, Some(START.plus_secs(900)));
        assert_eq!(shop.counters(&item, "default").await, (5, 3, 0));
        assert_eq!(shop.engine.get_reservation(&shop.call, made.id).await.unwrap(), made);
        check_short(shop.engine.create_reservation(&shop.call, Reserve::new(item.clone(), qty(3))).await, &item, 3, 2);
        assert_eq!(shop.counters(&item, "default").await, (5, 3, 0));
        shop.check().await;
    });
}

#[test]
fn a_reservation_that_falls_short_writes_nothing() {
    block_on(async {
        let item = sku("A");
        let shop = stocked(&item, 2).await;
        let before = shop.movements().await.len();
        let call = shop.call.clone().with_key("k", b"three");
        check_short(shop.engine.create_reservation(&call, Reserve::new(item.clone(), qty(3))).await, &item, 3, 2);
        check_short(shop.engine.create_reservation(&shop.call, Reserve::new(sku("NONE"), qty(1))).await, &sku("NONE"), 1, 0);
        assert_eq!(shop.movements().await.len(), before);
        assert!(shop.store.audit.all_holds(None, 10).await.unwrap().items.is_empty());
        // the key is free still
        shop.receive(&item, "default", 1).await;
        came(shop.engine.create_reservation(&call, Reserve::new(item, qty(3))).await, How::Done);
    });
}

#[test]
fn a_reservation_is_fulfilled_and_released_in_parts() {
    block_on(async {
        let item = sku("A");
        let shop = stocked(&item, 10).await;
        let id = confirmed(&shop, &item, 6).await;
        let left = came(shop.engine.fulfill_reservation(&shop.call, id, some(2)).await, How::Done);
        assert_eq!((left.status, left.remaining(), left.expires_at), (ReservationStatus::Confirmed, 4, None));
        assert_eq!(shop.counters(&item, "default").await, (8, 4, 0));
        let left = came(shop.engine.release_reservation(&shop.call, id, some(1)).await, How::Done);
        assert_eq!((left.remaining(), shop.counters(&item, "default").await), (3, (8, 3, 0)));
        let left = came(shop.engine.fulfill_reservation(&shop.call, id, ReservedUnits::default()).await, How::Done);
        assert_eq!((left.status, left.remaining()), (ReservationStatus::Ended, 0));
        assert_eq!(shop.counters(&item, "default").await, (5, 0, 0));
        shop.check().await;
    });
}

#[test]
fn what_is_held_alone_is_given_back_whole() {
    block_on(async {
        let item = sku("A");
        let shop = stocked(&item, 3).await;
        let id = reserve(&shop, Reserve::new(item.clone(), qty(3))).await.id;
        let left = came(shop.engine.release_reservation(&shop.call, id, ReservedUnits::default()).await, How::Done);
        assert_eq!((left.status, shop.counters(&item, "default").await), (ReservationStatus::Ended, (3, 0, 0)));
        let moved = shop.movements().await.len();
        for outcome in [
            shop.engine.release_reservation(&shop.call, id, ReservedUnits::default()).await,
            shop.engine.fulfill_reservation(&shop.call, id, some(1)).await,
            shop.engine.confirm_reservation(&shop.call, id).await,
            shop.engine.extend_reservation(&shop.call, id, START.plus_secs(9)).await,
        ] {
            check_refused(outcome, "hold_gone", None);
        }
        assert_eq!(shop.movements().await.len(), moved);
    });
}

#[test]
fn the_split_says_how_a_reservation_is_spread_over_its_locations() {
    for (split, expect) in [
        (Split::Never, None),
        (Split::InOrder, Some(vec![("north", 3), ("south", 2)])),
        (Split::Fewest, Some(vec![("south", 4), ("east", 1)])),
    ] {
        block_on(async {
            let item = sku("A");
            let shop = Shop::new().await;
            for (location, units) in [("north", 3), ("south", 4), ("east", 4), ("west", 4)] {
                shop.receive(&item, location, units).await;
            }
            let locations = vec![at("north"), at("south"), at("east")];
            let request = Reserve { locations, split: Some(split), ..Reserve::new(item.clone(), qty(5)) };
            match expect {
                None => check_short(shop.engine.create_reservation(&shop.call, request).await, &item, 5, 4),
                Some(expect) => assert_eq!(places(&reserve(&shop, request).await), expect),
            }
            shop.check().await;
        });
    }
}

#[test]
fn without_locations_the_default_one_serves_and_then_any_that_has_the_item() {
    block_on(async {
        let item = sku("A");
        let shop = Shop::new().await;
        shop.receive(&item, "default", 2).await;
        shop.receive(&item, "shop", 3).await;
        assert_eq!(places(&reserve(&shop, Reserve::new(item.clone(), qty(1))).await), vec![("default", 1)]);
        assert_eq!(places(&reserve(&shop, Reserve::new(item.clone(), qty(4))).await), vec![("default", 1), ("shop", 3)]);
        check_short(shop.engine.create_reservation(&shop.call, Reserve::new(item.clone(), qty(1))).await, &item, 1, 0);
    });
}

#[test]
fn where_the_host_names_the_locations_no_other_serves() {
    block_on(async {
        let item = sku("A");
        let shop = Shop::with(|config| config.locations = vec![at("shop")]).await;
        shop.receive(&item, "default", 5).await;
        shop.receive(&item, "shop", 1).await;
        assert_eq!(places(&reserve(&shop, Reserve::new(item.clone(), qty(1))).await), vec![("shop", 1)]);
        check_short(shop.engine.create_reservation(&shop.call, Reserve::new(item.clone(), qty(1))).await, &item, 1, 0);
        let named = Reserve { locations: vec![at("default")], ..Reserve::new(item, qty(5)) };
        assert_eq!(places(&reserve(&shop, named).await), vec![("default", 5)]);
    });
}

#[test]
fn parts_of_a_split_reservation_leave_from_the_location_that_is_named_or_in_order() {
    block_on(async {
        let item = sku("A");
        let shop = Shop::new().await;
        shop.receive(&item, "north", 3).await;
        shop.receive(&item, "south", 3).await;
        let locations = vec![at("north"), at("south")];
        let id = reserve(&shop, Reserve { locations, ..Reserve::new(item.clone(), qty(6)) }).await.id;
        came(shop.engine.confirm_reservation(&shop.call, id).await, How::Done);
        let left = came(shop.engine.fulfill_reservation(&shop.call, id, some_at("south", 1)).await, How::Done);
        assert_eq!(places(&left), vec![("north", 3), ("south", 2)]);
        let left = came(shop.engine.fulfill_reservation(&shop.call, id, some(4)).await, How::Done);
        assert_eq!(places(&left), vec![("north", 0), ("south", 1)]);
        check_refused(shop.engine.fulfill_reservation(&shop.call, id, some_at("north", 1)).await, "hold_gone", None);
        check_refused(shop.engine.release_reservation(&shop.call, id, some_at("north", 1)).await, "hold_gone", None);
        let all_there = ReservedUnits { location: Some(at("south")), qty: None };
        let left = came(shop.engine.release_reservation(&shop.call, id, all_there).await, How::Done);
        assert_eq!((left.status, shop.counters(&item, "south").await), (ReservationStatus::Ended, (1, 0, 0)));
        shop.check().await;
    });
}

#[test]
fn a_release_without_a_location_takes_the_last_placed_first() {
    block_on(async {
        let item = sku("A");
        let shop = Shop::new().await;
        shop.receive(&item, "north", 3).await;
        shop.receive(&item, "south", 3).await;
        let locations = vec![at("north"), at("south")];
        let id = reserve(&shop, Reserve { locations, ..Reserve::new(item, qty(5)) }).await.id;
        let left = came(shop.engine.release_reservation(&shop.call, id, some(3)).await, How::Done);
        assert_eq!(places(&left), vec![("north", 2), ("south", 0)]);
    });
}

#[test]
fn an_expired_reservation_that_nobody_reclaimed_can_still_be_confirmed() {
    block_on(async {
        let item = sku("A");
        let shop = stocked(&item, 3).await;
        let id = reserve(&shop, Reserve { expires_at: Some(START.plus_secs(60)), ..Reserve::new(item.clone(), qty(2)) }).await.id;
        shop.clock.advance_s(60);
        assert_eq!(shop.engine.get_reservation(&shop.call, id).await.unwrap().status, ReservationStatus::Held);
        shop.clock.advance_s(1);
        assert_eq!(shop.engine.get_reservation(&shop.call, id).await.unwrap().status, ReservationStatus::Expired);
        // what is free is enough, so it is left alone
        reserve(&shop, Reserve::new(item.clone(), qty(1))).await;
        let now = came(shop.engine.confirm_reservation(&shop.call, id).await, How::Done);
        assert_eq!((now.status, now.remaining(), now.expires_at), (ReservationStatus::Confirmed, 2, None));
        shop.clock.advance_s(100_000);
        shop.engine.sweep().await.unwrap();
        check_short(shop.engine.create_reservation(&shop.call, Reserve::new(item.clone(), qty(2))).await, &item, 2, 1);
        assert_eq!(shop.engine.get_reservation(&shop.call, id).await.unwrap(), now);
        shop.check().await;
    });
}

#[test]
fn an_expired_reservation_is_reclaimed_by_whoever_falls_short_and_is_gone_then() {
    block_on(async {
        let item = sku("A");
        let shop = stocked(&item, 3).await;
        let late = reserve(&shop, Reserve { expires_at: Some(START.plus_secs(60)), ..Reserve::new(item.clone(), qty(2)) }).await.id;
        check_short(shop.engine.create_reservation(&shop.call, Reserve::new(item.clone(), qty(3))).await, &item, 3, 1);
        shop.clock.advance_s(61);
        reserve(&shop, Reserve::new(item.clone(), qty(3))).await;
        assert_eq!(shop.engine.get_reservation(&shop.call, late).await.unwrap().status, ReservationStatus::Ended);
        check_refused(shop.engine.confirm_reservation(&shop.call, late).await, "hold_gone", None);
        check_refused(shop.engine.extend_reservation(&shop.call, late, START.plus_secs(600)).await, "hold_gone", None);
        assert_eq!(shop.counters(&item, "default").await, (3, 3, 0));
        shop.check().await;
    });
}

#[test]
fn a_sweep_reclaims_what_expired_and_leaves_what_was_extended_or_confirmed() {
    block_on(async {
        let item = sku("A");
        let shop = stocked(&item, 9).await;
        let soon = |units| Reserve { expires_at: Some(START.plus_secs(60)), ..Reserve::new(item.clone(), qty(units)) };
        let (late, longer, kept) = (reserve(&shop, soon(1)).await.id, reserve(&shop, soon(2)).await.id, reserve(&shop, soon(4)).await.id);
        let extended = came(shop.engine.extend_reservation(&shop.call, longer, START.plus_secs(600)).await, How::Done);
        assert_eq!(extended.expires_at, Some(START.plus_secs(600)));
        came(shop.engine.confirm_reservation(&shop.call, kept).await, How::Done);
        shop.clock.advance_s(61);
        shop.engine.sweep().await.unwrap();
        let mut statuses = Vec::new();
        for id in [late, longer, kept] {
            statuses.push(shop.engine.get_reservation(&shop.call, id).await.unwrap().status);
        }
        assert_eq!(statuses, [ReservationStatus::Ended, ReservationStatus::Held, ReservationStatus::Confirmed]);
        assert_eq!(shop.counters(&item, "default").await, (9, 6, 0));
        shop.check().await;
    });
}

#[test]
fn an_expired_reservation_that_nobody_reclaimed_can_be_extended() {
    block_on(async {
        let item = sku("A");
        let shop = stocked(&item, 1).await;
        let id = reserve(&shop, Reserve { expires_at: Some(START.plus_secs(60)), ..Reserve::new(item.clone(), qty(1)) }).await.id;
        shop.clock.advance_s(61);
        let now = came(shop.engine.extend_reservation(&shop.call, id, START.plus_secs(120)).await, How::Done);
        assert_eq!(now.status, ReservationStatus::Held);
        check_short(shop.engine.create_reservation(&shop.call, Reserve::new(item.clone(), qty(1))).await, &item, 1, 0);
    });
}

#[test]
fn every_bad_request_for_a_reservation_is_refused_by_code_and_place() {
    block_on(async {
        let item = sku("A");
        let shop = stocked(&item, 5).await;
        for (kind, name) in [(ItemKind::Digital, "D"), (ItemKind::Unstocked, "U")] {
            shop.engine.put_catalogue_item(&shop.call, in_catalogue(&sku(name), kind)).await.unwrap();
            let request = Reserve::new(sku(name), qty(1));
            check_refused(shop.engine.create_reservation(&shop.call, request).await, "invalid_value", Some("/sku"));
        }
        let request = |expires_at, locations| Reserve { expires_at, locations, ..Reserve::new(item.clone(), qty(1)) };
        for late in [START, START.plus_secs(0), commerce_core::time::Timestamp::MIN] {
            let refused = shop.engine.create_reservation(&shop.call, request(Some(late), vec![])).await;
            check_refused(refused, "invalid_value", Some("/expires_at"));
        }
        let many: Vec<LocationId> = (0..=CANDIDATES_MAX).map(|number| at(&format!("shop-{number}"))).collect();
        check_refused(shop.engine.create_reservation(&shop.call, request(None, many)).await, "invalid_value", Some("/locations"));
        let call = shop.call.clone().at(START.plus_secs(1));
        check_refused(shop.engine.create_reservation(&call, request(None, vec![])).await, "invalid_value", Some("/at"));
        let call = shop.call.clone().with_key("", b"");
        check_refused(shop.engine.create_reservation(&call, request(None, vec![])).await, "invalid_value", Some("Idempotency-Key"));
        assert_eq!(shop.counters(&item, "default").await, (5, 0, 0));
    });
}

#[test]
fn every_bad_command_on_a_reservation_is_refused_by_code_and_place() {
    block_on(async {
        let item = sku("A");
        let shop = stocked(&item, 5).await;
        let id = reserve(&shop, Reserve::new(item.clone(), qty(3))).await.id;
        let engine = &shop.engine;
        check_refused(engine.fulfill_reservation(&shop.call, id, some(1)).await, "reservation_not_confirmed", None);
        check_refused(engine.release_reservation(&shop.call, id, some(4)).await, "hold_gone", None);
        check_refused(engine.release_reservation(&shop.call, id, some_at("shop", 1)).await, "invalid_value", Some("/location"));
        check_refused(engine.extend_reservation(&shop.call, id, START).await, "invalid_value", Some("/expires_at"));
        came(engine.confirm_reservation(&shop.call, id).await, How::Done);
        check_refused(engine.fulfill_reservation(&shop.call, id, some(4)).await, "hold_gone", None);
        check_refused(engine.fulfill_reservation(&shop.call, id, some_at("shop", 1)).await, "invalid_value", Some("/location"));
        let unknown = ReservationId::new(Uuid::from_u128(7));
        check_refused(engine.get_reservation(&shop.call, unknown).await, "not_found", None);
        check_refused(engine.confirm_reservation(&shop.call, unknown).await, "not_found", None);
        check_refused(engine.extend_reservation(&shop.call, unknown, START.plus_secs(1)).await, "not_found", None);
        check_refused(engine.fulfill_reservation(&shop.call, unknown, some(1)).await, "not_found", None);
        check_refused(engine.release_reservation(&shop.call, unknown, some(1)).await, "not_found", None);
        let other = Call { merchant: commerce_core::id::MerchantId::new("other").unwrap(), ..shop.call.clone() };
        check_refused(engine.release_reservation(&other, id, some(1)).await, "not_found", None);
        assert_eq!(shop.counters(&item, "default").await, (5, 3, 0));
    });
}

#[test]
fn units_that_are_not_on_hand_yet_can_be_reserved_but_not_fulfilled() {
    block_on(async {
        let item = sku("A");
        let shop = stocked(&item, 1).await;
        shop.limit(&item, "default", Limits { backorder: 5, ..Limits::default() }).await;
        let id = confirmed(&shop, &item, 4).await;
        check_short(shop.engine.fulfill_reservation(&shop.call, id, some(3)).await, &item, 3, 1);
        shop.receive(&item, "default", 2).await;
        came(shop.engine.fulfill_reservation(&shop.call, id, some(3)).await, How::Done);
        assert_eq!(shop.counters(&item, "default").await, (0, 1, 0));
        shop.check().await;
    });
}

#[test]
fn the_hold_of_an_order_is_no_reservation() {
    block_on(async {
        use commerce_core::engine::{NewLine, PlaceOrder};
        use commerce_core::money::Currency;
        use commerce_core::stock::Owner;
        let item = sku("A");
        let shop = stocked(&item, 1).await;
        shop.engine.put_catalogue_item(&shop.call, in_catalogue(&item, ItemKind::Stocked)).await.unwrap();
        let order = PlaceOrder::new(Currency::GBP, vec![NewLine::new(item.clone(), qty(1))]);
        let order: OrderId = came(shop.engine.place_order(&shop.call, order).await, How::Done).id;
        let hold = shop.store.stock.holds(&shop.call.merchant, Owner::Order(order)).await.unwrap().remove(0);
        let id = ReservationId::new(hold.id.uuid());
        check_refused(shop.engine.get_reservation(&shop.call, id).await, "not_found", None);
        check_refused(shop.engine.release_reservation(&shop.call, id, some(1)).await, "not_found", None);
        assert_eq!(shop.counters(&item, "default").await, (1, 1, 0));
    });
}
