import type { TestProject } from 'vitest/node';
import { inOneLine } from '../../stack/trouble.ts';
import { findChromium } from './chromium.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Path of the program. */
    chromium: string;
  }
}

/** A machine without Chromium gets it before the first test, which could not wait so long. */
export default async function provideChromium(project: TestProject): Promise<void> {
  try {
    project.provide('chromium', await findChromium((message) => console.error(message)));
  } catch (error) {
    throw new Error(inOneLine(error)); // of a Trouble its message is all that helps; vitest would show it with its cause
  }
}
