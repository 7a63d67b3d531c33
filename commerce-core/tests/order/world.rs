//! A small world around one order: stock with a hold, a provider that answers in its own time, and the sagas reduced to what they mean.

use std::collections::BTreeMap;

use commerce_core::fact::{FailureCode, PaymentFact, PendingWhy};
use commerce_core::goods::ItemKind;
use commerce_core::id::{AttemptId, CaptureId, RefundId, Sku};
use commerce_core::order::{
    AttemptOutcome, CaptureOutcome, CapturePolicy, Command, Decided, Event, Order, Placement, RefundOutcome, Refusal, ShipmentState, Stage,
    Terms, evolve,
};
use commerce_core::tender::{AttemptState, Capture, CaptureState};

use crate::support::{Life, approved, dispatch, provider, reversible, voidable};

/// Splitmix64: small, and the same on every machine.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to `n - 1`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.roll() % n.max(1)
    }

    pub(crate) fn within(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.below((high - low + 1).unsigned_abs())).unwrap()
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        let index = usize::try_from(self.below(of.len() as u64)).unwrap();
        of.get(index).copied()
    }
}

/// Why a command did not happen.
pub(crate) enum No {
    /// The decider refused it.
    Refused(Refusal),
    /// Stock was short: the store would have rejected the commit.
    Short,
}

/// How willing the provider is.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mood {
    /// Anything may happen.
    Random,
    /// Every call succeeds at once.
    Kind,
}

pub(crate) struct World {
    pub life: Life,
    pub dice: Dice,
    /// Units on hand, those held for the order included.
    on_hand: BTreeMap<Sku, u64>,
    /// What is held for the order; `None` if the hold was reclaimed.
    hold: Option<BTreeMap<Sku, u64>>,
    /// Attempts that `collect` has not called for.
    to_authorize: Vec<AttemptId>,
    /// Attempts that the provider has not judged: it will, however late.
    undecided: Vec<AttemptId>,
    /// Captures that were not called for, or without an answer.
    to_capture: Vec<CaptureId>,
    /// Refund parts that were not called for.
    to_refund: Vec<(RefundId, CaptureId)>,
    /// How often each command was accepted and each event happened.
    pub seen: BTreeMap<&'static str, u64>,
}

impl World {
    pub(crate) fn new(seed: u64, stock: u64) -> Self {
        let on_hand = ["a", "b", "c"].into_iter().map(|name| (crate::support::sku(name), stock)).collect();
        Self {
            life: Life::new(),
            dice: Dice::new(seed),
            on_hand,
            hold: Some(BTreeMap::new()),
            to_authorize: Vec::new(),
            undecided: Vec::new(),
            to_capture: Vec::new(),
            to_refund: Vec::new(),
            seen: BTreeMap::new(),
        }
    }

    pub(crate) fn order(&self) -> &Order {
        self.life.order()
    }

    fn count(&mut self, name: &'static str) {
        *self.seen.entry(name).or_default() += 1;
    }

    /// Judges a command and, if stock suffices, commits it; checks what every commit must leave true.
    pub(crate) fn tell(&mut self, command: Command) -> Result<Vec<Event>, No> {
        let name = command_name(&command);
        self.life.stock_lost = false;
        let mut decided = self.life.judge(command.clone()).map_err(No::Refused)?;
        if !self.moves_stock(&decided) {
            let confirms = decided.events.contains(&Event::OrderConfirmed);
            if self.hold.is_some() || !confirms {
                return Err(No::Short);
            }
            self.life.stock_lost = true;
            decided = self.life.judge(command).map_err(No::Refused)?;
            assert!(self.moves_stock(&decided), "a cancellation needs no stock");
        }
        let before = self.life.order.clone();
        let events = self.life.adopt(decided);
        self.count(name);
        self.note(before, &events);
        self.check();
        Ok(events)
    }

