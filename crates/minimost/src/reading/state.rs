//! What the owner thread knows, at the head of the workspace that it was told last.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use chat::event::{Event, Mentions};
use chat::label::NAMED_MAX;
use chat::{ChannelId, EventKind, LoggedEvent, Seq, Workspace};
use lru::LruCache;

use super::ReadingError;
use super::mentions::crowds::{self, Crowds};
use super::posts::{self, Posts, Unread};
use super::windows::Windows;
use crate::fold::FoldError;
use crate::published::Announcement;

/// Threads whose newest reply is remembered, at about 50 bytes each.
const TIPS_MAX: NonZeroUsize = NonZeroUsize::new(65_536).expect("it is not zero");

/// What has to be made before a question can be answered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Need {
    Window(ChannelId),
    /// Posts of a channel, at least back to a marker.
    Posts(ChannelId, Unread, Seq),
    /// Whom messages of a channel name that name many, from this one back.
    Crowds(ChannelId, Seq),
}

/// What of that is made once for all who need it, whatever their marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum NeedKey {
    Window(ChannelId),
    Posts(ChannelId, Unread),
    Crowds(ChannelId, Seq),
}

impl Need {
    pub fn key(self) -> NeedKey {
        match self {
            Need::Window(channel) => NeedKey::Window(channel),
            Need::Posts(channel, unread, _) => NeedKey::Posts(channel, unread),
            Need::Crowds(channel, newest) => NeedKey::Crowds(channel, newest),
        }
    }
}

/// Why there is no answer yet.
#[derive(Debug)]
pub(super) enum Missing {
    /// At least one; all that are known to be needed, so that they are made side by side.
    Needs(Vec<Need>),
    Fault(ReadingError),
}

impl<E: Into<FoldError>> From<E> for Missing {
    fn from(error: E) -> Missing {
        Missing::Fault(error.into().into())
    }
}

/// What the owner thread knows.
pub(super) struct State {
    pub workspace: Arc<Workspace>,
    pub windows: Windows,
    pub posts: Posts,
    /// The newest reply of a thread, deleted or not; its root while there is none.
    pub tips: LruCache<Seq, Seq>,
    pub crowds: Crowds,
    /// No later message of a channel names everyone or many; of the channels where that was looked up.
    pub to_all: HashMap<ChannelId, Seq>,
    /// The last event that changed what everybody sees of people, groups and settings; at first the head of the start.
    pub house_changed: Seq,
}

impl State {
    pub fn new(workspace: Arc<Workspace>, window_bytes: usize) -> State {
        State {
            house_changed: workspace.head,
            workspace,
            windows: Windows::new(window_bytes),
            posts: Posts::new(posts::BYTES_MAX),
            tips: LruCache::new(TIPS_MAX),
            crowds: Crowds::new(crowds::BYTES_MAX),
            to_all: HashMap::new(),
        }
    }

    /// Applies a commit.
    pub fn apply(&mut self, announcement: &Announcement) {
        for event in announcement.events.iter() {
            self.windows.apply(event);
            self.posts.apply(event);
            self.crowds.apply(event);
            self.note_to_all(event);
            if changes_house(event.kind) {
                self.house_changed = event.seq;
            }
            let Some(target) = event.target else { continue };
            if event.kind.begins_message()
                && let Some(tip) = self.tips.peek_mut(&target)
            {
                *tip = event.seq;
            }
        }
        self.workspace = Arc::clone(&announcement.workspace);
        self.posts.make_room(self.workspace.head);
    }

    fn note_to_all(&mut self, event: &LoggedEvent) {
        let (message, mentions) = match event.event() {
            Some(Event::MessageEdited { message, mentions, .. }) => (*message, mentions),
            Some(about) => match about.posting() {
                Some(posting) => (event.seq, &posting.mentions),
                None => return,
            },
            None => return,
        };
        let is_to_all = match mentions {
            Mentions::Nobody => false,
            Mentions::Everyone => true,
            Mentions::Users(users) => users.len() > NAMED_MAX,
        };
        let known = event.channel.and_then(|channel| self.to_all.get_mut(&channel));
        if let Some(last) = known.filter(|_| is_to_all) {
            *last = message.max(*last);
        }
    }
}

fn changes_house(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::AccountCreated
            | EventKind::AccountChanged
            | EventKind::ProfileChanged
            | EventKind::GroupSaved
            | EventKind::GroupDeleted
            | EventKind::SettingsChanged
    )
}
