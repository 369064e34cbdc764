//! The SQLite engine: one owner thread appends, every reader has its own connection.
//!
//! Neighbours: `write.rs` appends through [`Log::append`]; `owner.rs` commits; `reader.rs`, `pages.rs`, `passing.rs`,
//! `posts.rs` and `label.rs` read; the layout of the file is `schema.sql`, and `migrate` leads to it from older ones.
//! `schema.rs`, `compare` and `files.rs` find what is wrong with the file, `repair.rs` mends what can be mended.

mod compare;
mod damage;
mod ended;
mod file;
mod files;
mod insert;
mod label;
mod migrate;
mod outline;
mod owner;
mod pages;
mod passing;
mod pool;
mod posts;
mod reader;
mod repair;
mod schema;

use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread;

use tokio::sync::{Semaphore, oneshot, watch};

use crate::appends::Progress;
use crate::follow::Head;
use crate::{Appends, Batch, Epoch, Error, Meaning};
pub use compare::{Comparison, Gaps};
use damage::Damage;
pub use damage::ReadsOn;
use ended::Ended;
use files::Files;
pub use migrate::{Migration, migrate};
pub use owner::HeldErasure;
use owner::{Append, Order, Owner};
pub use passing::Passage;
pub use pool::OwnReads;
use pool::ReaderPool;
pub use reader::{Reader, Wanted};
pub use repair::{Repaired, repair};

/// Batches that may wait for the owner thread; one more makes its caller wait for a place.
const APPENDS_WAITING_MAX: usize = 1_024;

/// A handle to an open log; clones share it.
///
/// When the last one is dropped the threads end by themselves; [`Log::close`] waits for that and tells of failures.
#[derive(Clone)]
pub struct Log {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    epoch: Epoch,
    head: Arc<Head>,
    appends: Progress,
    damage: Arc<Damage>,
    held_erasure: watch::Receiver<Option<HeldErasure>>,
    files: Arc<Files>,
    orders: mpsc::Sender<Order>,
    /// Bounds the queue of orders: each append holds one until it is answered.
    places: Arc<Semaphore>,
    readers: ReaderPool,
    ended: Ended,
}

impl Log {
    /// Opens or creates the log file and starts its threads.
    ///
    /// Every record after `verified_up_to` (exclusive) is checked before this returns; older ones whenever they are
    /// read, and by [`Reader::verify`]. It blocks: a million records take about a second. The directory must exist; the
    /// file is created readable by its owner only.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`], [`Error::Schema`] and [`Error::FileDamaged`] when it must not be used, [`Error::WrongFile`]
    /// when it is not a log, [`Error::Newer`] and [`Error::Older`] when it is another version's, [`Error::Create`] when
    /// it cannot be made.
    pub fn open(path: &Path, verified_up_to: u64) -> Result<Log, Error> {
        Log::open_verifying(path, verified_up_to, u64::MAX)
    }

    /// Opens it for whoever reads on from `verified_up_to` at once: of what comes after it only about the `newest` seqs are
    /// checked before this returns, where a crash may have left something.
    ///
    /// # Errors
    ///
    /// Those of [`Log::open`].
    pub fn open_verifying(path: &Path, verified_up_to: u64, newest: u64) -> Result<Log, Error> {
        let (connection, epoch) = file::open_or_create(path)?;
        let damage = Arc::new(Damage::default());
        let mut readers = Vec::with_capacity(pool::READERS);
        for _ in 0..pool::READERS {
            let mut reader = Reader::open(path, Arc::clone(&damage))?;
            // SQLite opens the write-ahead log at the first read; later its name may lead elsewhere.
            reader.head()?;
            readers.push(reader);
        }
        let tip = file::tip(&connection)?;
        readers[0].verify(verified_up_to.max(tip.seq.saturating_sub(newest)), u64::MAX)?;
        // The connections are open and have read, so both files are there.
        let files = Files::of(path).map_err(|source| Error::Create(Arc::new(source)))?;
        let files = Arc::new(files);
        let head = Arc::new(Head::new(tip.seq));
        let appends = Progress::new(tip.seq);
        let (tell_held, held_erasure) = watch::channel(None);
        let owner = Owner {
            path: path.to_owned(),
            connection: Some(connection),
            tip,
            head: Arc::clone(&head),
            appends: appends.clone(),
            damage: Arc::clone(&damage),
            files: Arc::clone(&files),
            wal_holds_refused: false,
            // A crash between an erasure and its checkpoint left erased bytes in the WAL.
            erasure_due: Some(owner::now()),
            erased: Some(HeldErasure { since: None }),
            held_erasure: tell_held,
            disk_is_filled: false,
        };
        let (orders, receiver) = mpsc::channel();
        let ended = Ended::new();
        let alive = ended.alive("log-owner");
        thread::Builder::new()
            .name("log-owner".to_owned())
            .spawn(move || {
                let _alive = alive;
                owner.run(&receiver);
            })
            .expect("a starting process may have threads");
        let places = Arc::new(Semaphore::new(APPENDS_WAITING_MAX));
        let (path, readers) = (path.to_owned(), ReaderPool::start(readers, &ended));
        let shared = Shared {
            path,
            epoch,
            head,
            appends,
            damage,
            held_erasure,
            files,
            orders,
            places,
            readers,
            ended,
        };
        Ok(Log { shared: Arc::new(shared) })
    }

