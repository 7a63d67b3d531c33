use commerce_core::cart::{LINE_UNITS_MAX, LINES_MAX, Revision};
use commerce_core::engine::{Call, Error, How, NewCart, PutItem};
use commerce_core::goods::ItemKind;
use commerce_core::id::{CartId, MerchantId};
use commerce_core::money::Currency;
use commerce_core::ports::{Clock, Version};
use commerce_core::testkit::on_threads;
use commerce_core::testkit::shop::Shop;
use futures::FutureExt;
use futures::executor::block_on;
use uuid::Uuid;

use crate::support::{OddCarts, Oddity, by, came, cart, check_refused, engine_with, expecting, lines, new_cart, qty, sku};

const DAYS_MS: u64 = 24 * 3_600 * 1_000;

#[test]
fn a_cart_is_filled_changed_and_emptied() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let (engine, call) = (&shop.commerce, &shop.call);
        let made = came(engine.create_cart(call, new_cart(Some("ann"))).await, How::Done);
        assert_eq!((made.revision, lines(&made), made.created_at), (Revision(1), vec![], shop.clock.now()));
        came(engine.put_cart_line(call, made.id, &sku("VASE"), qty(2)).await, How::Done);
        let now = came(engine.put_cart_line(call, made.id, &sku("LAMP"), qty(1)).await, How::Done);
        assert_eq!((now.revision, lines(&now)), (Revision(3), vec![("VASE", 2), ("LAMP", 1)]));
        let now = came(engine.put_cart_line(call, made.id, &sku("VASE"), qty(5)).await, How::Done);
        assert_eq!(lines(&now), vec![("VASE", 5), ("LAMP", 1)]);
        let now = came(engine.remove_cart_line(call, made.id, &sku("VASE")).await, How::Done);
        assert_eq!((now.revision, lines(&now)), (Revision(5), vec![("LAMP", 1)]));
        assert_eq!(engine.get_cart(call, made.id).await.unwrap(), now);
        engine.delete_cart(call, made.id).await.unwrap();
        check_refused(engine.get_cart(call, made.id).await, "not_found", None);
        check_refused(engine.delete_cart(call, made.id).await, "not_found", None);
    });
}

#[test]
fn a_cart_lives_on_with_each_write_and_is_gone_when_its_time_is_over() {
    block_on(async {
        let shop = Shop::in_memory().configure(|config| config.cart_ttl_s = 30 * 24 * 3_600).open().await;
        let id = cart(&shop, None, &[]).await;
        shop.clock.advance_ms(29 * DAYS_MS);
        came(shop.commerce.put_cart_line(&shop.call, id, &sku("LAMP"), qty(1)).await, How::Done);
        shop.clock.advance_ms(29 * DAYS_MS);
        shop.commerce.get_cart(&shop.call, id).await.unwrap();
        shop.clock.advance_ms(DAYS_MS);
        // gone at its time, swept or not
        assert!(shop.store.carts.get(&shop.call.merchant, id).await.unwrap().is_some());
        let (engine, call) = (&shop.commerce, &shop.call);
        check_refused(engine.get_cart(call, id).await, "not_found", None);
        check_refused(engine.put_cart_line(call, id, &sku("LAMP"), qty(1)).await, "not_found", None);
        check_refused(engine.remove_cart_line(call, id, &sku("LAMP")).await, "not_found", None);
        check_refused(engine.checkout_cart(call, id, Default::default()).await, "not_found", None);
        check_refused(engine.delete_cart(call, id).await, "not_found", None);
        let other = cart(&shop, None, &[]).await;
        check_refused(engine.merge_carts(call, id, other).await, "not_found", None);
        check_refused(engine.merge_carts(call, other, id).await, "invalid_value", Some("/cart_id"));
        shop.advance(1).await;
        assert_eq!(shop.store.carts.get(&shop.call.merchant, id).await.unwrap(), None);
        assert!(shop.store.carts.get(&shop.call.merchant, other).await.unwrap().is_some());
    });
}

