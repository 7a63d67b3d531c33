//! Stories of orders that change on their way: edits, reviews, holds.

use commerce_core::engine::{EditOrder, NewLine};
use commerce_core::fact::RefundCause;
use commerce_core::id::LineId;
use commerce_core::order::{Assessment, CapturePolicy, Headline, LineChange, PaymentStatus, Placement, RiskVerdict};
use commerce_core::sandbox::Token;

use crate::scene::{Scene, done, gbp, qty, refused, sku, units, usual};
use crate::screens::Screen;

fn judged(verdict: RiskVerdict) -> Assessment {
    Assessment { verdict, score: 500, reasons: vec!["a test".to_owned()] }
}

#[test]
fn an_edit_that_raises_the_total_after_confirmation_waits_for_its_money() {
    let scene = Scene::new();
    let id = scene.usual_paid_with(Token::Visa);
    let more = scene.edits(id, EditOrder { add: vec![NewLine::new(sku("shade"), qty(2))], ..EditOrder::default() });
    assert_eq!((more.order.total(), more.order.due(), scene.stock("shade")), (550, 100, (100, 3)));
    assert_eq!(refused(scene.try_pack(id, vec![units(1, 1)])), "order_not_covered");
    scene.rests();
    scene.pays(id, Token::Visa);
    assert_eq!(scene.payments(id).len(), 2, "the first payment holds money");
    scene.ships(id, vec![units(1, 4), units(2, 1), units(3, 2)]);
    let captures: Vec<i64> = scene.order(id).order.tenders.captures.iter().map(|capture| capture.amount).collect();
    assert_eq!((captures, scene.money(id)), (vec![450, 100], (550, 550, 0, 0)));
    scene.completes(id);
    assert_eq!((scene.stock("lamp"), scene.stock("shade")), ((96, 0), (97, 0)));
    scene.rests();
}

#[test]
fn an_edit_that_lowers_the_total_after_capture_refunds_the_excess_and_goodwill_comes_on_top() {
    let scene = Scene::new();
    let mut early = usual().paid_with(Token::Visa.method());
    early.capture_policy = CapturePolicy::AtConfirm;
    let id = scene.places(early).id;
    scene.stage.rest();
    assert_eq!(scene.money(id), (450, 450, 0, 0));
    let cheaper = LineChange { line_id: LineId(1), qty: Some(qty(3)), unit_price: Some(gbp(90)), adjustments: None };
    let edited = scene.edits(id, EditOrder { change: vec![cheaper], ..EditOrder::default() });
    scene.stage.rest();
    assert_eq!((edited.order.total(), scene.money(id), scene.stock("lamp")), (320, (450, 450, 0, 130), (100, 3)));
    assert_eq!(edited.order.tenders.refunds[0].cause, RefundCause::Edit);
    let kind = scene.refunds(id, 20).unwrap();
    assert_eq!((kind.order.payment_status(), kind.order.due()), (PaymentStatus::PartiallyRefunded, 0), "goodwill asks for no new money");
    assert_eq!(scene.money(id), (450, 450, 0, 150));
    assert_eq!(refused(scene.refunds(id, 301)), "amount_above_limit");
    scene.ships(id, vec![units(1, 3), units(2, 1)]);
    scene.completes(id);
    assert_eq!((scene.order(id).order.kept(), scene.stock("lamp")), (320, (97, 0)));
    scene.rests();
}

#[test]
fn an_edit_that_the_shelf_cannot_serve_changes_nothing() {
    let scene = Scene::new();
    let id = scene.usual_paid_with(Token::Visa);
    let before = scene.order(id);
    let greedy = EditOrder { add: vec![NewLine::new(sku("lamp"), qty(97))], ..EditOrder::default() };
    assert_eq!(refused(scene.run(scene.shop.edit_order(&scene.call, id, greedy))), "insufficient_stock");
    assert_eq!((scene.order(id), scene.stock("lamp")), (before, (100, 4)));
    scene.rests();
}

#[test]
fn a_review_stops_an_order_and_acceptance_pays_as_it_was_placed() {
    let scene = Scene::with_screen(Screen::Says(RiskVerdict::Review));
    let id = scene.usual_paid_with(Token::Visa);
    assert_eq!(scene.story(id), ["OrderPlaced", "RiskAssessed", "OrderHeld"]);
    assert_eq!((scene.headline(id), scene.stock("lamp"), scene.money(id)), (Headline::OnHold, (100, 4), (0, 0, 0, 0)));
    scene.rests();
    let accepted = done(scene.run(scene.shop.screen_order(&scene.call, id, judged(RiskVerdict::Accept))));
    scene.stage.rest();
    assert_eq!(scene.story_after(&accepted), ["PaymentAuthorized", "OrderConfirmed"]);
    assert_eq!((scene.headline(id), scene.money(id)), (Headline::Confirmed, (450, 0, 0, 0)));
    scene.rests();
}

#[test]
fn a_review_of_a_confirmed_order_keeps_its_goods_and_money_until_it_is_resumed() {
    let scene = Scene::new();
    let id = scene.usual_paid_with(Token::Visa);
    let packed = scene.packs(id, vec![units(1, 1)]);
    done(scene.run(scene.shop.screen_order(&scene.call, id, judged(RiskVerdict::Review))));
    assert_eq!(refused(scene.run(scene.shop.dispatch_shipment(&scene.call, packed, None, None))), "illegal_transition");
    assert_eq!((scene.stock("lamp"), scene.money(id)), ((100, 4), (450, 100, 0, 0)));
    scene.rests();
    scene.resumes(id);
    scene.dispatches(packed);
    assert_eq!(scene.stock("lamp"), (99, 3));
    scene.rests();
}

#[test]
fn an_order_that_is_turned_down_gives_back_what_it_held() {
    let scene = Scene::new();
    let id = scene.places(usual()).id;
    scene.pays_part(id, Token::Visa.method(), Some(200)).unwrap();
    let rejected = done(scene.run(scene.shop.screen_order(&scene.call, id, judged(RiskVerdict::Reject))));
    assert!(matches!(rejected.order.placement, Placement::Rejected { .. }));
    scene.stage.rest();
    assert_eq!((scene.money(id), scene.stock("lamp")), ((200, 0, 200, 0), (100, 0)));
    scene.rests();
}

#[test]
fn an_order_that_is_turned_down_at_once_holds_no_stock() {
    let scene = Scene::with_screen(Screen::Says(RiskVerdict::Reject));
    let id = scene.usual_paid_with(Token::Visa);
    assert_eq!(scene.story(id), ["OrderPlaced", "RiskAssessed", "OrderRejected"]);
    assert_eq!((scene.stock("lamp"), scene.money(id)), ((100, 0), (0, 0, 0, 0)));
    scene.rests();
}

#[test]
fn a_screen_that_fails_or_takes_too_long_means_review() {
    for screen in [Screen::Fails, Screen::NeverAnswers] {
        let scene = Scene::with_screen(screen);
        let began = scene.now();
        let id = scene.usual_paid_with(Token::Visa);
        assert_eq!(scene.story(id), ["OrderPlaced", "RiskAssessed", "OrderHeld"], "{screen:?}");
        assert!(scene.now() <= began.plus_secs(2), "the buyer waits no longer than the screen may take");
        scene.rests();
    }
}
