use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use futures::executor::block_on;

use crate::engine::{Call, EditOrder, Error, NewLine, OrderView, PackUnits, PlaceOrder};
use crate::goods::ItemKind;
use crate::id::{LineId, OrderId};
use crate::money::Currency;
use crate::order::{Condition, Headline, Placement};
use crate::ports::{LIMIT_MAX_ROWS, SagaPhase, SagaQuery};
use crate::quantity::LineQty;
use crate::sandbox::{Options, Token, Totals};
use crate::testkit::faults::{Fault, Faults, Operation, Plan, Point, sweep, sweep_after};
use crate::testkit::lab::{sku, units, walk};
use crate::testkit::shop::{Bank, Good, Shop};
use crate::testkit::{Fixture, Lab, ManualClock};

/// Makes an empty store for one run of a sweep.
pub type Make<'a> = &'a dyn Fn() -> Box<dyn Fixture>;

/// Tries of one request, and rounds in which sagas must come to rest.
const TRIES_MAX: usize = 20;
/// Longer than a lease.
const LEASE_MS: u64 = 31_000;

const GOODS: &[Good] = &[
    Good { sku: "LAMP", kind: ItemKind::Stocked, pence: 1_000, stock: &[("default", 100)] },
    Good { sku: "LAST", kind: ItemKind::Stocked, pence: 4_999, stock: &[("default", 1)] },
    Good { sku: "EBOOK", kind: ItemKind::Digital, pence: 700, stock: &[] },
];

/// A client that does what every client must: it repeats under the same key whatever it got no answer to.
struct Till {
    shop: Shop,
    faults: Faults,
    /// Keeps the store open.
    lab: Lab,
}

impl Till {
    async fn open(lab: Lab, faults: &Faults, options: fn(Options) -> Options) -> Self {
        let shop = Shop::of(&lab).goods(GOODS).impatient().banks(options).faults(faults).open().await;
        Self { shop, faults: faults.clone(), lab }
    }

    async fn ask<T>(&mut self, key: &str, request: impl AsyncFn(&Shop, &Call) -> Result<T, Error>) -> T {
        let call = self.shop.call.clone().with_key(key, key.as_bytes());
        for _ in 0..TRIES_MAX {
            let answer = request(&self.shop, &call).await;
            self.rest().await;
            match answer {
                Ok(value) => return value,
                Err(Error::Port(_) | Error::Contended) => {}
                Err(error) => panic!("{key}: {error}"),
            }
        }
        panic!("{key}: no answer after {TRIES_MAX} tries");
    }

    /// Lets time pass until no saga runs; starts another process if this one has crashed.
    async fn rest(&mut self) {
        for _ in 0..TRIES_MAX {
            self.shop.settle().await;
            if self.faults.crashed() {
                self.faults.restart();
                self.shop = self.shop.beside(self.shop.store.clone());
            } else if self.running().await == 0 {
                return;
            }
            self.shop.clock.advance_ms(LEASE_MS);
        }
        panic!("{} sagas never come to rest", self.running().await);
    }

    async fn running(&self) -> usize {
        let query = SagaQuery { merchant: self.shop.call.merchant.clone(), phase: Some(SagaPhase::Running), order: None };
        walk(LIMIT_MAX_ROWS, async |after, limit| self.shop.store.sagas.list(&query, after, limit).await).await.len()
    }

    /// Places an order and sees to it that it is paid.
    async fn buy(&mut self, key: &str, order: PlaceOrder) -> OrderId {
        let id = self.ask(key, async |shop, call| shop.commerce.place_order(call, order.clone()).await).await.value.id;
        let provider = order.provider.clone();
        for again in 0.. {
            let view: OrderView = self.ask("look", async |shop, call| shop.commerce.get_order(call, id).await).await;
            if view.order.headline() != Headline::PaymentFailed {
                assert_eq!(view.order.placement, Placement::Confirmed, "{key}");
                break;
            }
            let key = format!("{key}, again {again}");
            self.ask(&key, async |shop, call| shop.commerce.pay_order(call, id, Token::Visa.method(), provider.clone(), None).await).await;
        }
        id
    }

