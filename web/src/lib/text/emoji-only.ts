import { Scanner } from './scanner';

/** More than this is a pattern, not a gesture. */
const LARGE_EMOJI_MAX = 6;

/** The longest that begins there. */
const EMOJI = /\p{RGI_Emoji}/vy;
const SPACE = /\s/;

/** True for a text of one to six emoji and nothing else. */
export function isEmojiOnly(text: string, scanner = new Scanner(text)): boolean {
  let count = 0;
  let place = scanner.endOf(0, isSpace);
  while (place < scanner.length) {
    const length = scanner.match(EMOJI, place);
    if (length === 0 || count === LARGE_EMOJI_MAX) return false;
    count += 1;
    place = scanner.endOf(place + length, isSpace);
  }
  return count > 0;
}

function isSpace(letter: string): boolean {
  return SPACE.test(letter);
}
