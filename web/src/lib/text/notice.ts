/** What a notice says, with the people in it apart, so that each is called as people know them. */
export interface NoticePiece {
  readonly text: string;
  readonly isName: boolean;
}

type Part = string | { readonly user: string };
type Fields = Readonly<Record<string, unknown>>;

/** More names than these are a crowd. */
const NAMES_MAX = 6;

const KINDS = {
  channel_renamed: ({ actor, name }: Fields) => [who(actor), ` renamed the channel to “${name}”`],
  topic_changed: ({ actor, topic }: Fields) =>
    topic ? [who(actor), ` set the topic: ${topic}`] : [who(actor), ' cleared the topic'],
  description_changed: ({ actor }: Fields) => [who(actor), ' changed the description'],
  members_added: ({ actor, users }: Fields) => [who(actor), ' added ', ...people(users)],
  member_left: ({ user }: Fields) => [who(user), ' left'],
  member_removed: ({ actor, user }: Fields) => [who(actor), ' removed ', who(user)],
  owner_changed: ({ actor, owner }: Fields) => [
    who(actor),
    ' handed the channel over to ',
    who(owner),
  ],
  channel_archived: ({ actor }: Fields) => [who(actor), ' archived the channel'],
  channel_unarchived: ({ actor }: Fields) => [who(actor), ' brought the channel back'],
  account_created: ({ user }: Fields) => [who(user), ' joined MiniMost. Welcome!'],
  posters_changed: ({ actor, posters }: Fields) => postersParts(who(actor), posters),
} as const satisfies Record<string, (fields: Fields) => readonly Part[]>;

export type NoticeKind = keyof typeof KINDS;

/** Null for a notice of a kind that this client does not know: its own sentence has to do. */
export function noticeKind(metadata: unknown): NoticeKind | null {
  if (typeof metadata !== 'object' || metadata === null) return null;
  const { notice } = metadata as Fields;
  return typeof notice === 'string' && Object.hasOwn(KINDS, notice) ? (notice as NoticeKind) : null;
}

/** The pieces of its sentence, in which `me` is "you"; null where its own words have to do. */
export function noticePieces(
  metadata: unknown,
  me: string,
  nameOf: (user: string) => string,
): readonly NoticePiece[] | null {
  const kind = noticeKind(metadata);
  if (kind === null) return null;
  const parts: readonly Part[] = KINDS[kind](metadata as Fields);
  return parts.map((part, place) => {
    if (typeof part === 'string') return { text: part, isName: false };
    const you = place === 0 ? 'You' : 'you';
    return { text: part.user === me ? you : nameOf(part.user), isName: true };
  });
}

function who(user: unknown): Part {
  return { user: String(user) };
}

/** "alice", "alice and bob", "alice, bob and 3 others", as `listNames` does with plain words. */
function people(users: unknown): readonly Part[] {
  const names = Array.isArray(users) ? users.map(String) : [];
  const shown = names.length <= NAMES_MAX ? names : names.slice(0, NAMES_MAX - 1);
  const parts: Part[] = shown.map(who);
  if (shown.length < names.length) parts.push(`${names.length - shown.length} others`);
  return parts.flatMap((part, place) => {
    if (place === 0) return [part];
    return [place === parts.length - 1 ? ' and ' : ', ', part];
  });
}

function postersParts(actor: Part, posters: unknown): readonly Part[] {
  if (!Array.isArray(posters)) return [actor, ' let everybody post here again'];
  if (posters.length === 0) {
    return [actor, ' made this a channel for announcements by its owner and administrators'];
  }
  return [actor, ' made this a channel for announcements by ', ...people(posters)];
}
