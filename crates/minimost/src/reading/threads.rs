//! Threads as their readers see them: one with its replies, the ones that a person follows, and what waits in them.
//!
//! Who follows a thread and how far they have read is a label of its root in the log; what waits are the replies by
//! others after that marker which are not deleted.

use std::collections::{HashMap, HashSet};

use chat::audience::history_start;
use chat::event::Erasure;
use chat::label::LabelKind;
use chat::thread::may_see_thread;
use chat::{ChannelId, EventKind, Message, Seq, Timestamp, UserId, Workspace};
use eventlog::Reader;

use super::chosen::seen;
use super::state::{Missing, State};
use super::{At, Counts, END, Reading, ReadingError};
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

/// A thread that a person follows, before its root is looked up.
struct Followed {
    root: Seq,
    channel: ChannelId,
    newest: Seq,
    standing: Standing,
    /// Unread replies that name the person or everyone.
    mentions: Vec<Seq>,
}

/// The root of a thread that somebody may look at, and where their history of it begins.
struct Root {
    id: Seq,
    channel: ChannelId,
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
        // Which thread a message is in never changes, so it may be asked first.
        let find = move |reader: &mut Reader, workspace: &Workspace| {
            root(reader, workspace, user, message)
                .map(|root| root.map(|root| (root.id, root.channel)))
        };
        let At { workspace, found } = self.fold(at, find).await?;
        let Some((root_id, channel)) = found else { return Ok(At { workspace, found: None }) };
        let stand = move |state: &mut State, reader: &mut Reader| {
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
            threads.retain(|thread| !query.only_unread || thread.standing.waiting.unread > 0);
            threads.sort_unstable_by_key(|thread| std::cmp::Reverse(thread.newest));
            threads.truncate(query.limit);
            Ok(threads)
        };
        let At { workspace, found: threads } = self.ask_log(at, choose).await?;
        self.fold_at(workspace, move |reader, workspace| {
            with_roots(reader, workspace, user, threads)
        })
        .await
    }
}

impl State {
    /// What waits in all threads that `user` follows.
    pub(super) fn thread_counts(
        &mut self,
        reader: &mut Reader,
        user: UserId,
    ) -> Result<Counts, Missing> {
        let mut counts = Counts::default();
        for thread in self.followed(reader, user)? {
            counts.unread += thread.standing.waiting.unread;
            counts.mentions += thread.standing.waiting.mentions;
        }
        Ok(counts)
    }

    /// Unread replies in the threads that `user` follows that name them or everyone.
    pub(super) fn unread_mentions_in_threads(
        &mut self,
        reader: &mut Reader,
        user: UserId,
    ) -> Result<Vec<Seq>, Missing> {
        let followed = self.followed(reader, user)?;
        Ok(followed.into_iter().flat_map(|thread| thread.mentions).collect())
    }

    /// The threads that `user` follows. Who is named in a channel is looked up once for all threads in it.
    fn followed(&mut self, reader: &mut Reader, user: UserId) -> Result<Vec<Followed>, Missing> {
        let mut threads = Vec::new();
        let labels = reader.labels_of(FOLLOWS, user.0.get())?;
        for of_channel in labels.chunk_by(|(one, ..), (next, ..)| one == next) {
            let channel = ChannelId(Seq(of_channel[0].0));
            let mut unread = Vec::with_capacity(of_channel.len());
            for (_, root, marker) in of_channel {
                let (root, marker) = (Seq(*root), Seq(*marker));
                let newest = self.tip(reader, root)?;
                let replies = if newest > marker {
                    self.unread(reader, user, channel, root, marker)?
                } else {
                    Vec::new()
                };
                unread.push((root, marker, newest, replies));
            }
            let first = unread.iter().filter_map(|(.., replies)| replies.first()).min();
            let named = match first {
                Some(first) => self.named_seqs(reader, user, channel, *first)?,
                None => HashSet::new(),
            };
            threads.extend(unread.into_iter().map(|(root, marker, newest, replies)| {
                let standing = Standing { marker, waiting: counted(&replies, &named) };
                let mentions = replies.into_iter().filter(|it| named.contains(it)).collect();
                Followed { root, channel, newest, standing, mentions }
            }));
        }
        Ok(threads)
    }

