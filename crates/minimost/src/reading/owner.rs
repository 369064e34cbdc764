//! The owner thread: applies each commit, and answers between two of them.
//!
//! A question is answered at the head of the last commit applied, and on the same state of the log: so its windows, its
//! posts and the log's labels are of one seq. What a question lacks is made on a fold thread, once for all who wait.

use std::collections::HashMap;
use std::thread;

use chat::event::Erasure;
use chat::{ChannelId, EventKind, Message, Seq, UserId};
use eventlog::{Appends, Reader, fault_point};
use tokio::runtime;
use tokio::sync::mpsc;

use super::folds::Folds;
use super::mentions::crowds::{self, FoundCrowds};
use super::posts::{self, Found, Unread};
use super::state::{Need, NeedKey, State};
use super::{END, ReadingError, THREAD, windows};
use crate::fold::{FoldError, FoldRange, message_fold};
use crate::published::Announcement;

/// What was made and not taken yet; then the fold threads wait, for the owner never does.
const MADE_MAX: usize = 64;

/// How often a question may wait for what it needs: of a person in thousands of channels with everything unread a few hundred
/// times. What is needed at once and does not fit into memory is refused, not read again for ever.
const WAITS_MAX: usize = 1_024;

/// A question, which is asked again when what it needs has been made.
type Question = Box<dyn FnMut(Asked<'_>) -> Result<(), Vec<Need>> + Send>;

/// How a question is put.
pub(super) enum Asked<'a> {
    Answer(&'a mut State, &'a mut Reader),
    Refuse(ReadingError),
}

/// A question on its way to the owner thread.
pub(super) struct Ask {
    /// The answer must be of this seq or later.
    pub at: Seq,
    /// It looks into the log, on the same state as everything else.
    pub reads_log: bool,
    pub question: Question,
    /// How often it has waited.
    pub waits: usize,
}

/// What a fold thread has made.
struct Made {
    need: NeedKey,
    made: Result<Part, FoldError>,
}

enum Part {
    Window(Vec<Message>),
    Posts(Found),
    Crowds(FoundCrowds),
}

/// The state of the owner thread.
pub(super) struct Owner {
    state: State,
    reader: Reader,
    appends: Appends,
    folds: Folds,
    /// Who waits for what.
    waiting: HashMap<NeedKey, Vec<Ask>>,
    made: mpsc::Sender<Made>,
    makes: mpsc::Receiver<Made>,
    /// A head of the log that nobody was told is durable, so it is not announced: the log's file is gone, or nobody could
    /// say whether the commit had succeeded.
    unannounced: Seq,
}

/// The announcements have ended.
struct Ended;

/// What became of a question.
enum Answered {
    Done,
    Needs(Vec<Need>),
    /// The log ends here already, and what happened since is not announced yet.
    LogIsAhead(Seq),
}

impl Owner {
    pub fn new(state: State, reader: Reader, appends: Appends, folds: Folds) -> Owner {
        let (made, makes) = mpsc::channel(MADE_MAX);
        let (waiting, unannounced) = (HashMap::new(), Seq::ZERO);
        Owner { state, reader, appends, folds, waiting, made, makes, unannounced }
    }

    pub fn start(mut self, mut asks: mpsc::Receiver<Ask>, mut told: mpsc::Receiver<Announcement>) {
        let runtime = runtime::Builder::new_current_thread().build();
        let runtime = runtime.expect("a runtime that only waits needs nothing");
        let run = move || {
            runtime.block_on(async { while self.step(&mut asks, &mut told).await.is_ok() {} });
        };
        thread::Builder::new()
            .name(THREAD.to_owned())
            .spawn(run)
            .expect("a starting process may have threads");
    }

    async fn step(
        &mut self,
        asks: &mut mpsc::Receiver<Ask>,
        told: &mut mpsc::Receiver<Announcement>,
    ) -> Result<(), Ended> {
        tokio::select! {
            biased;
            announcement = told.recv() => self.state.apply(&announcement.ok_or(Ended)?),
            Some(made) = self.makes.recv() => self.take(made, told).await?,
            Some(ask) = asks.recv() => self.answer(ask, told).await?,
        }
        fault_point(THREAD);
        Ok(())
    }

    /// Answers a question, or has it wait for what it needs.
    async fn answer(
        &mut self,
        mut ask: Ask,
        told: &mut mpsc::Receiver<Announcement>,
    ) -> Result<(), Ended> {
        loop {
            if self.state.workspace.head < ask.at {
                // It is published, so it is on its way.
                self.state.apply(&told.recv().await.ok_or(Ended)?);
                continue;
            }
            match self.try_answer(&mut ask) {
                Ok(Answered::Done) => return Ok(()),
                Ok(Answered::Needs(needs)) => {
                    self.wait(&needs, ask);
                    return Ok(());
                }
                Ok(Answered::LogIsAhead(tip)) => tokio::select! {
                    biased;
                    announcement = told.recv() => self.state.apply(&announcement.ok_or(Ended)?),
                    () = self.appends.unacknowledged(tip.get()) => self.unannounced = tip,
                },
                Err(error) => {
                    refuse(&mut ask, error);
                    return Ok(());
                }
            }
        }
    }

