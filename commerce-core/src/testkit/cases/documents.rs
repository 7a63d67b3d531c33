use std::collections::BTreeMap;

use crate::cart::{Cart, CartLine, Revision};
use crate::catalogue::Item;
use crate::goods::ItemKind;
use crate::id::{CartId, CustomerId, MerchantId, OrderId, PersonalRef};
use crate::money::{Currency, Money};
use crate::ports::{Clock, Expected, PersonalRow, PersonalWrite, PortErrorKind, Retry, Root, StreamName};
use crate::testkit::lab::{merchant, sku, units, walk};
use crate::testkit::{ChangeSetExt, Lab, on_threads};

fn currency(code: &str) -> Currency {
    code.parse().expect("a test's currency is valid")
}

async fn keep(lab: &Lab, whose: &MerchantId, write: PersonalWrite) {
    let order = lab.id(OrderId::new);
    let set = lab.set_of(whose, Root::Order(order)).append(StreamName::Order(order), Expected::New, lab.events(1));
    lab.committed(set.personal(write)).await;
}

pub async fn personal_data_reads_back_until_its_customer_is_erased(lab: Lab) {
    let (default, theirs) = (MerchantId::default(), merchant("other"));
    let customer = |name: &str| Some(CustomerId::new(name).expect("a valid customer"));
    let mut refs = Vec::new();
    for (whose, of) in [
        (&default, customer("ann")),
        (&default, customer("ann")),
        (&default, customer("bob")),
        (&default, None),
        (&theirs, customer("ann")),
    ] {
        let reference = lab.id(PersonalRef::new);
        let order = Some(lab.id(OrderId::new));
        keep(&lab, whose, PersonalWrite { reference, customer: of.clone(), order, bytes: vec![0, 9] }).await;
        let row = PersonalRow { reference, customer: of, order, bytes: vec![0, 9] };
        assert_eq!(lab.store.personal.get(whose, reference).await.expect("read"), Some(row));
        refs.push((whose, reference));
    }
    assert_eq!(lab.store.personal.get(&theirs, refs[0].1).await.expect("read"), None);
    let ann = customer("ann").expect("ann");
    assert_eq!(lab.store.personal.erase(&default, &ann).await.expect("erased"), 2);
    assert_eq!(lab.store.personal.erase(&default, &ann).await.expect("erased"), 0);
    let mut left = Vec::new();
    for (whose, reference) in refs {
        left.push(lab.store.personal.get(whose, reference).await.expect("read").is_some());
    }
    assert_eq!(left, [false, false, true, true, true]);
}

fn cart(lab: &Lab, id: CartId, revision: u64) -> Cart {
    let now = lab.clock.now();
    let line = |name, qty| CartLine { sku: sku(name), qty: units(qty) };
    Cart {
        id,
        revision: Revision(revision),
        customer: Some(CustomerId::new("ann").expect("a valid customer")),
        currency: currency("EUR"),
        lines: vec![line("B", 2), line("A", 1)],
        created_at: now,
        updated_at: now.plus_secs(revision),
        expires_at: now.plus_secs(100),
    }
}

pub async fn a_cart_is_written_only_over_the_revision_that_was_read(lab: Lab) {
    let (default, id, carts) = (MerchantId::default(), lab.id(CartId::new), &lab.store.carts);
    let at = |revision| cart(&lab, id, revision);
    assert_eq!(carts.get(&default, id).await.expect("read"), None);
    assert!(!carts.put(&default, &at(2), Some(Revision(1))).await.expect("put"));
    assert!(carts.put(&default, &at(1), None).await.expect("put"));
    assert!(!carts.put(&default, &at(1), None).await.expect("put"));
    assert_eq!(carts.get(&default, id).await.expect("read"), Some(at(1)));
    let emptied = Cart { lines: Vec::new(), customer: None, ..at(2) };
    assert!(carts.put(&default, &emptied, Some(Revision(1))).await.expect("put"));
    for stale in [None, Some(Revision(1)), Some(Revision(3))] {
        assert!(!carts.put(&default, &at(3), stale).await.expect("put"), "{stale:?}");
    }
    assert_eq!(carts.get(&default, id).await.expect("read"), Some(emptied));
    assert_eq!(carts.get(&merchant("other"), id).await.expect("read"), None);
}

