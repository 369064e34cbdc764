//! Who there is: people come, say who they are, are put into groups, given roles, and sent away.

use serde_json::json;

use super::town::Town;
use crate::support::PASSWORD;

impl Town {
    pub(super) async fn keep_house(&mut self, actor: usize) {
        // Administrators do half of it, so that half of it is granted.
        let by = if self.prng.percent(60) { 0 } else { actor };
        match self.prng.below(100) {
            0..=11 => {
                self.arrive().await;
            }
            12..=41 => self.introduce(actor).await,
            42..=61 => self.group(by).await,
            62..=73 => self.give_role(by).await,
            74..=85 => self.send_away(by).await,
            86..=93 => self.bring_back(by).await,
            _ => self.set(by).await,
        }
    }

    async fn introduce(&mut self, actor: usize) {
        let words = self.words();
        if self.prng.percent(50) {
            let emoji = self.prng.pick(&["palm_tree", "house", "no such thing"]);
            let wish = json!({"emoji": emoji, "text": words});
            self.wish(actor, "/status", &wish).await;
        } else {
            let name = self.prng.percent(60).then(|| format!("{} X.", self.people[actor].name));
            let wish = json!({"display_name": name, "bio": words, "name_color": "#12ab9f"});
            self.wish(actor, "/profile", &wish).await;
        }
    }

    async fn group(&mut self, by: usize) {
        let known = self.prng.pick(&self.groups).filter(|_| self.prng.percent(50));
        let Some(id) = known else {
            let handle = self.prng.pick(&["devs", "ops", "Cooks"]);
            let wish = json!({"handle": handle, "members": self.some_names(3)});
            let made = self.wish(by, "/groups", &wish).await;
            self.groups.extend(made.and_then(|made| made["id"].as_u64()));
            return;
        };
        if self.prng.percent(20) {
            self.wish(by, &format!("/groups/{id}/delete"), &json!({})).await;
        } else {
            let wish = json!({"name": self.words(), "members": self.some_names(3)});
            self.wish(by, &format!("/groups/{id}"), &wish).await;
        }
    }

    /// Nobody takes alice's away: who else would bring people back?
    async fn give_role(&mut self, by: usize) {
        let whom = 1 + self.prng.below(self.people.len() - 1);
        let path = format!("/admin/people/{}/role", self.people[whom].name);
        let is_admin = self.prng.percent(50);
        self.wish(by, &path, &json!({"is_admin": is_admin})).await;
    }

    async fn send_away(&mut self, by: usize) {
        let whom = 1 + self.prng.below(self.people.len() - 1);
        if self.watched != Some(whom) {
            let path = format!("/admin/people/{}/deactivate", self.people[whom].name);
            self.wish(by, &path, &json!({})).await;
        }
    }

    /// Their sessions have ended: they log in again.
    async fn bring_back(&mut self, by: usize) {
        let whom = self.prng.below(self.people.len());
        let path = format!("/admin/people/{}/reactivate", self.people[whom].name);
        let is_back = self.wish(by, &path, &json!({})).await.is_some();
        if is_back && self.people[whom].get("/me").await.status == 401 {
            let login = json!({"username": self.people[whom].name, "password": PASSWORD});
            let session = self.server.stranger().post("/login", &login).await.expect(200);
            self.people[whom] = self.people[whom].with_token(session["token"].as_str().unwrap());
        }
    }

    async fn set(&mut self, by: usize) {
        let signup = self.prng.pick(&["open", "open", "closed"]);
        let edit_history = self.prng.pick(&["everyone", "sender", "nobody"]);
        let wish = json!({"signup": signup, "edit_history": edit_history});
        self.wish(by, "/admin/settings", &wish).await;
    }
}
