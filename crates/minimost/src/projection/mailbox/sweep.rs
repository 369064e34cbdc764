//! The sweep: what is done to mailboxes when. It hears what happened, and brings on whose turn it is within a fifth of a
//! core (a half while somebody who is connected has no file at all), compares in a two-hundredth what files say with
//! what they should, and rids files of what was erased in all the time that this leaves.
//!
//! Neighbours: `concern` and `standing` know who is behind, `turn` whose turn it is, `schedule` what is done next, `bringing` does it to one file,
//! `making` makes those that are missing or far behind, `group` has them where a window has no bound, `register` keeps it all over a restart.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chat::{Seq, Timestamp, UserId, Workspace};
use rand::TryRngCore;
use rand::rngs::OsRng;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::{debug, error, warn};

use super::super::ProjectionError;
use super::super::feed::Feed;
use super::comparing::Comparing;
use super::concern::News;
use super::erasure::{ErasureReport, Erasures, HeldLog};
use super::file::Mailbox;
use super::files::{self, Files};
use super::group::Group;
use super::owner::Owner;
use super::register::Register;
use super::schedule::{Cost, MISSING_ONE_IN, Piece, SWEEP_ONE_IN, Schedule, Waiting};
use super::share::Stopwatch;
use super::standing::{Standing, Standings};

/// How often the register is written.
const SAVE_EVERY: Duration = Duration::from_secs(5);
/// How long a sign of life counts as being connected; streams and heartbeats come more often.
const CONNECTED_HOLDS: Duration = Duration::from_secs(120);
/// How long stopping may take here: erasing what is erased in the log, and leaving files in one piece.
const REST_TIME: Duration = Duration::from_secs(5);
/// And until all of them are on the disk, so that the next start of the machine need not open each.
const SYNC_TIME: Duration = Duration::from_secs(5);

/// Who gave a sign of life when; shared with the handles, locked for single look-ups, and once a look.
pub(super) type Connected = Arc<Mutex<HashMap<UserId, Instant>>>;

pub(super) type DrainAnswer = oneshot::Sender<Result<(), ProjectionError>>;

/// The state of the sweep.
pub(super) struct Sweep {
    pub standings: Standings,
    pub erasures: Erasures,
    pub group: Group,
    /// Everything up to its head was heard of, and files are brought there.
    pub target: Arc<Workspace>,
    /// When the last of that happened.
    pub target_ts: Timestamp,
    pub recent: HashSet<UserId>,
    /// Whose files were closed with a WAL beside them.
    pub with_wal: BTreeSet<UserId>,
    /// What went wrong first since the oldest drain came.
    pub drain_error: Option<ProjectionError>,
    pub comparing: Comparing,
    news: News,
    register: Option<Register>,
    pub files: Files,
    /// Whoever has no file, or one that is far behind, is given one that is at the head, and none has far to go.
    pub makes_at_head: bool,
    connected: Connected,
    to_erase: VecDeque<UserId>,
    turns: VecDeque<UserId>,
    /// Of those, who wait for room in the group.
    waiting: VecDeque<UserId>,
    is_groups_turn: bool,
    /// Who waits until everything is done.
    drains: Vec<DrainAnswer>,
    schedule: Schedule,
    next_save: Instant,
    is_deaf: bool,
}

impl Sweep {
    pub fn new(
        target: Arc<Workspace>,
        connected: Connected,
        report: ErasureReport,
        log: HeldLog,
    ) -> Sweep {
        let now = Instant::now();
        Sweep {
            standings: Standings::default(),
            erasures: Erasures::new(report, log),
            group: Group::default(),
            target,
            target_ts: Timestamp(0),
            recent: HashSet::new(),
            with_wal: BTreeSet::new(),
            drain_error: None,
            comparing: Comparing::default(),
            news: News::default(),
            register: None,
            files: Files::default(),
            makes_at_head: false,
            connected,
            to_erase: VecDeque::new(),
            turns: VecDeque::new(),
            waiting: VecDeque::new(),
            is_groups_turn: false,
            drains: Vec::new(),
            schedule: Schedule::new(now),
            next_save: now + SAVE_EVERY,
            is_deaf: false,
        }
    }

