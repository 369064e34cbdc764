/** Folds who people are, and what we and our administrators have set. */
import { completedProfile } from '../api/completed';
import type { PeopleEvent } from '../api/events';
import type { Profile } from '../api/schema';
import type { PeopleData } from './chat-state';

export function applyPeopleEvent(state: PeopleData, event: PeopleEvent): void {
  switch (event.kind) {
    case 'account_created': {
      const { username } = event.data;
      if (state.users.includes(username)) return;
      state.users = [...state.users, username].sort();
      return putProfile(state, completedProfile({ username }));
    }
    case 'profile_changed':
      return putProfile(state, event.data);
    case 'account_changed': {
      const { username, ...change } = event.data;
      state.profiles = state.profiles.map((profile) =>
        profile.username === username ? { ...profile, ...change } : profile,
      );
      return;
    }
    case 'settings_changed':
      state.settings = event.data;
      return;
    case 'groups_changed':
      state.groups = event.data.groups;
      return;
    case 'preferences_changed':
      state.preferences = event.data.preferences;
      return;
    case 'do_not_disturb_changed':
      state.do_not_disturb = event.data;
      return;
    case 'keywords_changed':
      state.keywords = event.data.keywords;
      return;
  }
}

function putProfile(state: PeopleData, profile: Profile): void {
  const others = state.profiles.filter((one) => one.username !== profile.username);
  state.profiles = [...others, profile].sort((a, b) => (a.username < b.username ? -1 : 1));
}
