//! The only place that decides who may see an event.
//!
//! Invariant: mailboxes, live streams, pages, receipts and typing all ask here. A person sees of a channel what they
//! are a member of, from their history start on; what is about a message is seen by who may see the message.

use crate::event::{ChannelOrigin, Event, EventKind, LoggedEvent};
use crate::ids::{ChannelId, Seq, UserId};
use crate::member::{Members, Membership};
use crate::settings::EditHistoryVisibility;
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
            Audience::Users(users) => users.binary_search(&user).is_ok(),
            Audience::Nobody => false,
        }
    }

    /// Without these, who are sorted.
    #[must_use]
    pub fn without(self, others: &[UserId]) -> Audience {
        match self {
            Audience::Users(mut users) => {
                users.retain(|user| others.binary_search(user).is_err());
                Audience::Users(users)
            }
            Audience::Everyone | Audience::Nobody => self,
        }
    }
}

/// What decides who may see an event, before anybody is counted.
enum Seers<'a> {
    Everyone,
    Nobody,
    /// Its actor alone.
    Actor,
    /// Members who were so when it happened, of whose history this message is part (`None`: all of them), and these
    /// people, members or not.
    Members {
        members: &'a Members,
        message: Option<Seq>,
        besides: &'a [UserId],
    },
    /// Of these the members who were so when it happened.
    Of(&'a [UserId]),
}

/// Who may see `record`, given the workspace after it or any later one. A redacted record is seen by those who saw it
/// whole. Who has come since does not see it here: they read the channel's pages instead.
pub fn audience(record: &LoggedEvent, workspace: &Workspace) -> Audience {
    match seers(record, workspace) {
        Seers::Everyone | Seers::Members { members: Members::Everyone, .. } => Audience::Everyone,
        Seers::Nobody => Audience::Nobody,
        Seers::Actor => Audience::Users(vec![record.actor]),
        Seers::Members { members: Members::Listed(members), message, besides } => {
            let seers = members.iter().filter(|(_, member)| saw(member, record, message));
            let mut users: Vec<_> = seers.map(|(user, _)| *user).collect();
            if !besides.is_empty() {
                users.extend(besides);
                users.sort_unstable();
                users.dedup();
            }
            Audience::Users(users)
        }
        Seers::Of(users) => {
            let may = |user: &UserId| is_for(*user, record, workspace);
            let mut users: Vec<_> = users.iter().copied().filter(may).collect();
            users.sort_unstable();
            Audience::Users(users)
        }
    }
}

/// Whether `user` is in the [`audience`] of an event; it costs the same however many are in it.
pub fn is_seen_by(user: UserId, record: &LoggedEvent, workspace: &Workspace) -> bool {
    match seers(record, workspace) {
        Seers::Everyone | Seers::Members { members: Members::Everyone, .. } => true,
        Seers::Nobody => false,
        Seers::Actor => record.actor == user,
        Seers::Members { members: Members::Listed(members), message, besides } => {
            members.get(&user).is_some_and(|member| saw(member, record, message))
                || besides.contains(&user)
        }
        Seers::Of(users) => users.contains(&user) && is_for(user, record, workspace),
    }
}

fn saw(member: &Membership, record: &LoggedEvent, message: Option<Seq>) -> bool {
    member.joined <= record.seq && message.is_none_or(|message| member.sees(message))
}

