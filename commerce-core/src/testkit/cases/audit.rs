use crate::id::{HoldId, MerchantId, OrderId, RefundId, ReturnId, ShipmentId};
use crate::ports::{Clock, ReturnRow, Root, ShipmentRow, ViewRow};
use crate::stock::{AccountKey, Move};
use crate::testkit::cases::views::{order_row, payment_row, refund_row, viewing};
use crate::testkit::lab::{assert_misuse, location, merchant, sku, units, walk};
use crate::testkit::{ChangeSetExt, Lab};

fn merchants() -> [MerchantId; 2] {
    [merchant("a-merchant"), merchant("b-merchant")]
}

pub async fn all_accounts_and_holds_of_all_merchants_are_read_page_by_page(lab: Lab) {
    let mut accounts = Vec::new();
    let mut holds: Vec<HoldId> = Vec::new();
    for whose in merchants() {
        for name in ["A", "B", "C"] {
            let key = AccountKey { merchant: whose.clone(), sku: sku(name), location: location("default") };
            let (id, mut hold) = lab.hold(&key.sku, 2);
            if let Move::Hold { merchant, .. } = &mut hold {
                merchant.clone_from(&whose);
            }
            let mut set = lab.set_of(&whose, Root::Sku(key.sku.clone()));
            let receive = Move::Receive { id: lab.id(crate::id::MoveId::new), account: key.clone(), qty: units(3) };
            set.moves = vec![receive, hold, lab.release(id, 2)];
            lab.committed(set).await;
            accounts.push(key);
            holds.push(id);
        }
    }
    for limit in [1, 4, 100] {
        let found = walk(limit, async |after, limit| lab.store.audit.all_accounts(after, limit).await).await;
        assert_eq!(found.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>(), accounts, "pages of {limit}");
        assert!(found.iter().all(|(_, account)| (account.on_hand, account.held) == (3, 0)));
        let found = walk(limit, async |after, limit| lab.store.audit.all_holds(after, limit).await).await;
        assert_eq!(found.iter().map(|hold| hold.id).collect::<Vec<_>>(), holds, "pages of {limit}");
    }
}

pub async fn all_rows_of_all_merchants_are_read_page_by_page(lab: Lab) {
    let (mut orders, mut payments, mut shipments, mut returns, mut refunds) = (vec![], vec![], vec![], vec![], vec![]);
    for whose in merchants() {
        for _ in 0..3 {
            let order = order_row(&lab, lab.clock.now());
            let payment = payment_row(&lab);
            let shipment = ShipmentRow { id: lab.id(ShipmentId::new), order: order.id, status: "packed".to_owned() };
            let back = ReturnRow { id: lab.id(ReturnId::new), order: order.id, status: "requested".to_owned() };
            let (first, refund_id) = (lab.id(RefundId::new), lab.id(RefundId::new));
            // one refund through two payments: the id alone is no place in the list
            let refund_rows = [refund_row(&lab, first), refund_row(&lab, refund_id), refund_row(&lab, refund_id)];
            let rows = [
                ViewRow::Order(order.clone()),
                ViewRow::Payment(payment.clone()),
                ViewRow::Shipment(shipment.clone()),
                ViewRow::Return(back.clone()),
            ];
            lab.committed(viewing(&lab, &whose, rows.into_iter().chain(refund_rows.iter().cloned().map(ViewRow::Refund)))).await;
            orders.push((whose.clone(), order));
            payments.push((whose.clone(), payment));
            shipments.push((whose.clone(), shipment));
            returns.push((whose.clone(), back));
            refunds.extend(refund_rows.map(|row| (whose.clone(), row)));
        }
    }
    let audit = &lab.store.audit;
    for limit in [1, 2, 100] {
        assert_eq!(walk(limit, async |after, limit| audit.all_orders(after, limit).await).await, orders, "pages of {limit}");
        assert_eq!(walk(limit, async |after, limit| audit.all_payments(after, limit).await).await, payments, "pages of {limit}");
        assert_eq!(walk(limit, async |after, limit| audit.all_shipments(after, limit).await).await, shipments, "pages of {limit}");
        assert_eq!(walk(limit, async |after, limit| audit.all_returns(after, limit).await).await, returns, "pages of {limit}");
        let mut found = walk(limit, async |after, limit| audit.all_refunds(after, limit).await).await;
        found.sort_by_key(|(whose, row)| (whose.clone(), row.id, row.payment));
        assert_eq!(found, refunds, "pages of {limit}");
    }
}

pub async fn an_empty_store_has_empty_lists(lab: Lab) {
    let audit = &lab.store.audit;
    assert_eq!(audit.all_accounts(None, 10).await.expect("read").items, []);
    assert_eq!(audit.all_holds(None, 10).await.expect("read").items, []);
    assert_eq!(audit.all_orders(None, 10).await.expect("read").items, []);
    assert_eq!(audit.all_payments(None, 10).await.expect("read").items, []);
    assert_eq!(audit.all_shipments(None, 10).await.expect("read").items, []);
    assert_eq!(audit.all_returns(None, 10).await.expect("read").items, []);
    assert_eq!(audit.all_refunds(None, 10).await.expect("read").items, []);
}

pub async fn a_cursor_of_another_audit_list_is_misuse(lab: Lab) {
    lab.moved([lab.receive(&sku("A"), 1), lab.receive(&sku("B"), 1)]).await;
    let order = lab.id(OrderId::new);
    lab.committed(lab.order_set(order).moving(lab.hold(&sku("A"), 1).1)).await;
    let cursor = lab.store.audit.all_accounts(None, 1).await.expect("read").next.expect("a second page");
    let audit = &lab.store.audit;
    assert_misuse(audit.all_holds(Some(&cursor), 1).await);
    assert_misuse(audit.all_orders(Some(&cursor), 1).await);
    assert_misuse(audit.all_payments(Some(&cursor), 1).await);
    assert_misuse(audit.all_shipments(Some(&cursor), 1).await);
    assert_misuse(audit.all_returns(Some(&cursor), 1).await);
    assert_misuse(audit.all_refunds(Some(&cursor), 1).await);
}
