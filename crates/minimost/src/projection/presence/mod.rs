//! `presence.db`: the shared state as tables, for whoever opens it with any SQLite tool.
//!
//! Promises: reactions, receipts and private channels are what the log says at the checkpoint; presence and typing are
//! at most 250 ms behind `live`, which is where the program itself reads them. At every start all are offline.
//!
//! Flow: the log, and of `live`'s signals the newest of each person until it is on disk, into one owner thread. Nothing of
//! ours reads the file, but at the start when people were last seen, which no log knows.

mod apply;
mod private;
mod receipts;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chat::signal::{PresenceOverride, PresenceState};
use chat::{Seq, Timestamp, UserId, UserName, Workspace};
use eventlog::{Epoch, Log, Reader};
use rusqlite::{Connection, Row};
use tokio::time::Instant;
use tracing::warn;

use super::feed::Feed;
use super::follower::{self, Follower, Moment, Projector};
use super::held::{HeldFiles, Remains};
use super::sqlite::{self, Checkpoint};
use super::{InFile, ProjectionError};
use crate::published::PublishedWorkspace;
use crate::waiting_signals::{Said, WaitingSignals};

/// How late a signal may be in the file; one transaction for all that came meanwhile.
const TICK: Duration = Duration::from_millis(250);

/// Chunks of the log that one tick applies at most. A file that is made anew from a long log would take a core from people
/// who come back after a restore; like this it takes a fifth of one, and still follows 30,000 events a second.
const TICK_CHUNKS_MAX: usize = 2;

/// Version of our own tables; another one means rebuild.
const FORMAT: i64 = 7;

const SCHEMA: &str = include_str!("schema.sql");

const NAME: &str = "presence.db";

/// The path of the file below the data directory.
pub fn presence_path(data_dir: &Path) -> PathBuf {
    data_dir.join(NAME)
}

/// The owner of `presence.db`; clones share it.
#[derive(Clone)]
pub struct PresenceDb {
    follower: Follower,
    seen_before: Vec<(UserId, Timestamp)>,
}

impl PresenceDb {
    /// Resets everybody to offline and starts the owner thread, which writes `signals`.
    ///
    /// A file that cannot be written just now does not keep the server from starting: it is reset when it can be.
    pub fn start(
        data_dir: &Path,
        log: &Log,
        published: PublishedWorkspace,
        signals: WaitingSignals,
        held: HeldFiles,
    ) -> Result<PresenceDb, ProjectionError> {
        let workspace = published.now();
        let begin = || {
            let mut file = PresenceFile::open(data_dir, log.epoch(), workspace.head)?;
            let seen_before = file.last_seen(&workspace)?;
            match file.reset_all_offline() {
                Ok(()) => Ok((file, seen_before, true)),
                Err(error) if error.is_damage() => Err(error),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    warn!(error, "presence.db cannot be written; who was online is reset later");
                    Ok((file, seen_before, false))
                }
            }
        };
        let (file, seen_before, is_reset) =
            follower::or_set_aside(&presence_path(data_dir), workspace.head, begin)?;
        let writer = Presence {
            data_dir: data_dir.to_owned(),
            file: Some(file),
            is_reset,
            epoch: log.epoch(),
            reader: log.reader()?,
            feed: Feed::new(),
            published,
            signals,
            remains: Remains::unknown(NAME, held),
        };
        Ok(PresenceDb { follower: Follower::start(NAME, TICK, writer)?, seen_before })
    }

    /// When people gave their last sign of life before the start.
    pub fn seen_before(&self) -> Vec<(UserId, Timestamp)> {
        self.seen_before.clone()
    }

    /// Returns when the owner thread has ended.
    pub async fn ended(&self) {
        self.follower.ended().await;
    }

    /// Brings the file to the head and writes the signals that wait.
    pub async fn drain(&self) -> Result<(), ProjectionError> {
        self.follower.drain().await
    }

    /// Brings the file to the head, closes it and ends the thread.
    pub async fn close(&self) {
        self.follower.close().await;
    }
}

/// The open file.
pub struct PresenceFile {
    path: PathBuf,
    connection: Connection,
    checkpoint: Seq,
}

