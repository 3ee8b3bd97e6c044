// The kill matrix: which scenario finds which mutant out, and by which rule.

import { html } from './dom.js';
import { makeGridKeys } from './overview.js';
import { plural, symbolOf } from './words.js';

/** Verdicts by scenario: mutants.json is sparse. */
const cellsOf = (mutant) => new Map(mutant.verdicts.map((one) => [one.scenario, one]));

function drawSummary(matrix) {
  const { summary, missing = [] } = matrix;
  const isWhole = matrix.exit === 0;
  const status = isWhole ? 'pass' : matrix.exit === 3 ? 'error' : 'fail';
  return html('header', { class: `run-head ${status}` },
    html('p', { class: 'verdict' },
      html('span', { class: 'symbol', 'aria-hidden': 'true' }, symbolOf(status)),
      `${summary.killed} of ${plural(summary.mutants, 'mutant')} are killed by the rule they ` +
      `break; ${summary.killing} of ${plural(summary.scenarios, 'scenario')} kill at least one.`),
    html('p', { class: 'meta' }, summary.sampled
      ? `${summary.agreeing} of ${summary.sampled} pairs agree in both worlds.` : ''),
    isWhole && summary.killed < summary.mutants ? html('p', { class: 'meta' },
      'A part of the library was played: nobody expects it to kill them all.') : null,
    missing.length ? html('ul', { class: 'wrong' }, missing.map((text) => html('li', {}, text)))
      : null);
}

function drawList(matrix, mutants, onOpen) {
  const missed = matrix.exit === 0 ? 'skip' : 'fail'; // of a part of the library nothing is asked
  return html('section', { 'aria-label': 'Mutants' }, html('h2', {}, 'Mutants'),
    html('div', { class: 'scroller' }, html('table', { class: 'mutants' },
      html('thead', {}, html('tr', {}, ['', 'mutant', 'rule', 'what it does', 'killed by', 'world']
        .map((name) => html('th', { scope: 'col' }, name)))),
      html('tbody', {}, mutants.map((mutant) => {
        const status = mutant.rule === null || mutant.killed ? 'pass' : missed;
        const byRule = mutant.verdicts.filter((found) => kindOf(found, mutant) === 'killed');
        return html('tr', {}, html('td', { class: status }, symbolOf(status)),
          html('th', { scope: 'row' }, html('button', {
            type: 'button', class: 'link', onclick: () => onOpen(mutant.name),
          }, mutant.name)),
          html('td', {}, mutant.rule ?? 'none'), html('td', {}, mutant.does),
          html('td', {}, mutant.rule === null ? 'nobody, as it should be'
            : plural(byRule.length, 'scenario')),
          html('td', {}, mutant.world));
      })))));
}

/** What a cell is, if the scenario did not pass: as harness/report/kill_matrix.c sees it. */
const isKill = ({ verdict }) => verdict === 'fail' || verdict === 'warn';

function kindOf(found, mutant) {
  if (!found) return 'none';
  if (!isKill(found)) return 'unjudged';
  return found.rules.includes(mutant.rule) ? 'killed' : 'other';
}

function drawMatrix(matrix, mutants) {
  const rows = mutants.filter(({ rule }) => rule !== null);
  const cells = new Map(rows.map((mutant) => [mutant, cellsOf(mutant)]));
  const kinds = { none: html('td', { class: 'none', 'aria-label': 'not killed' }),
    killed: html('td', { class: 'killed', 'aria-label': 'killed by its rule' }, '●'),
    other: html('td', { class: 'other', 'aria-label': 'killed by another rule' }, '○'),
    unjudged: html('td', { class: 'unjudged', 'aria-label': 'came to no verdict' }, '?') };
  const cell = (mutant, scenario) => // copied: there are tens of thousands
    kinds[kindOf(cells.get(mutant).get(scenario), mutant)].cloneNode(true);
  const say = (mutant, { name }) => {
    const found = cells.get(mutant).get(name);
    return `${mutant.name} in ${name}: ` + (found
      ? `${found.verdict} by ${found.rules.join(' ') || 'no rule'}` : 'not killed');
  };
  const details = html('p', { class: 'details kills-details', 'aria-live': 'polite' },
    'Choose a cell to see by which rules.');
  const table = html('table', { class: 'matrix kills', role: 'grid', 'aria-label': 'Kill matrix' },
    html('thead', {}, html('tr', {}, html('th', { scope: 'col' }, 'scenario'),
      rows.map(({ name, rule }) => html('th', { scope: 'col', title: name },
        html('span', { class: 'upright' }, `${name} ${rule}`))))),
    html('tbody', {}, matrix.scenarios.map(({ name }, index) => html('tr', {},
      html('th', { scope: 'row', tabindex: index === 0 ? '0' : null }, name),
      rows.map((mutant) => cell(mutant, name))))));
  makeGridKeys(table.tBodies[0], (chosen) => {
    const mutant = rows[chosen.cellIndex - 1];
    if (mutant)
      details.textContent = say(mutant, matrix.scenarios[chosen.parentElement.sectionRowIndex]);
  });
  return html('section', { 'aria-label': 'Kill matrix' }, html('h2', {}, 'Kill matrix'),
    html('p', { class: 'legend' },
      html('span', { class: 'item' }, html('b', { class: 'cell killed' }, '●'),
        'killed by the rule it breaks'),
      html('span', { class: 'item' }, html('b', { class: 'cell other' }, '○'),
        'killed by another rule'),
      html('span', { class: 'item' }, html('b', { class: 'cell unjudged' }, '?'),
        'came to no verdict')),
    details, html('div', { class: 'scroller' }, table));
}

/** Fills `parent`. Only the mutants whose name, rule or deed holds the text are shown. */
export function drawMutants(parent, matrix, { filter, onFilter }) {
  const wanted = filter.text.toLowerCase();
  const mutants = matrix.mutants.filter(({ name, rule, does }) =>
    `${name} ${rule} ${does}`.toLowerCase().includes(wanted));
  const search = html('form', {
    class: 'filters', role: 'search', onsubmit: (event) => event.preventDefault(),
  }, html('label', { class: 'search' }, html('span', {}, 'Text'), html('input', {
      type: 'search', id: 'search', value: filter.text, placeholder: 'mutant, rule …',
      oninput: (event) => onFilter({ ...filter, text: event.target.value }, true),
    })));
  parent.replaceChildren(drawSummary(matrix), search,
    ...(mutants.length ? [drawList(matrix, mutants, (name) => onFilter({ ...filter, text: name })),
      drawMatrix(matrix, mutants)]
      : [html('p', { class: 'empty' }, 'No mutant matches this text.')]));
}
