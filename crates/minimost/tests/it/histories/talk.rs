//! What people say, and do with what was said.

use serde_json::{Value, json};

use super::town::{Posted, Town};

const REACTIONS: [&str; 4] = ["heart", "tada", "rainbow_flag", "eyes"];
const WORDS: [&str; 10] = [
    "hi",
    "ship it",
    "why?",
    "@alice",
    "@BOB",
    "@carol,",
    "@everyone",
    "@devs",
    "deploy",
    "grüße 🌊\n\nbye",
];

impl Town {
    pub(super) async fn talk(&mut self, actor: usize) {
        match self.prng.below(100) {
            0..=27 => self.post(actor).await,
            28..=50 => self.reply(actor).await,
            51..=60 => self.edit(actor).await,
            61..=68 => self.delete(actor).await,
            69..=79 => self.react(actor).await,
            80..=83 => self.ask(actor).await,
            84..=89 => self.vote(actor).await,
            90..=95 => self.pin(actor).await,
            _ => self.forward(actor).await,
        }
    }

    pub(super) fn words(&mut self) -> String {
        let count = 1 + self.prng.below(3);
        let words: Vec<_> = (0..count).filter_map(|_| self.prng.pick(&WORDS)).collect();
        words.join(" ")
    }

    /// Says something in a channel, perhaps in answer to something.
    async fn post(&mut self, actor: usize) {
        let channel = self.place(actor);
        let mut wish = json!({"text": self.words()});
        let here: Vec<_> = self.posted.iter().filter(|it| it.channel == channel).cloned().collect();
        if let Some(replied) = self.prng.pick(&here).filter(|_| self.prng.percent(30)) {
            wish["reply_to_id"] = json!(replied.id);
        }
        if self.prng.percent(30) {
            wish["client_msg_id"] = json!(format!("wish-{}", self.prng.any()));
        }
        self.send(actor, &channel, &wish).await;
    }

    /// Says something in a thread, mostly one that goes on already.
    async fn reply(&mut self, actor: usize) {
        let Some(mut target) = self.message(actor) else { return };
        if target.root.is_none() && self.prng.percent(60) {
            let going = self.posted.iter().filter(|it| it.root.is_some());
            let going = going.filter(|it| it.channel == target.channel).cloned();
            let going: Vec<_> = going.collect();
            target = self.prng.pick(&going).unwrap_or(target);
        }
        let mut wish = json!({"text": self.words(), "thread_id": target.id});
        if self.prng.percent(20) {
            wish["also_send_to_channel"] = json!(true);
        }
        self.send(actor, &target.channel, &wish).await;
    }

    async fn send(&mut self, actor: usize, channel: &str, wish: &Value) {
        if let Some(sent) = self.wish(actor, &format!("/send/{channel}"), wish).await {
            self.note_posted(actor, &sent);
        }
    }

    fn note_posted(&mut self, sender: usize, message: &Value) {
        self.posted.push(Posted {
            id: message["id"].as_u64().unwrap(),
            channel: message["channel"].as_str().unwrap().to_owned(),
            root: message["thread_id"].as_u64(),
            sender,
            is_poll: !message["poll"].is_null(),
        });
    }

    /// Mostly by who wrote it.
    fn own_message(&mut self, actor: usize) -> Option<(usize, Posted)> {
        let message = self.message(actor)?;
        Some((if self.prng.percent(90) { message.sender } else { actor }, message))
    }

    async fn edit(&mut self, actor: usize) {
        let Some((actor, target)) = self.own_message(actor) else { return };
        let text = format!("{} (edited)", self.words());
        self.wish(actor, &format!("/edit/{}", target.id), &json!({"text": text})).await;
    }

    async fn delete(&mut self, actor: usize) {
        let Some((actor, target)) = self.own_message(actor) else { return };
        let gone = self.wish(actor, &format!("/delete/{}", target.id), &json!({})).await;
        // Of some that are gone people still talk.
        if gone.is_some() && self.prng.percent(80) {
            self.posted.retain(|it| it.id != target.id);
        }
    }

    async fn react(&mut self, actor: usize) {
        let Some(target) = self.message(actor) else { return };
        let wish = json!({"reaction": self.prng.pick(&REACTIONS)});
        self.wish(actor, &format!("/react/{}", target.id), &wish).await;
    }

    async fn ask(&mut self, actor: usize) {
        let channel = self.place(actor);
        let mut wish = json!({
            "question": self.words(), "options": ["12:00", "13:00", "never"],
            "is_multiple": self.prng.percent(50),
        });
        if self.prng.percent(30) {
            wish["closes_ts"] = json!(self.soon());
        }
        if let Some(asked) = self.wish(actor, &format!("/poll/{channel}"), &wish).await {
            self.note_posted(actor, &asked);
        }
    }

    /// Votes, takes a vote back, or ends the voting.
    async fn vote(&mut self, actor: usize) {
        let polls: Vec<_> = self.posted.iter().filter(|it| it.is_poll).cloned().collect();
        let Some(poll) = self.prng.pick(&polls) else { return };
        if self.prng.percent(10) {
            self.wish(poll.sender, &format!("/close_poll/{}", poll.id), &json!({})).await;
            return;
        }
        let count = self.prng.below(3);
        let options: Vec<_> = (0..count).map(|_| self.prng.below(3)).collect();
        self.wish(actor, &format!("/vote/{}", poll.id), &json!({"options": options})).await;
    }

    async fn pin(&mut self, actor: usize) {
        let Some(target) = self.message(actor) else { return };
        self.wish(actor, &format!("/pin/{}", target.id), &json!({})).await;
    }

    async fn forward(&mut self, actor: usize) {
        let Some(target) = self.message(actor) else { return };
        let wish = json!({"channel": self.place(actor), "text": self.words()});
        if let Some(sent) = self.wish(actor, &format!("/forward/{}", target.id), &wish).await {
            self.note_posted(actor, &sent);
        }
    }
}
