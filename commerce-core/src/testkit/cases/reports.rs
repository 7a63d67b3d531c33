use std::sync::{Arc, OnceLock};

use async_trait::async_trait;

use crate::engine::{Builder, Commerce, Error};
use crate::id::{CaptureId, OrderId, PaymentId};
use crate::order::{Headline, Refusal};
use crate::ports::{
    AuthorizeRequest, CallKey, Capabilities, CaptureRequest, FactOutcome, LookUp, NotSent, Outcome, PaymentProvider, ProviderFact,
    RefundRequest, StreamName, Version, VoidRequest,
};
use crate::sandbox::{Decision, Sandbox, Token};
use crate::testkit::Lab;
use crate::testkit::faults::{Fault, Faults, Operation, Plan, Point};
use crate::testkit::lab::stream;
use crate::testkit::shop::{Bank, Shop};

const THREADS: usize = 6;

/// A bank that reports what it did, twice, before it answers.
struct Gossip {
    name: Bank,
    sandbox: Arc<Sandbox>,
    engine: Arc<OnceLock<Commerce>>,
}

impl Gossip {
    async fn tell(&self) {
        let Some(engine) = self.engine.get() else { return };
        for fact in self.sandbox.take_reports() {
            for _ in 0..2 {
                engine.report_payment(&self.name.provider(), &fact).await.expect("the report is taken");
            }
        }
    }
}

#[async_trait]
impl PaymentProvider for Gossip {
    fn capabilities(&self) -> Capabilities {
        self.sandbox.capabilities()
    }

    async fn authorize(&self, key: &CallKey, request: &AuthorizeRequest) -> Result<Outcome, NotSent> {
        let answer = self.sandbox.authorize(key, request).await;
        self.tell().await;
        answer
    }

    async fn capture(&self, key: &CallKey, request: &CaptureRequest) -> Result<Outcome, NotSent> {
        let answer = self.sandbox.capture(key, request).await;
        self.tell().await;
        answer
    }

    async fn void(&self, key: &CallKey, request: &VoidRequest) -> Result<Outcome, NotSent> {
        let answer = self.sandbox.void(key, request).await;
        self.tell().await;
        answer
    }

    async fn refund(&self, key: &CallKey, request: &RefundRequest) -> Result<Outcome, NotSent> {
        let answer = self.sandbox.refund(key, request).await;
        self.tell().await;
        answer
    }

    async fn look_up(&self, key: &CallKey) -> Result<LookUp, NotSent> {
        self.sandbox.look_up(key).await
    }
}

/// The facts of an order's one payment, by name; that an answer was waited for is left out.
async fn facts(shop: &Shop, order: OrderId) -> Vec<String> {
    let payment = shop.get(order).await.order.tenders.attempts[0].payment_id;
    let name = stream(StreamName::Payment(payment));
    let stored = shop.store.journal.load(&name, Version(0), 100).await.expect("the payment is read");
    stored.into_iter().map(|stored| stored.event.kind.into_owned()).filter(|kind| kind != "PaymentPending").collect()
}

const SHIPPED: [&str; 6] = ["PaymentStarted", "PaymentAuthorized", "CaptureStarted", "PaymentCaptured", "RefundGranted", "RefundIssued"];
const VOIDED: [&str; 3] = ["PaymentStarted", "PaymentAuthorized", "AuthorizationVoided"];
const SOLD: [&str; 4] = ["PaymentStarted", "PaymentCaptured", "RefundGranted", "RefundIssued"];

/// One order goes out and comes back, another one is cancelled; after every step, `after` happens.
async fn story(shop: &Shop, bank: Bank, after: impl AsyncFn()) -> [OrderId; 2] {
    let kept = shop.place_at(bank, &[("LAMP", 2)]).await.id;
    after().await;
    shop.ship_and_deliver(kept).await;
    after().await;
    shop.give_back(kept, &[(1, 2)]).await;
    after().await;
    let dropped = shop.place_at(bank, &[("LAMP", 1)]).await.id;
    after().await;
    shop.cancel(dropped).await;
    after().await;
    [kept, dropped]
}

async fn assert_told_once(shop: &Shop, bank: Bank, [kept, dropped]: [OrderId; 2]) {
    if bank == Bank::Sales {
        assert_eq!(facts(shop, kept).await, SOLD);
        assert_eq!(facts(shop, dropped).await, SOLD);
    } else {
        assert_eq!(facts(shop, kept).await, SHIPPED, "{bank}");
        assert_eq!(facts(shop, dropped).await, VOIDED, "{bank}");
    }
    shop.check().await;
}

pub async fn a_report_before_the_calls_answer_and_the_answer_are_one_fact(lab: Lab) {
    let engine = Arc::new(OnceLock::new());
    let known = engine.clone();
    let gossips = move |builder: Builder, banks: &[(Bank, Arc<Sandbox>)]| {
        banks.iter().fold(builder, |builder, (name, sandbox)| {
            let gossip = Gossip { name: *name, sandbox: sandbox.clone(), engine: known.clone() };
            builder.provider(name.provider(), Arc::new(gossip))
        })
    };
    let shop = Shop::of(&lab).report_all().outfit(gossips).open().await;
    engine.set(shop.commerce.clone()).expect("the engine is told once");
    for bank in Bank::ALL {
        let orders = story(&shop, *bank, async || {}).await;
        assert_eq!(shop.reports(*bank), [], "every report was told");
        assert_told_once(&shop, *bank, orders).await;
    }
}

