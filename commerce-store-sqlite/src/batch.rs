//! A batch of change sets in one transaction: each set is judged whole, then written whole; accounts and holds are written last, once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use commerce_core::id::{HoldId, MerchantId, MoveId, Sku};
use commerce_core::ports::{ChangeSet, PortError, Position, Receipt, Rejection, SagaId, SagaWrite, Shard, Verdict, Version, ViewRow};
use commerce_core::stock::{Account, AccountKey, Applied, Expiry, Hold, Ledger, LedgerSource, Movement, Refusal};
use commerce_core::time::Timestamp;
use rusqlite::Connection;

use crate::error::{Result, SqlError};
use crate::table::movements::Recorded;
use crate::table::parcels::{self, Way};
use crate::table::{accounts, claims, consumers, events, holds, movements, orders, payments, personal, refunds, sagas};

/// Ids of the rows of accounts that were read in this batch.
type RowIds = Rc<RefCell<HashMap<AccountKey, i64>>>;

pub(crate) struct Batch<'a> {
    conn: &'a Connection,
    heads: &'a mut [Position],
    clock: Timestamp,
    row_ids: RowIds,
    ledger: Ledger<Source<'a>>,
    recorded: Vec<Recorded>,
}

/// Why a set was not written.
enum Refused {
    Rejected(Box<Rejection>),
    Misuse(PortError),
    Failed(SqlError),
}

impl<E: Into<SqlError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

fn rejected<T>(rejection: Rejection) -> Result<T, Refused> {
    Err(Refused::Rejected(Box::new(rejection)))
}

impl<'a> Batch<'a> {
    /// A batch in the transaction that is open. `heads` are the last positions of the shards, `clock` is what leases are counted from.
    pub(crate) fn new(conn: &'a Connection, heads: &'a mut [Position], clock: Timestamp) -> Self {
        let row_ids = RowIds::default();
        let ledger = Ledger::new(Source { conn, row_ids: Rc::clone(&row_ids) });
        Self { conn, heads, clock, row_ids, ledger, recorded: Vec::new() }
    }

    /// Judges a set and writes it if it stands. An error fails the whole batch.
    pub(crate) fn take(&mut self, set: &ChangeSet) -> Result<Result<Verdict, PortError>> {
        match self.judge(set) {
            Ok(applied) => self.write(set, applied).map(|receipt| Ok(Verdict::Committed(receipt))),
            Err(Refused::Rejected(rejection)) => Ok(Ok(Verdict::Rejected(*rejection))),
            Err(Refused::Misuse(error)) => Ok(Err(error)),
            Err(Refused::Failed(error)) => Err(error),
        }
    }

    /// Writes what the batch did to accounts and holds, and its movements.
    pub(crate) fn finish(self) -> Result<()> {
        let changes = self.ledger.into_changes();
        let mut row_ids = self.row_ids.borrow_mut();
        let mut last: HashMap<&AccountKey, i64> =
            self.recorded.iter().map(|recorded| (&recorded.movement.account, recorded.seq())).collect();
        let prev = chained(self.conn, &self.recorded)?;
        for (key, account) in &changes.accounts {
            let last = last.remove(key);
            if let Some(id) = row_ids.get(key) {
                accounts::update(self.conn, *id, account, last)?;
            } else {
                let id = accounts::insert(self.conn, key, account, last)?;
                row_ids.insert(key.clone(), id);
            }
        }
        if !last.is_empty() {
            return Err(SqlError::Misuse("a movement of an account that the ledger did not change"));
        }
        for hold in &changes.holds {
            holds::put(self.conn, hold)?;
        }
        for (recorded, prev) in self.recorded.iter().zip(prev) {
            let account = row_ids
                .get(&recorded.movement.account)
                .ok_or(SqlError::Misuse("a movement of an account that the ledger did not change"))?;
            movements::insert(self.conn, *account, prev, recorded)?;
        }
        Ok(())
    }

    fn judge(&mut self, set: &ChangeSet) -> Result<Applied, Refused> {
        set.check().map_err(Refused::Misuse)?;
        let merchant = &set.partition.merchant;
        for claim in &set.claims {
            if let Some(row) = claims::get(self.conn, merchant, claim.space, &claim.key, set.now)? {
                let same_request = row.request_hash == claim.request_hash;
                return rejected(Rejection::Claimed { claim: claim.clone(), owner: row.owner, same_request });
            }
        }
        self.judge_sagas(set)?;
        for write in &set.consumers {
            if !consumers::stands(self.conn, write)? {
                return rejected(Rejection::Outrun { consumer: write.consumer.clone(), shard: write.shard });
            }
        }
        for append in &set.appends {
            let actual = events::version(self.conn, &append.stream)?;
            if actual != append.expected.version() {
                return rejected(Rejection::Conflict { stream: append.stream.clone(), actual });
            }
        }
        if set.moves.is_empty() {
            return Ok(Applied::default());
        }
        self.ledger.apply(merchant, &set.moves, set.now, set.meta.at).map_err(|refusal| match refusal {
            Refusal::Gone(hold) => Refused::Rejected(Box::new(Rejection::HoldGone { hold })),
            Refusal::Short(items) => Refused::Rejected(Box::new(Rejection::Short(items))),
            Refusal::Misuse(error) => Refused::Misuse(PortError::misuse(error)),
            Refusal::Source(error) => Refused::Failed(error),
        })
    }

