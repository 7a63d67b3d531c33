//! Sagas and their leases.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use super::MemoryStore;
use super::page::{after, page, part, rows_max};
use crate::id::{MerchantId, WorkerId};
use crate::ports::{
    ChangeSet, Cursor, KindVersion, NewSaga, Page, PortError, Rejection, SagaId, SagaPhase, SagaQuery, SagaRow, SagaUpdate, SagaWrite,
    Sagas,
};
use crate::time::Timestamp;

const LIST: &str = "sagas";

/// The sagas, and which of them run when.
#[derive(Debug, Default)]
pub(super) struct SagaTable {
    rows: BTreeMap<SagaId, SagaRow>,
    due: BTreeSet<(Timestamp, SagaId)>,
    by_time: BTreeSet<(Timestamp, SagaId)>,
}

impl SagaTable {
    pub(super) fn get(&self, id: SagaId) -> Option<&SagaRow> {
        self.rows.get(&id)
    }

    /// All sagas, by id.
    pub(super) fn all(&self) -> impl Iterator<Item = &SagaRow> {
        self.rows.values()
    }

    pub(super) fn put(&mut self, row: SagaRow) {
        if let Some(due) = self.rows.get(&row.id).and_then(|before| before.due) {
            self.due.remove(&(due, row.id));
        }
        if let (SagaPhase::Running, Some(due)) = (row.phase, row.due) {
            self.due.insert((due, row.id));
        }
        self.by_time.insert((row.created_at, row.id));
        self.rows.insert(row.id, row);
    }

    /// The rows that the saga writes of a set make, in order; `clock` is the store's time.
    pub(super) fn judge(&self, set: &ChangeSet, clock: Timestamp) -> Result<BTreeMap<SagaId, SagaRow>, Box<Rejection>> {
        let mut rows = BTreeMap::new();
        for write in &set.sagas {
            let id = match write {
                SagaWrite::Insert(new) => new.id,
                SagaWrite::Update(update) => update.id,
                SagaWrite::Wake { id, .. } => *id,
            };
            let fenced = || Box::new(Rejection::Fenced { saga: id });
            let row = rows.get(&id).or_else(|| self.rows.get(&id));
            let changed = match write {
                SagaWrite::Insert(new) if row.is_none() => begin(set, new, clock),
                SagaWrite::Update(update) => step(set, row, update).ok_or_else(fenced)?,
                SagaWrite::Wake { due, .. } => match row.and_then(|row| wake(set, row, *due)) {
                    Some(woken) => woken,
                    None => continue,
                },
                SagaWrite::Insert(_) => return Err(fenced()),
            };
            rows.insert(id, changed);
        }
        Ok(rows)
    }
}

fn begin(set: &ChangeSet, new: &NewSaga, clock: Timestamp) -> SagaRow {
    SagaRow {
        id: new.id,
        merchant: set.partition.merchant.clone(),
        kind: new.kind.clone(),
        order: new.order,
        payment: new.payment,
        phase: SagaPhase::Running,
        epoch: u64::from(new.leased_to.is_some()),
        revision: 1,
        lease: new.leased_to.map(|(worker, lease_ms)| (worker, clock.plus_millis(lease_ms))),
        due: new.due,
        failures: 0,
        last_error: None,
        state: new.state.clone(),
        created_at: set.now,
        updated_at: set.now,
    }
}

fn step(set: &ChangeSet, row: Option<&SagaRow>, update: &SagaUpdate) -> Option<SagaRow> {
    let row = row.filter(|row| row.merchant == set.partition.merchant)?;
    if (row.epoch, row.revision) != (update.epoch, update.revision) {
        return None;
    }
    Some(SagaRow {
        phase: update.phase,
        revision: row.revision + 1,
        lease: if update.release { None } else { row.lease },
        due: update.due,
        failures: update.failures,
        last_error: update.last_error.clone(),
        state: update.state.clone(),
        updated_at: set.now,
        ..row.clone()
    })
}

fn wake(set: &ChangeSet, row: &SagaRow, due: Timestamp) -> Option<SagaRow> {
    if row.merchant != set.partition.merchant || row.phase != SagaPhase::Running {
        return None;
    }
    let due = Some(row.due.map_or(due, |before| before.min(due)));
    Some(SagaRow { due, revision: row.revision + 1, updated_at: set.now, ..row.clone() })
}

#[async_trait]
impl Sagas for MemoryStore {
    async fn claim(&self, worker: WorkerId, kinds: &[KindVersion], lease_ms: u64, limit: u32) -> Result<Vec<SagaRow>, PortError> {
        let now = self.clock.now();
        let table = &mut self.state().sagas;
        let free = |row: &&SagaRow| kinds.contains(&row.kind) && row.lease.is_none_or(|(_, until)| until <= now);
        let due = table.due.iter().take_while(|(due, _)| *due <= now).filter_map(|(_, id)| table.rows.get(id));
        let mut claimed: Vec<SagaRow> = due.filter(free).take(rows_max(limit)).cloned().collect();
        for row in &mut claimed {
            row.epoch += 1;
            row.lease = Some((worker, now.plus_millis(lease_ms)));
            table.put(row.clone());
        }
        Ok(claimed)
    }

    async fn renew(&self, id: SagaId, epoch: u64, lease_ms: u64) -> Result<bool, PortError> {
        let until = self.clock.now().plus_millis(lease_ms);
        let table = &mut self.state().sagas;
        let lease = table.rows.get_mut(&id).filter(|row| row.epoch == epoch).and_then(|row| row.lease.as_mut());
        Ok(lease.map(|lease| lease.1 = until).is_some())
    }

    async fn get(&self, merchant: &MerchantId, id: SagaId) -> Result<Option<SagaRow>, PortError> {
        Ok(self.state().sagas.get(id).filter(|row| row.merchant == *merchant).cloned())
    }

    async fn list(&self, query: &SagaQuery, cursor: Option<&Cursor>, limit: u32) -> Result<Page<SagaRow>, PortError> {
        let last = match after::<2>(LIST, cursor)? {
            Some([micros, id]) => Some((Timestamp::from_micros(part(&micros)?), part(&id)?)),
            None => None,
        };
        let state = self.state();
        let wanted = |row: &&SagaRow| {
            row.merchant == query.merchant
                && query.phase.is_none_or(|phase| row.phase == phase)
                && (query.order.is_none() || row.order == query.order)
        };
        let older = state.sagas.by_time.iter().rev().filter(|key| last.is_none_or(|last| **key < last));
        let rows = older.filter_map(|(_, id)| state.sagas.rows.get(id)).filter(wanted).cloned();
        Ok(page(LIST, limit, rows, |row| [row.created_at.micros().to_string(), row.id.to_string()]))
    }
}