#[test]
fn a_writer_who_expects_another_revision_is_told_which_one_there_is() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let id = cart(&shop, None, &[("LAMP", 1), ("VASE", 1)]).await;
        let engine = &shop.commerce;
        for old in [1, 2, 4] {
            let call = expecting(&shop, old);
            let stale = |outcome: Result<(), Error>| assert!(matches!(outcome, Err(Error::Stale { actual: Version(3) })), "{outcome:?}");
            stale(engine.put_cart_line(&call, id, &sku("LAMP"), qty(9)).await.map(drop));
            stale(engine.remove_cart_line(&call, id, &sku("LAMP")).await.map(drop));
            stale(engine.delete_cart(&call, id).await);
            stale(engine.checkout_cart(&call, id, Default::default()).await.map(drop));
            let other = cart(&shop, None, &[]).await;
            stale(engine.merge_carts(&call, id, other).await.map(drop));
        }
        assert_eq!(engine.get_cart(&shop.call, id).await.unwrap().revision, Revision(3));
        came(engine.put_cart_line(&expecting(&shop, 3), id, &sku("LAMP"), qty(9)).await, How::Done);
        came(engine.remove_cart_line(&expecting(&shop, 4), id, &sku("VASE")).await, How::Done);
        engine.delete_cart(&expecting(&shop, 5), id).await.unwrap();
        check_refused(engine.get_cart(&shop.call, id).await, "not_found", None);
    });
}

#[test]
fn a_deletion_that_expects_a_revision_loses_to_a_write_that_was_quicker() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let id = cart(&shop, None, &[]).await;
        let (engine, call) = (shop.commerce.clone(), shop.call.clone());
        let quicker = async move {
            came(engine.put_cart_line(&call, id, &sku("LAMP"), qty(1)).await, How::Done);
        };
        let slow = engine_with(&shop, OddCarts::read_then(&shop, quicker.boxed()));
        assert!(matches!(slow.delete_cart(&expecting(&shop, 1), id).await, Err(Error::Stale { actual: Version(2) })));
        assert_eq!(lines(&shop.commerce.get_cart(&shop.call, id).await.unwrap()), vec![("LAMP", 1)]);
    });
}

#[test]
fn a_write_that_lost_to_a_quicker_one_is_decided_again_unless_it_expected_a_revision() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        for expects in [false, true] {
            let id = cart(&shop, None, &[]).await;
            let (engine, call) = (shop.commerce.clone(), shop.call.clone());
            let quicker = async move {
                came(engine.put_cart_line(&call, id, &sku("LAMP"), qty(1)).await, How::Done);
            };
            let slow = engine_with(&shop, OddCarts::read_then(&shop, quicker.boxed()));
            if expects {
                let outcome = slow.put_cart_line(&expecting(&shop, 1), id, &sku("VASE"), qty(2)).await;
                assert!(matches!(outcome, Err(Error::Stale { actual: Version(2) })));
            } else {
                let both = came(slow.put_cart_line(&shop.call, id, &sku("VASE"), qty(2)).await, How::Done);
                assert_eq!(lines(&both), vec![("LAMP", 1), ("VASE", 2)]);
            }
        }
    });
}

#[test]
fn every_bad_line_is_refused_by_place_and_changes_nothing() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let (engine, call) = (&shop.commerce, &shop.call);
        let id = cart(&shop, None, &[("LAMP", 1)]).await;
        let off = PutItem { sku: sku("OFF"), title: "Off".to_owned(), kind: ItemKind::Stocked, prices: [].into(), active: false };
        engine.put_catalogue_item(call, off).await.unwrap();
        for unknown in ["OFF", "NONE", "lamp"] {
            check_refused(engine.put_cart_line(call, id, &sku(unknown), qty(1)).await, "unknown_sku", Some("/sku"));
        }
        check_refused(engine.put_cart_line(call, id, &sku("LAMP"), qty(LINE_UNITS_MAX + 1)).await, "invalid_value", Some("/quantity"));
        check_refused(engine.remove_cart_line(call, id, &sku("VASE")).await, "not_found", None);
        let nobody = CartId::new(Uuid::from_u128(7));
        check_refused(engine.get_cart(call, nobody).await, "not_found", None);
        check_refused(engine.put_cart_line(call, nobody, &sku("LAMP"), qty(1)).await, "not_found", None);
        let other = Call { merchant: MerchantId::new("other").unwrap(), ..call.clone() };
        check_refused(engine.get_cart(&other, id).await, "not_found", None);
        let future = call.clone().at(shop.clock.now().plus_millis(1));
        check_refused(engine.create_cart(&future, new_cart(None)).await, "invalid_value", Some("/at"));
        check_refused(engine.put_cart_line(&future, id, &sku("LAMP"), qty(2)).await, "invalid_value", Some("/at"));
        let bad_key = call.clone().with_key("", b"");
        check_refused(engine.create_cart(&bad_key, new_cart(None)).await, "invalid_value", Some("Idempotency-Key"));
        assert_eq!(engine.get_cart(call, id).await.unwrap().revision, Revision(2));
    });
}

