//! An append-only file of entries that were synced before anyone heard of them.
//!
//! An entry is a frame: its length, a checksum of the length, a checksum of the content (32 bits each, little-endian), the content.
//! A process killed while it writes leaves a part of a frame at the end, or zeros after a loss of power; no one was told of such a
//! frame, so opening drops it. Any other damage is an error that names its place.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const HEADER_BYTES: usize = 12;

/// Why a ledger file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerFileError {
    /// The system refused.
    #[error("ledger file {path}: cannot {doing}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// Another process has the file open.
    #[error("ledger file {path} is in use by another process")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A frame is damaged, and not as a kill or a loss of power damages it; or the file is not a ledger.
    #[error("ledger file {path} is damaged at byte {offset}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the damaged frame starts, in bytes.
        offset: usize,
    },
    /// An entry is too long.
    #[error("an entry of {bytes} bytes is over the maximum of {max}", max = LedgerFile::ENTRY_MAX_BYTES)]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// An earlier write failed, and what it left behind cannot be cut off yet.
    #[error("ledger file {path} failed before and cannot be mended yet")]
    Broken {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
}

/// An open ledger file, locked against other processes.
#[derive(Debug)]
pub struct LedgerFile {
    path: PathBuf,
    file: File,
    /// Bytes that are known to be on disk, whole entries all.
    whole_bytes: u64,
    broken: bool,
}

impl LedgerFile {
    /// Most bytes of one entry.
    pub const ENTRY_MAX_BYTES: usize = 65_536;

    /// Opens or makes the file, drops a torn end, and reads all entries, oldest first.
    ///
    /// # Errors
    /// [`LedgerFileError`].
    ///
    /// # Crash
    /// A crash while opening leaves the file as it was, or without its torn end.
    pub fn open(path: &Path) -> Result<(Self, Vec<Vec<u8>>), LedgerFileError> {
        let failed = |doing| move |source| LedgerFileError::Io { path: path.to_owned(), doing, source };
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(failed("open it"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(LedgerFileError::InUse { path: path.to_owned() }),
            Err(std::fs::TryLockError::Error(source)) => return Err(failed("lock it")(source)),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed("read it"))?;
        let (entries, whole) = frames(&bytes).map_err(|offset| LedgerFileError::Damaged { path: path.to_owned(), offset })?;
        if whole < bytes.len() {
            file.set_len(whole as u64).map_err(failed("cut off its torn end"))?;
            file.seek(SeekFrom::End(0)).map_err(failed("find its end"))?;
        }
        file.sync_all().map_err(failed("sync it"))?;
        sync_folder(path).map_err(failed("sync its folder"))?;
        Ok((Self { path: path.to_owned(), file, whole_bytes: whole as u64, broken: false }, entries))
    }

    /// Writes entries and syncs them; with `Ok` all of them outlive the process and the machine's power.
    ///
    /// # Errors
    /// [`LedgerFileError::TooLong`] and [`LedgerFileError::Broken`] wrote nothing. After any other error it is not known how many of the entries
    /// a next process would find; the next append cuts them off first.
    ///
    /// # Crash
    /// The first few entries are there, or all, or none.
    pub fn append(&mut self, entries: &[Vec<u8>]) -> Result<(), LedgerFileError> {
        if self.broken {
            self.mend()?;
        }
        let mut bytes = Vec::new();
        for entry in entries {
            bytes.extend_from_slice(&header(entry)?);
            bytes.extend_from_slice(entry);
        }
        match self.file.write_all(&bytes).and_then(|()| self.file.sync_data()) {
            Ok(()) => {
                self.whole_bytes += bytes.len() as u64;
                Ok(())
            }
            Err(source) => {
                self.broken = true;
                Err(LedgerFileError::Io { path: self.path.clone(), doing: "write to it", source })
            }
        }
    }

    /// Cuts off what a failed write left behind, of which nobody was told.
    fn mend(&mut self) -> Result<(), LedgerFileError> {
        let cut = self.file.set_len(self.whole_bytes).and_then(|()| self.file.sync_all());
        cut.map_err(|source| LedgerFileError::Broken { path: self.path.clone(), source })?;
        self.broken = false;
        Ok(())
    }
}

fn header(entry: &[u8]) -> Result<[u8; HEADER_BYTES], LedgerFileError> {
    let bytes = entry.len();
    let length = u32::try_from(bytes).ok().filter(|_| bytes <= LedgerFile::ENTRY_MAX_BYTES);
    let length = length.ok_or(LedgerFileError::TooLong { bytes })?.to_le_bytes();
    let mut header = [0; HEADER_BYTES];
    header[..4].copy_from_slice(&length);
    header[4..8].copy_from_slice(&crc32fast::hash(&length).to_le_bytes());
    header[8..].copy_from_slice(&crc32fast::hash(entry).to_le_bytes());
    Ok(header)
}

/// The contents of all whole frames and where they end; the offset of a frame that is damaged, not torn.
fn frames(bytes: &[u8]) -> Result<(Vec<Vec<u8>>, usize), usize> {
    let (mut entries, mut offset) = (Vec::new(), 0);
    while offset < bytes.len() {
        let rest = &bytes[offset..];
        match frame(rest) {
            Frame::Whole(content) => {
                entries.push(content.to_vec());
                offset += HEADER_BYTES + content.len();
            }
            Frame::Cut => break,
            // what was never written reads as zeros; an entry's content ends in none
            Frame::Damaged if rest.iter().rev().take(HEADER_BYTES).all(|byte| *byte == 0) => break,
            Frame::Damaged => return Err(offset),
        }
    }
    Ok((entries, offset))
}

enum Frame<'a> {
    Whole(&'a [u8]),
    /// The file ends before the frame does.
    Cut,
    Damaged,
}

fn frame(bytes: &[u8]) -> Frame<'_> {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER_BYTES>() else { return Frame::Cut };
    let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    if crc32fast::hash(&header[..4]) != word(4) {
        return Frame::Damaged;
    }
    match usize::try_from(word(0)).ok().map(|length| rest.get(..length)) {
        Some(Some(content)) if crc32fast::hash(content) == word(8) => Frame::Whole(content),
        Some(Some(_)) => Frame::Damaged,
        Some(None) => Frame::Cut,
        None => Frame::Damaged,
    }
}

