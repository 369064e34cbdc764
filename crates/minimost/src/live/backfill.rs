//! What a client missed: read from the log page by page, and told as far as its user may know it now.
//!
//! Neighbours: `outbox` asks for one page after the other; `frame` makes the bytes.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use chat::audience::{is_told_less, may_see_earlier_texts, may_see_now};
use chat::settings::EditHistoryVisibility;
use chat::{EventKind, LoggedEvent, Seq, UserId, Workspace};
use eventlog::{Epoch, Log, Reader, Record};
use tracing::error;

use super::shown::Told;
use super::{Cursor, Shared, frame};
use crate::codec;
use crate::fold::FoldError;

/// Events of one page: the log is not held up, and memory stays small when the reader is slow.
const PAGE_EVENTS: usize = 500;

/// Of each message that was edited in a gap, the last edit there.
type LastEdits = HashMap<Seq, Seq>;

/// What is missing, after `after` (exclusive) up to `up_to` (inclusive).
#[derive(Clone)]
pub(super) struct Gap {
    /// With a sum when it is still to be seen that this is the history on which the client stands.
    pub(super) after: Cursor,
    pub(super) up_to: Seq,
    /// Found when they are first needed; they are those of the whole gap.
    pub(super) last_edits: Option<Arc<LastEdits>>,
}

/// A piece of what the client missed.
pub(super) struct Page {
    /// Empty when nothing was missed.
    pub(super) bytes: Bytes,
    /// What comes after it.
    pub(super) rest: Gap,
}

/// Reads the next page of a gap; `None` when the client does not stand on this history, or has to load the state anew
/// because a record in the gap cannot be read.
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
        && !has_record(&shared.log, gap.after.seq, sum).await?
    {
        return Ok(None);
    }
    if gap.after.seq >= gap.up_to {
        return Ok(Some(Page { bytes: Bytes::new(), rest: gap }));
    }
    let workspace = shared.published.now();
    let hides_earlier_texts = workspace.settings.edit_history != EditHistoryVisibility::Everyone;
    if hides_earlier_texts && gap.last_edits.is_none() {
        gap.last_edits = Some(Arc::new(find_last_edits(&shared.log, &gap).await?));
    }
    let epoch = shared.epoch;
    let read = move |reader: &mut Reader| {
        // In one state of the log: an erasure between a message and its edit would bring the first text back.
        Ok(reader.snapshot(|reader| read_page(reader, gap, user, &workspace, epoch)))
    };
    shared.log.read(read).await?.map(Some)
}

/// Whether the record with this seq has an envelope of this sum.
async fn has_record(log: &Log, seq: Seq, sum: u32) -> Result<bool, FoldError> {
    let found = log.read(move |reader| reader.by_seqs(&[seq.get()])).await?;
    Ok(found.first().is_some_and(|record| record.envelope_sum() == sum))
}

/// Finds the last edits by reading the gap once more: what was said in it can only have been edited in it, so neither an
/// old message nor a long thread costs anything.
async fn find_last_edits(log: &Log, gap: &Gap) -> Result<LastEdits, FoldError> {
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
        let (edits, end) = log.read(read).await?;
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

/// Reads a page: the frames of what `user` may see, and a cursor at its end.
fn read_page(
    reader: &mut Reader,
    gap: Gap,
    user: UserId,
    workspace: &Workspace,
    epoch: Epoch,
) -> Result<Page, FoldError> {
    let records = reader.range(gap.after.seq.get(), gap.up_to.get(), PAGE_EVENTS)?;
    let is_last = records.len() < PAGE_EVENTS;
    let seq = records.last().filter(|_| !is_last).map_or(gap.up_to, |record| Seq(record.seq));
    let end = records.last().filter(|record| record.seq == seq.get());
    let end = Cursor { epoch, seq, sum: end.map(Record::envelope_sum) };
    let mut seen = Vec::with_capacity(records.len());
    for record in &records {
        let logged = codec::decode(record)?;
        if may_see_now(user, &logged, workspace) {
            seen.push(logged);
        }
    }
    let none = LastEdits::new();
    let last_edits = gap.last_edits.as_deref().unwrap_or(&none);
    let is_hidden = |logged: &LoggedEvent| !may_see_earlier_texts(user, logged.actor, workspace);
    let texts_now = texts_now(reader, &seen, last_edits, is_hidden)?;
    let mut out = Vec::new();
    for logged in &seen {
        let is_earlier_text = logged.kind == EventKind::MessageEdited
            && is_hidden(logged)
            && logged.target.and_then(|message| last_edits.get(&message)) != Some(&logged.seq);
        if is_earlier_text {
            continue;
        }
        let told = if is_told_less(user, logged, workspace) { Told::Less } else { Told::All };
        match texts_now.get(&logged.seq) {
            Some(edit) => frame::write_edited(&mut out, epoch, logged, edit, workspace, told),
            None => frame::write_event(&mut out, epoch, logged, workspace, told),
        };
    }
    out.extend_from_slice(&frame::heartbeat(end));
    let rest = Gap { after: Cursor { sum: None, ..end }, ..gap };
    Ok(Page { bytes: out.into(), rest })
}

/// The last edits of the messages that begin in a page and whose first text is not for who reads it.
fn texts_now(
    reader: &mut Reader,
    seen: &[LoggedEvent],
    last_edits: &LastEdits,
    is_hidden: impl Fn(&LoggedEvent) -> bool,
) -> Result<HashMap<Seq, LoggedEvent>, FoldError> {
    let begun = seen.iter().filter(|logged| logged.kind.begins_message() && is_hidden(logged));
    let seqs: Vec<_> = begun.filter_map(|logged| last_edits.get(&logged.seq)).collect();
    let seqs: Vec<_> = seqs.into_iter().map(|seq| seq.get()).collect();
    let mut found = HashMap::with_capacity(seqs.len());
    for record in reader.by_seqs(&seqs)? {
        let edit = codec::decode(&record)?;
        // Of a deleted message it is erased, as its first text is.
        if let (Some(message), Some(_)) = (edit.target, edit.event()) {
            found.insert(message, edit);
        }
    }
    Ok(found)
}
