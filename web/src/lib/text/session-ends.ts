/** Why a session ended, to whoever stands at the door because of it: by the `type` of the server's problem. */
const WHY: Readonly<Record<string, string>> = {
  '/problems/session-expired':
    'Your session has expired. What you had not sent yet goes on when you log in again.',
  '/problems/session-password-changed':
    'Your password was changed, and that ended this session. What you had not sent yet goes on when you log in with the new one.',
  '/problems/session-displaced':
    'You have logged in in so many places that this session, the oldest, has ended.',
  '/problems/session-logged-out': 'You are logged out.',
  '/problems/session-revoked':
    'An administrator has ended this session or closed the account. Nothing that was not sent is kept in this browser.',
};

/** Null for what is no reason of this kind. */
export function whyOut(type: string | null): string | null {
  return type === null ? null : (WHY[type] ?? null);
}
