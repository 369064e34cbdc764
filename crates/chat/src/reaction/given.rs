//! The reactions of a message, in the order in which they came.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Index;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Short name to reactors, both in the order in which they came; no empty lists. Who takes theirs back and gives it
/// again stands last. As JSON an object, with its keys in that order: a mailbox keeps it so.
///
/// At most `REACTIONS_MAX` names, so that looking one up by going through them costs nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reactions<R>(Vec<(String, Vec<R>)>);

impl<R> Default for Reactions<R> {
    fn default() -> Reactions<R> {
        Reactions(Vec::new())
    }
}

impl<R> Reactions<R> {
    /// Whether nobody has reacted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many different reactions there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Who reacted with `name`, when anybody did.
    pub fn find(&self, name: &str) -> Option<&[R]> {
        self.iter().find(|(other, _)| *other == name).map(|(_, reactors)| reactors)
    }

    /// Each reaction with its reactors.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[R])> {
        self.0.iter().map(|(name, reactors)| (name.as_str(), reactors.as_slice()))
    }

    /// The same reactions of reactors that are called otherwise.
    pub fn map<S>(&self, called: impl Fn(&R) -> S) -> Reactions<S> {
        let called = |reactors: &[R]| reactors.iter().map(&called).collect();
        Reactions(self.iter().map(|(name, users)| (name.to_owned(), called(users))).collect())
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl<R: PartialEq> Reactions<R> {
    /// Sets or clears the reaction of one reactor. What is so already stays where it is.
    pub fn set(&mut self, name: &str, reactor: R, on: bool) {
        let place = self.0.iter().position(|(other, _)| other == name);
        match place {
            None if on => self.0.push((name.to_owned(), vec![reactor])),
            None => {}
            Some(place) => {
                let reactors = &mut self.0[place].1;
                if !on {
                    reactors.retain(|other| *other != reactor);
                } else if !reactors.contains(&reactor) {
                    reactors.push(reactor);
                }
                if reactors.is_empty() {
                    self.0.remove(place);
                }
            }
        }
    }
}

impl<R> Index<&str> for Reactions<R> {
    type Output = [R];

    fn index(&self, name: &str) -> &[R] {
        self.find(name).expect("somebody reacted with it")
    }
}

impl<R: Serialize> Serialize for Reactions<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, R: Deserialize<'de>> Deserialize<'de> for Reactions<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Reactions<R>, D::Error> {
        deserializer.deserialize_map(InOrder(PhantomData))
    }
}

struct InOrder<R>(PhantomData<R>);

impl<'de, R: Deserialize<'de>> Visitor<'de> for InOrder<R> {
    type Value = Reactions<R>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of lists of reactors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Reactions<R>, A::Error> {
        let mut reactions = Vec::new();
        while let Some(entry) = map.next_entry()? {
            reactions.push(entry);
        }
        Ok(Reactions(reactions))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reactions_stand_in_the_order_in_which_they_came_and_json_keeps_it() {
        let mut reactions = Reactions::default();
        for (name, who) in [("wave", "alice"), ("heart", "bob"), ("wave", "bob"), ("100", "alice")]
        {
            reactions.set(name, who.to_owned(), true);
        }
        let json = r#"{"wave":["alice","bob"],"heart":["bob"],"100":["alice"]}"#;
        assert_eq!(serde_json::to_string(&reactions).unwrap(), json);
        assert_eq!(serde_json::from_str::<Reactions<String>>(json).unwrap(), reactions);
        reactions.set("heart", "bob".to_owned(), false);
        reactions.set("heart", "bob".to_owned(), true);
        reactions.set("wave", "alice".to_owned(), false);
        reactions.set("wave", "alice".to_owned(), true);
        let json = r#"{"wave":["bob","alice"],"100":["alice"],"heart":["bob"]}"#;
        assert_eq!(serde_json::to_string(&reactions).unwrap(), json, "given again stands last");
    }
}
