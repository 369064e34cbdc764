//! What was deleted leaves a file that is far behind before the file comes to the deletion: an erasure waits for no history.
//!
//! Invariant: the file's checkpoint stays. A tombstone that came early is the row that the deletion leaves: whatever the
//! events between do to it, they do to a tombstone afterwards as well. How far it went stands in the file, so that the next
//! deletion costs no more than itself.
//!
//! Neighbours: `bringing` says which files are far behind; `apply` and `member` do the same in the order of the log.

use chat::{EventKind, Seq, Timestamp, Workspace};
use eventlog::{Reader, Record};
use rusqlite::Connection;

use super::super::sqlite::to_sql;
use super::super::{InFile, ProjectionError};
use super::file::{Fault, Mailbox, Sources, State};
use super::member::DELETE_MESSAGES;
use super::rows;

/// Deletions read at a time.
const PAGE: usize = 1_000;

impl Mailbox {
    /// Takes out of the rows what was deleted up to `workspace.head`, and channels that the owner has left since.
    pub fn erase_ahead(
        &mut self,
        sources: &mut Sources,
        workspace: &Workspace,
    ) -> Result<(), ProjectionError> {
        let between = (self.checkpoint.max(self.erased_up_to), workspace.head);
        self.may_hold_erased = true;
        if between.0 >= between.1 {
            return Ok(());
        }
        erase(&self.file, &self.state, sources, between, self.owner.0).in_file(&self.path)?;
        self.erased_up_to = workspace.head;
        Ok(())
    }
}

fn erase(
    file: &Connection,
    state: &State,
    sources: &mut Sources,
    between: (Seq, Seq),
    owner: Seq,
) -> Result<(), Fault> {
    let transaction = file.unchecked_transaction()?;
    let reader = &mut sources.reader;
    let (deleted, removed) = (EventKind::MessageDeleted.code(), EventKind::MemberRemoved.code());
    for channel in state.counters.keys() {
        let read = |reader: &mut Reader, after, before| {
            reader.channel_oldest(channel.0.get(), deleted, after, before, PAGE)
        };
        each(reader, between, read, |record| {
            let Some(target) = record.target else { return Ok(()) };
            rows::bury(&transaction, Seq(target), Timestamp(record.ts_micros).as_seconds(), None)
        })?;
    }
    let read = |reader: &mut Reader, after, before| {
        reader.target_oldest(owner.get(), removed, after, before, PAGE)
    };
    each(reader, between, read, |record| {
        let left =
            state.counters.iter().find(|(channel, _)| Some(channel.0.get()) == record.channel);
        let Some((_, counter)) = left else { return Ok(()) };
        transaction.prepare_cached(DELETE_MESSAGES)?.execute([&counter.name]).map(drop)
    })?;
    transaction.execute(UPSERT_AHEAD, [to_sql(between.1)])?;
    Ok(transaction.commit()?)
}

const UPSERT_AHEAD: &str = "
    INSERT INTO ahead (id, erased_up_to) VALUES (1, ?1)
    ON CONFLICT (id) DO UPDATE SET erased_up_to = excluded.erased_up_to";

pub(super) const DELETE_AHEAD: &str = "
    DELETE FROM ahead";

