//! Rows that were read or written a moment ago, so that a read need not wait for a reader. Exact, since nobody else writes the file.

use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

/// Rows as they are on disk: whoever changes one says so before the change is answered.
pub(crate) struct Known<K: Hash + Eq, V> {
    state: Mutex<State<K, V>>,
}

struct State<K: Hash + Eq, V> {
    rows: LruCache<K, V>,
    changes: u64,
    /// A change is on its way: whoever reads may see it already, or not yet.
    changing: bool,
}

/// How many changes there had been when a read began.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AsOf(u64);

impl<K: Hash + Eq, V: Clone> Known<K, V> {
    /// Nothing yet; at most `rows_max` rows.
    pub(crate) fn new(rows_max: NonZeroUsize) -> Self {
        Self { state: Mutex::new(State { rows: LruCache::new(rows_max), changes: 0, changing: false }) }
    }

    fn state(&self) -> MutexGuard<'_, State<K, V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rows of these keys, in the order asked for, if all are known; else as of when they are to be read.
    pub(crate) fn get(&self, keys: impl Iterator<Item = K>) -> Result<Vec<V>, AsOf> {
        let mut state = self.state();
        let mut rows = Vec::with_capacity(keys.size_hint().0);
        for key in keys {
            match state.rows.get(&key) {
                Some(row) => rows.push(row.clone()),
                None => return Err(AsOf(state.changes)),
            }
        }
        Ok(rows)
    }

    /// Keeps rows that were read, unless some row has changed since.
    pub(crate) fn keep(&self, rows: impl Iterator<Item = (K, V)>, as_of: AsOf) {
        let mut state = self.state();
        if state.changes == as_of.0 && !state.changing {
            for (key, row) in rows {
                state.rows.put(key, row);
            }
        }
    }

    /// Forgets rows that are about to be written: readers may see the change before its writer hears that it stands. Until
    /// [`Known::written`] nothing that is read is kept.
    pub(crate) fn changing(&self, keys: impl Iterator<Item = K>) {
        let mut state = self.state();
        state.changing = true;
        for key in keys {
            state.rows.pop(&key);
        }
    }

    /// Keeps rows as they were written.
    pub(crate) fn written(&self, rows: impl Iterator<Item = (K, V)>) {
        let mut state = self.state();
        state.changes += 1;
        state.changing = false;
        for (key, row) in rows {
            state.rows.put(key, row);
        }
    }

    /// Forgets a row that has changed, or may have.
    pub(crate) fn forget(&self, key: &K) {
        let mut state = self.state();
        state.changes += 1;
        state.rows.pop(key);
    }

    /// Forgets all: nobody can tell what has changed.
    pub(crate) fn forget_all(&self) {
        let mut state = self.state();
        state.changes += 1;
        state.rows.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::iter::once;

    use super::*;

    fn known() -> Known<&'static str, u32> {
        Known::new(NonZeroUsize::new(2).unwrap())
    }

    fn get(known: &Known<&'static str, u32>, key: &'static str) -> Result<u32, AsOf> {
        known.get(once(key)).map(|rows| rows[0])
    }

    #[test]
    fn a_row_is_known_once_it_was_read_and_until_it_changes() {
        let known = known();
        let as_of = get(&known, "a").unwrap_err();
        known.keep(once(("a", 1)), as_of);
        assert_eq!(get(&known, "a"), Ok(1));
        assert!(known.get(["a", "b"].into_iter()).is_err());
        known.forget(&"a");
        assert!(get(&known, "a").is_err());
    }

    #[test]
    fn what_was_read_before_a_change_and_comes_after_it_is_not_kept() {
        let known = known();
        for change in [|known: &Known<_, _>| known.forget(&"a"), |known: &Known<_, _>| known.written(once(("b", 2))), Known::forget_all] {
            let as_of = get(&known, "a").unwrap_err();
            change(&known);
            known.keep(once(("a", 1)), as_of);
            assert!(get(&known, "a").is_err());
        }
    }

    #[test]
    fn while_a_row_changes_it_is_not_known_and_nothing_that_is_read_is_kept() {
        let known = known();
        known.written(once(("a", 1)));
        known.changing(once("a"));
        let as_of = get(&known, "a").unwrap_err();
        known.keep(once(("a", 1)), as_of);
        assert!(get(&known, "a").is_err());
        known.written(once(("a", 2)));
        known.keep(once(("a", 1)), as_of);
        assert_eq!(get(&known, "a"), Ok(2));
    }

    #[test]
    fn a_row_that_was_written_is_known_as_it_was_written_last() {
        let known = known();
        known.written([("a", 1), ("a", 2)].into_iter());
        assert_eq!(get(&known, "a"), Ok(2));
        known.forget_all();
        assert!(get(&known, "a").is_err());
    }
}
