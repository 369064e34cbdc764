//! The only place that decides who may see an event.
//!
//! Invariant: mailboxes, live streams, pages, receipts and typing all ask here.

use crate::event::{EventKind, LoggedEvent};
use crate::ids::{ChannelId, UserId};
use crate::workspace::{ChannelKind, Workspace};

/// Who may see an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Every account.
    Everyone,
    /// These users only, sorted.
    Users(Vec<UserId>),
    /// No person: the server's own book-keeping.
    Nobody,
}

impl Audience {
    /// Whether `user` is in it.
    pub fn includes(&self, user: UserId) -> bool {
        match self {
            Audience::Everyone => true,
            Audience::Users(users) => users.contains(&user),
            Audience::Nobody => false,
        }
    }
}

/// Who may see `record`, given the workspace after it. A redacted record is seen by those who saw it whole.
pub fn audience(record: &LoggedEvent, workspace: &Workspace) -> Audience {
    match record.kind {
        EventKind::AccountCreated => Audience::Everyone,
        EventKind::ChannelCreated
        | EventKind::ChannelRenamed
        | EventKind::MessagePosted
        | EventKind::MessageEdited
        | EventKind::MessageDeleted
        | EventKind::MessageReacted => match record.channel {
            Some(channel) => channel_audience(channel, workspace),
            None => Audience::Nobody,
        },
        EventKind::ChannelRead => Audience::Users(vec![record.actor]),
        EventKind::PasswordSet
        | EventKind::AccountLocked
        | EventKind::SessionOpened
        | EventKind::SessionClosed => Audience::Nobody,
    }
}

/// Who may read what is in a channel, and see its typing and receipts; nobody when there is no such channel.
pub fn channel_audience(channel: ChannelId, workspace: &Workspace) -> Audience {
    match workspace.channels.get(&channel).map(|channel| &channel.kind) {
        Some(ChannelKind::Public { .. }) => Audience::Everyone,
        Some(ChannelKind::Direct { members }) => Audience::Users(members.iter().copied().collect()),
        None => Audience::Nobody,
    }
}

/// Whether `user` may read in a channel; false for a channel that does not exist.
pub fn may_read(user: UserId, channel: ChannelId, workspace: &Workspace) -> bool {
    match workspace.channels.get(&channel).map(|channel| &channel.kind) {
        Some(ChannelKind::Public { .. }) => workspace.users.contains_key(&user),
        Some(ChannelKind::Direct { members }) => members.contains(&user),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Actor, Command};
    use crate::event::Body;
    use crate::ids::{ChannelName, Seq, Slug};
    use crate::testing::Story;

    fn user_of(actor: Actor) -> UserId {
        let Actor::User { user, .. } = actor else { panic!("{actor:?} is nobody") };
        user
    }

    /// Everything that can happen to a message in this channel, by alice.
    fn life_of_a_message(story: &mut Story, alice: Actor, channel: &str) -> Vec<LoggedEvent> {
        let before = story.log.len();
        let message = story.post(alice, channel, "hi");
        story.given(alice, &Command::EditMessage { message, text: "ho".to_owned() });
        let reaction = "heart".to_owned();
        story.given(alice, &Command::React { message, reaction, on: None });
        story.given(alice, &Command::DeleteMessage { message });
        story.log[before..].to_vec()
    }

    #[test]
    fn everyone_sees_accounts_public_channels_and_what_happens_in_them() {
        let mut story = Story::new();
        let slug = Slug::parse("general").unwrap();
        let channel = slug.clone();
        let create = Command::CreateChannel { slug, name: "General".to_owned() };
        let mut seen = story.given(Actor::System, &create);
        let alice = story.sign_up("alice");
        seen.push(story.log[1].clone());
        seen.extend(life_of_a_message(&mut story, alice, "general"));
        seen.extend(story.given(alice, &Command::RenameChannel { channel, name: "Hall".into() }));
        assert_eq!(seen.len(), 7);
        for record in &seen {
            assert_eq!(audience(record, &story.workspace), Audience::Everyone, "{record:?}");
        }
    }

    #[test]
    fn only_members_see_a_direct_channel_and_what_happens_in_it_redacted_or_not() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let bob = story.sign_up("bob");
        let mallory = story.sign_up("mallory");
        let seen = life_of_a_message(&mut story, alice, "dm:alice:bob");
        assert_eq!(seen.len(), 5);
        assert!(matches!(seen[1].body, Body::Redacted { .. }), "the post was erased");
        for record in &seen {
            let audience = audience(record, &story.workspace);
            assert_eq!(audience, Audience::Users(vec![user_of(alice), user_of(bob)]));
            assert!(!audience.includes(user_of(mallory)));
        }
    }

    #[test]
    fn a_read_marker_is_the_readers_own() {
        let mut story = Story::new();
        story.create_channel("general");
        let alice = story.sign_up("alice");
        let bob = story.sign_up("bob");
        story.post(alice, "general", "hi");
        let channel = ChannelName::parse("general").unwrap();
        let read = story.given(bob, &Command::MarkRead { channel, up_to: None });
        let own = Audience::Users(vec![user_of(bob)]);
        assert_eq!(audience(&read[0], &story.workspace), own);
    }

    #[test]
    fn nobody_sees_passwords_locks_and_sessions() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let mut hidden = story.log[1..].to_vec();
        let (user, until) = (user_of(alice), story.now);
        hidden.extend(story.given(Actor::System, &Command::LockAccount { user, until }));
        hidden.extend(story.given(alice, &Command::LogOut));
        assert_eq!(hidden.len(), 4);
        for record in &hidden {
            assert_eq!(audience(record, &story.workspace), Audience::Nobody, "{record:?}");
        }
    }

    #[test]
    fn a_channel_that_does_not_exist_is_nobodys() {
        let mut story = Story::new();
        let alice = user_of(story.sign_up("alice"));
        let nowhere = ChannelId(Seq(999));
        assert_eq!(channel_audience(nowhere, &story.workspace), Audience::Nobody);
        assert!(!may_read(alice, nowhere, &story.workspace));
    }

    #[test]
    fn who_has_no_account_reads_nothing() {
        let mut story = Story::new();
        let general = story.create_channel("general");
        let general = story.workspace.find_channel(&general).unwrap();
        let alice = user_of(story.sign_up("alice"));
        assert!(may_read(alice, general, &story.workspace));
        assert!(!may_read(UserId(Seq(999)), general, &story.workspace));
    }
}
