import { endOfToday, endOfWeek, inMinutes } from '../../text/when';

/** When a status ends: `at` names a moment of its own. */
export type End = 'never' | '30min' | '1h' | '4h' | 'today' | 'week' | 'at';

export const ENDS: readonly { readonly end: End; readonly label: string }[] = [
  { end: 'never', label: 'I clear it' },
  { end: '30min', label: 'In 30 minutes' },
  { end: '1h', label: 'In 1 hour' },
  { end: '4h', label: 'In 4 hours' },
  { end: 'today', label: 'At the end of today' },
  { end: 'week', label: 'At the end of this week' },
  { end: 'at', label: 'At a date and time…' },
];

/** Null for never. */
export function endOf(end: Exclude<End, 'at'>, now_ms: number): number | null {
  switch (end) {
    case 'never':
      return null;
    case '30min':
      return inMinutes(30, now_ms);
    case '1h':
      return inMinutes(60, now_ms);
    case '4h':
      return inMinutes(240, now_ms);
    case 'today':
      return endOfToday(now_ms);
    case 'week':
      return endOfWeek(now_ms);
  }
}

export interface StatusPreset {
  readonly emoji: string;
  readonly char: string;
  readonly text: string;
  readonly end: Exclude<End, 'at'>;
  readonly endWords: string;
}

export const STATUS_PRESETS: readonly StatusPreset[] = [
  { emoji: 'speech_bubble', char: '💬', text: 'In a meeting', end: '1h', endWords: '1 hour' },
  { emoji: 'headphones', char: '🎧', text: 'Focusing', end: '4h', endWords: '4 hours' },
  { emoji: 'train', char: '🚂', text: 'On my way', end: '30min', endWords: '30 minutes' },
  { emoji: 'laptop', char: '💻', text: 'Working from home', end: 'today', endWords: 'today' },
  { emoji: 'mask', char: '😷', text: 'Out sick', end: 'today', endWords: 'today' },
  { emoji: 'palm_tree', char: '🌴', text: 'On holiday', end: 'never', endWords: 'until cleared' },
];
