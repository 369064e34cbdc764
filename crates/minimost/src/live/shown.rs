//! What the live stream says of an event: its name and its data, as docs/api.md lists them.
//!
//! Values are absolute, so that applying an event twice is harmless. Nothing depends on who reads it, but for the few
//! events of which some are told less.
//!
//! Neighbours: `frame` makes bytes of it.

use chat::channel::ChannelChange;
use chat::event::Posting;
use chat::personal::PersonalChange;
use chat::reminder::may_be_shown;
use chat::role::AccountChange;
use chat::schedule::ScheduleOutcome;
use chat::{ChannelId, Event, EventKind, LoggedEvent, Message, Seq, UserId, Workspace, may_read};
use serde::Serialize;
use serde_json::{Value, json};

use crate::wire::{
    ChannelView, DoNotDisturbView, DraftView, GroupView, MessageView, ProfileView, ReminderView,
    ScheduledView, SettingsView, ThreadView, mention_names,
};

/// How much whoever reads it is told; `chat::audience` knows to whom it is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    All,
    Less,
}

/// The data of an event.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Shown {
    Posted(Box<Posted>),
    Other(Value),
}

/// A message as it was posted.
#[derive(Serialize)]
pub(super) struct Posted {
    #[serde(flatten)]
    message: MessageView,
    /// Of a reply in a thread: what the thread comes to with it, for whoever sees its root.
    #[serde(skip_serializing_if = "Option::is_none")]
    root_thread: Option<ThreadView>,
}

/// The name and the data of an event; `None` when no screen shows its kind, or it was erased.
pub(super) fn shown(
    logged: &LoggedEvent,
    workspace: &Workspace,
    told: Told,
) -> Option<(&'static str, Shown)> {
    // An erased message is still a place in its channel: it replays as its tombstone.
    if logged.kind.begins_message() {
        return Some(posted(logged, &Message::posted(logged), workspace, told));
    }
    let event = logged.event()?;
    let said = about_channel(logged, event, workspace, told)
        .or_else(|| about_message(logged, event, workspace))
        .or_else(|| about_person(logged, event, workspace))
        .or_else(|| about_own_things(logged, event, workspace))?;
    Some((said.0, Shown::Other(said.1)))
}

/// As [`shown`] for an event that begins a message, with the text that a later edit gave it.
pub(super) fn shown_edited(
    logged: &LoggedEvent,
    edit: &LoggedEvent,
    workspace: &Workspace,
    told: Told,
) -> (&'static str, Shown) {
    let mut message = Message::posted(logged);
    message.apply(edit);
    posted(logged, &message, workspace, told)
}

fn posted(
    logged: &LoggedEvent,
    message: &Message,
    workspace: &Workspace,
    told: Told,
) -> (&'static str, Shown) {
    let is_beside = logged.kind == EventKind::ThreadReplied;
    let name = if is_beside { "thread_replied" } else { "message_posted" };
    let thread =
        logged.event().and_then(Event::posting).and_then(|it: &Posting| it.thread.as_ref());
    let thread = thread.filter(|_| told == Told::All);
    let root_thread = thread.and_then(|it| ThreadView::new(&it.summary, workspace));
    let message = MessageView::new(message, workspace);
    (name, Shown::Posted(Box::new(Posted { message, root_thread })))
}

