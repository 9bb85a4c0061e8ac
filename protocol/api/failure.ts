import type { FieldError, Problem } from './problem.ts';

/** The API refuses: `code` says why, and the same request gets the same answer. */
export class ApiProblem extends Error {
  override name = 'ApiProblem';
  /** Stable: one of `problems`, or one that a newer server knows. */
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly errors: readonly FieldError[];

  constructor({ code, status, detail, errors }: Problem) {
    super(`${status} ${code}: ${detail}`);
    this.code = code;
    this.status = status;
    this.detail = detail;
    this.errors = errors;
  }
}

/** The API can't answer now; trying again later helps. */
export class ApiNotNow extends ApiProblem {
  override name = 'ApiNotNow';
  /** When the server would like to be asked again; null where it does not say. */
  readonly retryAfterSeconds: number | null;

  constructor(problem: Problem, retryAfterSeconds: number | null) {
    super(problem);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** No answer came, or only one of a proxy in between; trying again later may help. */
export class ApiUnreachable extends Error {
  override name = 'ApiUnreachable';
}

/** What answers there is no KRYPTON API of this version; trying again does not help. */
export class ApiMismatch extends Error {
  override name = 'ApiMismatch';
}