    /// The ledger moves of a commit; whether stock sufficed.
    fn moves_stock(&mut self, decided: &Decided) -> bool {
        let need = decided.order.stock_need();
        let pending =
            |placement: &Placement| matches!(placement, Placement::Pending { .. } | Placement::Held { resume: Stage::Pending, .. });
        let Some(held) = &self.hold else {
            if pending(&decided.order.placement) {
                return true;
            }
            let ended = matches!(decided.order.placement, Placement::Cancelled { .. } | Placement::Rejected { .. });
            let enough = need.iter().all(|(sku, units)| self.on_hand.get(sku).is_some_and(|there| there >= units));
            if enough || ended {
                self.hold = Some(need);
            }
            return enough || ended;
        };
        let left = |order: &Order| -> BTreeMap<Sku, u64> {
            let mut left = BTreeMap::new();
            for line in order.lines.iter().filter(|line| line.kind == ItemKind::Stocked) {
                *left.entry(line.sku.clone()).or_default() += u64::from(line.dispatched);
            }
            left
        };
        let (after, before) = (left(&decided.order), self.life.order.as_ref().map(left).unwrap_or_default());
        let mut on_hand = self.on_hand.clone();
        for (sku, units) in after {
            let gone = units - before.get(&sku).copied().unwrap_or(0);
            assert!(held.get(&sku).copied().unwrap_or(0) >= gone, "no unit leaves that was not held");
            *on_hand.entry(sku).or_default() -= gone;
        }
        let enough = need.iter().all(|(sku, units)| on_hand.get(sku).is_some_and(|there| there >= units));
        if enough {
            self.on_hand = on_hand;
            self.hold = Some(need);
        }
        enough
    }

    /// Somebody else takes the stock of a hold that ran out.
    pub(crate) fn reclaim(&mut self, stock: u64) {
        if matches!(self.order().placement, Placement::Pending { .. } | Placement::Held { resume: Stage::Pending, .. }) {
            self.hold = None;
            self.on_hand.values_mut().for_each(|units| *units = stock);
        }
    }

    /// Goods arrive: nothing is short any more.
    pub(crate) fn stock_up(&mut self) {
        self.on_hand.values_mut().for_each(|units| *units += 1_000);
    }

    /// Starts the sagas of a commit, and folds its events one by one.
    fn note(&mut self, before: Option<Order>, events: &[Event]) {
        let mut order = before;
        for event in events {
            self.count(event.name());
            let next = evolve(order, self.life.now, event).unwrap_or_else(|error| panic!("{error}: {event:?}"));
            let told = match event {
                Event::OrderPlaced(placed) => Some(placed.total),
                Event::OrderEdited(edited) => Some(edited.total),
                Event::LinesCancelled { total, .. } => Some(*total),
                _ => None,
            };
            assert!(told.is_none_or(|told| told.minor() == next.total()), "the total of {event:?} is not {}", next.total());
            order = Some(next);
            match event {
                Event::Payment(PaymentFact::Started { attempt_id, .. }) => self.to_authorize.push(*attempt_id),
                Event::Payment(PaymentFact::CaptureStarted { capture_id, .. }) => self.to_capture.push(*capture_id),
                Event::Payment(PaymentFact::RefundGranted { refund_id, parts, amount, .. }) => {
                    assert_eq!(parts.iter().map(|part| part.amount.minor()).sum::<i64>(), amount.minor());
                    assert!(amount.minor() > 0, "a refund of nothing");
                    self.to_refund.extend(parts.iter().map(|part| (*refund_id, part.capture_id)));
                }
                _ => {}
            }
        }
        assert_eq!(order.as_ref(), self.life.order.as_ref(), "folding the events gives another state than the decision");
    }

    /// One move of the sagas, the provider or the buyer; false if none of them has anything to do.
    pub(crate) fn stir(&mut self, mood: Mood) -> bool {
        let mut moves: Vec<fn(&mut Self, Mood) -> bool> =
            vec![Self::authorize, Self::decide_late, Self::capture, Self::refund, Self::reverse, Self::ship];
        while !moves.is_empty() {
            let index = usize::try_from(self.dice.below(moves.len() as u64)).unwrap();
            if moves.swap_remove(index)(self, mood) {
                return true;
            }
        }
        false
    }

