//! What lies at the path and beside it, looked at before SQLite does: it would mend some of it by throwing away what is not its own.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use commerce_sqlite_vfs::checked::TAIL_BYTES;

use super::OpenError;
use crate::lock::beside;
use crate::migrate::APPLICATION_ID;

const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const HEADER_BYTES: usize = 100;
/// A log of this size has a header and no frame.
const LOG_HEADER_BYTES: u64 = 32;
const PAGE_MAX_BYTES: u64 = 65_536;

/// Refuses a file that is no database or not one of ours, and one beside which something lies that would take the place of its pages.
///
/// # Errors
/// [`OpenError`].
pub(super) fn check(path: &Path) -> Result<(), OpenError> {
    let (size, header) = head(path)?;
    let logged = size_of(&beside(path, "-wal")) > LOG_HEADER_BYTES;
    if size == 0 {
        // SQLite deletes a log without pages that it belongs to
        return if logged { Err(damaged(path, "the file is empty, its write-ahead log is not")) } else { Ok(()) };
    }
    let page_bytes = page_bytes(&header);
    if let Some(journal) = Journal::hot(&beside(path, "-journal")) {
        // SQLite has yet to undo it, and then looks at the file
        let own = !logged && journal.is_of_first_page(size);
        return if own { Ok(()) } else { Err(damaged(path, "a rollback journal lies beside it that a store never makes")) };
    }
    if !header.starts_with(MAGIC) || page_bytes.is_none() {
        return Err(OpenError::NotADatabase { path: path.to_owned() });
    }
    match (header[20] == TAIL_BYTES, header[68..72] == APPLICATION_ID.to_be_bytes()) {
        (true, _) => Ok(()),
        (false, true) => Err(OpenError::NoChecksums { path: path.to_owned() }),
        (false, false) => Err(OpenError::Foreign { path: path.to_owned() }),
    }
}

fn damaged(path: &Path, what: &'static str) -> OpenError {
    OpenError::Corrupt { path: path.to_owned(), source: what.into() }
}

/// The size of the file in bytes, and how it begins, zeros behind its end. One that is not there is empty.
fn head(path: &Path) -> Result<(u64, [u8; HEADER_BYTES]), OpenError> {
    let mut header = [0; HEADER_BYTES];
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok((0, header)),
        Err(error) => return Err(OpenError::from_io(path, error)),
    };
    let read = |file: &File| -> std::io::Result<(u64, Vec<u8>)> {
        let mut found = Vec::with_capacity(HEADER_BYTES);
        file.take(HEADER_BYTES as u64).read_to_end(&mut found)?;
        Ok((file.metadata()?.len(), found))
    };
    let (size, found) = read(&file).map_err(|error| OpenError::from_io(path, error))?;
    header[..found.len()].copy_from_slice(&found);
    Ok((size, header))
}

/// The size of a page, if the header says one that can be.
fn page_bytes(header: &[u8; HEADER_BYTES]) -> Option<u64> {
    match u64::from(u16::from_be_bytes([header[16], header[17]])) {
        1 => Some(PAGE_MAX_BYTES),
        bytes if bytes >= 512 && bytes.is_power_of_two() => Some(bytes),
        _ => None,
    }
}

fn size_of(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| if file.is_file() { file.len() } else { 0 })
}

/// What SQLite would undo before it reads the file.
struct Journal {
    size: u64,
    /// The size of the file before, in pages.
    pages: u64,
    header_bytes: u64,
    page_bytes: u64,
}

impl Journal {
    /// A journal that is not finished; one without a header SQLite throws away.
    fn hot(path: &Path) -> Option<Self> {
        const MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
        let mut header = [0; 28];
        let mut file = File::open(path).ok()?;
        file.read_exact(&mut header).ok()?;
        let number = |at: usize| header[at..].first_chunk().map_or(0, |bytes| u64::from(u32::from_be_bytes(*bytes)));
        let journal = Self { size: file.metadata().ok()?.len(), pages: number(16), header_bytes: number(20), page_bytes: number(24) };
        header.starts_with(&MAGIC).then_some(journal)
    }

    /// A store changes its first page alone by a journal, when it is made and when it gets its log; all else goes through the log.
    fn is_of_first_page(&self, file_bytes: u64) -> bool {
        let made = self.pages == 0 && file_bytes <= self.page_bytes;
        let logged = self.size <= self.header_bytes + self.page_bytes + 8 && self.pages.checked_mul(self.page_bytes) == Some(file_bytes);
        made || logged
    }
}
