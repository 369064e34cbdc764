//! Threads: one with its replies, those that one follows, following and reading.
//!
//! Neighbours: `messages` posts replies; `reading` answers the reads.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use chat::{ClientMsgId, Command, Message, Rejection, Seq, Workspace};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::extract::{Answer, LoggedIn, MessagePath};
use super::fields::{Input, Query, fields};
use super::messages::{PageLimit, submit, timestamp, wrong_parameter};
use super::problem::ApiError;
use crate::app::App;
use crate::fold::FoldRange;
use crate::reading::{At, Counts, FollowedThread, ThreadPage, ThreadQuery, WaitingThreads};
use crate::wire::MessageView;

fields! {
    /// Which replies of a thread.
    #[derive(IntoParams)]
    #[into_params(parameter_in = Query)]
    RepliesInput {
        before_id: Option<u64>,
        after_id: Option<u64>,
        /// 1 to 200, 50 when left out.
        #[param(value_type = Option<u64>)]
        #[schema(value_type = Option<u64>)]
        limit: PageLimit,
    }
}

fields! {
    /// Which of the threads that one follows.
    #[derive(IntoParams)]
    #[into_params(parameter_in = Query)]
    ThreadsInput {
        /// Only those in which something waits.
        unread: Option<bool>,
        /// Unix seconds: whose last reply is older.
        before_ts: Option<f64>,
        /// 1 to 200, 50 when left out.
        #[param(value_type = Option<u64>)]
        #[schema(value_type = Option<u64>)]
        limit: PageLimit,
    }
}

fields! {
    /// The wish to follow a thread, or no more.
    FollowInput {
        /// True when left out.
        on: Option<bool>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// How far one has read in a thread.
    ReadThreadInput {
        /// The newest reply when left out.
        message_id: Option<u64>,
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

/// A thread with a page of its replies.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ThreadPageView {
    /// Of the root.
    id: u64,
    /// Null for who came after it was said and sees the replies only.
    root: Option<MessageView>,
    /// Oldest first.
    replies: Vec<MessageView>,
    following: bool,
    /// How far one has read; null for who does not follow it.
    last_read_id: Option<u64>,
    unread: u64,
}

/// A thread that one follows.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FollowedThreadView {
    /// Of the root.
    id: u64,
    channel: String,
    /// Null for who came after it was said and sees the replies only.
    root: Option<MessageView>,
    unread: u64,
    mentions: u64,
    last_read_id: u64,
    /// Unix seconds; of the root while there is no reply.
    last_reply_ts: f64,
}

/// Threads that `GET /state` names at most.
const FOLLOWED_NAMED_MAX: usize = 2_000;

/// What waits in all threads that one follows, and which these are.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ThreadsState {
    unread: u64,
    mentions: u64,
    /// Of those where anything is unread how much, by root.
    unread_in: BTreeMap<u64, u64>,
    /// The roots; null when they are more than 2,000.
    followed: Option<Vec<u64>>,
}

impl ThreadsState {
    pub(super) fn new(waiting: WaitingThreads) -> ThreadsState {
        let WaitingThreads { all: Counts { unread, mentions }, unread: unread_in, followed } =
            waiting;
        let is_short = followed.len() <= FOLLOWED_NAMED_MAX;
        ThreadsState {
            unread,
            mentions,
            unread_in: unread_in.into_iter().map(|(root, unread)| (root.get(), unread)).collect(),
            followed: is_short.then(|| followed.into_iter().map(Seq::get).collect()),
        }
    }
}

impl ThreadPageView {
    fn new(page: &ThreadPage, workspace: &Workspace) -> ThreadPageView {
        let view = |message: &Message| MessageView::new(message, workspace);
        ThreadPageView {
            id: page.root_id.get(),
            root: page.root.as_ref().map(view),
            replies: page.replies.iter().map(view).collect(),
            following: page.standing.is_some(),
            last_read_id: page.standing.map(|standing| standing.marker.get()),
            unread: page.standing.map_or(0, |standing| standing.waiting.unread),
        }
    }
}

