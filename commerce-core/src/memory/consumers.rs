//! Consumers of the feed, and what they parked.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::MemoryStore;
use super::page::{after, page, part};
use crate::id::{ConsumerName, MerchantId, WorkerId};
use crate::ports::{
    ChangeSet, ConsumerAct, ConsumerRow, ConsumerWrite, Consumers, Cursor, FeedKey, Page, Park, ParkedQuery, ParkedRow, PortError,
    Position, Rejection, Shard,
};
use crate::time::Timestamp;

const LIST: &str = "consumers";
const PARKED: &str = "parked items";

/// The consumers, and their parked items.
#[derive(Debug, Default)]
pub(super) struct ConsumerTable {
    rows: BTreeMap<(ConsumerName, Shard), ConsumerRow>,
    parked: BTreeMap<(ConsumerName, Shard, Position), ParkedRow>,
}

impl ConsumerTable {
    pub(super) fn row(&self, consumer: &ConsumerName, shard: Shard) -> ConsumerRow {
        let never = || ConsumerRow { consumer: consumer.clone(), shard, position: Position(0), epoch: 0, revision: 0, lease: None };
        self.rows.get(&(consumer.clone(), shard)).cloned().unwrap_or_else(never)
    }

    pub(super) fn judge(&self, set: &ChangeSet) -> Result<(), Box<Rejection>> {
        match set.consumers.iter().find(|write| !self.stands(write)) {
            Some(write) => Err(Box::new(Rejection::Outrun { consumer: write.consumer.clone(), shard: write.shard })),
            None => Ok(()),
        }
    }

    fn stands(&self, write: &ConsumerWrite) -> bool {
        let row = self.row(&write.consumer, write.shard);
        let parked = |position: &Position| self.parked.contains_key(&(write.consumer.clone(), write.shard, *position));
        row.epoch == write.epoch
            && match &write.act {
                ConsumerAct::Advance { revision, to, settled, .. } => {
                    row.revision == *revision && *to >= row.position && settled.iter().all(parked)
                }
                ConsumerAct::Replay { merchant, key } => self.of_key(write, merchant, key).next().is_some(),
                ConsumerAct::Drop { position } => parked(position),
                ConsumerAct::Reset { .. } => true,
            }
    }

    fn of_shard(&self, write: &ConsumerWrite) -> impl Iterator<Item = &ParkedRow> {
        let first = (write.consumer.clone(), write.shard, Position(0));
        let last = (write.consumer.clone(), write.shard, Position(u64::MAX));
        self.parked.range(first..=last).map(|(_, row)| row)
    }

    fn of_key<'a>(&'a self, write: &ConsumerWrite, merchant: &'a MerchantId, key: &'a FeedKey) -> impl Iterator<Item = &'a ParkedRow> {
        self.of_shard(write).filter(move |row| row.merchant == *merchant && row.key == *key)
    }

    fn set_replaying(&mut self, write: &ConsumerWrite, merchant: &MerchantId, key: &FeedKey, replaying: bool) {
        let own: Vec<Position> = self.of_key(write, merchant, key).map(|row| row.position).collect();
        for position in own {
            if let Some(row) = self.parked.get_mut(&(write.consumer.clone(), write.shard, position)) {
                row.replaying = replaying;
            }
        }
    }

    /// Writes what was judged.
    pub(super) fn write(&mut self, set: &ChangeSet) {
        for write in &set.consumers {
            let mut row = self.row(&write.consumer, write.shard);
            row.revision += 1;
            if !matches!(write.act, ConsumerAct::Advance { .. }) {
                row.epoch += 1;
                row.lease = None;
            }
            match &write.act {
                ConsumerAct::Advance { to, parked, settled, .. } => {
                    row.position = *to;
                    for position in settled {
                        self.parked.remove(&(write.consumer.clone(), write.shard, *position));
                    }
                    parked.iter().for_each(|park| self.park(write, park, set.now));
                }
                ConsumerAct::Replay { merchant, key } => self.set_replaying(write, merchant, key, true),
                ConsumerAct::Drop { position } => {
                    self.parked.remove(&(write.consumer.clone(), write.shard, *position));
                }
                ConsumerAct::Reset { to } => {
                    row.position = *to;
                    self.parked.retain(|(name, shard, at), _| (name, *shard) != (&write.consumer, write.shard) || at <= to);
                }
            }
            self.rows.insert((write.consumer.clone(), write.shard), row);
        }
    }

    fn park(&mut self, write: &ConsumerWrite, park: &Park, now: Timestamp) {
        let replaying = match park.error {
            Some(_) => {
                self.set_replaying(write, &park.merchant, &park.key, false);
                false
            }
            None => self.of_key(write, &park.merchant, &park.key).any(|row| row.replaying),
        };
        let row = ParkedRow {
            consumer: write.consumer.clone(),
            shard: write.shard,
            position: park.position,
            merchant: park.merchant.clone(),
            key: park.key.clone(),
            replaying,
            failures: park.failures,
            error: park.error.clone(),
            parked_at: now,
        };
        self.parked.insert((write.consumer.clone(), write.shard, park.position), row);
    }
}

