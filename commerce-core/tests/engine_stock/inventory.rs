use commerce_core::engine::{CreateItem, How, StockItem, StockTotals};
use commerce_core::ports::{FeedEntry, FeedItem, StockSummary};
use commerce_core::stock::{Limits, MovementKind};
use futures::executor::block_on;

use crate::support::{START, Shop, at, came, check_refused, check_short, qty, sku};

fn levels(item: &StockItem) -> Vec<(&str, i64, i64)> {
    item.levels.iter().map(|level| (level.location.as_str(), level.account.on_hand, level.account.held)).collect()
}

fn kinds(items: &[FeedItem]) -> Vec<(MovementKind, i64)> {
    let movement = |item: &FeedItem| match &item.entry {
        FeedEntry::Movement { movement, .. } => (movement.kind, movement.on_hand_delta),
        FeedEntry::Event(_) => panic!("an event among movements"),
    };
    items.iter().map(movement).collect()
}

#[test]
fn an_account_is_made_with_its_limits_and_what_is_there_already() {
    block_on(async {
        let shop = Shop::new().await;
        let limits = Limits { backorder: 2, safety: 3, reorder_point: Some(4), reorder_qty: 5 };
        let request = CreateItem { sku: sku("A"), location: at("north"), limits, opening: Some(qty(10)) };
        let made = came(shop.engine.create_item(&shop.call, request).await, How::Done);
        assert_eq!((levels(&made), made.levels[0].account.limits), (vec![("north", 10, 0)], limits));
        assert_eq!(made.totals, StockTotals { on_hand: 10, held: 0, available: 9, shortfall: 0 });
        // it was never short
        let made_of = kinds(&shop.engine.list_movements(&shop.call, &sku("A"), None, 9).await.unwrap().items);
        assert_eq!(made_of, [(MovementKind::Configured, 0), (MovementKind::Received, 10)]);
        let empty = CreateItem { sku: sku("A"), location: at("annex"), limits: Limits::default(), opening: None };
        let made = came(shop.engine.create_item(&shop.call, empty).await, How::Done);
        assert_eq!(levels(&made), vec![("annex", 0, 0), ("north", 10, 0)]);
        assert_eq!(shop.engine.get_item(&shop.call, &sku("A")).await.unwrap(), made);
        shop.check().await;
    });
}

#[test]
fn units_arrive_are_counted_anew_and_go_elsewhere() {
    block_on(async {
        let (shop, item) = (Shop::new().await, sku("A"));
        let (engine, call) = (&shop.engine, &shop.call);
        let now = came(engine.receive_stock(call, &item, &at("north"), qty(10)).await, How::Done);
        assert_eq!(levels(&now), vec![("north", 10, 0)]);
        let now = came(engine.adjust_stock(call, &item, &at("north"), -3, "broken".to_owned()).await, How::Done);
        assert_eq!(levels(&now), vec![("north", 7, 0)]);
        let now = came(engine.adjust_stock(call, &item, &at("north"), 1, "found".to_owned()).await, How::Done);
        assert_eq!(levels(&now), vec![("north", 8, 0)]);
        let now = came(engine.move_stock(call, &item, &at("north"), &at("south"), qty(3)).await, How::Done);
        assert_eq!(levels(&now), vec![("north", 5, 0), ("south", 3, 0)]);
        let page = engine.list_movements(call, &item, None, 50).await.unwrap();
        let newest_first = [
            (MovementKind::MovedIn, 3),
            (MovementKind::MovedOut, -3),
            (MovementKind::Adjusted, 1),
            (MovementKind::Adjusted, -3),
            (MovementKind::Received, 10),
        ];
        assert_eq!((kinds(&page.items), page.next), (newest_first.to_vec(), None));
        shop.check().await;
    });
}

#[test]
fn a_movement_says_who_caused_it_when_and_why() {
    block_on(async {
        let (shop, item) = (Shop::new().await, sku("A"));
        shop.receive(&item, "default", 2).await;
        let yesterday = shop.call.clone().at(commerce_core::time::Timestamp::from_micros(START.micros() - 1_000_000));
        came(shop.engine.adjust_stock(&yesterday, &item, &at("default"), -1, "eaten by mice".to_owned()).await, How::Done);
        let page = shop.engine.list_movements(&shop.call, &item, None, 1).await.unwrap();
        let FeedEntry::Movement { movement, actor } = &page.items[0].entry else { panic!("no movement") };
        assert_eq!((&*actor.id, movement.reason.as_deref(), Some(movement.at)), ("packer-7", Some("eaten by mice"), yesterday.at));
    });
}

#[test]
fn new_limits_say_at_once_what_can_be_promised() {
    block_on(async {
        let (shop, item) = (Shop::new().await, sku("A"));
        shop.receive(&item, "default", 5).await;
        let safe = Limits { safety: 2, ..Limits::default() };
        let now = came(shop.engine.configure_item(&shop.call, &item, &at("default"), safe).await, How::Done);
        assert_eq!((now.totals.available, now.levels[0].account.limits), (3, safe));
        let strict = Limits { safety: 9, ..Limits::default() };
        let now = came(shop.engine.configure_item(&shop.call, &item, &at("default"), strict).await, How::Done);
        assert_eq!((now.totals.available, now.totals.shortfall), (0, 4));
        shop.check().await;
    });
}

