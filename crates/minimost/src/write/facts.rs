//! What the rules must know of the log before a batch is decided: messages, edits, and who said what before.
//!
//! A cache answers for recent messages; everything else comes in one read for the whole batch, and none when nothing
//! is missing.
//!
//! Neighbours: `batch` decides on a [`Found`] and hands back what the batch made of it.

use std::collections::HashMap;
use std::num::NonZeroUsize;

use chat::{
    Actor, ClientMsgId, Command, EventKind, LoggedEvent, Message, PostWish, Seq, Timestamp, UserId,
    Workspace,
};
use eventlog::{Log, Reader};
use lru::LruCache;

use super::Wish;
use crate::codec;
use crate::fold::{self, FoldError};
use crate::published::ActivePeople;

/// Messages kept for the edits, reactions and replies that follow soon after.
///
/// With [`CACHED_TEXT_BYTES_MAX`] this is at most some 10 MiB. A message that is not here costs the batch a read.
const CACHED_MESSAGES_MAX: NonZeroUsize = NonZeroUsize::new(8_192).expect("8,192 is not 0");

/// Longer messages are not kept: 8,192 of the longest would take 300 MiB.
const CACHED_TEXT_BYTES_MAX: usize = 1_024;

/// When a `client_msg_id` is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LookUp {
    /// Not before deciding. Nearly every id is new, and the log's own index refuses one that is not.
    Never,
    /// All of the batch, because the first attempt met a repeat or could not rule one out.
    First,
}

/// Whose wish, and what they called it.
pub(super) type WishKey = (UserId, ClientMsgId);

/// What is known before the batch is decided, and overlaid while it is.
pub(super) struct Found {
    /// The messages that the batch's commands name, as they are now.
    pub(super) messages: HashMap<Seq, Message>,
    /// The edits of those that are to be deleted: their bodies go too.
    pub(super) edits: HashMap<Seq, Vec<Seq>>,
    /// What was wished before under the same name.
    pub(super) earlier: HashMap<WishKey, LoggedEvent>,
    /// Whether `earlier` is the whole truth, or only knows this batch.
    pub(super) look_up: LookUp,
    /// Whether somebody may name `@here`: then who is active must be asked, at the very decision.
    pub(super) names_who_is_here: bool,
    /// Whether administrators and owners may delete what others said.
    pub(super) is_moderated: bool,
}

/// Recent messages as they are at the head.
///
/// Invariant: what is here is durable. A batch takes out what it needs, and only its success brings it back.
pub(super) struct FactsCache {
    messages: LruCache<Seq, Message>,
    active: ActivePeople,
    is_moderated: bool,
}

impl FactsCache {
    pub(super) fn new(active: ActivePeople, is_moderated: bool) -> FactsCache {
        FactsCache { messages: LruCache::new(CACHED_MESSAGES_MAX), active, is_moderated }
    }

