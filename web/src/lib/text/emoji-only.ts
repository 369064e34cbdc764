/** More than this is a pattern, not a gesture. */
const LARGE_EMOJI_MAX = 6;

const EMOJI_ONLY = /^(?:\p{RGI_Emoji}|\s)+$/v;
const EMOJI = /\p{RGI_Emoji}/gv;

/** True for a text of one to six emoji and nothing else. */
export function isEmojiOnly(text: string): boolean {
  if (!EMOJI_ONLY.test(text)) return false;
  const count = text.match(EMOJI)?.length ?? 0;
  return count >= 1 && count <= LARGE_EMOJI_MAX;
}
