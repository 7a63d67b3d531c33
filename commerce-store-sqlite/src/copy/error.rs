//! Why a file was not copied.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::OpenError;
use crate::error::{SqlError, damage_met};

/// Why a file was not copied. There is no copy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// What is to be copied cannot be read.
    #[error("cannot read what is to be copied")]
    Source(#[source] OpenError),
    /// The place of the copy cannot be had.
    #[error("cannot write the copy")]
    Target(#[source] OpenError),
    /// Something is there already.
    #[error("{path} is there already, and is not written over")]
    Exists {
        /// What is there.
        path: PathBuf,
    },
    /// Another copy to the same place is under way.
    #[error("{path} is being written by another process")]
    Busy {
        /// The copy that is not whole yet.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("the disk of {path} is full")]
    Full {
        /// Where the copy was to be.
        path: PathBuf,
        /// What the system said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// What was copied is damaged, in the source already or on its way.
    #[error("what was copied to {path} is damaged: {what}")]
    Damaged {
        /// Where the copy was to be.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// Whoever looked at the copy refused it.
    #[error("the copy was not put at {path}")]
    Refused {
        /// Where the copy was to be.
        path: PathBuf,
    },
    /// Anything else.
    #[error("copying {from} to {to} failed")]
    Failed {
        /// What was copied.
        from: PathBuf,
        /// Where the copy was to be.
        to: PathBuf,
        /// What was met.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl CopyError {
    pub(super) fn failed(from: &Path, to: &Path, error: rusqlite::Error) -> Self {
        if let Some(damage) = damage_met(&error) {
            return Self::Damaged { path: to.to_owned(), what: damage.to_string() };
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { path: to.to_owned(), source: error.into() },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged { path: to.to_owned(), what: error.to_string() },
            _ => Self::Failed { from: from.to_owned(), to: to.to_owned(), source: error.into() },
        }
    }

    /// A copy whose pages are whole, and whose rows cannot be read.
    pub(super) fn content(to: &Path, error: SqlError) -> Self {
        Self::Damaged { path: to.to_owned(), what: error.to_string() }
    }

    pub(super) fn target(path: &Path, error: io::Error) -> Self {
        Self::Target(OpenError::from_io(path, error))
    }
}
