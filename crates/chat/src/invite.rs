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

/// What is kept of a revoked invite: all but the note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct RevokedInvite {
    pub token_hash: TokenHash,
    pub expires: Option<Timestamp>,
    pub uses_max: Option<u32>,
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

/// Ends an invite; its note is erased.
pub(crate) fn revoke(case: Case<'_>, actor: Actor, invite: Seq) -> Result<Decision, Rejection> {
    let admin = account::administrator(case, actor)?;
    let found = case.workspace.invites.get(&invite).ok_or(Rejection::InviteNotFound)?;
    if found.revoked_ts.is_some() && !case.facts.is_named {
        return Ok(Decision::nothing(admin));
    }
    let (token_hash, terms) = (found.token_hash.clone(), &found.terms);
    let kept = RevokedInvite { token_hash, expires: terms.expires, uses_max: terms.uses_max };
    let revoked = Event::InviteRevoked { invite, kept: Some(kept) };
    Ok(Decision::superseding(admin, vec![revoked], [invite]))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::ids::PasswordHash;
    use crate::settings::{SettingsChange, SignupMode};
    use crate::testing::Story;
    use crate::testing::wish::name;

    fn token(text: &str) -> TokenHash {
        TokenHash(text.to_owned())
    }

    fn create(text: &str, terms: InviteTerms) -> Command {
        Command::CreateInvite { token_hash: token(text), terms }
    }

    fn invite(story: &mut Story, actor: Actor, text: &str, terms: InviteTerms) -> Seq {
        story.given(actor, &create(text, terms))[0].seq
    }

    fn sign_up(story: &mut Story, who: &str, invite: Option<&str>) -> Result<(), Rejection> {
        let (name, token_hash) = (name(who), token(&format!("session of {who}")));
        let (password_hash, invite) = (PasswordHash::default(), invite.map(token));
        let command = Command::SignUp { name, password_hash, token_hash, invite, greet: false };
        story.when(Actor::Anonymous, &command).map(|_| ())
    }

    /// A story in which people sign up so.
    fn scene(mode: SignupMode) -> (Story, Actor) {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let change = SettingsChange::Signup(mode);
        story.run(alice, None, &Command::ChangeSettings { changes: vec![change] }).unwrap();
        (story, alice)
    }

    #[test]
    fn an_invite_lets_in_where_one_is_needed_and_counts() {
        let (mut story, alice) = scene(SignupMode::Invite);
        let id = invite(&mut story, alice, "secret", InviteTerms::default());
        assert_eq!(sign_up(&mut story, "bob", None), Err(Rejection::InviteInvalid));
        assert_eq!(sign_up(&mut story, "bob", Some("guess")), Err(Rejection::InviteInvalid));
        assert_eq!(sign_up(&mut story, "bob", Some("secret")), Ok(()));
        assert_eq!(sign_up(&mut story, "carol", Some("secret")), Ok(()));
        assert_eq!(story.workspace.invites[&id].uses, 2);
        let taken = sign_up(&mut story, "carol", Some("secret"));
        assert_eq!(taken, Err(Rejection::NameTaken(name("carol"))));
        assert_eq!(story.workspace.invites[&id].uses, 2, "nobody came in");
    }

    #[test]
    fn an_invite_holds_for_its_time_its_uses_and_until_it_is_revoked() {
        let (mut story, alice) = scene(SignupMode::Invite);
        let expires = Some(story.now.plus_micros(60_000_000));
        let brief = InviteTerms { expires, ..InviteTerms::default() };
        let brief = invite(&mut story, alice, "brief", brief);
        let once = InviteTerms { uses_max: Some(1), ..InviteTerms::default() };
        let once = invite(&mut story, alice, "once", once);
        let revoked = invite(&mut story, alice, "revoked", InviteTerms::default());
        for (text, who) in [("brief", "bob"), ("once", "carol"), ("revoked", "dave")] {
            assert_eq!(sign_up(&mut story, who, Some(text)), Ok(()), "{text}");
        }
        story.given(alice, &Command::RevokeInvite { invite: revoked });
        let again = Command::RevokeInvite { invite: revoked };
        assert_eq!(story.when(alice, &again), Ok(vec![]), "it is");
        story.now = story.now.plus_micros(60_000_000);
        for text in ["brief", "once", "revoked"] {
            let refused = sign_up(&mut story, "mallory", Some(text));
            assert_eq!(refused, Err(Rejection::InviteInvalid), "{text}");
        }
        let state = |id| story.workspace.invites[&id].state(story.now);
        let states = [state(brief), state(once), state(revoked)];
        assert_eq!(states, [InviteState::Expired, InviteState::UsedUp, InviteState::Revoked]);
    }

    #[test]
    fn an_open_door_needs_no_invite_and_a_closed_one_takes_none() {
        let (mut story, alice) = scene(SignupMode::Open);
        let id = invite(&mut story, alice, "secret", InviteTerms::default());
        assert_eq!(sign_up(&mut story, "bob", None), Ok(()));
        assert_eq!(sign_up(&mut story, "carol", Some("wrong")), Ok(()), "nobody asked for it");
        assert_eq!(sign_up(&mut story, "dave", Some("secret")), Ok(()));
        assert_eq!(story.workspace.invites[&id].uses, 1);
        let (mut story, alice) = scene(SignupMode::Closed);
        invite(&mut story, alice, "secret", InviteTerms::default());
        for invite in [None, Some("secret")] {
            assert_eq!(sign_up(&mut story, "bob", invite), Err(Rejection::SignupClosed));
        }
    }

    #[test]
    fn administrators_make_and_revoke_invites_and_nobody_else() {
        let (mut story, alice) = scene(SignupMode::Open);
        let bob = story.sign_up("bob");
        let id = invite(&mut story, alice, "secret", InviteTerms::default());
        let revoke = Command::RevokeInvite { invite: id };
        for command in [create("mine", InviteTerms::default()), revoke] {
            assert_eq!(story.when(bob, &command), Err(Rejection::NotAnAdministrator));
            assert!(story.when(alice, &command).is_ok());
        }
        let unknown = Command::RevokeInvite { invite: Seq(999) };
        assert_eq!(story.when(alice, &unknown), Err(Rejection::InviteNotFound));
    }

    #[test]
    fn terms_that_would_let_in_nobody_are_refused() {
        let (mut story, alice) = scene(SignupMode::Invite);
        let refused = [
            InviteTerms { uses_max: Some(0), ..InviteTerms::default() },
            InviteTerms { expires: Some(story.now), ..InviteTerms::default() },
            InviteTerms { note: "ü".repeat(NOTE_CHARS_MAX + 1), ..InviteTerms::default() },
        ];
        for terms in refused {
            let outcome = story.when(alice, &create("secret", terms.clone()));
            assert!(matches!(outcome, Err(Rejection::InvalidValue { .. })), "{terms:?}");
        }
    }

    #[test]
    fn a_thousand_invites_hold_at_one_time() {
        let (mut story, alice) = scene(SignupMode::Invite);
        let first = invite(&mut story, alice, "first", InviteTerms::default());
        for number in 1..INVITES_MAX {
            invite(&mut story, alice, &format!("{number}"), InviteTerms::default());
        }
        let more = create("one more", InviteTerms::default());
        let full = Err(Rejection::TooMany { what: "invites", max: INVITES_MAX });
        assert_eq!(story.when(alice, &more), full);
        story.given(alice, &Command::RevokeInvite { invite: first });
        assert!(story.when(alice, &more).is_ok(), "what was revoked does not count");
    }
}
