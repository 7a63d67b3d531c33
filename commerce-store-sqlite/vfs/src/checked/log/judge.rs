//! A log that was left behind: what a power cut can leave, and what it cannot.
//!
//! A transaction is on disk before the next one is written, and the header before the first. So whatever breaks the chain of checksums
//! may be a transaction that was cut off, never synced and never acknowledged, unless a later one goes on from its end: then it had
//! been synced, and what stands there is not what was written. A log that is damaged within its last transaction looks like one that
//! was cut off there: nothing on disk tells them apart.
//!
//! Behind the end there may be frames of earlier logs, which have other salts, and of transactions that were cut off and written over:
//! those go on from nothing that still stands.

use super::format::{Chain, FRAME_HEADER_BYTES, Frame, HEADER_BYTES, Header};
use crate::checked::page::checksum;
use crate::damage::Place;
use crate::layer::{Below, Code};

/// How often a log is read that looks damaged, each time elsewhere.
const READS_MAX: usize = 8;

/// What was left behind.
#[derive(Debug, Default)]
pub(super) struct Left {
    pub(super) page_bytes: Option<u32>,
    /// The checksums of the frames that stand.
    pub(super) frames: Vec<Option<u64>>,
    pub(super) damaged: Option<Place>,
    salts: (u32, u32),
}

/// Reads a log from its begin to its end. What looks damaged is read again: another process may have written it meanwhile, and then the
/// first break lies elsewhere.
///
/// # Errors
/// What the disk says.
pub(super) fn judge(below: &mut Below<'_>) -> Result<Left, Code> {
    let mut left = read(below)?;
    for _ in 1..READS_MAX {
        if left.damaged.is_none() {
            return Ok(left);
        }
        let again = read(below)?;
        if (again.damaged, again.salts) == (left.damaged, left.salts) {
            return Ok(left);
        }
        left = again;
    }
    // someone writes it faster than it is read
    Ok(Left { damaged: None, frames: Vec::new(), ..left })
}

fn read(below: &mut Below<'_>) -> Result<Left, Code> {
    let size = below.size()?;
    let mut bytes = [0; HEADER_BYTES as usize];
    if size < HEADER_BYTES {
        return Ok(Left::default());
    }
    below.read(&mut bytes, 0)?;
    let Some(header) = Header::read(&bytes) else {
        // no frame is written before the header is on disk
        let damaged = (size > HEADER_BYTES).then_some(Place::LogHeader);
        return Ok(Left { damaged, ..Left::default() });
    };
    let frame_bytes = FRAME_HEADER_BYTES + u64::from(header.page_bytes);
    let frames = u32::try_from((size - HEADER_BYTES) / frame_bytes).map_err(|_| Code::FAILED)?;
    let mut bytes = vec![0; FRAME_HEADER_BYTES as usize + header.page_bytes as usize];
    let mut walk = Walk::from(&header);
    for number in 0..frames {
        below.read(&mut bytes, HEADER_BYTES + u64::from(number) * frame_bytes)?;
        walk.take(Frame::read(&bytes).ok_or(Code::FAILED)?, number);
        if walk.left.damaged.is_some() {
            break;
        }
    }
    Ok(walk.left)
}

/// A walk over the frames of a log.
struct Walk {
    left: Left,
    /// The checksums that the frame before may have been written with: the one that stands there, and the one that it should have.
    before: [Chain; 2],
    /// Behind the first frame that breaks the chain, whose number is this.
    broken: Option<u32>,
    /// The frame before ends a transaction.
    commits: bool,
}

impl Walk {
    fn from(header: &Header) -> Self {
        let left = Left { page_bytes: Some(header.page_bytes), salts: header.salts, ..Left::default() };
        Self { left, before: [header.chain; 2], broken: None, commits: false }
    }

    fn take(&mut self, frame: Frame<'_>, number: u32) {
        let [standing_before, _] = self.before;
        let Some(standing) = frame.standing(standing_before) else { return };
        let of_this_log = frame.salts == self.left.salts && frame.has_page();
        let goes_on = of_this_log && self.before.iter().any(|before| frame.after(*before) == standing);
        match self.broken {
            None if goes_on => self.left.frames.push(Some(checksum(frame.page(), number))),
            None => self.broken = Some(number),
            Some(first) if goes_on && self.commits => self.left.damaged = Some(Place::Frame(first + 1)),
            Some(_) => {}
        }
        self.before = [standing, frame.after(standing_before)];
        self.commits = frame.commits;
    }
}
