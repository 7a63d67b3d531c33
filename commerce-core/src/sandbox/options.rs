//! What kind of provider the sandbox plays.

use crate::ports::Capabilities;

/// What kind of provider the sandbox plays; fixed for its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Takes money at authorization; captures and voids are refused.
    pub sale_only: bool,
    /// An authorization can be captured in parts; otherwise the first capture lets the rest go.
    pub multi_capture: bool,
    /// Every settled outcome is reported too, as `sandbox_twice` does.
    pub report_all: bool,
    /// Seconds until a call whose answer was lost is found.
    pub settle_after_s: u32,
    /// Seconds until an authorization lapses.
    pub authorization_ttl_s: u32,
    /// Seconds until the authorization of `sandbox_short_lived` lapses.
    pub short_ttl_s: u32,
    /// Seconds until a pending call is decided.
    pub pending_s: u32,
    /// Seconds that `sandbox_late` takes to answer.
    pub late_s: u32,
}

impl Options {
    /// A card provider: captures in parts, 30 s to settle, 7 days to capture, 60 s for short and pending, 10 s for late.
    pub const CARDS: Self = Self {
        sale_only: false,
        multi_capture: true,
        report_all: false,
        settle_after_s: 30,
        authorization_ttl_s: 7 * 24 * 3600,
        short_ttl_s: 60,
        pending_s: 60,
        late_s: 10,
    };

    /// As [`Options::CARDS`], but each authorization is captured once.
    pub const SINGLE_CAPTURE: Self = Self { multi_capture: false, ..Self::CARDS };

    /// As [`Options::CARDS`], but money is taken at once.
    pub const SALES: Self = Self { sale_only: true, multi_capture: false, ..Self::CARDS };

    /// What the engine may expect.
    pub const fn capabilities(&self) -> Capabilities {
        Capabilities {
            multi_capture: self.multi_capture && !self.sale_only,
            sale_only: self.sale_only,
            settle_after_s: self.settle_after_s,
        }
    }
}
