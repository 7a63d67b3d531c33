use commerce_core::cart::{LINE_UNITS_MAX, Revision};
use commerce_core::engine::{Error, How, NewCart};
use commerce_core::id::CartId;
use commerce_core::money::Currency;
use commerce_core::testkit::on_threads;
use commerce_core::testkit::shop::Shop;
use futures::FutureExt;
use futures::executor::block_on;
use uuid::Uuid;

use crate::support::{OddCarts, came, cart, check_refused, engine_with, lines, qty, sku};

#[test]
fn a_cart_filled_before_its_buyer_was_known_is_added_to_theirs_and_gone() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let hers = cart(&shop, Some("ann"), &[("LAMP", 1), ("VASE", 2)]).await;
        let nobodys = cart(&shop, None, &[("GIFT", 4), ("VASE", 3)]).await;
        let merged = came(shop.commerce.merge_carts(&shop.call, hers, nobodys).await, How::Done);
        assert_eq!(lines(&merged), vec![("LAMP", 1), ("VASE", 5), ("GIFT", 4)]);
        assert_eq!((merged.revision, merged.customer.as_ref().map(|id| id.as_str())), (Revision(4), Some("ann")));
        assert_eq!(shop.commerce.get_cart(&shop.call, hers).await.unwrap(), merged);
        check_refused(shop.commerce.get_cart(&shop.call, nobodys).await, "not_found", None);
        // asked again, nothing is added twice
        check_refused(shop.commerce.merge_carts(&shop.call, hers, nobodys).await, "invalid_value", Some("/cart_id"));
        assert_eq!(shop.commerce.get_cart(&shop.call, hers).await.unwrap(), merged);
    });
}

#[test]
fn units_beyond_what_a_line_takes_stay_behind() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let into = cart(&shop, None, &[("LAMP", LINE_UNITS_MAX - 1)]).await;
        let from = cart(&shop, None, &[("LAMP", 5)]).await;
        let merged = came(shop.commerce.merge_carts(&shop.call, into, from).await, How::Done);
        assert_eq!(lines(&merged), vec![("LAMP", LINE_UNITS_MAX)]);
    });
}

#[test]
fn nobody_gets_another_persons_cart() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let anns = cart(&shop, Some("ann"), &[("LAMP", 1)]).await;
        let bobs = cart(&shop, Some("bob"), &[("VASE", 1)]).await;
        let nobodys = cart(&shop, None, &[("GIFT", 1)]).await;
        for into in [anns, nobodys] {
            check_refused(shop.commerce.merge_carts(&shop.call, into, bobs).await, "invalid_value", Some("/cart_id"));
        }
        for (id, item) in [(anns, "LAMP"), (bobs, "VASE"), (nobodys, "GIFT")] {
            assert_eq!(lines(&shop.commerce.get_cart(&shop.call, id).await.unwrap()), vec![(item, 1)]);
        }
        let also_anns = cart(&shop, Some("ann"), &[("BENCH", 1)]).await;
        came(shop.commerce.merge_carts(&shop.call, anns, also_anns).await, How::Done);
    });
}

#[test]
fn carts_that_do_not_fit_together_stay_as_they_are() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let (engine, call) = (&shop.commerce, &shop.call);
        let id = cart(&shop, None, &[("LAMP", 1)]).await;
        check_refused(engine.merge_carts(call, id, id).await, "invalid_value", Some("/cart_id"));
        let euros = came(engine.create_cart(call, NewCart { customer_id: None, currency: Currency::EUR }).await, How::Done).id;
        check_refused(engine.merge_carts(call, id, euros).await, "invalid_value", Some("/cart_id"));
        let nobody = CartId::new(Uuid::from_u128(7));
        check_refused(engine.merge_carts(call, id, nobody).await, "invalid_value", Some("/cart_id"));
        check_refused(engine.merge_carts(call, nobody, id).await, "not_found", None);
        assert_eq!(lines(&engine.get_cart(call, id).await.unwrap()), vec![("LAMP", 1)]);
    });
}

