/** Whether somebody is looking at this window. */
export class AttentionState {
  #isVisible = $state(document.visibilityState === 'visible');
  #isFocused = $state(document.hasFocus());

  readonly isHere = $derived(this.#isVisible && this.#isFocused);

  get isVisible(): boolean {
    return this.#isVisible;
  }

  /** Listens to the window; the result stops it. `onreturn` runs before anything counts as read. */
  start(onreturn: () => void): () => void {
    const look = () => {
      const isVisible = document.visibilityState === 'visible';
      const isFocused = document.hasFocus();
      if (isVisible && isFocused && !this.isHere) onreturn();
      this.#isVisible = isVisible;
      this.#isFocused = isFocused;
    };
    const stopping = new AbortController();
    const options = { signal: stopping.signal };
    document.addEventListener('visibilitychange', look, options);
    addEventListener('focus', look, options);
    addEventListener('blur', look, options);
    look();
    return () => stopping.abort();
  }
}
