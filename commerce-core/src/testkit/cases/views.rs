use crate::id::{CustomerId, MerchantId, OrderId, PaymentId, RefundId, ReturnId, ShipmentId};
use crate::money::{Currency, Money};
use crate::ports::{
    ChangeSet, Clock, Expected, LIMIT_MAX_ROWS, OrderQuery, OrderRow, PaymentQuery, PaymentRow, RefundRow, ReturnRow, Root, ShipmentRow,
    StreamName, Version, ViewRow,
};
use crate::testkit::lab::{assert_misuse, merchant, walk};
use crate::testkit::{ChangeSetExt, Lab};
use crate::time::Timestamp;

pub(crate) fn eur(minor: i64) -> Money {
    Money::from_minor(minor, "EUR".parse::<Currency>().expect("the euro is a currency"))
}

fn customer(name: &str) -> CustomerId {
    CustomerId::new(name).expect("a test's customer is valid")
}

pub(crate) fn order_row(lab: &Lab, placed_at: Timestamp) -> OrderRow {
    OrderRow {
        id: lab.id(OrderId::new),
        customer: None,
        status: "pending".to_owned(),
        placed_at,
        updated_at: placed_at,
        version: Version(1),
        due: None,
        total: eur(1_999),
        doc: vec![0, 1, 255],
    }
}

pub(crate) fn payment_row(lab: &Lab) -> PaymentRow {
    let now = lab.clock.now();
    PaymentRow {
        id: lab.id(PaymentId::new),
        order: Some(lab.id(OrderId::new)),
        status: "unpaid".to_owned(),
        created_at: now,
        updated_at: now.plus_millis(1),
        version: Version(2),
        doc: vec![7],
    }
}

pub(crate) fn refund_row(lab: &Lab, id: RefundId) -> RefundRow {
    RefundRow { id, payment: lab.id(PaymentId::new), order: Some(lab.id(OrderId::new)), status: "granted".to_owned(), amount: eur(-5) }
}

/// A set with rows and something to prove it by.
pub(crate) fn viewing(lab: &Lab, whose: &MerchantId, rows: impl IntoIterator<Item = ViewRow>) -> ChangeSet {
    let order = lab.id(OrderId::new);
    let mut set = lab.set_of(whose, Root::Order(order)).append(StreamName::Order(order), Expected::New, lab.events(1));
    set.views.extend(rows);
    set
}

pub(crate) async fn put(lab: &Lab, rows: impl IntoIterator<Item = ViewRow>) {
    lab.committed(viewing(lab, &MerchantId::default(), rows)).await;
}

pub async fn rows_read_back_as_they_were_written_and_replace_those_before(lab: Lab) {
    let (default, theirs, views) = (MerchantId::default(), merchant("other"), &lab.store.views);
    let now = lab.clock.now();
    let mut order = OrderRow { customer: Some(customer("c 1")), due: Some(now.plus_secs(9)), ..order_row(&lab, now) };
    let mut payment = payment_row(&lab);
    let mut shipment = ShipmentRow { id: lab.id(ShipmentId::new), order: order.id, status: "packed".to_owned() };
    let mut returned = ReturnRow { id: lab.id(ReturnId::new), order: order.id, status: "requested".to_owned() };
    for round in 0..2 {
        let rows = [
            ViewRow::Order(order.clone()),
            ViewRow::Payment(payment.clone()),
            ViewRow::Shipment(shipment.clone()),
            ViewRow::Return(returned.clone()),
        ];
        put(&lab, rows).await;
        assert_eq!(views.order(&default, order.id).await.expect("read"), Some(order.clone()));
        assert_eq!(views.payment(&default, payment.id).await.expect("read"), Some(payment.clone()));
        assert_eq!(views.shipment(&default, shipment.id).await.expect("read"), Some(shipment.clone()));
        assert_eq!(views.return_of_goods(&default, returned.id).await.expect("read"), Some(returned.clone()));
        assert_eq!(views.order(&theirs, order.id).await.expect("read"), None);
        assert_eq!(views.payment(&theirs, payment.id).await.expect("read"), None);
        assert_eq!(views.shipment(&theirs, shipment.id).await.expect("read"), None);
        assert_eq!(views.return_of_goods(&theirs, returned.id).await.expect("read"), None);
        order = OrderRow { customer: None, due: None, version: Version(2 + round), status: "confirmed".to_owned(), doc: vec![], ..order };
        payment = PaymentRow { order: None, status: "paid".to_owned(), ..payment };
        "dispatched".clone_into(&mut shipment.status);
        "received".clone_into(&mut returned.status);
    }
}