/// A new file's name lives in its folder.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRIES: [&str; 3] = ["first", "the second", "third"];

    fn written() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let (mut file, entries) = LedgerFile::open(&path).unwrap();
        assert_eq!(entries, Vec::<Vec<u8>>::new());
        file.append(&ENTRIES[..1].iter().map(|e| e.as_bytes().to_vec()).collect::<Vec<_>>()).unwrap();
        file.append(&ENTRIES[1..].iter().map(|e| e.as_bytes().to_vec()).collect::<Vec<_>>()).unwrap();
        (folder, path)
    }

    fn read(path: &Path) -> Result<Vec<String>, LedgerFileError> {
        LedgerFile::open(path).map(|(_, entries)| entries.into_iter().map(|e| String::from_utf8(e).unwrap()).collect())
    }

    #[test]
    fn what_was_appended_is_read_back_in_order() {
        let (_folder, path) = written();
        assert_eq!(read(&path).unwrap(), ENTRIES);
    }

    #[test]
    fn a_file_cut_at_any_byte_keeps_every_whole_entry_and_takes_more() {
        let (_folder, path) = written();
        let whole = std::fs::read(&path).unwrap();
        let mut ends = vec![0];
        for entry in ENTRIES {
            ends.push(ends[ends.len() - 1] + HEADER_BYTES + entry.len());
        }
        for cut in 0..=whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let kept = ends.iter().filter(|end| **end <= cut).count() - 1;
            let (mut file, entries) = LedgerFile::open(&path).unwrap();
            assert_eq!(entries.len(), kept, "cut at byte {cut}");
            file.append(&[b"more".to_vec()]).unwrap();
            drop(file);
            assert_eq!(read(&path).unwrap(), [&ENTRIES[..kept], &["more"]].concat(), "cut at byte {cut}");
        }
    }

    #[test]
    fn an_end_of_zeros_is_dropped() {
        let (_folder, path) = written();
        let mut bytes = std::fs::read(&path).unwrap();
        let kept = bytes.len() - ENTRIES[2].len() - HEADER_BYTES;
        for torn in [kept + HEADER_BYTES, kept + 3, kept] {
            bytes[torn..].fill(0);
            bytes.resize(bytes.len() + 100, 0);
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(read(&path).unwrap(), ENTRIES[..2]);
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_is_reported_with_its_frame_and_nothing_is_dropped() {
        let (_folder, path) = written();
        let whole = std::fs::read(&path).unwrap();
        for byte in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[byte] ^= 0x10;
            std::fs::write(&path, &flipped).unwrap();
            assert!(matches!(read(&path), Err(LedgerFileError::Damaged { offset, .. }) if offset <= byte), "byte {byte}");
            assert_eq!(std::fs::read(&path).unwrap(), flipped, "byte {byte}");
        }
    }

    #[test]
    fn a_file_in_use_is_refused() {
        let (_folder, path) = written();
        let (_file, _) = LedgerFile::open(&path).unwrap();
        assert!(matches!(LedgerFile::open(&path), Err(LedgerFileError::InUse { .. })));
    }

    #[test]
    fn an_entry_too_long_is_refused_and_nothing_is_written() {
        let (_folder, path) = written();
        let (mut file, _) = LedgerFile::open(&path).unwrap();
        let long = vec![b'x'; LedgerFile::ENTRY_MAX_BYTES + 1];
        assert!(matches!(file.append(&[b"short".to_vec(), long]), Err(LedgerFileError::TooLong { .. })));
        drop(file);
        assert_eq!(read(&path).unwrap(), ENTRIES);
    }
}
