//! Why events are erased.

use super::{Event, EventKind};

/// Why an event lost its body, as the number in the log; numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Erasure {
    /// Somebody took it back: it counts nowhere any more.
    Deleted = 1,
    /// A later event says it otherwise: what it counts as stays.
    Superseded = 2,
    /// Its time was over: it counts nowhere any more.
    Expired = 3,
}

impl Erasure {
    /// Why an event is erased by one of this kind.
    pub fn by(kind: EventKind) -> Erasure {
        if kind == EventKind::MessageDeleted { Erasure::Deleted } else { Erasure::Superseded }
    }

    /// Whether what an event erases is only the last state of what its actor goes on writing, or has sent by it. It happens
    /// once a second while they write, so it may take as long as is promised. What somebody takes back is in haste.
    pub fn may_wait_after(event: &Event) -> bool {
        if let Event::DraftSaved { text, .. } = event {
            return !text.is_empty();
        }
        event.kind().begins_message()
    }

    /// The number in the log.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The numbers of those after which an event counts nowhere.
    pub const GONE: [u8; 2] = [Erasure::Deleted as u8, Erasure::Expired as u8];
}
