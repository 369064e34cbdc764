//! The fold threads: what has to be read in the log is read here, beside the owner thread and off the runtime's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use eventlog::{Reader, fault_point};
use futures_util::future::select_all;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::ReadingError;

/// Threads: as many as a small machine has cores, so that one long fold does not hold up the short ones.
const THREADS: usize = 2;

/// Folds that wait for one thread, a second's worth at a millisecond each; beyond, the answer is `Busy`.
const FOLDS_MAX: usize = 1_024;

enum Job {
    Fold(Box<dyn FnOnce(&mut Reader) + Send>),
    End(oneshot::Sender<()>),
}

/// A handle to the fold threads; clones share them.
#[derive(Clone)]
pub(super) struct Folds {
    threads: Arc<[Thread]>,
}

struct Thread {
    jobs: mpsc::Sender<Job>,
    /// Folds that it has not finished: one that takes long counts as long as it takes.
    unfinished: Arc<AtomicUsize>,
}

fn name(index: usize) -> String {
    format!("folds-{index}")
}

impl Folds {
    pub fn start(log: &eventlog::Log) -> Result<Folds, eventlog::Error> {
        let mut threads = Vec::with_capacity(THREADS);
        for index in 0..THREADS {
            let (jobs, receiver) = mpsc::channel(FOLDS_MAX);
            let reader = log.reader()?.reading_on();
            let unfinished = Arc::new(AtomicUsize::new(0));
            thread::Builder::new()
                .name(name(index))
                .spawn({
                    let unfinished = Arc::clone(&unfinished);
                    move || run(&name(index), reader, receiver, &unfinished)
                })
                .expect("a starting process may have threads");
            threads.push(Thread { jobs, unfinished });
        }
        Ok(Folds { threads: threads.into() })
    }

    /// Gives a fold to the thread that has the least to do.
    pub fn submit(
        &self,
        fold: impl FnOnce(&mut Reader) + Send + 'static,
    ) -> Result<(), ReadingError> {
        let idlest = self.threads.iter().min_by_key(|it| it.unfinished.load(Ordering::Relaxed));
        let Thread { jobs, unfinished } = idlest.expect("there are threads");
        let sent = jobs.try_send(Job::Fold(Box::new(fold)));
        sent.map_err(|error| match error {
            TrySendError::Full(_) => ReadingError::Busy,
            TrySendError::Closed(_) => ReadingError::Closed,
        })?;
        unfinished.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Returns when a thread has ended, and names it.
    pub async fn ended(&self) -> String {
        let threads = self.threads.iter().map(|thread| Box::pin(thread.jobs.closed()));
        let ((), index, _) = select_all(threads).await;
        name(index)
    }

    /// Ends the threads after what is queued, and waits until their connections are closed.
    pub async fn close(&self) {
        for Thread { jobs, .. } in self.threads.iter() {
            let (answer, answered) = oneshot::channel();
            if jobs.send(Job::End(answer)).await.is_ok() {
                // An error says that the thread has ended already, which is what was wanted.
                drop(answered.await);
            }
        }
    }
}

fn run(name: &str, mut reader: Reader, mut jobs: mpsc::Receiver<Job>, unfinished: &AtomicUsize) {
    while let Some(job) = jobs.blocking_recv() {
        fault_point(name);
        match job {
            Job::Fold(fold) => {
                fold(&mut reader);
                unfinished.fetch_sub(1, Ordering::Relaxed);
            }
            Job::End(answer) => {
                drop(reader);
                // Whoever asked may have gone; the connection is closed all the same.
                let _ = answer.send(());
                return;
            }
        }
    }
}