    /// Lets everything that is under way come to its end.
    pub(crate) fn rest(&mut self, mood: Mood) {
        for _ in 0..400 {
            if !self.stir(mood) {
                self.check_rest();
                return;
            }
        }
        panic!("the sagas never come to rest");
    }

    fn must(&mut self, command: Command) {
        let told = format!("{command:?}");
        match self.tell(command) {
            Ok(_) => {}
            Err(No::Short) => panic!("{told} found stock short"),
            Err(No::Refused(refusal)) => panic!("{told} was refused: {refusal:?}"),
        }
    }

    fn authorize(&mut self, mood: Mood) -> bool {
        let Some(attempt_id) = self.to_authorize.pop() else { return false };
        if matches!(self.order().placement, Placement::Cancelled { .. } | Placement::Rejected { .. }) && self.dice.chance(50) {
            self.fail(attempt_id, FailureCode::NotSent);
            return true;
        }
        let outcome = match self.dice.below(10) {
            _ if mood == Mood::Kind => return self.approve(attempt_id),
            0..=4 => return self.approve(attempt_id),
            5 => PendingWhy::ActionRequired { url: "https://bank.example".to_owned() },
            6 => PendingWhy::Pending,
            7 => PendingWhy::Unknown,
            _ => {
                self.fail(attempt_id, FailureCode::Declined);
                return true;
            }
        };
        self.undecided.push(attempt_id);
        self.must(Command::Attempt { attempt_id, outcome: AttemptOutcome::Open(outcome) });
        true
    }

    fn approve(&mut self, attempt_id: AttemptId) -> bool {
        let attempt = self.order().tenders.attempt(attempt_id).unwrap();
        let (asked, sale) = (attempt.asked, attempt.provider == provider("sale"));
        let amount = if self.dice.chance(10) { self.dice.within(1, asked) } else { asked };
        self.must(Command::Attempt { attempt_id, outcome: approved(amount, sale) });
        true
    }

    fn fail(&mut self, attempt_id: AttemptId, code: FailureCode) {
        self.must(Command::Attempt { attempt_id, outcome: AttemptOutcome::Failed { code, retryable: false } });
    }

    /// What was pending, unknown or up to the buyer is decided, even if another command has ended the attempt.
    fn decide_late(&mut self, mood: Mood) -> bool {
        let Some(attempt_id) = self.undecided.pop() else { return false };
        // a buyer may also leave for good
        let leaves = self.order().tenders.attempt(attempt_id).is_some_and(|a| a.wants_action()) && self.dice.chance(20);
        if leaves && mood == Mood::Random {
            return true;
        }
        if mood == Mood::Kind || self.dice.chance(60) { self.approve(attempt_id) } else { self.declines(attempt_id) }
    }

    fn declines(&mut self, attempt_id: AttemptId) -> bool {
        self.fail(attempt_id, FailureCode::Declined);
        true
    }

    fn capture(&mut self, mood: Mood) -> bool {
        let Some(capture_id) = self.to_capture.pop() else { return false };
        if mood == Mood::Random && self.dice.chance(20) {
            // no answer yet, or a failure that may pass: the same call again later
            self.to_capture.insert(0, capture_id);
            return true;
        }
        let fails = mood == Mood::Random && self.dice.chance(20);
        let outcome = if fails { CaptureOutcome::Failed { code: FailureCode::Refused } } else { CaptureOutcome::Done { reference: None } };
        self.must(Command::Capture { capture_id, outcome });
        true
    }

    fn refund(&mut self, mood: Mood) -> bool {
        let Some((refund_id, capture_id)) = self.to_refund.pop() else { return false };
        let fails = mood == Mood::Random && self.dice.chance(30);
        let outcome = if fails { RefundOutcome::Failed { code: FailureCode::Refused } } else { RefundOutcome::Done };
        self.must(Command::Refund { refund_id, capture_id, outcome });
        true
    }

