//! What time does by itself: orders expire and complete, holds and authorizations end.

use commerce_core::id::{EventId, OrderId};
use commerce_core::order::{Assessment, CancelReason, Condition, Headline, Placement, RiskVerdict, Terms};
use commerce_core::ports::{
    Append, ChangeSet, ClaimSpace, EventMeta, Expected, NewEvent, OrderRow, Partition, Root, SagaPhase, StreamId, StreamName, Verdict,
    Version, ViewRow,
};
use commerce_core::sandbox::{Decision, Options, Token};
use commerce_core::testkit::shop::{Bank, Shop};
use futures::executor::block_on;

use crate::scene::{Scene, basket, done, gbp, refused, units, usual};
use crate::screens::Screen;

const HOUR_S: u64 = 3_600;
const DAY_S: u64 = 24 * HOUR_S;
/// Between two sweeps, and a little more.
const SWEEP_S: u64 = 6;
/// Rows that a sweep takes at once.
const PAGE_ROWS: u32 = 200;

fn unpaid(scene: &Scene, id: OrderId) {
    assert_eq!(scene.order(id).order.placement, Placement::Cancelled { reason: CancelReason::Unpaid });
}

#[test]
fn an_order_that_nobody_pays_expires_and_gives_its_stock_back() {
    let scene = Scene::new();
    let never = scene.places(usual()).id;
    let declined = scene.usual_paid_with(Token::Lost);
    let waits = scene.usual_paid_with(Token::Action);
    let part = scene.places(usual()).id;
    scene.pays_part(part, Token::Visa.method(), Some(100)).unwrap();
    scene.stage.jump_s(DAY_S - 1);
    assert_eq!((scene.headline(never), scene.stock("lamp")), (Headline::Pending, (100, 16)));
    scene.stage.jump_s(SWEEP_S);
    for id in [never, declined, waits, part] {
        unpaid(&scene, id);
    }
    assert_eq!((scene.stock("lamp"), scene.stock("shade")), ((100, 0), (100, 0)));
    assert_eq!(scene.story(waits)[3..], ["PaymentPending", "PaymentFailed", "OrderCancelled"], "the waiting attempt was abandoned");
    assert_eq!(scene.money(part), (100, 0, 100, 0));
    assert_eq!(refused(scene.pays_part(never, Token::Visa.method(), None)), "illegal_transition");
    // a buyer who acts on the expired order gets the money back
    scene.sandbox().act(scene.last_attempt(waits), Decision::Approve).unwrap();
    scene.rests();
    assert_eq!(scene.money(waits), (450, 0, 450, 0));
}

#[test]
fn a_payment_under_way_keeps_its_order_from_expiring_until_it_has_its_outcome() {
    let scene = Scene::of(Bank::Cards, Shop::in_memory().banks(|options| Options { pending_s: 30 * 3_600, ..options }));
    let id = scene.usual_paid_with(Token::PendingDeclined);
    scene.stage.jump_s(29 * HOUR_S);
    assert_eq!(scene.headline(id), Headline::Pending);
    scene.stage.jump_s(HOUR_S);
    scene.stage.jump_s(SWEEP_S);
    unpaid(&scene, id);
    scene.rests();
}

#[test]
fn a_review_ends_by_itself_after_its_time_and_an_operators_hold_never_does() {
    let scene = Scene::with_screen(Screen::Says(RiskVerdict::Review));
    let id = scene.usual_paid_with(Token::Visa);
    scene.stage.jump_s(72 * HOUR_S - 1);
    assert_eq!((scene.headline(id), scene.stock("lamp")), (Headline::OnHold, (100, 4)), "a review keeps the stock longer than a payment");
    scene.stage.jump_s(SWEEP_S);
    unpaid(&scene, id);
    assert_eq!(scene.stock("lamp"), (100, 0));
    scene.rests();

    let scene = Scene::new();
    let id = scene.places(usual()).id;
    done(scene.run(scene.shop.hold_order(&scene.call, id)));
    scene.stage.jump_s(300 * DAY_S);
    assert_eq!((scene.headline(id), scene.stock("lamp")), (Headline::OnHold, (100, 4)));
    let resumed = scene.resumes(id);
    let Placement::Pending { pay_by } = resumed.order.placement else { panic!("{resumed:?}") };
    assert_eq!(pay_by, scene.now().plus_secs(DAY_S), "it has a day again");
    assert_eq!(scene.pays(id, Token::Visa).order.headline(), Headline::Confirmed);
    scene.rests();
}