pub async fn of_threads_that_write_one_revision_of_a_cart_exactly_one_wins(lab: Lab) {
    let (default, id) = (MerchantId::default(), lab.id(CartId::new));
    assert!(lab.store.carts.put(&default, &cart(&lab, id, 1), None).await.expect("put"));
    for revision in 1..20 {
        let next = cart(&lab, id, revision + 1);
        let wins = on_threads(4, async |thread| {
            let carts = &lab.store_of(thread).carts;
            carts.put(&default, &next, Some(Revision(revision))).await.expect("put")
        });
        assert_eq!(wins.into_iter().filter(|won| *won).count(), 1, "revision {revision}");
    }
}

pub async fn a_cart_is_written_and_another_deleted_both_or_neither(lab: Lab) {
    let (default, carts) = (MerchantId::default(), &lab.store.carts);
    let (into, from) = (lab.id(CartId::new), lab.id(CartId::new));
    for id in [into, from] {
        assert!(carts.put(&default, &cart(&lab, id, 1), None).await.expect("put"));
    }
    let next = cart(&lab, into, 2);
    let one = Revision(1);
    for (whose, expected, gone) in [
        (&default, Revision(2), (from, one)),
        (&default, one, (from, Revision(2))),
        (&default, one, (lab.id(CartId::new), one)),
        (&merchant("other"), one, (from, one)),
    ] {
        assert!(!carts.put_and_delete(whose, &next, expected, gone).await.expect("answered"));
    }
    let stranger = cart(&lab, lab.id(CartId::new), 2);
    assert!(!carts.put_and_delete(&default, &stranger, one, (from, one)).await.expect("answered"));
    let misuse = carts.put_and_delete(&default, &next, one, (into, one)).await.expect_err("one cart as two");
    assert_eq!((misuse.kind, misuse.retry), (PortErrorKind::Misuse, Retry::Never));
    for id in [into, from] {
        assert_eq!(carts.get(&default, id).await.expect("read"), Some(cart(&lab, id, 1)));
    }
    assert_eq!(carts.get(&default, stranger.id).await.expect("read"), None);
    assert!(carts.put_and_delete(&default, &next, one, (from, one)).await.expect("answered"));
    assert_eq!(carts.get(&default, into).await.expect("read"), Some(next));
    assert_eq!(carts.get(&default, from).await.expect("read"), None);
}

pub async fn of_threads_that_merge_one_cart_into_two_exactly_one_wins(lab: Lab) {
    let default = MerchantId::default();
    for round in 0..20 {
        let (from, into) = (lab.id(CartId::new), [lab.id(CartId::new), lab.id(CartId::new)]);
        for id in [from, into[0], into[1]] {
            assert!(lab.store.carts.put(&default, &cart(&lab, id, 1), None).await.expect("put"));
        }
        let wins = on_threads(4, async |thread| {
            let carts = &lab.store_of(thread).carts;
            let next = cart(&lab, into[thread % 2], 2);
            carts.put_and_delete(&default, &next, Revision(1), (from, Revision(1))).await.expect("answered")
        });
        assert_eq!(wins.into_iter().filter(|won| *won).count(), 1, "round {round}");
        let mut written = 0;
        for id in into {
            written += lab.store.carts.get(&default, id).await.expect("read").map_or(0, |cart| cart.revision.0 - 1);
        }
        assert_eq!((written, lab.store.carts.get(&default, from).await.expect("read")), (1, None), "round {round}");
    }
}

