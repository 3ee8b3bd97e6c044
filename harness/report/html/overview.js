// The whole run: the verdict in one line, filters, what went wrong, and rules × scenarios.

import { html, keepWhole } from './dom.js';
import { NO_FILTER, isFiltered, isFlaky, isOfKind, matchesFilter } from './filter.js';
import { verdictBadge } from './scenario.js';
import {
  VERDICTS, formatCount, formatMs, formatPlays, formatStart, plural, sentenceOf, symbolOf,
} from './words.js';

const NAMES_SHOWN = 6;

/* ---- the verdict ---- */

const ruleNumber = (id) => (id === 'step' ? 1000 : Number(id.slice(2)) + (id[0] === 'S' ? 500 : 0));

/** "C-4, C-16": rules broken by what the baseline does not know; a step that was left unmet is one,
 *  but is not called so where a real one tells more. */
function sayBroken(results) {
  const found = new Set(results.scenarios.flatMap(({ findings }) => findings)
    .filter(({ level, known }) => level === 'must' && !known).map(({ rule }) => rule));
  const rules = [...found].filter((rule) => rule !== 'step')
    .sort((a, b) => ruleNumber(a) - ruleNumber(b));
  if (rules.length) return `the client breaks ${rules.join(', ')}`;
  return found.size ? 'the client leaves steps unmet' : '';
}

/** Why nobody can say how good the client is. */
function sayInconclusive(results) {
  const { summary, scenarios } = results;
  const trouble = (summary['client-error'] ?? 0) + (summary.error ?? 0);
  const flaky = scenarios.filter(isFlaky).length;
  const reasons = [
    trouble && `${trouble} of ${plural(summary.scenarios, 'scenario')} could not be judged`,
    flaky && `${plural(flaky, 'scenario')} had different verdicts from play to play`,
    results.not_played && `${plural(results.not_played, 'scenario')} not played`,
  ].filter(Boolean);
  if (!reasons.length)
    reasons.push(summary.scenarios === (summary.skip ?? 0) ? 'nothing was played'
      : 'a part of the run or of its report is missing');
  return `Inconclusive: ${reasons.join('; ')}.`;
}

/** What came of the run, in one sentence; two where it is inconclusive and the client fails,
 *  too. */
export function sayVerdict(results) {
  const { summary, scenarios } = results;
  const rules = sayBroken(results);
  const failing = scenarios.filter(({ verdict, known }) => verdict === 'fail' && !known).length;
  const unlisted = summary.known ? ' that the baseline does not list' : '';
  const broken = `${failing} of ${plural(summary.scenarios, 'scenario')} ` +
    `${failing === 1 ? 'fails' : 'fail'}${unlisted}: ${rules}.`;
  if (results.exit === 3)
    return `${sayInconclusive(results)}${rules ? ` ${broken}` : ''}`;
  if (rules) return broken;
  if (results.exit === 4)
    return `As the baseline says, but ${plural(summary.fixed, 'known failure')} no longer ` +
      `${summary.fixed === 1 ? 'happens' : 'happen'}.`;
  if (results.exit === 1)
    return `${plural(summary.warn, 'scenario')} of ${summary.scenarios} ` +
      `${summary.warn === 1 ? 'warns' : 'warn'}, and SHOULD counts (--strict).`;
  const rest = [summary.warn && `${summary.warn} with a warning`,
    summary.known && `${plural(summary.known, 'known failure')} of the baseline`,
    summary.skip && `${summary.skip} skipped`].filter(Boolean).join(', ');
  return `Everything as expected in ${plural(summary.scenarios, 'scenario')}` +
    `${rest ? ` (${rest})` : ''}.`;
}

const KINDS = { 0: 'pass', 1: 'fail', 3: 'error', 4: 'warn' };

export function drawHead(results) {
  const { client, started, duration_ms: duration, seed, gapcheck, shard } = results;
  return html('header', { class: `run-head ${KINDS[results.exit] ?? 'error'}` },
    html('p', { class: 'verdict' },
      html('span', { class: 'symbol', 'aria-hidden': 'true' }, symbolOf(KINDS[results.exit])),
      keepWhole(sayVerdict(results))),
    html('p', { class: 'who' }, html('strong', {}, client.name), ' ', client.version),
    html('p', { class: 'meta' }, [`exit ${results.exit}`, formatMs(duration),
      formatStart(started), shard && `shard ${shard.index} of ${shard.count}`,
      results.strict && '--strict', results.interrupted && 'interrupted',
      `seed ${seed}`, `gapcheck ${gapcheck}`].filter(Boolean).join(' · ')),
    client.command ? html('p', { class: 'meta command' },
      html('code', {}, `--client ${client.command}`)) : null);
}

