use std::pin::Pin;
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};
use std::thread;

use chat::testing::Story;
use chat::{Actor, Command, LoggedEvent};
use futures_util::{FutureExt, Stream, StreamExt};
use tempfile::TempDir;

use super::notify::keywords_of;
use super::*;
use crate::published::Extent;

/// A hub that is told by hand, at the head of a story.
struct Told {
    hub: Hub,
    publish: watch::Sender<Arc<Workspace>>,
    _directory: TempDir,
}

impl Told {
    fn new(story: &Story) -> Told {
        let directory = tempfile::tempdir().unwrap();
        let log = eventlog::Log::open(&directory.path().join("log.db"), 0).unwrap();
        let (publish, published) = PublishedWorkspace::new(story.workspace.clone());
        let clock = Clock::manual(story.now);
        let (signals, active) = (WaitingSignals::default(), ActivePeople::default());
        let hub = Hub::new(log, published, clock, signals, active);
        Told { hub, publish, _directory: directory }
    }

    fn publish(&self, story: &Story) {
        self.publish.send_replace(Arc::new(story.workspace.clone()));
    }

    /// Tells what happened in one round.
    fn announce(&self, events: &[LoggedEvent], story: &Story) {
        let workspace = Arc::new(story.workspace.clone());
        let sizes = events.iter().map(|_| 100).collect();
        let extent = Extent { erased: None, sizes };
        let round = [Announcement { workspace, events: events.into(), extent }];
        let mut keywords = keywords_of(&self.hub.shared.published.now());
        self.hub.shared.announce(&round, &mut keywords);
    }

    fn connect(&self, actor: Actor, cursor: Option<Cursor>) -> Outbox {
        let Actor::User { user, session } = actor else { unreachable!("only people have streams") };
        self.hub.connect(&Connect { user, session, cursor, place: None }).unwrap()
    }
}

/// What waits in a stream; `None` when nothing does.
fn next(stream: &mut Outbox) -> Option<Bytes> {
    stream.next().now_or_never().map(|piece| piece.expect("the stream goes on"))
}

fn text(piece: Option<Bytes>) -> String {
    piece.map_or_else(String::new, |piece| String::from_utf8(piece.to_vec()).unwrap())
}

/// Between the first event of a round and its last, mallory's stream takes out whatever is there.
#[test]
fn what_is_said_in_a_round_is_not_told_to_a_session_that_ends_in_it() {
    // Each time anew, because the other thread may be late.
    for _ in 0..5 {
        let mut story = Story::new();
        story.create_channel("general");
        let [alice, bob, mallory] = ["alice", "bob", "mallory"].map(|name| story.sign_up(name));
        story.post(alice, "dm:alice:bob", "hello");
        let told = Told::new(&story);
        let (mut stays, mut ends) = (told.connect(bob, None), told.connect(mallory, None));
        for stream in [&mut stays, &mut ends] {
            assert!(text(next(stream)).contains("event: hello"));
        }
        let before = story.log.len();
        story.given(mallory, &Command::LogOut);
        // For two audiences in turn, so that each is told by itself.
        for number in 0..1_000 {
            let to = if number % 2 == 0 { "general" } else { "dm:alice:bob" };
            story.post(alice, to, "secret");
        }
        told.publish(&story);
        let begins = Barrier::new(2);
        let heard = thread::scope(|scope| {
            let listens = scope.spawn(|| {
                begins.wait();
                until_it_ends(&mut ends)
            });
            begins.wait();
            told.announce(&story.log[before..], &story);
            listens.join().unwrap()
        });
        assert!(text(next(&mut stays)).contains("secret"), "bob is told");
        assert_eq!(heard, 0, "pieces for a session that has ended");
    }
}

/// How many pieces come on a stream before it ends.
fn until_it_ends(stream: &mut Outbox) -> usize {
    let (mut heard, cx) = (0, &mut Context::from_waker(Waker::noop()));
    loop {
        match Pin::new(&mut *stream).poll_next(cx) {
            Poll::Ready(Some(_)) => heard += 1,
            Poll::Ready(None) => return heard,
            Poll::Pending => thread::yield_now(),
        }
    }
}

#[test]
fn a_heartbeat_moves_no_cursor_back_that_is_ahead_of_the_hub() {
    let mut story = Story::new();
    story.create_channel("general");
    let [alice, bob] = ["alice", "bob"].map(|name| story.sign_up(name));
    let told = Told::new(&story);
    let mut behind = told.connect(alice, None);
    next(&mut behind);
    let (head, before) = (story.workspace.head, story.log.len());
    story.post(alice, "general", "of a page that was answered already");
    told.publish(&story);
    let epoch = told.hub.shared.epoch;
    let ahead_of_hub = Cursor::at_head(epoch, &story.workspace);
    let mut ahead = told.connect(bob, Some(ahead_of_hub));
    while next(&mut ahead).is_some() {}

    told.hub.shared.beat();
    assert!(text(next(&mut behind)).starts_with(&format!("id: {epoch}.{head}")));
    assert_eq!(text(next(&mut ahead)), "", "bob has had more than the hub has told");

    told.announce(&story.log[before..], &story);
    assert_eq!(text(next(&mut ahead)), "", "he has it from the page");
    told.hub.shared.beat();
    assert_eq!(text(next(&mut ahead)), format!("id: {ahead_of_hub}\n\n"));
}

#[test]
fn who_come_back_after_long_share_the_bytes_that_say_how_everybody_appears() {
    let mut story = Story::new();
    story.create_channel("general");
    let [alice, bob] = ["alice", "bob"].map(|name| story.sign_up(name));
    let told = Told::new(&story);
    let cursor = Cursor::at_head(told.hub.shared.epoch, &story.workspace);
    let [of_alice, of_bob] = [alice, bob].map(|actor| {
        let mut stream = told.connect(actor, Some(cursor));
        assert!(text(next(&mut stream)).contains("event: hello"));
        next(&mut stream).expect("how everybody appears")
    });
    assert!(text(Some(of_alice.clone())).starts_with("event: presence\n"));
    assert_eq!(of_alice.as_ptr(), of_bob.as_ptr());
}
