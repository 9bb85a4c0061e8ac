// Before any schema is made.
import '../../ui/no-eval.ts';
import '../../ui/theme.css';
import { hexToBytes } from '@noble/hashes/utils.js';
import { signal } from '@preact/signals';
import { render } from 'preact';
import { listCdrs } from '../../../protocol/api/cdrs.ts';
import { createClient } from '../../../protocol/api/client.ts';
import { submitVoucher } from '../../../protocol/api/vouchers.ts';
import { type Key, keyOf } from '../../../protocol/sign/key.ts';
import { signRegistration } from '../../../protocol/sign/registration.ts';
import type { Address } from '../../../protocol/types/address.ts';
import { datoshi } from '../../../protocol/types/datoshi.ts';
import { loadSettings } from '../../phone/settings.ts';
import { type PurseFace, purse } from '../../phone/telephone/faces.ts';
import type { LiveCall } from '../../phone/telephone/live-call.ts';
import type { Price, Reserved } from '../../phone/telephone/needs.ts';
import { telephonePart } from '../../phone/telephone/part.ts';
import { microphone, phone } from '../../phone/telephone/phone.ts';
import { followHash, match, place } from '../../ui/router.ts';
import { Toasts } from '../../ui/toast.tsx';
import { account } from '../../wallet/account.ts';
import { soundOf } from '../sound.ts';

/** The telephone's own part of the program, with keys and money that a test gives it in the place of a purse. */
export type Given = {
  key: string;
  providers: { address: Address; url: string; domain: string }[];
  api: string;
  /** Datoshi a second and a call, and the seconds that are counted at a time; null: calls are free. */
  price: { rate: string; fee: string; increment: number } | null;
  escrow: { id: string; amount: string; key: string } | null;
};

/** Every total that was signed, with when. */
const signed: { at: number; total: string }[] = [];
const changes: string[] = [];

function App() {
  const found = telephonePart.routes
    .map((route) => ({ route, parameters: match(route.path, place.value.path) }))
    .find(({ parameters }) => parameters !== null);
  return (
    <div class="page">
      <main tabIndex={-1}>
        {found?.parameters && <found.route.view key={found.route.path} parameters={found.parameters} />}
        {place.value.path === '/settings' &&
          telephonePart.settings?.map(({ view: View, order }) => <View key={order} />)}
      </main>
      {telephonePart.overlays?.map((Overlay) => (
        <Overlay key={Overlay.name} />
      ))}
      <Toasts />
    </div>
  );
}

async function start(given: Given): Promise<void> {
  const key = keyOf(hexToBytes(given.key));
  const { address, publicKey } = key;
  account.value = { kind: 'unlocked', address, publicKey, signer: key };
  purse.value = purseOf(given, key);
  await loadSettings();
  await telephonePart.start?.();
}

function purseOf({ providers, api: url, price, escrow }: Given, key: Key): PurseFace {
  const api = createClient({ url });
  const terms = price && {
    ratePerSecond: datoshi(BigInt(price.rate)),
    feePerCall: datoshi(BigInt(price.fee)),
    initialIncrement: price.increment,
    increment: price.increment,
  };
  return {
    providers: signal(providers.map((each) => each.address)),
    register: async () => true,
    placeOf: async (wanted) => {
      const found = providers.find((each) => each.address === wanted);
      if (!found) throw new Error(`nobody knows where ${wanted} is`);
      return found;
    },
    isOnChain: async () => true,
    priceOf: async (_, { kind }): Promise<Price> =>
      kind === 'number' && terms ? { kind: 'priced', terms, entry: null } : { kind: 'free' },
    reserveOf: async () => (escrow ? reservedOf(escrow) : null),
    askToReserve: async () => null,
    askToExtend: () => changes.push('asked to extend'),
    keepCovered: async () => {},
    sign: async (terms) => ({ ...(await signRegistration(key, terms)), delegation: null }),
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

/** An hour: as long as any test. */
const LONG_MS = 3_600_000;

function reservedOf({ id, amount, key }: NonNullable<Given['escrow']>): Reserved {
  const voucherKey = keyOf(hexToBytes(key));
  return {
    escrowId: BigInt(id),
    amount: BigInt(amount),
    spent: 0n,
    endsAt: Date.now() + LONG_MS,
    key: {
      sign: (message) => {
        const total = new DataView(message.buffer, message.byteOffset).getBigUint64(message.length - 8);
        signed.push({ at: Date.now(), total: String(total) });
        return voucherKey.sign(message);
      },
    },
  };
}

const calls = (): readonly LiveCall[] => phone.value?.calls.value ?? [];
const current = (): LiveCall | undefined => calls().findLast(({ view }) => view.value.state.kind !== 'over');

const page = {
  start,
  signed,
  changes,
  counted: () => soundOf(current()?.sip.connection()),
  line: () => phone.value?.lines.value[0]?.state.value ?? null,
  isReady: () => phone.value?.lines.value[0]?.isReady() ?? false,
  state: () => current()?.view.value.state ?? null,
  states: () => calls().map(({ view }) => view.value.state),
  /** As if the network had taken it: no close, no word. */
  dropLine: () => phone.value?.lines.value[0]?.sip.close(),
  /** As if all of it had been pulled out. */
  endMicrophone: () => {
    for (const { track } of current()?.sip.connection()?.getSenders() ?? []) track?.stop();
    for (const track of microphone.stream()?.getTracks() ?? []) {
      track.stop();
      track.dispatchEvent(new Event('ended'));
    }
  },
  connection: () => current()?.sip.connection() ?? null,
  call: (to: string, at = 0) =>
    phone.value?.call(to, phone.value.lines.value[at]?.provider as Address).then(({ kind }) => kind),
  doubt: (why: 'online' | 'clock' | 'visible') => phone.value?.doubt(why),
};
export type TelephonePage = typeof page;
declare global {
  var telephonePage: TelephonePage;
}
globalThis.telephonePage = page;
followHash();
const root = document.querySelector('#app');
if (root) render(<App />, root);
