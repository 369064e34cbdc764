//! From commits to everybody's queue: each event serialised once, adjacent ones that the same people see in one piece.
//!
//! Neighbours: `mod` calls for each round of announcements; `frame` has the bytes; `registry` has the people.

use bytes::Bytes;
use chat::audience::{audience, told_less};
use chat::{Audience, Seq};
use eventlog::Epoch;

use super::frame;
use super::shown::Told;
use crate::published::Announcement;

/// A run of events that the same people see.
pub(super) struct Segment {
    pub(super) audience: Audience,
    bytes: Bytes,
    /// Of each event its seq and where its frame begins.
    begins: Vec<(Seq, usize)>,
}

impl Segment {
    /// What of it comes after `from`, and how many events that is; shares the bytes.
    pub(super) fn after(&self, from: Seq) -> Option<(Bytes, usize)> {
        if self.begins.first().is_some_and(|(seq, _)| *seq > from) {
            return Some((self.bytes.clone(), self.begins.len()));
        }
        let had = self.begins.partition_point(|(seq, _)| *seq <= from);
        let (_, begin) = self.begins.get(had)?;
        Some((self.bytes.slice(begin..), self.begins.len() - had))
    }
}

/// The segments of a round of commits, in order.
pub(super) fn segments(epoch: Epoch, round: &[Announcement]) -> Vec<Segment> {
    let mut done = Vec::new();
    let mut open = Open::default();
    for Announcement { events, workspace, .. } in round {
        for logged in events.iter() {
            let seen_by = audience(logged, workspace);
            if seen_by == Audience::Nobody {
                continue;
            }
            let less = told_less(logged, workspace);
            let seen_by = if less.is_empty() { seen_by } else { seen_by.without(&less) };
            let mut write = |seen_by: Audience, told: Told| {
                done.extend(open.turn_to(seen_by));
                let begin = open.bytes.len();
                if frame::write_event(&mut open.bytes, epoch, logged, workspace, told) {
                    open.begins.push((logged.seq, begin));
                }
            };
            write(seen_by, Told::All);
            if !less.is_empty() {
                write(Audience::Users(less), Told::Less);
            }
        }
    }
    done.extend(open.close());
    done
}

/// A segment that may still grow.
#[derive(Default)]
struct Open {
    audience: Option<Audience>,
    bytes: Vec<u8>,
    begins: Vec<(Seq, usize)>,
}

impl Open {
    /// What comes is for these; the segment that was for others is done.
    fn turn_to(&mut self, seen_by: Audience) -> Option<Segment> {
        if self.audience.as_ref() == Some(&seen_by) {
            return None;
        }
        let done = self.close();
        self.audience = Some(seen_by);
        done
    }

    fn close(&mut self) -> Option<Segment> {
        let (audience, bytes) = (self.audience.take()?, std::mem::take(&mut self.bytes));
        let begins = std::mem::take(&mut self.begins);
        (!begins.is_empty()).then(|| Segment { audience, bytes: bytes.into(), begins })
    }
}
