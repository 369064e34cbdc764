//! The owner's work, a step at a time: what it leaves in files and in the register when it ends at any of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chat::testing::{Batch, Story, wish};
use chat::{Actor, Command, EventKind, Seq, UserId};
use eventlog::Log;
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use super::super::ProjectionError;
use super::ahead::tests::append_together;
use super::erasure::StillErasing;
use super::owner::Owner;
use super::sweep::Connected;
use super::{ErasureReport, Sources, register_path};
use crate::published::PublishedWorkspace;
use chat::Workspace;

/// More than a file is brought on by at once.
const FAR: usize = 9_000;

/// What is said in #general, and whose files are to have it.
pub(super) struct Stage {
    pub directory: tempfile::TempDir,
    log: Log,
    story: Story,
    alice: Actor,
    publish: watch::Sender<Arc<Workspace>>,
    published: PublishedWorkspace,
}

/// An owner as a start begins it: no thread runs.
pub(super) fn begin(dir: &Path, log: &Log, published: PublishedWorkspace, window: usize) -> Owner {
    let (connected, report) = (Connected::default(), ErasureReport::default());
    let sources = Sources::new(log.reader().unwrap(), log.epoch(), window);
    let held = log.watch_held_erasure();
    let mut owner = Owner::new(dir.to_owned(), published, sources, connected, report, held);
    owner.begin();
    owner
}

/// Brings every file to the head.
pub(super) fn drain(owner: &mut Owner) -> Result<(), ProjectionError> {
    let (answer, mut answered) = oneshot::channel();
    owner.drain(answer);
    loop {
        owner.step();
        match answered.try_recv() {
            Ok(result) => return result,
            Err(oneshot::error::TryRecvError::Empty) => {}
            Err(oneshot::error::TryRecvError::Closed) => panic!("it is answered"),
        }
    }
}

impl Stage {
    /// Alice says "hi" to herself and to others.
    pub async fn with(others: &[&str]) -> Stage {
        let directory = tempfile::tempdir().unwrap();
        let log = Log::open(&directory.path().join("log.db"), 0).unwrap();
        let mut story = Story::new();
        story.create_channel("general");
        let alice = story.sign_up("alice");
        for name in others {
            story.sign_up(name);
        }
        let begun = Batch { events: story.log.clone(), redacted: Vec::new() };
        append_together(&log, &[begun]).await;
        let (publish, published) = PublishedWorkspace::new(story.workspace.clone());
        let mut stage = Stage { directory, log, story, alice, publish, published };
        stage.say("hi").await;
        stage
    }

    async fn tell(&mut self, commands: &[Command]) -> Seq {
        let run = |command| self.story.run(self.alice, None, command).unwrap();
        let batches: Vec<Batch> = commands.iter().map(run).collect();
        append_together(&self.log, &batches).await;
        self.publish.send_replace(Arc::new(self.story.workspace.clone()));
        batches[0].events[0].seq
    }

    async fn say(&mut self, text: &str) -> Seq {
        self.tell(&[wish::post("general", text)]).await
    }

    async fn delete(&mut self, message: Seq) {
        self.tell(&[Command::DeleteMessage { message }]).await;
    }

    pub fn begin(&self) -> Owner {
        begin(self.directory.path(), &self.log, self.published.clone(), 100)
    }

    fn user(&self, name: &str) -> UserId {
        let mut users = self.story.workspace.users.iter();
        *users.find(|(_, user)| user.name.as_str() == name).expect("they have come").0
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join("users").join(name)
    }

    /// In which files below users/ this stands.
    fn files_with(&self, text: &str) -> Vec<String> {
        let holds = |path: &Path| {
            let bytes = fs::read(path).unwrap_or_default();
            bytes.windows(text.len()).any(|it| it == text.as_bytes())
        };
        let files = fs::read_dir(self.path("")).unwrap().map(|entry| entry.unwrap());
        let with = files.filter(|it| holds(&it.path()));
        with.map(|it| it.file_name().into_string().unwrap()).collect()
    }

    /// What a file says, without tombstones.
    fn texts(&self, name: &str) -> Vec<String> {
        let file = Connection::open(self.path(name)).unwrap();
        let mut statement =
            file.prepare("SELECT content FROM messages WHERE deleted = 0 ORDER BY id").unwrap();
        let texts = statement.query_map([], |row| row.get(0)).unwrap();
        texts.collect::<Result<_, _>>().unwrap()
    }

