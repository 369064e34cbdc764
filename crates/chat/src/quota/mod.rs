//! Quotas: how much one person can make, and into how much they can be put, so that nothing grows without a bound.
//!
//! Administrators are bound by the totals only. Every limit stands in docs/security.md.

use serde::{Deserialize, Serialize};

use crate::decide::Case;
use crate::ids::{Timestamp, UserId};
use crate::rejection::Rejection;
use crate::workspace::Workspace;

/// Public channels that one person makes.
pub const PUBLIC_MAX: u32 = 200;

/// Private channels that one person makes.
pub const PRIVATE_MAX: u32 = 200;

/// Direct channels of three people and more that one person opens; of two there is one with each other person.
pub const DIRECT_MAX: u32 = 100;

/// Channels of these three kinds that one person makes in any hour.
pub const HOURLY_MAX: usize = 20;

/// Channels of others that somebody is in because others put them there.
pub const PUT_INTO_MAX: usize = 500;

/// Public and private channels that are not archived: what every start reads and every directory lists.
pub const CHANNELS_MAX: usize = 20_000;

const HOUR_MICROS: i64 = 3_600_000_000;

/// What somebody has made so far, archived or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct Made {
    pub public: u32,
    pub private: u32,
    /// Of three people and more.
    pub direct: u32,
    /// When the last [`HOURLY_MAX`] of these were made, oldest first.
    pub recent: Vec<Timestamp>,
}

/// What somebody is about to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Public,
    Private,
    /// Of three people and more.
    Direct,
}

impl Made {
    /// One more was made.
    pub(crate) fn note(&mut self, kind: Kind, ts: Timestamp) {
        *match kind {
            Kind::Public => &mut self.public,
            Kind::Private => &mut self.private,
            Kind::Direct => &mut self.direct,
        } += 1;
        self.recent.push(ts);
        if self.recent.len() > HOURLY_MAX {
            self.recent.remove(0);
        }
    }
}

/// Refuses another channel of somebody who has made enough, or when there are enough of them. What the configuration
/// names is made in any case.
pub(crate) fn may_make(case: Case<'_>, user: UserId, kind: Kind) -> Result<(), Rejection> {
    if user == UserId::SYSTEM {
        return Ok(());
    }
    if kind != Kind::Direct {
        has_room(case.workspace)?;
    }
    if case.is_admin(user) {
        return Ok(());
    }
    let made = &case.workspace.users[&user].made;
    let (so_far, max, what) = match kind {
        Kind::Public => (made.public, PUBLIC_MAX, "public channels of one person"),
        Kind::Private => (made.private, PRIVATE_MAX, "private channels of one person"),
        Kind::Direct => {
            (made.direct, DIRECT_MAX, "direct channels of three and more that one person opens")
        }
    };
    if so_far >= max {
        return Err(Rejection::TooMany { what, max: max as usize });
    }
    let first = made.recent.first().filter(|_| made.recent.len() >= HOURLY_MAX);
    match first.map(|first| first.plus_micros(HOUR_MICROS)) {
        Some(until) if until > case.now => {
            let micros = until.0.saturating_sub(case.now.0);
            let seconds = u64::try_from(micros / 1_000_000).unwrap_or_default() + 1;
            Err(Rejection::ChannelsTooOften { max: HOURLY_MAX, seconds })
        }
        Some(_) | None => Ok(()),
    }
}

/// Whether one more public or private channel has room beside those that are not archived.
pub(crate) fn has_room(workspace: &Workspace) -> Result<(), Rejection> {
    if workspace.open_channels < CHANNELS_MAX {
        return Ok(());
    }
    let what = "public and private channels that are not archived";
    Err(Rejection::TooMany { what, max: CHANNELS_MAX })
}

/// Refuses to put people into one more channel who were put into enough of them.
pub(crate) fn may_put<'a>(
    case: Case<'_>,
    actor: UserId,
    users: impl IntoIterator<Item = &'a UserId>,
) -> Result<(), Rejection> {
    if case.is_admin(actor) {
        return Ok(());
    }
    let is_full = |user: &&UserId| {
        **user != actor && case.workspace.users[*user].put_into.len() >= PUT_INTO_MAX
    };
    let full = users.into_iter().filter(is_full);
    let full: Vec<_> = full.map(|user| case.workspace.user_name(*user).to_owned()).collect();
    if full.is_empty() { Ok(()) } else { Err(Rejection::InTooManyChannels(full)) }
}

#[cfg(test)]
mod tests;
