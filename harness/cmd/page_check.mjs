// Opens pages of reports in Chromium and looks at them, driven by page_test.c:
//
//   node page_check.mjs PLAYWRIGHT_FOLDER SHOTS_FOLDER CHECK PAGE
//
// Every check fails on a console message, an exception, or a request for anything but the page.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [playwrightFolder, shots, checkName, file] = process.argv.slice(2);
const { chromium } = createRequire(resolve(playwrightFolder, 'package.json'))('playwright-core');
const address = pathToFileURL(resolve(file)).href;
const troubles = [];

const text = (page, selector) => page.locator(selector).first().innerText();
const count = (page, selector) => page.locator(selector).count();
const hash = (page) => page.evaluate(() => location.hash);
const shoot = (page, name) => page.screenshot({ path: join(shots, `${name}.png`) });
const hasNoSidewaysScroll = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

/** Waits until what the page says is so; then says what it was instead. */
async function until(page, wanted, read) {
  let value;
  for (let attempt = 0; attempt < 100; attempt++) {
    value = await read();
    if (value === wanted) return;
    await page.waitForTimeout(50);
  }
  assert.equal(value, wanted);
}

const CHECKS = {
  async overview(page) {
    assert.match(await text(page, '.run-head .verdict'),
      /^✗\s*\d+ of \d+ scenarios fail: the client breaks /);
    const all = await count(page, '.matrix tbody tr');
    assert.ok(all > 5);
    await shoot(page, 'overview-light');
    await page.emulateMedia({ colorScheme: 'dark' });
    const back = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(back, 'rgb(18, 22, 28)');
    await shoot(page, 'overview-dark');
    await page.emulateMedia({ colorScheme: 'light' });

    // Of the scenarios that break a rule the one stands first that lost most.
    const names = await page.locator('.broken li').first().locator('a').allInnerTexts();
    const lost = await page.evaluate(() => JSON.parse(document.getElementById('data').textContent)
      .run.results.scenarios.map((one) => [one.name, one.lost]));
    assert.ok(names.length > 1);
    assert.equal(names[0], lost.sort((a, b) => b[1] - a[1])[0][0]);

    // Filters narrow the matrix, and the address keeps them.
    await page.click('[data-verdict="fail"]');
    const failing = await count(page, '.matrix tbody tr');
    assert.ok(failing > 0 && failing < all);
    assert.equal(await count(page, '.matrix tbody tr.fail'), failing);
    assert.match(await hash(page), /verdict=fail/);
    await page.fill('#search', 'overflow/same');
    await until(page, 1, () => count(page, '.matrix tbody tr'));
    assert.equal(await page.evaluate(() => document.activeElement.id), 'search');
    await page.reload();
    await page.waitForSelector('.matrix');
    assert.equal(await count(page, '.matrix tbody tr'), 1);
    assert.equal(await page.inputValue('#search'), 'overflow/same');
    await page.fill('#search', 'no such word');
    await page.waitForSelector('.empty');
    await page.click('text=Show all');
    await until(page, all, () => count(page, '.matrix tbody tr'));
    await page.selectOption('label:has-text("Tag") select', 'since');
    await until(page, true, async () => (await count(page, '.matrix tbody tr')) < all);
    await page.goBack();
    await until(page, all, () => count(page, '.matrix tbody tr'));
  },

  async node(page) {
    assert.match(await text(page, '.broken .sentence'), /^MUST: a client registers on every /);
    await page.click('.broken a');
    await page.waitForSelector('.finding');
    assert.match(await text(page, '.finding .meta'), /^MUST: a client registers on every /);
  },

  async keyboard(page) {
    // Tab reaches the grid; arrows move in it; Enter opens; Escape comes back to the same row.
    let isInGrid = false;
    for (let press = 0; press < 400 && !isInGrid; press++) {
      await page.keyboard.press('Tab');
      isInGrid = await page.evaluate(() => document.activeElement.matches('.matrix tbody th'));
    }
    assert.ok(isInGrid, 'Tab reaches the matrix');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.evaluate(() => document.activeElement.cellIndex), 2);
    const name = await page.evaluate(() => document.activeElement.parentElement.dataset.name);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.scenario');
    assert.equal(await text(page, 'h1'), name);
    await page.locator('.drawing').focus();
    for (let press = 0; press < 3; press++) await page.keyboard.press('ArrowDown');
    assert.equal(await count(page, '.row.current'), 1);
    assert.notEqual(await page.locator('.drawing').getAttribute('aria-activedescendant'), null);
    await page.keyboard.press('Escape');
    await page.waitForSelector('.matrix');
    await until(page, name, () =>
      page.evaluate(() => document.activeElement.parentElement.dataset?.name));
    await page.keyboard.press('/');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'search');
  },

  async scenario(page) {
    await page.click('.matrix tbody tr[data-name="overflow/same-second"] a');
    await page.waitForSelector('.drawing .row');
    assert.match(await text(page, '.finding .message'), /^C-5 40 of 67 events lost: gc-7 … gc-46/);
    assert.match(await text(page, '.finding .cause'), /cut off by since=/);
    assert.match(await text(page, '.source .failing'), /"settle"/);
    assert.match(await text(page, '.reproduce code'), /^\S*gapcheck run \S+same-second\.jsonc /);
    await page.click('.copy');
    await until(page, 'Copied', () => text(page, '.copy'));

    // Lost events are open circles on the server's lane; the drop is a break, the ring told apart.
    assert.equal(await count(page, '.row[data-kind="publish"] .open.lost'), 1);
    assert.equal(await count(page, '.row[data-kind="drop"] .break'), 1);
    assert.equal(await count(page, '.arrow.ring'), 1);
    assert.equal(await count(page, '.connection'), 2);
    await shoot(page, 'scenario');
    await page.screenshot({ path: join(shots, 'scenario-whole.png'), fullPage: true });

    // A band opens and closes on a click.
    const rows = await count(page, '.row');
    const band = page.locator('.row.band', { hasText: '40 × message.created' });
    await band.click();
    await until(page, 'true', () => band.getAttribute('aria-expanded'));
    await until(page, true, async () => (await count(page, '.row.inner .open.lost')) > 10);
    await band.click();
    await until(page, rows, () => count(page, '.row'));
    await page.click('.finding button');
    await page.waitForSelector('.row.marked.current');
    assert.match(await text(page, '.details .frame'), /"type":"resync","last_seen_seq":5/);

    await page.setViewportSize({ width: 360, height: 740 });
    await page.waitForTimeout(100);
    assert.ok(await hasNoSidewaysScroll(page), 'no sideways scroll at 360 px');
    await until(page, true, () => page.locator('.drawing')
      .evaluate((box) => box.scrollWidth <= box.clientWidth)); // all four lanes are in sight
    await shoot(page, 'scenario-phone');
    await page.keyboard.press('Escape');
    await page.waitForSelector('.matrix');
    assert.ok(await hasNoSidewaysScroll(page), 'no sideways scroll at 360 px');
    await shoot(page, 'overview-phone');
  },

  async hostile(page) {
    assert.match(await text(page, '.run-head .who'), /<script>globalThis\.broken = 1<\/script>/);
    await page.click('.matrix tbody tr a');
    await page.waitForSelector('.drawing .row');
    assert.match(await text(page, '.scenario-title'), /<\/script><script>globalThis\.broken = 2/);
    assert.match(await page.locator('.drawing').textContent(), /<script>globalThis\.broken = 3/);
    for (let row = 0; row < await count(page, '.row'); row++)
      await page.locator('.row').nth(row).click();
    assert.equal(await page.evaluate(() => globalThis.broken), undefined);
    assert.equal(await count(page, 'main script, main img, main iframe'), 0);
    await shoot(page, 'hostile');
  },

  async large(page) {
    await page.click('.matrix tbody tr a');
    await page.waitForSelector('.drawing .row');
    await page.waitForFunction(() => document.querySelectorAll('.row').length > 0);
    await page.locator('.row.band', { hasText: '700 × message.created' }).first().click();
    await page.waitForTimeout(100);
    const session = await page.context().newCDPSession(page);
    const cpuMs = async () => { // of the page's own thread: a busy machine does not change it much
      const { metrics } = await session.send('Performance.getMetrics');
      return 1000 * metrics.find(({ name }) => name === 'TaskDuration').value;
    };
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    const beforeMs = await cpuMs();
    // Only what is in sight is in the document, wherever one scrolls to, and to the very end.
    const scrolled = await page.evaluate(async () => {
      const box = document.querySelector('.drawing');
      const frames = [];
      let most = 0;
      let last = performance.now();
      const height = box.scrollHeight;
      for (let frame = 0; frame < 120; frame++) {
        box.scrollTop = height * frame / 119;
        await new Promise(requestAnimationFrame);
        most = Math.max(most, document.querySelectorAll('.row').length);
        frames.push(performance.now() - last);
        last = performance.now();
      }
      await new Promise((done) => setTimeout(done, 100));
      frames.sort((a, b) => a - b);
      return { height, most, median: frames[60],
        lastRow: [...document.querySelectorAll('.row')].at(-1).dataset.kind };
    });
    const frameMs = (await cpuMs() - beforeMs) / 120;
    console.log(`100,000 events: ${scrolled.height} px, at most ${scrolled.most} rows drawn; ` +
      `a frame took ${scrolled.median.toFixed(1)} ms (median), ${frameMs.toFixed(1)} ms of them computing`);
    assert.ok(scrolled.height > 2000000);
    assert.ok(scrolled.most < 200);
    assert.equal(scrolled.lastRow, 'done');
    assert.ok(frameMs < 50, `a frame takes ${frameMs} ms of computing`);
    await shoot(page, 'large');
  },

  async known(page) {
    assert.match(await text(page, '.run-head .verdict'),
      /^‼\s*Inconclusive: 1 scenario had different verdicts from play to play\.$/);
    assert.match(await text(page, '[aria-label="Another verdict from play to play"] li'),
      /overflow\/same-second\s+1 fail, 1 pass/);
    assert.match(await text(page, '[aria-label="Known failures"] summary'), /: C-5$/);
    assert.equal(await count(page, '[aria-label="What went wrong"]'), 0);
    await page.click('[data-verdict="differs"]');
    assert.equal(await count(page, '.matrix tbody tr'), 1);
    assert.equal(await count(page, '.matrix .trait'), 1);
    await shoot(page, 'known');
    await page.click('.matrix tbody tr a');
    await page.waitForSelector('.drawing .row');
    assert.match(await text(page, '.plays'), /^Played 2 times: 1 fail, 1 pass\./);
    assert.match(await text(page, '.finding'), /Put up with: /);
  },

  async mutants(page) {
    assert.match(await text(page, '.run-head .verdict'),
      /mutants? are killed by the rule they break/);
    assert.ok(await count(page, 'td.killed') > 0);
    await page.locator('td.killed').first().click();
    assert.match(await text(page, '.details'), /: (fail|warn) by C-/);
    await page.locator('td.unjudged').first().click(); // it tests nothing against that mutant
    assert.match(await text(page, '.details'), /^since-unbiased in overflow\/\S+: error by no rule$/);
    await shoot(page, 'mutants');
    const columns = await count(page, '.kills thead th');
    await page.fill('#search', 'since');
    await until(page, true, async () => (await count(page, '.kills thead th')) < columns);
    await page.setViewportSize({ width: 360, height: 740 });
    assert.ok(await hasNoSidewaysScroll(page), 'no sideways scroll at 360 px');
  },

  async compare(page) {
    assert.match(await text(page, '.changes.newly-failing h2'), /^Newly failing \(\d+\)$/);
    assert.equal(await count(page, '.run-card'), 2);
    await shoot(page, 'compare');
    await page.click('.changes.newly-failing a');
    await page.waitForSelector('.drawing .row');
    assert.equal(await count(page, '.drawing'), 2);
    assert.match(await page.locator('.scenario .badge').nth(0).innerText(), /pass/);
    assert.match(await page.locator('.scenario .badge').nth(1).innerText(), /fail/);
    await shoot(page, 'compare-scenario');
    await page.setViewportSize({ width: 360, height: 740 });
    assert.ok(await hasNoSidewaysScroll(page), 'no sideways scroll at 360 px');
    await page.keyboard.press('Escape');
    await page.waitForSelector('.changes');
  },
};

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: process.getuid() === 0 ? ['--no-sandbox'] : [],
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(20000);
  page.on('console', (message) => troubles.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => troubles.push(`exception: ${error.message}`));
  page.on('request', (request) => {
    if (request.url().split('#')[0] !== address) troubles.push(`request: ${request.url()}`);
  });
  await page.goto(address);
  await page.waitForSelector('main > *');
  const openMs = await page.evaluate(() => performance.now());
  console.log(`${checkName}: open after ${Math.round(openMs)} ms`);
  await CHECKS[checkName](page);
  assert.deepEqual(troubles, []);
} catch (error) {
  console.error(`${checkName}: ${error.stack}\n${troubles.join('\n')}`);
  process.exitCode = 1;
} finally {
  await browser.close();
}
