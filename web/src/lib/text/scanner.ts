/**
 * Reads a text letter by letter and counts its steps. What goes over what people typed reads it
 * through here, so that a test can bound the steps for the worst text there is: a pattern that
 * goes back and forth stops everybody's window, and no clock of a test says so reliably.
 */
export class Scanner {
  /** How often a letter was looked at. */
  steps = 0;

  constructor(readonly text: string) {}

  get length(): number {
    return this.text.length;
  }

  /** The letter that begins at `place`, a pair of surrogates being one; empty beyond the text. */
  at(place: number): string {
    this.steps += 1;
    const code = this.text.codePointAt(place);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  /** The letter that ends before `place`. */
  before(place: number): string {
    const last = this.text.charCodeAt(place - 1);
    const isPair = last >= 0xdc00 && last <= 0xdfff && place >= 2;
    const pair = isPair ? this.at(place - 2) : '';
    return pair.length === 2 ? pair : place > 0 ? this.at(place - 1) : '';
  }

  /** Where the letters end that begin at `place` and for which `isIn` holds. */
  endOf(place: number, isIn: (letter: string) => boolean, end = this.length): number {
    let at = place;
    while (at < end) {
      const letter = this.at(at);
      if (!isIn(letter)) break;
      at += letter.length;
    }
    return at;
  }

  /** Where the letters begin that end before `end` and for which `isIn` holds, not before `first`. */
  startOf(end: number, isIn: (letter: string) => boolean, first = 0): number {
    let at = end;
    while (at > first) {
      const letter = this.before(at);
      if (!isIn(letter)) break;
      at -= letter.length;
    }
    return at;
  }

  /**
   * How much of the text a pattern matches at `place`; 0 for nothing. The pattern is sticky and
   * has no repetition, so that one match is bounded.
   */
  match(pattern: RegExp, place: number): number {
    pattern.lastIndex = place;
    const length = pattern.exec(this.text)?.[0].length ?? 0;
    this.steps += 1 + length;
    return length;
  }
}
