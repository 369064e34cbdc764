//! Pins: messages that a channel keeps in view.

use crate::channel;
use crate::decide::{Case, Decision};
use crate::event::Event;
use crate::ids::{Seq, UserId};
use crate::message;
use crate::rejection::Rejection;

/// Pins of one channel; contract/http.md, 6.1. Deleted messages leave by themselves.
pub const PINS_MAX: usize = 50;

/// Pins, unpins or toggles (`on` is `None`); any member does.
pub(crate) fn pin(
    case: Case<'_>,
    user: UserId,
    id: Seq,
    on: Option<bool>,
) -> Result<Decision, Rejection> {
    let message = message::readable(case, user, id)?;
    if message.deleted {
        return Err(Rejection::MessageDeleted);
    }
    channel::is_open(case, message.channel)?;
    let pins = &case.workspace.channel(message.channel).pins;
    let is_on = pins.contains_key(&id);
    let on = on.unwrap_or(!is_on);
    if on == is_on && !case.facts.is_named {
        return Ok(Decision::nothing(user));
    }
    if on && !is_on && pins.len() >= PINS_MAX {
        return Err(Rejection::TooMany { what: "pins in a channel", max: PINS_MAX });
    }
    let channel = message.channel;
    Ok(Decision::new(user, vec![Event::MessagePinned { channel, message: id, on }]))
}
