//! SQLite writes the header of a frame and its page one by one, hundreds in a transaction: one write takes them all.

use crate::layer::{Below, Code};

/// The most bytes that wait to be written: SQLite's own file system takes less than 2^17 at once.
const GATHERED_MAX_BYTES: usize = (1 << 17) - 1;

/// Writes that follow on one another.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    offset: u64,
    bytes: Vec<u8>,
}

/// What could not be written.
pub(super) struct Lost {
    pub(super) offset: u64,
    pub(super) length: usize,
    pub(super) code: Code,
}

impl Gathered {
    /// Adds a write that follows on the last one; `false` if it does not, or there is no room.
    pub(super) fn add(&mut self, bytes: &[u8], offset: u64) -> bool {
        let follows = offset == self.offset + self.bytes.len() as u64 && self.bytes.len() + bytes.len() <= GATHERED_MAX_BYTES;
        if follows && !self.bytes.is_empty() {
            self.bytes.extend_from_slice(bytes);
            return true;
        }
        false
    }

    /// Begins with a write, once the others were flushed.
    pub(super) fn begin(&mut self, bytes: &[u8], offset: u64) {
        self.offset = offset;
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes all that waits; what fails is not tried again: whoever wrote it hears of it and gives its transaction up.
    pub(super) fn flush(&mut self, below: &mut Below<'_>) -> Result<(), Lost> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let written = below.write(&self.bytes, self.offset);
        let length = self.bytes.len();
        self.bytes.clear();
        written.map_err(|code| Lost { offset: self.offset, length, code })
    }
}
