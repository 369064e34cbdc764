//! Mentions: whom the text of a message names (contract/rules.md, 7).

use std::collections::BTreeMap;

use crate::audience::Audience;
use crate::event::Mentions;
use crate::workspace::Workspace;

/// The readers of a channel whom `text` names with `@name`, in any case; `@everyone` stands for all of them. Other
/// names are ignored.
pub(crate) fn mentions(text: &str, readers: &Audience, workspace: &Workspace) -> Mentions {
    let mut named = BTreeMap::new();
    for token in tokens(text) {
        if token.eq_ignore_ascii_case("everyone") {
            return Mentions::Everyone;
        }
        if let Some((id, user)) = workspace.find_user(token)
            && readers.includes(id)
        {
            named.insert(user.name.as_str(), id);
        }
    }
    if named.is_empty() { Mentions::Nobody } else { Mentions::Users(named.into_values().collect()) }
}

/// What follows each `@` that no word character, `@` or `/` precedes: an address or a link names nobody.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('@').filter_map(|(at, _)| {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '@' | '/')) {
            return None;
        }
        let rest = &text[at + 1..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')));
        let token = &rest[..end.unwrap_or(rest.len())];
        (!token.is_empty()).then_some(token)
    })
}
