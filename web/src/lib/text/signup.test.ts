import { expect, it } from 'vitest';
import { closedBecause } from './signup';

it('an open server lets everybody in, with or without a link', () => {
  expect(closedBecause({ signup: 'open', invite: null })).toBeNull();
  expect(closedBecause({ signup: 'open', invite: 'expired' })).toBeNull();
});

it('where an invitation is needed, carol comes in by one that works and learns why others do not', () => {
  expect(closedBecause({ signup: 'invite', invite: 'valid' })).toBeNull();
  const title = (invite: null | 'expired' | 'used_up' | 'revoked' | 'invalid') =>
    closedBecause({ signup: 'invite', invite })?.title;
  expect(title(null)).toBe('You need an invitation');
  expect(title('expired')).toContain('expired');
  expect(title('used_up')).toContain('used up');
  expect(title('revoked')).toContain('withdrawn');
  expect(title('invalid')).toContain('not known');
});

it('a closed server is closed to invitations too', () => {
  expect(closedBecause({ signup: 'closed', invite: 'valid' })?.title).toBe('Signing up is closed');
});
