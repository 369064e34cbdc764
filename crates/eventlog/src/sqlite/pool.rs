//! The reader threads: reads from async code wait here, never on the runtime's threads. Most share two of them; who must
//! not wait behind others has one of its own.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex};
use std::thread;

use tokio::sync::{mpsc, oneshot};

use super::ended::{Alive, Ended};
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
    threads: usize,
}

impl ReaderPool {
    /// Starts a thread for each reader; the end of any of them is told.
    pub(super) fn start(readers: Vec<Reader>, ended: &Ended) -> ReaderPool {
        ReaderPool::spawn(readers, "log-reader", ended, drop)
    }

    /// Starts a thread for each reader; `told_to_end` says whether it matters that one ended as it was told to.
    fn spawn(
        readers: Vec<Reader>,
        name: &'static str,
        ended: &Ended,
        told_to_end: fn(Alive),
    ) -> ReaderPool {
        let (sender, receiver) = mpsc::channel(READS_WAITING_MAX);
        let receiver = Arc::new(Mutex::new(receiver));
        let threads = readers.len();
        for reader in readers {
            let receiver = Arc::clone(&receiver);
            let alive = ended.alive(name);
            thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || {
                    let alive = alive;
                    read_on(name, reader, &receiver);
                    told_to_end(alive);
                })
                .expect("a starting process may have threads");
        }
        ReaderPool { jobs: sender, threads }
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
        for _ in 0..self.threads {
            let (sender, receiver) = oneshot::channel();
            if self.jobs.send(Job::End(sender)).await.is_ok() {
                // An error means that the thread is gone already.
                let _ = receiver.await;
            }
        }
    }
}

/// A thread that reads for one owner, who waits behind nobody else's reads.
pub struct OwnReads {
    pool: ReaderPool,
}

impl OwnReads {
    pub(super) fn start(reader: Reader, name: &'static str, ended: &Ended) -> OwnReads {
        OwnReads { pool: ReaderPool::spawn(vec![reader], name, ended, Alive::rest) }
    }

    /// Runs a reading closure there. A panic in it continues here.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Reader) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.pool.read(read).await
    }

    /// Ends the thread after what is queued, and waits until its connection is closed; later reads answer
    /// [`Error::Closed`].
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn read_on(name: &str, mut reader: Reader, jobs: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        // The lock is held while waiting: it hands the queue to one thread after the other.
        let job = jobs.lock().expect("no job runs under this lock").blocking_recv();
        fault_point(name);
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
