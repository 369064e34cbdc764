//! The shared read side: every question of a reader, answered out of what is the same for everybody.
//!
//! Promises: an answer is exact at one seq, which is at least the head when it was asked, and comes with the workspace of
//! that seq, for names, memberships and markers. No answer opens a file below `users/`.
//!
//! Flow: `write` announces each commit to one owner thread, which keeps the newest messages of each channel as they are
//! now (`windows`), whose posts there are (`posts`) and whom messages name that name many (`mentions/crowds`); who else is
//! named and who follows which thread it finds in the log's labels. What is older is folded from the log on two more
//! threads (`folds`). What has to be made first is made once for all who wait for it.
//!
//! Where a record of the log is damaged, the message that it is about is answered as one that cannot be read, and
//! everything else as ever. Nothing of that is written down: a log that was mended is read anew at the next start.
//!
//! Neighbours: `api` asks and makes views; `fold` makes messages of events; `projection/mailbox` writes the same into
//! files, which nothing here reads.

mod chosen;
mod folds;
mod mentions;
mod owner;
mod page;
mod posts;
mod state;
mod threads;
mod waiting;
mod windows;

use std::sync::{Arc, Mutex};

use chat::{Seq, Workspace};
use eventlog::{Appends, Reader};
use futures_util::future::select_all;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

pub use chosen::EditHistory;
pub use mentions::Feed;
pub use page::{CHANGED_MAX, PageQuery};
pub use threads::{FollowedThread, Standing, ThreadPage, ThreadQuery};
pub use waiting::{Counts, Start, Waiting, WaitingThreads};

use self::folds::Folds;
use self::mentions::crowds::{self, Crowds};
use self::mentions::feed::Said;
use self::owner::{Ask, Asked, Owner};
use self::state::{Missing, State};
use crate::fold::FoldError;
use crate::published::{Announcement, PublishedWorkspace};

/// Questions that wait for the owner thread, most of a second's worth; beyond, the answer is `Busy`.
const ASKS_MAX: usize = 8_192;

/// How often what is read of labels may meet a commit that is not published yet; each time is the blink between the two.
const TRIES_MAX: usize = 64;

/// The name of the owner thread.
const THREAD: &str = "reading";

/// Beyond every seq that the log can hold.
const END: Seq = Seq(i64::MAX as u64);

/// Why a question was not answered.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadingError {
    #[error(transparent)]
    Fold(Arc<FoldError>),
    #[error("more questions wait than can be answered")]
    Busy,
    #[error("the server is shutting down")]
    Closed,
}

impl<E: Into<FoldError>> From<E> for ReadingError {
    fn from(error: E) -> ReadingError {
        ReadingError::Fold(Arc::new(error.into()))
    }
}

/// What was found, and the workspace of that moment.
#[derive(Clone, Debug)]
pub struct At<T> {
    pub workspace: Arc<Workspace>,
    pub found: T,
}

/// The read side; clones share its threads.
#[derive(Clone)]
pub struct Reading {
    asks: mpsc::Sender<Ask>,
    folds: Folds,
    published: PublishedWorkspace,
    appends: Appends,
    said: Said,
}

impl Reading {
    /// Starts the threads. `announcements` are those that follow the workspace which is published now; windows have at
    /// most `window_bytes` together.
    ///
    /// # Errors
    ///
    /// When the log cannot be opened for reading.
    pub fn start(
        log: &eventlog::Log,
        published: PublishedWorkspace,
        announcements: mpsc::Receiver<Announcement>,
        window_bytes: usize,
    ) -> Result<Reading, eventlog::Error> {
        let (asks, receiver) = mpsc::channel(ASKS_MAX);
        let folds = Folds::start(log)?;
        let state = State::new(published.now(), window_bytes);
        let reader = log.reader()?.reading_on();
        Owner::new(state, reader, log.appends(), folds.clone()).start(receiver, announcements);
        let said = Arc::new(Mutex::new(Crowds::new(crowds::BYTES_MAX)));
        Ok(Reading { asks, folds, published, appends: log.appends(), said })
    }

    /// Returns when one of the threads has ended, and names it.
    pub async fn ended(&self) -> String {
        let owner = async {
            self.asks.closed().await;
            THREAD.to_owned()
        };
        let (name, ..) =
            select_all([futures_util::FutureExt::boxed(owner), Box::pin(self.folds.ended())]).await;
        name
    }

    /// Ends the threads; the owner ends with the announcements.
    pub async fn close(&self) {
        self.asks.closed().await;
        self.folds.close().await;
    }

