//! Everything that a shop keeps, read at once.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::{Call, OrderView};
use crate::id::{MerchantId, PaymentId};
use crate::ports::{FeedEntry, LIMIT_MAX_ROWS, OrderRow, PaymentRow, SagaQuery, SagaRow, Shard, Store};
use crate::sandbox::{Ledger, Totals};
use crate::stock::{Account, AccountKey, Hold, Movement};
use crate::tender::Tenders;
use crate::testkit::lab::{feed_of, walk};
use crate::testkit::shop::{Bank, Shop};
use crate::time::Timestamp;

pub(super) struct Books {
    pub(super) orders: Vec<KeptOrder>,
    pub(super) payments: Vec<(PaymentRow, Tenders)>,
    pub(super) accounts: Vec<(AccountKey, Account)>,
    pub(super) holds: Vec<Hold>,
    pub(super) movements: Vec<Movement>,
    pub(super) sagas: Vec<SagaRow>,
    pub(super) ledgers: Vec<(Bank, Ledger)>,
}

pub(super) struct KeptOrder {
    pub(super) row: OrderRow,
    /// From the stream.
    pub(super) replayed: OrderView,
    /// As the engine remembers it.
    pub(super) known: OrderView,
}

impl Books {
    pub(super) async fn read(shop: &Shop) -> Self {
        let store = &shop.store;
        let mut merchants: BTreeSet<MerchantId> = BTreeSet::from([shop.call.merchant.clone()]);
        let mut orders = Vec::new();
        for (merchant, row) in walk(LIMIT_MAX_ROWS, async |after, limit| store.audit.all_orders(after, limit).await).await {
            let call = Call { merchant: merchant.clone(), ..shop.call.clone() };
            let replayed = shop.commerce.get_order_as_of(&call, row.id, Timestamp::MAX).await.expect("an order replays");
            let known = shop.commerce.get_order(&call, row.id).await.expect("an order is known");
            merchants.insert(merchant);
            orders.push(KeptOrder { row, replayed, known });
        }
        let mut payments = Vec::new();
        for (merchant, row) in walk(LIMIT_MAX_ROWS, async |after, limit| store.audit.all_payments(after, limit).await).await {
            let call = Call { merchant: merchant.clone(), ..shop.call.clone() };
            let payment = shop.commerce.get_payment(&call, row.id).await.expect("a payment replays").payment;
            merchants.insert(merchant);
            payments.push((row, payment.tenders));
        }
        let mut sagas = Vec::new();
        for merchant in merchants {
            let query = SagaQuery { merchant, phase: None, order: None };
            sagas.extend(walk(LIMIT_MAX_ROWS, async |after, limit| store.sagas.list(&query, after, limit).await).await);
        }
        Self {
            orders,
            payments,
            accounts: walk(LIMIT_MAX_ROWS, async |after, limit| store.audit.all_accounts(after, limit).await).await,
            holds: walk(LIMIT_MAX_ROWS, async |after, limit| store.audit.all_holds(after, limit).await).await,
            movements: movements(store).await,
            sagas,
            ledgers: shop.banks.iter().map(|(name, bank)| (*name, bank.ledger())).collect(),
        }
    }

    /// What all banks did, by payment.
    pub(super) fn banked(&self) -> BTreeMap<PaymentId, Totals> {
        let mut banked: BTreeMap<PaymentId, Totals> = BTreeMap::new();
        for (_, ledger) in &self.ledgers {
            let ids: BTreeSet<PaymentId> = ledger.entries().iter().map(|entry| entry.payment).collect();
            for id in ids {
                let sum = banked.entry(id).or_default();
                for totals in ledger.payment(id).values() {
                    sum.authorized += totals.authorized;
                    sum.captured += totals.captured;
                    sum.released += totals.released;
                    sum.refunded += totals.refunded;
                }
            }
        }
        banked
    }
}

async fn movements(store: &Store) -> Vec<Movement> {
    let mut all = Vec::new();
    for shard in 0..store.facts.shards {
        let items = feed_of(store, Shard(shard)).await.into_iter();
        all.extend(items.filter_map(|item| match item.entry {
            FeedEntry::Movement { movement, .. } => Some(movement),
            FeedEntry::Event(_) => None,
        }));
    }
    all
}
