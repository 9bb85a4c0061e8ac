import { Argument, type Command } from 'commander';
import type { QueryType } from '../../chain/read.ts';
import { send } from '../../chain/send.ts';
import { contractCall } from '../../protocol/contract/call.ts';
import type { Address } from '../../protocol/types/address.ts';
import { toAddress, toUuid } from '../arguments.ts';
import type { Settings } from '../config.ts';
import { openChain, openSigning } from '../connect.ts';
import { fields, print, table } from '../print.ts';
import { act, examples } from '../program.ts';
import { Refusal } from '../refusal.ts';

/** Who is reachable through which provider. */
export function addRegistration(program: Command): void {
  program
    .command('register')
    .description('register with a provider: you confirm, on the chain, the UUID that they gave you')
    .argument('<provider>', "the provider's address", toAddress)
    .argument('<uuid>', 'version 4 UUID that the provider handed out', toUuid)
    .addHelpText('after', examples('register NcTk5o… 9b2f1c7e-4d3a-4f6b-8a51-0c2d3e4f5a6b --wallet me.json'))
    .action(act(register));
  program
    .command('unregister')
    .description('end one registration, or all of yours')
    .argument('[provider]', "the provider's address; all, if left out", toAddress)
    .addHelpText('after', examples('unregister NcTk5o… --wallet me.json', 'unregister --wallet me.json'))
    .action(act(unregister));
  program
    .command('query')
    .description("ask the chain itself about an account's newest registration")
    .addArgument(new Argument('<what>', 'what to ask for').choices(['uuid', 'provider', 'location']))
    .argument('<address>', "the user's address", toAddress)
    .addHelpText('after', examples('query location NcTk5o4W4fCFMnhPLMHbEBWcJ5bGBPWbnq'))
    .action(act(query));
}

async function register(settings: Settings, provider: Address, uuid: string): Promise<void> {
  const chain = await openSigning(settings);
  const user = chain.signer.address;
  await printRegistrations(settings, chain, [contractCall(chain.contract, 'register', { user, provider, uuid })]);
}

async function unregister(settings: Settings, provider: Address | undefined): Promise<void> {
  const chain = await openSigning(settings);
  const user = chain.signer.address;
  await printRegistrations(settings, chain, [
    contractCall(chain.contract, 'unregister', provider === undefined ? { user } : { user, provider }),
  ]);
}

async function printRegistrations(
  settings: Settings,
  chain: Awaited<ReturnType<typeof openSigning>>,
  calls: ReturnType<typeof contractCall>[],
): Promise<void> {
  const { txHash, height } = await send(chain, calls);
  const user = chain.signer.address;
  const registrations = await chain.reader.registrations(user);
  print(settings.json, { txHash, height, user, registrations }, () => [
    ...fields({ user, transaction: txHash, block: height }),
    ...table(
      ['registered with', 'uuid', 'since'],
      registrations.map(({ provider, uuid, registeredAt }) => [provider, uuid, registeredAt.toISOString()]),
      'registered with nobody',
    ),
  ]);
}

async function query(settings: Settings, type: QueryType, address: Address): Promise<void> {
  const { reader } = await openChain(settings);
  const value = await reader.query(type, address);
  if (value === null) throw new Refusal(await whyNull(reader, address));
  print(settings.json, { type, address, value }, [value]);
}

async function whyNull(reader: Awaited<ReturnType<typeof openChain>>['reader'], address: Address): Promise<string> {
  const provider = await reader.query('provider', address);
  return provider === null
    ? `${address} is registered with no provider`
    : `${address} is registered with ${provider}, which has undeployed and is nowhere to be found`;
}
