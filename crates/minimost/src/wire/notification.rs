//! Whether a message notifies somebody, and why.

use chat::notification::{Reason, Silence};
use serde::Serialize;
use utoipa::ToSchema;

/// Whether a message notifies the asker as they have set it, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct VerdictView {
    pub notifies: bool,
    /// A word for programs: `mention`, `muted`, ...
    pub reason: &'static str,
    /// A sentence for people.
    pub explanation: &'static str,
}

impl VerdictView {
    /// Of what the rules decided.
    pub fn new(verdict: Result<Reason, Silence>) -> VerdictView {
        match verdict {
            Ok(reason) => VerdictView {
                notifies: true,
                reason: reason_word(reason),
                explanation: reason_sentence(reason),
            },
            Err(silence) => {
                let (reason, explanation) = silence_words(silence);
                VerdictView { notifies: false, reason, explanation }
            }
        }
    }

    /// Of a message whose text is gone.
    pub fn deleted() -> VerdictView {
        let explanation = "The message was deleted: it notifies nobody any more.";
        VerdictView { notifies: false, reason: "deleted", explanation }
    }

    /// Of a message whose text nobody knows.
    pub fn unreadable() -> VerdictView {
        let explanation = "The message cannot be read: the log is damaged there.";
        VerdictView { notifies: false, reason: "unreadable", explanation }
    }
}

/// The word for a reason.
pub fn reason_word(reason: Reason) -> &'static str {
    match reason {
        Reason::Mention => "mention",
        Reason::Everyone => "everyone",
        Reason::Direct => "direct",
        Reason::Thread => "thread",
        Reason::Keyword => "keyword",
        Reason::All => "all",
    }
}

fn reason_sentence(reason: Reason) -> &'static str {
    match reason {
        Reason::Mention => "It names you, or a group that you are in.",
        Reason::Everyone => "It is for everyone in the channel.",
        Reason::Direct => "It was said in a direct conversation with you.",
        Reason::Thread => "It replies in a thread that you follow.",
        Reason::Keyword => "It has one of your keywords.",
        Reason::All => "You asked to be told of every message in this channel.",
    }
}

fn silence_words(silence: Silence) -> (&'static str, &'static str) {
    match silence {
        Silence::NotVisible => ("not_visible", "You cannot see it."),
        Silence::Own => ("own", "You wrote it yourself."),
        Silence::Notice => ("system", "It is a notice of the server; those notify nobody."),
        Silence::Muted => ("muted", "You have muted this channel."),
        Silence::Level => ("level", "You want no notifications from this channel."),
        Silence::DoNotDisturb => {
            ("do_not_disturb", "It came at a time at which you are not to be disturbed.")
        }
        Silence::NotFollowed => ("not_followed", "It replies in a thread that you do not follow."),
        Silence::NotNamed => {
            ("not_named", "It does not name you, and here only messages that do notify you.")
        }
    }
}
