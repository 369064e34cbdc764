//! Notices: what happened to a channel, said in it by the server.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::event::{Attached, Event, Posting};
use crate::ids::{ChannelId, UserId};

/// What happened. Never counted as unread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub enum Notice {
    ChannelRenamed {
        actor: UserId,
        name: String,
    },
    TopicChanged {
        actor: UserId,
        topic: String,
    },
    DescriptionChanged {
        actor: UserId,
    },
    MembersAdded {
        actor: UserId,
        users: Vec<UserId>,
    },
    MemberLeft {
        user: UserId,
    },
    MemberRemoved {
        actor: UserId,
        user: UserId,
    },
    OwnerChanged {
        actor: UserId,
        owner: UserId,
    },
    ChannelArchived {
        actor: UserId,
    },
    ChannelUnarchived {
        actor: UserId,
    },
    /// Somebody new is here.
    AccountCreated {
        user: UserId,
    },
    /// `None`: everybody may post again.
    PostersChanged {
        actor: UserId,
        posters: Option<BTreeSet<UserId>>,
    },
}

/// The event that says it in the channel; the server is its sender.
pub(crate) fn posted(channel: ChannelId, notice: Notice) -> Event {
    let attached = Some(Box::new(Attached::Notice(notice)));
    Event::MessagePosted(Posting { attached, ..Posting::text(channel, String::new()) })
}
