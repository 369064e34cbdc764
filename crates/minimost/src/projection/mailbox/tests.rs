//! The bytes of files that have lived: where rows come, grow and leave, SQLite moves their neighbours between pages, and the
//! old bytes stay where they were.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use chat::command::PostWish;
use chat::testing::{Batch, Prng, Story, wish};
use chat::{Actor, Command, Seq};
use eventlog::Log;
use rusqlite::Connection;

use super::ahead::tests::append_together;
use super::*;

const WINDOW: usize = 60;
const ROUNDS: usize = 500;

/// Bob's file, and what was said where he is.
struct House {
    directory: tempfile::TempDir,
    log: Log,
    story: Story,
    alice: Actor,
    bob: UserId,
    sources: Sources,
    said: Vec<Seq>,
}

fn text(number: usize) -> String {
    format!("<kumquat-{number:04}>")
}

/// A file and what stands beside it.
fn files(path: &Path) -> [PathBuf; 2] {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    [path.to_owned(), PathBuf::from(wal)]
}

/// Whatever looks like `<kumquat-0000>` in its bytes.
fn texts(path: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in files(path) {
        let bytes = fs::read(file).unwrap_or_default();
        for text in bytes.windows(14).filter(|it| it.starts_with(b"<kumquat-")) {
            found.insert(String::from_utf8_lossy(text).into_owned());
        }
    }
    found
}

impl House {
    async fn new() -> House {
        let directory = tempfile::tempdir().unwrap();
        let log = Log::open(&directory.path().join("log.db"), 0).unwrap();
        let mut story = Story::new();
        story.create_channel("general");
        let alice = story.sign_up("alice");
        let bob = wish::user_of(story.sign_up("bob"));
        let begun = Batch { events: story.log.clone(), redacted: Vec::new() };
        append_together(&log, &[begun]).await;
        let sources = Sources::new(log.reader().unwrap(), log.epoch(), WINDOW);
        House { directory, log, story, alice, bob, sources, said: Vec::new() }
    }

    fn run(&mut self, command: &Command) -> Batch {
        self.story.run(self.alice, None, command).unwrap()
    }

    /// Four channels, each louder than the next, in which much is said, and edited to what is longer or shorter.
    async fn live(&mut self, mailbox: &mut Mailbox) {
        let mut channels = vec![wish::channel("general")];
        let before = self.story.log.len();
        channels.extend((0..3).map(|_| self.story.create_private(self.alice, &["bob"])));
        let created = Batch { events: self.story.log[before..].to_vec(), redacted: Vec::new() };
        append_together(&self.log, &[created]).await;
        let mut prng = Prng::new(1);
        for number in 0..ROUNDS {
            let channel = match prng.below(20) {
                0..12 => 0,
                12..17 => 1,
                17..19 => 2,
                _ => 3,
            };
            let length = |prng: &mut Prng| "-".repeat(prng.below(800));
            let said = text(number) + &length(&mut prng);
            let post = PostWish::text(channels[channel].clone(), said);
            let mut batches = vec![self.run(&Command::PostMessage(post))];
            self.said.push(batches[0].events[0].seq);
            for _ in 0..8 {
                let back = prng.below(WINDOW) * prng.below(WINDOW) / WINDOW;
                let older = number.saturating_sub(back);
                let (message, text) = (self.said[older], text(older) + &length(&mut prng));
                batches.push(self.run(&Command::EditMessage { message, text }));
            }
            append_together(&self.log, &batches).await;
            mailbox.catch_up(&mut self.sources, &self.story.workspace).unwrap();
        }
    }

    /// Alice takes back most of what she said, and it is told which texts those are.
    async fn delete(&mut self) -> BTreeSet<String> {
        let deleted: Vec<usize> = (0..ROUNDS).filter(|number| number % 8 != 0).collect();
        let messages = deleted.iter().map(|it| self.said[*it]).collect::<Vec<_>>();
        let batches: Vec<Batch> = messages
            .into_iter()
            .map(|message| self.run(&Command::DeleteMessage { message }))
            .collect();
        append_together(&self.log, &batches).await;
        deleted.into_iter().map(text).collect()
    }

    fn open(&self) -> Mailbox {
        let (dir, workspace) = (self.directory.path(), &self.story.workspace);
        let found = Mailbox::open_as_it_is(dir, self.bob, &self.sources, workspace, workspace.head);
        let mailbox = found.unwrap().expect("it is there");
        mailbox.leave_wal().unwrap();
        mailbox
    }
}

/// How a file is rid of what was deleted.
type Way = fn(&mut Mailbox, &mut Sources, &Workspace) -> Result<(), ProjectionError>;

