//! The stored form of a saga's state.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::saga::{State, Status, Task, VERSION};
use crate::stored::{StoredError, form};
use crate::time::Timestamp;

const KIND: &str = "saga state";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateV1 {
    subject: String,
    status: String,
    since: i64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    then_capture: bool,
}

/// The bytes of a saga's state. Its kind and version stand in its row.
///
/// # Errors
/// [`StoredError`] if it cannot be written.
pub fn encode_saga_state(state: &State) -> Result<Vec<u8>, StoredError> {
    let body = StateV1 {
        subject: state.task.subject().hyphenated().to_string(),
        status: state.status.as_str().to_owned(),
        since: state.since.micros(),
        then_capture: state.then_capture,
    };
    super::write(KIND, Ok(body))
}

/// The state of a saga of this kind and version.
///
/// # Errors
/// [`StoredError`] if a newer release wrote it, or if it has another form.
pub fn decode_saga_state(kind: &str, version: u16, bytes: &[u8]) -> Result<State, StoredError> {
    if version != VERSION {
        return Err(StoredError::UnknownVersion { kind: KIND, version });
    }
    let body: StateV1 = form(bytes).map_err(|fault| fault.of(KIND))?;
    let subject =
        Uuid::try_parse(&body.subject).map_err(|_| StoredError::Contradiction { kind: KIND, what: "its subject is not an id" })?;
    let task = Task::of(kind, subject).ok_or_else(|| StoredError::UnknownKind { kind: kind.to_owned() })?;
    let status = Status::ALL.into_iter().find(|status| status.as_str() == body.status);
    let status = status.ok_or(StoredError::Contradiction { kind: KIND, what: "it has an unknown status" })?;
    Ok(State { task, status, since: Timestamp::from_micros(body.since), then_capture: body.then_capture })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saga_state_reads_back_as_written() {
        for kind in Task::KINDS {
            for status in Status::ALL {
                let state = State {
                    task: Task::of(kind, Uuid::from_u128(5)).unwrap(),
                    status,
                    since: Timestamp::from_secs(7),
                    then_capture: false,
                };
                let bytes = encode_saga_state(&state).unwrap();
                assert_eq!(decode_saga_state(kind, VERSION, &bytes).unwrap(), state);
                assert!(matches!(decode_saga_state(kind, 2, &bytes), Err(StoredError::UnknownVersion { .. })));
            }
        }
        assert!(matches!(
            decode_saga_state("other", VERSION, br#"{"subject":"00000000-0000-0000-0000-000000000005","status":"settled","since":1}"#),
            Err(StoredError::UnknownKind { .. })
        ));
    }
}
