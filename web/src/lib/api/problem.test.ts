import { expect, it } from 'vitest';
import { ApiProblem } from './problem';

it('says how long to wait when alice was too quick', async () => {
  const body = {
    type: '/problems/rate-limited',
    title: 'Too fast',
    detail: 'Slow down.',
    status: 429,
  };
  const response = Response.json(body, { status: 429, headers: { 'Retry-After': '12' } });
  const problem = await ApiProblem.fromResponse(response);
  expect(problem.type).toBe('/problems/rate-limited');
  expect(problem.sentence).toBe('Slow down. Try again in 12 seconds.');
  expect(problem.isPassing).toBe(true);
});

it('makes something of an answer that is not ours', async () => {
  const problem = await ApiProblem.fromResponse(new Response('<html>', { status: 502 }));
  expect(problem).toMatchObject({ type: 'about:blank', status: 502, isPassing: true });
});

it('says in sentences what the server says in parts of them, and the time once', () => {
  const said = (detail: string, status = 422, wait: number | null = null) =>
    new ApiProblem('/problems/x', 'A title', detail, status, wait).sentence;
  expect(said('too many failed logins; try again in 5 min', 429, 300)).toBe(
    'Too many failed logins. Try again in 5 minutes.',
  );
  expect(said('too many attempts; try again in 1 s', 429, 1)).toBe(
    'Too many attempts. Try again in 1 second.',
  );
  expect(said('a message needs some text')).toBe('A message needs some text.');
  expect(said('écrivez')).toBe('Écrivez.');
  expect(said('')).toBe('A title.');
  expect(said('What now?')).toBe('What now?');
});
