//! Sagas: explicit machines that carry money and goods through calls that may fail.

mod event;
mod machine;

pub use event::{ERROR_CHARS_MAX, Event, NOTE_CHARS_MAX, Verb};
pub use machine::{IllegalStep, Met, State, Status, Task, VERSION, next_status};
