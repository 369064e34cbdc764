import { folded } from './fold';

const SLUG_CHARS_MAX = 32;

/** The address of a public channel of this name; empty where it has no Latin letter or digit. */
export function slugOf(name: string): string {
  return folded(name)
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, SLUG_CHARS_MAX)
    .replace(/^-+|-+$/g, '');
}