    /// Asks the owner thread, which answers at its head, at least `at`, out of what it holds; `read` is called again when
    /// what was missing is there.
    async fn ask<T: Send + 'static>(
        &self,
        at: Seq,
        mut read: impl FnMut(&mut State) -> Result<T, Missing> + Send + 'static,
    ) -> Result<At<T>, ReadingError> {
        self.put(at, false, move |state, _| read(state)).await
    }

    /// As [`Reading::ask`], of what it holds and of the log at the same seq.
    async fn ask_log<T: Send + 'static>(
        &self,
        at: Seq,
        read: impl FnMut(&mut State, &mut Reader) -> Result<T, Missing> + Send + 'static,
    ) -> Result<At<T>, ReadingError> {
        self.put(at, true, read).await
    }

    async fn put<T: Send + 'static>(
        &self,
        at: Seq,
        reads_log: bool,
        mut read: impl FnMut(&mut State, &mut Reader) -> Result<T, Missing> + Send + 'static,
    ) -> Result<At<T>, ReadingError> {
        let (answer, answered) = oneshot::channel();
        let mut answer = Some(answer);
        let question = Box::new(move |asked: Asked<'_>| {
            // Whoever asked may have gone.
            if answer.as_ref().is_none_or(oneshot::Sender::is_closed) {
                return Ok(());
            }
            let found = match asked {
                Asked::Answer(state, reader) => match read(state, reader) {
                    Ok(found) => Ok(At { workspace: Arc::clone(&state.workspace), found }),
                    Err(Missing::Needs(needs)) => return Err(needs),
                    Err(Missing::Fault(error)) => Err(error),
                },
                Asked::Refuse(error) => Err(error),
            };
            if let Some(answer) = answer.take() {
                drop(answer.send(found));
            }
            Ok(())
        });
        self.asks.try_send(Ask { at, reads_log, question, waits: 0 }).map_err(
            |error| match error {
                TrySendError::Full(_) => ReadingError::Busy,
                TrySendError::Closed(_) => ReadingError::Closed,
            },
        )?;
        answered.await.unwrap_or(Err(ReadingError::Closed))
    }

    /// Reads in the log on a fold thread, for the head now, at least `at`.
    async fn fold<T: Send + 'static>(
        &self,
        at: Seq,
        fold: impl FnOnce(&mut Reader, &Workspace) -> Result<T, FoldError> + Send + 'static,
    ) -> Result<At<T>, ReadingError> {
        if !self.published.clone().reached(at).await {
            return Err(ReadingError::Closed);
        }
        self.fold_at(self.published.now(), fold).await
    }

    /// Reads labels and records on a fold thread. Labels are as they are now, so what is read is of the last commit, and
    /// the workspace is the one after it.
    async fn fold_labels<T: Send + 'static>(
        &self,
        at: Seq,
        fold: impl Fn(&mut Reader, &Workspace) -> Result<T, FoldError> + Clone + Send + 'static,
    ) -> Result<At<T>, ReadingError> {
        let (mut published, mut appends) = (self.published.clone(), self.appends.clone());
        let (mut at, mut unannounced) = (at, Seq::ZERO);
        for _ in 0..TRIES_MAX {
            if !published.reached(at).await {
                return Err(ReadingError::Closed);
            }
            let (published_now, fold) = (published.clone(), fold.clone());
            let found = self.folded(move |reader| {
                let workspace = published_now.now();
                reader.snapshot(|reader| {
                    let tip = Seq(reader.head()?.0);
                    if tip > workspace.head && tip != unannounced {
                        return Ok(Err(tip));
                    }
                    let found = fold(reader, &workspace)?;
                    Ok(Ok(At { workspace, found }))
                })
            });
            let tip = match found.await? {
                Ok(found) => return Ok(found),
                Err(tip) => tip,
            };
            // A commit that is durable and not published yet, or one of which nobody will be told that it is.
            tokio::select! {
                biased;
                () = appends.unacknowledged(tip.get()) => unannounced = tip,
                _ = published.reached(tip) => at = tip,
            }
        }
        Err(ReadingError::Busy)
    }

    /// Reads in the log on a fold thread, for the head of a workspace.
    async fn fold_at<T: Send + 'static>(
        &self,
        workspace: Arc<Workspace>,
        fold: impl FnOnce(&mut Reader, &Workspace) -> Result<T, FoldError> + Send + 'static,
    ) -> Result<At<T>, ReadingError> {
        self.folded(move |reader| {
            let found = fold(reader, &workspace)?;
            Ok(At { workspace, found })
        })
        .await
    }

    /// What a fold thread reads.
    async fn folded<T: Send + 'static>(
        &self,
        fold: impl FnOnce(&mut Reader) -> Result<T, FoldError> + Send + 'static,
    ) -> Result<T, ReadingError> {
        let (answer, answered) = oneshot::channel();
        self.folds.submit(move |reader| {
            if !answer.is_closed() {
                // Whoever asked may have gone.
                drop(answer.send(fold(reader)));
            }
        })?;
        Ok(answered.await.map_err(|_| ReadingError::Closed)??)
    }
}