fn seers<'a>(record: &'a LoggedEvent, workspace: &'a Workspace) -> Seers<'a> {
    let channel = record.channel.and_then(|channel| workspace.channels.get(&channel));
    let members = |message: Option<Seq>, besides: &'a [UserId]| {
        channel.map_or(Seers::Nobody, |channel| Seers::Members {
            members: &channel.members,
            message,
            besides,
        })
    };
    match record.kind {
        EventKind::AccountCreated
        | EventKind::ProfileChanged
        | EventKind::AccountChanged
        | EventKind::SettingsChanged
        | EventKind::GroupSaved
        | EventKind::GroupDeleted => Seers::Everyone,
        // Public channels are in the directory: everybody may know that they exist, and how they are called.
        EventKind::ChannelCreated | EventKind::ChannelRenamed | EventKind::ChannelChanged
            if is_about_public(record, workspace) =>
        {
            Seers::Everyone
        }
        EventKind::ChannelCreated | EventKind::ChannelRenamed | EventKind::ChannelChanged => {
            members(None, &[])
        }
        EventKind::MembersAdded | EventKind::MemberRemoved => members(None, about_members(record)),
        EventKind::MessagePosted | EventKind::ThreadReplied => members(Some(record.seq), &[]),
        EventKind::MessageEdited
        | EventKind::MessageDeleted
        | EventKind::MessageReacted
        | EventKind::MessagePinned
        | EventKind::PollVoted
        | EventKind::PollClosed
        | EventKind::ThreadChanged => members(Some(record.target.unwrap_or(Seq::ZERO)), &[]),
        EventKind::ThreadFollowed => match record.event() {
            Some(Event::ThreadFollowed { users, .. }) => Seers::Of(users),
            Some(_) | None => Seers::Nobody,
        },
        EventKind::ChannelRead
        | EventKind::ThreadRead
        | EventKind::ThreadUnread
        | EventKind::PersonalChanged
        | EventKind::DraftSaved
        | EventKind::MessageScheduled
        | EventKind::ScheduleEnded
        | EventKind::ReminderSet
        | EventKind::ReminderDue
        | EventKind::ReminderEnded => Seers::Actor,
        EventKind::PasswordSet
        | EventKind::AccountLocked
        | EventKind::SessionOpened
        | EventKind::SessionClosed
        | EventKind::SessionsForgotten
        | EventKind::InviteCreated
        | EventKind::InviteRevoked
        | EventKind::PasswordResetCreated
        | EventKind::PasswordResetEnded => Seers::Nobody,
    }
}

/// Whether anybody but its actor may be told of an event of a kind. Of read markers, drafts and log-ins there are more
/// than of all else together.
pub fn is_told_to_others(kind: EventKind) -> bool {
    !matches!(
        kind,
        EventKind::ChannelRead
            | EventKind::ThreadRead
            | EventKind::ThreadUnread
            | EventKind::PersonalChanged
            | EventKind::DraftSaved
            | EventKind::MessageScheduled
            | EventKind::ScheduleEnded
            | EventKind::ReminderSet
            | EventKind::ReminderDue
            | EventKind::ReminderEnded
            | EventKind::PasswordSet
            | EventKind::SessionOpened
            | EventKind::SessionClosed
            | EventKind::SessionsForgotten
    )
}

/// Whether `user` may see an old event now: it was for them, and they may still look there. What ended their membership
/// they may always see.
pub fn may_see_now(user: UserId, record: &LoggedEvent, workspace: &Workspace) -> bool {
    let is_own_end = record.kind == EventKind::MemberRemoved && record.target == Some(user.0);
    is_own_end
        || (is_seen_by(user, record, workspace)
            && record.channel.is_none_or(|channel| {
                may_read(user, channel, workspace) || is_about_public(record, workspace)
            }))
}

/// Who is in a new channel from its beginning; `None` for a record of another kind or an erased one.
pub fn founders(record: &LoggedEvent) -> Option<Audience> {
    let Some(Event::ChannelCreated { origin }) = record.event() else { return None };
    Some(match origin {
        ChannelOrigin::Public { is_default: true, .. } => Audience::Everyone,
        ChannelOrigin::Public { is_default: false, .. } => Audience::Users(vec![record.actor]),
        ChannelOrigin::Direct { members } | ChannelOrigin::Private { members, .. } => {
            Audience::Users(members.iter().copied().collect())
        }
    })
}

/// Who may read what is in a channel, and see its typing and receipts; nobody when there is no such channel.
pub fn channel_audience(channel: ChannelId, workspace: &Workspace) -> Audience {
    match workspace.channels.get(&channel).map(|channel| &channel.members) {
        Some(Members::Everyone) => Audience::Everyone,
        Some(Members::Listed(members)) => Audience::Users(members.keys().copied().collect()),
        None => Audience::Nobody,
    }
}

