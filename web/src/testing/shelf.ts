/** A disk in memory, for tests of what is kept on it. */
import type { Change, Entry, Row, Shelf } from '../lib/store/shelf';

export class MemoryShelf<R extends Row> implements Shelf<R> {
  #rows: Entry<R>[] = [];
  #keys = 0;
  /** The disk takes nothing, as in a private window. */
  isFull = false;

  add(row: R, key: IDBValidKey = (this.#keys += 1)): Promise<void> {
    if (this.isFull) return Promise.reject(new Error('full'));
    this.#put(key, row);
    return Promise.resolve();
  }

  async change<T>(user: string, change: (rows: readonly Entry<R>[]) => Change<R, T>): Promise<T> {
    if (this.isFull) throw new Error('full');
    const {
      put = [],
      drop = [],
      result,
    } = change(this.#rows.filter(([, row]) => row.user === user));
    for (const [key, row] of put) this.#put(key, row);
    this.#rows = this.#rows.filter(([key]) => !drop.includes(key));
    return result;
  }

  async forget(before_ms: number): Promise<void> {
    this.#rows = this.#rows.filter(([, row]) => row.kept_ms >= before_ms);
  }

  get rows(): readonly R[] {
    return this.#rows.map(([, row]) => row);
  }

  #put(key: IDBValidKey, row: R): void {
    const same = (one: IDBValidKey) => JSON.stringify(one) === JSON.stringify(key);
    const place = this.#rows.findIndex(([one]) => same(one));
    if (place === -1) this.#rows.push([key, row]);
    else this.#rows[place] = [key, row];
  }
}
