import type { AdminApi, InviteTerms } from '../../api/admin-api';
import type { NewInvite, Profile, Settings } from '../../api/schema';
import { once } from './once';

/** What administrators do. */
export class AdminCommands {
  constructor(private readonly api: AdminApi) {}

  setRole(user: string, is_admin: boolean): Promise<Profile> {
    return once((key) => this.api.setRole(user, is_admin, key));
  }
  deactivate(user: string): Promise<Profile> {
    return once((key) => this.api.deactivate(user, key));
  }
  reactivate(user: string): Promise<Profile> {
    return once((key) => this.api.reactivate(user, key));
  }
  unlock(user: string): Promise<Profile> {
    return once((key) => this.api.unlock(user, key));
  }
  invite(terms: InviteTerms): Promise<NewInvite> {
    return once((key) => this.api.invite(terms, key));
  }
  revokeInvite(id: number): Promise<void> {
    return once((key) => this.api.revokeInvite(id, key));
  }
  changeSettings(change: Partial<Settings>): Promise<Settings> {
    return once((key) => this.api.changeSettings(change, key));
  }
}
