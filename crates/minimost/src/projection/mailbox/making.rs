//! A mailbox that is made as it is at the head: its window and what waits for its owner, and nothing of the way there.
//!
//! Invariant: row for row it is what replaying the log comes to. So the comparison, `check` and `rebuild`, which replay,
//! hold this against that.
//!
//! All of it is read in one transaction of the log: the channels' newest messages (`windows`), who is named and who follows
//! which thread (the labels), and counts out of the indexes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use chat::event::Erasure;
use chat::label::{LabelKind, Named, Owner as LabelOwner};
use chat::member::Membership;
use chat::{ChannelId, EventKind, Seq, Timestamp, UserId, Workspace};
use eventlog::Reader;
use rusqlite::{Connection, params};

use super::super::sqlite::to_sql;
use super::super::{InFile, ProjectionError};
use super::file::{Counter, Fault, Mailbox, Sources, State, save_checkpoint, stamp};
use super::rows;
use super::windows::{Kept, Windows};
use crate::fold::messages_by_id;

/// A window that is larger than this, or has no bound, is not held in memory for all channels: its files replay the log.
const WINDOW_MAX: usize = 5_000;

/// Messages outside the windows that are folded at a time.
const FOLDED_AT_ONCE: usize = 500;

/// Memory for rows until they are written: the windows of somebody who is in many channels are larger than what is kept of
/// windows. In tests a few rows, so that there are many runs.
const RUN_BYTES: usize = if cfg!(test) { 8 * 1024 } else { 8 * 1024 * 1024 };

/// The kinds that a reply in a thread may have.
const REPLIES: [EventKind; 2] = [EventKind::MessagePosted, EventKind::ThreadReplied];

impl Sources {
    /// Whether mailboxes can be made as they are at the head.
    pub fn can_make(&self) -> bool {
        (1..=WINDOW_MAX).contains(&self.messages_per_channel)
    }
}

impl Mailbox {
    /// Makes the mailbox of `owner` as it is at the head of the log, which is `workspace.head` or later.
    pub fn make(
        data_dir: &Path,
        owner: UserId,
        sources: &mut Sources,
        workspace: &Workspace,
    ) -> Result<Mailbox, ProjectionError> {
        let mut mailbox = Mailbox::empty(data_dir, owner, workspace)?;
        mailbox.fill(sources, workspace)?;
        Ok(mailbox)
    }

    /// Makes of the file what it is at the head, wherever it was.
    pub fn fill(
        &mut self,
        sources: &mut Sources,
        workspace: &Workspace,
    ) -> Result<(), ProjectionError> {
        let path = self.path.clone();
        let transaction = self.file.unchecked_transaction().in_file(&path)?;
        transaction.execute_batch(DELETE_ALL).in_file(&path)?;
        (self.state, self.erased_up_to) = (State::default(), Seq::ZERO);
        stamp(&transaction, sources, self.owner).in_file(&path)?;
        let Sources { reader, windows, epoch, messages_per_channel: size, .. } = sources;
        let (owner, size, state) = (self.owner, *size, &mut self.state);
        let filled = reader.snapshot(|reader| {
            let workspace = windows.advance(reader, workspace, size)?;
            let workspace = &workspace;
            let (file, run) = (&*transaction, Run::default());
            let mut making = Making { file, reader, windows, workspace, owner, size, run };
            making.make(state)?;
            Ok::<_, Fault>(workspace.head)
        });
        self.checkpoint = filled.in_file(&path)?;
        save_checkpoint(&transaction, *epoch, self.checkpoint).in_file(&path)?;
        transaction.commit().in_file(&path)
    }
}

struct Making<'a> {
    file: &'a Connection,
    reader: &'a mut Reader,
    windows: &'a mut Windows,
    /// At the head of the reader's transaction.
    workspace: &'a Workspace,
    owner: UserId,
    size: usize,
    run: Run,
}

