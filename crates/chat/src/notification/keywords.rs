//! The keywords of all people at once: one walk over a text finds whose stand in it.
//!
//! Neighbours: [`has_keyword`](super::has_keyword) asks the same of one person, and says what it means.

use std::collections::{BTreeSet, HashMap};

use super::is_apart;
use crate::ids::UserId;

/// Keywords in lower case, as a tree of letters: a word is a way down from the root.
///
/// A change of somebody's costs what their own words cost, however many others have. A text costs, at the beginning of each
/// of its words, as many steps as somebody's keyword goes on there: no more than a keyword has letters, however many
/// keywords there are. Inside its words only those are looked for that have a space or a mark in them.
#[derive(Default)]
pub struct Keywords {
    steps: HashMap<(Node, char), Step>,
    words: HashMap<UserId, BTreeSet<String>>,
    last_node: Node,
}

/// A place in the tree. The root is 0; none is used twice.
type Node = u64;

struct Step {
    to: Node,
    /// Words of people that go this way, and those among them with something else than letters and digits.
    words: usize,
    mixed: usize,
    /// Whose word ends with it.
    users: BTreeSet<UserId>,
}

impl Keywords {
    /// From now on these are the keywords of `user`.
    pub fn set(&mut self, user: UserId, keywords: &[String]) {
        for word in self.words.remove(&user).unwrap_or_default() {
            self.remove(user, &word);
        }
        let words = keywords.iter().map(|word| word.to_lowercase());
        let words: BTreeSet<_> = words.filter(|word| !word.is_empty()).collect();
        for word in &words {
            self.add(user, word);
        }
        if !words.is_empty() {
            self.words.insert(user, words);
        }
    }

    /// Everybody of whom a keyword stands in the text.
    pub fn found_in(&self, text: &str) -> BTreeSet<UserId> {
        let mut found = BTreeSet::new();
        if !self.words.is_empty() {
            self.walk(&text.to_lowercase(), &mut found);
        }
        found
    }

    fn walk(&self, text: &str, found: &mut BTreeSet<UserId>) {
        // Of each word that was met where it may be met next: places do not overlap.
        let mut free_from: HashMap<Node, usize> = HashMap::new();
        // How many words below a place are found; where all are, nothing is left to look for.
        let mut done: HashMap<Node, usize> = HashMap::new();
        let mut before = None;
        for (begin, first) in text.char_indices() {
            let begins_apart = is_apart(before);
            before = Some(first);
            let mut node = 0;
            for (offset, letter) in text[begin..].char_indices() {
                let Some(step) = self.steps.get(&(node, letter)) else { break };
                // A word of letters alone that does not stand alone here is in nobody's way: whatever overlaps with it
                // does not stand alone either.
                if !begins_apart && step.mixed == 0 || done.get(&step.to) == Some(&step.words) {
                    break;
                }
                node = step.to;
                let end = begin + offset + letter.len_utf8();
                if step.users.is_empty() || free_from.get(&node).is_some_and(|free| begin < *free) {
                    continue;
                }
                if begins_apart && is_apart(text[end..].chars().next()) {
                    found.extend(&step.users);
                    self.note_done(&text[begin..end], step.users.len(), &mut done);
                    free_from.insert(node, usize::MAX);
                } else {
                    free_from.insert(node, end);
                }
            }
        }
    }

    fn note_done(&self, word: &str, users: usize, done: &mut HashMap<Node, usize>) {
        let mut node = 0;
        for letter in word.chars() {
            node = self.steps[&(node, letter)].to;
            *done.entry(node).or_default() += users;
        }
    }

    fn add(&mut self, user: UserId, word: &str) {
        let (mixed, mut node, mut letters) = (is_mixed(word), 0, word.chars().peekable());
        while let Some(letter) = letters.next() {
            let step = self.steps.entry((node, letter)).or_insert_with(|| {
                self.last_node += 1;
                Step { to: self.last_node, words: 0, mixed: 0, users: BTreeSet::new() }
            });
            step.words += 1;
            step.mixed += usize::from(mixed);
            node = step.to;
            if letters.peek().is_none() {
                step.users.insert(user);
            }
        }
    }

    /// Removes what was added, and the ways that nobody's word goes any more.
    fn remove(&mut self, user: UserId, word: &str) {
        let (mixed, mut node, mut letters) = (is_mixed(word), 0, word.chars().peekable());
        while let Some(letter) = letters.next() {
            let way = (node, letter);
            let step = self.steps.get_mut(&way).expect("the word was added");
            step.words -= 1;
            step.mixed -= usize::from(mixed);
            node = step.to;
            if letters.peek().is_none() {
                step.users.remove(&user);
            }
            if step.words == 0 {
                self.steps.remove(&way);
            }
        }
    }
}

fn is_mixed(word: &str) -> bool {
    !word.chars().all(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::has_keyword;
    use super::*;
    use crate::ids::Seq;
    use crate::testing::wish::hostile;

    /// Letters that grow or shrink in lower case, that depend on where they stand, that are none, and few of each so that
    /// words meet.
    const WORD: &str = "[aAbB1 .+ßẞİIıΣσςéÉ日🌊\u{301}]{1,4}";
    const TEXT: &str = "[aAbB1 .+ßẞİIıΣσςéÉ日🌊\u{301}]{0,40}";

    fn user(number: u64) -> UserId {
        UserId(Seq(number))
    }

    /// What asking each person comes to.
    fn one_by_one(text: &str, all: &BTreeMap<UserId, Vec<String>>) -> BTreeSet<UserId> {
        let found = all.iter().filter(|(_, words)| has_keyword(text, words));
        found.map(|(user, _)| *user).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn all_at_once_finds_whom_asking_one_by_one_does_however_their_words_changed(
            changes in prop::collection::vec(
                (1..6_u64, prop::collection::vec(WORD, 0..4)), 0..12,
            ),
            texts in prop::collection::vec(TEXT, 1..6),
        ) {
            let (mut keywords, mut all) = (Keywords::default(), BTreeMap::new());
            for (who, words) in changes {
                keywords.set(user(who), &words);
                all.insert(user(who), words);
                for text in &texts {
                    prop_assert_eq!(keywords.found_in(text), one_by_one(text, &all), "{:?}", text);
                }
            }
            for user in all.keys() {
                keywords.set(*user, &[]);
            }
            prop_assert!(keywords.steps.is_empty(), "nothing is kept of words that nobody has");
        }
    }

    #[test]
    fn the_worst_texts_say_the_same_of_words_within_words() {
        for piece in ["a", "ab", ".", ". ", "a ", "é", "\u{1F44D}", "İ", "ΑΣ "] {
            let text = hostile(piece);
            let letters: Vec<_> = piece.chars().cycle().take(64).collect();
            let (mut keywords, mut all) = (Keywords::default(), BTreeMap::new());
            for length in 1..=64 {
                let word: String = letters[..length].iter().collect();
                all.insert(user(length as u64), vec![word.clone()]);
                keywords.set(user(length as u64), &[word]);
            }
            assert_eq!(keywords.found_in(&text), one_by_one(&text, &all), "{piece:?}");
        }
    }

    #[test]
    fn a_thousand_people_with_the_same_word_cost_its_letters_once() {
        let mut keywords = Keywords::default();
        (1..=1_000).for_each(|who| keywords.set(user(who), &["Ship".to_owned()]));
        assert_eq!(keywords.steps.len(), 4);
        assert_eq!(keywords.found_in("we ship it").len(), 1_000);
        assert!(keywords.found_in("a shipment").is_empty());
    }
}