    /// Says that what comes after the file's end is another history than what came after it before: it was put back from
    /// a backup, or lost its tail. The file must not be open, and is a log already.
    pub fn renew_epoch(path: &Path) -> Result<Epoch, Error> {
        file::renew_epoch(path)
    }

    /// The identity of this history.
    pub fn epoch(&self) -> Epoch {
        self.shared.epoch
    }

    /// The last durable seq, 0 for an empty log.
    pub fn head(&self) -> u64 {
        self.shared.head.now()
    }

    /// Changes whenever the head does, after the commit.
    pub fn watch_head(&self) -> watch::Receiver<u64> {
        self.shared.head.watch()
    }

    /// Which appends are under way, and which have ended.
    pub fn appends(&self) -> Appends {
        self.shared.appends.watch()
    }

    /// Erased bytes that should have left the write-ahead log and have not, because somebody reads there or the machine
    /// refuses. It is tried again every second; `None` once it is done.
    pub fn watch_held_erasure(&self) -> watch::Receiver<Option<HeldErasure>> {
        self.shared.held_erasure.clone()
    }

    /// Appends a batch, all of it or nothing, and returns the head after it once it is on disk.
    ///
    /// Batches that wait together share a commit, in the order in which they came.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfOrder`] and [`Error::DuplicateClientMsgId`] refuse this batch alone. Any other error means that the
    /// commit failed: nothing is acknowledged, and the next append opens the file anew. After [`Error::Unknown`] the
    /// records may turn out to be there, at once or after a crash. When they are there at once the head moves on its
    /// own and the next append is `OutOfOrder`: read on from there. After all others they are not there.
    ///
    /// # Cancellation
    ///
    /// Dropping the future does not take the batch back once it is queued.
    pub async fn append(&self, batch: Batch) -> Result<u64, Error> {
        let places = Arc::clone(&self.shared.places);
        let place = places.acquire_owned().await.map_err(|_| Error::Closed)?;
        let (answer, answered) = oneshot::channel();
        self.order(Order::Append(Append { batch, answer, place }))?;
        answered.await.map_err(|_| Error::Closed)?
    }

    /// Runs a reading closure on one of the log's reader threads.
    ///
    /// Keep it short, there are two. A panic in it continues here.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Reader) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.shared.readers.read(read).await
    }

    /// A reader of one's own, for an owner thread.
    pub fn reader(&self) -> Result<Reader, Error> {
        // SQLite opens the write-ahead log at the first read; later its name may lead elsewhere, and this reader reads on.
        let opened = Reader::open(&self.shared.path, Arc::clone(&self.shared.damage))
            .and_then(|mut reader| reader.head().map(|_| reader));
        // It was opened by name, which may be another file's now.
        match self.shared.files.find_another() {
            Some(file) => {
                Err(self.shared.damage.report(Error::FileChanged { file: file.to_owned() }))
            }
            None => opened,
        }
    }

    /// A reading thread of one's own, for async code that must not wait behind the reads of others. Its name is told when
    /// it ends by a panic ([`Log::ended`]). Close it before the log, or it keeps the WAL's file in its place.
    pub fn own_reads(&self, name: &'static str) -> Result<OwnReads, Error> {
        Ok(OwnReads::start(self.reader()?, name, &self.shared.ended))
    }

    /// Begins a comparison of all records with the indexes and the labels.
    pub fn comparison(&self, gaps: Gaps, meaning: Arc<dyn Meaning>) -> Result<Comparison, Error> {
        Comparison::new(self.reader()?, gaps, meaning)
    }

    /// Writes what is queued, empties the WAL into the file and closes it; later calls answer [`Error::Closed`].
    ///
    /// Readers that others own go on reading, and keep the WAL's file in its place.
    pub async fn close(&self) -> Result<(), Error> {
        self.shared.readers.close().await;
        let (answer, answered) = oneshot::channel();
        self.order(Order::Close(answer))?;
        answered.await.map_err(|_| Error::Closed)?
    }

    /// Returns when one of the log's threads has ended, and names it: after [`Log::close`], or by a panic.
    pub async fn ended(&self) -> &'static str {
        self.shared.ended.first().await
    }

    /// For tests: behaves like a full disk from the file's present size on, or no longer.
    #[doc(hidden)]
    pub fn fill_disk_for_test(&self, is_filled: bool) -> Result<(), Error> {
        self.order(Order::FillDisk(is_filled))
    }

    fn order(&self, order: Order) -> Result<(), Error> {
        self.shared.orders.send(order).map_err(|_| Error::Closed)
    }
}
