//! The HTTP surface (docs/api.md): every route on this screen.
//!
//! A handler names the wish and has no rules. Promises: every answer that is not a success is a problem document, and
//! says nothing of what the asker may not know. Deliberately absent: SQL, the log, decisions.
//!
//! Flow: `serve` accepts, `door` surrounds, `extract` and `fields` parse, a handler asks `write` or reads, `problem`
//! explains what went wrong.

mod accounts;
mod administration;
mod channel_state;
mod channels;
mod connection;
mod cross_site;
mod crowd;
mod directory;
mod directs;
mod door;
mod drafts;
mod edit_history;
mod encoding;
mod extract;
mod fields;
mod forwarding;
mod groups;
mod gzip;
mod hall;
mod invites;
mod knock;
mod lobby;
mod log_state;
mod members;
mod mentions;
mod messages;
mod notifications;
pub mod openapi;
mod password_reset;
mod people;
mod pins;
mod polls;
mod preferences;
mod presence;
mod private_channels;
mod problem;
mod problem_kind;
mod problem_page;
mod read_markers;
mod receipts;
mod reminders;
mod saved;
mod scheduled;
mod search_key;
mod seats;
mod security;
mod serve;
mod session_cookie;
mod shared_json;
mod socket;
mod stall;
mod state;
mod stream;
mod streaming;
mod threads;
mod unread;
mod versions;
mod web;

use std::sync::Arc;

use axum::routing::{get, post};
use axum::{Extension, Router};

use crate::app::App;

pub use door::Door;
pub use problem::ProblemKind;
pub use serve::serve;

/// Every route.
pub fn router(app: App) -> Router {
    accounts_and_people()
        .merge(conversations())
        .merge(what_is_said())
        .merge(ones_own())
        .merge(the_house())
        .fallback(web::file)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .with_state(app)
}

/// Who there is.
fn accounts_and_people() -> Router<App> {
    Router::new()
        // Accounts
        .route("/signup", get(web::door).post(accounts::sign_up))
        .route("/login", get(web::door).post(accounts::log_in))
        .route(
            "/logout",
            get(accounts::log_out).post(accounts::log_out).head(accounts::log_out_head),
        )
        .route("/change-password", post(accounts::change_password))
        .route("/forgot-password", get(web::door))
        .route("/reset-password/{token}", get(web::reset).post(password_reset::redeem))
        .route("/reset_info", get(password_reset::info))
        .route("/me", get(accounts::me))
        .route("/users", get(accounts::users))
        .route("/state", get(state::state).layer(Extension(Arc::<state::Shared>::default())))
        // People
        .route("/people", get(people::people))
        .route("/profile", post(people::change_profile))
        .route("/profile/{user}", get(people::profile))
        .route("/status", post(people::set_status))
        .route("/settings", get(people::own_settings).post(people::set_own_settings))
        .route("/user_colors", get(people::user_colors))
        .route("/preferences", get(preferences::get).post(preferences::change))
        .route("/groups", get(groups::list).post(groups::create))
        .route("/groups/{id}", post(groups::change))
        .route("/groups/{id}/delete", post(groups::delete))
        // Administration
        .route("/admin/people", get(administration::people))
        .route("/admin/people/{user}/role", post(administration::set_role))
        .route("/admin/people/{user}/deactivate", post(administration::deactivate))
        .route("/admin/people/{user}/reactivate", post(administration::reactivate))
        .route("/admin/people/{user}/unlock", post(administration::unlock))
        .route("/admin/people/{user}/reset_password", post(password_reset::create))
        .route(
            "/admin/settings",
            get(administration::settings).post(administration::change_settings),
        )
        .route("/admin/log", get(log_state::log_state))
        .route("/admin/log/compare", post(log_state::compare))
        .route("/admin/invites", get(invites::list).post(invites::create))
        .route("/admin/invites/{id}/revoke", post(invites::revoke))
        .route("/signup_info", get(invites::signup_info))
        // Who is there
        .route("/online_users", get(presence::online_users))
        .route("/presence", post(presence::update))
        .route("/presence/override", get(presence::get_override).post(presence::set_override))
        .route("/typing/{channel}", get(presence::typists).post(presence::typing))
}

