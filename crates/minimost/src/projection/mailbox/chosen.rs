//! Messages that are asked for one by one, pinned or saved, and what one of them said before it was edited.

use std::collections::HashMap;

use chat::audience::may_see;
use chat::{EventKind, Message, Seq, Timestamp, UserId, Workspace};

use super::super::{InFile, ProjectionError};
use super::file::{Fault, Mailbox, Sources};
use super::rows;
use crate::codec;
use crate::fold::{FoldError, messages_by_id};
use crate::wire::MessageView;

/// Texts of one message in one answer; of more, the newest.
const TEXTS_MAX: usize = 200;

/// What a message has said.
#[derive(Debug)]
pub struct EditHistory {
    pub sender: UserId,
    /// Oldest first, the current text last.
    pub texts: Vec<(Timestamp, String)>,
}

impl Mailbox {
    /// These messages, in this order; what the owner may not see is left out.
    pub fn chosen(
        &self,
        sources: &mut Sources,
        workspace: &Workspace,
        ids: &[Seq],
    ) -> Result<Vec<MessageView>, ProjectionError> {
        let mut found = HashMap::new();
        for id in ids {
            let row = rows::find(&self.file, *id).map_err(Fault::from).in_file(&self.path)?;
            found.extend(row.map(|view| (*id, view)));
        }
        let absent = ids.iter().copied().filter(|id| !found.contains_key(id)).collect();
        found.extend(folded(sources, workspace, self.owner, absent)?);
        Ok(in_order(found, ids))
    }
}

/// As [`Mailbox::chosen`], without a mailbox.
pub(super) fn chosen(
    sources: &mut Sources,
    workspace: &Workspace,
    user: UserId,
    ids: &[Seq],
) -> Result<Vec<MessageView>, ProjectionError> {
    Ok(in_order(folded(sources, workspace, user, ids.to_vec())?, ids))
}

/// What a message has said, for who may see it; nothing of a deleted one.
pub(super) fn edit_history(
    sources: &mut Sources,
    workspace: &Workspace,
    user: UserId,
    id: Seq,
) -> Result<Option<EditHistory>, ProjectionError> {
    let end = workspace.head.next().get();
    let reader = &mut sources.reader;
    let versions = reader.snapshot(|reader| -> Result<Vec<Message>, FoldError> {
        let posted = reader.by_seqs(&[id.get()])?;
        let edited = EventKind::MessageEdited.code();
        let edits = reader.target_newest(id.get(), edited, 0, end, TEXTS_MAX)?;
        let mut versions: Vec<Message> = Vec::with_capacity(edits.len() + 1);
        for record in posted.iter().chain(&edits) {
            let record = codec::decode(record)?;
            match versions.last() {
                None if record.seq == id && record.kind.begins_message() => {
                    versions.push(Message::posted(&record));
                }
                None => return Ok(Vec::new()),
                Some(before) => {
                    let mut version = before.clone();
                    version.apply(&record);
                    versions.push(version);
                }
            }
        }
        Ok(versions)
    })?;
    let Some(first) = versions.first() else { return Ok(None) };
    // A deleted message leaves records without a text; its deletion need not be looked for.
    if first.deleted || !may_see(user, first.channel, id, workspace) {
        return Ok(None);
    }
    let sender = first.sender;
    let said = versions.iter().filter_map(|version| {
        let ts = version.edited_ts.unwrap_or(version.ts);
        Some((ts, MessageView::new(version, workspace).content?))
    });
    let mut texts: Vec<_> = said.collect();
    texts.drain(..texts.len().saturating_sub(TEXTS_MAX));
    Ok(Some(EditHistory { sender, texts }))
}

fn folded(
    sources: &mut Sources,
    workspace: &Workspace,
    user: UserId,
    mut ids: Vec<Seq>,
) -> Result<HashMap<Seq, MessageView>, ProjectionError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    ids.sort_unstable();
    let messages = messages_by_id(&mut sources.reader, &ids, workspace.head)?;
    let seen = messages.iter().filter(|it| may_see(user, it.channel, it.id, workspace));
    Ok(seen.map(|message| (message.id, MessageView::new(message, workspace))).collect())
}

fn in_order(mut found: HashMap<Seq, MessageView>, ids: &[Seq]) -> Vec<MessageView> {
    ids.iter().filter_map(|id| found.remove(id)).collect()
}
