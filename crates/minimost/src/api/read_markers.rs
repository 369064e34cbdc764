//! What has been read: one's own markers, other people's, and what is left to read.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use chat::audience::history_start;
use chat::receipts::{Crowd, Readers, is_crowd};
use chat::workspace::ChannelKind;
use chat::{ChannelId, ClientMsgId, Command, Seq, Workspace};
use futures_util::future::try_join_all;
use lru::LruCache;
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::{Answer, ChannelPath, LoggedIn, MessagePath};
use super::fields::{Input, fields};
use super::messages::submit;
use super::problem::ApiError;
use crate::app::App;
use crate::published::PublishedWorkspace;
use crate::reading::{At, Counts, ThreadQuery};
use crate::wire::ReadMarkersView;

/// Channels whose readers are followed, those that were asked about last: of 5,000 people half a megabyte each.
const FOLLOWED_MAX: NonZeroUsize = NonZeroUsize::new(8).expect("it is not zero");

/// The crowds of channels. In the morning thousands open the same one, and each of them reads there: whoever asks next has
/// counted anew what has moved since, and no more.
pub(super) struct Crowds {
    followed: Mutex<LruCache<ChannelId, Arc<Mutex<Followed>>>>,
}

struct Followed {
    readers: Readers,
    /// What they came to.
    crowd: Option<Arc<Crowd>>,
}

impl Default for Crowds {
    fn default() -> Crowds {
        Crowds { followed: Mutex::new(LruCache::new(FOLLOWED_MAX)) }
    }
}

impl Crowds {
    /// The crowd of a channel at the head of `published`, and that workspace: read when it is this question's turn, so that
    /// nobody follows back to an older one.
    fn of(
        &self,
        channel: ChannelId,
        published: &PublishedWorkspace,
    ) -> (Option<Arc<Crowd>>, Arc<Workspace>) {
        let new = || Arc::new(Mutex::new(Followed { readers: Readers::new(channel), crowd: None }));
        let followed = {
            let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(followed.get_or_insert(channel, new))
        };
        let mut followed = followed.lock().unwrap_or_else(PoisonError::into_inner);
        let workspace = published.now();
        if followed.readers.follow(&workspace) > 0 {
            followed.crowd = followed.readers.crowd().map(Arc::new);
        }
        (followed.crowd.clone(), workspace)
    }
}

/// Threads that are marked read in one commit.
const THREADS_AT_ONCE: usize = 200;

fields! {
    /// The wish to mark something unread again, or everything read.
    MarkInput {
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
    }
}

fields! {
    /// How far one has read.
    MarkReadInput {
        /// The newest message when left out.
        message_id: Option<u64>,
    }
}

/// The last message that somebody has read; nulls when nothing was.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LastRead {
    last_read_id: Option<u64>,
    /// Unix seconds.
    last_read_ts: Option<f64>,
}

/// Unread messages over all direct channels but closed ones.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UnreadCount {
    count: u64,
}

/// Moves one's own read marker.
#[utoipa::path(post, path = "/mark_read/{channel}", params(("channel" = String, Path)),
    request_body = MarkReadInput, responses((status = 204)))]
pub(super) async fn mark_read(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(channel): ChannelPath,
    Input(input): Input<MarkReadInput>,
) -> Result<StatusCode, ApiError> {
    let command = Command::MarkRead { channel, up_to: input.message_id.map(Seq) };
    app.writer.mark_read(asker.actor(), command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Moves one's own marker, of the channel or of the thread that the message is in, to just before it.
#[utoipa::path(post, path = "/mark_unread/{id}", params(("id" = u64, Path)),
    request_body = MarkInput, responses((status = 204)))]
pub(super) async fn mark_unread(
    State(app): State<App>,
    asker: LoggedIn,
    MessagePath(message): MessagePath,
    Input(input): Input<MarkInput>,
) -> Result<StatusCode, ApiError> {
    // A marker that still waits must not win over this one.
    app.writer.flush_markers(asker.user).await?;
    let command = Command::MarkUnread { message };
    submit(&app, &asker, input.client_msg_id, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Moves all one's own markers to the newest: of every channel, and of every thread in which something waits.
#[utoipa::path(post, path = "/mark_all_read", request_body = MarkInput,
    responses((status = 204)))]
pub(super) async fn mark_all_read(
    State(app): State<App>,
    asker: LoggedIn,
    Input(input): Input<MarkInput>,
) -> Result<StatusCode, ApiError> {
    app.writer.flush_markers(asker.user).await?;
    submit(&app, &asker, input.client_msg_id, Command::MarkAllRead).await?;
    loop {
        let head = app.workspace().head;
        let query = ThreadQuery { only_unread: true, before: None, limit: THREADS_AT_ONCE };
        let threads = app.reading.threads(asker.user, query, head).await?.found;
        let read = threads.iter().map(|thread| {
            let command = Command::MarkThreadRead { root: thread.root_id, up_to: None };
            app.writer.submit(asker.actor(), None, command)
        });
        // Together, so that they share a commit.
        let read = try_join_all(read).await?;
        let has_moved = read.iter().any(|receipt| receipt.seq.is_some());
        if threads.len() < THREADS_AT_ONCE || !has_moved {
            return Ok(StatusCode::NO_CONTENT);
        }
    }
}

/// One's own read marker.
#[utoipa::path(get, path = "/last_read/{channel}", params(("channel" = String, Path)),
    responses((status = 200, body = LastRead)))]