/// Whether `user` may read in a channel; false for a channel that does not exist.
pub fn may_read(user: UserId, channel: ChannelId, workspace: &Workspace) -> bool {
    let is_active = workspace.users.get(&user).is_some_and(|user| !user.is_deactivated);
    is_active && workspace.membership(user, channel).is_some()
}

/// Whether `user` may see a message of a channel.
pub fn may_see(user: UserId, channel: ChannelId, message: Seq, workspace: &Workspace) -> bool {
    may_read(user, channel, workspace)
        && workspace.membership(user, channel).is_some_and(|member| member.sees(message))
}

/// Of those who may see an event, sorted, whom it does not tell what it comes to: of a reply in a thread, who came after
/// the root was said, because the summary counts replies that they do not see; of somebody's end, that person, who has
/// no part in how many remain.
pub fn told_less(record: &LoggedEvent, workspace: &Workspace) -> Vec<UserId> {
    if let Some(Event::MemberRemoved { user, .. }) = record.event() {
        return if is_told_less(*user, record, workspace) { vec![*user] } else { Vec::new() };
    }
    let Some(root) = thread_root(record) else { return Vec::new() };
    let channel = record.channel.and_then(|channel| workspace.channels.get(&channel));
    let Some(Members::Listed(members)) = channel.map(|channel| &channel.members) else {
        return Vec::new();
    };
    let told_less = members
        .iter()
        .filter(|(_, member)| saw(member, record, Some(record.seq)) && !member.sees(root));
    told_less.map(|(user, _)| *user).collect()
}

/// Whether `user`, who may see an event, is one of [`told_less`].
pub fn is_told_less(user: UserId, record: &LoggedEvent, workspace: &Workspace) -> bool {
    let Some(channel) = record.channel else { return false };
    match record.event() {
        Some(Event::MemberRemoved { user: gone, .. }) => {
            *gone == user && !may_read(user, channel, workspace)
        }
        Some(_) => thread_root(record).is_some_and(|root| !may_see(user, channel, root, workspace)),
        None => false,
    }
}

fn thread_root(record: &LoggedEvent) -> Option<Seq> {
    let posting = record.event().and_then(Event::posting)?;
    posting.thread.as_ref().map(|thread| thread.root)
}

/// Whether `user` may see what a message of `sender` said before it was edited, given that they may see the message.
pub fn may_see_earlier_texts(user: UserId, sender: UserId, workspace: &Workspace) -> bool {
    let is_admin = || workspace.users.get(&user).is_some_and(|user| user.is_admin);
    match workspace.settings.edit_history {
        EditHistoryVisibility::Everyone => true,
        EditHistoryVisibility::Sender => user == sender,
        EditHistoryVisibility::Administrators => user == sender || is_admin(),
        EditHistoryVisibility::Nobody => false,
    }
}

/// The first message of a channel that `user` may see; `None` for who may not read there.
pub fn history_start(user: UserId, channel: ChannelId, workspace: &Workspace) -> Option<Seq> {
    let member = workspace.membership(user, channel)?;
    may_read(user, channel, workspace).then_some(member.history_start)
}

fn is_about_public(record: &LoggedEvent, workspace: &Workspace) -> bool {
    let is_about_channel = matches!(
        record.kind,
        EventKind::ChannelCreated | EventKind::ChannelRenamed | EventKind::ChannelChanged
    );
    let channel = record.channel.and_then(|channel| workspace.channels.get(&channel));
    is_about_channel && channel.is_some_and(|it| matches!(it.kind, ChannelKind::Public { .. }))
}

fn is_for(user: UserId, record: &LoggedEvent, workspace: &Workspace) -> bool {
    let member = record.channel.and_then(|channel| workspace.membership(user, channel));
    member.is_some_and(|member| member.joined <= record.seq)
}

