//! Reading the feed by pages, with one cursor for all shards.

use std::fmt;
use std::str::FromStr;

use crate::engine::{Call, Commerce, Error};
use crate::ports::{CursorError, FeedEntry, FeedItem, LIMIT_MAX_ROWS, Position, Shard};

/// Reads of the store that one page may cost, beyond one for each shard: what is another merchant's, or a mirror, is passed over.
const READS_MAX: usize = 16;

/// A place in the feed of all shards, opaque to callers: up to where a reader has read. The default is before the first item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FeedCursor(Vec<Position>);

impl FeedCursor {
    /// A place in each shard, by shard.
    pub fn at(mut positions: Vec<Position>) -> Self {
        // one place has one text
        while positions.last() == Some(&Position(0)) {
            positions.pop();
        }
        Self(positions)
    }

    /// The place in one shard.
    pub fn position(&self, shard: Shard) -> Position {
        self.0.get(usize::from(shard.0)).copied().unwrap_or_default()
    }

    /// How many shards it names, at least.
    pub(super) fn shards(&self) -> usize {
        self.0.len()
    }
}

/// The first byte of a cursor's text.
const TAG: u8 = 0xfe;
/// Seven bits a byte, for a position of 64.
const BYTES_MAX: usize = 10;

impl fmt::Display for FeedCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{TAG:02x}")?;
        for position in &self.0 {
            let mut rest = position.0;
            while rest >= 0x80 {
                write!(f, "{:02x}", (rest & 0x7f) | 0x80)?;
                rest >>= 7;
            }
            write!(f, "{rest:02x}")?;
        }
        Ok(())
    }
}

impl FromStr for FeedCursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let long = text.len() > 2 * (1 + BYTES_MAX * usize::from(u16::MAX));
        if !digits || long || !text.len().is_multiple_of(2) {
            return Err(CursorError);
        }
        let bytes = (0..text.len()).step_by(2).map(|at| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()));
        let bytes: Vec<u8> = bytes.collect::<Option<_>>().ok_or(CursorError)?;
        let Some((&TAG, mut rest)) = bytes.split_first() else { return Err(CursorError) };
        let mut positions = Vec::new();
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| byte & 0x80 == 0).ok_or(CursorError)?;
            let (number, after) = rest.split_at(end + 1);
            positions.push(Position(number_of(number).ok_or(CursorError)?));
            rest = after;
        }
        let shards = positions.len();
        let cursor = Self::at(positions);
        if cursor.shards() == shards { Ok(cursor) } else { Err(CursorError) }
    }
}

/// The number in seven bits a byte, the lowest first.
fn number_of(bytes: &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for (byte, place) in bytes.iter().zip(0_u32..) {
        let bits = u64::from(byte & 0x7f);
        let shift = place * 7;
        number |= bits.checked_shl(shift).filter(|shifted| shifted >> shift == bits)?;
    }
    // a number has one spelling
    (bytes.len() == 1 || bytes.last() != Some(&0)).then_some(number)
}

/// Items of the feed, and where the next page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedPage {
    /// The items of each shard in their order, the shards one after the other.
    pub items: Vec<FeedItem>,
    /// Where the next page begins, also when there is nothing there yet.
    pub next: FeedCursor,
    /// Whether there was more to read when the page was made. Without more a reader waits for [`Commerce::feed_changed`].
    pub more: bool,
}

impl Commerce {
    /// Up to `limit` items of the merchant's after a cursor, 1 to 1,000. No item is skipped that is committed later, and order is kept
    /// within each shard, and so within each stream and account of a shard. Mirrors of payments' facts in orders' streams only if
    /// `mirrors`.
    ///
    /// # Errors
    /// [`Error::Cursor`] if it is of a store with more shards, [`Error::Port`].
    pub async fn read_feed(&self, call: &Call, after: &FeedCursor, limit: u32, mirrors: bool) -> Result<FeedPage, Error> {
        let store = &self.inner.store;
        let shards = usize::from(store.facts.shards);
        if after.shards() > shards {
            return Err(Error::Cursor);
        }
        let limit = limit.clamp(1, LIMIT_MAX_ROWS) as usize;
        let mut at: Vec<Position> = (0..store.facts.shards).map(|shard| after.position(Shard(shard))).collect();
        let mut ended = vec![false; shards];
        let mut items: Vec<FeedItem> = Vec::new();
        // the shard that is furthest behind comes first: a page of one item would else be the first shard's for ever
        let mut turns: Vec<usize> = (0..shards).collect();
        turns.sort_by_key(|shard| at[*shard]);
        for (read, shard) in turns.into_iter().cycle().enumerate().take(shards + READS_MAX) {
            let room = limit - items.len();
            if room == 0 || ended.iter().all(|ended| *ended) {
                break;
            }
            if ended[shard] {
                continue;
            }
            // every shard has its share of the page, so that none waits for another to come to its end
            let share = if read < shards { limit.div_ceil(shards).min(room) } else { room };
            let wanted = u32::try_from(share).unwrap_or(LIMIT_MAX_ROWS);
            let found = store.feed.read(Shard(u16::try_from(shard).unwrap_or(u16::MAX)), at[shard], wanted, true).await?;
            ended[shard] = found.len() < share;
            at[shard] = found.last().map_or(at[shard], |last| last.position);
            items.extend(found.into_iter().filter(|item| item.merchant == call.merchant && (mirrors || !is_mirror(item))));
        }
        items.sort_by_key(|item| (item.shard, item.position));
        Ok(FeedPage { items, next: FeedCursor::at(at), more: !ended.iter().all(|ended| *ended) })
    }

    /// Where the feed ends now.
    ///
    /// # Errors
    /// [`Error::Port`].
    pub async fn feed_head(&self) -> Result<FeedCursor, Error> {
        Ok(FeedCursor::at(self.inner.store.feed.heads().await?))
    }

    /// Ends when something may have been committed since the call: of any merchant. A hint: readers poll as well.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    pub async fn feed_changed(&self) {
        self.inner.store.feed.changed().await;
    }
}

pub(super) const fn is_mirror(item: &FeedItem) -> bool {
    match &item.entry {
        FeedEntry::Event(stored) => stored.event.mirror,
        FeedEntry::Movement { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(positions: &[u64]) -> FeedCursor {
        FeedCursor::at(positions.iter().copied().map(Position).collect())
    }

    #[test]
    fn a_cursor_reads_back_as_its_text() {
        for positions in [&[][..], &[1], &[0, 127, 128], &[u64::MAX, 0, 16_384, 300], &[0, 0, 0]] {
            let cursor = at(positions);
            assert_eq!(cursor.to_string().parse(), Ok(cursor.clone()), "{positions:?}");
            for (shard, position) in (0..).zip(positions) {
                assert_eq!(cursor.position(Shard(shard)), Position(*position));
            }
        }
        assert_eq!(at(&[0, 0]), FeedCursor::default());
        assert_eq!(FeedCursor::default().position(Shard(7)), Position(0));
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in ["", "00", "fe0", "fe80", "fez1", "FE01", "fe8000", "fe00", "feffffffffffffffffffff7f", "feffffffffffffffffff02", "é1"]
        {
            assert_eq!(text.parse::<FeedCursor>(), Err(CursorError), "{text}");
        }
        let orders = crate::ports::Cursor::new("orders", &["2026"]).to_string();
        assert_eq!(orders.parse::<FeedCursor>(), Err(CursorError));
    }
}
