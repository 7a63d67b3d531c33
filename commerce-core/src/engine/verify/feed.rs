//! The whole feed, read once in its order: what all movements and all facts of money sum to.

use std::collections::HashMap;

use crate::engine::Error;
use crate::engine::verify::sums::Book;
use crate::engine::verify::{Check, Walk};
use crate::ports::{FeedEntry, LIMIT_MAX_ROWS, Position, Shard, StreamName};
use crate::stock::{Account, AccountKey, Limits, Movement};
use crate::stored;

/// What the movements of an account come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fold {
    pub(super) on_hand: i128,
    pub(super) held: i128,
    /// The limits that were set last, by each shard that set any.
    limits: Vec<(Shard, Limits)>,
}

impl Fold {
    /// A movement that came after those that were added.
    pub(super) fn add(&mut self, shard: Shard, movement: &Movement) {
        if movement.limits.is_some() {
            self.limits.retain(|(of, _)| *of != shard);
        }
        self.add_older(shard, movement);
    }

    /// A movement that came before those that were added.
    pub(super) fn add_older(&mut self, shard: Shard, movement: &Movement) {
        self.on_hand += i128::from(movement.on_hand_delta);
        self.held += i128::from(movement.held_delta);
        if let Some(limits) = movement.limits.filter(|_| self.limits.iter().all(|(of, _)| *of != shard)) {
            self.limits.push((shard, limits));
        }
    }

    /// The limits that were set last; those of an account if they are among them, for shards have no order among each other.
    pub(super) fn limits(&self, of: &Account) -> Limits {
        let mut last = self.limits.iter().map(|(_, limits)| *limits);
        if last.clone().any(|limits| limits == of.limits) { of.limits } else { last.next().unwrap_or_default() }
    }

    /// Whether an account is what its movements make it.
    pub(super) fn makes(&self, account: &Account) -> bool {
        let counters = (self.on_hand, self.held) == (i128::from(account.on_hand), i128::from(account.held));
        counters && account.limits == self.limits(account) && i128::from(account.shortfall) == shortfall(self, &account.limits)
    }
}

/// What is promised and not there.
pub(super) fn shortfall(fold: &Fold, limits: &Limits) -> i128 {
    (fold.held - fold.on_hand - i128::from(limits.backorder) + i128::from(limits.safety)).max(0)
}

/// What the feed holds, up to where it was read.
#[derive(Debug, Default)]
pub(super) struct FeedSums {
    pub(super) accounts: HashMap<AccountKey, Fold>,
    pub(super) money: Book,
    pub(super) heads: Vec<(Shard, Position)>,
    /// Whether all of it could be read.
    pub(super) whole: bool,
}

impl Walk<'_> {
    /// Reads the feed of every shard, as consumers do: without mirrors, so that no money is counted twice.
    pub(super) async fn feed(&mut self) -> Result<FeedSums, Error> {
        let mut sums = FeedSums { whole: true, ..FeedSums::default() };
        for shard in (0..self.store.facts.shards).map(Shard) {
            let mut after = Position(0);
            loop {
                let items = self.store.feed.read(shard, after, LIMIT_MAX_ROWS, false).await;
                let subject = format!("feed of shard {} after {after}", shard.0);
                let Some(items) = self.readable(Check::MoneyTotals, &subject, items)? else {
                    sums.whole = false;
                    break;
                };
                let Some(last) = items.last() else { break };
                after = last.position;
                for item in items {
                    match item.entry {
                        FeedEntry::Movement { movement, .. } => match sums.accounts.get_mut(&movement.account) {
                            Some(fold) => fold.add(shard, &movement),
                            None => sums.accounts.entry(movement.account.clone()).or_default().add(shard, &movement),
                        },
                        FeedEntry::Event(event) if matches!(event.stream.name, StreamName::Payment(_)) => {
                            // what cannot be read is told of with its stream
                            if let Ok(fact) = stored::decode_payment(&event.event.kind, event.event.kind_version, &event.event.bytes) {
                                sums.money.count(&item.merchant, &fact);
                            }
                        }
                        FeedEntry::Event(_) => {}
                    }
                }
            }
            sums.heads.push((shard, after));
        }
        Ok(sums)
    }

    /// Whether nothing was committed since the feed was read.
    pub(super) async fn quiet_since(&self, sums: &FeedSums) -> Result<bool, Error> {
        for (shard, head) in &sums.heads {
            if !self.store.feed.read(*shard, *head, 1, true).await?.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