/// Rows that are not written yet, with whether they are read, in the order of their ids: so most of the table is appended
/// to.
#[derive(Default)]
struct Run {
    rows: BTreeMap<Seq, (Arc<Kept>, bool)>,
    bytes: usize,
    /// The ids of all that were gathered, also in runs before.
    gathered: BTreeSet<Seq>,
}

/// A thread that the owner follows.
struct Thread {
    root: Seq,
    channel: ChannelId,
    marker: Seq,
}

/// A message that is about the owner.
struct Mention {
    channel: ChannelId,
    by_name: bool,
    is_beside: bool,
    /// The owner's own, that somebody else deleted.
    is_deleted: bool,
}

impl Making<'_> {
    fn make(&mut self, state: &mut State) -> Result<(), Fault> {
        for (channel, membership) in self.places() {
            let counter = self.counter(channel, membership)?;
            state.counters.insert(channel, counter);
        }
        let threads = self.threads()?;
        let mentions = self.mentions(&state.counters, &threads)?;
        self.write_mentions(&mentions, &mut state.counters)?;
        self.write_threads(&threads, &mentions, &state.counters)?;
        let named = mentions.iter().rev().filter(|(id, it)| {
            it.by_name && state.counters.get(&it.channel).is_some_and(|at| **id > at.start)
        });
        let newest = named.take(self.size).map(|(id, _)| *id);
        let missing: Vec<Seq> = newest.filter(|id| !self.run.gathered.contains(id)).collect();
        self.gather_older(&missing, &state.counters)?;
        self.write_run()?;
        self.write_hidden(state)?;
        state.save(self.file)?;
        Ok(())
    }

    /// Where the owner is.
    fn places(&self) -> Vec<(ChannelId, Membership)> {
        let channels = self.workspace.channels.iter();
        channels.filter_map(|(id, it)| Some((*id, it.membership(*id, self.owner)?))).collect()
    }

    /// What waits in a channel; its window joins the run.
    fn counter(&mut self, channel: ChannelId, membership: Membership) -> Result<Counter, Fault> {
        let Membership { joined: start, history_start: history } = membership;
        let name = self.workspace.channel_name(channel);
        let mut counter = Counter::new(name, start, history);
        let window = self.windows.of(self.reader, channel, self.size, self.workspace)?;
        counter.floor = window.timeline.cutoff(self.size).max(history);
        counter.beside = window.beside.cutoff(self.size).max(history);
        counter.newest =
            window.timeline.newest().filter(|newest| *newest > start).unwrap_or_default();
        let timeline = window.timeline.from(counter.floor);
        let rows: Vec<Arc<Kept>> =
            timeline.chain(window.beside.from(counter.beside)).cloned().collect();
        counter.marker = self.workspace.read_up_to(self.owner, channel);
        if window.timeline.newest().is_some_and(|newest| newest > counter.marker) {
            let (posted, head) = (EventKind::MessagePosted.code(), self.workspace.head.get());
            let (id, after, owner) = (channel.0.get(), counter.marker.get(), self.owner.0.get());
            counter.unread = self.reader.channel_count(id, posted, after, head, owner)?;
        }
        for kept in rows {
            self.gather(kept, counter.marker)?;
        }
        Ok(counter)
    }

    fn threads(&mut self) -> Result<Vec<Thread>, Fault> {
        let labels = self.reader.labels_of(LabelKind::Follows.code(), self.owner.0.get())?;
        let thread = |(channel, root, marker)| Thread {
            root: Seq(root),
            channel: ChannelId(Seq(channel)),
            marker: Seq(marker),
        };
        Ok(labels.into_iter().map(thread).collect())
    }

    /// The messages that name the owner, or everyone, since the owner came or after a marker that was set back further.
    fn mentions(
        &mut self,
        counters: &BTreeMap<ChannelId, Counter>,
        threads: &[Thread],
    ) -> Result<BTreeMap<Seq, Mention>, Fault> {
        let mut places: BTreeMap<u64, u64> = BTreeMap::new();
        for (channel, counter) in counters {
            places.insert(channel.0.get(), counter.start.min(counter.marker).get());
        }
        for Thread { channel, marker, .. } in threads {
            places.entry(channel.0.get()).and_modify(|after| *after = marker.get().min(*after));
        }
        let (mut mentions, mut many) = (BTreeMap::new(), HashMap::new());
        let (kind, head) = (LabelKind::Named.code(), self.workspace.head.get());
        for of in [LabelOwner::Everyone, LabelOwner::User(self.owner), LabelOwner::Many] {
            let asked = places.iter().map(|(channel, after)| (*channel, *after));
            for (channel, seq, value) in self.reader.labels_in(kind, of.number(), asked, head)? {
                let Named { sender, is_beside, is_deleted } = Named::from_value(value);
                if [self.owner, UserId::SYSTEM].contains(&sender) && !is_deleted {
                    continue;
                }
                let (channel, by_name) = (ChannelId(Seq(channel)), of != LabelOwner::Everyone);
                let mention = Mention { channel, by_name, is_beside, is_deleted };
                if of == LabelOwner::Many {
                    many.insert(Seq(seq), mention);
                } else {
                    mentions.insert(Seq(seq), mention);
                }
            }
        }
        let (owner, ids) = (self.owner, many.keys().copied().collect::<Vec<_>>());
        self.windows.named_in(self.reader, &ids, |id, users| {
            if let Some(mention) = many.remove(&id).filter(|_| users.contains(&owner)) {
                mentions.insert(id, mention);
            }
        })?;
        Ok(mentions)
    }

    fn write_mentions(
        &self,
        mentions: &BTreeMap<Seq, Mention>,
        counters: &mut BTreeMap<ChannelId, Counter>,
    ) -> Result<(), Fault> {
        for (id, mention) in mentions {
            let Some(counter) = counters.get_mut(&mention.channel) else { continue };
            let (seq, channel) = (to_sql(*id), to_sql(mention.channel.0));
            if *id > counter.start {
                self.file.prepare_cached(INSERT_MENTION)?.execute((
                    seq,
                    channel,
                    mention.by_name,
                ))?;
            }
            if *id > counter.marker && !mention.is_beside && !mention.is_deleted {
                self.file.prepare_cached(INSERT_UNREAD_MENTION)?.execute((seq, channel))?;
                counter.mentions += 1;
            }
        }
        Ok(())
    }

    fn write_threads(
        &mut self,
        threads: &[Thread],
        mentions: &BTreeMap<Seq, Mention>,
        counters: &BTreeMap<ChannelId, Counter>,
    ) -> Result<(), Fault> {
        let kinds = REPLIES.map(EventKind::code);
        let (head, roots) = (self.workspace.head, threads.iter().map(|thread| thread.root.get()));
        let roots: Vec<u64> = roots.collect();
        let newest = self.reader.targets_newest_seq(&roots, kinds, head.next().get())?;
        for (thread, newest) in threads.iter().zip(newest) {
            let newest = newest.map_or(thread.root, Seq);
            self.file.prepare_cached(INSERT_THREAD)?.execute(params![
                to_sql(thread.root),
                to_sql(thread.channel.0),
                to_sql(thread.marker),
                to_sql(newest),
            ])?;
        }
        let channels: BTreeMap<Seq, ChannelId> =
            threads.iter().map(|thread| (thread.root, thread.channel)).collect();
        let asked = threads.iter().map(|thread| (thread.root.get(), thread.marker.get()));
        let replies = self.reader.targets_posts(asked, kinds, head.get(), &Erasure::GONE)?;
        for (root, seq, actor) in replies {
            let channel = channels[&Seq(root)];
            let history = counters.get(&channel).map_or(Seq::ZERO, |counter| counter.history);
            if actor == self.owner.0.get() || Seq(seq) < history {
                continue;
            }
            self.file.prepare_cached(INSERT_UNREAD_REPLY)?.execute(params![
                to_sql(Seq(seq)),
                to_sql(Seq(root)),
                to_sql(channel.0),
                mentions.contains_key(&Seq(seq)),
            ])?;
        }
        Ok(())
    }

    /// What is kept of older messages because it names the owner joins the run.
    fn gather_older(
        &mut self,
        missing: &[Seq],
        counters: &BTreeMap<ChannelId, Counter>,
    ) -> Result<(), Fault> {
        for ids in missing.chunks(FOLDED_AT_ONCE) {
            for message in messages_by_id(self.reader, ids, self.workspace.head)? {
                let marker = counters.get(&message.channel).map_or(Seq::ZERO, |it| it.marker);
                self.gather(Arc::new(Kept::new(&message, self.workspace)), marker)?;
            }
        }
        Ok(())
    }

    /// A row joins the run; one that is long enough is written.
    fn gather(&mut self, kept: Arc<Kept>, marker: Seq) -> Result<(), Fault> {
        let (id, sender) = (kept.id, kept.sender);
        let is_read = [self.owner, UserId::SYSTEM].contains(&sender) || id <= marker;
        self.run.bytes += kept.bytes();
        self.run.rows.insert(id, (kept, is_read));
        self.run.gathered.insert(id);
        if self.run.bytes > RUN_BYTES { self.write_run() } else { Ok(()) }
    }

    fn write_run(&mut self) -> Result<(), Fault> {
        let mut insert = self.file.prepare_cached(rows::INSERT)?;
        let mut insert_beside = self.file.prepare_cached(INSERT_BESIDE)?;
        self.run.bytes = 0;
        for (id, (kept, is_read)) in std::mem::take(&mut self.run.rows) {
            kept.row.insert_with(&mut insert, is_read)?;
            if !kept.in_timeline {
                insert_beside.execute((to_sql(id), to_sql(kept.channel.0)))?;
            }
        }
        Ok(())
    }

    /// The direct channels that the owner has closed, and nothing was said in since.
    fn write_hidden(&mut self, state: &mut State) -> Result<(), Fault> {
        let Some(user) = self.workspace.users.get(&self.owner) else { return Ok(()) };
        let closed: Vec<(ChannelId, Seq)> = user
            .personal
            .hidden
            .iter()
            // One that somebody else has opened is hidden from its beginning, and nobody has closed it.
            .filter(|(channel, at)| channel.0 != **at)
            .filter(|(channel, _)| self.workspace.is_hidden(self.owner, **channel))
            .map(|(channel, at)| (*channel, *at))
            .collect();
        let seqs: BTreeSet<u64> = closed.iter().map(|(_, at)| at.get()).collect();
        let records = self.reader.by_seqs(&seqs.into_iter().collect::<Vec<_>>())?;
        for (channel, at) in closed {
            let Ok(place) = records.binary_search_by_key(&at.get(), |it| it.seq) else { continue };
            let ts = Timestamp(records[place].ts_micros).as_seconds();
            let name = self.workspace.channel_name(channel);
            self.file.prepare_cached(INSERT_HIDDEN)?.execute((&name, ts))?;
            state.hidden.insert(name);
        }
        Ok(())
    }
}

