//! Sagas: explicit machines that carry money and goods through calls that may fail.

mod event;

pub use event::{ERROR_CHARS_MAX, Event, NOTE_CHARS_MAX, Verb};
