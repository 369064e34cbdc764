const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

/** "0 B", "12 KB", "1.4 MB": thousands, as disks are sold. */
export function bytesInWords(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  while (amount >= 1000 && unit < UNITS.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && amount < 10 ? 1 : 0;
  return `${amount.toFixed(digits)} ${UNITS[unit]}`;
}
