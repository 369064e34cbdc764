//! Private channels: `private:<n>` by the channel's own number, made by anybody, seen by nobody but their members.

use crate::channel::{About, display_name};
use crate::decide::{Case, Decision};
use crate::direct;
use crate::event::{ChannelOrigin, Event};
use crate::ids::{ChannelId, UserId, UserName};
use crate::quota;
use crate::rejection::Rejection;

/// Creates one; who makes it owns it.
pub(crate) fn create(
    case: Case<'_>,
    user: UserId,
    name: &str,
    topic: &str,
    names: &[UserName],
) -> Result<Decision, Rejection> {
    let mut members = direct::accounts(case.workspace, names)?;
    if members.iter().any(|member| case.workspace.users[member].is_deactivated) {
        return Err(Rejection::AccountDeactivated);
    }
    quota::may_make(case, user, quota::Kind::Private)?;
    quota::may_put(case, user, &members)?;
    members.insert(user);
    let origin = ChannelOrigin::Private { name: display_name(name)?, members };
    let mut events = vec![Event::ChannelCreated { origin }];
    let about = About { name, topic, description: "" };
    events.extend(about.changes(ChannelId(case.next_seq))?);
    Ok(Decision::new(user, events))
}
