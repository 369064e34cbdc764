//! One mailbox file while it is open: its connection, its checkpoint and the few numbers that are kept in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use chat::{ChannelId, EventKind, Seq, UserId, UserName, Workspace};
use eventlog::{Epoch, Reader};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension, params};

use super::super::feed::Feed;
use super::super::sqlite::{self, Checkpoint, count_to_sql, from_sql, to_sql};
use super::super::{InFile, ProjectionError};
use super::user_db_path;
use super::windows::Windows;
use crate::fold::FoldError;

/// Version of our own tables; another one means rebuild.
pub(super) const FORMAT: i64 = 6;

/// Pages in a WAL that is left behind at a close, more or less: so often it is written back, with its two fsyncs, and
/// so much of it is read at the next opening.
const WAL_PAGES: i64 = 64;

/// Bytes that a WAL keeps on disk when it begins anew: those pages.
const WAL_BYTES_KEPT: i64 = 64 * 4_096;

/// What a file is called for the moment before it has no name. Beside the data, because it holds the same messages: same
/// disk, same owner, same mode.
const NAMELESS: &str = "comparing.tmp";

const SCHEMA: &str = include_str!("schema.sql");

/// What a mailbox is made from; one per owner thread.
pub(in crate::projection) struct Sources {
    pub reader: Reader,
    pub feed: Feed,
    pub epoch: Epoch,
    /// The window: rows per channel, 0 for everything.
    pub messages_per_channel: usize,
    pub(super) windows: Windows,
    cutoffs: Cutoffs,
}

/// The oldest message of each kind and channel that is still in the window at a target: the same for every mailbox of
/// a sweep.
#[derive(Default)]
struct Cutoffs {
    target: Seq,
    channels: HashMap<(ChannelId, EventKind), Seq>,
}

impl Sources {
    pub fn new(reader: Reader, epoch: Epoch, messages_per_channel: usize) -> Sources {
        let (feed, windows, cutoffs) = (Feed::new(), Windows::new(), Cutoffs::default());
        Sources { reader, feed, epoch, messages_per_channel, windows, cutoffs }
    }

    /// The first message of this kind in `channel` that is in the window when everything up to `target` has been
    /// applied.
    pub fn cutoff(
        &mut self,
        channel: ChannelId,
        kind: EventKind,
        target: Seq,
    ) -> Result<Seq, eventlog::Error> {
        if self.messages_per_channel == 0 {
            return Ok(Seq::ZERO);
        }
        if self.cutoffs.target != target {
            self.cutoffs = Cutoffs { target, channels: HashMap::new() };
        }
        if let Some(cutoff) = self.cutoffs.channels.get(&(channel, kind)) {
            return Ok(*cutoff);
        }
        let (id, window) = (channel.0.get(), self.messages_per_channel);
        let oldest = self.reader.channel_nth_newest(id, kind.code(), target.get(), window)?;
        let cutoff = Seq(oldest.unwrap_or(0));
        self.cutoffs.channels.insert((channel, kind), cutoff);
        Ok(cutoff)
    }
}