    /// What holds at the end, seen by a process that meets no faults.
    async fn checked(self) -> (Shop, Lab) {
        let shop = self.shop.restarted_with(&Faults::none());
        shop.settle().await;
        shop.check().await;
        (shop, self.lab)
    }
}

/// One order goes out and partly comes back, one is edited and cancelled, one sale is cancelled, and one is never paid. Whatever goes
/// wrong, the books are the same at the end.
async fn trade(lab: Lab, faults: &Faults) {
    let mut till = Till::open(lab, faults, |options| options).await;
    let paid = |shop: &Shop, lines: &[(&str, u32)]| shop.basket(lines).paid_with(Token::Visa.method());
    let one = vec![LineQty { line_id: LineId(1), qty: units(1) }];

    let kept = paid(&till.shop, &[("LAMP", 3), ("EBOOK", 1)]);
    let kept = till.buy("kept", kept).await;
    let parcel = till.ask("pack", async |shop, call| shop.commerce.create_shipment(call, kept, PackUnits::default()).await).await;
    let parcel = parcel.value.shipment.id;
    till.ask("dispatch", async |shop, call| shop.commerce.dispatch_shipment(call, parcel, None, None).await).await;
    till.ask("deliver", async |shop, call| shop.commerce.deliver_shipment(call, parcel).await).await;
    let back =
        till.ask("return", async |shop, call| shop.commerce.create_return(call, kept, one.clone(), "cracked".to_owned()).await).await;
    let back = back.value.return_of_goods.id;
    till.ask("receive", async |shop, call| shop.commerce.receive_return(call, back, one.clone(), Condition::Sellable, None).await).await;

    let dropped = paid(&till.shop, &[("LAMP", 2)]);
    let dropped = till.buy("dropped", dropped).await;
    let edit = EditOrder { add: vec![NewLine::new(sku("EBOOK"), units(1))], ..EditOrder::default() };
    till.ask("edit", async |shop, call| shop.commerce.edit_order(call, dropped, edit.clone()).await).await;
    till.ask("drop", async |shop, call| shop.commerce.cancel_order(call, dropped).await).await;

    let sold = PlaceOrder { provider: Some(Bank::Sales.provider()), ..paid(&till.shop, &[("LAMP", 1)]) };
    let sold = till.buy("sold", sold).await;
    till.ask("unsell", async |shop, call| shop.commerce.cancel_order(call, sold).await).await;

    let unpaid = till.shop.basket(&[("LAST", 1)]);
    let unpaid = till.ask("unpaid", async |shop, call| shop.commerce.place_order(call, unpaid.clone()).await).await.value.id;
    till.shop.clock.advance_s(15 * 24 * 3_600);
    till.rest().await;
    // a sweep that failed is made again by the next
    till.shop.clock.advance_ms(LEASE_MS);
    till.rest().await;

    let (shop, _open) = till.checked().await;
    for (id, headline, paid) in [
        (kept, Headline::Completed, (3_700, 1_000)),
        (dropped, Headline::Cancelled, (0, 0)),
        (sold, Headline::Cancelled, (1_000, 1_000)),
        (unpaid, Headline::Cancelled, (0, 0)),
    ] {
        let order = shop.get(id).await.order;
        assert_eq!((order.headline(), (order.captured(), order.refunded())), (headline, paid));
    }
    let rows = shop.store.audit.all_orders(None, LIMIT_MAX_ROWS).await.expect("rows are read").items;
    assert_eq!(rows.len(), 4);
    let taken = |bank| shop.bank(bank).ledger().totals()[&Currency::GBP];
    assert_eq!(taken(Bank::Cards), Totals { authorized: 3_700 + 2_000, captured: 3_700, released: 2_000, refunded: 1_000 });
    assert_eq!(taken(Bank::Sales), Totals { authorized: 1_000, captured: 1_000, released: 0, refunded: 1_000 });
    for (item, on_hand) in [("LAMP", 98), ("LAST", 1)] {
        let account = shop.account(item).await;
        assert_eq!((account.on_hand, account.held), (on_hand, 0), "{item}");
    }
}