    /// Puts a question; one about the log on one state of it, unless that is ahead of the last commit applied.
    fn try_answer(&mut self, ask: &mut Ask) -> Result<Answered, ReadingError> {
        let (head, unannounced) = (self.state.workspace.head, self.unannounced);
        let (state, question) = (&mut self.state, &mut ask.question);
        let mut put = |reader: &mut Reader| match question(Asked::Answer(state, reader)) {
            Ok(()) => Answered::Done,
            Err(needs) => Answered::Needs(needs),
        };
        if !ask.reads_log {
            return Ok(put(&mut self.reader));
        }
        self.reader.snapshot(|reader| {
            let tip = Seq(reader.head()?.0);
            let is_ahead = tip > head && tip != unannounced;
            Ok(if is_ahead { Answered::LogIsAhead(tip) } else { put(reader) })
        })
    }

    /// Has all made that is needed, and asks again when the first of it is there.
    fn wait(&mut self, needs: &[Need], mut ask: Ask) {
        ask.waits += 1;
        if ask.waits > WAITS_MAX {
            return refuse(&mut ask, ReadingError::Busy);
        }
        for (at, need) in needs.iter().enumerate() {
            if self.waiting.contains_key(&need.key()) {
                continue;
            }
            match self.make(*need) {
                Ok(()) => drop(self.waiting.insert(need.key(), Vec::new())),
                Err(error) => {
                    self.give_up(need.key());
                    if at == 0 {
                        return refuse(&mut ask, error);
                    }
                    break;
                }
            }
        }
        let first = needs.first().and_then(|need| self.waiting.get_mut(&need.key()));
        first.expect("it is being made").push(ask);
    }

    /// Has something made on a fold thread, as it is at the head.
    fn make(&mut self, need: Need) -> Result<(), ReadingError> {
        let head = self.state.workspace.head;
        let up_to = match need {
            Need::Window(channel) => {
                self.state.windows.begin(channel);
                head
            }
            Need::Posts(channel, Unread::Older, _) => self.state.posts.begin(channel),
            Need::Posts(_, Unread::Block(_, last), _) => last,
            Need::Crowds(_, newest) => newest,
        };
        let made = self.made.clone();
        self.folds.submit(move |reader| {
            // The owner may have ended.
            drop(made.blocking_send(Made { need: need.key(), made: part(reader, need, up_to) }));
        })
    }

    fn give_up(&mut self, need: NeedKey) {
        match need {
            NeedKey::Window(channel) => self.state.windows.give_up(channel),
            NeedKey::Posts(channel, unread) => self.state.posts.give_up(channel, unread),
            NeedKey::Crowds(..) => {}
        }
    }

    /// Puts in place what was made, and asks again what waited for it.
    async fn take(
        &mut self,
        Made { need, made }: Made,
        told: &mut mpsc::Receiver<Announcement>,
    ) -> Result<(), Ended> {
        let waiting = self.waiting.remove(&need).unwrap_or_default();
        let State { windows, posts, crowds, .. } = &mut self.state;
        match (need, made) {
            (NeedKey::Window(channel), Ok(Part::Window(messages))) => {
                windows.finish(channel, messages);
            }
            (NeedKey::Posts(channel, unread), Ok(Part::Posts(found))) => {
                posts.finish(channel, unread, &found);
            }
            (NeedKey::Crowds(..), Ok(Part::Crowds(found))) => crowds.finish(&found),
            (_, Ok(_)) => unreachable!("a need is answered with its own part"),
            (need, Err(error)) => {
                self.give_up(need);
                let error = ReadingError::from(error);
                for mut ask in waiting {
                    refuse(&mut ask, error.clone());
                }
                return Ok(());
            }
        }
        for ask in waiting {
            self.answer(ask, told).await?;
        }
        Ok(())
    }
}

fn refuse(ask: &mut Ask, error: ReadingError) {
    // Who is refused needs nothing more.
    let _: Result<(), Vec<Need>> = (ask.question)(Asked::Refuse(error));
}

/// Reads what is needed, up to `up_to`.
fn part(reader: &mut Reader, need: Need, up_to: Seq) -> Result<Part, FoldError> {
    match need {
        Need::Window(channel) => {
            let limit = windows::BEGINNING;
            let newest = FoldRange::Newest { after: Seq::ZERO, before: END, limit };
            Ok(Part::Window(message_fold(reader, channel, newest, up_to)?))
        }
        Need::Posts(channel, unread, marker) => {
            reader.snapshot(|reader| posts_of(reader, channel, unread, (marker, up_to)))
        }
        Need::Crowds(channel, newest) => {
            let found = reader.snapshot(|reader| crowds::read(reader, channel, newest))?;
            Ok(Part::Crowds(found))
        }
    }
}

fn posts_of(
    reader: &mut Reader,
    channel: ChannelId,
    unread: Unread,
    (marker, up_to): (Seq, Seq),
) -> Result<Part, FoldError> {
    let (id, kind) = (channel.0.get(), EventKind::MessagePosted.code());
    let after = match unread {
        Unread::Block(first, _) => first.get().saturating_sub(1),
        Unread::Older => {
            let first = reader.channel_nth_newest(id, kind, up_to.get(), posts::CHUNK)?;
            first.map_or(0, |first| first.saturating_sub(1)).min(marker.get())
        }
    };
    let (read_at, _) = reader.head()?;
    let mut posts = reader.channel_posts(id, kind, after, up_to.get(), &Erasure::GONE)?;
    posts.retain(|(_, actor)| *actor != UserId::SYSTEM.0.get());
    Ok(Part::Posts(Found { after: Seq(after), posts, read_at: Seq(read_at) }))
}
