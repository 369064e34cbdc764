//! The hub's task: rounds of announcements, and the two clocks of what nobody announces.
//!
//! Neighbours: `write` sends the announcements; `fan_out` and `registry` do the work.

use std::task::Waker;
use std::time::Duration;

use chat::audience::history_start;
use chat::notification::Keywords;
use chat::receipts::is_crowd;
use chat::role::AccountChange;
use chat::signal::{PresenceState, Signal};
use chat::{Event, UserId};
use eventlog::fault_point;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::fan_out::segments;
use super::markers::{MarkerBoard, MarkerFrames};
use super::notify::keywords_of;
use super::{Cursor, Shared, frame, wake};
use crate::published::Announcement;

/// Commits told in one round: when the hub lags, its rounds grow, and each stream wakes once for all of them.
const ROUND_COMMITS_MAX: usize = 64;

/// How often every stream hears from us. Proxies close what is silent for 30 to 60 s, and it moves the cursors of those
/// who may see little. One clock for all: a timer per idle stream would cost more than the stream.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(15);

/// How long changes of read markers gather, and of presence where few people are connected.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(250);

/// How much longer changes of presence gather for each person who is connected: a round of them costs as much more, and
/// when 5,000 come at nine each of these is told to all. A second and a quarter then.
const PRESENCE_INTERVAL_EACH: Duration = Duration::from_micros(250);

/// Serves until the announcements end or the hub is closed.
pub(super) async fn run(shared: &Shared, mut announcements: mpsc::Receiver<Announcement>) {
    shared.fill_recent().await;
    let mut heartbeat = interval(HEARTBEAT_INTERVAL);
    let mut signals = interval(SIGNAL_INTERVAL);
    let mut markers = MarkerBoard::default();
    let mut keywords = keywords_of(&shared.published.now());
    let mut round = Vec::with_capacity(ROUND_COMMITS_MAX);
    let mut presence_due = Instant::now();
    loop {
        fault_point("hub");
        tokio::select! {
            commits = announcements.recv_many(&mut round, ROUND_COMMITS_MAX) => {
                if commits == 0 {
                    return;
                }
                shared.announce(&round, &mut keywords);
                markers.note(&round, Instant::now());
                shared.tell_markers(&mut markers);
                round.clear();
            }
            _ = signals.tick() => {
                shared.tell_markers(&mut markers);
                if presence_due <= Instant::now() {
                    shared.tell_presence();
                    let people = u32::try_from(shared.registry().people()).unwrap_or(u32::MAX);
                    presence_due = Instant::now() + PRESENCE_INTERVAL_EACH * people;
                }
            }
            _ = heartbeat.tick() => shared.beat(),
            () = shared.closing.notified() => return,
        }
    }
}

/// Ticks that were missed while the machine slept or was busy are not made up for.
fn interval(period: Duration) -> tokio::time::Interval {
    let mut interval = interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

impl Shared {
    /// Tells a round of commits to all who may see them; of a session that ends in it nobody is told anything more.
    pub(super) fn announce(&self, round: &[Announcement], keywords: &mut Keywords) {
        let Some(last) = round.last() else { return };
        let mut recent = self.recent();
        for announcement in round {
            recent.add(announcement);
        }
        drop(recent);
        self.heard.send_replace(last.workspace.head);
        let segments = segments(self.epoch, round);
        let mut wakers: Vec<Waker> = Vec::new();
        let events = || round.iter().flat_map(|announcement| announcement.events.iter());
        let mut registry = self.registry();
        // First, because a stream may take out of its queue what was put there a moment ago.
        for logged in events() {
            if let Some(Event::SessionClosed { user, session, .. }) = logged.event() {
                registry.end_session(*user, *session, &mut wakers);
            }
        }
        for segment in &segments {
            registry.tell(segment, &mut wakers);
        }
        registry.announced = Cursor::at_head(self.epoch, &last.workspace);
        drop(registry);
        let (mut posted, mut gone) = (Vec::new(), Vec::new());
        for logged in events() {
            match logged.event() {
                Some(Event::AccountChanged { user, change: AccountChange::Deactivated }) => {
                    gone.push(*user);
                }
                Some(Event::MessagePosted(posting) | Event::ThreadReplied(posting)) => {
                    posted.push((logged.actor, posting.channel));
                }
                Some(_) | None => {}
            }
        }
        self.notify(round, keywords, &mut wakers);
        let mut presence = self.presence();
        for (user, channel) in posted {
            presence.posted(user, self.spots.of(&channel.into(), &last.workspace));
        }
        drop(presence);
        for user in gone {
            self.gone(user);
        }
        wake(wakers);
    }

    /// Nobody is behind a deactivated account any more.
    fn gone(&self, user: UserId) {
        let seen = self.presence().gone(user, self.clock.now());
        if let Some(at) = seen {
            self.signal(Signal::Override { user, value: None, at });
            self.signal(Signal::Presence { user, state: PresenceState::Offline, at });
        }
    }

    /// Moves every cursor to where all have been told; never further, and none back.
    pub(super) fn beat(&self) {
        self.presence().prune(self.clock.now());
        let mut wakers = Vec::new();
        let registry = self.registry();
        registry.tell_place(&mut wakers);
        drop(registry);
        wake(wakers);
    }

    fn tell_presence(&self) {
        let changed = self.presence().take_changed();
        if changed.is_empty() {
            return;
        }
        let workspace = self.published.now();
        let frame = frame::presence(changed.into_iter(), &workspace);
        let mut wakers = Vec::new();
        let mut registry = self.registry();
        registry.tell_all(&frame, &mut wakers);
        // The head under this lock: whoever was told the round before has a cursor that is not later.
        registry.presence_rounds.note(self.published.now().head, frame);
        drop(registry);
        wake(wakers);
    }

    /// Tells how far others have read, to those who have the channel open.
    fn tell_markers(&self, board: &mut MarkerBoard) {
        for (channel, markers) in board.take_due(Instant::now()) {
            let workspace = self.published.now();
            // Of a few nothing is counted, and they take no place among those that are followed.
            let readers = is_crowd(channel, &workspace).then(|| board.readers(channel));
            let mut frames = MarkerFrames::new(channel, &markers, readers, &workspace);
            self.tell_viewers(&channel.into(), &workspace, |viewer| {
                frames.of(viewer, history_start(viewer, channel, &workspace)?)
            });
        }
    }
}
