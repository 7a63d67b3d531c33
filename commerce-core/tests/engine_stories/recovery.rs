//! Processes that die, stand still, or come back too late.

use commerce_core::engine::{Commerce, EditOrder, NewLine, Status};
use commerce_core::id::OrderId;
use commerce_core::order::Headline;
use commerce_core::ports::{Position, SagaPhase, SagaRow, Shard};
use commerce_core::saga::Task;
use commerce_core::sandbox::{Options, Token};
use commerce_core::testkit::shop::{Bank, Shop};

use crate::dropped::gated;
use crate::line::Mode;
use crate::scene::{Scene, qty, sku, units, usual};
use commerce_core::testkit::TaskId;

/// A lease, and a little more.
const LEASE_S: u64 = 31;

impl Scene {
    /// A second process begins to run.
    fn another_process(&self) -> (Commerce, TaskId) {
        let (shop, workers) = self.kit.second();
        (shop, self.stage.spawn(workers.run(futures::future::pending())))
    }

    /// All that is written about an order: its sagas, and everything in the feed.
    fn written(&self, id: OrderId) -> (Vec<SagaRow>, usize) {
        let feed = self.run(self.store.feed.read(Shard(0), Position(0), 1_000, true)).expect("the feed");
        (self.sagas(Some(id), None), feed.len())
    }
}

#[test]
fn what_a_dead_process_left_behind_is_taken_up_when_its_lease_ends() {
    let scene = Scene::new();
    scene.begins_to_place(usual().paid_with(Token::Late.method()));
    let id = scene.rows()[0].id;
    scene.stage.kill(scene.workers);
    let (second, _) = scene.another_process();
    scene.stage.jump_s(29);
    assert_eq!(scene.story(id), ["OrderPlaced", "RiskAssessed", "PaymentStarted"], "it is leased to the dead one");
    scene.stage.jump_s(2);
    let seen = scene.run(second.get_order(&scene.call, id)).unwrap();
    assert_eq!((seen.order.headline(), scene.money(id)), (Headline::Confirmed, (450, 0, 0, 0)));
    let row = scene.saga(Task::Collect(scene.last_attempt(id)));
    assert_eq!((row.phase, row.epoch), (SagaPhase::Done, 2));
    scene.rests();
}

#[test]
fn a_zombie_whose_answer_comes_late_writes_nothing() {
    let scene = Scene::of(Bank::Cards, Shop::in_memory().banks(|options| Options { late_s: 20, ..options }));
    scene.begins_to_place(usual().paid_with(Token::Late.method()));
    let id = scene.rows()[0].id;
    // it waits for the bank, and stands still
    scene.stage.freeze(scene.workers, true);
    scene.another_process();
    scene.stage.jump_s(LEASE_S);
    scene.stage.jump_s(10);
    let before = scene.written(id);
    assert_eq!(before.0.len(), 1);
    assert_eq!((before.0[0].phase, before.0[0].epoch), (SagaPhase::Done, 2));
    scene.stage.freeze(scene.workers, false);
    scene.stage.jump_s(10);
    assert_eq!(scene.written(id), before);
    assert_eq!((scene.headline(id), scene.money(id)), (Headline::Confirmed, (450, 0, 0, 0)));
    scene.rests();
}

#[test]
fn a_zombie_that_wakes_before_its_call_does_not_make_it() {
    let (scene, line) = Scene::with_line(Bank::Cards, |_| {});
    scene.stage.freeze(scene.workers, true);
    scene.begins_to_place(usual().paid_with(Token::Visa.method()));
    let id = scene.rows()[0].id;
    // another process gives the order up, and proves that the card was never charged
    let (second, _) = scene.another_process();
    scene.run(second.cancel_order(&scene.call, id)).unwrap();
    scene.stage.jump_s(LEASE_S);
    scene.stage.jump_s(10);
    assert_eq!(scene.story(id).last(), Some(&"PaymentFailed"));
    let (before, calls) = (scene.written(id), line.calls().len());
    scene.stage.freeze(scene.workers, false);
    scene.stage.jump_s(10);
    assert_eq!((scene.written(id), line.calls().len()), (before, calls));
    assert_eq!(scene.money(id), (0, 0, 0, 0), "nobody is charged for a cancelled order");
    scene.rests();
}

