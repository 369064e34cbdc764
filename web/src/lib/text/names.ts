/** Names by how somebody may write them. */
export interface Names {
  /** The name as it is, whatever the case in which it was written; null when there is none. */
  find(written: string): string | null;
}

/** A lookup costs the same however many names there are: a text may have thousands of `@`. */
export function namesOf(names: Iterable<string>): Names {
  const exact = new Set<string>();
  const folded = new Map<string, string>();
  for (const name of names) {
    exact.add(name);
    const lower = name.toLowerCase();
    if (!folded.has(lower)) folded.set(lower, name);
  }
  return {
    find: (written) => (exact.has(written) ? written : (folded.get(written.toLowerCase()) ?? null)),
  };
}