pub(super) async fn last_read(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(name): ChannelPath,
) -> Result<Answer<LastRead>, ApiError> {
    let asker = with_own_markers(&app, asker).await?;
    let channel = asker.place(&name)?.channel();
    let found = channel.and_then(|channel| asker.workspace.channels.get(&channel));
    let marker = found.and_then(|channel| channel.markers.get(&asker.user));
    let last_read = LastRead {
        last_read_id: marker.map(|marker| marker.up_to.get()),
        last_read_ts: marker.map(|marker| marker.ts.as_seconds()),
    };
    Ok(asker.answer(&app, last_read))
}

/// Per member the time of the last message read, of those messages that the asker sees.
#[utoipa::path(get, path = "/read_receipts/{channel}", params(("channel" = String, Path)),
    responses((status = 200, body = BTreeMap<String, f64>)))]
pub(super) async fn receipts(
    State(app): State<App>,
    asker: LoggedIn,
    ChannelPath(name): ChannelPath,
) -> Result<Answer<BTreeMap<String, f64>>, ApiError> {
    let asker = with_own_markers(&app, asker).await?;
    let channel = asker.place(&name)?.channel();
    let found = channel.and_then(|channel| asker.workspace.channels.get(&channel));
    let markers = found.into_iter().flat_map(|channel| &channel.markers);
    let start = channel.and_then(|it| history_start(asker.user, it, &asker.workspace));
    let receipts = markers
        .filter(|(user, marker)| **user == asker.user || Some(marker.up_to) >= start)
        .map(|(user, marker)| (asker.workspace.user_name(*user).to_owned(), marker.ts.as_seconds()))
        .collect();
    Ok(asker.answer(&app, receipts))
}

/// Who has read how far, of what the asker sees: all by name, or of a crowd how many.
#[utoipa::path(get, path = "/read_markers/{channel}", params(("channel" = String, Path)),
    responses((status = 200, body = ReadMarkersView)))]
pub(super) async fn of_channel(
    State(app): State<App>,
    Extension(crowds): Extension<Arc<Crowds>>,
    asker: LoggedIn,
    ChannelPath(name): ChannelPath,
) -> Result<Answer<ReadMarkersView>, ApiError> {
    let asker = with_own_markers(&app, asker).await?;
    let Some(channel) = asker.place(&name)?.channel() else {
        return Ok(asker.answer(&app, ReadMarkersView::default()));
    };
    if !is_crowd(channel, &asker.workspace) {
        let markers = ReadMarkersView::of(asker.user, channel, None, &asker.workspace);
        return Ok(asker.answer(&app, markers));
    }
    let (crowd, workspace) = crowds.of(channel, &app.published);
    let asker = asker.at(workspace);
    let markers = ReadMarkersView::of(asker.user, channel, crowd.as_deref(), &asker.workspace);
    Ok(asker.answer(&app, markers))
}

/// Unread messages of each public channel that the asker is in.
#[utoipa::path(get, path = "/channel_unreads",
    responses((status = 200, body = BTreeMap<String, u64>)))]
pub(super) async fn channel_unreads(
    State(app): State<App>,
    asker: LoggedIn,
) -> Result<Answer<BTreeMap<String, u64>>, ApiError> {
    let At { workspace, found: counts } = counts(&app, &asker).await?;
    let unread = |channel: ChannelId| counts.get(&channel).copied().unwrap_or_default().unread;
    let public = workspace.channels_of(asker.user).into_iter();
    let public = public.filter(|channel| is_public(*channel, &workspace));
    let body = public.map(|channel| (workspace.channel_name(channel), unread(channel))).collect();
    Ok(Answer { body, cursor: app.cursor(&workspace) })
}

/// Unread messages over all direct channels but closed ones, which count again when something new is said there.
#[utoipa::path(get, path = "/unread_count", responses((status = 200, body = UnreadCount)))]
pub(super) async fn unread_count(
    State(app): State<App>,
    asker: LoggedIn,
) -> Result<Answer<UnreadCount>, ApiError> {
    let At { workspace, found: counts } = counts(&app, &asker).await?;
    let is_listed = |channel: ChannelId| {
        is_direct(channel, &workspace) && !workspace.is_hidden(asker.user, channel)
    };
    let listed = counts.iter().filter(|(channel, _)| is_listed(**channel));
    let body = UnreadCount { count: listed.map(|(_, counts)| counts.unread).sum() };
    Ok(Answer { body, cursor: app.cursor(&workspace) })
}

async fn counts(app: &App, asker: &LoggedIn) -> Result<At<BTreeMap<ChannelId, Counts>>, ApiError> {
    app.writer.flush_markers(asker.user).await?;
    Ok(app.reading.counts(asker.user, app.workspace().head).await?)
}

/// The asker's waiting markers are written first, so that they read what they wrote.
async fn with_own_markers(app: &App, asker: LoggedIn) -> Result<LoggedIn, ApiError> {
    app.writer.flush_markers(asker.user).await?;
    Ok(LoggedIn { workspace: app.workspace(), ..asker })
}

fn is_direct(channel: ChannelId, workspace: &Workspace) -> bool {
    let found = workspace.channels.get(&channel);
    found.is_some_and(|channel| matches!(channel.kind, ChannelKind::Direct { .. }))
}

fn is_public(channel: ChannelId, workspace: &Workspace) -> bool {
    let found = workspace.channels.get(&channel);
    found.is_some_and(|channel| matches!(channel.kind, ChannelKind::Public { .. }))
}
