import { transferGas } from '../../chain/gas.ts';
import { send } from '../../chain/send.ts';
import { createClient } from '../../protocol/api/client.ts';
import { getProvider } from '../../protocol/api/providers.ts';
import { putTariff } from '../../protocol/api/tariffs.ts';
import type { RateDeckDocument } from '../../protocol/call/rate-deck.ts';
import { contractCall } from '../../protocol/contract/call.ts';
import type { Signer } from '../../protocol/sign/signer.ts';
import { bytesOfHex } from '../../protocol/types/bytes.ts';
import { datoshi, datoshiPerGas } from '../../protocol/types/datoshi.ts';
import { openTreasury, provideAccount } from '../../stack/accounts.ts';
import type { Settings } from '../config.ts';
import type { Chain } from '../connect.ts';
import { Refusal } from '../refusal.ts';

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
  const params = { address: signer.address };
  const { contract } = chain;
  const provider = signer.address;
  const calls = [
    contractCall(contract, 'deploy', { provider, location }),
    contractCall(contract, 'setOperator', { provider, operator: stack.operator as Signer['address'] }),
  ];
  const deployed = known === null ? await send({ ...chain, signer }, calls) : null;
  const api = createClient({ url: stack.api, signer, minHeight: deployed?.height });
  await api.call(getProvider, { params }); // a deck is taken once the index has its provider
  const { hash, onChain } = await api.call(putTariff, { params, body: deck });
  if (!onChain) {
    const uri = `${stack.api}/v1/providers/${provider}/tariff`;
    await send({ ...chain, signer }, [contractCall(contract, 'setTariff', { provider, uri, hash: bytesOfHex(hash) })]);
  }
  return { signer, deck };
}
