import type { Account, Limits, Override, State } from '../api/schema';

/** Who sits here, and what the server allows them. */
export class SessionState {
  readonly me: Account;
  readonly limits: Limits;
  /** What others are shown instead of the truth; null for the truth. */
  override = $state<Override | null>(null);

  constructor(state: State) {
    this.me = state.me;
    this.limits = state.limits;
    this.override = state.override;
  }
}
