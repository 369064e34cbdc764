/**
 * Server-Sent Events as text (WHATWG HTML, 9.2.6). In the browser EventSource reads the stream;
 * this reader is for the histories that the tests fold, and follows the same rules.
 */

export interface SseFrame {
  readonly event: string;
  readonly data: string;
  /** The last event id at this frame; it outlives the frame that set it. */
  readonly id: string;
}

/** Splits a whole stream into the frames that EventSource would dispatch. */
export function parseSse(text: string): SseFrame[] {
  const frames: SseFrame[] = [];
  let event = '';
  let data: string[] = [];
  let id = '';

  for (const line of text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)) {
    if (line === '') {
      // A frame without data moves the id and dispatches nothing: that is the heartbeat.
      if (data.length > 0) frames.push({ event: event || 'message', data: data.join('\n'), id });
      event = '';
      data = [];
      continue;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
    else if (field === 'id' && !value.includes('\0')) id = value;
  }
  return frames;
}
