//! Between a chat event and a log record: the envelope's numbers and a JSON body.

use chat::LoggedEvent;
use eventlog::Record;

/// A record that cannot be understood: written by a newer version or damaged in a way that its checksum does not show.
#[derive(Debug, thiserror::Error)]
#[error("the record at seq {seq} cannot be understood")]
pub struct DecodeError {
    /// Which record.
    pub seq: u64,
    #[source]
    source: Option<serde_json::Error>,
}

/// The record of an event.
pub fn encode(event: &LoggedEvent) -> Record {
    let _ = event;
    unimplemented!()
}

/// The event of a record.
pub fn decode(record: &Record) -> Result<LoggedEvent, DecodeError> {
    let _ = record;
    unimplemented!()
}
