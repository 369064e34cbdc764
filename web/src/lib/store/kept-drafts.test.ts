import { expect, it } from 'vitest';
import { MemoryShelf } from '../../testing/shelf';
import {
  follows,
  KEPT_DRAFT_CHARS_MAX,
  KEPT_DRAFTS_CHARS_MAX,
  KEPT_DRAFTS_MAX,
  KeptDrafts,
  markOf,
  type KeptDraft,
} from './kept-drafts';

function aDesk() {
  const shelf = new MemoryShelf<KeptDraft>();
  let now = 0;
  const drafts = new KeptDrafts(shelf, () => (now += 1));
  return { shelf, drafts };
}
const texts = (kept: readonly KeptDraft[]) => kept.map((draft) => draft.text);

it('keeps the last of each place until the server has it, for its writer alone', async () => {
  const { drafts } = aDesk();
  drafts.keep('bob', 'general', null, 'Go');
  drafts.keep('bob', 'general', null, 'Good');
  drafts.keep('bob', 'general', 7, 'Yes');
  expect(texts(await drafts.of('bob'))).toEqual(['Good', 'Yes']);
  expect(await drafts.of('alice')).toEqual([]);
  drafts.drop('bob', 'general', null, 'Go');
  expect(texts(await drafts.of('bob')), 'the server has an older one').toEqual(['Good', 'Yes']);
  drafts.drop('bob', 'general', null, 'Good');
  expect(texts(await drafts.of('bob'))).toEqual(['Yes']);
  await drafts.erase('bob');
  expect(await drafts.of('bob')).toEqual([]);
});

it('keeps as many as the server does, and none that is a book', async () => {
  const { shelf, drafts } = aDesk();
  for (let at = 0; at < KEPT_DRAFTS_MAX + 5; at += 1) drafts.keep('bob', `c${at}`, null, `d${at}`);
  drafts.keep('bob', 'long', null, 'x'.repeat(KEPT_DRAFT_CHARS_MAX + 1));
  expect(await drafts.of('bob')).toHaveLength(KEPT_DRAFTS_MAX);
  expect(shelf.rows).toHaveLength(KEPT_DRAFTS_MAX);
  expect(texts(await drafts.of('bob'))[0]).toBe('d5');
});

it('is no obstacle where the disk takes nothing', async () => {
  const { shelf, drafts } = aDesk();
  shelf.isFull = true;
  drafts.keep('bob', 'general', null, 'Go');
  drafts.drop('bob', 'general', null, 'Go');
  expect(await drafts.of('bob')).toEqual([]);
});

it('keeps what is far too long to be sent, and lets go of the oldest when all together is too much', async () => {
  const { drafts } = aDesk();
  const many = KEPT_DRAFTS_CHARS_MAX / KEPT_DRAFT_CHARS_MAX;
  const long = 'x'.repeat(KEPT_DRAFT_CHARS_MAX);
  for (let at = 0; at <= many; at += 1) drafts.keep('bob', `c${at}`, null, long);
  const kept = await drafts.of('bob');
  expect([kept.length, kept[0]?.channel]).toEqual([many, 'c1']);
});

it('knows by the texts themselves which draft follows which', async () => {
  const { drafts } = aDesk();
  drafts.keep('bob', 'general', null, 'Good morning', [markOf('Go'), markOf('Good')]);
  const [kept] = await drafts.of('bob');
  expect(['Go', 'Good', '', 'from the phone'].map((saved) => follows(kept!, saved))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
