//! Commands at random: likely ones, chosen by looking at the order, and nonsense.

use commerce_core::fact::{FailureCode, PendingWhy};
use commerce_core::goods::ItemKind;
use commerce_core::id::{AttemptId, CaptureId, LineId, PersonalRef, RefundId, ReturnId, ShipmentId};
use commerce_core::order::{
    Adjustment, AdjustmentKind, AttemptOutcome, CancelReason, CaptureOutcome, CapturePolicy, Command, Condition, Edit, GrantRefund, Line,
    LineChange, LineItem, Order, Placement, RefundOutcome, RiskVerdict, Shipment, ShipmentState, Terms,
};
use commerce_core::quantity::LineQty;
use commerce_core::tender::RefundState;

use crate::support::{Basket, Life, assessment, basket, dispatch, item, money, qty};
use crate::world::Dice;

pub(crate) fn any_basket(dice: &mut Dice) -> Basket {
    let lines = (0..=dice.below(3)).map(|_| any_item(dice)).collect();
    Basket {
        adjustments: any_adjustments(dice),
        terms: if dice.chance(20) { Terms::Invoice } else { Terms::Prepaid },
        capture_policy: dice.pick(CapturePolicy::ALL).unwrap(),
        verdict: if dice.chance(85) { RiskVerdict::Accept } else { dice.pick(RiskVerdict::ALL).unwrap() },
        method: dice.chance(85),
        provider: any_provider(dice),
        amount: dice.chance(15).then(|| dice.within(1, 300)),
        ..basket(lines)
    }
}

pub(crate) fn any_provider(dice: &mut Dice) -> &'static str {
    dice.pick(&["multi", "multi", "single", "sale"]).unwrap()
}

fn any_item(dice: &mut Dice) -> LineItem {
    let kind = dice.pick(&[ItemKind::Stocked, ItemKind::Stocked, ItemKind::Stocked, ItemKind::Unstocked, ItemKind::Digital]).unwrap();
    let name = if kind == ItemKind::Stocked { dice.pick(&["a", "b", "c"]).unwrap() } else { "service" };
    let count = u32::try_from(dice.within(1, 5)).unwrap();
    let price = dice.pick(&[0, 1, 7, 33, 100, 250]).unwrap();
    let mut line = item(name, kind, count, price);
    if dice.chance(25) {
        line.adjustments = any_adjustments(dice);
    }
    line
}

fn any_adjustments(dice: &mut Dice) -> Vec<Adjustment> {
    let one = |dice: &mut Dice| Adjustment {
        kind: dice.pick(AdjustmentKind::ALL).unwrap(),
        amount: money(dice.within(-40, 60)),
        included: dice.chance(20),
    };
    (0..dice.below(3)).map(|_| one(dice)).collect()
}

/// Some units of some lines, up to what each has.
fn some_units(order: &Order, dice: &mut Dice, most: impl Fn(&Line) -> u32) -> Vec<LineQty> {
    let all = dice.chance(30);
    let mut lines = Vec::new();
    for line in order.lines.iter().filter(|line| most(line) > 0) {
        let count = if all { most(line) } else { u32::try_from(dice.within(0, i64::from(most(line)))).unwrap() };
        if count > 0 {
            lines.push(LineQty { line_id: line.id, qty: qty(count) });
        }
    }
    lines
}

fn a_shipment(order: &Order, dice: &mut Dice, pick: impl Fn(&ShipmentState) -> bool) -> Option<ShipmentId> {
    let ids: Vec<ShipmentId> = order.shipments.iter().filter(|s| pick(&s.state)).map(|s: &Shipment| s.id).collect();
    dice.pick(&ids)
}

/// A command that the order's state may well accept; `None` if none was found.
pub(crate) fn likely(life: &Life, dice: &mut Dice) -> Option<Command> {
    let stray = dice.chance(15);
    (0..8).find_map(|_| guess(life, dice).filter(|command| stray || fits(life.order(), command)))
}

/// Whether a command is not plainly out of place.
fn fits(order: &Order, command: &Command) -> bool {
    let stage = &order.placement;
    let runs = matches!(stage, Placement::Pending { .. } | Placement::Held { .. } | Placement::Confirmed);
    match command {
        Command::Screen(_) | Command::Hold => matches!(stage, Placement::Pending { .. } | Placement::Confirmed),
        Command::Resume => matches!(stage, Placement::Held { .. }),
        Command::Pay(_) => order.due() > 0 && !order.busy(),
        Command::Expire => matches!(stage, Placement::Pending { .. }),
        Command::Edit(_) => runs && !order.busy(),
        Command::CancelLines { lines, .. } => runs && !order.busy() && !lines.is_empty(),
        Command::Cancel { .. } => runs && order.packed_units() + order.dispatched_units() == 0,
        Command::Pack { lines, .. } => *stage == Placement::Confirmed && order.covered() && !lines.is_empty(),
        Command::StartCapture { .. } => *stage == Placement::Confirmed && order.authorized() > 0 && !order.busy(),
        Command::RequestReturn { lines, .. } | Command::ReceiveReturn { lines, .. } => !lines.is_empty(),
        Command::GrantRefund(_) => order.room() > 0,
        Command::Complete => *stage == Placement::Confirmed && order.open_units() + order.packed_units() == 0,
        _ => true,
    }
}

