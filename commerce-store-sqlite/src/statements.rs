//! The statements of a batch, which runs each of them many times.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::ptr;

use rusqlite::{CachedStatement, Connection, Result, Statement};

/// A connection that keeps at hand what it has prepared. Its own cache hashes and copies the text of a statement each time, which
/// costs more than some statements do.
pub(crate) struct Statements<'conn> {
    conn: &'conn Connection,
    /// Those that nobody has taken; the one used last stands last, since it is often the next.
    at_hand: RefCell<Vec<(&'static str, CachedStatement<'conn>)>>,
}

impl<'conn> Statements<'conn> {
    pub(crate) const fn of(conn: &'conn Connection) -> Self {
        Self { conn, at_hand: RefCell::new(Vec::new()) }
    }

    /// As [`Connection::prepare_cached`], for a text that is always the same one: it is known by where it lies.
    pub(crate) fn prepare_cached(&self, sql: &'static str) -> Result<Taken<'_, 'conn>> {
        let mut at_hand = self.at_hand.borrow_mut();
        let statement = match at_hand.iter().rposition(|(known, _)| ptr::eq(*known, sql)) {
            Some(at) => at_hand.swap_remove(at).1,
            None => self.conn.prepare_cached(sql)?,
        };
        Ok(Taken { statements: self, sql, statement: Some(statement) })
    }
}

/// What runs a few times in a batch goes through the connection's own cache.
impl Deref for Statements<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.conn
    }
}

/// A statement in use. It is back at hand when it is dropped.
pub(crate) struct Taken<'s, 'conn> {
    statements: &'s Statements<'conn>,
    sql: &'static str,
    statement: Option<CachedStatement<'conn>>,
}

impl<'conn> Deref for Taken<'_, 'conn> {
    type Target = Statement<'conn>;

    fn deref(&self) -> &Statement<'conn> {
        self.statement.as_ref().expect("it is there until it is dropped")
    }
}

impl DerefMut for Taken<'_, '_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.statement.as_mut().expect("it is there until it is dropped")
    }
}

impl Drop for Taken<'_, '_> {
    fn drop(&mut self) {
        if let Some(statement) = self.statement.take() {
            self.statements.at_hand.borrow_mut().push((self.sql, statement));
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    const ONE: &str = "SELECT 1 WHERE ?1";

    #[test]
    fn a_statement_is_at_hand_again_once_it_was_dropped() {
        let conn = Connection::open_in_memory().unwrap();
        let statements = Statements::of(&conn);
        for runs in 0..3 {
            // what is at hand is no longer in the cache
            conn.flush_prepared_statement_cache();
            let mut one = statements.prepare_cached(ONE).unwrap();
            assert_eq!(one.get_status(StatementStatus::Run), runs);
            assert!(one.exists([true]).unwrap());
        }
    }

    #[test]
    fn a_statement_in_use_is_prepared_once_more() {
        let conn = Connection::open_in_memory().unwrap();
        let statements = Statements::of(&conn);
        let (mut one, mut other) = (statements.prepare_cached(ONE).unwrap(), statements.prepare_cached(ONE).unwrap());
        let mut rows = one.query([true]).unwrap();
        assert!(rows.next().unwrap().is_some());
        assert!(!other.exists([false]).unwrap());
        assert!(rows.next().unwrap().is_none());
    }
}
