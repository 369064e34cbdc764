//! What is a person's own: how far they have read, what they keep, put off, and wish to be told.

use serde_json::json;

use super::town::Town;

impl Town {
    /// Reads, or makes unread again.
    pub(super) async fn read(&mut self, actor: usize) {
        let Some(message) = self.message(actor) else { return };
        let thread = message.root.unwrap_or(message.id);
        let nothing = json!({});
        let to_message = json!({"message_id": message.id});
        match self.prng.below(100) {
            0..=29 => {
                let channel = self.place(actor);
                self.wish(actor, &format!("/mark_read/{channel}"), &nothing).await
            }
            30..=54 => {
                self.wish(actor, &format!("/mark_read/{}", message.channel), &to_message).await
            }
            55..=66 => self.wish(actor, &format!("/mark_unread/{}", message.id), &nothing).await,
            67..=70 => self.wish(actor, "/mark_all_read", &nothing).await,
            71..=80 => self.wish(actor, &format!("/thread/{thread}/read"), &nothing).await,
            81..=88 => self.wish(actor, &format!("/thread/{thread}/read"), &to_message).await,
            _ => {
                let follow = json!({"on": self.prng.percent(60)});
                self.wish(actor, &format!("/thread/{thread}/follow"), &follow).await
            }
        };
    }

    pub(super) async fn keep(&mut self, actor: usize) {
        match self.prng.below(100) {
            0..=19 => self.save(actor).await,
            20..=39 => self.draft(actor).await,
            40..=59 => self.send_later(actor).await,
            60..=79 => self.be_reminded(actor).await,
            _ => self.choose(actor).await,
        }
    }

    async fn save(&mut self, actor: usize) {
        let Some(message) = self.message(actor) else { return };
        self.wish(actor, &format!("/save/{}", message.id), &json!({})).await;
    }

    async fn draft(&mut self, actor: usize) {
        let text = if self.prng.percent(25) { String::new() } else { self.words() };
        let mut wish = json!({"text": text});
        let mut channel = self.place(actor);
        if let Some(message) = self.message(actor).filter(|_| self.prng.percent(40)) {
            channel = message.channel;
            wish["thread_id"] = json!(message.root.unwrap_or(message.id));
        }
        self.wish(actor, &format!("/drafts/{channel}"), &wish).await;
    }

    async fn send_later(&mut self, actor: usize) {
        let known = self.prng.pick(&self.scheduled).filter(|_| self.prng.percent(35));
        if let Some(id) = known {
            let change = json!({"text": self.words(), "send_at_ts": self.soon()});
            if self.prng.percent(50) {
                self.wish(actor, &format!("/scheduled/{id}"), &change).await;
            } else {
                self.wish(actor, &format!("/scheduled/{id}/cancel"), &json!({})).await;
            }
            return;
        }
        let mut wish = json!({"text": self.words(), "send_at_ts": self.soon()});
        let mut channel = self.place(actor);
        if let Some(message) = self.message(actor).filter(|_| self.prng.percent(25)) {
            channel = message.channel;
            wish["thread_id"] = json!(message.root.unwrap_or(message.id));
        }
        if let Some(made) = self.wish(actor, &format!("/schedule/{channel}"), &wish).await {
            self.scheduled.extend(made["id"].as_u64());
        }
    }

    async fn be_reminded(&mut self, actor: usize) {
        if let Some(id) = self.prng.pick(&self.reminders).filter(|_| self.prng.percent(35)) {
            self.wish(actor, &format!("/reminders/{id}/done"), &json!({})).await;
            return;
        }
        let mut wish = json!({"due_ts": self.soon()});
        match self.message(actor).filter(|_| self.prng.percent(60)) {
            Some(message) => wish["message_id"] = json!(message.id),
            None => wish["text"] = json!(self.words()),
        }
        if let Some(made) = self.wish(actor, "/remind", &wish).await {
            self.reminders.extend(made["id"].as_u64());
        }
    }

    /// What notifies, and how things look.
    async fn choose(&mut self, actor: usize) {
        let number = self.prng.below(10);
        match self.prng.below(5) {
            0 | 1 => {
                let level = self.prng.pick(&["default", "all", "mentions", "none"]);
                let wish = json!({"level": level, "muted": self.prng.percent(30)});
                let channel = self.place(actor);
                self.wish(actor, &format!("/notifications/{channel}"), &wish).await
            }
            2 => {
                let wish = json!({"keywords": ["deploy", format!("word {number}")]});
                self.wish(actor, "/keywords", &wish).await
            }
            3 => {
                let wish = json!({"enabled": number > 4, "from": format!("2{}:00", number % 4)});
                self.wish(actor, "/do_not_disturb", &wish).await
            }
            _ => {
                let theme = (number > 2).then(|| format!("theme {number}"));
                self.wish(actor, "/preferences", &json!({"theme": theme})).await
            }
        };
    }
}