#[test]
fn a_zombie_that_wakes_before_its_call_finds_the_work_done() {
    let scene = Scene::new();
    scene.stage.freeze(scene.workers, true);
    scene.begins_to_place(usual().paid_with(Token::Visa.method()));
    let id = scene.rows()[0].id;
    scene.another_process();
    scene.stage.jump_s(LEASE_S);
    assert_eq!((scene.headline(id), scene.money(id)), (Headline::Confirmed, (450, 0, 0, 0)));
    let before = scene.written(id);
    scene.stage.freeze(scene.workers, false);
    scene.stage.jump_s(10);
    assert_eq!(scene.written(id), before);
    scene.rests();
}

#[test]
fn a_process_that_saw_an_order_before_it_changed_elsewhere_still_does_its_work() {
    let scene = Scene::new();
    let id = scene.usual_paid_with(Token::InsufficientFunds);
    let (second, _) = scene.another_process();
    scene.run(second.get_order(&scene.call, id)).unwrap();
    // the first process begins a payment, and dies
    scene.stage.freeze(scene.workers, true);
    let (shop, call) = (scene.shop.clone(), scene.call.clone());
    scene.stage.spawn(async move { drop(shop.pay_order(&call, id, Token::Visa.method(), None, None).await) });
    scene.stage.rest();
    scene.stage.kill(scene.workers);
    scene.stage.jump_s(LEASE_S);
    let seen = scene.run(second.get_order(&scene.call, id)).unwrap();
    assert_eq!((seen.order.headline(), scene.money(id)), (Headline::Confirmed, (450, 0, 0, 0)));
    assert_eq!(scene.headline(id), Headline::Confirmed, "and the first one sees what the second one did");
    scene.rests();
}

#[test]
fn a_process_that_saw_an_order_before_it_was_cancelled_elsewhere_still_voids_its_money() {
    let scene = Scene::new();
    let id = scene.usual_paid_with(Token::Visa);
    let (second, _) = scene.another_process();
    scene.run(second.get_order(&scene.call, id)).unwrap();
    scene.stage.kill(scene.workers);
    scene.cancels(id);
    scene.stage.jump_s(LEASE_S);
    assert_eq!(scene.money(id), (450, 0, 450, 0));
    scene.rests();
}

#[test]
fn a_command_is_not_refused_for_what_another_process_has_changed_since() {
    let scene = Scene::new();
    let id = scene.usual_paid_with(Token::Visa);
    let (second, _) = scene.another_process();
    scene.run(second.get_order(&scene.call, id)).unwrap();
    let parcel = scene.packs(id, vec![units(1, 4), units(2, 1)]);
    scene.run(second.dispatch_shipment(&scene.call, parcel, None, None)).expect("the second process knows of the parcel");
    scene.delivers(parcel);
    scene.rests();
}

#[test]
fn workers_that_are_told_to_stop_finish_what_they_have_begun() {
    let scene = Scene::of(Bank::Cards, Shop::in_memory().banks(|options| Options { late_s: 20, ..options }));
    scene.stage.kill(scene.workers);
    let (shop, workers) = scene.kit.second();
    let (stop, stopped) = futures::channel::oneshot::channel::<()>();
    let running = scene.stage.spawn(workers.run(async { assert!(stopped.await.is_ok()) }));
    let call = scene.call.clone();
    scene.stage.spawn(async move { drop(shop.place_order(&call, usual().paid_with(Token::Late.method())).await) });
    scene.stage.rest();
    stop.send(()).unwrap();
    scene.stage.jump_s(15);
    assert!(scene.stage.has(running), "the bank has not answered");
    scene.stage.jump_s(5);
    assert!(!scene.stage.has(running));
    assert_eq!(scene.headline(scene.rows()[0].id), Headline::Confirmed);
    scene.rests();
}

