//! Invites: links that let people sign up, for a time, a number of times, until they are revoked.

use serde::{Deserialize, Serialize};

use crate::account;
use crate::channel::{at_most, one_line};
use crate::command::Actor;
use crate::decide::{Case, Decision};
use crate::event::Event;
use crate::ids::{Seq, Timestamp, TokenHash, UserId};
use crate::rejection::Rejection;
use crate::workspace::Workspace;

/// Characters of a note.
pub const NOTE_CHARS_MAX: usize = 100;

/// Invites that hold at one time.
pub const INVITES_MAX: usize = 1_000;

/// How long and how often an invite holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct InviteTerms {
    pub expires: Option<Timestamp>,
    pub uses_max: Option<u32>,
    /// Whom it is for, in the administrator's words.
    pub note: String,
}

/// An invite as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct Invite {
    pub token_hash: TokenHash,
    pub terms: InviteTerms,
    pub created_by: UserId,
    pub created_ts: Timestamp,
    pub uses: u32,
    pub revoked_ts: Option<Timestamp>,
}

/// Whether an invite lets somebody in, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub enum InviteState {
    Valid,
    Expired,
    UsedUp,
    Revoked,
}

impl Invite {
    /// Whether it lets somebody in.
    pub fn state(&self, now: Timestamp) -> InviteState {
        if self.revoked_ts.is_some() {
            InviteState::Revoked
        } else if self.terms.uses_max.is_some_and(|uses_max| self.uses >= uses_max) {
            InviteState::UsedUp
        } else if self.terms.expires.is_some_and(|expires| expires <= now) {
            InviteState::Expired
        } else {
            InviteState::Valid
        }
    }
}

/// Makes an invite.
pub(crate) fn create(
    case: Case<'_>,
    actor: Actor,
    token_hash: &TokenHash,
    terms: &InviteTerms,
) -> Result<Decision, Rejection> {
    let admin = account::administrator(case, actor)?;
    let note = one_line(&terms.note);
    at_most("note", &note, NOTE_CHARS_MAX)?;
    if terms.uses_max == Some(0) {
        return Err(Rejection::invalid("uses_max", "at least 1"));
    }
    if terms.expires.is_some_and(|expires| expires <= case.now) {
        return Err(Rejection::invalid("expires_in_seconds", "a time to come"));
    }
    let invites = case.workspace.invites.values();
    let valid = invites.filter(|invite| invite.state(case.now) == InviteState::Valid).count();
    if valid >= INVITES_MAX {
        return Err(Rejection::TooMany { what: "invites", max: INVITES_MAX });
    }
    let terms = InviteTerms { note, ..terms.clone() };
    let created = Event::InviteCreated { token_hash: token_hash.clone(), terms };
    Ok(Decision::new(admin, vec![created]))
}

/// Ends an invite.
pub(crate) fn revoke(case: Case<'_>, actor: Actor, invite: Seq) -> Result<Decision, Rejection> {
    let admin = account::administrator(case, actor)?;
    let found = case.workspace.invites.get(&invite).ok_or(Rejection::InviteNotFound)?;
    if found.revoked_ts.is_some() && !case.facts.is_named {
        return Ok(Decision::nothing(admin));
    }
    Ok(Decision::new(admin, vec![Event::InviteRevoked { invite }]))
}

/// The invite that lets somebody sign up, by the hash of its token.
pub(crate) fn admitting(
    workspace: &Workspace,
    token_hash: &TokenHash,
    now: Timestamp,
) -> Result<Seq, Rejection> {
    let (id, invite) = workspace.find_invite(token_hash).ok_or(Rejection::InviteInvalid)?;
    if invite.state(now) == InviteState::Valid { Ok(id) } else { Err(Rejection::InviteInvalid) }
}
