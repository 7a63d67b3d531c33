//! One key is another key for another operation, another thing, another caller.

use commerce_core::engine::{Call, EditOrder, How, NewLine, PutItem};
use commerce_core::goods::ItemKind;
use commerce_core::id::{LineId, Sku};
use commerce_core::order::{Condition, ShipmentState};
use commerce_core::ports::{Actor, ActorKind};
use commerce_core::quantity::{LineQty, Quantity};
use commerce_core::testkit::shop::Shop;
use futures::executor::block_on;

fn one_of_line(line: u32) -> Vec<LineQty> {
    vec![LineQty { line_id: LineId(line), qty: Quantity::ONE }]
}

#[test]
fn one_key_serves_each_shipment_of_an_order_by_itself() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let order = shop.place(&[("LAMP", 1), ("VASE", 1)]).await.id;
        let parcels = [shop.pack_some(order, &[(1, 1)]).await.shipment.id, shop.pack_some(order, &[(2, 1)]).await.shipment.id];
        let call = shop.call.clone().with_key("k", b"{}");
        for id in parcels {
            let left = shop.commerce.dispatch_shipment(&call, id, None, None).await.unwrap();
            assert_eq!((left.how, matches!(left.value.shipment.state, ShipmentState::Dispatched(_))), (How::Done, true));
        }
        for id in parcels {
            let arrived = shop.commerce.deliver_shipment(&call, id).await.unwrap();
            assert_eq!((arrived.how, matches!(arrived.value.shipment.state, ShipmentState::Delivered { .. })), (How::Done, true));
        }
    });
}

#[test]
fn one_key_serves_each_return_of_an_order_by_itself() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let order = shop.place(&[("LAMP", 1), ("VASE", 1)]).await.id;
        shop.ship_and_deliver(order).await;
        let mut asked = Vec::new();
        for line in [1, 2] {
            let back = shop.commerce.create_return(&shop.call, order, one_of_line(line), "why".to_owned()).await.unwrap();
            asked.push(back.value.return_of_goods.id);
        }
        let call = shop.call.clone().with_key("k", b"{}");
        for id in asked {
            let received = shop.commerce.receive_return(&call, id, Vec::new(), Condition::Sellable, None).await.unwrap();
            assert_eq!((received.how, received.value.return_of_goods.status()), (How::Done, "received"));
        }
    });
}

#[test]
fn one_key_serves_each_order_and_each_caller_by_itself() {
    block_on(async {
        let shop = Shop::in_memory().impatient().open().await;
        let call = shop.call.clone().with_key("k", b"{}");
        for _ in 0..2 {
            let order = shop.order(shop.basket(&[("LAMP", 1)])).await.id;
            assert_eq!(shop.commerce.hold_order(&call, order).await.unwrap().how, How::Done);
        }
        let ann = Call { actor: Actor { kind: ActorKind::Customer, id: "ann".into() }, ..call.clone() };
        for call in [&call, &ann] {
            assert_eq!(shop.commerce.place_order(call, shop.basket(&[("LAMP", 1)])).await.unwrap().how, How::Done);
        }
    });
}

#[test]
fn an_edit_is_repeated_though_what_it_added_is_not_for_sale_any_more() {
    block_on(async {
        let shop = Shop::in_memory().impatient().open().await;
        let order = shop.order(shop.basket(&[("LAMP", 1)])).await.id;
        let call = shop.call.clone().with_key("k", b"{}");
        let gift = Sku::new("GIFT").unwrap();
        let edit = || EditOrder { add: vec![NewLine::new(gift.clone(), Quantity::ONE)], ..EditOrder::default() };
        let done = shop.commerce.edit_order(&call, order, edit()).await.unwrap();
        let item = PutItem { sku: gift.clone(), title: "gift".to_owned(), kind: ItemKind::Stocked, prices: [].into(), active: false };
        shop.commerce.put_catalogue_item(&shop.call, item).await.unwrap();
        let again = shop.commerce.edit_order(&call, order, edit()).await.unwrap();
        assert_eq!((again.how, again.value), (How::Replayed, done.value));
    });
}
