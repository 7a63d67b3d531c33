//! What operators see of consumers, and tell them. Each word is recorded with its actor in the stream of the consumer.

use crate::consumer::{Event, NOTE_CHARS_MAX};
use crate::engine::aggregate::read_all;
use crate::engine::commerce::{Inner, Moment};
use crate::engine::orders::{list_error, page_limit};
use crate::engine::{Call, Commerce, Error, FeedCursor};
use crate::id::{ConsumerId, ConsumerName, EventId};
use crate::ports::{
    Append, ChangeSet, ConsumerAct, ConsumerRow, ConsumerWrite, Cursor, Expected, Page, ParkedQuery, ParkedRow, Partition, Position, Root,
    Shard, StreamId, StreamName, Verdict,
};
use crate::stored;

/// Where a consumer is in one shard, and how much is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerPlace {
    /// The shard.
    pub shard: Shard,
    /// The last position that is done or parked.
    pub position: Position,
    /// The last position that there is.
    pub head: Position,
    /// Whether a runner has it leased.
    pub leased: bool,
}

impl ConsumerPlace {
    /// Positions behind the head: items, mirrors included, and gaps.
    pub const fn behind(&self) -> u64 {
        self.head.0.saturating_sub(self.position.0)
    }
}

impl Commerce {
    /// All consumers, by name and shard.
    ///
    /// # Errors
    /// [`Error::Cursor`], [`Error::Port`].
    pub async fn list_consumers(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<ConsumerRow>, Error> {
        self.inner.store.consumers.list(after, page_limit(limit)).await.map_err(list_error)
    }

    /// Where a consumer is in every shard, and how far behind.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it never ran, [`Error::Port`].
    pub async fn get_consumer(&self, name: &ConsumerName) -> Result<Vec<ConsumerPlace>, Error> {
        let store = &self.inner.store;
        let rows = store.consumers.rows(name).await?;
        if rows.is_empty() {
            return Err(Error::NotFound("consumer"));
        }
        let now = self.inner.clock.now();
        let heads = store.feed.heads().await?;
        let place = |(shard, head)| {
            let row = rows.iter().find(|row| row.shard == shard);
            let position = row.map_or(Position(0), |row| row.position);
            let leased = row.and_then(|row| row.lease).is_some_and(|(_, until)| until > now);
            ConsumerPlace { shard, position, head, leased }
        };
        Ok((0..).map(Shard).zip(heads).map(place).collect())
    }

    /// The merchant's items that a consumer parked, by shard and position.
    ///
    /// # Errors
    /// [`Error::Cursor`], [`Error::Port`].
    pub async fn list_parked(
        &self,
        call: &Call,
        name: &ConsumerName,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<ParkedRow>, Error> {
        let query = ParkedQuery { consumer: name.clone(), shard: None, merchant: Some(call.merchant.clone()), replaying: false };
        self.inner.store.consumers.parked(&query, after, page_limit(limit)).await.map_err(list_error)
    }

    /// Lets the consumer try a parked item again, with all others of its key, in their order. If one fails again, it and those behind
    /// it stay parked.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is not parked, [`Error::Invalid`], [`Error::Contended`], [`Error::Port`].
    pub async fn replay_parked(
        &self,
        call: &Call,
        name: &ConsumerName,
        shard: Shard,
        position: Position,
        note: Option<String>,
    ) -> Result<ParkedRow, Error> {
        let act = |row: &ParkedRow| {
            let (merchant, key) = (row.merchant.clone(), row.key.clone());
            let told = Event::ParkedReplayed { consumer: name.clone(), shard: shard.0, key: key.to_string(), note: note.clone() };
            (ConsumerAct::Replay { merchant, key }, told)
        };
        let row = self.tell_of(call, name, (shard, position), note.as_deref(), act).await?;
        Ok(ParkedRow { replaying: true, ..row })
    }

    /// Gives a parked item up; it is never handled. Those that wait behind it stay parked: replay them.
    ///
    /// # Errors
    /// As of [`Commerce::replay_parked`].
    pub async fn drop_parked(
        &self,
        call: &Call,
        name: &ConsumerName,
        shard: Shard,
        position: Position,
        note: Option<String>,
    ) -> Result<ParkedRow, Error> {
        let act = |row: &ParkedRow| {
            let (consumer, key) = (name.clone(), row.key.to_string());
            let told = Event::ParkedDropped { consumer, shard: shard.0, position: position.0, key, note: note.clone() };
            (ConsumerAct::Drop { position }, told)
        };
        self.tell_of(call, name, (shard, position), note.as_deref(), act).await
    }

    /// Lets a consumer go on after another place: the default cursor rebuilds it from the first item, [`Commerce::feed_head`] skips all
    /// there is. It may be one that never ran. Parked items behind the place are forgotten, since they come again; others stay.
    ///
    /// A runner of it loses its lease, and takes the shards anew. What a [`crate::engine::Projector`] wrote before stays written, and is
    /// written again.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the place lies beyond the feed's end, [`Error::Contended`], [`Error::Port`].
    pub async fn reset_consumer(
        &self,
        call: &Call,
        name: &ConsumerName,
        to: &FeedCursor,
        note: Option<String>,
    ) -> Result<Vec<ConsumerPlace>, Error> {
        let store = &self.inner.store;
        let moment = self.noted(call, note.as_deref())?;
        let heads = store.feed.heads().await?;
        let shards: Vec<Shard> = (0..store.facts.shards).map(Shard).collect();
        if to.shards() > shards.len() || shards.iter().zip(&heads).any(|(shard, head)| to.position(*shard) > *head) {
            return Err(Error::invalid("/to", "lies beyond the end of the feed"));
        }
        let positions = shards.iter().map(|shard| to.position(*shard).0).collect();
        let told = Event::ConsumerReset { consumer: name.clone(), positions, note };
        for _ in 0..=self.inner.config.redecide_max {
            let rows = store.consumers.rows(name).await?;
            let epoch = |shard| rows.iter().find(|row| row.shard == shard).map_or(0, |row| row.epoch);
            let write = |shard: &Shard| {
                let act = ConsumerAct::Reset { to: to.position(*shard) };
                ConsumerWrite { consumer: name.clone(), shard: *shard, epoch: epoch(*shard), act }
            };
            if self.inner.tell(call, &moment, name, shards.iter().map(write).collect(), &told).await? {
                return self.get_consumer(name).await;
            }
        }
        Err(Error::Contended)
    }

    /// Tells a consumer something of a parked item, which is answered as it was.
    async fn tell_of(
        &self,
        call: &Call,
        name: &ConsumerName,
        (shard, position): (Shard, Position),
        note: Option<&str>,
        act: impl Fn(&ParkedRow) -> (ConsumerAct, Event) + Send + Sync,
    ) -> Result<ParkedRow, Error> {
        let consumers = &self.inner.store.consumers;
        let moment = self.noted(call, note)?;
        for _ in 0..=self.inner.config.redecide_max {
            let rows = consumers.rows(name).await?;
            let parked = consumers.parked_at(name, shard, position).await?.filter(|row| row.merchant == call.merchant);
            let (Some(row), Some(parked)) = (rows.into_iter().find(|row| row.shard == shard), parked) else {
                return Err(Error::NotFound("parked item"));
            };
            let (act, told) = act(&parked);
            let write = ConsumerWrite { consumer: name.clone(), shard, epoch: row.epoch, act };
            if self.inner.tell(call, &moment, name, vec![write], &told).await? {
                return Ok(parked);
            }
        }
        Err(Error::Contended)
    }

    fn noted(&self, call: &Call, note: Option<&str>) -> Result<Moment, Error> {
        if note.is_some_and(|note| note.chars().count() > NOTE_CHARS_MAX || note.contains('\0')) {
            return Err(Error::invalid("/note", format!("has more than {NOTE_CHARS_MAX} characters or a U+0000")));
        }
        self.inner.moment(call)
    }
}

impl Inner {
    /// Writes what a consumer is told, and that it was told; false if others were quicker.
    async fn tell(
        &self,
        call: &Call,
        moment: &Moment,
        name: &ConsumerName,
        writes: Vec<ConsumerWrite>,
        told: &Event,
    ) -> Result<bool, Error> {
        let id = ConsumerId::of(name);
        let stream = StreamId { merchant: call.merchant.clone(), name: StreamName::Consumer(id) };
        let known = read_all(&self.store, &stream).await?;
        let expected = known.last().map_or(Expected::New, |last| Expected::At(last.version));
        let event = stored::encode_consumer(told).map_err(Error::stored)?.with_id(EventId::new(self.fresh()));
        let partition = Partition { merchant: call.merchant.clone(), root: Root::Consumer(id) };
        let mut set = ChangeSet::new(partition, moment.now, moment.meta.clone());
        set.appends.push(Append { stream, expected, events: vec![event] });
        set.consumers = writes;
        Ok(matches!(self.commit(set).await?, Verdict::Committed(_)))
    }
}
