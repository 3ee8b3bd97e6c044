// Small helpers for the page. Text goes in as text nodes only: what a client sent is never markup.

const SVG = 'http://www.w3.org/2000/svg';

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** An HTML element: attributes (`onclick` and the like are listeners), then children or texts. */
export function html(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

/** A sentence whose rules and events (`C-4`, `gc-7`) are not broken at the hyphen. */
export const keepWhole = (sentence) => sentence.split(/((?:\bC|\bS|\bgc)-\d+,?)/)
  .map((part, index) => (index % 2 ? html('span', { class: 'whole' }, part) : part));

/** A text that somebody may want to paste. Works from disk, where there may be no clipboard. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = html('textarea', { class: 'offscreen', readonly: true });
    area.value = text;
    document.body.append(area);
    area.select();
    const isCopied = document.execCommand('copy');
    area.remove();
    return isCopied;
  }
}
