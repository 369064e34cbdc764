//! What a channel begins with.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ids::{Slug, UserId};

/// What a new channel is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub enum ChannelOrigin {
    /// The slug is fixed for ever, the name may change. Of a default one everybody is a member, of another who joins.
    Public {
        slug: Slug,
        name: String,
        #[serde(default = "yes", skip_serializing_if = "is_true")]
        is_default: bool,
    },
    /// A fixed set of people; of one for notes to oneself.
    Direct { members: BTreeSet<UserId> },
    /// Whom its members add.
    Private { name: String, members: BTreeSet<UserId> },
}

/// Public channels of the first version were all default ones and did not say so.
fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_true(value: &bool) -> bool {
    *value
}