#[test]
fn a_full_cart_takes_no_new_line_and_changes_those_that_it_has() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let id = cart(&shop, None, &[("LAMP", 1)]).await;
        // so many lines that one more fits
        let mut full = shop.commerce.get_cart(&shop.call, id).await.unwrap();
        for number in 0..LINES_MAX - 2 {
            full.put_line(&sku(&format!("sku {number}")), qty(1)).unwrap();
        }
        let revision = full.revision;
        let full = full.written(shop.clock.now(), 1_000);
        assert!(shop.store.carts.put(&shop.call.merchant, &full, Some(revision)).await.unwrap());
        let (engine, call) = (&shop.commerce, &shop.call);
        came(engine.put_cart_line(call, id, &sku("VASE"), qty(1)).await, How::Done);
        check_refused(engine.put_cart_line(call, id, &sku("LAST"), qty(1)).await, "invalid_value", Some("/sku"));
        came(engine.put_cart_line(call, id, &sku("LAMP"), qty(LINE_UNITS_MAX)).await, How::Done);
        let more = cart(&shop, None, &[("LAST", 1)]).await;
        check_refused(engine.merge_carts(call, id, more).await, "invalid_value", Some("/cart_id"));
        assert_eq!(lines(&engine.get_cart(call, more).await.unwrap()), vec![("LAST", 1)]);
        assert_eq!(engine.get_cart(call, id).await.unwrap().lines.len(), LINES_MAX);
    });
}

#[test]
fn a_line_of_a_cart_has_as_many_units_as_a_line_of_an_order() {
    assert_eq!(LINE_UNITS_MAX, commerce_core::order::LINE_UNITS_MAX);
    const { assert!(LINES_MAX <= commerce_core::order::LINES_MAX) };
}

#[test]
fn a_repeated_key_begins_one_cart_and_another_body_under_it_is_refused() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let engine = &shop.commerce;
        let call = shop.call.clone().with_key("k", b"ann");
        let made = came(engine.create_cart(&call, new_cart(Some("ann"))).await, How::Done);
        let now = came(engine.put_cart_line(&shop.call, made.id, &sku("LAMP"), qty(1)).await, How::Done);
        assert_eq!(came(engine.create_cart(&call, new_cart(Some("ann"))).await, How::Replayed), now);
        for other in [new_cart(Some("bob")), new_cart(None), NewCart { currency: Currency::EUR, ..new_cart(Some("ann")) }] {
            assert!(matches!(engine.create_cart(&call, other).await, Err(Error::KeyReused { owner }) if owner.id == made.id.to_string()));
        }
        // the key of another caller, or of another shop, is another key
        let mut theirs = call.clone();
        theirs.actor.id = "till-2".into();
        came(engine.create_cart(&theirs, new_cart(Some("bob"))).await, How::Done);
        theirs.merchant = MerchantId::new("other").unwrap();
        came(engine.create_cart(&theirs, new_cart(None)).await, How::Done);
        for how in [How::Done, How::Done] {
            came(engine.create_cart(&shop.call, new_cart(Some("ann"))).await, how);
        }
    });
}

#[test]
fn a_key_begins_a_new_cart_when_that_of_old_has_expired() {
    block_on(async {
        let shop = Shop::in_memory().configure(|config| config.cart_ttl_s = 60).open().await;
        let call = shop.call.clone().with_key("k", b"body");
        let made = came(shop.commerce.create_cart(&call, new_cart(None)).await, How::Done);
        came(shop.commerce.put_cart_line(&shop.call, made.id, &sku("LAMP"), qty(1)).await, How::Done);
        shop.clock.advance_s(60);
        let again = came(shop.commerce.create_cart(&call, new_cart(Some("ann"))).await, How::Done);
        assert_eq!((again.id, lines(&again), again.revision), (made.id, vec![], Revision(3)));
        assert_eq!(again.expires_at, shop.clock.now().plus_secs(60));
    });
}

#[test]
fn twins_on_many_threads_begin_one_cart() {
    let shop = block_on(Shop::in_memory().open());
    for round in 0..20 {
        let call = shop.call.clone().with_key(&format!("k{round}"), b"body");
        let answers = on_threads(8, async |_| shop.commerce.create_cart(&call, new_cart(None)).await.unwrap());
        assert_eq!(answers.iter().filter(|answer| answer.how == How::Done).count(), 1);
        assert!(answers.iter().all(|answer| answer.value == answers[0].value));
    }
}

