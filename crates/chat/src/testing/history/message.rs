//! Messages: posting, threads, and what is done with a message afterwards.

use super::Narrator;
use crate::command::{Actor, AttachWish, Command, PostWish};
use crate::event::Attached;
use crate::ids::Seq;
use crate::poll::Poll;
use crate::testing::wish;

const REACTIONS: [&str; 7] =
    ["heart", "thumbsup", "+1", "🎉", "tada", "rainbow_flag", "not an emoji"];

impl Narrator {
    /// Plain text, a reply, a poll or a forwarded message, to a channel or in a thread.
    pub(super) fn post(&mut self, actor: Actor) -> Command {
        if self.prng.percent(35)
            && let Some(wish) = self.thread_reply(actor)
        {
            return Command::PostMessage(wish);
        }
        let channel = self.channel(actor);
        let mut wish = PostWish::text(channel.clone(), self.text());
        match self.prng.below(100) {
            0..=24 => wish.reply_to = self.message_near(&channel),
            25..=32 => wish.attach = Some(AttachWish::Poll(self.poll())),
            33..=38 => wish.attach = self.message_of(actor).map(AttachWish::Forward),
            _ => {}
        }
        Command::PostMessage(wish)
    }

    /// Under a message of any channel; threads that have begun draw more replies.
    fn thread_reply(&mut self, actor: Actor) -> Option<PostWish> {
        let messages = self.visible_to(actor);
        let begun: Vec<_> = messages
            .iter()
            .filter(|message| message.thread.is_some() || message.thread_root.is_some())
            .cloned()
            .collect();
        let begun = self.prng.pick(&begun).filter(|_| self.prng.percent(70));
        let message = begun.or_else(|| self.prng.pick(&messages))?;
        let channel = self.history.story.workspace.channel_name(message.channel);
        Some(PostWish {
            thread: Some(message.id),
            also_in_channel: self.prng.percent(25),
            ..PostWish::text(wish::channel(&channel), self.text())
        })
    }

    fn poll(&mut self) -> Poll {
        let options = (0..2 + self.prng.below(3)).map(|number| format!("option {number}"));
        let closes = self.prng.percent(30).then(|| self.soon());
        Poll { options: options.collect(), is_multiple: self.prng.percent(50), closes }
    }

    pub(super) fn message_step(&mut self, actor: Actor) -> (Actor, Command) {
        let Some(target) = self.message() else { return (actor, self.post(actor)) };
        let message = target.id;
        let sender = if self.prng.percent(90) { self.session_of(target.sender) } else { None };
        let seen = self.message_of(actor).unwrap_or(message);
        match self.prng.below(40) {
            0..=8 => {
                let text = self.text();
                (sender.unwrap_or(actor), Command::EditMessage { message, text })
            }
            9..=12 => (sender.unwrap_or(actor), Command::DeleteMessage { message }),
            // Somebody else's: allowed where they look after the channel.
            13 => (actor, Command::DeleteMessage { message: seen }),
            14..=17 => {
                let on = [None, Some(true), Some(false)][self.prng.below(3)];
                (actor, Command::PinMessage { message: seen, on })
            }
            18..=24 => self.vote(actor),
            _ => {
                let reaction = self.prng.pick(&REACTIONS).expect("there are some").to_owned();
                let on = [None, None, Some(true), Some(false)][self.prng.below(4)];
                (actor, Command::React { message: seen, reaction, on })
            }
        }
    }

    /// In one of the last polls; seldom its sender ends it.
    fn vote(&mut self, actor: Actor) -> (Actor, Command) {
        let is_poll = |message: &Seq| {
            let message = &self.history.story.messages[message];
            matches!(message.attached, Some(Attached::Poll(_)))
        };
        let seen = self.visible_to(actor).into_iter().map(|message| message.id);
        let polls: Vec<_> = seen.filter(is_poll).take(3).collect();
        let message = self.prng.pick(&polls).or_else(|| self.message_of(actor)).unwrap_or(Seq(1));
        if self.prng.percent(15) {
            let sender = self.history.story.messages.get(&message).map(|message| message.sender);
            let session = sender.and_then(|sender| self.session_of(sender));
            return (session.unwrap_or(actor), Command::ClosePoll { message });
        }
        let options = [vec![], vec![0], vec![0], vec![1], vec![2], vec![1, 0, 1]];
        let options = self.prng.pick(&options).expect("there are some");
        (actor, Command::Vote { message, options })
    }
}