/// Where people talk.
fn conversations() -> Router<App> {
    Router::new()
        // Channels
        .route("/channels", get(channels::list).post(channels::create))
        .route("/channels/{channel}/rename", post(channels::rename))
        .route("/channels/{channel}/topic", post(channels::set_topic))
        .route("/channels/{channel}/description", post(channels::describe))
        .route("/channels/{channel}/archive", post(channels::archive))
        .route("/channels/{channel}/posters", post(channels::set_posters))
        .route("/directory", get(directory::directory))
        // Members
        .route("/channels/{channel}/join", post(members::join))
        .route("/channels/{channel}/leave", post(members::leave))
        .route("/channels/{channel}/members", post(members::add))
        .route("/channels/{channel}/members/remove", post(members::remove))
        .route("/channels/{channel}/owner", post(members::hand_over))
        .route("/channel_members/{channel}", get(members::list))
        // Private and direct channels
        .route("/private_channels", get(private_channels::list))
        .route("/private_channels/create", post(private_channels::create))
        .route("/private_channels/{id}/rename", post(private_channels::rename))
        .route("/private_channels/{id}/add_member", post(private_channels::add_member))
        .route("/private_channels/{id}/leave", post(private_channels::leave))
        .route("/private_channels/{id}/members", get(private_channels::list_members))
        .route("/dms", get(directs::list).post(directs::open))
        .route("/dms/close", post(directs::close))
        .route("/dms/open", post(directs::show))
}

/// What they say.
fn what_is_said() -> Router<App> {
    let crowds = Extension(Arc::<read_markers::Crowds>::default());
    Router::new()
        // Messages
        .route("/messages/{channel}", get(messages::page))
        .route("/message/{id}", get(messages::one))
        .route("/send/{channel}", post(messages::send))
        .route("/edit/{id}", post(messages::edit))
        .route("/delete/{id}", post(messages::delete))
        .route("/react/{id}", post(messages::react))
        .route("/mentions", get(mentions::list))
        .route("/emoji", get(messages::emoji))
        // Threads
        .route("/thread/{id}", get(threads::one))
        .route("/thread/{id}/follow", post(threads::follow))
        .route("/thread/{id}/read", post(threads::read))
        .route("/threads", get(threads::list))
        // What one does with messages
        .route("/message/{id}/history", get(edit_history::history))
        .route("/pin/{id}", post(pins::pin))
        .route("/pins/{channel}", get(pins::list))
        .route("/save/{id}", post(saved::save))
        .route("/saved", get(saved::list))
        .route("/forward/{id}", post(forwarding::forward))
        .route("/poll/{channel}", post(polls::create))
        .route("/vote/{id}", post(polls::vote))
        .route("/close_poll/{id}", post(polls::close))
        // What was read
        .route("/mark_read/{channel}", post(read_markers::mark_read))
        .route("/mark_unread/{id}", post(read_markers::mark_unread))
        .route("/mark_all_read", post(read_markers::mark_all_read))
        .route("/last_read/{channel}", get(read_markers::last_read))
        .route("/read_receipts/{channel}", get(read_markers::receipts))
        .route("/read_markers/{channel}", get(read_markers::of_channel).layer(crowds))
        .route("/receipts/{id}", get(receipts::of_message))
        .route("/channel_unreads", get(read_markers::channel_unreads))
        .route("/unread_count", get(read_markers::unread_count))
}

/// What is one's own business.
fn ones_own() -> Router<App> {
    Router::new()
        // Later
        .route("/drafts", get(drafts::list))
        .route("/drafts/{channel}", post(drafts::save))
        .route("/scheduled", get(scheduled::list))
        .route("/schedule/{channel}", post(scheduled::schedule))
        .route("/scheduled/{id}", post(scheduled::change))
        .route("/scheduled/{id}/cancel", post(scheduled::cancel))
        .route("/reminders", get(reminders::list))
        .route("/remind", post(reminders::remind))
        .route("/reminders/{id}/done", post(reminders::done))
        // What notifies
        .route("/notifications/{channel}", get(notifications::of_channel).post(notifications::set))
        .route(
            "/do_not_disturb",
            get(notifications::do_not_disturb).post(notifications::set_do_not_disturb),
        )
        .route("/keywords", get(notifications::keywords).post(notifications::set_keywords))
        .route("/why/{id}", get(notifications::why))
}

/// The live stream, the server itself, and the client.
fn the_house() -> Router<App> {
    Router::new()
        // Live
        .route("/events", get(stream::events))
        .route("/viewing", post(stream::viewing))
        // About the server, and the client
        .route("/openapi.json", get(openapi::document))
        .route("/healthz", get(openapi::health))
        .route("/problems/{slug}", get(problem_page::explain))
        .route("/", get(web::chat))
        .route("/c/{*channel}", get(web::chat))
        .route("/view/{*view}", get(web::chat))
}