    /// How long to wait for a question before doing the next piece of work.
    pub fn pause(&self) -> Duration {
        if self.is_draining() {
            return Duration::ZERO;
        }
        let now = Instant::now();
        self.schedule.next_at(now, self.waiting()).saturating_duration_since(now)
    }

    pub fn is_draining(&self) -> bool {
        !self.drains.is_empty()
    }

    /// A file that was set aside is made as soon as it can be.
    pub fn turn_again(&mut self, user: UserId) {
        self.turns.push_back(user);
    }

    fn has_work(&self) -> bool {
        !self.turns.is_empty() || !self.waiting.is_empty() || !self.group.is_empty()
    }

    fn take_turns(&mut self, turns: Vec<UserId>) {
        self.turns = turns.into();
        self.turns.retain(|user| !self.group.has(*user));
        self.waiting.clear();
    }

    /// The next whose file is opened by itself; none while only such wait as have no room in the group.
    fn next_turn(&mut self) -> Option<UserId> {
        if self.turns.is_empty() && self.group.is_empty() {
            self.turns = std::mem::take(&mut self.waiting);
        }
        while let Some(user) = self.turns.pop_front() {
            if self.has_room(user) {
                return Some(user);
            }
            self.waiting.push_back(user);
        }
        None
    }

    /// Whether somebody's file can be brought on now. One of which nothing is known is opened in any case, because it may
    /// hold what was erased.
    pub fn has_room(&self, user: UserId) -> bool {
        self.far_from(user).is_none_or(|from| self.group.has_room(from))
    }

    /// Where somebody's file goes on, when that is known to be too far behind for going alone.
    pub fn far_from(&self, user: UserId) -> Option<Seq> {
        let standing = self.standings.find(user)?;
        let from = match standing.checkpoint {
            _ if self.makes_at_head => return None,
            Some(checkpoint) => self.standings.goes_on_after(user, checkpoint),
            None if standing.is_unknown() => return None,
            None => user.0,
        };
        Group::is_far(from, self.target.head).then_some(from)
    }

    /// What there is to do.
    fn waiting(&self) -> Waiting {
        let is_missing = |user: &&UserId| {
            let standing = self.standings.find(**user);
            self.recent.contains(user) && standing.is_some_and(Standing::is_missing)
        };
        let erasures = !self.to_erase.is_empty();
        // What is deleted leaves files in time, also while files are missing.
        let is_urgent = !erasures && self.turns.front().as_ref().is_some_and(is_missing);
        let one_in = if is_urgent { MISSING_ONE_IN } else { SWEEP_ONE_IN };
        Waiting { turn: self.has_work().then_some(one_in), erasures }
    }

    /// Takes note of who gave a sign of life lately.
    fn see_connected(&mut self, now: Instant) {
        let mut connected = self.connected.lock().expect("nobody panics holding it");
        connected.retain(|_, sign| now.saturating_duration_since(*sign) < CONNECTED_HOLDS);
        self.recent = connected.keys().copied().collect();
    }
}

impl Owner {
    /// What was known when the register was written down last.
    pub fn begin(&mut self) {
        let (workspace, now) = (self.published.now(), Instant::now());
        let opened = Register::open(
            &self.data_dir,
            &self.sources,
            workspace.head,
            &mut self.sweep.standings,
        );
        let known = self.register_of(opened);
        self.sweep.standings.keep_only(|user| workspace.users.contains_key(user));
        // Without a register there is nothing before the head that was heard of; the files know it.
        let mut target = Workspace::clone(&workspace);
        target.head = known.unwrap_or(workspace.head);
        self.sweep.target = Arc::new(target);
        // A log that cannot be read is told of by whoever needs it.
        let (_, ts) = self.sources.reader.head().unwrap_or_default();
        self.sweep.target_ts = Timestamp(ts);
        let unknown = workspace.users.keys().filter(|it| self.sweep.standings.find(**it).is_none());
        let unknown: Vec<UserId> = unknown.copied().collect();
        for user in &unknown {
            self.sweep.standings.lose(*user, now);
        }
        let chance = OsRng.try_next_u32().unwrap_or_default();
        self.sweep.comparing.begin_after(workspace.users.keys().copied(), chance);
        self.sweep.see_files(&self.data_dir, now);
        // What was deleted since a file was set aside nobody can say either.
        for user in unknown {
            if self.sweep.standings.has_aside(user) {
                self.sweep.standings.hold(user, self.sweep.target_ts, now);
            }
        }
    }

