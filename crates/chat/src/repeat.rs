//! Repeats: whether a wish that has the name of an earlier one is that wish again.
//!
//! A name stands on one event: the first of the kind that its wish is about. Another wish of the same name is refused,
//! because it would be lost in silence; the repeat of a lost answer is not.

use std::collections::BTreeSet;

use crate::channel::{ChannelChange, described, one_line};
use crate::command::{AttachWish, ChannelWish, Command, PostWish};
use crate::decide::Facts;
use crate::event::{Attached, ChannelOrigin, Event, EventKind, LoggedEvent, Posting};
use crate::group::{GroupSettings, GroupWish};
use crate::ids::{ChannelId, ChannelName, Seq, UserId, UserName};
use crate::message::normalized;
use crate::personal::{self, PersonalChange, PersonalWish};
use crate::workspace::Workspace;
use crate::{notification, profile, reaction};

/// Whether `record`, which an earlier wish of `user` came to, is what this one asks for. Of what was erased only the
/// envelope can tell. The text of a message that was posted is not compared: it is answered as it is now.
pub fn is_repeat(
    workspace: &Workspace,
    facts: &Facts,
    user: UserId,
    command: &Command,
    record: &LoggedEvent,
) -> bool {
    let asked = Asked { workspace, facts, user };
    is_main_event(command, record.kind)
        && named_message(command).is_none_or(|message| Some(message) == record.target)
        && match named_channel(command, user, workspace) {
            NamedChannel::None => true,
            NamedChannel::Unknown => false,
            NamedChannel::Known(channel) => Some(channel) == record.channel,
        }
        && record.event().is_none_or(|event| asked.is_for(command, event))
}

/// Whether a command wishes for an event of this kind; what else it comes to are side effects.
pub fn is_main_event(command: &Command, kind: EventKind) -> bool {
    // A reply that is only in a thread is unread there.
    let is_in_thread = matches!(command, Command::MarkUnread { .. });
    kind == main_event(command) || (is_in_thread && kind == EventKind::ThreadUnread)
}

/// The event that a command mostly wishes for.
fn main_event(command: &Command) -> EventKind {
    match command {
        Command::SignUp { .. } => EventKind::AccountCreated,
        Command::LogIn { .. } => EventKind::SessionOpened,
        Command::LogOut | Command::ExpireSession { .. } => EventKind::SessionClosed,
        Command::ForgetSessions { .. } => EventKind::SessionsForgotten,
        Command::ChangePassword { .. }
        | Command::UpgradePasswordHash { .. }
        | Command::ResetPassword { .. } => EventKind::PasswordSet,
        Command::LockAccount { .. } | Command::UnlockAccount { .. } => EventKind::AccountLocked,
        Command::CreateChannel { .. }
        | Command::CreatePrivateChannel { .. }
        | Command::OpenDirect { .. } => EventKind::ChannelCreated,
        Command::RenameChannel { .. } => EventKind::ChannelRenamed,
        Command::ChangeChannel { .. } => EventKind::ChannelChanged,
        Command::JoinChannel { .. } | Command::AddMembers { .. } => EventKind::MembersAdded,
        Command::LeaveChannel { .. } | Command::RemoveMember { .. } => EventKind::MemberRemoved,
        Command::PostMessage(wish) if wish.thread.is_some() && !wish.also_in_channel => {
            EventKind::ThreadReplied
        }
        Command::PostMessage(_) | Command::SendScheduled { .. } => EventKind::MessagePosted,
        Command::EditMessage { .. } => EventKind::MessageEdited,
        Command::DeleteMessage { .. } => EventKind::MessageDeleted,
        Command::React { .. } => EventKind::MessageReacted,
        Command::MarkRead { .. } | Command::MarkUnread { .. } | Command::MarkAllRead => {
            EventKind::ChannelRead
        }
        Command::FollowThread { .. } => EventKind::ThreadFollowed,
        Command::MarkThreadRead { .. } => EventKind::ThreadRead,
        Command::PinMessage { .. } => EventKind::MessagePinned,
        Command::Vote { .. } => EventKind::PollVoted,
        Command::ClosePoll { .. } => EventKind::PollClosed,
        Command::SaveDraft { .. } => EventKind::DraftSaved,
        Command::ScheduleMessage { .. } | Command::ChangeSchedule { .. } => {
            EventKind::MessageScheduled
        }
        Command::CancelSchedule { .. } => EventKind::ScheduleEnded,
        Command::SetReminder { .. } => EventKind::ReminderSet,
        Command::FireReminder { .. } => EventKind::ReminderDue,
        Command::EndReminder { .. } => EventKind::ReminderEnded,
        Command::ChangeProfile(_) | Command::SetStatus { .. } => EventKind::ProfileChanged,
        Command::ChangePersonal(_) => EventKind::PersonalChanged,
        Command::ChangeAccount { .. } => EventKind::AccountChanged,
        Command::ChangeSettings { .. } => EventKind::SettingsChanged,
        Command::SaveGroup { .. } => EventKind::GroupSaved,
        Command::DeleteGroup { .. } => EventKind::GroupDeleted,
        Command::CreateInvite { .. } => EventKind::InviteCreated,
        Command::RevokeInvite { .. } => EventKind::InviteRevoked,
        Command::CreatePasswordReset { .. } => EventKind::PasswordResetCreated,
        Command::ExpirePasswordReset { .. } => EventKind::PasswordResetEnded,
    }
}