/// What goes wrong inside a mailbox, before the file's name is put to it.
#[derive(Debug)]
pub(super) enum Fault {
    Sqlite(rusqlite::Error),
    Other(ProjectionError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Fault {
        Fault::Sqlite(error)
    }
}

impl From<ProjectionError> for Fault {
    fn from(error: ProjectionError) -> Fault {
        Fault::Other(error)
    }
}

impl From<eventlog::Error> for Fault {
    fn from(error: eventlog::Error) -> Fault {
        Fault::Other(error.into())
    }
}

impl From<FoldError> for Fault {
    fn from(error: FoldError) -> Fault {
        Fault::Other(error.into())
    }
}

impl<T> InFile<T> for Result<T, Fault> {
    fn in_file(self, file: &Path) -> Result<T, ProjectionError> {
        self.map_err(|fault| match fault {
            Fault::Sqlite(source) => ProjectionError::Storage { file: file.to_owned(), source },
            Fault::Other(error) => error,
        })
    }
}

/// A channel of the mailbox: the row of `counter`.
#[derive(Clone, Debug)]
pub(super) struct Counter {
    /// As in `messages.channel`.
    pub name: String,
    pub start: Seq,
    pub history: Seq,
    pub marker: Seq,
    pub newest: Seq,
    pub floor: Seq,
    pub beside: Seq,
    pub unread: u64,
    pub mentions: u64,
    /// Differs from its row.
    pub is_dirty: bool,
    /// Has messages that the window has not been drawn around yet.
    pub has_grown: bool,
}

impl Counter {
    /// Of a member since `start` who sees the channel from `history` on.
    pub fn new(name: String, start: Seq, history: Seq) -> Counter {
        Counter {
            name,
            start,
            history,
            marker: start,
            newest: Seq::ZERO,
            floor: history,
            beside: history,
            unread: 0,
            mentions: 0,
            is_dirty: true,
            has_grown: false,
        }
    }
}

/// What is kept in memory of an open mailbox; always as the last commit left it, or the mailbox is closed.
#[derive(Default)]
pub(super) struct State {
    /// By channel that the owner may see.
    pub counters: BTreeMap<ChannelId, Counter>,
    /// The rows of `forgotten`.
    pub forgotten: BTreeSet<Seq>,
    /// The channels in `dm_hidden`.
    pub hidden: BTreeSet<String>,
    /// The set of messages that name the owner has changed since the window was drawn.
    pub mentions_changed: bool,
}

/// An open mailbox.
///
/// After a fault it must be dropped: its memory may be ahead of its file.
pub(super) struct Mailbox {
    pub path: PathBuf,
    pub file: Connection,
    pub owner: UserId,
    pub checkpoint: Seq,
    pub state: State,
    /// What was deleted up to here has left it already, when that is further than its checkpoint: the row of `ahead`.
    pub erased_up_to: Seq,
    /// Its pages, or its WAL, may still hold text that was erased from its rows.
    pub may_hold_erased: bool,
    /// It was begun anew at this opening.
    pub is_new: bool,
    /// Device and number of the file that was opened; `None` of one in memory.
    identity: Option<(u64, u64)>,
}

const SELECT_MAILBOX: &str = "
    SELECT user_id, messages_per_channel FROM mailbox WHERE id = 1";

const SELECT_COUNTERS: &str = "
    SELECT channel_id, channel, start, history, marker, newest, floor, beside, unread, mentions
      FROM counter";

const SELECT_FORGOTTEN: &str = "
    SELECT seq FROM forgotten";

const SELECT_AHEAD: &str = "
    SELECT erased_up_to FROM ahead WHERE id = 1";

const SELECT_HIDDEN: &str = "
    SELECT channel FROM dm_hidden";

const UPSERT_MAILBOX: &str = "
    INSERT INTO mailbox (id, user_id, messages_per_channel)
    VALUES (1, ?1, ?2)
    ON CONFLICT (id) DO UPDATE
       SET user_id = excluded.user_id, messages_per_channel = excluded.messages_per_channel";

const UPSERT_COUNTER: &str = "
    INSERT INTO counter
           (channel_id, channel, start, history, marker, newest, floor, beside, unread, mentions)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
    ON CONFLICT (channel_id) DO UPDATE
       SET channel = excluded.channel, start = excluded.start, history = excluded.history,
           marker = excluded.marker, newest = excluded.newest, floor = excluded.floor,
           beside = excluded.beside, unread = excluded.unread, mentions = excluded.mentions";

/// Creates a user's mailbox file and its tables; calling it again changes nothing.
pub fn init_user_db(data_dir: &Path, username: &UserName) -> Result<(), ProjectionError> {
    let path = user_db_path(data_dir, username);
    let file = sqlite::open(&path)?;
    create_tables(&file).in_file(&path)
}

/// Where the mailbox of `owner` is.
fn path_of(data_dir: &Path, owner: UserId, workspace: &Workspace) -> PathBuf {
    let name = &workspace.users.get(&owner).expect("only accounts have mailboxes").name;
    user_db_path(data_dir, name)
}

fn create_tables(file: &Connection) -> rusqlite::Result<()> {
    file.execute_batch(SCHEMA)?;
    file.execute_batch(sqlite::CHECKPOINT_SCHEMA)
}

impl Mailbox {
    /// Opens the mailbox of `owner`; a missing one, or one of another epoch, format or window, is begun anew as it was
    /// when the account was created, for what follows at `workspace.head`. The log ends at `head`.
    pub fn open(
        data_dir: &Path,
        owner: UserId,
        sources: &mut Sources,
        workspace: &Workspace,
        head: Seq,
    ) -> Result<Mailbox, ProjectionError> {
        let path = path_of(data_dir, owner, workspace);
        let file = sqlite::open_at_once(&path)?;
        let mut mailbox = Mailbox::of(owner, path, file);
        if !mailbox.find(sources, head)? {
            mailbox.begin_anew(sources, workspace)?;
        }
        mailbox.identity = identity(&mailbox.path)?;
        Ok(mailbox)
    }

