//! Threads as their readers see them: one with its replies, the ones that a person follows, and what waits in them.
//!
//! Who follows a thread and how far they have read is a label of its root in the log; what waits are the replies by
//! others after that marker which are not deleted.

use std::collections::{BTreeMap, HashMap, HashSet};

use chat::audience::history_start;
use chat::event::Erasure;
use chat::label::LabelKind;
use chat::thread::may_see_thread;
use chat::{ChannelId, EventKind, Message, Seq, Timestamp, UserId, Workspace};
use eventlog::Reader;

use super::chosen::seen;
use super::state::{Missing, State};
use super::{At, Counts, END, Reading, ReadingError, WaitingThreads};
use crate::fold::{FoldError, FoldRange, messages_by_id, thread_fold};

const FOLLOWS: u8 = LabelKind::Follows as u8;

/// What a reply begins with.
const REPLIES: [EventKind; 2] = [EventKind::MessagePosted, EventKind::ThreadReplied];

/// A thread with a page of its replies.
#[derive(Clone, Debug, PartialEq)]
pub struct ThreadPage {
    /// `None` for who may see the replies only.
    pub root: Option<Message>,
    pub root_id: Seq,
    /// Oldest first, tombstones included.
    pub replies: Vec<Message>,
    /// `None` for who does not follow it.
    pub standing: Option<Standing>,
}

/// How a follower stands in a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub marker: Seq,
    pub waiting: Counts,
}

/// A thread that a person follows.
#[derive(Clone, Debug, PartialEq)]
pub struct FollowedThread {
    /// `None` for who may see the replies only.
    pub root: Option<Message>,
    pub root_id: Seq,
    pub channel: ChannelId,
    pub standing: Standing,
    /// Of its newest reply; of its beginning while there is none.
    pub last_reply_ts: Timestamp,
}

/// Which of the threads that a person follows.
#[derive(Clone, Copy, Debug)]
pub struct ThreadQuery {
    pub only_unread: bool,
    /// With no reply as late as that.
    pub before: Option<Timestamp>,
    pub limit: usize,
}

/// A thread that a person follows.
#[derive(Clone, Copy)]
struct Followed {
    root: Seq,
    channel: ChannelId,
    marker: Seq,
    /// Its newest reply, deleted or not; its root while there is none.
    newest: Seq,
}

/// One of them, and what waits in it, before its root is looked up.
struct Counted {
    thread: Followed,
    waiting: Counts,
    /// Unread replies that name the person or everyone.
    mentions: Vec<Seq>,
}

/// The root of a thread that somebody may look at, and where their history of it begins.
struct Root {
    id: Seq,
    message: Option<Message>,
    first: Seq,
}

impl Reading {
    /// The thread under a message, or that it is a reply in; `None` for who may see neither.
    pub async fn thread(
        &self,
        user: UserId,
        message: Seq,
        range: FoldRange,
        at: Seq,
    ) -> Result<At<Option<ThreadPage>>, ReadingError> {
        // What a message is a reply to never changes, so it may be asked before it is known who may see it.
        let stand = move |state: &mut State, reader: &mut Reader| {
            let Some((root_id, channel)) = thread_of(reader, message)? else { return Ok(None) };
            state.standing(reader, user, channel, root_id)
        };
        let At { workspace, found: standing } = self.ask_log(at, stand).await?;
        self.fold_at(workspace, move |reader, workspace| {
            let Some(root) = root(reader, workspace, user, message)? else { return Ok(None) };
            let replies = thread_fold(reader, root.id, from(range, root.first), workspace.head)?;
            Ok(Some(ThreadPage { root: root.message, root_id: root.id, replies, standing }))
        })
        .await
    }

    /// The threads that the user follows, the newest reply first.
    pub async fn threads(
        &self,
        user: UserId,
        query: ThreadQuery,
        at: Seq,
    ) -> Result<At<Vec<FollowedThread>>, ReadingError> {
        let choose = move |state: &mut State, reader: &mut Reader| {
            let mut threads = state.followed(reader, user)?;
            if let Some(before) = query.before {
                let newest = reader.seq_at(before.0.saturating_sub(1))?;
                threads.retain(|thread| thread.newest.get() <= newest);
            }
            threads.sort_unstable_by_key(|thread| std::cmp::Reverse(thread.newest));
            if !query.only_unread {
                threads.truncate(query.limit);
                return state.counted(reader, user, &threads);
            }
            // Where the newest reply is read, all are; the others are counted until there are enough.
            threads.retain(|thread| thread.newest > thread.marker);
            let mut unread = Vec::new();
            for some in threads.chunks(query.limit.max(1)) {
                unread.extend(state.counted(reader, user, some)?);
                unread.retain(|counted: &Counted| counted.waiting.unread > 0);
                if unread.len() >= query.limit {
                    break;
                }
            }
            unread.truncate(query.limit);
            Ok(unread)
        };
        let At { workspace, found: threads } = self.ask_log(at, choose).await?;
        if threads.is_empty() {
            return Ok(At { workspace, found: Vec::new() });
        }
        self.fold_at(workspace, move |reader, workspace| {
            with_roots(reader, workspace, user, threads)
        })
        .await
    }
}

