import { expect, it } from 'vitest';
import { complete, completionAt } from './completion';

it('completes a name after an at sign at the beginning or after a space', () => {
  expect(completionAt('hi @al', 6)).toEqual({ kind: 'mention', query: 'al', start: 3 });
  expect(completionAt('@', 1)).toEqual({ kind: 'mention', query: '', start: 0 });
  expect(completionAt('alice@ex', 8)).toBeNull();
});

it('completes at the caret, not at the end', () => {
  expect(completionAt('hi @al and more', 6)?.query).toBe('al');
  expect(completionAt('hi @al and more', 10)).toBeNull();
});

it('takes a colon for an emoji only when two letters follow', () => {
  expect(completionAt('nice :)', 7)).toBeNull();
  expect(completionAt('nice :r', 7)).toBeNull();
  expect(completionAt('nice :ro', 8)).toEqual({ kind: 'emoji', query: 'ro', start: 5 });
  expect(completionAt('at 10:30', 8)).toBeNull();
});

it('puts the word in place with one space after it', () => {
  const text = 'hi @al and more';
  const found = completionAt(text, 6);
  expect(found && complete(text, 6, found, '@alice')).toEqual({
    text: 'hi @alice and more',
    caret: 10,
  });
  expect(complete('@b', 2, { kind: 'mention', query: 'b', start: 0 }, '@bob').text).toBe('@bob ');
});

it('completes names in any script, and after whatever a mention may follow', () => {
  for (const query of ['Inê', 'Nyström', 'فر', 'Ωμ', 'हि']) {
    expect(completionAt(`hi @${query}`, 4 + query.length)?.query, query).toBe(query);
  }
  for (const before of ['(', '[', '"', '„', '—', 'what?', 'wait,']) {
    expect(completionAt(`${before}@me`, before.length + 3)?.start, before).toBe(before.length);
  }
  for (const before of ['é', 'ü', '1', '_', '@', '/']) {
    expect(completionAt(`${before}@me`, before.length + 3), before).toBeNull();
  }
  expect(completionAt('(:ta', 4)).toEqual({ kind: 'emoji', query: 'ta', start: 1 });
  expect(completionAt(':+1', 3)).toEqual({ kind: 'emoji', query: '+1', start: 0 });
  expect(completionAt('x:tada', 6)).toBeNull();
});
