//! The workspace's settings that administrators change while it runs.

use serde::{Deserialize, Serialize};

use crate::account;
use crate::command::Actor;
use crate::decide::{Case, Decision};
use crate::event::Event;
use crate::rejection::Rejection;

/// Who may sign up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignupMode {
    /// Whoever reaches the server.
    #[default]
    Open,
    /// Whoever has an invite.
    Invite,
    /// Nobody.
    Closed,
}

/// Who may see the earlier texts of an edited message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EditHistoryVisibility {
    /// Whoever may see the message.
    #[default]
    Everyone,
    /// Its sender.
    Sender,
    /// Its sender, and administrators who may see the message.
    Administrators,
    /// Nobody.
    Nobody,
}

/// One change of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub enum SettingsChange {
    Signup(SignupMode),
    EditHistory(EditHistoryVisibility),
}

/// All of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct Settings {
    pub signup: SignupMode,
    pub edit_history: EditHistoryVisibility,
}

/// Changes settings: an event for each that is not so already.
pub(crate) fn change(
    case: Case<'_>,
    actor: Actor,
    changes: &[SettingsChange],
) -> Result<Decision, Rejection> {
    let admin = account::administrator(case, actor)?;
    let now = case.workspace.settings;
    let is_news = |change: &&SettingsChange| match change {
        SettingsChange::Signup(mode) => now.signup != *mode,
        SettingsChange::EditHistory(visibility) => now.edit_history != *visibility,
    };
    let news = changes.iter().filter(|change| case.facts.is_named || is_news(change));
    let events = news.map(|change| Event::SettingsChanged { change: *change });
    Ok(Decision::new(admin, events.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::testing::Story;

    #[test]
    fn administrators_change_settings_and_nobody_else() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let bob = story.sign_up("bob");
        let change = SettingsChange::EditHistory(EditHistoryVisibility::Nobody);
        let command = Command::ChangeSettings { changes: vec![change] };
        assert_eq!(story.when(bob, &command), Err(Rejection::NotAnAdministrator));
        assert_eq!(story.when(Actor::Anonymous, &command), Err(Rejection::NotLoggedIn));
        let changed = Ok(vec![Event::SettingsChanged { change }]);
        assert_eq!(story.when(alice, &command), changed);
        assert_eq!(story.when(alice, &command), Ok(vec![]), "it is so already");
        let expected =
            Settings { edit_history: EditHistoryVisibility::Nobody, ..Settings::default() };
        assert_eq!(story.workspace.settings, expected);
    }

    #[test]
    fn several_settings_change_in_one_go_and_only_those_that_are_not_so_already() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let (closed, hidden) = (
            SettingsChange::Signup(SignupMode::Closed),
            SettingsChange::EditHistory(EditHistoryVisibility::Nobody),
        );
        story.given(alice, &Command::ChangeSettings { changes: vec![hidden] });
        let both = Command::ChangeSettings { changes: vec![closed, hidden] };
        assert_eq!(story.when(alice, &both), Ok(vec![Event::SettingsChanged { change: closed }]));
        assert_eq!(story.workspace.settings.signup, SignupMode::Closed);
    }
}