#[test]
fn what_is_put_into_either_cart_while_they_are_merged_is_not_lost() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        for late_in_source in [true, false] {
            let into = cart(&shop, None, &[("LAMP", 1)]).await;
            let from = cart(&shop, None, &[("VASE", 1)]).await;
            let (engine, call) = (shop.commerce.clone(), shop.call.clone());
            let late = if late_in_source { from } else { into };
            let put = async move {
                came(engine.put_cart_line(&call, late, &sku("GIFT"), qty(3)).await, How::Done);
                // the other cart too, so that either may be read first
                let other = if late_in_source { into } else { from };
                came(engine.put_cart_line(&call, other, &sku("BENCH"), qty(1)).await, How::Done);
            };
            let slow = engine_with(&shop, OddCarts::read_then(&shop, put.boxed()));
            let merged = came(slow.merge_carts(&shop.call, into, from).await, How::Done);
            let mut all = lines(&merged);
            all.sort_unstable();
            assert_eq!(all, vec![("BENCH", 1), ("GIFT", 3), ("LAMP", 1), ("VASE", 1)]);
        }
    });
}

#[test]
fn however_many_merge_one_cart_at_once_its_goods_are_added_once() {
    let shop = block_on(Shop::in_memory().open());
    for _ in 0..20 {
        let (targets, from) = block_on(async {
            let targets = [cart(&shop, None, &[("LAMP", 1)]).await, cart(&shop, None, &[]).await];
            (targets, cart(&shop, None, &[("VASE", 2), ("GIFT", 1)]).await)
        });
        let won = on_threads(8, async |thread| match shop.commerce.merge_carts(&shop.call, targets[thread % 2], from).await {
            Ok(_) => 1,
            Err(Error::Invalid { field, .. }) => {
                assert_eq!(field, "/cart_id");
                0
            }
            Err(other) => panic!("{other}"),
        });
        assert_eq!(won.iter().sum::<u32>(), 1);
        let mut vases = 0;
        for id in targets {
            let cart = block_on(shop.commerce.get_cart(&shop.call, id)).unwrap();
            vases += cart.lines.iter().filter(|line| line.sku == sku("VASE")).map(|line| line.qty.get()).sum::<u32>();
        }
        assert_eq!(vases, 2);
    }
}

#[test]
fn many_carts_merged_into_one_at_once_are_all_in_it() {
    let shop = block_on(Shop::in_memory().open());
    let into = block_on(cart(&shop, None, &[]));
    let sources: Vec<CartId> = (0..24).map(|_| block_on(cart(&shop, None, &[("LAMP", 2), ("VASE", 1)]))).collect();
    on_threads(8, async |thread| {
        for from in sources.iter().skip(thread).step_by(8) {
            came(shop.commerce.merge_carts(&shop.call, into, *from).await, How::Done);
        }
    });
    let merged = block_on(shop.commerce.get_cart(&shop.call, into)).unwrap();
    assert_eq!(lines(&merged), vec![("LAMP", 48), ("VASE", 24)]);
}

#[test]
fn two_carts_merged_into_each_other_at_once_end_as_one() {
    let shop = block_on(Shop::in_memory().open());
    for _ in 0..20 {
        let ids = block_on(async { [cart(&shop, None, &[("LAMP", 1)]).await, cart(&shop, None, &[("LAMP", 2)]).await] });
        let done = on_threads(2, async |thread| shop.commerce.merge_carts(&shop.call, ids[thread], ids[1 - thread]).await.is_ok());
        assert_eq!(done.iter().filter(|done| **done).count(), 1);
        let left: Vec<_> = ids.into_iter().filter_map(|id| block_on(shop.commerce.get_cart(&shop.call, id)).ok()).collect();
        assert_eq!((left.len(), lines(&left[0])), (1, vec![("LAMP", 3)]));
    }
}
