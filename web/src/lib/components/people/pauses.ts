import { inMinutes, tomorrowMorning } from '../../text/when';

/** For how long one may want to hear nothing. */
export const PAUSES: readonly { readonly label: string; until(now_ms: number): number }[] = [
  { label: 'For 30 minutes', until: (now_ms) => inMinutes(30, now_ms) },
  { label: 'For 1 hour', until: (now_ms) => inMinutes(60, now_ms) },
  { label: 'Until tomorrow', until: tomorrowMorning },
];
