//! The directory: every public channel, for everybody to find and join, page by page.

use std::collections::BTreeSet;

use axum::extract::State;
use chat::workspace::{Channel, ChannelKind};
use chat::{ChannelId, Rejection, Slug, Workspace};
use utoipa::IntoParams;

use super::extract::{Answer, LoggedIn};
use super::fields::{Query, fields};
use super::messages::wrong_parameter;
use super::problem::ApiError;
use super::search_key::search_key;
use crate::app::App;
use crate::wire::DirectoryEntry;

/// Entries of one page.
const PAGE_ENTRIES: usize = 100;

/// Different words of one question: each is looked for in every text of every channel.
const WORDS_MAX: usize = 16;

fields! {
    /// What is looked for.
    #[derive(IntoParams)]
    #[into_params(parameter_in = Query)]
    DirectoryInput {
        /// Words of the name, the slug, the topic or the description, whatever their case and accents; at most 16 different ones.
        q: Option<String>,
        /// Whether archived channels are listed too.
        archived: Option<bool>,
        /// Goes on after this channel, the last of the page before.
        after: Option<String>,
        /// Only the channel of this slug, archived or not.
        channel: Option<String>,
    }
}

/// A page of public channels by name, those with all the words of the query; a shorter one than 100 is the last.
#[utoipa::path(get, path = "/directory", params(DirectoryInput),
    responses((status = 200, body = Vec<DirectoryEntry>)))]
pub(super) async fn directory(
    State(app): State<App>,
    asker: LoggedIn,
    Query(input): Query<DirectoryInput>,
) -> Result<Answer<Vec<DirectoryEntry>>, ApiError> {
    let workspace = &asker.workspace;
    let found = match input.channel {
        Some(slug) => find(workspace, &slug).into_iter().map(|(id, _)| id).collect(),
        None => page(workspace, &input)?,
    };
    let entry = |channel: &ChannelId| DirectoryEntry::new(*channel, asker.user, workspace);
    let entries = found.iter().filter_map(entry).collect();
    Ok(asker.answer(&app, entries))
}

/// By what channels are listed: their name in lower case, then their slug.
type Place = (String, String);

fn page(workspace: &Workspace, input: &DirectoryInput) -> Result<Vec<ChannelId>, ApiError> {
    let query = search_key(input.q.as_deref().unwrap_or_default());
    let words: BTreeSet<_> = query.split_whitespace().collect();
    if words.len() > WORDS_MAX {
        return Err(wrong_parameter("q", "at most 16 different words"));
    }
    let after = match &input.after {
        Some(slug) => {
            let (_, channel) = find(workspace, slug).ok_or(Rejection::ChannelNotFound)?;
            place(channel)
        }
        None => None,
    };
    let mut found: Vec<(Place, ChannelId)> = Vec::new();
    for id in workspace.slugs.values() {
        let Some(channel) = workspace.channels.get(id) else { continue };
        let is_listed = input.archived == Some(true) || channel.archived_ts.is_none();
        let Some(place) = place(channel).filter(|_| is_listed) else { continue };
        if after.as_ref().is_none_or(|after| place > *after) && has_words(channel, &place, &words) {
            found.push((place, *id));
        }
    }
    if found.len() > PAGE_ENTRIES {
        found.select_nth_unstable(PAGE_ENTRIES);
        found.truncate(PAGE_ENTRIES);
    }
    found.sort_unstable();
    Ok(found.into_iter().map(|(_, id)| id).collect())
}

fn find<'a>(workspace: &'a Workspace, slug: &str) -> Option<(ChannelId, &'a Channel)> {
    let id = *workspace.slugs.get(&Slug::parse(slug).ok()?)?;
    Some((id, workspace.channels.get(&id)?))
}

fn place(channel: &Channel) -> Option<Place> {
    let ChannelKind::Public { slug, name } = &channel.kind else { return None };
    Some((name.to_lowercase(), slug.to_string()))
}

fn has_words(channel: &Channel, (name, slug): &Place, words: &BTreeSet<&str>) -> bool {
    if words.is_empty() {
        return true;
    }
    let text = [name.as_str(), slug, &channel.topic, &channel.description].join("\n");
    let text = search_key(&text);
    words.iter().all(|word| text.contains(word))
}