    /// Finds what deciding these wishes on `workspace` takes.
    pub(super) async fn gather(
        &mut self,
        log: &Log,
        workspace: &Workspace,
        wishes: impl Iterator<Item = &Wish>,
        look_up: LookUp,
    ) -> Result<Found, FoldError> {
        let head = workspace.head;
        let mut found = Found {
            messages: HashMap::new(),
            edits: HashMap::new(),
            earlier: HashMap::new(),
            look_up,
            names_who_is_here: false,
            is_moderated: self.is_moderated,
        };
        let mut missing = Missing::default();
        for wish in wishes {
            self.take_messages(&wish.command, workspace, &mut found, &mut missing);
            found.names_who_is_here = found.names_who_is_here || names_who_is_here(&wish.command);
            if look_up == LookUp::First
                && let Some(key) = wish_key(wish)
            {
                missing.wishes.push(key);
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        log.read(move |reader| Ok(missing.read(reader, head, found))).await?
    }

    fn take_messages(
        &mut self,
        command: &Command,
        workspace: &Workspace,
        found: &mut Found,
        missing: &mut Missing,
    ) {
        let head = workspace.head;
        // A message of this very batch is no fact of the log; the batch adds it when it gets there.
        for id in command.message_refs(workspace).filter(|id| *id <= head) {
            self.take_message(id, found, missing);
            if let Some(root) = found.messages.get(&id).and_then(|message| message.thread_root) {
                self.take_message(root, found, missing);
            }
        }
        if let Command::DeleteMessage { message } = command
            && *message <= head
        {
            missing.deleted.push(*message);
        }
    }

    fn take_message(&mut self, id: Seq, found: &mut Found, missing: &mut Missing) {
        if found.messages.contains_key(&id) || missing.messages.contains(&id) {
            return;
        }
        match self.messages.pop(&id) {
            Some(message) => drop(found.messages.insert(id, message)),
            None => missing.messages.push(id),
        }
    }

    /// Who is active, where somebody may have asked. Not gathered with the rest: while that is read from the log,
    /// somebody may go.
    pub(super) fn active(&self, found: &Found, now: Timestamp) -> Vec<UserId> {
        if found.names_who_is_here { self.active.at(now) } else { Vec::new() }
    }

    /// Keeps what a durable batch has made of its messages.
    pub(super) fn keep(&mut self, messages: HashMap<Seq, Message>) {
        for (id, message) in messages {
            if message.text.as_ref().is_none_or(|text| text.len() <= CACHED_TEXT_BYTES_MAX) {
                self.messages.put(id, message);
            }
        }
    }
}

/// Whether a text may say `@here`; that it does is for the rules to see.
fn names_who_is_here(command: &Command) -> bool {
    let (Command::PostMessage(PostWish { text, .. }) | Command::EditMessage { text, .. }) = command
    else {
        return matches!(command, Command::SendScheduled { .. });
    };
    text.as_bytes().windows(5).any(|word| word.eq_ignore_ascii_case(b"@here"))
}

/// The name of a wish. Only people name theirs: the system has no second attempt, and nobody has no name yet.
pub(super) fn wish_key(wish: &Wish) -> Option<WishKey> {
    match wish.actor {
        Actor::User { user, .. } => Some((user, wish.client_msg_id.clone()?)),
        Actor::System | Actor::Anonymous => None,
    }
}

/// What the cache does not know.
#[derive(Default)]
struct Missing {
    messages: Vec<Seq>,
    deleted: Vec<Seq>,
    wishes: Vec<WishKey>,
}

impl Missing {
    fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.deleted.is_empty() && self.wishes.is_empty()
    }

    fn read(
        mut self,
        reader: &mut Reader,
        head: Seq,
        mut found: Found,
    ) -> Result<Found, FoldError> {
        for (user, id) in self.wishes {
            let Some(record) = reader.by_client_msg_id(user.0.get(), id.as_str())? else {
                continue;
            };
            let earlier = codec::decode(&record)?;
            // A repeat is answered with its message as it is now.
            self.messages.extend(message_of(&earlier));
            found.earlier.insert((user, id), earlier);
        }
        self.messages.retain(|id| !found.messages.contains_key(id));
        self.messages.sort_unstable();
        self.messages.dedup();
        // A reply in a thread is decided with the root of the thread.
        while !self.messages.is_empty() {
            let messages = fold::messages_by_id(reader, &self.messages, head)?;
            let roots = messages.iter().filter_map(|message| message.thread_root);
            self.messages = roots.filter(|root| !found.messages.contains_key(root)).collect();
            found.messages.extend(messages.into_iter().map(|message| (message.id, message)));
            self.messages.retain(|root| !found.messages.contains_key(root));
        }
        if !self.deleted.is_empty() {
            let targets: Vec<u64> = self.deleted.into_iter().map(Seq::get).collect();
            for record in reader.by_targets(&targets, head.get())? {
                if record.kind == EventKind::MessageEdited.code()
                    && let Some(target) = record.target
                {
                    found.edits.entry(Seq(target)).or_default().push(Seq(record.seq));
                }
            }
        }
        Ok(found)
    }
}

/// The message that an event is about, for the answer to who wished for it.
pub(super) fn message_of(earlier: &LoggedEvent) -> Option<Seq> {
    match earlier.kind {
        EventKind::MessagePosted | EventKind::ThreadReplied => Some(earlier.seq),
        EventKind::MessageEdited
        | EventKind::MessageDeleted
        | EventKind::MessageReacted
        | EventKind::MessagePinned
        | EventKind::PollVoted
        | EventKind::PollClosed => earlier.target,
        _ => None,
    }
}
