use crate::engine::{Error, PlaceOrder};
use crate::id::OrderId;
use crate::money::Currency;
use crate::order::{CancelReason, Headline, Placement};
use crate::sandbox::{EntryKind, Token};
use crate::testkit::Lab;
use crate::testkit::faults::{Faults, Operation};
use crate::testkit::shop::{Bank, Shop};

/// What a bank did with money, in the order in which it did it.
pub(super) fn done(shop: &Shop, bank: Bank) -> Vec<(EntryKind, i64)> {
    shop.bank(bank).ledger().entries().iter().map(|entry| (entry.kind, entry.amount.minor())).collect()
}

pub async fn an_order_that_is_short_of_stock_moves_no_money(lab: Lab) {
    let faults = Faults::none();
    let shop = Shop::of(&lab).faults(&faults).open().await;
    for bank in Bank::ALL {
        let order =
            PlaceOrder { provider: Some(bank.provider()), ..shop.basket(&[("LAMP", 1), ("LAST", 2)]).paid_with(Token::Visa.method()) };
        assert!(matches!(shop.try_order(order).await, Err(Error::Short(_))));
        assert_eq!(done(&shop, *bank), []);
    }
    assert_eq!(faults.visits(Operation::Authorize), 0);
    assert_eq!(shop.account("LAMP").await.held, 0);
    shop.check().await;
}

/// An order whose money comes a minute late, and whose hold runs out before.
async fn late(shop: &Shop, bank: Bank) -> OrderId {
    let order = PlaceOrder { provider: Some(bank.provider()), ..shop.basket(&[("LAST", 1)]).paid_with(Token::Pending.method()) };
    let placed = shop.order(order).await;
    shop.settle().await;
    shop.clock.advance_s(31);
    placed.id
}

pub async fn a_late_payment_whose_unit_was_sold_meanwhile_goes_back(lab: Lab) {
    let shop = Shop::of(&lab).impatient().configure(|config| config.policy.pay_by_s = 30).open().await;
    let late = late(&shop, Bank::Cards).await;
    let quick = shop.place(&[("LAST", 1)]).await;
    shop.settle().await;
    shop.advance(60_000).await;
    assert_eq!(shop.get(quick.id).await.order.headline(), Headline::Confirmed);
    assert_eq!(shop.get(late).await.order.placement, Placement::Cancelled { reason: CancelReason::StockLost });
    let kinds = [EntryKind::Authorized, EntryKind::Authorized, EntryKind::Voided].map(|kind| (kind, 4_999));
    assert_eq!(done(&shop, Bank::Cards), kinds);
    shop.check().await;
}

pub async fn a_late_sale_whose_unit_was_sold_meanwhile_is_refunded(lab: Lab) {
    let shop = Shop::of(&lab).impatient().configure(|config| config.policy.pay_by_s = 30).open().await;
    let late = late(&shop, Bank::Sales).await;
    let quick = shop.place(&[("LAST", 1)]).await;
    shop.settle().await;
    shop.advance(60_000).await;
    assert_eq!(shop.get(quick.id).await.order.headline(), Headline::Confirmed);
    assert_eq!(shop.get(late).await.order.placement, Placement::Cancelled { reason: CancelReason::StockLost });
    assert_eq!(shop.bank(Bank::Sales).ledger().totals()[&Currency::GBP].net(), 0);
    assert_eq!(done(&shop, Bank::Sales).last(), Some(&(EntryKind::Refunded, 4_999)));
    shop.check().await;
}

pub async fn a_late_payment_whose_unit_is_still_there_holds_it_anew(lab: Lab) {
    let shop = Shop::of(&lab).impatient().configure(|config| config.policy.pay_by_s = 30).open().await;
    let late = late(&shop, Bank::Cards).await;
    // the sweep takes the unit back
    shop.settle().await;
    assert_eq!(shop.account("LAST").await.held, 0);
    shop.advance(60_000).await;
    assert_eq!(shop.get(late).await.order.headline(), Headline::Confirmed);
    assert_eq!(shop.account("LAST").await.held, 1);
    shop.check().await;
}

pub async fn an_order_that_is_cancelled_while_its_payment_is_under_way_keeps_no_money(lab: Lab) {
    let shop = Shop::of(&lab).impatient().open().await;
    for (bank, token) in [(Bank::Cards, Token::Visa), (Bank::Cards, Token::Pending), (Bank::Sales, Token::Pending)] {
        let order = PlaceOrder { provider: Some(bank.provider()), ..shop.basket(&[("LAMP", 1)]).paid_with(token.method()) };
        let placed = shop.order(order).await;
        if token == Token::Pending {
            shop.settle().await;
        }
        shop.cancel(placed.id).await;
        shop.advance(61_000).await;
        assert_eq!(shop.get(placed.id).await.order.headline(), Headline::Cancelled);
        assert_eq!(shop.account("LAMP").await.held, 0);
    }
    // of the first nobody may have asked the bank yet
    let cards = shop.bank(Bank::Cards).ledger().totals()[&Currency::GBP];
    assert!(cards.authorized >= 1_000 && cards.captured == 0 && cards.released == cards.authorized, "{cards:?}");
    assert_eq!(done(&shop, Bank::Sales).last(), Some(&(EntryKind::Refunded, 1_000)));
    shop.check().await;
}

pub async fn a_void_of_money_that_had_lapsed_is_done(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let placed = shop.place_paid(&[("LAMP", 1)], Token::ShortLived).await;
    shop.clock.advance_s(61);
    shop.cancel(placed.id).await;
    assert_eq!(done(&shop, Bank::Cards), [(EntryKind::Authorized, 1_000), (EntryKind::Lapsed, 1_000)]);
    shop.check().await;
}
