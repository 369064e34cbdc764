//! How often people do what: every number that the load is made of.
//!
//! What people do comes from the weights of mattermost-load-test-ng (`loadtest/control/simulcontroller/controller.go`), as
//! far as this chat has it; an action there is one here, with the requests of our own client.

/// One of these actions is begun this often by everybody, on average, at an activity of 1.
pub const THINK_SECONDS: f64 = 20.0;

/// People in a team, who share its channels.
pub const TEAM_PEOPLE: usize = 40;

/// Public channels: `general`, `random`, which is everybody's and quiet, and those of the teams, in turn; as many as there
/// are teams where there are more of them.
pub const CHANNELS: usize = 60;

/// Of all posts, and of all looks at a channel, so many in a hundred are in `general`.
pub const GENERAL_PERCENT: u64 = 10;

/// Of seeded messages so many in a hundred are in direct channels. Of those that are sent it follows from what is open.
pub const SEEDED_DIRECT_PERCENT: usize = 5;

/// Of seeded messages one of so many is a reply in a thread, with so many replies to a thread, one of so many names
/// somebody, and one of so many everyone.
pub const SEEDED_REPLY_EVERY: usize = 20;
pub const SEEDED_THREAD_REPLIES: u32 = 5;
pub const SEEDED_MENTION_EVERY: usize = 20;
pub const SEEDED_EVERYONE_EVERY: usize = 10_000;

/// Of posts so many in a hundred reply in a thread, half of them in one that goes on already.
pub const REPLY_PERCENT: u64 = 20;

/// Of posts so many in a hundred name somebody of the channel.
pub const MENTION_PERCENT: u64 = 10;

/// How often in a run somebody names everyone in `general`.
pub const EVERYONE_TIMES: u64 = 2;

/// What somebody does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Opens another channel.
    SwitchChannel,
    /// Opens a direct channel.
    OpenDirect,
    /// Scrolls up, by a page.
    Scroll,
    /// Writes something, in the channel or in a thread.
    Post,
    /// Looks at the list of threads.
    ListThreads,
    /// Opens a thread beside the channel, which also marks it as read.
    OpenThread,
    /// Follows a link to a message.
    OpenMessage,
    React,
    /// Changes what they wrote last.
    Edit,
    /// Loses the connection, and comes back.
    Reconnect,
    /// Loads the page anew.
    Reload,
}

/// Each action and its weight there: `OpenThread` is ViewThread and UpdateThreadRead, `OpenMessage` ClickPermalink. Left out
/// is what asks nothing of our server (UnreadCheck: the stream tells) and what is rarer than once in 400 actions.
pub const WEIGHTS: [(Act, f64); 11] = [
    (Act::SwitchChannel, 6.5219),
    (Act::Scroll, 1.9873),
    (Act::Post, 1.0),
    (Act::OpenDirect, 0.9843),
    (Act::OpenThread, 0.2841 + 0.3236),
    (Act::ListThreads, 0.6023),
    (Act::OpenMessage, 0.3),
    (Act::Reconnect, 0.144),
    (Act::React, 0.1306),
    (Act::Edit, 0.04),
    (Act::Reload, 0.0008),
];

/// How a message is written: from the first key, in milliseconds, shorter by the activity. A pause in the middle saves
/// what is written; the box that is empty after sending is saved too, as the client does.
pub const TYPING_MS: [u64; 3] = [0, 2_000, 4_500];
pub const DRAFT_MS: u64 = 3_300;
pub const SEND_MS: u64 = 6_000;
/// After the message is sent.
pub const EMPTY_DRAFT_MS: u64 = 800;

/// The client's own clocks, which do not go faster with the activity.
pub const HEARTBEAT_SECONDS: f64 = 30.0;
pub const MARK_EVERY_SECONDS: f64 = 1.0;
/// What is stale of the threads is asked for: the first time, later.
pub const THREADS_AFTER_SECONDS: [f64; 2] = [0.3, 2.0];
pub const STATE_AGAIN_SECONDS: f64 = 3.0;
pub const REQUEST_MAX_SECONDS: f64 = 20.0;
pub const SEND_ATTEMPTS_MAX: u32 = 7;
/// What the server says in `retry:`.
pub const RECONNECT_SECONDS: f64 = 0.5;
/// Somebody who is shown a page that could not be loaded asks again after so long.
pub const PAGE_AGAIN_SECONDS: f64 = 5.0;

/// The part of the people who come with `general` open; the others come to the channel they left.
pub const COME_TO_GENERAL_PERCENT: u64 = 20;

/// The wait of a client after so many failures in a row, without chance: `web/src/lib/sync/backoff.ts`.
pub fn backoff_seconds(failures: u32) -> f64 {
    (0.5 * 2_f64.powi(i32::try_from(failures.min(10)).unwrap_or(10) - 1)).min(15.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_one_weight() {
        for (at, (act, weight)) in WEIGHTS.iter().enumerate() {
            assert!(*weight > 0.0);
            assert!(WEIGHTS[..at].iter().all(|(other, _)| other != act), "{act:?} stands twice");
        }
    }

    #[test]
    fn a_client_waits_longer_and_longer_but_not_for_ever() {
        let waits: Vec<f64> = [1, 2, 3, 6, 50].map(backoff_seconds).to_vec();
        assert_eq!(waits, [0.5, 1.0, 2.0, 15.0, 15.0]);
    }
}
