// Which scenarios are shown, and the address that says so: `#/scenario/NAME?verdict=fail&tag=db`.

export const NO_FILTER = { verdicts: [], rule: '', tag: '', text: '' };

const VIEWS = ['overview', 'scenario', 'mutants', 'compare'];

/** `{ view, name, filter }` of a location's hash; whatever it does not understand is left out. */
export function parseAddress(hash) {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const slash = path.indexOf('/');
  const word = slash < 0 ? path : path.slice(0, slash);
  const wanted = new URLSearchParams(query);
  const verdicts = (wanted.get('verdict') ?? '').split(',').filter(Boolean);
  let name = '';
  try {
    name = slash < 0 ? '' : decodeURIComponent(path.slice(slash + 1));
  } catch {
    name = '';
  }
  return {
    view: VIEWS.includes(word) ? word : '', name,
    filter: {
      verdicts, rule: wanted.get('rule') ?? '', tag: wanted.get('tag') ?? '',
      text: wanted.get('text') ?? '',
    },
  };
}

export function formatAddress({ view, name = '', filter }) {
  const wanted = new URLSearchParams();
  if (filter.verdicts.length) wanted.set('verdict', filter.verdicts.join(','));
  for (const key of ['rule', 'tag', 'text']) if (filter[key]) wanted.set(key, filter[key]);
  const query = wanted.size ? `?${wanted}` : '';
  return `#/${view}${name ? `/${encodeURIComponent(name)}` : ''}${query}`;
}

/** Whether its plays (--repeat) came to different verdicts. */
export const isFlaky = ({ plays = {} }) => Object.keys(plays).length > 1;

/** What the chips of the filter name: verdicts, and two traits that any verdict may have. */
const KINDS = { differs: isFlaky, known: ({ known }) => known };

export const isOfKind = (scenario, kind) =>
  (KINDS[kind] ? KINDS[kind](scenario) : scenario.verdict === kind);

const wordsOf = (scenario) => [scenario.name, scenario.title, scenario.why, scenario.reason,
  ...(scenario.tags ?? []),
  ...scenario.findings.flatMap(({ rule, message, cause }) => [rule, message, cause])]
  .filter((word) => typeof word === 'string').join('\n').toLowerCase();

/** Every word of the text must be somewhere in name, title, tags or findings. */
export function matchesFilter(scenario, { verdicts, rule, tag, text }) {
  if (verdicts.length && !verdicts.some((kind) => isOfKind(scenario, kind))) return false;
  if (rule && !(rule in scenario.rules)) return false;
  if (tag && !(scenario.tags ?? []).includes(tag)) return false;
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!wanted.length) return true;
  const words = wordsOf(scenario);
  return wanted.every((word) => words.includes(word));
}

export const isFiltered = (filter) =>
  Boolean(filter.verdicts.length || filter.rule || filter.tag || filter.text);