    /// A new file with nothing in it yet but its tables; whatever has its name is removed.
    pub fn empty(
        data_dir: &Path,
        owner: UserId,
        workspace: &Workspace,
    ) -> Result<Mailbox, ProjectionError> {
        let path = path_of(data_dir, owner, workspace);
        sqlite::remove(&path)?;
        let file = sqlite::open_at_once(&path)?;
        create_tables(&file).in_file(&path)?;
        let mut mailbox = Mailbox::of(owner, path, file);
        mailbox.identity = identity(&mailbox.path)?;
        mailbox.is_new = true;
        Ok(mailbox)
    }

    /// As [`Mailbox::empty`], in a file that has no name.
    #[cfg(test)]
    pub fn empty_without_name(data_dir: &Path, owner: UserId) -> Result<Mailbox, ProjectionError> {
        let path = data_dir.join(NAMELESS);
        let file = sqlite::open_without_name(&path)?;
        create_tables(&file).in_file(&path)?;
        Ok(Mailbox::of(owner, path, file))
    }

    /// Opens it as [`Mailbox::open`] does, but makes none: one of another epoch, format or window is removed, and what
    /// stands beside one that is gone.
    pub fn open_as_it_is(
        data_dir: &Path,
        owner: UserId,
        sources: &Sources,
        workspace: &Workspace,
        head: Seq,
    ) -> Result<Option<Mailbox>, ProjectionError> {
        let path = path_of(data_dir, owner, workspace);
        if !sqlite::is_there(&path)? {
            // Whoever took it away may have left its WAL, in which stands what was written last.
            sqlite::remove_side_files(&path)?;
            return Ok(None);
        }
        let file = sqlite::open_at_once(&path)?;
        let mut mailbox = Mailbox::of(owner, path, file);
        if mailbox.find(sources, head)? {
            mailbox.identity = identity(&mailbox.path)?;
            return Ok(Some(mailbox));
        }
        let path = mailbox.path.clone();
        drop(mailbox);
        sqlite::remove(&path)?;
        Ok(None)
    }

    /// A mailbox of `owner` in a file that has no name, begun as [`Mailbox::open`] begins one: it is gone when it is
    /// closed, and takes as much memory as any other, however much is in it.
    pub fn without_name(
        data_dir: &Path,
        owner: UserId,
        sources: &mut Sources,
        workspace: &Workspace,
    ) -> Result<Mailbox, ProjectionError> {
        let path = data_dir.join(NAMELESS);
        let file = sqlite::open_without_name(&path)?;
        let mut mailbox = Mailbox::of(owner, path, file);
        mailbox.begin(sources, workspace)?;
        Ok(mailbox)
    }

