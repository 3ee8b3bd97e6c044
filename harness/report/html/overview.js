// The whole run: the verdict in one line, filters, what went wrong, and rules × scenarios.

import { html } from './dom.js';
import { isFiltered, matchesFilter } from './filter.js';
import { verdictBadge } from './scenario.js';
import { VERDICTS, formatCount, formatMs, plural, symbolOf } from './words.js';

const FINDINGS_SHOWN = 8;

/* ---- the verdict ---- */

/** Rules broken by what the baseline does not know. */
function brokenRules(results) {
  const found = new Set();
  for (const scenario of results.scenarios)
    for (const finding of scenario.findings)
      if (finding.level === 'must' && !finding.known) found.add(finding.rule);
  return [...found].sort((a, b) => Number(a.slice(2)) - Number(b.slice(2)));
}

/** What came of the run, in one sentence. */
export function sayVerdict(results) {
  const { summary } = results;
  const count = summary.scenarios;
  const rules = brokenRules(results);
  const trouble = (summary['client-error'] ?? 0) + (summary.error ?? 0);
  if (results.exit === 3)
    return `Inconclusive: ${trouble ? `${trouble} of ${count} scenarios could not be judged`
      : count === (summary.skip ?? 0) ? 'nothing was played' : 'the run was not finished'}.`;
  if (rules.length)
    return `${summary.fail} of ${count} scenarios fail: the client breaks ${rules.join(', ')}.`;
  if (results.exit === 4)
    return `As the baseline says, but ${plural(summary.fixed, 'known failure')} no longer happen.`;
  if (results.exit === 1)
    return `${summary.warn} of ${count} scenarios warn, and SHOULD counts (--strict).`;
  const rest = [summary.warn && `${summary.warn} with a warning`,
    summary.known && `${plural(summary.known, 'known failure')} of the baseline`,
    summary.skip && `${summary.skip} skipped`].filter(Boolean).join(', ');
  return `Everything as expected in ${plural(count, 'scenario')}${rest ? ` (${rest})` : ''}.`;
}

const KINDS = { 0: 'pass', 1: 'fail', 3: 'error', 4: 'warn' };

export function drawHead(results) {
  const { client, started, duration_ms: duration, seed, gapcheck } = results;
  return html('header', { class: `run-head ${KINDS[results.exit] ?? 'error'}` },
    html('p', { class: 'verdict' },
      html('span', { class: 'symbol', 'aria-hidden': 'true' }, symbolOf(KINDS[results.exit])),
      sayVerdict(results)),
    html('p', { class: 'who' }, html('strong', {}, client.name), ' ', client.version,
      html('span', { class: 'meta' }, `  exit ${results.exit} · ${formatMs(duration)} · ` +
        `${String(started).slice(0, 19).replace('T', ' ')} UTC · seed ${seed} · ` +
        `gapcheck ${gapcheck}`)),
    html('p', { class: 'meta command' }, html('code', {}, `--client ${client.command}`)));
}

/* ---- filters ---- */

const ruleNumber = (id) => (id === 'step' ? 1000 : Number(id.slice(2)) + (id[0] === 'S' ? 500 : 0));

function select(label, value, choices, onchange) {
  return html('label', {}, html('span', {}, label),
    html('select', { onchange: (event) => onchange(event.target.value) },
      html('option', { value: '' }, 'all'),
      choices.map((choice) =>
        html('option', { value: choice, selected: choice === value }, choice))));
}

