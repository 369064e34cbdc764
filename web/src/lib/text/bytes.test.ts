import { expect, it } from 'vitest';
import { bytesInWords } from './bytes';

it('says as much as anybody wants to know', () => {
  const words = [0, 999, 1_000, 12_345, 1_440_000, 5e9, 3e16].map(bytesInWords);
  expect(words).toEqual(['0 B', '999 B', '1.0 KB', '12 KB', '1.4 MB', '5.0 GB', '30000 TB']);
});
