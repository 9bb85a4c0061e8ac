import { transferGas } from '../../chain/gas.ts';
import { send } from '../../chain/send.ts';
import type { RateDeckDocument } from '../../protocol/call/rate-deck.ts';
import { contractCall } from '../../protocol/contract/call.ts';
import type { Signer } from '../../protocol/sign/signer.ts';
import { datoshi, datoshiPerGas } from '../../protocol/types/datoshi.ts';
import { openTreasury, provideAccount } from '../../stack/accounts.ts';
import { openApi } from '../api.ts';
import type { Settings } from '../config.ts';
import type { Chain } from '../connect.ts';
import { Refusal } from '../refusal.ts';
import { checkDeck } from '../tariff/deck-file.ts';
import { publish } from '../tariff/publish.ts';

/** The fees of some thousand transactions. */
const FUNDS = datoshi(100n * datoshiPerGas);

/** 0.06 GAS a minute to any number, by the second; calls between users and from the PSTN are free. */
const deckOf = ({ address }: Signer): RateDeckDocument => ({
  version: 1,
  provider: address,
  effectiveFrom: '2026-01-01T00:00:00.000Z',
  entries: [{ prefix: '', ratePerSecond: '100000', feePerCall: '0', initialIncrement: 1, increment: 1 }],
});

export type DemoProvider = { signer: Signer; deck: RateDeckDocument };

/** A provider on the devnet: funded, deployed, settled for by the stack's operator, its deck handed in and on chain. */
export async function provideProvider(chain: Chain, settings: Settings, location: string): Promise<DemoProvider> {
  const { stack, folder } = settings;
  if (!stack) throw new Refusal('no devnet runs on this machine: npm start starts one');
  const signer = await provideAccount(folder, 'phone');
  const deck = deckOf(signer);
  const known = await chain.reader.provider(signer.address);
  if (known === null) {
    const treasury = await openTreasury(folder);
    await transferGas({ ...chain, signer: treasury }, [{ to: signer.address, amount: FUNDS }]);
  }
  const { contract } = chain;
  const provider = signer.address;
  if (known === null)
    await send({ ...chain, signer }, [
      contractCall(contract, 'deploy', { provider, location }),
      contractCall(contract, 'setOperator', { provider, operator: stack.operator as Signer['address'] }),
    ]);
  const api = await openApi(settings, signer);
  await publish({ api, chain: { ...chain, signer } }, checkDeck('the deck', deck), undefined);
  return { signer, deck };
}