#[test]
fn lines_that_many_put_at_once_are_all_there() {
    let shop = block_on(Shop::in_memory().open());
    let names = ["LAMP", "VASE", "LAST", "BENCH", "GONE", "GIFT", "CARRIAGE", "EBOOK"];
    let id = block_on(cart(&shop, None, &[]));
    on_threads(names.len(), async |thread| {
        for units in 1..=20 {
            came(shop.commerce.put_cart_line(&shop.call, id, &sku(names[thread]), qty(units)).await, How::Done);
        }
    });
    let filled = block_on(shop.commerce.get_cart(&shop.call, id)).unwrap();
    assert_eq!(filled.revision, Revision(1 + 8 * 20));
    assert!(filled.lines.len() == 8 && filled.lines.iter().all(|line| line.qty == qty(20)), "{filled:?}");
}

#[test]
fn a_customer_sees_and_changes_their_own_carts_and_nobodys() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let engine = &shop.commerce;
        let (ann, bob) = (by(&shop, "ann"), by(&shop, "bob"));
        let hers = came(engine.create_cart(&ann, new_cart(Some("ann"))).await, How::Done).id;
        came(engine.put_cart_line(&ann, hers, &sku("LAMP"), qty(1)).await, How::Done);
        check_refused(engine.create_cart(&bob, new_cart(Some("ann"))).await, "invalid_value", Some("/customer_id"));
        check_refused(engine.get_cart(&bob, hers).await, "not_found", None);
        check_refused(engine.put_cart_line(&bob, hers, &sku("LAMP"), qty(9)).await, "not_found", None);
        check_refused(engine.remove_cart_line(&bob, hers, &sku("LAMP")).await, "not_found", None);
        check_refused(engine.delete_cart(&bob, hers).await, "not_found", None);
        check_refused(engine.checkout_cart(&bob, hers, Default::default()).await, "not_found", None);
        let nobodys = came(engine.create_cart(&bob, new_cart(None)).await, How::Done).id;
        came(engine.put_cart_line(&ann, nobodys, &sku("VASE"), qty(1)).await, How::Done);
        check_refused(engine.merge_carts(&bob, nobodys, hers).await, "invalid_value", Some("/cart_id"));
        check_refused(engine.merge_carts(&bob, hers, nobodys).await, "not_found", None);
        assert_eq!(lines(&engine.get_cart(&ann, hers).await.unwrap()), vec![("LAMP", 1)]);
        assert_eq!(engine.get_cart(&shop.call, hers).await.unwrap().customer.unwrap().as_str(), "ann");
    });
}

#[test]
fn a_lost_answer_is_found() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let (id, from) = (cart(&shop, None, &[("LAMP", 1)]).await, cart(&shop, None, &[("VASE", 1)]).await);
        let odd = || engine_with(&shop, OddCarts::that(&shop, Oddity::LoseAnswer));
        came(odd().create_cart(&shop.call, new_cart(None)).await, How::Done);
        came(odd().put_cart_line(&shop.call, id, &sku("BENCH"), qty(2)).await, How::Done);
        came(odd().remove_cart_line(&shop.call, id, &sku("LAMP")).await, How::Done);
        let merged = came(odd().merge_carts(&shop.call, id, from).await, How::Done);
        assert_eq!(lines(&merged), vec![("BENCH", 2), ("VASE", 1)]);
        assert_eq!(shop.commerce.get_cart(&shop.call, id).await.unwrap(), merged);
    });
}

#[test]
fn what_was_not_written_is_not_taken_for_done() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let (id, from) = (cart(&shop, None, &[("LAMP", 1)]).await, cart(&shop, None, &[("VASE", 1)]).await);
        let before = shop.commerce.get_cart(&shop.call, id).await.unwrap();
        for (oddity, code) in [(Oddity::LoseRequest, "outcome_unknown"), (Oddity::Fail, "store_unavailable")] {
            let odd = || engine_with(&shop, OddCarts::that(&shop, oddity));
            for outcome in [
                odd().create_cart(&shop.call, new_cart(None)).await,
                odd().put_cart_line(&shop.call, id, &sku("BENCH"), qty(2)).await,
                odd().remove_cart_line(&shop.call, id, &sku("LAMP")).await,
                odd().merge_carts(&shop.call, id, from).await,
            ] {
                check_refused(outcome, code, None);
            }
            check_refused(odd().delete_cart(&shop.call, id).await, code, None);
            check_refused(odd().delete_cart(&expecting(&shop, 2), id).await, code, None);
        }
        assert_eq!(shop.commerce.get_cart(&shop.call, id).await.unwrap(), before);
    });
}
