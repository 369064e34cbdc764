//! Read markers: how far a person has read in a channel. They may go back, to mark something unread again.

use crate::channel::Place;
use crate::decide::{Case, Decision};
use crate::event::Event;
use crate::ids::{ChannelName, Seq, UserId};
use crate::rejection::Rejection;
use crate::workspace::ReadMarker;

/// Moves the marker of `user` to a message of the channel, or to its newest. Where there is no message there is no event.
pub(crate) fn mark_read(
    case: Case<'_>,
    user: UserId,
    name: &ChannelName,
    up_to: Option<Seq>,
) -> Result<Decision, Rejection> {
    let Place::Open(id) = Place::find(case, user, name)? else {
        return match up_to {
            Some(_) => Err(Rejection::MessageNotFound),
            None => Ok(Decision::nothing(user)),
        };
    };
    let channel = case.workspace.channel(id);
    let target = match up_to {
        None => channel.newest.zip(channel.newest_ts),
        Some(message) => {
            let found = case.facts.messages.get(&message).filter(|found| found.channel == id);
            Some(found.map(|found| (found.id, found.ts)).ok_or(Rejection::MessageNotFound)?)
        }
    };
    let Some((up_to, up_to_ts)) = target else { return Ok(Decision::nothing(user)) };
    if channel.markers.get(&user) == Some(&ReadMarker { up_to, ts: up_to_ts }) {
        return Ok(Decision::nothing(user));
    }
    Ok(Decision::new(user, vec![Event::ChannelRead { channel: id, up_to, up_to_ts }]))
}