pub async fn what_was_never_written_is_not_there(lab: Lab) {
    let (default, views) = (MerchantId::default(), &lab.store.views);
    assert_eq!(views.order(&default, lab.id(OrderId::new)).await.expect("read"), None);
    assert_eq!(views.payment(&default, lab.id(PaymentId::new)).await.expect("read"), None);
    assert_eq!(views.shipment(&default, lab.id(ShipmentId::new)).await.expect("read"), None);
    assert_eq!(views.return_of_goods(&default, lab.id(ReturnId::new)).await.expect("read"), None);
    assert_eq!(views.refund(&default, lab.id(RefundId::new)).await.expect("read"), []);
}

pub async fn a_refund_through_several_payments_has_a_row_with_each(lab: Lab) {
    let (default, id) = (MerchantId::default(), lab.id(RefundId::new));
    let (mut first, second) = (refund_row(&lab, id), RefundRow { order: None, ..refund_row(&lab, id) });
    put(&lab, [ViewRow::Refund(first.clone()), ViewRow::Refund(second.clone())]).await;
    "issued".clone_into(&mut first.status);
    put(&lab, [ViewRow::Refund(first.clone())]).await;
    let mut found = lab.store.views.refund(&default, id).await.expect("read");
    found.sort_by_key(|row| row.payment);
    assert_eq!(found, [first, second]);
    assert_eq!(lab.store.views.refund(&merchant("other"), id).await.expect("read"), []);
}

pub async fn a_client_reads_its_own_writes(lab: Lab) {
    for _ in 0..50 {
        let row = order_row(&lab, lab.clock.now());
        put(&lab, [ViewRow::Order(row.clone())]).await;
        assert_eq!(lab.second.views.order(&MerchantId::default(), row.id).await.expect("read"), Some(row));
    }
}

fn all_orders() -> OrderQuery {
    OrderQuery { merchant: MerchantId::default(), customer: None, status: None, from: None, to: None }
}

async fn order_ids(lab: &Lab, query: &OrderQuery, limit: u32) -> Vec<OrderId> {
    let rows = walk(limit, async |after, limit| lab.store.views.orders(query, after, limit).await).await;
    rows.into_iter().map(|row| row.id).collect()
}

pub async fn orders_are_listed_by_the_time_they_were_placed_the_newest_first(lab: Lab) {
    let now = lab.clock.now();
    let mut rows: Vec<OrderRow> = [40, 10, 30, 20].map(|later_s| order_row(&lab, now.plus_secs(later_s))).into();
    for row in &rows {
        put(&lab, [ViewRow::Order(row.clone())]).await;
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.placed_at));
    let expected: Vec<OrderId> = rows.iter().map(|row| row.id).collect();
    for limit in [1, 2, 3, 4, 100] {
        assert_eq!(order_ids(&lab, &all_orders(), limit).await, expected, "pages of {limit}");
    }
}

