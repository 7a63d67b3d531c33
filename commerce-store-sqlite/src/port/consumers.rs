use async_trait::async_trait;
use commerce_core::id::{ConsumerName, WorkerId};
use commerce_core::ports::{ConsumerRow, Consumers, Cursor, Page, ParkedQuery, ParkedRow, PortError, Position, Shard};

use super::Ports;
use crate::page::{after, page, part};
use crate::table::consumers;

const LIST: &str = "consumers";
const PARKED: &str = "parked items";

#[async_trait]
impl Consumers for Ports {
    async fn take(&self, consumer: &ConsumerName, shard: Shard, worker: WorkerId, lease_ms: u64) -> Result<Option<ConsumerRow>, PortError> {
        let (consumer, clock) = (consumer.clone(), self.clock.now());
        self.jobs.write(move |conn| consumers::take(conn, &consumer, shard, worker, clock, lease_ms)).await
    }

    async fn renew(&self, consumer: &ConsumerName, shard: Shard, epoch: u64, lease_ms: u64) -> Result<bool, PortError> {
        let until = (lease_ms > 0).then(|| self.clock.now().plus_millis(lease_ms));
        let consumer = consumer.clone();
        self.jobs.write(move |conn| consumers::renew(conn, &consumer, shard, epoch, until)).await
    }

    async fn rows(&self, consumer: &ConsumerName) -> Result<Vec<ConsumerRow>, PortError> {
        let consumer = consumer.clone();
        self.readers.read(move |conn| consumers::rows(conn, &consumer)).await
    }

    async fn list(&self, cursor: Option<&Cursor>, limit: u32) -> Result<Page<ConsumerRow>, PortError> {
        let (name, shard): (String, i64) = match after::<2>(LIST, cursor)? {
            Some([name, shard]) => (name, part(&shard)?),
            None => (String::new(), -1),
        };
        let read = move |conn: &_| {
            let rows = |limit| consumers::all(conn, (&name, shard), limit);
            page(LIST, limit, rows, |row| [row.consumer.to_string(), row.shard.0.to_string()])
        };
        self.readers.read(read).await
    }

    async fn parked(&self, query: &ParkedQuery, cursor: Option<&Cursor>, limit: u32) -> Result<Page<ParkedRow>, PortError> {
        let last: (i64, i64) = match after::<2>(PARKED, cursor)? {
            Some([shard, position]) => (part(&shard)?, part(&position)?),
            None => (-1, 0),
        };
        let query = query.clone();
        let read = move |conn: &_| {
            let rows = |limit| consumers::parked(conn, &query, last, limit);
            page(PARKED, limit, rows, |row| [row.shard.0.to_string(), row.position.to_string()])
        };
        self.readers.read(read).await
    }

    async fn parked_at(&self, consumer: &ConsumerName, shard: Shard, position: Position) -> Result<Option<ParkedRow>, PortError> {
        let consumer = consumer.clone();
        self.readers.read(move |conn| consumers::parked_at(conn, &consumer, shard, position)).await
    }
}
