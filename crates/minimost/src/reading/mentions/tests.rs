use std::sync::Arc;

use chat::testing::{Story, wish};
use chat::{Actor, Command, LoggedEvent};
use eventlog::Log;
use tempfile::TempDir;

use super::super::END;
use super::crowds::{Crowds, FoundCrowds};
use super::feed::{Asked, Bounds, Chosen, Said, chosen};
use super::*;
use crate::codec;
use crate::published::{Announcement, Extent};

/// So many that a message which names them all has one label.
const PEOPLE: usize = chat::label::NAMED_MAX + 1;

fn text(more: &str) -> String {
    let bobs: Vec<_> = (0..PEOPLE).map(|number| format!("@bob{number}")).collect();
    format!("{} {more}", bobs.join(" "))
}

/// A story whose log is on disk.
struct Told {
    story: Story,
    alice: Actor,
    bob: UserId,
    mallory: UserId,
    log: Log,
    written: usize,
    /// Before the directory goes the log must.
    _directory: TempDir,
}

impl Told {
    fn new() -> Told {
        let mut story = Story::new();
        story.create_channel("general");
        let alice = story.sign_up("alice");
        for number in 0..PEOPLE {
            story.sign_up(&format!("bob{number}"));
        }
        let mallory = wish::user_of(story.sign_up("mallory"));
        let (bob, _) = story.workspace.find_user("bob0").unwrap();
        let directory = tempfile::tempdir().unwrap();
        let log = Log::open(&directory.path().join("log.db"), 0).unwrap();
        Told { story, alice, bob, mallory, log, written: 0, _directory: directory }
    }

    /// A message that names all bobs, and whoever else.
    fn post_to_many(&mut self, more: &str) -> Seq {
        self.story.post(self.alice, "general", &text(more))
    }

    fn edit(&mut self, message: Seq, more: &str) {
        let text = text(more);
        self.story.given(self.alice, &Command::EditMessage { message, text });
    }

    /// Appends what happened since.
    fn write(&mut self) -> Vec<LoggedEvent> {
        let events = self.story.log[self.written..].to_vec();
        self.written = self.story.log.len();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(self.log.append(codec::batch(&events, Vec::new()))).unwrap();
        events
    }
}

/// What the owner thread makes of a question, with what it needs read by another reader, and how often that was.
fn answer<T>(
    state: &mut State,
    folds: &mut Reader,
    mut ask: impl FnMut(&mut State) -> Result<T, Missing>,
) -> (T, usize) {
    for rounds in 0.. {
        match ask(state) {
            Ok(answer) => return (answer, rounds),
            Err(Missing::Needs(needs)) => {
                for need in needs {
                    let Need::Crowds(channel, newest) = need else { panic!("{need:?}") };
                    state.crowds.finish(&crowds::read(folds, channel, newest).unwrap());
                }
            }
            Err(Missing::Fault(error)) => panic!("{error}"),
        }
    }
    unreachable!("there are numbers enough")
}

impl Told {
    fn state(&self) -> State {
        State::new(self.story.workspace.clone().into(), 1 << 20)
    }

    fn reader(&self) -> Reader {
        self.log.reader().unwrap().reading_on()
    }

    /// Writes what happened since, and tells the state.
    fn tell(&mut self, state: &mut State) {
        let events = self.write();
        let workspace = Arc::new(self.story.workspace.clone());
        let extent = Extent::default();
        state.apply(&Announcement { workspace, events: events.into(), extent });
    }
}

fn unread(state: &mut State, owner: &mut Reader, user: UserId) -> Result<Vec<Seq>, Missing> {
    let channels = state.workspace.channels_of(user);
    let unread = state.unread_mentions(owner, user, channels)?;
    let mut ids: Vec<_> = unread.into_iter().map(|(_, message)| message).collect();
    ids.sort_unstable();
    Ok(ids)
}

#[test]
fn the_owner_thread_reads_no_message_to_learn_whom_it_names() {
    let mut told = Told::new();
    let first = told.post_to_many("@mallory");
    for _ in 0..300 {
        told.post_to_many("");
    }
    let last = told.post_to_many("@mallory");
    told.write();
    let (mut state, mut owner, mut folds) = (told.state(), told.reader(), told.reader());
    let mallory = told.mallory;
    let ask = |state: &mut State| unread(state, &mut owner, mallory);
    assert_eq!(answer(&mut state, &mut folds, ask), (vec![first, last], 2));
    assert_eq!(folds.records_read(), 302, "each once");
    // Whoever asks next needs nothing more.
    let bob = told.bob;
    let ask = |state: &mut State| unread(state, &mut owner, bob).map(|unread| unread.len());
    assert_eq!(answer(&mut state, &mut folds, ask), (302, 0));
    assert_eq!(owner.records_read(), 0);
}

#[test]
fn what_is_said_while_the_server_runs_is_read_by_nobody() {
    let mut told = Told::new();
    told.write();
    let (mut state, mut owner, mut folds) = (told.state(), told.reader(), told.reader());
    let mallory = told.mallory;
    let named = told.post_to_many("@mallory");
    let edited = told.post_to_many("@mallory");
    let gone = told.post_to_many("@mallory");
    told.edit(edited, "");
    told.tell(&mut state);
    let ask = |state: &mut State| unread(state, &mut owner, mallory);
    assert_eq!(answer(&mut state, &mut folds, ask), (vec![named, gone], 0));
    told.story.given(told.alice, &Command::DeleteMessage { message: gone });
    told.edit(edited, "@mallory after all");
    told.tell(&mut state);
    let ask = |state: &mut State| unread(state, &mut owner, mallory);
    assert_eq!(answer(&mut state, &mut folds, ask), (vec![named, edited], 0));
    assert_eq!((owner.records_read(), folds.records_read()), (0, 0));
}

