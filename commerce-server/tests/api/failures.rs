use commerce_core::testkit::faults::{Fault, Faults, Operation, Plan, Point};
use commerce_core::testkit::shop::Shop;
use commerce_server::api::{Asked, Code, Problem};
use futures::executor::block_on;
use serde_json::json;

use crate::door::{Door, body};

fn plan(operation: Operation, fault: Fault, visit: usize) -> Plan {
    Plan { point: Point { operation, fault }, visit }
}

fn door(plans: &[Plan]) -> Door {
    let faults = Faults::all_of(plans.iter().copied());
    Door::of(block_on(Shop::in_memory().faults(&faults).open()))
}

fn order() -> Asked {
    let order = json!({"product_id": "LAMP", "quantity": 1, "payment_method_id": "sandbox_visa"});
    Asked { idempotency_key: Some("k".to_owned()), ..body(order) }
}

#[test]
fn a_store_that_fails_is_unavailable_and_the_same_request_works_later() {
    let door = door(&[plan(Operation::Commit, Fault::Fail, 1)]);
    let before = door.feed().len();
    let refused = door.ask("place_order", &[], order()).with(503);
    assert_eq!((refused.code(), door.feed().len()), ("store_unavailable", before));
    let placed = door.ask("place_order", &[], order()).with(201);
    assert!(!placed.answered.unwrap().replayed);
}

#[test]
fn an_outcome_that_nobody_knows_is_said_to_be_so_and_the_same_key_finds_it() {
    let door = door(&[plan(Operation::Commit, Fault::LoseAnswer, 1), plan(Operation::Outcome, Fault::Fail, 1)]);
    let refused = door.ask("place_order", &[], order()).with(503);
    assert_eq!(refused.code(), "outcome_unknown");
    let placed = door.ask("place_order", &[], order()).with(201);
    assert!(placed.answered.as_ref().unwrap().replayed, "it had been written");
    assert_eq!(door.get("list_orders", &[]).at("/items").as_array().unwrap().len(), 1);
}

#[test]
fn only_what_may_pass_is_worth_a_second_try() {
    for code in Code::ALL {
        let retry_after_s = Problem::new(*code, "").retry_after_s();
        assert_eq!(retry_after_s.is_some(), code.status() == 503, "{code}");
    }
}
