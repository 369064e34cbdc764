//! People: profiles, groups, and what they set.

use chat::group::GroupSettings;
use chat::notification::DoNotDisturb;
use chat::settings::{EditHistoryVisibility, Settings, SignupMode};
use chat::{Seq, UserId, Workspace};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::message::{names, seconds};

/// What everybody may know of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProfileView {
    pub username: String,
    pub display_name: Option<String>,
    /// `#rrggbb`.
    pub name_color: Option<String>,
    pub pronouns: Option<String>,
    /// A name of the IANA time zone database.
    pub time_zone: Option<String>,
    pub bio: Option<String>,
    pub status: Option<StatusView>,
    pub is_admin: bool,
    pub is_deactivated: bool,
}

/// What a person is up to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StatusView {
    /// The short name of an emoji.
    pub emoji: Option<String>,
    pub text: String,
    /// Unix seconds: from then on it counts as none.
    pub until_ts: Option<f64>,
}

/// A group, for `@handle`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GroupView {
    pub id: u64,
    pub handle: String,
    pub name: String,
    pub members: Vec<String>,
}

/// When a person is not to be disturbed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DoNotDisturbView {
    pub enabled: bool,
    /// `22:00`, in the person's time zone.
    pub from: String,
    pub to: String,
    /// 1 (Monday) to 7: the days on which a night begins.
    pub days: Vec<u8>,
    /// Unix seconds: not until then.
    pub until_ts: Option<f64>,
}

/// What administrators set for all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SettingsView {
    /// `open`, `invite` or `closed`.
    pub signup: String,
    /// `everyone`, `sender`, `administrators` or `nobody`.
    pub edit_history: String,
}

impl ProfileView {
    /// Of a user of `workspace`; `None` when there is none.
    pub fn new(user: UserId, workspace: &Workspace) -> Option<ProfileView> {
        let found = workspace.users.get(&user)?;
        let profile = &found.profile;
        let status = profile.status.as_ref().map(|status| StatusView {
            emoji: status.emoji.clone(),
            text: status.text.clone(),
            until_ts: seconds(status.until),
        });
        Some(ProfileView {
            username: found.name.to_string(),
            display_name: profile.display_name.clone(),
            name_color: profile.name_color.clone(),
            pronouns: profile.pronouns.clone(),
            time_zone: profile.time_zone.clone(),
            bio: profile.bio.clone(),
            status,
            is_admin: found.is_admin,
            is_deactivated: found.is_deactivated,
        })
    }

    /// Everybody's, sorted by name.
    pub fn all(workspace: &Workspace) -> Vec<ProfileView> {
        let views = workspace.users.keys().filter_map(|user| ProfileView::new(*user, workspace));
        let mut views: Vec<_> = views.collect();
        views.sort_by(|left, right| left.username.cmp(&right.username));
        views
    }
}

impl GroupView {
    /// A group with its people's names, sorted.
    pub fn new(id: Seq, group: &GroupSettings, workspace: &Workspace) -> GroupView {
        let mut members = names(&group.members, workspace);
        members.sort();
        let (handle, name) = (group.handle.to_string(), group.name.clone());
        GroupView { id: id.get(), handle, name, members }
    }

    /// All groups, sorted by handle.
    pub fn all(workspace: &Workspace) -> Vec<GroupView> {
        let groups = workspace.groups.iter();
        let mut views: Vec<_> =
            groups.map(|(id, group)| GroupView::new(*id, group, workspace)).collect();
        views.sort_by(|left, right| left.handle.cmp(&right.handle));
        views
    }
}

impl DoNotDisturbView {
    pub fn new(schedule: &DoNotDisturb) -> DoNotDisturbView {
        DoNotDisturbView {
            enabled: schedule.is_enabled,
            from: clock_text(schedule.from_minute),
            to: clock_text(schedule.to_minute),
            days: schedule.days.clone(),
            until_ts: seconds(schedule.until),
        }
    }
}

/// `22:00` of minutes after midnight.
pub fn clock_text(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

impl SettingsView {
    pub fn new(settings: Settings) -> SettingsView {
        let signup = match settings.signup {
            SignupMode::Open => "open",
            SignupMode::Invite => "invite",
            SignupMode::Closed => "closed",
        };
        let edit_history = match settings.edit_history {
            EditHistoryVisibility::Everyone => "everyone",
            EditHistoryVisibility::Sender => "sender",
            EditHistoryVisibility::Administrators => "administrators",
            EditHistoryVisibility::Nobody => "nobody",
        };
        SettingsView { signup: signup.to_owned(), edit_history: edit_history.to_owned() }
    }
}
