// How things are called and written on the page: verdicts, times, events.

/** In the order of the eye: what is worst first. The symbols are those of the terminal. */
export const VERDICTS = ['fail', 'client-error', 'error', 'warn', 'skip', 'pass'];

const SYMBOLS = {
  fail: '✗', 'client-error': '⚡', error: '‼', warn: '!', skip: '–', pass: '✓', inconclusive: '?',
  differs: '≠', known: '○',
};

export const symbolOf = (verdict) => SYMBOLS[verdict] ?? '·';

/** `12.3 ms`, as exactly as somebody can use it; nothing where an old file does not say. */
export function formatMs(ms) {
  if (!Number.isFinite(ms)) return '';
  if (ms >= 10000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms >= 100 ? Math.round(ms) : ms.toFixed(1)} ms`;
}

/** Microseconds as a bare number of milliseconds, for a column of times. */
export const formatUs = (us) => (us / 1000).toFixed(us < 100000 ? 2 : 1);

/** `10:00:00.412Z` of a time since 1970; nothing where it is none. */
export function formatClock(ms) {
  return Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString().slice(11) : '';
}

/** `2026-06-01 10:00:00 UTC` of an RFC 3339 text. */
export const formatStart = (text) =>
  (typeof text === 'string' ? `${text.slice(0, 19).replace('T', ' ')} UTC` : '');

export const formatCount = (count) => String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ' ');

export const plural = (count, word) => `${formatCount(count)} ${word}${count === 1 ? '' : 's'}`;

/** `1 fail, 3 pass`: what a scenario came to that was played several times. */
export const formatPlays = (plays) =>
  VERDICTS.filter((verdict) => plays[verdict])
    .map((verdict) => `${formatCount(plays[verdict])} ${verdict}`).join(', ');

/** `gc-7` or `gc-7 … gc-46`. */
export function formatMarkers(first, last) {
  if (!first) return '';
  return first === last ? `gc-${first}` : `gc-${first} … gc-${last}`;
}

export function formatNumbers(first, last) {
  if (first === undefined) return 'no agent_seq';
  return first === last ? `seq ${first}` : `seq ${first}–${last}`;
}

/** What the rule asks of a client in the stream that the scenario speaks. */
export const sentenceOf = (rule, { dialect }) =>
  (dialect === 'node' && rule.node_sentence) || rule.sentence;
