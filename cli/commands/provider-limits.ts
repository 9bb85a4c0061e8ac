import { join } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { readLimitsFile } from '../../provider/kamailio/limits-file.ts';
import type { Settings } from '../config.ts';
import { askKit, type Kit, kitOption } from '../kit.ts';
import { print, table } from '../print.ts';
import { act, examples } from '../program.ts';

/** What a provider lets nobody do, and who tried. */
export function addLimits(provider: Command): void {
  provider
    .command('limits')
    .description('limits in force, and what was refused or warned of')
    .option('--check', "only say whether the kit's limits.json is well: no wallet service has to run")
    .option(...kitOption)
    .addHelpText('after', examples('provider limits', 'provider limits --check'))
    .action(act((settings, { kit, check }: Kit & { check?: true }) => (check ? checkFile : show)(settings, kit)));
}

async function checkFile(settings: Settings, kit: string): Promise<void> {
  const path = join(kit, 'limits.json');
  const limits = readLimitsFile(path);
  print(settings.json, { path, limits }, [`${path} is well; krypton-provider takes it in when it is restarted`]);
}

const thresholds = z.object({ warn: z.unknown(), refuse: z.unknown() });
const answerSchema = z.object({
  limits: z.looseObject({ dryRun: z.boolean() }),
  days: z.number(),
  calls: z.number(),
  items: z.array(
    z.object({
      day: z.string(),
      limit: z.string(),
      verdict: z.enum(['refused', 'wouldRefuse', 'warned']),
      who: z.string(),
      count: z.number(),
      lastAt: z.string(),
      last: z.string(),
    }),
  ),
});
type Answer = z.output<typeof answerSchema>;

const words = { refused: 'refused', wouldRefuse: 'would refuse', warned: 'warned' };

async function show(settings: Settings, kit: string): Promise<void> {
  const answer = await askKit(kit, 'GET', '/limits', answerSchema);
  const { items, days } = answer;
  const rows = items.map(({ day, limit, verdict, who, count, lastAt, last }) => {
    return [day, limit, words[verdict], String(count), who, last, lastAt.slice(11, 19)];
  });
  const head = ['day', 'limit', 'verdict', 'times', 'who', 'last', 'at (UTC)'];
  print(settings.json, answer, () => [
    ...inForce(answer.limits),
    '',
    ...table(head, rows, `no limit was passed within ${days} days`),
    '',
    summary(answer),
  ]);
}

function inForce({ dryRun: _, ...limits }: Answer['limits']): string[] {
  const rows = Object.entries(limits).map(([name, value]) => {
    const pair = thresholds.safeParse(value).data;
    const shown = (one: unknown) => (one === null || one === undefined ? 'never' : String(one));
    return pair ? [name, shown(pair.warn), shown(pair.refuse)] : [name, '', (value as string[]).join(' ')];
  });
  return table(['limit', 'warns above', 'refuses above'], rows, '');
}

function summary({ limits, days, calls, items }: Answer): string {
  const total = (verdict: Answer['items'][number]['verdict']) =>
    items.filter((each) => each.verdict === verdict).reduce((sum, { count }) => sum + count, 0);
  const [refused, wouldRefuse, warned] = [total('refused'), total('wouldRefuse'), total('warned')];
  const dry = wouldRefuse > 0 ? `, would have refused ${wouldRefuse}` : '';
  const mode = limits.dryRun ? ' A dry run: nothing is refused.' : '';
  return `Within ${days} days: ${calls} calls begun; refused ${refused}${dry}, warned ${warned} times.${mode}`;
}
