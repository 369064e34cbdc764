//! What people do to channels: make, find, fill, arrange and leave them.

use serde_json::{Value, json};

use super::town::Town;

impl Town {
    pub(super) async fn arrange(&mut self, actor: usize) {
        match self.prng.below(100) {
            0..=9 => self.open_public(actor).await,
            10..=18 => self.open_private(actor).await,
            19..=32 => self.open_direct(actor).await,
            33..=40 => self.hide(actor).await,
            41..=52 => self.join(actor).await,
            53..=58 => self.leave(actor).await,
            59..=70 => self.add(actor).await,
            71..=78 => self.remove(actor).await,
            79..=81 => self.hand_over(actor).await,
            _ => self.change(actor).await,
        }
    }

    async fn open_public(&mut self, actor: usize) {
        let number = self.prng.below(1_000);
        let is_default = actor == 0 && self.prng.percent(20);
        let wish = json!({
            "channel": format!("topic-{number}"), "name": format!("Topic {number}"),
            "topic": self.words(), "is_default": is_default,
        });
        if let Some(made) = self.wish(actor, "/channels", &wish).await {
            self.note_place(&made, (!is_default).then(|| vec![actor]));
        }
    }

    async fn open_private(&mut self, actor: usize) {
        let wish = json!({"name": self.words(), "members": self.some_names(3)});
        if let Some(made) = self.wish(actor, "/private_channels/create", &wish).await {
            let members = self.members(&made);
            self.note_place(&made, Some(members));
        }
    }

    async fn open_direct(&mut self, actor: usize) {
        let wish = json!({"users": self.some_names(3)});
        if let Some(made) = self.wish(actor, "/dms", &wish).await {
            let members = self.members(&made);
            self.note_place(&made, Some(members));
        }
    }

    fn members(&self, channel: &Value) -> Vec<usize> {
        let names = channel["members"].as_array().unwrap().iter();
        names.filter_map(|name| self.person_named(name.as_str()?)).collect()
    }

    /// Closes a direct channel, or lists it again.
    async fn hide(&mut self, actor: usize) {
        let own = self.places.iter().filter(|place| place.has(actor));
        let own = own.map(|place| place.name.clone()).filter(|name| name.starts_with("dm:"));
        let own: Vec<_> = own.collect();
        let Some(channel) = self.prng.pick(&own) else { return };
        let path = if self.prng.percent(70) { "/dms/close" } else { "/dms/open" };
        self.wish(actor, path, &json!({"channel": channel})).await;
    }

    async fn join(&mut self, actor: usize) {
        let public = self.places.iter().filter(|place| !place.name.contains(':'));
        let others = public.filter(|place| !place.has(actor)).map(|place| place.name.clone());
        let others: Vec<_> = others.collect();
        let Some(channel) = self.prng.pick(&others) else { return };
        if self.wish(actor, &format!("/channels/{channel}/join"), &json!({})).await.is_some() {
            self.note_member(&channel, actor, true);
        }
    }

    async fn leave(&mut self, actor: usize) {
        let Some(channel) = self.gathering(actor) else { return };
        if self.wish(actor, &format!("/channels/{channel}/leave"), &json!({})).await.is_some() {
            self.note_member(&channel, actor, false);
        }
    }

    async fn add(&mut self, actor: usize) {
        let private = self.gathering(actor).filter(|name| name.starts_with("private:"));
        let Some(channel) = private else { return };
        let history = self.prng.pick(&["join", "start"]);
        let wish = json!({"users": self.some_names(2), "history": history});
        let added = self.wish(actor, &format!("/channels/{channel}/members"), &wish).await;
        if let Some(added) = added {
            for member in self.members(&added) {
                self.note_member(&channel, member, true);
            }
        }
    }

    async fn remove(&mut self, actor: usize) {
        let Some(channel) = self.gathering(actor) else { return };
        let whom = self.anybody();
        let wish = json!({"user": self.people[whom].name});
        let path = format!("/channels/{channel}/members/remove");
        if self.wish(actor, &path, &wish).await.is_some() {
            self.note_member(&channel, whom, false);
        }
    }

    async fn hand_over(&mut self, actor: usize) {
        let Some(channel) = self.gathering(actor) else { return };
        let whom = self.anybody();
        let wish = json!({"user": self.people[whom].name});
        self.wish(actor, &format!("/channels/{channel}/owner"), &wish).await;
    }

    /// What a channel is called, is about, and who may write in it. It is not archived for long.
    async fn change(&mut self, actor: usize) {
        let channel = match self.gathering(actor).filter(|_| self.prng.percent(70)) {
            Some(gathering) => gathering,
            None => self.place(actor),
        };
        let words = self.words();
        let (what, wish) = match self.prng.below(10) {
            0..=2 => ("rename", json!({"name": words})),
            3 | 4 => ("topic", json!({"topic": words})),
            5 | 6 => ("description", json!({"description": words})),
            7 => ("posters", json!({"users": self.some_names(2)})),
            8 => ("posters", json!({"users": null})),
            _ => ("archive", json!({"on": true})),
        };
        let path = format!("/channels/{channel}/{what}");
        let done = self.wish(actor, &path, &wish).await;
        if done.is_some() && what == "archive" && self.prng.percent(70) {
            self.write_in_vain(actor, &channel).await;
            self.wish(actor, &path, &json!({"on": false})).await;
        }
        if done.is_some() && what == "posters" && self.prng.percent(70) {
            self.wish(actor, &path, &json!({"users": null})).await;
        }
    }

    /// Nobody writes in an archived channel.
    async fn write_in_vain(&mut self, actor: usize, channel: &str) {
        let wish = json!({"text": self.words()});
        self.wish(actor, &format!("/send/{channel}"), &wish).await;
    }
}
