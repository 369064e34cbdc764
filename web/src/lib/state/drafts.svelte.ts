import type { Draft as SavedDraft, Message } from '../api/schema';
import { markOf } from '../store/kept-drafts';

/** Writing pauses this long before what is written goes to the server. */
const SAVE_AFTER_MS = 800;

/** Of a draft that cannot be saved: what it was, and the last that it became. */
const BASES_MAX = 50;

export interface DraftsPorts {
  /** `isParting` when the page may be gone before the answer comes. */
  save(channel: string, thread_id: number | null, text: string, isParting: boolean): Promise<void>;
  /** What is written, until the server has it: a reload and the end of a session must not lose it. */
  keep?(channel: string, thread_id: number | null, text: string, bases: readonly string[]): void;
  /** The server has this text. */
  drop?(channel: string, thread_id: number | null, text: string): void;
}

/** What somebody began to write in one channel or thread. */
export class Draft {
  #text = $state('');
  replyTo = $state.raw<Message | null>(null);
  /** Written here, and not known to be on the server. */
  isDirty = false;
  /** Marks of what the server has or may have, as this one knows. */
  #bases: readonly string[] = [markOf('')];

  constructor(
    readonly channel: string,
    readonly thread_id: number | null,
    private readonly onwritten: (draft: Draft) => void,
  ) {}

  get text(): string {
    return this.#text;
  }
  set text(text: string) {
    if (text === this.#text) return;
    this.#text = text;
    this.isDirty = true;
    this.onwritten(this);
  }

  /** What another screen of ours wrote; what is being written here is newer. */
  hear(text: string): void {
    if (this.isDirty) return this.trySaving(text);
    this.#text = text;
    this.isSaved(text);
  }

  get bases(): readonly string[] {
    return this.#bases;
  }
  /** The server may have this text soon. */
  trySaving(text: string): void {
    const mark = markOf(text);
    if (this.#bases.includes(mark)) return;
    const [first = mark, ...more] = this.#bases;
    this.#bases = [first, ...more.slice(2 - BASES_MAX), mark];
  }
  isSaved(text: string): void {
    this.#bases = [markOf(text)];
  }
}

/** One draft per place, kept while the person looks elsewhere, and the same on all their screens. */
export class DraftsState {
  readonly #drafts = new Map<string, Draft>();
  /** What was not saved when the server was asked, or was written since. */
  readonly #written = new Set<Draft>();
  readonly #timers = new Map<Draft, ReturnType<typeof setTimeout>>();
  /** By message: what an edit that is not finished says. */
  readonly #edits = new Map<number, string>();

  constructor(private readonly ports: DraftsPorts) {}

  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#drafts.clear();
    this.#written.clear();
    this.#edits.clear();
  }

  /** What somebody was making of a message when they looked elsewhere. */
  editOf(message_id: number): string | undefined {
    return this.#edits.get(message_id);
  }
  keepEdit(message_id: number, text: string): void {
    this.#edits.set(message_id, text);
  }
  endEdit(message_id: number): void {
    this.#edits.delete(message_id);
  }

  of(channel: string, thread_id: number | null = null): Draft {
    const key = `${channel} ${thread_id ?? ''}`;
    const draft = this.#drafts.get(key) ?? new Draft(channel, thread_id, (one) => this.#later(one));
    this.#drafts.set(key, draft);
    return draft;
  }

  /** The server is asked what it holds: what is written from now on its answer may not know. */
  expect(): void {
    this.#written.clear();
    for (const draft of this.#drafts.values()) if (draft.isDirty) this.#written.add(draft);
  }

  /** Takes in what the server holds, when the state has been read. What it does not name was cleared elsewhere. */
  adopt(saved: readonly SavedDraft[]): void {
    const texts = new Map([...this.#drafts.values()].map((draft) => [draft, '']));
    for (const { channel, thread_id, text } of saved) texts.set(this.of(channel, thread_id), text);
    for (const [draft, text] of texts) {
      const isSavedSince = !draft.isDirty && this.#written.has(draft);
      if (!isSavedSince) draft.hear(text);
    }
  }

  hear({ channel, thread_id, text }: Pick<SavedDraft, 'channel' | 'thread_id' | 'text'>): void {
    this.of(channel, thread_id).hear(text);
  }

  /** Takes in what this browser kept because the server did not have it; what is being written here is newer. */
  restore({ channel, thread_id, text }: Pick<SavedDraft, 'channel' | 'thread_id' | 'text'>): void {
    const draft = this.of(channel, thread_id);
    if (!draft.isDirty) draft.text = text;
  }

  /** Forgets one at once, here and on the server. */
  async remove(channel: string, thread_id: number | null): Promise<void> {
    const draft = this.of(channel, thread_id);
    draft.text = '';
    clearTimeout(this.#timers.get(draft));
    this.#timers.delete(draft);
    await this.ports.save(channel, thread_id, '', false);
    this.ports.drop?.(channel, thread_id, '');
    if (draft.text === '') draft.isDirty = false;
  }

  /** Saves what waits for a pause in writing: the person may not come back to this screen. */
  flush(): void {
    for (const [draft, timer] of this.#timers) {
      clearTimeout(timer);
      void this.#save(draft, true);
    }
  }

  /** Saves what could not be saved when it was written. */
  saveAgain(): void {
    for (const draft of this.#drafts.values()) {
      if (draft.isDirty && !this.#timers.has(draft)) void this.#save(draft);
    }
  }

  #later(draft: Draft): void {
    this.#written.add(draft);
    this.ports.keep?.(draft.channel, draft.thread_id, draft.text, draft.bases);
    clearTimeout(this.#timers.get(draft));
    this.#timers.set(
      draft,
      setTimeout(() => void this.#save(draft), SAVE_AFTER_MS),
    );
  }

  async #save(draft: Draft, isParting = false): Promise<void> {
    this.#timers.delete(draft);
    const { channel, thread_id, text } = draft;
    draft.trySaving(text);
    try {
      await this.ports.save(channel, thread_id, text, isParting);
      draft.isSaved(text);
      if (draft.text === text) draft.isDirty = false;
      this.ports.drop?.(channel, thread_id, text);
    } catch {
      // It stays here; the next word written saves it again, or the next connection.
    }
  }
}