    fn of(owner: UserId, path: PathBuf, file: Connection) -> Mailbox {
        Mailbox {
            path,
            file,
            owner,
            checkpoint: Seq::ZERO,
            state: State::default(),
            erased_up_to: Seq::ZERO,
            may_hold_erased: false,
            is_new: false,
            identity: None,
        }
    }

    /// The checkpoint, if the file is this user's, of this log and with this window.
    fn find_checkpoint(&self, sources: &Sources) -> rusqlite::Result<Option<Seq>> {
        let Some(found) = sqlite::checkpoint(&self.file)? else { return Ok(None) };
        let stamp: Option<(i64, i64)> = self
            .file
            .query_row(SELECT_MAILBOX, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let expected = (to_sql(self.owner.0), count_to_sql(sources.messages_per_channel as u64));
        let fits = found.format == FORMAT && found.epoch == sources.epoch;
        Ok((fits && stamp == Some(expected)).then_some(found.seq))
    }

    /// Reads the checkpoint and what is kept in memory; false of a file that is to be begun anew. The log ends at `head`.
    fn find(&mut self, sources: &Sources, head: Seq) -> Result<bool, ProjectionError> {
        let Some(found) = self.find_checkpoint(sources).in_file(&self.path)? else {
            return Ok(false);
        };
        if found > head {
            let file = self.path.clone();
            return Err(ProjectionError::AheadOfLog { file, checkpoint: found, head });
        }
        self.checkpoint = found;
        self.load().in_file(&self.path)?;
        Ok(true)
    }

    fn load(&mut self) -> rusqlite::Result<()> {
        let mut statement = self.file.prepare(SELECT_COUNTERS)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let counter = Counter {
                name: row.get(1)?,
                start: from_sql(row.get(2)?),
                history: from_sql(row.get(3)?),
                marker: from_sql(row.get(4)?),
                newest: from_sql(row.get(5)?),
                floor: from_sql(row.get(6)?),
                beside: from_sql(row.get(7)?),
                unread: from_sql(row.get(8)?).get(),
                mentions: from_sql(row.get(9)?).get(),
                is_dirty: false,
                has_grown: false,
            };
            self.state.counters.insert(ChannelId(from_sql(row.get(0)?)), counter);
        }
        let mut statement = self.file.prepare(SELECT_FORGOTTEN)?;
        let seqs = statement.query_map([], |row| row.get(0).map(from_sql))?;
        self.state.forgotten = seqs.collect::<Result<_, _>>()?;
        let ahead = self.file.query_row(SELECT_AHEAD, [], |row| row.get(0).map(from_sql));
        self.erased_up_to = ahead.optional()?.unwrap_or_default();
        let mut statement = self.file.prepare(SELECT_HIDDEN)?;
        self.state.hidden = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(())
    }

    /// Throws the file away and begins a new one.
    fn begin_anew(
        &mut self,
        sources: &mut Sources,
        workspace: &Workspace,
    ) -> Result<(), ProjectionError> {
        // Close before removing: a connection to a removed file would write into nothing.
        self.file = Connection::open_in_memory().in_file(&self.path)?;
        sqlite::remove(&self.path)?;
        self.file = sqlite::open_at_once(&self.path)?;
        self.is_new = true;
        self.begin(sources, workspace)
    }

    /// Makes the tables of an empty file, and what was there before its owner.
    fn begin(
        &mut self,
        sources: &mut Sources,
        workspace: &Workspace,
    ) -> Result<(), ProjectionError> {
        create_tables(&self.file).in_file(&self.path)?;
        let transaction = self.file.unchecked_transaction().in_file(&self.path)?;
        stamp(&transaction, sources, self.owner).in_file(&self.path)?;
        super::window::fill_history(&transaction, &mut self.state, sources, workspace, self.owner)
            .in_file(&self.path)?;
        self.state.save(&transaction).in_file(&self.path)?;
        self.checkpoint = self.owner.0;
        save_checkpoint(&transaction, sources.epoch, self.checkpoint).in_file(&self.path)?;
        transaction.commit().in_file(&self.path)
    }