pub async fn orders_are_found_by_customer_status_and_time(lab: Lab) {
    let now = lab.clock.now();
    let at = |secs| now.plus_secs(secs);
    let rows = [
        OrderRow { customer: Some(customer("ann")), ..order_row(&lab, at(1)) },
        OrderRow { customer: Some(customer("Ann")), ..order_row(&lab, at(2)) },
        OrderRow { customer: Some(customer("ann")), status: "confirmed".to_owned(), ..order_row(&lab, at(3)) },
        OrderRow { status: "confirmed".to_owned(), ..order_row(&lab, at(4)) },
    ];
    put(&lab, rows.iter().cloned().map(ViewRow::Order)).await;
    let check = async |query: OrderQuery, expected: &[usize]| {
        let expected: Vec<OrderId> = expected.iter().map(|n| rows[*n].id).collect();
        for limit in [1, 10] {
            assert_eq!(order_ids(&lab, &query, limit).await, expected, "{query:?}");
        }
    };
    let ann = || Some(customer("ann"));
    check(OrderQuery { customer: ann(), ..all_orders() }, &[2, 0]).await;
    check(OrderQuery { status: Some("confirmed".to_owned()), ..all_orders() }, &[3, 2]).await;
    check(OrderQuery { customer: ann(), status: Some("confirmed".to_owned()), ..all_orders() }, &[2]).await;
    check(OrderQuery { from: Some(at(2)), ..all_orders() }, &[3, 2, 1]).await;
    check(OrderQuery { to: Some(at(2)), ..all_orders() }, &[0]).await;
    check(OrderQuery { from: Some(at(2)), to: Some(at(4)), customer: ann(), ..all_orders() }, &[2]).await;
    check(OrderQuery { status: Some("none".to_owned()), ..all_orders() }, &[]).await;
    check(OrderQuery { merchant: merchant("other"), ..all_orders() }, &[]).await;
}

pub async fn an_order_that_changes_its_status_leaves_the_list_of_the_old_one(lab: Lab) {
    let row = order_row(&lab, lab.clock.now());
    put(&lab, [ViewRow::Order(row.clone())]).await;
    let (id, status) = (row.id, "cancelled".to_owned());
    put(&lab, [ViewRow::Order(OrderRow { status, ..row })]).await;
    let by = |status: &str| OrderQuery { status: Some(status.to_owned()), ..all_orders() };
    assert_eq!(order_ids(&lab, &by("pending"), 10).await, []);
    assert_eq!(order_ids(&lab, &by("cancelled"), 10).await, [id]);
    assert_eq!(order_ids(&lab, &all_orders(), 10).await, [id]);
}

