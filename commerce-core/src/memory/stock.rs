//! Reads of the stock ledger.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::MemoryStore;
use super::page::{after, page, part};
use crate::id::{HoldId, MerchantId, Sku};
use crate::ports::{Cursor, FeedItem, Page, PortError, Stock, StockSummary};
use crate::stock::{Account, AccountKey, Hold, Owner};
use crate::time::Timestamp;

const LIST: &str = "accounts";
const LOW: &str = "low accounts";
const MOVEMENTS: &str = "movements";
const EXPIRED: &str = "expired holds";

type AccountRow = (AccountKey, Account);

fn account_page(
    list: &str,
    rows: impl Iterator<Item = AccountRow>,
    cursor: Option<&Cursor>,
    limit: u32,
) -> Result<Page<AccountRow>, PortError> {
    let last = match after::<2>(list, cursor)? {
        Some([sku, location]) => Some((part(&sku)?, part(&location)?)),
        None => None,
    };
    let rest = rows.filter(|(key, _)| last.as_ref().is_none_or(|(sku, location)| (&key.sku, &key.location) > (sku, location)));
    Ok(page(list, limit, rest, |(key, _)| [key.sku.to_string(), key.location.to_string()]))
}

#[async_trait]
impl Stock for MemoryStore {
    async fn accounts(&self, merchant: &MerchantId, skus: &[Sku]) -> Result<Vec<AccountRow>, PortError> {
        let state = self.state();
        let mut found = Vec::new();
        for sku in skus.iter().collect::<BTreeSet<_>>() {
            let places = state.books.accounts.get(&(merchant.clone(), sku.clone())).into_iter().flatten();
            found.extend(places.map(|(location, account)| {
                (AccountKey { merchant: merchant.clone(), sku: sku.clone(), location: location.clone() }, *account)
            }));
        }
        Ok(found)
    }

    async fn list(&self, merchant: &MerchantId, after: Option<&Cursor>, limit: u32) -> Result<Page<AccountRow>, PortError> {
        account_page(LIST, self.state().books.accounts_of(merchant), after, limit)
    }

    async fn low(&self, merchant: &MerchantId, after: Option<&Cursor>, limit: u32) -> Result<Page<AccountRow>, PortError> {
        account_page(LOW, self.state().books.accounts_of(merchant).filter(|(_, account)| account.is_low()), after, limit)
    }

    async fn summary(&self, merchant: &MerchantId) -> Result<StockSummary, PortError> {
        let state = self.state();
        let mut sums = StockSummary::default();
        let mut skus = BTreeSet::new();
        for (key, account) in state.books.accounts_of(merchant) {
            sums.accounts += 1;
            sums.on_hand = sums.on_hand.saturating_add(account.on_hand);
            sums.held = sums.held.saturating_add(account.held);
            sums.available = sums.available.saturating_add(account.available().max(0));
            sums.low += u64::from(account.is_low());
            sums.out += u64::from(account.available() <= 0);
            skus.insert(key.sku);
        }
        sums.skus = skus.len() as u64;
        Ok(sums)
    }

    async fn hold(&self, merchant: &MerchantId, id: HoldId) -> Result<Option<Hold>, PortError> {
        Ok(self.state().books.holds.get(&(merchant.clone(), id)).cloned())
    }

    async fn holds(&self, merchant: &MerchantId, owner: Owner) -> Result<Vec<Hold>, PortError> {
        Ok(self.state().books.holds_of(merchant, owner))
    }

    async fn expired(&self, now: Timestamp, cursor: Option<&Cursor>, limit: u32) -> Result<Page<Hold>, PortError> {
        let last = match after::<3>(EXPIRED, cursor)? {
            Some([micros, id, merchant]) => Some((Timestamp::from_micros(part(&micros)?), part(&id)?, part(&merchant)?)),
            None => None,
        };
        let state = self.state();
        let place = |hold: &Hold| (hold.expires_at, hold.id, hold.merchant.clone());
        let rows = state.books.expired(now).filter(|hold| last.as_ref().is_none_or(|last| place(hold) > *last)).cloned();
        Ok(page(EXPIRED, limit, rows, |hold| [hold.expires_at.micros().to_string(), hold.id.to_string(), hold.merchant.to_string()]))
    }

    async fn movements(&self, merchant: &MerchantId, sku: &Sku, cursor: Option<&Cursor>, limit: u32) -> Result<Page<FeedItem>, PortError> {
        let last = match after::<1>(MOVEMENTS, cursor)? {
            Some([index]) => part(&index)?,
            None => usize::MAX,
        };
        let state = self.state();
        let places = state.books.movements_of(merchant, sku).iter().enumerate().rev().skip_while(|(index, _)| *index >= last);
        let rows = places.filter_map(|(index, (shard, position))| Some((index, state.log.item(*shard, *position)?.clone())));
        Ok(page(MOVEMENTS, limit, rows, |(index, _)| [index.to_string()]).map(|(_, item)| item))
    }
}