/// The message that a command changes.
pub fn named_message(command: &Command) -> Option<Seq> {
    if let Command::EditMessage { message, .. }
    | Command::DeleteMessage { message }
    | Command::React { message, .. }
    | Command::PinMessage { message, .. }
    | Command::Vote { message, .. }
    | Command::ClosePoll { message } = command
    {
        Some(*message)
    } else {
        None
    }
}

/// The channel that a command names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedChannel {
    /// It names none.
    None,
    /// There is none of that name.
    Unknown,
    /// This one.
    Known(ChannelId),
}

/// The channel that a command of `user` names.
pub fn named_channel(command: &Command, user: UserId, workspace: &Workspace) -> NamedChannel {
    let direct;
    let name = match command {
        Command::PostMessage(PostWish { channel, .. })
        | Command::MarkRead { channel, .. }
        | Command::RenameChannel { channel, .. }
        | Command::ChangeChannel { channel, .. }
        | Command::JoinChannel { channel }
        | Command::LeaveChannel { channel }
        | Command::AddMembers { channel, .. }
        | Command::RemoveMember { channel, .. }
        | Command::SaveDraft { channel, .. }
        | Command::ScheduleMessage { channel, .. } => channel,
        Command::CreateChannel { slug, .. } => {
            direct = ChannelName::Public(slug.clone());
            &direct
        }
        Command::OpenDirect { names } => {
            let own = workspace.users.get(&user).map(|user| &user.name);
            direct = ChannelName::Direct(names.iter().chain(own).cloned().collect());
            &direct
        }
        Command::SignUp { .. }
        | Command::LogIn { .. }
        | Command::LogOut
        | Command::ExpireSession { .. }
        | Command::ForgetSessions { .. }
        | Command::ChangePassword { .. }
        | Command::UpgradePasswordHash { .. }
        | Command::LockAccount { .. }
        | Command::UnlockAccount { .. }
        | Command::CreatePrivateChannel { .. }
        | Command::EditMessage { .. }
        | Command::DeleteMessage { .. }
        | Command::React { .. }
        | Command::MarkUnread { .. }
        | Command::MarkAllRead
        | Command::FollowThread { .. }
        | Command::MarkThreadRead { .. }
        | Command::PinMessage { .. }
        | Command::Vote { .. }
        | Command::ClosePoll { .. }
        | Command::ChangeSchedule { .. }
        | Command::CancelSchedule { .. }
        | Command::SendScheduled { .. }
        | Command::SetReminder { .. }
        | Command::FireReminder { .. }
        | Command::EndReminder { .. }
        | Command::ChangeProfile(_)
        | Command::SetStatus { .. }
        | Command::ChangePersonal(_)
        | Command::ChangeAccount { .. }
        | Command::ChangeSettings { .. }
        | Command::SaveGroup { .. }
        | Command::DeleteGroup { .. }
        | Command::CreateInvite { .. }
        | Command::RevokeInvite { .. }
        | Command::CreatePasswordReset { .. }
        | Command::ResetPassword { .. }
        | Command::ExpirePasswordReset { .. } => return NamedChannel::None,
    };
    workspace.find_channel(name).map_or(NamedChannel::Unknown, NamedChannel::Known)
}

