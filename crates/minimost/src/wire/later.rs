//! What is still to come: drafts, scheduled messages, reminders.

use chat::personal::{Draft, Reminder, ScheduledMessage};
use chat::{Seq, Workspace};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::message::seconds;

/// A message that is still being written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DraftView {
    pub channel: String,
    pub thread_id: Option<u64>,
    pub text: String,
    /// Unix seconds.
    pub ts: f64,
}

/// A message that goes out later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScheduledView {
    pub id: u64,
    pub channel: String,
    pub thread_id: Option<u64>,
    pub text: String,
    /// Unix seconds.
    pub send_at_ts: f64,
    /// Why it could not be sent when its time came.
    pub failure: Option<String>,
}

/// Something to be told of later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReminderView {
    pub id: u64,
    pub message_id: Option<u64>,
    /// Where that message is.
    pub channel: Option<String>,
    pub text: String,
    /// Unix seconds.
    pub due_ts: f64,
    /// When the person was told.
    pub fired_ts: Option<f64>,
}

impl DraftView {
    pub fn new(draft: &Draft, workspace: &Workspace) -> DraftView {
        DraftView {
            channel: workspace.channel_name(draft.channel),
            thread_id: draft.thread.map(Seq::get),
            text: draft.text.clone(),
            ts: draft.ts.as_seconds(),
        }
    }
}

impl ScheduledView {
    pub fn new(id: Seq, scheduled: &ScheduledMessage, workspace: &Workspace) -> ScheduledView {
        ScheduledView {
            id: id.get(),
            channel: workspace.channel_name(scheduled.channel),
            thread_id: scheduled.thread.map(Seq::get),
            text: scheduled.text.clone(),
            send_at_ts: scheduled.send_at.as_seconds(),
            failure: scheduled.failure.clone(),
        }
    }
}

impl ReminderView {
    pub fn new(id: Seq, reminder: &Reminder, workspace: &Workspace) -> ReminderView {
        ReminderView {
            id: id.get(),
            message_id: reminder.message.map(Seq::get),
            channel: reminder.channel.map(|channel| workspace.channel_name(channel)),
            text: reminder.text.clone(),
            due_ts: reminder.due.as_seconds(),
            fired_ts: seconds(reminder.fired_ts),
        }
    }
}
