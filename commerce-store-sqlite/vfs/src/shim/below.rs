//! The file of the file system below, as a layer uses it.

use std::ffi::c_int;
use std::marker::PhantomData;

use rusqlite::ffi;

use crate::layer::Code;

/// The file below a layer, for the time of one call.
#[derive(Debug)]
pub struct Below<'a> {
    file: *mut ffi::sqlite3_file,
    methods: &'a ffi::sqlite3_io_methods,
    _call: PhantomData<&'a mut ffi::sqlite3_file>,
}

/// SQLite counts bytes in signed numbers.
fn signed(bytes: u64) -> Result<i64, Code> {
    i64::try_from(bytes).map_err(|_| Code::FAILED)
}

fn length(bytes: &[u8]) -> Result<c_int, Code> {
    c_int::try_from(bytes.len()).map_err(|_| Code::FAILED)
}

impl<'a> Below<'a> {
    /// # Safety
    /// `file` is open, and nobody else uses it for as long as this lives.
    pub(super) unsafe fn new(file: *mut ffi::sqlite3_file) -> Option<Self> {
        // SAFETY: an open file is there
        let methods = unsafe { (*file).pMethods };
        // SAFETY: the methods of an open file stay for as long as it is open
        let methods = unsafe { methods.as_ref() }?;
        Some(Self { file, methods, _call: PhantomData })
    }

    /// Fills `bytes` from `offset` in bytes on.
    ///
    /// # Errors
    /// The code of the file system below; [`Code::SHORT_READ`] if the file ends before, the rest zeroed.
    pub fn read(&mut self, bytes: &mut [u8], offset: u64) -> Result<(), Code> {
        let read = self.methods.xRead.ok_or(Code::FAILED)?;
        let (length, offset) = (length(bytes)?, signed(offset)?);
        // SAFETY: the file is open and ours for now, and `bytes` has room for so many
        Code::check(unsafe { read(self.file, bytes.as_mut_ptr().cast(), length, offset) })
    }

    /// Writes `bytes` at `offset` in bytes.
    ///
    /// # Errors
    /// The code of the file system below.
    pub fn write(&mut self, bytes: &[u8], offset: u64) -> Result<(), Code> {
        let write = self.methods.xWrite.ok_or(Code::FAILED)?;
        let (length, offset) = (length(bytes)?, signed(offset)?);
        // SAFETY: the file is open and ours for now, and `bytes` holds so many
        Code::check(unsafe { write(self.file, bytes.as_ptr().cast(), length, offset) })
    }

    /// Cuts the file, or extends it, to so many bytes.
    ///
    /// # Errors
    /// The code of the file system below.
    pub fn truncate(&mut self, size: u64) -> Result<(), Code> {
        let truncate = self.methods.xTruncate.ok_or(Code::FAILED)?;
        let size = signed(size)?;
        // SAFETY: the file is open and ours for now
        Code::check(unsafe { truncate(self.file, size) })
    }

    /// Waits until all that was written is on disk; the flags are SQLite's.
    ///
    /// # Errors
    /// The code of the file system below.
    pub fn sync(&mut self, flags: c_int) -> Result<(), Code> {
        let sync = self.methods.xSync.ok_or(Code::FAILED)?;
        // SAFETY: the file is open and ours for now
        Code::check(unsafe { sync(self.file, flags) })
    }

    /// The size of the file in bytes.
    ///
    /// # Errors
    /// The code of the file system below.
    pub fn size(&mut self) -> Result<u64, Code> {
        let file_size = self.methods.xFileSize.ok_or(Code::FAILED)?;
        let mut size = 0;
        // SAFETY: the file is open and ours for now, and the size has a place
        Code::check(unsafe { file_size(self.file, &mut size) })?;
        u64::try_from(size).map_err(|_| Code::FAILED)
    }
}
