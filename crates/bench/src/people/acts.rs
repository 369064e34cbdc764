//! What people do by themselves, and the clocks of their clients.

use super::call::{About, Call, micros};
use super::person::{Writing, stream_request};
use super::rates::{
    self, Act, COME_TO_GENERAL_PERCENT, DRAFT_MS, EMPTY_DRAFT_MS, GENERAL_PERCENT,
    HEARTBEAT_SECONDS, MARK_EVERY_SECONDS, MENTION_PERCENT, REPLY_PERCENT, SEND_MS, THINK_SECONDS,
    THREADS_AFTER_SECONDS, TYPING_MS, WEIGHTS,
};
use super::route::Route;
use super::town::{GENERAL, Kind};
use super::wire::{Socket, Stream};
use super::{Crowd, SOCKETS};
use crate::clock::now_micros;
use crate::mark::Mark;
use crate::seed;

/// Messages of a page, as `web/src/lib/state/pages.ts` asks for them.
const PAGE_MESSAGES: usize = 100;

/// Of a list of threads, as the view of threads and `recount.ts` ask for them.
const THREADS_LISTED: usize = 50;
const UNREAD_THREADS_MAX: usize = 100;

/// People react, reply and link to the newest messages.
const NEAR_MESSAGES: usize = 20;

/// Threads of a channel that go on at a time.
const THREADS_GOING_ON: usize = 10;

const TEXT_CHARS: usize = 64;

/// What is due.
pub enum Due {
    /// They open the page.
    Come,
    /// The next of the actions.
    Act,
    Heartbeat,
    Type,
    SaveDraft,
    Send,
    SaveEmptyDraft(Writing),
    MarkAgain,
    AskThreads,
    AskState,
    AskPage(usize),
    OpenStream,
    Again(Call),
    NameEveryone,
}

impl Crowd {
    pub(super) fn do_what_is_due(&mut self, now: u64) {
        while let Some((person, due)) = self.agenda.take(now) {
            self.do_due(person, due);
        }
    }

    fn do_due(&mut self, person: usize, due: Due) {
        match due {
            Due::Come => self.come(person),
            Due::Act => self.act_and_think(person),
            Due::Heartbeat => {
                self.say_presence(person);
                self.after(HEARTBEAT_SECONDS, person, Due::Heartbeat);
            }
            Due::Type => self.type_on(person),
            Due::SaveDraft => self.save_draft(person),
            Due::Send => self.send(person),
            Due::SaveEmptyDraft(written) => self.post_draft(person, &written, ""),
            Due::MarkAgain => {
                self.people[person].marks.is_waiting = false;
                let open = self.people[person].open;
                self.mark_read(person, open);
            }
            Due::AskThreads => self.ask_threads(person),
            Due::AskState => self.load(person),
            Due::AskPage(place) => {
                if self.people[person].open == place {
                    self.load_page(person, place);
                }
            }
            Due::OpenStream => self.open_stream(person),
            Due::Again(call) => self.ask_again(person, call),
            Due::NameEveryone => self.name_everyone(),
        }
    }

    pub(super) fn after(&mut self, seconds: f64, person: usize, due: Due) {
        self.agenda.add(now_micros() + micros(seconds), person, due);
    }

    fn come(&mut self, person: usize) {
        let home = &self.people[person].home;
        let at_general = self.manner.is_one_channel
            || home.len() == 1
            || self.chance.percent(COME_TO_GENERAL_PERCENT);
        self.people[person].open =
            if at_general { GENERAL } else { home[1 + self.chance.below(home.len() - 1)] };
        self.say_presence(person);
        self.load(person);
        let first = self.chance.wait_seconds(self.think_seconds());
        self.after(first, person, Due::Act);
        self.after(HEARTBEAT_SECONDS, person, Due::Heartbeat);
    }

    fn think_seconds(&self) -> f64 {
        THINK_SECONDS / self.manner.activity
    }

    /// The start of the page, and what is done when nothing that is held can be gone on with.
    pub(super) fn load(&mut self, person: usize) {
        let one = &mut self.people[person];
        one.drop_stream();
        one.last_id.clear();
        one.loaded.clear();
        one.is_started = false;
        self.ask(person, Route::State, "/state", None, About::Nothing);
    }

