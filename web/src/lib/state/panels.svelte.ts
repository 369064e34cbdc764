import { createContext } from 'svelte';
import type { Message } from '../api/schema';
import type { ChannelEntry, Echo } from '../sync/chat-state';

/** The dialogs there are; one is open at a time. */
export type Panel =
  | { readonly kind: 'switcher' }
  | { readonly kind: 'new-direct' }
  | { readonly kind: 'new-channel'; readonly channel: 'public' | 'private' }
  | { readonly kind: 'status' }
  | { readonly kind: 'help' }
  /** These messages are not sent, and logging out loses them. */
  | { readonly kind: 'log-out'; readonly unsent: readonly Echo[] }
  | {
      readonly kind: 'forward' | 'history' | 'remind' | 'delete-message';
      readonly message: Message;
    }
  | { readonly kind: 'new-poll'; readonly entry: ChannelEntry };

/** What lies over the conversation. */
export class Panels {
  open = $state.raw<Panel | null>(null);
  /** Somebody's card, beside the name that was pressed. */
  card = $state.raw<{ readonly user: string; readonly anchor: Element } | null>(null);
  /** On a narrow screen the sidebar is a drawer. */
  isDrawerOpen = $state(false);

  show(panel: Panel): void {
    this.isDrawerOpen = false;
    this.open = panel;
  }

  close(): void {
    this.open = null;
  }
}

export const [getPanels, setPanels] = createContext<Panels>();
