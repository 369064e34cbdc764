/** A refusal or failure as the server explains it (RFC 9457). Branch on `type`, never on `title`. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';

  constructor(
    /** `/problems/<slug>`; `about:blank` when the answer did not say. */
    readonly type: string,
    readonly title: string,
    readonly detail: string,
    readonly status: number,
    /** Seconds, from `Retry-After`; null when the answer named none. */
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(title);
  }

  /** True when the same request may well succeed a little later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** True when the server can store nothing for now, although it answers: its disk is full or fails. */
  get isStopped(): boolean {
    const types = ['/problems/log-unavailable', '/problems/write-unknown'];
    return this.status === 507 || types.includes(this.type);
  }

  /** One or two sentences for the person in front of the screen. */
  get sentence(): string {
    const text = this.detail || this.title;
    if (this.status !== 429 || this.retryAfterSeconds === null) return asSentence(text);
    // The server says how long to wait, for programs' logs; once is enough.
    const reason = asSentence(text.replace(/[;,.]? *(please )?try again\b.*$/i, ''));
    return `${reason} Try again in ${secondsInWords(this.retryAfterSeconds)}.`;
  }

  /** The same to somebody at the door, to whom it matters what it keeps them from. */
  get sentenceAtTheDoor(): string {
    if (!this.isStopped) return this.sentence;
    return `${this.title}. Nobody can log in or sign up until the operator of this server has seen to it; whoever is logged in can go on reading.`;
  }

  static async fromResponse(response: Response): Promise<ApiProblem> {
    const body = await readObject(response);
    const text = (key: string) => (typeof body[key] === 'string' ? body[key] : '');
    return new ApiProblem(
      text('type') || 'about:blank',
      text('title') || `The server answered ${response.status}.`,
      text('detail'),
      response.status,
      retryAfter(response.headers.get('Retry-After')),
    );
  }

  /** An answer that something in between has stripped of its cursor. */
  static withoutCursor(path: string): ApiProblem {
    const detail = `The answer of ${path} has no Minimost-Cursor header. Does a proxy remove it?`;
    return new ApiProblem('about:blank', 'The answer of the server is incomplete.', detail, 502);
  }

  /** More happened than can be kept while the answer was on its way, time and again. */
  static tooLate(): ApiProblem {
    const title = 'The network is too slow for all that happens here.';
    return new ApiProblem('about:blank', title, '', 0);
  }

  /** The session that there is may be somebody else's: nothing is asked in its name. */
  static otherSession(): ApiProblem {
    return new ApiProblem('about:blank', 'Somebody else is logged in.', '', 401);
  }

  /** No answer at all: the request may or may not have arrived. */
  static unreachable(): ApiProblem {
    return new ApiProblem('about:blank', 'The server cannot be reached.', '', 0);
  }
}

/** Any failure as a problem, so that a screen has one thing to show. */
export function asProblem(failure: unknown): ApiProblem {
  if (failure instanceof ApiProblem) return failure;
  return new ApiProblem('about:blank', 'Something went wrong in this window.', String(failure), -1);
}

/** As a person would write it: with a capital, and with an end. */
function asSentence(text: string): string {
  const [first = '', ...rest] = text;
  const begun = first.toUpperCase() + rest.join('');
  return begun === '' || /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

async function readObject(response: Response): Promise<Record<string, unknown>> {
  try {
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    // A proxy in between may answer with a page of its own; the status says enough.
    return {};
  }
}

function retryAfter(header: string | null): number | null {
  return header !== null && /^\d+$/.test(header) ? Number(header) : null;
}

function secondsInWords(seconds: number): string {
  if (seconds < 90) return `${seconds} second${seconds === 1 ? '' : 's'}`;
  return `${Math.ceil(seconds / 60)} minutes`;
}
