//! What the rules must know of the log before a batch is decided: messages, edits, and who said what before.
//!
//! A cache answers for recent messages; everything else comes in one read for the whole batch, and none when nothing
//! is missing.
//!
//! Neighbours: `batch` decides on a [`Found`] and hands back what the batch made of it.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use chat::{
    Actor, ClientMsgId, Command, EventKind, LoggedEvent, Message, PostWish, Seq, Timestamp, UserId,
    Workspace,
};
use eventlog::{OwnReads, Reader, Wanted};
use lru::LruCache;

use super::Wish;
use crate::codec;
use crate::fold::{self, FoldError};
use crate::published::ActivePeople;

/// Bytes of the messages that are kept for the edits, reactions and replies that follow soon after: some 20,000 of the
/// usual ones, four hundred of the longest. One that is not here costs the batch a read of all that happened to it.
const CACHED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Messages of which it is known where their edits are; of one that is not here all edits are read before it is deleted.
const CACHED_EDITED_MAX: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not 0");

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
    pub(super) messages: HashMap<Seq, Arc<Message>>,
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

/// What is known of the log without reading it.
pub(super) struct FactsCache {
    messages: Recent,
    /// The edits of messages that somebody wished to delete, up to the last one of this time.
    edits: LruCache<Seq, (Option<Timestamp>, Vec<Seq>)>,
    active: ActivePeople,
    is_moderated: bool,
}

impl FactsCache {
    pub(super) fn new(active: ActivePeople, is_moderated: bool) -> FactsCache {
        let messages = Recent::new(CACHED_BYTES_MAX);
        FactsCache { messages, edits: LruCache::new(CACHED_EDITED_MAX), active, is_moderated }
    }

    /// Finds what deciding these wishes on `workspace` takes.
    pub(super) async fn gather(
        &mut self,
        reads: &OwnReads,
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
        let found = reads.read(move |reader| Ok(missing.read(reader, head, found))).await??;
        // Whatever becomes of the batch: who asks again finds it here.
        for (id, message) in &found.messages {
            self.messages.put_absent(*id, message);
            if let Some(edits) = found.edits.get(id) {
                self.edits.put(*id, (message.edited_ts, edits.clone()));
            }
        }
        Ok(found)
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
            self.take_edits(*message, found, missing);
        }
    }

    fn take_message(&mut self, id: Seq, found: &mut Found, missing: &mut Missing) {
        if found.messages.contains_key(&id) || missing.messages.contains(&id) {
            return;
        }
        match self.messages.find(id) {
            Some(message) => drop(found.messages.insert(id, message)),
            None => missing.messages.push(id),
        }
    }

    /// The edits of a message that is to be deleted. Somebody may ask for it again and again who may not.
    fn take_edits(&mut self, id: Seq, found: &mut Found, missing: &mut Missing) {
        let message = found.messages.get(&id);
        if message.is_some_and(|message| message.deleted || message.edited_ts.is_none()) {
            return;
        }
        match (message, self.edits.get(&id)) {
            (Some(message), Some((last_edit, edits))) if message.edited_ts == *last_edit => {
                found.edits.insert(id, edits.clone());
            }
            _ => missing.deleted.push(id),
        }
    }

    /// Who is active, where somebody may have asked. Not gathered with the rest: while that is read from the log,
    /// somebody may go.
    pub(super) fn active(&self, found: &Found, now: Timestamp) -> Vec<UserId> {
        if found.names_who_is_here { self.active.at(now) } else { Vec::new() }
    }

    /// Keeps what a durable batch has made of its messages.
    pub(super) fn keep(&mut self, messages: HashMap<Seq, Arc<Message>>) {
        for (id, message) in messages {
            self.messages.put(id, message);
        }
    }

    /// Makes of the kept messages what these events did, of which the log has told us.
    pub(super) fn follow(&mut self, events: &[LoggedEvent]) {
        for logged in events {
            self.messages.apply(logged);
        }
    }
}

/// Recent messages as they are at the head of the log; those that were not used for longest go first.
///
/// Invariant: what is here is durable. A batch changes copies, and only its success brings them here.
struct Recent {
    messages: LruCache<Seq, Arc<Message>>,
    bytes: usize,
    bytes_max: usize,
}

impl Recent {
    fn new(bytes_max: usize) -> Recent {
        Recent { messages: LruCache::unbounded(), bytes: 0, bytes_max }
    }

    fn find(&mut self, id: Seq) -> Option<Arc<Message>> {
        self.messages.get(&id).map(Arc::clone)
    }

    fn put(&mut self, id: Seq, message: Arc<Message>) {
        self.take(id);
        self.bytes += message.memory_bytes();
        self.messages.put(id, message);
        // The newest stays, however large: it would be read again and again.
        while self.bytes > self.bytes_max && self.messages.len() > 1 {
            let oldest = self.messages.pop_lru();
            self.bytes -= oldest.map_or(0, |(_, message)| message.memory_bytes());
        }
    }

    fn put_absent(&mut self, id: Seq, message: &Arc<Message>) {
        if !self.messages.contains(&id) {
            self.put(id, Arc::clone(message));
        }
    }

    fn take(&mut self, id: Seq) -> Option<Arc<Message>> {
        let message = self.messages.pop(&id)?;
        self.bytes -= message.memory_bytes();
        Some(message)
    }

