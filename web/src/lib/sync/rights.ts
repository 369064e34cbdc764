/**
 * What a person may do in a channel, by the rules of the server (`crates/chat/src/channel/` and
 * `member/`): what it would refuse is not offered.
 */
import type { ChannelEntry } from './chat-state';

export interface Rights {
  /** Its name, its topic, its description. */
  readonly describe: boolean;
  readonly archive: boolean;
  readonly choosePosters: boolean;
  readonly addMembers: boolean;
  /** Whoever sees only a part of the history cannot show others all of it. */
  readonly showHistory: boolean;
  readonly removeMembers: boolean;
  readonly handOver: boolean;
  readonly leave: boolean;
  /** To delete what others said, where the server has it so. */
  readonly moderate: boolean;
}

/** Why nothing can be written in a channel. */
export type Barrier = 'archived' | 'announcement' | 'gone';

export function rightsIn(entry: ChannelEntry, me: string, isAdmin: boolean): Rights {
  const isOpen = entry.archived_ts === null;
  const isPrivate = entry.kind === 'private';
  const governs = entry.kind !== 'direct' && (isAdmin || entry.owner === me);
  const canGo = entry.kind !== 'direct' && !entry.is_default;
  return {
    describe: isOpen && (isPrivate || governs),
    archive: governs,
    choosePosters: isOpen && governs,
    addMembers: isOpen && isPrivate,
    showHistory: isOpen && isPrivate && entry.history_start_id === 0,
    removeMembers: isOpen && governs && canGo,
    handOver: isOpen && governs && canGo,
    leave: canGo,
    moderate: governs,
  };
}

/** Null where one may write. `isGone` tells of an account that was deactivated. */
export function barrierIn(
  entry: ChannelEntry,
  me: string,
  isAdmin: boolean,
  isGone: (user: string) => boolean,
): Barrier | null {
  if (entry.archived_ts !== null) return 'archived';
  if (entry.posters !== null) {
    const may = isAdmin || entry.owner === me || entry.posters.includes(me);
    return may ? null : 'announcement';
  }
  const others = entry.members?.filter((name) => name !== me) ?? [];
  const isUnheard = entry.kind === 'direct' && others.length > 0 && others.every(isGone);
  return isUnheard ? 'gone' : null;
}
