// npm run -w web icons: draws the pictures of the installed page from icon.svg, with the machine's Chromium.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';

const folder = resolve(import.meta.dirname, '../phone/public/icons');
const svg = readFileSync(join(folder, 'icon.svg'), 'utf8');
/** A system cuts its own shape out of a maskable icon, up to a tenth from each side: the ground fills all of it. */
const square = svg.replace('rx="112"', '').replace('<g ', '<g transform="translate(51 51) scale(.8)" ');

const pictures = [
  { name: 'icon-192.png', size: 192, drawing: svg },
  { name: 'icon-512.png', size: 512, drawing: svg },
  { name: 'maskable-512.png', size: 512, drawing: square },
  { name: 'apple-touch-icon.png', size: 180, drawing: square },
];

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
for (const { name, size, drawing } of pictures) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<style>body { margin: 0 } svg { display: block }</style>${drawing}`);
  writeFileSync(join(folder, name), await page.screenshot({ omitBackground: true }));
}
await browser.close();
