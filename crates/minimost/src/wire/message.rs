//! A message as it is now.

use chat::event::{Attached, Forward, Mentions};
use chat::poll::Poll;
use chat::reaction::Reactions;
use chat::thread::ThreadSummary;
use chat::workspace::ChannelKind;
use chat::{Message, Seq, Timestamp, UserId, Workspace};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::notice;

/// A message as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that JSON says of a message")]
pub struct MessageView {
    pub id: u64,
    /// `general`, `private:7` or `dm:alice:bob`.
    pub channel: String,
    pub sender: String,
    /// Null once deleted, and when it cannot be read.
    pub content: Option<String>,
    /// `text`, or `system` for notices.
    pub content_type: String,
    /// Unix seconds.
    pub ts: f64,
    pub edited: bool,
    pub edited_ts: Option<f64>,
    pub deleted: bool,
    pub deleted_ts: Option<f64>,
    /// Who deleted it, if an administrator or the channel's owner did and not its sender.
    pub deleted_by: Option<String>,
    pub reply_to_id: Option<u64>,
    /// Short name of the emoji to the names of those who reacted, in their order.
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    pub reactions: Reactions<String>,
    /// The keys of `reactions` in the order in which they came; JavaScript would put `100` first.
    pub reaction_order: Vec<String>,
    pub reactions_ts: Option<f64>,
    /// Names, or exactly `["@everyone"]`.
    pub mentions: Vec<String>,
    /// The first file.
    pub filename: Option<String>,
    pub files: Vec<String>,
    /// What a notice says, for programs.
    pub metadata: Option<serde_json::Value>,
    pub client_msg_id: Option<String>,
    /// The root of the thread that it is a reply in.
    pub thread_id: Option<u64>,
    /// What the thread under it comes to; null without one.
    pub thread: Option<ThreadView>,
    pub forward: Option<ForwardView>,
    pub poll: Option<PollView>,
    /// True, and only there, when the log is damaged where the message stands, or its last edit: what it says is not known.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unreadable: bool,
    /// True, and only there, when the log is damaged where something was said about the message: a quote, a reaction, a vote
    /// or a reply may be missing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub incomplete: bool,
}

/// Whether something goes without saying.
pub fn is_false(it: &bool) -> bool {
    !*it
}

/// What a thread comes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ThreadView {
    /// Replies that are not deleted.
    pub replies: u32,
    /// The first 20 people who replied, in that order.
    pub participants: Vec<String>,
    pub last_reply_id: u64,
    /// Unix seconds.
    pub last_reply_ts: f64,
}

/// A message as it was when it was forwarded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ForwardView {
    pub id: u64,
    /// Where it was said; null unless in a public channel.
    pub channel: Option<String>,
    pub sender: String,
    /// Unix seconds.
    pub ts: f64,
    pub content: String,
}

/// A poll, and who voted for what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PollView {
    pub question: String,
    pub options: Vec<OptionView>,
    pub is_multiple: bool,
    /// Unix seconds.
    pub closes_ts: Option<f64>,
    pub closed_ts: Option<f64>,
}

/// One option of a poll.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OptionView {
    pub text: String,
    /// Names, in the order in which they voted.
    pub voters: Vec<String>,
}

