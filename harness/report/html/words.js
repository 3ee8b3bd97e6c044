// How things are called and written on the page: verdicts, times, events.

/** In the order of the eye: what is worst first. The symbols are those of the terminal. */
export const VERDICTS = ['fail', 'client-error', 'error', 'warn', 'skip', 'pass'];

const SYMBOLS = {
  fail: '✗', 'client-error': '⚡', error: '‼', warn: '!', skip: '–', pass: '✓', inconclusive: '?',
};

export const symbolOf = (verdict) => SYMBOLS[verdict] ?? '·';

/** `12.3 ms`, as exactly as somebody can use it. */
export function formatMs(ms) {
  if (ms >= 10000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms >= 100 ? Math.round(ms) : ms.toFixed(1)} ms`;
}

/** Microseconds as a bare number of milliseconds, for a column of times. */
export const formatUs = (us) => (us / 1000).toFixed(us < 100000 ? 2 : 1);

export const formatCount = (count) => String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ' ');

export const plural = (count, word) => `${formatCount(count)} ${word}${count === 1 ? '' : 's'}`;

/** `gc-7` or `gc-7 … gc-46`. */
export function formatMarkers(first, last) {
  if (!first) return '';
  return first === last ? `gc-${first}` : `gc-${first} … gc-${last}`;
}

export function formatNumbers(first, last) {
  if (first === undefined) return 'no agent_seq';
  return first === last ? `seq ${first}` : `seq ${first}–${last}`;
}
