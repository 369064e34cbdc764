//! Labels: what stands in an index beside the log, so that nobody has to read a channel to learn who is named there, or a
//! year to learn which threads somebody follows.
//!
//! Promises: what an event does to labels follows from the event alone, and one that is erased does nothing, so the labels
//! of a log are the same whether they were written with each event or made later from what is left of them. A label says
//! nothing of who may read the message: whoever reads labels asks the workspace, as for messages.
//!
//! Neighbours: the codec hands them to the log as numbers; `mention` and `thread` have the rules that they follow.

use crate::event::{Event, EventKind, LoggedEvent, Mentions};
use crate::ids::{ChannelId, Seq, UserId};

/// People who are named in one message with a label each. More are one label, [`Owner::Many`], and the message is asked.
pub const NAMED_MAX: usize = 50;

/// What a label says. The numbers stand in the log and are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum LabelKind {
    /// A message is about its owner: somebody else names them there, or has deleted what they said. Its value is a
    /// [`Named`].
    Named = 1,
    /// Its owner follows the thread under a message, or under what is left of it. Its value is the last seq that they have
    /// read there.
    Follows = 2,
}

impl LabelKind {
    /// The number in the log.
    pub fn code(self) -> u8 {
        self as u8
    }
}

/// Whose a label is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// One person's.
    User(UserId),
    /// Everyone's in the channel, but the sender's.
    Everyone,
    /// So many people's that only the message says whose.
    Many,
}

impl Owner {
    /// The number in the log: of a person their id; nobody has the others.
    pub fn number(self) -> u64 {
        match self {
            Owner::User(user) => user.0.get(),
            Owner::Everyone => UserId::SYSTEM.0.get(),
            Owner::Many => i64::MAX as u64,
        }
    }
}

/// What a label of [`LabelKind::Named`] says beside where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Named {
    /// Whose message it is.
    pub sender: UserId,
    /// It is only in its thread.
    pub is_beside: bool,
    /// It is the owner's own, and somebody else has deleted it: what else names people has labels only while it is there.
    pub is_deleted: bool,
}

impl Named {
    /// The label's value.
    pub fn value(self) -> u64 {
        self.sender.0.get() << 2 | u64::from(self.is_deleted) << 1 | u64::from(self.is_beside)
    }

    /// What a value says.
    pub fn from_value(value: u64) -> Named {
        let sender = UserId(Seq(value >> 2));
        Named { sender, is_beside: value & 1 != 0, is_deleted: value & 2 != 0 }
    }
}

/// Where a label stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct Label {
    pub kind: LabelKind,
    pub owner: Owner,
    pub channel: ChannelId,
    pub message: Seq,
}

/// When a label is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum When {
    /// Whatever was there.
    Always,
    /// Only where there is none.
    Absent,
    /// Only where there is one.
    Present,
    /// Only where there is one with a higher value.
    Lower,
}

/// What becomes of labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields of a label")]
pub enum LabelChange {
    /// It stands there with this value.
    Set { label: Label, value: u64, when: When },
    /// It stands there no more.
    Clear(Label),
    /// None of this kind stands on the message any more.
    ClearMessage { kind: LabelKind, message: Seq },
    /// Of an owner none of this kind stands in the channel any more.
    ClearChannel { kind: LabelKind, owner: Owner, channel: ChannelId },
}

/// Whether events of a kind may change labels: those of the others need not be read for them.
pub fn may_change_labels(kind: EventKind) -> bool {
    match kind {
        EventKind::MessagePosted
        | EventKind::ThreadReplied
        | EventKind::MessageEdited
        | EventKind::MessageDeleted
        | EventKind::MemberRemoved
        | EventKind::ThreadFollowed
        | EventKind::ThreadRead
        | EventKind::ThreadUnread => true,
        EventKind::AccountCreated
        | EventKind::PasswordSet
        | EventKind::AccountLocked
        | EventKind::SessionOpened
        | EventKind::SessionClosed
        | EventKind::SessionsForgotten
        | EventKind::ChannelCreated
        | EventKind::ChannelRenamed
        | EventKind::ChannelChanged
        | EventKind::ChannelRead
        | EventKind::MembersAdded
        | EventKind::MessageReacted
        | EventKind::MessagePinned
        | EventKind::ThreadChanged
        | EventKind::PollVoted
        | EventKind::PollClosed
        | EventKind::ProfileChanged
        | EventKind::PersonalChanged
        | EventKind::DraftSaved
        | EventKind::MessageScheduled
        | EventKind::ScheduleEnded
        | EventKind::ReminderSet
        | EventKind::ReminderDue
        | EventKind::ReminderEnded
        | EventKind::AccountChanged
        | EventKind::SettingsChanged
        | EventKind::GroupSaved
        | EventKind::GroupDeleted
        | EventKind::InviteCreated
        | EventKind::InviteRevoked
        | EventKind::PasswordResetCreated
        | EventKind::PasswordResetEnded => false,
    }
}