    fn reverse(&mut self, _mood: Mood) -> bool {
        let Some(attempt_id) = reversible(self.order()).first().copied() else { return false };
        self.must(Command::AuthorizationGone { attempt_id, lapsed: false });
        true
    }

    /// Captures for packed shipments; digital ones, and those that hold no goods, leave and arrive by themselves.
    fn ship(&mut self, _mood: Mood) -> bool {
        let Some(order) = &self.life.order else { return false };
        if order.placement != Placement::Confirmed || !order.covered() || order.busy() {
            return false;
        }
        let manual = order.capture_policy == CapturePolicy::Manual;
        let on_trust = manual || order.terms == Terms::Invoice;
        for shipment in &order.shipments {
            let id = shipment.id;
            let goods = shipment.lines.iter().any(|unit| order.line(unit.line_id).unwrap().kind == ItemKind::Stocked);
            match shipment.state {
                ShipmentState::Packed if !manual && order.share_of(shipment) > 0 && order.authorized() > 0 => {
                    self.must(Command::StartCapture { shipment_id: Some(id), amount: None });
                    return true;
                }
                ShipmentState::Packed if !goods && (on_trust || order.share_of(shipment) == 0) => {
                    self.must(dispatch(id));
                    return true;
                }
                ShipmentState::Dispatched(_) if !goods => {
                    self.must(Command::Deliver { shipment_id: id });
                    return true;
                }
                _ => {}
            }
        }
        false
    }

    /// What every commit leaves true.
    fn check(&self) {
        let order = self.order();
        let (captured, room) = (order.captured(), order.room());
        assert!(room >= 0, "room {room}");
        assert!(order.refunded() + order.refunding() <= captured, "more goes back than arrived");
        let approved: i64 = order.tenders.attempts.iter().filter_map(|a| a.approval()).map(|a| a.amount).sum();
        assert!(captured <= approved, "captured {captured}, approved {approved}");
        for attempt in &order.tenders.attempts {
            assert!(voidable(order, attempt.id) >= 0 && attempt.approval().is_none_or(|a| a.left() >= 0), "overdrawn: {attempt:?}");
        }
        for attempt in order.tenders.attempts.iter().filter(|a| a.provider == provider("single")) {
            let done = |c: &&Capture| c.attempt_id == attempt.id && matches!(c.state, CaptureState::Done { .. });
            let captures = order.tenders.captures.iter().filter(done).count();
            assert!(captures <= 1 && (captures == 0 || voidable(order, attempt.id) == 0), "captured more than once: {attempt:?}");
        }
        assert!(order.owed() >= 0 && order.credited >= 0, "owed {}, credited {}", order.owed(), order.credited);
        let on_trust = order.capture_policy == CapturePolicy::Manual || order.terms == Terms::Invoice;
        let out: i64 = order.lines.iter().map(|line| line.cum(line.dispatched)).sum();
        assert!(on_trust || out <= order.kept() + order.credited, "goods for {out} left, {} was kept", order.kept());
        for line in &order.lines {
            self.check_line(line);
        }
        if matches!(order.placement, Placement::Pending { .. }) {
            assert!(!order.covered(), "covered, and not confirmed");
        }
        if order.placement == Placement::Confirmed && order.covered() {
            let waits = order.lines.iter().any(|line| line.kind == ItemKind::Digital && line.open() > 0);
            assert!(!waits, "covered, and digital units have no shipment");
        }
        if let Some(held) = &self.hold {
            assert_eq!(*held, order.stock_need(), "the hold is not what the order needs");
        }
    }

