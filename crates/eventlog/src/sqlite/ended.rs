//! Which of the log's threads has ended.

use tokio::sync::watch;

/// Hears of the first thread that ends; clones share it.
#[derive(Clone)]
pub(super) struct Ended(watch::Sender<Option<&'static str>>);

/// Held by a thread for as long as it runs: a panic drops it too.
pub(super) struct Alive {
    name: &'static str,
    ended: Option<Ended>,
}

impl Alive {
    /// The thread ends because it was told to, and nobody needs to hear of it.
    pub(super) fn rest(mut self) {
        self.ended = None;
    }
}

impl Ended {
    pub(super) fn new() -> Ended {
        Ended(watch::Sender::new(None))
    }

    /// For the thread of this name.
    pub(super) fn alive(&self, name: &'static str) -> Alive {
        Alive { name, ended: Some(self.clone()) }
    }

    /// Waits until a thread has ended, and names it.
    pub(super) async fn first(&self) -> &'static str {
        let mut ended = self.0.subscribe();
        let first = ended.wait_for(Option::is_some).await.expect("this is a sender");
        first.expect("it was waited for")
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        let Some(Ended(ended)) = &self.ended else { return };
        ended.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert(self.name);
            is_first
        });
    }
}
