/** A person's colour and letters, from the name alone: the same on every screen. */

/** Degrees on the colour wheel, 0 to 359. */
export function nameHue(name: string): number {
  // FNV-1a, and the last mixing of MurmurHash3: alone, the former puts "bob" next to "dora".
  let hash = 0x811c9dc5;
  for (const letter of name) {
    hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % 360;
}

/** The first two letters; of a name of two words one of each. */
export function initials(name: string): string {
  const [first = '', second = ''] = name.split(/[\s._-]+/).filter(Boolean);
  const letters =
    second === '' ? [...first].slice(0, 2) : [...first].slice(0, 1).concat([...second].slice(0, 1));
  return letters.join('').toUpperCase();
}
