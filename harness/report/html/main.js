// The page: which view the address names, and the keys that go with it.

import { drawCompare, findScenario } from './compare.js';
import { readData } from './data.js';
import { html } from './dom.js';
import { formatAddress, matchesFilter, parseAddress } from './filter.js';
import { drawMutants } from './mutants.js';
import { bySeverity, drawOverview } from './overview.js';
import { drawScenario } from './scenario.js';

const data = readData(document.getElementById('data'));
const page = document.getElementById('page');
const content = html('main', { id: 'content', tabindex: '-1' });
const tabs = html('nav', { class: 'tabs', 'aria-label': 'Views' });

const views = [data.difference && ['compare', 'Compare'], data.run && ['overview', 'Overview'],
  data.mutants && ['mutants', 'Mutants']].filter(Boolean);
const home = views[0]?.[0] ?? 'overview';

let shown = []; // drawings to be ended when another view comes
let drawCount = 0;
let lastOpened = '';

const readAddress = () => {
  const address = parseAddress(location.hash);
  return { ...address, view: address.view || home };
};

const goTo = (address) => { location.hash = formatAddress(address); };

const context = (address) => ({
  filter: address.filter,
  link: (name) => formatAddress({ view: 'scenario', name, filter: address.filter }),
  onOpen: (name) => goTo({ view: 'scenario', name, filter: address.filter }),
  /** Typing does not fill the history. */
  onFilter(filter, isTyping = false) {
    const target = formatAddress({ ...address, filter });
    if (!isTyping) {
      location.hash = target;
      return;
    }
    history.replaceState(null, '', target);
    show();
  },
});

function drawTabs(address) {
  const current = address.view === 'scenario' ? home : address.view;
  const addressOf = (view) => formatAddress({ ...address, view, name: '' });
  tabs.replaceChildren(html('a', { class: 'brand', href: addressOf(home) }, 'gapcheck'),
    ...views.map(([view, title]) => html('a', {
      href: addressOf(view), 'aria-current': view === current ? 'page' : null,
    }, title)));
}

/** The next and the one before, in the order of the overview, as far as the filter shows them. */
function drawWay(address) {
  const names = bySeverity(data.run.results.scenarios
    .filter((one) => matchesFilter(one, address.filter))).map(({ name }) => name);
  const at = names.indexOf(address.name);
  const step = (name, text) => (name && at >= 0
    ? html('a', { href: formatAddress({ ...address, name }) }, text) : null);
  return html('nav', { class: 'way', 'aria-label': 'Scenarios' },
    html('a', { class: 'back', href: formatAddress({ ...address, view: home, name: '' }) },
      '← All scenarios'), step(names[at - 1], '↑ Previous'), step(names[at + 1], '↓ Next'));
}

async function showScenario(address, count) {
  const { name } = address;
  const runs = [data.before && ['A', data.before], ['B', data.run]].filter(Boolean)
    .map(([letter, run]) => [letter, run, findScenario(run, name)])
    .filter(([, , index]) => index >= 0);
  if (!runs.length) {
    content.replaceChildren(drawWay(address),
      html('p', { class: 'empty' }, `There is no scenario ${name} in this report.`));
    return;
  }
  const parts = await Promise.all(runs.map(([letter, run, index]) =>
    drawScenario(run, index, data.rules, data.before
      ? `${letter}: ${run.results.client.name} ${run.results.client.version}` : '')));
  if (count !== drawCount) return; // another view was asked for meanwhile
  const [, run, index] = runs.at(-1);
  const { title, why, tags = [] } = run.results.scenarios[index];
  content.replaceChildren(drawWay(address),
    html('h1', {}, name), title ? html('p', { class: 'scenario-title' }, title) : '',
    why ? html('p', { class: 'why' }, why) : '',
    html('p', { class: 'tags' }, tags.map((tag) => html('a', {
      class: 'chip', href: formatAddress({ view: home, filter: { ...address.filter, tag } }),
    }, tag))),
    html('div', { class: parts.length > 1 ? 'pair' : null }, parts.map(({ element }) => element)));
  for (const part of parts) part.start();
  shown = parts;
  scrollTo(0, 0);
}

/** Typing goes on where it was although everything is drawn anew. */
function keepFocus(draw) {
  const active = document.activeElement;
  const at = active?.id === 'search' ? active.selectionStart : null;
  draw();
  const search = document.getElementById('search');
  if (at === null || !search) return;
  search.focus();
  search.setSelectionRange(at, at);
}

function show() {
  const address = readAddress();
  const count = ++drawCount;
  for (const part of shown) part.destroy();
  shown = [];
  drawTabs(address);
  if (address.view === 'scenario' && data.run) {
    lastOpened = address.name;
    showScenario(address, count);
  } else {
    keepFocus(() => {
      if (address.view === 'mutants' && data.mutants)
        drawMutants(content, data.mutants, context(address));
      else if (address.view === 'compare' && data.difference)
        drawCompare(content, data, context(address));
      else if (data.run) drawOverview(content, data.run, data.rules, context(address));
    });
    focusLastOpened();
  }
}

/** Back from a scenario the keys go on at its row. */
function focusLastOpened() {
  if (!lastOpened) return;
  const row = content.querySelector(`tr[data-name="${CSS.escape(lastOpened)}"] th`);
  lastOpened = '';
  if (!row) return;
  content.querySelector('.matrix [tabindex="0"]')?.setAttribute('tabindex', '-1');
  row.setAttribute('tabindex', '0');
  row.focus();
  row.scrollIntoView({ block: 'center' });
}

addEventListener('keydown', (event) => {
  const isTyping = ['INPUT', 'SELECT', 'TEXTAREA'].includes(event.target.tagName);
  const address = readAddress();
  if (event.key === 'Escape' && address.view === 'scenario')
    goTo({ ...address, view: home, name: '' });
  if (event.key === '/' && !isTyping) {
    const search = document.getElementById('search');
    if (search) {
      event.preventDefault();
      search.focus();
    }
  }
});
addEventListener('hashchange', show);

const { client } = data.run?.results ?? {};
document.title = client ? `gapcheck: ${client.name} ${client.version}` : 'gapcheck: mutants';
page.replaceChildren(html('a', { class: 'skip-link', href: '#content', onclick: (event) => {
  event.preventDefault();
  content.focus();
} }, 'To the content'), tabs, content);
show();
