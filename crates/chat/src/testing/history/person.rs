//! Profiles, and what is a person's own business.

use super::Narrator;
use crate::command::{Actor, Command};
use crate::ids::Seq;
use crate::notification::{DoNotDisturbWish, Level};
use crate::personal::PersonalWish;
use crate::profile::{CustomStatus, ProfileWish};

impl Narrator {
    pub(super) fn person_step(&mut self, actor: Actor) -> Command {
        match self.prng.below(10) {
            0..=1 => Command::ChangeProfile(self.profile()),
            2 => {
                let emoji = self.prng.pick(&["palm_tree", "heart", "nothing at all"]);
                let emoji = emoji.map(str::to_owned).filter(|_| self.prng.percent(50));
                let until = if self.prng.percent(50) { Some(self.soon()) } else { None };
                let status = CustomStatus { emoji, text: self.text(), until };
                Command::SetStatus { status: self.prng.percent(70).then_some(status) }
            }
            _ => Command::ChangePersonal(self.personal_wish(actor)),
        }
    }

    fn profile(&mut self) -> ProfileWish {
        let number = self.number();
        let mut wish = ProfileWish::default();
        match self.prng.below(5) {
            0 => wish.display_name = Some(Some(format!("Person {number}"))),
            1 => wish.name_color = Some(Some(format!("#{number:06x}"))),
            2 => wish.bio = Some(None),
            3 => wish.pronouns = Some(Some("they".to_owned())),
            _ => {
                let zones = ["Europe/Berlin", "Pacific/Auckland", "Nowhere/Land"];
                wish.time_zone = Some(self.prng.pick(&zones).map(str::to_owned));
            }
        }
        wish
    }

    fn personal_wish(&mut self, actor: Actor) -> PersonalWish {
        let on = self.prng.percent(70);
        match self.prng.below(12) {
            0..=1 => {
                let value = on.then(|| self.number().to_string());
                let key = format!("key-{}", self.prng.below(5));
                PersonalWish::Preferences([(key, value)].into())
            }
            2..=5 => {
                let levels = [Level::Default, Level::All, Level::All, Level::Mentions, Level::None];
                let level = self.prng.pick(&levels);
                let channel = self.channel(actor);
                PersonalWish::Notifications { channel, level, is_muted: Some(!on) }
            }
            6 => PersonalWish::DoNotDisturb(DoNotDisturbWish {
                is_enabled: Some(on),
                from_minute: Some(22 * 60),
                days: Some(vec![1, 2, 3, 4, 5]),
                ..DoNotDisturbWish::default()
            }),
            7 => PersonalWish::Keywords(if on { vec!["ship".to_owned()] } else { Vec::new() }),
            8..=9 => PersonalWish::HideDirect { channel: self.direct(actor), on },
            _ => {
                let on = [None, Some(true), Some(false)][self.prng.below(3)];
                let message = self.message_of(actor).unwrap_or(Seq(1));
                PersonalWish::Save { message, on }
            }
        }
    }
}
