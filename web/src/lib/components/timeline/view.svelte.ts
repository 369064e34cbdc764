import { createContext, tick } from 'svelte';
import { Scroller } from '../../attachments/scroller.svelte';
import type { Message } from '../../api/schema';
import type { Pages } from '../../state/pages';
import type { ToastsState } from '../../state/toasts.svelte';
import type { Chat } from '../../state/chat.svelte';
import type { Timeline } from '../../state/timeline.svelte';

const FLASH_MS = 1_600;

/** The pages of a message's menu: what to do, when to be reminded, and two answers. */
export type MenuPage = 'actions' | 'remind' | 'readers' | 'why';

export interface OpenMenu {
  readonly message: Message;
  readonly anchor: Element;
  readonly page: MenuPage;
}

/** How the person looks at one channel or thread: where they are in it, and which message they point at. */
export class TimelineView {
  readonly scroller = new Scroller(
    () => this.#load((timeline) => this.pages.loadOlder(this.chat, timeline)),
    () => this.#load((timeline) => this.pages.loadNewer(this.chat, timeline)),
    () => this.#timeline?.hasNewer ?? false,
  );
  /** The message whose actions are shown. */
  activeId = $state<number | null>(null);
  /** The message for which somebody picks an emoji, and the button that was pressed. */
  picking = $state.raw<{ message: Message; anchor: Element } | null>(null);
  /** The message whose menu is open, what it hangs on, and which of its pages. */
  menu = $state.raw<OpenMenu | null>(null);
  /** On the way to a message: what is seen in passing is not read. */
  isJumping = $state(false);
  /** Where to write; set by the composer. */
  composer: HTMLTextAreaElement | null = null;

  constructor(
    private readonly chat: Chat,
    private readonly find: () => Timeline | undefined,
    private readonly pages: Pages,
    private readonly toasts: ToastsState,
  ) {}

  get #timeline(): Timeline | undefined {
    return this.find();
  }
  /** Something hangs on a message, which stays the active one for as long. */
  get isBusy(): boolean {
    return this.picking !== null || this.menu !== null;
  }

  /** Opens the menu of a message from the keyboard. */
  openMenu(id: number, anchor: Element): void {
    const message = this.#timeline?.find(id);
    if (message && !message.deleted && !message.unreadable)
      this.menu = { message, anchor, page: 'actions' };
  }

  /** Goes to a message that somebody pointed at. */
  async jump(id: number): Promise<void> {
    if (!(await this.show(id))) this.toasts.say('That message cannot be shown.', 'trouble');
  }

  /**
   * Scrolls to a message, however far back it is, and lets it shine for a moment. False where it
   * is not to be found here.
   */
  async show(id: number): Promise<boolean> {
    this.isJumping = true;
    try {
      if (!(await this.#reach(id))) return false;
      await tick();
      const timeline = this.#timeline;
      if (timeline === undefined) return false;
      this.scroller.show(id);
      timeline.flashedId = id;
      setTimeout(() => (timeline.flashedId = null), FLASH_MS);
      return true;
    } finally {
      this.isJumping = false;
    }
  }

  /** Back from wherever a jump has led. */
  async toNewest(): Promise<void> {
    const timeline = this.#timeline;
    if (!timeline?.hasNewer) return this.scroller.toEnd();
    this.chat.closeContext(timeline.channel);
    await tick();
    this.scroller.follow();
  }

  /** Goes on reading where the person was before they looked elsewhere. */
  async resume(): Promise<void> {
    const position = this.scroller.resumeAt;
    if (position === null || this.scroller.resume(position)) return;
    this.isJumping = true;
    try {
      if (!(await this.#reach(position.id))) return;
      await tick();
      this.scroller.resume(position);
    } finally {
      this.scroller.resumeAt = null;
      this.isJumping = false;
    }
  }

  /** Brings a message into what is shown: from what is held, or its surroundings. */
  async #reach(id: number): Promise<boolean> {
    const timeline = this.#timeline;
    if (timeline === undefined) return false;
    if (timeline.find(id) !== undefined) return true;
    if (timeline.thread_id !== null) return this.pages.reach(this.chat, timeline, id);
    if (this.chat.timelineOf(timeline.channel)?.find(id) !== undefined) {
      this.chat.closeContext(timeline.channel);
      return true;
    }
    return this.pages.openContext(this.chat, timeline.channel, id);
  }

  #load(page: (timeline: Timeline) => Promise<void>): void {
    const timeline = this.#timeline;
    if (timeline === undefined || timeline.failure !== null) return;
    void page(timeline);
  }
}

export const [getView, setView] = createContext<TimelineView>();