#[test]
fn an_edit_while_crowds_are_read_is_not_undone_by_them() {
    let mut told = Told::new();
    let edited = told.post_to_many("");
    told.write();
    let (mut state, mut owner, mut folds) = (told.state(), told.reader(), told.reader());
    let general = state.workspace.channels_of(told.mallory).into_iter().next().unwrap();
    let before = crowds::read(&mut folds, general, edited).unwrap();
    told.edit(edited, "@mallory");
    told.tell(&mut state);
    state.crowds.finish(&before);
    assert_eq!(unread(&mut state, &mut owner, told.mallory).unwrap(), [edited]);

    // The edit was forgotten before they came.
    state.crowds = Crowds::new(0);
    told.edit(edited, "@mallory, once more");
    told.tell(&mut state);
    state.crowds.finish(&before);
    assert!(unread(&mut state, &mut owner, told.mallory).is_err(), "they are read again");
}

#[test]
fn what_is_remembered_of_crowds_is_bounded_in_bytes_whoever_they_are() {
    let users = |count: u64| (1..=count).map(|user| UserId(Seq(user))).collect::<Vec<_>>();
    let mut crowds = Crowds::new(1 << 20);
    let found = |message, users| FoundCrowds { named: vec![(message, users)], read_at: Seq(9_999) };
    for message in 1..=2_000 {
        crowds.finish(&found(Seq(message), users(5_000)));
        let few = (message..5_000).step_by(70).map(|user| UserId(Seq(user + 1))).collect();
        crowds.finish(&found(Seq(10_000 + message), few));
    }
    let is_known = |crowds: &mut Crowds, message| crowds.names(Seq(message), UserId(Seq(2_001)));
    assert_eq!(is_known(&mut crowds, 1), None, "the oldest is forgotten");
    for message in 1_000..=2_000 {
        assert_eq!(is_known(&mut crowds, message), Some(true), "of 5,000 a thousand fit in");
        let is_in = (2_000 - message).is_multiple_of(70);
        assert_eq!(is_known(&mut crowds, 10_000 + message), Some(is_in), "{message}");
    }
}

#[test]
fn of_unread_messages_to_many_the_newest_count() {
    let told = Told::new();
    let mut state = told.state();
    let named = Named { sender: told.bob, is_beside: false, is_deleted: false };
    let ids: Vec<_> = (1_000..6_000).map(Seq).collect();
    let labels = ids.iter().map(|id| (ChannelId(Seq(1)), *id, named)).collect();
    let crowds = ids.iter().map(|id| (*id, vec![told.mallory])).collect();
    state.crowds.finish(&FoundCrowds { named: crowds, read_at: Seq(6_000) });
    let found = state.naming(told.mallory, labels).unwrap();
    assert_eq!(found.len(), CROWDS_ASKED_MAX);
    assert!(found.iter().all(|(_, id, _)| *id >= ids[5_000 - CROWDS_ASKED_MAX]));
}

#[test]
fn what_a_page_of_the_feed_reads_is_bounded_and_the_next_goes_on_from_there() {
    let mut told = Told::new();
    let first = told.post_to_many("@mallory");
    let named = told.story.post(told.alice, "general", "@mallory");
    for _ in 0..40 {
        told.post_to_many("");
    }
    let everyone = told.story.post(told.alice, "general", "@everyone");
    let edited = told.post_to_many("");
    told.edit(edited, "@mallory");
    told.write();
    let (workspace, mut reader) = (told.story.workspace.clone(), told.reader());
    let said = Said::new(Crowds::new(1 << 20).into());
    let people = 10 * PEOPLE;
    let mut page = |user, before, limit, bounds| {
        let read_before = reader.records_read();
        let asked = Asked { user, before, limit, bounds };
        let Chosen { ids, more_before } = chosen(&mut reader, &workspace, &said, asked).unwrap();
        ((ids, more_before), reader.records_read() - read_before)
    };
    let bounds = Bounds { labels: 100, crowds: 30, people };
    let mallory = told.mallory;
    assert_eq!(page(mallory, END, 1, bounds), ((vec![edited], None), 1));
    let ((ids, more_before), read) = page(mallory, END, 50, bounds);
    assert_eq!((ids, read), (vec![edited, everyone], 10), "so many people are named in them");
    let ((ids, again), read) = page(mallory, END, 50, bounds);
    assert_eq!((ids, read), (vec![edited, everyone], 10), "what was read is remembered");
    assert!(again < more_before, "and it gets further");
    let mut before = again.unwrap();
    let mut rest = Vec::new();
    for _ in 0..4 {
        let ((ids, more_before), _) = page(mallory, before, 50, bounds);
        rest.extend(ids);
        before = more_before.unwrap_or(Seq::ZERO);
    }
    assert_eq!((rest, before), (vec![named, first], Seq::ZERO));

    // Nothing has to be read for bob, but a page looks at so many.
    let ((ids, more_before), read) = page(told.bob, END, 50, bounds);
    assert_eq!((ids.len(), read), (31, 0));
    assert!(more_before.is_some());
    let bounds = Bounds { labels: 5, ..bounds };
    let ((ids, more_before), _) = page(told.bob, END, 50, bounds);
    assert_eq!((ids.len(), more_before), (5, Some(ids[4])));
}
