// One scenario: what went wrong, how to see it again, its file, and the drawing.

import { loadTranscript } from './data.js';
import { copyText, html, keepWhole } from './dom.js';
import { createDrawing } from './draw.js';
import { isFlaky } from './filter.js';
import { createLanes } from './lanes.js';
import { drawSource, makeStepTexts } from './source.js';
import { formatCount, formatMs, formatPlays, plural, sentenceOf, symbolOf } from './words.js';

export const verdictBadge = (verdict, isKnown = false) =>
  html('span', { class: `badge ${verdict}` }, `${symbolOf(verdict)} ${verdict}`,
    isKnown ? html('span', { class: 'known' }, ' known') : null);

/* ---- what the judge said ---- */

const COUNTS = ['published', 'owed', 'dispatched', 'lost', 'duplicated', 'unrecoverable',
  'connections'];

function drawCounts(scenario) {
  return html('dl', { class: 'counts' },
    COUNTS.map((name) => html('div', {
      class: ['lost', 'duplicated'].includes(name) && scenario[name] > 0 ? 'bad' : null,
    }, html('dt', {}, name), html('dd', {}, formatCount(scenario[name] ?? 0)))),
    html('div', {}, html('dt', {}, 'time'), html('dd', {}, formatMs(scenario.duration_ms))));
}

function drawFinding(finding, scenario, rules, onShow) {
  const rule = rules.find(({ id }) => id === finding.rule);
  const place = [finding.step ? `step ${finding.step}` : '', formatMs(finding.at_ms)]
    .filter(Boolean).join(', ');
  return html('li', { class: `finding ${finding.level}` },
    html('p', { class: 'message' }, html('strong', { class: 'rule' }, finding.rule), ' ',
      keepWhole(finding.message),
      finding.known ? html('span', { class: 'known' }, ' known') : null),
    finding.cause ? html('p', { class: 'cause' }, html('span', { class: 'word' }, 'Cause: '),
      finding.cause) : null,
    finding.reason ? html('p', { class: 'cause' },
      html('span', { class: 'word' }, 'Put up with: '), finding.reason) : null,
    html('p', { class: 'meta' },
      rule ? `${finding.level.toUpperCase()}: a client ${sentenceOf(rule, scenario)} ` : '',
      html('button', { type: 'button', class: 'link', onclick: () => onShow(finding) },
        `Show it: ${place}`)));
}

/** That of several plays one is shown, and which. */
function drawPlays({ verdict, plays }) {
  const count = Object.values(plays).reduce((sum, times) => sum + times, 0);
  return html('p', { class: 'plays' }, `Played ${plural(count, 'time')}: ${formatPlays(plays)}.`,
    isFlaky({ plays }) ? ` Below is a play that came to ${verdict}, the worst of them.` : '');
}

function drawReproduce(command) {
  const button = html('button', { type: 'button', class: 'copy' }, 'Copy');
  button.addEventListener('click', async () => {
    button.textContent = await copyText(command) ? 'Copied' : 'Select it and copy';
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  });
  return html('div', { class: 'reproduce' }, html('code', { tabindex: '0' }, command), button);
}

function drawRules(scenario) {
  const ids = Object.keys(scenario.rules);
  return html('p', { class: 'rules' }, ids.map((id) => html('span', {
    class: `chip ${scenario.rules[id]}`, title: `${id}: ${scenario.rules[id]}`,
  }, `${symbolOf(scenario.rules[id])} ${id}`)));
}

/* ---- the drawing and what was chosen in it ---- */

const LEGEND = [
  ['live', 'live event'], ['ring', 'replayed from ring or queue'], ['row', 'from the database'],
  ['plain', 'other frame'], ['control', 'handshake, ping, fence'],
];

function drawLegend() {
  const line = ([style, text]) => html('span', { class: 'item' },
    html('i', { class: `sample ${style}`, 'aria-hidden': 'true' }), text);
  const mark = (name, text) => html('span', { class: 'item' },
    html('i', { class: `mark ${name}`, 'aria-hidden': 'true' }), text);
  return html('p', { class: 'legend' }, LEGEND.map(line), mark('dot', 'event'),
    mark('open', 'lost'), mark('void', 'unrecoverable'), mark('twice', 'dispatched again'),
    mark('broken', 'dropped'));
}

