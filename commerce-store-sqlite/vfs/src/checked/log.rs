//! The write-ahead log: judged when it was left behind, checked while it is used.

mod format;
mod gather;
mod judge;

use std::ffi::c_int;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::ffi;

use super::Shared;
use super::page::checksum;
use crate::damage::{Damage, Place, found};
use crate::layer::{Below, Code, FileLayer};
use format::{FRAME_HEADER_BYTES, Frame, HEADER_BYTES, Header};
use gather::Gathered;

/// What is known of a log, by all who have it open.
#[derive(Debug, Default)]
pub(super) struct LogState {
    /// All that is written goes through this process.
    owned: bool,
    /// What the owner found was judged.
    judged: bool,
    /// How many have it open.
    open: usize,
    /// The size of a page in bytes; none before there is a header.
    page_bytes: Option<u32>,
    /// The checksum of each frame's page; none for what is not known to be whole.
    frames: Vec<Option<u64>>,
}

impl LogState {
    /// Begins or ends the time in which no other process writes.
    pub(super) fn own(&mut self, owned: bool) {
        *self = Self { owned, judged: false, frames: Vec::new(), ..*self };
    }

    /// How many pages the owner knows to be in the log.
    pub(super) fn pages(&self) -> u64 {
        self.frames.len() as u64
    }

    /// Takes what was left behind for known.
    fn begin(&mut self, left: judge::Left) {
        self.page_bytes = left.page_bytes;
        self.frames = if self.owned { left.frames } else { Vec::new() };
        self.judged = self.owned;
    }

    /// A new log begins in the place of the old one.
    fn restart(&mut self, header: &Header) {
        self.page_bytes = Some(header.page_bytes);
        self.frames.clear();
    }

    /// The frame, the first one 0, whose page begins at `offset`, if these bytes are just that page.
    fn frame_at(&self, offset: u64, length: usize) -> Option<u32> {
        let page = u64::from(self.page_bytes?);
        let frame = FRAME_HEADER_BYTES + page;
        let place = offset.checked_sub(HEADER_BYTES + FRAME_HEADER_BYTES)?;
        if length as u64 == page && place.is_multiple_of(frame) { u32::try_from(place / frame).ok() } else { None }
    }

    fn set(&mut self, frame: u32, sum: Option<u64>) {
        if !self.owned {
            return;
        }
        let at = frame as usize;
        if self.frames.len() <= at {
            self.frames.resize(at + 1, None);
        }
        self.frames[at] = sum;
    }

    /// Forgets the frames that these bytes touch.
    fn forget(&mut self, offset: u64, length: usize) {
        let Some(page) = self.page_bytes else { return };
        let frame = FRAME_HEADER_BYTES + u64::from(page);
        let first = offset.saturating_sub(HEADER_BYTES) / frame;
        let last = (offset + length as u64).saturating_sub(HEADER_BYTES) / frame;
        for at in first..=last {
            if let Some(sum) = usize::try_from(at).ok().and_then(|at| self.frames.get_mut(at)) {
                *sum = None;
            }
        }
    }

    /// Forgets the frames that do not lie within so many bytes.
    fn cut(&mut self, size: u64) {
        let Some(page) = self.page_bytes else { return };
        let whole = size.saturating_sub(HEADER_BYTES) / (FRAME_HEADER_BYTES + u64::from(page));
        self.frames.truncate(usize::try_from(whole).unwrap_or(usize::MAX));
    }
}

/// A log that is open.
pub(super) struct LogFile {
    path: PathBuf,
    shared: Arc<Shared>,
    gathered: Gathered,
    /// The page that comes next is the last one of a transaction.
    last_page_next: bool,
}

impl LogFile {
    /// Opens a log. The first to open it judges what was left behind, before SQLite takes a broken part for its end.
    pub(super) fn open(path: &Path, shared: Arc<Shared>, below: &mut Below<'_>) -> Result<Self, Code> {
        let mut state = shared.log();
        if state.open == 0 || (state.owned && !state.judged) {
            let left = judge::judge(below)?;
            if let Some(place) = left.damaged {
                found(Damage { path: path.to_owned(), place });
                return Err(Code::DAMAGED);
            }
            // what a process that was killed had written is read from now on: it must not be lost by a power cut after that
            if state.owned && !left.frames.is_empty() {
                shared.sync(below, ffi::SQLITE_SYNC_FULL)?;
            }
            state.begin(left);
        }
        state.open += 1;
        drop(state);
        Ok(Self { path: path.to_owned(), shared, gathered: Gathered::default(), last_page_next: false })
    }

    /// Writes what was gathered.
    fn flush(&mut self, below: &mut Below<'_>) -> Result<(), Code> {
        self.gathered.flush(below).map_err(|lost| {
            self.shared.log().forget(lost.offset, lost.length);
            lost.code
        })
    }

    /// The page in what is read, as a frame's page alone or with its header before it.
    fn page_in<'a>(&self, bytes: &'a [u8], offset: u64) -> Option<(u32, Option<u64>, &'a [u8])> {
        let state = self.shared.log();
        let whole = |at: u64, bytes: &'a [u8]| {
            let frame = state.frame_at(at, bytes.len())?;
            Some((frame, state.frames.get(frame as usize).copied().flatten(), bytes))
        };
        whole(offset, bytes).or_else(|| {
            let page = bytes.get(FRAME_HEADER_BYTES as usize..)?;
            whole(offset + FRAME_HEADER_BYTES, page)
        })
    }
}

impl Drop for LogFile {
    fn drop(&mut self) {
        self.shared.log().open -= 1;
    }
}

impl FileLayer for LogFile {
    fn read(&mut self, below: &mut Below<'_>, bytes: &mut [u8], offset: u64) -> Result<(), Code> {
        self.flush(below)?;
        let read = below.read(bytes, offset);
        if !matches!(read, Ok(()) | Err(Code::SHORT_READ)) {
            return read;
        }
        match self.page_in(bytes, offset) {
            Some((frame, Some(sum), page)) if read.is_err() || checksum(page, frame) != sum => {
                found(Damage { path: self.path.clone(), place: Place::Frame(frame + 1) });
                Err(Code::DAMAGED)
            }
            _ => read,
        }
    }

    fn write(&mut self, below: &mut Below<'_>, bytes: &[u8], offset: u64) -> Result<(), Code> {
        if !self.gathered.add(bytes, offset) {
            self.flush(below)?;
            self.gathered.begin(bytes, offset);
        }
        let mut state = self.shared.log();
        match state.frame_at(offset, bytes.len()) {
            Some(frame) => state.set(frame, Some(checksum(bytes, frame))),
            None if offset == 0 => {
                if let Some(header) = Header::read(bytes) {
                    state.restart(&header);
                }
            }
            // the header of a frame alone leaves its page as it is
            None if bytes.len() as u64 == FRAME_HEADER_BYTES => {
                self.last_page_next = Frame::read(bytes).is_some_and(|frame| frame.commits);
                return Ok(());
            }
            None => state.forget(offset, bytes.len()),
        }
        drop(state);
        // others look for a transaction in the file as soon as it has ended
        if std::mem::take(&mut self.last_page_next) { self.flush(below) } else { Ok(()) }
    }

    fn truncate(&mut self, below: &mut Below<'_>, size: u64) -> Result<(), Code> {
        self.flush(below)?;
        self.shared.log().cut(size);
        below.truncate(size)
    }

    fn sync(&mut self, below: &mut Below<'_>, flags: c_int) -> Result<(), Code> {
        self.flush(below)?;
        self.shared.sync(below, flags)
    }
}