    fn check_line(&self, line: &commerce_core::order::Line) {
        let unit_costs: Vec<i64> = (0..line.live()).map(|n| line.cum(n + 1) - line.cum(n)).collect();
        assert!(unit_costs.iter().all(|cost| *cost >= 0), "a unit costs less than nothing: {line:?}");
        assert_eq!(unit_costs.iter().sum::<i64>(), line.cum(line.live()), "units do not sum to their line: {line:?}");
        assert!(line.packed + line.dispatched <= line.live() && line.delivered <= line.dispatched, "{line:?}");
        assert!(line.returning + line.returned <= line.dispatched, "{line:?}");
        let in_state = |pick: fn(&ShipmentState) -> bool| -> u32 {
            let shipments = self.order().shipments.iter().filter(|s| pick(&s.state));
            shipments.flat_map(|s| &s.lines).filter(|unit| unit.line_id == line.id).map(|unit| unit.qty).sum()
        };
        assert_eq!(line.packed, in_state(|s| *s == ShipmentState::Packed), "{line:?}");
        assert_eq!(line.dispatched, in_state(|s| !matches!(s, ShipmentState::Packed | ShipmentState::Cancelled)), "{line:?}");
    }

    /// What is true once every outcome was delivered and every saga is idle.
    fn check_rest(&self) {
        let order = self.order();
        assert!(self.to_authorize.is_empty() && self.to_capture.is_empty() && self.to_refund.is_empty());
        assert!(!order.busy(), "busy at rest");
        assert_eq!(order.refunding(), 0);
        let failed: i64 = order.tenders.refunds.iter().map(|r| r.sum(|_| true) - r.standing()).sum();
        let uncaptured: i64 = order.tenders.attempts.iter().map(|a| voidable(order, a.id)).sum();
        match &order.placement {
            Placement::Cancelled { .. } | Placement::Rejected { .. } => {
                assert_eq!(uncaptured, 0, "an ended order keeps an authorization");
                assert!(order.room() <= failed, "an ended order keeps {}, {failed} of it in failed refunds", order.room());
                assert!(self.to_authorize.is_empty());
            }
            Placement::Completed if order.terms == Terms::Prepaid => {
                assert_eq!(uncaptured, 0, "a completed order keeps an authorization");
                assert!(order.kept() >= order.owed() && order.excess() <= failed, "D keeps {} of {}", order.kept(), order.owed());
            }
            Placement::Completed => {
                assert!(order.excess() <= failed, "D keeps {} of {}", order.kept(), order.owed());
                assert!(order.kept() < order.owed() || uncaptured == 0, "a paid order keeps an authorization");
            }
            Placement::Held { .. } => {
                assert!(!order.tenders.attempts.iter().any(|a| a.wants_action()), "a held order waits for its buyer");
            }
            Placement::Pending { .. } | Placement::Confirmed => {}
        }
        let open = order.tenders.attempts.iter().filter(|a| matches!(a.state, AttemptState::Open(_)));
        assert!(open.clone().all(|a| a.wants_action()), "an attempt waits for nobody");
    }

    pub(crate) fn told(&self) -> String {
        let events: Vec<String> = self.life.events.iter().map(|(at, event)| format!("{at} {event:?}")).collect();
        format!("{}\n{:?}", events.join("\n"), self.life.order)
    }
}

/// The name of a command.
pub(crate) fn command_name(command: &Command) -> &'static str {
    match command {
        Command::Place(_) => "Place",
        Command::Screen(_) => "Screen",
        Command::Hold => "Hold",
        Command::Resume => "Resume",
        Command::Pay(_) => "Pay",
        Command::Attempt { .. } => "Attempt",
        Command::Expire => "Expire",
        Command::Edit(_) => "Edit",
        Command::CancelLines { .. } => "CancelLines",
        Command::Cancel { .. } => "Cancel",
        Command::Pack { .. } => "Pack",
        Command::Unpack { .. } => "Unpack",
        Command::StartCapture { .. } => "StartCapture",
        Command::Capture { .. } => "Capture",
        Command::AuthorizationGone { .. } => "AuthorizationGone",
        Command::Dispatch { .. } => "Dispatch",
        Command::Deliver { .. } => "Deliver",
        Command::Lose { .. } => "Lose",
        Command::RequestReturn { .. } => "RequestReturn",
        Command::ReceiveReturn { .. } => "ReceiveReturn",
        Command::RejectReturn { .. } => "RejectReturn",
        Command::GrantRefund(_) => "GrantRefund",
        Command::Refund { .. } => "Refund",
        Command::Complete => "Complete",
    }
}