function drawFilters(results, filter, onFilter) {
  const { scenarios } = results;
  const tags = [...new Set(scenarios.flatMap((one) => one.tags ?? []))].sort();
  const rules = [...new Set(scenarios.flatMap((one) => Object.keys(one.rules)))]
    .sort((a, b) => ruleNumber(a) - ruleNumber(b));
  const chip = (verdict) => {
    const count = scenarios.filter((one) => one.verdict === verdict).length;
    const isOn = filter.verdicts.includes(verdict);
    return html('button', {
      type: 'button', class: `chip toggle ${verdict}`, 'aria-pressed': String(isOn),
      disabled: count === 0 && !isOn, 'data-verdict': verdict,
      onclick: () => onFilter({
        ...filter, verdicts: isOn ? filter.verdicts.filter((one) => one !== verdict)
          : [...filter.verdicts, verdict],
      }),
    }, `${symbolOf(verdict)} ${formatCount(count)} ${verdict}`);
  };
  return html('form', { class: 'filters', role: 'search', onsubmit: (event) => event.preventDefault() },
    html('div', { class: 'chips', role: 'group', 'aria-label': 'Verdict' }, VERDICTS.map(chip)),
    select('Rule', filter.rule, rules, (rule) => onFilter({ ...filter, rule })),
    select('Tag', filter.tag, tags, (tag) => onFilter({ ...filter, tag })),
    html('label', { class: 'search' }, html('span', {}, 'Text'), html('input', {
      type: 'search', value: filter.text, placeholder: 'name, finding, cause …', id: 'search',
      oninput: (event) => onFilter({ ...filter, text: event.target.value }, true),
    })),
    html('button', {
      type: 'button', class: 'link', hidden: !isFiltered(filter),
      onclick: () => onFilter({ verdicts: [], rule: '', tag: '', text: '' }),
    }, 'Show all'));
}

/* ---- what went wrong ---- */

function drawFindings(scenarios, link) {
  const wrong = scenarios.filter(({ verdict }) => !['pass', 'skip'].includes(verdict));
  if (!wrong.length) return null;
  const item = (scenario) => {
    const [finding] = scenario.findings;
    const more = scenario.findings.length - 1;
    return html('li', {}, verdictBadge(scenario.verdict, scenario.known), ' ',
      html('a', { href: link(scenario.name) }, scenario.name),
      html('p', {}, finding ? html('strong', { class: 'rule' }, `${finding.rule} `) : null,
        finding ? finding.message : scenario.reason ?? '',
        more > 0 ? ` (and ${more} more)` : ''),
      finding?.cause ? html('p', { class: 'cause' }, finding.cause) : null);
  };
  const list = html('ul', { class: 'wrong' }, wrong.slice(0, FINDINGS_SHOWN).map(item));
  const rest = wrong.slice(FINDINGS_SHOWN);
  const button = html('button', { type: 'button', class: 'more' }, `Show ${rest.length} more`);
  button.addEventListener('click', () => {
    list.append(...rest.map(item));
    list.children[FINDINGS_SHOWN].querySelector('a').focus();
    button.remove();
  });
  return html('section', { 'aria-label': 'What went wrong' }, html('h2', {}, 'What went wrong'),
    list, rest.length ? button : null);
}

/* ---- the matrix ---- */

const severity = ({ verdict }) => VERDICTS.indexOf(verdict);

/** Failures first, else as in the file. */
const bySeverity = (scenarios) =>
  scenarios.map((scenario, index) => ({ scenario, index }))
    .sort((a, b) => severity(a.scenario) - severity(b.scenario) || a.index - b.index)
    .map(({ scenario }) => scenario);

/** Arrow keys move from cell to cell, Enter opens; one cell at a time is a tab stop. */
export function makeGridKeys(table, onOpen) {
  const cellsOf = (row) => [...row.cells].filter((cell) => cell.hasAttribute('tabindex'));
  const focus = (row, column) => {
    if (!row) return;
    const cells = cellsOf(row);
    const cell = cells[Math.max(0, Math.min(column, cells.length - 1))];
    if (!cell) return;
    table.querySelector('[tabindex="0"]')?.setAttribute('tabindex', '-1');
    cell.setAttribute('tabindex', '0');
    cell.focus();
    cell.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  };
  table.addEventListener('keydown', (event) => {
    const cell = event.target.closest('td,th');
    if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
    const row = cell.parentElement;
    const column = cellsOf(row).indexOf(cell);
    const rows = row.parentElement.rows;
    const at = row.sectionRowIndex;
    const moves = {
      ArrowDown: () => focus(rows[at + 1], column), ArrowUp: () => focus(rows[at - 1], column),
      ArrowRight: () => focus(row, column + 1),
      ArrowLeft: () => focus(row, Math.max(0, column - 1)),
      Home: () => focus(row, 0), End: () => focus(row, Infinity),
      PageDown: () => focus(rows[Math.min(at + 15, rows.length - 1)], column),
      PageUp: () => focus(rows[Math.max(at - 15, 0)], column),
      Enter: () => onOpen(cell), ' ': () => onOpen(cell),
    };
    if (!moves[event.key]) return;
    event.preventDefault();
    moves[event.key]();
  });
  table.addEventListener('click', (event) => {
    const cell = event.target.closest('td');
    if (cell && !event.target.closest('a')) onOpen(cell);
  });
}