fn guess(life: &Life, dice: &mut Dice) -> Option<Command> {
    let order = life.order();
    let on_its_way = |state: &ShipmentState| matches!(state, ShipmentState::Dispatched(_));
    let packed = |state: &ShipmentState| *state == ShipmentState::Packed;
    Some(match dice.below(26) {
        0 => Command::Screen(assessment(dice.pick(RiskVerdict::ALL)?)),
        1 if dice.chance(50) => Command::Hold,
        1 | 2 => Command::Resume,
        3 | 4 => {
            let due = order.due();
            Command::Pay(life.pay(any_provider(dice), (due > 1 && dice.chance(30)).then(|| dice.within(1, due))))
        }
        5 if dice.chance(40) => Command::Expire,
        5..=7 => Command::Edit(Box::new(likely_edit(order, dice))),
        8 => Command::CancelLines { lines: some_units(order, dice, Line::open), reason: "less".to_owned() },
        9 if dice.chance(40) => Command::Cancel { reason: dice.pick(&[CancelReason::Customer, CancelReason::Operator])? },
        9..=11 => life.pack_command(some_units(order, dice, Line::open)),
        12 => Command::Unpack { shipment_id: a_shipment(order, dice, packed)? },
        13 => {
            let amount = (order.authorized() > 1 && dice.chance(60)).then(|| dice.within(1, order.authorized()));
            Command::StartCapture { shipment_id: None, amount: amount.map(money) }
        }
        14 | 15 => dispatch(a_shipment(order, dice, packed)?),
        16 | 17 => Command::Deliver { shipment_id: a_shipment(order, dice, on_its_way)? },
        18 => Command::Lose { shipment_id: a_shipment(order, dice, on_its_way)? },
        19 => Command::RequestReturn {
            return_id: ReturnId::new(life.uuid()),
            lines: some_units(order, dice, |line| line.dispatched - line.returning - line.returned),
            reason: "too small".to_owned(),
            staff: dice.chance(50),
        },
        20 => receive(order, dice)?,
        21 if dice.chance(40) => Command::RejectReturn { return_id: a_return(order, dice)?, reason: "worn".to_owned() },
        21 | 22 => Command::GrantRefund(refund(life, dice)),
        23 => lapse(order, dice)?,
        _ => Command::Complete,
    })
}

fn a_return(order: &Order, dice: &mut Dice) -> Option<ReturnId> {
    let open: Vec<ReturnId> = order.returns.iter().filter(|one| one.is_open()).map(|one| one.id).collect();
    dice.pick(&open)
}

fn receive(order: &Order, dice: &mut Dice) -> Option<Command> {
    let return_id = a_return(order, dice)?;
    let one = order.return_of_goods(return_id)?;
    let lines = some_units(order, dice, |line| one.rest(line.id));
    Some(Command::ReceiveReturn { return_id, lines, condition: dice.pick(Condition::ALL)?, location: None })
}

fn lapse(order: &Order, dice: &mut Dice) -> Option<Command> {
    let ids: Vec<AttemptId> = order.tenders.attempts.iter().map(|a| a.id).collect();
    Some(Command::AuthorizationGone { attempt_id: dice.pick(&ids)?, lapsed: true })
}

fn refund(life: &Life, dice: &mut Dice) -> GrantRefund {
    let order = life.order();
    let failed = order.tenders.refunds.iter().filter(|r| !r.replaced && r.sum(|state| matches!(state, RefundState::Failed { .. })) > 0);
    let failed: Vec<(RefundId, i64)> = failed.map(|r| (r.id, r.sum(|_| true) - r.standing())).collect();
    if let Some((id, amount)) = dice.pick(&failed) {
        let amount = if dice.chance(80) { amount } else { dice.within(1, amount) };
        return GrantRefund { replaces: Some(id), ..life.grant(amount) };
    }
    let lines = if dice.chance(40) { some_units(order, dice, |line| line.dispatched) } else { Vec::new() };
    GrantRefund { lines, ..life.grant(dice.within(1, order.room().clamp(1, 120))) }
}