    /// The messages of a channel from `first` on that name `user` or everyone.
    fn named_seqs(
        &mut self,
        reader: &mut Reader,
        user: UserId,
        channel: ChannelId,
        first: Seq,
    ) -> Result<HashSet<Seq>, Missing> {
        let named = self.named_in(reader, user, channel, Seq(first.get().saturating_sub(1)))?;
        Ok(named.into_iter().map(|(seq, _)| seq).collect())
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
        let replies = self.unread(reader, user, channel, root, marker)?;
        let named = match replies.first() {
            Some(first) => self.named_seqs(reader, user, channel, *first)?,
            None => HashSet::new(),
        };
        Ok(Some(Standing { marker, waiting: counted(&replies, &named) }))
    }

    /// The replies that `user` has not read, rising.
    fn unread(
        &mut self,
        reader: &mut Reader,
        user: UserId,
        channel: ChannelId,
        root: Seq,
        marker: Seq,
    ) -> Result<Vec<Seq>, Missing> {
        let Some(history) = history_start(user, channel, &self.workspace) else {
            return Ok(Vec::new());
        };
        let after = marker.max(Seq(history.get().saturating_sub(1)));
        let mut replies = Vec::new();
        for kind in REPLIES {
            let (after, head) = (after.get(), self.workspace.head.get());
            let posts =
                reader.target_posts(root.get(), kind.code(), after, head, &Erasure::GONE)?;
            let others = posts.into_iter().filter(|(_, actor)| *actor != user.0.get());
            replies.extend(others.map(|(seq, _)| Seq(seq)));
        }
        replies.sort_unstable();
        Ok(replies)
    }

    /// The newest reply of a thread, deleted or not; its root while there is none.
    fn tip(&mut self, reader: &mut Reader, root: Seq) -> Result<Seq, Missing> {
        if let Some(tip) = self.tips.get(&root) {
            return Ok(*tip);
        }
        let mut tip = root;
        for kind in REPLIES {
            let end = self.workspace.head.next().get();
            let newest = reader.target_newest_seq(root.get(), kind.code(), end)?;
            tip = tip.max(Seq(newest.unwrap_or(0)));
        }
        self.tips.put(root, tip);
        Ok(tip)
    }
}

fn counted(replies: &[Seq], named: &HashSet<Seq>) -> Counts {
    let mentions = replies.iter().filter(|reply| named.contains(reply)).count() as u64;
    Counts { unread: replies.len() as u64, mentions }
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
        return Ok(Some(Root { id, channel: root.channel, message: Some(root), first: Seq::ZERO }));
    }
    let hidden = messages_by_id(reader, &[id], workspace.head)?.pop();
    Ok(hidden.filter(|root| may_see_thread(user, root, workspace)).map(|root| Root {
        id,
        channel: root.channel,
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
    threads: Vec<Followed>,
) -> Result<Vec<FollowedThread>, FoldError> {
    let newest: Vec<u64> = threads.iter().map(|thread| thread.newest.get()).collect();
    let newest = reader.by_seqs(&newest)?.into_iter();
    let times: HashMap<_, _> = newest.map(|record| (record.seq, record.ts_micros)).collect();
    let ids: Vec<_> = threads.iter().map(|thread| thread.root).collect();
    let mut roots = seen(reader, workspace, user, &ids)?.into_iter().peekable();
    let with_root = |thread: Followed| FollowedThread {
        root: roots.next_if(|root| root.id == thread.root),
        root_id: thread.root,
        channel: thread.channel,
        standing: thread.standing,
        last_reply_ts: Timestamp(times.get(&thread.newest.get()).copied().unwrap_or_default()),
    };
    Ok(threads.into_iter().map(with_root).collect())
}