/// Calls `done` for the records that `read` reads after `between.0` up to `between.1`, inclusive.
fn each(
    reader: &mut Reader,
    between: (Seq, Seq),
    read: impl Fn(&mut Reader, u64, u64) -> Result<Vec<Record>, eventlog::Error>,
    mut done: impl FnMut(&Record) -> rusqlite::Result<()>,
) -> Result<(), Fault> {
    let (mut after, before) = (between.0.get(), between.1.next().get());
    loop {
        let records = read(reader, after, before)?;
        for record in &records {
            done(record)?;
        }
        match records.last() {
            Some(record) if records.len() == PAGE => after = record.seq,
            Some(_) | None => return Ok(()),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use chat::testing::{Batch, History, Step, Story, wish};
    use chat::{Actor, Command};
    use eventlog::Log;
    use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};

    use super::super::super::check::compare::compare_open;
    use super::super::super::sqlite::from_sql;
    use super::*;
    use crate::codec;

    pub async fn append(log: &Log, steps: &[Step], workspace: &mut Workspace) {
        let batches = steps.iter().filter_map(|it| it.outcome.as_ref().ok());
        append_all(log, batches, workspace).await;
    }

    async fn append_all(
        log: &Log,
        batches: impl Iterator<Item = &Batch>,
        workspace: &mut Workspace,
    ) {
        for Batch { events, redacted } in batches {
            let Some(first) = events.first() else { continue };
            for event in events {
                workspace.apply(event);
            }
            let redactions = redacted.iter().map(|it| codec::redaction(*it, first.seq, first.kind));
            log.append(codec::batch(events, redactions.collect())).await.unwrap();
        }
    }

    /// All of it in one commit.
    pub async fn append_together(log: &Log, batches: &[Batch]) {
        let mut all = codec::batch(&[], Vec::new());
        for Batch { events, redacted } in batches {
            let by = |seq: &Seq| codec::redaction(*seq, events[0].seq, events[0].kind);
            let batch = codec::batch(events, redacted.iter().map(by).collect());
            all.records.extend(batch.records);
            all.redactions.extend(batch.redactions);
            all.labels.extend(batch.labels);
        }
        log.append(all).await.unwrap();
    }

    /// The ids of rows with text.
    fn with_text(mailbox: &Mailbox) -> Vec<Seq> {
        let sql = "SELECT id FROM messages WHERE content IS NOT NULL AND sender <> 'system'";
        let mut statement = mailbox.file.prepare(sql).unwrap();
        statement
            .query_map([], |row| row.get(0).map(from_sql))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }

    /// A record that is read is verified, so a damaged one tells what is read.
    #[tokio::test]
    async fn a_second_deletion_costs_a_file_that_is_far_behind_only_itself() {
        let directory = tempfile::TempDir::new().unwrap();
        let (dir, path) = (directory.path(), directory.path().join("log.db"));
        let log = Log::open(&path, 0).unwrap();
        let mut story = Story::new();
        let mut workspace = Workspace::default();
        story.given(Actor::System, &wish::create_channel("general", true));
        let alice = story.sign_up("alice");
        let said: Vec<Seq> = (0..3).map(|_| story.post(alice, "general", "kumquat")).collect();
        let before = Batch { events: story.log.clone(), redacted: Vec::new() };
        append_all(&log, std::iter::once(&before), &mut workspace).await;
        let mut sources = Sources::new(log.reader().unwrap(), log.epoch(), 100);
        let user = wish::user_of(alice);
        let mut mailbox =
            Mailbox::open(dir, user, &mut sources, &workspace, workspace.head).unwrap();
        mailbox.catch_up(&mut sources, &workspace).unwrap();
        drop(mailbox);
        for (number, message) in said.iter().enumerate() {
            let delete = Command::DeleteMessage { message: *message };
            let batch = story.run(alice, None, &delete).unwrap();
            append_all(&log, std::iter::once(&batch), &mut workspace).await;
            // Each time the file is opened anew, and stays where it was.
            let opened =
                Mailbox::open_as_it_is(dir, user, &sources, &workspace, workspace.head).unwrap();
            let mut mailbox = opened.expect("it is there");
            mailbox.erase_ahead(&mut sources, &workspace).unwrap();
            assert_eq!(with_text(&mailbox), said[number + 1..]);
            let file = rusqlite::Connection::open(&path).unwrap();
            let damage = "UPDATE record SET body = CAST('?' AS BLOB) WHERE seq = ?1";
            let deleted = batch.events[0].seq;
            assert_eq!(file.execute(damage, [deleted.get().cast_signed()]).unwrap(), 1);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn erased_before_its_turn_a_file_comes_to_the_same(
            seed in any::<u64>(), steps in 0..300_usize, moment in 0..100_usize, window in 0..12_usize,
        ) {
            let directory = tempfile::TempDir::new().unwrap();
            let log = Log::open(&directory.path().join("log.db"), 0).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let history = History::random(seed, steps);
            let (before, after) = history.steps.split_at(history.steps.len() * moment / 100);
            let mut workspace = Workspace::default();
            runtime.block_on(append(&log, before, &mut workspace));
            let sources = || Sources::new(log.reader().unwrap(), log.epoch(), window);
            let mut known = sources();
            let users: Vec<_> = workspace.users.keys().copied().collect();
            let mailboxes = users.into_iter().map(|user| {
                let mut mailbox =
                    Mailbox::without_name(directory.path(), user, &mut known, &workspace).unwrap();
                mailbox.catch_up(&mut known, &workspace).unwrap();
                mailbox
            });
            let mailboxes: Vec<Mailbox> = mailboxes.collect();
            runtime.block_on(append(&log, after, &mut workspace));
            for mut mailbox in mailboxes {
                let (owner, checkpoint) = (mailbox.owner, mailbox.checkpoint);
                mailbox.erase_ahead(&mut known, &workspace).unwrap();
                prop_assert_eq!(mailbox.checkpoint, checkpoint);
                for id in with_text(&mailbox) {
                    let message = &history.story.messages[&id];
                    prop_assert_eq!((message.deleted, id), (false, id));
                    let is_in = workspace.membership(owner, message.channel).is_some();
                    prop_assert_eq!((is_in, id), (true, id));
                }
                mailbox.catch_up(&mut known, &workspace).unwrap();
                let mut anew = sources();
                let mut expected =
                    Mailbox::without_name(directory.path(), owner, &mut anew, &workspace).unwrap();
                expected.catch_up(&mut anew, &workspace).unwrap();
                let found = compare_open(&mailbox.file, &expected.file, &mailbox.path).unwrap();
                prop_assert_eq!(found, None);
            }
        }
    }
}