impl PresenceFile {
    /// Opens the file; one of another epoch or format is begun anew.
    pub fn open(data_dir: &Path, epoch: Epoch, head: Seq) -> Result<PresenceFile, ProjectionError> {
        let path = presence_path(data_dir);
        let (connection, checkpoint) = follower::open_or_begin(
            &path,
            Checkpoint { format: FORMAT, epoch, seq: head },
            SCHEMA,
        )?;
        Ok(PresenceFile { path, connection, checkpoint })
    }

    /// Notes a sign of life and what the client said; an override stays.
    pub fn update_presence(
        &mut self,
        user: &UserName,
        state: PresenceState,
        at: Timestamp,
    ) -> Result<(), ProjectionError> {
        let parameters = (user.as_str(), unix_seconds(at), state.as_str());
        self.execute(UPSERT_STATE, parameters)
    }

    /// Sets or clears a manual override and notes the sign of life; the state stays, and a new row is offline.
    pub fn set_override(
        &mut self,
        user: &UserName,
        value: Option<PresenceOverride>,
        at: Timestamp,
    ) -> Result<(), ProjectionError> {
        let word = value.map(PresenceOverride::as_str);
        self.execute(UPSERT_OVERRIDE, (user.as_str(), unix_seconds(at), word))
    }

    /// Makes everybody offline and clears every override: what was true before a restart misleads nobody.
    pub fn reset_all_offline(&mut self) -> Result<(), ProjectionError> {
        self.execute(RESET_ALL, ())
    }

    /// When each person gave their last sign of life.
    fn last_seen(
        &self,
        workspace: &Workspace,
    ) -> Result<Vec<(UserId, Timestamp)>, ProjectionError> {
        let read = || {
            let mut statement = self.connection.prepare(SELECT_LAST_SEEN)?;
            let row = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?));
            statement.query_map([], row)?.collect::<rusqlite::Result<Vec<_>>>()
        };
        let rows = read().in_file(&self.path)?.into_iter();
        let seen = rows.filter_map(|(name, seconds)| {
            let (user, _) = workspace.find_user(&name)?;
            Some((user, Timestamp(seconds.checked_mul(1_000_000)?)))
        });
        Ok(seen.collect())
    }

    /// Notes that a key was pressed.
    fn typing(&self, user: &UserName, channel: &str, at: Timestamp) -> Result<(), ProjectionError> {
        self.execute(UPSERT_TYPING, (user.as_str(), channel, unix_seconds(at)))
    }

    fn execute(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<(), ProjectionError> {
        let mut statement = self.connection.prepare_cached(sql).in_file(&self.path)?;
        statement.execute(parameters).in_file(&self.path).map(drop)
    }

    /// Applies what comes up to `workspace.head`, so many chunks of it at most. Answers since when something that left the
    /// rows may be left of it in the WAL.
    fn catch_up(
        &mut self,
        reader: &mut Reader,
        feed: &mut Feed,
        epoch: Epoch,
        workspace: &Workspace,
        chunks_max: usize,
    ) -> Result<Option<Timestamp>, ProjectionError> {
        let mut erased = None;
        for _ in 0..chunks_max {
            if self.checkpoint >= workspace.head {
                break;
            }
            let events = feed.next(reader, self.checkpoint, workspace.head)?;
            let apply = || {
                let transaction = self.connection.unchecked_transaction()?;
                let mut first = None;
                for event in events.iter() {
                    if apply::apply(&transaction, event, workspace)? {
                        first.get_or_insert(event.ts);
                    }
                }
                let checkpoint = Checkpoint { format: FORMAT, epoch, seq: events.end };
                sqlite::set_checkpoint(&transaction, checkpoint)?;
                transaction.commit().map(|()| first)
            };
            erased = erased.or(apply().in_file(&self.path)?);
            self.checkpoint = events.end;
        }
        Ok(erased)
    }

    /// Writes all of it or nothing.
    fn write_signals(
        &mut self,
        signals: &HashMap<UserId, Said>,
        workspace: &Workspace,
    ) -> Result<(), ProjectionError> {
        if signals.is_empty() {
            return Ok(());
        }
        self.execute("BEGIN IMMEDIATE", ())?;
        // A fault ends the transaction with the connection: the caller drops it.
        for (user, said) in signals {
            self.write_said(*user, said, workspace)?;
        }
        self.execute("COMMIT", ())
    }

    fn write_said(
        &mut self,
        user: UserId,
        said: &Said,
        workspace: &Workspace,
    ) -> Result<(), ProjectionError> {
        let Some(name) = workspace.users.get(&user).map(|user| &user.name) else { return Ok(()) };
        if let (Some(state), Some(at)) = (said.state, said.seen) {
            self.update_presence(name, state, at)?;
        }
        if let (Some(value), Some(at)) = (said.wished, said.seen) {
            self.set_override(name, value, at)?;
        }
        let mut typing = said.typing.iter();
        typing.try_for_each(|(place, at)| self.typing(name, &place.name(workspace), *at))
    }
}