    /// The body of the last message in the log, which is now `body`.
    fn exchange_last_body(&self, body: &[u8]) -> Vec<u8> {
        let file = Connection::open(self.directory.path().join("log.db")).unwrap();
        let posted = EventKind::MessagePosted.code();
        let (seq, before): (i64, Vec<u8>) = file
            .query_row(
                "SELECT seq, body FROM record WHERE kind = ?1 ORDER BY seq DESC LIMIT 1",
                [posted],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .unwrap();
        let exchanged = file.execute("UPDATE record SET body = ?2 WHERE seq = ?1", (seq, body));
        assert_eq!(exchanged.unwrap(), 1);
        before
    }
}

fn report(owner: &Owner) -> Option<StillErasing> {
    owner.sweep.erasures.told()
}

fn held(owner: &Owner) -> Vec<UserId> {
    report(owner).map_or(Vec::new(), |still| still.held)
}

#[tokio::test]
async fn one_that_was_just_made_and_falls_far_behind_is_rid_of_what_is_deleted() {
    let mut stage = Stage::with(&["bob"]).await;
    let kumquat = stage.say("kumquat").await;
    let mut owner = stage.begin();
    // Of somebody who is spoken to most the file stays open, where there is room.
    owner.sweep.recent.insert(stage.user("bob"));
    drain(&mut owner).unwrap();
    assert!(stage.files_with("kumquat").iter().any(|name| name.starts_with("bob.db")));
    let say = |number| wish::post("general", &format!("and then {number}"));
    let delete = Command::DeleteMessage { message: kumquat };
    let commands: Vec<Command> = (0..FAR).map(say).chain([delete]).collect();
    stage.tell(&commands).await;
    drain(&mut owner).unwrap();
    assert_eq!(report(&owner), None);
    assert_eq!(stage.files_with("kumquat"), [""; 0]);
    assert_eq!(stage.texts("bob.db").last().unwrap(), "and then 8999");
}

#[tokio::test]
async fn what_nobody_knows_of_a_file_may_be_in_it_and_is_told_until_it_is_looked_at() {
    let mut stage = Stage::with(&["bob"]).await;
    let kumquat = stage.say("kumquat").await;
    let mut owner = stage.begin();
    drain(&mut owner).unwrap();
    let other = Connection::open(stage.path("bob.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    stage.delete(kumquat).await;
    drop(owner);
    fs::remove_file(register_path(stage.directory.path())).unwrap();
    let mut owner = stage.begin();
    drain(&mut owner).unwrap_err();
    let still = report(&owner).expect("the text is there");
    assert_eq!((still.files, still.held), (1, vec![stage.user("bob")]));
    assert!(!stage.files_with("kumquat").is_empty());
    other.execute_batch("ROLLBACK").unwrap();
    drain(&mut owner).unwrap();
    assert_eq!(report(&owner), None);
    assert_eq!(stage.files_with("kumquat"), [""; 0]);
}

#[tokio::test]
async fn of_a_file_that_was_taken_away_nothing_stays_beside_it() {
    let mut stage = Stage::with(&["bob"]).await;
    let mut owner = stage.begin();
    drain(&mut owner).unwrap();
    for is_running in [false, true] {
        let text = format!("kumquat {is_running}");
        stage.say(&text).await;
        drain(&mut owner).unwrap();
        fs::remove_file(stage.path("bob.db")).unwrap();
        assert!(stage.files_with(&text).contains(&"bob.db-wal".to_owned()));
        let bob = stage.user("bob");
        if is_running {
            owner.sweep.standings.hold(bob, chat::Timestamp(1), tokio::time::Instant::now());
            owner.bring_and_erase(bob);
        } else {
            owner = stage.begin();
        }
        assert!(!stage.path("bob.db-wal").exists(), "is running: {is_running}");
        drain(&mut owner).unwrap();
        assert_eq!(stage.texts("bob.db").last(), Some(&text));
    }
    // What cannot be taken away is told of.
    fs::remove_file(stage.path("bob.db")).unwrap();
    let wal = stage.path("bob.db-wal");
    assert!(!wal.exists(), "a new file was closed whole");
    fs::create_dir(&wal).unwrap();
    drain(&mut owner).unwrap_err();
    assert_eq!(held(&owner), [stage.user("bob")]);
    fs::remove_dir(&wal).unwrap();
    drain(&mut owner).unwrap();
    assert_eq!(report(&owner), None);
}

#[tokio::test]
async fn killed_while_a_file_is_made_anew_the_next_start_makes_it_anew() {
    let stage = Stage::with(&["bob"]).await;
    let mut owner = stage.begin();
    drain(&mut owner).unwrap();
    owner.rest();
    drop(owner);
    let mut owner = stage.begin();
    fs::remove_file(stage.path("bob.db")).unwrap();
    // It has its tables when the message is met that cannot be read.
    let body = stage.exchange_last_body(b"?");
    drain(&mut owner).unwrap_err();
    assert_eq!(stage.texts("bob.db"), [""; 0]);
    drop(owner);
    stage.exchange_last_body(&body);
    let mut owner = stage.begin();
    drain(&mut owner).unwrap();
    assert_eq!(stage.texts("bob.db"), ["hi"]);
    assert_eq!(report(&owner), None);
}

/// What stands in the register for the start of the machine.
fn boot(stage: &Stage) -> String {
    let file = Connection::open(register_path(stage.directory.path())).unwrap();
    file.query_row("SELECT boot FROM sweep", [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn after_an_end_in_good_order_the_register_is_believed_whatever_the_machine_does_then() {
    let stage = Stage::with(&["bob"]).await;
    let mut owner = stage.begin();
    drain(&mut owner).unwrap();
    owner.rest();
    drop(owner);
    assert_eq!(boot(&stage), "at rest");
    // From here on a power cut can take something back, before any file is touched.
    let owner = stage.begin();
    let bob = stage.user("bob");
    assert!(owner.sweep.standings.find(bob).is_some_and(|it| it.checkpoint.is_some()));
    assert_ne!(boot(&stage), "at rest");
    drop(owner);
    let file = Connection::open(register_path(stage.directory.path())).unwrap();
    assert_eq!(file.execute("UPDATE sweep SET boot = 'another'", []).unwrap(), 1);
    drop(file);
    let mut owner = stage.begin();
    assert!(owner.sweep.standings.find(bob).is_some_and(super::standing::Standing::is_unknown));
    // What could not be brought to the disk may be taken back as well.
    drain(&mut owner).unwrap();
    fs::rename(stage.path("bob.db"), stage.path("kept")).unwrap();
    std::os::unix::fs::symlink("bob.db", stage.path("bob.db")).unwrap();
    owner.rest();
    drop(owner);
    assert_ne!(boot(&stage), "at rest");
}

#[tokio::test]
async fn while_one_that_was_set_aside_stays_the_mailbox_beside_it_is_left_alone() {
    let mut stage = Stage::with(&["bob"]).await;
    let kumquat = stage.say("kumquat").await;
    let mut owner = stage.begin();
    drain(&mut owner).unwrap();
    let aside = stage.path("bob.db.damaged-7");
    fs::create_dir(&aside).unwrap();
    stage.delete(kumquat).await;
    drain(&mut owner).unwrap();
    assert_eq!(stage.files_with("kumquat"), [""; 0]);
    assert_eq!(held(&owner), [stage.user("bob")], "the one set aside may have it");
    // Whoever opened it would find that out.
    let sentence = "no database, but a sentence. ".repeat(300);
    fs::write(stage.path("bob.db"), &sentence).unwrap();
    drain(&mut owner).unwrap();
    owner.bring_and_erase(stage.user("bob"));
    assert_eq!(fs::read_to_string(stage.path("bob.db")).unwrap(), sentence);
    assert_eq!(held(&owner), [stage.user("bob")]);
    fs::remove_dir(&aside).unwrap();
    drain(&mut owner).unwrap();
    assert_eq!(report(&owner), None);
    // And what is deleted next is looked for in it again.
    let hi = *stage.story.messages.keys().next().unwrap();
    stage.delete(hi).await;
    drain(&mut owner).unwrap();
    assert_ne!(fs::read(stage.path("bob.db")).unwrap(), sentence.as_bytes());
    assert_eq!(stage.texts("bob.db"), [""; 0]);
}
