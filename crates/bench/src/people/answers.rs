//! What follows from answers, from failures, and from what the streams say.

use super::Crowd;
use super::acts::Due;
use super::call::{About, Call};
use super::person::{field, names, number};
use super::rates::{
    PAGE_AGAIN_SECONDS, RECONNECT_SECONDS, SEND_ATTEMPTS_MAX, STATE_AGAIN_SECONDS, backoff_seconds,
};
use super::route::Route;
use super::tally::{BROKEN, TIMED_OUT};
use super::wire::{Answered, State};
use crate::clock::now_micros;
use crate::load::streams::frames::frames;
use crate::mark::marks;

/// Ids of a place that are remembered.
const NEWEST_MAX: usize = 600;

impl Crowd {
    pub(super) fn take_answer(&mut self, person: usize, call: Call, answered: &Answered) {
        if !(200..300).contains(&answered.status) {
            return self.refused(person, call, answered);
        }
        self.tally.took(call.route, call.wished_micros, now_micros());
        match (call.route, call.about) {
            (Route::State, _) => {
                let one = &mut self.people[person];
                one.cursor = answered.cursor.clone().unwrap_or_default();
                one.is_started = true;
                self.open_stream(person);
                let open = self.people[person].open;
                self.open_place(person, open);
            }
            (Route::Page, About::Place(place)) => {
                self.people[person].loaded.insert(place);
                self.mark_read(person, place);
            }
            (Route::Thread, About::Thread(root)) => {
                if let Some(newest) = self.replies.get(&root) {
                    let json = format!(r#"{{"message_id":{newest}}}"#);
                    let path = format!("/thread/{root}/read");
                    self.ask(person, Route::ThreadRead, &path, Some(&json), About::Nothing);
                }
            }
            (Route::UnreadThreads, _) => self.threads_answered(person, true),
            (Route::Send, About::Post { place, thread }) => {
                self.tally.sent += 1;
                let Some(id) = number(&answered.body, b"\"id\":") else { return };
                self.people[person].last_own = Some(id);
                match thread {
                    Some(root) => self.note_reply(place, root, id),
                    None => self.note_message(place, id),
                }
            }
            _ => {}
        }
    }

    /// A quick refusal is no quick answer: it counts as an error, and not among the latencies.
    fn refused(&mut self, person: usize, call: Call, answered: &Answered) {
        self.tally.failed(call.route, answered.status);
        self.go_on_after(person, call, answered.status, answered.retry_after_seconds);
    }

    /// There was no answer.
    pub(super) fn fail(&mut self, person: usize, call: Option<Call>, status: u16) {
        let Some(call) = call else { return };
        self.tally.took(call.route, call.wished_micros, now_micros());
        self.tally.failed(call.route, status);
        self.go_on_after(person, call, status, None);
    }

    /// What the client does then.
    fn go_on_after(&mut self, person: usize, mut call: Call, status: u16, wait: Option<f64>) {
        call.failures += 1;
        match (call.route, call.about) {
            (Route::State, _) => self.after(STATE_AGAIN_SECONDS, person, Due::AskState),
            (Route::Page, About::Place(place)) => {
                self.after(PAGE_AGAIN_SECONDS, person, Due::AskPage(place));
            }
            (Route::UnreadThreads, _) => self.threads_answered(person, false),
            (Route::MarkRead, About::Place(place)) => {
                self.people[person].unread.insert(place);
            }
            (Route::Send, _) => {
                let is_passing = matches!(status, TIMED_OUT | BROKEN | 429 | 503);
                if is_passing && call.failures < SEND_ATTEMPTS_MAX {
                    let seconds = backoff_seconds(call.failures).max(wait.unwrap_or(0.0));
                    call.wished_micros = now_micros();
                    self.after(seconds, person, Due::Again(call));
                }
            }
            _ => {}
        }
    }

    fn threads_answered(&mut self, person: usize, is_known: bool) {
        let threads = &mut self.people[person].threads;
        threads.is_asked = false;
        threads.is_known |= is_known;
        if threads.is_stale {
            self.doubt_threads(person);
        }
    }

    /// A stream has ended, or was refused.
    pub(super) fn lose_stream(&mut self, person: usize, status: Option<u16>) {
        let one = &mut self.people[person];
        let stream = one.drop_stream();
        if stream.is_some_and(|stream| stream.state == State::Open) {
            self.tally.cut_off += 1;
            one.stream_failures = 0;
            return self.after(RECONNECT_SECONDS, person, Due::OpenStream);
        }
        one.stream_failures += 1;
        let part = 0.5 + self.chance.part() / 2.0;
        let seconds = backoff_seconds(one.stream_failures) * part;
        self.tally.failed(Route::Events, status.unwrap_or(BROKEN));
        self.ask(person, Route::Me, "/me", None, About::Nothing);
        self.after(seconds, person, Due::OpenStream);
    }

    pub(super) fn take_frames(&mut self, person: usize, bytes: &[u8]) {
        for (name, data) in frames(bytes) {
            self.tally.frames += 1;
            match name {
                b"message_posted" => self.hear_message(person, data),
                b"thread_replied" => self.hear_reply(person, data),
                b"thread_followed" | b"thread_read" | b"thread_unread" => {
                    self.doubt_threads(person);
                }
                b"hello" => self.greet(person, data),
                b"resync" => {
                    self.tally.resyncs += 1;
                    return self.load(person);
                }
                _ => {}
            }
        }
    }

    fn greet(&mut self, person: usize, data: &[u8]) {
        let name = field(data, b"\"stream\":\"").unwrap_or_default();
        self.people[person].stream_name = String::from_utf8_lossy(name).into_owned();
        self.people[person].stream_failures = 0;
        self.say_viewing(person);
        self.say_presence(person);
    }

    /// Counts what has come to a screen; the place and the id, if somebody else wrote it.
    fn show(&mut self, person: usize, data: &[u8]) -> Option<(usize, u64)> {
        self.tally.deliveries += 1;
        if let Some(mark) = marks(data).next()
            && mark.sent_micros >= self.tally.since_micros
        {
            self.tally.screens.record(now_micros().saturating_sub(mark.sent_micros));
        }
        let place = *self.by_name.get(field(data, b"\"channel\":\"")?)?;
        let id = number(data, b"\"id\":")?;
        let is_own = field(data, b"\"sender\":\"")? == self.people[person].name;
        (!is_own).then_some((place, id))
    }

    fn hear_message(&mut self, person: usize, data: &[u8]) {
        let Some((place, id)) = self.show(person, data) else { return };
        self.note_message(place, id);
        self.people[person].unread.insert(place);
        self.mark_read(person, place);
    }

    /// Which threads one follows says the state; who is named in another one follows that too, and asks.
    fn hear_reply(&mut self, person: usize, data: &[u8]) {
        let Some((place, id)) = self.show(person, data) else { return };
        let Some(root) = number(data, b"\"thread_id\":") else { return };
        self.note_reply(place, root, id);
        let one = &self.people[person];
        if names(data, &one.name) {
            self.doubt_threads(person);
        }
    }

    fn note_message(&mut self, place: usize, id: u64) {
        let newest = &mut self.places[place].newest;
        if newest.last().is_some_and(|last| *last >= id) {
            return;
        }
        if newest.len() >= NEWEST_MAX {
            newest.drain(..NEWEST_MAX / 2);
        }
        newest.push(id);
    }
}