fn likely_edit(order: &Order, dice: &mut Dice) -> Edit {
    let mut edit = Edit::default();
    for line in &order.lines {
        if dice.chance(12) {
            edit.remove.push(line.id);
        } else if dice.chance(35) {
            let least = line.cancelled + line.packed + line.dispatched;
            edit.change.push(LineChange {
                line_id: line.id,
                qty: dice.chance(70).then(|| qty((least + u32::try_from(dice.within(0, 4)).unwrap()).max(1))),
                unit_price: dice.chance(40).then(|| money(dice.within(0, 200))),
                adjustments: dice.chance(20).then(|| any_adjustments(dice)),
            });
        }
    }
    if dice.chance(30) {
        edit.add.push(any_item(dice));
    }
    if dice.chance(30) {
        edit.adjustments = Some(any_adjustments(dice));
    }
    if dice.chance(20) {
        edit.personal_ref = Some(PersonalRef::new(uuid::Uuid::from_u128(u128::from(dice.roll()))));
    }
    edit
}

/// A command with no regard to the order.
pub(crate) fn nonsense(life: &Life, dice: &mut Dice) -> Command {
    // an id that something has already
    let used = u64::try_from(life.uuid().as_u128()).unwrap();
    let uuid = uuid::Uuid::from_u128(u128::from(dice.below(used)));
    let id = ShipmentId::new(uuid);
    let lines: Vec<LineQty> = (0..dice.below(4))
        .map(|_| LineQty {
            line_id: LineId(u32::try_from(dice.below(6)).unwrap()),
            qty: qty(1 + u32::try_from(dice.below(1_000_000)).unwrap()),
        })
        .collect();
    let amount = money(dice.pick(&[i64::MIN, -1, 0, 1, 50, 1_000, i64::MAX]).unwrap());
    let text = if dice.chance(10) { "x".repeat(300) } else { "why".to_owned() };
    match dice.below(18) {
        0 => life.place(any_basket(dice)),
        1 => Command::Pay(commerce_core::order::Pay { amount: Some(amount), ..life.pay("unheard-of", None) }),
        2 => Command::Attempt {
            attempt_id: AttemptId::new(uuid),
            outcome: dice
                .pick(&[0, 1, 2])
                .map(|n| match n {
                    0 => AttemptOutcome::Open(PendingWhy::Pending),
                    1 => AttemptOutcome::Approved { amount, sale: dice.chance(50), expires_at: None, reference: None },
                    _ => AttemptOutcome::Failed { code: FailureCode::Operator, retryable: true },
                })
                .unwrap(),
        },
        3 => Command::CancelLines { lines, reason: text },
        4 => Command::Pack { shipment_id: id, lines, location: None, stock: std::collections::BTreeMap::new() },
        5 => Command::Unpack { shipment_id: id },
        6 => Command::StartCapture { shipment_id: dice.chance(50).then_some(id), amount: dice.chance(50).then_some(amount) },
        7 => Command::Capture { capture_id: CaptureId::new(uuid), outcome: CaptureOutcome::Done { reference: None } },
        8 => Command::AuthorizationGone { attempt_id: AttemptId::new(uuid), lapsed: dice.chance(50) },
        9 => Command::Dispatch { shipment_id: id, carrier: Some(text), tracking: None },
        10 => Command::Deliver { shipment_id: id },
        11 => Command::Lose { shipment_id: id },
        12 => Command::RequestReturn { return_id: ReturnId::new(uuid), lines, reason: text, staff: true },
        13 => Command::ReceiveReturn { return_id: ReturnId::new(uuid), lines, condition: Condition::Damaged, location: None },
        14 => Command::RejectReturn { return_id: ReturnId::new(uuid), reason: text },
        15 => Command::GrantRefund(GrantRefund {
            refund_id: RefundId::new(uuid),
            amount,
            lines,
            replaces: dice.chance(50).then(|| RefundId::new(uuid)),
        }),
        16 => Command::Refund { refund_id: RefundId::new(uuid), capture_id: CaptureId::new(uuid), outcome: RefundOutcome::Done },
        _ => Command::Edit(Box::new(nonsense_edit(amount, dice))),
    }
}

fn nonsense_edit(amount: commerce_core::money::Money, dice: &mut Dice) -> Edit {
    let line_id = LineId(u32::try_from(dice.below(6)).unwrap());
    let huge = Adjustment { kind: AdjustmentKind::Fee, amount, included: false };
    Edit {
        add: vec![LineItem { unit_price: amount, adjustments: vec![huge; 3], ..item("a", ItemKind::Stocked, 1_000_000_000, 1) }],
        change: vec![LineChange { line_id, qty: Some(qty(1_000_000)), unit_price: Some(amount), adjustments: Some(vec![huge]) }],
        remove: if dice.chance(50) { vec![line_id] } else { Vec::new() },
        adjustments: dice.chance(50).then(|| vec![huge; 2]),
        personal_ref: None,
    }
}
