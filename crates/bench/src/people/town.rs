//! Who is in which channel, the same for the seeded log and for the people who come to it.

use super::rates::{CHANNELS, TEAM_PEOPLE};
use crate::seed;

/// Everybody's channel is the first place.
pub const GENERAL: usize = 0;

/// All places and who is where.
pub struct Town {
    pub places: Vec<Place>,
    /// Per person the places where they are: `general`, the channels of their team, two direct channels.
    pub homes: Vec<Vec<usize>>,
}

/// A channel where people talk.
pub struct Place {
    /// As it stands in an address.
    pub name: String,
    pub kind: Kind,
    /// Nobody is listed where everybody is.
    pub members: Vec<usize>,
}

/// What a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Everybody,
    Team,
    Direct,
}

impl Town {
    /// The places of so many people.
    pub fn of(people: usize) -> Town {
        let teams = people.div_ceil(TEAM_PEOPLE);
        let general =
            Place { name: "general".to_owned(), kind: Kind::Everybody, members: Vec::new() };
        let mut places = vec![general];
        // `general` and `random` are there already.
        for number in 0..teams.max(CHANNELS - 2) {
            let first = (number % teams) * TEAM_PEOPLE;
            let members = (first..people.min(first + TEAM_PEOPLE)).collect();
            places.push(Place { name: format!("team-{number}"), kind: Kind::Team, members });
        }
        // A ring: everybody writes to the next one. Fewer than three people would meet twice.
        for one in 0..if people < 3 { 0 } else { people } {
            let other = (one + 1) % people;
            let mut names = [seed::name(one), seed::name(other)];
            names.sort();
            let name = format!("dm:{}:{}", names[0], names[1]);
            places.push(Place { name, kind: Kind::Direct, members: vec![one, other] });
        }
        let mut homes = vec![vec![GENERAL]; people];
        for (at, place) in places.iter().enumerate() {
            for member in &place.members {
                homes[*member].push(at);
            }
        }
        Town { places, homes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_team_and_two_neighbours() {
        for people in [50, 200, 2_000, 5_000] {
            let town = Town::of(people);
            for home in &town.homes {
                let count =
                    |kind| home.iter().filter(|place| town.places[**place].kind == kind).count();
                assert_eq!((count(Kind::Everybody), count(Kind::Direct)), (1, 2));
                assert!(count(Kind::Team) >= 1, "{people}");
            }
        }
    }
}
