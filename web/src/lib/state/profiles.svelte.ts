import { completedProfile } from '../api/completed';
import type { Dnd, Group, Preferences, Profile, Settings, State, Status } from '../api/schema';
import type { PeopleData } from '../sync/chat-state';
import { byName } from '../text/fold';
import { namesOf, type Names } from '../text/names';

/** Who people are, and what this person and the administrators have set. */
export class ProfilesState implements PeopleData {
  users = $state.raw<readonly string[]>([]);
  profiles = $state.raw<readonly Profile[]>([]);
  groups = $state.raw<readonly Group[]>([]);
  settings = $state.raw<Settings>({ signup: 'open', edit_history: 'everyone' });
  preferences = $state.raw<Preferences>({});
  keywords = $state.raw<readonly string[]>([]);
  do_not_disturb: Dnd;

  readonly #byName: ReadonlyMap<string, Profile> = $derived(
    new Map(this.profiles.map((profile) => [profile.username, profile])),
  );
  readonly #groups: ReadonlyMap<string, Group> = $derived(
    new Map(this.groups.map((group) => [group.handle, group])),
  );
  readonly #users: ReadonlySet<string> = $derived(new Set(this.users));
  /** Whatever an `@` may stand before, besides everyone. */
  readonly nameable: Names = $derived(namesOf([...this.users, ...this.#groups.keys(), 'here']));
  /** The accounts that can log in. */
  readonly active: readonly string[] = $derived(
    this.users.filter((name) => !this.of(name).is_deactivated),
  );
  /** The same, as people look for them: by the names that are shown. */
  readonly activeByName: readonly string[] = $derived(
    this.active.toSorted((a, b) => byName(this.nameOf(a), this.nameOf(b))),
  );

  constructor(state: State) {
    this.users = state.users;
    this.profiles = state.people;
    this.groups = state.groups;
    this.settings = state.settings;
    this.preferences = state.preferences;
    this.keywords = state.keywords;
    this.do_not_disturb = $state.raw(state.do_not_disturb);
  }

  /** Whether it is the name of an account. */
  isUser(name: string): boolean {
    return this.#users.has(name);
  }
  groupOf(handle: string): Group | undefined {
    return this.#groups.get(handle);
  }
  of(user: string): Profile {
    return this.#byName.get(user) ?? completedProfile({ username: user });
  }
  /** As people read it; the username where nothing better is chosen. */
  nameOf(user: string): string {
    return this.of(user).display_name ?? user;
  }
  /** Null when there is none, or its time is over at `now_ts`. */
  statusOf(user: string, now_ts: number): Status | null {
    const { status } = this.of(user);
    return status !== null && (status.until_ts ?? Infinity) > now_ts ? status : null;
  }
}
