//! Outcomes by proof.

use commerce_core::ports::{Partition, Position, Proof, Receipt, Root, SagaRow, Shard};
use rusqlite::Connection;

use crate::error::Result;
use crate::statements::Statements;
use crate::table::{consumers, events, holds, movements, sagas};

pub(crate) fn outcome(conn: &Connection, proof: &Proof, shards: u16) -> Result<Option<Receipt>> {
    let place = match proof {
        Proof::Event { stream, version, event } => events::find(conn, stream, *version, *event)?,
        Proof::Saga { id, revision } => match sagas::find(conn, *id)?.filter(|saga| saga.revision >= *revision) {
            Some(saga) => Some(at_head(conn, shard_of(&saga, shards))?),
            None => None,
        },
        Proof::Move { id } => movements::find(conn, *id)?,
        Proof::Hold { merchant, id } => holds::placed_at(&Statements::of(conn), merchant, *id)?,
        Proof::Consumer { consumer, shard, epoch, revision } => {
            let row = consumers::get(conn, consumer, *shard)?;
            if row.epoch == *epoch && row.revision >= *revision { Some(at_head(conn, *shard)?) } else { None }
        }
    };
    Ok(place.map(|(shard, position)| Receipt { shard, position, placed: Vec::new() }))
}

fn at_head(conn: &Connection, shard: Shard) -> Result<(Shard, Position)> {
    Ok((shard, events::head(conn, shard)?.max(movements::head(conn, shard)?)))
}

/// The shard of the sets that write a saga.
fn shard_of(saga: &SagaRow, shards: u16) -> Shard {
    let root = saga.order.map(Root::Order).or(saga.payment.map(Root::Payment));
    root.map_or(Shard(0), |root| Partition { merchant: saga.merchant.clone(), root }.shard(shards))
}