/// A thread with a page of its replies: the newest when neither end is named.
#[utoipa::path(get, path = "/thread/{id}", params(("id" = u64, Path), RepliesInput),
    responses((status = 200, body = ThreadPageView)))]
pub(super) async fn one(
    State(app): State<App>,
    asker: LoggedIn,
    MessagePath(id): MessagePath,
    Query(input): Query<RepliesInput>,
) -> Result<Answer<ThreadPageView>, ApiError> {
    let PageLimit(limit) = input.limit;
    let end = Seq(u64::MAX);
    let range = match (input.before_id.map(Seq), input.after_id.map(Seq)) {
        (Some(_), Some(_)) => {
            return Err(wrong_parameter("after_id", "cannot be combined with before_id"));
        }
        (None, Some(after)) => FoldRange::Oldest { after, before: end, limit },
        (before, None) => {
            FoldRange::Newest { after: Seq::ZERO, before: before.unwrap_or(end), limit }
        }
    };
    let At { workspace, found } =
        app.reading.thread(asker.user, id, range, asker.workspace.head).await?;
    let page = found.ok_or(Rejection::MessageNotFound)?;
    // What waits is of that moment, so the cursor is, too: a client counts on from it.
    Ok(Answer { body: ThreadPageView::new(&page, &workspace), cursor: app.cursor(&workspace) })
}

/// The threads that the asker follows, the newest reply first.
#[utoipa::path(get, path = "/threads", params(ThreadsInput),
    responses((status = 200, body = Vec<FollowedThreadView>)))]
pub(super) async fn list(
    State(app): State<App>,
    asker: LoggedIn,
    Query(input): Query<ThreadsInput>,
) -> Result<Answer<Vec<FollowedThreadView>>, ApiError> {
    let PageLimit(limit) = input.limit;
    let query = ThreadQuery {
        only_unread: input.unread.unwrap_or(false),
        before: input.before_ts.map(timestamp),
        limit,
    };
    let head = asker.workspace.head;
    let At { workspace, found: threads } = app.reading.threads(asker.user, query, head).await?;
    let view = |thread: FollowedThread| FollowedThreadView {
        id: thread.root_id.get(),
        channel: workspace.channel_name(thread.channel),
        root: thread.root.map(|root| MessageView::new(&root, &workspace)),
        unread: thread.standing.waiting.unread,
        mentions: thread.standing.waiting.mentions,
        last_read_id: thread.standing.marker.get(),
        last_reply_ts: thread.last_reply_ts.as_seconds(),
    };
    let body = threads.into_iter().map(view).collect();
    Ok(Answer { body, cursor: app.cursor(&workspace) })
}

/// Follows a thread, or no more.
#[utoipa::path(post, path = "/thread/{id}/follow", params(("id" = u64, Path)),
    request_body = FollowInput, responses((status = 204)))]
pub(super) async fn follow(
    State(app): State<App>,
    asker: LoggedIn,
    MessagePath(root): MessagePath,
    Input(input): Input<FollowInput>,
) -> Result<StatusCode, ApiError> {
    let command = Command::FollowThread { root, on: input.on.unwrap_or(true) };
    submit(&app, &asker, input.client_msg_id, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Moves one's own marker in a thread. Who does not follow it has none, and nothing happens.
#[utoipa::path(post, path = "/thread/{id}/read", params(("id" = u64, Path)),
    request_body = ReadThreadInput, responses((status = 204)))]
pub(super) async fn read(
    State(app): State<App>,
    asker: LoggedIn,
    MessagePath(root): MessagePath,
    Input(input): Input<ReadThreadInput>,
) -> Result<StatusCode, ApiError> {
    let command = Command::MarkThreadRead { root, up_to: input.message_id.map(Seq) };
    submit(&app, &asker, input.client_msg_id, command).await?;
    Ok(StatusCode::NO_CONTENT)
}
