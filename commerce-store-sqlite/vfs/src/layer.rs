//! The safe side of a virtual file system: what a layer is told, and what it may answer.

use std::ffi::c_int;
use std::fmt;
use std::path::Path;

use rusqlite::ffi;

pub use crate::shim::Below;

/// Sees the files that SQLite opens and deletes through the file system that it is registered as.
pub trait Layer: Send + Sync + 'static {
    /// A file was opened below; from now on `FileLayer` is asked. A refusal closes it again.
    ///
    /// # Errors
    /// The code that SQLite shall see.
    fn open(&self, file: &Opened<'_>, below: &mut Below<'_>) -> Result<Box<dyn FileLayer>, Code>;

    /// A file is to be deleted: `below` does it. `synced` asks that it stays deleted after a power cut.
    ///
    /// # Errors
    /// The code that SQLite shall see.
    fn delete(&self, path: &Path, synced: bool, below: &mut dyn FnMut() -> Result<(), Code>) -> Result<(), Code> {
        let _ = (path, synced);
        below()
    }
}

/// Sees what goes by in one open file. SQLite uses a file from one thread at a time; dropped when the file is closed. What is not
/// overridden passes through.
pub trait FileLayer: Send {
    /// Fills `bytes` from `offset` in bytes on.
    ///
    /// # Errors
    /// The code that SQLite shall see; [`Code::SHORT_READ`] if the file ends before, the rest zeroed.
    fn read(&mut self, below: &mut Below<'_>, bytes: &mut [u8], offset: u64) -> Result<(), Code> {
        below.read(bytes, offset)
    }

    /// Writes `bytes` at `offset` in bytes.
    ///
    /// # Errors
    /// The code that SQLite shall see.
    fn write(&mut self, below: &mut Below<'_>, bytes: &[u8], offset: u64) -> Result<(), Code> {
        below.write(bytes, offset)
    }

    /// Cuts the file, or extends it, to so many bytes.
    ///
    /// # Errors
    /// The code that SQLite shall see.
    fn truncate(&mut self, below: &mut Below<'_>, size: u64) -> Result<(), Code> {
        below.truncate(size)
    }

    /// Waits until all that was written is on disk.
    ///
    /// # Errors
    /// The code that SQLite shall see.
    fn sync(&mut self, below: &mut Below<'_>, flags: c_int) -> Result<(), Code> {
        below.sync(flags)
    }
}

/// A file of which nothing is to be seen.
#[derive(Clone, Copy, Debug)]
pub struct Unseen;

impl FileLayer for Unseen {}

/// A file that SQLite opened.
#[derive(Clone, Copy, Debug)]
pub struct Opened<'a> {
    /// Its full path; none for a temporary file.
    pub path: Option<&'a Path>,
    /// What it is for.
    pub kind: FileKind,
}

/// What SQLite opens a file for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FileKind {
    /// A database.
    Database,
    /// The write-ahead log of a database.
    Log,
    /// The rollback journal of a database.
    Journal,
    /// Anything else: temporary files.
    Other,
}

/// A result code of SQLite other than success.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Code(pub c_int);

impl Code {
    /// What was read is not what was written.
    pub const DAMAGED: Self = Self(ffi::SQLITE_IOERR_DATA);
    /// The file ends before the last byte that was asked for.
    pub const SHORT_READ: Self = Self(ffi::SQLITE_IOERR_SHORT_READ);
    /// A write that is refused.
    pub const WRITE: Self = Self(ffi::SQLITE_IOERR_WRITE);
    /// Anything else that goes wrong between SQLite and the disk.
    pub const FAILED: Self = Self(ffi::SQLITE_IOERR);

    pub(crate) fn check(code: c_int) -> Result<(), Self> {
        if code == ffi::SQLITE_OK { Ok(()) } else { Err(Self(code)) }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "result code {} of sqlite", self.0)
    }
}
