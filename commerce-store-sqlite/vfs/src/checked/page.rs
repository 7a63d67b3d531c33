//! Pages of the database file.

use std::ffi::c_int;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use twox_hash::XxHash3_64;

use super::Shared;
use crate::damage::{Damage, Place, found};
use crate::layer::{Below, Code, FileLayer};

/// What a checksum takes at the end of each page, in bytes.
pub const TAIL_BYTES: u8 = size_of::<u64>() as u8;

/// Where the first page says how many bytes are left at the end of each.
const TAIL_AT: usize = 20;

/// A checksum of `bytes` at place `number`. A change of the bytes is missed once in 2^64; the same bytes at another place never are,
/// since an odd factor maps every number to another one.
pub(super) fn checksum(bytes: &[u8], number: u32) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    XxHash3_64::oneshot(bytes) ^ u64::from(number).wrapping_mul(ODD)
}

/// The number of the page that these bytes are, if they are a whole one.
pub(super) fn page_number(length: usize, offset: u64) -> Option<u32> {
    let bytes = length as u64;
    let whole = (512..=65_536).contains(&length) && length.is_power_of_two() && offset.is_multiple_of(bytes);
    if whole { u32::try_from(offset / bytes + 1).ok() } else { None }
}

/// A database file.
pub(super) struct PageFile {
    path: PathBuf,
    shared: Arc<Shared>,
    /// The page as it goes to the disk.
    stamped: Vec<u8>,
}

impl PageFile {
    pub(super) fn new(path: &Path, shared: Arc<Shared>) -> Self {
        Self { path: path.to_owned(), shared, stamped: Vec::new() }
    }

    fn damaged(&self, number: u32) -> Code {
        found(Damage { path: self.path.clone(), place: Place::Page(number) });
        Code::DAMAGED
    }
}

fn is_whole(page: &[u8], number: u32) -> bool {
    page.split_last_chunk().is_some_and(|(content, tail)| u64::from_le_bytes(*tail) == checksum(content, number))
}

impl FileLayer for PageFile {
    fn read(&mut self, below: &mut Below<'_>, bytes: &mut [u8], offset: u64) -> Result<(), Code> {
        // a part of the first page tells its size and whether caches are stale; before anything is taken from it, it is read as a whole
        let Some(number) = page_number(bytes.len(), offset) else { return below.read(bytes, offset) };
        // twice: a page that another process writes just now may be seen half
        for _ in 0..2 {
            match below.read(bytes, offset) {
                // a new database
                Err(Code::SHORT_READ) if number == 1 && below.size()? == 0 => return Err(Code::SHORT_READ),
                // SQLite would take what is not there for zeros
                Err(Code::SHORT_READ) => {}
                Ok(()) if is_whole(bytes, number) => return Ok(()),
                read => read?,
            }
        }
        Err(self.damaged(number))
    }

    fn write(&mut self, below: &mut Below<'_>, bytes: &[u8], offset: u64) -> Result<(), Code> {
        let Some(number) = page_number(bytes.len(), offset) else {
            tracing::error!(path = %self.path.display(), offset, bytes = bytes.len(), "a write that is not a page");
            return Err(Code::WRITE);
        };
        if number == 1 && bytes.get(TAIL_AT) != Some(&TAIL_BYTES) {
            tracing::error!(path = %self.path.display(), "the pages leave no room for checksums");
            return Err(Code::WRITE);
        }
        self.stamped.clear();
        self.stamped.extend_from_slice(bytes);
        if let Some((content, tail)) = self.stamped.split_last_chunk_mut() {
            *tail = checksum(content, number).to_le_bytes();
        }
        below.write(&self.stamped, offset)
    }

    fn sync(&mut self, below: &mut Below<'_>, flags: c_int) -> Result<(), Code> {
        self.shared.sync(below, flags)
    }
}