/// One order is placed, and packed and handed over by another process, which reads all that it knows.
async fn sell(lab: Lab, faults: &Faults) {
    let mut till = Till::open(lab, faults, |options| options).await;
    let order = till.shop.basket(&[("LAMP", 2)]).paid_with(Token::Visa.method());
    let sold = till.buy("sold", order).await;
    till.shop = till.shop.beside(till.shop.store.clone());
    let parcel = till.ask("pack", async |shop, call| shop.commerce.create_shipment(call, sold, PackUnits::default()).await).await;
    let parcel = parcel.value.shipment.id;
    till.ask("dispatch", async |shop, call| shop.commerce.dispatch_shipment(call, parcel, None, None).await).await;
    let all = SagaQuery { merchant: till.shop.call.merchant.clone(), phase: None, order: None };
    till.ask("list", async |shop, _| shop.commerce.list_sagas(&all, None, LIMIT_MAX_ROWS).await).await;
    let (shop, _open) = till.checked().await;
    let order = shop.get(sold).await.order;
    assert_eq!((order.headline(), order.captured()), (Headline::Shipped, 2_000));
    assert_eq!(shop.store.audit.all_orders(None, LIMIT_MAX_ROWS).await.expect("rows are read").items.len(), 1);
    assert_eq!(
        shop.bank(Bank::Cards).ledger().totals()[&Currency::GBP],
        Totals { authorized: 2_000, captured: 2_000, ..Totals::default() }
    );
    assert_eq!(shop.account("LAMP").await.on_hand, 98);
}

/// A client that orders once and walks away, whatever it was answered.
async fn walk_away(lab: Lab, faults: &Faults) {
    let mut till = Till::open(lab, faults, |options| options).await;
    let order = till.shop.basket(&[("LAST", 1)]).paid_with(Token::Visa.method());
    let answered = till.shop.commerce.place_order(&till.shop.call, order).await;
    till.rest().await;
    let (shop, _open) = till.checked().await;
    let rows = shop.store.audit.all_orders(None, LIMIT_MAX_ROWS).await.expect("rows are read").items;
    let charged = shop.bank(Bank::Cards).ledger().totals().get(&Currency::GBP).map_or(0, |totals| totals.authorized);
    match &rows[..] {
        [] => assert!(answered.is_err() && charged == 0, "{answered:?}, but there is no order, and {charged} were charged"),
        [row] if row.1.status == "confirmed" => assert_eq!(charged, 4_999),
        [row] => assert_eq!((row.1.status.as_str(), charged), ("payment_failed", 0)),
        rows => panic!("one request made {} orders", rows.len()),
    }
}

/// One order whose payment takes longer than a lease.
async fn wait_long(lab: Lab, faults: &Faults) {
    let mut till = Till::open(lab, faults, |options| Options { late_s: 45, ..options }).await;
    let order = till.shop.basket(&[("LAMP", 1)]).paid_with(Token::Late.method());
    let bought = till.buy("bought", order).await;
    let (shop, _open) = till.checked().await;
    assert_eq!(shop.get(bought).await.order.headline(), Headline::Confirmed);
    assert_eq!(shop.bank(Bank::Cards).ledger().totals()[&Currency::GBP].authorized, 1_000);
}

/// Lets the clock go on whenever someone waits for the bank and someone renews the lease meanwhile.
fn pass_time(clock: &ManualClock, resting: &AtomicBool) {
    while !resting.load(Ordering::SeqCst) {
        if clock.sleepers() >= 2 {
            clock.advance_to_next_sleeper();
        } else {
            thread::yield_now();
        }
    }
}

/// Stops the clock, also when the scenario panics.
struct Resting<'a>(&'a AtomicBool);

impl Drop for Resting<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

type Scenario<'a> = &'a dyn Fn(&Faults);

