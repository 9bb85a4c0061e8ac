import type { Command } from 'commander';
import { z } from 'zod';
import type { Address } from '../../protocol/types/address.ts';
import { formatGas } from '../../protocol/types/datoshi.ts';
import { toAddress } from '../arguments.ts';
import type { Settings } from '../config.ts';
import { askKit, type Kit, kitOption } from '../kit.ts';
import { fields, print, span, table } from '../print.ts';
import { act, examples } from '../program.ts';
import { Refusal } from '../refusal.ts';
import { addLimits } from './provider-limits.ts';

/** What the wallet service of a provider's own machine knows. */
export function addProviderKit(provider: Command): void {
  provider
    .command('calls')
    .description('the newest calls, with what became of each; with --running, all that are under way')
    .option('--running', 'those that are under way, and what is held for each')
    .option(...kitOption)
    .addHelpText('after', examples('provider calls', 'provider calls --running'))
    .action(act(calls));
  provider
    .command('hangup')
    .description('end a call: both sides get a BYE, and it is billed until then')
    .argument('<callId>', 'of provider calls')
    .option(...kitOption)
    .addHelpText('after', examples('provider hangup 1f0c…'))
    .action(act(hangUp));
  provider
    .command('registrations')
    .description('phones that are registered now')
    .option(...kitOption)
    .addHelpText('after', examples('provider registrations'))
    .action(act(registrations));
  provider
    .command('earnings')
    .description('what calls cost, by user and day, and what waits to be handed in')
    .option(...kitOption)
    .addHelpText('after', examples('provider earnings'))
    .action(act(earnings));
  addNumbers(provider);
  addLimits(provider);
}

function addNumbers(provider: Command): void {
  const number = provider.command('number').description('numbers of the PSTN that users are called by');
  number
    .command('add')
    .description('give a number to a user; one that somebody else has is taken from them')
    .argument('<number>', 'E.164, e.g. +31201234567')
    .argument('<address>', "the user's address", toAddress)
    .option(...kitOption)
    .addHelpText('after', examples('provider number add +31201234567 NcTk5o4W4fCFMnhPLMHbEBWcJ5bGBPWbnq'))
    .action(
      act(async (settings, number: string, user: Address, { kit }: Kit) => {
        const told = await askKit(kit, 'PUT', '/numbers', z.object({ number: z.string() }), { number, user });
        print(settings.json, { number: told.number, user }, () => fields({ number: told.number, user }));
      }),
    );
  number
    .command('remove')
    .description('take a number away')
    .argument('<number>', 'E.164')
    .option(...kitOption)
    .addHelpText('after', examples('provider number remove +31201234567'))
    .action(
      act(async (settings, number: string, { kit }: Kit) => {
        const { removed } = await askKit(kit, 'DELETE', '/numbers', z.object({ removed: z.boolean() }), { number });
        if (!removed) throw new Refusal(`${number} is nobody's number`);
        print(settings.json, { number, removed }, () => fields({ removed: number }));
      }),
    );
  number
    .command('list')
    .description('who has which number')
    .option(...kitOption)
    .addHelpText('after', examples('provider number list'))
    .action(
      act(async (settings, { kit }: Kit) => {
        const row = z.object({ number: z.string(), user: z.string() });
        const { items } = await askKit(kit, 'GET', '/numbers', z.object({ items: z.array(row) }));
        const rows = items.map(({ number, user }) => [number, user]);
        print(settings.json, { items }, () => table(['number', 'user'], rows, 'no number is given out'));
      }),
    );
}

const callSchema = z.looseObject({
  callId: z.string(),
  user: z.string().nullable(),
  to: z.string(),
  state: z.string(),
  invitedAt: z.string(),
  held: z.string().nullable(),
  heldSeconds: z.number().nullable(),
});

async function calls(settings: Settings, { kit, running }: Kit & { running?: true }): Promise<void> {
  if (!running) return newestCalls(settings, kit);
  const { items } = await askKit(kit, 'GET', '/calls', z.object({ items: z.array(callSchema) }));
  const rows = items.map(({ callId, user, to, state, invitedAt, held, heldSeconds }) => [
    callId,
    user ?? '',
    to,
    state,
    span(Date.now() - Date.parse(invitedAt)),
    held === null ? 'free' : `${formatGas(BigInt(held))} GAS for ${heldSeconds} s`,
  ]);
  const head = ['call', 'user', 'to', 'state', 'since', 'held'];
  print(settings.json, { items }, () => table(head, rows, 'no call is under way'));
}

const overSchema = z.looseObject({
  callId: z.string(),
  user: z.string().nullable(),
  to: z.string(),
  invitedAt: z.string(),
  talkedMs: z.number().nullable(),
  end: z.string(),
  price: z.string().nullable(),
  record: z.string(),
});

async function newestCalls(settings: Settings, kit: string): Promise<void> {
  const { items } = await askKit(kit, 'GET', '/calls/newest', z.object({ items: z.array(overSchema) }));
  const rows = items.map(({ callId, user, to, invitedAt, talkedMs, end, price, record }) => [
    callId,
    user ?? '',
    to,
    invitedAt.slice(0, 19),
    talkedMs === null ? '' : `${(talkedMs / 1000).toFixed(1)} s`,
    end,
    price === null ? 'free' : formatGas(BigInt(price)),
    record,
  ]);
  const head = ['call', 'user', 'to', 'invited (UTC)', 'talked', 'end', 'GAS', 'record'];
  print(settings.json, { items }, () => table(head, rows, 'no call has been made yet'));
}

async function hangUp(settings: Settings, callId: string, { kit }: Kit): Promise<void> {
  await askKit(kit, 'POST', '/hangup', z.object({ hungUp: z.literal(true) }), { callId });
  print(settings.json, { callId, hungUp: true }, () => fields({ 'hung up': callId }));
}

const bindingSchema = z.object({
  user: z.string(),
  contact: z.string(),
  received: z.string(),
  expiresInS: z.number(),
  userAgent: z.string(),
});

async function registrations(settings: Settings, { kit }: Kit): Promise<void> {
  const { items } = await askKit(kit, 'GET', '/registrations', z.object({ items: z.array(bindingSchema) }));
  const rows = items.map(({ user, received, expiresInS, userAgent }) => [user, received, `${expiresInS} s`, userAgent]);
  print(settings.json, { items }, () => table(['user', 'from', 'expires in', 'phone'], rows, 'no phone is registered'));
}

const earnedSchema = z.object({
  user: z.string(),
  day: z.string(),
  calls: z.number(),
  seconds: z.number(),
  price: z.string(),
  waiting: z.string(),
  accepted: z.string(),
  settled: z.string(),
  refused: z.string(),
});

async function earnings(settings: Settings, { kit }: Kit): Promise<void> {
  const { items } = await askKit(kit, 'GET', '/earnings', z.object({ items: z.array(earnedSchema) }));
  const rows = items.map(({ day, user, calls, seconds, price, waiting, accepted, settled, refused }) => {
    const gas = [price, settled, accepted, waiting, refused].map((amount) => formatGas(BigInt(amount)));
    return [day, user, String(calls), span(seconds * 1000), ...gas];
  });
  const head = ['day', 'user', 'calls', 'talked', 'GAS', 'settled', 'claimed', 'waiting', 'refused'];
  print(settings.json, { items }, () => table(head, rows, 'no call has cost anything yet'));
}
