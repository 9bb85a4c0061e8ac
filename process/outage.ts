import type { Logger } from 'pino';
import { describe } from './describe.ts';

/** Something that is needed is away: said once, not at each attempt, and again when it has been back meanwhile. */
export class Outage {
  readonly #log: Pick<Logger, 'warn'>;
  readonly #what: string;
  #said = '';

  constructor(log: Pick<Logger, 'warn'>, what: string) {
    this.#log = log;
    this.#what = what;
  }

  report(error: unknown): void {
    const message = describe(error);
    if (message !== this.#said) this.#log.warn(`${this.#what}: ${message}`);
    this.#said = message;
  }

  /** Answers whether there was one. */
  end(): boolean {
    const was = this.#said !== '';
    this.#said = '';
    return was;
  }
}