    /// Fences the saga writes of a set, each as those before it in the set leave the saga.
    fn judge_sagas(&self, set: &ChangeSet) -> Result<(), Refused> {
        let mut stands: HashMap<SagaId, Option<sagas::Stand>> = HashMap::new();
        for write in &set.sagas {
            let id = match write {
                SagaWrite::Insert(saga) => saga.id,
                SagaWrite::Update(update) => update.id,
                // nothing in the set depends on it
                SagaWrite::Wake { .. } if set.sagas.len() == 1 => continue,
                SagaWrite::Wake { id, .. } => *id,
            };
            let stand = match stands.get(&id) {
                Some(stand) => stand.clone(),
                None => sagas::stand(self.conn, id)?,
            };
            let own = stand.as_ref().filter(|stand| stand.merchant == set.partition.merchant);
            let next = match (write, own) {
                (SagaWrite::Insert(saga), _) if stand.is_none() => Some(sagas::Stand {
                    merchant: set.partition.merchant.clone(),
                    epoch: u64::from(saga.leased_to.is_some()),
                    revision: 1,
                    running: true,
                }),
                (SagaWrite::Update(update), Some(own)) if (own.epoch, own.revision) == (update.epoch, update.revision) => {
                    let running = update.phase == commerce_core::ports::SagaPhase::Running;
                    Some(sagas::Stand { revision: own.revision + 1, running, ..own.clone() })
                }
                (SagaWrite::Wake { .. }, Some(own)) if own.running => Some(sagas::Stand { revision: own.revision + 1, ..own.clone() }),
                (SagaWrite::Wake { .. }, _) => stand,
                _ => return rejected(Rejection::Fenced { saga: id }),
            };
            stands.insert(id, next);
        }
        Ok(())
    }

    fn write(&mut self, set: &ChangeSet, applied: Applied) -> Result<Receipt> {
        let merchant = &set.partition.merchant;
        for claim in &set.claims {
            claims::put(self.conn, merchant, claim)?;
        }
        for write in &set.sagas {
            match write {
                SagaWrite::Insert(saga) => sagas::insert(self.conn, merchant, saga, self.clock, set.now)?,
                SagaWrite::Update(update) => sagas::update(self.conn, update, set.now)?,
                SagaWrite::Wake { id, due } => sagas::wake(self.conn, merchant, *id, *due, set.now)?,
            }
        }
        let shards = u16::try_from(self.heads.len()).unwrap_or(u16::MAX);
        let shard = set.partition.shard(shards);
        for append in &set.appends {
            let mut version = append.expected.version();
            for event in &append.events {
                version = Version(version.0 + 1);
                let place = (shard, self.next_position(shard));
                events::insert(self.conn, place, &append.stream, version, event, &set.meta)?;
            }
        }
        for movement in applied.movements {
            let position = self.next_position(shard);
            let n = self.heads.iter().map(|head| head.0).sum();
            self.recorded.push(Recorded { shard, position, n, movement, actor: set.meta.actor.clone() });
        }
        self.write_rows(set)?;
        Ok(Receipt { shard, position: self.heads[usize::from(shard.0)], placed: applied.placed })
    }

    fn write_rows(&self, set: &ChangeSet) -> Result<()> {
        let merchant = &set.partition.merchant;
        for row in &set.views {
            match row {
                ViewRow::Order(row) => orders::put(self.conn, merchant, row)?,
                ViewRow::Payment(row) => payments::put(self.conn, merchant, row)?,
                ViewRow::Shipment(row) => parcels::put(self.conn, Way::Shipment, merchant, row.id.uuid(), row.order, &row.status)?,
                ViewRow::Return(row) => parcels::put(self.conn, Way::Return, merchant, row.id.uuid(), row.order, &row.status)?,
                ViewRow::Refund(row) => refunds::put(self.conn, merchant, row)?,
            }
        }
        for data in &set.personal {
            personal::put(self.conn, merchant, data)?;
        }
        set.consumers.iter().try_for_each(|write| consumers::write(self.conn, write, set.now))
    }

    fn next_position(&mut self, shard: Shard) -> Position {
        let head = &mut self.heads[usize::from(shard.0)];
        head.0 += 1;
        *head
    }
}

/// The movement of the same SKU before each of these.
fn chained(conn: &Connection, recorded: &[Recorded]) -> Result<Vec<Option<i64>>> {
    let mut newest: HashMap<(&MerchantId, &Sku), Option<i64>> = HashMap::new();
    let prev = recorded.iter().map(|one| {
        let AccountKey { merchant, sku, .. } = &one.movement.account;
        let before = match newest.get(&(merchant, sku)) {
            Some(known) => *known,
            None => movements::newest(conn, merchant, sku)?,
        };
        newest.insert((merchant, sku), Some(one.seq()));
        Ok(before)
    });
    prev.collect()
}

/// Reads the ledger's tables inside the batch's transaction.
struct Source<'a> {
    conn: &'a Connection,
    row_ids: RowIds,
}

impl LedgerSource for Source<'_> {
    type Error = SqlError;

    fn account(&mut self, key: &AccountKey) -> Result<Option<Account>> {
        let Some((id, account)) = accounts::get(self.conn, key)? else {
            return Ok(None);
        };
        self.row_ids.borrow_mut().insert(key.clone(), id);
        Ok(Some(account))
    }

    fn hold(&mut self, merchant: &MerchantId, id: HoldId) -> Result<Option<Hold>> {
        holds::get(self.conn, merchant, id)
    }

    fn expired(&mut self, key: &AccountKey, now: Timestamp, after: Option<Expiry>, limit: u32) -> Result<Vec<Expiry>> {
        holds::expired_on(self.conn, key, now, after, limit)
    }

    fn applied(&mut self, merchant: &MerchantId, id: MoveId) -> Result<Vec<Movement>> {
        movements::of_move(self.conn, merchant, id)
    }
}
