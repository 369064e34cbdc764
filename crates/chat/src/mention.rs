//! Mentions: whom the text of a message names (contract/rules.md, 7).

use std::collections::{BTreeMap, BTreeSet};

use crate::audience::Audience;
use crate::event::Mentions;
use crate::ids::UserId;
use crate::workspace::Workspace;

/// The readers of a channel whom `text` names with `@name`, in any case: people, the people of groups, with `@here` those
/// who are `active`. `@everyone` stands for all of them. Other names, and deactivated accounts, are ignored.
pub(crate) fn mentions(
    text: &str,
    readers: &Audience,
    workspace: &Workspace,
    active: &[UserId],
) -> Mentions {
    let mut people = BTreeSet::new();
    for token in distinct_tokens(text) {
        if token == "everyone" {
            return Mentions::Everyone;
        } else if token == "here" {
            people.extend(active);
        } else if let Some((id, _)) = workspace.find_user(&token) {
            people.insert(id);
        } else if let Some((_, group)) = workspace.find_group(&token) {
            people.extend(&group.members);
        }
    }
    let users = people.into_iter().filter(|id| readers.includes(*id)).filter_map(|id| {
        let user = workspace.users.get(&id).filter(|user| !user.is_deactivated)?;
        Some((user.name.as_str(), id))
    });
    let named: BTreeMap<_, _> = users.collect();
    if named.is_empty() { Mentions::Nobody } else { Mentions::Users(named.into_values().collect()) }
}

/// The tokens of a text in lower case, each once: one may stand for all people, and in a text thousands of times.
fn distinct_tokens(text: &str) -> BTreeSet<String> {
    tokens(text, text.char_indices()).into_iter().map(str::to_ascii_lowercase).collect()
}

