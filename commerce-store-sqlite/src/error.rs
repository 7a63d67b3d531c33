//! What goes wrong below the ports.

use std::sync::Arc;

use commerce_core::ports::{CursorError, PortError, PortErrorKind, Retry};
use commerce_sqlite_vfs::layer::Code;
use commerce_sqlite_vfs::{Damage, take_damage};
use rusqlite::ErrorCode;

pub(crate) type Result<T, E = SqlError> = std::result::Result<T, E>;

/// A failure of a statement, or of what was asked of it. Shared, since a batch that fails has one answer for each member.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum SqlError {
    #[error("{0}")]
    Statement(Arc<rusqlite::Error>),
    #[error("{0}")]
    Page(Arc<Damage>),
    #[error("{0}")]
    Commit(Arc<rusqlite::Error>),
    #[error("the transaction was undone")]
    RolledBack,
    #[error("{0}")]
    Misuse(&'static str),
    #[error("{0}")]
    Cursor(#[from] CursorError),
    #[error("{0}")]
    Damaged(&'static str),
}

impl From<rusqlite::Error> for SqlError {
    fn from(error: rusqlite::Error) -> Self {
        match damage_met(&error) {
            Some(damage) => Self::Page(Arc::new(damage)),
            None => Self::Statement(Arc::new(error)),
        }
    }
}

impl From<SqlError> for PortError {
    fn from(error: SqlError) -> Self {
        let (kind, retry) = match &error {
            SqlError::Statement(cause) => judge(cause),
            // what a failed sync left in the log is decided by the next one who reads it; a full disk took no commit record
            SqlError::Commit(cause) => match (judge(cause), cause.sqlite_error_code()) {
                (judged, Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy)) => judged,
                ((kind, _), _) => (kind, Retry::Unknown),
            },
            SqlError::RolledBack => (PortErrorKind::Unavailable, Retry::Later),
            SqlError::Misuse(_) | SqlError::Cursor(_) => (PortErrorKind::Misuse, Retry::Never),
            SqlError::Damaged(_) | SqlError::Page(_) => (PortErrorKind::Corrupt, Retry::Never),
        };
        Self::with(kind, retry, error)
    }
}

/// What the file system found that is not what was written, if that is why a statement failed that this thread ran last.
pub(crate) fn damage_met(error: &rusqlite::Error) -> Option<Damage> {
    damage(error).then(take_damage).flatten()
}

fn damage(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == Code::DAMAGED.0)
}

fn judge(error: &rusqlite::Error) -> (PortErrorKind, Retry) {
    if damage(error) {
        return (PortErrorKind::Corrupt, Retry::Never);
    }
    let Some(code) = error.sqlite_error_code() else {
        // a value that its column should not hold
        return (PortErrorKind::Corrupt, Retry::Never);
    };
    match code {
        ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch => (PortErrorKind::Misuse, Retry::Never),
        ErrorCode::TooBig => (PortErrorKind::TooLarge, Retry::Never),
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown => (PortErrorKind::Corrupt, Retry::Never),
        _ => (PortErrorKind::Unavailable, Retry::Later),
    }
}
