//! How far people have read, on its way to the others who have the channel open: one round per channel and second. Where they
//! are many it is how many, and the names of a few.
//!
//! Neighbours: `run` calls.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::time::Duration;

use bytes::Bytes;
use chat::receipts::{Crowd, Readers};
use chat::workspace::ReadMarker;
use chat::{ChannelId, Event, Seq, UserId, Workspace};
use lru::LruCache;
use tokio::time::Instant;

use super::frame;
use crate::published::Announcement;
use crate::wire::ReadMarkersView;

/// Channels whose readers are followed, those of which somebody was told last: of 5,000 people half a megabyte each. In
/// others all are counted anew.
const FOLLOWED_MAX: NonZeroUsize = NonZeroUsize::new(32).expect("it is not zero");

/// What was read and is not told yet.
pub(super) struct MarkerBoard {
    channels: HashMap<ChannelId, Waiting>,
    followed: LruCache<ChannelId, Readers>,
}

impl Default for MarkerBoard {
    fn default() -> MarkerBoard {
        MarkerBoard { channels: HashMap::new(), followed: LruCache::new(FOLLOWED_MAX) }
    }
}

/// Markers of one channel that wait for the second to be over.
struct Waiting {
    due: Instant,
    markers: Markers,
}

/// Per reader the newest marker.
pub(super) type Markers = BTreeMap<UserId, ReadMarker>;

/// The least time between two frames of a channel.
const MARKER_INTERVAL: Duration = Duration::from_secs(1);

impl MarkerBoard {
    /// Takes the markers of a round.
    pub(super) fn note(&mut self, round: &[Announcement], now: Instant) {
        for logged in round.iter().flat_map(|announcement| announcement.events.iter()) {
            if let Some(Event::ChannelRead { channel, up_to, up_to_ts }) = logged.event() {
                let marker = ReadMarker { up_to: *up_to, ts: *up_to_ts };
                let waiting = self
                    .channels
                    .entry(*channel)
                    .or_insert_with(|| Waiting { due: now, markers: Markers::new() });
                waiting.markers.insert(logged.actor, marker);
            }
        }
    }

    /// The channels whose second is over, with what waited.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<(ChannelId, Markers)> {
        self.channels.retain(|_, waiting| waiting.due > now || !waiting.markers.is_empty());
        let due = self.channels.iter_mut().filter(|(_, waiting)| waiting.due <= now);
        due.map(|(channel, waiting)| {
            waiting.due = now + MARKER_INTERVAL;
            (*channel, std::mem::take(&mut waiting.markers))
        })
        .collect()
    }

    /// The readers of a channel, as they were when somebody was told of them last.
    pub(super) fn readers(&mut self, channel: ChannelId) -> &mut Readers {
        self.followed.get_or_insert_mut(channel, || Readers::new(channel))
    }
}

/// The frames of a round of one channel.
///
/// Whose history begins after some of the messages that were read must not hear of them. A frame is written once for all
/// who may hear of the same markers. A reader among the viewers hears of their own marker too, and knows it.
///
/// Of a crowd everybody hears the whole, so that it holds whatever was heard before: also who alone has moved, and who sees
/// nothing of what was read, because somebody may have gone back behind their beginning.
pub(super) struct MarkerFrames<'a> {
    channel: ChannelId,
    /// By how far they have read.
    markers: Vec<(&'a UserId, &'a ReadMarker)>,
    /// Of a crowd.
    readers: Option<&'a mut Readers>,
    /// Counted when the first viewer asks.
    crowd: OnceCell<Option<Crowd>>,
    workspace: &'a Workspace,
    /// By how many markers and how many counts are in them.
    frames: HashMap<(usize, usize), Bytes>,
}

impl<'a> MarkerFrames<'a> {
    pub(super) fn new(
        channel: ChannelId,
        markers: &'a Markers,
        readers: Option<&'a mut Readers>,
        workspace: &'a Workspace,
    ) -> MarkerFrames<'a> {
        let mut markers: Vec<_> = markers.iter().collect();
        markers.sort_unstable_by_key(|(_, marker)| marker.up_to);
        let (crowd, frames) = (OnceCell::new(), HashMap::new());
        MarkerFrames { channel, markers, readers, crowd, workspace, frames }
    }

    /// What a viewer hears whose history begins there; nothing when nobody else of a few has read what they see.
    pub(super) fn of(&mut self, viewer: UserId, beginning: Seq) -> Option<Bytes> {
        let (channel, workspace) = (self.channel, self.workspace);
        let frame = |markers| frame::read_markers(channel, markers, workspace);
        let readers = self.readers.as_deref_mut();
        let crowd = self.crowd.get_or_init(|| {
            let readers = readers?;
            readers.follow(workspace);
            readers.crowd()
        });
        if let Some(crowd) = crowd {
            let (named, counts) = crowd.since(beginning);
            let write = || frame(ReadMarkersView::crowd(crowd, beginning, workspace));
            let size = (named.len(), counts.len());
            return Some(self.frames.entry(size).or_insert_with(write).clone());
        }
        let hidden = self.markers.partition_point(|(_, marker)| marker.up_to < beginning);
        let seen = &self.markers[hidden..];
        if seen.iter().all(|(reader, _)| **reader == viewer) {
            return None;
        }
        let write = || frame(ReadMarkersView::named(seen.iter().copied(), workspace));
        Some(self.frames.entry((seen.len(), 0)).or_insert_with(write).clone())
    }
}
