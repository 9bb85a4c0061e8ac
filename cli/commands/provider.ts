import type { Command } from 'commander';
import { type Receipt, send } from '../../chain/send.ts';
import { contractCall } from '../../protocol/contract/call.ts';
import type { Address } from '../../protocol/types/address.ts';
import { toAddress, toHash32, toLocation, toUri } from '../arguments.ts';
import type { Settings } from '../config.ts';
import { openChain, openSigning, type Signing } from '../connect.ts';
import { fields, print } from '../print.ts';
import { act, examples } from '../program.ts';
import { Refusal } from '../refusal.ts';
import { addProviderDoctor } from './provider-doctor.ts';
import { addProviderInit } from './provider-init.ts';
import { addProviderKit } from './provider-kit.ts';

/** What a provider says about itself on the chain; the wallet's account is the provider. */
export function addProvider(program: Command): void {
  const provider = program.command('provider').description('be a provider: location, operator, tariff');
  provider
    .command('deploy')
    .description('become a provider, reachable at this location')
    .argument('<location>', 'DNS SRV name or host of your outbound proxy', toLocation)
    .addHelpText('after', examples('provider deploy sip.example.com --wallet provider.json'))
    .action(act((settings, location: string) => changeProvider(settings, (args) => deployCall(args, location))));
  provider
    .command('relocate')
    .description('change the location')
    .argument('<location>', 'DNS SRV name or host of your outbound proxy', toLocation)
    .addHelpText('after', examples('provider relocate sip2.example.com --wallet provider.json'))
    .action(
      act((settings, location: string) =>
        changeProvider(settings, ({ contract, provider }) =>
          contractCall(contract, 'relocate', { provider, location }),
        ),
      ),
    );
  provider
    .command('set-operator')
    .description('name who may settle for you; they can never receive or redirect your money')
    .argument('<address|none>', "the operator's address, or none", toOperator)
    .addHelpText(
      'after',
      examples('provider set-operator NcTk5o… --wallet provider.json', 'provider set-operator none'),
    )
    .action(
      act((settings, operator: Address | null) =>
        changeProvider(settings, ({ contract, provider }) =>
          contractCall(contract, 'setOperator', { provider, operator }),
        ),
      ),
    );
  provider
    .command('set-tariff')
    .description('say where your rate deck is, and its SHA-256 over RFC 8785 canonical JSON')
    .argument('<uri>', 'where everybody can fetch it', toUri)
    .argument('<hash>', 'SHA-256, 64 hex digits', toHash32)
    .addHelpText('after', examples('provider set-tariff https://example.com/tariff.json 2c26b46b68ffc68f…'))
    .action(
      act((settings, uri: string, hash: Buffer) =>
        changeProvider(settings, ({ contract, provider }) =>
          contractCall(contract, 'setTariff', { provider, uri, hash }),
        ),
      ),
    );
  provider
    .command('undeploy')
    .description('be a provider no more; open escrows stay claimable and refundable')
    .addHelpText('after', examples('provider undeploy --wallet provider.json'))
    .action(
      act((settings) =>
        changeProvider(settings, ({ contract, provider }) => contractCall(contract, 'undeploy', { provider })),
      ),
    );
  provider
    .command('show')
    .description('what the chain says of a provider')
    .argument('<address>', "the provider's address", toAddress)
    .addHelpText('after', examples('provider show NcTk5o4W4fCFMnhPLMHbEBWcJ5bGBPWbnq'))
    .action(act(showProvider));
  addProviderInit(provider);
  addProviderKit(provider);
  addProviderDoctor(provider);
}

type Call = ReturnType<typeof contractCall>;
type ForCall = { contract: Signing['contract']; provider: Address };

const deployCall = ({ contract, provider }: ForCall, location: string): Call =>
  contractCall(contract, 'deploy', { provider, location });

async function changeProvider(settings: Settings, call: (args: ForCall) => Call): Promise<void> {
  const chain = await openSigning(settings);
  const provider = chain.signer.address;
  const receipt = await send(chain, [call({ contract: chain.contract, provider })]);
  await printProvider(settings, chain, provider, receipt);
}

async function showProvider(settings: Settings, provider: Address): Promise<void> {
  const chain = await openChain(settings);
  if ((await chain.reader.provider(provider)) === null)
    throw new Refusal(`${provider} is no provider: it never deployed itself, or undeployed`);
  await printProvider(settings, chain, provider);
}

/** The provider as it stands on the chain now, after a transaction or without one. */
async function printProvider(
  settings: Settings,
  { reader }: Pick<Signing, 'reader'>,
  provider: Address,
  receipt?: Receipt,
): Promise<void> {
  const [record, balance] = await Promise.all([reader.provider(provider), reader.balanceOf(provider)]);
  const { txHash, height } = receipt ?? {};
  print(
    settings.json,
    { ...(receipt && { txHash, height }), provider, deployed: record !== null, ...record, balance },
    () =>
      fields({
        provider,
        deployed: record ? record.deployedAt.toISOString() : 'no',
        location: record?.location,
        operator: record && (record.operator ?? 'none'),
        tariff: record && (record.tariffUri ?? 'none: the terms of each escrow are the price'),
        'tariff hash': record?.tariffHash,
        transaction: txHash,
        block: height,
      }),
  );
}

const toOperator = (text: string): Address | null => (text === 'none' ? null : toAddress(text));
