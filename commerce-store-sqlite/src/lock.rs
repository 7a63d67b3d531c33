//! One process at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use commerce_sqlite_vfs::checked::Owner;

use crate::OpenError;

/// More than the number of a process has digits.
const HOLDER_MAX_BYTES: u64 = 32;

/// Holds `<file>-lock` locked until it is dropped, and keeps the number of its process in it. The file itself stays: deleting it would
/// let two processes lock two files. It never stands in the way: the system lets go of the lock of a process that died.
#[derive(Debug)]
pub(crate) struct FileLock {
    // dropped before the file is free for others
    _owner: Owner,
    _locked: File,
}

impl FileLock {
    pub(crate) fn take(path: &Path) -> Result<Self, OpenError> {
        let lock = beside(path, "-lock");
        let opened = OpenOptions::new().create(true).read(true).write(true).truncate(false).open(&lock);
        let mut file = opened.map_err(|error| OpenError::from_io(path, error))?;
        let locked = |file| OpenError::Locked { path: path.to_owned(), lock: lock.clone(), holder: holder(file) };
        match file.try_lock() {
            Ok(()) => {
                // it only helps whoever is refused: a full disk may keep it from them
                let _told = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
                Ok(Self { _owner: Owner::of(path), _locked: file })
            }
            Err(TryLockError::WouldBlock) => Err(locked(file)),
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::WouldBlock => Err(locked(file)),
            Err(TryLockError::Error(error)) => Err(OpenError::from_io(path, error)),
        }
    }
}

/// The process that has a lock, as far as it said.
fn holder(lock: File) -> Option<u32> {
    let mut text = String::new();
    lock.take(HOLDER_MAX_BYTES).read_to_string(&mut text).ok()?;
    text.parse().ok()
}

/// The path with a suffix to its last part.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