impl State {
    /// The threads that `user` follows, and what waits in them.
    pub(super) fn waiting_threads(
        &mut self,
        reader: &mut Reader,
        user: UserId,
    ) -> Result<WaitingThreads, Missing> {
        let mut threads = self.followed(reader, user)?;
        let followed = threads.iter().map(|thread| thread.root).collect();
        threads.retain(|thread| thread.newest > thread.marker);
        let mut waiting = WaitingThreads { followed, ..WaitingThreads::default() };
        for counted in self.counted(reader, user, &threads)? {
            let Counts { unread, mentions } = counted.waiting;
            waiting.all.unread += unread;
            waiting.all.mentions += mentions;
            if unread > 0 {
                waiting.unread.insert(counted.thread.root, unread);
            }
        }
        Ok(waiting)
    }

    /// Unread replies in the threads that `user` follows that name them or everyone.
    pub(super) fn unread_mentions_in_threads(
        &mut self,
        reader: &mut Reader,
        user: UserId,
    ) -> Result<Vec<Seq>, Missing> {
        let mut threads = self.followed(reader, user)?;
        threads.retain(|thread| thread.newest > thread.marker);
        let unread = self.counted(reader, user, &threads)?;
        Ok(unread.into_iter().flat_map(|counted| counted.mentions).collect())
    }

    /// The threads that `user` follows, by channel: in a statement for all of them and one for those whose newest reply is
    /// not remembered.
    fn followed(&mut self, reader: &mut Reader, user: UserId) -> Result<Vec<Followed>, Missing> {
        let labels = reader.labels_of(FOLLOWS, user.0.get())?;
        let roots: Vec<_> = labels.iter().map(|(_, root, _)| Seq(*root)).collect();
        let newest = self.tips(reader, &roots)?;
        let threads = labels.iter().zip(newest).map(|((channel, root, marker), newest)| Followed {
            root: Seq(*root),
            channel: ChannelId(Seq(*channel)),
            marker: Seq(*marker),
            newest,
        });
        Ok(threads.collect())
    }

    /// What waits in threads, in their order: a look into the log for the replies of all of them, and one for those who are
    /// named.
    fn counted(
        &mut self,
        reader: &mut Reader,
        user: UserId,
        threads: &[Followed],
    ) -> Result<Vec<Counted>, Missing> {
        let mut unread = self.unread(reader, user, threads)?;
        let mut places: BTreeMap<ChannelId, Seq> = BTreeMap::new();
        for thread in threads {
            if let Some(first) = unread.get(&thread.root).and_then(|replies| replies.first()) {
                let before = Seq(first.get().saturating_sub(1));
                let earliest = places.entry(thread.channel).or_insert(before);
                *earliest = before.min(*earliest);
            }
        }
        let named = self.named_in(reader, user, &places)?.into_iter();
        let named: HashSet<_> = named.map(|(_, seq, _)| seq).collect();
        let counted = threads.iter().map(|thread| {
            let replies = unread.remove(&thread.root).unwrap_or_default();
            let unread = replies.len() as u64;
            let mentions: Vec<_> = replies.into_iter().filter(|it| named.contains(it)).collect();
            let waiting = Counts { unread, mentions: mentions.len() as u64 };
            Counted { thread: *thread, waiting, mentions }
        });
        Ok(counted.collect())
    }

    fn standing(
        &mut self,
        reader: &mut Reader,
        user: UserId,
        channel: ChannelId,
        root: Seq,
    ) -> Result<Option<Standing>, Missing> {
        let (before, root_id) = (root.get().saturating_sub(1), root.get());
        let labels = reader.labels(FOLLOWS, user.0.get(), channel.0.get(), before, root_id)?;
        let Some((_, marker)) = labels.first() else { return Ok(None) };
        let marker = Seq(*marker);
        let newest = self.tips(reader, &[root])?.first().copied().unwrap_or(root);
        let counted = self.counted(reader, user, &[Followed { root, channel, marker, newest }])?;
        Ok(counted.first().map(|counted| Standing { marker, waiting: counted.waiting }))
    }

