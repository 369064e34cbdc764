import type { Requests } from './request';
import type { AdminPerson, Invite, NewInvite, Profile, ResetLink, Settings } from './schema';

export interface InviteTerms {
  readonly expires_in_seconds?: number;
  readonly uses_max?: number;
  readonly note?: string;
}

/** For administrators; the server refuses everybody else. */
export class AdminApi {
  constructor(private readonly requests: Requests) {}

  people(): Promise<AdminPerson[]> {
    return this.requests.get('/admin/people');
  }
  setRole(user: string, is_admin: boolean, client_msg_id: string): Promise<Profile> {
    return this.requests.post(`${path(user)}/role`, { is_admin, client_msg_id });
  }
  deactivate(user: string, client_msg_id: string): Promise<Profile> {
    return this.requests.post(`${path(user)}/deactivate`, { client_msg_id });
  }
  reactivate(user: string, client_msg_id: string): Promise<Profile> {
    return this.requests.post(`${path(user)}/reactivate`, { client_msg_id });
  }
  unlock(user: string, client_msg_id: string): Promise<Profile> {
    return this.requests.post(`${path(user)}/unlock`, { client_msg_id });
  }

  /** Of a repeat the token would not be shown, so each is a wish of its own and replaces the one before. */
  resetPassword(user: string): Promise<ResetLink> {
    return this.requests.post(`${path(user)}/reset_password`);
  }

  invites(): Promise<Invite[]> {
    return this.requests.get('/admin/invites');
  }
  invite(terms: InviteTerms, client_msg_id: string): Promise<NewInvite> {
    return this.requests.post('/admin/invites', { ...terms, client_msg_id });
  }
  revokeInvite(id: number, client_msg_id: string): Promise<void> {
    return this.requests.post(`/admin/invites/${id}/revoke`, { client_msg_id });
  }

  settings(): Promise<Settings> {
    return this.requests.get('/admin/settings');
  }
  changeSettings(change: Partial<Settings>, client_msg_id: string): Promise<Settings> {
    return this.requests.post('/admin/settings', { ...change, client_msg_id });
  }
}

function path(user: string): string {
  return `/admin/people/${encodeURIComponent(user)}`;
}