#[test]
fn a_count_below_what_is_promised_stands_and_shows_what_is_short() {
    block_on(async {
        use commerce_core::engine::Reserve;
        let (shop, item) = (Shop::new().await, sku("A"));
        shop.receive(&item, "default", 5).await;
        came(shop.engine.create_reservation(&shop.call, Reserve::new(item.clone(), qty(5))).await, How::Done);
        let now = came(shop.engine.adjust_stock(&shop.call, &item, &at("default"), -2, "lost".to_owned()).await, How::Done);
        assert_eq!(now.totals, StockTotals { on_hand: 3, held: 5, available: 0, shortfall: 2 });
        check_short(shop.engine.move_stock(&shop.call, &item, &at("default"), &at("north"), qty(1)).await, &item, 1, 0);
        check_short(shop.engine.adjust_stock(&shop.call, &item, &at("default"), -4, "lost".to_owned()).await, &item, 4, 3);
        shop.receive(&item, "default", 2).await;
        assert_eq!(shop.counters(&item, "default").await, (5, 5, 0));
        shop.check().await;
    });
}

#[test]
fn promised_units_do_not_go_elsewhere_and_those_of_an_expired_promise_do() {
    block_on(async {
        use commerce_core::engine::Reserve;
        let (shop, item) = (Shop::new().await, sku("A"));
        shop.receive(&item, "default", 5).await;
        came(shop.engine.create_reservation(&shop.call, Reserve::new(item.clone(), qty(3))).await, How::Done);
        let go = async || shop.engine.move_stock(&shop.call, &item, &at("default"), &at("north"), qty(4)).await;
        check_short(go().await, &item, 4, 2);
        shop.clock.advance_s(901);
        assert_eq!(levels(&came(go().await, How::Done)), vec![("default", 1, 0), ("north", 4, 0)]);
        shop.check().await;
    });
}

#[test]
fn lists_and_sums_show_every_account_of_the_merchant_and_no_other() {
    block_on(async {
        let shop = Shop::new().await;
        shop.receive(&sku("A"), "north", 7).await;
        let mut listed = Vec::new();
        let mut after = None;
        loop {
            let page = shop.engine.list_items(&shop.call, after.as_ref(), 2).await.unwrap();
            assert!(page.items.len() <= 2);
            listed.extend(page.items.iter().map(|level| format!("{} {} {}", level.sku, level.location, level.account.on_hand)));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let all =
            ["A north 7", "BENCH annex 4", "BENCH default 3", "GIFT default 50", "LAMP default 100", "LAST default 1", "VASE default 37"];
        assert_eq!(listed, all);
        let sums = StockSummary { accounts: 7, skus: 6, on_hand: 202, held: 0, available: 202, low: 0, out: 0 };
        assert_eq!(shop.engine.stock_summary(&shop.call).await.unwrap(), sums);
        let mut other = shop.call.clone();
        other.merchant = commerce_core::id::MerchantId::new("other").unwrap();
        assert!(shop.engine.list_items(&other, None, 9).await.unwrap().items.is_empty());
        assert_eq!(shop.engine.stock_summary(&other).await.unwrap().accounts, 0);
        check_refused(shop.engine.get_item(&other, &sku("A")).await, "not_found", None);
    });
}

#[test]
fn an_account_at_its_reorder_point_is_low_and_says_how_many_it_wants() {
    block_on(async {
        let shop = Shop::new().await;
        for (name, units, reorder_qty) in [("A", 5, 20), ("B", 6, 20), ("C", 5, 0), ("D", 4, 30)] {
            let limits = Limits { reorder_point: Some(5), reorder_qty, ..Limits::default() };
            let request = CreateItem { sku: sku(name), location: at("default"), limits, opening: Some(qty(units)) };
            came(shop.engine.create_item(&shop.call, request).await, How::Done);
        }
        let low = shop.engine.list_low_stock(&shop.call, None, 50).await.unwrap().items;
        assert_eq!(low.iter().map(|level| level.sku.as_str()).collect::<Vec<_>>(), ["A", "C", "D"]);
        let wanted = shop.engine.list_reorder(&shop.call, None, 50).await.unwrap().items;
        let wanted: Vec<_> = wanted.iter().map(|one| (one.level.sku.as_str(), one.reorder_qty.get())).collect();
        assert_eq!(wanted, [("A", 20), ("D", 30)]);
        // a page of accounts without a wish is empty, and not the last
        let mut pages = Vec::new();
        let mut after = None;
        loop {
            let page = shop.engine.list_reorder(&shop.call, after.as_ref(), 1).await.unwrap();
            pages.push(page.items.len());
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(pages.iter().sum::<usize>(), 2);
        assert_eq!(pages[..3], [1, 0, 1]);
    });
}
