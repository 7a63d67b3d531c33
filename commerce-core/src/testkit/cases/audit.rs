use crate::catalogue::Item;
use crate::goods::ItemKind;
use crate::id::{ConsumerId, HoldId, MerchantId, OrderId, PaymentId, PersonalRef, RefundId, ReturnId, ShipmentId};
use crate::money::{Currency, Money};
use crate::ports::{
    Append, Claim, ClaimEntry, ClaimRow, ClaimSpace, Clock, Expected, LIMIT_MAX_ROWS, PersonalRow, PersonalWrite, ReturnRow, Root, SagaId,
    SagaWrite, ShipmentRow, StreamId, StreamName, Version, ViewRow,
};
use crate::stock::{AccountKey, Move, Movement, MovementKind, Split};
use crate::testkit::cases::sagas::new_saga;
use crate::testkit::cases::views::{order_row, payment_row, refund_row, viewing};
use crate::testkit::lab::{assert_misuse, location, merchant, order_ref, sku, units, walk};
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

pub async fn all_streams_of_all_merchants_are_read_with_their_last_versions(lab: Lab) {
    let mut streams = Vec::new();
    for whose in merchants() {
        // four streams of one id: it alone is no place in the list
        let id = lab.id(|id| id);
        let names = [
            StreamName::Consumer(ConsumerId::new(id)),
            StreamName::Order(OrderId::new(id)),
            StreamName::Payment(PaymentId::new(id)),
            StreamName::Saga(SagaId(id)),
        ];
        let mut set = lab.set_of(&whose, Root::Order(OrderId::new(id)));
        for (name, count) in names.into_iter().zip([4, 3, 1, 2]) {
            let stream = StreamId { merchant: whose.clone(), name };
            set.appends.push(Append { stream: stream.clone(), expected: Expected::New, events: lab.events(count) });
            streams.push((stream, Version(count as u64)));
        }
        lab.committed(set).await;
    }
    for limit in [1, 2, 100] {
        let found = walk(limit, async |after, limit| lab.store.audit.all_streams(after, limit).await).await;
        assert_eq!(found, streams, "pages of {limit}");
    }
}

pub async fn all_sagas_and_personal_data_of_all_merchants_are_read_page_by_page(lab: Lab) {
    let (mut sagas, mut personal) = (Vec::new(), Vec::new());
    for whose in merchants() {
        for _ in 0..3 {
            let order = lab.id(OrderId::new);
            let data = PersonalRow { reference: lab.id(PersonalRef::new), customer: None, order: Some(order), bytes: vec![7] };
            let PersonalRow { reference, customer, order: of, bytes } = data.clone();
            let saga = new_saga(lab.id(SagaId));
            let set = lab.set_of(&whose, Root::Order(order)).saga(SagaWrite::Insert(saga.clone()));
            lab.committed(set.personal(PersonalWrite { reference, customer, order: of, bytes })).await;
            sagas.push((whose.clone(), saga.id));
            personal.push((whose.clone(), data));
        }
    }
    let audit = &lab.store.audit;
    for limit in [1, 4, 100] {
        let found = walk(limit, async |after, limit| audit.all_sagas(after, limit).await).await;
        assert_eq!(found.into_iter().map(|row| (row.merchant, row.id)).collect::<Vec<_>>(), sagas, "pages of {limit}");
        assert_eq!(walk(limit, async |after, limit| audit.all_personal(after, limit).await).await, personal, "pages of {limit}");
    }
}

pub async fn all_claims_of_all_merchants_are_read_page_by_page_expired_ones_too(lab: Lab) {
    let mut claims = Vec::new();
    for whose in merchants() {
        for (space, key) in
            [(ClaimSpace::Cart, "a"), (ClaimSpace::Cart, "a\u{1f}b"), (ClaimSpace::Idempotency, "a"), (ClaimSpace::Cart, "é")]
        {
            let order = lab.id(OrderId::new);
            let row = ClaimRow { owner: order_ref(order), request_hash: Some([7; 32]), expires_at: Some(lab.clock.now().plus_secs(1)) };
            let ClaimRow { owner, request_hash, expires_at } = row.clone();
            let claim = Claim { space, key: key.to_owned(), owner, request_hash, expires_at };
            let set = lab.set_of(&whose, Root::Order(order)).append(StreamName::Order(order), Expected::New, lab.events(1));
            lab.committed(set.claim(claim)).await;
            claims.push(ClaimEntry { merchant: whose.clone(), space, key: key.to_owned(), row });
        }
    }
    lab.clock.advance_ms(2_000);
    for limit in [1, 3, 100] {
        let mut found = walk(limit, async |after, limit| lab.store.audit.all_claims(after, limit).await).await;
        assert!(found.is_sorted_by_key(|entry| entry.merchant.clone()), "pages of {limit}");
        let place = |entry: &ClaimEntry| (entry.merchant.clone(), entry.space, entry.key.clone());
        found.sort_by_key(place);
        claims.sort_by_key(place);
        assert_eq!(found, claims, "pages of {limit}");
    }
}

