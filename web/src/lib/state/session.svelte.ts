import type { Account, Limits, Override, Presence, State } from '../api/schema';

/** Who sits here, and what the server allows them. */
export class SessionState {
  readonly me: Account;
  readonly limits: Limits;
  /** Who looks after a channel may delete what others said there. */
  readonly isModerated: boolean;
  /** What others are shown instead of the truth; null for the truth. */
  override = $state<Override | null>(null);

  constructor(state: State) {
    this.me = state.me;
    this.limits = state.limits;
    this.isModerated = state.moderation;
    this.override = state.override;
  }

  /** Whether what others see of us can only be a choice that we do not know, or may well be. */
  isDoubtedBy(shown: Presence): boolean {
    return shown !== (this.override ?? 'active');
  }
}