/// One fault of this kind at each of the calls that a scenario makes.
fn each(scenario: Scenario<'_>, operation: Operation, fault: Fault) -> Vec<Plan> {
    let counted = Faults::none();
    scenario(&counted);
    (1..=counted.visits(operation)).map(|visit| Plan { point: Point { operation, fault }, visit }).collect()
}

const CALLS: [Operation; 4] = [Operation::Authorize, Operation::Capture, Operation::Void, Operation::Refund];

const CRASHES: [Fault; 2] = [Fault::CrashBefore, Fault::CrashAfter];

fn commits(crash: bool) -> Vec<Point> {
    Point::of(&[Operation::Commit]).into_iter().filter(|point| CRASHES.contains(&point.fault) == crash).collect()
}

pub fn wherever_a_commit_fails_or_is_lost_or_doubled_every_order_is_kept_and_paid_once(make: Make<'_>) {
    sweep(&commits(false), |faults| block_on(async { trade(Lab::new(make()).await, faults).await }));
}

pub fn wherever_the_process_crashes_around_a_commit_every_order_is_kept_and_paid_once(make: Make<'_>) {
    sweep(&commits(true), |faults| block_on(async { trade(Lab::new(make()).await, faults).await }));
}

pub fn whatever_goes_wrong_with_a_call_to_a_bank_every_order_is_kept_and_paid_once(make: Make<'_>) {
    sweep(&Point::of(&CALLS), |faults| block_on(async { trade(Lab::new(make()).await, faults).await }));
}

pub fn whatever_goes_wrong_while_a_lost_call_is_looked_up_every_order_is_kept_and_paid_once(make: Make<'_>) {
    let scenario: Scenario<'_> = &|faults| block_on(async { trade(Lab::new(make()).await, faults).await });
    for fault in [Fault::LoseRequest, Fault::LoseAnswer] {
        let lost: Vec<Plan> = CALLS.into_iter().flat_map(|operation| each(scenario, operation, fault)).collect();
        sweep_after(&lost, &Point::of(&[Operation::LookUp]), scenario);
    }
}

pub fn whatever_goes_wrong_with_a_lease_or_a_read_the_order_is_kept_and_paid_once(make: Make<'_>) {
    let points = Point::of(&[Operation::ClaimSagas, Operation::Load, Operation::ListSagas]);
    sweep(&points, |faults| block_on(async { sell(Lab::new(make()).await, faults).await }));
}

pub fn whatever_goes_wrong_while_a_lost_commit_is_looked_for_the_order_is_kept_and_paid_once(make: Make<'_>) {
    let scenario: Scenario<'_> = &|faults| block_on(async { sell(Lab::new(make()).await, faults).await });
    for fault in [Fault::LoseRequest, Fault::LoseAnswer] {
        sweep_after(&each(scenario, Operation::Commit, fault), &Point::of(&[Operation::Outcome]), scenario);
    }
}

pub fn whatever_goes_wrong_while_a_failed_step_is_put_off_the_order_is_kept_and_paid_once(make: Make<'_>) {
    let scenario: Scenario<'_> = &|faults| block_on(async { sell(Lab::new(make()).await, faults).await });
    sweep_after(&each(scenario, Operation::Commit, Fault::Fail), &Point::of(&[Operation::GetSaga]), scenario);
}

pub fn whatever_goes_wrong_while_a_lease_is_renewed_the_order_is_paid_once(make: Make<'_>) {
    sweep(&Point::of(&[Operation::RenewLease]), |faults| {
        let lab = block_on(Lab::new(make()));
        let (clock, resting) = (lab.clock.clone(), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| pass_time(&clock, &resting));
            let _at_the_end = Resting(&resting);
            block_on(wait_long(lab, faults));
        });
    });
}

pub fn whatever_goes_wrong_a_client_that_walks_away_pays_for_an_order_or_nothing(make: Make<'_>) {
    sweep(&Point::of(&[Operation::Commit, Operation::Authorize, Operation::ClaimSagas]), |faults| {
        block_on(async { walk_away(Lab::new(make()).await, faults).await });
    });
}