/// Who asks, and of what.
#[derive(Clone, Copy)]
struct Asked<'a> {
    workspace: &'a Workspace,
    facts: &'a Facts,
    user: UserId,
}

impl Asked<'_> {
    /// Whether an event of the right kind, in the right place, is what a command asks for.
    fn is_for(self, command: &Command, event: &Event) -> bool {
        if let Command::PostMessage(wish) = command {
            return event.posting().is_some_and(|posting| self.is_posting(wish, posting));
        }
        if let Command::ChangePersonal(wish) = command {
            return matches!(event, Event::PersonalChanged { change } if self.is_own(wish, change));
        }
        self.is_of_message(command, event)
            .or_else(|| self.is_of_channel(command, event))
            .or_else(|| is_of_oneself(command, event))
            .or_else(|| self.is_of_house(command, event))
            .unwrap_or(true)
    }

    /// What a message is a copy of: forwarding it forwards that.
    fn original_of(self, message: Seq) -> Option<Seq> {
        match self.facts.find_message(message)?.attached.as_ref()? {
            Attached::Forward(copy) => Some(copy.message),
            Attached::Notice(_) | Attached::Poll(_) => None,
        }
    }

    fn is_posting(self, wish: &PostWish, posting: &Posting) -> bool {
        let attached = match (&wish.attach, posting.attached.as_deref()) {
            (None, None) => true,
            (Some(AttachWish::Forward(id)), Some(Attached::Forward(copy))) => {
                copy.message == *id || self.original_of(*id) == Some(copy.message)
            }
            (Some(AttachWish::Poll(poll)), Some(Attached::Poll(posted))) => {
                poll.is_multiple == posted.is_multiple
                    && poll.closes == posted.closes
                    && poll
                        .options
                        .iter()
                        .map(|option| one_line(option))
                        .eq(posted.options.iter().cloned())
            }
            (None | Some(_), _) => false,
        };
        let root = posting.thread.as_ref().map(|thread| thread.root);
        attached && self.root_of(wish.thread) == root && wish.reply_to == posting.reply_to
    }

    /// Of wishes about messages and threads; `None` for others.
    fn is_of_message(self, command: &Command, event: &Event) -> Option<bool> {
        Some(match (command, event) {
            (Command::EditMessage { text, .. }, Event::MessageEdited { text: edited, .. }) => {
                normalized(text) == *edited
            }
            (
                Command::React { reaction, on, .. },
                Event::MessageReacted { reaction: name, on: is_on, .. },
            ) => reaction::canonical(reaction) == Some(name) && said(on.as_ref(), is_on),
            (Command::PinMessage { on, .. }, Event::MessagePinned { on: is_on, .. }) => {
                said(on.as_ref(), is_on)
            }
            (Command::Vote { options, .. }, Event::PollVoted { options: voted, .. }) => {
                options.iter().collect::<BTreeSet<_>>() == voted.iter().collect()
            }
            (Command::MarkRead { up_to, .. }, Event::ChannelRead { up_to: read, .. }) => {
                said(up_to.as_ref(), read)
            }
            (Command::MarkUnread { message }, Event::ChannelRead { channel, up_to, .. }) => {
                // One that was unread already leaves the marker where it is.
                up_to < message
                    && self.facts.find_message(*message).is_some_and(|it| it.channel == *channel)
            }
            (Command::MarkUnread { message }, Event::ThreadUnread { from, .. }) => from == message,
            (
                Command::FollowThread { root, on },
                Event::ThreadFollowed { root: followed, on: is_on, .. },
            ) => self.root_of(Some(*root)) == Some(*followed) && on == is_on,
            (
                Command::MarkThreadRead { root, up_to },
                Event::ThreadRead { root: read, up_to: to, .. },
            ) => self.root_of(Some(*root)) == Some(*read) && said(up_to.as_ref(), to),
            (
                Command::SaveDraft { thread, text, .. },
                Event::DraftSaved { thread: root, text: saved, .. },
            ) => self.root_of(*thread) == *root && normalized(text) == *saved,
            (
                Command::ScheduleMessage { thread, text, send_at, .. },
                Event::MessageScheduled { schedule, thread: root, text: kept, send_at: at, .. },
            ) => {
                schedule.is_none()
                    && self.root_of(*thread) == *root
                    && normalized(text) == *kept
                    && send_at == at
            }
            (
                Command::ChangeSchedule { schedule, text, send_at },
                Event::MessageScheduled { schedule: changed, text: kept, send_at: at, .. },
            ) => {
                Some(*schedule) == *changed
                    && text.as_ref().is_none_or(|text| normalized(text) == *kept)
                    && said(send_at.as_ref(), at)
            }
            (
                Command::CancelSchedule { schedule },
                Event::ScheduleEnded { schedule: ended, .. },
            ) => schedule == ended,
            (_, _) => return None,
        })
    }

    /// Of wishes about channels and who is in them; `None` for others.
    fn is_of_channel(self, command: &Command, event: &Event) -> Option<bool> {
        Some(match (command, event) {
            (Command::CreateChannel { name, is_default, .. }, Event::ChannelCreated { origin }) => {
                matches!(origin, ChannelOrigin::Public { name: kept, is_default: is, .. }
                    if one_line(name) == *kept && is_default == is)
            }
            (
                Command::CreatePrivateChannel { name, members, .. },
                Event::ChannelCreated { origin },
            ) => {
                matches!(origin, ChannelOrigin::Private { name: kept, members: founders }
                    if one_line(name) == *kept
                        && self.ids(members).is_some_and(|ids| ids.into_iter().chain([self.user]).collect::<BTreeSet<_>>() == *founders))
            }
            (Command::OpenDirect { .. }, Event::ChannelCreated { origin }) => {
                matches!(origin, ChannelOrigin::Direct { .. })
            }
            (Command::RenameChannel { name, .. }, Event::ChannelRenamed { name: new_name, .. }) => {
                one_line(name) == *new_name
            }
            (Command::ChangeChannel { change: wish, .. }, Event::ChannelChanged { change, .. }) => {
                self.is_change(wish, change)
            }
            (Command::JoinChannel { .. }, Event::MembersAdded { users, .. }) => {
                *users == [self.user]
            }
            (
                Command::AddMembers { names, history, .. },
                Event::MembersAdded { users, history: shown, .. },
            ) => {
                // Who was in it already was not added.
                let all = self.ids(names);
                history == shown
                    && all.is_some_and(|all| users.iter().all(|user| all.contains(user)))
            }
            (Command::LeaveChannel { .. }, Event::MemberRemoved { user, .. }) => *user == self.user,
            (Command::RemoveMember { name, .. }, Event::MemberRemoved { user, .. }) => {
                self.id(name) == Some(*user)
            }
            (_, _) => return None,
        })
    }

    fn is_change(self, wish: &ChannelWish, change: &ChannelChange) -> bool {
        match (wish, change) {
            (ChannelWish::Topic(text), ChannelChange::Topic(topic)) => one_line(text) == *topic,
            (ChannelWish::Description(text), ChannelChange::Description(kept)) => {
                described(text) == *kept
            }
            (ChannelWish::Archived(on), ChannelChange::Archived(is_on)) => on == is_on,
            (ChannelWish::Owner(name), ChannelChange::Owner(owner)) => self.id(name) == *owner,
            (ChannelWish::Posters(None), ChannelChange::Posters(posters)) => posters.is_none(),
            (ChannelWish::Posters(Some(names)), ChannelChange::Posters(posters)) => {
                self.ids(names) == *posters
            }
            (_, _) => false,
        }
    }

    fn is_own(self, wish: &PersonalWish, change: &PersonalChange) -> bool {
        match (wish, change) {
            (PersonalWish::Preferences(wish), PersonalChange::AllPreferences(preferences)) => {
                wish.iter().all(|(key, value)| preferences.get(key) == value.as_ref())
            }
            (PersonalWish::Preferences(wish), PersonalChange::Preferences(changes)) => {
                wish == changes
            }
            (
                PersonalWish::Notifications { channel: name, level, is_muted },
                PersonalChange::Notifications { channel, notifications },
            ) => {
                self.workspace.find_channel(name) == Some(*channel)
                    && said(level.as_ref(), &notifications.level)
                    && said(is_muted.as_ref(), &notifications.is_muted)
            }
            (PersonalWish::DoNotDisturb(wish), PersonalChange::DoNotDisturb(schedule)) => {
                notification::changed(schedule, wish).as_ref() == Ok(schedule)
            }
            (PersonalWish::Keywords(words), PersonalChange::Keywords(kept)) => {
                personal::keywords(words).as_ref() == Ok(kept)
            }
            (
                PersonalWish::Save { message: id, on },
                PersonalChange::Saved { message, on: is_on, .. },
            ) => id == message && said(on.as_ref(), is_on),
            (
                PersonalWish::HideDirect { channel: name, on },
                PersonalChange::DirectHidden { channel, on: is_on },
            ) => self.workspace.find_channel(name) == Some(*channel) && on == is_on,
            (_, _) => false,
        }
    }

    /// Of wishes about the workspace, its people and its groups; `None` for others.
    fn is_of_house(self, command: &Command, event: &Event) -> Option<bool> {
        Some(match (command, event) {
            (
                Command::ChangeAccount { name, change: wish },
                Event::AccountChanged { user, change },
            ) => self.id(name) == Some(*user) && wish == change,
            (Command::UnlockAccount { name }, Event::AccountLocked { user, .. }) => {
                self.id(name) == Some(*user)
            }
            // An event for each, and the name stands on the first.
            (Command::ChangeSettings { changes }, Event::SettingsChanged { change }) => {
                changes.first() == Some(change)
            }
            (Command::SaveGroup { group, wish }, Event::GroupSaved { group: saved, settings }) => {
                group == saved && self.is_group(wish, settings)
            }
            (Command::DeleteGroup { group }, Event::GroupDeleted { group: deleted }) => {
                group == deleted
            }
            // The token is another each time, and so is the time from which it holds.
            (Command::CreateInvite { terms: wish, .. }, Event::InviteCreated { terms, .. }) => {
                wish.uses_max == terms.uses_max
                    && one_line(&wish.note) == terms.note
                    && wish.expires.is_some() == terms.expires.is_some()
            }
            (Command::RevokeInvite { invite }, Event::InviteRevoked { invite: revoked, .. }) => {
                invite == revoked
            }
            // The token is another each time, and so is the time until which it holds.
            (
                Command::CreatePasswordReset { name, .. },
                Event::PasswordResetCreated { user, .. },
            ) => self.id(name) == Some(*user),
            (_, _) => return None,
        })
    }

    fn is_group(self, wish: &GroupWish, settings: &GroupSettings) -> bool {
        said(wish.handle.as_ref(), &settings.handle)
            && wish.name.as_ref().is_none_or(|name| one_line(name) == settings.name)
            && wish
                .members
                .as_ref()
                .is_none_or(|names| self.ids(names).as_ref() == Some(&settings.members))
    }

    /// The root of the thread that a message begins or is in.
    fn root_of(self, message: Option<Seq>) -> Option<Seq> {
        let found = self.facts.find_message(message?)?;
        Some(found.thread_root.unwrap_or(found.id))
    }

    fn id(self, name: &UserName) -> Option<UserId> {
        self.workspace.find_user(name.as_str()).map(|(user, _)| user)
    }

    /// These people; `None` when one of them does not exist.
    fn ids(self, names: &[UserName]) -> Option<BTreeSet<UserId>> {
        names.iter().map(|name| self.id(name)).collect()
    }
}

/// Of wishes about reminders and about oneself; `None` for others.
fn is_of_oneself(command: &Command, event: &Event) -> Option<bool> {
    Some(match (command, event) {
        (
            Command::SetReminder { message, text, due },
            Event::ReminderSet { message: about, text: kept, due: when, .. },
        ) => message == about && one_line(text) == *kept && due == when,
        (Command::EndReminder { reminder }, Event::ReminderEnded { reminder: ended }) => {
            reminder == ended
        }
        (Command::ChangeProfile(wish), Event::ProfileChanged { profile, .. }) => {
            profile::changed(profile, wish).as_ref() == Ok(profile)
        }
        (Command::SetStatus { status }, Event::ProfileChanged { profile, .. }) => {
            profile::kept_status(status.as_ref()).as_ref() == Ok(&profile.status)
        }
        (_, _) => return None,
    })
}

/// Whether what a wish says of a field, if anything, is so.
fn said<T: PartialEq>(wish: Option<&T>, is: &T) -> bool {
    wish.is_none_or(|wish| wish == is)
}