#[async_trait]
impl Consumers for MemoryStore {
    async fn take(&self, consumer: &ConsumerName, shard: Shard, worker: WorkerId, lease_ms: u64) -> Result<Option<ConsumerRow>, PortError> {
        let now = self.clock.now();
        let table = &mut self.state().consumers;
        let mut row = table.row(consumer, shard);
        if row.lease.is_some_and(|(holder, until)| holder != worker && until > now) {
            return Ok(None);
        }
        row.epoch += 1;
        row.lease = Some((worker, now.plus_millis(lease_ms)));
        table.rows.insert((consumer.clone(), shard), row.clone());
        Ok(Some(row))
    }

    async fn renew(&self, consumer: &ConsumerName, shard: Shard, epoch: u64, lease_ms: u64) -> Result<bool, PortError> {
        let until = self.clock.now().plus_millis(lease_ms);
        let table = &mut self.state().consumers;
        let row = table.rows.get_mut(&(consumer.clone(), shard)).filter(|row| row.epoch == epoch && row.lease.is_some());
        Ok(row.map(|row| row.lease = row.lease.filter(|_| lease_ms > 0).map(|(worker, _)| (worker, until))).is_some())
    }

    async fn rows(&self, consumer: &ConsumerName) -> Result<Vec<ConsumerRow>, PortError> {
        Ok(self.state().consumers.rows.values().filter(|row| row.consumer == *consumer).cloned().collect())
    }

    async fn list(&self, cursor: Option<&Cursor>, limit: u32) -> Result<Page<ConsumerRow>, PortError> {
        let last: Option<(ConsumerName, Shard)> = match after::<2>(LIST, cursor)? {
            Some([name, shard]) => Some((part(&name)?, Shard(part(&shard)?))),
            None => None,
        };
        let state = self.state();
        let rest = state.consumers.rows.iter().filter(|(key, _)| last.as_ref().is_none_or(|last| *key > last));
        let rows = rest.map(|(_, row)| row.clone());
        Ok(page(LIST, limit, rows, |row| [row.consumer.to_string(), row.shard.0.to_string()]))
    }

    async fn parked(&self, query: &ParkedQuery, cursor: Option<&Cursor>, limit: u32) -> Result<Page<ParkedRow>, PortError> {
        let last = match after::<2>(PARKED, cursor)? {
            Some([shard, position]) => Some((Shard(part(&shard)?), Position(part(&position)?))),
            None => None,
        };
        let wanted = |row: &&ParkedRow| {
            row.consumer == query.consumer
                && query.shard.is_none_or(|shard| row.shard == shard)
                && query.merchant.as_ref().is_none_or(|merchant| row.merchant == *merchant)
                && (!query.replaying || row.replaying)
                && last.is_none_or(|last| (row.shard, row.position) > last)
        };
        let state = self.state();
        let rows = state.consumers.parked.values().filter(wanted).cloned();
        Ok(page(PARKED, limit, rows, |row| [row.shard.0.to_string(), row.position.to_string()]))
    }

    async fn parked_at(&self, consumer: &ConsumerName, shard: Shard, position: Position) -> Result<Option<ParkedRow>, PortError> {
        Ok(self.state().consumers.parked.get(&(consumer.clone(), shard, position)).cloned())
    }
}
