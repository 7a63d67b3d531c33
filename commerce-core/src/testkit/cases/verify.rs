use crate::engine::{Check, PackUnits, VerifyReport};
use crate::id::CustomerId;
use crate::sandbox::Token;
use crate::testkit::Lab;
use crate::testkit::shop::Shop;

#[track_caller]
fn assert_clean(report: &VerifyReport) {
    assert!(report.is_clean(), "{report}");
    assert!(report.unsettled.is_empty(), "{report}");
}

pub async fn a_store_in_which_everything_has_happened_is_clean_and_every_check_looked_at_something(lab: Lab) {
    let shop = Shop::of(&lab).open_and_bustle().await;
    let report = shop.commerce.verify().await.expect("the store is read");
    assert_clean(&report);
    for check in Check::ALL {
        assert!(report.looked_at[check] > 0, "{check} looked at nothing:\n{report}");
    }
    assert!(report.looked_at[&Check::OrderStream] > 40, "{report}");
    let bob = CustomerId::new("bob").expect("a valid customer");
    assert_eq!(shop.commerce.erase_customer(&shop.call, &bob).await.expect("bob is erased"), 2);
    let erased = shop.commerce.verify().await.expect("the store is read");
    assert_eq!(report, erased, "what names the erased is still counted, and nothing is missed");
}

pub async fn a_store_in_use_is_clean_at_any_time(lab: Lab) {
    const ROUNDS: u32 = 12;
    let shop = Shop::of(&lab).open().await;
    let reports = shop.crowd(4, async |thread| {
        let mut reports = Vec::new();
        for round in 0..ROUNDS {
            if thread == 0 {
                reports.push(shop.commerce.verify().await.expect("the store is read"));
                continue;
            }
            let order = shop.basket(&[("LAMP", 1 + round % 3), ("CARRIAGE", 1)]).paid_with(Token::Visa.method());
            // at last it is sold out
            let Ok(placed) = shop.commerce.place_order(&shop.call, order).await else { continue };
            let id = placed.value.id;
            if round % 2 == 0 {
                shop.commerce.cancel_order(&shop.call, id).await.expect("the order is cancelled");
            } else {
                let packed = shop.commerce.create_shipment(&shop.call, id, PackUnits::default()).await.expect("the order is packed");
                let parcel = packed.value.shipment.id;
                shop.commerce.dispatch_shipment(&shop.call, parcel, None, None).await.expect("the shipment leaves");
            }
        }
        reports
    });
    let reports: Vec<VerifyReport> = reports.into_iter().flatten().collect();
    assert_eq!(reports.len(), ROUNDS as usize);
    for report in reports {
        assert!(report.is_clean(), "{report}");
    }
    shop.settle().await;
    let report = shop.commerce.verify().await.expect("the store is read");
    assert_clean(&report);
    assert!(report.looked_at[&Check::OrderStream] > 10, "{report}");
}

pub async fn an_empty_store_is_clean(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    assert_clean(&shop.commerce.verify().await.expect("the store is read"));
}
