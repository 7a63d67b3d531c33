use std::collections::BTreeMap;

use commerce_core::catalogue::{PRICES_MAX, TITLE_CHARS_MAX};
use commerce_core::engine::{Call, How, PutItem};
use commerce_core::goods::ItemKind;
use commerce_core::id::MerchantId;
use commerce_core::money::{Currency, Money};
use commerce_core::ports::Cursor;
use commerce_core::testkit::on_threads;
use futures::executor::block_on;

use crate::support::{START, Shop, came, check_refused, in_catalogue, sku};

fn lantern() -> PutItem {
    in_catalogue(&sku("LANTERN"), ItemKind::Stocked)
}

#[test]
fn an_item_is_read_as_it_was_written_and_replaced_as_a_whole() {
    block_on(async {
        let shop = Shop::new().await;
        let written = came(shop.engine.put_catalogue_item(&shop.call, lantern()).await, How::Done);
        assert_eq!((written.title.as_str(), written.updated_at), ("Lantern", START));
        assert_eq!(shop.engine.get_catalogue_item(&shop.call, &written.sku).await.unwrap(), written);
        shop.clock.advance_s(5);
        let next = PutItem { title: "Storm lantern".to_owned(), prices: BTreeMap::new(), active: false, ..lantern() };
        let replaced = came(shop.engine.put_catalogue_item(&shop.call, next).await, How::Existing);
        assert_eq!(shop.engine.get_catalogue_item(&shop.call, &written.sku).await.unwrap(), replaced);
        assert!(replaced.prices.is_empty() && !replaced.active && replaced.updated_at == START.plus_secs(5));
    });
}

#[test]
fn an_item_belongs_to_its_merchant_alone() {
    block_on(async {
        let shop = Shop::new().await;
        came(shop.engine.put_catalogue_item(&shop.call, lantern()).await, How::Done);
        let other = Call { merchant: MerchantId::new("other").unwrap(), ..shop.call.clone() };
        check_refused(shop.engine.get_catalogue_item(&other, &sku("LANTERN")).await, "not_found", None);
        assert!(shop.engine.list_catalogue(&other, None, 10).await.unwrap().items.is_empty());
        check_refused(shop.engine.get_catalogue_item(&shop.call, &sku("lantern")).await, "not_found", None);
    });
}

#[test]
fn a_list_goes_through_all_items_by_sku() {
    block_on(async {
        let shop = Shop::new().await;
        let mut listed = Vec::new();
        let mut after: Option<Cursor> = None;
        loop {
            let page = shop.engine.list_catalogue(&shop.call, after.as_ref(), 3).await.unwrap();
            assert!(page.items.len() <= 3);
            listed.extend(page.items.into_iter().map(|item| item.sku.to_string()));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(listed, ["BENCH", "CARRIAGE", "EBOOK", "GIFT", "GONE", "LAMP", "LAST", "VASE"]);
        let all = shop.engine.list_catalogue(&shop.call, None, u32::MAX).await.unwrap();
        assert_eq!((all.items.len(), all.next), (8, None));
        // a limit of nothing is one row
        assert_eq!(shop.engine.list_catalogue(&shop.call, None, 0).await.unwrap().items.len(), 1);
        let stranger = Cursor::new("orders", &["2026", "x"]);
        check_refused(shop.engine.list_catalogue(&shop.call, Some(&stranger), 3).await, "invalid_cursor", None);
    });
}

#[test]
fn every_bad_item_is_refused_by_place_and_changes_nothing() {
    block_on(async {
        let shop = Shop::new().await;
        let title = |title: &str| PutItem { title: title.to_owned(), ..lantern() };
        let price = |currency, money| PutItem { prices: [(currency, money)].into(), ..lantern() };
        let letter = |number: u8| char::from(b'A' + number % 26);
        let codes = (0..u8::MAX).flat_map(|a| (0..26).map(move |b| (a, b)));
        let codes = codes.map(|(a, b)| [letter(a / 26), letter(a), letter(b)].iter().collect::<String>());
        let currencies = codes.filter_map(|code| Currency::from_code(&code).ok());
        let many = currencies.map(|currency| (currency, Money::zero(currency))).take(PRICES_MAX + 1);
        for (item, field) in [
            (title(""), "/title"),
            (title("  "), "/title"),
            (title(&"x".repeat(TITLE_CHARS_MAX + 1)), "/title"),
            (title("a\u{0}b"), "/title"),
            (title("a\nb"), "/title"),
            (price(Currency::GBP, Money::from_minor(-1, Currency::GBP)), "/prices/GBP"),
            (price(Currency::GBP, Money::from_minor(1, Currency::EUR)), "/prices/GBP"),
            (PutItem { prices: many.collect(), ..lantern() }, "/prices"),
        ] {
            check_refused(shop.engine.put_catalogue_item(&shop.call, item).await, "invalid_value", Some(field));
        }
        let future = shop.call.clone().at(START.plus_millis(1));
        check_refused(shop.engine.put_catalogue_item(&future, lantern()).await, "invalid_value", Some("/at"));
        check_refused(shop.engine.get_catalogue_item(&shop.call, &sku("LANTERN")).await, "not_found", None);
    });
}

#[test]
fn of_many_who_write_one_item_one_makes_it_and_one_of_their_items_stands_whole() {
    let shop = block_on(Shop::new());
    let made = on_threads(8, async |thread| {
        let title = format!("Lantern {thread}");
        let price = Money::from_minor(i64::try_from(thread).unwrap(), Currency::GBP);
        let item = PutItem { title, prices: [(Currency::GBP, price)].into(), ..lantern() };
        shop.engine.put_catalogue_item(&shop.call, item).await.unwrap().how
    });
    assert_eq!(made.iter().filter(|how| **how == How::Done).count(), 1);
    let stands = block_on(shop.engine.get_catalogue_item(&shop.call, &sku("LANTERN"))).unwrap();
    assert_eq!(stands.title, format!("Lantern {}", stands.prices[&Currency::GBP].minor()));
}
