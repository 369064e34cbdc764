import type { Invite } from '../../api/schema';

export type InviteState = 'open' | 'revoked' | 'used_up' | 'expired';

/** As the server judges it, so that the list says what the link will. */
export function inviteState(invite: Invite, now_ts: number): InviteState {
  if (invite.revoked_ts !== null) return 'revoked';
  if (invite.uses_max !== null && invite.uses >= invite.uses_max) return 'used_up';
  return (invite.expires_ts ?? Infinity) <= now_ts ? 'expired' : 'open';
}
