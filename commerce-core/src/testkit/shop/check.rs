//! What holds of a shop that is at rest.

mod books;
mod money;
mod orders;
mod stock;

use std::sync::Arc;

use crate::engine::Builder;
use crate::ports::SagaPhase;
use crate::sandbox::{Options, Sandbox};
use crate::testkit::shop::{Bank, Shop};

use books::Books;

/// How many sagas may be unsettled in a shop at rest; no other may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsettled {
    /// Sagas that wait: for a buyer, for time, for an operator's word to their order.
    pub waiting: usize,
    /// Sagas that are stuck.
    pub stuck: usize,
}

impl Shop {
    /// Asserts that the shop is lawfully at rest, and no saga is unsettled.
    ///
    /// # Panics
    /// With every law that is broken.
    pub async fn check(&self) {
        self.check_but(Unsettled::default()).await;
    }

    /// Asserts that the shop is lawfully at rest, with so many sagas unsettled:
    ///
    /// - what the banks took, paid back and still set aside is what the engine knows, payment by payment, and no bank has money of a
    ///   payment that the engine does not know;
    /// - every account, and every hold, is the fold of its movements; nothing is promised that is not there, but for a recorded
    ///   shortfall; what is held for an order is what it needs, and what left for it is what it dispatched;
    /// - every order's row, and what the engine remembers of it, is the replay of its stream;
    /// - [`crate::engine::Commerce::verify`] finds nothing different;
    /// - [`crate::engine::Commerce::verify`] finds no difference;
    /// - no money and no stock stays with an order that has ended, and none beyond its total with one that is complete.
    ///
    /// # Panics
    /// With every law that is broken.
    pub async fn check_but(&self, allowed: Unsettled) {
        let broken = self.broken_laws(allowed).await;
        assert!(broken.is_empty(), "the shop is not lawfully at rest:\n{}", broken.join("\n"));
    }

    /// The laws of [`Shop::check_but`] that do not hold, in words.
    ///
    /// # Panics
    /// If something cannot be read.
    pub async fn broken_laws(&self, allowed: Unsettled) -> Vec<String> {
        let books = Books::read(self).await;
        let mut broken = Vec::new();
        money::check(&books, &mut broken);
        stock::check(&books, &mut broken);
        orders::check(&books, &mut broken);
        check_sagas(&books, allowed, &mut broken);
        self.verify(&mut broken).await;
        broken
    }

    /// What an engine that meets no faults finds different in the store.
    async fn verify(&self, broken: &mut Vec<String>) {
        let bank = Arc::new(Sandbox::new(self.clock.clone(), Options::CARDS));
        let (engine, _) = Builder::new(self.store.clone(), self.clock.clone(), Bank::Cards.provider(), bank).build();
        let report = engine.verify().await.expect("the store is read");
        broken.extend(report.differences.iter().map(|difference| format!("verify: {difference}")));
        broken.extend(report.unsettled.iter().map(|one| format!("verify: {} kept changing", one.subject)));
    }
}

fn check_sagas(books: &Books, allowed: Unsettled, broken: &mut Vec<String>) {
    let count = |phase| books.sagas.iter().filter(|saga| saga.phase == phase).count();
    let unsettled = Unsettled { waiting: count(SagaPhase::Running), stuck: count(SagaPhase::Stuck) };
    if unsettled != allowed {
        broken.push(format!("{unsettled:?}, allowed is {allowed:?}"));
        let open = books.sagas.iter().filter(|saga| matches!(saga.phase, SagaPhase::Running | SagaPhase::Stuck));
        broken.extend(open.map(|saga| {
            let since = saga.last_error.as_deref().unwrap_or("no failure");
            format!("  saga {} {} {}: due {:?}, leased {:?}, {since}", saga.kind.kind, saga.id, saga.phase, saga.due, saga.lease)
        }));
    }
}
