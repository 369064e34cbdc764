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
