/**
 * A new id for one wish, so that repeating the wish is safe. `crypto.randomUUID` exists only in a
 * secure context, and plain HTTP on a LAN is none; `getRandomValues` is there always.
 */
export function newClientMsgId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
