//! Accounts against their movements and the holds on them.

use std::collections::HashMap;

use crate::engine::Error;
use crate::engine::verify::feed::{FeedSums, Fold, shortfall};
use crate::engine::verify::findings::{Notes, Seen, or_none, settled};
use crate::engine::verify::lists::Pages;
use crate::engine::verify::{Check, Walk};
use crate::id::{MerchantId, Sku};
use crate::ports::{FeedEntry, FeedItem, LIMIT_MAX_ROWS, Position, Shard, Store};
use crate::stock::{Account, AccountKey, Hold, Limits};

/// Units that open holds have, by account.
#[derive(Debug, Default)]
pub(super) struct Held(pub(super) HashMap<AccountKey, i64>);

impl Held {
    pub(super) fn add(&mut self, hold: &Hold) {
        for place in hold.placements.iter().filter(|place| place.remaining > 0) {
            let key = AccountKey { merchant: hold.merchant.clone(), sku: hold.sku.clone(), location: place.location.clone() };
            *self.0.entry(key).or_default() += i64::from(place.remaining);
        }
    }
}

impl Walk<'_> {
    /// Compares every account with what the feed and the holds say; what differs is read again, for the store may be in use.
    pub(super) async fn accounts(&mut self, mut feed: FeedSums, mut held: Held) -> Result<(), Error> {
        let store = self.store;
        let mut suspects: Vec<AccountKey> = Vec::new();
        let mut pages = Pages::of(Check::AccountCounters, "accounts");
        while pages.more() {
            let page = store.audit.all_accounts(pages.after(), pages.limit()).await;
            for (key, account) in pages.rows(self, page)? {
                self.looked(Check::AccountCounters);
                self.looked(Check::AccountHolds);
                let fold = feed.accounts.remove(&key).unwrap_or_default();
                let placed = held.0.remove(&key).unwrap_or(0);
                if !fold.makes(&account) || placed != account.held {
                    suspects.push(key);
                }
            }
        }
        // what moved, or is held, where there is no account
        suspects.extend(feed.accounts.into_keys());
        suspects.extend(held.0.into_keys());
        suspects.sort();
        suspects.dedup_by(|a, b| (&a.merchant, &a.sku) == (&b.merchant, &b.sku));
        for AccountKey { merchant, sku, .. } in suspects {
            let found = settled(|| look(store, &merchant, &sku)).await?;
            self.add(found, Some(&merchant), &format!("stock/{sku}"));
        }
        Ok(())
    }
}

/// The last movement of a SKU: while it is the same, no counter of it has moved.
fn newest(items: &[FeedItem]) -> Option<(Shard, Position)> {
    items.first().map(|item| (item.shard, item.position))
}

/// Looks at all accounts of one SKU, in between two moves of it.
async fn look(store: &Store, merchant: &MerchantId, sku: &Sku) -> Result<Seen, Error> {
    let mut notes = Notes::new(merchant);
    let subject = format!("stock/{sku}");
    let mut folds: HashMap<AccountKey, Fold> = HashMap::new();
    let mut first = None;
    let mut after = None;
    loop {
        let page = store.stock.movements(merchant, sku, after.as_ref(), LIMIT_MAX_ROWS).await;
        let Some(page) = notes.readable(Check::AccountCounters, &subject, page)? else { return Ok(Seen::Judged(notes.findings)) };
        if after.is_none() {
            first = newest(&page.items);
        }
        // they are told the newest first
        for item in page.items {
            if let FeedEntry::Movement { movement, .. } = item.entry {
                folds.entry(movement.account.clone()).or_default().add_older(item.shard, &movement);
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let Some(mut held) = held_of(store, &mut notes, merchant, sku).await? else { return Ok(Seen::Judged(notes.findings)) };
    let accounts = store.stock.accounts(merchant, std::slice::from_ref(sku)).await;
    let Some(accounts) = notes.readable(Check::AccountCounters, &subject, accounts)? else { return Ok(Seen::Judged(notes.findings)) };
    let last = store.stock.movements(merchant, sku, None, 1).await?;
    if newest(&last.items) != first {
        return Ok(Seen::Moved);
    }
    for (key, account) in accounts {
        let placed = held.0.remove(&key).unwrap_or(0);
        compare(&mut notes, &key, Some(&account), &folds.remove(&key).unwrap_or_default(), placed);
    }
    for (key, fold) in folds {
        let placed = held.0.remove(&key).unwrap_or(0);
        compare(&mut notes, &key, None, &fold, placed);
    }
    for (key, placed) in held.0 {
        compare(&mut notes, &key, None, &Fold::default(), placed);
    }
    Ok(Seen::Judged(notes.findings))
}

/// What open holds of a SKU have, at each place.
async fn held_of(store: &Store, notes: &mut Notes<'_>, merchant: &MerchantId, sku: &Sku) -> Result<Option<Held>, Error> {
    let mut held = Held::default();
    let mut after = None;
    loop {
        let page = store.audit.all_holds(after.as_ref(), LIMIT_MAX_ROWS).await;
        let Some(page) = notes.readable(Check::AccountHolds, &format!("stock/{sku}"), page)? else { return Ok(None) };
        page.items.iter().filter(|hold| hold.merchant == *merchant && hold.sku == *sku).for_each(|hold| held.add(hold));
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(Some(held)),
        }
    }
}

fn compare(notes: &mut Notes<'_>, key: &AccountKey, account: Option<&Account>, fold: &Fold, placed: i64) {
    let subject = format!("stock/{}@{}", key.sku, key.location);
    let Some(account) = account else {
        return notes.differ(Check::AccountCounters, &subject, "an account", "none");
    };
    if !fold.makes(account) {
        let limits = fold.limits(account);
        let expected = words(fold.on_hand, fold.held, shortfall(fold, &limits), &limits);
        let found = words(account.on_hand.into(), account.held.into(), account.shortfall.into(), &account.limits);
        notes.differ(Check::AccountCounters, &subject, expected, found);
    }
    if placed != account.held {
        notes.differ(Check::AccountHolds, &subject, format!("held {placed}"), format!("held {}", account.held));
    }
}

fn words(on_hand: i128, held: i128, shortfall: i128, limits: &Limits) -> String {
    let Limits { backorder, safety, reorder_point, reorder_qty } = limits;
    let reorder = format!("reorder {reorder_qty} at {}", or_none(*reorder_point));
    format!("on_hand {on_hand}, held {held}, shortfall {shortfall}, backorder {backorder}, safety {safety}, {reorder}")
}
