//! One process at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use commerce_sqlite_vfs::checked::Owner;

use crate::OpenError;

/// Holds `<file>-lock` locked until it is dropped. The file itself stays: deleting it would let two processes lock two files.
#[derive(Debug)]
pub(crate) struct FileLock {
    // dropped before the file is free for others
    _owner: Owner,
    _locked: File,
}

impl FileLock {
    pub(crate) fn take(path: &Path) -> Result<Self, OpenError> {
        let lock = beside(path, "-lock");
        let opened = OpenOptions::new().create(true).write(true).truncate(false).open(&lock);
        let file = opened.map_err(|error| OpenError::from_io(path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _owner: Owner::of(path), _locked: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path: path.to_owned(), lock }),
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::WouldBlock => {
                Err(OpenError::Locked { path: path.to_owned(), lock })
            }
            Err(TryLockError::Error(error)) => Err(OpenError::from_io(path, error)),
        }
    }
}

/// The path with a suffix to its last part.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
