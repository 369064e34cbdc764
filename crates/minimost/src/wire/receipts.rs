//! Read markers as others may see them.

use std::collections::BTreeMap;

use chat::audience::history_start;
use chat::receipts::Crowd;
use chat::workspace::ReadMarker;
use chat::{ChannelId, Seq, UserId, Workspace};
use serde::Serialize;
use utoipa::ToSchema;

/// Who has read how far in a channel, as one person may see it.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ReadMarkersView {
    /// By username. Beside `counts` a few who have read furthest.
    markers: BTreeMap<String, ReadMarkerView>,
    /// Of a crowd, by rising id: the messages after the id before, up to this one, were read by at least so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, u64>>)]
    counts: Option<BTreeMap<u64, u64>>,
}

/// The last message that somebody has read.
#[derive(Debug, Serialize, ToSchema)]
struct ReadMarkerView {
    last_read_id: u64,
    /// Unix seconds.
    last_read_ts: f64,
}

impl ReadMarkersView {
    /// What `user` may see of a channel: of a crowd what of it is theirs to see, else their own marker, and those that stand
    /// where they see what was read.
    pub fn of(
        user: UserId,
        channel: ChannelId,
        crowd: Option<&Crowd>,
        workspace: &Workspace,
    ) -> ReadMarkersView {
        let found = workspace.channels.get(&channel);
        let (Some(found), Some(start)) = (found, history_start(user, channel, workspace)) else {
            return ReadMarkersView::default();
        };
        if let Some(crowd) = crowd {
            return ReadMarkersView::crowd(crowd, start, workspace);
        }
        let markers = found.markers.iter();
        let seen = markers.filter(|(reader, it)| **reader == user || it.up_to >= start);
        ReadMarkersView::named(seen, workspace)
    }

    /// These markers.
    pub fn named<'a>(
        markers: impl Iterator<Item = (&'a UserId, &'a ReadMarker)>,
        workspace: &Workspace,
    ) -> ReadMarkersView {
        let markers = markers.map(|(user, marker)| {
            let (last_read_id, last_read_ts) = (marker.up_to.get(), marker.ts.as_seconds());
            let name = workspace.user_name(*user).to_owned();
            (name, ReadMarkerView { last_read_id, last_read_ts })
        });
        ReadMarkersView { markers: markers.collect(), counts: None }
    }

    /// What somebody sees of a crowd whose history begins there.
    pub fn crowd(crowd: &Crowd, beginning: Seq, workspace: &Workspace) -> ReadMarkersView {
        let (named, counts) = crowd.since(beginning);
        let named = named.iter().map(|(user, marker)| (user, marker));
        let counts = counts.iter().map(|count| (count.up_to.get(), count.least));
        let counts = Some(counts.collect());
        ReadMarkersView { counts, ..ReadMarkersView::named(named, workspace) }
    }
}
