//! How SQLite writes a log: a header of 32 bytes, then frames of a header of 24 bytes and a page. Numbers are big-endian; checksums
//! run on from the header through all frames of a log.

/// The size of the header of a log in bytes.
pub(super) const HEADER_BYTES: u64 = 32;
/// The size of the header of a frame in bytes.
pub(super) const FRAME_HEADER_BYTES: u64 = 24;

const MAGIC: u32 = 0x377f_0682;

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// A running checksum.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Chain {
    big_endian: bool,
    sums: (u32, u32),
}

impl Chain {
    fn over(mut self, bytes: &[u8]) -> Self {
        let word = |bytes: &[u8; 4]| if self.big_endian { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) };
        let (words, _) = bytes.as_chunks::<4>();
        for pair in words.chunks_exact(2) {
            self.sums.0 = self.sums.0.wrapping_add(word(&pair[0])).wrapping_add(self.sums.1);
            self.sums.1 = self.sums.1.wrapping_add(word(&pair[1])).wrapping_add(self.sums.0);
        }
        self
    }

    /// With the sums that stand at this place.
    fn standing(self, bytes: &[u8], at: usize) -> Option<Self> {
        Some(Self { sums: (number(bytes, at)?, number(bytes, at + 4)?), ..self })
    }
}

/// The header of a log, whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    /// The size of a page in bytes.
    pub(super) page_bytes: u32,
    /// What the frames of this log have in common.
    pub(super) salts: (u32, u32),
    /// Where the checksums of the frames begin.
    pub(super) chain: Chain,
}

impl Header {
    /// The header that these bytes begin with, if they do.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let magic = number(bytes, 0)?;
        let page_bytes = number(bytes, 8)?;
        if magic & !1 != MAGIC || !page_bytes.is_power_of_two() || !(512..=65_536).contains(&page_bytes) {
            return None;
        }
        let chain = Chain { big_endian: magic & 1 == 1, sums: (0, 0) }.over(bytes.get(..24)?);
        let salts = (number(bytes, 16)?, number(bytes, 20)?);
        (chain.standing(bytes, 24)? == chain).then_some(Self { page_bytes, salts, chain })
    }
}

/// A frame as it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    bytes: &'a [u8],
    /// What the frames of one log have in common.
    pub(super) salts: (u32, u32),
    /// The last one of a transaction.
    pub(super) commits: bool,
}

impl<'a> Frame<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        Some(Self { bytes, commits: number(bytes, 4)? != 0, salts: (number(bytes, 8)?, number(bytes, 12)?) })
    }

    pub(super) fn page(&self) -> &'a [u8] {
        self.bytes.get(FRAME_HEADER_BYTES as usize..).unwrap_or_default()
    }

    /// The checksum that this frame should have after one with `before`.
    pub(super) fn after(&self, before: Chain) -> Chain {
        before.over(self.bytes.get(..8).unwrap_or_default()).over(self.page())
    }

    /// The checksum that it has.
    pub(super) fn standing(&self, like: Chain) -> Option<Chain> {
        like.standing(self.bytes, 16)
    }

    /// Tells whether it is of a page at all.
    pub(super) fn has_page(&self) -> bool {
        number(self.bytes, 0) != Some(0)
    }
}