function showDetails(panel, lanes, row) {
  const { group, item } = row;
  const entry = item < 0 ? group.entry : lanes.itemOf(group, item).entry;
  const { text, ...fields } = entry;
  panel.replaceChildren(
    html('p', {}, row.spoken),
    html('dl', { class: 'fields' }, Object.entries(fields).map(([name, value]) =>
      html('div', {}, html('dt', {}, name), html('dd', {}, String(value))))),
    ...(typeof text === 'string'
      ? [html('pre', { class: 'frame', tabindex: '0', 'aria-label': 'The frame' }, text)] : []));
}

function drawTranscript(transcript, scenario, missed) {
  const lanes = createLanes({ missed });
  lanes.append(transcript.entries);
  lanes.flush();
  const marked = new Set();
  const places = new Map();
  for (const finding of scenario?.findings ?? []) {
    const group = lanes.find(finding.step, finding.at_ms * 1000);
    if (group) {
      marked.add(group);
      places.set(finding, group);
    }
  }
  const panel = html('div', { class: 'details', 'aria-live': 'polite' },
    html('p', { class: 'hint' }, 'Choose a row to see the frame itself.'));
  const element = html('div', { class: 'wire' }, drawLegend());
  return {
    element, lanes,
    /** Once it is in the document: it needs its width. */
    start() {
      const drawing = createDrawing(element, lanes, {
        describeStep: makeStepTexts(transcript.header.source, transcript.steps),
        marked,
        onSelect: (row) => showDetails(panel, lanes, row),
      });
      element.append(panel);
      return {
        destroy: drawing.destroy,
        show(finding) {
          const group = places.get(finding);
          if (!group) return;
          drawing.select(lanes.rowOf(group));
          drawing.element.focus({ preventScroll: true });
          drawing.element.scrollIntoView({ block: 'nearest' });
        },
      };
    },
  };
}

/* ---- the view ---- */

/**
 * One scenario of one run, as an element; `start()` once it is in the document draws the wire.
 *   label     what stands before its name where two runs are shown
 */
export async function drawScenario(run, index, rules, label = '') {
  const scenario = run.results.scenarios[index];
  const transcript = await loadTranscript(run, index);
  let started = null;
  const onShow = (finding) => started?.show(finding);
  const failing = new Set(scenario.findings.map(({ step }) => step).filter(Boolean));
  const wire = transcript?.entries.length
    ? drawTranscript(transcript, scenario, scenario.missed) : null;
  const source = transcript?.header.source;
  const element = html('article', { class: 'scenario' },
    label ? html('h3', { class: 'run-label' }, label) : null,
    html('p', { class: 'verdict-line' }, verdictBadge(scenario.verdict, scenario.known),
      scenario.reason ? html('span', { class: 'reason' }, ` ${scenario.reason}`) : null),
    scenario.plays ? drawPlays(scenario) : null,
    scenario.findings.length ? html('ol', { class: 'findings' },
      scenario.findings.map((finding) => drawFinding(finding, scenario, rules, onShow))) : null,
    drawCounts(scenario),
    html('h3', {}, 'See it again'),
    drawReproduce(scenario.reproduce ?? ''),
    html('h3', {}, 'On the wire'),
    transcript?.problem ? html('p', { class: 'problem', role: 'alert' }, transcript.problem) : null,
    wire ? wire.element : html('p', {}, 'It was not played, so there is nothing to draw.'),
    source ? html('h3', {}, 'The scenario file ', html('code', {}, scenario.file ?? '')) : null,
    source ? drawSource(source, transcript.steps, failing) : null,
    html('h3', {}, 'Rules that came up'),
    drawRules(scenario),
    scenario.transcript && !label ? html('p', {}, html('a', {
      href: scenario.transcript.split('/').map(encodeURIComponent).join('/'),
    }, 'The transcript itself'), ' (for ', html('code', {}, 'gapcheck judge'), ')') : null);
  return {
    element,
    start() { started = wire?.start() ?? null; },
    destroy() { started?.destroy(); },
  };
}
