import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

/** How somebody uses a page. */
export type Hand = {
  press(target: Locator): Promise<void>;
  write(target: Locator, text: string): Promise<void>;
};

export const byTouch: Hand = {
  press: (target) => target.click(),
  write: (target, text) => target.fill(text),
};

/** More than any screen has places to stop at. */
const MOST_STOPS = 80;

/** Without mouse or touch. Where they are can always be seen, and no screen that has changed has lost it. */
export function byKeys({ keyboard }: Page): Hand {
  let isFirst = true;
  async function reach(target: Locator): Promise<void> {
    await target.waitFor();
    const page = target.page();
    // on a page that has just come, the keyboard is nowhere yet
    if (!isFirst) await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).not.toBe('BODY');
    isFirst = false;
    for (let stops = 0; stops < MOST_STOPS; stops += 1) {
      if (await target.evaluate((element) => element === document.activeElement)) return;
      await keyboard.press('Tab');
      expect(await page.evaluate(whyUnseen)).toBeNull();
    }
    expect.fail(`${target} is not reached by keyboard`);
  }
  return {
    press: async (target) => {
      await reach(target);
      await keyboard.press('Enter');
    },
    write: async (target, text) => {
      await reach(target);
      await keyboard.press('ControlOrMeta+A');
      await keyboard.type(text);
    },
  };
}

/** Runs in the page. What has the focus is drawn with an outline, and nothing lies upon it. */
function whyUnseen(): string | null {
  const focused = document.activeElement;
  if (!focused || focused === document.body) return null; // after the last place comes the browser itself
  // a field that is not drawn has a label that is
  const drawn = (focused.matches('.hidden-text') && focused.closest('label')) || focused;
  const { outlineStyle, outlineWidth } = getComputedStyle(drawn);
  const { x, y, width, height } = drawn.getBoundingClientRect();
  const there = document.elementFromPoint(x + width / 2, y + height / 2);
  const isFree = there !== null && (drawn.contains(there) || there.contains(drawn));
  if (!isFree) return `covered by ${there?.outerHTML.slice(0, 200)}: ${focused.outerHTML}`;
  return outlineStyle === 'none' || outlineWidth === '0px' ? `without outline: ${focused.outerHTML}` : null;
}
