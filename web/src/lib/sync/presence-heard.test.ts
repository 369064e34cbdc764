import { expect, it, vi } from 'vitest';
import { PresenceHeard } from './presence-heard';

function signal(id: string, told: unknown): { event: string; data: string; id: string } {
  return { event: 'presence', data: JSON.stringify(told), id };
}

it('keeps how each person appears, and forgets who is not in the whole', () => {
  const heard = new PresenceHeard();
  expect(heard.frame).toBeNull();
  heard.add(signal('1', { users: { alice: 'active', bob: 'idle' } }));
  heard.add(signal('2', { users: { bob: 'offline' } }));
  expect(heard.frame).toEqual(signal('2', { users: { alice: 'active', bob: 'offline' } }));
  heard.add(signal('3', { users: { carol: 'active' }, whole: true }));
  heard.add(signal('4', { users: { bob: 'active' } }));
  const told = { users: { carol: 'active', bob: 'active' }, whole: true };
  expect(heard.frame).toEqual(signal('4', told));
});

it('writes nothing before a tab asks, however many rounds come', () => {
  const heard = new PresenceHeard();
  const rounds = Array.from({ length: 20 }, (_, round) =>
    signal(`${round}`, { users: { [`bob${round}`]: 'active' } }),
  );
  const write = vi.spyOn(JSON, 'stringify');
  for (const round of rounds) heard.add(round);
  expect(write).not.toHaveBeenCalled();
  expect(heard.frame?.data).toContain('bob7');
  expect(write).toHaveBeenCalledTimes(1);
  write.mockRestore();
});
