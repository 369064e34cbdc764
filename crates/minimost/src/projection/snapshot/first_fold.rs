//! The fold of a long log: two threads read and decode ahead, by turns, and the bodies that no workspace needs are not read.
//!
//! All envelopes are verified on the way, and the bodies that are read. Those of messages are verified when they are read,
//! and by the comparison that every server makes.

use std::collections::HashSet;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use chat::ids::ChannelId;
use chat::workspace::PASSED;
use chat::{EventKind, LoggedEvent, Seq, Timestamp, Workspace};
use eventlog::{Log, Passage, Reader};

use crate::codec;
use crate::projection::ProjectionError;

/// Threads that read, each with its own connection: more would not find more cores on the machines that this is for.
const READERS: u64 = 2;

/// Seqs that a thread reads at once; it is at most two of these ahead. In tests a few, so that there are many turns.
const PIECE: u64 = if cfg!(test) { 16 } else { 16_384 };

type Piece = Result<Vec<Step>, ProjectionError>;

/// What a piece of the log does to a workspace.
enum Step {
    Apply(Box<LoggedEvent>),
    Pass { seq: Seq, ts: Timestamp, kind: EventKind, channel: Option<ChannelId> },
}

/// Applies the log's events after `workspace.head` up to `up_to`, inclusive: what [`fold`](super::fold) does.
pub(super) fn fold(
    log: &Log,
    workspace: &mut Workspace,
    up_to: Seq,
) -> Result<(), ProjectionError> {
    let begin = workspace.head.get();
    // The last event is read whole: a workspace knows it.
    let end = up_to.get().saturating_sub(1);
    if end.saturating_sub(begin) > PIECE {
        let readers = (0..READERS).map(|_| log.reader()).collect::<Result<Vec<_>, _>>()?;
        thread::scope(|scope| {
            let reading = (0..).zip(readers).map(|(turn, reader)| {
                let (send, pieces) = sync_channel(1);
                let from = begin + turn * PIECE;
                thread::Builder::new()
                    .name("first-fold".to_owned())
                    .spawn_scoped(scope, move || read(reader, from, end, &send))
                    .expect("a starting process may have threads");
                pieces
            });
            apply(workspace, &reading.collect::<Vec<_>>())
        })?;
    }
    super::fold(&mut log.reader()?, workspace, up_to)
}

/// Reads every [`READERS`]th piece.
fn read(mut reader: Reader, from: u64, end: u64, send: &SyncSender<Piece>) {
    let passed = PASSED.map(EventKind::code);
    let mut after = from;
    while after < end {
        let up_to = after.saturating_add(PIECE).min(end);
        let piece = reader
            .range_passing(after, up_to, usize::MAX, &passed)
            .map_err(ProjectionError::from)
            .and_then(steps);
        let failed = piece.is_err();
        // Whoever takes them has met a fault of the other's.
        if send.send(piece).is_err() || failed {
            return;
        }
        after = after.saturating_add(READERS * PIECE);
    }
}

/// What these do to a workspace: of the messages that are passed by only a channel's last does anything.
fn steps(passages: Vec<Passage>) -> Piece {
    let mut channels = HashSet::new();
    let mut steps = Vec::new();
    for passage in passages.into_iter().rev() {
        match passage {
            Passage::Read(record) => steps.push(Step::Apply(Box::new(codec::decode(&record)?))),
            Passage::Passed { seq, ts_micros, kind, channel } => {
                let kind = EventKind::from_code(kind).expect("only known kinds are passed");
                let channel = channel.map(|channel| ChannelId(Seq(channel)));
                if kind == EventKind::MessagePosted && channels.insert(channel) {
                    steps.push(Step::Pass {
                        seq: Seq(seq),
                        ts: Timestamp(ts_micros),
                        kind,
                        channel,
                    });
                }
            }
        }
    }
    steps.reverse();
    Ok(steps)
}

/// Takes a piece of each reader in turn, until the one whose turn it is has no more.
fn apply(workspace: &mut Workspace, reading: &[Receiver<Piece>]) -> Result<(), ProjectionError> {
    for pieces in reading.iter().cycle() {
        let Ok(piece) = pieces.recv() else { break };
        for step in piece? {
            match step {
                Step::Apply(event) => workspace.apply(&event),
                Step::Pass { seq, ts, kind, channel } => workspace.pass(seq, ts, kind, channel),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chat::testing::{Batch, History};

    use super::*;

    #[tokio::test]
    async fn what_two_threads_fold_is_what_one_folds_from_any_event_to_any() {
        for seed in 0..8 {
            let history = History::random(seed, 300);
            let directory = tempfile::tempdir().unwrap();
            let log = Log::open(&directory.path().join("log.db"), 0).unwrap();
            for step in &history.steps {
                let Ok(Batch { events, redacted }) = &step.outcome else { continue };
                let Some(first) = events.first() else { continue };
                let by = |seq: &Seq| codec::redaction(*seq, first.seq, first.kind);
                let batch = codec::batch(events, redacted.iter().map(by).collect());
                log.append(batch).await.unwrap();
            }
            let head = log.head();
            assert!(head > 8 * PIECE, "{head}");
            let mut reader = log.reader().unwrap();
            for (from, up_to) in
                [(0, head), (0, head - 1), (head / 3, head), (head - 20, head), (head, head)]
            {
                let mut begun = Workspace::default();
                super::super::fold(&mut reader, &mut begun, Seq(from)).unwrap();
                let (mut one, mut two) = (begun.clone(), begun);
                super::super::fold(&mut reader, &mut one, Seq(up_to)).unwrap();
                fold(&log, &mut two, Seq(up_to)).unwrap();
                assert!(one == two, "seed {seed}, from {from} up to {up_to}");
            }
        }
    }
}