function drawMatrix(scenarios, rules, { filter, link, onFilter, onOpen }) {
  const shown = rules.filter(({ id, level }) =>
    level !== 'server' && scenarios.some((one) => id in one.rules));
  const cell = (scenario, { id }) => {
    const status = scenario.rules[id];
    return html('td', {
      class: status ?? 'none', tabindex: '-1', title: status ? `${id}: ${status}` : null,
      'aria-label': `${id} ${status ?? 'not exercised'}`,
    }, status ? symbolOf(status) : '');
  };
  const row = (scenario, index) => html('tr', { class: scenario.verdict, 'data-name': scenario.name },
    html('th', { scope: 'row', tabindex: index === 0 ? '0' : '-1' },
      html('span', { class: `symbol ${scenario.verdict}`, title: scenario.verdict },
        symbolOf(scenario.verdict), html('span', { class: 'offscreen' }, ` ${scenario.verdict} `)),
      html('a', { href: link(scenario.name), tabindex: '-1' }, scenario.name),
      html('span', { class: 'title' }, scenario.title ?? '')),
    shown.map((rule) => cell(scenario, rule)));
  const table = html('table', { class: 'matrix', role: 'grid', 'aria-label': 'Rules by scenarios' },
    html('thead', {}, html('tr', {},
      html('th', { scope: 'col' }, plural(scenarios.length, 'scenario')),
      shown.map(({ id, level, sentence }) => html('th', { scope: 'col' }, html('button', {
        type: 'button', class: `rule-head ${level}`, title: `${id} (${level}): ${sentence}`,
        'aria-pressed': String(filter.rule === id),
        onclick: () => onFilter({ ...filter, rule: filter.rule === id ? '' : id }),
      }, id.replace('C-', '')))))),
    html('tbody', {}, bySeverity(scenarios).map(row)));
  makeGridKeys(table.tBodies[0], (chosen) => onOpen(chosen.parentElement.dataset.name));
  return html('section', { 'aria-label': 'Rules by scenarios' },
    html('h2', {}, 'Rules × scenarios'),
    html('p', { class: 'legend' }, ['fail', 'warn', 'pass', 'skip', 'inconclusive'].map((status) =>
      html('span', { class: 'item' }, html('b', { class: `cell ${status}` }, symbolOf(status)),
        status)), html('span', { class: 'item' }, html('b', { class: 'cell none' }),
      'did not come up'),
    html('span', { class: 'item' }, 'Columns are rules C-1 … C-28: click one to filter.')),
    html('div', { class: 'scroller', tabindex: '-1' }, table));
}

/* ---- the view ---- */

/**
 * Fills `parent`. `context`: `{ filter, link(name), onFilter(filter, isTyping), onOpen(name) }`.
 */
export function drawOverview(parent, run, rules, context) {
  const { results } = run;
  const scenarios = results.scenarios.filter((one) => matchesFilter(one, context.filter));
  const below = scenarios.length
    ? [drawFindings(bySeverity(scenarios), context.link),
      drawMatrix(scenarios, rules, context)].filter(Boolean)
    : [html('p', { class: 'empty' }, 'No scenario matches these filters.')];
  parent.replaceChildren(drawHead(results), drawFilters(results, context.filter, context.onFilter),
    ...below);
}