    /// The replies that `user` has not read, rising, of each of these threads that has any.
    fn unread(
        &mut self,
        reader: &mut Reader,
        user: UserId,
        threads: &[Followed],
    ) -> Result<HashMap<Seq, Vec<Seq>>, Missing> {
        let mut asked = Vec::with_capacity(threads.len());
        for thread in threads.iter().filter(|thread| thread.newest > thread.marker) {
            let history = history_start(user, thread.channel, &self.workspace);
            if let Some(history) = history {
                let after = thread.marker.get().max(history.get().saturating_sub(1));
                asked.push((thread.root.get(), after));
            }
        }
        let mut unread: HashMap<Seq, Vec<Seq>> = HashMap::new();
        if asked.is_empty() {
            return Ok(unread);
        }
        let (kinds, head) = (REPLIES.map(EventKind::code), self.workspace.head.get());
        for (root, seq, actor) in reader.targets_posts(asked, kinds, head, &Erasure::GONE)? {
            if actor != user.0.get() {
                unread.entry(Seq(root)).or_default().push(Seq(seq));
            }
        }
        Ok(unread)
    }

    /// The newest reply of each thread, deleted or not; its root while there is none.
    fn tips(&mut self, reader: &mut Reader, roots: &[Seq]) -> Result<Vec<Seq>, Missing> {
        let known: Vec<_> = roots.iter().map(|root| self.tips.get(root).copied()).collect();
        let unknown = roots.iter().zip(&known).filter(|(_, known)| known.is_none());
        let unknown: Vec<_> = unknown.map(|(root, _)| root.get()).collect();
        let mut found = Vec::new();
        if !unknown.is_empty() {
            let (kinds, end) = (REPLIES.map(EventKind::code), self.workspace.head.next().get());
            found = reader.targets_newest_seq(&unknown, kinds, end)?;
        }
        let mut found = found.into_iter();
        let tips = roots.iter().zip(known).map(|(root, known)| {
            known.unwrap_or_else(|| {
                let newest = found.next().flatten().map_or(*root, Seq);
                self.tips.put(*root, newest);
                newest
            })
        });
        Ok(tips.collect())
    }
}

/// The root of the thread under a message, or that it is a reply in, and its channel; whoever asks.
fn thread_of(reader: &mut Reader, message: Seq) -> Result<Option<(Seq, ChannelId)>, FoldError> {
    let records = reader.by_seqs(&[message.min(END).get()])?;
    let Some(record) = records.first() else { return Ok(None) };
    let begins = EventKind::from_code(record.kind).is_some_and(EventKind::begins_message);
    let channel = record.channel.filter(|_| begins);
    Ok(channel.map(|channel| (Seq(record.target.unwrap_or(record.seq)), ChannelId(Seq(channel)))))
}

/// The root of the thread under a message, or that it is a reply in, for who may see either.
fn root(
    reader: &mut Reader,
    workspace: &Workspace,
    user: UserId,
    message: Seq,
) -> Result<Option<Root>, FoldError> {
    let named = seen(reader, workspace, user, &[message])?.pop();
    let id = named.as_ref().and_then(|named| named.thread_root).unwrap_or(message);
    let seen_root = match named {
        Some(named) if named.id == id => Some(named),
        Some(_) | None => seen(reader, workspace, user, &[id])?.pop(),
    };
    if let Some(root) = seen_root {
        return Ok(Some(Root { id, message: Some(root), first: Seq::ZERO }));
    }
    let hidden = messages_by_id(reader, &[id], workspace.head)?.pop();
    Ok(hidden.filter(|root| may_see_thread(user, root, workspace)).map(|root| Root {
        id,
        message: None,
        first: history_start(user, root.channel, workspace).unwrap_or(END),
    }))
}

/// The range without what is before `first`.
fn from(range: FoldRange, first: Seq) -> FoldRange {
    let first = Seq(first.get().saturating_sub(1));
    match range {
        FoldRange::Newest { after, before, limit } => {
            FoldRange::Newest { after: after.max(first), before, limit }
        }
        FoldRange::Oldest { after, before, limit } => {
            FoldRange::Oldest { after: after.max(first), before, limit }
        }
    }
}

/// The threads with their roots, and the times of what was said last.
fn with_roots(
    reader: &mut Reader,
    workspace: &Workspace,
    user: UserId,
    threads: Vec<Counted>,
) -> Result<Vec<FollowedThread>, FoldError> {
    let newest: Vec<u64> = threads.iter().map(|counted| counted.thread.newest.get()).collect();
    let newest = reader.by_seqs(&newest)?.into_iter();
    let times: HashMap<_, _> = newest.map(|record| (record.seq, record.ts_micros)).collect();
    let ids: Vec<_> = threads.iter().map(|counted| counted.thread.root).collect();
    let mut roots = seen(reader, workspace, user, &ids)?.into_iter().peekable();
    let with_root = |Counted { thread, waiting, .. }: Counted| FollowedThread {
        root: roots.next_if(|root| root.id == thread.root),
        root_id: thread.root,
        channel: thread.channel,
        standing: Standing { marker: thread.marker, waiting },
        last_reply_ts: Timestamp(times.get(&thread.newest.get()).copied().unwrap_or_default()),
    };
    Ok(threads.into_iter().map(with_root).collect())
}
