//! The reader threads: reads from async code wait here, never on the runtime's threads.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex};
use std::thread;

use tokio::sync::{mpsc, oneshot};

use super::ended::Ended;
use super::reader::Reader;
use crate::Error;
use crate::fault::fault_point;

/// Threads that read; two, because the second keeps short reads from waiting behind a long one, and reads that come in
/// numbers are the projections' to answer.
pub(super) const READERS: usize = 2;

/// Reads that may wait; one more makes its caller wait for a place.
const READS_WAITING_MAX: usize = 1_024;

enum Job {
    Read(Box<dyn FnOnce(&mut Reader) + Send>),
    End(oneshot::Sender<()>),
}

/// The queue to the reader threads; they end when it is dropped or closed.
pub(super) struct ReaderPool {
    jobs: mpsc::Sender<Job>,
}

impl ReaderPool {
    /// Starts a thread for each reader.
    pub(super) fn start(readers: Vec<Reader>, ended: &Ended) -> ReaderPool {
        let (sender, receiver) = mpsc::channel(READS_WAITING_MAX);
        let receiver = Arc::new(Mutex::new(receiver));
        for reader in readers {
            let receiver = Arc::clone(&receiver);
            let alive = ended.alive("log-reader");
            thread::Builder::new()
                .name("log-reader".to_owned())
                .spawn(move || {
                    let _alive = alive;
                    read_on(reader, &receiver);
                })
                .expect("a starting process may have threads");
        }
        ReaderPool { jobs: sender }
    }

    /// Runs `read` on the next free thread; a panic in it continues at the caller.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Reader) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (sender, receiver) = oneshot::channel();
        let job = Job::Read(Box::new(move |reader| {
            let outcome = catch_unwind(AssertUnwindSafe(|| read(reader)));
            // The caller may have gone away; then nobody needs the answer.
            let _ = sender.send(outcome);
        }));
        self.jobs.send(job).await.map_err(|_| Error::Closed)?;
        match receiver.await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => Err(Error::Closed),
        }
    }

    /// Ends the threads after what is queued, and waits until their connections are closed.
    pub(super) async fn close(&self) {
        for _ in 0..READERS {
            let (sender, receiver) = oneshot::channel();
            if self.jobs.send(Job::End(sender)).await.is_ok() {
                // An error means that the thread is gone already.
                let _ = receiver.await;
            }
        }
    }
}

fn read_on(mut reader: Reader, jobs: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        // The lock is held while waiting: it hands the queue to one thread after the other.
        let job = jobs.lock().expect("no job runs under this lock").blocking_recv();
        fault_point("log-reader");
        match job {
            Some(Job::Read(read)) => {
                read(&mut reader);
                // Only a panic leaves a snapshot open; if it cannot be ended, the next read fails and says so.
                let _ = reader.end_snapshot();
            }
            Some(Job::End(ended)) => {
                drop(reader);
                // Whoever asked may have gone away.
                let _ = ended.send(());
                return;
            }
            None => return,
        }
    }
}
