import { completedProfile } from './completed';
import type { Requests } from './request';
import type { Dnd, Group, Preferences, Profile, ProfileChange, Status } from './schema';

export type NewGroup = Pick<Group, 'handle' | 'name' | 'members'>;

export class PeopleApi {
  constructor(private readonly requests: Requests) {}

  async all(): Promise<Profile[]> {
    return (await this.requests.get<Profile[]>('/people')).map(completedProfile);
  }
  async find(user: string): Promise<Profile> {
    const path = `/profile/${encodeURIComponent(user)}`;
    return completedProfile(await this.requests.get<Profile>(path));
  }
  changeProfile(change: ProfileChange, client_msg_id: string): Promise<Profile> {
    return this.requests.post('/profile', { ...change, client_msg_id });
  }
  /** Null for none. */
  setStatus(status: Status | null, client_msg_id: string): Promise<Profile> {
    return this.requests.post('/status', { ...status, client_msg_id });
  }

  /** Null clears a key. */
  setPreferences(change: Preferences): Promise<Preferences> {
    return this.requests.post('/preferences', change);
  }
  setDoNotDisturb(change: Partial<Dnd>, client_msg_id: string): Promise<Dnd> {
    return this.requests.post('/do_not_disturb', { ...change, client_msg_id });
  }
  setKeywords(keywords: readonly string[], client_msg_id: string): Promise<void> {
    return this.requests.post('/keywords', { keywords, client_msg_id });
  }

  groups(): Promise<Group[]> {
    return this.requests.get('/groups');
  }
  createGroup(group: NewGroup, client_msg_id: string): Promise<Group> {
    return this.requests.post('/groups', { ...group, client_msg_id });
  }
  changeGroup(id: number, change: Partial<NewGroup>, client_msg_id: string): Promise<Group> {
    return this.requests.post(`/groups/${id}`, { ...change, client_msg_id });
  }
  deleteGroup(id: number, client_msg_id: string): Promise<void> {
    return this.requests.post(`/groups/${id}/delete`, { client_msg_id });
  }
}