fn unix_seconds(at: Timestamp) -> i64 {
    at.0.div_euclid(1_000_000)
}

struct Presence {
    data_dir: PathBuf,
    /// `None` after a fault, until it can be opened again.
    file: Option<PresenceFile>,
    /// What was true before the start is out of the file.
    is_reset: bool,
    epoch: Epoch,
    reader: Reader,
    feed: Feed,
    published: PublishedWorkspace,
    signals: WaitingSignals,
    /// What left the rows.
    remains: Remains,
}

impl Projector for Presence {
    fn advance(&mut self, moment: Moment) -> Result<(), ProjectionError> {
        let workspace = self.published.now();
        let path = presence_path(&self.data_dir);
        let advanced =
            follower::or_set_aside(&path, workspace.head, || self.follow(&workspace, moment));
        if let Err(error) = &advanced {
            self.remains.fail(error);
        }
        advanced
    }
}

impl Presence {
    /// Writes the signals that wait, and brings the file towards `workspace.head`. After a fault it is closed.
    fn follow(&mut self, workspace: &Workspace, moment: Moment) -> Result<(), ProjectionError> {
        let chunks_max = match moment {
            Moment::Tick => TICK_CHUNKS_MAX,
            Moment::Drain | Moment::Close => usize::MAX,
        };
        let mut file = match self.file.take() {
            Some(file) => file,
            None => PresenceFile::open(&self.data_dir, self.epoch, workspace.head)?,
        };
        if !self.is_reset {
            file.reset_all_offline()?;
            self.is_reset = true;
        }
        let signals = self.signals.take();
        let followed = file.write_signals(&signals, workspace).and_then(|()| {
            file.catch_up(&mut self.reader, &mut self.feed, self.epoch, workspace, chunks_max)
        });
        match followed {
            Ok(erased) => self.remains.add(erased),
            Err(error) => {
                // Those that were written may have been written into a file that is set aside now.
                self.signals.put_back(signals);
                return Err(error);
            }
        }
        if self.remains.are_there() {
            if Remains::empty_wal(&file.connection, moment).in_file(&file.path)? {
                self.remains.are_gone();
            } else {
                self.remains.hold(Instant::now());
            }
        }
        self.file = Some(file);
        Ok(())
    }
}

/// Brings the file to `workspace.head` and closes it.
pub(super) fn bring_to_head(
    data_dir: &Path,
    reader: &mut Reader,
    epoch: Epoch,
    workspace: &Workspace,
) -> Result<(), ProjectionError> {
    let mut file = PresenceFile::open(data_dir, epoch, workspace.head)?;
    if file.catch_up(reader, &mut Feed::new(), epoch, workspace, usize::MAX)?.is_some() {
        sqlite::truncate_wal(&file.connection).in_file(&file.path)?;
    }
    Ok(())
}

const UPSERT_STATE: &str = "
    INSERT INTO presence (user, last_seen, state)
    VALUES (?1, ?2, ?3)
    ON CONFLICT (user) DO UPDATE
       SET last_seen = excluded.last_seen, state = excluded.state";

const UPSERT_OVERRIDE: &str = "
    INSERT INTO presence (user, last_seen, state, override)
    VALUES (?1, ?2, 'offline', ?3)
    ON CONFLICT (user) DO UPDATE
       SET last_seen = excluded.last_seen, override = excluded.override";

const SELECT_LAST_SEEN: &str = "
    SELECT user, last_seen FROM presence";

const RESET_ALL: &str = "
    UPDATE presence
       SET state = 'offline', override = NULL";

const UPSERT_TYPING: &str = "
    INSERT INTO typing (user, channel, ts)
    VALUES (?1, ?2, ?3)
    ON CONFLICT (user, channel) DO UPDATE
       SET ts = excluded.ts";
