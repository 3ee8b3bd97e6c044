// The text of a scenario file: its words coloured, its steps found.

import { html } from './dom.js';

/** JSON with comments in pieces: [kind, text], kind '' for what stands between. */
export function splitSource(text) {
  const pattern = new RegExp([/\/\/[^\n]*/, /\/\*[^]*?(?:\*\/|$)/, /"(?:[^"\\\n]|\\.)*"?/,
    /-?\d[\d.eE+-]*/, /\b(?:true|false|null)\b/].map(({ source }) => source).join('|'), 'g');
  const pieces = [];
  let last = 0;
  for (const found of text.matchAll(pattern)) {
    if (found.index > last) pieces.push(['', text.slice(last, found.index)]);
    last = found.index + found[0].length;
    const isKey = found[0][0] === '"' && /^\s*:/.test(text.slice(last, last + 20));
    pieces.push([found[0][0] === '/' ? 'comment' : isKey ? 'key'
      : found[0][0] === '"' ? 'string' : 'literal', found[0]]);
  }
  if (last < text.length) pieces.push(['', text.slice(last)]);
  return pieces;
}

/** Where the line and column (both from 1, in characters) are in the text. */
function offsetOf(text, line, column) {
  let offset = 0;
  for (let count = 1; count < line; count++) {
    offset = text.indexOf('\n', offset) + 1;
    if (offset === 0) return text.length;
  }
  for (let count = 1; count < column && offset < text.length; count++)
    offset += text.codePointAt(offset) > 0xFFFF ? 2 : 1;
  return offset;
}

/** The object that begins there, to its closing bracket: `{ text, firstLine, lastLine }`. */
export function stepAt(text, line, column) {
  const begin = offsetOf(text, line, column);
  let depth = 0;
  let shown = '';
  for (const [kind, piece] of splitSource(text.slice(begin))) {
    if (kind !== '') {
      if (kind !== 'comment') shown += piece;
      continue;
    }
    for (const character of piece) {
      shown += character;
      if ('{['.includes(character)) depth++;
      if ('}]'.includes(character) && --depth === 0) {
        const lines = text.slice(begin, begin + shown.length).split('\n').length - 1;
        return { text: shown.replace(/\s+/g, ' '), firstLine: line, lastLine: line + lines };
      }
    }
  }
  return { text: '', firstLine: line, lastLine: line };
}

/** What step `number` (from 1) does, as its object without the verb; '' if that is not known. */
export function makeStepTexts(source, steps) {
  const known = new Map();
  return (number) => {
    const at = 2 * (number - 1);
    if (!source || !(at >= 0 && at + 1 < steps.length)) return '';
    if (!known.has(number)) {
      const { text } = stepAt(source, steps[at], steps[at + 1]);
      known.set(number, text.replace(/^\{ ?"[^"]*" ?: ?/, '').replace(/ ?\}$/, '')
        .replace(/^\{ ?\}$/, ''));
    }
    return known.get(number);
  };
}

/** The text with line numbers; the lines of the steps in `marked` (a Set of numbers) are marked. */
export function drawSource(source, steps, marked) {
  const lines = new Set();
  for (const number of marked) {
    const at = 2 * (number - 1);
    if (!(at >= 0 && at + 1 < steps.length)) continue;
    const { firstLine, lastLine } = stepAt(source, steps[at], steps[at + 1]);
    for (let line = firstLine; line <= lastLine; line++) lines.add(line);
  }
  const rows = [];
  let row = [];
  for (const [kind, piece] of splitSource(source.replace(/\n$/, ''))) {
    piece.split('\n').forEach((part, index) => {
      if (index > 0) {
        rows.push(row);
        row = [];
      }
      if (part) row.push(kind ? html('span', { class: kind }, part) : part);
    });
  }
  rows.push(row);
  return html('pre', { class: 'source', tabindex: '0', 'aria-label': 'Scenario file' },
    rows.map((parts, index) => html('span', {
      class: lines.has(index + 1) ? 'line failing' : 'line',
    }, html('span', { class: 'number', 'aria-hidden': 'true' }, String(index + 1)),
    lines.has(index + 1) ? html('span', { class: 'offscreen' }, 'failing step: ') : null,
    ...parts, '\n')));
}