#[tokio::test]
async fn what_is_deleted_stands_in_no_page_whichever_way_it_leaves_the_rows_and_if_it_has_none() {
    let mut house = House::new().await;
    let (dir, bob) = (house.directory.path().to_owned(), house.bob);
    let mut mailbox = Mailbox::make(&dir, bob, &mut house.sources, &house.story.workspace).unwrap();
    let path = mailbox.path.clone();
    house.live(&mut mailbox).await;
    mailbox.close_whole().unwrap();
    let count = "SELECT count(*) FROM messages";
    let in_rows: i64 =
        Connection::open(&path).unwrap().query_row(count, [], |row| row.get(0)).unwrap();
    assert!(texts(&path).len() > usize::try_from(in_rows).unwrap(), "of trimmed rows too");
    let before = fs::read(&path).unwrap();
    let deleted = house.delete().await;
    let ways: [(&str, Way); 2] =
        [("brought to the head", Mailbox::catch_up), ("ahead of the rest", Mailbox::erase_ahead)];
    for (way, rid) in ways {
        fs::write(&path, &before).unwrap();
        assert!(texts(&path).intersection(&deleted).count() > WINDOW, "{way}");
        let mut mailbox = house.open();
        rid(&mut mailbox, &mut house.sources, &house.story.workspace).unwrap();
        assert!(mailbox.may_hold_erased, "{way}");
        mailbox.finish_erasing(false).unwrap();
        assert!(!mailbox.may_hold_erased, "{way}");
        let left = texts(&path);
        assert_eq!(left.intersection(&deleted).collect::<Vec<_>>(), [""; 0], "{way}");
        assert!(!left.is_empty(), "{way}: what was not deleted is kept");
        mailbox.close_whole().unwrap();
    }
}

#[tokio::test]
async fn what_is_deleted_stands_in_no_page_of_a_file_that_is_far_behind_and_filled() {
    let mut house = House::new().await;
    let (dir, bob) = (house.directory.path().to_owned(), house.bob);
    let mut mailbox = Mailbox::make(&dir, bob, &mut house.sources, &house.story.workspace).unwrap();
    let path = mailbox.path.clone();
    house.live(&mut mailbox).await;
    mailbox.close_whole().unwrap();
    let begin = |house: &House| {
        let (_, published) = PublishedWorkspace::new(house.story.workspace.clone());
        stepwise::begin(&dir, &house.log, published, WINDOW)
    };
    let mut owner = begin(&house);
    stepwise::drain(&mut owner).unwrap();
    owner.rest();
    drop(owner);
    let far = |number| wish::post("general", &format!("and then {number}"));
    let batches: Vec<Batch> = (0..9_000).map(|number| house.run(&far(number))).collect();
    append_together(&house.log, &batches).await;
    // What was said in #general is out of the window, and still stands somewhere.
    let deleted = house.delete().await;
    assert!(texts(&path).intersection(&deleted).count() > WINDOW);
    let mut owner = begin(&house);
    stepwise::drain(&mut owner).unwrap();
    assert_eq!(owner.sweep.erasures.told(), None);
    let left = texts(&path);
    assert_eq!(left.intersection(&deleted).collect::<Vec<_>>(), [""; 0]);
    assert!(!left.is_empty(), "what was not deleted is kept");
    let count = "SELECT count(*) FROM messages WHERE content LIKE 'and then %'";
    let file = Connection::open(&path).unwrap();
    let said: i64 = file.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(usize::try_from(said).unwrap(), WINDOW);
}

#[tokio::test]
async fn while_another_program_has_a_file_it_is_held_and_does_not_grow_with_each_attempt() {
    let mut house = House::new().await;
    let (dir, bob) = (house.directory.path().to_owned(), house.bob);
    let mut mailbox = Mailbox::make(&dir, bob, &mut house.sources, &house.story.workspace).unwrap();
    mailbox.leave_wal().unwrap();
    let path = mailbox.path.clone();
    house.live(&mut mailbox).await;
    let deleted = house.delete().await;
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN; SELECT count(*) FROM messages").unwrap();
    mailbox.catch_up(&mut house.sources, &house.story.workspace).unwrap();
    mailbox.finish_erasing(false).unwrap();
    let size = || fs::metadata(&files(&path)[1]).unwrap().len();
    let first = size();
    for _ in 0..3 {
        mailbox.finish_erasing(true).unwrap();
        assert!(mailbox.may_hold_erased);
    }
    assert_eq!(size(), first);
    other.execute_batch("ROLLBACK; BEGIN IMMEDIATE").unwrap();
    for was_held in [false, true] {
        mailbox.finish_erasing(was_held).unwrap();
        assert!(mailbox.may_hold_erased, "somebody writes there");
    }
    other.execute_batch("ROLLBACK").unwrap();
    mailbox.finish_erasing(true).unwrap();
    assert!(!mailbox.may_hold_erased);
    assert_eq!(texts(&path).intersection(&deleted).count(), 0);
}