    fn register_of(
        &mut self,
        opened: Result<(Register, Option<Seq>), ProjectionError>,
    ) -> Option<Seq> {
        match opened {
            Ok((register, known)) => {
                self.sweep.register = Some(register);
                known
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, "mailboxes.db cannot be used; every mailbox is opened once instead");
                None
            }
        }
    }

    /// A piece of background work.
    pub fn step(&mut self) {
        if self.sweep.is_draining() {
            self.drain_on();
            return;
        }
        let (watch, waiting) = (Stopwatch::start(), self.sweep.waiting());
        let Some(piece) = self.sweep.schedule.next(watch.began, waiting) else { return };
        match piece {
            Piece::Look => self.look(watch.began),
            Piece::Compare => self.compare(),
            Piece::Turn => drop(self.work()),
            Piece::Erase => self.erase_next(&watch),
        }
        let cost = Cost { began: watch.began, computed: watch.computed(), took: watch.took() };
        self.sweep.schedule.charge(piece, waiting, cost);
    }

    fn erase_next(&mut self, watch: &Stopwatch) {
        let Some(user) = self.sweep.to_erase.pop_front() else { return };
        let was_erasing = self.is_erasing(user);
        self.bring_and_erase(user);
        // One that another turn was rid in, or that is held, takes no time.
        if was_erasing && !self.is_erasing(user) {
            self.sweep.schedule.was_rid(watch.took());
        }
    }

    /// Brings everybody to the head without resting; `answer` hears when it is done.
    pub fn drain(&mut self, answer: DrainAnswer) {
        self.sweep.drains.push(answer);
        self.listen();
        self.sweep.see_files(&self.data_dir, Instant::now());
        let turns = self.sweep.standings.all_turns();
        self.sweep.take_turns(turns);
    }

    fn drain_on(&mut self) {
        if self.work() {
            return;
        }
        self.sweep.erasures.report(&self.sweep.standings, Instant::now());
        for answer in std::mem::take(&mut self.sweep.drains) {
            // Whoever waited may have gone; the work is done all the same.
            drop(answer.send(self.sweep.drain_error.take().map_or(Ok(()), Err)));
        }
        self.sweep.drain_error = None;
    }

    /// Brings one file on: of those whose turn it is and of those that are far behind by turns. False when there is none.
    fn work(&mut self) -> bool {
        self.sweep.is_groups_turn = !self.sweep.is_groups_turn;
        let prefers_group = self.sweep.is_groups_turn && !self.sweep.group.is_empty();
        match if prefers_group { None } else { self.sweep.next_turn() } {
            Some(user) => self.bring(user),
            None => match self.sweep.group.take_last() {
                Some(mailbox) => self.move_on(mailbox),
                None => return false,
            },
        }
        true
    }

    /// Hears what happened and plans whose turn it is.
    fn look(&mut self, now: Instant) {
        self.listen();
        let sweep = &mut self.sweep;
        sweep.see_connected(now);
        sweep.see_files(&self.data_dir, now);
        let recent = &sweep.recent;
        let turns = sweep.standings.turns(now, |user| recent.contains(&user));
        sweep.take_turns(turns);
        let each_takes = sweep.schedule.ridding_takes();
        sweep.to_erase = sweep.standings.erasures(now, each_takes).into();
        sweep.erasures.report(&sweep.standings, now);
        self.pool.close_idle(now);
        self.sources.windows.forget_idle(now);
        // What is to be erased before any file is touched for it.
        if now >= self.sweep.next_save || self.sweep.standings.has_new_erasures() {
            self.save(now);
        }
    }

    /// Hears of everything up to the head, and notes whom it concerns.
    fn listen(&mut self) {
        let workspace = self.published.now();
        if workspace.head == self.sweep.target.head {
            return;
        }
        if let Err(error) = self.hear_up_to(&workspace) {
            // Once: files stay as they are until the log can be read.
            if !std::mem::replace(&mut self.sweep.is_deaf, true) {
                let error = &error as &dyn std::error::Error;
                error!(error, "the mailboxes do not follow the log");
            }
            if self.sweep.is_draining() {
                self.sweep.drain_error.get_or_insert(error);
            }
            return;
        }
        self.sweep.is_deaf = false;
        let (sweep, now) = (&mut self.sweep, Instant::now());
        let mut is_erased = false;
        sweep.news.tell(&workspace, |user, touch| {
            if touch.erased_ts.is_some() {
                is_erased = true;
                sweep.comparing.hear_erasure(user);
            }
            sweep.standings.touch(user, touch, now);
        });
        if is_erased {
            // What was decoded before holds the text, and a file that is rid of it already may still come there.
            self.sources.feed = Feed::new();
        }
        sweep.target = workspace;
    }

    fn hear_up_to(&mut self, workspace: &Workspace) -> Result<(), ProjectionError> {
        let mut heard = self.sweep.target.head;
        while heard < workspace.head {
            let events = self.sources.feed.next(&mut self.sources.reader, heard, workspace.head)?;
            for event in events.iter() {
                self.sweep.news.hear(event);
                self.sweep.target_ts = event.ts;
            }
            heard = events.end;
        }
        Ok(())
    }

    /// Writes the register.
    pub fn save(&mut self, now: Instant) {
        self.sweep.next_save = now + SAVE_EVERY;
        let head = self.sweep.target.head;
        let sweep = &mut self.sweep;
        let Some(register) = &sweep.register else { return };
        let saved = register.save(&self.sources, head, &mut sweep.standings);
        sweep.erasures.tell_register(&saved, sweep.target_ts);
    }

    /// Before the end: erases what is erased in the log, and leaves files in one piece, as far as the time goes.
    pub fn rest(&mut self) {
        let until = Instant::now() + REST_TIME;
        self.listen();
        let erasing: Vec<UserId> =
            self.sweep.standings.each_erasing().map(|(user, _)| user).collect();
        for user in erasing {
            if Instant::now() < until {
                self.bring_and_erase(user);
            }
        }
        self.save(until);
        drop(self.sweep.group.take_all());
        for mailbox in self.pool.take_all() {
            self.sweep.with_wal.remove(&mailbox.owner);
            // One that cannot be closed whole is whole with its WAL.
            drop(mailbox.close_whole());
        }
        for user in std::mem::take(&mut self.sweep.with_wal) {
            if Instant::now() >= until {
                break;
            }
            // One that was taken away, or may not be looked at, is for the next start.
            if !self.mailbox_path(user).try_exists().unwrap_or(false) {
                continue;
            }
            drop(self.take(user).and_then(|it| it.map_or(Ok(()), Mailbox::close_whole)));
        }
        self.leave_at_rest(Instant::now() + SYNC_TIME);
    }

    /// Closes the register, and has it say that all files are on the disk when they are.
    fn leave_at_rest(&mut self, until: Instant) {
        let Some(register) = self.sweep.register.take() else { return };
        let there = self.sweep.standings.iter().filter(|(_, standing)| !standing.is_missing());
        let files = there.map(|(user, _)| self.mailbox_path(user));
        let left = files::sync(&self.data_dir, files, until)
            .and_then(|is_done| if is_done { register.leave_at_rest() } else { Ok(()) });
        if let Err(error) = left {
            let error = &error as &dyn std::error::Error;
            debug!(error, "after the next start of the machine every mailbox is opened once");
        }
    }
}
