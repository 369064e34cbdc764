import type { NewGroup, PeopleApi } from '../../api/people-api';
import type { Dnd, Group, Preferences, Profile, ProfileChange, Status } from '../../api/schema';
import { once } from './once';

/** What people change of themselves, and of groups. */
export class PeopleCommands {
  constructor(private readonly api: PeopleApi) {}

  changeProfile(change: ProfileChange): Promise<Profile> {
    return once((key) => this.api.changeProfile(change, key));
  }
  /** Null for none. */
  setStatus(status: Status | null): Promise<Profile> {
    return once((key) => this.api.setStatus(status, key));
  }
  setDoNotDisturb(change: Partial<Dnd>): Promise<Dnd> {
    return once((key) => this.api.setDoNotDisturb(change, key));
  }
  setKeywords(keywords: readonly string[]): Promise<void> {
    return once((key) => this.api.setKeywords(keywords, key));
  }
  createGroup(group: NewGroup): Promise<Group> {
    return once((key) => this.api.createGroup(group, key));
  }
  changeGroup(id: number, change: Partial<NewGroup>): Promise<Group> {
    return once((key) => this.api.changeGroup(id, change, key));
  }
  deleteGroup(id: number): Promise<void> {
    return once((key) => this.api.deleteGroup(id, key));
  }
  /** Null clears a key. What is set twice is set once, so this wish needs no id. */
  setPreferences(change: Preferences): Promise<Preferences> {
    return once(() => this.api.setPreferences(change));
  }
}
