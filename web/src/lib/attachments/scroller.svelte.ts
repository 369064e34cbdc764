/** Follow what is new when this close to the end: the person is at the end to the eye. */
const NEAR_PX = 120;
/** Ask for what is older long before its absence can be seen. */
const ASK_AHEAD_PX = 800;
const ASK_AHEAD_SCREENS = 3;

interface Anchor {
  readonly row: Element;
  /** Below the top of the box. */
  readonly top_px: number;
}

/** Where somebody reads: a message, and how far below the top of the box it begins. */
export interface Position {
  readonly id: number;
  readonly top_px: number;
}

/**
 * Keeps the reading position of a list that grows at both ends. Near the end it follows; elsewhere
 * the row at the top of the box stays where it is, whatever is loaded, edited or resized.
 * (`overflow-anchor` would do the latter, but Safari does not have it.)
 */
export class Scroller {
  isNearEnd = $state(true);
  /** Where to go on reading, once there is a box with that message. */
  resumeAt: Position | null = null;
  #box: HTMLElement | null = null;
  #anchor: Anchor | null = null;
  /** Where the box stood at the last look, and how long the list and the box were. */
  #top_px = 0;
  #lengths_px = '';
  /** To be parked at once there is a box. */
  #toPark: HTMLElement | null = null;

  constructor(
    private readonly onnearstart: () => void,
    private readonly onnearend: () => void = () => {},
    /** The list goes on beyond its end: there is no end to follow yet. */
    private readonly goesOn: () => boolean = () => false,
  ) {}

  /** Where the person reads; null at the end, which they follow. */
  get position(): Position | null {
    const id = Number(this.#anchor?.row.getAttribute('data-id') ?? NaN);
    if (this.isNearEnd || this.#anchor === null || Number.isNaN(id)) return null;
    return { id, top_px: this.#anchor.top_px };
  }

  readonly attach = (box: HTMLElement): (() => void) => {
    this.#box = box;
    // A resize is seen after layout and before paint: nobody sees the list jump.
    const observer = new ResizeObserver(() => this.#hold());
    observer.observe(box);
    for (const child of box.children) observer.observe(child);
    // A list that has become shorter than it was scrolled is moved by the browser, not by the person.
    const look = () => (lengthsOf(box) === this.#lengths_px ? this.#look() : this.#hold());
    box.addEventListener('scroll', look, { passive: true });
    if (this.#toPark) this.parkAt(this.#toPark);
    else if (this.resumeAt !== null) this.resume(this.resumeAt);
    return () => {
      observer.disconnect();
      box.removeEventListener('scroll', look);
      this.#box = null;
    };
  };

  /** Goes to the end: gliding where it is near enough to follow with the eye. */
  toEnd(): void {
    const box = this.#box;
    if (box === null) return;
    const distance_px = box.scrollHeight - box.scrollTop - box.clientHeight;
    const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const behavior = isStill || distance_px > 2 * box.clientHeight ? 'instant' : 'smooth';
    box.scrollTo({ top: box.scrollHeight, behavior });
  }

  /** From now on at the end: what the person just did belongs there. */
  follow(): void {
    this.isNearEnd = true;
    if (this.#box) this.#box.scrollTop = this.#box.scrollHeight;
  }

  /** Puts a row at the top of the box, a little below its edge. */
  parkAt(row: HTMLElement): void {
    const box = this.#box;
    this.#toPark = box === null ? row : null;
    if (box === null) return;
    const GAP_PX = 24;
    const distance = row.getBoundingClientRect().top - box.getBoundingClientRect().top;
    box.scrollTop += distance - GAP_PX;
    // What comes after the row is still to be read: the end is not followed, unless it is in sight.
    this.isNearEnd = false;
    this.#look();
  }

  /** Puts a message back to where it stood. False where it is not drawn. */
  resume({ id, top_px }: Position): boolean {
    const row = this.#box?.querySelector(`[data-id="${id}"]`);
    const box = this.#box;
    if (box === null || !row) return false;
    box.scrollTop += row.getBoundingClientRect().top - box.getBoundingClientRect().top - top_px;
    this.resumeAt = null;
    this.isNearEnd = false;
    this.#look();
    return true;
  }

  /** Brings the row of message `id` to the middle. */
  show(id: number): void {
    const row = this.#box?.querySelector(`[data-id="${id}"]`);
    row?.scrollIntoView({ block: 'center' });
    this.#look();
  }

  #look(): void {
    const box = this.#box;
    if (box === null) return;
    // Only going up leaves the end. A list that grew by more than a screen since we last followed
    // it looks the same as somebody far above the end, but nobody went anywhere.
    const hasGoneUp = box.scrollTop < this.#top_px;
    const distance_px = box.scrollHeight - box.scrollTop - box.clientHeight;
    const isNear = distance_px < NEAR_PX || (this.isNearEnd && !hasGoneUp);
    this.isNearEnd = isNear && !this.goesOn();
    this.#top_px = box.scrollTop;
    this.#lengths_px = lengthsOf(box);
    this.#anchor = findAnchor(box);
    const ahead_px = Math.max(ASK_AHEAD_PX, ASK_AHEAD_SCREENS * box.clientHeight);
    if (box.scrollTop < ahead_px) this.onnearstart();
    if (distance_px < ahead_px) this.onnearend();
  }

  #hold(): void {
    const box = this.#box;
    if (box === null) return;
    if (this.isNearEnd && !this.goesOn()) {
      box.scrollTop = box.scrollHeight;
    } else if (this.#anchor?.row.isConnected) {
      const top_px = this.#anchor.row.getBoundingClientRect().top - box.getBoundingClientRect().top;
      box.scrollTop += top_px - this.#anchor.top_px;
    }
    this.#look();
  }
}

function lengthsOf(box: HTMLElement): string {
  return `${box.scrollHeight}/${box.clientHeight}`;
}

/** The first message that reaches below the top of the box. */
function findAnchor(box: HTMLElement): Anchor | null {
  const top = box.getBoundingClientRect().top;
  const rows = box.querySelectorAll('[data-id]');
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.getBoundingClientRect().bottom ?? 0) > top) high = middle;
    else low = middle + 1;
  }
  const row = rows[low];
  return row === undefined ? null : { row, top_px: row.getBoundingClientRect().top - top };
}
