//! What was found to be damaged.

use std::cell::RefCell;
use std::fmt;
use std::path::PathBuf;

/// A place of a store that does not hold what was written there.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{place} of {path} is not what was written there")]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// Where in the file.
    pub place: Place,
}

/// A place in a file of a store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Place {
    /// A page of the database, the first one 1.
    Page(u32),
    /// The header of the write-ahead log.
    LogHeader,
    /// A frame of the write-ahead log, the first one 1.
    Frame(u32),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(number) => write!(f, "page {number}"),
            Self::LogHeader => f.write_str("the header"),
            Self::Frame(number) => write!(f, "frame {number}"),
        }
    }
}

thread_local! {
    static LAST: RefCell<Option<Damage>> = const { RefCell::new(None) };
}

/// Tells the log, and this thread, which is in a call to SQLite and will see a code alone.
pub(crate) fn found(damage: Damage) {
    tracing::error!(path = %damage.path.display(), place = %damage.place, "the store is damaged");
    LAST.with_borrow_mut(|last| *last = Some(damage));
}

/// The damage that a call of this thread to SQLite met last; none if it was taken. An error of SQLite with the code
/// [`DAMAGED`](crate::layer::Code::DAMAGED) has one.
pub fn take_damage() -> Option<Damage> {
    LAST.take()
}