/* ---- filters ---- */

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
    const count = scenarios.filter((one) => isOfKind(one, verdict)).length;
    const isOn = filter.verdicts.includes(verdict);
    return count === 0 && !isOn ? null : html('button', {
      type: 'button', class: `chip toggle ${verdict}`, 'aria-pressed': String(isOn),
      'data-verdict': verdict,
      onclick: () => onFilter({
        ...filter, verdicts: isOn ? filter.verdicts.filter((one) => one !== verdict)
          : [...filter.verdicts, verdict],
      }),
    }, `${symbolOf(verdict)} ${formatCount(count)} ${verdict}`);
  };
  return html('form', {
    class: 'filters', role: 'search', onsubmit: (event) => event.preventDefault(),
  }, html('div', { class: 'chips', role: 'group', 'aria-label': 'Verdict' },
    [...VERDICTS, 'differs', 'known'].map(chip)),
    select('Rule', filter.rule, rules, (rule) => onFilter({ ...filter, rule })),
    select('Tag', filter.tag, tags, (tag) => onFilter({ ...filter, tag })),
    html('label', { class: 'search' }, html('span', {}, 'Text'), html('input', {
      type: 'search', value: filter.text, placeholder: 'name, finding, cause …', id: 'search',
      oninput: (event) => onFilter({ ...filter, text: event.target.value }, true),
    })),
    html('button', {
      type: 'button', class: 'link', hidden: !isFiltered(filter),
      onclick: () => onFilter(NO_FILTER),
    }, 'Show all'));
}

/* ---- what went wrong ---- */

/** How bad it is among those that break the rule: by what was lost or repeated, if it was by this
 *  rule and not by one that comes before it. The terminal chooses in the same way. */
const weightOf = ({ scenario, finding }) =>
  (finding === scenario.findings[0] ? 1 + (scenario.lost ?? 0) + (scenario.duplicated ?? 0) : 0);

const LEVELS = ['must', 'should'];

/** What was found, by rule: the rules that fail first, then those with most scenarios. */
function groupByRule(scenarios, isKnown) {
  const found = new Map();
  for (const scenario of scenarios) {
    for (const finding of scenario.findings) {
      if (finding.known !== isKnown) continue;
      const key = `${finding.rule} ${finding.level}`;
      const group = found.get(key) ?? { rule: finding.rule, level: finding.level, items: [] };
      if (group.items.at(-1)?.scenario !== scenario) group.items.push({ scenario, finding });
      found.set(key, group);
    }
  }
  for (const { items } of found.values()) items.sort((a, b) => weightOf(b) - weightOf(a));
  return [...found.values()].sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) ||
    b.items.length - a.items.length || ruleNumber(a.rule) - ruleNumber(b.rule));
}

function drawNames(items, name) {
  const list = html('p', { class: 'names' },
    'also in ', separate(items.slice(0, NAMES_SHOWN).map(name)));
  const rest = items.slice(NAMES_SHOWN);
  if (rest.length) {
    list.append(' ', html('button', { type: 'button', class: 'link', onclick: (event) => {
      event.target.replaceWith(...rest.flatMap((one) => [', ', name(one)]));
    } }, `and ${rest.length} more`));
  }
  return list;
}

const separate = (parts) => parts.flatMap((part, index) => (index ? [', ', part] : [part]));

function drawGroup({ rule, level, items }, rules, link) {
  const about = rules.find(({ id }) => id === rule);
  const verdict = level === 'must' ? 'fail' : 'warn';
  const { scenario, finding } = items[0];
  const name = ({ scenario: one }) => html('a', { href: link(one.name) }, one.name);
  return html('li', { 'data-rule': rule },
    html('p', { class: 'head' }, verdictBadge(verdict), html('strong', { class: 'rule' }, rule),
      plural(items.length, 'scenario')),
    about ? html('p', { class: 'sentence' },
      `${level.toUpperCase()}: a client ${sentenceOf(about, scenario)}`) : null,
    html('p', { class: 'example' }, keepWhole(finding.message)),
    finding.cause ? html('p', { class: 'cause' }, finding.cause) : null,
    html('p', { class: 'sentence' }, items.length > 1 ? 'worst in ' : 'in ', name(items[0])),
    items.length > 1 ? drawNames(items.slice(1), name) : null);
}