#[test]
fn an_accepted_review_gives_a_day_to_pay_again() {
    let scene = Scene::with_screen(Screen::Says(RiskVerdict::Review));
    let id = scene.places(usual()).id;
    scene.stage.jump_s(48 * HOUR_S);
    let accept = Assessment { verdict: RiskVerdict::Accept, score: 1, reasons: Vec::new() };
    done(scene.run(scene.shop.screen_order(&scene.call, id, accept)));
    scene.stage.jump_s(DAY_S - 1);
    assert_eq!(scene.stock("lamp"), (100, 4), "the hold was extended");
    scene.stage.jump_s(SWEEP_S);
    unpaid(&scene, id);
    scene.rests();
}

#[test]
fn an_order_completes_by_itself_two_weeks_after_its_last_delivery() {
    let scene = Scene::new();
    let id = scene.usual_paid_with(Token::Visa);
    scene.ships(id, vec![units(1, 4)]);
    scene.stage.jump_s(5 * DAY_S);
    scene.ships(id, vec![units(2, 1)]);
    scene.stage.jump_s(14 * DAY_S - 1);
    assert_eq!(scene.headline(id), Headline::Delivered);
    scene.stage.jump_s(SWEEP_S);
    assert_eq!(scene.headline(id), Headline::Completed);
    // goods may still come back
    let back = scene.asks_to_return(id, vec![units(1, 1)]);
    scene.receives_return(back, Condition::Sellable);
    scene.stage.rest();
    assert_eq!((scene.money(id), scene.stock("lamp")), ((450, 450, 0, 100), (97, 0)));
    scene.rests();
}

#[test]
fn an_order_with_something_open_does_not_complete_by_itself() {
    let scene = Scene::new();
    let open = scene.usual_paid_with(Token::Visa);
    scene.ships(open, vec![units(1, 4)]);
    let on_its_way = scene.usual_paid_with(Token::Visa);
    let parcel = scene.packs(on_its_way, vec![units(1, 4), units(2, 1)]);
    scene.dispatches(parcel);
    let refunding = scene.usual_paid_with(Token::RefundPending);
    scene.ships(refunding, vec![units(1, 4), units(2, 1)]);
    scene.stage.jump_s(14 * DAY_S - HOUR_S);
    scene.refunds(refunding, 10).unwrap();
    assert_eq!(scene.order(refunding).order.refunding(), 10);
    scene.stage.jump_s(30);
    for id in [open, on_its_way, refunding] {
        assert_ne!(scene.headline(id), Headline::Completed);
    }
    scene.delivers(parcel);
    scene.stage.jump_s(2 * HOUR_S);
    assert_eq!([open, on_its_way, refunding].map(|id| scene.headline(id) == Headline::Completed), [false, false, true]);
    scene.rests();
}

#[test]
fn an_invoice_completes_though_nobody_has_paid_yet() {
    let scene = Scene::new();
    let mut on_invoice = usual();
    on_invoice.terms = Terms::Invoice;
    let id = scene.places(on_invoice).id;
    scene.ships(id, vec![units(1, 4), units(2, 1)]);
    scene.stage.jump_s(14 * DAY_S + SWEEP_S);
    assert_eq!((scene.headline(id), scene.order(id).order.due()), (Headline::Completed, 450));
    scene.rests();
}

#[test]
fn an_authorization_that_lapses_leaves_its_order_uncovered_until_it_is_paid_again() {
    let scene = Scene::new();
    let id = scene.usual_paid_with(Token::Visa);
    scene.stage.jump_s(7 * DAY_S + SWEEP_S);
    let lapsed = scene.order(id);
    assert_eq!((scene.story(id).last(), lapsed.order.due()), (Some(&"AuthorizationExpired"), 450), "nobody had to report it");
    assert_eq!(refused(scene.try_pack(id, vec![units(1, 1)])), "order_not_covered");
    scene.tells();
    assert_eq!(scene.order(id), lapsed, "the report comes second and changes nothing");
    scene.pays(id, Token::Visa);
    scene.ships(id, vec![units(1, 4), units(2, 1)]);
    assert_eq!(scene.money(id), (900, 450, 450, 0));
    scene.rests();
}

#[test]
fn a_lapse_that_the_bank_reports_first_counts_once() {
    let scene = Scene::new();
    let id = scene.usual_paid_with(Token::ShortLived);
    let paid = scene.order(id);
    scene.stage.freeze(scene.workers, true);
    scene.clock.advance_s(61);
    assert_eq!(scene.tells(), 1);
    scene.stage.freeze(scene.workers, false);
    scene.stage.jump_s(SWEEP_S);
    assert_eq!(scene.story_after(&paid), ["AuthorizationExpired"]);
    scene.rests();
}