    fn apply(&mut self, logged: &LoggedEvent) {
        if logged.kind.begins_message() {
            self.put(logged.seq, Arc::new(Message::posted(logged)));
        }
        if let Some(mut message) = logged.target.and_then(|id| self.take(id)) {
            Arc::make_mut(&mut message).apply(logged);
            self.put(message.id, message);
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
            self.messages = roots.collect();
            let messages = messages.into_iter().map(|message| (message.id, Arc::new(message)));
            found.messages.extend(messages);
            self.messages.retain(|root| !found.messages.contains_key(root));
        }
        let wanted = |kind| {
            if kind == EventKind::MessageEdited.code() { Wanted::All } else { Wanted::Nothing }
        };
        for id in self.deleted {
            let message = found.messages.get(&id);
            if message.is_none_or(|message| message.deleted || message.edited_ts.is_none()) {
                continue;
            }
            let mut edits = Vec::new();
            reader.visit_targets(&[id.get()], head.get(), wanted, |edit| {
                edits.extend((edit.target == Some(id.get())).then_some(Seq(edit.seq)));
                Ok::<_, eventlog::Error>(())
            })?;
            found.edits.insert(id, edits);
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

#[cfg(test)]
mod tests {
    use chat::testing::{History, Story, wish};
    use eventlog::Log;
    use proptest::prelude::{ProptestConfig, any, proptest};
    use tempfile::TempDir;

    use super::*;

    fn log_in(dir: &TempDir) -> Log {
        Log::open(&dir.path().join("log.db"), 0).unwrap()
    }

    fn cache() -> FactsCache {
        FactsCache::new(ActivePeople::default(), true)
    }

    #[tokio::test]
    async fn the_longest_message_is_read_once_also_when_nothing_came_of_the_first_batch() {
        let mut story = Story::new();
        story.create_channel("general");
        let alice = story.sign_up("alice");
        let message = story.post(alice, "general", &wish::hostile("\u{1F44D}"));
        let dir = TempDir::new().unwrap();
        let log = log_in(&dir);
        log.append(codec::batch(&story.log, Vec::new())).await.unwrap();
        let reads = log.own_reads("writer-reader").unwrap();
        let react = Command::React { message, reaction: "heart".to_owned(), on: Some(true) };
        let react = Wish { actor: alice, client_msg_id: None, command: react };
        let mut cache = cache();
        let wishes = || [&react].into_iter();
        let first = cache.gather(&reads, &story.workspace, wishes(), LookUp::Never).await.unwrap();
        assert_eq!(*first.messages[&message], story.messages[&message]);
        // From now on nothing can be read.
        reads.close().await;
        for found in [first.messages, HashMap::new()] {
            let again =
                cache.gather(&reads, &story.workspace, wishes(), LookUp::Never).await.unwrap();
            assert_eq!(*again.messages[&message], story.messages[&message]);
            cache.keep(found);
        }
        assert!(cache.gather(&reads, &story.workspace, wishes(), LookUp::First).await.is_ok());
        let mut unknown = self::cache();
        let unread = unknown.gather(&reads, &story.workspace, wishes(), LookUp::Never).await;
        assert!(unread.is_err(), "it would have had to be read");
        log.close().await.unwrap();
    }

    #[test]
    fn of_the_longest_messages_as_many_are_kept_as_sixteen_megabytes_hold() {
        let mut story = Story::new();
        story.create_channel("general");
        let alice = story.sign_up("alice");
        let longest = story.post(alice, "general", &wish::hostile("\u{1F44D}"));
        let longest = &story.messages[&longest];
        let mut cache = cache();
        for id in (1..=1_000).map(Seq) {
            let message = Message { id, ..longest.clone() };
            cache.keep(HashMap::from([(id, Arc::new(message))]));
        }
        let kept: Vec<_> = cache.messages.messages.iter().map(|(id, _)| id.get()).collect();
        assert_eq!(kept.len(), 16 * 1024 * 1024 / longest.memory_bytes());
        assert!(kept.len() > 400 && kept[0] == 1_000, "the newest of them");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_was_followed_is_what_the_log_comes_to_and_no_more_than_fits(
            seed in any::<u64>(), bytes_max in 0..200_000_usize,
        ) {
            let history = History::random(seed, 250);
            let dir = TempDir::new().unwrap();
            let log = log_in(&dir);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let mut recent = Recent::new(bytes_max);
            for batch in history.steps.iter().filter_map(|step| step.outcome.as_ref().ok()) {
                let Some(first) = batch.events.first() else { continue };
                let erased = batch.redacted.iter();
                let erased = erased.map(|seq| codec::redaction(*seq, first.seq, first.kind));
                let append = log.append(codec::batch(&batch.events, erased.collect()));
                runtime.block_on(append).unwrap();
                batch.events.iter().for_each(|logged| recent.apply(logged));
                let bytes: usize = recent.messages.iter().map(|(_, it)| it.memory_bytes()).sum();
                assert_eq!(bytes, recent.bytes);
                assert!(bytes <= bytes_max || recent.messages.len() == 1);
            }
            let mut ids: Vec<_> = recent.messages.iter().map(|(id, _)| *id).collect();
            ids.sort_unstable();
            let head = history.story.workspace.head;
            let folded = fold::messages_by_id(&mut log.reader().unwrap(), &ids, head).unwrap();
            let kept = ids.iter().map(|id| Message::clone(recent.messages.peek(id).unwrap()));
            assert_eq!(folded, kept.collect::<Vec<_>>());
            assert!(!ids.is_empty(), "somebody said something");
        }
    }
}
