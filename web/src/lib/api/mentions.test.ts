import { expect, it } from 'vitest';
import { aMessage } from '../../testing/people';
import { MessagesApi } from './messages-api';
import { Requests } from './request';

/** A server that names alice in these messages, and looks at few of them in one page. */
function askedOf(pages: readonly { ids: readonly number[]; more_before?: number }[]) {
  const asked: string[] = [];
  const answer = (path: RequestInfo | URL): Promise<Response> => {
    const { ids, more_before } = pages[asked.length] ?? { ids: [] };
    asked.push(new URL(String(path), 'http://house').search);
    const headers: Record<string, string> =
      more_before === undefined ? {} : { 'Minimost-More-Before': String(more_before) };
    const messages = ids.map((id) => aMessage(id, 'bob', '@alice'));
    return Promise.resolve(Response.json(messages, { headers }));
  };
  return { asked, messages: new MessagesApi(new Requests(answer)) };
}

const ids = (found: readonly { id: number }[]): number[] => found.map((message) => message.id);

it('goes on where a page of mentions ended early, until it is full', async () => {
  const pages = [
    { ids: [90], more_before: 80 },
    { ids: [], more_before: 40 },
    { ids: [30, 20], more_before: 20 },
  ];
  const { asked, messages } = askedOf(pages);
  expect(ids(await messages.mentions({ limit: 3 }))).toEqual([90, 30, 20]);
  expect(asked).toEqual([
    '?all=true&limit=3',
    '?all=true&before_id=80&limit=2',
    '?all=true&before_id=40&limit=2',
  ]);
});

it('believes that a short page without a word of more is the last', async () => {
  const { asked, messages } = askedOf([{ ids: [90, 80] }]);
  expect(ids(await messages.mentions({ before_id: 95, limit: 50 }))).toEqual([90, 80]);
  expect(asked).toHaveLength(1);
});

it('does not ask for ever', async () => {
  const { asked, messages } = askedOf(
    Array.from({ length: 40 }, () => ({ ids: [], more_before: 9 })),
  );
  expect(await messages.mentions({ limit: 50 })).toEqual([]);
  expect(asked).toHaveLength(16);
});