    /// From now on closing leaves the WAL where it is, written back every [`WAL_PAGES`]: a close that empties it costs
    /// several fsyncs and two unlinks, which is more than all that is between it and the opening. What a power cut takes
    /// from the WAL are whole transactions, its sums see to that.
    pub fn leave_wal(&self) -> Result<(), ProjectionError> {
        let leave = || {
            self.file.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            self.file.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)?;
            // What a long transaction has made of it is given back.
            self.file.pragma_update(None, "journal_size_limit", WAL_BYTES_KEPT)
        };
        leave().in_file(&self.path)
    }

    /// Closes it with nothing beside it, unless another program has it open too.
    pub fn close_whole(self) -> Result<(), ProjectionError> {
        self.file
            .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
            .map(drop)
            .in_file(&self.path)
    }

    /// Gives back the memory of pages that are read again when they are needed.
    pub fn release_memory(&self) -> Result<(), ProjectionError> {
        self.file.release_memory().in_file(&self.path)
    }

    /// Whether its path still leads to the file that was opened.
    pub fn is_in_place(&self) -> Result<bool, ProjectionError> {
        Ok(self.identity.is_some() && identity(&self.path)? == self.identity)
    }

    /// Writes the file anew after an erasure and empties the WAL, so that the text is nowhere any more. While another
    /// program looks at it, it is to be tried again; `was_held` when that was so the last time.
    pub fn finish_erasing(&mut self, was_held: bool) -> Result<(), ProjectionError> {
        if self.may_hold_erased {
            let is_rid = self.leave_no_copy(was_held);
            let is_rid =
                is_rid.or_else(|it| if sqlite::is_busy(&it) { Ok(false) } else { Err(it) });
            self.may_hold_erased = !is_rid.in_file(&self.path)?;
        }
        Ok(())
    }

    fn leave_no_copy(&self, was_held: bool) -> rusqlite::Result<bool> {
        // While somebody looks at the WAL it would grow by the whole file with each attempt.
        if was_held && !sqlite::truncate_wal(&self.file)? {
            return Ok(false);
        }
        sqlite::write_anew(&self.file)?;
        sqlite::truncate_wal(&self.file)
    }

    /// From now on it waits for other programs that hold the file, as nobody's reading waits behind it.
    pub fn be_patient(&self) -> Result<(), ProjectionError> {
        sqlite::be_patient(&self.file).in_file(&self.path)
    }
}

impl State {
    /// Writes the counters that changed; inside the transaction that changed them.
    pub fn save(&mut self, file: &Connection) -> rusqlite::Result<()> {
        for (channel, counter) in self.counters.iter_mut().filter(|(_, it)| it.is_dirty) {
            file.prepare_cached(UPSERT_COUNTER)?.execute(params![
                to_sql(channel.0),
                counter.name,
                to_sql(counter.start),
                to_sql(counter.history),
                to_sql(counter.marker),
                to_sql(counter.newest),
                to_sql(counter.floor),
                to_sql(counter.beside),
                count_to_sql(counter.unread),
                count_to_sql(counter.mentions),
            ])?;
            counter.is_dirty = false;
        }
        Ok(())
    }
}

/// Says whose mailbox it is, and how large its window.
pub(super) fn stamp(file: &Connection, sources: &Sources, owner: UserId) -> rusqlite::Result<()> {
    let parameters = (to_sql(owner.0), count_to_sql(sources.messages_per_channel as u64));
    file.execute(UPSERT_MAILBOX, parameters).map(drop)
}

/// Notes how far the mailbox is; inside the transaction that brought it there.
pub(super) fn save_checkpoint(file: &Connection, epoch: Epoch, seq: Seq) -> rusqlite::Result<()> {
    sqlite::set_checkpoint(file, Checkpoint { format: FORMAT, epoch, seq })
}

/// Device and number of a file; `None` when there is none.
fn identity(path: &Path) -> Result<Option<(u64, u64)>, ProjectionError> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some((found.dev(), found.ino()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).in_file(path),
    }
}
