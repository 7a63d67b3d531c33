//! Why a store cannot be opened.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::error::SqlError;

type Source = Box<dyn Error + Send + Sync>;

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The directory of the file does not exist.
    #[error("the directory of {path} does not exist")]
    NoDirectory {
        /// The file.
        path: PathBuf,
    },
    /// There is no file to read, or one that nothing was written to.
    #[error("there is no store at {path}")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else than a database.
    #[error("{path} is not a database file")]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is a database that something else made.
    #[error("{path} is a database of another program")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The pages of the file have no checksums: it was not made by this store, or its first page is damaged.
    #[error("{path} has no page checksums, or its first page is damaged")]
    NoChecksums {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer version.
    #[error("{path} has schema version {found}, this version reads up to {known}")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: u32,
        /// The newest schema version that can be read.
        known: u32,
    },
    /// The file was written by an earlier version, and whoever only reads it cannot migrate it.
    #[error("{path} has schema version {found}, to be read it must be migrated to {known}")]
    Older {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: u32,
        /// The schema version that can be read.
        known: u32,
    },
    /// Another process has the file open.
    #[error("{path} is open in {who}, which holds {lock}", who = process(*.holder))]
    Locked {
        /// The file.
        path: PathBuf,
        /// The file that is locked.
        lock: PathBuf,
        /// The number of that process, if it is known.
        holder: Option<u32>,
    },
    /// The file, or its directory, cannot be written.
    #[error("{path} cannot be written")]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: Option<Source>,
    },
    /// The disk is full.
    #[error("the disk of {path} is full")]
    Full {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: Source,
    },
    /// The file is damaged.
    #[error("{path} is damaged")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What was met.
        source: Source,
    },
    /// Anything else.
    #[error("{path} cannot be opened")]
    Other {
        /// The file.
        path: PathBuf,
        /// What was met.
        source: Source,
    },
}

fn process(holder: Option<u32>) -> String {
    holder.map_or_else(|| "another process".to_owned(), |number| format!("process {number}"))
}

impl OpenError {
    pub(crate) fn from_io(path: &Path, error: io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path, source: Some(error.into()) },
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full { path, source: error.into() },
            _ => Self::Other { path, source: error.into() },
        }
    }

    pub(crate) fn from_sql(path: &Path, error: SqlError) -> Self {
        let path = path.to_owned();
        let code = match &error {
            SqlError::Page(damage) => return Self::Corrupt { path, source: damage.as_ref().clone().into() },
            SqlError::Statement(cause) | SqlError::Commit(cause) => cause.sqlite_error_code(),
            SqlError::RolledBack | SqlError::Misuse(_) | SqlError::Cursor(_) | SqlError::Damaged(_) => {
                return Self::Other { path, source: error.into() };
            }
        };
        match code {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase { path },
            Some(ErrorCode::DiskFull) => Self::Full { path, source: error.into() },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::ReadOnly { path, source: Some(error.into()) }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { lock: path.clone(), path, holder: None },
            // a value or a table that a store always has is not there
            None | Some(ErrorCode::DatabaseCorrupt | ErrorCode::Unknown) => Self::Corrupt { path, source: error.into() },
            Some(_) => Self::Other { path, source: error.into() },
        }
    }
}
