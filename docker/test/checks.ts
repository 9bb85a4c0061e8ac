import { Trouble } from '../../stack/trouble.ts';
import type { Project } from './project.ts';

/** One run of the demo, through the proxy, from a container of the CLI. @throws Trouble unless all is as computed */
export async function runDemo(project: Project): Promise<void> {
  const output = await project.compose('run', '--rm', '-T', 'cli', 'krypton', 'demo');
  if (!output.includes('All is as computed.'))
    throw new Trouble(`the demo says nothing of that: ${output.slice(-400)}`);
}

/** As an operator asks. @throws Trouble where one is */
export async function checkParked(project: Project): Promise<void> {
  const told = await project.compose('run', '--rm', '-T', 'operator', 'settler', 'parked');
  if (!told.includes('no escrow is parked')) throw new Trouble(told);
}

/**
 * A claim that was paid twice would show in an escrow that has spent more than its calls cost; a call that is in two
 * claims, in claims for more than their calls; a claim that is lost, in the chain's settlements that we do not know.
 */
const doubled = {
  'escrows that have spent something else than their calls cost': `select count(*) from escrows e left join
    (select escrow_id, sum(amount) as paid from ratings where state = 'settled' group by escrow_id) r
    on r.escrow_id = e.id where e.spent <> coalesce(r.paid, 0)`,
  'claims over something else than their calls': `select count(*) from claims c left join
    (select claim_id, sum(amount) as paid, count(*) as calls from ratings where state = 'settled' group by claim_id) r
    on r.claim_id = c.id where c.state = 'accepted' and (c.amount <> r.paid or c.calls <> r.calls)`,
  'settlements on the chain of which no claim is known': `select count(*) from settlements s where s.accepted and not
    exists (select from claims c where c.escrow_id = s.escrow_id and c.seq = s.seq and c.state = 'accepted')`,
};

/** @throws Trouble where money went another way than the calls say. Answers how many claims were accepted. */
export async function checkClaims(project: Project): Promise<number> {
  for (const [what, query] of Object.entries(doubled)) {
    const count = await project.ask(query);
    if (count !== '0') throw new Trouble(`${count} ${what}`);
  }
  return Number(await project.ask(`select count(*) from claims where state = 'accepted'`));
}
