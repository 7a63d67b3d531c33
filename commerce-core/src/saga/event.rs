//! What the engine and operators record about a saga that got stuck: the audit stream of the saga.

use std::borrow::Cow;

/// Most characters of the error that a stuck saga met.
pub const ERROR_CHARS_MAX: usize = 1_000;
/// Most characters of an operator's note.
pub const NOTE_CHARS_MAX: usize = 500;

/// One fact about one saga.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A step kept failing: the saga waits for an operator.
    SagaStuck {
        /// The kind of saga.
        kind: Cow<'static, str>,
        /// The step that failed.
        step: Cow<'static, str>,
        /// How often it failed in a row.
        failures: u32,
        /// What it met last, at most [`ERROR_CHARS_MAX`] characters.
        error: String,
    },
    /// An operator decided.
    SagaResolved {
        /// What the saga does now.
        verb: Verb,
        /// Why, in the operator's words, at most [`NOTE_CHARS_MAX`] characters; no personal data.
        note: Option<String>,
    },
}

crate::names! {
    /// What an operator tells a stuck saga.
    Verb {
        /// Try the step again.
        Retry = "retry",
        /// Go on as if the step had nothing to do.
        Skip = "skip",
        /// Go on as if the step had succeeded.
        Force = "force",
        /// End here.
        Abandon = "abandon",
    }
}
