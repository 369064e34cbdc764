//! Read markers, of channels and of threads, and following them.

use super::Narrator;
use crate::command::{Actor, Command};
use crate::ids::Seq;

impl Narrator {
    pub(super) fn read(&mut self, actor: Actor) -> Command {
        match self.prng.below(12) {
            0..=1 => Command::MarkUnread { message: self.message_of(actor).unwrap_or(Seq(1)) },
            2 => Command::MarkAllRead,
            3..=4 => Command::FollowThread { root: self.thread(actor), on: self.prng.percent(50) },
            5..=6 => {
                let root = self.thread(actor);
                let replies: Vec<_> = self.history.story.messages.values().rev().take(30).collect();
                let replies = replies.iter().filter(|reply| reply.thread_root == Some(root));
                let replies: Vec<_> = replies.map(|reply| reply.id).collect();
                let up_to = self.prng.pick(&replies).filter(|_| self.prng.percent(50));
                Command::MarkThreadRead { root, up_to }
            }
            _ => {
                let channel = self.channel(actor);
                let up_to = if self.prng.percent(50) { self.message_near(&channel) } else { None };
                Command::MarkRead { channel, up_to }
            }
        }
    }

    /// Mostly a message with a thread under it.
    fn thread(&mut self, actor: Actor) -> Seq {
        let roots: Vec<_> = self.visible_to(actor).into_iter().collect();
        let roots = roots.iter().filter(|message| message.thread.is_some());
        let roots: Vec<_> = roots.map(|message| message.id).collect();
        let root = self.prng.pick(&roots).filter(|_| self.prng.percent(85));
        root.or_else(|| self.message_of(actor)).unwrap_or(Seq(1))
    }
}
