/** `npm run screenshots`: the README's pictures, of the built harness with its made-up week. */
import { mkdir, writeFile } from 'node:fs/promises';
import { openHarness, type Visitor, visit } from './harness.js';

const folder = 'docs/screenshots';

const shoot = async ({ browser, page }: Visitor, name: string, width: number, height: number): Promise<void> => {
  const metrics = { width, height, deviceScaleFactor: 1, mobile: false };
  await browser.chromium?.send(page, 'Emulation.setDeviceMetricsOverride', metrics);
  await new Promise(resolve => setTimeout(resolve, 800));
  const answer = await browser.chromium?.send(page, 'Page.captureScreenshot', { format: 'png' });
  await writeFile(`${folder}/${name}.png`, Buffer.from((answer as { data: string }).data, 'base64'));
};

const house = await openHarness({ hasTag: true });
try {
  await house.seed();
  await mkdir(folder, { recursive: true });
  const visitor = await visit(`${house.signIn}&synthetic=1`);
  try {
    for (const scheme of ['light', 'dark'] as const) {
      await visitor.prefer(scheme);
      await visitor.page.goto(`${house.origin}/ops/?synthetic=1`);
      await visitor.until('document.querySelector("console-timeline canvas")');
      await shoot(visitor, `console-${scheme}`, 1280, 1000);
      await visitor.page.goto(`${house.origin}/launcher/?pool=pool01.contoso.com`);
      await visitor.until('document.body.dataset.at === "choose" && document.querySelector("[data-gate=open]")');
      await shoot(visitor, `launcher-${scheme}`, 1280, 800);
    }
  } finally {
    await visitor.leave();
  }
} finally {
  await house.close();
}
