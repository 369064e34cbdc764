/** What a search disregards: case and accents. "Nyström" is found by "nystrom", and the other way round. */

/** Letters that Unicode does not take apart. */
const PLAIN: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  ı: 'i',
  ł: 'l',
  þ: 'th',
};

export function folded(text: string): string {
  // Most names, and there are thousands of them at every key.
  if (/^[\x20-\x7e]*$/.test(text)) return text.toLowerCase();
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/\p{M}+/gu, '')
    .replace(/[ßæœøđðħıłþ]/g, (letter) => PLAIN[letter] ?? letter);
}

const collator = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true });

/** The order in which people look for names: "émile" beside "Emil", "ana" before "Zoe". */
export function byName(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : Number(a > b));
}
