//! How a port fails.

use std::error::Error;
use std::fmt;

/// A port's failure, in the port's words.
#[derive(Debug)]
pub struct PortError {
    /// What kind of failure.
    pub kind: PortErrorKind,
    /// Whether, and when, the same call may be made again.
    pub retry: Retry,
    /// What the adapter met.
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

/// What kind of failure a port met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PortErrorKind {
    /// The store or provider cannot be reached, is full, or is shutting down.
    Unavailable,
    /// It did not answer in time.
    Timeout,
    /// What it holds cannot be read.
    Corrupt,
    /// What it holds was written by a newer version.
    UnknownSchema,
    /// The request is larger than it takes.
    TooLarge,
    /// The request contradicts itself, or an earlier one under the same id.
    Misuse,
}

/// Whether a failed call may be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// It will fail again.
    Never,
    /// Nothing was written; it may succeed later.
    Later,
    /// It may have been written: look before asking again.
    Unknown,
}

impl PortError {
    /// A failure without a source.
    pub const fn new(kind: PortErrorKind, retry: Retry) -> Self {
        Self { kind, retry, source: None }
    }

    /// A failure with what the adapter met.
    pub fn with(kind: PortErrorKind, retry: Retry, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, retry, source: Some(source.into()) }
    }

    /// A request that contradicts itself, or an earlier one under the same id; nothing was written.
    pub fn misuse(what: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::with(PortErrorKind::Misuse, Retry::Never, what)
    }

    /// Stored data that cannot be read.
    pub fn corrupt(what: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::with(PortErrorKind::Corrupt, Retry::Never, what)
    }
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            PortErrorKind::Unavailable => "unavailable",
            PortErrorKind::Timeout => "timed out",
            PortErrorKind::Corrupt => "stored data cannot be read",
            PortErrorKind::UnknownSchema => "stored data is of a newer version",
            PortErrorKind::TooLarge => "too large",
            PortErrorKind::Misuse => "the request contradicts itself or an earlier one",
        })?;
        if self.retry == Retry::Unknown {
            f.write_str(", it may have been written")?;
        }
        match &self.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl Error for PortError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
