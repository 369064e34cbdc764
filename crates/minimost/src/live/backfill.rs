//! What a client missed: page by page, out of memory or the log, and told as far as its user may know it now.
//!
//! Neighbours: `outbox` asks for one page after the other; `recent` has what happened last; `frame` makes the bytes.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use chat::audience::{is_told_less, may_see_earlier_texts, may_see_now};
use chat::settings::EditHistoryVisibility;
use chat::{EventKind, LoggedEvent, Seq, UserId, Workspace};
use eventlog::{Epoch, Reader, Record};
use tracing::error;

use super::shown::Told;
use super::{Cursor, Shared, frame};
use crate::codec;
use crate::fold::FoldError;

/// Events of one page: the log is not held up, and memory stays small when the reader is slow.
pub(super) const PAGE_EVENTS: usize = 500;

/// The longest gap that is replayed, in events of the whole log without those that others did for themselves. Further behind,
/// loading the state anew is cheaper for both sides, and the stream says `resync`.
const BACKFILL_EVENTS_MAX: u64 = 10_000;

/// Of each message that was edited in a gap, the last edit there.
pub(super) type LastEdits = HashMap<Seq, Seq>;

/// What is missing, after `after` (exclusive) up to `up_to` (inclusive).
#[derive(Clone)]
pub(super) struct Gap {
    /// With a sum when it is still to be seen that this is the history on which the client stands.
    pub(super) after: Cursor,
    pub(super) up_to: Seq,
    /// Found when they are first needed; they are those of the whole gap.
    pub(super) last_edits: Option<Arc<LastEdits>>,
    /// Whether it is known to be one that is replayed.
    is_short: bool,
}

impl Gap {
    pub(super) fn new(after: Cursor, up_to: Seq) -> Gap {
        Gap { after, up_to, last_edits: None, is_short: false }
    }

    /// In events of the whole log, at most.
    fn length(&self) -> u64 {
        self.up_to.get().saturating_sub(self.after.seq.get())
    }
}

/// A piece of what the client missed.
pub(super) struct Page {
    /// Empty when nothing was missed.
    pub(super) bytes: Bytes,
    /// What comes after it.
    pub(super) rest: Gap,
}

/// Reads the next page of a gap; `None` when the client does not stand on this history, or has to load the state anew
/// because the gap is too long or a record in it cannot be read.
pub(super) async fn next_page(
    shared: &Shared,
    user: UserId,
    gap: Gap,
) -> Result<Option<Page>, FoldError> {
    match try_next_page(shared, user, gap).await {
        Err(fault) if fault.is_of_one_record() => {
            error!("told a stream to load the state anew: {fault}");
            Ok(None)
        }
        page => page,
    }
}

async fn try_next_page(
    shared: &Shared,
    user: UserId,
    mut gap: Gap,
) -> Result<Option<Page>, FoldError> {
    if let Some(sum) = gap.after.sum.take()
        && !has_event(shared, gap.after.seq, sum).await?
    {
        return Ok(None);
    }
    if gap.after.seq >= gap.up_to {
        return Ok(Some(Page { bytes: Bytes::new(), rest: gap }));
    }
    let workspace = shared.published.now();
    shared.hear_of(workspace.head).await;
    if !gap.is_short && is_too_long(shared, user, &gap) {
        return Ok(None);
    }
    gap.is_short = true;
    let hides_earlier_texts = workspace.settings.edit_history != EditHistoryVisibility::Everyone;
    if hides_earlier_texts && gap.last_edits.is_none() {
        gap.last_edits = Some(Arc::new(find_last_edits(shared, &gap).await?));
    }
    let last_edits = gap.last_edits.clone().unwrap_or_default();
    let recent = shared.recent().page(user, gap.after.seq, gap.up_to, &last_edits);
    let viewer = Viewer { user, workspace, epoch: shared.epoch };
    if let Some(stretch) = recent {
        return Ok(Some(viewer.page(&stretch, gap)));
    }
    let read = move |reader: &mut Reader| {
        // In one state of the log: an erasure between a message and its edit would bring the first text back.
        Ok(reader.snapshot(|reader| {
            let stretch = viewer.read(reader, &gap, &last_edits)?;
            Ok(viewer.page(&stretch, gap))
        }))
    };
    shared.log.read(read).await?.map(Some)
}

fn is_too_long(shared: &Shared, user: UserId, gap: &Gap) -> bool {
    gap.length() > BACKFILL_EVENTS_MAX
        && shared.recent().count(user, gap.after.seq, gap.up_to) > BACKFILL_EVENTS_MAX
}

/// Whether there is an event with this seq whose envelope has this sum.
async fn has_event(shared: &Shared, seq: Seq, sum: u32) -> Result<bool, FoldError> {
    let (is_known, found) = {
        let recent = shared.recent();
        (recent.covers(seq), recent.find(seq))
    };
    if is_known {
        let found = found.map(|logged| Cursor::behind(shared.epoch, &logged));
        return Ok(found.is_some_and(|cursor| cursor.sum == Some(sum)));
    }
    let found = shared.log.read(move |reader| reader.by_seqs(&[seq.get()])).await?;
    Ok(found.first().is_some_and(|record| record.envelope_sum() == sum))
}

