//! A batch of change sets in one transaction: each set is judged whole, then written whole; accounts and holds are written last, once.

use std::cell::RefCell;

use commerce_core::ports::{
    ChangeSet, PortError, Position, Receipt, Rejection, SagaId, SagaWrite, Shard, StreamId, Verdict, Version, ViewRow,
};
use commerce_core::stock::{Applied, Ledger, Refusal};
use commerce_core::time::Timestamp;
use foldhash::{HashMap, HashMapExt};

use crate::error::{Result, SqlError};
use crate::recent::{Recent, known_or};
use crate::shelf::Shelf;
use crate::statements::Statements;
use crate::table::movements::Recorded;
use crate::table::parcels::{self, Way};
use crate::table::sagas::Stand;
use crate::table::{claims, consumers, events, orders, payments, personal, refunds, sagas};

pub(crate) struct Batch<'a, 'conn> {
    conn: &'a Statements<'conn>,
    heads: &'a mut [Position],
    clock: Timestamp,
    recent: &'a RefCell<Recent>,
    shelf: Shelf<'a, 'conn>,
    ledger: Ledger<Shelf<'a, 'conn>>,
    recorded: Vec<Recorded>,
}

/// What is known of a set that stands.
struct Judged {
    /// How its writes leave each saga, but for one that is woken alone.
    sagas: HashMap<SagaId, Option<Stand>>,
    applied: Applied,
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

impl<'a, 'conn> Batch<'a, 'conn> {
    /// A batch in the transaction that is open. `heads` are the last positions of the shards, `clock` is what leases are counted from.
    pub(crate) fn new(conn: &'a Statements<'conn>, recent: &'a RefCell<Recent>, heads: &'a mut [Position], clock: Timestamp) -> Self {
        let shelf = Shelf::new(conn, recent);
        Self { conn, heads, clock, recent, shelf, ledger: Ledger::new(shelf), recorded: Vec::new() }
    }

    /// Judges a set and writes it if it stands. An error fails the whole batch.
    pub(crate) fn take(&mut self, set: &ChangeSet) -> Result<Result<Verdict, PortError>> {
        match self.judge(set) {
            Ok(judged) => self.write(set, judged).map(|receipt| Ok(Verdict::Committed(receipt))),
            Err(Refused::Rejected(rejection)) => Ok(Ok(Verdict::Rejected(*rejection))),
            Err(Refused::Misuse(error)) => Ok(Err(error)),
            Err(Refused::Failed(error)) => Err(error),
        }
    }

    /// Writes what the batch did to accounts and holds, and its movements.
    pub(crate) fn finish(self) -> Result<()> {
        let changes = self.ledger.into_changes();
        self.shelf.write(changes, &self.recorded)
    }

    fn version(&self, stream: &StreamId) -> Result<Version> {
        let mut recent = self.recent.borrow_mut();
        let known = known_or(&mut recent.versions, stream.clone(), |stream| {
            let version = events::version(self.conn, stream)?;
            Ok((version > Version(0)).then_some(version))
        });
        known.map(Option::unwrap_or_default)
    }

    fn judge(&mut self, set: &ChangeSet) -> Result<Judged, Refused> {
        set.check().map_err(Refused::Misuse)?;
        let merchant = &set.partition.merchant;
        for claim in &set.claims {
            if let Some(row) = claims::get(self.conn, merchant, claim.space, &claim.key, set.now)? {
                let same_request = row.request_hash == claim.request_hash;
                return rejected(Rejection::Claimed { claim: claim.clone(), owner: row.owner, same_request });
            }
        }
        let sagas = self.judge_sagas(set)?;
        for write in &set.consumers {
            if !consumers::stands(self.conn, write)? {
                return rejected(Rejection::Outrun { consumer: write.consumer.clone(), shard: write.shard });
            }
        }
        for append in &set.appends {
            let actual = self.version(&append.stream)?;
            if actual != append.expected.version() {
                return rejected(Rejection::Conflict { stream: append.stream.clone(), actual });
            }
        }
        if set.moves.is_empty() {
            return Ok(Judged { sagas, applied: Applied::default() });
        }
        let applied = self.ledger.apply(merchant, &set.moves, set.now, set.meta.at).map_err(|refusal| match refusal {
            Refusal::Gone(hold) => Refused::Rejected(Box::new(Rejection::HoldGone { hold })),
            Refusal::Short(items) => Refused::Rejected(Box::new(Rejection::Short(items))),
            Refusal::Misuse(error) => Refused::Misuse(PortError::misuse(error)),
            Refusal::Source(error) => Refused::Failed(error),
        })?;
        Ok(Judged { sagas, applied })
    }

    /// Fences the saga writes of a set, each as those before it in the set leave the saga.
    fn judge_sagas(&self, set: &ChangeSet) -> Result<HashMap<SagaId, Option<Stand>>, Refused> {
        let mut stands: HashMap<SagaId, Option<Stand>> = HashMap::new();
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
                None => known_or(&mut self.recent.borrow_mut().sagas, id, |id| sagas::stand(self.conn, *id))?,
            };
            let own = stand.as_ref().filter(|stand| stand.merchant == set.partition.merchant);
            let next = match (write, own) {
                (SagaWrite::Insert(saga), _) if stand.is_none() => Some(Stand {
                    merchant: set.partition.merchant.clone(),
                    epoch: u64::from(saga.leased_to.is_some()),
                    revision: 1,
                    running: true,
                }),
                (SagaWrite::Update(update), Some(own)) if (own.epoch, own.revision) == (update.epoch, update.revision) => {
                    let running = update.phase == commerce_core::ports::SagaPhase::Running;
                    Some(Stand { revision: own.revision + 1, running, ..own.clone() })
                }
                (SagaWrite::Wake { .. }, Some(own)) if own.running => Some(Stand { revision: own.revision + 1, ..own.clone() }),
                (SagaWrite::Wake { .. }, _) => stand,
                _ => return rejected(Rejection::Fenced { saga: id }),
            };
            stands.insert(id, next);
        }
        Ok(stands)
    }

    fn write(&mut self, set: &ChangeSet, Judged { sagas, applied }: Judged) -> Result<Receipt> {
        let merchant = &set.partition.merchant;
        for claim in &set.claims {
            claims::put(self.conn, merchant, claim)?;
        }
        for write in &set.sagas {
            match write {
                SagaWrite::Insert(saga) => sagas::insert(self.conn, merchant, saga, self.clock, set.now)?,
                SagaWrite::Update(update) => sagas::update(self.conn, update, set.now)?,
                SagaWrite::Wake { id, due } => {
                    sagas::wake(self.conn, merchant, *id, *due, set.now)?;
                    self.recent.borrow_mut().sagas.pop(id);
                }
            }
        }
        for (id, stand) in sagas {
            if let Some(stand) = stand {
                self.recent.borrow_mut().sagas.put(id, stand);
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
            self.recent.borrow_mut().versions.put(append.stream.clone(), version);
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