impl MessageView {
    /// Puts names in the place of numbers.
    pub fn new(message: &Message, workspace: &Workspace) -> MessageView {
        let (content, metadata) = match &message.attached {
            Some(Attached::Notice(it)) => {
                (Some(notice::sentence(it, workspace)), Some(notice::metadata(it, workspace)))
            }
            Some(_) | None => (message.text.clone(), None),
        };
        let content_type = if message.is_notice() { "system" } else { "text" };
        MessageView {
            id: message.id.get(),
            channel: workspace.channel_name(message.channel),
            sender: workspace.user_name(message.sender).to_owned(),
            content,
            content_type: content_type.to_owned(),
            ts: message.ts.as_seconds(),
            edited: message.edited_ts.is_some(),
            edited_ts: seconds(message.edited_ts),
            deleted: message.deleted,
            deleted_ts: seconds(message.deleted_ts),
            deleted_by: message.deleted_by.map(|user| workspace.user_name(user).to_owned()),
            reply_to_id: message.reply_to.map(Seq::get),
            reactions: message.reactions.map(|user| workspace.user_name(*user).to_owned()),
            reaction_order: order_of(&message.reactions),
            reactions_ts: seconds(message.reactions_ts),
            mentions: mention_names(&message.mentions, workspace),
            filename: None,
            files: Vec::new(),
            metadata,
            client_msg_id: message.client_msg_id.as_ref().map(|id| id.as_str().to_owned()),
            thread_id: message.thread_root.map(Seq::get),
            thread: message.thread.as_ref().and_then(|it| ThreadView::new(it, workspace)),
            forward: match &message.attached {
                Some(Attached::Forward(it)) => Some(ForwardView::new(it, workspace)),
                Some(Attached::Notice(_) | Attached::Poll(_)) | None => None,
            },
            poll: match &message.attached {
                Some(Attached::Poll(it)) => Some(PollView::new(it, message, workspace)),
                Some(Attached::Notice(_) | Attached::Forward(_)) | None => None,
            },
            unreadable: message.lost.text,
            incomplete: !message.lost.text && (message.lost.thread || message.lost.rest),
        }
    }
}

impl ThreadView {
    /// `None` for a thread in which nothing is left.
    pub fn new(summary: &ThreadSummary, workspace: &Workspace) -> Option<ThreadView> {
        let participants = summary.participants.iter();
        (summary.replies > 0).then(|| ThreadView {
            replies: summary.replies,
            participants: participants
                .map(|(user, _)| workspace.user_name(*user).to_owned())
                .collect(),
            last_reply_id: summary.last_reply.get(),
            last_reply_ts: summary.last_reply_ts.as_seconds(),
        })
    }
}

impl ForwardView {
    fn new(forward: &Forward, workspace: &Workspace) -> ForwardView {
        let is_public = workspace
            .channels
            .get(&forward.channel)
            .is_some_and(|channel| matches!(channel.kind, ChannelKind::Public { .. }));
        ForwardView {
            id: forward.message.get(),
            channel: is_public.then(|| workspace.channel_name(forward.channel)),
            sender: workspace.user_name(forward.sender).to_owned(),
            ts: forward.ts.as_seconds(),
            content: forward.text.clone(),
        }
    }
}

impl PollView {
    fn new(poll: &Poll, message: &Message, workspace: &Workspace) -> PollView {
        let options = poll.options.iter().zip(0_u8..);
        PollView {
            question: message.text.clone().unwrap_or_default(),
            options: options
                .map(|(text, place)| {
                    let voters = message.votes.get(&place).map(Vec::as_slice).unwrap_or_default();
                    OptionView { text: text.clone(), voters: names(voters, workspace) }
                })
                .collect(),
            is_multiple: poll.is_multiple,
            closes_ts: seconds(poll.closes),
            closed_ts: seconds(message.poll_closed_ts),
        }
    }
}

/// The names of the reactions, in their order.
fn order_of<R>(reactions: &Reactions<R>) -> Vec<String> {
    reactions.iter().map(|(name, _)| name.to_owned()).collect()
}

/// The names in the `mentions` of a message.
pub fn mention_names(mentions: &Mentions, workspace: &Workspace) -> Vec<String> {
    match mentions {
        Mentions::Nobody => Vec::new(),
        Mentions::Users(users) => names(users, workspace),
        Mentions::Everyone => vec!["@everyone".to_owned()],
    }
}

pub(super) fn names<'a>(
    users: impl IntoIterator<Item = &'a UserId>,
    workspace: &Workspace,
) -> Vec<String> {
    users.into_iter().map(|user| workspace.user_name(*user).to_owned()).collect()
}

pub(super) fn seconds(ts: Option<Timestamp>) -> Option<f64> {
    ts.map(Timestamp::as_seconds)
}
