//! The threads that hash, few and always the same.
//!
//! One hash takes 19 MiB for a moment, which the allocator keeps for every thread that ever made one. Whoever hangs up
//! while they wait is not hashed for: attempts that nobody waits for would hash side by side, or keep everybody else
//! waiting.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::oneshot;

use super::{PasswordBusy, WAITING_MAX};

type Job = Box<dyn FnOnce() + Send>;

/// Who waits, and who hung up while the hash before them was made; the next one is told to come back.
const QUEUE_MAX: usize = 4 * WAITING_MAX;

/// Ends its threads when it is dropped.
pub(super) struct Hashers(SyncSender<Job>);

impl Hashers {
    pub(super) fn start(threads: usize) -> Hashers {
        let (sender, jobs) = sync_channel::<Job>(QUEUE_MAX);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..threads {
            let jobs = Arc::clone(&jobs);
            let started = thread::Builder::new().name("passwords".to_owned());
            started.spawn(move || work(&jobs)).expect("the system has threads at the start");
        }
        Hashers(sender)
    }

    /// Does some work, unless nobody waits for it any more when its turn comes.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordBusy> {
        let (answer, answered) = oneshot::channel();
        let job = move || {
            if !answer.is_closed() {
                // Who hung up meanwhile wants no answer.
                let _: Result<(), T> = answer.send(work());
            }
        };
        self.0.try_send(Box::new(job)).map_err(|_| PasswordBusy)?;
        Ok(answered.await.expect("hashing does not panic"))
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // Whoever asked hears of it by the answer that never comes; the thread is everybody's.
        let _: thread::Result<()> = catch_unwind(AssertUnwindSafe(job));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn what_nobody_waits_for_is_not_done_and_a_panic_ends_no_thread() {
        let hashers = Hashers::start(1);
        let (go, gone) = channel::<()>();
        let first = hashers.run(move || gone.recv().is_ok());
        let (done, was_done) = channel::<()>();
        {
            let mut given_up = Box::pin(hashers.run(move || done.send(())));
            let mut first = Box::pin(first);
            assert!((&mut first).now_or_never().is_none());
            assert!((&mut given_up).now_or_never().is_none());
            drop(given_up);
            go.send(()).unwrap();
            assert_eq!(first.await, Ok(true));
        }
        assert_eq!(hashers.run(|| 1).await, Ok(1));
        assert!(was_done.try_recv().is_err(), "nobody waited for it");
        let panicking = AssertUnwindSafe(hashers.run(|| -> () { panic!("as it never does") }));
        assert!(panicking.catch_unwind().await.is_err());
        assert_eq!(hashers.run(|| 2).await, Ok(2));
    }
}
