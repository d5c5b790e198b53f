// Takes pictures of the dashboards: node shot.mjs [out-folder] [dashboard ...]
// Environment: PORT of the page (npx vite preview), FROM and TO (ms), SCRAPE (seconds), SIZES (wide,narrow), THEMES (dark,light), VISION (deuteranopia).
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [out = 'shots', ...names] = process.argv.slice(2);
const { PORT = '14180', FROM, TO, SCRAPE = '15', SIZES = 'wide,narrow', THEMES = 'dark,light', VISION } = process.env;
const widths = { wide: 1600, narrow: 640 };
mkdirSync(out, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
for (const name of names.length ? names : ['overview', 'agent-groups', 'countries', 'agents', 'exporter'])
  for (const theme of THEMES.split(','))
    for (const size of SIZES.split(',')) {
      const page = await browser.newPage({ viewport: { width: widths[size] ?? Number(size), height: size === 'narrow' ? 7000 : 2000 } });
      page.on('pageerror', e => console.log(name, theme, size, 'error', e.message.slice(0, 400)));
      if (VISION) await (await page.context().newCDPSession(page)).send('Emulation.setEmulatedVisionDeficiency', { type: VISION });
      const query = new URLSearchParams({ dashboard: name, theme, scrape: SCRAPE, ...(FROM && { from: FROM }), ...(TO && { to: TO }) });
      await page.goto(`http://127.0.0.1:${PORT}/?${query}`);
      await page.waitForFunction(() => document.title === 'ready', null, { timeout: 300000 }).catch(() => {
        console.log(name, theme, size, 'is not ready after five minutes: its picture is empty');
        process.exitCode = 1;
      });
      if (theme === 'dark' && size === 'wide') for (const line of await page.evaluate(() => window.report ?? [])) if (/: (0 points|.*error|.*parse)/.test(line)) console.log(name, '|', line);
      // Tables are drawn a moment after the rest.
      await page.waitForTimeout(2000);
      await page.waitForFunction(() => [...document.querySelectorAll('[role=grid]')].every(g => g.querySelectorAll('[role=row]').length > 1), null, { timeout: 15000 }).catch(() => console.log(name, theme, size, 'a table is empty'));
      await page.waitForTimeout(1000);
      const bottom = await page.evaluate(() => Math.ceil(document.querySelector('#board').getBoundingClientRect().bottom) - 50);
      await page.setViewportSize({ width: page.viewportSize().width, height: bottom });
      await page.screenshot({ path: `${out}/${name}-${theme}-${size}.png`, fullPage: true });
      await page.close();
    }
await browser.close();