/// The people whose membership an event is about.
fn about_members(record: &LoggedEvent) -> &[UserId] {
    match record.event() {
        Some(Event::MembersAdded { users, .. }) => users,
        Some(Event::MemberRemoved { user, .. }) => std::slice::from_ref(user),
        Some(_) | None => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Actor, Command};
    use crate::event::{Body, EventKind};
    use crate::ids::{ChannelName, Seq};
    use crate::member::History;
    use crate::testing::{Story, wish};

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
        let channel = wish::channel("general");
        let mut seen = story.given(Actor::System, &wish::create_channel("general", true));
        let alice = story.sign_up("alice");
        seen.push(story.log[1].clone());
        seen.extend(life_of_a_message(&mut story, alice, "general"));
        seen.extend(story.given(alice, &Command::RenameChannel { channel, name: "Hall".into() }));
        assert_eq!(seen.len(), 8);
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

    /// Alice's private channel with bob in it, and mallory outside.
    fn private_scene() -> (Story, [Actor; 3], ChannelName) {
        let mut story = Story::new();
        let people = ["alice", "bob", "mallory"].map(|name| story.sign_up(name));
        let plans = story.create_private(people[0], &["bob"]);
        (story, people, plans)
    }

    #[test]
    fn a_public_channel_is_known_to_everybody_and_read_by_its_members() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let mallory = story.sign_up("mallory");
        story.create_joined(alice, "lunch");
        let created = story.log.last().unwrap().clone();
        story.post(alice, "lunch", "soup?");
        let posted = story.log.last().unwrap().clone();
        let sees = |story: &Story, record| may_see_now(user_of(mallory), record, &story.workspace);
        assert!(sees(&story, &created) && !sees(&story, &posted));
        assert_eq!(audience(&posted, &story.workspace), Audience::Users(vec![user_of(alice)]));
    }

    #[test]
    fn who_was_removed_sees_their_end_and_nothing_of_before() {
        let (mut story, [alice, bob, mallory], plans) = private_scene();
        story.post(alice, &plans, "the plan");
        let name = wish::name("bob");
        story.given(alice, &Command::RemoveMember { channel: plans, name });
        let seen_by = |who: Actor| {
            let records = story.log.iter().filter(|record| record.channel.is_some());
            let seen = records.filter(|record| may_see_now(user_of(who), record, &story.workspace));
            seen.map(|record| record.kind).collect::<Vec<_>>()
        };
        assert_eq!(seen_by(bob), [EventKind::MemberRemoved]);
        assert!(seen_by(mallory).is_empty());
        assert_eq!(seen_by(alice).len(), 4, "all of it");
    }

    #[test]
    fn who_comes_late_sees_nothing_that_is_about_an_older_message() {
        let (mut story, [alice, bob, mallory], plans) = private_scene();
        let message = story.post(bob, &plans, "the plan");
        let (names, history) = (wish::names(&["mallory"]), History::FromJoin);
        let came = story.given(alice, &Command::AddMembers { channel: plans, names, history });
        let members = Audience::Users([alice, bob, mallory].map(user_of).to_vec());
        assert_eq!(audience(&came[0], &story.workspace), members);
        story.reply(alice, message, "go on");
        let said = story.log.last().unwrap().clone();
        assert_eq!(audience(&said, &story.workspace), members, "what is said now");
        for command in [
            Command::PinMessage { message, on: None },
            Command::React { message, reaction: "heart".to_owned(), on: None },
            Command::EditMessage { message, text: "no plan".to_owned() },
            Command::DeleteMessage { message },
        ] {
            let happened = story.given(bob, &command);
            let seen = audience(&happened[0], &story.workspace);
            assert_eq!(seen, Audience::Users([alice, bob].map(user_of).to_vec()), "{command:?}");
        }
    }

    #[test]
    fn following_a_thread_is_told_to_those_who_follow() {
        let (mut story, [alice, bob, _], plans) = private_scene();
        let root = story.post(bob, &plans, "who is in?");
        let happened = story.given(alice, &Command::FollowThread { root, on: true });
        let seen = audience(&happened[0], &story.workspace);
        assert_eq!(seen, Audience::Users(vec![user_of(alice)]));
    }
}