/// What follows each `@` that no word character, `@` or `/` precedes: an address or a link names nobody.
///
/// The letters are those of the text, each taken once.
fn tokens(text: &str, letters: impl Iterator<Item = (usize, char)>) -> Vec<&str> {
    let (mut found, mut start, mut before) = (Vec::new(), None, None);
    for (at, letter) in letters {
        if !(letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-')) {
            found.extend(start.take().map(|start| &text[start..at]));
        }
        let is_glued = |c: char| c.is_alphanumeric() || matches!(c, '_' | '@' | '/');
        if letter == '@' && !before.is_some_and(is_glued) {
            start = Some(at + 1);
        }
        before = Some(letter);
    }
    found.extend(start.map(|start| &text[start..]));
    found.retain(|token| !token.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Actor, Command};
    use crate::group::GroupWish;
    use crate::ids::UserId;
    use crate::role::AccountChange;
    use crate::testing::{Story, wish};

    fn sign_up(story: &mut Story, name: &str) -> UserId {
        let Actor::User { user, .. } = story.sign_up(name) else { panic!("{name} signed up") };
        user
    }

    #[test]
    fn names_are_found_in_any_case_and_kept_once_in_the_order_of_names() {
        let mut story = Story::new();
        let bob = sign_up(&mut story, "bob");
        let alice = sign_up(&mut story, "alice");
        let found =
            mentions("@BOB, (@alice) and @bob.", &Audience::Everyone, &story.workspace, &[]);
        assert_eq!(found, Mentions::Users(vec![alice, bob]));
    }

    #[test]
    fn a_name_is_looked_up_once_however_often_it_stands_in_a_text() {
        let found = distinct_tokens(&"@devs @DEVS @here @Here ".repeat(1_000));
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["devs", "here"]);
    }

    #[test]
    fn each_letter_of_the_worst_text_is_taken_once() {
        for piece in ["@", " @", "@a", "@a ", "@-", "a@", "/@", "@@a ", "é@ü", "@\u{1F44D}"] {
            let text = crate::testing::wish::hostile(piece);
            let mut steps = 0;
            let letters = text.char_indices().inspect(|_| steps += 1);
            let found = tokens(&text, letters).len();
            assert_eq!(steps, text.chars().count(), "{piece:?}");
            assert!(found <= steps, "{piece:?}");
        }
    }

    #[test]
    fn an_address_a_link_and_an_unknown_name_are_no_mentions() {
        let mut story = Story::new();
        sign_up(&mut story, "alice");
        let texts = [
            "bob@alice",
            "é@alice",
            "_@alice",
            "1@alice",
            "@@alice",
            "https://chat/@alice",
            "@alicee",
            "@alice-",
            "@nobody",
            "@",
            "alice",
            "",
        ];
        for text in texts {
            let found = mentions(text, &Audience::Everyone, &story.workspace, &[]);
            assert_eq!(found, Mentions::Nobody, "{text:?}");
        }
        let found = mentions("é @alice", &Audience::Everyone, &story.workspace, &[]);
        assert_ne!(found, Mentions::Nobody, "the name itself is known");
    }

    #[test]
    fn everyone_stands_alone() {
        let mut story = Story::new();
        sign_up(&mut story, "alice");
        let found = mentions("@alice @Everyone", &Audience::Everyone, &story.workspace, &[]);
        assert_eq!(found, Mentions::Everyone);
    }

    #[test]
    fn who_cannot_read_the_channel_is_not_mentioned_in_it() {
        let mut story = Story::new();
        let alice = sign_up(&mut story, "alice");
        let bob = sign_up(&mut story, "bob");
        sign_up(&mut story, "mallory");
        let readers = Audience::Users(vec![alice, bob]);
        let found = mentions("@mallory @bob", &readers, &story.workspace, &[]);
        assert_eq!(found, Mentions::Users(vec![bob]));
    }

    /// A group of these people, made by alice.
    fn make_group(story: &mut Story, alice: Actor, handle: &str, members: &[&str]) {
        let (handle, members) = (Some(wish::name(handle)), Some(wish::names(members)));
        let wish = GroupWish { handle, name: None, members };
        story.given(alice, &Command::SaveGroup { group: None, wish });
    }

    #[test]
    fn a_group_names_those_of_its_people_who_may_read_the_channel() {
        let mut story = Story::new();
        let actor = story.sign_up("alice");
        let bob = sign_up(&mut story, "bob");
        let carol = sign_up(&mut story, "carol");
        make_group(&mut story, actor, "devs", &["bob", "carol"]);
        let found = mentions("@DEVS and @bob", &Audience::Everyone, &story.workspace, &[]);
        assert_eq!(found, Mentions::Users(vec![bob, carol]), "each once");
        let readers = Audience::Users(vec![carol]);
        let found = mentions("@devs", &readers, &story.workspace, &[]);
        assert_eq!(found, Mentions::Users(vec![carol]));
    }

    #[test]
    fn here_names_the_readers_who_are_active() {
        let mut story = Story::new();
        let alice = sign_up(&mut story, "alice");
        let bob = sign_up(&mut story, "bob");
        sign_up(&mut story, "carol");
        let named = |readers: &Audience, active: &[UserId]| {
            mentions("@Here!", readers, &story.workspace, active)
        };
        let found = named(&Audience::Everyone, &[alice, bob]);
        assert_eq!(found, Mentions::Users(vec![alice, bob]));
        let found = named(&Audience::Users(vec![bob]), &[alice, bob]);
        assert_eq!(found, Mentions::Users(vec![bob]));
        assert_eq!(named(&Audience::Everyone, &[]), Mentions::Nobody);
    }

    #[test]
    fn who_was_deactivated_is_named_in_no_way() {
        let mut story = Story::new();
        let actor = story.sign_up("alice");
        let bob = sign_up(&mut story, "bob");
        make_group(&mut story, actor, "devs", &["bob"]);
        let change = AccountChange::Deactivated;
        story.given(actor, &Command::ChangeAccount { name: wish::name("bob"), change });
        for text in ["@bob", "@devs", "@here"] {
            let found = mentions(text, &Audience::Everyone, &story.workspace, &[bob]);
            assert_eq!(found, Mentions::Nobody, "{text}");
        }
    }
}
