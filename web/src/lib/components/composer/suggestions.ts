/** What may complete the word at the caret: people, groups, everyone; emoji. */
import type { Group } from '../../api/schema';
import type { EmojiState } from '../../state/emoji.svelte';
import { EVERYONE } from '../../sync/unread';
import type { Completion } from '../../text/completion';
import { byName } from '../../text/fold';
import { fuzzyScore } from '../../text/fuzzy';

export interface Suggestion {
  /** What it puts into the text. */
  readonly word: string;
  readonly label: string;
  /** The username, where it is a person. */
  readonly person: string | null;
  /** Who that is. */
  readonly note: string;
}

/** Whom one may name in a channel. */
export interface Nameable {
  readonly members: readonly string[];
  readonly groups: readonly Group[];
  /** What somebody is called. */
  nameOf(user: string): string;
}

const SUGGESTIONS_MAX = 8;

export function suggestionsFor(
  completion: Completion,
  nameable: Nameable,
  emoji: EmojiState,
): readonly Suggestion[] {
  return completion.kind === 'emoji'
    ? emojiFor(completion.query, emoji)
    : namesFor(completion.query, nameable);
}

function emojiFor(query: string, emoji: EmojiState): readonly Suggestion[] {
  return emoji
    .search(query)
    .slice(0, SUGGESTIONS_MAX)
    .map((one) => {
      const label = `${one.char}  ${emoji.names.written(one)}`;
      return { word: one.char, label, person: null, note: '' };
    });
}

export function namesFor(query: string, nameable: Nameable): readonly Suggestion[] {
  const all = [...people(nameable), ...groups(nameable), ...ALL];
  // A whole name wants no completing, and Enter after it wants to send.
  if (all.some(({ word }) => word === `@${query}`)) return [];
  return all
    .map((one, place) => ({ one, place, score: score(query, one) }))
    .filter((found) => found.score !== null)
    .sort((a, b) => (b.score ?? 0) - (a.score ?? 0) || inOrder(a, b))
    .slice(0, SUGGESTIONS_MAX)
    .map((found) => found.one);
}

/** People as one looks for them; then groups, then everyone. */
function inOrder(a: { one: Suggestion; place: number }, b: { one: Suggestion; place: number }) {
  const arePeople = a.one.person !== null && b.one.person !== null;
  return arePeople ? byName(a.one.label, b.one.label) : a.place - b.place;
}

const ALL: readonly Suggestion[] = [
  { word: '@here', label: 'here', person: null, note: 'members who are online now' },
  { word: EVERYONE, label: EVERYONE.slice(1), person: null, note: 'all members of this channel' },
];

function people({ members, nameOf }: Nameable): readonly Suggestion[] {
  return members.map((user) => {
    const label = nameOf(user);
    return { word: `@${user}`, label, person: user, note: label === user ? '' : `@${user}` };
  });
}

function groups({ groups: list }: Nameable): readonly Suggestion[] {
  return list.map(({ handle, name, members }) => {
    const count = members.length === 1 ? '1 person' : `${members.length} people`;
    return { word: `@${handle}`, label: handle, person: null, note: `${name} · ${count}` };
  });
}

/** By the name that is mentioned or by the name that is shown, whichever fits better. */
function score(query: string, { word, label, person }: Suggestion): number | null {
  const scores = [
    fuzzyScore(query, word.slice(1)),
    person === null ? null : fuzzyScore(query, label),
  ];
  const found = scores.filter((one) => one !== null);
  return found.length === 0 ? null : Math.max(...found);
}
