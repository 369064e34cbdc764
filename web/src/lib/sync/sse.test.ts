import { expect, it } from 'vitest';
import { parseSse } from './sse';

it('reads events with kind, data and id', () => {
  const text =
    'event: typing\ndata: {"a":1}\n\nid: e.2\nevent: message_posted\ndata: x\ndata:y\n\n';
  expect(parseSse(text)).toEqual([
    { event: 'typing', data: '{"a":1}', id: '' },
    { event: 'message_posted', data: 'x\ny', id: 'e.2' },
  ]);
});

it('takes a heartbeat as a new id and nothing else', () => {
  expect(parseSse('id: e.7\n\ndata: z\n\n')).toEqual([{ event: 'message', data: 'z', id: 'e.7' }]);
});

it('ignores comments, other line ends, and an event that was cut off', () => {
  expect(parseSse(': hello\r\nevent: a\r\ndata: 1\r\n\r\nevent: b\r\ndata: 2')).toEqual([
    { event: 'a', data: '1', id: '' },
  ]);
});