pub async fn a_deleted_cart_is_gone(lab: Lab) {
    let (default, id, carts) = (MerchantId::default(), lab.id(CartId::new), &lab.store.carts);
    assert!(!carts.delete(&default, id).await.expect("deleted"));
    assert!(carts.put(&default, &cart(&lab, id, 1), None).await.expect("put"));
    assert!(!carts.delete(&merchant("other"), id).await.expect("deleted"));
    assert!(carts.delete(&default, id).await.expect("deleted"));
    assert_eq!(carts.get(&default, id).await.expect("read"), None);
    assert!(carts.put(&default, &cart(&lab, id, 1), None).await.expect("put"));
}

pub async fn carts_that_expired_are_swept_up_to_a_limit_and_others_stay(lab: Lab) {
    let (default, theirs, carts) = (MerchantId::default(), merchant("other"), &lab.store.carts);
    let now = lab.clock.now();
    let mut ids = Vec::new();
    for (whose, expires_s) in [(&default, 10), (&theirs, 20), (&default, 30), (&default, 40)] {
        let id = lab.id(CartId::new);
        let one = Cart { expires_at: now.plus_secs(expires_s), ..cart(&lab, id, 1) };
        assert!(carts.put(whose, &one, None).await.expect("put"));
        ids.push((whose, id));
    }
    assert_eq!(carts.sweep(now.plus_secs(10), 10).await.expect("swept"), 0);
    assert_eq!(carts.sweep(now.plus_secs(40), 2).await.expect("swept"), 2);
    assert_eq!(carts.sweep(now.plus_secs(40), 2).await.expect("swept"), 1);
    assert_eq!(carts.sweep(now.plus_secs(40), 2).await.expect("swept"), 0);
    let (whose, id) = ids[3];
    assert!(carts.get(whose, id).await.expect("read").is_some());
}

fn item(lab: &Lab, name: &str) -> Item {
    let price = |code, minor| (currency(code), Money::from_minor(minor, currency(code)));
    Item {
        sku: sku(name),
        title: format!("title of {name} \u{1f4e6}"),
        kind: ItemKind::Stocked,
        prices: BTreeMap::from([price("EUR", 1_999), price("JPY", 300)]),
        active: true,
        updated_at: lab.clock.now(),
    }
}

pub async fn items_read_back_as_they_were_written_in_the_order_asked_for(lab: Lab) {
    let (default, catalogue) = (MerchantId::default(), &lab.store.catalogue);
    let (first, second) = (item(&lab, "b"), Item { prices: BTreeMap::new(), kind: ItemKind::Digital, ..item(&lab, "a") });
    for one in [&first, &second] {
        assert!(catalogue.put(&default, one).await.expect("put"));
    }
    let get = async |names: &[&str]| {
        let skus: Vec<_> = names.iter().map(|name| sku(name)).collect();
        catalogue.get(&default, &skus).await.expect("read")
    };
    assert_eq!(get(&["b", "B", "a"]).await, [first.clone(), second.clone()]);
    assert_eq!(get(&["a", "b"]).await, [second, first.clone()]);
    assert_eq!(get(&[]).await, []);
    let changed = Item { active: false, title: "another".to_owned(), prices: BTreeMap::new(), ..first };
    assert!(!catalogue.put(&default, &changed).await.expect("put"));
    assert_eq!(get(&["b"]).await, [changed]);
    assert_eq!(catalogue.get(&merchant("other"), &[sku("b")]).await.expect("read"), []);
}

pub async fn items_are_listed_by_sku(lab: Lab) {
    let default = MerchantId::default();
    for name in ["b", "B", "a", "C c", "C"] {
        assert!(lab.store.catalogue.put(&default, &item(&lab, name)).await.expect("put"));
    }
    assert!(lab.store.catalogue.put(&merchant("other"), &item(&lab, "z")).await.expect("put"));
    for limit in [1, 2, 5, 10] {
        let found = walk(limit, async |after, limit| lab.store.catalogue.list(&default, after, limit).await).await;
        assert_eq!(found, ["B", "C", "C c", "a", "b"].map(|name| item(&lab, name)), "pages of {limit}");
    }
}