pub async fn a_walk_over_a_list_meets_every_row_once_while_rows_are_added(lab: Lab) {
    let now = lab.clock.now();
    // many were placed in one instant: the time alone is no place in the list
    let rows: Vec<OrderRow> = (0..23).map(|n| order_row(&lab, now.plus_secs(n / 5))).collect();
    put(&lab, rows.iter().cloned().map(ViewRow::Order)).await;
    let query = all_orders();
    let found = walk(3, async |after, limit| {
        let page = lab.store.views.orders(&query, after, limit).await;
        put(&lab, [ViewRow::Order(order_row(&lab, now.plus_secs(100)))]).await;
        page
    })
    .await;
    let mut found: Vec<OrderId> = found.into_iter().map(|row| row.id).collect();
    let mut expected: Vec<OrderId> = rows.iter().map(|row| row.id).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

pub async fn a_page_has_at_most_a_thousand_rows_whatever_is_asked_for(lab: Lab) {
    let now = lab.clock.now();
    put(&lab, (0..LIMIT_MAX_ROWS + 5).map(|_| ViewRow::Order(order_row(&lab, now)))).await;
    let page = lab.store.views.orders(&all_orders(), None, u32::MAX).await.expect("read");
    assert!(page.items.len() <= LIMIT_MAX_ROWS as usize && page.next.is_some(), "{} rows", page.items.len());
    assert_eq!(order_ids(&lab, &all_orders(), LIMIT_MAX_ROWS).await.len(), LIMIT_MAX_ROWS as usize + 5);
}

pub async fn due_orders_of_all_merchants_are_listed_the_longest_due_first(lab: Lab) {
    let (now, theirs, default) = (lab.clock.now(), merchant("other"), MerchantId::default());
    let due = |later_s| OrderRow { due: Some(now.plus_secs(later_s)), ..order_row(&lab, now) };
    let (first, second, third, later, never) = (due(1), due(2), due(3), due(4), order_row(&lab, now));
    put(&lab, [&third, &first, &later, &never].map(|row| ViewRow::Order(row.clone()))).await;
    lab.committed(viewing(&lab, &theirs, [ViewRow::Order(second.clone())])).await;
    let views = &lab.store.views;
    let expected = [(default.clone(), first.id), (theirs, second.id), (default, third.id)];
    let due_by = now.plus_secs(3);
    for limit in [1, 2, 3, 10] {
        assert_eq!(walk(limit, async |after, limit| views.due_orders(due_by, after, limit).await).await, expected);
    }
    let page = views.due_orders(due_by, None, 2).await.expect("read");
    assert_eq!(page.items, expected[..2]);
    // those that were passed may stay or go: the walk goes on behind them
    put(&lab, [ViewRow::Order(OrderRow { due: None, ..first })]).await;
    assert_eq!(views.due_orders(due_by, page.next.as_ref(), 2).await.expect("read").items, expected[2..]);
    assert_eq!(views.due_orders(due_by, None, 10).await.expect("read").items, expected[1..]);
    let other = views.orders(&all_orders(), None, 1).await.expect("read").next;
    assert!(other.is_some() && views.due_orders(due_by, other.as_ref(), 2).await.is_err(), "a cursor of another list");
}

pub async fn payments_are_listed_from_the_newest_by_status_and_order(lab: Lab) {
    let (now, order) = (lab.clock.now(), lab.id(OrderId::new));
    let row = |later_s: u64, status: &str, order| PaymentRow {
        created_at: now.plus_secs(later_s / 2),
        status: status.to_owned(),
        order,
        ..payment_row(&lab)
    };
    let rows = [row(0, "paid", Some(order)), row(2, "unpaid", Some(order)), row(4, "paid", None)];
    put(&lab, rows.iter().cloned().map(ViewRow::Payment)).await;
    let check = async |merchant: MerchantId, status: Option<&str>, order, expected: &[usize]| {
        let query = PaymentQuery { merchant, status: status.map(str::to_owned), order };
        for limit in [1, 10] {
            let found = walk(limit, async |after, limit| lab.store.views.payments(&query, after, limit).await).await;
            assert_eq!(found, expected.iter().map(|n| rows[*n].clone()).collect::<Vec<_>>(), "{query:?}");
        }
    };
    check(MerchantId::default(), None, None, &[2, 1, 0]).await;
    check(MerchantId::default(), Some("paid"), None, &[2, 0]).await;
    check(MerchantId::default(), None, Some(order), &[1, 0]).await;
    check(MerchantId::default(), Some("paid"), Some(order), &[0]).await;
    check(merchant("other"), None, None, &[]).await;
}

pub async fn a_cursor_of_another_list_is_misuse(lab: Lab) {
    let (default, item) = (MerchantId::default(), crate::testkit::lab::sku("A"));
    put(&lab, (0..2).map(|_| ViewRow::Order(order_row(&lab, lab.clock.now())))).await;
    lab.moved([lab.receive(&item, 1), lab.receive(&crate::testkit::lab::sku("B"), 1)]).await;
    let orders = lab.store.views.orders(&all_orders(), None, 1).await.expect("read").next.expect("a second page");
    let accounts = lab.store.stock.list(&default, None, 1).await.expect("read").next.expect("a second page");
    let payments = PaymentQuery { merchant: default.clone(), status: None, order: None };
    let sagas = crate::ports::SagaQuery { merchant: default.clone(), phase: None, order: None };
    assert_misuse(lab.store.views.orders(&all_orders(), Some(&accounts), 1).await);
    assert_misuse(lab.store.views.payments(&payments, Some(&orders), 1).await);
    assert_misuse(lab.store.sagas.list(&sagas, Some(&orders), 1).await);
    assert_misuse(lab.store.stock.list(&default, Some(&orders), 1).await);
    assert_misuse(lab.store.stock.low(&default, Some(&orders), 1).await);
    assert_misuse(lab.store.stock.movements(&default, &item, Some(&orders), 1).await);
    assert_misuse(lab.store.catalogue.list(&default, Some(&orders), 1).await);
    let nonsense = "00ff".parse().expect("hexadecimal");
    assert_misuse(lab.store.views.orders(&all_orders(), Some(&nonsense), 1).await);
}
