/** What is typed while a channel is being made or joined: it waits here until there is a box for it. */
export class AheadState {
  text = $state('');
  #count = $state(0);

  /** Something is about to open. */
  readonly isOpening = $derived(this.#count > 0);
  /** Also after a refusal, for as long as something waits. */
  readonly isShown = $derived(this.isOpening || this.text !== '');

  begin(): void {
    this.#count += 1;
  }
  end(): void {
    this.#count -= 1;
  }
  clear(): void {
    this.text = '';
  }
  take(): string {
    const { text } = this;
    this.text = '';
    return text;
  }
}
