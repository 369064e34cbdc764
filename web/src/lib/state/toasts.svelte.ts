import { asProblem } from '../api/problem';

export interface ToastAction {
  readonly label: string;
  run(): void;
}

/** What stands on a toast besides its text. */
export interface ToastMore {
  /** In strong letters above the text. */
  readonly title?: string;
  readonly actions?: readonly ToastAction[];
  /** It stays until somebody has chosen. */
  readonly isLasting?: boolean;
}

export interface Toast extends ToastMore {
  readonly key: number;
  readonly text: string;
  readonly kind: 'trouble' | 'done' | 'news';
}

const SHOWN_MS = 5_000;
/** More at once would be a wall; the oldest goes. */
const TOASTS_MAX = 4;

/** Short sentences that come and go. */
export class ToastsState {
  list = $state.raw<readonly Toast[]>([]);
  #keys = 0;

  say(text: string, kind: Toast['kind'] = 'done', more: ToastMore = {}): void {
    const key = (this.#keys += 1);
    this.list = [...this.list, { key, text, kind, ...more }].slice(-TOASTS_MAX);
    if (!more.isLasting) setTimeout(() => this.dismiss(key), SHOWN_MS);
  }

  explain(failure: unknown): void {
    this.say(asProblem(failure).sentence, 'trouble');
  }

  clear(): void {
    this.list = [];
  }

  dismiss(key: number): void {
    this.list = this.list.filter((toast) => toast.key !== key);
  }
}
