/**
 * Tells the person of what notifies them: outside the window while nobody looks at it, and in a
 * quiet toast while they look at something else in it. The server has decided already whether it
 * may; what is asked here is only where.
 *
 * Neighbours: `app.svelte.ts` hands in what the stream brings, `toasts.svelte.ts` shows.
 */
import type { Notification as Notice, Reminder } from '../api/schema';
import { placePath, viewPath } from '../routes';
import { excerpt } from '../text/words';
import type { ToastAction, ToastMore } from './toasts.svelte';

/** Of a message in a toast; the rest is where the toast leads. */
const TEXT_CHARS_MAX = 160;
/** For "later". */
const LATER_SECONDS = 20 * 60;
/** The windows agree within this time on the one that speaks. */
const CLAIM_MS = 300;
/** Who speaks: the window before the person's eyes, else one that has spoken, one in sight, any. */
const RANK_HERE = 0;
const RANK_SPOKEN = 1;
const RANK_VISIBLE = 2;
const RANK_HIDDEN = 3;
const CLAIMS_MAX = 100;

export interface NotifierPorts {
  /** Somebody looks at this window. */
  isHere(): boolean;
  /** It can be seen, though they may be busy beside it. */
  isVisible(): boolean;
  /** The message is on the screen already. */
  isShown(notice: Pick<Notice, 'channel' | 'thread_id'>): boolean;
  hasSound(): boolean;
  nameOf(user: string): string;
  /** Empty where the sender says it all. */
  placeOf(channel: string): string;
  go(path: string): void;
  /** Only its id is known: where it stands has to be asked. */
  openMessage(id: number): void;
  toast(text: string, more: ToastMore): void;
  /** Outside the window. False when that is not permitted. */
  desktop(title: string, text: string, tag: string, onclick: () => void): boolean;
  chime(): void;
  finish(reminder: Reminder): void;
  remindAgain(reminder: Reminder, due_ts: number): void;
  now(): number;
  random(): number;
}

/** A message of ours that is gone, and who did that. */
export interface DeletedByOther {
  readonly id: number;
  readonly channel: string;
  readonly deleted_by: string;
}

/** The other windows of the same person on this computer. */
export interface Siblings {
  /** Says that this one would speak of it. The lowest rank does. */
  claim(tag: string, rank: number): void;
  onclaim(heard: (tag: string, rank: number) => void): void;
}

export class Notifier {
  /** The lowest rank of the others. */
  readonly #claimed = new Map<string, number>();
  /** Among windows that are alike; below one. */
  readonly #place: number;

  constructor(
    private readonly ports: NotifierPorts,
    private readonly siblings: Siblings,
  ) {
    this.#place = ports.random();
    siblings.onclaim((tag, rank) => {
      // Claims of what this window never hears of would gather for ever.
      if (this.#claimed.size >= CLAIMS_MAX) this.#claimed.clear();
      this.#claimed.set(tag, Math.min(rank, this.#claimed.get(tag) ?? rank));
    });
  }

  tell(notice: Notice): void {
    const { ports } = this;
    const { id, channel, thread_id, sender, content } = notice;
    const path = placePath({ id, channel, thread_id });
    const who = ports.nameOf(sender);
    const place = ports.placeOf(channel);
    const isShown = ports.isShown(notice);
    this.#reach(`message-${id}`, isShown, {
      title: place === '' ? who : `${who} in ${place}`,
      text: excerpt(content, TEXT_CHARS_MAX),
      open: () => ports.go(path),
      actions: [{ label: 'Open', run: () => ports.go(path) }],
    });
  }

  /** Somebody else deleted what we said. */
  deleted({ id, channel, deleted_by }: DeletedByOther): void {
    const { ports } = this;
    const place = ports.placeOf(channel);
    const open = () => ports.openMessage(id);
    this.#reach(`deleted-${id}`, false, {
      title: 'Your message was deleted',
      text: `An administrator (${ports.nameOf(deleted_by)}) deleted what you said${place === '' ? '' : ` in ${place}`}.`,
      open,
      actions: [{ label: 'Open', run: open }],
      isLasting: true,
    });
  }

  remind(reminder: Reminder): void {
    const { ports } = this;
    const { id, message_id, text } = reminder;
    const open = () =>
      message_id === null ? ports.go(viewPath({ kind: 'later' })) : ports.openMessage(message_id);
    const inAWhile = () =>
      ports.remindAgain(reminder, Math.ceil(ports.now() / 1000) + LATER_SECONDS);
    this.#reach(`reminder-${id}`, false, {
      title: 'Reminder',
      text: excerpt(text || 'A message that you wanted to come back to', TEXT_CHARS_MAX),
      open,
      actions: [
        { label: 'Open', run: open },
        { label: 'Done', run: () => ports.finish(reminder) },
        { label: 'In 20 minutes', run: inAWhile },
      ],
      isLasting: true,
    });
  }

  #reach(
    tag: string,
    isShown: boolean,
    news: {
      title: string;
      text: string;
      open: () => void;
      actions: readonly ToastAction[];
      isLasting?: boolean;
    },
  ): void {
    const { ports, siblings } = this;
    const { title, text, open, actions, isLasting = false } = news;
    const toast = () => ports.toast(text, { title, actions, isLasting });
    if (ports.isHere()) {
      siblings.claim(tag, RANK_HERE);
      if (isShown) return;
      toast();
      return this.#sound();
    }
    // A lasting toast waits for the person to come back, whatever happens outside.
    if (isLasting) toast();
    const rank = this.#place + (ports.isVisible() ? RANK_VISIBLE : RANK_HIDDEN);
    siblings.claim(tag, rank);
    setTimeout(() => {
      const lowest = this.#claimed.get(tag) ?? rank;
      this.#claimed.delete(tag);
      if (lowest < rank) return;
      // Whoever hears of it late keeps still.
      siblings.claim(tag, RANK_SPOKEN);
      const isOutside = ports.desktop(title, text, tag, open);
      if (!isOutside && !isLasting && ports.isVisible() && !isShown) toast();
      this.#sound();
    }, CLAIM_MS);
  }

  #sound(): void {
    if (this.ports.hasSound()) this.ports.chime();
  }
}