#[test]
fn a_buyer_who_never_acts_is_waited_for_a_day_and_may_still_pay_afterwards() {
    let scene = Scene::new();
    let mut on_invoice = usual();
    on_invoice.terms = Terms::Invoice;
    let id = scene.places(on_invoice).id;
    scene.pays(id, Token::Action);
    scene.stage.jump_s(DAY_S);
    assert_eq!(scene.sagas(Some(id), Some(SagaPhase::Running)).len(), 1);
    scene.stage.jump_s(10);
    assert_eq!((scene.story(id).last(), scene.sagas(Some(id), Some(SagaPhase::Running)).len()), (Some(&"PaymentFailed"), 0));
    scene.sandbox().act(scene.last_attempt(id), Decision::Approve).unwrap();
    scene.tells();
    assert_eq!((scene.order(id).order.due(), scene.money(id)), (0, (450, 0, 0, 0)), "the report of the bank counts");
    scene.rests();
}

#[test]
fn one_due_order_that_cannot_move_keeps_no_other_from_moving() {
    let scene = Scene::new();
    let orders: Vec<OrderId> = (0..5).map(|_| scene.places(basket(&[("shade", 1)])).id).collect();
    done(scene.run(scene.shop.hold_order(&scene.call, orders[0])));
    scene.stage.jump_s(DAY_S + SWEEP_S);
    for id in &orders[1..] {
        unpaid(&scene, *id);
    }
    assert_eq!(scene.headline(orders[0]), Headline::OnHold);
    scene.rests();
}

/// Writes orders that are due and that no engine of this version can read.
fn unreadable_orders(scene: &Scene, count: u32) {
    let orders = (0..count).map(|_| scene.kit.id(OrderId::new));
    let sets = orders.map(|id| {
        let meta = EventMeta { at: scene.now(), actor: scene.call.actor.clone(), correlation: None, causation: None };
        let merchant = scene.call.merchant.clone();
        let mut set = ChangeSet::new(Partition { merchant: merchant.clone(), root: Root::Order(id) }, scene.now(), meta);
        let event = NewEvent {
            id: scene.kit.id(EventId::new),
            kind: "OrderOfTheFuture".into(),
            kind_version: 1,
            mirror: false,
            bytes: b"{}".to_vec(),
        };
        let stream = StreamId { merchant, name: StreamName::Order(id) };
        set.appends.push(Append { stream, expected: Expected::New, events: vec![event] });
        set.views.push(ViewRow::Order(OrderRow {
            id,
            customer: None,
            status: "pending".to_owned(),
            placed_at: scene.now(),
            updated_at: scene.now(),
            version: Version(1),
            due: Some(scene.now()),
            total: gbp(0),
            doc: b"{}".to_vec(),
        }));
        set
    });
    let committed = block_on(scene.store.journal.commit(sets.collect()));
    assert!(committed.iter().all(|answer| matches!(answer, Ok(Verdict::Committed(_)))));
}

#[test]
fn more_due_orders_that_cannot_move_than_a_page_holds_keep_no_other_from_moving() {
    let scene = Scene::new();
    unreadable_orders(&scene, PAGE_ROWS + 1);
    let last = scene.places(basket(&[("lamp", 1)])).id;
    scene.stage.jump_s(DAY_S + SWEEP_S);
    unpaid(&scene, last);
}

#[test]
fn a_key_is_kept_for_its_time_and_then_a_request_under_it_is_a_new_one() {
    let scene = Scene::new();
    let call = scene.call.clone().with_key("k", b"body");
    let asks = || scene.run(scene.shop.place_order(&call, usual())).unwrap().value.id;
    let keys = || {
        let claims = block_on(scene.store.audit.all_claims(None, 100)).unwrap().items;
        claims.into_iter().filter(|claim| claim.space == ClaimSpace::Idempotency).count()
    };
    let first = asks();
    scene.stage.jump_s(30 * DAY_S - 1);
    assert_eq!((asks(), keys()), (first, 1), "sweeps let it be");
    scene.stage.jump_s(SWEEP_S);
    assert_eq!(keys(), 0);
    let second = asks();
    assert_ne!(second, first);
    assert_eq!((asks(), keys()), (second, 1));
    scene.rests();
}

#[test]
fn a_host_may_sweep_by_itself() {
    let scene = Scene::new();
    scene.stage.kill(scene.workers);
    let id = scene.places(usual()).id;
    scene.clock.advance_s(DAY_S + 1);
    scene.run(scene.shop.sweep()).unwrap();
    unpaid(&scene, id);
    scene.run(scene.shop.sweep()).unwrap();
    scene.rests();
}
