/** What administrators see and set. */
import type { Profile } from './people';

export type SignupMode = 'open' | 'invite' | 'closed';
export type EditHistory = 'everyone' | 'sender' | 'administrators' | 'nobody';

export interface Settings {
  readonly signup: SignupMode;
  /** Who may read what an edited message said before. */
  readonly edit_history: EditHistory;
}

export interface AdminPerson extends Profile {
  readonly created_ts: number;
  readonly last_seen_ts: number | null;
  readonly storage_bytes: number;
  /** Until when log-ins are not looked at, from one address at least; null when they are. */
  readonly locked_until_ts: number | null;
}

export interface Invite {
  readonly id: number;
  readonly created_by: string;
  readonly created_ts: number;
  readonly expires_ts: number | null;
  readonly uses: number;
  readonly uses_max: number | null;
  readonly revoked_ts: number | null;
  readonly note: string;
}

/** The token is shown this once. */
export interface NewInvite extends Invite {
  readonly token: string;
  readonly path: string;
}

/** The token is shown this once. */
export interface ResetLink {
  readonly username: string;
  readonly token: string;
  readonly path: string;
  readonly expires_ts: number;
}

/** Whose password a reset link sets; nulls when it does not hold. */
export interface ResetInfo {
  readonly username: string | null;
  readonly expires_ts: number | null;
}

export interface SignupInfo {
  readonly signup: SignupMode;
  readonly invite: 'valid' | 'invalid' | 'expired' | 'used_up' | 'revoked' | null;
  /** Nobody has an account here yet. */
  readonly is_empty: boolean;
}