type Said = Option<(&'static str, Value)>;

fn about_channel(logged: &LoggedEvent, event: &Event, workspace: &Workspace, told: Told) -> Said {
    let name_of = |channel: &ChannelId| workspace.channel_name(*channel);
    let by = workspace.user_name(logged.actor);
    if let Event::ChannelCreated { .. } = event {
        let mut data = json!(ChannelView::new(ChannelId(logged.seq), workspace)?);
        data["by"] = json!(by);
        Some(("channel_created", data))
    } else if let Event::ChannelRenamed { channel, name } = event {
        Some(("channel_renamed", json!({"channel": name_of(channel), "name": name})))
    } else if let Event::MembersAdded { channel, users, .. } = event {
        let view = ChannelView::new(*channel, workspace)?;
        let users: Vec<_> = users.iter().map(|user| workspace.user_name(*user)).collect();
        Some(("members_added", json!({"channel": view, "users": users, "by": by})))
    } else if let Event::MemberRemoved { channel, user } = event {
        let view = ChannelView::new(*channel, workspace)?;
        let data = json!({
            "channel": view.channel, "user": workspace.user_name(*user), "by": by,
            "member_count": (told == Told::All).then_some(view.member_count),
        });
        Some(("member_removed", data))
    } else if let Event::ChannelChanged { channel, change } = event {
        let name = name_of(channel);
        let data = match change {
            ChannelChange::Topic(topic) => json!({"channel": name, "topic": topic}),
            ChannelChange::Description(text) => json!({"channel": name, "description": text}),
            ChannelChange::Archived(on) => {
                json!({"channel": name, "archived_ts": on.then(|| logged.ts.as_seconds())})
            }
            ChannelChange::Owner(owner) => {
                json!({"channel": name, "owner": owner.map(|owner| workspace.user_name(owner))})
            }
            ChannelChange::Posters(posters) => {
                let names = |users: &std::collections::BTreeSet<UserId>| {
                    users.iter().map(|user| workspace.user_name(*user)).collect::<Vec<_>>()
                };
                json!({"channel": name, "posters": posters.as_ref().map(names)})
            }
        };
        Some(("channel_changed", data))
    } else {
        None
    }
}

fn about_message(logged: &LoggedEvent, event: &Event, workspace: &Workspace) -> Said {
    let channel = logged.channel.map(|channel| workspace.channel_name(channel));
    let user = workspace.user_name(logged.actor);
    let ts = logged.ts.as_seconds();
    if let Event::MessageEdited { message, text, mentions, .. } = event {
        let mentions = mention_names(mentions, workspace);
        let data = json!({
            "id": message, "channel": channel, "content": text, "mentions": mentions,
            "edited_ts": ts,
        });
        Some(("message_edited", data))
    } else if let Event::MessageDeleted { message, sender, .. } = event {
        let data = json!({
            "id": message, "channel": channel, "deleted_ts": ts,
            "sender": workspace.user_name(*sender),
            "deleted_by": (logged.actor != *sender).then_some(user),
        });
        Some(("message_deleted", data))
    } else if let Event::MessageReacted { message, reaction, on, .. } = event {
        let data = json!({
            "id": message, "channel": channel, "emoji": reaction, "user": user, "on": on,
            "reactions_ts": ts,
        });
        Some(("message_reacted", data))
    } else if let Event::ChannelRead { up_to, up_to_ts, .. } = event {
        let data = json!({
            "channel": channel, "user": user, "last_read_id": up_to,
            "last_read_ts": up_to_ts.as_seconds(),
        });
        Some(("channel_read", data))
    } else if let Event::ThreadChanged { root, summary, .. } = event {
        let thread = ThreadView::new(summary, workspace);
        Some(("thread_changed", json!({"id": root, "channel": channel, "thread": thread})))
    } else if let Event::ThreadFollowed { root, on, .. } = event {
        Some(("thread_followed", json!({"id": root, "channel": channel, "on": on})))
    } else if let Event::ThreadRead { root, up_to, .. } = event {
        Some(("thread_read", json!({"id": root, "channel": channel, "last_read_id": up_to})))
    } else if let Event::ThreadUnread { root, from, .. } = event {
        Some(("thread_unread", json!({"id": root, "channel": channel, "from_id": from})))
    } else if let Event::MessagePinned { message, on, .. } = event {
        let data =
            json!({"id": message, "channel": channel, "user": user, "on": on, "pinned_ts": ts});
        Some(("message_pinned", data))
    } else if let Event::PollVoted { message, options, .. } = event {
        let data = json!({"id": message, "channel": channel, "user": user, "options": options});
        Some(("poll_voted", data))
    } else if let Event::PollClosed { message, .. } = event {
        Some(("poll_closed", json!({"id": message, "channel": channel, "closed_ts": ts})))
    } else {
        None
    }
}

fn about_person(logged: &LoggedEvent, event: &Event, workspace: &Workspace) -> Said {
    if let Event::AccountCreated { name, .. } = event {
        let created_ts = logged.ts.as_seconds();
        let data = json!({"id": logged.seq, "username": name, "created_ts": created_ts});
        Some(("account_created", data))
    } else if let Event::ProfileChanged { user, .. } = event {
        Some(("profile_changed", json!(ProfileView::new(*user, workspace)?)))
    } else if let Event::AccountChanged { user, change } = event {
        let found = workspace.users.get(user)?;
        // Of the change itself as it was, of the rest as it is.
        let is_admin = match change {
            AccountChange::Role { is_admin } => *is_admin,
            AccountChange::Deactivated | AccountChange::Reactivated => found.is_admin,
        };
        let is_deactivated = match change {
            AccountChange::Deactivated => true,
            AccountChange::Reactivated => false,
            AccountChange::Role { .. } => found.is_deactivated,
        };
        let data = json!({
            "username": found.name, "is_admin": is_admin, "is_deactivated": is_deactivated,
        });
        Some(("account_changed", data))
    } else if let Event::SettingsChanged { .. } = event {
        Some(("settings_changed", json!(SettingsView::new(workspace.settings))))
    } else if let Event::GroupSaved { .. } | Event::GroupDeleted { .. } = event {
        Some(("groups_changed", json!({"groups": GroupView::all(workspace)})))
    } else {
        None
    }
}

fn about_own_things(logged: &LoggedEvent, event: &Event, workspace: &Workspace) -> Said {
    let ts = logged.ts.as_seconds();
    let name_of = |channel: &ChannelId| workspace.channel_name(*channel);
    let personal = &workspace.users.get(&logged.actor)?.personal;
    if let Event::PersonalChanged { change } = event {
        return about_settings(logged, change, workspace);
    } else if let Event::DraftSaved { channel, thread, text } = event {
        let (channel, thread_id) = (name_of(channel), thread.map(Seq::get));
        let draft = DraftView { channel, thread_id, text: text.clone(), ts };
        return Some(("draft_saved", json!(draft)));
    } else if let Event::MessageScheduled { schedule, .. } = event {
        let id = schedule.unwrap_or(logged.seq);
        let view = ScheduledView::new(id, personal.scheduled.get(&id)?, workspace);
        return Some(("message_scheduled", json!(view)));
    } else if let Event::ScheduleEnded { schedule, outcome } = event {
        return Some(match outcome {
            ScheduleOutcome::Sent => ("schedule_ended", json!({"id": schedule, "outcome": "sent"})),
            ScheduleOutcome::Cancelled => {
                ("schedule_ended", json!({"id": schedule, "outcome": "cancelled"}))
            }
            ScheduleOutcome::Failed(_) => {
                let failed = personal.scheduled.get(schedule)?;
                // It may have failed because its author is no longer in the channel.
                if !may_read(logged.actor, failed.channel, workspace) {
                    return None;
                }
                ("message_scheduled", json!(ScheduledView::new(*schedule, failed, workspace)))
            }
        });
    }
    let (name, reminder) = if let Event::ReminderSet { .. } = event {
        ("reminder_set", logged.seq)
    } else if let Event::ReminderDue { reminder } = event {
        ("reminder_due", *reminder)
    } else if let Event::ReminderEnded { reminder } = event {
        return Some(("reminder_ended", json!({"id": reminder})));
    } else {
        return None;
    };
    let found = personal.reminders.get(&reminder)?;
    may_be_shown(logged.actor, found, workspace)
        .then(|| (name, json!(ReminderView::new(reminder, found, workspace))))
}

fn about_settings(logged: &LoggedEvent, change: &PersonalChange, workspace: &Workspace) -> Said {
    let personal = &workspace.users.get(&logged.actor)?.personal;
    Some(match change {
        PersonalChange::Preferences(_) | PersonalChange::AllPreferences(_) => {
            let values = personal.preferences.iter();
            let preferences: serde_json::Map<String, Value> = values
                .map(|(key, value)| (key.clone(), serde_json::from_str(value).unwrap_or_default()))
                .collect();
            ("preferences_changed", json!({"preferences": preferences}))
        }
        PersonalChange::Notifications { channel, notifications } => {
            let data = json!({
                "channel": workspace.channel_name(*channel), "level": notifications.level,
                "muted": notifications.is_muted,
            });
            ("notifications_changed", data)
        }
        PersonalChange::DoNotDisturb(schedule) => {
            ("do_not_disturb_changed", json!(DoNotDisturbView::new(schedule)))
        }
        PersonalChange::Keywords(words) => ("keywords_changed", json!({"keywords": words})),
        PersonalChange::Saved { message, on, .. } => {
            let saved_ts = logged.ts.as_seconds();
            ("message_saved", json!({"id": message, "on": on, "saved_ts": saved_ts}))
        }
        PersonalChange::DirectHidden { channel, on } => {
            ("direct_hidden", json!({"channel": workspace.channel_name(*channel), "on": on}))
        }
    })
}
