import { hexToBytes } from '@noble/hashes/utils.js';
import { listCdrs } from '../../../protocol/api/cdrs.ts';
import { createClient } from '../../../protocol/api/client.ts';
import { submitVoucher } from '../../../protocol/api/vouchers.ts';
import { type Key, keyOf } from '../../../protocol/sign/key.ts';
import { signRegistration } from '../../../protocol/sign/registration.ts';
import type { Address } from '../../../protocol/types/address.ts';
import { datoshi } from '../../../protocol/types/datoshi.ts';
import type { ScriptHash } from '../../../protocol/types/hash.ts';
import { watchReload } from '../../phone/telephone/kept-calls.ts';
import type { LiveCall } from '../../phone/telephone/live-call.ts';
import { createMicrophone } from '../../phone/telephone/microphone.ts';
import type { Needs } from '../../phone/telephone/needs.ts';
import { openStore } from '../../phone/telephone/store.ts';
import { createTelephone, type Telephone } from '../../phone/telephone/telephone.ts';
import { instanceId, openVault } from '../../phone/telephone/vault.ts';

/** The telephone without its page, for tests that look at calls: money and keys are what the test gives. */
export type Given = {
  key: string;
  network: number;
  contract: ScriptHash;
  provider: Address;
  url: string;
  domain: string;
  api: string;
  /** Datoshi a second, a call, and the seconds that are counted at a time. */
  price: { rate: string; fee: string; increment: number };
  /** Null: no call is paid for. */
  escrow: { id: string; amount: string; key: string } | null;
};

let telephone: Telephone | null = null;
const messages: { from: string; text: string }[] = [];
const states: string[] = [];
/** Every total that was signed, with when. */
const signed: { at: number; total: string }[] = [];

async function start(given: Given): Promise<void> {
  const key = keyOf(hexToBytes(given.key));
  const store = await openStore();
  const microphone = createMicrophone({ onSystemMute: () => {}, onLost: () => {} }, () => null);
  const made = createTelephone({
    needs: needsOf(given, key),
    store,
    vault: await openVault(store),
    instanceId: await instanceId(store),
    microphone,
    now: Date.now,
    push: async () => null,
    onMessage: (_, { from, text }) => messages.push({ from, text }),
    onChange: (call) => states.push(describe(call)),
    onBlocked: () => states.push('blocked'),
  });
  telephone = made;
  setInterval(() => made.tick(), 1_000);
  addEventListener('online', () => made.doubt('online'));
  document.addEventListener('visibilitychange', () => made.doubt('visible'));
  const comesBack = watchReload();
  addEventListener('pagehide', () => made.leave(comesBack()));
  await made.open(given.provider);
}

const describe = ({ view }: LiveCall): string => {
  const { state, direction } = view.value;
  return state.kind === 'over' ? `${direction} over ${state.outcome.kind}` : `${direction} ${state.kind}`;
};

function needsOf(given: Given, key: Key): Needs {
  const api = createClient({ url: given.api });
  const { escrow } = given;
  const voucherKey = escrow && keyOf(hexToBytes(escrow.key));
  const { rate, fee, increment } = given.price;
  const terms = {
    ratePerSecond: datoshi(BigInt(rate)),
    feePerCall: datoshi(BigInt(fee)),
    initialIncrement: increment,
    increment,
  };
  return {
    network: given.network,
    contract: given.contract,
    user: key.address,
    placeOf: async () => ({ url: given.url, domain: given.domain }),
    isOnChain: async () => true,
    sign: async (terms) => ({ ...(await signRegistration(key, terms)), delegation: null }),
    priceOf: async (_, { kind }) => (kind === 'number' ? { kind: 'priced', terms, entry: null } : { kind: 'free' }),
    reserveOf: async () =>
      escrow &&
      voucherKey && {
        escrowId: BigInt(escrow.id),
        amount: BigInt(escrow.amount),
        spent: 0n,
        endsAt: Date.now() + 3_600_000,
        key: {
          sign: (message) => {
            const total = new DataView(message.buffer, message.byteOffset).getBigUint64(message.length - 8);
            signed.push({ at: Date.now(), total: String(total) });
            return voucherKey.sign(message);
          },
        },
      },
    askToReserve: async () => null,
    askToExtend: () => {},
    handIn: (escrowId, { total, signature }) =>
      void api.call(submitVoucher, { params: { id: Number(escrowId) }, body: { total: String(total), signature } }),
    recordOf: async (_, callId) => {
      const { items } = await api.as(key).call(listCdrs, { query: { callId } });
      const [cdr] = items;
      if (!cdr || cdr.price === null) return null;
      const answeredAt = cdr.answeredAt === null ? null : Date.parse(cdr.answeredAt);
      return { answeredAt, endedAt: Date.parse(cdr.endedAt), price: BigInt(cdr.price) };
    },
  };
}

const phone = (): Telephone => {
  if (!telephone) throw new Error('it is not started yet');
  return telephone;
};
const current = (): LiveCall | undefined =>
  phone().calls.value.findLast(({ view }) => view.value.state.kind !== 'over');

/** Energy of what is heard grows while there is sound. */
async function heard(): Promise<{ packets: number; energy: number; sent: number; ice: string }> {
  const connection = current()?.sip.connection();
  let [packets, energy, sent] = [0, 0, 0];
  (await connection?.getStats())?.forEach((report) => {
    if (report.type === 'inbound-rtp') [packets, energy] = [report.packetsReceived, report.totalAudioEnergy];
    if (report.type === 'outbound-rtp') sent = report.packetsSent;
  });
  return { packets, energy, sent, ice: connection?.iceConnectionState ?? '' };
}

const page = {
  start,
  phone,
  current,
  heard,
  messages,
  states,
  signed,
  line: () => phone().lines.value[0]?.state.value,
  isReady: () => phone().lines.value[0]?.isReady() ?? false,
  call: (to: string) =>
    phone()
      .call(to, phone().lines.value[0]?.provider as Address)
      .then(({ kind }) => kind),
  state: () => current()?.view.value.state ?? null,
  views: () => phone().calls.value.map(({ view }) => view.value.state),
};
export type TelephonePage = typeof page;
declare global {
  var telephonePage: TelephonePage;
}
globalThis.telephonePage = page;
