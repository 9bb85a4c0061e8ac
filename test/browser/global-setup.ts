import type { TestProject } from 'vitest/node';
import { inOneLine } from '../../stack/trouble.ts';
import { findChromium } from './chromium.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Path of the program, or why there is none: then the browser's tests fail, and all others still run. */
    chromium: { path: string } | { missing: string };
  }
}

/** A machine without Chromium gets it before the first test, which could not wait so long. */
export default async function provideChromium(project: TestProject): Promise<void> {
  try {
    project.provide('chromium', { path: await findChromium((message) => console.error(message)) });
  } catch (error) {
    project.provide('chromium', { missing: inOneLine(error) });
  }
}
