import type { ColumnMap } from './columns.ts';
import type { DateOrder } from './dates.ts';
import type { DecimalMark, Rational } from './decimal.ts';
import type { Increments } from './increments.ts';

/** What the person says about a file beside its content; null: the file says it itself. */
export type ImportOptions = {
  /** How much of the file's currency buys one GAS; 1 where the file is in GAS. */
  gasPrice: Rational | null;
  columns: ColumnMap;
  /** For lines without increments of their own. */
  increments: Increments | null;
  decimal: DecimalMark | null;
  dates: DateOrder | null;
  /** Instead of the dates of the lines. */
  effectiveFrom: string | null;
};