pub async fn all_items_of_all_merchants_are_read_page_by_page(lab: Lab) {
    let mut items = Vec::new();
    for whose in merchants() {
        for name in ["A", "B", "C c"] {
            let item = Item {
                sku: sku(name),
                title: name.to_lowercase(),
                kind: ItemKind::Digital,
                prices: [(Currency::GBP, Money::from_minor(7, Currency::GBP)), (Currency::USD, Money::zero(Currency::USD))].into(),
                active: name != "B",
                updated_at: lab.clock.now(),
            };
            assert!(lab.store.catalogue.put(&whose, &item).await.expect("written"));
            items.push((whose.clone(), item));
        }
    }
    for limit in [1, 4, 100] {
        assert_eq!(walk(limit, async |after, limit| lab.store.audit.all_items(after, limit).await).await, items, "pages of {limit}");
    }
}

pub async fn the_movements_of_holds_are_told_hold_by_hold_in_their_order(lab: Lab) {
    let (lamp, vase) = (sku("LAMP"), sku("VASE"));
    lab.moved([lab.receive(&lamp, 5), lab.receive_at(&lamp, "annex", 5), lab.receive(&vase, 5)]).await;
    let (split, hold) = lab.hold_at(&lamp, 8, &["default", "annex"], Split::InOrder);
    let (other, held) = lab.hold(&vase, 2);
    lab.moved([hold, held, Move::Confirm { hold: split }]).await;
    lab.moved([lab.release(split, 2), lab.release(other, 1)]).await;
    lab.moved([lab.fulfill(split, 4)]).await;
    lab.clock.advance_ms(3_600_001);
    lab.moved([Move::Expire { hold: other }]).await;
    let told = |movements: Vec<Movement>| -> Vec<(HoldId, MovementKind, String, i64)> {
        let told = movements.into_iter().map(|one| {
            let place = one.account.location.to_string();
            (one.hold.expect("a movement of a hold"), one.kind, place, one.held_delta)
        });
        told.collect()
    };
    let row = |hold, kind, place: &str, units| (hold, kind, place.to_owned(), units);
    let of_split = vec![
        row(split, MovementKind::Held, "default", 5),
        row(split, MovementKind::Held, "annex", 3),
        row(split, MovementKind::Released, "annex", -2),
        row(split, MovementKind::Fulfilled, "default", -4),
    ];
    let of_other = vec![
        row(other, MovementKind::Held, "default", 2),
        row(other, MovementKind::Released, "default", -1),
        row(other, MovementKind::Reclaimed, "default", -1),
    ];
    let (audit, own) = (&lab.store.audit, MerchantId::default());
    let read = async |holds: &[HoldId]| told(audit.movements_of_holds(&own, holds).await.expect("read"));
    assert_eq!(read(&[split, other]).await, [of_split.clone(), of_other.clone()].concat());
    assert_eq!(read(&[other, lab.id(HoldId::new), split]).await, [of_other, of_split].concat());
    assert_eq!(read(&[]).await, []);
    assert_eq!(audit.movements_of_holds(&merchant("other"), &[split]).await.expect("read"), []);
    let many: Vec<HoldId> = (0..=LIMIT_MAX_ROWS).map(|_| lab.id(HoldId::new)).collect();
    assert_misuse(audit.movements_of_holds(&own, &many).await);
    assert_eq!(read(&many[1..]).await, []);
}

pub async fn an_empty_store_has_empty_lists(lab: Lab) {
    let audit = &lab.store.audit;
    assert_eq!(audit.all_streams(None, 10).await.expect("read").items, []);
    assert_eq!(audit.all_sagas(None, 10).await.expect("read").items, []);
    assert_eq!(audit.all_claims(None, 10).await.expect("read").items, []);
    assert_eq!(audit.all_personal(None, 10).await.expect("read").items, []);
    assert_eq!(audit.all_items(None, 10).await.expect("read").items, []);
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
    assert_misuse(audit.all_streams(Some(&cursor), 1).await);
    assert_misuse(audit.all_sagas(Some(&cursor), 1).await);
    assert_misuse(audit.all_claims(Some(&cursor), 1).await);
    assert_misuse(audit.all_personal(Some(&cursor), 1).await);
    assert_misuse(audit.all_items(Some(&cursor), 1).await);
    assert_misuse(audit.all_holds(Some(&cursor), 1).await);
    assert_misuse(audit.all_orders(Some(&cursor), 1).await);
    assert_misuse(audit.all_payments(Some(&cursor), 1).await);
    assert_misuse(audit.all_shipments(Some(&cursor), 1).await);
    assert_misuse(audit.all_returns(Some(&cursor), 1).await);
    assert_misuse(audit.all_refunds(Some(&cursor), 1).await);
}
