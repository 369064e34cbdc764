import { createContext, tick } from 'svelte';
import { Scroller } from '../../attachments/scroller.svelte';
import type { Message } from '../../api/schema';
import type { Pages } from '../../state/pages';
import type { ToastsState } from '../../state/toasts.svelte';
import type { Chat } from '../../state/chat.svelte';
import type { Timeline } from '../../state/timeline.svelte';

const FLASH_MS = 1_600;

/** How the person looks at one channel or thread: where they are in it, and which message they point at. */
export class TimelineView {
  readonly scroller = new Scroller(() => this.#loadOlder());
  /** The message whose actions are shown. */
  activeId = $state<number | null>(null);
  /** The message for which somebody picks an emoji, and the button that was pressed. */
  picking = $state.raw<{ message: Message; anchor: Element } | null>(null);
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

  /** Scrolls to a message, however far back it is, and lets it shine for a moment. */
  async jump(id: number): Promise<void> {
    const timeline = this.#timeline;
    if (timeline === undefined) return;
    if (!(await this.pages.reach(this.chat, timeline, id))) {
      return this.toasts.say('That message is too far back.', 'trouble');
    }
    await tick();
    this.scroller.show(id);
    timeline.flashedId = id;
    setTimeout(() => (timeline.flashedId = null), FLASH_MS);
  }

  #loadOlder(): void {
    const timeline = this.#timeline;
    if (timeline === undefined || timeline.failure !== null) return;
    void this.pages.loadOlder(this.chat, timeline);
  }
}

export const [getView, setView] = createContext<TimelineView>();
