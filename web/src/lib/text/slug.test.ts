import { expect, test } from 'vitest';
import { slugOf } from './slug';

test('a name becomes an address of Latin letters, digits and dashes', () => {
  expect(slugOf('  Garden & Café 2 ')).toBe('garden-cafe-2');
  expect(slugOf('Ä'.repeat(40))).toBe('a'.repeat(32));
  expect(slugOf('庭')).toBe('');
});