/// Finds the last edits by going through the gap once more: what was said in it can only have been edited in it, so neither
/// an old message nor a long thread costs anything.
async fn find_last_edits(shared: &Shared, gap: &Gap) -> Result<LastEdits, FoldError> {
    let recent = shared.recent().last_edits(gap.after.seq, gap.up_to);
    if let Some(last_edits) = recent {
        return Ok(last_edits);
    }
    let mut last_edits = LastEdits::new();
    let (mut after, up_to) = (gap.after.seq.get(), gap.up_to.get());
    while after < up_to {
        let read = move |reader: &mut Reader| {
            let records = reader.range(after, up_to, PAGE_EVENTS)?;
            let is_last = records.len() < PAGE_EVENTS;
            let end = records.last().filter(|_| !is_last).map_or(up_to, |record| record.seq);
            let edits: Vec<_> = records.iter().filter_map(edit).collect();
            Ok((edits, end))
        };
        let (edits, end) = shared.log.read(read).await?;
        last_edits.extend(edits);
        after = end;
    }
    Ok(last_edits)
}

/// The message that a record edits, and the record's own seq.
fn edit(record: &Record) -> Option<(Seq, Seq)> {
    let is_edit = record.kind == EventKind::MessageEdited.code();
    record.target.filter(|_| is_edit).map(|message| (Seq(message), Seq(record.seq)))
}

/// The events of a page, of one state of the log.
pub(super) struct Stretch {
    /// The whole gap when there are fewer than [`PAGE_EVENTS`].
    pub(super) events: Vec<Arc<LoggedEvent>>,
    /// The event at the end of the gap, whoever may see it: the cursor behind it says which it is.
    pub(super) last: Option<Arc<LoggedEvent>>,
    /// The last edits of messages that begin in it, for who may not know their first texts.
    pub(super) texts_now: HashMap<Seq, Arc<LoggedEvent>>,
}

/// Who is told, and by what is decided what they may know.
struct Viewer {
    user: UserId,
    workspace: Arc<Workspace>,
    epoch: Epoch,
}

impl Viewer {
    fn read(
        &self,
        reader: &mut Reader,
        gap: &Gap,
        last_edits: &LastEdits,
    ) -> Result<Stretch, FoldError> {
        let records = reader.range(gap.after.seq.get(), gap.up_to.get(), PAGE_EVENTS)?;
        let events = records.iter().map(|record| Ok(Arc::new(codec::decode(record)?)));
        let events: Vec<_> = events.collect::<Result<_, FoldError>>()?;
        let begun = events.iter().filter(|logged| {
            logged.kind.begins_message() && self.sees(logged) && self.is_hidden(logged)
        });
        let seqs = begun.filter_map(|logged| last_edits.get(&logged.seq)).map(|seq| seq.get());
        let mut texts_now = HashMap::new();
        for record in reader.by_seqs(&seqs.collect::<Vec<_>>())? {
            let edit = codec::decode(&record)?;
            // Of a deleted message it is erased, as its first text is.
            if let (Some(message), Some(_)) = (edit.target, edit.event()) {
                texts_now.insert(message, Arc::new(edit));
            }
        }
        let last = events.last().cloned();
        Ok(Stretch { events, last, texts_now })
    }

    /// The frames of what the user may see, and a cursor at the end.
    fn page(&self, stretch: &Stretch, gap: Gap) -> Page {
        let events = &stretch.events;
        let is_last = events.len() < PAGE_EVENTS;
        let seq = events.last().filter(|_| !is_last).map_or(gap.up_to, |logged| logged.seq);
        let end = events.last().into_iter().chain(&stretch.last).find(|logged| logged.seq == seq);
        let sum = end.and_then(|logged| Cursor::behind(self.epoch, logged).sum);
        let end = Cursor { epoch: self.epoch, seq, sum };
        let mut out = Vec::new();
        for logged in events.iter().filter(|logged| self.sees(logged)) {
            self.write(&mut out, logged, stretch, gap.last_edits.as_deref());
        }
        out.extend_from_slice(&frame::heartbeat(end));
        let rest = Gap { after: Cursor { sum: None, ..end }, ..gap };
        Page { bytes: out.into(), rest }
    }

    fn write(
        &self,
        out: &mut Vec<u8>,
        logged: &LoggedEvent,
        stretch: &Stretch,
        last_edits: Option<&LastEdits>,
    ) {
        let (user, workspace, epoch) = (self.user, &*self.workspace, self.epoch);
        let is_hidden = self.is_hidden(logged);
        let last_edit = logged.target.and_then(|message| last_edits?.get(&message));
        let is_edit = logged.kind == EventKind::MessageEdited;
        if is_edit && is_hidden && last_edit != Some(&logged.seq) {
            return;
        }
        let told = if is_told_less(user, logged, workspace) { Told::Less } else { Told::All };
        match stretch.texts_now.get(&logged.seq).filter(|_| is_hidden) {
            Some(edit) => frame::write_edited(out, epoch, logged, edit, workspace, told),
            None => frame::write_event(out, epoch, logged, workspace, told),
        };
    }

    fn sees(&self, logged: &LoggedEvent) -> bool {
        may_see_now(self.user, logged, &self.workspace)
    }

    /// Whether an earlier text of what its sender says is not for the user.
    fn is_hidden(&self, logged: &LoggedEvent) -> bool {
        !may_see_earlier_texts(self.user, logged.actor, &self.workspace)
    }
}
