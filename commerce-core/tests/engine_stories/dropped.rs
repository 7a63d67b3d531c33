//! Requests that go away half-way: what they began is done once, and what they did is seen.

use commerce_core::engine::{Call, How};
use commerce_core::order::{Headline, ShipmentState};
use commerce_core::sandbox::Token;
use commerce_core::testkit::shop::{Bank, Shop};

use crate::gate::{Keeper, Stop};
use crate::scene::{Scene, done, refused, units, usual};

pub(crate) fn gated() -> (Scene, Keeper) {
    let keeper = Keeper::default();
    let gate = keeper.clone();
    (Scene::of(Bank::Cards, Shop::in_memory().view(move |store| gate.before(store))), keeper)
}

/// Begins a request whose commit stops, and drops it there.
fn drops<F: Future + 'static>(scene: &Scene, keeper: &Keeper, stop: Stop, request: F) {
    // the workers' own commits are let through
    scene.stage.rest();
    scene.stage.freeze(scene.workers, true);
    keeper.stops(stop);
    let task = scene.stage.spawn(async move { drop(request.await) });
    scene.stage.rest();
    assert!(scene.stage.has(task), "the request waits for its commit");
    scene.stage.kill(task);
    for late in keeper.late() {
        let written = scene.run(scene.store.journal.commit(vec![late]));
        assert!(written[0].is_ok(), "{written:?}");
    }
    scene.stage.freeze(scene.workers, false);
    scene.stage.rest();
}

fn placing(scene: &Scene, key: &str) -> impl Future + 'static {
    let (shop, call) = (scene.shop.clone(), scene.call.clone().with_key(key, b"usual"));
    async move { shop.place_order(&call, usual().paid_with(Token::Visa.method())).await }
}

#[test]
fn a_request_dropped_before_its_commit_leaves_no_trace() {
    let (scene, keeper) = gated();
    drops(&scene, &keeper, Stop::Before, placing(&scene, "k"));
    assert_eq!((scene.rows().len(), scene.stock("lamp"), scene.sagas(None, None).len()), (0, (100, 0), 0));
    assert_eq!(scene.ledger().entries(), []);
    scene.rests();
}

#[test]
fn an_order_whose_request_was_dropped_after_its_commit_is_paid_once_and_found_under_its_key() {
    for (stop, wait_s) in [(Stop::After, 0), (Stop::Later, 31)] {
        let (scene, keeper) = gated();
        drops(&scene, &keeper, stop, placing(&scene, "k"));
        // what the workers could not see at once is theirs when the lease ends
        scene.stage.jump_s(wait_s);
        let id = scene.rows()[0].id;
        assert_eq!((scene.headline(id), scene.money(id)), (Headline::Confirmed, (450, 0, 0, 0)), "{stop:?}");
        let call = scene.call.clone().with_key("k", b"usual");
        let again = scene.run(scene.shop.place_order(&call, usual().paid_with(Token::Visa.method()))).unwrap();
        assert_eq!((again.how, again.value.id), (How::Replayed, id));
        assert_eq!(scene.rows().len(), 1);
        scene.rests();
    }
}

#[test]
fn an_order_whose_request_was_dropped_while_its_commit_waited_its_turn_is_paid_as_soon_as_it_is_written() {
    let (scene, keeper) = gated();
    scene.stage.rest();
    keeper.stops(Stop::Queued);
    let request = placing(&scene, "k");
    let task = scene.stage.spawn(async move { drop(request.await) });
    scene.stage.rest();
    assert!(scene.stage.has(task) && scene.rows().is_empty(), "its commit waits");
    scene.stage.kill(task);
    scene.stage.rest();
    let id = scene.rows()[0].id;
    assert_eq!((scene.headline(id), scene.money(id)), (Headline::Confirmed, (450, 0, 0, 0)));
    scene.rests();
}

#[test]
fn a_payment_whose_request_was_dropped_after_its_commit_is_made_once() {
    for stop in [Stop::After, Stop::Later] {
        let (scene, keeper) = gated();
        let id = scene.usual_paid_with(Token::InsufficientFunds);
        let (shop, call) = (scene.shop.clone(), scene.call.clone());
        let paying = async move { shop.pay_order(&call, id, Token::Visa.method(), None, None).await };
        drops(&scene, &keeper, stop, paying);
        scene.stage.jump_s(31);
        assert_eq!((scene.headline(id), scene.money(id)), (Headline::Confirmed, (450, 0, 0, 0)), "{stop:?}");
        scene.rests();
    }
}

#[test]
fn a_command_whose_request_was_dropped_after_its_commit_is_seen_and_followed() {
    for stop in [Stop::After, Stop::Later] {
        let (scene, keeper) = gated();
        let id = scene.usual_paid_with(Token::Visa);
        let (shop, call) = (scene.shop.clone(), scene.call.clone());
        drops(&scene, &keeper, stop, async move { shop.hold_order(&call, id).await });
        assert_eq!(scene.headline(id), Headline::OnHold, "{stop:?}");
        // and without being seen first
        let (shop, call) = (scene.shop.clone(), scene.call.clone());
        drops(&scene, &keeper, stop, async move { shop.resume_order(&call, id).await });
        done(scene.run(scene.shop.hold_order(&scene.call, id)));
        assert_eq!(refused(scene.run(scene.shop.hold_order(&scene.call, id))), "illegal_transition");
        scene.rests();
    }
}

#[test]
fn a_shipment_whose_request_was_dropped_after_its_commit_captures_its_share() {
    for stop in [Stop::After, Stop::Later] {
        let (scene, keeper) = gated();
        let id = scene.usual_paid_with(Token::Visa);
        let (shop, call) = (scene.shop.clone(), scene.call.clone());
        let pack = commerce_core::engine::PackUnits { lines: vec![units(1, 2)], location: None };
        drops(&scene, &keeper, stop, async move { shop.create_shipment(&call, id, pack).await });
        scene.stage.jump_s(31);
        let shipment = scene.order(id).order.shipments[0].clone();
        assert_eq!((shipment.state, scene.money(id)), (ShipmentState::Packed, (450, 200, 0, 0)), "{stop:?}");
        scene.dispatches(shipment.id);
        scene.rests();
    }
}

#[test]
fn a_request_dropped_while_it_waits_for_the_bank_leaves_the_payment_going_on() {
    let scene = Scene::new();
    let placing = scene.begins_to_place(usual().paid_with(Token::Late.method()));
    let id = scene.rows()[0].id;
    scene.stage.kill(placing);
    scene.stage.jump_s(10);
    assert_eq!((scene.headline(id), scene.money(id)), (Headline::Confirmed, (450, 0, 0, 0)));
    scene.rests();
}

#[test]
fn a_request_repeated_under_its_key_while_the_first_one_waits_gets_the_same_order() {
    let scene = Scene::new();
    let call: Call = scene.call.clone().with_key("k", b"usual");
    let (shop, first) = (scene.shop.clone(), call.clone());
    let task = scene.stage.spawn(async move { drop(shop.place_order(&first, usual().paid_with(Token::Late.method())).await) });
    scene.stage.rest();
    let twin = scene.run(scene.shop.place_order(&call, usual().paid_with(Token::Late.method()))).unwrap();
    assert_eq!((twin.how, scene.rows().len()), (How::Replayed, 1));
    let other = call.clone().with_key("k", b"another");
    assert_eq!(refused(scene.run(scene.shop.place_order(&other, usual()))), "idempotency_key_reused");
    scene.stage.jump_s(10);
    assert!(!scene.stage.has(task));
    scene.rests();
}