    pub(super) fn say_presence(&mut self, person: usize) {
        let json = format!(r#"{{"state":"active","at_ms":{}}}"#, clock_ms());
        self.ask(person, Route::Presence, "/presence", Some(&json), About::Nothing);
    }

    /// Opens the stream after what the page has.
    pub(super) fn open_stream(&mut self, person: usize) {
        if !self.people[person].is_started || self.people[person].stream.is_some() {
            return;
        }
        let token = mio::Token(person * SOCKETS);
        let one = &self.people[person];
        let request = stream_request(person, &one.cursor, &one.last_id);
        let stream = Socket::connect(self.address, token, self.poll.registry())
            .and_then(|socket| Stream::open(socket, &request, now_micros()));
        match stream {
            Ok(stream) => self.people[person].stream = Some(stream),
            Err(_) => self.lose_stream(person, None),
        }
    }

    /// Shows a place.
    pub(super) fn open_place(&mut self, person: usize, place: usize) {
        let one = &mut self.people[person];
        one.open = place;
        one.pages_up = 0;
        if one.loaded.contains(&place) {
            self.mark_read(person, place);
        } else {
            self.load_page(person, place);
        }
        let path = format!("/read_markers/{}", self.places[place].place.name);
        self.ask(person, Route::Receipts, &path, None, About::Nothing);
        self.say_viewing(person);
    }

    fn load_page(&mut self, person: usize, place: usize) {
        let path = format!("/messages/{}?limit={PAGE_MESSAGES}", self.places[place].place.name);
        self.ask(person, Route::Page, &path, None, About::Place(place));
    }

    pub(super) fn say_viewing(&mut self, person: usize) {
        let one = &self.people[person];
        if one.stream_name.is_empty() {
            return;
        }
        let name = &self.places[one.open].place.name;
        let json = format!(r#"{{"stream":"{}","channels":["{name}"]}}"#, one.stream_name);
        self.ask(person, Route::Viewing, "/viewing", Some(&json), About::Nothing);
    }

    /// Marks what is on the screen as read; within a second of the last mark it waits.
    pub(super) fn mark_read(&mut self, person: usize, place: usize) {
        let one = &mut self.people[person];
        if one.open != place || !one.loaded.contains(&place) || !one.unread.contains(&place) {
            return;
        }
        let Some(newest) = self.places[place].newest.last() else { return };
        let next = one.marks.last_micros + micros(MARK_EVERY_SECONDS);
        let now = now_micros();
        if now < next {
            if !one.marks.is_waiting {
                one.marks.is_waiting = true;
                self.agenda.add(next, person, Due::MarkAgain);
            }
            return;
        }
        one.marks.last_micros = now;
        one.unread.remove(&place);
        let path = format!("/mark_read/{}", self.places[place].place.name);
        let json = format!(r#"{{"message_id":{newest}}}"#);
        self.ask(person, Route::MarkRead, &path, Some(&json), About::Place(place));
    }

    /// Events have left in doubt what is unread in threads.
    pub(super) fn doubt_threads(&mut self, person: usize) {
        let threads = &mut self.people[person].threads;
        threads.is_stale = true;
        if !threads.is_asked {
            threads.is_asked = true;
            let seconds = THREADS_AFTER_SECONDS[usize::from(threads.is_known)];
            self.after(seconds, person, Due::AskThreads);
        }
    }

    fn ask_threads(&mut self, person: usize) {
        let threads = &mut self.people[person].threads;
        threads.is_stale = false;
        let path = format!("/threads?unread=true&limit={UNREAD_THREADS_MAX}");
        self.ask(person, Route::UnreadThreads, &path, None, About::Nothing);
    }

    fn act_and_think(&mut self, person: usize) {
        let next = self.chance.wait_seconds(self.think_seconds());
        self.after(next, person, Due::Act);
        // Who is shown nothing yet does nothing.
        if self.people[person].is_started {
            let act = self.chosen_act();
            self.act(person, act);
        }
    }

    fn chosen_act(&mut self) -> Act {
        let sum: f64 = WEIGHTS.iter().map(|(_, weight)| weight).sum();
        let mut left = self.chance.part() * sum;
        for (act, weight) in WEIGHTS {
            left -= weight;
            if left < 0.0 {
                return act;
            }
        }
        WEIGHTS[0].0
    }

    fn act(&mut self, person: usize, act: Act) {
        match act {
            Act::SwitchChannel => {
                let place = self.some_channel(person);
                self.open_place(person, place);
            }
            Act::OpenDirect => {
                let place = self.some_home(person, Kind::Direct);
                self.open_place(person, place);
            }
            Act::Scroll => self.scroll(person),
            Act::Post => self.begin_writing(person),
            Act::ListThreads => {
                let path = format!("/threads?limit={THREADS_LISTED}");
                self.ask(person, Route::Threads, &path, None, About::Nothing);
            }
            Act::OpenThread => {
                let open = self.people[person].open;
                if let Some(root) = self.some_root(open) {
                    self.open_thread(person, root);
                }
            }
            Act::OpenMessage => {
                let open = self.people[person].open;
                if let Some(id) = self.some_message(open, usize::MAX) {
                    let name = &self.places[open].place.name;
                    let path = format!("/messages/{name}?around_id={id}&limit={PAGE_MESSAGES}");
                    self.ask(person, Route::Around, &path, None, About::Nothing);
                }
            }
            Act::React => self.react(person),
            Act::Edit => self.edit(person),
            Act::Reconnect => {
                self.people[person].drop_stream();
                self.after(rates::RECONNECT_SECONDS, person, Due::OpenStream);
            }
            Act::Reload => self.load(person),
        }
    }

    /// `general` as often as it should be, or a channel of the team.
    fn some_channel(&mut self, person: usize) -> usize {
        if self.manner.is_one_channel || self.chance.percent(GENERAL_PERCENT) {
            return GENERAL;
        }
        self.some_home(person, Kind::Team)
    }

    /// One of a kind where they are; `general` where there is none, or all look there.
    fn some_home(&mut self, person: usize, kind: Kind) -> usize {
        let places = &self.places;
        let home = self.people[person].home.iter().copied();
        let homes: Vec<_> = home.filter(|at| places[*at].place.kind == kind).collect();
        if homes.is_empty() || self.manner.is_one_channel {
            return GENERAL;
        }
        homes[self.chance.below(homes.len())]
    }

    fn some_root(&mut self, place: usize) -> Option<u64> {
        let roots = &self.places[place].roots;
        (!roots.is_empty()).then(|| roots[self.chance.below(roots.len())])
    }

    fn some_message(&mut self, place: usize, among: usize) -> Option<u64> {
        let newest = &self.places[place].newest;
        let count = newest.len().min(among);
        (count > 0).then(|| newest[newest.len() - 1 - self.chance.below(count)])
    }

    fn scroll(&mut self, person: usize) {
        let one = &mut self.people[person];
        let here = &self.places[one.open];
        let held = PAGE_MESSAGES * (one.pages_up + 1);
        // A short page was the beginning: there is nothing above it. Beyond what is known the oldest page is asked again.
        if !one.loaded.contains(&one.open) || here.newest.len() < PAGE_MESSAGES {
            return;
        }
        let oldest = here.newest[here.newest.len().saturating_sub(held)];
        one.pages_up += 1;
        let path =
            format!("/messages/{}?before_id={oldest}&limit={PAGE_MESSAGES}", here.place.name);
        self.ask(person, Route::Older, &path, None, About::Nothing);
    }

    fn open_thread(&mut self, person: usize, root: u64) {
        let path = format!("/thread/{root}?limit={PAGE_MESSAGES}");
        self.ask(person, Route::Thread, &path, None, About::Thread(root));
    }

    /// The box gets its first key. Who writes already goes on with that.
    fn begin_writing(&mut self, person: usize) {
        if self.people[person].writing.is_some() {
            return;
        }
        let place = match self.people[person].open {
            _ if self.manner.is_one_channel || self.chance.percent(GENERAL_PERCENT) => GENERAL,
            GENERAL => self.some_home(person, Kind::Team),
            open => open,
        };
        if self.people[person].open != place {
            self.open_place(person, place);
        }
        let thread =
            if self.chance.percent(REPLY_PERCENT) { self.some_thread(place) } else { None };
        if let Some(root) = thread {
            self.open_thread(person, root);
        }
        let names = self.chance.percent(MENTION_PERCENT).then(|| self.some_member(place));
        if names.is_some() {
            self.ask_members(person, place);
        }
        self.people[person].writing = Some(Writing { place, thread, names });
        for ms in TYPING_MS {
            self.after_typed(ms, person, Due::Type);
        }
        self.after_typed(DRAFT_MS, person, Due::SaveDraft);
        self.after_typed(SEND_MS, person, Due::Send);
    }

    /// One that goes on already, or a new one under a message of late.
    fn some_thread(&mut self, place: usize) -> Option<u64> {
        let root = if self.chance.percent(50) { self.some_root(place) } else { None };
        root.or_else(|| self.some_message(place, NEAR_MESSAGES))
    }

    fn some_member(&mut self, place: usize) -> usize {
        let members = &self.places[place].place.members;
        match members.len() {
            0 => self.chance.below(self.people.len()),
            count => members[self.chance.below(count)],
        }
    }

    /// The first `@` in a channel that people join.
    fn ask_members(&mut self, person: usize, place: usize) {
        let here = &self.places[place].place;
        if here.kind == Kind::Team && self.people[person].known.insert(place) {
            let path = format!("/channel_members/{}", here.name);
            self.ask(person, Route::Members, &path, None, About::Nothing);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
    fn after_typed(&mut self, ms: u64, person: usize, due: Due) {
        self.after(ms as f64 / 1_000.0 / self.manner.activity, person, due);
    }

    fn type_on(&mut self, person: usize) {
        let Some(writing) = &self.people[person].writing else { return };
        let path = format!("/typing/{}", self.places[writing.place].place.name);
        self.ask(person, Route::Typing, &path, Some("{}"), About::Nothing);
    }

    fn save_draft(&mut self, person: usize) {
        if let Some(writing) = self.people[person].writing.clone() {
            self.post_draft(person, &writing, "What they have written so far, a half of");
        }
    }

    fn post_draft(&mut self, person: usize, writing: &Writing, text: &str) {
        let path = format!("/drafts/{}", self.places[writing.place].place.name);
        let thread = writing.thread.map_or_else(String::new, |id| format!(r#","thread_id":{id}"#));
        let json = format!(r#"{{"text":"{text}"{thread}}}"#);
        self.ask(person, Route::Draft, &path, Some(&json), About::Nothing);
    }

    fn send(&mut self, person: usize) {
        let Some(writing) = self.people[person].writing.take() else { return };
        let names = writing.names.map(|account| format!("@{} ", seed::name(account)));
        self.post(person, writing.place, writing.thread, &names.unwrap_or_default());
        self.after_typed(EMPTY_DRAFT_MS, person, Due::SaveEmptyDraft(writing));
    }

    fn post(&mut self, person: usize, place: usize, thread: Option<u64>, begin: &str) {
        let mark = Mark { sent_micros: now_micros(), number: self.posts };
        self.posts += 1;
        let text = mark.text(TEXT_CHARS);
        let key = format!("{:x}-{}", mark.sent_micros, mark.number);
        let thread_part = thread.map_or_else(String::new, |id| {
            format!(r#","thread_id":{id},"also_send_to_channel":false"#)
        });
        let json = format!(
            r#"{{"text":"{begin}{text}","reply_to_id":null,"client_msg_id":"{key}"{thread_part}}}"#
        );
        let path = format!("/send/{}", self.places[place].place.name);
        self.ask(person, Route::Send, &path, Some(&json), About::Post { place, thread });
    }

    fn name_everyone(&mut self) {
        self.post(0, GENERAL, None, "@everyone ");
    }

    fn react(&mut self, person: usize) {
        let open = self.people[person].open;
        let Some(id) = self.some_message(open, NEAR_MESSAGES) else { return };
        if !std::mem::replace(&mut self.people[person].has_emoji, true) {
            self.ask(person, Route::Emoji, "/emoji", None, About::Nothing);
        }
        self.calls += 1;
        let json = format!(
            r#"{{"reaction":"heart","on":true,"client_msg_id":"r{:x}-{}"}}"#,
            now_micros(),
            self.calls
        );
        self.ask(person, Route::React, &format!("/react/{id}"), Some(&json), About::Nothing);
    }

    fn edit(&mut self, person: usize) {
        let Some(id) = self.people[person].last_own else { return };
        let number = self.calls;
        let json = format!(
            r#"{{"text":"What they meant to write, version {number}","client_msg_id":"e{:x}-{number}"}}"#,
            now_micros()
        );
        self.ask(person, Route::Edit, &format!("/edit/{id}"), Some(&json), About::Nothing);
    }

    /// A message has begun or continued a thread.
    pub(super) fn note_reply(&mut self, place: usize, root: u64, reply: u64) {
        self.replies.insert(root, reply);
        let roots = &mut self.places[place].roots;
        if !roots.contains(&root) {
            roots.push(root);
            if roots.len() > THREADS_GOING_ON {
                roots.remove(0);
            }
        }
    }
}

/// The browser's clock.
fn clock_ms() -> i64 {
    use minimost::clock::Clock;
    Clock::System.now().0 / 1_000
}
