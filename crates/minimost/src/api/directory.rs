//! The directory: every public channel, for everybody to find and join.

use axum::extract::State;
use chat::ChannelId;
use utoipa::IntoParams;

use super::extract::{Answer, LoggedIn};
use super::fields::{Query, fields};
use crate::app::App;
use crate::wire::DirectoryEntry;

fields! {
    /// What is looked for.
    #[derive(IntoParams)]
    #[into_params(parameter_in = Query)]
    DirectoryInput {
        /// Words of the name, the slug, the topic or the description, whatever their case.
        q: Option<String>,
        /// Whether archived channels are listed too.
        archived: Option<bool>,
    }
}

/// Public channels by name, those with all the words of the query.
#[utoipa::path(get, path = "/directory", params(DirectoryInput),
    responses((status = 200, body = Vec<DirectoryEntry>)))]
pub(super) async fn directory(
    State(app): State<App>,
    asker: LoggedIn,
    Query(input): Query<DirectoryInput>,
) -> Answer<Vec<DirectoryEntry>> {
    let query = input.q.unwrap_or_default().to_lowercase();
    let words: Vec<_> = query.split_whitespace().collect();
    let entry = |channel: &ChannelId| DirectoryEntry::new(*channel, asker.user, &asker.workspace);
    let mut entries: Vec<_> = asker
        .workspace
        .slugs
        .values()
        .filter_map(entry)
        .filter(|entry| input.archived == Some(true) || entry.archived_ts.is_none())
        .filter(|entry| has_words(entry, &words))
        .collect();
    entries.sort_by_cached_key(|entry| (entry.name.to_lowercase(), entry.channel.clone()));
    asker.answer(&app, entries)
}

fn has_words(entry: &DirectoryEntry, words: &[&str]) -> bool {
    let texts = [&entry.name, &entry.channel, &entry.topic, &entry.description];
    let text = texts.map(|text| text.to_lowercase()).join("\n");
    words.iter().all(|word| text.contains(word))
}