const drawGroups = (groups, rules, link) => html('ul', { class: 'wrong broken' },
  groups.map((group) => drawGroup(group, rules, link)));

/** What has no finding to be grouped by: a name and why. */
const drawReasons = (scenarios, reasonOf, link) => html('ul', { class: 'wrong broken' },
  scenarios.map((scenario) => html('li', {}, html('p', { class: 'head' },
    verdictBadge(scenario.verdict, scenario.known),
    html('a', { href: link(scenario.name) }, scenario.name)),
  html('p', {}, reasonOf(scenario)))));

function drawWrong(results, scenarios, rules, link) {
  const section = (title, ...content) => html('section', { 'aria-label': title },
    html('h2', {}, title), ...content);
  const unjudged = scenarios.filter(({ verdict }) => ['client-error', 'error'].includes(verdict));
  const flaky = scenarios.filter(isFlaky);
  const fresh = groupByRule(scenarios, false);
  const known = groupByRule(scenarios, true);
  const { fixed = [] } = results;
  return [
    unjudged.length && section('Could not be judged',
      drawReasons(unjudged, ({ reason }) => reason ?? '', link)),
    flaky.length && section('Another verdict from play to play',
      drawReasons(flaky, ({ plays }) => formatPlays(plays), link)),
    fresh.length && section('What went wrong', drawGroups(fresh, rules, link)),
    fixed.length && section('The baseline must be looked at',
      html('ul', { class: 'wrong' }, fixed.map((sentence) => html('li', {}, sentence)))),
    known.length && section('Known failures', html('details', { open: fresh.length === 0 },
      html('summary', {}, `What the baseline lists: ${known.map(({ rule }) => rule).join(', ')}`),
      drawGroups(known, rules, link))),
  ].filter(Boolean);
}

/* ---- the matrix ---- */

const severity = ({ verdict, known }) => VERDICTS.indexOf(verdict) + (known ? VERDICTS.length : 0);

/** Failures first, what is known of them last, else as in the file. */
export const bySeverity = (scenarios) =>
  scenarios.map((scenario, index) => ({ scenario, index }))
    .sort((a, b) => severity(a.scenario) - severity(b.scenario) || a.index - b.index)
    .map(({ scenario }) => scenario);

/** Arrow keys move from cell to cell, Enter opens; one cell at a time is a tab stop. */
export function makeGridKeys(table, onOpen) {
  const focus = (row, column) => {
    if (!row) return;
    const cell = row.cells[Math.max(0, Math.min(column, row.cells.length - 1))];
    table.querySelector('[tabindex="0"]')?.setAttribute('tabindex', '-1');
    cell.setAttribute('tabindex', '0');
    cell.focus();
    cell.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  };
  table.addEventListener('keydown', (event) => {
    const cell = event.target.closest('td,th');
    if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
    const row = cell.parentElement;
    const column = cell.cellIndex;
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
  const cells = new Map(); // one of a kind is made and copied: there are thousands
  const cell = (scenario, { id }) => {
    const status = scenario.rules[id] ?? 'none';
    const said = `${id}: ${status === 'none' ? 'did not come up' : status}`;
    if (!cells.has(said))
      cells.set(said, html('td', { class: status, title: said, 'aria-label': said },
        status === 'none' ? '' : symbolOf(status)));
    return cells.get(said).cloneNode(true);
  };
  const row = (scenario, index) => html('tr', {
    class: scenario.verdict, 'data-name': scenario.name,
  }, html('th', { scope: 'row', tabindex: index === 0 ? '0' : null },
      html('span', { class: `symbol ${scenario.verdict}`, title: scenario.verdict },
        symbolOf(scenario.verdict), html('span', { class: 'offscreen' }, ` ${scenario.verdict} `)),
      isFlaky(scenario) ? html('span', { class: 'trait', title: formatPlays(scenario.plays) },
        `${symbolOf('differs')} `) : null,
      html('a', { href: link(scenario.name), tabindex: '-1' }, scenario.name),
      scenario.known ? html('span', { class: 'known' }, ' known') : null,
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
    ? [...drawWrong(results, bySeverity(scenarios), rules, context.link),
      drawMatrix(scenarios, rules, context)]
    : [html('p', { class: 'empty' }, 'No scenario matches these filters.')];
  parent.replaceChildren(drawHead(results), drawFilters(results, context.filter, context.onFilter),
    ...below);
}
