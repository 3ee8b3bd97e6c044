// Two runs side by side: what fails newly, what is mended, what takes another time.

import { html } from './dom.js';
import { matchesFilter } from './filter.js';
import { sayVerdict } from './overview.js';
import { verdictBadge } from './scenario.js';
import { formatMs, formatStart, plural } from './words.js';

const KINDS = { // those of report/matrix.h, in its order
  'newly failing': 'Newly failing', fixed: 'Fixed', 'fails by other rules': 'Fails by other rules',
  'warns differently': 'Warns differently', 'cannot be compared': 'Cannot be compared',
  added: 'Only in B', removed: 'Only in A', timing: 'Another timing',
};

export const findScenario = (run, name) =>
  run.results.scenarios.findIndex((scenario) => scenario.name === name);

function drawRun(letter, { results }) {
  const { client, started, summary } = results;
  return html('div', { class: 'run-card' },
    html('p', { class: 'who' }, html('b', { class: 'letter' }, letter), ' ',
      html('strong', {}, client.name), ' ', client.version),
    html('p', {}, sayVerdict(results)),
    html('p', { class: 'meta' }, [formatStart(started), formatMs(results.duration_ms),
      plural(summary.scenarios, 'scenario')].filter(Boolean).join(' · ')));
}

function drawTime(before, after) {
  if (!before || !after) return '';
  const difference = after.duration_ms - before.duration_ms;
  const sign = difference > 0 ? '+' : '−';
  return `${formatMs(before.duration_ms)} → ${formatMs(after.duration_ms)} ` +
    `(${sign}${formatMs(Math.abs(difference))})`;
}

function drawChange(before, after, link) {
  const shown = after ?? before;
  const [finding] = after?.findings ?? [];
  return html('tr', {},
    html('th', { scope: 'row' }, html('a', { href: link(shown.name) }, shown.name),
      finding ? html('p', {}, html('strong', { class: 'rule' }, `${finding.rule} `),
        finding.message) : null),
    html('td', {}, before ? verdictBadge(before.verdict, before.known) : 'not played'),
    html('td', {}, after ? verdictBadge(after.verdict, after.known) : 'not played'),
    html('td', { class: 'time' }, drawTime(before, after)));
}

/** Fills `parent` with what changed from run `before` to run `run`. */
export function drawCompare(parent, { before, run, difference }, { filter, link }) {
  const nameOf = new Map(before.results.scenarios.map((one) => [one.name, one]));
  const nowOf = new Map(run.results.scenarios.map((one) => [one.name, one]));
  const sections = Object.entries(KINDS).map(([kind, title]) => {
    const changes = difference.filter((one) => one.kind === kind)
      .map(({ name }) => [nameOf.get(name), nowOf.get(name)])
      .filter(([then, now]) => matchesFilter(now ?? then, filter));
    if (!changes.length) return null;
    return html('section', { class: `changes ${kind.replaceAll(' ', '-')}`, 'aria-label': title },
      html('h2', {}, `${title} (${changes.length})`),
      html('div', { class: 'scroller' }, html('table', { class: 'changes' },
        html('thead', {}, html('tr', {}, ['scenario', 'A', 'B', 'time'].map((name) =>
          html('th', { scope: 'col' }, name)))),
        html('tbody', {}, changes.map(([then, now]) => drawChange(then, now, link))))));
  }).filter(Boolean);
  parent.replaceChildren(
    html('div', { class: 'pair' }, drawRun('A', before), drawRun('B', run)),
    ...(sections.length ? sections
      : [html('p', { class: 'empty' }, 'Nothing has changed between the two runs.')]));
}
