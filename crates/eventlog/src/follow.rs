//! Following the head: who waits for records hears here that they are durable.

use tokio::sync::watch;

/// The last durable seq.
///
/// The owner thread alone moves it, after the commit, so nobody hears of a record that a crash could take back.
pub(crate) struct Head {
    sender: watch::Sender<u64>,
}

impl Head {
    pub(crate) fn new(seq: u64) -> Head {
        Head { sender: watch::Sender::new(seq) }
    }

    pub(crate) fn now(&self) -> u64 {
        *self.sender.borrow()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.sender.subscribe()
    }

    /// Tells everybody who waits, unless nothing is new: a batch of redactions alone moves no head.
    pub(crate) fn move_to(&self, seq: u64) {
        self.sender.send_if_modified(|head| {
            let is_new = *head != seq;
            *head = seq;
            is_new
        });
    }
}
