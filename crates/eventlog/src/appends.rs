//! Which appends are under way, for who has read a record before anybody could say what became of it.
//!
//! A commit can be read before its append is answered, and one whose append is answered as failed may be there all the
//! same. Who sees a record and waits to be told of it asks here whether that will come.

use tokio::sync::watch;

/// How far the appends are. A group is what shares a commit.
#[derive(Clone, Copy)]
struct State {
    groups_begun: u64,
    groups_ended: u64,
    /// The last seq of which somebody was told that it is durable.
    acknowledged: u64,
}

/// Says how far the appends are; clones say it together.
#[derive(Clone)]
pub(crate) struct Progress(watch::Sender<State>);

/// Hears how far the appends are; clones share it.
#[derive(Clone)]
pub struct Appends(watch::Receiver<State>);

impl Progress {
    pub(crate) fn new(tip: u64) -> Progress {
        let state = State { groups_begun: 0, groups_ended: 0, acknowledged: tip };
        Progress(watch::Sender::new(state))
    }

    pub(crate) fn watch(&self) -> Appends {
        Appends(self.0.subscribe())
    }

    /// A group begins: from now on its records may be read.
    pub(crate) fn begin(&self) {
        self.0.send_modify(|state| state.groups_begun += 1);
    }

    /// The group has ended, and its appends are about to be answered: up to which seq as durable.
    pub(crate) fn end(&self, acknowledged: Option<u64>) {
        self.0.send_modify(|state| {
            state.groups_ended += 1;
            state.acknowledged = state.acknowledged.max(acknowledged.unwrap_or(0));
        });
    }
}

impl Appends {
    /// Returns once it is known that the append of `seq`, which was read in the log, is answered as anything but durable,
    /// or was nobody's here; never when it is answered as durable.
    pub async fn unacknowledged(&mut self, seq: u64) {
        // It could be read, so its group had begun.
        let begun = self.0.borrow().groups_begun;
        let is_over = |it: &State| it.acknowledged >= seq || it.groups_ended >= begun;
        // The log is gone with its threads, and nobody is answered any more.
        let Ok(state) = self.0.wait_for(is_over).await.map(|state| *state) else { return };
        if state.acknowledged >= seq {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::{Pin, pin};
    use std::task::{Context, Waker};

    use super::*;

    fn is_ready(waiting: Pin<&mut impl Future<Output = ()>>) -> bool {
        waiting.poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn who_reads_a_record_is_told_when_nobody_will_be_told_of_it_and_not_before() {
        let progress = Progress::new(7);
        let is_known = |seq| {
            let mut appends = progress.watch();
            is_ready(pin!(appends.unacknowledged(seq)))
        };
        assert!(!is_known(7), "what was there at the start is durable");
        assert!(is_known(8), "nobody here appends it");
        progress.begin();
        assert!(!is_known(8), "it may be on its way");
        progress.end(Some(8));
        assert!(!is_known(8), "it is acknowledged");
        progress.begin();
        let mut appends = progress.watch();
        let mut refused = pin!(appends.unacknowledged(9));
        assert!(!is_ready(refused.as_mut()));
        progress.end(None);
        // The next is under way already, and is not what was read.
        progress.begin();
        assert!(is_ready(refused), "it was refused");
        progress.end(Some(9));
        assert!(!is_known(9), "it was appended after all");
    }
}
