import { type Gateway, openGateway } from '../../cli/phone/gateway.ts';
import type { Line } from '../../cli/phone/line.ts';
import { fromMuLaw } from '../../cli/phone/sound.ts';
import { type Cdr, listCdrs } from '../../protocol/api/cdrs.ts';
import { createClient } from '../../protocol/api/client.ts';
import { hasKamailio, type Kamailio, startKamailio } from './kamailio.ts';
import type { ProviderWorld } from './provider.ts';
import { hasRtpengine, type Rtpengine, startRtpengine } from './rtpengine.ts';
import { eventually } from './world.ts';

/** What calls go through beside the wallet service: rtpengine and Kamailio, as the kit has them. */
export type Exchange = { kamailio: Kamailio; rtpengine: Rtpengine; stop(): Promise<void> };

export const hasExchange = async (): Promise<boolean> => (await hasKamailio()) && (await hasRtpengine());

/** rtpengine first: Kamailio leaves one that is not there alone for a minute. */
export async function startExchange({ kit, ports }: Pick<ProviderWorld, 'kit' | 'ports'>): Promise<Exchange> {
  const rtpengine = await startRtpengine(kit, ports.rtpengine);
  const kamailio = await startKamailio(kit, ports.sip);
  const stop = async () => {
    await kamailio.stop();
    await rtpengine.stop();
  };
  return { kamailio, rtpengine, stop };
}

/** The same with somebody behind it who answers numbers. */
export async function startExchangeToPstn(world: ProviderWorld): Promise<Exchange & { gateway: Gateway }> {
  const exchange = await startExchange(world);
  const gateway = await openGateway(world.gateway, () => {});
  const stop = async () => {
    gateway.close();
    await exchange.stop();
  };
  return { ...exchange, gateway, stop };
}

/** Of the samples that came to an end of a call. */
export const loudest = ({ heard }: Pick<Line, 'heard'>): number =>
  Math.max(...heard.map((packet) => Math.max(...[...packet].map(fromMuLaw))));

/** A claim and its confirmation, on a machine that is busy with other tests. */
const SETTLED_LIMIT_MS = 90_000;

/** The record of a call, once it is paid or costs nothing. */
export function settled({ apiUrl, provider }: ProviderWorld, callId: string): Promise<Cdr> {
  const api = createClient({ url: apiUrl, signer: provider });
  const ask = async () => {
    const { items } = await api.call(listCdrs, { query: { callId } });
    return items.find(({ state, price }) => state === 'settled' || price === '0');
  };
  return eventually(ask, `the settlement of ${callId}`, SETTLED_LIMIT_MS);
}