/// What an event changes in the labels, in order.
pub fn label_changes(record: &LoggedEvent) -> Vec<LabelChange> {
    let mut changes = Vec::new();
    if let Some(event) = record.event().filter(|_| may_change_labels(record.kind)) {
        of_message(record, event, &mut changes);
        of_thread(record, event, &mut changes);
    }
    changes
}

fn of_message(record: &LoggedEvent, event: &Event, changes: &mut Vec<LabelChange>) {
    if let Some(posting) = event.posting() {
        // What the server says is said to nobody.
        if !event.is_notice() {
            let is_beside = record.kind == EventKind::ThreadReplied;
            let named = Named { sender: record.actor, is_beside, is_deleted: false };
            name(&posting.mentions, named, posting.channel, record.seq, changes);
        }
    } else if let Event::MessageEdited {
        channel,
        message,
        mentions_before,
        mentions,
        is_beside,
        ..
    } = event
    {
        if !mentions_before.is_nobody() {
            changes.push(LabelChange::ClearMessage { kind: LabelKind::Named, message: *message });
        }
        // Only its sender edits a message.
        let named = Named { sender: record.actor, is_beside: *is_beside, is_deleted: false };
        name(mentions, named, *channel, *message, changes);
    } else if let Event::MessageDeleted { channel, message, sender, is_beside, .. } = event {
        changes.push(LabelChange::ClearMessage { kind: LabelKind::Named, message: *message });
        if record.actor != *sender {
            let named = Named { sender: *sender, is_beside: *is_beside, is_deleted: true };
            set_named(Owner::User(*sender), named, *channel, *message, changes);
        }
    }
}

/// The labels of those whom a message names. Whoever names themselves tells themselves nothing.
fn name(
    mentions: &Mentions,
    named: Named,
    channel: ChannelId,
    message: Seq,
    changes: &mut Vec<LabelChange>,
) {
    match mentions {
        Mentions::Nobody => {}
        Mentions::Everyone => set_named(Owner::Everyone, named, channel, message, changes),
        Mentions::Users(users) if users.len() > NAMED_MAX => {
            set_named(Owner::Many, named, channel, message, changes);
        }
        Mentions::Users(users) => {
            for user in users.iter().filter(|user| **user != named.sender) {
                set_named(Owner::User(*user), named, channel, message, changes);
            }
        }
    }
}

fn set_named(
    owner: Owner,
    named: Named,
    channel: ChannelId,
    message: Seq,
    changes: &mut Vec<LabelChange>,
) {
    let label = Label { kind: LabelKind::Named, owner, channel, message };
    changes.push(LabelChange::Set { label, value: named.value(), when: When::Always });
}

fn of_thread(record: &LoggedEvent, event: &Event, changes: &mut Vec<LabelChange>) {
    let follows = |user, channel, root| {
        let owner = Owner::User(user);
        Label { kind: LabelKind::Follows, owner, channel, message: root }
    };
    if let Event::ThreadFollowed { channel, root, users, on } = event {
        changes.extend(users.iter().map(|user| {
            let label = follows(*user, *channel, *root);
            // Whoever follows already goes on from where they are.
            let (value, when) = (record.seq.get(), When::Absent);
            if *on { LabelChange::Set { label, value, when } } else { LabelChange::Clear(label) }
        }));
    } else if let Event::ThreadRead { channel, root, up_to } = event {
        let (label, value) = (follows(record.actor, *channel, *root), up_to.get());
        changes.push(LabelChange::Set { label, value, when: When::Present });
    } else if let Event::ThreadUnread { channel, root, from } = event {
        let label = follows(record.actor, *channel, *root);
        let value = from.get().saturating_sub(1);
        changes.push(LabelChange::Set { label, value, when: When::Lower });
    } else if let Event::MemberRemoved { channel, user } = event {
        let (kind, owner) = (LabelKind::Follows, Owner::User(*user));
        changes.push(LabelChange::ClearChannel { kind, owner, channel: *channel });
    }
}

#[cfg(test)]
mod tests;