const DELETE_ALL: &str = "
    DELETE FROM messages;
    DELETE FROM dm_hidden;
    DELETE FROM counter;
    DELETE FROM unread_mention;
    DELETE FROM mention;
    DELETE FROM beside;
    DELETE FROM thread;
    DELETE FROM unread_reply;
    DELETE FROM ahead;
    DELETE FROM forgotten;";

const INSERT_MENTION: &str = "
    INSERT INTO mention (seq, channel_id, by_name) VALUES (?1, ?2, ?3)";

const INSERT_UNREAD_MENTION: &str = "
    INSERT INTO unread_mention (seq, channel_id) VALUES (?1, ?2)";

const INSERT_THREAD: &str = "
    INSERT INTO thread (root, channel_id, marker, newest) VALUES (?1, ?2, ?3, ?4)";

const INSERT_UNREAD_REPLY: &str = "
    INSERT INTO unread_reply (seq, root, channel_id, is_mention) VALUES (?1, ?2, ?3, ?4)";

const INSERT_BESIDE: &str = "
    INSERT INTO beside (seq, channel_id) VALUES (?1, ?2)";

const INSERT_HIDDEN: &str = "
    INSERT INTO dm_hidden (channel, hidden_ts) VALUES (?1, ?2)";

#[cfg(test)]
mod tests {
    use chat::testing::{History, Step, Story, wish};
    use chat::{Actor, Command};
    use eventlog::Log;
    use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};

    use super::super::super::check::compare::compare_open;
    use super::super::ahead::tests::append;
    use super::*;
    use crate::codec;

    fn replayed(dir: &Path, user: UserId, sources: &mut Sources, workspace: &Workspace) -> Mailbox {
        let mut mailbox = Mailbox::without_name(dir, user, sources, workspace).unwrap();
        mailbox.catch_up(sources, workspace).unwrap();
        mailbox
    }

    /// A record that is read is verified, so a damaged one tells what is read.
    #[tokio::test]
    async fn what_is_older_than_the_window_is_not_even_read() {
        let directory = tempfile::TempDir::new().unwrap();
        let (dir, path) = (directory.path(), directory.path().join("log.db"));
        let log = Log::open(&path, 0).unwrap();
        let mut story = Story::new();
        story.given(Actor::System, &wish::create_channel("general", true));
        let alice = story.sign_up("alice");
        let bob = wish::user_of(story.sign_up("bob"));
        let said: Vec<Seq> = (0..30).map(|_| story.post(alice, "general", "hi")).collect();
        log.append(codec::batch(&story.log, Vec::new())).await.unwrap();
        let file = Connection::open(&path).unwrap();
        let damage = "UPDATE record SET body = CAST('?' AS BLOB) WHERE seq = ?1";
        assert_eq!(file.execute(damage, [to_sql(said[20])]).unwrap(), 1);
        let mut sources = Sources::new(log.reader().unwrap(), log.epoch(), 5);
        let mut mailbox = Mailbox::make(dir, bob, &mut sources, &story.workspace).unwrap();
        let rows = "SELECT count(*) || ' ' || min(id) FROM messages WHERE NOT read";
        let rows: String = mailbox.file.query_row(rows, [], |row| row.get(0)).unwrap();
        assert_eq!(rows, format!("5 {}", said[25]));
        let unread = "SELECT unread FROM counter";
        let unread: i64 = mailbox.file.query_row(unread, [], |row| row.get(0)).unwrap();
        assert_eq!(unread, 30);
        // One that reads all of it meets the damage.
        mailbox = Mailbox::without_name(dir, bob, &mut sources, &story.workspace).unwrap();
        assert!(mailbox.catch_up(&mut sources, &story.workspace).is_err());
    }

    /// So many that the log has one label for all of them.
    #[tokio::test]
    async fn who_is_named_among_many_is_known_whatever_becomes_of_the_message() {
        const PEOPLE: usize = 60;
        let directory = tempfile::TempDir::new().unwrap();
        let dir = directory.path();
        let log = Log::open(&dir.join("log.db"), 0).unwrap();
        let mut story = Story::new();
        story.create_channel("general");
        let alice = story.sign_up("alice");
        let people: Vec<Actor> =
            (0..PEOPLE).map(|it| story.sign_up(&format!("user{it}"))).collect();
        log.append(codec::batch(&story.log, Vec::new())).await.unwrap();
        let naming = |range: std::ops::Range<usize>| {
            range.map(|it| format!("@user{it}")).collect::<Vec<_>>().join(" ")
        };
        let mut making = Sources::new(log.reader().unwrap(), log.epoch(), 50);
        let mut told = story.log.len();
        let (mut edited, mut deleted, mut own) = (Seq::ZERO, Seq::ZERO, Seq::ZERO);
        for round in 0..6 {
            let mut redacted = Vec::new();
            match round {
                0 => {
                    edited = story.post(alice, "general", &naming(0..52));
                    deleted = story.post(people[1], "general", &naming(2..58));
                    own = story.post(people[2], "general", &naming(1..55));
                }
                1 => {
                    let edit = Command::EditMessage { message: edited, text: naming(5..58) };
                    redacted.push(story.run(alice, None, &edit).unwrap());
                }
                2 => {
                    let edit = Command::EditMessage { message: edited, text: naming(3..5) };
                    redacted.push(story.run(alice, None, &edit).unwrap());
                }
                3 => {
                    let delete = Command::DeleteMessage { message: deleted };
                    redacted.push(story.run(alice, None, &delete).unwrap());
                }
                4 => {
                    let edit = Command::EditMessage { message: edited, text: naming(0..60) };
                    redacted.push(story.run(alice, None, &edit).unwrap());
                    let edit = Command::EditMessage { message: own, text: "nobody".to_owned() };
                    redacted.push(story.run(people[2], None, &edit).unwrap());
                }
                _ => {
                    let delete = Command::DeleteMessage { message: edited };
                    redacted.push(story.run(alice, None, &delete).unwrap());
                }
            }
            let redactions = redacted.iter().flat_map(|batch| {
                let by = &batch.events[0];
                batch.redacted.iter().map(|it| codec::redaction(*it, by.seq, by.kind))
            });
            let events = &story.log[told..];
            log.append(codec::batch(events, redactions.collect())).await.unwrap();
            told = story.log.len();
            for actor in people.iter().take(7) {
                let user = wish::user_of(*actor);
                let mut made = Mailbox::empty_without_name(dir, user).unwrap();
                made.fill(&mut making, &story.workspace).unwrap();
                let mut anew = Sources::new(log.reader().unwrap(), log.epoch(), 50);
                let expected = replayed(dir, user, &mut anew, &story.workspace);
                let found = compare_open(&made.file, &expected.file, &made.path).unwrap();
                assert_eq!(found, None, "{user:?} in round {round}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn made_at_the_head_a_file_is_row_for_row_what_a_replay_comes_to(
            seed in any::<u64>(), steps in 0..300_usize, moments in any::<[u8; 2]>(), window in 1..12_usize,
        ) {
            let directory = tempfile::TempDir::new().unwrap();
            let dir = directory.path();
            let log = Log::open(&dir.join("log.db"), 0).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let history = History::random(seed, steps);
            let mut moments = moments.map(|it| usize::from(it) * history.steps.len() / 256);
            moments.sort_unstable();
            let (first, rest) = history.steps.split_at(moments[0]);
            let (second, third) = rest.split_at(moments[1] - moments[0]);
            let sources = || Sources::new(log.reader().unwrap(), log.epoch(), window);
            // What is kept of the windows is used at each moment again.
            let (mut making, mut workspace) = (sources(), Workspace::default());
            let mut made: Vec<Mailbox> = Vec::new();
            for steps in [first, second, third] as [&[Step]; 3] {
                // The log is ahead of what was heard of.
                let heard = workspace.clone();
                runtime.block_on(append(&log, steps, &mut workspace));
                let users: Vec<UserId> = workspace.users.keys().copied().collect();
                for mut mailbox in std::mem::take(&mut made) {
                    if mailbox.owner.0.get() % 3 == 0 {
                        mailbox.fill(&mut making, &heard).unwrap();
                    } else {
                        mailbox.catch_up(&mut sources(), &workspace).unwrap();
                    }
                    let expected = replayed(dir, mailbox.owner, &mut sources(), &workspace);
                    let found = compare_open(&mailbox.file, &expected.file, &mailbox.path).unwrap();
                    prop_assert_eq!((found, "after more"), (None, "after more"));
                }
                for user in users {
                    let known = if heard.users.contains_key(&user) { &heard } else { &workspace };
                    let mut mailbox = Mailbox::empty_without_name(dir, user).unwrap();
                    mailbox.fill(&mut making, known).unwrap();
                    prop_assert_eq!(mailbox.checkpoint, workspace.head);
                    let expected = replayed(dir, user, &mut sources(), &workspace);
                    let found = compare_open(&mailbox.file, &expected.file, &mailbox.path).unwrap();
                    prop_assert_eq!(found, None);
                    made.push(mailbox);
                }
            }
        }
    }
}
