use commerce_core::engine::{Call, NewLine, PlaceOrder};
use commerce_core::id::{CustomerId, MerchantId};
use commerce_core::money::Currency;
use commerce_core::personal::PersonalData;
use futures::executor::block_on;

use crate::support::{START, Shop, check_refused, qty, sku};

fn order_of(customer: &str) -> PlaceOrder {
    let personal = PersonalData { name: Some(format!("Name of {customer}")), ..PersonalData::default() };
    let order = PlaceOrder::new(Currency::GBP, vec![NewLine::new(sku("LAMP"), qty(1))]);
    PlaceOrder { customer_id: Some(CustomerId::new(customer).expect("an id")), personal: Some(personal), ..order }
}

#[test]
fn erasing_a_customer_takes_their_names_from_all_their_orders_and_from_nobody_elses() {
    block_on(async {
        let shop = Shop::new().await;
        let mut orders = Vec::new();
        for customer in ["ann", "ann", "bob"] {
            orders.push(shop.engine.place_order(&shop.call, order_of(customer)).await.unwrap().value);
        }
        let ann = CustomerId::new("ann").unwrap();
        let other = Call { merchant: MerchantId::new("other").unwrap(), ..shop.call.clone() };
        assert_eq!(shop.engine.erase_customer(&other, &ann).await.unwrap(), 0);
        assert_eq!(shop.engine.erase_customer(&shop.call, &ann).await.unwrap(), 2);
        assert_eq!(shop.engine.erase_customer(&shop.call, &ann).await.unwrap(), 0);
        for (before, erased) in orders.iter().zip([true, true, false]) {
            let after = shop.engine.get_order(&shop.call, before.id).await.unwrap();
            assert_eq!((&after.order, after.personal.is_none()), (&before.order, erased));
        }
        shop.check().await;
    });
}

#[test]
fn nobody_is_erased_by_a_call_that_is_refused() {
    block_on(async {
        let shop = Shop::new().await;
        let placed = shop.engine.place_order(&shop.call, order_of("ann")).await.unwrap().value;
        let (ann, future) = (CustomerId::new("ann").unwrap(), shop.call.clone().at(START.plus_secs(1)));
        check_refused(shop.engine.erase_customer(&future, &ann).await, "invalid_value", Some("/at"));
        assert!(shop.engine.get_order(&shop.call, placed.id).await.unwrap().personal.is_some());
    });
}