#[test]
fn a_provider_that_panics_stops_its_own_saga_and_no_other() {
    let (scene, line) = Scene::with_line(Bank::Cards, |_| {});
    let other = scene.usual_paid_with(Token::Late);
    line.set(Mode::Panics);
    scene.begins_to_place(usual().paid_with(Token::Visa.method()));
    let id = scene.rows().iter().map(|row| row.id).find(|id| *id != other).unwrap();
    let row = scene.saga(Task::Collect(scene.last_attempt(id)));
    assert_eq!((row.phase, row.failures, scene.stage.has(scene.workers)), (SagaPhase::Running, 1, true));
    line.set(Mode::Up);
    scene.stage.jump_s(20);
    assert_eq!([id, other].map(|id| scene.headline(id)), [Headline::Confirmed; 2]);
    scene.rests();
}

#[test]
fn every_kind_of_saga_is_taken_up_after_its_process_died() {
    let scene = Scene::new();
    let (_, mut alive) = (0, scene.workers);
    let mut next = |scene: &Scene| {
        scene.stage.kill(alive);
        alive = scene.another_process().1;
        scene.stage.jump_s(LEASE_S);
        scene.stage.jump_s(600);
    };
    let place = |order| {
        scene.stage.freeze(scene.workers, true);
        scene.begins_to_place(order);
    };
    place(usual().paid_with(Token::Visa.method()));
    let id = scene.rows()[0].id;
    next(&scene);
    assert_eq!(scene.money(id), (450, 0, 0, 0), "collect");
    let (shop, call) = (scene.shop.clone(), scene.call.clone());
    let pack = commerce_core::engine::PackUnits { lines: vec![units(1, 2)], location: None };
    scene.stage.spawn(async move { drop(shop.create_shipment(&call, id, pack).await) });
    scene.stage.rest();
    next(&scene);
    assert_eq!(scene.money(id), (450, 200, 0, 0), "ship and capture");
    let (shop, call) = (scene.shop.clone(), scene.call.clone());
    scene.stage.spawn(async move { drop(shop.refund_order(&call, id, crate::scene::gbp(20), Vec::new(), None).await) });
    scene.stage.rest();
    next(&scene);
    assert_eq!(scene.money(id), (450, 200, 0, 20), "refund");
    let parcel = scene.order(id).order.shipments[0].id;
    scene.dispatches(parcel);
    scene.cancels_lines(id, vec![units(1, 2), units(2, 1)]);
    next(&scene);
    assert_eq!(scene.money(id), (450, 200, 250, 20), "reverse");
    scene.rests();
}

#[test]
fn a_status_that_held_before_another_process_changed_the_order_is_set_anew() {
    let scene = Scene::new();
    let id = scene.usual_paid_with(Token::Visa);
    scene.ships(id, vec![units(1, 4), units(2, 1)]);
    let (second, _) = scene.another_process();
    scene.run(second.get_order(&scene.call, id)).unwrap();
    scene.edits(id, EditOrder { add: vec![NewLine::new(sku("GIFT"), qty(1))], ..EditOrder::default() });
    let shipped = scene.run(second.set_order_status(&scene.call, id, Status::Shipped)).unwrap().value;
    assert_eq!((shipped.order.shipments.len(), shipped.order.open_units()), (2, 0));
    scene.rests();
}

#[test]
fn a_saga_that_met_a_full_store_goes_on_once_there_is_room_and_not_only_when_its_lease_ends() {
    let (scene, keeper) = gated();
    scene.stage.freeze(scene.workers, true);
    scene.begins_to_place(usual().paid_with(Token::Visa.method()));
    let id = scene.rows()[0].id;
    keeper.fills(true);
    scene.stage.freeze(scene.workers, false);
    scene.stage.pass_s(10);
    assert_eq!(scene.story(id), ["OrderPlaced", "RiskAssessed", "PaymentStarted"], "nothing can be recorded");
    keeper.fills(false);
    scene.stage.pass_s(5);
    assert_eq!((scene.headline(id), scene.money(id)), (Headline::Confirmed, (450, 0, 0, 0)));
    scene.rests();
}