pub async fn a_report_after_the_calls_answer_told_twice_and_again_at_the_end_is_no_further_fact(lab: Lab) {
    let shop = Shop::of(&lab).report_all().open().await;
    for bank in Bank::ALL {
        let tell = async || {
            let reports = shop.reports(*bank);
            for fact in reports.iter().chain(reports.iter().rev()) {
                shop.report(*bank, fact).await;
            }
        };
        let orders = story(&shop, *bank, tell).await;
        let all = shop.bank(*bank).reports(0);
        assert!(all.len() >= 4, "{all:?}");
        for fact in all.iter().rev() {
            shop.report(*bank, fact).await;
        }
        assert_told_once(&shop, *bank, orders).await;
    }
}

/// Runs what is under way until its answers are lost; then many at once report what the bank did, while the workers look it up.
async fn doubted(shop: &Shop, bank: Bank) {
    shop.settle().await;
    let told = shop.reports(bank);
    assert!(!told.is_empty());
    shop.clock.advance_s(2);
    shop.crowd(THREADS, async |_| {
        for fact in &told {
            shop.commerce.report_payment(&bank.provider(), fact).await.expect("the report is taken");
        }
    });
    shop.settle().await;
}

pub async fn a_report_by_many_at_once_while_the_call_is_looked_up_is_one_fact(lab: Lab) {
    let mut shop = Shop::of(&lab).report_all().impatient().open().await;
    for bank in Bank::ALL {
        let calls =
            [(Operation::Authorize, 1), (Operation::Authorize, 2), (Operation::Capture, 1), (Operation::Void, 1), (Operation::Refund, 1)];
        let lost = calls.map(|(operation, visit)| Plan { point: Point { operation, fault: Fault::LoseAnswer }, visit });
        let faults = Faults::all_of(lost);
        shop = shop.restarted_with(&faults);
        let kept = shop.place_at(*bank, &[("LAMP", 2)]).await.id;
        doubted(&shop, *bank).await;
        let parcel = shop.pack(kept).await.shipment.id;
        if *bank != Bank::Sales {
            doubted(&shop, *bank).await;
        }
        shop.dispatch(parcel).await;
        shop.deliver(parcel).await;
        shop.give_back(kept, &[(1, 2)]).await;
        doubted(&shop, *bank).await;
        let dropped = shop.place_at(*bank, &[("LAMP", 1)]).await.id;
        doubted(&shop, *bank).await;
        shop.cancel(dropped).await;
        doubted(&shop, *bank).await;
        assert!(faults.fired() || *bank == Bank::Sales, "{faults:?}");
        assert_told_once(&shop, *bank, [kept, dropped]).await;
    }
}

pub async fn a_buyer_who_acts_late_and_another_card_at_once_pay_an_order_once(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    for _ in 0..5 {
        let placed = shop.place_paid(&[("LAMP", 1)], Token::Action).await;
        assert_eq!(placed.order.headline(), Headline::ActionRequired);
        shop.bank(Bank::Cards).act(placed.order.tenders.attempts[0].id, Decision::Approve).expect("the bank waits for it");
        let told = shop.reports(Bank::Cards);
        shop.crowd(2, async |thread| {
            if thread == 0 {
                for fact in &told {
                    shop.commerce.report_payment(&Bank::Cards.provider(), fact).await.expect("the report is taken");
                }
            } else {
                match shop.commerce.pay_order(&shop.call, placed.id, Token::Visa.method(), None, None).await {
                    Ok(_) | Err(Error::Order(Refusal::NothingDue)) => {}
                    Err(error) => panic!("the engine failed: {error}"),
                }
            }
        });
        shop.settle().await;
        let order = shop.get(placed.id).await.order;
        assert_eq!((order.headline(), order.authorized()), (Headline::Confirmed, 1_000));
    }
    // the watch over an abandoned attempt ends by itself
    shop.advance(24 * 3_600_000).await;
    shop.check().await;
}

pub async fn a_report_that_no_payment_or_another_bank_knows_is_refused_and_changes_nothing(lab: Lab) {
    let shop = Shop::of(&lab).report_all().open().await;
    let placed = shop.place(&[("LAMP", 1)]).await;
    let told = shop.reports(Bank::Cards);
    let stranger = ProviderFact { payment: shop.id(PaymentId::new), id: "stranger".to_owned(), ..told[0].clone() };
    assert!(matches!(shop.commerce.report_payment(&Bank::Cards.provider(), &stranger).await, Err(Error::NotFound("payment"))));
    assert!(matches!(shop.commerce.report_payment(&Bank::Sales.provider(), &told[0]).await, Err(Error::Invalid { .. })));
    let odd = ProviderFact {
        outcome: FactOutcome::Voided { amount: placed.order.money(1) },
        key: CallKey::Capture(shop.id(CaptureId::new)),
        ..told[0].clone()
    };
    assert!(matches!(shop.commerce.report_payment(&Bank::Cards.provider(), &odd).await, Err(Error::Invalid { .. })));
    assert_eq!(facts(&shop, placed.id).await, ["PaymentStarted", "PaymentAuthorized"]);
    shop.settle().await;
    shop.check().await;
}
