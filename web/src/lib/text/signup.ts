import type { SignupInfo } from '../api/schema';

/** Why somebody cannot make an account; null when they can. */
export interface Closed {
  readonly title: string;
  readonly text: string;
}

const ASK = 'Ask whoever runs this server for a new link.';

export function closedBecause({
  signup,
  invite,
}: Pick<SignupInfo, 'signup' | 'invite'>): Closed | null {
  if (signup === 'closed') {
    return {
      title: 'Signing up is closed',
      text: 'Nobody can make an account here for now. If you have one already, log in.',
    };
  }
  // An open door asks for no link, not even for one that works.
  if (signup === 'open' || invite === 'valid') return null;
  switch (invite) {
    case null:
      return {
        title: 'You need an invitation',
        text: 'New people come here by a link. Ask somebody who runs this server for one.',
      };
    case 'expired':
      return { title: 'This invitation has expired', text: ASK };
    case 'used_up':
      return { title: 'This invitation is used up', text: `Others came by it already. ${ASK}` };
    case 'revoked':
      return { title: 'This invitation was withdrawn', text: ASK };
    case 'invalid':
      return {
        title: 'This invitation is not known here',
        text: `Perhaps a part of the link is missing. ${ASK}`,
      };
  }
}
