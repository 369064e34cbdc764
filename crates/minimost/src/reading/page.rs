//! Pages of a channel: out of its window where that has them, folded from the log where it does not, without a seam.

use std::sync::Arc;

use chat::audience::history_start;
use chat::{ChannelId, Message, Seq, Timestamp, UserId, Workspace};
use eventlog::Reader;

use super::state::{Missing, Need, State};
use super::{At, END, Reading, ReadingError};
use crate::fold::{FoldError, FoldRange, message_fold, messages_changed};

/// Messages in one answer to [`PageQuery::Changed`].
pub const CHANGED_MAX: usize = 1_000;

/// Which messages of a channel.
#[derive(Clone, Copy, Debug)]
pub enum PageQuery {
    /// The newest `limit`.
    Newest { limit: usize },
    /// The newest `limit` with an id below `before`.
    Before { before: Seq, limit: usize },
    /// The oldest `limit` with an id above `after`.
    After { after: Seq, limit: usize },
    /// `limit` messages with this one in the middle; none when it is not there.
    Around { id: Seq, limit: usize },
    /// The newest `limit` that were said earlier than `before`.
    Earlier { before: Timestamp, limit: usize },
    /// New or changed in `(since, until)`, oldest first, replies that stand only in a thread among them.
    Changed { since: Timestamp, until: Option<Timestamp>, limit: usize },
}

type Page = Vec<Arc<Message>>;

/// Where a page is found.
enum Place {
    /// The asker may not read the channel, or no more.
    Nowhere,
    /// In the window.
    Here(Page),
    /// In the log, from here on.
    InLog(Seq),
}

impl Reading {
    /// A page of a channel, oldest first, tombstones included, from where the user's history begins; `None` for who may
    /// not read there.
    pub async fn page(
        &self,
        user: UserId,
        channel: ChannelId,
        query: PageQuery,
        at: Seq,
    ) -> Result<At<Option<Page>>, ReadingError> {
        let find = move |state: &mut State| state.place(user, channel, query);
        let At { workspace, found } = self.ask(at, find).await?;
        let history = match found {
            Place::Nowhere => return Ok(At { workspace, found: None }),
            Place::Here(page) => return Ok(At { workspace, found: Some(page) }),
            Place::InLog(history) => history,
        };
        let fold = move |reader: &mut Reader, workspace: &Workspace| {
            let mut folding = Folding { reader, channel, history, head: workspace.head };
            Ok(Some(folding.page(query)?.into_iter().map(Arc::new).collect()))
        };
        self.fold_at(workspace, fold).await
    }
}

impl State {
    fn place(
        &mut self,
        user: UserId,
        channel: ChannelId,
        query: PageQuery,
    ) -> Result<Place, Missing> {
        let Some(history) = history_start(user, channel, &self.workspace) else {
            return Ok(Place::Nowhere);
        };
        let window = self.windows.get(channel);
        let page = match (window, query) {
            (None, PageQuery::Newest { .. }) => {
                return Err(Missing::Needs(vec![Need::Window(channel)]));
            }
            (None, _) | (_, PageQuery::Changed { .. }) => None,
            (Some(window), PageQuery::Newest { limit }) => window.newest(history, END, limit),
            (Some(window), PageQuery::Before { before, limit }) => {
                window.newest(history, before, limit)
            }
            (Some(window), PageQuery::After { after, limit }) => {
                window.oldest(after.min(END).next().max(history), limit)
            }
            (Some(window), PageQuery::Earlier { before, limit }) => {
                window.first_at(before).and_then(|before| window.newest(history, before, limit))
            }
            (Some(window), PageQuery::Around { id, limit }) => {
                let newer = window.oldest(id.max(history), limit - limit / 2);
                let older = window.newest(history, id, limit / 2);
                older.zip(newer).map(|(older, newer)| around(id, older, newer, |it| it.id))
            }
        };
        Ok(page.map_or(Place::InLog(history), Place::Here))
    }
}

/// The two halves of a page, when the message in the middle is there.
fn around<M>(id: Seq, older: Vec<M>, newer: Vec<M>, id_of: impl Fn(&M) -> Seq) -> Vec<M> {
    if newer.first().is_none_or(|message| id_of(message) != id) {
        return Vec::new();
    }
    let mut page = older;
    page.extend(newer);
    page
}

/// Pages of one channel out of the log, from where a history begins.
struct Folding<'a> {
    reader: &'a mut Reader,
    channel: ChannelId,
    history: Seq,
    head: Seq,
}

impl Folding<'_> {
    fn page(&mut self, query: PageQuery) -> Result<Vec<Message>, FoldError> {
        match query {
            PageQuery::Newest { limit } => self.newest(END, limit),
            PageQuery::Before { before, limit } => self.newest(before.min(END), limit),
            PageQuery::After { after, limit } => self.oldest(after.min(END), limit),
            PageQuery::Around { id, limit } => {
                let id = id.min(END);
                let newer = self.oldest(Seq(id.get().saturating_sub(1)), limit - limit / 2)?;
                let older = self.newest(id, limit / 2)?;
                Ok(around(id, older, newer, |message| message.id))
            }
            PageQuery::Earlier { before, limit } => {
                let earlier = self.reader.seq_at(before.0.saturating_sub(1))?;
                self.newest(Seq(earlier).next(), limit)
            }
            PageQuery::Changed { since, until, limit } => {
                let (time, head) = ((since, until), self.head);
                messages_changed(self.reader, self.channel, self.history, time, head, limit)
            }
        }
    }

    fn newest(&mut self, before: Seq, limit: usize) -> Result<Vec<Message>, FoldError> {
        let after = Seq(self.history.get().saturating_sub(1));
        self.fold(FoldRange::Newest { after, before, limit })
    }

    fn oldest(&mut self, after: Seq, limit: usize) -> Result<Vec<Message>, FoldError> {
        let after = after.max(Seq(self.history.get().saturating_sub(1)));
        self.fold(FoldRange::Oldest { after, before: END, limit })
    }

    fn fold(&mut self, range: FoldRange) -> Result<Vec<Message>, FoldError> {
        message_fold(self.reader, self.channel, range, self.head)
    }
}
