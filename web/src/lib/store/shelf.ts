/**
 * What this browser keeps of people until the server has it: rows of one account each, in IndexedDB. It works over plain
 * HTTP too, where `navigator.locks` and `crypto.subtle` are missing.
 *
 * Neighbours: `kept-outbox.ts` and `kept-drafts.ts` say what the rows mean; `testing/shelf.ts` is the same in memory.
 */

/** A row: `user` is whose it is. */
export interface Row {
  readonly user: string;
  /** Milliseconds, when it was written. */
  readonly kept_ms: number;
}

/** What becomes of the rows of an account. */
export interface Change<R extends Row, T> {
  readonly put?: readonly (readonly [key: IDBValidKey, row: R])[];
  readonly drop?: readonly IDBValidKey[];
  readonly result: T;
}

export type Entry<R extends Row> = readonly [key: IDBValidKey, row: R];

export interface Shelf<R extends Row> {
  /** Written although the page may be gone before it is told so. Rises, when it cannot be kept. */
  add(row: R, key?: IDBValidKey): Promise<void>;
  /** Looks at all rows of an account, in the order of their keys, and changes them in one step. */
  change<T>(user: string, change: (rows: readonly Entry<R>[]) => Change<R, T>): Promise<T>;
  /** Forgets what was kept before this time, whoever's it is. */
  forget(before_ms: number): Promise<void>;
}

const NAME = 'minimost';
const VERSION = 1;

/** A disk that has not answered until then counts as none, or nothing would ever be sent. */
const OPEN_WITHIN_MS = 3_000;

/** The stores of the database; keys rise with the time of writing where they are not given. */
const STORES = { outbox: { autoIncrement: true }, drafts: {} } as const;

type StoreName = keyof typeof STORES;

/** Opened once for the page; rejected for good where the browser has or lets us use none. */
let opening: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      for (const [name, options] of Object.entries(STORES)) {
        request.result.createObjectStore(name, options).createIndex('user', 'user');
      }
    };
    request.onsuccess = () => {
      // A later version of this client in another tab must not wait for us.
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
    setTimeout(() => reject(new Error('IndexedDB does not answer')), OPEN_WITHIN_MS);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB cannot be opened'));
    request.onblocked = () => reject(new Error('another version of IndexedDB is open'));
  });
  return opening;
}

export class BrowserShelf<R extends Row> implements Shelf<R> {
  /** Once it is open a row is on its way in the same breath: a page that goes aborts what has not begun. */
  #database: IDBDatabase | undefined;
  readonly #opened: Promise<IDBDatabase>;

  constructor(private readonly store: StoreName) {
    // An absent or forbidden `indexedDB` throws at once; here it is a refusal like any other.
    this.#opened = Promise.resolve().then(open);
    this.#opened.then((database) => (this.#database = database)).catch(() => {});
  }

  async add(row: R, key?: IDBValidKey): Promise<void> {
    const transaction = this.#begin(this.#database ?? (await this.#opened), 'readwrite');
    transaction.objectStore(this.store).put(row, key);
    transaction.commit();
    await done(transaction);
  }

  async change<T>(user: string, change: (rows: readonly Entry<R>[]) => Change<R, T>): Promise<T> {
    const transaction = this.#begin(await this.#opened, 'readwrite');
    const store = transaction.objectStore(this.store);
    const rows = await entries<R>(store.index('user').openCursor(user));
    const { put = [], drop = [], result } = change(rows);
    for (const [key, row] of put) store.put(row, key);
    for (const key of drop) store.delete(key);
    await done(transaction);
    return result;
  }

  async forget(before_ms: number): Promise<void> {
    const transaction = this.#begin(await this.#opened, 'readwrite');
    const store = transaction.objectStore(this.store);
    for (const [key, row] of await entries<R>(store.openCursor())) {
      if (row.kept_ms < before_ms) store.delete(key);
    }
    await done(transaction);
  }

  #begin(database: IDBDatabase, mode: IDBTransactionMode): IDBTransaction {
    return database.transaction(this.store, mode);
  }
}

function entries<R extends Row>(request: IDBRequest<IDBCursorWithValue | null>) {
  return new Promise<Entry<R>[]>((resolve, reject) => {
    const found: Entry<R>[] = [];
    request.onsuccess = () => {
      const cursor = request.result;
      if (cursor === null) return resolve(found);
      found.push([cursor.primaryKey, cursor.value as R]);
      cursor.continue();
    };
    request.onerror = () => reject(request.error ?? new Error('IndexedDB cannot be read'));
  });
}

function done(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    const fail = () => reject(transaction.error ?? new Error('IndexedDB has refused'));
    transaction.onabort = fail;
    transaction.onerror = fail;
  });
}
